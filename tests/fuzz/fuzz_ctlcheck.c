// SPDX-License-Identifier: BSD-2-Clause
/* What the checks of control requests let through must be harmless in every sum root makes with it. */
#include <stdlib.h>
#include <string.h>

#include "root/ctlcheck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool cond)
{
	if (!cond)
		abort();
}

static void created(const struct ctl_create *c)
{
	uint64_t end = UINT64_C(1) << c->ipa_bits;

	require(c->vcpus >= 1 && c->vcpus <= WIRE_MAX_VCPUS);
	require(c->ipa_bits >= 32 && c->ipa_bits <= 40);
	require(c->intids >= 64 && c->intids < 1020 && c->intids % 32 == 0);
	if (c->gicd == CTL_NO_GIC)
		return;
	require(c->gicd % 4096 == 0 && c->gicd + 4096 <= end);
	require(c->gicc % 4096 == 0 && c->gicc + 8192 <= end);
	require(c->gicd + 4096 <= c->gicc || c->gicc + 8192 <= c->gicd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct {
		struct ctl_create create;
		uint64_t ipa, pages, flags;
		uint32_t ipa_bits;
	} in = { 0 };

	memcpy(&in, data, size < sizeof(in) ? size : sizeof(in));
	if (ctl_create_valid(&in.create))
		created(&in.create);
	in.ipa_bits = 32 + in.ipa_bits % 9;
	if (ctl_map_valid(in.ipa_bits, in.ipa, in.pages, in.flags)) {
		require(in.pages >= 1 && in.pages <= CTL_MAX_PAGES && in.flags <= 3);
		require(in.ipa % 4096 == 0 && in.ipa + in.pages * 4096 <= UINT64_C(1)
										  << in.ipa_bits);
	}
	return 0;
}
