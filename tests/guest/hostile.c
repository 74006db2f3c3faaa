// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest that tries everything. Each phase ends with `alive`: interrupts, the timer, hypercalls
 * and memory must still work as the architecture says. Output is TAP; the last line is "hostile:
 * done" when nothing stopped us.
 */
#include "sysregs.h"

#include "arch/gicv2.h"
#include "arch/psci.h"
#include "wire/ctl.h"

#define ESR_EC_SHIFT 26
#define EC_UNKNOWN 0x00u
#define EC_IABT_CUR 0x21u
#define EC_DABT_CUR 0x25u
#define ESR_FSC_MASK 0x3fu
#define FSC_EXTERNAL 0x10u /* synchronous external abort, not on a walk */
#define FSC_EXTERNAL_WALK0 0x14u /* 0x14..0x17: on a translation table walk, level 0..3 */
#define FSC_EXTERNAL_WALK3 0x17u
#define FSC_ALIGNMENT 0x21u

#define IPA_LIMIT (UINT64_C(1) << 40)
#define PATTERN_WORDS 4096u

static unsigned int tests, failures;
/* As a user-VM: where nothing is, QEMU may answer as it likes. */
static bool user_vm;
static uint64_t pattern[PATTERN_WORDS];
static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

/* xorshift64*: the same sequence in every run. */
static uint64_t rnd(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static void report(bool ok, const char *what)
{
	tests++;
	if (!ok)
		failures++;
	guest_printf("%s %u - %s\n", ok ? "ok" : "not ok", tests, what);
}

static unsigned int exception_class(const struct guest_fault *f)
{
	return (unsigned int)(f->esr >> ESR_EC_SHIFT) & 0x3fu;
}

static bool wait_irq(unsigned int intid, uint32_t before)
{
	uint64_t end = guest_count() + guest_frequency();

	guest_irq_enable();
	while (guest_irq_count[intid] == before && guest_count() < end)
		;
	guest_irq_disable();
	return guest_irq_count[intid] != before;
}

/* Everything that worked before must work now. */
static void alive(const char *after)
{
	struct guest_regs r = { { PSCI_VERSION } };
	uint32_t before;
	bool ok = true;

	guest_gic_init();
	guest_psci(&r);
	if (r.x[0] < 0x10000 || r.x[0] > 0x1ffff) {
		guest_printf("# PSCI_VERSION answers 0x%lx\n", r.x[0]);
		ok = false;
	}
	before = guest_irq_count[5];
	guest_gic_sgi(5);
	if (!wait_irq(5, before)) {
		guest_printf("# an SGI did not arrive\n");
		ok = false;
	}
	before = guest_irq_count[INTID_VTIMER];
	guest_timer_arm(guest_frequency() / 1000);
	if (!wait_irq(INTID_VTIMER, before)) {
		guest_printf("# the timer did not fire\n");
		ok = false;
	}
	before = guest_irq_count[INTID_VTIMER];
	guest_timer_arm(guest_frequency() / 1000);
	__asm__ volatile("wfi");
	if (!wait_irq(INTID_VTIMER, before)) {
		guest_printf("# the timer did not end WFI\n");
		ok = false;
	}
	for (unsigned int i = 0; i < PATTERN_WORDS; i++) {
		if (pattern[i] != (i ^ UINT64_C(0x5e1c1e5e1c1e5e1c))) {
			guest_printf("# memory changed at word %u\n", i);
			ok = false;
			break;
		}
	}
	report(ok, after);
}

/* --- memory accesses
 * ------------------------------------------------------------------------------------ */
enum access_kind {
	LDR8,
	LDR16,
	LDR32,
	LDR64,
	LDRSB,
	LDRSH,
	LDRSW,
	STR8,
	STR16,
	STR32,
	STR64,
	STRXZR,
	LDP,
	STP,
	LDR_POST,
	STR_PRE,
	LDXR,
	STXR,
	LDAR,
	STLR,
	PRFM,
	DC_CVAC,
	DC_ZVA,
	FETCH,
	ACCESS_KINDS
};

struct access {
	enum access_kind kind;
	uint64_t addr, value;
};

static void do_access(void *arg)
{
	const struct access *a = arg;
	uint64_t p = a->addr, v = a->value;

	switch (a->kind) {
	case LDR8:
		__asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(p) : "memory");
		break;
	case LDR16:
		__asm__ volatile("ldrh %w0, [%1]" : "=r"(v) : "r"(p) : "memory");
		break;
	case LDR32:
		__asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(p) : "memory");
		break;
	case LDR64:
		__asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(p) : "memory");
		break;
	case LDRSB:
		__asm__ volatile("ldrsb %0, [%1]" : "=r"(v) : "r"(p) : "memory");
		break;
	case LDRSH:
		__asm__ volatile("ldrsh %0, [%1]" : "=r"(v) : "r"(p) : "memory");
		break;
	case LDRSW:
		__asm__ volatile("ldrsw %0, [%1]" : "=r"(v) : "r"(p) : "memory");
		break;
	case STR8:
		__asm__ volatile("strb %w0, [%1]" ::"r"(v), "r"(p) : "memory");
		break;
	case STR16:
		__asm__ volatile("strh %w0, [%1]" ::"r"(v), "r"(p) : "memory");
		break;
	case STR32:
		__asm__ volatile("str %w0, [%1]" ::"r"(v), "r"(p) : "memory");
		break;
	case STR64:
		__asm__ volatile("str %0, [%1]" ::"r"(v), "r"(p) : "memory");
		break;
	case STRXZR:
		__asm__ volatile("str xzr, [%0]" ::"r"(p) : "memory");
		break;
	case LDP:
		__asm__ volatile("ldp %0, xzr, [%1]" : "=&r"(v) : "r"(p) : "memory");
		break;
	case STP:
		__asm__ volatile("stp %0, xzr, [%1]" ::"r"(v), "r"(p) : "memory");
		break;
	case LDR_POST:
		__asm__ volatile("ldr %0, [%1], #8" : "=&r"(v), "+r"(p)::"memory");
		break;
	case STR_PRE:
		__asm__ volatile("str %1, [%0, #8]!" : "+r"(p) : "r"(v) : "memory");
		break;
	case LDXR:
		__asm__ volatile("ldxr %0, [%1]\n\tclrex" : "=r"(v) : "r"(p) : "memory");
		break;
	case STXR:
		__asm__ volatile("stxr %w0, %1, [%2]" : "=&r"(v) : "r"(0ul), "r"(p) : "memory");
		break;
	case LDAR:
		__asm__ volatile("ldar %0, [%1]" : "=r"(v) : "r"(p) : "memory");
		break;
	case STLR:
		__asm__ volatile("stlr %0, [%1]" ::"r"(v), "r"(p) : "memory");
		break;
	case PRFM:
		__asm__ volatile("prfm pldl1keep, [%0]" ::"r"(p) : "memory");
		break;
	case DC_CVAC:
		__asm__ volatile("dc cvac, %0" ::"r"(p) : "memory");
		break;
	case DC_ZVA:
		__asm__ volatile("dc zva, %0" ::"r"(p) : "memory");
		break;
	case FETCH:
		__asm__ volatile("blr %0" ::"r"(p) : "x30", "memory");
		break;
	default:
		break;
	}
}

