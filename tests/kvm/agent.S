/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest side of the KVM client, position independent. x20: the agent's device, x21: GICC. x22..x25 belong to the exception
 * handlers.
 */
#define OP 0x00
#define A 0x08
#define B 0x10
#define C 0x18
#define D 0x20
#define RESULT 0x28
#define IRQ 0x30
#define SYNC 0x38

	.section .rodata.agent, "a"
	.balign 4096
	.global agent_code
agent_code:
	/* the vectors are reachable from the first instruction: tests want to see exceptions */
	adr	x5, agent_vectors
	msr	vbar_el1, x5
	isb
next:
	ldr	x19, [x20, #OP]
	ldr	x1, [x20, #A]
	ldr	x2, [x20, #B]
	ldr	x3, [x20, #C]
	ldr	x4, [x20, #D]
	mov	x0, xzr
	adr	x5, table
	add	x5, x5, x19, lsl #2
	br	x5
result:
	str	x0, [x20, #RESULT]
	b	next

table:
	b	result
	b	load64
	b	store64
	b	load32
	b	store32
	b	store16
	b	store8
	b	hypercall
	b	wait
	b	irqs
	b	timer
	b	count
	b	mmu
	b	tlbi
	b	call
	b	loads
	b	.
	b	civac
	b	pair
	b	sysreg
	b	ret_addr
	b	hammer
	b	thumb

load64:
	ldr	x0, [x1]
	b	result
store64:
	str	x2, [x1]
	b	result
load32:
	ldr	w0, [x1]
	b	result
store32:
	str	w2, [x1]
	b	result
store16:
	strh	w2, [x1]
	b	result
store8:
	strb	w2, [x1]
	b	result
hypercall:
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	hvc	#0
	b	result
wait:
	wfi
	b	result
irqs:
	mov	x21, x1
	mov	w5, #0xff
	str	w5, [x21, #4]		/* GICC_PMR: all priorities */
	mov	w5, #1
	str	w5, [x21]		/* GICC_CTLR */
	msr	daifclr, #2
	b	result
timer:
	msr	cntv_cval_el0, x1
	msr	cntv_ctl_el0, x2
	isb
	b	result
count:
	isb
	mrs	x0, cntvct_el0
	b	result
mmu:
	msr	ttbr0_el1, x1
	msr	tcr_el1, x2
	msr	mair_el1, x3
	isb
	tlbi	vmalle1
	dsb	nsh
	mrs	x5, sctlr_el1
	mov	x6, #0x1005		/* I, C, M */
	orr	x5, x5, x6
	msr	sctlr_el1, x5
	isb
	b	result
tlbi:
	tlbi	vmalle1
	dsb	nsh
	isb
	b	result
call:
	blr	x1
	b	result
loads:
	ldrb	w0, [x1]
	str	x0, [x20, #RESULT]
	ldrsb	w0, [x1]
	str	x0, [x20, #RESULT]
	ldrsb	x0, [x1]
	str	x0, [x20, #RESULT]
	ldrh	w0, [x1]
	str	x0, [x20, #RESULT]
	ldrsh	w0, [x1]
	str	x0, [x20, #RESULT]
	ldrsh	x0, [x1]
	str	x0, [x20, #RESULT]
	ldr	w0, [x1]
	str	x0, [x20, #RESULT]
	ldrsw	x0, [x1]
	str	x0, [x20, #RESULT]
	ldr	x0, [x1]
	str	x0, [x20, #RESULT]
	ldr	xzr, [x1]
	mov	x0, xzr
	b	result
civac:
	dc	civac, x1
	dsb	sy
	b	result
pair:
	ldp	x5, x6, [x1]
	add	x0, x5, x6
	b	result
sysreg:
	cbz	x1, 10f
	cmp	x1, #1
	b.eq	11f
	cmp	x1, #2
	b.eq	12f
	cmp	x1, #3
	b.eq	13f
	cmp	x1, #4
	b.eq	14f
	mrs	x0, id_aa64isar0_el1
	b	result
10:	mrs	x0, id_aa64mmfr0_el1
	b	result
11:	mrs	x0, mpidr_el1
	b	result
12:	mrs	x0, midr_el1
	b	result
13:	mrs	x0, id_aa64pfr0_el1
	b	result
14:	mrs	x0, ctr_el0
	b	result
ret_addr:
	adr	x0, agent_ret
	b	result
	.global agent_ret
agent_ret:
	ret
hammer:
	mov	x7, x1
	mov	x8, x2
20:	ldr	x5, [x7]
	add	x5, x5, #1
	str	x5, [x7]
	add	x7, x7, #0x1000
	subs	x8, x8, #1
	b.ne	20b
	subs	x3, x3, #1
	b.ne	hammer
	mov	x0, #0
	b	result

/* A store of r2 by T32 code at EL0, whose instructions have two bytes here; the one behind it must be executed. */
thumb:
	adr	x5, 21f
	msr	elr_el1, x5
	mov	x5, #0x1f0		/* User, T32, everything masked */
	msr	spsr_el1, x5
	eret
21:	.2byte	0x600a			/* str r2, [r1] */
	.2byte	0x2001			/* movs r0, #1 */
	.2byte	0xdf00			/* svc #0 */
	.2byte	0xbf00

exception:
	mrs	x22, esr_el1
	str	x22, [x20, #SYNC]
	mrs	x22, elr_el1
	add	x22, x22, #4
	msr	elr_el1, x22
	eret
interrupt:
	ldr	w22, [x21, #0xc]	/* GICC_IAR */
	str	x22, [x20, #IRQ]
	/* a timer interrupt is a level: off with it */
	and	w23, w22, #0x3ff
	cmp	w23, #27
	b.ne	1f
	msr	cntv_ctl_el0, xzr
	isb
1:	str	w22, [x21, #0x10]	/* GICC_EOIR */
	eret

	/* vectors: 0x200 synchronous, 0x280 IRQ of EL1 with SP_EL1; 0x600 synchronous of AArch32 at EL0 */
	.balign 2048
	.global agent_vectors
agent_vectors:
	.org	agent_vectors + 0x200
	b	exception
	.org	agent_vectors + 0x280
	b	interrupt
	.org	agent_vectors + 0x600
	b	result
	.org	agent_vectors + 0x800
	.global agent_code_end
agent_code_end:
	.section .note.GNU-stack, "", %progbits
