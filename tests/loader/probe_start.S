/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry of the probe: keep what the loader left, then look at it in C. */

	.section .text.start, "ax"
	.global	_start
_start:
	adrp	x9, probe_entry
	add	x9, x9, :lo12:probe_entry
	stp	x0, x1, [x9]
	stp	x2, x3, [x9, #16]
	stp	x4, x5, [x9, #32]
	mrs	x10, daif
	str	x10, [x9, #48]
	adrp	x10, stack_end
	mov	sp, x10
	mov	x29, xzr
	mov	x30, xzr
	bl	probe_main
1:	wfe
	b	1b

	.section .bss.stack, "aw", %nobits
	.balign	4096
	.skip	8192
stack_end:
