// SPDX-License-Identifier: BSD-2-Clause
/* The buddy allocator over a pretended kernel that keeps its own account of what was made from what. */
#include <stdio.h>
#include <stdlib.h>

#include "root/buddy.h"

#define SLOTS 512u
#define NODES 300u
#define MIB UINT64_C(0x100000)

struct made {
	bool used;
	uint32_t parent;
	unsigned int bits;
};

static struct made slot[SLOTS];
static unsigned int splits, revokes;
static bool split_fails;
static unsigned int failures, tests;

#define CHECK(cond, what)                                                            \
	do {                                                                         \
		tests++;                                                             \
		if (!(cond)) {                                                       \
			failures++;                                                  \
			printf("not ok %u - %s (line %d)\n", tests, what, __LINE__); \
		}                                                                    \
	} while (0)

static uint32_t slot_alloc(void *ctx)
{
	(void)ctx;
	for (uint32_t i = 16; i < SLOTS; i++)
		if (!slot[i].used) {
			slot[i] = (struct made){ .used = true };
			return i;
		}
	return 0;
}

static void slot_free(void *ctx, uint32_t s)
{
	(void)ctx;
	CHECK(slot[s].used && !slot[s].bits, "a freed slot is empty");
	slot[s].used = false;
}

static bool split(void *ctx, uint32_t s, unsigned int half, uint32_t low, uint32_t high)
{
	(void)ctx;
	if (split_fails)
		return false;
	CHECK(slot[s].bits == half + 1, "halves are half as large");
	for (uint32_t i = 1; i < SLOTS; i++)
		CHECK(!slot[i].bits || slot[i].parent != s, "split of an untyped without children");
	slot[low].bits = slot[high].bits = half;
	slot[low].parent = slot[high].parent = s;
	splits++;
	return true;
}

static void revoke(void *ctx, uint32_t s)
{
	for (uint32_t i = 1; i < SLOTS; i++)
		if (slot[i].bits && slot[i].parent == s) {
			revoke(ctx, i);
			slot[i].bits = 0;
			slot[i].parent = 0;
		}
	revokes++;
}

static const struct buddy_ops ops = { slot_alloc, slot_free, split, revoke };
static struct buddy_node node[NODES];
static struct buddy b;

static void boot(uint64_t paddr, unsigned int bits, bool device, uint32_t s)
{
	slot[s] = (struct made){ .used = true, .bits = bits };
	CHECK(buddy_add(&b, paddr, bits, device, s), "a boot untyped");
}

static void fresh(void)
{
	for (uint32_t i = 0; i < SLOTS; i++)
		slot[i] = (struct made){ 0 };
	splits = revokes = 0;
	split_fails = false;
	buddy_init(&b, node, NODES, &ops, NULL);
}

static void basics(void)
{
	uint16_t n, m;

	fresh();
	boot(0x60000000, 16, false, 1);
	boot(0x70000000, 24, false, 2);
	boot(0x40000000, 29, true, 3);
	CHECK(!buddy_add(&b, 0x60000010, 4, false, 4), "too small");
	CHECK(!buddy_add(&b, 0x60001000, 16, false, 4), "misaligned");
	CHECK(b.free_bytes == 0x10000 + 16 * MIB && b.total_bytes == b.free_bytes,
	      "only ordinary memory counts");
	n = buddy_alloc(&b, 12);
	CHECK(n && node[n].paddr >= 0x60000000 && node[n].paddr < 0x60010000,
	      "the smallest sufficient block is taken");
	CHECK(b.free_bytes == b.total_bytes - 4096, "to the byte");
	m = buddy_alloc(&b, 16);
	CHECK(m && node[m].paddr >= 0x70000000, "a larger one from where it fits");
	buddy_free(&b, n);
	buddy_free(&b, m);
	CHECK(b.free_bytes == b.total_bytes && revokes == 0, "freed, not yet joined");
	n = buddy_alloc(&b, 24);
	CHECK(n && node[n].paddr == 0x70000000, "joined when needed");
	CHECK(!buddy_alloc(&b, 24), "no second one");
	CHECK(!buddy_alloc(&b, 30) && !buddy_alloc(&b, BUDDY_MAX_BITS + 1), "nor a larger one");
	buddy_free(&b, n);
}

