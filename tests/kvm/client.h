/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small KVM client that checks the ABI call by call; docs/kvm-abi.md names its tests. Each test makes what it needs and
 * closes it. Output is TAP.
 *
 * Guest code is the agent (agent.S): it asks for a command with MMIO loads, carries it out and tells the result with an
 * MMIO store, so that a test can be read from top to bottom here.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <errno.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

/* --- TAP -------------------------------------------------------------------------------------- */
void tap_ok(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void tap_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Result of a call that returns -1 and errno: `want` is 0 for success or an errno. Returns ret. */
long tap_call(long ret, int want, const char *what);
/* A precondition of the test itself does not hold: no further test makes sense. */
void die(const char *what) __attribute__((noreturn));

#define OK(call, what) tap_call(call, 0, what)
#define FAILS(call, want, what) tap_call(call, want, what)
#define IS(got, want, what)                                                           \
	do {                                                                          \
		unsigned long long got_ = (unsigned long long)(got),                  \
				   want_ = (unsigned long long)(want);                \
		tap_ok(got_ == want_, "%s: 0x%llx (want 0x%llx)", what, got_, want_); \
	} while (0)

/* Run with -r against another KVM, to check the tests: what Selkie does not offer on purpose is not looked at then. */
extern bool reference;
#define OURS(statement)            \
	do {                       \
		if (!reference)    \
			statement; \
	} while (0)

/* --- KVM -------------------------------------------------------------------------------------- */
#define RAM_GPA 0x80000000ull
#define RAM_SIZE 0x400000ull
#define AGENT_GPA 0x10000000ull
#define GICD_GPA 0x08000000ull
#define GICC_GPA 0x08010000ull
/* Nothing is ever there. */
#define VOID_GPA 0x20000000ull

#define VM_MAX_VCPUS 8

struct vm {
	int kvm;
	int fd;
	int gic;
	int vcpus;
	int vcpu[VM_MAX_VCPUS];
	struct kvm_run *run[VM_MAX_VCPUS];
	uint8_t *ram; /* RAM_SIZE bytes at RAM_GPA, slot 0; NULL without */
	size_t run_size;
};

int kvm_open(void);
/* VM with `vcpus` initialised vCPUs; the others are powered off. */
void vm_make(struct vm *vm, int vcpus);
void vm_make_ram(struct vm *vm);
/* GICv2 of `intids` interrupts at GICD_GPA and GICC_GPA, initialised. */
void vm_make_gic(struct vm *vm, uint32_t intids);
void vm_close(struct vm *vm);

int set_slot(int fd, uint32_t slot, uint32_t flags, uint64_t gpa, uint64_t size, const void *hva);
/* KVM's preferred target, GENERIC_V8 with Selkie */
uint32_t vcpu_target(void);
int vcpu_init(int fd, uint32_t feature_bits);
int get_reg(int fd, uint64_t id, void *value);
int set_reg(int fd, uint64_t id, const void *value);
uint64_t reg64(int fd, uint64_t id);
int set_reg64(int fd, uint64_t id, uint64_t value);
int set_attr(int fd, uint32_t group, uint64_t attr, void *value);
int get_attr(int fd, uint32_t group, uint64_t attr, void *value);
int has_attr(int fd, uint32_t group, uint64_t attr);
int irq_line(int fd, uint32_t type, uint32_t vcpu, uint32_t number, int level);
int ioevent(int fd, int event, uint64_t addr, uint32_t len, uint32_t flags, uint64_t datamatch);
int irqfd(int fd, int event, uint32_t gsi, uint32_t flags, int resample);
/* Counter of a non-blocking eventfd, 0 when it is not signalled. */
uint64_t eventfd_take(int event);
/* Waits up to `ms` for it. */
uint64_t eventfd_wait(int event, int ms);

#define REG_CORE(field) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(field))
#define REG_X(n) (REG_CORE(regs.regs[0]) + 2 * (n))
#define REG_PC REG_CORE(regs.pc)
#define REG_PSTATE REG_CORE(regs.pstate)
#define REG_SYS(op0, op1, crn, crm, op2) ARM64_SYS_REG(op0, op1, crn, crm, op2)
#define REG_MPIDR REG_SYS(3, 0, 0, 0, 5)

/* --- agent ------------------------------------------------------------------------------------ */
enum agent_op {
	OP_NOP = 0,
	OP_LOAD64 = 1, /* a: address -> value */
	OP_STORE64 = 2, /* a: address, b: value */
	OP_LOAD32 = 3,
	OP_STORE32 = 4,
	OP_STORE16 = 5,
	OP_STORE8 = 6,
	OP_HVC = 7, /* a, b, c: x0..x2, x3 = d -> x0 */
	OP_WFI = 8, /* -> 0 when it goes on */
	OP_IRQS = 9, /* a: GICC address: takes interrupts from here on */
	OP_TIMER = 10, /* a: CNTV_CVAL, b: CNTV_CTL */
	OP_COUNT = 11, /* -> CNTVCT */
	OP_MMU = 12, /* a: TTBR0, b: TCR, c: MAIR: MMU on */
	OP_TLBI = 13,
	OP_CALL = 14, /* a: address of code */
	OP_LOADS =
		15, /* a: address: loads of all kinds from it, results with OP_RESULT stores one by one */
	OP_SPIN = 16, /* never returns */
	OP_DC_CIVAC = 17, /* a: address */
	OP_LDP = 18, /* a: address: a pair, which no syndrome describes */
	OP_SYSREG =
		19, /* a: 0 ID_AA64MMFR0, 1 MPIDR, 2 MIDR, 3 ID_AA64PFR0, 4 CTR_EL0, 5 ID_AA64ISAR0 */
	OP_RET_ADDR = 20, /* -> address of a `ret` in the agent's code */
	OP_HAMMER = 21, /* a: address, b: pages, c: passes: adds 1 to the first word of each page */
	OP_THUMB = 22, /* a: address, b: value: a store by T32 code at EL0 -> 1 */
};

/* Registers of the agent's device at AGENT_GPA */
enum agent_reg {
	AGENT_OP = 0x00,
	AGENT_A = 0x08,
	AGENT_B = 0x10,
	AGENT_C = 0x18,
	AGENT_D = 0x20,
	AGENT_RESULT = 0x28,
	AGENT_IRQ = 0x30,
	AGENT_SYNC = 0x38,
};

enum agent_event {
	AGENT_DONE, /* result */
	AGENT_TOOK_IRQ, /* result: GICC_IAR */
	AGENT_EXCEPTION, /* result: ESR_EL1; the instruction is skipped when the agent goes on */
	AGENT_MMIO, /* another device: run->mmio; answer it, then agent_go() */
	AGENT_SYSTEM, /* run->system_event */
	AGENT_EXIT, /* run->exit_reason */
	AGENT_ERRNO, /* error */
};

struct agent {
	struct vm *vm;
	int vcpu;
	struct kvm_run *run;
	uint64_t op, a, b, c, d;
	uint64_t result;
	int error;
};

/* Places the agent in vm->ram and lets vCPU `vcpu` begin there. */
void agent_place(struct vm *vm);
void agent_start(struct agent *agent, struct vm *vm, int vcpu);
/* Runs until the next event. */
enum agent_event agent_go(struct agent *agent);
/* Gives a command and runs until something happens. */
enum agent_event agent_do(struct agent *agent, enum agent_op op, uint64_t a, uint64_t b,
			  uint64_t c);
/* The same, with the test failing when it is not AGENT_DONE; returns the result. */
uint64_t agent_get(struct agent *agent, enum agent_op op, uint64_t a, uint64_t b, uint64_t c);
/* One raw KVM_RUN: 0 or errno. */
int agent_run(struct agent *agent);
/* VM with `vcpus` vCPUs, RAM and an agent on vCPU 0. */
void agent_make(struct vm *vm, struct agent *agent, int vcpus);
/* Sends the agent back to its loop, wherever it is. An access that left is finished first: it moves the pc on. */
void agent_restart(struct agent *agent);
/* The data of an MMIO exit; its answer */
uint64_t agent_mmio_data(const struct kvm_run *run);
void agent_answer(struct kvm_run *run, uint64_t value);
/* A signal that interrupts KVM_RUN after `us` and every `us` from then on, until it did or alarm_us(0). */
void alarm_us(unsigned int us);
/* How often it came since alarm_us(). */
unsigned int alarms(void);

extern const uint8_t agent_code[], agent_code_end[], agent_vectors[], agent_ret[];

/* --- tests ------------------------------------------------------------------------------------ */
void test_system(void);
void test_vm(void);
void test_vcpu(void);
void test_regs(void);
void test_memory(void);
void test_vgic(void);
void test_irq(void);
void test_eventfd(void);
void test_life(void);
/* These run a guest. */
void test_run(void);
void test_paging(void);
void test_psci(void);
void test_guest_irq(void);
void test_guest_eventfd(void);
void test_cycles(void);
void test_start(void);
void test_loss(void);
void test_late(void);
void test_names(void);

#endif
