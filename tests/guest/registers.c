// SPDX-License-Identifier: BSD-2-Clause
/*
 * No state crosses: as the service-VM this program writes a pattern into every register of docs/registers.md that it can,
 * and so do two user-VMs, which run copies of it. In between the others and the native threads run. Each then reads only what it
 * wrote itself, or the reset value. What can not be closed is shown to be open. Output is TAP; the last line is "registers: done".
 */
#include "control.h"
#include "sysregs.h"

#include "arch/gicv2.h"
#include "string/string.h"

#define COPY(n) (RAM + (n)*COPY_SIZE) /* RAM of ours that becomes the n-th user-VM's */
#define COPY_SIZE UINT64_C(0x200000)
#define USERS 3u
#define CSSELR_L2 UINT64_C(2)
#define CNTP_ENABLE UINT64_C(1)
#define CNTP_IMASK UINT64_C(2)

enum command { CMD_WRITE = 1, CMD_READ, CMD_SHARE, CMD_LOOK };

#define ALL_REGISTERS(X)       \
	EXCEPTION_REGISTERS(X) \
	SWITCHED_REGISTERS(X)  \
	FP_REGISTERS(X)        \
	DEBUG_REGISTERS(X)     \
	OWN_REGISTERS(X)

struct row {
	uint64_t fixed, bits;
	const char *name;
};

#define ROW(read, write, fixed, bits, name) { fixed, bits, name },
static const struct row rows[] = { ALL_REGISTERS(ROW) };
static const struct row switched_rows[] = { EXCEPTION_REGISTERS(ROW) SWITCHED_REGISTERS(ROW)
						    FP_REGISTERS(ROW) };
#undef ROW
/* The CPU interface: GICC_CTLR stays, so that interrupts come again. */
static const struct {
	uint32_t offset, fixed, bits;
	const char *name;
} frame[] = {
	{ GICC_PMR, 0, 0xf8, "GICC_PMR" },
	/* above the least value an implementation may have */
	{ GICC_BPR, 4, 3, "GICC_BPR" },
	{ GICC_ABPR, 4, 3, "GICC_ABPR" },
	{ GICC_APR, 0, 0xffffffff, "GICC_APR" },
};
#define SYSTEM (sizeof(rows) / sizeof(rows[0]))
#define SWITCHED (sizeof(switched_rows) / sizeof(switched_rows[0]))
#define REGISTERS (SYSTEM + sizeof(frame) / sizeof(frame[0]))
/* AMAIR_EL1, ACTLR_EL1, AFSR0_EL1 and AFSR1_EL1 hold nothing on a Cortex-A53. */
#define CONSTANT 4u

/* What one domain has seen; each copy of the program has its own. */
static struct seen {
	uint64_t first[REGISTERS]; /* before it wrote anything */
	uint64_t own[REGISTERS]; /* right after it wrote everything */
	uint64_t later[REGISTERS];
	uint64_t csselr, cntp_ctl, cntp_cval;
	bool undefined[SYSTEM]; /* found so by the first read, not tried again */
} seen;

extern char _start[]; /* where this copy of the program runs */

/* ============================================ in each domain ========================================= */

struct access {
	unsigned int which;
	bool write;
	uint64_t value;
};

static void do_access(void *arg)
{
	struct access *a = arg;
	unsigned int i = 0;

#define ACCESS(read, write_insn, fixed, bits, name)                              \
	if (i++ == a->which) {                                                   \
		if (a->write)                                                    \
			__asm__ volatile(write_insn ::"r"(a->value) : "memory"); \
		else                                                             \
			__asm__ volatile(read : "=r"(a->value) : : "memory");    \
		return;                                                          \
	}
	ALL_REGISTERS(ACCESS)
#undef ACCESS
}

static uint64_t read_one(unsigned int i)
{
	struct access a = { i, false, 0 };
	struct guest_fault f;

	if (i >= SYSTEM)
		return mmio_read32(GICC_BASE + frame[i - SYSTEM].offset);
	if (seen.undefined[i])
		return 0;
	seen.undefined[i] = !guest_try(do_access, &a, &f);
	return seen.undefined[i] ? 0 : a.value;
}

static void write_one(unsigned int i, uint64_t value)
{
	struct access a = { i, true, value };

	if (i >= SYSTEM)
		mmio_write32(GICC_BASE + frame[i - SYSTEM].offset, (uint32_t)value);
	else if (!seen.undefined[i])
		do_access(&a);
}

/* Those that every exception writes come first here and last there. */
static void read_all(uint64_t *value)
{
	for (unsigned int i = 0; i < REGISTERS; i++)
		value[i] = read_one(i);
}

static uint64_t pattern(uint64_t domain, unsigned int i)
{
	uint64_t x = (domain * REGISTERS + i + 1) * UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	if (i >= SYSTEM)
		return frame[i - SYSTEM].fixed | (x & frame[i - SYSTEM].bits);
	return rows[i].fixed | (x & rows[i].bits);
}

static void write_all(uint64_t domain)
{
	for (unsigned int i = REGISTERS; i--;)
		write_one(i, pattern(domain, i));
	read_all(seen.own);
}

static void enable_fp(void)
{
	__asm__ volatile("msr cpacr_el1, %0\n\tisb" ::"r"(UINT64_C(3) << 20));
}

static void share(void)
{
	__asm__ volatile("msr csselr_el1, %0\n\tmsr cntp_ctl_el0, %1\n\tisb" ::"r"(seen.csselr),
			 "r"(seen.cntp_ctl));
}

static void look(void)
{
	__asm__ volatile("mrs %0, csselr_el1\n\tmrs %1, cntp_ctl_el0\n\tmrs %2, cntp_cval_el0"
			 : "=r"(seen.csselr), "=r"(seen.cntp_ctl), "=r"(seen.cntp_cval));
}

static void command(enum command c, uint64_t domain)
{
	switch (c) {
	case CMD_WRITE:
		write_all(domain);
		break;
	case CMD_READ:
		read_all(seen.later);
		break;
	case CMD_SHARE:
		share();
		break;
	case CMD_LOOK:
		look();
		break;
	}
}

/* A user-VM asks its only device what to do: command and its own number. */
static void user_main(void)
{
	for (;;) {
		uint32_t word = mmio_read32(GUEST_MMIO);

		command((enum command)(word & 0xff), word >> 8);
	}
}

/* ============================================ the service-VM ========================================= */

static uint64_t vms[USERS];

static struct seen *seen_by(unsigned int domain)
{
	if (!domain)
		return &seen;
	return (struct seen *)((uint64_t)&seen - (uint64_t)_start + COPY(domain - 1));
}

static bool stopped(uint64_t vm)
{
	return slot(vm, 0)->exit == UVM_EXIT_ABORT && slot(vm, 0)->addr == GUEST_MMIO;
}

/* User-VM number `domain` runs up to its first question. */
static bool boot(unsigned int domain)
{
	uint64_t *vm = &vms[domain - 1];

	if (create(good(), vm) != WIRE_OK)
		return false;
	offer(COPY(domain - 1), CTL_MAX_PAGES);
	return request(CTL_MEM_MAP, *vm, GUEST_CODE, CTL_MAX_PAGES, CTL_MAP_WRITE | CTL_MAP_EXEC,
		       NULL) == WIRE_OK &&
	       start_at(*vm, GUEST_CODE) && vcpu_do(*vm, UVM_REQ_RUN, UVM_RESUME_RETRY) &&
	       stopped(*vm);
}

/* Domain 0 is this one. */
static bool run(unsigned int domain, enum command c)
{
	uint64_t vm;

	if (!domain) {
		command(c, 0);
		return true;
	}
	vm = vms[domain - 1];
	slot(vm, 0)->data = (uint64_t)domain << 8 | (uint64_t)c;
	return vcpu_do(vm, UVM_REQ_RUN, UVM_RESUME_MMIO) && stopped(vm);
}

static const char *name_of(unsigned int i)
{
	return i < SYSTEM ? rows[i].name : frame[i - SYSTEM].name;
}

static bool same(const char *what, unsigned int domain, const uint64_t *a, const uint64_t *b)
{
	bool ok = true;

	for (unsigned int i = 0; i < REGISTERS; i++)
		if (a[i] != b[i]) {
			guest_printf("# domain %u, %s, %s: 0x%lx, not 0x%lx\n", domain, what,
				     name_of(i), a[i], b[i]);
			ok = false;
		}
	return ok;
}

/* Each bit is as written or as it was first, and what VCPUs are for is all as written. */
static bool own_is_sensible(unsigned int domain)
{
	const struct seen *s = seen_by(domain);
	unsigned int kept = 0;
	bool ok = true;

	for (unsigned int i = 0; i < REGISTERS; i++) {
		uint64_t want = pattern(domain, i);

		kept += i < SWITCHED && s->own[i] == want;
		if ((s->own[i] ^ want) & (s->own[i] ^ s->first[i])) {
			guest_printf("# domain %u, %s: wrote 0x%lx, reads 0x%lx, first 0x%lx\n",
				     domain, name_of(i), want, s->own[i], s->first[i]);
			ok = false;
		}
	}
	guest_printf("# domain %u: %u registers, %u of %u that are switched hold every bit\n",
		     domain, (unsigned int)REGISTERS, kept, (unsigned int)SWITCHED);
	return ok && kept >= SWITCHED - CONSTANT;
}

static void test_own(void)
{
	bool ran = true, sensible = true, kept = true;

	report(boot(1) && boot(2), "two user-VMs");
	for (unsigned int d = 0; d < USERS; d++)
		ran &= run(d, CMD_WRITE);
	/* Once more round: each has been away while the others read. */
	for (unsigned int round = 0; round < 2; round++)
		for (unsigned int d = 0; d < USERS; d++) {
			ran &= run(d, CMD_READ);
			kept &= same("later", d, seen_by(d)->later, seen_by(d)->own);
		}
	for (unsigned int d = 0; d < USERS; d++)
		sensible &= own_is_sensible(d);
	report(ran, "everybody lives on");
	report(sensible, "each reads its own pattern, or what was there first");
	report(kept, "after the others ran, too");
}

/* A VM that comes later finds what the first one found. */
static void test_fresh(void)
{
	bool ok = boot(3);

	report(ok, "a third user-VM, after all that");
	report(ok && same("first", 3, seen_by(3)->first, seen_by(1)->first),
	       "finds the registers as the first one did");
}

static void set_shared(unsigned int domain, uint64_t csselr, uint64_t ctl)
{
	seen_by(domain)->csselr = csselr;
	seen_by(domain)->cntp_ctl = ctl;
	run(domain, CMD_SHARE);
}

/* docs/registers.md, "Not closed". A kernel that switches one of them makes its line fail: then the page is wrong. */
static void test_open(void)
{
	bool csselr = true, ctl = false, cval = true;

	set_shared(0, 0, CNTP_ENABLE);
	set_shared(1, CSSELR_L2, CNTP_ENABLE);
	for (unsigned int d = 0; d < USERS; d++) {
		run(d, CMD_LOOK);
		csselr &= seen_by(d)->csselr == CSSELR_L2;
		/* Nobody here has written it: a deadline of a VMM or of the timer thread. */
		cval &= seen_by(d)->cntp_cval != 0;
	}
	set_shared(2, 0, CNTP_ENABLE);
	run(1, CMD_LOOK);
	csselr &= seen_by(1)->csselr == 0;
	report(csselr, "not closed: CSSELR_EL1 is the same for all");
	/* The timer thread may program it in between. */
	for (unsigned int i = 0; i < 16 && !ctl; i++) {
		set_shared(1, 0, CNTP_ENABLE | CNTP_IMASK);
		run(2, CMD_LOOK);
		ctl = seen_by(2)->cntp_ctl & CNTP_IMASK;
	}
	set_shared(0, 0, CNTP_ENABLE);
	report(ctl, "not closed: CNTP_CTL_EL0 is the same for all");
	report(cval, "not closed: CNTP_CVAL_EL0 shows deadlines of others");
}

/* Interrupts, timer and the timer thread of root work as ever. */
static void test_alive(void)
{
	uint32_t was;

	mmio_write32(GICC_BASE + GICC_APR, 0);
	mmio_write32(GICC_BASE + GICC_BPR, 0);
	guest_gic_init();
	was = guest_irq_count[INTID_VTIMER];
	for (unsigned int i = 0; i < 4; i++) {
		guest_timer_arm(guest_frequency() / 1000);
		__asm__ volatile("wfi");
		guest_irq_enable();
		guest_irq_disable();
	}
	report(guest_irq_count[INTID_VTIMER] > was, "the timer ends a WFI");
	for (unsigned int d = 1; d <= USERS; d++)
		request(CTL_VM_DESTROY, vms[d - 1], 0, 0, 0, NULL);
	report(books_as_before(), "books");
}

void guest_main(const void *dtb)
{
	(void)dtb;
	enable_fp();
	read_all(seen.first);
	if ((uint64_t)_start == GUEST_CODE)
		user_main();
	/* The copies are made before anything has been written but what each would write itself. */
	for (unsigned int n = 0; n < USERS; n++)
		memcpy((void *)COPY(n), _start, COPY_SIZE);
	learn_calls();
	request(CTL_HELLO, SELKIE_CTL_VERSION, 0, 0, 0, NULL);
	before = counters();
	test_own();
	test_fresh();
	test_open();
	test_alive();
	guest_printf("1..%u\n# %u failed\nregisters: done\n", tests, failures);
}
