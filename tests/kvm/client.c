// SPDX-License-Identifier: BSD-2-Clause
/* TAP output, KVM calls and the host side of the agent. */
#define _GNU_SOURCE
#include "client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* --- TAP -------------------------------------------------------------------------------------- */
bool reference;
static unsigned int tap_tests, tap_failed;

void tap_ok(bool ok, const char *format, ...)
{
	va_list args;

	tap_tests++;
	tap_failed += !ok;
	printf("%sok %u - ", ok ? "" : "not ", tap_tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

void tap_note(const char *format, ...)
{
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

void tap_skip(const char *format, ...)
{
	va_list args;

	printf("ok %u # SKIP ", ++tap_tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

long tap_call(long ret, int want, const char *what)
{
	int got = ret < 0 ? errno : 0;

	if (got == want)
		tap_ok(true, "%s: %s", what, want ? strerror(want) : "done");
	else
		tap_ok(false, "%s: %s (want %s)", what, got ? strerror(got) : "done",
		       want ? strerror(want) : "done");
	return ret;
}

void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(2);
}

/* --- KVM -------------------------------------------------------------------------------------- */
int kvm_open(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die("/dev/kvm");
	return fd;
}

uint32_t vcpu_target(void)
{
	static struct kvm_vcpu_init init = { .target = ~0u };
	int kvm, vm;

	if (init.target != ~0u)
		return init.target;
	kvm = kvm_open();
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (ioctl(vm, KVM_ARM_PREFERRED_TARGET, &init))
		die("KVM_ARM_PREFERRED_TARGET");
	close(vm);
	close(kvm);
	return init.target;
}

int vcpu_init(int fd, uint32_t feature_bits)
{
	struct kvm_vcpu_init init = { .target = vcpu_target(), .features = { feature_bits } };

	return ioctl(fd, KVM_ARM_VCPU_INIT, &init);
}

void vm_make(struct vm *vm, int vcpus)
{
	uint32_t features = 1u << KVM_ARM_VCPU_PSCI_0_2;

	memset(vm, 0, sizeof(*vm));
	vm->gic = -1;
	vm->kvm = kvm_open();
	vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		die("KVM_CREATE_VM");
	vm->run_size = (size_t)ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	for (; vm->vcpus < vcpus; vm->vcpus++) {
		int i = vm->vcpus;

		vm->vcpu[i] = ioctl(vm->fd, KVM_CREATE_VCPU, i);
		if (vm->vcpu[i] < 0)
			die("KVM_CREATE_VCPU");
		vm->run[i] = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
				  vm->vcpu[i], 0);
		if (vm->run[i] == MAP_FAILED)
			die("mmap of the run page");
		if (vcpu_init(vm->vcpu[i], features | (i ? 1u << KVM_ARM_VCPU_POWER_OFF : 0)))
			die("KVM_ARM_VCPU_INIT");
	}
}

int set_slot(int fd, uint32_t slot, uint32_t flags, uint64_t gpa, uint64_t size, const void *hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	return ioctl(fd, KVM_SET_USER_MEMORY_REGION, &region);
}

void vm_make_ram(struct vm *vm)
{
	vm->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm->ram == MAP_FAILED)
		die("mmap of guest RAM");
	if (set_slot(vm->fd, 0, 0, RAM_GPA, RAM_SIZE, vm->ram))
		die("KVM_SET_USER_MEMORY_REGION");
}

void vm_make_gic(struct vm *vm, uint32_t intids)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V2 };
	uint64_t gicd = GICD_GPA, gicc = GICC_GPA;

	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &device))
		die("KVM_CREATE_DEVICE");
	vm->gic = (int)device.fd;
	if (set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, &gicd) ||
	    set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_CPU, &gicc) ||
	    set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &intids) ||
	    set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL))
		die("setting the vGIC up");
}

void vm_close(struct vm *vm)
{
	for (int i = 0; i < vm->vcpus; i++) {
		munmap(vm->run[i], vm->run_size);
		close(vm->vcpu[i]);
	}
	if (vm->gic >= 0)
		close(vm->gic);
	close(vm->fd);
	close(vm->kvm);
	if (vm->ram)
		munmap(vm->ram, RAM_SIZE);
}

int get_reg(int fd, uint64_t id, void *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	return ioctl(fd, KVM_GET_ONE_REG, &reg);
}

int set_reg(int fd, uint64_t id, const void *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	return ioctl(fd, KVM_SET_ONE_REG, &reg);
}

uint64_t reg64(int fd, uint64_t id)
{
	uint64_t value = 0;

	if (get_reg(fd, id, &value))
		tap_ok(false, "register 0x%llx: %s", (unsigned long long)id, strerror(errno));
	return value;
}

int set_reg64(int fd, uint64_t id, uint64_t value)
{
	return set_reg(fd, id, &value);
}

static int attr_call(int fd, unsigned long request, uint32_t group, uint64_t attr, void *value)
{
	struct kvm_device_attr a = { .group = group, .attr = attr, .addr = (uintptr_t)value };

	return ioctl(fd, request, &a);
}

int set_attr(int fd, uint32_t group, uint64_t attr, void *value)
{
	return attr_call(fd, KVM_SET_DEVICE_ATTR, group, attr, value);
}

int get_attr(int fd, uint32_t group, uint64_t attr, void *value)
{
	return attr_call(fd, KVM_GET_DEVICE_ATTR, group, attr, value);
}

int has_attr(int fd, uint32_t group, uint64_t attr)
{
	return attr_call(fd, KVM_HAS_DEVICE_ATTR, group, attr, NULL);
}

int irq_line(int fd, uint32_t type, uint32_t vcpu, uint32_t number, int level)
{
	struct kvm_irq_level line = {
		.irq = type << KVM_ARM_IRQ_TYPE_SHIFT | vcpu << KVM_ARM_IRQ_VCPU_SHIFT | number,
		.level = (uint32_t)level,
	};

	return ioctl(fd, KVM_IRQ_LINE, &line);
}

int ioevent(int fd, int event, uint64_t addr, uint32_t len, uint32_t flags, uint64_t datamatch)
{
	struct kvm_ioeventfd args = {
		.fd = event,
		.addr = addr,
		.len = len,
		.flags = flags,
		.datamatch = datamatch,
	};

	return ioctl(fd, KVM_IOEVENTFD, &args);
}

int irqfd(int fd, int event, uint32_t gsi, uint32_t flags, int resample)
{
	struct kvm_irqfd args = {
		.fd = (uint32_t)event,
		.gsi = gsi,
		.flags = flags,
		.resamplefd = (uint32_t)resample,
	};

	return ioctl(fd, KVM_IRQFD, &args);
}

