// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stage-2 abort on the guest's own translation table walk.
 *
 * seL4 reports such an abort without the address of the table. The guest's registers name the roots of its tables, though, and
 * its memory can be read: every table the walk can have met gets mapped, level by level (Arm ARM D8.2). The last level is only
 * mapped, not read. Kernels share tables, a page of which may be met a million times: each is looked at once at each level.
 *
 * A hostile guest can draw what it likes; work and progress are bounded, and each step maps memory of its own only. A signal ends
 * a walk, which begins anew in the next KVM_RUN, but not before it has come far enough for tables of ordinary size.
 */
#include <linux/bitfield.h>
#include <linux/hash.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "selkie.h"

/* SCTLR_EL1, TCR_EL1 */
#define WALK_SCTLR_M BIT_ULL(0)
#define WALK_TCR_T0SZ GENMASK_ULL(5, 0)
#define WALK_TCR_EPD0 BIT_ULL(7)
#define WALK_TCR_TG0 GENMASK_ULL(15, 14)
#define WALK_TCR_T1SZ GENMASK_ULL(21, 16)
#define WALK_TCR_EPD1 BIT_ULL(23)
#define WALK_TCR_TG1 GENMASK_ULL(31, 30)

#define WALK_ADDRESS GENMASK_ULL(47, 0)
#define WALK_DESC_TYPE GENMASK_ULL(1, 0)
#define WALK_DESC_TABLE 3

#define WALK_LAST_LEVEL 3
#define WALK_MIN_VA_BITS 16
#define WALK_MAX_VA_BITS 48

/* Tables looked at in one call, those before a signal counts, and pages after which the guest may try again. */
#define WALK_MAX_TABLES (1u << 18)
#define WALK_UNDISTURBED (1u << 12)
#define WALK_ENOUGH 64
/* The set of tables that were met begins with room for so many, and has never less than twice what is in it. */
#define WALK_FIRST_ORDER 10

struct walk {
	struct selkie_vm *vm;
	unsigned int shift; /* log2 of the granule */
	unsigned int tables;
	unsigned int mapped;
	u64 *buffer[WALK_LAST_LEVEL]; /* a page for each level that is read */
	/* Hash table of `order` bits with linear probing, of what walk_key() makes of tables that were met */
	u64 *seen;
	unsigned int order;
};

static bool walk_done(const struct walk *walk)
{
	return walk->tables >= WALK_MAX_TABLES || walk->mapped >= WALK_ENOUGH;
}

/* --- tables that were met --------------------------------------------------------------------- */
/* Where key is, or the free place (0) for it; there is one. */
static u64 *walk_place(u64 *set, unsigned int order, u64 key)
{
	unsigned long i = hash_64(key, order);

	while (set[i] && set[i] != key)
		i = (i + 1) & (BIT_ULL(order) - 1);
	return &set[i];
}

static u64 *walk_set_alloc(unsigned int order)
{
	return kvcalloc(BIT_ULL(order), sizeof(u64), GFP_KERNEL_ACCOUNT);
}

static int walk_set_grow(struct walk *walk)
{
	u64 *set = walk_set_alloc(walk->order + 1);
	unsigned long i;

	if (!set)
		return -ENOMEM;
	for (i = 0; i < BIT_ULL(walk->order); i++) {
		if (walk->seen[i])
			*walk_place(set, walk->order + 1, walk->seen[i]) = walk->seen[i];
	}
	kvfree(walk->seen);
	walk->seen = set;
	walk->order++;
	return 0;
}

/* A table and what it is read as; never 0. Tables are aligned to 64 bytes at least, a root may be shorter than others. */
static u64 walk_key(const struct walk *walk, u64 table, unsigned int level, u64 size)
{
	return table | (level + 1) | (walk->shift - 12) / 2 << 3 |
	       (size != BIT_ULL(walk->shift)) << 5;
}

/* 1: met before; 0: not, from now on yes; or an errno. */
static int walk_meet(struct walk *walk, u64 table, unsigned int level, u64 size)
{
	u64 key = walk_key(walk, table, level, size);
	u64 *place = walk_place(walk->seen, walk->order, key);

	if (*place)
		return 1;
	*place = key;
	walk->tables++;
	return walk->tables > BIT_ULL(walk->order) / 2 ? walk_set_grow(walk) : 0;
}

/* --- walk ------------------------------------------------------------------------------------- */

/* Maps the pages of a table of `size` bytes. */
static int walk_touch(struct walk *walk, u64 table, u64 size)
{
	u64 page;
	int ret;

	if (walk->tables > WALK_UNDISTURBED ? signal_pending(current) :
					      fatal_signal_pending(current))
		return -EINTR;
	for (page = round_down(table, PAGE_SIZE); page < table + size; page += PAGE_SIZE) {
		ret = mem_touch(walk->vm, page);
		if (ret < 0)
			return ret;
		walk->mapped += ret;
	}
	return 0;
}

