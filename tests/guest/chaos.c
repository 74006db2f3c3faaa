// SPDX-License-Identifier: BSD-2-Clause
/*
 * A user-VM that does at random what a guest can do, on each of its vCPUs: any system instruction with any value, any
 * hypercall, loads and stores anywhere, instructions drawn by lot at EL0 of both instruction sets. What it does depends on
 * the word "chaos=<seed>" of its command line only; "seconds=<n>" says for how long. It checks nothing: others beside it must
 * not notice. Each second, and at the end, a line says how much was done.
 *
 * The MMU stays off, since a guest that cannot fetch its own exception vectors executes nothing any more.
 */
#include "guest.h"

#include "arch/gicv2.h"
#include "arch/pstate.h"
#include "arch/psci.h"
#include "arch/smccc.h"
#include "arch/sysreg.h"
#include "string/string.h"

#define CPUS 2u
#define STACK_SIZE 0x2000u
#define CODE_WORDS 64u
/* Behind this program and the device tree: what stores may hit. */
#define ARENA UINT64_C(0x44000000)
#define ARENA_SIZE UINT64_C(0x1000000)
#define RAM_BASE UINT64_C(0x40000000)
#define RAM_SIZE UINT64_C(0x8000000)
#define IPA_LIMIT (UINT64_C(1) << 40)
#define FLASH_SIZE UINT64_C(0x08000000)

/* System instructions (Arm ARM C6.2, MSR (register), MRS, SYS, SYSL, MSR (immediate), hints, barriers) */
#define INSN_SYSTEM 0xd5000000u
#define INSN_SYSTEM_L (1u << 21)
#define INSN_SYSTEM_OP0 0x00180000u
#define INSN_SYSTEM_OP1 0x00070000u
#define INSN_SYSTEM_CRN 0x0000f000u
#define INSN_SYSTEM_CRM 0x00000f00u
#define INSN_SYSTEM_OP2 0x000000e0u
#define INSN_HVC 0xd4000002u
#define INSN_SMC 0xd4000003u
#define INSN_IMM16 0x001fffe0u
#define INSN_RET 0xd65f03c0u
#define INSN_WFE 0xd503205fu
#define INSN_WFI 0xd503207fu
#define SYSTEM_CRN_CACHE 7u

/* What chaos_vectors come back with from an interrupt; synchronous exceptions and SErrors count as faults. */
#define VECTOR_KINDS 4u
#define VECTOR_IRQ 1u
#define VECTOR_FIQ 2u

#define GIC_SPECIAL 1020u
#define PSTATE_MODE_USR (PSTATE_NRW)
#define PSTATE_T (1u << 5)

struct cpu {
	uint64_t frame[13]; /* x19..x30, sp of chaos_try() */
	uint64_t seed;
	uint64_t actions;
	uint64_t faults;
	uint64_t said; /* whole seconds a line was printed for */
	uint32_t *code; /* CODE_WORDS of its own */
	unsigned int id;
};
_Static_assert(offsetof(struct cpu, frame) == 0, "chaos_try() stores from the beginning");

/* Calls fn(cpu); 0, or 1 + the number of the vector that ended it. Runs with interrupts masked. */
uint64_t chaos_try(struct cpu *cpu, void (*fn)(struct cpu *));
/* Runs `code` with x0, x1 = value; puts SCTLR_EL1, VBAR_EL1, SPSel and DAIF right behind it. */
void chaos_system(const uint32_t *code, uint64_t value);
/* ERET to EL0 at `code` with that value in each register. Comes back by an exception only. */
void chaos_el0(const uint32_t *code, uint64_t spsr, uint64_t registers);
void chaos_entry(void) __attribute__((noreturn));
void chaos_secondary(struct cpu *cpu) __attribute__((noreturn));

struct cpu chaos_cpus[CPUS];
uint8_t chaos_stacks[CPUS][STACK_SIZE] __attribute__((aligned(16)));
static uint32_t code[CPUS][CODE_WORDS] __attribute__((aligned(64)));
static uint64_t begin_count;
static uint64_t seed, seconds; /* of the command line */

#define CHAOS_ASM_SCTLR \
	"	movz	x9, #0x0800\n	movk	x9, #0x30d0, lsl #16\n	msr	sctlr_el1, x9\n"
_Static_assert(SCTLR_EL1_RESET == 0x30d00800u, "CHAOS_ASM_SCTLR");
_Static_assert(sizeof(struct cpu) == 152 && STACK_SIZE == 1u << 13, "the assembly below");

