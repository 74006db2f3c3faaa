/* SPDX-License-Identifier: BSD-2-Clause */
/* Stage 1 of EL2 as seL4 wants to find it: 48-bit addresses, 4 KiB granule, mapped in blocks of 2 MiB or 1 GiB. */
#ifndef LOADER_MMU_H
#define LOADER_MMU_H

#include <stdbool.h>
#include <stdint.h>

#define MMU_BLOCK (UINT64_C(2) << 20)

enum mmu_memory {
	MMU_DEVICE, /* nGnRnE, never executable */
	MMU_NORMAL, /* write-back, inner shareable, executable */
};

/*
 * Map [va, va + size) to pa. All three are multiples of MMU_BLOCK. Mapping the same again is fine; false when
 * something else is there, when an address is beyond 48 bits, or when the tables are used up. With the MMU on,
 * the new mapping counts at once.
 */
bool mmu_map(uint64_t va, uint64_t pa, uint64_t size, enum mmu_memory memory);

/*
 * Turn MMU and caches on. All memory that was written before and is used afterwards is in [begin, end), which
 * contains this program and consists of whole cache lines, and is mapped one-to-one.
 */
void mmu_enable(uint64_t begin, uint64_t end);

#endif
