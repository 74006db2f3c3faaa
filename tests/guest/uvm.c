// SPDX-License-Identifier: BSD-2-Clause
/*
 * Both ends of wire/uvm.h on one machine: as the service-VM it plays the module, and the user-VM it creates runs a copy of
 * this same program. Output is TAP; lines "uvm: <instructions> <what>" are costs under -icount shift=0; the last line is
 * "uvm: done".
 *
 * The system description gives it the window at WINDOW and a quota.
 */
#include "guest.h"

#include "arch/gicv2.h"
#include "arch/psci.h"
#include "string/string.h"
#include "wire/ctl.h"

#define WINDOW UINT64_C(0x3000000000)
#define USER_COPY UINT64_C(0x50000000) /* RAM of ours that becomes the user-VM's */
#define USER_RAM UINT64_C(0x40000000)
#define USER_SIZE UINT64_C(0x200000)
#define PSTATE_EL1H_DAIF 0x3c5u
#define SCTLR_RESET 0x30d00800u

/* The user-VM's only device, served here. */
#define PORT UINT64_C(0x0a000000)
#define PORT_COMMAND (PORT + 0x00) /* load: what to do next */
#define PORT_RESULT (PORT + 0x08) /* 64-bit store: what came out */
#define PORT_NOP (PORT + 0x10)
#define KICK_ANY UINT64_C(0x0b000000) /* ioeventfd of any length and data */
#define KICK_DATA UINT64_C(0x0b000050) /* ioeventfds of 4 bytes: data 0 and 1 */

#define ROUNDS 4096u
#define TICK_NS 16u /* of the counter; an instruction takes 1 ns */
#define SPI_EDGE 40u
#define SPI_LEVEL 41u
#define SGI_OTHER 5u
#define WAIT_NS UINT64_C(50000)

enum command {
	CMD_KICKS = 1,
	CMD_KICKS_DATA,
	CMD_LOADS,
	CMD_WAIT_EDGE, /* result: counter value in the handler */
	CMD_WAIT_LEVEL, /* result: how many times it came */
	CMD_TIMER, /* result: ticks from arming to the handler */
	CMD_SPIN, /* result: what memory says */
	CMD_COUNT, /* result: CNTVCT */
	CMD_SECOND_CPU, /* result: its answer */
	CMD_RESET_IN_HANDLER,
	CMD_OFF,
};

static unsigned int tests, failures;
static int64_t sys_call, sys_send;
static uint64_t vm;
static struct ctl_area *const area = (struct ctl_area *)WINDOW;

extern char _start[]; /* where this copy of the program runs */

/* Words the two ends share, in the user-VM's copy; see in_copy(). */
static volatile struct {
	uint64_t go;
	uint64_t stamp;
	uint64_t second;
} mail;
static char second_stack[4096] __attribute__((aligned(16)));

/* ============================================ the user-VM ============================================ */

void user_second(void);
void user_second_main(void);
/* Entry of vCPU 1: x0 = its stack. */
__asm__(".text\n.global user_second\nuser_second:\n\tmov sp, x0\n\tb user_second_main\n");

static void set_edge(unsigned int intid)
{
	uint64_t reg = GICD_BASE + GICD_ICFGR + intid / 16 * 4;

	mmio_write32(reg, mmio_read32(reg) | 2u << intid % 16 * 2);
}

static void wait_irq(unsigned int intid, uint32_t before)
{
	guest_irq_disable();
	while (guest_irq_count[intid] == before) {
		__asm__ volatile("wfi");
		guest_irq_enable();
		guest_irq_disable();
	}
}

static uint64_t ticks_of(uint64_t addr, bool load, bool alternate)
{
	uint64_t start = guest_count();

	for (uint32_t i = 0; i < ROUNDS; i++) {
		if (load)
			(void)mmio_read32(addr);
		else
			mmio_write32(addr, alternate ? i & 1 : 0);
	}
	return guest_count() - start;
}

void user_second_main(void)
{
	uint64_t mpidr;

	__asm__ volatile("mrs %0, mpidr_el1" : "=r"(mpidr));
	mail.second = mpidr & 0xff;
	mmio_write32(GICD_BASE + GICD_SGIR, 1u << 16 | SGI_OTHER);
	for (;;)
		__asm__ volatile("wfi");
}

static uint64_t second_cpu(void)
{
	struct guest_regs r = { { PSCI_CPU_ON | PSCI_SMC64, 1, (uint64_t)user_second,
				  (uint64_t)(second_stack + sizeof(second_stack)) } };
	uint32_t before = guest_irq_count[SGI_OTHER];

	guest_hvc(&r);
	if (r.x[0])
		return r.x[0];
	wait_irq(SGI_OTHER, before);
	return mail.second;
}

/* Ends the VM while the timer's interrupt is active. */
static void reset_in_handler(void)
{
	struct guest_regs r = { { PSCI_SYSTEM_RESET } };

	guest_irq_disable();
	guest_timer_arm(0);
	while ((mmio_read32(GICC_BASE + GICC_IAR) & 0x3ff) != INTID_VTIMER)
		;
	guest_hvc(&r);
}

static uint64_t user_command(uint32_t command)
{
	uint64_t start;
	uint32_t before;

	switch (command) {
	case CMD_KICKS:
		return ticks_of(KICK_ANY, false, false);
	case CMD_KICKS_DATA:
		return ticks_of(KICK_DATA, false, true);
	case CMD_LOADS:
		return ticks_of(PORT_NOP, true, false);
	case CMD_WAIT_EDGE:
		before = guest_irq_count[SPI_EDGE];
		mail.go = 1;
		wait_irq(SPI_EDGE, before);
		return guest_count();
	case CMD_WAIT_LEVEL:
		before = guest_irq_count[SPI_LEVEL];
		wait_irq(SPI_LEVEL, before);
		return guest_irq_count[SPI_LEVEL] - before;
	case CMD_TIMER:
		before = guest_irq_count[INTID_VTIMER];
		start = guest_count();
		guest_timer_arm(WAIT_NS / TICK_NS);
		wait_irq(INTID_VTIMER, before);
		return guest_count() - start;
	case CMD_SPIN:
		mail.go = 1;
		while (mail.go)
			__asm__ volatile("" ::: "memory");
		return mail.stamp;
	case CMD_COUNT:
		return guest_count();
	case CMD_SECOND_CPU:
		return second_cpu();
	case CMD_RESET_IN_HANDLER:
		reset_in_handler();
		break;
	case CMD_OFF:
		__asm__ volatile(
			"mov x0, %0\n\tmov x7, #0\n\thvc #0" ::"r"((uint64_t)PSCI_SYSTEM_OFF)
			: "x0", "x1", "x2", "x3", "x7", "memory");
	}
	return 0;
}

static void user_main(void)
{
	guest_gic_init();
	set_edge(SPI_EDGE);
	mmio_write32(GICD_BASE + GICD_ISENABLER + 4,
		     1u << (SPI_EDGE - 32) | 1u << (SPI_LEVEL - 32));
	for (;;) {
		uint64_t result = user_command(mmio_read32(PORT_COMMAND));

		__asm__ volatile("str %0, [%1]" ::"r"(result), "r"(PORT_RESULT) : "memory");
	}
}

/* ============================================ the service-VM ========================================= */

static void report(bool ok, const char *what)
{
	tests++;
	if (!ok)
		failures++;
	guest_printf("%s %u - %s\n", ok ? "ok" : "not ok", tests, what);
}

static void cost(uint64_t instructions, const char *what)
{
	guest_printf("uvm: %lu %s\n", instructions, what);
}

#define MSG_LABEL_SHIFT 12

static uint64_t request(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t *out)
{
	struct guest_regs r = { { SELKIE_CAP_CONTROL, op << MSG_LABEL_SHIFT | 4, a, b, c, d, 0,
				  (uint64_t)sys_call } };

	guest_hvc(&r);
	if (out)
		*out = r.x[2];
	return r.x[1] >> MSG_LABEL_SHIFT;
}

static volatile struct uvm_vm *shared(void)
{
	return (volatile struct uvm_vm *)(WINDOW + CTL_AREA_SIZE + vm * UVM_REGION_SIZE);
}

static volatile struct uvm_vcpu *slot(unsigned int n)
{
	return (volatile struct uvm_vcpu *)((uint64_t)shared() + UVM_OFF_VCPU(n));
}

static volatile uint64_t *in_copy(volatile void *word)
{
	return (volatile uint64_t *)((uint64_t)word - (uint64_t)_start + USER_COPY);
}

static void ring(uint32_t bits)
{
	struct guest_regs r = { { SELKIE_CAP_DOORBELL + vm, 0, 0, 0, 0, 0, 0,
				  (uint64_t)sys_send } };

	if (!__atomic_fetch_or(&shared()->ring, bits, __ATOMIC_RELEASE))
		guest_hvc(&r);
}

/* Sleeps until the doorbell interrupt brings some of `bits`; others that come along are kept. */
static uint32_t pending_events;