/* clang-format off */
__asm__(".text\n"
	/* x0 = this vCPU's struct cpu, by MPIDR_EL1, which a guest cannot change; x1 is clobbered. */
	".macro	this_cpu\n"
	"	mrs	x0, mpidr_el1\n"
	"	and	x0, x0, #0xff\n"
	"	mov	x1, #152\n"
	"	mul	x0, x0, x1\n"
	"	adrp	x1, chaos_cpus\n"
	"	add	x1, x1, :lo12:chaos_cpus\n"
	"	add	x0, x0, x1\n"
	".endm\n"
	".balign 0x800\n"
	"chaos_vectors:\n"
	".irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16\n"
	".balign 0x80\n"
	"	mov	x8, #\\n\n"
	"	b	chaos_back\n"
	".endr\n"
	"chaos_back:\n"
	CHAOS_ASM_SCTLR
	"	isb\n"
	"	msr	spsel, #1\n"
	"	msr	daifset, #0xf\n"
	"	this_cpu\n"
	"	ldp	x19, x20, [x0, #0]\n"
	"	ldp	x21, x22, [x0, #16]\n"
	"	ldp	x23, x24, [x0, #32]\n"
	"	ldp	x25, x26, [x0, #48]\n"
	"	ldp	x27, x28, [x0, #64]\n"
	"	ldp	x29, x30, [x0, #80]\n"
	"	ldr	x1, [x0, #96]\n"
	"	mov	sp, x1\n"
	"	mov	x0, x8\n"
	"	ret\n"
	".global chaos_try\n"
	"chaos_try:\n"
	"	stp	x29, x30, [sp, #-16]!\n"
	"	bl	1f\n"
	"	ldp	x29, x30, [sp], #16\n"
	"	ret\n"
	"1:	stp	x19, x20, [x0, #0]\n"
	"	stp	x21, x22, [x0, #16]\n"
	"	stp	x23, x24, [x0, #32]\n"
	"	stp	x25, x26, [x0, #48]\n"
	"	stp	x27, x28, [x0, #64]\n"
	"	stp	x29, x30, [x0, #80]\n"
	"	mov	x2, sp\n"
	"	str	x2, [x0, #96]\n"
	"	str	x30, [sp, #-16]!\n"
	"	blr	x1\n"
	"	ldr	x30, [sp], #16\n"
	"	mov	x0, #0\n"
	"	ret\n"
	".global chaos_system\n"
	"chaos_system:\n"
	"	str	x30, [sp, #-16]!\n"
	"	mov	x11, x0\n"
	"	mov	x0, x1\n"
	"	adrp	x10, chaos_vectors\n"
	"	add	x10, x10, :lo12:chaos_vectors\n"
	"	blr	x11\n"
	CHAOS_ASM_SCTLR
	"	msr	vbar_el1, x10\n"
	"	isb\n"
	"	msr	spsel, #1\n"
	"	msr	daifset, #0xf\n"
	"	ldr	x30, [sp], #16\n"
	"	ret\n"
	".global chaos_el0\n"
	"chaos_el0:\n"
	"	msr	elr_el1, x0\n"
	"	msr	spsr_el1, x1\n"
	"	msr	sp_el0, x2\n"
	/* No register holds an address of this program: at EL0 nothing else protects it. */
	".irp n, 0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30\n"
	"	mov	x\\n, x2\n"
	".endr\n"
	"	eret\n"
	/* Of each vCPU, at its start and at each CPU_ON. */
	".global chaos_entry\n"
	"chaos_entry:\n"
	"	msr	daifset, #0xf\n"
	CHAOS_ASM_SCTLR
	"	adrp	x10, chaos_vectors\n"
	"	add	x10, x10, :lo12:chaos_vectors\n"
	"	msr	vbar_el1, x10\n"
	"	isb\n"
	"	this_cpu\n"
	"	adrp	x1, chaos_stacks\n"
	"	add	x1, x1, :lo12:chaos_stacks\n"
	"	mrs	x2, mpidr_el1\n"
	"	and	x2, x2, #0xff\n"
	"	add	x2, x2, #1\n"
	"	add	x1, x1, x2, lsl #13\n"
	"	mov	sp, x1\n"
	"	b	chaos_secondary\n");
/* clang-format on */

