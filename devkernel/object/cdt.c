// SPDX-License-Identifier: BSD-2-Clause
/*
 * The derivation tree is one doubly linked list of slots in preorder. Whether a slot is a child of
 * an earlier one follows from the two capabilities (cdt_is_parent), so nothing has to be renumbered
 * when a slot in the middle goes away.
 *
 * Deleting the last capability of a CNode or TCB starts work without bound: all it holds goes too,
 * and may again be the last of its kind. Instead of recursing, the dying container gets a tombstone
 * in its own last slot, which takes over the capability's place in the tree (so the memory stays
 * accounted to its untyped) and links it into the list of the dying. reap() empties that list slot
 * by slot and stops whenever an interrupt waits; a system call restarted then, or the next deletion
 * by anybody, goes on where it stopped. Containers may hold each other in any way: no container's
 * end depends on another's.
 */
#include <api/syscall.h>
#include <object/object.h>

/* Top of the list of dying containers: the slot with its tombstone. */
static struct cte *dying;
/* A capability that had to leave its slot for a tombstone; it is deleted before anything else. */
static struct cte limbo;

#define BELOW_SHIFT 5

static void cte_set_next(struct cte *slot, const struct cte *next)
{
	slot->next_paddr = next ? virt_to_phys(next) : 0;
}

static void cte_set_prev(struct cte *slot, const struct cte *prev)
{
	slot->prev_paddr = prev ? virt_to_phys(prev) : 0;
}

static bool cap_is_badged(struct cap cap)
{
	return cap.type == CAP_ENDPOINT || cap.type == CAP_NOTIFICATION || cap.type == CAP_SMC;
}

/* Slot b, behind a in the list, descends from a. */
static bool cdt_is_parent(const struct cte *a, const struct cte *b)
{
	if (!a->revocable || !cap_same_region(a->cap, b->cap))
		return false;
	if (!cap_is_badged(a->cap) || a->cap.badge == 0)
		return true;
	return a->cap.badge == b->cap.badge && !b->first_badged;
}

/* The copy `cap` of `src` starts a family of its own. */
static bool cdt_starts_family(struct cap cap, struct cap src)
{
	switch (cap.type) {
	case CAP_UNTYPED:
		return true;
	case CAP_ENDPOINT:
	case CAP_NOTIFICATION:
	case CAP_SMC:
		return cap.badge != src.badge;
	case CAP_IRQ_HANDLER:
	case CAP_SGI_SIGNAL:
		return src.type == CAP_IRQ_CONTROL;
	default:
		return false;
	}
}

static void cdt_link_after(struct cte *prev, struct cte *slot)
{
	struct cte *next = cte_next(prev);

	cte_set_prev(slot, prev);
	cte_set_next(slot, next);
	if (next)
		cte_set_prev(next, slot);
	cte_set_next(prev, slot);
}

void cdt_insert(struct cap cap, struct cte *src, struct cte *dst)
{
	bool family = cdt_starts_family(cap, src->cap);

	dst->cap = cap;
	dst->revocable = family;
	dst->first_badged = family;
	/* Two untypeds over one range must not both hand it out. */
	if (src->cap.type == CAP_UNTYPED && cap.type == CAP_UNTYPED)
		src->cap.free = BIT(src->cap.bits);
	cdt_link_after(src, dst);
}

void cdt_insert_new(struct cap cap, struct cte *parent, struct cte *dst)
{
	dst->cap = cap;
	dst->revocable = true;
	dst->first_badged = true;
	cdt_link_after(parent, dst);
}

/* The neighbours of `slot` come to point to it. */
static void cdt_relink(struct cte *slot)
{
	struct cte *prev = cte_prev(slot), *next = cte_next(slot);

	if (prev)
		cte_set_next(prev, slot);
	if (next)
		cte_set_prev(next, slot);
}

void cdt_move(struct cap cap, struct cte *src, struct cte *dst)
{
	*dst = *src;
	dst->cap = cap;
	*src = (struct cte){ 0 };
	cdt_relink(dst);
}

void cdt_swap(struct cap a_cap, struct cte *a, struct cap b_cap, struct cte *b)
{
	struct cte old_a = *a;

	*a = *b;
	*b = old_a;
	/* Neighbours would otherwise point to themselves. */
	if (cte_next(a) == a)
		cte_set_next(a, b);
	if (cte_prev(a) == a)
		cte_set_prev(a, b);
	if (cte_next(b) == b)
		cte_set_next(b, a);
	if (cte_prev(b) == b)
		cte_set_prev(b, a);
	a->cap = b_cap;
	b->cap = a_cap;
	cdt_relink(a);
	cdt_relink(b);
}

bool cdt_has_children(struct cte *slot)
{
	struct cte *next = cte_next(slot);

	return next && cdt_is_parent(slot, next);
}

bool cdt_is_final(struct cte *slot)
{
	struct cte *prev = cte_prev(slot), *next = cte_next(slot);

	return !(prev && cap_same_object(prev->cap, slot->cap)) &&
	       !(next && cap_same_object(slot->cap, next->cap));
}

static void cte_empty(struct cte *slot)
{
	struct cte *prev = cte_prev(slot), *next = cte_next(slot);

	if (prev)
		cte_set_next(prev, next);
	if (next) {
		cte_set_prev(next, prev);
		if (slot->first_badged)
			next->first_badged = true;
	}
	*slot = (struct cte){ 0 };
}

/* slot holds the last capability of a container: turn it into a tombstone on the list. */
static void container_bury(struct cte *slot)
{
	bool tcb = slot->cap.type == CAP_TCB;
	u64 left = tcb ? TCB_SLOTS - 1 : MASK(slot->cap.bits);
	struct cap tomb = {
		.type = CAP_TOMBSTONE,
		.paddr = slot->cap.paddr,
		.bits = slot->cap.bits,
		.tcb = tcb,
	};
	struct cte *slots =
		tcb ? ((struct tcb *)cap_object(slot->cap))->slot : cnode_slots(slot->cap);
	struct cte *last = &slots[left];

	tomb.left = left;
	tomb.below = dying ? virt_to_phys(dying) >> BELOW_SHIFT : 0;
	if (last == slot) {
		slot->cap = tomb;
	} else if (last->cap.type == CAP_NULL) {
		cdt_move(tomb, slot, last);
	} else {
		cdt_swap(tomb, slot, last->cap, last);
		if (slot != &limbo) {
			kassert(limbo.cap.type == CAP_NULL);
			cdt_move(slot->cap, slot, &limbo);
		}
	}
	dying = last;
}

/* Empties the slot, except for what is left to reap(). */
static void cte_detach(struct cte *slot)
{
	bool final;

	if (slot->cap.type == CAP_NULL || slot->cap.type == CAP_TOMBSTONE)
		return;
	final = cdt_is_final(slot);
	if (final && slot->cap.type == CAP_TCB)
		tcb_finalise(cap_object(slot->cap));
	if (final && (slot->cap.type == CAP_TCB || slot->cap.type == CAP_CNODE)) {
		container_bury(slot);
	} else {
		cap_finalise(slot->cap, final);
		cte_empty(slot);
	}
}

/* Finishes all deletions under way. */
static int reap(void)
{
	while (dying || limbo.cap.type != CAP_NULL) {
		if (limbo.cap.type != CAP_NULL) {
			cte_detach(&limbo);
		} else if (dying->cap.left) {
			struct cap *tomb = &dying->cap;
			struct cte *slots = tomb->tcb ? ((struct tcb *)cap_object(*tomb))->slot :
							cnode_slots(*tomb);

			cte_detach(&slots[--tomb->left]);
		} else {
			struct cte *done = dying;
			u64 below = (u64)done->cap.below << BELOW_SHIFT;

			dying = below ? phys_to_virt(below) : NULL;
			cte_empty(done);
		}
		if (preemption_point())
			return PREEMPTED;
	}
	return seL4_NoError;
}

int cdt_delete(struct cte *slot)
{
	int err = reap();

	if (err)
		return err;
	cte_detach(slot);
	return reap();
}

void cdt_delete_simple(struct cte *slot)
{
	if (slot->cap.type == CAP_NULL)
		return;
	kassert(slot->cap.type != CAP_TCB && slot->cap.type != CAP_CNODE);
	cap_finalise(slot->cap, cdt_is_final(slot));
	cte_empty(slot);
}

int cdt_revoke(struct cte *slot)
{
	int err = reap();

	/* The slot itself may lie in a CNode that the revocation destroys. */
	while (!err && slot->cap.type != CAP_NULL && cdt_has_children(slot)) {
		cte_detach(cte_next(slot));
		err = reap();
		if (!err && preemption_point())
			err = PREEMPTED;
	}
	return err;
}