static bool wait_event(uint32_t bits)
{
	uint64_t end = guest_count() + 2 * guest_frequency();

	guest_irq_disable();
	for (;;) {
		pending_events |= __atomic_exchange_n(&shared()->event, 0, __ATOMIC_ACQUIRE);
		if (pending_events & bits) {
			pending_events &= ~bits;
			return true;
		}
		if (guest_count() > end)
			return false;
		guest_timer_arm(guest_frequency());
		__asm__ volatile("wfi");
		guest_irq_enable();
		guest_irq_disable();
	}
}

static void give(unsigned int n, uint32_t req, uint32_t resume)
{
	slot(n)->kick = 0;
	slot(n)->request = req;
	slot(n)->resume = resume;
	slot(n)->thread = UVM_THREAD_AWAKE;
	__atomic_store_n(&slot(n)->owner, UVM_OWNER_VMM, __ATOMIC_RELEASE);
	ring(UVM_RING_VCPU(n));
}

static bool await(unsigned int n)
{
	while (__atomic_load_n(&slot(n)->owner, __ATOMIC_ACQUIRE) != UVM_OWNER_MODULE) {
		if (!wait_event(UVM_EVENT_VCPU(n)))
			return false;
	}
	return true;
}

static bool vcpu_do(unsigned int n, uint32_t req, uint32_t resume)
{
	give(n, req, resume);
	return await(n);
}

static void kick(unsigned int n)
{
	__atomic_store_n(&slot(n)->kick, 1, __ATOMIC_RELEASE);
	ring(UVM_RING_VCPU(n));
}

/* Give the user-VM its next command; its load of PORT_COMMAND is what stopped it. */
static void command(enum command c)
{
	slot(0)->data = c;
	give(0, UVM_REQ_RUN, UVM_RESUME_MMIO);
}

/* Serve its device until it reports a result; false when it stopped with something else. */
static bool result(uint64_t *value)
{
	volatile struct uvm_vcpu *v = slot(0);

	for (;;) {
		if (!await(0) || v->exit != UVM_EXIT_ABORT)
			return false;
		if (v->addr == PORT_RESULT) {
			*value = v->data;
			/* on to its next load of PORT_COMMAND */
			return vcpu_do(0, UVM_REQ_RUN, UVM_RESUME_MMIO) &&
			       v->exit == UVM_EXIT_ABORT && v->addr == PORT_COMMAND;
		}
		if (v->addr != PORT_NOP)
			return false;
		v->data = 0;
		give(0, UVM_REQ_RUN, UVM_RESUME_MMIO);
	}
}

static bool run(enum command c, uint64_t *value)
{
	command(c);
	return result(value);
}

static void per_round(enum command c, const char *what)
{
	uint64_t ticks = 0;

	report(run(c, &ticks), what);
	cost(ticks * TICK_NS / ROUNDS, what);
}

/*
 * Kicks alone: the event word is never empty, so the VMM rings nobody, and this end looks once in a while. (Rung, it
 * would run at once in the user-VM's stead, and the clock would count that.)
 */
static void per_kick(enum command c, const char *what)
{
	uint64_t ticks = 0, end = guest_count() + 2 * guest_frequency();

	__atomic_fetch_or(&shared()->event, UVM_EVENT_IOEVENT, __ATOMIC_RELEASE);
	command(c);
	guest_irq_disable();
	while (__atomic_load_n(&slot(0)->owner, __ATOMIC_ACQUIRE) != UVM_OWNER_MODULE &&
	       guest_count() < end) {
		guest_timer_arm(guest_frequency() / 500);
		__asm__ volatile("wfi");
		guest_irq_enable();
		guest_irq_disable();
	}
	report(result(&ticks), what);
	cost(ticks * TICK_NS / ROUNDS, what);
}

static uint32_t vmreq(uint32_t op, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
	volatile struct uvm_vmreq *r = &shared()->vmreq;

	r->op = op;
	r->arg[0] = a0;
	r->arg[1] = a1;
	r->arg[2] = a2;
	r->arg[3] = a3;
	__atomic_store_n(&r->pending, 1, __ATOMIC_RELEASE);
	ring(UVM_RING_VMREQ);
	while (__atomic_load_n(&r->pending, __ATOMIC_ACQUIRE)) {
		if (!wait_event(UVM_EVENT_VMREQ))
			return 99;
	}
	return r->status;
}

static void add_ioevent(unsigned int i, uint64_t addr, uint32_t len, uint32_t flags, uint64_t data)
{
	volatile struct uvm_ioevent *e =
		(volatile struct uvm_ioevent *)((uint64_t)shared() + UVM_OFF_IOEVENT) + i;

	__atomic_fetch_add(&shared()->ioevent_generation, 1, __ATOMIC_ACQ_REL);
	e->addr = addr;
	e->len = len;
	e->data = data;
	e->flags = flags;
	__atomic_fetch_add(&shared()->ioevent_generation, 1, __ATOMIC_ACQ_REL);
	ring(UVM_RING_IOEVENT);
}

