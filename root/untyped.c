// SPDX-License-Identifier: BSD-2-Clause
#include "root/untyped.h"

#include "root/cspace.h"
#include "root/log.h"

#define NODES 8192u
#define CHUNKS 4096u
#define LARGE_OBJECT_BITS 14u

/*
 * A block of an arena. `used` is the kernel's watermark: objects are placed at the next multiple of
 * their size.
 */
struct chunk {
	uint16_t node; /* of the buddy allocator */
	uint16_t next;
	uint8_t bits;
	uint32_t used;
};

static struct buddy buddy;
static struct buddy_node node[NODES];
static struct chunk chunk[CHUNKS]; /* [0] is not used */
static uint16_t chunk_unused;
static uint64_t objects, slots;

static uint32_t op_slot_alloc(void *ctx)
{
	(void)ctx;
	return (uint32_t)cspace_slot_alloc();
}

static void op_slot_free(void *ctx, uint32_t slot)
{
	(void)ctx;
	cspace_slot_free(slot);
}

static bool op_split(void *ctx, uint32_t slot, unsigned int half_bits, uint32_t low, uint32_t high)
{
	(void)ctx;
	/* Two calls: the slots need not be neighbours. */
	if (seL4_Untyped_Retype(slot, seL4_UntypedObject, half_bits, seL4_CapInitThreadCNode, 0, 0,
				low, 1) != seL4_NoError)
		return false;
	if (seL4_Untyped_Retype(slot, seL4_UntypedObject, half_bits, seL4_CapInitThreadCNode, 0, 0,
				high, 1) == seL4_NoError)
		return true;
	cspace_delete(low);
	return false;
}

static void op_revoke(void *ctx, uint32_t slot)
{
	(void)ctx;
	cspace_revoke(slot);
}

static const struct buddy_ops ops = {
	.slot_alloc = op_slot_alloc,
	.slot_free = op_slot_free,
	.split = op_split,
	.revoke = op_revoke,
};

void untyped_init(const seL4_BootInfo *bi)
{
	buddy_init(&buddy, node, NODES, &ops, NULL);
	for (seL4_Word i = 0; i < bi->untyped.end - bi->untyped.start; i++) {
		const seL4_UntypedDesc *d = &bi->untypedList[i];

		buddy_add(&buddy, d->paddr, d->sizeBits, d->isDevice,
			  (uint32_t)(bi->untyped.start + i));
	}
	for (unsigned int i = CHUNKS - 1; i >= 1; i--) {
		chunk[i].next = chunk_unused;
		chunk_unused = (uint16_t)i;
	}
}

seL4_CPtr untyped_take(unsigned int bits)
{
	uint16_t n = buddy_alloc(&buddy, bits);

	return n ? buddy_slot(&buddy, n) : 0;
}

uint64_t untyped_free_bytes(void)
{
	return buddy.free_bytes;
}

uint64_t untyped_total_bytes(void)
{
	return buddy.total_bytes;
}

uint64_t untyped_objects(void)
{
	return objects;
}

uint64_t untyped_slots(void)
{
	return slots;
}

uint64_t untyped_split_slots(void)
{
	return buddy.slots;
}

seL4_CPtr untyped_take_at(uint64_t paddr, unsigned int bits, uint16_t *n)
{
	*n = buddy_alloc_at(&buddy, paddr, bits);
	return *n ? buddy_slot(&buddy, *n) : 0;
}

void untyped_give_at(uint16_t n)
{
	cspace_revoke(buddy_slot(&buddy, n));
	buddy_free(&buddy, n);
}

unsigned int untyped_extent(uint64_t paddr, unsigned int max_bits, bool *device)
{
	return buddy_extent(&buddy, paddr, max_bits, device);
}

unsigned int untyped_object_bits(seL4_Word type, unsigned int size_bits)
{
	switch (type) {
	case seL4_UntypedObject:
	case seL4_SchedContextObject:
		return size_bits;
	case seL4_CapTableObject:
		return size_bits + seL4_SlotBits;
	case seL4_TCBObject:
		return seL4_TCBBits;
	case seL4_EndpointObject:
		return seL4_EndpointBits;
	case seL4_NotificationObject:
		return seL4_NotificationBits;
	case seL4_ReplyObject:
		return seL4_ReplyBits;
	case seL4_ARM_VSpaceObject:
		return seL4_VSpaceBits;
	case seL4_ARM_SmallPageObject:
		return seL4_PageBits;
	case seL4_ARM_LargePageObject:
		return seL4_LargePageBits;
	case seL4_ARM_PageTableObject:
		return seL4_PageTableBits;
	case seL4_ARM_VCPUObject:
		return seL4_VCPUBits;
	}
	CHECK(!"an object type root does not make");
	return 0;
}

void arena_init(struct arena *a, struct quota *quota)
{
	*a = (struct arena){ .quota = quota };
}

/*
 * A new chunk with room for `bytes`; larger ones for larger arenas, so that their number stays
 * small.
 */
static struct chunk *chunk_add(struct arena *a, uint64_t bytes)
{
	unsigned int least = ARENA_CHUNK_MIN_BITS, bits;
	uint16_t c = chunk_unused, n = 0;

