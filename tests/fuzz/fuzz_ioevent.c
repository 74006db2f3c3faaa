// SPDX-License-Identifier: BSD-2-Clause
/* Any table a module leaves in the shared region, any store of a guest: the hashed lookup says what a search of it says. */
#include <stdlib.h>
#include <string.h>

#include "vmm/ioevent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool cond)
{
	if (!cond)
		abort();
}

static bool well_formed(const struct uvm_ioevent *e)
{
	switch (e->len) {
	case 0:
		return e->flags == UVM_IOEVENT_VALID;
	case 1:
	case 2:
	case 4:
	case 8:
		return e->flags == UVM_IOEVENT_VALID ||
		       e->flags == (UVM_IOEVENT_VALID | UVM_IOEVENT_DATAMATCH);
	}
	return false;
}

static bool hits(const struct uvm_ioevent *e, uint64_t addr, unsigned int len, uint64_t data)
{
	uint64_t mask = e->len && e->len < 8 ? (UINT64_C(1) << 8 * e->len) - 1 : UINT64_MAX;

	return well_formed(e) && e->addr == addr && (!e->len || e->len == len) &&
	       (!(e->flags & UVM_IOEVENT_DATAMATCH) || (e->data & mask) == data);
}

static void store(const struct ioevent_table *t, const struct uvm_ioevent *shared, uint64_t addr,
		  unsigned int len, uint64_t data)
{
	int i = ioevent_match(t, addr, len, data);
	bool any = false;

	for (unsigned int k = 0; k < UVM_IOEVENTS; k++)
		any = any || hits(&shared[k], addr, len, data);
	demand(any == (i >= 0));
	if (!any)
		return;
	demand(i < (int)UVM_IOEVENTS && hits(&shared[i], addr, len, data));
	demand(ioevent_find(t, addr, len) != IOEVENT_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ioevent_table t;
	static struct uvm_ioevent shared[UVM_IOEVENTS];
	uint8_t used[16];
	unsigned int count = 0;
	uint32_t generation = 2;

	memset(&t, 0, sizeof(t));
	memset(shared, 0, sizeof(shared));
	/* 16 bytes: which entry, its fields; few addresses and values, so that they meet */
	for (; size >= 16; data += 16, size -= 16) {
		struct uvm_ioevent *e = &shared[data[0]];

		used[count++ % sizeof(used)] = data[0];
		e->addr = UINT64_C(0x0a000000) + (data[1] & 7u) + (uint64_t)data[2] * 0x200;
		memcpy(&e->data, data + 8, 8);
		e->len = data[3] & 0x80 ? data[3] :
					  1u << (data[3] & 3u) & ~(data[3] & 4u ? 15u : 0u);
		e->flags = data[4] & 0x80 ? data[4] : 1u | (data[4] & 2u);
	}
	demand(ioevent_load(&t, shared, &generation) && t.generation == generation);
	for (unsigned int i = 0; i < count && i < sizeof(used); i++)
		for (unsigned int len = 1; len <= 8; len *= 2) {
			const struct uvm_ioevent *e = &shared[used[i]];
			uint64_t mask = len < 8 ? (UINT64_C(1) << 8 * len) - 1 : UINT64_MAX;

			store(&t, shared, e->addr, len, e->data & mask);
			store(&t, shared, e->addr + 4, len, i);
		}
	generation++;
	demand(!ioevent_load(&t, shared, &generation));
	return 0;
}
