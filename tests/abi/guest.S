/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Code of the test guests (EL1). It is copied to GUEST_CODE and entered at one of its labels with
 * x28 = the data page, x0 and x1 as the test wants. "CHECKPOINT n" tells the test that the guest got
 * there: an hvc that is no seL4 system call, with x7 = 0x100 + n. Names in abi_guest.h.
 */
#include "abi_guest.h"

	.macro	CHECKPOINT n
	mov	x7, #(0x100 + \n)
	hvc	#\n
	.endm

	.macro	PROBE name, insns:vararg
	.global	\name
\name:
	\insns
	CHECKPOINT 0
	b	.
	.endm

	.section .rodata.guest, "a"
	.balign 2048
	.global	guest_code_start, guest_code_end
guest_code_start:
g_vectors:
	.balign 0x80
	b	.
	.balign 0x80
	b	.
	.balign 0x80
	b	.
	.balign 0x80
	b	.
	.balign 0x80		/* current EL, SP_ELx: synchronous */
	mrs	x20, esr_el1
	mrs	x21, elr_el1
	mrs	x22, far_el1
	stp	x20, x21, [x28, #(8 * GD_SYNC_ESR)]
	str	x22, [x28, #(8 * GD_SYNC_FAR)]
	mov	x0, x20
	CHECKPOINT 1
	add	x21, x21, #4
	msr	elr_el1, x21
	eret
	.balign 0x80		/* IRQ */
	b	g_irq_entry
	.balign 0x80
	b	.
	.balign 0x80
	b	.
	.balign 0x800

g_irq_entry:
	mov	x20, #GUEST_GICV
	ldr	w21, [x20, #GICC_IAR]
	ldr	x22, [x28, #(8 * GD_IRQ_COUNT)]
	and	x23, x22, #63
	add	x23, x23, #GD_IRQ_LOG
	str	x21, [x28, x23, lsl #3]
	add	x22, x22, #1
	str	x22, [x28, #(8 * GD_IRQ_COUNT)]
	/* Silence the virtual timer: its line is a level. */
	and	x23, x21, #0x3ff
	cmp	x23, #27
	b.ne	1f
	msr	cntv_ctl_el0, xzr
	isb
1:	ldr	x23, [x28, #(8 * GD_IRQ_KEEP)]
	cbnz	x23, 2f
	str	w21, [x20, #GICC_EOIR]
	eret
2:	/* Keep it active: return with interrupts masked so that the test can look. */
	mrs	x23, spsr_el1
	orr	x23, x23, #0x80
	msr	spsr_el1, x23
	eret

/* Exits, one instruction each. x0: address, x1: data. */
	PROBE	g_str_w, str w1, [x0]
	PROBE	g_str_x, str x1, [x0]
	PROBE	g_str_h, strh w1, [x0]
	PROBE	g_str_b, strb w1, [x0]
	PROBE	g_ldr_w, ldr w3, [x0]
	PROBE	g_ldr_x, ldr x3, [x0]
	PROBE	g_ldr_b, ldrb w3, [x0]
	PROBE	g_ldr_sb, ldrsb x3, [x0]
	PROBE	g_ldr_sh, ldrsh w3, [x0]
	PROBE	g_ldp_x, ldp x3, x4, [x0]
	PROBE	g_str_wb, str w1, [x0], #4
	PROBE	g_fetch, br x0
	PROBE	g_smc, smc #3
	PROBE	g_wfi, wfi
	PROBE	g_udf, .inst 0
	PROBE	g_fp, fmov d0, xzr
	PROBE	g_physical_timer, msr cntp_cval_el0, x0
	PROBE	g_csselr_write, msr csselr_el1, x0
	PROBE	g_csselr_read, mrs x3, csselr_el1

/* Registers that no kernel switches: one or two for each bit of MDCR_EL2 that the loader sets. */
	PROBE	g_mdscr_write, msr mdscr_el1, x0
	PROBE	g_mdscr_read, mrs x3, mdscr_el1
	PROBE	g_dbgbcr_write, msr dbgbcr0_el1, x0
	PROBE	g_dbgwvr_read, mrs x3, dbgwvr3_el1
	PROBE	g_oslar_write, msr oslar_el1, x0
	PROBE	g_osdlr_read, mrs x3, osdlr_el1
	PROBE	g_mdrar_read, mrs x3, mdrar_el1
	PROBE	g_pmcr_write, msr pmcr_el0, x0
	PROBE	g_pmccntr_read, mrs x3, pmccntr_el0
	PROBE	g_pmuserenr_write, msr pmuserenr_el0, x0

/* A breakpoint instruction, with own vectors. */
	.global	g_brk
g_brk:
	adr	x0, g_vectors
	msr	vbar_el1, x0
	isb
	brk	#7
	CHECKPOINT 0
	b	.

/* hvc with x0, x1 and the number given in the data page; the results come with a checkpoint. */
	.global	g_hvc
g_hvc:
	ldr	x7, [x28, #(8 * GD_NUMBER)]
	mov	x2, #0x52
	mov	x3, #0x53
	mov	x4, #0x54
	mov	x5, #0x55
	mov	x6, #0x56
	.global	g_hvc_insn
g_hvc_insn:
	hvc	#0
	stp	x0, x1, [x28, #(8 * GD_RESULT)]
	stp	x2, x3, [x28, #(8 * GD_RESULT + 16)]
	stp	x4, x5, [x28, #(8 * GD_RESULT + 32)]
	stp	x6, x7, [x28, #(8 * GD_RESULT + 48)]
	mrs	x1, currentel
	CHECKPOINT 0
	b	.

/* Own exceptions stay in the guest: svc, undefined instruction, FP without CPACR. */
	.global	g_own_exceptions
g_own_exceptions:
	adr	x0, g_vectors
	msr	vbar_el1, x0
	isb
	svc	#7
	.inst	0
	fmov	d0, xzr
	CHECKPOINT 0
	b	.

/* Identification and counters, left in the data page. */
	.global	g_sysregs
g_sysregs:
	mrs	x1, sctlr_el1
	mrs	x2, mpidr_el1
	stp	x1, x2, [x28, #(8 * GD_RESULT)]
	mrs	x1, midr_el1
	mrs	x2, cntvct_el0
	stp	x1, x2, [x28, #(8 * GD_RESULT + 16)]
	mrs	x1, cntpct_el0
	mrs	x2, cntfrq_el0
	stp	x1, x2, [x28, #(8 * GD_RESULT + 32)]
	mrs	x1, cpacr_el1
	mrs	x2, currentel
	stp	x1, x2, [x28, #(8 * GD_RESULT + 48)]
	mrs	x1, cntkctl_el1
	mrs	x2, tpidr_el1
	stp	x1, x2, [x28, #(8 * GD_RESULT + 64)]
	CHECKPOINT 0
	b	.

/* Write x0 into the EL1 registers a context switch must keep; go round after each checkpoint. */
	.global	g_own_registers
g_own_registers:
	msr	tpidr_el1, x0
	add	x1, x0, #1
	msr	far_el1, x1
	add	x1, x0, #2
	msr	contextidr_el1, x1
	add	x1, x0, #3
	msr	elr_el1, x1
	add	x1, x0, #4
	msr	ttbr0_el1, x1
	mov	x9, x0
	CHECKPOINT 0
	mrs	x1, tpidr_el1
	mrs	x2, far_el1
	stp	x1, x2, [x28, #(8 * GD_RESULT)]
	mrs	x1, contextidr_el1
	mrs	x2, elr_el1
	stp	x1, x2, [x28, #(8 * GD_RESULT + 16)]
	mrs	x1, ttbr0_el1
	stp	x1, x9, [x28, #(8 * GD_RESULT + 32)]
	CHECKPOINT 0
	b	.

/* Stage 1 on, with the tables at x0 (T0SZ 25: level 1), then touch x1. */
	.global	g_stage1
g_stage1:
	msr	ttbr0_el1, x0
	mov	x2, #0xff
	msr	mair_el1, x2
	movz	x2, #0x3519		/* T0SZ 25, WB, inner shareable, 4 KiB */
	movk	x2, #0x0080, lsl #16	/* EPD1 */
	movk	x2, #0x2, lsl #32	/* 40-bit addresses */
	msr	tcr_el1, x2
	isb
	mrs	x2, sctlr_el1
	orr	x2, x2, #1
	msr	sctlr_el1, x2
	isb
	ldr	x3, [x1]
	CHECKPOINT 0
	b	.

/*
 * Interrupts: own vectors and CPU interface on, unmasked. Then count up in the data page for as long
 * as no checkpoint is asked for with GD_STOP; after GD_STOP irqs have been taken, checkpoint.
 */
	.global	g_irq
g_irq:
	adr	x2, g_vectors
	msr	vbar_el1, x2
	mov	x20, #GUEST_GICV
	mov	w2, #0xff
	str	w2, [x20, #GICC_PMR]
	mov	w2, #1
	str	w2, [x20, #GICC_CTLR]
	isb
	CHECKPOINT 2
	msr	daifclr, #2
1:	ldr	x2, [x28, #(8 * GD_IRQ_COUNT)]
	ldr	x3, [x28, #(8 * GD_STOP)]
	cmp	x2, x3
	b.lo	1b
	CHECKPOINT 3
	b	1b

/* The same with the virtual timer armed x0 ticks ahead (by CVAL), interrupts masked or not by x1. */
	.global	g_vtimer
g_vtimer:
	adr	x2, g_vectors
	msr	vbar_el1, x2
	mov	x20, #GUEST_GICV
	mov	w2, #0xff
	str	w2, [x20, #GICC_PMR]
	mov	w2, #1
	str	w2, [x20, #GICC_CTLR]
	mrs	x2, cntvct_el0
	add	x2, x2, x0
	msr	cntv_cval_el0, x2
	mov	x3, #1
	msr	cntv_ctl_el0, x3
	isb
	str	x2, [x28, #(8 * GD_CVAL)]
	cbz	x1, 1f
	msr	daifclr, #2
1:	ldr	x2, [x28, #(8 * GD_COUNT)]
	add	x2, x2, #1
	str	x2, [x28, #(8 * GD_COUNT)]
	ldr	x2, [x28, #(8 * GD_IRQ_COUNT)]
	ldr	x3, [x28, #(8 * GD_STOP)]
	cmp	x2, x3
	b.lo	1b
	mrs	x0, cntvct_el0
	CHECKPOINT 3
	b	1b

/* Arm the timer x0 ticks ahead, then wfi; the test decides how long the wfi lasts. */
	.global	g_vtimer_wfi, g_vtimer_wfi_insn
g_vtimer_wfi:
	mrs	x2, cntvct_el0
	add	x2, x2, x0
	msr	cntv_cval_el0, x2
	mov	x3, #1
	msr	cntv_ctl_el0, x3
	isb
g_vtimer_wfi_insn:
	wfi
	mrs	x0, cntvct_el0
	mrs	x1, cntv_ctl_el0
	CHECKPOINT 0
	b	.

/* Load x0 again and again, leave the value and a count in the data page. */
	.global	g_poll
g_poll:
	ldr	x2, [x0]
	str	x2, [x28, #(8 * GD_RESULT)]
	ldr	x2, [x28, #(8 * GD_COUNT)]
	add	x2, x2, #1
	str	x2, [x28, #(8 * GD_COUNT)]
	b	g_poll

/* Store x1 to x0 again and again. */
	.global	g_poll_store
g_poll_store:
	str	x1, [x0]
	ldr	x2, [x28, #(8 * GD_COUNT)]
	add	x2, x2, #1
	str	x2, [x28, #(8 * GD_COUNT)]
	b	g_poll_store

/* FP on, put x0 into registers and check again and again that it stays; checkpoint when not. */
	.global	g_fp_keep
g_fp_keep:
	mov	x2, #(3 << 20)
	msr	cpacr_el1, x2
	isb
	fmov	d0, x0
	fmov	d31, x0
1:	fmov	x2, d0
	fmov	x3, d31
	cmp	x2, x0
	b.ne	2f
	cmp	x3, x0
	b.ne	2f
	ldr	x2, [x28, #(8 * GD_COUNT)]
	add	x2, x2, #1
	str	x2, [x28, #(8 * GD_COUNT)]
	b	1b
2:	CHECKPOINT 0
	b	.

/* Timer armed x0 ticks ahead but masked at its source (IMASK); count. */
	.global	g_vtimer_imask
g_vtimer_imask:
	mrs	x2, cntvct_el0
	add	x2, x2, x0
	msr	cntv_cval_el0, x2
	mov	x3, #3
	msr	cntv_ctl_el0, x3
	isb
	b	g_count

/* Count in the data page for ever. */
	.global	g_count
g_count:
	ldr	x2, [x28, #(8 * GD_COUNT)]
	add	x2, x2, #1
	str	x2, [x28, #(8 * GD_COUNT)]
	b	g_count

/* To EL0 at x0 within the guest: hvc and smc are undefined there, MMIO faults as from EL1. */
	.global	g_el0, g_el0_user
g_el0:
	adr	x2, g_vectors
	msr	vbar_el1, x2
	adr	x2, g_el0_user
	msr	elr_el1, x2
	mov	x2, #0x3c0
	msr	spsr_el1, x2
	isb
	eret
g_el0_user:
	str	w1, [x0]
	b	.
guest_code_end:
