// SPDX-License-Identifier: BSD-2-Clause
#include "tests/unit/vmm_fake.h"

#include <stdarg.h>
#include <string.h>

#include "vmm/faultmsg.h"

struct fake fake;
uint8_t fake_region[UVM_REGION_SIZE] __attribute__((aligned(4096)));
struct vmm_boot fake_boot;
unsigned tap_count, tap_failed;

static struct vmm_rt rt;
static struct vmm_clock vclock;
static struct vmm_log vlog;
static struct vm vm;
static struct uvm uvm_state;

/* --- the seam ------------------------------------------------------------------------------------------- */

void hw_regs_read(unsigned vcpu, unsigned n, uint64_t *w)
{
	memcpy(w, fake.cpu[vcpu].regs, n * sizeof(*w));
}

void hw_regs_write(unsigned vcpu, unsigned n, const uint64_t *w)
{
	memcpy(fake.cpu[vcpu].regs, w, n * sizeof(*w));
}

void hw_pc_write(unsigned vcpu, uint64_t pc)
{
	fake.cpu[vcpu].regs[HW_REG_PC] = pc;
}

uint64_t hw_sys_read(unsigned vcpu, enum uvm_sys reg)
{
	return fake.cpu[vcpu].sys[reg];
}

void hw_sys_write(unsigned vcpu, enum uvm_sys reg, uint64_t value)
{
	fake.cpu[vcpu].sys[reg] = value;
}

bool hw_inject(unsigned vcpu, unsigned lr, unsigned intid, unsigned prio)
{
	struct fake_cpu *c = &fake.cpu[vcpu];

	if (lr >= fake.lrs || prio > 31 || intid > 1019)
		abort();
	if (c->lr[lr].state == LR_ACTIVE) {
		if (c->switched_out)
			return false;
		c->overwritten_active++;
	}
	for (unsigned i = 0; i < fake.lrs; i++) {
		/* A virtual INTID must be unique among the list registers. */
		if (i != lr && c->lr[i].state != LR_INVALID && c->lr[i].intid == intid)
			abort();
	}
	c->lr[lr] = (struct fake_lr){ LR_PENDING, intid, prio };
	c->injections++;
	return true;
}

void hw_vppi_ack(unsigned vcpu, unsigned intid)
{
	if (intid != PPI_VTIMER)
		abort();
	fake.cpu[vcpu].vppi_acks++;
}

void hw_irq_ack(unsigned i)
{
	fake.irq_acks[i]++;
}

void hw_thread_suspend(unsigned vcpu)
{
	fake.cpu[vcpu].suspended = true;
	fake.cpu[vcpu].resumed = false;
}

void hw_thread_resume(unsigned vcpu)
{
	fake.cpu[vcpu].resumed = true;
	fake.cpu[vcpu].suspended = false;
}

void hw_thread_front(unsigned vcpu, unsigned priority)
{
	if (fake_boot.role != VMM_ROLE_SERVICE || priority != fake_boot.vcpu_priority)
		abort();
	fake.cpu[vcpu].fronted++;
}

bool hw_vcpu_renew(unsigned vcpu)
{
	struct fake_cpu *c = &fake.cpu[vcpu];

	if (!fake.renew_offered)
		return false;
	memset(c->lr, 0, sizeof(c->lr));
	memset(c->sys, 0, sizeof(c->sys));
	c->regs[HW_REG_SPSR] = 0;
	c->depth = 0;
	c->renewals++;
	return true;
}

enum wire_status hw_root_call(unsigned op, uint64_t arg)
{
	fake.root_calls++;
	fake.last_op = op;
	fake.last_arg = arg;
	return fake.root_status;
}

void hw_doorbell(void)
{
	fake.doorbells++;
}

void hw_timer_signal(void)
{
	fake.timer_signals++;
}

uint64_t hw_count(void)
{
	return fake.count;
}

uint64_t hw_cntp_cval(void)
{
	return fake.cntp_cval;
}

void hw_cntp_cval_write(uint64_t cval)
{
	fake.cntp_cval = cval;
}

_Noreturn void hw_fail(enum hw_failure why)
{
	fprintf(stderr, "hw_fail(%d)\n", why);
	abort();
}

/* --- the VM ---------------------------------------------------------------------------------------------- */

