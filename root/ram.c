// SPDX-License-Identifier: BSD-2-Clause
#include "root/ram.h"

#include "root/board.h"
#include "root/cspace.h"
#include "root/log.h"
#include "root/window.h"

#define RETYPE_MAX 256u /* objects per call */

static struct ram_block block[RAM_BLOCKS];
static uint32_t blocks;

void ram_init(struct ram *ram, bool small)
{
	*ram = (struct ram){ .small = small };
	arena_init(&ram->arena, NULL);
}

static struct ram_block *find(const struct ram *ram, uint64_t ipa)
{
	for (unsigned int i = 0; i < ram->banks; i++) {
		const struct ram_bank *bank = &ram->bank[i];

		if (ipa >= bank->base && (ipa - bank->base) >> BLOCK_SHIFT < bank->blocks)
			return &block[bank->first + ((ipa - bank->base) >> BLOCK_SHIFT)];
	}
	return NULL;
}

bool ram_contains(const struct ram *ram, uint64_t ipa, uint64_t size)
{
	for (unsigned int i = 0; i < ram->banks; i++) {
		const struct ram_bank *bank = &ram->bank[i];
		uint64_t bytes = (uint64_t)bank->blocks << BLOCK_SHIFT;

		if (ipa >= bank->base && ipa - bank->base < bytes &&
		    size <= bytes - (ipa - bank->base))
			return true;
	}
	return false;
}

static bool make_large(struct ram_block *b)
{
	return seL4_Untyped_Retype(b->untyped, seL4_ARM_LargePageObject, 0, seL4_CapInitThreadCNode,
				   0, 0, b->large, 1) == seL4_NoError;
}

/* Small frame `i` of a block. */
static seL4_CPtr small(const struct ram_block *b, unsigned int i)
{
	return b->kind == RAM_IMAGE ? b->image + i : cspace_addr(b->leaf, i);
}

/* Frames that came with root's image go out of root's own address space before they are used. */
static void leave_root(struct ram_block *b)
{
	if (!b->in_root)
		return;
	for (unsigned int i = 0; i < BLOCK_PAGES; i++)
		CHECK(seL4_ARM_Page_Unmap(b->image + i) == seL4_NoError);
	b->in_root = false;
}

/* The small frames of a block, out of `untyped`, in the block's leaf. */
static bool make_small(const struct ram_block *b, seL4_CPtr untyped)
{
	for (unsigned int i = 0; i < BLOCK_PAGES; i += RETYPE_MAX)
		if (seL4_Untyped_Retype(untyped, seL4_ARM_SmallPageObject, 0, cspace_top(), b->leaf,
					CSPACE_GUARD_BITS + CSPACE_TOP_BITS, i,
					RETYPE_MAX) != seL4_NoError)
			return false;
	return true;
}

/* Blocks in order out of the untyped `ut`, which begins where the first of them begins. */
static bool take_blocks(struct ram *ram, seL4_CPtr ut, struct ram_block *b, unsigned int count,
			bool device)
{
	for (; count; count--, b++) {
		b->kind = !ram->small ? RAM_LARGE : device ? RAM_WHOLE : RAM_PAGES;
		if (b->kind != RAM_LARGE) {
			b->leaf = (uint16_t)arena_leaf(&ram->arena, BLOCK_RADIX);
			if (!b->leaf)
				return false;
		}
		if (b->kind == RAM_PAGES) {
			if (!make_small(b, ut))
				return false;
			continue;
		}
		b->large = cspace_slot_alloc();
		b->untyped = cspace_slot_alloc();
		if (!b->large || !b->untyped ||
		    seL4_Untyped_Retype(ut, seL4_UntypedObject, BLOCK_SHIFT,
					seL4_CapInitThreadCNode, 0, 0, b->untyped,
					1) != seL4_NoError ||
		    !make_large(b))
			return false;
	}
	return true;
}

/* Blocks from `at` on, at most `most`, into b[]: how many; 0 after a logged failure. */
static uint32_t take_some(struct ram *ram, struct ram_block *b, uint64_t at, uint32_t most)
{
	seL4_CPtr image = ram->small ? board_spare_frames(at, BLOCK_SIZE) : 0;
	unsigned int bits;
	seL4_CPtr ut = 0;
	bool device;
	uint16_t node;

	if (image) {
		*b = (struct ram_block){ .kind = RAM_IMAGE, .image = image, .in_root = true };
		return 1;
	}
	bits = untyped_extent(at, BUDDY_MAX_BITS, &device);
	while (bits > BLOCK_SHIFT && 1u << (bits - BLOCK_SHIFT) > most)
		bits--;
	if (bits >= BLOCK_SHIFT)
		ut = untyped_take_at(at, bits, &node);
	if (!ut) {
		log_error("RAM at 0x%lx: not there or in use by the kernel or root", at);
		return 0;
	}
	if (!take_blocks(ram, ut, b, 1u << (bits - BLOCK_SHIFT), device)) {
		log_error("RAM at 0x%lx: out of memory for its frames", at);
		return 0;
	}
	return 1u << (bits - BLOCK_SHIFT);
}

