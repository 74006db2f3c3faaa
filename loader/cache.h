/* SPDX-License-Identifier: BSD-2-Clause */
/* Data cache maintenance by address, to the point of coherency (Arm ARM D7.5.9), and fast zeroing. */
#ifndef LOADER_CACHE_H
#define LOADER_CACHE_H

#include <stddef.h>
#include <stdint.h>

/* Drop what the data cache holds of [begin, end), whole lines. For memory written with the cache off. */
void cache_invalidate(uint64_t begin, uint64_t end);

/*
 * Make [begin, end) the same for everyone: memory, instruction fetches, and observers without a cache. What is
 * cached stays cached.
 */
void cache_clean(uint64_t begin, uint64_t end);

/* memset(p, 0, size) by cache lines; only with the data cache on. */
void cache_zero(void *p, size_t size);

#endif
