/* SPDX-License-Identifier: BSD-2-Clause */
/* The capability to call the secure monitor. SYSTEM_OFF is tested by the end of the whole run. */

#include "abi.h"

#define PSCI_VERSION 0x84000000UL
#define PSCI_AFFINITY_INFO 0xc4000004UL
#define PSCI_FEATURES 0x8400000aUL
#define PSCI_NOT_SUPPORTED (~(seL4_Word)0)

ABI_TEST(smc, psci_version)
{
	struct answer a = inv(seL4_CapSMC, ARMSMCCall, NOCAPS, PSCI_VERSION, 0, 0, 0, 0, 0, 0, 0);

	check_eq(a.err, 0);
	check_eq(a.len, 8);
	check_in(a.mr[0], 0x2, 0x10001);
}

ABI_TEST(smc, arguments_arrive)
{
	struct answer a;

	/* AFFINITY_INFO of CPU 0: on. */
	a = inv(seL4_CapSMC, ARMSMCCall, NOCAPS, PSCI_AFFINITY_INFO, 0, 0, 0, 0, 0, 0, 0);
	expect(a, 0, 0);
	/* Of a CPU that is not there: invalid parameters. */
	a = inv(seL4_CapSMC, ARMSMCCall, NOCAPS, PSCI_AFFINITY_INFO, 0xff, 0, 0, 0, 0, 0, 0);
	expect(a, 0, (seL4_Word)-2);
}

ABI_TEST(smc, badged_capability_allows_one_function)
{
	seL4_CPtr only = cap_mint(seL4_CapSMC, RIGHT_ALL, PSCI_VERSION);

	expect(inv(only, ARMSMCCall, NOCAPS, PSCI_VERSION, 0, 0, 0, 0, 0, 0, 0), 0);
	expect(inv(only, ARMSMCCall, NOCAPS, PSCI_FEATURES, 0, 0, 0, 0, 0, 0, 0),
	       seL4_IllegalOperation);
}

ABI_TEST(smc, badge_can_not_be_changed)
{
	seL4_CPtr only = cap_mint(seL4_CapSMC, RIGHT_ALL, PSCI_VERSION);
	seL4_CPtr dst = slot_new();

	expect(try_mint(dst, only, RIGHT_ALL, PSCI_FEATURES), seL4_IllegalOperation);
	expect(inv(dst, ARMSMCCall, NOCAPS, PSCI_FEATURES, 0, 0, 0, 0, 0, 0, 0),
	       seL4_InvalidCapability);
}
