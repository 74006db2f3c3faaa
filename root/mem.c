// SPDX-License-Identifier: BSD-2-Clause
#include "root/mem.h"

#include "root/cspace.h"
#include "string/string.h"

#define HASH_BITS 10u
#define WORDS (BLOCK_PAGES / 64u)
#define LARGE_RADIX 1u /* smallest CNode: one large frame */
#define FEW_BLOCKS 8u

/*
 * A block of guest memory; its index is the number of its leaf. Bit i of the words stands for page
 * i.
 */
struct mem_block {
	uint64_t ipa_block; /* IPA >> BLOCK_SHIFT */
	uint16_t vm;
	uint16_t hash_next;
	uint16_t vm_next;
	bool large;
	bool table; /* of 4 KiB entries, made for this block */
	uint64_t mapped[WORDS];
	uint64_t write[WORDS];
	uint64_t exec[WORDS];
};

static struct mem_block block[CSPACE_LEAVES];
static uint16_t hash[1u << HASH_BITS];

static uint16_t *bucket(unsigned int vm, uint64_t ipa_block)
{
	uint64_t h = (ipa_block + ((uint64_t)vm << 40)) * UINT64_C(0x9e3779b97f4a7c15);

	return &hash[h >> (64 - HASH_BITS)];
}

static uint16_t find(const struct vm *vm, uint64_t ipa_block)
{
	uint16_t leaf = *bucket(vm->number, ipa_block);

	while (leaf && (block[leaf].ipa_block != ipa_block || block[leaf].vm != vm->number))
		leaf = block[leaf].hash_next;
	return leaf;
}

/*
 * A block for `ipa_block`, and the table of 2 MiB entries it needs: its leaf, or 0 when memory or
 * quota is exhausted.
 */
static uint16_t add(struct vm *vm, uint64_t ipa_block, bool large)
{
	uint64_t ipa = ipa_block << BLOCK_SHIFT;
	uint16_t leaf;

	if (!vspace_large_ready(&vm->space, ipa))
		return 0;
	leaf = (uint16_t)arena_leaf(&vm->arena, large ? LARGE_RADIX : BLOCK_RADIX);
	if (!leaf)
		return 0;
	/* Entered first: from here on mem_forget gives the leaf's number back. */
	block[leaf] = (struct mem_block){
		.ipa_block = ipa_block,
		.vm = vm->number,
		.hash_next = *bucket(vm->number, ipa_block),
		.vm_next = vm->mem_leaf,
		.large = large,
	};
	*bucket(vm->number, ipa_block) = leaf;
	vm->mem_leaf = leaf;
	return leaf;
}

/* The block's table of 4 KiB entries, unless the CPU interface next to it has brought one. */
static bool table_ready(struct vm *vm, uint16_t leaf, uint64_t ipa)
{
	seL4_CPtr pt;

	if (block[leaf].table || vspace_has_table(&vm->space, ipa))
		return true;
	pt = arena_object(&vm->arena, seL4_ARM_PageTableObject, 0);
	if (!pt)
		return false;
	CHECK(vspace_table(&vm->space, pt, ipa));
	block[leaf].table = true;
	return true;
}

static uint16_t get_small(struct vm *vm, uint64_t ipa)
{
	uint16_t leaf = find(vm, ipa >> BLOCK_SHIFT);

	if (!leaf)
		leaf = add(vm, ipa >> BLOCK_SHIFT, false);
	return leaf && table_ready(vm, leaf, ipa) ? leaf : 0;
}

static void count(struct vm *vm, int64_t frames)
{
	vm->mem_frames += (uint64_t)frames;
	arena_count(&vm->arena, frames);
}

static unsigned int access_of(uint64_t flags)
{
	return (flags & CTL_MAP_WRITE ? VSPACE_W : 0) | (flags & CTL_MAP_EXEC ? VSPACE_X : 0);
}

static void set_bit(uint64_t *words, unsigned int i, bool on)
{
	uint64_t bit = UINT64_C(1) << (i % 64);

	words[i / 64] = on ? words[i / 64] | bit : words[i / 64] & ~bit;
}

static bool get_bit(const uint64_t *words, unsigned int i)
{
	return words[i / 64] >> (i % 64) & 1;
}

static bool same_mapping(uint16_t leaf, unsigned int i, uint64_t flags, uint64_t paddr)
{
	const struct mem_block *b = &block[leaf];
	seL4_ARM_Page_GetAddress_t at = seL4_ARM_Page_GetAddress(cspace_addr(leaf, i));

	return at.error == seL4_NoError && at.paddr == paddr &&
	       get_bit(b->write, i) == !!(flags & CTL_MAP_WRITE) &&
	       get_bit(b->exec, i) == !!(flags & CTL_MAP_EXEC);
}

static enum wire_status map_small(struct vm *vm, struct ram *ram, uint16_t leaf, uint64_t ipa,
				  uint64_t flags, uint64_t src)
{
	unsigned int i = (unsigned int)(ipa >> WIRE_PAGE_SHIFT) % BLOCK_PAGES;
	struct mem_block *b = &block[leaf];
	seL4_CPtr copy = cspace_addr(leaf, i);

	if (get_bit(b->mapped, i))
		return same_mapping(leaf, i, flags, src) ? WIRE_OK : WIRE_EEXIST;
	/* Frames are one-to-one in the service-VM: `src` is the physical address too. */
	CHECK(cspace_copy(copy, ram_page(ram, src), seL4_ReadWrite) == seL4_NoError);
	CHECK(vspace_map_ready(vm->space.cap, copy, ipa, access_of(flags)) == seL4_NoError);
	set_bit(b->mapped, i, true);
	set_bit(b->write, i, flags & CTL_MAP_WRITE);
	set_bit(b->exec, i, flags & CTL_MAP_EXEC);
	count(vm, 1);
	return WIRE_OK;
}