bool ram_add_bank(struct ram *ram, uint64_t base, uint64_t size)
{
	struct ram_bank *bank = &ram->bank[ram->banks];
	uint32_t count = (uint32_t)(size >> BLOCK_SHIFT);

	if (ram->banks == RAM_BANKS || count > RAM_BLOCKS - blocks || !count ||
	    ((base | size) & (BLOCK_SIZE - 1))) {
		log_error("RAM bank 0x%lx: too much RAM or not in units of 2 MiB", base);
		return false;
	}
	*bank = (struct ram_bank){ .base = base, .blocks = count, .first = blocks };
	blocks += count;
	ram->banks++;
	for (uint32_t done = 0; done < count;) {
		uint32_t taken = take_some(ram, &block[bank->first + done],
					   base + ((uint64_t)done << BLOCK_SHIFT), count - done);

		if (!taken)
			return false;
		done += taken;
	}
	return true;
}

static bool is_large(const struct ram_block *b)
{
	return b->kind == RAM_LARGE || b->kind == RAM_WHOLE;
}

static void write_block(struct ram_block *b, uint64_t offset, const void *src, uint64_t size)
{
	if (is_large(b)) {
		window_write_large(b->large, offset, src, size);
		return;
	}
	leave_root(b);
	while (size) {
		uint64_t in_page = offset & (WIRE_PAGE_SIZE - 1);
		uint64_t part = WIRE_PAGE_SIZE - in_page < size ? WIRE_PAGE_SIZE - in_page : size;

		window_write(small(b, (unsigned int)(offset >> WIRE_PAGE_SHIFT)), in_page, src,
			     part);
		offset += part;
		src = (const char *)src + part;
		size -= part;
	}
}

void ram_write(struct ram *ram, uint64_t ipa, const void *src, uint64_t size)
{
	CHECK(!ram->space && ram_contains(ram, ipa, size));
	while (size) {
		uint64_t offset = ipa & (BLOCK_SIZE - 1);
		uint64_t part = BLOCK_SIZE - offset < size ? BLOCK_SIZE - offset : size;

		write_block(find(ram, ipa), offset, src, part);
		ipa += part;
		src = (const char *)src + part;
		size -= part;
	}
}

static void map_pages(const struct ram_block *b, seL4_CPtr space, uint64_t ipa)
{
	for (unsigned int i = 0; i < BLOCK_PAGES; i++) {
		seL4_Error err =
			vspace_map_ready(space, small(b, i), ipa + (uint64_t)i * WIRE_PAGE_SIZE,
					 VSPACE_W | VSPACE_X);
		CHECK(err == seL4_NoError);
	}
}

static bool start_block(struct ram_block *b, struct vspace *space, uint64_t ipa)
{
	if (!vspace_large_ready(space, ipa))
		return false;
	if (b->kind != RAM_LARGE) {
		b->table = arena_object(space->arena, seL4_ARM_PageTableObject, 0);
		if (!b->table)
			return false;
	}
	if (is_large(b)) {
		CHECK(vspace_map_ready(space->cap, b->large, ipa, VSPACE_W | VSPACE_X) ==
		      seL4_NoError);
		b->mapped = true;
	}
	return true;
}

bool ram_start(struct ram *ram, struct vspace *space)
{
	ram->space = space;
	for (unsigned int i = 0; i < ram->banks; i++) {
		const struct ram_bank *bank = &ram->bank[i];

		for (uint32_t n = 0; n < bank->blocks; n++)
			if (!start_block(&block[bank->first + n], space,
					 bank->base + ((uint64_t)n << BLOCK_SHIFT)))
				return false;
	}
	return true;
}

/* A capability remembers where it is mapped, even when that address space is gone. */
static void stop_block(struct ram_block *b)
{
	b->table = 0;
	if (b->mapped && is_large(b))
		CHECK(seL4_ARM_Page_Unmap(b->large) == seL4_NoError);
	if (b->mapped && (b->kind == RAM_PAGES || b->kind == RAM_IMAGE))
		for (unsigned int i = 0; i < BLOCK_PAGES; i++)
			CHECK(seL4_ARM_Page_Unmap(small(b, i)) == seL4_NoError);
	if (b->kind == RAM_BROKEN) {
		cspace_revoke(b->untyped);
		CHECK(make_large(b));
		b->kind = RAM_WHOLE;
	}
	b->mapped = false;
}

void ram_stop(struct ram *ram)
{
	ram->space = NULL;
	for (unsigned int i = 0; i < ram->banks; i++)
		for (uint32_t n = 0; n < ram->bank[i].blocks; n++)
			stop_block(&block[ram->bank[i].first + n]);
}

/* Hang the block's table into the VM's address space and map its small frames. */
static void map_block(struct ram *ram, struct ram_block *b, uint64_t ipa)
{
	leave_root(b);
	CHECK(vspace_table(ram->space, b->table, ipa));
	map_pages(b, ram->space->cap, ipa & ~(BLOCK_SIZE - 1));
	b->mapped = true;
}

bool ram_populate(struct ram *ram, uint64_t ipa)
{
	struct ram_block *b = find(ram, ipa);

	if (!b || !ram->space || b->mapped)
		return false;
	map_block(ram, b, ipa);
	return true;
}

seL4_CPtr ram_page(struct ram *ram, uint64_t ipa)
{
	struct ram_block *b = find(ram, ipa);

	if (b->kind == RAM_LARGE)
		return 0;
	if (b->kind == RAM_WHOLE) {
		cspace_revoke(b->untyped);
		CHECK(make_small(b, b->untyped));
		b->kind = RAM_BROKEN;
		if (b->mapped)
			map_block(ram, b, ipa);
	}
	return small(b, (unsigned int)(ipa >> WIRE_PAGE_SHIFT) % BLOCK_PAGES);
}

seL4_CPtr ram_large(struct ram *ram, uint64_t ipa)
{
	struct ram_block *b = find(ram, ipa);

	return is_large(b) ? b->large : 0;
}
