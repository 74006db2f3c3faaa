/* SPDX-License-Identifier: BSD-2-Clause */
/* SPSR_ELx of AArch64 (Arm ARM C5.2.19) and what exception entry needs beside it. */
#ifndef ARCH_PSTATE_H
#define ARCH_PSTATE_H

#define PSTATE_MODE 0x0fu
#define PSTATE_MODE_EL0T 0x0u
#define PSTATE_MODE_EL1T 0x4u
#define PSTATE_MODE_EL1H 0x5u
#define PSTATE_NRW (1u << 4) /* AArch32 */
#define PSTATE_F (1u << 6)
#define PSTATE_I (1u << 7)
#define PSTATE_A (1u << 8)
#define PSTATE_D (1u << 9)
#define PSTATE_DAIF (PSTATE_D | PSTATE_A | PSTATE_I | PSTATE_F)
#define PSTATE_PAN (1u << 22)
#define PSTATE_IT 0x0600fc00u /* of T32 code: the rest of an IT block */
#define PSTATE_NZCV 0xf0000000u

/* State in which PSCI CPU_ON (DEN 0022 6.4) and reset start a core. */
#define PSTATE_RESET (PSTATE_MODE_EL1H | PSTATE_DAIF)

/* SCTLR_EL1 */
#define SCTLR_M (1u << 0)
#define SCTLR_SPAN (1u << 23)
/* RES1 bits of ARMv8.0: MMU, caches and alignment checks off, little-endian. */
#define SCTLR_EL1_RESET 0x30d00800u

/* Offsets in the vector table (Arm ARM D1.10.2) */
#define VECTOR_SAME_SP0 0x000u
#define VECTOR_SAME_SPX 0x200u
#define VECTOR_LOWER_A64 0x400u
#define VECTOR_LOWER_A32 0x600u

/* CNTV_CTL_EL0, CNTP_CTL_EL0 */
#define CNT_CTL_ENABLE (1u << 0)
#define CNT_CTL_IMASK (1u << 1)
#define CNT_CTL_ISTATUS (1u << 2)

/* MPIDR_EL1 */
#define MPIDR_AFFINITY 0xff00fffffful

#endif
