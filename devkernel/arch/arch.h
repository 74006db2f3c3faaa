/* SPDX-License-Identifier: BSD-2-Clause */
/* AArch64 at EL2, GICv2, generic timer. */
#pragma once

#include <arch/sysreg.h>
#include <object/object.h>

/* Board: physical addresses the kernel itself uses. */
#define UART_PADDR 0x09000000ul
#define GICD_PADDR 0x08000000ul
#define GICC_PADDR 0x08010000ul
#define GICH_PADDR 0x08030000ul
#define RAM_START 0x60000000ul
#define RAM_END 0xc0000000ul
#define PADDR_BITS 40
#define PADDR_END BIT(PADDR_BITS)

/* Interrupts. */
#define IRQ_MAX 159u
#define IRQ_VGIC_MAINTENANCE 25u
#define IRQ_KERNEL_TIMER 26u
#define IRQ_VTIMER 27u

static inline void dsb(void)
{
	__asm__ volatile("dsb sy" ::: "memory");
}

static inline void dsb_ishst(void)
{
	__asm__ volatile("dsb ishst" ::: "memory");
}

static inline void isb(void)
{
	__asm__ volatile("isb" ::: "memory");
}

static inline u32 mmio_read(u64 vaddr)
{
	return *(volatile u32 *)vaddr;
}

static inline void mmio_write(u64 vaddr, u32 value)
{
	*(volatile u32 *)vaddr = value;
}

/* Frame registers a thread may have: spsr is what its VCPU (or none) allows. */
u64 context_filter_spsr(const struct tcb *tcb, u64 spsr);
#define SPSR_USER 0x140ul /* EL0t, SError and FIQ masked */

/* arch/entry.S */
extern char vectors[];
void smc_call(u64 regs[8]);

/* arch/boot.c */
extern char kernel_start[], kernel_text_end[], kernel_rodata_end[], kernel_end[];

/* arch/gicv2.c */
void gic_init(void);
u32 gic_ack(void);
void gic_eoi(u32 irq);
void gic_mask(u32 irq);
void gic_unmask(u32 irq);
void gic_set_edge(u32 irq, bool edge);
void gic_send_sgi(u32 sgi, u32 target);

/* arch/timer.c: the EL2 physical timer. */
void timer_init(void);
void timer_set(u64 deadline);
void timer_off(void);

static inline u64 timer_now(void)
{
	u64 now;

	__asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(now));
	return now;
}

/* arch/vspace.c */
#define ASID_NONE 0u

void vspace_init(void);
/* Makes the thread's address space (or an empty one) current. */
void vspace_switch(struct tcb *tcb);
/* Boot: an address space of its own for `root`, in the initial pool; its ASID. */
u64 vspace_boot_assign(u64 root_paddr, void *pool);
/* Boot: 4 KiB mapping in a tree that has its tables; false if one is missing at *bits. */
bool vspace_boot_map(u64 root_paddr, u64 vaddr, u64 paddr, u64 *bits);
void vspace_boot_table(u64 root_paddr, u64 vaddr, u64 table_paddr);
void frame_finalise(struct cap cap);
void page_table_finalise(struct cap cap);
void vspace_finalise(struct cap cap);
void asid_pool_finalise(struct cap cap);
int frame_decode(struct inv *inv);
int page_table_decode(struct inv *inv);
int vspace_decode(struct inv *inv);
int asid_control_decode(struct inv *inv);
int asid_pool_decode(struct inv *inv);

/* arch/cache.c: ranges of the kernel window. */
void cache_clean_poc(u64 start, u64 end);
void cache_clean_invalidate_poc(u64 start, u64 end);
void cache_invalidate_poc(u64 start, u64 end);
void cache_unify(u64 start, u64 end);
/* Zeroes [start, end), 64-byte aligned, and writes it back to memory. */
void cache_zero_clean(u64 start, u64 end);

/* arch/vcpu.c */
void vcpu_boot(void);
void vcpu_init(struct vcpu *vcpu);
void vcpu_switch(struct vcpu *vcpu);
void vcpu_unbind(struct vcpu *vcpu);
void vcpu_finalise(struct vcpu *vcpu);
void vcpu_handle_maintenance(void);
void vcpu_handle_vtimer(void);
int vcpu_decode(struct inv *inv);

/* arch/fpu.c */
void fpu_switch(struct tcb *tcb);
/* The thread's FPU use trapped: load its state. False if it may not use the FPU. */
bool fpu_trap(struct tcb *tcb);
/* Writes the state back if it is in the registers. */
void fpu_flush(struct tcb *tcb);
void fpu_forget(struct tcb *tcb);
