/* SPDX-License-Identifier: BSD-2-Clause */
/* SMC Calling Convention 1.1 (Arm DEN 0028). */
#ifndef ARCH_SMCCC_H
#define ARCH_SMCCC_H

#define SMCCC_FAST (1u << 31)
#define SMCCC_SMC64 (1u << 30)
#define SMCCC_OWNER 0x3f000000u
#define SMCCC_FUNCTION 0x0000ffffu
#define SMCCC_OWNER_ARCH 0u
#define SMCCC_OWNER_CPU 1u
#define SMCCC_OWNER_SIP 2u
#define SMCCC_OWNER_OEM 3u
#define SMCCC_OWNER_STANDARD 4u /* PSCI and others */
#define SMCCC_OWNER_STANDARD_HYP 5u
#define SMCCC_OWNER_VENDOR_HYP 6u

/* General service queries, at the end of each owner's range (section 6.2) */
#define SMCCC_CALL_COUNT 0xff00u
#define SMCCC_CALL_UID 0xff01u
#define SMCCC_REVISION 0xff03u

#define SMCCC_VERSION 0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u
#define SMCCC_ARCH_SOC_ID 0x80000002u
#define SMCCC_ARCH_WORKAROUND_1 0x80008000u
#define SMCCC_ARCH_WORKAROUND_2 0x80007fffu
#define SMCCC_ARCH_WORKAROUND_3 0x80003fffu

#define SMCCC_VERSION_1_1 0x00010001u
#define SMCCC_SUCCESS 0
#define SMCCC_NOT_SUPPORTED (-1)
#define SMCCC_NOT_REQUIRED (-2)
#define SMCCC_INVALID_PARAMETER (-3)

#endif