static uint64_t rnd(struct cpu *cpu)
{
	cpu->seed ^= cpu->seed >> 12;
	cpu->seed ^= cpu->seed << 25;
	cpu->seed ^= cpu->seed >> 27;
	return cpu->seed * UINT64_C(0x2545f4914f6cdd1d);
}

/* xorshift64*'s lowest bits are its weakest. */
static uint64_t below(struct cpu *cpu, uint64_t n)
{
	return (rnd(cpu) >> 16) % n;
}

/* Any word, or one of few bits, which means more to most registers. */
static uint64_t value(struct cpu *cpu)
{
	switch (below(cpu, 6)) {
	case 0:
		return 0;
	case 1:
		return ~UINT64_C(0);
	case 2:
		return UINT64_C(1) << below(cpu, 64);
	case 3:
		return UINT64_C(1) << below(cpu, 32) | UINT64_C(1) << below(cpu, 32);
	case 4:
		return below(cpu, 0x10000);
	default:
		return rnd(cpu);
	}
}

static uint64_t arena(struct cpu *cpu)
{
	return ARENA + below(cpu, ARENA_SIZE);
}

/* Any guest address but those of this program. */
static uint64_t address(struct cpu *cpu)
{
	uint64_t a;

	switch (below(cpu, 6)) {
	case 0:
		return GICD_BASE + below(cpu, GICD_SIZE);
	case 1:
		return GICC_BASE + below(cpu, 0x2000);
	case 2:
		return below(cpu, FLASH_SIZE);
	case 3:
		a = below(cpu, IPA_LIMIT);
		return a - RAM_BASE < RAM_SIZE ? arena(cpu) : a;
	default:
		return arena(cpu);
	}
}

static void code_ready(const uint32_t *words)
{
	for (uintptr_t p = (uintptr_t)words; p < (uintptr_t)(words + CODE_WORDS); p += 16)
		__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0" ::"r"(p) : "memory");
	__asm__ volatile("dsb ish\n\tisb" ::: "memory");
}

static void gic_ready(void)
{
	mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_ENABLE_GRP0);
	mmio_write32(GICD_BASE + GICD_ISENABLER, UINT32_C(1) << INTID_VTIMER);
	mmio_write32(GICD_BASE + GICD_IPRIORITYR + (INTID_VTIMER & ~3u), 0);
	mmio_write32(GICC_BASE + GICC_PMR, 0xf8);
	mmio_write32(GICC_BASE + GICC_CTLR, GICC_CTLR_ENABLE_GRP0);
}

static void interrupts_taken(struct cpu *cpu)
{
	uint32_t iar;

	(void)cpu;
	__asm__ volatile("msr cntv_ctl_el0, xzr\n\tisb");
	/* What is pending for ever would never let us out. */
	for (unsigned int i = 0; i < 8; i++) {
		iar = mmio_read32(GICC_BASE + GICC_IAR);
		if ((iar & 0x3ffu) >= GIC_SPECIAL)
			break;
		mmio_write32(GICC_BASE + GICC_EOIR, iar);
	}
}

/* --- what a guest can do ---------------------------------------------------------------------- */
static void system_instruction(struct cpu *cpu)
{
	uint32_t random = (uint32_t)(rnd(cpu) >> 16), insn;
	uint64_t x0 = value(cpu);

	/* Most of what exists: debug registers, then what EL1 and EL0 have; the rest by lot. */
	switch (below(cpu, 4)) {
	case 0:
		insn = FIELD_PREP(INSN_SYSTEM_OP0, 2) | FIELD_PREP(INSN_SYSTEM_CRN, below(cpu, 2)) |
		       (random & (INSN_SYSTEM_CRM | INSN_SYSTEM_OP2));
		break;
	case 1:
	case 2:
		insn = INSN_SYSTEM_OP0 | FIELD_PREP(INSN_SYSTEM_OP1, below(cpu, 2) ? 3 : 0) |
		       (random & (INSN_SYSTEM_CRN | INSN_SYSTEM_CRM | INSN_SYSTEM_OP2));
		break;
	default:
		insn = random & (INSN_SYSTEM_OP0 | INSN_SYSTEM_OP1 | INSN_SYSTEM_CRN |
				 INSN_SYSTEM_CRM | INSN_SYSTEM_OP2);
	}
	insn |= INSN_SYSTEM | (below(cpu, 4) ? 0 : INSN_SYSTEM_L);
	if (FIELD_GET(INSN_SYSTEM_OP0, insn) == 0)
		insn |= 0x1fu;
	if (insn == INSN_WFI || insn == INSN_WFE)
		return;
	if (FIELD_GET(INSN_SYSTEM_OP0, insn) == 1 &&
	    FIELD_GET(INSN_SYSTEM_CRN, insn) == SYSTEM_CRN_CACHE)
		x0 = address(cpu);
	/* SCTLR_EL1: op0 3, op1 0, CRn 1, CRm 0, op2 0 */
	if ((insn | INSN_SYSTEM_L) ==
	    (INSN_SYSTEM | INSN_SYSTEM_L | INSN_SYSTEM_OP0 | FIELD_PREP(INSN_SYSTEM_CRN, 1)))
		x0 &= ~(uint64_t)SCTLR_M;
	cpu->code[0] = insn;
	cpu->code[1] = INSN_RET;
	code_ready(cpu->code);
	chaos_system(cpu->code, x0);
}

