// SPDX-License-Identifier: BSD-2-Clause
#include "root/buddy.h"

static inline uint64_t size_of(unsigned int bits)
{
	return UINT64_C(1) << bits;
}

void buddy_init(struct buddy *b, struct buddy_node *node, unsigned int nodes,
		const struct buddy_ops *ops, void *ctx)
{
	*b = (struct buddy){ .node = node, .nodes = (uint16_t)nodes, .ops = ops, .ctx = ctx };
	b->unused = 1;
	for (unsigned int i = 1; i < nodes; i++) {
		node[i] = (struct buddy_node){ .state = BUDDY_UNUSED };
		node[i].next = (uint16_t)(i + 1 < nodes ? i + 1 : 0);
	}
}

static uint16_t node_get(struct buddy *b)
{
	uint16_t n = b->unused;

	if (n)
		b->unused = b->node[n].next;
	return n;
}

static void node_put(struct buddy *b, uint16_t n)
{
	b->node[n] = (struct buddy_node){ .state = BUDDY_UNUSED, .next = b->unused };
	b->unused = n;
}

static void list_add(struct buddy *b, uint16_t n)
{
	struct buddy_node *node = &b->node[n];

	if (node->device)
		return;
	node->prev = 0;
	node->next = b->free[node->bits];
	if (node->next)
		b->node[node->next].prev = n;
	b->free[node->bits] = n;
}

static void list_del(struct buddy *b, uint16_t n)
{
	struct buddy_node *node = &b->node[n];

	if (node->device)
		return;
	if (node->prev)
		b->node[node->prev].next = node->next;
	else
		b->free[node->bits] = node->next;
	if (node->next)
		b->node[node->next].prev = node->prev;
	node->prev = 0;
	node->next = 0;
}

bool buddy_add(struct buddy *b, uint64_t paddr, unsigned int bits, bool device, uint32_t slot)
{
	uint16_t n;

	if (bits < BUDDY_MIN_BITS || bits > BUDDY_MAX_BITS || (paddr & (size_of(bits) - 1)) ||
	    !slot)
		return false;
	n = node_get(b);
	if (!n)
		return false;
	if (!b->roots)
		b->first_root = n;
	b->roots++;
	b->node[n] = (struct buddy_node){ .paddr = paddr,
					  .slot = slot,
					  .bits = (uint8_t)bits,
					  .state = BUDDY_FREE,
					  .device = device };
	list_add(b, n);
	if (!device) {
		b->free_bytes += size_of(bits);
		b->total_bytes += size_of(bits);
	}
	return true;
}

/* Turn the free block `n` into two free halves. */
static bool split(struct buddy *b, uint16_t n)
{
	struct buddy_node *node = &b->node[n];
	uint16_t child[2] = { 0, 0 };
	uint32_t slot[2] = { 0, 0 };
	unsigned int half = node->bits - 1u;

	for (int i = 0; i < 2; i++) {
		child[i] = node_get(b);
		slot[i] = b->ops->slot_alloc(b->ctx);
	}
	if (!child[0] || !child[1] || !slot[0] || !slot[1] ||
	    !b->ops->split(b->ctx, node->slot, half, slot[0], slot[1])) {
		for (int i = 1; i >= 0; i--) {
			if (slot[i])
				b->ops->slot_free(b->ctx, slot[i]);
			if (child[i])
				node_put(b, child[i]);
		}
		return false;
	}
	list_del(b, n);
	node->state = BUDDY_SPLIT;
	for (int i = 1; i >= 0; i--) {
		node->child[i] = child[i];
		b->node[child[i]] = (struct buddy_node){
			.paddr = node->paddr + (i ? size_of(half) : 0),
			.slot = slot[i],
			.parent = n,
			.bits = (uint8_t)half,
			.state = BUDDY_FREE,
			.device = node->device,
		};
		list_add(b, child[i]);
	}
	b->slots += 2;
	return true;
}

