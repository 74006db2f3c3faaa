/* SPDX-License-Identifier: BSD-2-Clause */
/* Capabilities, the slots that hold them, and the derivation tree over the slots. */
#pragma once

#include <kernel/base.h>
#include <sel4/types.h>

enum cap_type {
	CAP_NULL,
	CAP_UNTYPED,
	CAP_ENDPOINT,
	CAP_NOTIFICATION,
	CAP_REPLY,
	CAP_CNODE,
	CAP_TCB,
	CAP_SCHED_CONTEXT,
	CAP_SCHED_CONTROL,
	CAP_IRQ_CONTROL,
	CAP_IRQ_HANDLER,
	CAP_DOMAIN,
	CAP_FRAME,
	CAP_PAGE_TABLE,
	CAP_VSPACE,
	CAP_ASID_CONTROL,
	CAP_ASID_POOL,
	CAP_VCPU,
	CAP_SMC,
	CAP_SGI_SIGNAL,
	/* What is left of a CNode or TCB whose last capability is gone while it is being emptied.
	 * It lives in the dying object's own last slot, so users never see it. */
	CAP_TOMBSTONE,
};

#define RIGHT_WRITE BIT(0)
#define RIGHT_READ BIT(1)
#define RIGHT_GRANT BIT(2)
#define RIGHT_GRANT_REPLY BIT(3)
#define RIGHTS_ALL 0xful

struct cap {
	u64 paddr : 40; /* object; IRQ number for IRQ handlers and SGI signals */
	u64 type : 5; /* enum cap_type */
	u64 bits : 6; /* log2 size; radix of a CNode or tombstone */
	u64 rights : 4; /* endpoint, notification, reply (grant), frame */
	u64 device : 1; /* untyped, frame */
	u64 mapped : 1; /* frame, page table; VSpace: has an ASID */
	u64 guard_size : 6; /* CNode */
	u64 tcb : 1; /* tombstone: of a TCB, not of a CNode */
	union {
		u64 word;
		u64 badge; /* endpoint, notification, SMC */
		u64 guard; /* CNode */
		u64 free; /* untyped: bytes used up so far */
		u64 target; /* SGI signal */
		struct {
			u64 asid : 16;
			u64 vpage : 48; /* virtual address >> 12 */
		};
		struct {
			u64 left : 28; /* tombstone: slots still to be emptied */
			u64 below : 36; /* slot of the next tombstone >> 5 */
		};
	};
};

/* A capability slot. The links order all slots in preorder of derivation. */
struct cte {
	struct cap cap;
	u64 next_paddr : 40;
	u64 revocable : 1; /* may have children: see cdt_is_parent() */
	u64 first_badged : 1; /* first of its badge: ends the parent's run of children */
	u64 : 22;
	u64 prev_paddr : 40;
	u64 : 24;
};

_Static_assert(sizeof(struct cte) == 1 << seL4_SlotBits, "slot size");

static inline void *cap_object(struct cap cap)
{
	return phys_to_virt(cap.paddr);
}

static inline struct cap cap_new(enum cap_type type, const void *object)
{
	return (struct cap){ .type = type, .paddr = virt_to_phys(object) };
}

static inline struct cap cap_null(void)
{
	return (struct cap){ .type = CAP_NULL };
}

static inline u64 cap_vaddr(struct cap cap)
{
	return (u64)cap.vpage << seL4_PageBits;
}

static inline struct cte *cte_next(const struct cte *slot)
{
	return slot->next_paddr ? phys_to_virt(slot->next_paddr) : NULL;
}

static inline struct cte *cte_prev(const struct cte *slot)
{
	return slot->prev_paddr ? phys_to_virt(slot->prev_paddr) : NULL;
}

static inline struct cte *cnode_slots(struct cap cnode)
{
	return cap_object(cnode);
}

/* object/cap.c: what depends on the type of a capability. */

/* Physical range of the object a capability names; false if it names none. */
bool cap_range(struct cap cap, u64 *base, u64 *size_bits);
/* `b` lies in what `a` covers, or is the same object. */
bool cap_same_region(struct cap a, struct cap b);
bool cap_same_object(struct cap a, struct cap b);
/* Copy of slot's capability for another slot into *out (null if its type refuses); error code. */
int cap_derive(struct cte *slot, struct cap cap, struct cap *out);
struct cap cap_mask_rights(struct cap cap, u64 rights);
/* Badge or guard `data` set on the capability; null if that may not be. `preserve`: badges stay. */
struct cap cap_update_data(struct cap cap, u64 data, bool preserve);
/* The capability in `slot` goes away; `final`: it is its object's last. Not for containers. */
void cap_finalise(struct cap cap, bool final);

/* object/cdt.c: the derivation tree, deletion and revocation. */

/* Puts a capability derived from src's into the empty slot dst. */
void cdt_insert(struct cap cap, struct cte *src, struct cte *dst);
/* Puts the capability of a new object into dst, a child of parent. */
void cdt_insert_new(struct cap cap, struct cte *parent, struct cte *dst);
/* Moves src's place in the tree, with `cap` for a capability, to the empty slot dst. */
void cdt_move(struct cap cap, struct cte *src, struct cte *dst);
/* Exchanges the places of two slots, which then hold a_cap (in b) and b_cap (in a). */
void cdt_swap(struct cap a_cap, struct cte *a, struct cap b_cap, struct cte *b);
bool cdt_has_children(struct cte *slot);
bool cdt_is_final(struct cte *slot);
/* Deletes the capability; PREEMPTED when it has to be called again. */
int cdt_delete(struct cte *slot);
/* Deletes a capability that can not be a container's. */
void cdt_delete_simple(struct cte *slot);
/* Deletes all descendants of the slot's capability; PREEMPTED when to be called again. */
int cdt_revoke(struct cte *slot);
