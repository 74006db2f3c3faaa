/* SPDX-License-Identifier: BSD-2-Clause */
/* ESR_ELx: exception syndrome (Arm ARM DDI 0487, D17.2.37 and the ISS encodings there). */
#ifndef ARCH_ESR_H
#define ARCH_ESR_H

#include "arch/field.h"

#define ESR_EC 0xfc000000u
#define ESR_IL 0x02000000u
#define ESR_ISS 0x01ffffffu

#define EC_UNKNOWN 0x00u
#define EC_WFX 0x01u
#define EC_CP15_32 0x03u
#define EC_CP15_64 0x04u
#define EC_CP14_MR 0x05u
#define EC_CP14_LS 0x06u
#define EC_FP_ASIMD 0x07u
#define EC_CP10_ID 0x08u /* VMRS, with the ID registers trapped */
#define EC_CP14_64 0x0cu
#define EC_ILLEGAL 0x0eu /* illegal execution state */
#define EC_SVC32 0x11u
#define EC_HVC32 0x12u
#define EC_SMC32 0x13u
#define EC_SVC64 0x15u
#define EC_HVC64 0x16u
#define EC_SMC64 0x17u
#define EC_SYS64 0x18u
#define EC_IABT_LOWER 0x20u
#define EC_IABT_SAME 0x21u
#define EC_PC_ALIGN 0x22u
#define EC_DABT_LOWER 0x24u
#define EC_DABT_SAME 0x25u
#define EC_SP_ALIGN 0x26u
#define EC_FP64 0x2cu /* trapped floating point exception */
#define EC_SERROR 0x2fu
#define EC_BREAKPT_LOWER 0x30u
#define EC_BREAKPT_SAME 0x31u
#define EC_SOFTSTP_LOWER 0x32u
#define EC_SOFTSTP_SAME 0x33u
#define EC_WATCHPT_LOWER 0x34u
#define EC_WATCHPT_SAME 0x35u
#define EC_BKPT32 0x38u
#define EC_BRK64 0x3cu

/* ISS of a data abort; ISV to AR are valid for stage 2 faults taken to EL2 */
#define ISS_ISV (1u << 24)
#define ISS_SAS 0x00c00000u /* log2 of the access size in bytes */
#define ISS_SSE (1u << 21) /* load is sign extended */
#define ISS_SRT 0x001f0000u /* transfer register, 31 is XZR */
#define ISS_SF (1u << 15) /* 64-bit destination register */
#define ISS_AR (1u << 14) /* acquire/release */
#define ISS_FNV (1u << 10) /* FAR not valid (external aborts) */
#define ISS_EA (1u << 9)
#define ISS_CM (1u << 8) /* cache maintenance or address translation instruction */
#define ISS_S1PTW (1u << 7) /* stage 2 fault on a stage 1 table walk */
#define ISS_WNR (1u << 6)
#define ISS_FSC 0x3fu

/* Fault status codes: type in bits 5:2, level in bits 1:0 */
#define FSC_TYPE 0x3cu
#define FSC_LEVEL 0x03u
#define FSC_ADDRESS_SIZE 0x00u
#define FSC_TRANSLATION 0x04u
#define FSC_ACCESS_FLAG 0x08u
#define FSC_PERMISSION 0x0cu
#define FSC_EXTABT 0x10u
#define FSC_EXTABT_WALK 0x14u
#define FSC_ALIGNMENT 0x21u /* of the whole field */

/* ISS of WFI and WFE */
#define ISS_WFX_TI 0x3u
#define WFX_TI_WFI 0x0u
#define WFX_TI_WFE 0x1u

/* ISS of SVC, HVC and SMC: the immediate */
#define ISS_IMM16 0x0000ffffu

/* ISS of EC_SYS64: the register an MSR or MRS names, Rt and the direction */
#define ISS_SYS_OP0 0x00300000u
#define ISS_SYS_OP2 0x000e0000u
#define ISS_SYS_OP1 0x0001c000u
#define ISS_SYS_CRN 0x00003c00u
#define ISS_SYS_RT 0x000003e0u
#define ISS_SYS_CRM 0x0000001eu
#define ISS_SYS_READ (1u << 0)
#define ISS_SYS_NAME (ISS_SYS_OP0 | ISS_SYS_OP1 | ISS_SYS_CRN | ISS_SYS_CRM | ISS_SYS_OP2)
/* The bits of ISS_SYS_NAME for a register as the assembler names it, S<op0>_<op1>_C<crn>_C<crm>_<op2>. */
#define ISS_SYS(op0, op1, crn, crm, op2)                                     \
	(FIELD_PREP(ISS_SYS_OP0, op0##u) | FIELD_PREP(ISS_SYS_OP1, op1##u) | \
	 FIELD_PREP(ISS_SYS_CRN, crn##u) | FIELD_PREP(ISS_SYS_CRM, crm##u) | \
	 FIELD_PREP(ISS_SYS_OP2, op2##u))

#endif