static bool create(void)
{
	struct ctl_create c = { .vcpus = 2,
				.ipa_bits = 40,
				.gicd = GICD_BASE,
				.gicc = GICC_BASE,
				.intids = 288,
				.mpidr = { 0x80000000u, 0x80000001u } };

	memcpy((void *)USER_COPY, _start, USER_SIZE);
	memcpy(&area->create, &c, sizeof(c));
	if (request(CTL_VM_CREATE, 0, 0, 0, 0, &vm) != WIRE_OK)
		return false;
	for (uint64_t i = 0; i < CTL_MAX_PAGES; i++)
		area->page[i] = USER_COPY + i * WIRE_PAGE_SIZE;
	return request(CTL_MEM_MAP, vm, USER_RAM, CTL_MAX_PAGES, CTL_MAP_WRITE | CTL_MAP_EXEC,
		       NULL) == WIRE_OK;
}

/* Registers of a reset core at the start of its RAM, and on until it asks for a command. */
static bool boot(void)
{
	volatile struct uvm_regs *r = &slot(0)->regs;

	for (unsigned int i = 0; i < sizeof(*r) / 8; i++)
		((volatile uint64_t *)r)[i] = 0;
	r->pc = USER_RAM;
	r->pstate = PSTATE_EL1H_DAIF;
	r->sys[UVM_SYS_SCTLR] = SCTLR_RESET;
	return vcpu_do(0, UVM_REQ_RESET, UVM_POWER_ON | UVM_RESET_CORE) &&
	       vcpu_do(0, UVM_REQ_RUN, UVM_RESUME_RETRY) && slot(0)->exit == UVM_EXIT_ABORT &&
	       slot(0)->addr == PORT_COMMAND;
}

static void test_costs(void)
{
	uint64_t stamp, value = 0, sum = 0;

	add_ioevent(0, KICK_ANY, 0, UVM_IOEVENT_VALID, 0);
	add_ioevent(1, KICK_DATA, 4, UVM_IOEVENT_VALID | UVM_IOEVENT_DATAMATCH, 0);
	add_ioevent(2, KICK_DATA, 4, UVM_IOEVENT_VALID | UVM_IOEVENT_DATAMATCH, 1);
	per_kick(CMD_KICKS, "ioeventfd kick");
	per_kick(CMD_KICKS_DATA, "ioeventfd kick, data compared");
	report(shared()->ioevent_seen == shared()->ioevent_generation &&
		       __atomic_exchange_n(&shared()->ioevent_fired[0], 0, __ATOMIC_ACQUIRE) == 7,
	       "all three fired");
	per_round(CMD_LOADS, "load served by the service-VM");
	for (unsigned int i = 0; i < 16; i++) {
		*in_copy(&mail.go) = 0;
		command(CMD_WAIT_EDGE);
		/* it says when it is about to wait, and then has the CPU until it does */
		while (!*in_copy(&mail.go))
			;
		guest_timer_arm(guest_frequency() / 1000);
		__asm__ volatile("wfi");
		stamp = guest_count();
		shared()->irq_latch[SPI_EDGE / 32] = 1u << SPI_EDGE % 32;
		ring(UVM_RING_IRQ);
		if (!result(&value))
			break;
		sum += value - stamp;
	}
	report(value > stamp, "irqfd ends a WFI");
	cost(sum * TICK_NS / 16, "irqfd to the end of the guest's handler, from WFI");
	report(run(CMD_TIMER, &value) && value >= WAIT_NS / TICK_NS, "timer ends a WFI");
	cost(value * TICK_NS - WAIT_NS, "timer past its deadline, from WFI");
}

static void test_kick(void)
{
	uint64_t value = 0, sum = 0, stamp;
	bool all = true;

	*in_copy(&mail.go) = 0;
	command(CMD_SPIN);
	while (!*in_copy(&mail.go))
		;
	for (unsigned int i = 0; i < 100 && all; i++) {
		stamp = guest_count();
		kick(0);
		all = await(0) && slot(0)->exit == UVM_EXIT_INTR && slot(0)->power == UVM_POWER_ON;
		sum += guest_count() - stamp;
		all = all && vcpu_do(0, UVM_REQ_GET_REGS, 0) && slot(0)->regs.pc >= USER_RAM &&
		      slot(0)->regs.pc < USER_RAM + USER_SIZE && vcpu_do(0, UVM_REQ_SET_REGS, 0);
		give(0, UVM_REQ_RUN, UVM_RESUME_RETRY);
		if (i == 50) /* it must have the CPU at times */
			for (uint64_t end = guest_count() + guest_frequency() / 50;
			     guest_count() < end;)
				;
	}
	report(all, "kicked a hundred times out of a busy loop");
	cost(sum * TICK_NS / 100, "kick to the thread's return");
	*in_copy(&mail.stamp) = 4711;
	*in_copy(&mail.go) = 0;
	report(result(&value) && value == 4711, "and unharmed");
}

