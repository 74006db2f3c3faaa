// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transport: finds Selkie, talks to root with seL4 system calls (hvc) and answers the doorbell interrupt.
 *
 * Kick path: hop 4, from a VMM's doorbell to vm_events(); hop 1 of the way back, transport_ring(), to a VMM.
 *
 * Locks: transport.lock serialises control requests and owns the control area. transport.vms[] is RCU.
 */
#include <linux/arm-smccc.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/of_irq.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include <asm/virt.h>

#include "selkie.h"
#include "transport.h"

/* seL4 message info: bits 6:0 length, 63:12 label. */
#define MSG_INFO_LABEL_SHIFT 12
#define MSG_INFO_MRS 4

struct ctl_msg {
	u64 label; /* enum ctl_op; in the answer enum wire_status */
	u64 mr[MSG_INFO_MRS];
};

static struct {
	struct mutex lock;
	void *window;
	struct ctl_area *area; /* first page of the window; protected by lock */
	int irq;
	u64 sys_call; /* seL4 system call numbers */
	u64 sys_send;
	unsigned int max_vms;
	unsigned long granule;
	bool closed; /* protected by lock; never cleared */
	u64 doorbells; /* interrupts; written by their handler */
	struct delayed_work notices; /* asks what a doorbell was for that no user-VM has rung */
	bool debug_told; /* SELKIE_NOTICE_DEBUG has been printed */
	struct selkie_vm __rcu *vms[CTL_MAX_VMS];
} transport = {
	.lock = __MUTEX_INITIALIZER(transport.lock),
};

static const struct of_device_id transport_of_match[] = {
	{ .compatible = "selkie,kvm-1" },
	{},
};
MODULE_DEVICE_TABLE(of, transport_of_match);

/* seL4 Call: x0, x1 and x2..x5 come back, everything else is preserved. */
static noinline void sel4_call(u64 cap, struct ctl_msg *msg)
{
	register unsigned long x0 asm("x0") = cap;
	register unsigned long x1 asm("x1") = msg->label << MSG_INFO_LABEL_SHIFT | MSG_INFO_MRS;
	register unsigned long x2 asm("x2") = msg->mr[0];
	register unsigned long x3 asm("x3") = msg->mr[1];
	register unsigned long x4 asm("x4") = msg->mr[2];
	register unsigned long x5 asm("x5") = msg->mr[3];
	register unsigned long x7 asm("x7") = transport.sys_call;

	asm volatile("hvc #0"
		     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
		     : "r"(x7)
		     : "memory");
	msg->label = x1 >> MSG_INFO_LABEL_SHIFT;
	msg->mr[0] = x2;
	msg->mr[1] = x3;
	msg->mr[2] = x4;
	msg->mr[3] = x5;
}

/* seL4 Send with an empty message: signals a notification. */
static noinline void sel4_signal(u64 cap)
{
	register unsigned long x0 asm("x0") = cap;
	register unsigned long x1 asm("x1") = 0;
	register unsigned long x7 asm("x7") = transport.sys_send;

	asm volatile("hvc #0" : "+r"(x0), "+r"(x1) : "r"(x7) : "x2", "x3", "x4", "x5", "memory");
}

/* x7 is no system call number, so the service-VM's VMM answers: in x0 to x3, as SMCCC has it. */
static noinline void sel4_lend(void)
{
	register unsigned long x0 asm("x0") = SELKIE_HVC_LEND;
	register unsigned long x7 asm("x7") = 0;

	asm volatile("hvc #0"
		     : "+r"(x0), "+r"(x7)
		     :
		     : "x1", "x2", "x3", "x4", "x5", "x6", "memory");
}

