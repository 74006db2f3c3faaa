/* SPDX-License-Identifier: BSD-2-Clause */
/* System registers of EL2 and their fields, translation table descriptors (Arm ARM DDI 0487, D17 and D8). */
#ifndef ARCH_SYSREG_H
#define ARCH_SYSREG_H

#include "arch/field.h"

#ifdef __ASSEMBLY__
#define SYSREG_BIT(n) (1 << (n))
#define SYSREG_WORD(x) x
#else
#include <stdint.h>
#define SYSREG_BIT(n) (UINT64_C(1) << (n))
#define SYSREG_WORD(x) UINT64_C(x)

#define sysreg_read(reg)                                                \
	({                                                              \
		uint64_t sysreg_value;                                  \
		__asm__ volatile("mrs %0, " #reg : "=r"(sysreg_value)); \
		sysreg_value;                                           \
	})
#define sysreg_write(reg, value) \
	__asm__ volatile("msr " #reg ", %x0" : : "rZ"((uint64_t)(value)) : "memory")
#define isb() __asm__ volatile("isb" : : : "memory")
#define dsb(scope) __asm__ volatile("dsb " #scope : : : "memory")
#endif

/* CurrentEL */
#define CURRENTEL_EL SYSREG_WORD(0xc)

/* SCTLR_EL2 */
#define SCTLR_EL2_M SYSREG_BIT(0)
#define SCTLR_EL2_A SYSREG_BIT(1)
#define SCTLR_EL2_C SYSREG_BIT(2)
#define SCTLR_EL2_SA SYSREG_BIT(3)
#define SCTLR_EL2_I SYSREG_BIT(12)
#define SCTLR_EL2_WXN SYSREG_BIT(19)
#define SCTLR_EL2_EE SYSREG_BIT(25)
#define SCTLR_EL2_RES1 SYSREG_WORD(0x30c50830)

/* HCR_EL2 */
#define HCR_EL2_VM SYSREG_BIT(0)
#define HCR_EL2_SWIO SYSREG_BIT(1)
#define HCR_EL2_FMO SYSREG_BIT(3)
#define HCR_EL2_IMO SYSREG_BIT(4)
#define HCR_EL2_AMO SYSREG_BIT(5)
#define HCR_EL2_DC SYSREG_BIT(12)
#define HCR_EL2_TWI SYSREG_BIT(13)
#define HCR_EL2_TWE SYSREG_BIT(14)
#define HCR_EL2_TSC SYSREG_BIT(19)
#define HCR_EL2_TVM SYSREG_BIT(26)
#define HCR_EL2_TGE SYSREG_BIT(27)
#define HCR_EL2_RW SYSREG_BIT(31)

/* CPTR_EL2: RES1 bits, nothing trapped */
#define CPTR_EL2_RES1 SYSREG_WORD(0x33ff)
#define CPTR_EL2_TFP SYSREG_BIT(10)
#define CPTR_EL2_TTA SYSREG_BIT(20)
#define CPTR_EL2_TAM SYSREG_BIT(30)

/* MDCR_EL2: debug, OS lock, PMU, profiling and trace registers of EL1 and EL0 that trap */
#define MDCR_EL2_HPMN SYSREG_WORD(0x1f)
#define MDCR_EL2_TPMCR SYSREG_BIT(5)
#define MDCR_EL2_TPM SYSREG_BIT(6)
#define MDCR_EL2_HPME SYSREG_BIT(7)
#define MDCR_EL2_TDE SYSREG_BIT(8)
#define MDCR_EL2_TDA SYSREG_BIT(9)
#define MDCR_EL2_TDOSA SYSREG_BIT(10)
#define MDCR_EL2_TDRA SYSREG_BIT(11)
#define MDCR_EL2_E2PB SYSREG_WORD(0x3000)
#define MDCR_EL2_TPMS SYSREG_BIT(14)
#define MDCR_EL2_TTRF SYSREG_BIT(19)

/* ID_AA64DFR0_EL1, ID_AA64PFR0_EL1 */
#define ID_AA64DFR0_TRACEVER SYSREG_WORD(0xf0)
#define ID_AA64DFR0_PMUVER SYSREG_WORD(0xf00)
#define ID_AA64DFR0_PMUVER_IMPDEF 0xfu
#define ID_AA64DFR0_BRPS SYSREG_WORD(0xf000) /* breakpoints less one */
#define ID_AA64DFR0_WRPS SYSREG_WORD(0xf00000)
#define ID_AA64DFR0_PMSVER SYSREG_WORD(0xf00000000)
#define ID_AA64DFR0_TRACEFILT SYSREG_WORD(0xf0000000000)
#define ID_AA64PFR0_AMU SYSREG_WORD(0xf00000000000)

/* PMCR_EL0 */
#define PMCR_EL0_E SYSREG_BIT(0)
#define PMCR_EL0_P SYSREG_BIT(1) /* event counters to 0 */
#define PMCR_EL0_C SYSREG_BIT(2) /* cycle counter to 0 */
#define PMCR_EL0_N SYSREG_WORD(0xf800) /* event counters */

/* CNTHCTL_EL2 */
#define CNTHCTL_EL2_EL1PCTEN SYSREG_BIT(0)
#define CNTHCTL_EL2_EL1PCEN SYSREG_BIT(1)

/* CTR_EL0: log2 of the words in the smallest data cache line */
#define CTR_EL0_DMINLINE SYSREG_WORD(0x000f0000)

/* DCZID_EL0: log2 of the words DC ZVA clears, and whether it may not be used */
#define DCZID_EL0_BS SYSREG_WORD(0xf)
#define DCZID_EL0_DZP SYSREG_BIT(4)

/* Stage 1 descriptors, 4 KiB granule */
#define PTE_TABLE SYSREG_WORD(3)
#define PTE_BLOCK SYSREG_WORD(1)
#define PTE_PAGE SYSREG_WORD(3)
#define PTE_ATTRINDX SYSREG_WORD(0x1c)
#define PTE_AP_RES1 SYSREG_BIT(6) /* AP[1] of a regime with one exception level */
#define PTE_AP_RO SYSREG_BIT(7)
#define PTE_SH SYSREG_WORD(0x300)
#define PTE_SH_INNER SYSREG_WORD(3)
#define PTE_AF SYSREG_BIT(10)
#define PTE_XN SYSREG_BIT(54)
#define PTE_ADDRESS SYSREG_WORD(0x0000fffffffff000)

#endif