static uint64_t function_id(struct cpu *cpu)
{
	switch (below(cpu, 5)) {
	case 0:
		return PSCI_VERSION + below(cpu, 0x20) + (below(cpu, 2) ? PSCI_SMC64 : 0);
	case 1:
		return SMCCC_FAST | (below(cpu, 2) ? SMCCC_SMC64 : 0) |
		       FIELD_PREP(SMCCC_OWNER, below(cpu, 8)) | below(cpu, 0x100);
	case 2:
		return SMCCC_FAST | FIELD_PREP(SMCCC_OWNER, below(cpu, 8)) |
		       (0xff00 + below(cpu, 0x100));
	case 3:
		return SMCCC_FAST | 0x3f00 | below(cpu, 0x8000);
	default:
		return rnd(cpu);
	}
}

/* The first vCPU stays, and nobody ends the VM before its time. */
static bool ends_it(const struct cpu *cpu, uint64_t function)
{
	switch ((uint32_t)function & ~PSCI_SMC64) {
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_SUSPEND:
		return true;
	case PSCI_CPU_OFF:
	case PSCI_CPU_SUSPEND:
		return cpu->id == 0;
	default:
		return false;
	}
}

static void hypercall(struct cpu *cpu)
{
	struct guest_regs r;

	for (unsigned int i = 0; i < 8; i++)
		r.x[i] = value(cpu);
	r.x[0] = function_id(cpu);
	if (below(cpu, 2)) /* seL4's system calls are -1, -2, ... in x7 */
		r.x[7] = -below(cpu, 40);
	if (ends_it(cpu, r.x[0]))
		return;
	if (((uint32_t)r.x[0] & ~PSCI_SMC64) == PSCI_CPU_ON || below(cpu, 8) == 0) {
		r.x[0] = PSCI_CPU_ON_64;
		r.x[1] = below(cpu, 4) ? below(cpu, CPUS) : r.x[1];
		r.x[2] = (uint64_t)chaos_entry;
	}
	if (below(cpu, 2))
		guest_hvc(&r);
	else
		guest_smc(&r);
}

static void hypercall_immediate(struct cpu *cpu)
{
	cpu->code[0] = (below(cpu, 2) ? INSN_HVC : INSN_SMC) | ((uint32_t)rnd(cpu) & INSN_IMM16);
	cpu->code[1] = INSN_RET;
	code_ready(cpu->code);
	/* x0 is no function there is, x7 whatever it was. */
	chaos_system(cpu->code, below(cpu, 0x1000));
}

static void load_or_store(struct cpu *cpu)
{
	uint64_t a = address(cpu), v = value(cpu);

	switch (below(cpu, 10)) {
	case 0:
		__asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(a) : "memory");
		break;
	case 1:
		__asm__ volatile("ldrsh %0, [%1]" : "=r"(v) : "r"(a) : "memory");
		break;
	case 2:
		__asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(a) : "memory");
		break;
	case 3:
		__asm__ volatile("ldp %0, %1, [%1]" : "=r"(v), "+r"(a)::"memory");
		break;
	case 4:
		__asm__ volatile("strb %w0, [%1]" ::"r"(v), "r"(a) : "memory");
		break;
	case 5:
		__asm__ volatile("str %0, [%1]" ::"r"(v), "r"(a) : "memory");
		break;
	case 6:
		__asm__ volatile("stlr %w0, [%1]" ::"r"(v), "r"(a) : "memory");
		break;
	case 7:
		__asm__ volatile("ldxr %0, [%1]" : "=r"(v) : "r"(a) : "memory");
		break;
	case 8:
		mmio_write32(a & ~UINT64_C(3), (uint32_t)v);
		break;
	default:
		(void)mmio_read32(a & ~UINT64_C(3));
	}
}