static void test_interrupts(void)
{
	uint64_t value = 0;
	uint32_t bit = 1u << SPI_LEVEL % 32, word = SPI_LEVEL / 32;

	shared()->irq_resample[word] = bit;
	ring(UVM_RING_IRQ);
	command(CMD_WAIT_LEVEL);
	shared()->irq_latch[word] = bit;
	ring(UVM_RING_IRQ);
	report(wait_event(UVM_EVENT_EOI) &&
		       __atomic_exchange_n(&shared()->irq_eoi[word], 0, __ATOMIC_ACQUIRE) == bit,
	       "end of a resampled interrupt is reported");
	report(result(&value) && value == 1, "it came once");
}

static void test_time(void)
{
	uint64_t value = 0, want = UINT64_C(0x123456789a);

	report(vmreq(UVM_VMREQ_SET_COUNT, want, 0, 0, 0) == WIRE_OK && run(CMD_COUNT, &value) &&
		       value > want && value - want < guest_frequency() / 100,
	       "the guest's count is what is asked for");
	report(run(CMD_TIMER, &value) && value >= WAIT_NS / TICK_NS &&
		       value < WAIT_NS / TICK_NS * 2,
	       "its timer follows");
	vmreq(UVM_VMREQ_SET_COUNT, guest_count(), 0, 0, 0);
}

static void test_second(void)
{
	uint64_t value = 0;

	give(1, UVM_REQ_RUN, UVM_RESUME_RETRY);
	report(slot(1)->owner == UVM_OWNER_VMM && slot(1)->power == UVM_POWER_OFF,
	       "a vCPU that is off waits");
	report(run(CMD_SECOND_CPU, &value) && value == 1 && slot(1)->power == UVM_POWER_ON,
	       "CPU_ON starts it, its SGI arrives");
	kick(1);
	report(await(1) && slot(1)->exit == UVM_EXIT_INTR, "kicked out of WFI");
	give(1, UVM_REQ_RUN, UVM_RESUME_RETRY);
}

static void test_reset(void)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < 3; i++) {
		command(CMD_RESET_IN_HANDLER);
		report(await(0) && slot(0)->exit == UVM_EXIT_SYSTEM && slot(0)->system_type == 2 &&
			       slot(0)->power == UVM_POWER_OFF && slot(1)->power == UVM_POWER_OFF,
		       "SYSTEM_RESET while the timer's interrupt is active");
		report(vmreq(UVM_VMREQ_GIC_SET, 1, 0, GICD_CTLR, 0) == WIRE_OK,
		       "the distributor off");
		report(boot() && run(CMD_TIMER, &value) && value >= WAIT_NS / TICK_NS,
		       "boots in place, its timer interrupts");
	}
	command(CMD_OFF);
	report(await(0) && slot(0)->exit == UVM_EXIT_SYSTEM && slot(0)->system_type == 1,
	       "SYSTEM_OFF");
}

static bool hello(void)
{
	struct guest_regs r = { { SELKIE_SMC_INFO } };

	guest_smc(&r);
	sys_call = (int64_t)r.x[1];
	sys_send = (int64_t)r.x[2];
	return r.x[0] == SELKIE_CTL_VERSION &&
	       request(CTL_HELLO, SELKIE_CTL_VERSION, 0, 0, 0, NULL) == WIRE_OK;
}

void guest_main(const void *dtb)
{
	(void)dtb;
	if ((uint64_t)_start == USER_RAM)
		user_main();
	guest_gic_init();
	/* One of them is the doorbell. */
	for (unsigned int i = 1; i < 9; i++)
		mmio_write32(GICD_BASE + GICD_ISENABLER + 4 * i, ~0u);
	report(hello() && create(), "a user-VM with two vCPUs");
	report(boot(), "boots");
	if (!failures) {
		test_costs();
		test_kick();
		test_interrupts();
		test_time();
		test_second();
		test_reset();
	}
	report(request(CTL_VM_DESTROY, vm, 0, 0, 0, NULL) == WIRE_OK, "destroyed");
	guest_printf("1..%u\n# %u failed\nuvm: done\n", tests, failures);
}