	while ((UINT64_C(1) << least) < bytes)
		least++;
	if (!c || least > ARENA_CHUNK_MAX_BITS)
		return NULL;
	bits = least;
	while (bits < ARENA_CHUNK_MAX_BITS - 2 && (UINT64_C(16) << bits) < a->bytes)
		bits++;
	for (; bits >= least && !n; bits--)
		if (!a->quota || a->quota->limit - a->quota->used >= UINT64_C(1) << bits)
			n = buddy_alloc(&buddy, bits);
	if (!n)
		return NULL;
	bits++;
	chunk_unused = chunk[c].next;
	chunk[c] = (struct chunk){ .node = n, .next = a->chunk, .bits = (uint8_t)bits };
	a->chunk = c;
	a->bytes += UINT64_C(1) << bits;
	if (a->quota)
		a->quota->used += UINT64_C(1) << bits;
	return &chunk[c];
}

static uint32_t place(const struct chunk *c, unsigned int bits)
{
	uint32_t size = 1u << bits;

	return (c->used + size - 1) & ~(size - 1);
}

/*
 * Where `bytes` of objects of 2^bits go: where they leave no gap, and small ones where the
 * watermark is least aligned, so that the large ones find aligned places. Rather than leave a large
 * gap a new chunk is begun.
 */
static struct chunk *choose(struct arena *a, unsigned int bits, uint64_t bytes)
{
	struct chunk *best = NULL, *c;
	uint32_t best_gap = UINT32_MAX, best_align = UINT32_MAX;

	for (uint16_t i = a->chunk; i; i = c->next) {
		uint32_t at, align;

		c = &chunk[i];
		at = place(c, bits);
		align = c->used ? c->used & -c->used : UINT32_MAX;
		if (at + bytes > UINT64_C(1) << c->bits || at - c->used > best_gap ||
		    (at - c->used == best_gap && align >= best_align))
			continue;
		best = c;
		best_gap = at - c->used;
		best_align = align;
	}
	if (best && (!best_gap || bits < LARGE_OBJECT_BITS))
		return best;
	c = chunk_add(a, bytes);
	return c ? c : best;
}

static bool retype(struct arena *a, seL4_Word type, unsigned int size_bits, seL4_CPtr root,
		   seL4_Word index, seL4_Word depth, unsigned int offset, unsigned int count)
{
	unsigned int bits = untyped_object_bits(type, size_bits);
	uint64_t bytes = (uint64_t)count << bits;
	struct chunk *c = choose(a, bits, bytes);

	if (!c)
		return false;
	seL4_Error err = seL4_Untyped_Retype(buddy_slot(&buddy, c->node), type, size_bits, root,
					     index, depth, offset, count);
	CHECK(err == seL4_NoError);
	c->used = place(c, bits) + (uint32_t)bytes;
	a->objects += count;
	objects += count;
	arena_count(a, count);
	return true;
}

bool arena_retype(struct arena *a, seL4_Word type, unsigned int size_bits, unsigned int leaf,
		  unsigned int slot, unsigned int count)
{
	return retype(a, type, size_bits, cspace_top(), leaf, CSPACE_GUARD_BITS + CSPACE_TOP_BITS,
		      slot, count);
}

bool arena_retype_into(struct arena *a, seL4_Word type, unsigned int size_bits, seL4_CPtr cnode,
		       unsigned int index, unsigned int count)
{
	return retype(a, type, size_bits, cnode, 0, 0, index, count);
}

unsigned int arena_leaf(struct arena *a, unsigned int radix)
{
	unsigned int leaf = cspace_leaf_alloc();
	seL4_CPtr raw = cspace_slot_alloc();

	if (!leaf || !raw ||
	    !retype(a, seL4_CapTableObject, radix, seL4_CapInitThreadCNode, 0, 0, (unsigned int)raw,
		    1)) {
		if (raw)
			cspace_slot_free(raw);
		if (leaf)
			cspace_leaf_free(leaf);
		return 0;
	}
	cspace_leaf_install(leaf, raw, radix);
	cspace_slot_free(raw);
	return leaf;
}

seL4_CPtr arena_slot(struct arena *a)
{
	if (!a->leaves || a->slot == 1u << ARENA_LEAF_BITS) {
		if (a->leaves == ARENA_LEAVES)
			return 0;
		unsigned int leaf = arena_leaf(a, ARENA_LEAF_BITS);

		if (!leaf)
			return 0;
		a->leaf[a->leaves++] = (uint16_t)leaf;
		a->slot = 0;
	}
	return cspace_addr(a->leaf[a->leaves - 1], a->slot++);
}

seL4_CPtr arena_object(struct arena *a, seL4_Word type, unsigned int size_bits)
{
	seL4_CPtr slot = arena_slot(a);

	if (!slot)
		return 0;
	/* A slot whose object could not be had is the next one handed out. */
	if (!arena_retype(a, type, size_bits, (unsigned int)(slot >> CSPACE_LEAF_BITS),
			  (unsigned int)(slot & ((1u << CSPACE_LEAF_BITS) - 1)), 1)) {
		a->slot--;
		return 0;
	}
	return slot;
}

void arena_count(struct arena *a, int64_t n)
{
	a->slots += (uint64_t)n;
	slots += (uint64_t)n;
}

void arena_destroy(struct arena *a)
{
	while (a->chunk) {
		struct chunk *c = &chunk[a->chunk];
		uint16_t next = c->next;

		cspace_revoke(buddy_slot(&buddy, c->node));
		buddy_free(&buddy, c->node);
		c->next = chunk_unused;
		chunk_unused = a->chunk;
		a->chunk = next;
	}
	for (unsigned int i = 0; i < a->leaves; i++)
		cspace_leaf_free(a->leaf[i]);
	if (a->quota)
		a->quota->used -= a->bytes;
	objects -= a->objects;
	slots -= a->slots;
	arena_init(a, a->quota);
}
