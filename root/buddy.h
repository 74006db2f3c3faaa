/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buddy allocator over untyped capabilities.
 *
 * Every block is an untyped capability in a slot. A block is split by retyping it into two halves
 * and joined again by revoking it. The kernel clears what was used of an untyped when it is retyped
 * anew (a boot untyped counts as fully used), so blocks are split as late as possible, the smallest
 * sufficient block is taken first, and free halves are joined only when a larger block is wanted.
 *
 * Pure logic: the kernel is behind struct buddy_ops, so this compiles on the host.
 */
#ifndef ROOT_BUDDY_H
#define ROOT_BUDDY_H

#include <stdbool.h>
#include <stdint.h>

#define BUDDY_MIN_BITS 12u
#define BUDDY_MAX_BITS 40u

/* What the allocator needs of the kernel. Slots are opaque numbers, 0 is none. */
struct buddy_ops {
	uint32_t (*slot_alloc)(void *ctx);
	void (*slot_free)(void *ctx, uint32_t slot);
	/* Retype `slot` into two untypeds of 2^half_bits bytes; false: nothing was made. */
	bool (*split)(void *ctx, uint32_t slot, unsigned int half_bits, uint32_t low,
		      uint32_t high);
	/* Delete everything that was made from `slot`. */
	void (*revoke)(void *ctx, uint32_t slot);
};

enum buddy_state {
	BUDDY_UNUSED = 0, /* node not in use */
	BUDDY_FREE,
	BUDDY_TAKEN,
	BUDDY_SPLIT,
};

struct buddy_node {
	uint64_t paddr;
	uint32_t slot;
	uint16_t parent; /* 0: a boot untyped */
	uint16_t child[2]; /* when split */
	uint16_t prev, next; /* free list of this size, or list of unused nodes */
	uint8_t bits;
	uint8_t state; /* enum buddy_state */
	bool device;
};

struct buddy {
	struct buddy_node *node; /* [0] is not used: index 0 means none */
	uint16_t nodes;
	uint16_t unused; /* list of unused nodes */
	uint16_t first_root,
		roots; /* boot untypeds are nodes first_root .. first_root + roots - 1 */
	uint16_t free[BUDDY_MAX_BITS +
		      1]; /* ordinary memory only; device memory is found by address */
	uint64_t free_bytes; /* ordinary memory */
	uint64_t total_bytes; /* ordinary memory */
	uint32_t slots; /* slots that halves occupy */
	const struct buddy_ops *ops;
	void *ctx;
};

/* `node` has `nodes` entries (2..65535) and lives as long as the allocator. */
void buddy_init(struct buddy *b, struct buddy_node *node, unsigned int nodes,
		const struct buddy_ops *ops, void *ctx);

/*
 * Give a boot untyped to the allocator; all of them before the first allocation. False when it is
 * smaller than BUDDY_MIN_BITS, larger than BUDDY_MAX_BITS, misaligned, or no node is left: it stays
 * unused.
 */
bool buddy_add(struct buddy *b, uint64_t paddr, unsigned int bits, bool device, uint32_t slot);

/*
 * Take a block of ordinary memory of 2^bits bytes, anywhere. Returns its node or 0 (memory, nodes
 * or slots are short; the books are as before).
 */
uint16_t buddy_alloc(struct buddy *b, unsigned int bits);

/* The same for exactly the block at `paddr` (aligned to its size), of either kind of memory. */
uint16_t buddy_alloc_at(struct buddy *b, uint64_t paddr, unsigned int bits);

/* Give a taken block back. Nothing made from it may be left: the caller revoked its slot. */
void buddy_free(struct buddy *b, uint16_t n);

/*
 * Largest aligned power-of-two block that starts at `paddr`, lies inside one boot untyped and is no
 * larger than 2^max_bits: its size in bits, or 0 when no boot untyped contains `paddr`. `device`
 * tells the kind of memory.
 */
unsigned int buddy_extent(const struct buddy *b, uint64_t paddr, unsigned int max_bits,
			  bool *device);

static inline uint32_t buddy_slot(const struct buddy *b, uint16_t n)
{
	return b->node[n].slot;
}

#endif
