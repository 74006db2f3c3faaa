/* SPDX-License-Identifier: BSD-2-Clause */
/* What the probe expects as root task: segments with a gap between them, and words to recognise them by. */

	.section .text, "ax"
	.global	_start
_start:
	.quad	0x5e1c1e0000000001
	.quad	root_data
	.quad	root_bss
	.quad	root_end
	.skip	40

	.section .data, "aw"
root_data:
	.quad	0x5e1c1e0000000002
	.skip	72

	.section .bss, "aw", %nobits
root_bss:
	.skip	5000
root_end:
