/* SPDX-License-Identifier: BSD-2-Clause */
/* void fpu_save(struct fpu_state *), void fpu_load(const struct fpu_state *): traps are off. */
	.arch_extension fp
	.arch_extension simd

	.macro	fpu_transfer op
	\op	q0, q1, [x0, #32 * 0]
	\op	q2, q3, [x0, #32 * 1]
	\op	q4, q5, [x0, #32 * 2]
	\op	q6, q7, [x0, #32 * 3]
	\op	q8, q9, [x0, #32 * 4]
	\op	q10, q11, [x0, #32 * 5]
	\op	q12, q13, [x0, #32 * 6]
	\op	q14, q15, [x0, #32 * 7]
	\op	q16, q17, [x0, #32 * 8]
	\op	q18, q19, [x0, #32 * 9]
	\op	q20, q21, [x0, #32 * 10]
	\op	q22, q23, [x0, #32 * 11]
	\op	q24, q25, [x0, #32 * 12]
	\op	q26, q27, [x0, #32 * 13]
	\op	q28, q29, [x0, #32 * 14]
	\op	q30, q31, [x0, #32 * 15]
	.endm

	.section .text.fpu, "ax"
	.global fpu_save
	.type fpu_save, %function
fpu_save:
	fpu_transfer stp
	mrs	x1, fpsr
	mrs	x2, fpcr
	add	x0, x0, #512
	stp	x1, x2, [x0]
	ret
	.size fpu_save, . - fpu_save

	.global fpu_load
	.type fpu_load, %function
fpu_load:
	fpu_transfer ldp
	add	x0, x0, #512
	ldp	x1, x2, [x0]
	msr	fpsr, x1
	msr	fpcr, x2
	ret
	.size fpu_load, . - fpu_load
