/* SPDX-License-Identifier: BSD-2-Clause */
/* GICv2 registers (Arm IHI 0048B). */
#ifndef ARCH_GICV2_H
#define ARCH_GICV2_H

#include "arch/field.h"

/* --- distributor, table 4-1 --------------------------------------------------------------------- */
#define GICD_SIZE 0x1000u
#define GICD_CTLR 0x000u
#define GICD_TYPER 0x004u
#define GICD_IIDR 0x008u
#define GICD_IGROUPR 0x080u
#define GICD_ISENABLER 0x100u
#define GICD_ICENABLER 0x180u
#define GICD_ISPENDR 0x200u
#define GICD_ICPENDR 0x280u
#define GICD_ISACTIVER 0x300u
#define GICD_ICACTIVER 0x380u
#define GICD_IPRIORITYR 0x400u
#define GICD_ITARGETSR 0x800u
#define GICD_ICFGR 0xc00u
#define GICD_SGIR 0xf00u
#define GICD_CPENDSGIR 0xf10u
#define GICD_SPENDSGIR 0xf20u
#define GICD_ICPIDR2 0xfe8u
#define GICD_ICPIDR2_ARCHREV 0x000000f0u /* 2: GICv2 */

#define GICD_CTLR_ENABLE_GRP0 (1u << 0)
#define GICD_CTLR_ENABLE_GRP1 (1u << 1)

#define GICD_TYPER_ITLINES 0x1fu /* INTIDs / 32 - 1 */
#define GICD_TYPER_CPUS 0xe0u /* CPU interfaces - 1 */

#define GICD_IIDR_PRODUCT 0xff000000u
#define GICD_IIDR_REVISION 0x0000f000u

#define GICD_ICFGR_EDGE 0x2u /* of each two-bit field */

#define GICD_SGIR_FILTER 0x03000000u
#define GICD_SGIR_FILTER_LIST 0u
#define GICD_SGIR_FILTER_OTHERS 1u
#define GICD_SGIR_FILTER_SELF 2u
#define GICD_SGIR_TARGETS 0x00ff0000u
#define GICD_SGIR_INTID 0x0000000fu

/* --- CPU interface, table 4-2 -------------------------------------------------------------------- */
#define GICC_CTLR 0x00u
#define GICC_PMR 0x04u
#define GICC_BPR 0x08u
#define GICC_IAR 0x0cu
#define GICC_EOIR 0x10u
#define GICC_RPR 0x14u
#define GICC_HPPIR 0x18u
#define GICC_ABPR 0x1cu
#define GICC_AIAR 0x20u
#define GICC_AEOIR 0x24u
#define GICC_AHPPIR 0x28u
#define GICC_APR 0xd0u
#define GICC_NSAPR 0xe0u
#define GICC_IIDR 0xfcu
#define GICC_DIR 0x1000u
#define GICC_SIZE 0x2000u

#define GICC_CTLR_ENABLE_GRP0 (1u << 0)
#define GICC_CTLR_ENABLE_GRP1 (1u << 1)
#define GICC_CTLR_ACKCTL (1u << 2)
#define GICC_CTLR_FIQEN (1u << 3)
#define GICC_CTLR_CBPR (1u << 4)
#define GICC_CTLR_EOIMODE (1u << 9)

#define GICC_IAR_INTID 0x000003ffu
#define GICC_IAR_CPUID 0x00001c00u /* source of an SGI */

/* --- virtual interface control, table 5-1 --------------------------------------------------------- */
#define GICH_HCR 0x000u
#define GICH_VTR 0x004u
#define GICH_VMCR 0x008u
#define GICH_MISR 0x010u
#define GICH_EISR0 0x020u
#define GICH_EISR1 0x024u
#define GICH_ELRSR0 0x030u
#define GICH_ELRSR1 0x034u
#define GICH_APR 0x0f0u
#define GICH_LR 0x100u

#define GICH_HCR_EN (1u << 0)
#define GICH_HCR_UIE (1u << 1)
#define GICH_HCR_LRENPIE (1u << 2)
#define GICH_HCR_NPIE (1u << 3)
#define GICH_HCR_EOICOUNT 0xf8000000u

#define GICH_VTR_LISTREGS 0x0000003fu /* list registers - 1 */

#define GICH_LR_VIRTUALID 0x000003ffu
#define GICH_LR_PHYSICALID 0x000ffc00u
#define GICH_LR_CPUID 0x00001c00u /* SGIs, HW = 0 */
#define GICH_LR_EOI (1u << 19) /* maintenance interrupt at EOI, HW = 0 */
#define GICH_LR_PRIORITY 0x0f800000u
#define GICH_LR_PENDING (1u << 28)
#define GICH_LR_ACTIVE (1u << 29)
#define GICH_LR_GRP1 (1u << 30)
#define GICH_LR_HW (1u << 31)

/* --- INTIDs -------------------------------------------------------------------------------------- */
#define GIC_SGIS 16u
#define GIC_PRIVATE 32u /* SGIs and PPIs */
#define GIC_MAX_INTIDS 1020u
#define GIC_SPURIOUS 1023u
#define GIC_MAX_CPUS 8u

#define PPI_VTIMER 27u
#define PPI_PTIMER 30u

#endif
