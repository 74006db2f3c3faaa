/* SPDX-License-Identifier: BSD-2-Clause */
/* arm64 Linux Image header (Documentation/arm64/booting.rst), entry, exception vectors. */

#define IMAGE_SIZE_GUEST 0x400000

	.section .head, "ax"
	.global _start
_start:
	b	1f
	.long	0
	.quad	0x80000			/* text_offset */
	.quad	IMAGE_SIZE_GUEST	/* image_size */
	.quad	0xa			/* flags: little-endian, 4 KiB pages, anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0
1:	mov	x19, x0
	msr	daifset, #0xf
	adrp	x1, __stack_top
	add	x1, x1, :lo12:__stack_top
	mov	sp, x1
	adrp	x1, guest_vectors
	add	x1, x1, :lo12:guest_vectors
	msr	vbar_el1, x1
	isb
	/* R_AARCH64_RELATIVE is the only kind a static position-independent link leaves. */
	adrp	x1, _start
	add	x1, x1, :lo12:_start
	adrp	x2, __rela_start
	add	x2, x2, :lo12:__rela_start
	adrp	x3, __rela_end
	add	x3, x3, :lo12:__rela_end
7:	cmp	x2, x3
	b.hs	8f
	ldr	x4, [x2]
	ldr	x5, [x2, #16]
	add	x5, x5, x1
	str	x5, [x1, x4]
	add	x2, x2, #24
	b	7b
8:	adrp	x1, __bss_start
	add	x1, x1, :lo12:__bss_start
	adrp	x2, __bss_end
	add	x2, x2, :lo12:__bss_end
2:	cmp	x1, x2
	b.hs	3f
	stp	xzr, xzr, [x1], #16
	b	2b
3:	mov	x0, x19
	bl	guest_start
4:	wfi
	b	4b

	/* Synchronous exceptions and SErrors: to the point guest_try recorded. */
	.macro	vec_fault
	.balign	0x80
	b	fault_entry
	.endm

	.macro	vec_irq
	.balign	0x80
	b	irq_entry
	.endm

	.section .text.vectors, "ax"
	.balign	0x800
guest_vectors:
	.rept	4
	vec_fault			/* synchronous */
	vec_irq				/* IRQ */
	vec_irq				/* FIQ */
	vec_fault			/* SError */
	.endr

	.text
irq_entry:
	sub	sp, sp, #192
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
	mrs	x0, elr_el1
	mrs	x1, spsr_el1
	stp	x0, x1, [sp, #160]
	bl	guest_irq
	ldp	x0, x1, [sp, #160]
	msr	elr_el1, x0
	msr	spsr_el1, x1
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x30, [sp, #144]
	ldp	x0, x1, [sp, #0]
	add	sp, sp, #192
	eret

/*
 * guest_try saved sp and the callee-saved registers in try_frame. Come back there with 1. The guest may have
 * broken its stack: nothing is pushed here.
 */
fault_entry:
	msr	tpidr_el1, x0
	adrp	x0, try_frame
	add	x0, x0, :lo12:try_frame
	ldr	x1, [x0, #104]
	cbz	x1, 5f
	mrs	x1, esr_el1
	str	x1, [x0, #112]
	mrs	x1, far_el1
	str	x1, [x0, #120]
	mrs	x1, elr_el1
	str	x1, [x0, #128]
	str	xzr, [x0, #104]
	ldp	x19, x20, [x0, #0]
	ldp	x21, x22, [x0, #16]
	ldp	x23, x24, [x0, #32]
	ldp	x25, x26, [x0, #48]
	ldp	x27, x28, [x0, #64]
	ldp	x29, x30, [x0, #80]
	ldr	x1, [x0, #96]
	mov	sp, x1
	msr	elr_el1, x30
	mov	x1, #0x3c5
	msr	spsr_el1, x1
	mov	x0, #1
	eret
5:	mrs	x0, esr_el1
	mrs	x1, elr_el1
	mrs	x2, far_el1
	adrp	x3, __stack_top
	add	x3, x3, :lo12:__stack_top
	mov	sp, x3
	b	guest_unexpected

/* int guest_setjmp(void): 0, or 1 after a fault. */
	.global guest_setjmp
guest_setjmp:
	adrp	x0, try_frame
	add	x0, x0, :lo12:try_frame
	stp	x19, x20, [x0, #0]
	stp	x21, x22, [x0, #16]
	stp	x23, x24, [x0, #32]
	stp	x25, x26, [x0, #48]
	stp	x27, x28, [x0, #64]
	stp	x29, x30, [x0, #80]
	mov	x1, sp
	str	x1, [x0, #96]
	mov	x1, #1
	str	x1, [x0, #104]
	mov	x0, #0
	ret

	.global guest_hvc
guest_hvc:
	stp	x29, x30, [sp, #-32]!
	str	x19, [sp, #16]
	mov	x19, x0
	ldp	x6, x7, [x19, #48]
	ldp	x4, x5, [x19, #32]
	ldp	x2, x3, [x19, #16]
	ldp	x0, x1, [x19, #0]
	hvc	#0
	b	6f

	.global guest_smc
guest_smc:
	stp	x29, x30, [sp, #-32]!
	str	x19, [sp, #16]
	mov	x19, x0
	ldp	x6, x7, [x19, #48]
	ldp	x4, x5, [x19, #32]
	ldp	x2, x3, [x19, #16]
	ldp	x0, x1, [x19, #0]
	smc	#0
6:	stp	x0, x1, [x19, #0]
	stp	x2, x3, [x19, #16]
	stp	x4, x5, [x19, #32]
	stp	x6, x7, [x19, #48]
	ldr	x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret

	.bss
	.balign	16
	.global try_frame
try_frame:
	.space	144
