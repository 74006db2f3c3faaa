/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address spaces (stage 2 for vCPUs and native threads alike): 40-bit addresses, a root of 1 GiB
 * entries, tables of 2 MiB and of 4 KiB entries. Tables are made when first needed and live as long
 * as the address space.
 */
#ifndef ROOT_VSPACE_H
#define ROOT_VSPACE_H

#include "root/untyped.h"

#define VSPACE_BITS 40u
#define VSPACE_BLOCKS 48u /* blocks with a table of 4 KiB entries that vspace_map made */

#define BLOCK_SHIFT 21u
#define BLOCK_SIZE (UINT64_C(1) << BLOCK_SHIFT)
#define BLOCK_PAGES 512u
#define BLOCK_RADIX 9u
#define GIB_SHIFT 30u

enum vspace_access {
	VSPACE_R = 0,
	VSPACE_W = 1,
	VSPACE_X = 2,
	VSPACE_DEVICE = 4, /* Device-nGnRnE */
};

struct vspace {
	seL4_CPtr cap;
	struct arena *arena; /* pays for the tables */
	uint64_t gib[1u << (VSPACE_BITS - GIB_SHIFT) >> 6]; /* GiB with a table of 2 MiB entries */
	uint32_t block[VSPACE_BLOCKS];
	unsigned int blocks;
};

/*
 * A new, empty address space with an ASID. False: out of memory, nothing was made that outlives the
 * arena.
 */
bool vspace_init(struct vspace *vs, struct arena *arena);
/* Root's own. */
void vspace_init_root(struct vspace *vs, struct arena *arena);
/* The arena is destroyed, or about to be: give the ASID back in the books. */
void vspace_gone(struct vspace *vs);
uint64_t vspace_asids(void);

/* Make the table of 2 MiB entries for `va`; needed before vspace_map_large and vspace_table. */
bool vspace_large_ready(struct vspace *vs, uint64_t va);
/*
 * Is there a table of 4 KiB entries made by vspace_map or vspace_pages_ready at the block of `va`?
 */
bool vspace_has_table(const struct vspace *vs, uint64_t va);
/* Make all tables needed for pages at `va`, and remember them. */
bool vspace_pages_ready(struct vspace *vs, uint64_t va);
/* Hang the empty page table `pt` in at the block of `va`; the caller remembers that. */
bool vspace_table(struct vspace *vs, seL4_CPtr pt, uint64_t va);

/*
 * Map the 4 KiB frame `frame` at `va`, making tables. `access` = enum vspace_access bits. False:
 * out of memory.
 */
bool vspace_map(struct vspace *vs, seL4_CPtr frame, uint64_t va, unsigned int access);
/* Map a frame of either size where the tables are known to exist. */
seL4_Error vspace_map_ready(seL4_CPtr vspace, seL4_CPtr frame, uint64_t va, unsigned int access);

#endif
