/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry point and the fragments of the tests that need exact instructions. */

	.section .text.start, "ax"
	.global _start
_start:
	/* Keep what the kernel handed over before any of it is used. x16 and x17 come last. */
	adrp	x18, entry_regs
	add	x18, x18, :lo12:entry_regs
	stp	x0, x1, [x18, #0]
	stp	x2, x3, [x18, #16]
	stp	x4, x5, [x18, #32]
	stp	x6, x7, [x18, #48]
	stp	x8, x9, [x18, #64]
	stp	x10, x11, [x18, #80]
	stp	x12, x13, [x18, #96]
	stp	x14, x15, [x18, #112]
	stp	x16, x17, [x18, #128]
	str	x19, [x18, #152]
	stp	x20, x21, [x18, #160]
	stp	x22, x23, [x18, #176]
	stp	x24, x25, [x18, #192]
	stp	x26, x27, [x18, #208]
	stp	x28, x29, [x18, #224]
	mov	x1, sp
	stp	x30, x1, [x18, #240]
	mrs	x1, tpidr_el0
	mrs	x2, tpidrro_el0
	stp	x1, x2, [x18, #256]
	adrp	x1, boot_stack_end
	add	x1, x1, :lo12:boot_stack_end
	mov	sp, x1
	mov	x29, xzr
	mov	x30, xzr
	b	supervisor_main

	.text
/*
 * seL4_Word regs_over_yield(seL4_Word out[31]): fill every register with a pattern, Yield, and store
 * what is there afterwards. Pattern of register n: 0x5a00 + n.
 */
	.global regs_over_yield
regs_over_yield:
	stp	x29, x30, [sp, #-112]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	str	x0, [sp, #96]
	.irp	n, 0,1,2,3,4,5,6,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	mov	x\n, #(0x5a00 + \n)
	.endr
	mov	x7, #-11
	svc	#0x123
	str	x0, [sp, #104]
	ldr	x0, [sp, #96]
	str	x1, [x0, #8]
	.irp	n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	str	x\n, [x0, #(8 * \n)]
	.endr
	ldr	x1, [sp, #104]
	str	x1, [x0]
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #112
	ret

/* Labels whose addresses the tests of faults compare with the faulting pc. */
	.global	frag_load, frag_store, frag_udf, frag_svc, frag_spin, frag_cntvct, frag_jump
frag_load:				/* x0: address, x1: where to store what was read */
	ldr	x2, [x0]
	str	x2, [x1]
	b	frag_spin
frag_store:				/* x0: address, x1: value, x2: flag to set behind it */
	str	x1, [x0]
	mov	x3, #1
	str	x3, [x2]
	b	frag_spin
frag_udf:				/* x2: flag to set behind it */
	.inst	0x00000000
	mov	x3, #1
	str	x3, [x2]
	b	frag_spin
frag_svc:				/* x7: number, x9: where to store x0..x7 after it */
	svc	#0
	stp	x0, x1, [x9]
	stp	x2, x3, [x9, #16]
	stp	x4, x5, [x9, #32]
	stp	x6, x7, [x9, #48]
	mov	x10, #1
	str	x10, [x9, #64]
frag_spin:
	b	frag_spin
frag_cntvct:
	mrs	x0, cntvct_el0
	b	frag_spin
frag_jump:				/* x0: where to */
	br	x0

/* Put x0 into FP registers and check that it stays; count at [x1], and at [x1, #8] when it did not. */
	.global	frag_fp_keep
frag_fp_keep:
	fmov	d0, x0
	fmov	d31, x0
1:	fmov	x2, d0
	fmov	x3, d31
	cmp	x2, x0
	b.ne	2f
	cmp	x3, x0
	b.ne	2f
	ldr	x2, [x1]
	add	x2, x2, #1
	str	x2, [x1]
	b	1b
2:	mov	x2, #1
	str	x2, [x1, #8]
	b	frag_spin

	.bss
	.balign	16
boot_stack:
	.skip	8192
boot_stack_end:
