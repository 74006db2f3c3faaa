/* SPDX-License-Identifier: BSD-2-Clause */
/* Power State Coordination Interface 1.1 (Arm DEN 0022). */
#ifndef ARCH_PSCI_H
#define ARCH_PSCI_H

/* Function ids; the SMC64 form has bit 30 set. */
#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_SUSPEND 0x84000001u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0x84000003u
#define PSCI_AFFINITY_INFO 0x84000004u
#define PSCI_MIGRATE 0x84000005u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_MIGRATE_INFO_UP_CPU 0x84000007u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au
#define PSCI_SYSTEM_RESET2 0x84000012u

#define PSCI_SMC64 0x40000000u
#define PSCI_VERSION_1_1 0x00010001u
#define PSCI_TOS_NOT_PRESENT 2u /* MIGRATE_INFO_TYPE: no migration needed */
#define PSCI_RESET2_VENDOR (1u << 31) /* reset type is vendor specific */
#define PSCI_RESET2_WARM 0u

#define PSCI_AFFINITY_ON 0
#define PSCI_AFFINITY_OFF 1
#define PSCI_AFFINITY_ON_PENDING 2

#define PSCI_SUCCESS 0
#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_DENIED (-3)
#define PSCI_ALREADY_ON (-4)
#define PSCI_ON_PENDING (-5)
#define PSCI_INTERNAL_FAILURE (-6)
#define PSCI_NOT_PRESENT (-7)
#define PSCI_DISABLED (-8)
#define PSCI_INVALID_ADDRESS (-9)

#endif
