/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Root's capability space: two levels. A top CNode of 2^CSPACE_TOP_BITS slots holds one CNode per
 * leaf; leaf 0 is the initial CNode, so its slots keep their numbers. Every capability address has
 * the form
 *
 *	leaf << CSPACE_LEAF_BITS | slot
 *
 * whatever the size of the leaf (its guard fills the rest). Leaves other than 0 are made of their
 * owner's memory and vanish with it.
 */
#ifndef ROOT_CSPACE_H
#define ROOT_CSPACE_H

#include <sel4/sel4.h>
#include <stdbool.h>
#include <stdint.h>

#define CSPACE_LEAF_BITS 17u
#define CSPACE_TOP_BITS 13u
#define CSPACE_LEAVES (1u << CSPACE_TOP_BITS)
#define CSPACE_GUARD_BITS (64u - CSPACE_TOP_BITS - CSPACE_LEAF_BITS)

/* Address of `slot` in `leaf`. */
static inline seL4_CPtr cspace_addr(unsigned int leaf, unsigned int slot)
{
	return (seL4_CPtr)leaf << CSPACE_LEAF_BITS | slot;
}

/* Learn the initial CNode's free slots. Before any other function here. */
void cspace_init(const seL4_BootInfo *bi);

/*
 * Make the top CNode out of `untyped` (2^(CSPACE_TOP_BITS + seL4_SlotBits) bytes, empty) and move
 * the calling thread to it.
 */
void cspace_enter(seL4_CPtr untyped);

/* The top CNode's capability; a thread whose CSpace it is resolves every address of this header. */
seL4_CPtr cspace_top(void);
/* The guard word to configure such a thread with. */
seL4_Word cspace_guard(void);

/* A free slot of the initial CNode; 0 when there is none. */
seL4_CPtr cspace_slot_alloc(void);
/* `slot` is empty and came from cspace_slot_alloc. */
void cspace_slot_free(seL4_CPtr slot);
/* Slots of the initial CNode handed out now. */
uint64_t cspace_slots_used(void);

/* A leaf number with nothing behind it; 0 when there is none. */
unsigned int cspace_leaf_alloc(void);
/* The leaf's CNode is gone. */
void cspace_leaf_free(unsigned int leaf);

/*
 * Install the CNode of 2^radix slots in `cnode` (a slot of the initial CNode, emptied by this) as
 * leaf `leaf`.
 */
void cspace_leaf_install(unsigned int leaf, seL4_CPtr cnode, unsigned int radix);

/*
 * Kernel calls on addresses of this CSpace. Copy and mint return seL4_Error; the destination must
 * be empty. Delete of an empty slot does nothing.
 */
seL4_Error cspace_copy(seL4_CPtr dst, seL4_CPtr src, seL4_CapRights_t rights);
seL4_Error cspace_mint(seL4_CPtr dst, seL4_CPtr src, seL4_CapRights_t rights, seL4_Word badge);
void cspace_delete(seL4_CPtr slot);
void cspace_revoke(seL4_CPtr slot);

/* Copy or mint into slot `index` of another program's CNode `cnode` of 2^radix slots. */
seL4_Error cspace_copy_into(seL4_CPtr cnode, unsigned int radix, seL4_Word index, seL4_CPtr src,
			    seL4_CapRights_t rights);
seL4_Error cspace_mint_into(seL4_CPtr cnode, unsigned int radix, seL4_Word index, seL4_CPtr src,
			    seL4_CapRights_t rights, seL4_Word badge);

#endif
