/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry of the initial task: x0 = bootinfo, no stack. */
	.section .text.start, "ax"
	.global _start
_start:
	adrp	x1, __main_stack_top
	add	x1, x1, :lo12:__main_stack_top
	mov	sp, x1
	mov	x29, xzr
	mov	x30, xzr
	bl	root_main
1:	b	1b