/*
 * An access where nothing is: an external abort at that address, or, where a device answers, no
 * fault. `strict`: nothing is known to be there.
 */
static bool check_store(enum access_kind kind, uint64_t addr, uint64_t value, bool strict)
{
	struct access a = { kind, addr, value };
	struct guest_fault f;
	unsigned int ec, fsc;

	if (guest_try(do_access, &a, &f))
		return !strict || kind == PRFM || kind == DC_CVAC || kind == STXR;
	ec = exception_class(&f);
	fsc = (unsigned int)f.esr & ESR_FSC_MASK;
	if ((ec == EC_DABT_CUR || ec == EC_IABT_CUR) &&
	    (fsc == FSC_EXTERNAL || fsc == FSC_ALIGNMENT))
		return true;
	/* A device that can be fetched from answers something that is no instruction. */
	if (!strict && kind == FETCH && ec == EC_UNKNOWN)
		return true;
	guest_printf("# access kind %u at 0x%lx: esr=0x%lx far=0x%lx elr=0x%lx\n",
		     (unsigned int)kind, addr, f.esr, f.far, f.elr);
	return false;
}

static bool check_access(enum access_kind kind, uint64_t addr, bool strict)
{
	return check_store(kind, addr, 0, strict);
}

static void phase_holes(void)
{
	/* IPAs at which the machine has nothing: past flash, between devices, above RAM, at the
	 * end. */
	static const uint64_t hole[] = {
		0x0bf00000ul,	0x0e001000ul,	0x1000000000ul,
		0x2fffffff00ul, 0x7ffffffff0ul, IPA_LIMIT - 0x1000,
	};
	bool ok = true;

	for (size_t h = 0; h < sizeof(hole) / sizeof(hole[0]); h++) {
		for (unsigned int k = 0; k < ACCESS_KINDS; k++)
			ok &= check_access((enum access_kind)k, hole[h], !user_vm);
	}
	report(ok, user_vm ? "every access kind at every hole" :
			     "every access kind at every hole is an external abort");
	ok = true;
	for (unsigned int i = 0; i < 4000; i++) {
		uint64_t addr = (UINT64_C(1) << 36) + (rnd() & (IPA_LIMIT / 2 - 1) & ~UINT64_C(7));

		ok &= check_access((enum access_kind)(rnd() % ACCESS_KINDS), addr, false);
	}
	report(ok, "4000 random accesses in the upper address space");
	alive("alive after the holes");
}