static void at(void)
{
	uint16_t page, next, half;
	bool device;

	fresh();
	boot(0x40000000, 29, true, 3);
	boot(0x60000000, 20, false, 4);
	page = buddy_alloc_at(&b, 0x40001000, 12);
	CHECK(page && node[page].paddr == 0x40001000 && node[page].bits == 12,
	      "a page of a device");
	CHECK(splits == 17, "as few splits as it takes");
	CHECK(!buddy_alloc_at(&b, 0x40001000, 12), "not twice");
	CHECK(!buddy_alloc_at(&b, 0x40000000, 13) && !buddy_alloc_at(&b, 0x40000000, 29),
	      "nothing around it");
	next = buddy_alloc_at(&b, 0x40000000, 12);
	CHECK(next && node[next].paddr == 0x40000000 && splits == 17, "its neighbour is there");
	half = buddy_alloc_at(&b, 0x50000000, 28);
	CHECK(half && node[half].paddr == 0x50000000, "the other half");
	CHECK(!buddy_alloc_at(&b, 0x50001000, 12), "taken as a whole");
	buddy_free(&b, page);
	buddy_free(&b, next);
	CHECK(buddy_alloc_at(&b, 0x40000000, 28), "joined when needed");
	CHECK(!buddy_alloc_at(&b, 0x30000000, 12) && !buddy_alloc_at(&b, 0x40000800, 12) &&
		      !buddy_alloc_at(&b, 0x60000000, 21) && !buddy_alloc_at(&b, 0x60000000, 11),
	      "what is not there");
	CHECK(b.free_bytes == MIB, "device memory does not count");
	CHECK(buddy_extent(&b, 0x60000000, 40, &device) == 20 && !device,
	      "extent of a boot untyped");
	CHECK(buddy_extent(&b, 0x60003000, 40, &device) == 12, "extent by alignment");
	CHECK(buddy_extent(&b, 0x40200000, 40, &device) == 21 && device, "extent of a device");
	CHECK(buddy_extent(&b, 0x40000000, 21, &device) == 21, "extent by limit");
	CHECK(buddy_extent(&b, 0, 21, &device) == 0, "extent of nothing");
}

static void shortage(void)
{
	uint16_t taken[SLOTS];
	unsigned int n = 0;

	fresh();
	boot(0x70000000, 24, false, 2);
	split_fails = true;
	CHECK(!buddy_alloc(&b, 12) && b.free_bytes == 16 * MIB && b.slots == 0,
	      "a split that fails leaves no trace");
	split_fails = false;
	while ((taken[n] = buddy_alloc(&b, 12)) != 0)
		n++;
	CHECK(n > 100 && b.free_bytes == 16 * MIB - n * UINT64_C(4096), "until nodes are used up");
	while (n)
		buddy_free(&b, taken[--n]);
	CHECK(b.free_bytes == 16 * MIB && buddy_alloc(&b, 24), "and all the way back");
	CHECK(b.slots == 0, "no slot is left over");
}

/* Random allocations against a map of pages. */
static void model(unsigned int seed)
{
	static uint8_t owner[4096]; /* pages of 16 MiB */
	uint16_t taken[64] = { 0 };
	uint64_t held = 0;

	fresh();
	boot(0x70000000, 23, false, 2);
	boot(0x70800000, 22, false, 3);
	boot(0x70c00000, 22, false, 4);
	for (unsigned int i = 0; i < 4096; i++)
		owner[i] = 0;
	srand(seed);
	for (unsigned int round = 0; round < 3000; round++) {
		unsigned int i = (unsigned int)rand() % 64;
		uint16_t n = taken[i];

		if (!n) {
			unsigned int bits = 12 + (unsigned int)rand() % 9;

			n = rand() % 4 ?
				    buddy_alloc(&b, bits) :
				    buddy_alloc_at(&b,
						   0x70000000 + ((uint64_t)rand() % 4096 << 12 >>
								 bits << bits),
						   bits);
			if (!n)
				continue;
		}
		uint64_t first = (node[n].paddr - 0x70000000) >> 12;
		uint64_t pages = UINT64_C(1) << (node[n].bits - 12);

		for (uint64_t p = first; p < first + pages; p++) {
			if (owner[p] != (taken[i] ? i + 1 : 0))
				CHECK(false, "blocks do not overlap");
			owner[p] = taken[i] ? 0 : (uint8_t)(i + 1);
		}
		if (taken[i]) {
			revoke(NULL, buddy_slot(&b, n));
			buddy_free(&b, n);
			held -= pages << 12;
			taken[i] = 0;
		} else {
			held += pages << 12;
			taken[i] = n;
		}
		if (b.free_bytes != b.total_bytes - held)
			CHECK(false, "the books are exact");
	}
	for (unsigned int i = 0; i < 64; i++)
		if (taken[i])
			buddy_free(&b, taken[i]);
	CHECK(b.free_bytes == b.total_bytes, "everything came back");
	CHECK(buddy_alloc(&b, 23) && buddy_alloc(&b, 22) && buddy_alloc(&b, 22) && b.slots == 0,
	      "in one piece");
}

int main(void)
{
	basics();
	at();
	shortage();
	for (unsigned int seed = 1; seed <= 20; seed++)
		model(seed);
	printf("%sok - %u checks\n1..1\n", failures ? "not " : "", tests);
	return failures != 0;
}
