/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of kernel objects.
 *
 * An arena is the memory of one owner (root, a service-VM, a user-VM): chunks taken from the buddy
 * allocator, each used front to back as the kernel does it. Single objects are not given back;
 * destroying the arena revokes its chunks, which takes every object, every copy of its capabilities
 * and every mapping.
 */
#ifndef ROOT_UNTYPED_H
#define ROOT_UNTYPED_H

#include "root/buddy.h"

#include <sel4/sel4.h>

#define ARENA_LEAVES 24u
#define ARENA_LEAF_BITS 9u /* slots of a leaf for an arena's capabilities */

struct quota {
	uint64_t limit; /* bytes */
	uint64_t used;
};

struct arena {
	struct quota *quota; /* NULL: not limited */
	uint16_t chunk; /* list of chunks, newest first; 0 = none */
	uint16_t leaves;
	uint16_t leaf[ARENA_LEAVES];
	unsigned int slot; /* next slot of the newest leaf */
	uint64_t bytes; /* in chunks */
	uint64_t objects;
	uint64_t slots; /* capability slots in use, copies included (arena_count) */
};

/* Take the boot untypeds. After cspace_init. */
void untyped_init(const seL4_BootInfo *bi);
/* For cspace_enter: an untyped of 2^bits bytes of root's own. */
seL4_CPtr untyped_take(unsigned int bits);

uint64_t untyped_free_bytes(void);
uint64_t untyped_total_bytes(void);
/* Objects and slots of all arenas together. */
uint64_t untyped_objects(void);
uint64_t untyped_slots(void);
/* Slots that the halves of split untypeds occupy: the allocator's own, not in untyped_slots. */
uint64_t untyped_split_slots(void);

/*
 * A block of memory at a fixed address (device, or RAM of a service-VM), for good or until
 * untyped_give_at. Returns the slot of its untyped, 0 when it can not be had. Not part of any
 * arena.
 */
seL4_CPtr untyped_take_at(uint64_t paddr, unsigned int bits, uint16_t *node);
void untyped_give_at(uint16_t node);
/* See buddy_extent. */
unsigned int untyped_extent(uint64_t paddr, unsigned int max_bits, bool *device);

void arena_init(struct arena *a, struct quota *quota);

/* log2 of the size of an object; `size_bits` as for Retype. */
unsigned int untyped_object_bits(seL4_Word type, unsigned int size_bits);

/*
 * Make `count` objects (together at most 2^ARENA_CHUNK_MAX_BITS bytes) in slots slot.. of root's
 * leaf `leaf`. False: memory or quota exhausted, nothing was made.
 */
bool arena_retype(struct arena *a, seL4_Word type, unsigned int size_bits, unsigned int leaf,
		  unsigned int slot, unsigned int count);
/* The same into slots index.. of the CNode `cnode`. */
bool arena_retype_into(struct arena *a, seL4_Word type, unsigned int size_bits, seL4_CPtr cnode,
		       unsigned int index, unsigned int count);

/* An empty slot that lives as long as the arena; 0 = out of memory, quota or leaves. */
seL4_CPtr arena_slot(struct arena *a);
/* arena_slot and arena_retype of one object: its address or 0. */
seL4_CPtr arena_object(struct arena *a, seL4_Word type, unsigned int size_bits);
/* A CNode of 2^radix slots as a leaf of root's CSpace: its number or 0. */
unsigned int arena_leaf(struct arena *a, unsigned int radix);

/* Slots of copies that the owner made (+) or deleted (-) by itself. */
void arena_count(struct arena *a, int64_t slots);

/* Everything gone, memory back. Leaf numbers of arena_leaf must be freed by who asked for them. */
void arena_destroy(struct arena *a);

#define ARENA_CHUNK_MIN_BITS 16u
#define ARENA_CHUNK_MAX_BITS 22u

#endif