/* Identity map of the lower 512 GiB in 1 GiB blocks: device below 1 GiB, RAM above. */
#define WALK_ENTRIES 512u
#define BLOCK_SHIFT 30
#define DESC_BLOCK UINT64_C(0x401) /* valid, access flag */
#define DESC_ATTR_NORMAL (UINT64_C(1) << 2)
#define DESC_INNER_SHAREABLE (UINT64_C(3) << 8)
#define WALK_MAIR UINT64_C(0xff00) /* 0 device-nGnRnE, 1 normal write-back */
/* T0SZ = T1SZ = 25, 4 KiB granules, write-back walks, 40-bit addresses */
#define WALK_TCR                                                              \
	((UINT64_C(2) << 32) | (UINT64_C(2) << 30) | (UINT64_C(0x35) << 24) | \
	 (UINT64_C(25) << 16) | (UINT64_C(0x35) << 8) | 25)
/* the same with T1SZ = 48 and pages of 64 KiB there */
#define WALK_TCR_NO_LEVEL \
	((WALK_TCR & ~(UINT64_C(63) << 16)) | (UINT64_C(3) << 30) | (UINT64_C(48) << 16))
#define DESC_TABLE UINT64_C(3)
#define SCTLR_M UINT64_C(1)
#define UPPER_HALF UINT64_C(0xffffff8000000000)

static uint64_t walk_table[WALK_ENTRIES] __attribute__((aligned(4096)));

static void set_sctlr_m(bool on)
{
	uint64_t v;

	__asm__ volatile("mrs %0, sctlr_el1" : "=r"(v));
	v = on ? v | SCTLR_M : v & ~SCTLR_M;
	__asm__ volatile("msr sctlr_el1, %0\n\tisb\n\ttlbi vmalle1\n\tdsb sy\n\tisb" ::"r"(v)
			 : "memory");
}

static void make_tables(uint64_t devices_as)
{
	for (uint64_t i = 0; i < WALK_ENTRIES; i++)
		walk_table[i] = (i << BLOCK_SHIFT) | DESC_BLOCK | DESC_INNER_SHAREABLE |
				(i ? DESC_ATTR_NORMAL : devices_as);
	__asm__ volatile(
		"msr ttbr0_el1, %0\n\tmsr tcr_el1, %1\n\tmsr mair_el1, %2\n\tdsb sy\n\tisb" ::"r"(
			walk_table),
		"r"(WALK_TCR), "r"(WALK_MAIR)
		: "memory");
}

