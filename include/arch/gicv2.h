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
#define GICC_ABPR 0x1cu
#define GICC_APR 0xd0u
#define GICC_NSAPR 0xe0u
#define GICC_IIDR 0xfcu

/* --- INTIDs -------------------------------------------------------------------------------------- */
#define GIC_SGIS 16u
#define GIC_PRIVATE 32u /* SGIs and PPIs */
#define GIC_MAX_INTIDS 1020u
#define GIC_SPURIOUS 1023u
#define GIC_MAX_CPUS 8u

#define PPI_VTIMER 27u
#define PPI_PTIMER 30u

#endif