/* The timer brings back what does not end by itself. */
static void el0(struct cpu *cpu)
{
	uint64_t spsr = PSTATE_MODE_EL0T;

	for (unsigned int i = 0; i < CODE_WORDS; i++)
		cpu->code[i] = (uint32_t)(rnd(cpu) >> 16);
	/* Coprocessor 14 and 15 and MRS/MSR are few among all instructions. */
	if (below(cpu, 2))
		cpu->code[0] = INSN_SYSTEM | ((uint32_t)(rnd(cpu) >> 16) & 0x003fffffu);
	if (below(cpu, 2)) {
		spsr = PSTATE_MODE_USR | (below(cpu, 2) ? PSTATE_T : 0);
		cpu->code[0] = 0xee000e10u | ((uint32_t)(rnd(cpu) >> 16) & 0x00ff01efu);
	}
	code_ready(cpu->code);
	gic_ready();
	guest_timer_arm(guest_frequency() / 50000);
	chaos_el0(cpu->code, spsr, address(cpu));
}

/* A pause, so that others get on, and so that WFI is among what is done: of about 5 ms. */
static void pause(struct cpu *cpu)
{
	gic_ready();
	guest_timer_arm(guest_frequency() / 100 * below(cpu, 1000) / 1000);
	__asm__ volatile("wfi");
}

static void interrupts(struct cpu *cpu)
{
	gic_ready();
	mmio_write32(GICD_BASE + GICD_SGIR, (uint32_t)rnd(cpu) & 0x03ff000fu);
	__asm__ volatile("msr daifclr, #2\n\tisb\n\tmsr daifset, #2" ::: "memory");
}

/* The other vCPU goes on when it had switched itself off. */
static void revive(struct cpu *cpu)
{
	struct guest_regs r = { { PSCI_CPU_ON_64, cpu->id ^ 1, (uint64_t)chaos_entry } };

	guest_psci(&r);
}

static void (*const deeds[])(struct cpu *) = {
	system_instruction,
	system_instruction,
	system_instruction,
	system_instruction,
	system_instruction,
	system_instruction,
	hypercall,
	hypercall,
	hypercall_immediate,
	load_or_store,
	load_or_store,
	load_or_store,
	el0,
	el0,
	interrupts,
	revive,
};
/* One pause for so many deeds, which take about 1 ms */
#define DEEDS_PER_PAUSE 32u

static void say(struct cpu *cpu)
{
	guest_printf("chaos: %lu s, seed %lu, %lu and %lu actions, %lu faults\n", cpu->said, seed,
		     chaos_cpus[0].actions, chaos_cpus[1].actions,
		     chaos_cpus[0].faults + chaos_cpus[1].faults);
}

void chaos_secondary(struct cpu *cpu)
{
	uint64_t vector, now;

	for (;;) {
		vector =
			chaos_try(cpu, cpu->actions % DEEDS_PER_PAUSE ?
					       deeds[below(cpu, sizeof(deeds) / sizeof(deeds[0]))] :
					       pause);
		cpu->actions++;
		if (vector) {
			cpu->faults++;
			if ((vector - 1) % VECTOR_KINDS == VECTOR_IRQ ||
			    (vector - 1) % VECTOR_KINDS == VECTOR_FIQ)
				chaos_try(cpu, interrupts_taken);
		}
		now = guest_count();
		if (cpu->id == 0 && (now - begin_count) / guest_frequency() != cpu->said) {
			cpu->said = (now - begin_count) / guest_frequency();
			say(cpu);
		}
		if (cpu->said >= seconds)
			guest_poweroff();
	}
}

void guest_main(const void *dtb)
{
	const char *length = guest_word(dtb, "seconds=");
	const char *word = guest_word(dtb, "chaos=");

	if (!word || !length)
		return;
	seed = strtoul(word, NULL, 10);
	seconds = strtoul(length, NULL, 10);
	begin_count = guest_count();
	for (unsigned int i = 0; i < CPUS; i++) {
		chaos_cpus[i].id = i;
		chaos_cpus[i].code = code[i];
		chaos_cpus[i].seed = (seed * CPUS + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
	}
	chaos_entry();
}