static void phase_walk(void)
{
	struct access upper = { LDR64, UPPER_HALF, 0 };
	struct access last = { LDR64, (uint64_t)(WALK_ENTRIES - 1) << BLOCK_SHIFT, 0 };
	struct guest_fault f;
	bool ok = true;

	make_tables(0);
	for (unsigned int i = 0; i < 16; i++) {
		/* The table of the upper half is where nothing is: an external abort on the walk. */
		uint64_t ttbr1 = (UINT64_C(1) << 37) + ((uint64_t)i << 20);
		unsigned int fsc;

		__asm__ volatile("msr ttbr1_el1, %0\n\tisb" ::"r"(ttbr1));
		set_sctlr_m(true);
		bool back = guest_try(do_access, &upper, &f);

		set_sctlr_m(false);
		fsc = (unsigned int)f.esr & ESR_FSC_MASK;
		if (back || exception_class(&f) != EC_DABT_CUR ||
		    !((fsc >= FSC_EXTERNAL_WALK0 && fsc <= FSC_EXTERNAL_WALK3) ||
		      fsc == FSC_EXTERNAL)) {
			guest_printf("# tables at 0x%lx: esr=0x%lx\n", ttbr1, back ? 0 : f.esr);
			ok = false;
		}
	}
	report(ok, "translation tables where nothing is");
	/* The other half's tables cannot be: who walks them in software must not try. */
	walk_table[WALK_ENTRIES - 1] = (UINT64_C(1) << 37) | DESC_TABLE;
	__asm__ volatile("msr ttbr1_el1, %0\n\tmsr tcr_el1, %1\n\tisb" ::"r"(walk_table),
			 "r"(WALK_TCR_NO_LEVEL));
	set_sctlr_m(true);
	ok = !guest_try(do_access, &last, &f);
	set_sctlr_m(false);
	report(ok && exception_class(&f) == EC_DABT_CUR, "an address space smaller than a page");
	alive("alive after the table walks");
}

/* --- notify registers of QEMU's virtio-mmio transports: ioeventfds
 * ---------------------------------------------------------------- */
#define VIRTIO_MMIO UINT64_C(0x0a000000)
#define VIRTIO_MMIO_SIZE 0x200u
#define VIRTIO_MMIO_SLOTS 32u
#define VIRTIO_MMIO_NOTIFY 0x50u

static bool notify_all(void)
{
	static const uint64_t value[] = { 0, 1, 2, 63, 64, 0x10000, UINT32_MAX, UINT64_MAX };
	bool ok = true;

	for (uint64_t slot = 0; slot < VIRTIO_MMIO_SLOTS; slot++) {
		uint64_t at = VIRTIO_MMIO + slot * VIRTIO_MMIO_SIZE + VIRTIO_MMIO_NOTIFY;

		for (unsigned int k = 0; k < ACCESS_KINDS; k++)
			for (uint64_t off = 0; off < 16; off++)
				ok &= check_store((enum access_kind)k, at - 8 + off, rnd(), false);
		for (size_t i = 0; i < sizeof(value) / sizeof(value[0]); i++)
			for (unsigned int k = STR8; k <= STR64; k++)
				ok &= check_store((enum access_kind)k, at, value[i], false);
	}
	return ok;
}

static void phase_notify(void)
{
	bool ok;

	if (!user_vm)
		return;
	report(notify_all(), "every access kind around every notify register");
	/* As normal memory nothing keeps a misaligned or an exclusive access from getting there. */
	make_tables(DESC_ATTR_NORMAL);
	set_sctlr_m(true);
	ok = notify_all();
	set_sctlr_m(false);
	report(ok, "the same, mapped as normal memory");
	alive("alive after the notify registers");
}

/* --- GIC distributor
 * -------------------------------------------------------------------------------- */
