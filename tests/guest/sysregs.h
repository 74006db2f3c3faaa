/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers a guest reaches at EL1, as lists of macros: each line is X(how it is read, how it is written, value that is always
 * kept, bits a pattern may change, text). docs/registers.md says who answers for each.
 */
#ifndef SYSREGS_H
#define SYSREGS_H

#include "guest.h"

#define SYS(X, name, fixed, bits) X("mrs %0, " #name, "msr " #name ", %0", fixed, bits, #name)
#define ALL UINT64_MAX

#define SYS_NUMBERED(X, name, bits)   \
	SYS(X, name##0_el1, 0, bits)  \
	SYS(X, name##1_el1, 0, bits)  \
	SYS(X, name##2_el1, 0, bits)  \
	SYS(X, name##3_el1, 0, bits)  \
	SYS(X, name##4_el1, 0, bits)  \
	SYS(X, name##5_el1, 0, bits)  \
	SYS(X, name##6_el1, 0, bits)  \
	SYS(X, name##7_el1, 0, bits)  \
	SYS(X, name##8_el1, 0, bits)  \
	SYS(X, name##9_el1, 0, bits)  \
	SYS(X, name##10_el1, 0, bits) \
	SYS(X, name##11_el1, 0, bits) \
	SYS(X, name##12_el1, 0, bits) \
	SYS(X, name##13_el1, 0, bits) \
	SYS(X, name##14_el1, 0, bits) \
	SYS(X, name##15_el1, 0, bits)

/* Debug, OS lock, PMU: nobody switches them. */
#define DEBUG_REGISTERS(X)                                                                 \
	X("mrs %0, oslsr_el1", "msr oslar_el1, %0", 0, 1, "oslar_el1")                     \
	SYS(X, osdlr_el1, 0, 1)                                                            \
	SYS(X, osdtrrx_el1, 0, ALL)                                                        \
	SYS(X, osdtrtx_el1, 0, ALL)                                                        \
	SYS(X, oseccr_el1, 0, ALL)                                                         \
	SYS(X, mdccint_el1, 0, ALL)                                                        \
	SYS(X, mdscr_el1, 0, ALL)                                                          \
	SYS_NUMBERED(X, dbgbvr, ALL)                                                       \
	SYS_NUMBERED(X, dbgbcr, ALL)                                                       \
	SYS_NUMBERED(X, dbgwvr, ALL)                                                       \
	SYS_NUMBERED(X, dbgwcr, ALL)                                                       \
	X("mrs %0, dbgclaimclr_el1", "msr dbgclaimset_el1, %0", 0, ALL, "dbgclaimset_el1") \
	SYS(X, dbgprcr_el1, 0, ALL)                                                        \
	SYS(X, dbgdtr_el0, 0, ALL)                                                         \
	X("mrs %0, dbgdtrrx_el0", "msr dbgdtrtx_el0, %0", 0, ALL, "dbgdtrtx_el0")          \
	SYS(X, pmcr_el0, 0, ALL)                                                           \
	SYS(X, pmcntenset_el0, 0, ALL)                                                     \
	SYS(X, pmcntenclr_el0, 0, ALL)                                                     \
	SYS(X, pmovsset_el0, 0, ALL)                                                       \
	SYS(X, pmovsclr_el0, 0, ALL)                                                       \
	SYS(X, pmselr_el0, 0, 0x1f)                                                        \
	SYS(X, pmccntr_el0, 0, ALL)                                                        \
	SYS(X, pmxevtyper_el0, 0, ALL)                                                     \
	SYS(X, pmxevcntr_el0, 0, ALL)                                                      \
	SYS(X, pmuserenr_el0, 0, ALL)                                                      \
	SYS(X, pmintenset_el1, 0, ALL)                                                     \
	SYS(X, pmintenclr_el1, 0, ALL)                                                     \
	SYS(X, pmevcntr0_el0, 0, ALL)                                                      \
	SYS(X, pmevcntr1_el0, 0, ALL)                                                      \
	SYS(X, pmevcntr2_el0, 0, ALL)                                                      \
	SYS(X, pmevcntr3_el0, 0, ALL)                                                      \
	SYS(X, pmevcntr4_el0, 0, ALL)                                                      \
	SYS(X, pmevcntr5_el0, 0, ALL)                                                      \
	SYS(X, pmevtyper0_el0, 0, ALL)                                                     \
	SYS(X, pmevtyper1_el0, 0, ALL)                                                     \
	SYS(X, pmevtyper2_el0, 0, ALL)                                                     \
	SYS(X, pmevtyper3_el0, 0, ALL)                                                     \
	SYS(X, pmevtyper4_el0, 0, ALL)                                                     \
	SYS(X, pmevtyper5_el0, 0, ALL)                                                     \
	SYS(X, pmccfiltr_el0, 0, ALL)

/* Cortex-A53's and A72's own: CPUACTLR, CPUECTLR, L2CTLR, L2ECTLR, L2ACTLR. ACTLR_EL2 makes writes trap. */
#define OWN_REGISTERS(X)              \
	SYS(X, s3_1_c15_c2_0, 0, ALL) \
	SYS(X, s3_1_c15_c2_1, 0, ALL) \
	SYS(X, s3_1_c11_c0_2, 0, ALL) \
	SYS(X, s3_1_c11_c0_3, 0, ALL) \
	SYS(X, s3_1_c15_c0_0, 0, ALL)

/* What a kernel with VCPUs switches and no exception or hypercall changes by itself. VBAR_EL1 is where the runtime has it. */
#define SWITCHED_REGISTERS(X)                                     \
	SYS(X, ttbr0_el1, 0, UINT64_C(0xff00fffffffff000))        \
	SYS(X, ttbr1_el1, 0, UINT64_C(0xff00fffffffff000))        \
	SYS(X, tcr_el1, 0, UINT64_C(0x37ffffffbf))                \
	SYS(X, mair_el1, 0, ALL)                                  \
	SYS(X, amair_el1, 0, ALL)                                 \
	SYS(X, contextidr_el1, 0, UINT32_MAX)                     \
	SYS(X, actlr_el1, 0, ALL)                                 \
	SYS(X, afsr0_el1, 0, UINT32_MAX)                          \
	SYS(X, afsr1_el1, 0, UINT32_MAX)                          \
	SYS(X, par_el1, 0, ALL)                                   \
	SYS(X, sp_el0, 0, ALL)                                    \
	SYS(X, tpidr_el0, 0, ALL)                                 \
	SYS(X, tpidrro_el0, 0, ALL)                               \
	SYS(X, cntkctl_el1, 0, 0x3ff)                             \
	SYS(X, cntv_cval_el0, 0, ALL)                             \
	SYS(X, cntv_ctl_el0, 0, 2)                                \
	SYS(X, cpacr_el1, 3 << 20, 0)                             \
	/* RES1 bits; UCI, E0E, nTWE, nTWI, UCT, DZE, UMA, SA0 */ \
	SYS(X, sctlr_el1, 0x30d00800, 0x0505c210)

/* Every exception writes these. */
#define EXCEPTION_REGISTERS(X)         \
	SYS(X, tpidr_el1, 0, ALL)      \
	SYS(X, esr_el1, 0, UINT32_MAX) \
	SYS(X, far_el1, 0, ALL)        \
	SYS(X, elr_el1, 0, ALL)        \
	SYS(X, spsr_el1, 0x3c5, UINT64_C(0xf0000000))

#define FP "\t.arch_extension fp\n\t"
/* Writing the low half clears the high one: the list is written from its end. */
#define VECTOR(X, n)                                                                      \
	X(FP "fmov %0, v" #n ".d[1]", FP "fmov v" #n ".d[1], %0", 0, ALL, "v" #n " high") \
	X(FP "fmov %0, d" #n, FP "fmov d" #n ", %0", 0, ALL, "v" #n " low")
#define VECTORS_8(X, a, b, c, d, e, f, g, h) \
	VECTOR(X, a)                         \
	VECTOR(X, b) VECTOR(X, c) VECTOR(X, d) VECTOR(X, e) VECTOR(X, f) VECTOR(X, g) VECTOR(X, h)
#define FP_REGISTERS(X)                              \
	VECTORS_8(X, 0, 1, 2, 3, 4, 5, 6, 7)         \
	VECTORS_8(X, 8, 9, 10, 11, 12, 13, 14, 15)   \
	VECTORS_8(X, 16, 17, 18, 19, 20, 21, 22, 23) \
	VECTORS_8(X, 24, 25, 26, 27, 28, 29, 30, 31) \
	SYS(X, fpcr, 0, 0x07c00000)                  \
	SYS(X, fpsr, 0, 0xf800009f)

#endif
