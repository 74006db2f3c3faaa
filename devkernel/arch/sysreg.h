/* SPDX-License-Identifier: BSD-2-Clause */
/* System registers and the fields the kernel uses; names as in the Arm ARM. */
#pragma once

#include <kernel/base.h>

#define sysreg_read(reg)                                         \
	({                                                       \
		u64 __val;                                       \
		__asm__ volatile("mrs %0, " #reg : "=r"(__val)); \
		__val;                                           \
	})

#define sysreg_write(reg, val) __asm__ volatile("msr " #reg ", %0" : : "r"((u64)(val)))

#define HCR_VM BIT(0)
#define HCR_SWIO BIT(1)
#define HCR_FMO BIT(3)
#define HCR_IMO BIT(4)
#define HCR_AMO BIT(5)
#define HCR_DC BIT(12)
#define HCR_TWI BIT(13)
#define HCR_TWE BIT(14)
#define HCR_TSC BIT(19)
#define HCR_TVM BIT(26)
#define HCR_TGE BIT(27)
#define HCR_RW BIT(31)

/* Native threads: EL0 below EL2 without a stage 1. */
#define HCR_NATIVE \
	(HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_DC | HCR_TGE | HCR_TVM | HCR_RW)
/* Guests. */
#define HCR_GUEST \
	(HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_TWI | HCR_TWE | HCR_TSC | HCR_RW)

#define SCTLR_EL1_RES1 (BIT(29) | BIT(28) | BIT(23) | BIT(22) | BIT(20) | BIT(11))
#define SCTLR_EL1_C BIT(2)
#define SCTLR_EL1_SA0 BIT(4)
#define SCTLR_EL1_I BIT(12)
#define SCTLR_EL1_DZE BIT(14)
#define SCTLR_EL1_UCT BIT(15)
#define SCTLR_EL1_NTWI BIT(16)
#define SCTLR_EL1_NTWE BIT(18)
#define SCTLR_EL1_UCI BIT(26)
/* What EL0 may do without a VCPU: cache maintenance and DC ZVA, WFI, WFE. */
#define SCTLR_EL1_NATIVE                                                              \
	(SCTLR_EL1_RES1 | SCTLR_EL1_C | SCTLR_EL1_SA0 | SCTLR_EL1_I | SCTLR_EL1_DZE | \
	 SCTLR_EL1_UCT | SCTLR_EL1_NTWI | SCTLR_EL1_NTWE | SCTLR_EL1_UCI)
/* A new VCPU: MMU and caches off. */
#define SCTLR_EL1_VCPU 0x34d58820ul

#define CPACR_EL1_FPEN (3ul << 20)
#define CPTR_EL2_RES1 0x33fful
#define CPTR_EL2_TFP BIT(10)

#define CNTKCTL_EL0PCTEN BIT(0)
#define CNTKCTL_EL0PTEN BIT(9)
#define CNTKCTL_NATIVE (CNTKCTL_EL0PCTEN | CNTKCTL_EL0PTEN)
#define CNTHCTL_EL1PCTEN BIT(0)
#define CNTHCTL_EL1PCEN BIT(1)
#define CNT_CTL_ENABLE BIT(0)

#define VTCR_T0SZ(bits) (64ul - (bits))
#define VTCR_SL0_L1 (1ul << 6)
#define VTCR_IRGN0_WBWA (1ul << 8)
#define VTCR_ORGN0_WBWA (1ul << 10)
#define VTCR_SH0_INNER (3ul << 12)
#define VTCR_PS_40 (2ul << 16)
#define VTCR_RES1 BIT(31)
#define VTTBR_VMID_SHIFT 48

#define ESR_EC_SHIFT 26
#define ESR_EC_MASK 0x3ful
#define ESR_EC(esr) ((esr) >> ESR_EC_SHIFT & ESR_EC_MASK)
#define ESR_EC_UNKNOWN 0x00
#define ESR_EC_FP 0x07
#define ESR_EC_SVC64 0x15
#define ESR_EC_HVC64 0x16
#define ESR_EC_IABT_LOW 0x20
#define ESR_EC_DABT_LOW 0x24
#define ESR_ABT_S1PTW BIT(7)
#define ESR_FSC_TYPE(esr) (0x3c & (esr))
#define ESR_FSC_PERM 0x0c

#define HPFAR_FIPA(hpfar) ((0xffffffffff0ul & (hpfar)) << 8)
#define PAR_F BIT(0)
#define PAR_PA 0xfffffffff000ul
#define FAR_PAGE_OFFSET 0xffful

#define SPSR_MODE_MASK 0x1ful
#define SPSR_MODE_EL0T 0x00ul
#define SPSR_MODE_EL1T 0x04ul
#define SPSR_MODE_EL1H 0x05ul
#define SPSR_NZCV (0xful << 28)

#define SCTLR_EL2_M BIT(0)
#define SCTLR_EL2_C BIT(2)
#define SCTLR_EL2_SA BIT(3)
#define SCTLR_EL2_I BIT(12)
#define SCTLR_EL2_WXN BIT(19)
#define SCTLR_EL2_RES1 0x30c50830ul

/* Block size of DC ZVA: log2 of words; bit 4 set if it is not allowed. */
#define DCZID_64_BYTES 4ul
#define DCZID_MASK 0x1ful

#define TCR_EL2_EXPECTED 0x80823510ul

/* VMSAv8-64 descriptors, stage 1 of EL2. */
#define PTE_VALID BIT(0)
#define PTE_TABLE BIT(1)
#define PTE_PAGE BIT(1)
#define PTE_ATTR(index) ((u64)(index) << 2)
#define PTE_AP_RES1 BIT(6)
#define PTE_AP_RO BIT(7)
#define PTE_SH_INNER (3ul << 8)
#define PTE_AF BIT(10)
#define PTE_XN BIT(54)
#define PTE_ADDR 0xfffffff000ul
#define MAIR_IDX_DEVICE 0
#define MAIR_IDX_NORMAL 4

/* Stage 2. */
#define S2_MEMATTR_NORMAL (0xful << 2)
#define S2_MEMATTR_DEVICE (0x0ul << 2)
#define S2_AP_READ BIT(6)
#define S2_AP_WRITE BIT(7)
#define S2_XN BIT(54)
