/* SPDX-License-Identifier: BSD-2-Clause */
/* SMC Calling Convention 1.1 (Arm DEN 0028). */
#ifndef ARCH_SMCCC_H
#define ARCH_SMCCC_H

#define SMCCC_FAST (1u << 31)
#define SMCCC_SMC64 (1u << 30)
#define SMCCC_OWNER 0x3f000000u
#define SMCCC_OWNER_ARCH 0u
#define SMCCC_OWNER_STANDARD 4u /* PSCI and others */
#define SMCCC_OWNER_VENDOR_HYP 6u

#define SMCCC_VERSION 0x80000000u
#define SMCCC_ARCH_FEATURES 0x80000001u
#define SMCCC_ARCH_WORKAROUND_1 0x80008000u
#define SMCCC_ARCH_WORKAROUND_2 0x80007fffu
#define SMCCC_ARCH_WORKAROUND_3 0x80003fffu

#define SMCCC_VERSION_1_1 0x00010001u
#define SMCCC_NOT_SUPPORTED (-1)

#endif
