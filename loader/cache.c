// SPDX-License-Identifier: BSD-2-Clause
#include "loader/cache.h"

#include "arch/sysreg.h"
#include "string/string.h"

static uint64_t line_size(void)
{
	return UINT64_C(4) << FIELD_GET(CTR_EL0_DMINLINE, sysreg_read(ctr_el0));
}

void cache_invalidate(uint64_t begin, uint64_t end)
{
	const uint64_t line = line_size();

	/* Our writes are in memory before stale lines go. */
	dsb(sy);
	for (uint64_t p = begin & ~(line - 1); p < end; p += line)
		__asm__ volatile("dc ivac, %0" : : "r"(p) : "memory");
	dsb(sy);
}

void cache_clean(uint64_t begin, uint64_t end)
{
	const uint64_t line = line_size();

	for (uint64_t p = begin & ~(line - 1); p < end; p += line)
		__asm__ volatile("dc cvac, %0" : : "r"(p) : "memory");
	dsb(sy);
	__asm__ volatile("ic iallu" : : : "memory");
	dsb(sy);
	isb();
}

void cache_zero(void *p, size_t size)
{
	const uint64_t dczid = sysreg_read(dczid_el0);
	const size_t block = (size_t)4 << FIELD_GET(DCZID_EL0_BS, dczid);
	uint8_t *at = p;
	size_t head = -(uintptr_t)at & (block - 1);

	if ((dczid & DCZID_EL0_DZP) || size < head + block) {
		memset(p, 0, size);
		return;
	}
	memset(at, 0, head);
	at += head;
	size -= head;
	for (; size >= block; size -= block, at += block)
		__asm__ volatile("dc zva, %0" : : "r"(at) : "memory");
	memset(at, 0, size);
}