uint64_t eventfd_take(int event)
{
	uint64_t count;

	return read(event, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

uint64_t eventfd_wait(int event, int ms)
{
	struct pollfd p = { .fd = event, .events = POLLIN };

	return poll(&p, 1, ms) == 1 ? eventfd_take(event) : 0;
}

/* --- agent ------------------------------------------------------------------------------------ */
/* No run of the guest takes longer than this, whatever goes wrong. */
#define RUN_LIMIT_US 5000000

static bool alarm_set;
static volatile unsigned int alarm_count;

static void alarm_handler(int signal)
{
	(void)signal;
	alarm_count++;
}

unsigned int alarms(void)
{
	return alarm_count;
}

void alarm_us(unsigned int us)
{
	static timer_t timer;
	static bool made;
	struct timespec interval = { us / 1000000, us % 1000000 * 1000l };
	/* Again and again: a signal that comes just before KVM_RUN is lost. */
	struct itimerspec when = { .it_value = interval, .it_interval = interval };
	struct sigaction action = { .sa_handler = alarm_handler };

	if (!made) {
		sigaction(SIGALRM, &action, NULL);
		if (timer_create(CLOCK_MONOTONIC, NULL, &timer))
			die("timer_create");
		made = true;
	}
	alarm_set = us;
	if (us)
		alarm_count = 0;
	timer_settime(timer, 0, &when, NULL);
}

void agent_place(struct vm *vm)
{
	memcpy(vm->ram, agent_code, (size_t)(agent_code_end - agent_code));
}

void agent_start(struct agent *agent, struct vm *vm, int vcpu)
{
	memset(agent, 0, sizeof(*agent));
	agent->vm = vm;
	agent->vcpu = vcpu;
	agent->run = vm->run[vcpu];
	if (set_reg64(vm->vcpu[vcpu], REG_PC, RAM_GPA) ||
	    set_reg64(vm->vcpu[vcpu], REG_X(20), AGENT_GPA))
		die("starting the agent");
}

int agent_run(struct agent *agent)
{
	bool guard = !alarm_set && !agent->vcpu;
	int ret;

	if (guard)
		alarm_us(RUN_LIMIT_US);
	ret = ioctl(agent->vm->vcpu[agent->vcpu], KVM_RUN, 0) ? errno : 0;
	if (guard || ret == EINTR)
		alarm_us(0);
	return ret;
}

/* Answers the agent's loads; false: an access that is an event, in *event. */
static bool agent_device(struct agent *agent, enum agent_event *event)
{
	struct kvm_run *run = agent->run;
	uint64_t value = 0, offset = run->mmio.phys_addr - AGENT_GPA;

	if (run->mmio.is_write) {
		memcpy(&value, run->mmio.data, sizeof(value));
		agent->result = value;
		*event = offset == AGENT_IRQ  ? AGENT_TOOK_IRQ :
			 offset == AGENT_SYNC ? AGENT_EXCEPTION :
						AGENT_DONE;
		return false;
	}
	switch (offset) {
	case AGENT_OP:
		value = agent->op;
		break;
	case AGENT_A:
		value = agent->a;
		break;
	case AGENT_B:
		value = agent->b;
		break;
	case AGENT_C:
		value = agent->c;
		break;
	case AGENT_D:
		value = agent->d;
		break;
	}
	memcpy(run->mmio.data, &value, run->mmio.len);
	return true;
}

enum agent_event agent_go(struct agent *agent)
{
	struct kvm_run *run = agent->run;
	enum agent_event event;

	for (;;) {
		agent->error = agent_run(agent);
		if (agent->error)
			return AGENT_ERRNO;
		if (run->exit_reason == KVM_EXIT_SYSTEM_EVENT)
			return AGENT_SYSTEM;
		if (run->exit_reason != KVM_EXIT_MMIO)
			return AGENT_EXIT;
		if (run->mmio.phys_addr - AGENT_GPA >= 0x1000)
			return AGENT_MMIO;
		if (!agent_device(agent, &event))
			return event;
	}
}

enum agent_event agent_do(struct agent *agent, enum agent_op op, uint64_t a, uint64_t b, uint64_t c)
{
	agent->op = op;
	agent->a = a;
	agent->b = b;
	agent->c = c;
	agent->result = 0;
	return agent_go(agent);
}

uint64_t agent_get(struct agent *agent, enum agent_op op, uint64_t a, uint64_t b, uint64_t c)
{
	enum agent_event event = agent_do(agent, op, a, b, c);

	if (event != AGENT_DONE)
		tap_ok(false,
		       "agent's operation %d: event %d, error %d, exit %u, result 0x%llx, mmio 0x%llx",
		       (int)op, (int)event, agent->error, agent->run->exit_reason,
		       (unsigned long long)agent->result,
		       (unsigned long long)agent->run->mmio.phys_addr);
	return agent->result;
}

void agent_make(struct vm *vm, struct agent *agent, int vcpus)
{
	vm_make(vm, vcpus);
	vm_make_ram(vm);
	agent_place(vm);
	agent_start(agent, vm, 0);
}

uint64_t agent_mmio_data(const struct kvm_run *run)
{
	uint64_t value;

	memcpy(&value, run->mmio.data, sizeof(value));
	return value;
}

void agent_answer(struct kvm_run *run, uint64_t value)
{
	memcpy(run->mmio.data, &value, sizeof(value));
}

void agent_restart(struct agent *agent)
{
	agent->run->immediate_exit = 1;
	agent_run(agent);
	agent->run->immediate_exit = 0;
	set_reg64(agent->vm->vcpu[agent->vcpu], REG_PC, RAM_GPA);
}

/* --- main ------------------------------------------------------------------------------------- */
static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "system", test_system },
	{ "vm", test_vm },
	{ "vcpu", test_vcpu },
	{ "regs", test_regs },
	{ "memory", test_memory },
	{ "vgic", test_vgic },
	{ "irq", test_irq },
	{ "eventfd", test_eventfd },
	{ "life", test_life },
	{ "run", test_run },
	{ "paging", test_paging },
	{ "psci", test_psci },
	{ "guest-irq", test_guest_irq },
	{ "guest-eventfd", test_guest_eventfd },
	{ "cycles", test_cycles },
	{ "start", test_start },
	{ "loss", test_loss },
	{ "late", test_late },
	{ "names", test_names },
};

static bool selected(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], name))
			return true;
	}
	return argc < 2;
}

/* Arguments: -r (see client.h), names of tests; without any all are run. */
int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "-r")) {
		reference = true;
		argc--;
		argv++;
	}
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (!selected(tests[i].name, argc, argv))
			continue;
		tap_note("%s", tests[i].name);
		tests[i].run();
	}
	printf("1..%u\n", tap_tests);
	tap_note("%u of %u failed", tap_failed, tap_tests);
	return tap_failed || !tap_tests;
}