/* Join the halves of `n` when both are free. */
static bool join(struct buddy *b, uint16_t n)
{
	struct buddy_node *node = &b->node[n];

	if (node->state != BUDDY_SPLIT || b->node[node->child[0]].state != BUDDY_FREE ||
	    b->node[node->child[1]].state != BUDDY_FREE)
		return false;
	b->ops->revoke(b->ctx, node->slot);
	for (int i = 0; i < 2; i++) {
		list_del(b, node->child[i]);
		b->ops->slot_free(b->ctx, b->node[node->child[i]].slot);
		node_put(b, node->child[i]);
		node->child[i] = 0;
	}
	b->slots -= 2;
	node->state = BUDDY_FREE;
	list_add(b, n);
	return true;
}

/*
 * Join whatever is free below `n`; true when all of `n` is free then. Depth is bounded by the
 * sizes.
 */
static bool join_below(struct buddy *b, uint16_t n)
{
	struct buddy_node *node = &b->node[n];

	if (node->state != BUDDY_SPLIT)
		return node->state == BUDDY_FREE;
	bool low = join_below(b, node->child[0]);
	bool high = join_below(b, node->child[1]);

	return low && high && join(b, n);
}

/* Join free halves, smallest first, until a block of `bits` is free. */
static bool join_for(struct buddy *b, unsigned int bits)
{
	for (unsigned int order = BUDDY_MIN_BITS; order < BUDDY_MAX_BITS; order++) {
		uint16_t n = b->free[order];

		while (n) {
			uint16_t parent = b->node[n].parent;

			if (parent && join(b, parent)) {
				if (order + 1 >= bits)
					return true;
				n = b->free[order];
			} else {
				n = b->node[n].next;
			}
		}
	}
	return false;
}

static void take(struct buddy *b, uint16_t n)
{
	list_del(b, n);
	b->node[n].state = BUDDY_TAKEN;
	if (!b->node[n].device)
		b->free_bytes -= size_of(b->node[n].bits);
}

uint16_t buddy_alloc(struct buddy *b, unsigned int bits)
{
	uint16_t n;

	if (bits < BUDDY_MIN_BITS)
		bits = BUDDY_MIN_BITS;
	if (bits > BUDDY_MAX_BITS)
		return 0;
	do {
		for (unsigned int order = bits; order <= BUDDY_MAX_BITS; order++) {
			n = b->free[order];
			if (!n)
				continue;
			while (b->node[n].bits > bits) {
				if (!split(b, n))
					return 0;
				n = b->node[n].child[0];
			}
			take(b, n);
			return n;
		}
	} while (join_for(b, bits));
	return 0;
}

static uint16_t find_root(const struct buddy *b, uint64_t paddr)
{
	for (uint16_t n = b->first_root; n < b->first_root + b->roots; n++) {
		const struct buddy_node *node = &b->node[n];

		if (paddr >= node->paddr && paddr - node->paddr < size_of(node->bits))
			return n;
	}
	return 0;
}

uint16_t buddy_alloc_at(struct buddy *b, uint64_t paddr, unsigned int bits)
{
	uint16_t n = find_root(b, paddr);

	if (!n || bits < BUDDY_MIN_BITS || bits > b->node[n].bits || (paddr & (size_of(bits) - 1)))
		return 0;
	while (b->node[n].bits > bits) {
		struct buddy_node *node = &b->node[n];

		if (node->state == BUDDY_TAKEN || (node->state == BUDDY_FREE && !split(b, n)))
			return 0;
		n = node->child[paddr >= node->paddr + size_of(node->bits - 1u)];
	}
	if (!join_below(b, n))
		return 0;
	take(b, n);
	return n;
}

void buddy_free(struct buddy *b, uint16_t n)
{
	struct buddy_node *node = &b->node[n];

	node->state = BUDDY_FREE;
	list_add(b, n);
	if (!node->device)
		b->free_bytes += size_of(node->bits);
}

unsigned int buddy_extent(const struct buddy *b, uint64_t paddr, unsigned int max_bits,
			  bool *device)
{
	uint16_t n = find_root(b, paddr);
	unsigned int bits;

	if (!n)
		return 0;
	*device = b->node[n].device;
	bits = b->node[n].bits < max_bits ? b->node[n].bits : max_bits;
	while (bits && (paddr & (size_of(bits) - 1)))
		bits--;
	return bits;
}