static int status_errno(u64 status)
{
	switch (status) {
	case WIRE_OK:
		return 0;
	case WIRE_EINVAL:
		return -EINVAL;
	case WIRE_ENOENT:
		return -ENOENT;
	case WIRE_EPERM:
		return -EPERM;
	case WIRE_ENOMEM:
		return -ENOMEM;
	case WIRE_EBUSY:
		return -EBUSY;
	case WIRE_EEXIST:
		return -EEXIST;
	case WIRE_ENOSYS:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

static int transport_call(struct ctl_msg *msg)
{
	lockdep_assert_held(&transport.lock);
	sel4_call(SELKIE_CAP_CONTROL, msg);
	return status_errno(msg->label);
}

unsigned int transport_max_vms(void)
{
	return transport.max_vms;
}

unsigned long transport_granule(void)
{
	return transport.granule;
}

int transport_vm_create(const struct ctl_create *create, unsigned int *id, void **region)
{
	struct ctl_msg msg = { .label = CTL_VM_CREATE };
	int ret;

	mutex_lock(&transport.lock);
	transport.area->create = *create;
	ret = transport.closed ? -ESHUTDOWN : transport_call(&msg);
	mutex_unlock(&transport.lock);
	if (ret)
		return ret;
	if (msg.mr[0] >= CTL_MAX_VMS)
		return -EIO;
	*id = msg.mr[0];
	*region = transport.window + CTL_AREA_SIZE + *id * UVM_REGION_SIZE;
	return 0;
}

void transport_vm_destroy(unsigned int id)
{
	struct ctl_msg msg = { .label = CTL_VM_DESTROY, .mr = { id } };
	int ret;

	mutex_lock(&transport.lock);
	ret = transport_call(&msg);
	mutex_unlock(&transport.lock);
	if (ret)
		pr_err("user-VM %u could not be destroyed: %d\n", id, ret);
}

int transport_map(unsigned int id, u64 ipa, const u64 *frame, unsigned int pages, u64 flags)
{
	struct ctl_msg msg = { .label = CTL_MEM_MAP, .mr = { id, ipa, pages, flags } };
	int ret;

	mutex_lock(&transport.lock);
	memcpy(transport.area->page, frame, pages * sizeof(*frame));
	ret = transport.closed ? -ESHUTDOWN : transport_call(&msg);
	mutex_unlock(&transport.lock);
	return ret;
}

int transport_unmap(unsigned int id, u64 ipa, u64 pages, bool may_sleep)
{
	struct ctl_msg msg = { .label = CTL_MEM_UNMAP, .mr = { id, ipa, pages } };
	int ret;

	if (may_sleep)
		mutex_lock(&transport.lock);
	else if (!mutex_trylock(&transport.lock))
		return -EAGAIN;
	ret = transport_call(&msg);
	mutex_unlock(&transport.lock);
	/* -EAGAIN has a meaning of its own here. */
	return ret == -EAGAIN ? -EIO : ret;
}

void transport_close(void)
{
	unsigned int id;
	int ret;

	mutex_lock(&transport.lock);
	transport.closed = true;
	mutex_unlock(&transport.lock);
	for (id = 0; id < transport.max_vms; id++) {
		ret = transport_unmap(id, 0, U64_MAX, true);
		/* -ENOENT: there is no such user-VM. */
		if (ret && ret != -ENOENT)
			pr_err("user-VM %u keeps its memory: %d\n", id, ret);
	}
}

int transport_counters(struct ctl_counters *counters)
{
	struct ctl_msg msg = { .label = CTL_COUNTERS };
	int ret;

	mutex_lock(&transport.lock);
	ret = transport_call(&msg);
	if (!ret)
		*counters = transport.area->counters;
	mutex_unlock(&transport.lock);
	return ret;
}

int transport_vm_stats(u64 vm, struct ctl_vm_stats *stats)
{
	struct ctl_msg msg = { .label = CTL_VM_STATS, .mr = { vm } };
	int ret;

	mutex_lock(&transport.lock);
	ret = transport_call(&msg);
	if (!ret)
		*stats = transport.area->vm_stats;
	mutex_unlock(&transport.lock);
	return ret;
}

u64 transport_doorbells(void)
{
	return READ_ONCE(transport.doorbells);
}

ssize_t transport_log_read(char *text, size_t size)
{
	struct ctl_msg msg = { .label = CTL_LOG_READ,
			       .mr = { min_t(size_t, size, CTL_TEXT_SIZE) } };
	ssize_t ret;

	mutex_lock(&transport.lock);
	ret = transport_call(&msg);
	if (!ret) {
		ret = min_t(u64, msg.mr[0], min_t(size_t, size, CTL_TEXT_SIZE));
		memcpy(text, transport.area->text, ret);
	}
	mutex_unlock(&transport.lock);
	return ret;
}

int transport_test(u64 vm, enum ctl_test what)
{
	struct ctl_msg msg = { .label = CTL_TEST, .mr = { vm, what } };
	int ret;

	mutex_lock(&transport.lock);
	ret = transport_call(&msg);
	mutex_unlock(&transport.lock);
	return ret;
}

void transport_ring(unsigned int id)
{
	sel4_signal(SELKIE_CAP_DOORBELL + id);
}

void transport_attach(unsigned int id, struct selkie_vm *vm)
{
	rcu_assign_pointer(transport.vms[id], vm);
}

void transport_detach(unsigned int id)
{
	RCU_INIT_POINTER(transport.vms[id], NULL);
	synchronize_rcu();
}

/* Bits of x3 of SELKIE_SMC_INFO. */
static void transport_print_notices(u64 notices)
{
	if (!(notices & SELKIE_NOTICE_DEBUG) || transport.debug_told)
		return;
	WRITE_ONCE(transport.debug_told, true);
	pr_warn("a debugger or perf has used debug or PMU registers of this VM: hardware breakpoints, watchpoints, single-step and counters are not available\n");
}

static void transport_ask_notices(struct work_struct *work)
{
	struct arm_smccc_res res;

	arm_smccc_1_1_smc(SELKIE_SMC_INFO, &res);
	transport_print_notices(res.a3);
}

/* Returns whether a user-VM had any. */
static bool transport_events(void)
{
	struct selkie_vm *vm;
	bool found = false;
	unsigned int id;

	rcu_read_lock();
	for (id = 0; id < transport.max_vms; id++) {
		vm = rcu_dereference(transport.vms[id]);
		if (vm && vm_events(vm)) {
			atomic64_inc(&vm->stats.doorbells_taken);
			found = true;
		}
	}
	rcu_read_unlock();
	return found;
}

static irqreturn_t transport_irq(int irq, void *arg)
{
	WRITE_ONCE(transport.doorbells, transport.doorbells + 1);
	/*
	 * Nobody's: what it was for has been found before it came, or it was for this VM. The second happens once, the question
	 * is an exit: at most one a second.
	 */
	if (!transport_events() && !READ_ONCE(transport.debug_told))
		schedule_delayed_work(&transport.notices, HZ);
	return IRQ_HANDLED;
}

void transport_lend(void)
{
	lockdep_assert_irqs_disabled();
	sel4_lend();
	transport_events();
}

static int transport_identify(void)
{
	struct arm_smccc_res res;

	arm_smccc_1_1_smc(SELKIE_SMC_UID, &res);
	if ((u32)res.a0 != SELKIE_UID0 || (u32)res.a1 != SELKIE_UID1 ||
	    (u32)res.a2 != SELKIE_UID2 || (u32)res.a3 != SELKIE_UID3) {
		pr_err("the device tree promises Selkie, but the hypervisor does not identify as it\n");
		return -ENODEV;
	}
	arm_smccc_1_1_smc(SELKIE_SMC_INFO, &res);
	if (res.a0 != SELKIE_CTL_VERSION) {
		pr_err("Selkie speaks version %lu of the control protocol, this module version %u\n",
		       res.a0, SELKIE_CTL_VERSION);
		return -ENODEV;
	}
	transport.sys_call = res.a1;
	transport.sys_send = res.a2;
	transport_print_notices(res.a3);
	return 0;
}

static int transport_hello(void)
{
	struct ctl_msg msg = { .label = CTL_HELLO, .mr = { SELKIE_CTL_VERSION } };
	int ret;

	mutex_lock(&transport.lock);
	ret = transport_call(&msg);
	mutex_unlock(&transport.lock);
	if (!ret && (!msg.mr[1] || msg.mr[1] > CTL_MAX_VMS || msg.mr[2] < PAGE_SIZE ||
		     !is_power_of_2(msg.mr[2])))
		ret = -EIO;
	if (ret) {
		pr_err("Selkie's root task refuses this module: %d\n", ret);
		return ret;
	}
	transport.max_vms = msg.mr[1];
	transport.granule = msg.mr[2];
	return 0;
}

static int transport_map_window(struct device_node *node)
{
	struct resource res;

	if (of_address_to_resource(node, 0, &res) || resource_size(&res) < CTL_WINDOW_SIZE) {
		pr_err("%pOF has no usable window\n", node);
		return -ENODEV;
	}
	transport.window = memremap(res.start, CTL_WINDOW_SIZE, MEMREMAP_WB);
	if (!transport.window)
		return -ENOMEM;
	transport.area = transport.window;
	transport.irq = irq_of_parse_and_map(node, 0);
	if (!transport.irq) {
		pr_err("%pOF has no doorbell interrupt\n", node);
		memunmap(transport.window);
		return -ENODEV;
	}
	return 0;
}

int transport_init(void)
{
	struct device_node *node;
	int ret;

	if (is_kernel_in_hyp_mode()) {
		pr_err("this kernel runs at EL2 and has KVM of its own; selkie is for service-VMs of Selkie\n");
		return -ENODEV;
	}
	node = of_find_matching_node(NULL, transport_of_match);
	if (!node) {
		pr_err("no Selkie below this kernel (no \"selkie,kvm-1\" node in the device tree)\n");
		return -ENODEV;
	}
	ret = transport_identify();
	if (!ret)
		ret = transport_map_window(node);
	of_node_put(node);
	if (ret)
		return ret;

	ret = transport_hello();
	if (ret)
		goto out_unmap;
	INIT_DELAYED_WORK(&transport.notices, transport_ask_notices);
	ret = request_irq(transport.irq, transport_irq, 0, "selkie", &transport);
	if (ret) {
		pr_err("doorbell interrupt: %d\n", ret);
		goto out_unmap;
	}
	return 0;
out_unmap:
	irq_dispose_mapping(transport.irq);
	memunmap(transport.window);
	return ret;
}

void transport_exit(void)
{
	free_irq(transport.irq, &transport);
	cancel_delayed_work_sync(&transport.notices);
	irq_dispose_mapping(transport.irq);
	memunmap(transport.window);
}
