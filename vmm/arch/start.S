/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry of the process: x0 = VMM_VA_BOOT, nothing else is defined. */
	.section .text.start, "ax"
	.global _start
	.type _start, %function
_start:
	ldr	x9, =__stack_top
	mov	sp, x9
	mov	x29, #0
	mov	x30, #0
	b	vmm_main
	.size _start, . - _start