static int walk_table(struct walk *walk, u64 table, unsigned int level, u64 size);

/* The tables that one page of a table leads to. */
static int walk_page(struct walk *walk, unsigned int level, unsigned int entries)
{
	u64 next_mask = WALK_ADDRESS & ~(BIT_ULL(walk->shift) - 1);
	unsigned int i;
	int ret;

	for (i = 0; i < entries && !walk_done(walk); i++) {
		u64 desc = walk->buffer[level][i];

		if ((desc & WALK_DESC_TYPE) != WALK_DESC_TABLE)
			continue;
		ret = walk_table(walk, desc & next_mask, level + 1, BIT_ULL(walk->shift));
		if (ret)
			return ret;
	}
	return 0;
}

/* At most four levels deep. */
static int walk_table(struct walk *walk, u64 table, unsigned int level, u64 size)
{
	u64 at, chunk;
	int ret;

	ret = walk_meet(walk, table, level, size);
	if (ret)
		return min(ret, 0);
	ret = walk_touch(walk, table, size);
	if (ret || level == WALK_LAST_LEVEL)
		return ret;
	for (at = table; at < table + size && !walk_done(walk); at += chunk) {
		chunk = min_t(u64, table + size - at, PAGE_SIZE - offset_in_page(at));
		/* No memory there: nothing that a walk could find either. */
		if (mem_read(walk->vm, at, walk->buffer[level], chunk))
			continue;
		ret = walk_page(walk, level, chunk / sizeof(u64));
		if (ret)
			return ret;
	}
	return 0;
}

static int walk_root(struct walk *walk, u64 ttbr, unsigned int size_offset)
{
	unsigned int va_bits = 64 - size_offset;
	unsigned int stride, level, index_bits;
	u64 size;

	/* An address space within one page has no table. */
	if (!walk->shift || va_bits < WALK_MIN_VA_BITS || va_bits > WALK_MAX_VA_BITS ||
	    va_bits <= walk->shift)
		return 0;
	stride = walk->shift - 3;
	level = WALK_LAST_LEVEL + 1 - DIV_ROUND_UP(va_bits - walk->shift, stride);
	index_bits = va_bits - walk->shift - (WALK_LAST_LEVEL - level) * stride;
	size = sizeof(u64) << index_bits;
	return walk_table(walk, round_down(ttbr & WALK_ADDRESS & ~1ull, max_t(u64, size, 64)),
			  level, size);
}

/* TG0 and TG1 are encoded differently. */
static unsigned int walk_shift0(u64 tcr)
{
	static const u8 shift[] = { 12, 16, 14, 0 };

	return shift[FIELD_GET(WALK_TCR_TG0, tcr)];
}

static unsigned int walk_shift1(u64 tcr)
{
	static const u8 shift[] = { 0, 14, 12, 16 };

	return shift[FIELD_GET(WALK_TCR_TG1, tcr)];
}

static int walk_roots(struct walk *walk, const struct uvm_regs *regs)
{
	u64 tcr = regs->sys[UVM_SYS_TCR];
	int ret = 0;

	if (!(regs->sys[UVM_SYS_SCTLR] & WALK_SCTLR_M))
		return 0;
	if (!(tcr & WALK_TCR_EPD1)) {
		walk->shift = walk_shift1(tcr);
		ret = walk_root(walk, regs->sys[UVM_SYS_TTBR1], FIELD_GET(WALK_TCR_T1SZ, tcr));
	}
	if (!ret && !(tcr & WALK_TCR_EPD0)) {
		walk->shift = walk_shift0(tcr);
		ret = walk_root(walk, regs->sys[UVM_SYS_TTBR0], FIELD_GET(WALK_TCR_T0SZ, tcr));
	}
	return ret;
}

int walk_map_tables(struct selkie_vm *vm, const struct uvm_regs *regs)
{
	struct walk walk = { .vm = vm, .order = WALK_FIRST_ORDER };
	unsigned int i;
	int ret = 0;

	walk.seen = walk_set_alloc(walk.order);
	if (!walk.seen)
		ret = -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(walk.buffer); i++) {
		walk.buffer[i] = (u64 *)__get_free_page(GFP_KERNEL);
		if (!walk.buffer[i])
			ret = -ENOMEM;
	}
	if (!ret)
		ret = walk_roots(&walk, regs);
	for (i = 0; i < ARRAY_SIZE(walk.buffer); i++)
		free_page((unsigned long)walk.buffer[i]);
	kvfree(walk.seen);
	return ret ? ret : walk.mapped;
}