/* A whole block at once, for RAM of 2 MiB granules. */
static enum wire_status map_block(struct vm *vm, struct ram *ram, uint64_t ipa, unsigned int pages,
				  uint64_t flags, const uint64_t *page)
{
	uint16_t leaf;

	if (pages != BLOCK_PAGES || ((ipa | page[0]) & (BLOCK_SIZE - 1)))
		return WIRE_EGRANULE;
	for (unsigned int i = 0; i < BLOCK_PAGES; i++)
		if (page[i] != page[0] + (uint64_t)i * WIRE_PAGE_SIZE)
			return WIRE_EGRANULE;
	if (!ram_contains(ram, page[0], BLOCK_SIZE))
		return WIRE_ENOENT;
	if (vspace_has_table(&vm->space, ipa))
		return WIRE_EEXIST;
	leaf = find(vm, ipa >> BLOCK_SHIFT);
	if (!leaf)
		leaf = add(vm, ipa >> BLOCK_SHIFT, true);
	if (!leaf)
		return WIRE_ENOMEM;
	if (get_bit(block[leaf].mapped, 0))
		return same_mapping(leaf, 0, flags, page[0]) ? WIRE_OK : WIRE_EEXIST;
	CHECK(cspace_copy(cspace_addr(leaf, 0), ram_large(ram, page[0]), seL4_ReadWrite) ==
	      seL4_NoError);
	CHECK(vspace_map_ready(vm->space.cap, cspace_addr(leaf, 0), ipa, access_of(flags)) ==
	      seL4_NoError);
	set_bit(block[leaf].mapped, 0, true);
	set_bit(block[leaf].write, 0, flags & CTL_MAP_WRITE);
	set_bit(block[leaf].exec, 0, flags & CTL_MAP_EXEC);
	count(vm, 1);
	return WIRE_OK;
}

enum wire_status mem_map(struct vm *vm, struct ram *ram, uint64_t ipa, unsigned int pages,
			 uint64_t flags, const uint64_t *page, unsigned int *done)
{
	uint16_t leaf = 0;

	*done = 0;
	if (!ram->small) {
		enum wire_status status = map_block(vm, ram, ipa, pages, flags, page);

		*done = status == WIRE_OK ? pages : 0;
		return status;
	}
	for (unsigned int i = 0; i < pages; i++, ipa += WIRE_PAGE_SIZE, ++*done) {
		enum wire_status status;

		if (page[i] == CTL_PAGE_NONE)
			continue;
		if (page[i] & (WIRE_PAGE_SIZE - 1))
			return WIRE_EINVAL;
		if (!ram_contains(ram, page[i], WIRE_PAGE_SIZE))
			return WIRE_ENOENT;
		if (vm_is_gicv(vm, ipa))
			return WIRE_EEXIST;
		if (!leaf || block[leaf].ipa_block != ipa >> BLOCK_SHIFT)
			leaf = get_small(vm, ipa);
		if (!leaf)
			return WIRE_ENOMEM;
		status = map_small(vm, ram, leaf, ipa, flags, page[i]);
		if (status != WIRE_OK)
			return status;
	}
	return WIRE_OK;
}

/* Pages first..last of a block. */
static void unmap_in(struct vm *vm, uint16_t leaf, unsigned int first, unsigned int last)
{
	struct mem_block *b = &block[leaf];

	if (b->large) /* all or nothing: what the guest still uses comes back with the next fault */
		first = last = 0;
	for (unsigned int i = first; i <= last; i++) {
		if (!b->mapped[i / 64]) {
			i |= 63;
			continue;
		}
		if (!get_bit(b->mapped, i))
			continue;
		cspace_delete(cspace_addr(leaf, i));
		set_bit(b->mapped, i, false);
		count(vm, -1);
	}
}

static void unmap_block(struct vm *vm, uint16_t leaf, uint64_t first_page, uint64_t last_page)
{
	uint64_t base = block[leaf].ipa_block * BLOCK_PAGES;
	uint64_t end = base + BLOCK_PAGES - 1;

	if (first_page > end || last_page < base)
		return;
	unmap_in(vm, leaf, first_page > base ? (unsigned int)(first_page - base) : 0,
		 last_page < end ? (unsigned int)(last_page - base) : BLOCK_PAGES - 1);
}

void mem_unmap(struct vm *vm, uint64_t ipa, uint64_t pages)
{
	uint64_t first = ipa >> WIRE_PAGE_SHIFT;
	uint64_t last;

	if (!pages || __builtin_add_overflow(first, pages - 1, &last))
		last = pages ? UINT64_MAX : 0;
	if (!pages)
		return;
	if (last / BLOCK_PAGES - first / BLOCK_PAGES < FEW_BLOCKS) {
		for (uint64_t b = first / BLOCK_PAGES; b <= last / BLOCK_PAGES; b++) {
			uint16_t leaf = find(vm, b);

			if (leaf)
				unmap_block(vm, leaf, first, last);
		}
		return;
	}
	for (uint16_t leaf = vm->mem_leaf; leaf; leaf = block[leaf].vm_next)
		unmap_block(vm, leaf, first, last);
}

void mem_forget(struct vm *vm)
{
	while (vm->mem_leaf) {
		uint16_t leaf = vm->mem_leaf;
		uint16_t *link = bucket(vm->number, block[leaf].ipa_block);

		while (*link != leaf)
			link = &block[*link].hash_next;
		*link = block[leaf].hash_next;
		vm->mem_leaf = block[leaf].vm_next;
		cspace_leaf_free(leaf);
	}
	vm->mem_frames = 0;
}
