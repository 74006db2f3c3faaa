/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel entry and exit. While a thread runs, SP_EL2 points to its struct context, which is the
 * first member of its struct tcb; in the kernel it points into the one kernel stack.
 */

/* struct context */
#define CTX_X30		240
#define CTX_ELR		256
#define CTX_RESTART_PC	272

#define STACK_SIZE	0x4000

	.section .bss.stack, "aw", %nobits
	.balign 16
kernel_stack:
	.space STACK_SIZE
kernel_stack_top:

	.section .text.boot, "ax"
	.global _start
	.type _start, %function
_start:
	msr	daifset, #0xf
	msr	spsel, #1
	adrp	x9, kernel_stack_top
	add	x9, x9, :lo12:kernel_stack_top
	mov	sp, x9
	bl	boot_main
	b	trap_exit
	.size _start, . - _start

	/* Everything the interrupted thread has in general registers, to its context. */
	.macro	save_context
	stp	x0, x1, [sp, #16 * 0]
	stp	x2, x3, [sp, #16 * 1]
	stp	x4, x5, [sp, #16 * 2]
	stp	x6, x7, [sp, #16 * 3]
	stp	x8, x9, [sp, #16 * 4]
	stp	x10, x11, [sp, #16 * 5]
	stp	x12, x13, [sp, #16 * 6]
	stp	x14, x15, [sp, #16 * 7]
	stp	x16, x17, [sp, #16 * 8]
	stp	x18, x19, [sp, #16 * 9]
	stp	x20, x21, [sp, #16 * 10]
	stp	x22, x23, [sp, #16 * 11]
	stp	x24, x25, [sp, #16 * 12]
	stp	x26, x27, [sp, #16 * 13]
	stp	x28, x29, [sp, #16 * 14]
	mrs	x9, sp_el0
	mrs	x10, elr_el2
	mrs	x11, spsr_el2
	stp	x30, x9, [sp, #CTX_X30]
	stp	x10, x11, [sp, #CTX_ELR]
	str	x10, [sp, #CTX_RESTART_PC]
	adrp	x9, kernel_stack_top
	add	x9, x9, :lo12:kernel_stack_top
	mov	sp, x9
	.endm

	.macro	vector target
	.balign 0x80
	b	\target
	.endm

	.section .text.vectors, "ax"
	.balign 0x800
	.global vectors
vectors:
	/* From EL2 itself: bugs. */
	vector	kernel_fault
	vector	kernel_fault
	vector	kernel_fault
	vector	kernel_fault
	vector	kernel_fault
	vector	kernel_fault
	vector	kernel_fault
	vector	kernel_fault
	/* From EL1 or EL0, AArch64. */
	vector	entry_sync
	vector	entry_irq
	vector	entry_irq
	vector	entry_serror
	/* AArch32. */
	vector	entry_sync
	vector	entry_irq
	vector	entry_irq
	vector	entry_serror

	.section .text.entry, "ax"
	.type entry_sync, %function
entry_sync:
	save_context
	mrs	x0, esr_el2
	bl	trap_sync
	b	trap_exit
	.size entry_sync, . - entry_sync

	.type entry_irq, %function
entry_irq:
	save_context
	bl	trap_irq
	b	trap_exit
	.size entry_irq, . - entry_irq

	.type entry_serror, %function
entry_serror:
	save_context
	mrs	x0, esr_el2
	bl	trap_serror
	b	trap_exit
	.size entry_serror, . - entry_serror

	/* Leaves the kernel for the thread that sched_exit() chose. */
	.type trap_exit, %function
trap_exit:
	bl	sched_exit
	adrp	x0, sched_current
	ldr	x0, [x0, :lo12:sched_current]
	mov	sp, x0
	ldp	x30, x9, [sp, #CTX_X30]
	ldp	x10, x11, [sp, #CTX_ELR]
	msr	sp_el0, x9
	msr	elr_el2, x10
	msr	spsr_el2, x11
	ldp	x0, x1, [sp, #16 * 0]
	ldp	x2, x3, [sp, #16 * 1]
	ldp	x4, x5, [sp, #16 * 2]
	ldp	x6, x7, [sp, #16 * 3]
	ldp	x8, x9, [sp, #16 * 4]
	ldp	x10, x11, [sp, #16 * 5]
	ldp	x12, x13, [sp, #16 * 6]
	ldp	x14, x15, [sp, #16 * 7]
	ldp	x16, x17, [sp, #16 * 8]
	ldp	x18, x19, [sp, #16 * 9]
	ldp	x20, x21, [sp, #16 * 10]
	ldp	x22, x23, [sp, #16 * 11]
	ldp	x24, x25, [sp, #16 * 12]
	ldp	x26, x27, [sp, #16 * 13]
	ldp	x28, x29, [sp, #16 * 14]
	eret
	.size trap_exit, . - trap_exit

	/* The stack may be what is broken: use its top for the report, which does not return. */
	.type kernel_fault, %function
kernel_fault:
	mov	x3, sp
	mov	x4, x30
	adrp	x9, kernel_stack_top
	add	x9, x9, :lo12:kernel_stack_top
	mov	sp, x9
	mrs	x0, esr_el2
	mrs	x1, elr_el2
	mrs	x2, far_el2
	bl	trap_kernel_fault
	b	.
	.size kernel_fault, . - kernel_fault

	/* void smc_call(u64 regs[8]) */
	.section .text.smc, "ax"
	.global smc_call
	.type smc_call, %function
smc_call:
	stp	x29, x30, [sp, #-32]!
	str	x0, [sp, #16]
	mov	x9, x0
	ldp	x0, x1, [x9, #16 * 0]
	ldp	x2, x3, [x9, #16 * 1]
	ldp	x4, x5, [x9, #16 * 2]
	ldp	x6, x7, [x9, #16 * 3]
	smc	#0
	ldr	x9, [sp, #16]
	stp	x0, x1, [x9, #16 * 0]
	stp	x2, x3, [x9, #16 * 1]
	stp	x4, x5, [x9, #16 * 2]
	stp	x6, x7, [x9, #16 * 3]
	ldp	x29, x30, [sp], #32
	ret
	.size smc_call, . - smc_call