struct vm *fake_vm(enum vmm_role role, unsigned vcpus, unsigned lrs)
{
	memset(&fake, 0, sizeof(fake));
	memset(fake_region, 0, sizeof(fake_region));
	memset(&vm, 0, sizeof(vm));
	memset(&uvm_state, 0, sizeof(uvm_state));
	memset(&vlog, 0, sizeof(vlog));
	fake.lrs = lrs;
	fake.count = 1000000;
	fake.cntp_cval = UINT64_MAX;
	fake.root_status = WIRE_ENOENT;
	for (unsigned i = 0; i < vcpus; i++) {
		fake.cpu[i].pmr = 31;
		fake.cpu[i].sys[UVM_SYS_VMPIDR] = 0x80000000u | i;
	}
	fake_boot = (struct vmm_boot){
		.magic = VMM_BOOT_MAGIC,
		.version = VMM_WIRE_VERSION,
		.role = role,
		.vcpus = vcpus,
		.log_level = VMM_LOG_DEBUG,
		.cntfrq = 62500000,
		.gicd = 0x08000000,
		.gicc = 0x08010000,
		.spis = 288,
		.list_regs = lrs,
		.vcpu_priority = 100,
		.entry = 0x40080000,
		.dtb = 0x48000000,
		.doorbell_intid = 100,
		.irqs = role == VMM_ROLE_SERVICE ? 2 : 0,
		.irq = { { 33, 0, { 0 } }, { 48, 1, { 0 } } },
	};
	if (!vmm_init(&vm, &fake_boot, &rt, &vclock, &vlog, fake_region, &uvm_state))
		abort();
	fake_loop(&vm);
	return &vm;
}

static int best_pending(const struct fake_cpu *c)
{
	unsigned limit = c->depth ? c->running[c->depth - 1] : 32;
	int best = -1;

	for (unsigned i = 0; i < fake.lrs; i++) {
		const struct fake_lr *lr = &c->lr[i];

		if (lr->state == LR_PENDING && lr->prio < limit && lr->prio < c->pmr &&
		    (best < 0 || lr->prio < c->lr[best].prio))
			best = (int)i;
	}
	return best;
}

bool fake_irq_pending(unsigned cpu)
{
	return best_pending(&fake.cpu[cpu]) >= 0;
}

unsigned fake_ack(unsigned cpu)
{
	struct fake_cpu *c = &fake.cpu[cpu];
	int i = best_pending(c);

	if (i < 0)
		return GIC_SPURIOUS;
	c->lr[i].state = LR_ACTIVE;
	c->running[c->depth] = c->lr[i].prio;
	c->running_intid[c->depth++] = c->lr[i].intid;
	return c->lr[i].intid;
}

void fake_eoi(struct vgic *g, unsigned cpu)
{
	struct fake_cpu *c = &fake.cpu[cpu];
	unsigned intid = c->running_intid[--c->depth];

	for (unsigned i = 0; i < fake.lrs; i++) {
		if (c->lr[i].state == LR_ACTIVE && c->lr[i].intid == intid) {
			c->lr[i].state = LR_INVALID;
			vgic_lr_eoi(g, cpu, i);
			return;
		}
	}
}

static void answer(struct vm *m, struct vcpu *v)
{
	uint64_t *w = fake.cpu[v->id].regs;

	if (v->answer_len) {
		for (unsigned i = 0; i < 8; i++)
			w[HW_REG_X0 + i] = v->answer[i];
		w[HW_REG_PC] = v->answer[8];
	}
	m->ready &= ~(1u << v->id);
	m->replies_free |= 1u << v->reply;
	v->thread = VCPU_RUNNING;
}

void fake_loop(struct vm *m)
{
	for (;;) {
		vmm_settle(m);
		while (m->ready)
			answer(m, &m->vcpu[__builtin_ctz(m->ready)]);
		if (!m->stop_wanted)
			return;
		vmm_stop(m);
	}
}

static void message(struct vm *m, struct hw_msg *msg)
{
	if (!m->replies_free)
		abort();
	vmm_message(m, msg, (unsigned)__builtin_ctz(m->replies_free));
	fake_loop(m);
}

void fake_fault(struct vm *m, unsigned cpu, uint64_t label, uint64_t mr0, uint64_t mr1,
		uint64_t mr2, uint64_t mr3)
{
	struct hw_msg msg = { VMM_BADGE_FAULT | cpu, label, { mr0, mr1, mr2, mr3 }, NULL };

	message(m, &msg);
}

void fake_hvc(struct vm *m, unsigned cpu, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
	uint64_t *w = fake.cpu[cpu].regs;
	uint64_t buffer[13] = { 0 };
	struct hw_msg msg = { VMM_BADGE_FAULT | cpu, FAULT_SYSCALL, { x0, x1, x2, x3 }, buffer };

	for (unsigned i = 0; i < 4; i++) {
		w[HW_REG_X0 + i] = msg.mr[i];
		buffer[4 + i] = w[HW_REG_X0 + 4 + i];
	}
	buffer[8] = w[HW_REG_PC];
	message(m, &msg);
}

void fake_event(struct vm *m, uint64_t badge)
{
	struct hw_msg msg = { badge, 0x5a5a, { 1, 2, 3, 4 }, NULL };

	message(m, &msg);
}

/* --- TAP --------------------------------------------------------------------------------------------------- */

void tap_ok(bool cond, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %u - ", cond ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (!cond) {
		tap_failed++;
		printf("# %s:%d\n", file, line);
	}
}

int tap_done(void)
{
	printf("1..%u\n", tap_count);
	return tap_failed ? 1 : 0;
}
