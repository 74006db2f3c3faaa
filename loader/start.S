/* SPDX-License-Identifier: BSD-2-Clause */
/* Entry from QEMU or U-Boot, exception vectors, exit to the kernel. */

#include "arch/sysreg.h"

#define R_AARCH64_RELATIVE 1027

	/*
	 * Header of an arm64 Linux Image (Documentation/arch/arm64/booting.rst): x0 = device tree, MMU and data
	 * cache off, all exceptions masked.
	 */
	.section .text.start, "ax"
	.global	_start
_start:
	b	primary
	.word	0
	.quad	0			/* text_offset: 2 MiB aligned, anywhere in RAM */
	.quad	0			/* image_size, with the package: tools/mkpackage */
	.quad	0xa			/* flags: little-endian, 4 KiB pages, any physical address */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.word	0

primary:
	mov	x20, x0
	adrp	x19, _start
	adrp	x1, stack_end
	mov	sp, x1
	mov	x29, xzr
	mov	x30, xzr
	/* Linked at 0: every address in the data gets the place we run at added. */
	adrp	x1, rela_start
	add	x1, x1, :lo12:rela_start
	adrp	x2, rela_end
	add	x2, x2, :lo12:rela_end
1:	cmp	x1, x2
	b.hs	2f
	ldp	x3, x4, [x1], #16	/* r_offset, r_info */
	ldr	x5, [x1], #8		/* r_addend */
	cmp	x4, #R_AARCH64_RELATIVE
	b.ne	1b
	add	x5, x5, x19
	str	x5, [x19, x3]
	b	1b
2:	mov	x0, x20
	mov	x1, x19
	bl	loader_main
	b	halt

	/* void kernel_enter(x0, x1, x2, x3, x4, x5, entry): the boot protocol's registers. */
	.text
	.global	kernel_enter
kernel_enter:
	br	x6

	.global	halt
halt:
	wfe
	b	halt

	/* Nothing here may fault; what does is reported and ends the boot. */
	.balign	2048
	.global	vectors
vectors:
	.rept	16
	.balign	128
	adrp	x1, stack_end
	mov	sp, x1
	bl	loader_exception
	b	halt
	.endr

	.section .bss.stack, "aw", %nobits
	.balign	4096
	.skip	16384
stack_end:
