// SPDX-License-Identifier: BSD-2-Clause
/* Capability address lookup and the methods of CNodes. */
#include <api/syscall.h>
#include <object/object.h>
#include <sel4/invocation.h>

bool cspace_resolve(struct cap cap, u64 cptr, u64 depth, struct cte **slot, u64 *bits_left,
		    struct lookup_fault *fault)
{
	if (unlikely(cap.type != CAP_CNODE)) {
		*fault = (struct lookup_fault){ .type = seL4_InvalidRoot };
		return false;
	}
	for (;;) {
		u64 guard_size = cap.guard_size, level = guard_size + cap.bits, guard;

		guard = guard_size ? cptr >> ((depth - guard_size) & 63) & MASK(guard_size) : 0;
		if (unlikely(guard_size > depth || guard != cap.guard)) {
			*fault = (struct lookup_fault){ seL4_GuardMismatch,
							depth,
							{ cap.guard, guard_size } };
			return false;
		}
		if (unlikely(level > depth)) {
			*fault = (struct lookup_fault){ seL4_DepthMismatch, depth, { level } };
			return false;
		}
		depth -= level;
		*slot = cnode_slots(cap) + (cptr >> depth & MASK(cap.bits));
		cap = (*slot)->cap;
		if (depth == 0 || cap.type != CAP_CNODE) {
			*bits_left = depth;
			return true;
		}
	}
}

struct cte *cspace_lookup(struct tcb *tcb, u64 cptr, struct lookup_fault *fault)
{
	struct cte *slot;
	u64 bits_left;

	if (!cspace_resolve(tcb->slot[TCB_CSPACE].cap, cptr, seL4_WordBits, &slot, &bits_left,
			    fault))
		return NULL;
	return slot;
}

int cspace_lookup_target(struct inv *inv, struct cap root, u64 index, u64 depth, bool source,
			 struct cte **slot)
{
	struct lookup_fault fault;
	u64 bits_left;

	if (root.type != CAP_CNODE) {
		fault = (struct lookup_fault){ .type = seL4_InvalidRoot };
		return inv_lookup(inv, source, &fault);
	}
	if (depth < 1 || depth > seL4_WordBits)
		return inv_range(inv, 1, seL4_WordBits);
	if (!cspace_resolve(root, index, depth, slot, &bits_left, &fault))
		return inv_lookup(inv, source, &fault);
	if (bits_left) {
		fault = (struct lookup_fault){ seL4_DepthMismatch, bits_left, { 0 } };
		return inv_lookup(inv, source, &fault);
	}
	return seL4_NoError;
}

static int cnode_missing(struct inv *inv, bool source, u64 depth)
{
	struct lookup_fault fault = { .type = seL4_MissingCapability, .bits_left = depth };

	return inv_lookup(inv, source, &fault);
}

/* Copy, Mint, Move, Mutate: from the source CNode in extra 0 to the invoked one. */
static int cnode_decode_transfer(struct inv *inv, struct cte *dst)
{
	bool move = inv->label == CNodeMove || inv->label == CNodeMutate;
	static const u8 min_length[] = {
		[CNodeCopy] = 5,
		[CNodeMint] = 6,
		[CNodeMove] = 4,
		[CNodeMutate] = 5,
	};
	struct cap cap;
	struct cte *src;
	int err;

	if (inv->length < 4 || inv->n_extra < 1)
		return seL4_TruncatedMessage;
	if (dst->cap.type != CAP_NULL)
		return seL4_DeleteFirst;
	err = cspace_lookup_target(inv, inv_extra(inv, 0), inv_mr(inv, 2), inv_mr(inv, 3), true,
				   &src);
	if (err)
		return err;
	if (src->cap.type == CAP_NULL)
		return cnode_missing(inv, true, inv_mr(inv, 3));
	if (inv->length < min_length[inv->label])
		return seL4_TruncatedMessage;
	cap = src->cap;
	if (inv->label == CNodeMutate)
		cap = cap_update_data(cap, inv_mr(inv, 4), true);
	if (!move) {
		cap = cap_mask_rights(cap, inv_mr(inv, 4));
		if (inv->label == CNodeMint)
			cap = cap_update_data(cap, inv_mr(inv, 5), false);
		if (cap.type != CAP_NULL) {
			err = cap_derive(src, cap, &cap);
			if (err)
				return err;
		}
	}
	if (cap.type == CAP_NULL || cap.type == CAP_TOMBSTONE)
		return seL4_IllegalOperation;

	if (move)
		cdt_move(cap, src, dst);
	else
		cdt_insert(cap, src, dst);
	return seL4_NoError;
}

static int cnode_decode_rotate(struct inv *inv, struct cte *dst)
{
	u64 pivot_depth, src_depth;
	struct cap src_cap, pivot_cap;
	struct cte *pivot, *src;
	int err;

	if (inv->length < 8 || inv->n_extra < 2)
		return seL4_TruncatedMessage;
	pivot_depth = inv_mr(inv, 4);
	src_depth = inv_mr(inv, 7);
	err = cspace_lookup_target(inv, inv_extra(inv, 1), inv_mr(inv, 6), src_depth, true, &src);
	if (err)
		return err;
	err = cspace_lookup_target(inv, inv_extra(inv, 0), inv_mr(inv, 3), pivot_depth, true,
				   &pivot);
	if (err)
		return err;
	if (pivot == src || pivot == dst)
		return seL4_IllegalOperation;
	if (src != dst && dst->cap.type != CAP_NULL)
		return seL4_DeleteFirst;
	if (src->cap.type == CAP_NULL)
		return cnode_missing(inv, true, src_depth);
	if (pivot->cap.type == CAP_NULL)
		return cnode_missing(inv, false, pivot_depth);
	src_cap = cap_update_data(src->cap, inv_mr(inv, 5), true);
	pivot_cap = cap_update_data(pivot->cap, inv_mr(inv, 2), true);
	if (src_cap.type == CAP_NULL || pivot_cap.type == CAP_NULL)
		return seL4_IllegalOperation;

	if (src == dst) {
		cdt_swap(src_cap, src, pivot_cap, pivot);
	} else {
		cdt_move(pivot_cap, pivot, dst);
		cdt_move(src_cap, src, pivot);
	}
	return seL4_NoError;
}

static int cnode_cancel_badged(struct cte *slot)
{
	struct cap cap = slot->cap;

	if (cap.type != CAP_ENDPOINT || cap.rights != RIGHTS_ALL)
		return seL4_IllegalOperation;
	if (cap.badge)
		endpoint_cancel_badged(cap_object(cap), cap.badge);
	return seL4_NoError;
}

int cnode_decode(struct inv *inv)
{
	struct cte *slot;
	int err;

	if (inv->label < CNodeRevoke || inv->label > CNodeRotate)
		return seL4_IllegalOperation;
	if (inv->length < 2)
		return seL4_TruncatedMessage;
	err = cspace_lookup_target(inv, inv->cap, inv_mr(inv, 0), inv_mr(inv, 1), false, &slot);
	if (err)
		return err;

	switch (inv->label) {
	case CNodeRevoke:
		return cdt_revoke(slot);
	case CNodeDelete:
		return cdt_delete(slot);
	case CNodeCancelBadgedSends:
		return cnode_cancel_badged(slot);
	case CNodeRotate:
		return cnode_decode_rotate(inv, slot);
	default:
		return cnode_decode_transfer(inv, slot);
	}
}
