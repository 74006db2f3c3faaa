// SPDX-License-Identifier: BSD-2-Clause
/* Form of control requests: no kernel call, also compiled for host tests. */
#include "root/ctlcheck.h"

#define GICC_SIZE (2 * WIRE_PAGE_SIZE)
#define IPA_BITS_MIN 32u
#define IPA_BITS_MAX 40u
#define INTIDS_MIN 64u
#define INTIDS_MAX 1020u

/* MPIDR_EL1 (Arm ARM D17.2.101): Aff3, U, MT, Aff2..Aff0 and the RES1 bit 31 */
#define MPIDR_MASK UINT64_C(0xffc1ffffff)

static bool page_fits(uint64_t ipa, uint64_t size, unsigned int ipa_bits)
{
	uint64_t end = UINT64_C(1) << ipa_bits;

	return !(ipa & (WIRE_PAGE_SIZE - 1)) && ipa < end && size <= end - ipa;
}

bool ctl_create_valid(const struct ctl_create *c)
{
	if (c->vcpus < 1 || c->vcpus > WIRE_MAX_VCPUS || c->reserved)
		return false;
	if (c->ipa_bits < IPA_BITS_MIN || c->ipa_bits > IPA_BITS_MAX)
		return false;
	for (unsigned int i = 0; i < c->vcpus; i++)
		if (c->mpidr[i] & ~MPIDR_MASK)
			return false;
	if (c->intids < INTIDS_MIN || c->intids > INTIDS_MAX || c->intids % 32)
		return false;
	if (c->gicd == CTL_NO_GIC)
		return true;
	return page_fits(c->gicd, WIRE_PAGE_SIZE, c->ipa_bits) &&
	       page_fits(c->gicc, GICC_SIZE, c->ipa_bits) && c->gicd - c->gicc >= GICC_SIZE;
}

bool ctl_map_valid(unsigned int ipa_bits, uint64_t ipa, uint64_t pages, uint64_t flags)
{
	return pages >= 1 && pages <= CTL_MAX_PAGES &&
	       !(flags & ~(uint64_t)(CTL_MAP_WRITE | CTL_MAP_EXEC)) &&
	       page_fits(ipa, pages * WIRE_PAGE_SIZE, ipa_bits);
}
