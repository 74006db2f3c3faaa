/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest side of kvmcost, position independent, MMU off. What the host sets before a routine starts:
 *
 *	x19 rounds		x20 page for time stamps	x21 GICC	x22 kick address
 *	x23 exit address	x24 stride			x1 address	x2 value
 *
 * A routine ends with a store of the counter ticks it took to the exit address. Those that take interrupts store there once, when
 * they are ready, and never end. They stamp with the physical counter, which is the host's virtual one, too.
 */
#include "kvmcost.h"

	.section .rodata.guest, "a"
	.balign 4096
	.global guest_code
guest_code:

	.macro	begin
	isb
	mrs	x9, cntvct_el0
	.endm

	.macro	end
	isb
	mrs	x10, cntvct_el0
	sub	x10, x10, x9
	str	x10, [x23]
	b	.
	.endm

	.macro	routine name
	.global	\name
\name:
	.endm

routine guest_hypercall
	begin
1:	mov	w0, #0x84000000		/* PSCI_VERSION */
	mov	x7, xzr
	hvc	#0
	subs	x19, x19, #1
	b.ne	1b
	end

routine guest_load
	begin
1:	ldr	w2, [x1]
	subs	x19, x19, #1
	b.ne	1b
	end

routine guest_store
	begin
1:	str	w2, [x1]
	subs	x19, x19, #1
	b.ne	1b
	end

routine guest_touch
	begin
1:	str	w2, [x1]
	add	x1, x1, x24
	subs	x19, x19, #1
	b.ne	1b
	end

	.macro	take_interrupts
	adr	x5, guest_vectors
	msr	vbar_el1, x5
	mov	w5, #0xff
	str	w5, [x21, #4]		/* GICC_PMR: all priorities */
	mov	w5, #1
	str	w5, [x21]		/* GICC_CTLR */
	isb
	msr	daifclr, #2
	str	xzr, [x23]
	.endm

routine guest_spin
	take_interrupts
	b	.

routine guest_wait
	take_interrupts
1:	wfi
	b	1b

interrupt:
	isb
	mrs	x9, cntpct_el0
	ldr	w10, [x21, #0xc]	/* GICC_IAR */
	str	w10, [x21, #0x10]	/* GICC_EOIR */
	str	x9, [x20, #STAMP_HANDLER]
	isb
	mrs	x9, cntpct_el0
	str	x9, [x20, #STAMP_KICK]
	str	w2, [x22]
	eret

	.balign 2048
guest_vectors:
	.org	guest_vectors + 0x280	/* IRQ of EL1 with SP_EL1 */
	b	interrupt
	.org	guest_vectors + 0x800
	.global guest_code_end
guest_code_end:
	.section .note.GNU-stack, "", %progbits