static void phase_gicd(void)
{
	static const enum access_kind kinds[] = { LDR8,	 LDR16, LDR32,	LDR64, STR8, STR16,
						  STR32, STR64, STRXZR, LDP,   STP };
	static const uint32_t value[] = { 0, ~0u, 0xa5a5a5a5u };
	bool ok = true;

	for (uint64_t off = 0; off < 0x1000; off++) {
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			ok &= check_access(kinds[k], GICD_BASE + off, false);
	}
	report(ok, "every width at every distributor offset");
	for (size_t v = 0; v < sizeof(value) / sizeof(value[0]); v++) {
		for (uint64_t off = 0; off < 0x1000; off += 4) {
			/* Software generated and foreign pending interrupts are allowed to arrive:
			 * they are masked. */
			mmio_write32(GICD_BASE + off, value[v]);
			(void)mmio_read32(GICD_BASE + off);
		}
	}
	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t off = rnd() & 0xffc;

		if (rnd() & 1)
			mmio_write32(GICD_BASE + off, (uint32_t)rnd());
		else
			(void)mmio_read32(GICD_BASE + off);
	}
	/* Take and end whatever is pending now, so that the list registers drain. */
	mmio_write32(GICC_BASE + GICC_PMR, 0xf8);
	mmio_write32(GICC_BASE + GICC_CTLR, 1);
	for (unsigned int i = 0; i < 4096; i++) {
		uint32_t iar = mmio_read32(GICC_BASE + GICC_IAR);

		if ((iar & 0x3ff) >= 1020)
			break;
		mmio_write32(GICD_BASE + GICD_ICENABLER + 4 * ((iar & 0x3ff) / 32),
			     1u << (iar & 31));
		mmio_write32(GICC_BASE + GICC_EOIR, iar);
	}
	for (uint64_t off = GICD_ICENABLER; off < GICD_ICENABLER + 0x80; off += 4)
		mmio_write32(GICD_BASE + off, ~0u);
	for (uint64_t off = GICD_ICPENDR; off < GICD_ICPENDR + 0x80; off += 4)
		mmio_write32(GICD_BASE + off, ~0u);
	for (uint64_t off = GICD_ICACTIVER; off < GICD_ICACTIVER + 0x80; off += 4)
		mmio_write32(GICD_BASE + off, ~0u);
	for (uint64_t off = GICD_IGROUPR; off < GICD_IGROUPR + 0x80; off += 4)
		mmio_write32(GICD_BASE + off, 0);
	alive("alive after distributor writes of all kinds");
}

/* --- hypercalls
 * ------------------------------------------------------------------------------------- */
static void do_hvc_imm(void *arg)
{
	(void)arg;
	__asm__ volatile(
		"mov x0, #0x84000000\n\tmov x7, #0\n\thvc #1\n\thvc #0xff\n\thvc #0xffff" ::
			: "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "memory");
}

static void do_smc_imm(void *arg)
{
	(void)arg;
	__asm__ volatile(
		"mov x0, #0x84000000\n\tmov x7, #0\n\tsmc #1\n\tsmc #0xff\n\tsmc #0xffff" ::
			: "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "memory");
}

struct call {
	struct guest_regs r;
	bool hvc;
};

static void do_call(void *arg)
{
	struct call *c = arg;

	if (c->hvc)
		guest_hvc(&c->r);
	else
		guest_smc(&c->r);
}

/* Functions that stop or restart the machine or this vCPU when they are called properly. */
static bool ends_us(uint64_t fn)
{
	switch ((uint32_t)fn & ~PSCI_SMC64) {
	case PSCI_CPU_OFF:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_SYSTEM_RESET2:
		return true;
	default:
		return false;
	}
}

static void phase_calls(void)
{
	struct guest_fault f;
	struct call c;

	(void)guest_try(do_hvc_imm, NULL, &f);
	(void)guest_try(do_smc_imm, NULL, &f);
	report(true, "hvc and smc with other immediates");
	for (unsigned int i = 0; i < 8192; i++) {
		uint64_t fn =
			((uint64_t)(i & 0xff) << 24) | (rnd() & 0x1f) | ((rnd() & 1) ? 0xff00 : 0);

		if (ends_us(fn))
			continue;
		for (unsigned int k = 1; k < 7; k++)
			c.r.x[k] = rnd();
		c.r.x[0] = fn;
		c.r.x[7] = 0;
		c.hvc = rnd() & 1;
		/* These wait for an interrupt. */
		if (((uint32_t)fn & ~PSCI_SMC64) == PSCI_CPU_SUSPEND || fn == SELKIE_HVC_LEND)
			guest_timer_arm(1000);
		(void)guest_try(do_call, &c, &f);
	}
	report(true, "8192 function identifiers with wild arguments");
	/* System call numbers of the kernel: -64..63 in x7, capability addresses in x0. */
	for (int64_t nr = -64; nr < 64; nr++) {
		for (uint64_t cap = 0; cap < 300; cap += 1 + (rnd() & 7)) {
			for (unsigned int k = 1; k < 7; k++)
				c.r.x[k] = rnd() & 0xff;
			c.r.x[0] = ends_us(cap) ? 0 : cap;
			c.r.x[7] = (uint64_t)nr;
			c.hvc = true;
			(void)guest_try(do_call, &c, &f);
		}
	}
	report(true, "kernel system call numbers by hvc");
	alive("alive after hypercalls");
}

static void phase_psci(void)
{
	static const uint64_t wild[] = { 0,	     1,		 7,    8,	  0xff,	   0x100,
					 0x80000000, 0x80000001, ~0ul, 1ul << 63, 0xffffff };
	static const uint32_t fn[] = {
		(PSCI_CPU_ON | PSCI_SMC64), PSCI_CPU_ON,  (PSCI_AFFINITY_INFO | PSCI_SMC64),
		PSCI_AFFINITY_INFO,	    PSCI_MIGRATE, PSCI_FEATURES
	};
	size_t n = sizeof(wild) / sizeof(wild[0]);
	bool ok = true;

	for (size_t i = 0; i < sizeof(fn) / sizeof(fn[0]); i++) {
		for (size_t a = 0; a < n * n * n; a++) {
			struct guest_regs r = { { fn[i], wild[a % n], wild[a / n % n],
						  wild[a / n / n], 0, 0, 0, 0 } };

			guest_psci(&r);
			/* On a machine with one vCPU no CPU_ON can succeed: ourselves is
			 * ALREADY_ON. */
			if (i < 2 && (int32_t)r.x[0] >= 0) {
				guest_printf("# CPU_ON(0x%lx) answers %ld\n", wild[a % n],
					     (long)r.x[0]);
				ok = false;
			}
		}
	}
	report(ok, "PSCI with wild arguments");
	{
		struct guest_regs r = { { PSCI_SYSTEM_RESET2, 0x12345678, 0, 0, 0, 0, 0, 0 } };

		guest_psci(&r);
		report((int32_t)r.x[0] < 0, "SYSTEM_RESET2 of an unknown type is refused");
	}
	alive("alive after PSCI");
}

/* --- timers and system registers
 * ---------------------------------------------------------------------- */
static void phase_timers(void)
{
	for (unsigned int i = 0; i < 20000; i++) {
		/* The physical timer is shared with the hypervisor's own services: they must
		 * survive this. */
		__asm__ volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1" ::"r"(rnd()),
				 "r"(rnd() & 3));
		if (i % 64 == 0)
			__asm__ volatile(
				"msr cntv_cval_el0, %0\n\tmsr cntv_ctl_el0, %1\n\tisb" ::"r"(rnd()),
				"r"(rnd() & 3));
	}
	__asm__ volatile("msr cntp_ctl_el0, xzr\n\tmsr cntv_ctl_el0, xzr\n\tisb");
	alive("alive after wild timer programming");
}

static void do_undefined(void *arg)
{
	(void)arg;
	__asm__ volatile(".inst 0x00000000");
}

static void do_gicv3_sysreg(void *arg)
{
	(void)arg;
	__asm__ volatile("mrs x0, s3_0_c12_c12_5" ::: "x0");
}

static void do_el2_sysreg(void *arg)
{
	(void)arg;
	__asm__ volatile("mrs x0, hcr_el2" ::: "x0");
}

static void phase_sysregs(void)
{
	struct guest_fault f = { 0, 0, 0 };
	bool ok = true;

	ok &= !guest_try(do_undefined, NULL, &f) && exception_class(&f) == EC_UNKNOWN;
	ok &= !guest_try(do_el2_sysreg, NULL, &f) && exception_class(&f) == EC_UNKNOWN;
	(void)guest_try(do_gicv3_sysreg, NULL, &f);
	report(ok, "undefined instructions stay with the guest");
	alive("alive after undefined instructions");
}

/* --- debug and PMU registers, which no kernel switches ------------------------------------------ */
#define MDSCR_SS UINT64_C(0x1)
#define MDSCR_TDCC UINT64_C(0x1000)
#define MDSCR_KDE UINT64_C(0x2000)
#define MDSCR_MDE UINT64_C(0x8000)

struct debug_write {
	uint64_t value;
	unsigned int which;
};

/* Register number `which` of the list; true when there are so many. */
static bool write_debug(unsigned int which, uint64_t value)
{
	unsigned int i = 0;

#define WRITE(read, write, fixed, bits, name)                    \
	if (i++ == which) {                                      \
		__asm__ volatile(write ::"r"(value) : "memory"); \
		return true;                                     \
	}
	DEBUG_REGISTERS(WRITE)
	OWN_REGISTERS(WRITE)
#undef WRITE
	return false;
}

static void do_write_debug(void *arg)
{
	struct debug_write *w = arg;

	if (!write_debug(w->which, w->value))
		w->which = UINT32_MAX;
}

static void set_mdscr(uint64_t value)
{
	__asm__ volatile("msr osdlr_el1, xzr\n\tmsr oslar_el1, xzr\n\tisb\n\t"
			 "msr mdscr_el1, %0\n\tisb" ::"r"(value)
			 : "memory");
}

/* Our own debug exceptions are masked. Whoever runs next is not to have any either. */
static void phase_debug(void)
{
	static const uint64_t enable[] = { MDSCR_SS, MDSCR_SS | MDSCR_MDE, MDSCR_KDE | MDSCR_MDE,
					   MDSCR_SS | MDSCR_KDE | MDSCR_MDE | MDSCR_TDCC };
	bool undefined = true, kept = true;
	struct guest_fault f;
	uint64_t value;

	for (unsigned int round = 0; round < sizeof(enable) / sizeof(enable[0]); round++) {
		struct debug_write w = { 0, 0 };

		for (unsigned int i = 0; w.which != UINT32_MAX; i++) {
			w = (struct debug_write){ rnd() | 1, i };
			if (!guest_try(do_write_debug, &w, &f) && exception_class(&f) != EC_UNKNOWN)
				undefined = false;
		}
		set_mdscr(enable[round]);
		__asm__ volatile("mrs %0, mdscr_el1" : "=r"(value));
		kept &= value == enable[round];
		/* It leaves the guest often, and waits. */
		alive("alive with debug and PMU registers set");
	}
	report(kept, "MDSCR_EL1 reads back");
	report(undefined, "a debug or PMU register is there or undefined");
	for (struct debug_write w = { 0, 0 }; w.which != UINT32_MAX;) {
		unsigned int i = w.which;

		(void)guest_try(do_write_debug, &w, &f);
		if (w.which != UINT32_MAX)
			w.which = i + 1;
	}
	set_mdscr(0);
	alive("alive after debug and PMU registers");
}

void guest_main(const void *dtb)
{
	(void)dtb;
	user_vm = guest_conduit_is_hvc();
	for (unsigned int i = 0; i < PATTERN_WORDS; i++)
		pattern[i] = i ^ UINT64_C(0x5e1c1e5e1c1e5e1c);
	guest_printf("hostile: start\n");
	alive("alive before");
	phase_holes();
	phase_walk();
	phase_notify();
	phase_sysregs();
	phase_timers();
	phase_debug();
	phase_gicd();
	phase_psci();
	phase_calls();
	guest_printf("1..%u\n# %u failed\n", tests, failures);
	guest_printf("hostile: done\n");
}
