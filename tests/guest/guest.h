/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runtime of the bare test guests: console, PSCI, GICv2, virtual timer, and expected exceptions.
 * One vCPU, EL1, MMU off, no floating point.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Addresses every machine we run on has in common (QEMU's and our "virt"). */
#define UART_BASE 0x09000000ul
#define GICD_BASE 0x08000000ul
#define GICC_BASE 0x08010000ul

#define INTID_VTIMER 27u

/* What an exception handler saw last. */
struct guest_fault {
	uint64_t esr;
	uint64_t far;
	uint64_t elr;
};

/* Arguments and results of a hypercall: x0..x7. */
struct guest_regs {
	uint64_t x[8];
};

/* The program. `dtb` is what x0 was at the entry. */
void guest_main(const void *dtb);

/* Console. Without one, guest_mute() first: nothing is printed from then on. */
void guest_mute(void);
void guest_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* PSCI SYSTEM_OFF. Does not return. */
void guest_poweroff(void) __attribute__((noreturn));

/* What follows `name` in the command line, NULL without it. It stands in the tree as plain text. */
const char *guest_word(const void *dtb, const char *name);

/* True when the device tree's psci node says "hvc". Set before guest_main. */
bool guest_conduit_is_hvc(void);
void guest_hvc(struct guest_regs *r);
void guest_smc(struct guest_regs *r);
/* By the conduit of the device tree. */
void guest_psci(struct guest_regs *r);

/*
 * Run fn(arg) with synchronous exceptions and SErrors expected: the first one ends fn at once.
 * Returns true when fn came back by itself; otherwise *f says what happened. Nothing that fn did on
 * the stack or in callee-saved registers is kept.
 */
bool guest_try(void (*fn)(void *), void *arg, struct guest_fault *f);

/* Interrupts taken so far, by INTID, and the last one. */
extern volatile uint32_t guest_irq_count[1024];
/* GICv2: enable distributor and CPU interface, all priorities, SGIs and the virtual timer. */
void guest_gic_init(void);
/* Send SGI `n` to ourselves. */
void guest_gic_sgi(unsigned int n);
void guest_irq_enable(void);
void guest_irq_disable(void);

uint64_t guest_count(void); /* CNTVCT_EL0 */
uint64_t guest_frequency(void); /* CNTFRQ_EL0, Hz */
/* Fire the virtual timer `ticks` from now; its handler switches it off again. */
void guest_timer_arm(uint64_t ticks);

static inline void mmio_write32(uint64_t addr, uint32_t v)
{
	__asm__ volatile("str %w0, [%1]" ::"r"(v), "r"(addr) : "memory");
}

static inline uint32_t mmio_read32(uint64_t addr)
{
	uint32_t v;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(addr) : "memory");
	return v;
}

#endif
