// SPDX-License-Identifier: BSD-2-Clause
/*
 * Untyped memory: a bump allocator per capability. What lies above the watermark is always zero
 * and written back to memory, so creating objects costs no clearing; the whole used part is cleared
 * (and cleaned) before the first Retype after the last child is gone.
 */
#include <string/string.h>

#include <api/syscall.h>
#include <arch/arch.h>
#include <kernel/sched.h>
#include <object/object.h>
#include <sel4/invocation.h>

/* Cleared between two looks for pending interrupts. */
#define RESET_CHUNK_BITS 12

/* log2 of the size of an object, or 0 for an unknown type. */
static u64 object_size_bits(u64 type, u64 size_bits)
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
	case seL4_ARM_HugePageObject:
		return seL4_HugePageBits;
	case seL4_ARM_LargePageObject:
		return seL4_LargePageBits;
	case seL4_ARM_SmallPageObject:
		return seL4_PageBits;
	case seL4_ARM_VSpaceObject:
		return seL4_VSpaceBits;
	case seL4_ARM_PageTableObject:
		return seL4_PageTableBits;
	default:
		return seL4_ARM_VCPUBits;
	}
}

static bool is_frame_type(u64 type)
{
	return type == seL4_ARM_HugePageObject || type == seL4_ARM_LargePageObject ||
	       type == seL4_ARM_SmallPageObject;
}

/* Makes the object of zeroed memory at paddr and its first capability. */
static struct cap object_create(u64 type, u64 paddr, u64 size_bits, u64 user_bits, bool device)
{
	struct cap cap = { .paddr = paddr, .bits = size_bits };

	switch (type) {
	case seL4_UntypedObject:
		cap.type = CAP_UNTYPED;
		cap.device = device;
		return cap;
	case seL4_ARM_HugePageObject:
	case seL4_ARM_LargePageObject:
	case seL4_ARM_SmallPageObject:
		cap.type = CAP_FRAME;
		cap.rights = RIGHT_READ | RIGHT_WRITE;
		cap.device = device;
		return cap;
	case seL4_SchedContextObject:
		cap.type = CAP_SCHED_CONTEXT;
		return cap;
	case seL4_CapTableObject:
		cap.type = CAP_CNODE;
		cap.bits = user_bits;
		return cap;
	default:
		break;
	}
	cap.bits = 0;
	switch (type) {
	case seL4_TCBObject:
		cap.type = CAP_TCB;
		tcb_init(phys_to_virt(paddr));
		break;
	case seL4_EndpointObject:
		cap.type = CAP_ENDPOINT;
		cap.rights = RIGHTS_ALL;
		break;
	case seL4_NotificationObject:
		cap.type = CAP_NOTIFICATION;
		cap.rights = RIGHT_READ | RIGHT_WRITE;
		break;
	case seL4_ReplyObject:
		cap.type = CAP_REPLY;
		cap.rights = RIGHT_GRANT;
		break;
	case seL4_ARM_VSpaceObject:
		cap.type = CAP_VSPACE;
		break;
	case seL4_ARM_PageTableObject:
		cap.type = CAP_PAGE_TABLE;
		break;
	default:
		cap.type = CAP_VCPU;
		vcpu_init(phys_to_virt(paddr));
		break;
	}
	return cap;
}

/* Clears the used part of an untyped without children, from its end down. */
static int untyped_reset(struct cte *slot)
{
	u64 base = slot->cap.paddr, used = slot->cap.free;

	if (slot->cap.device) {
		slot->cap.free = 0;
		return seL4_NoError;
	}
	if (slot->cap.bits < RESET_CHUNK_BITS) {
		/* May be less than a cache line. */
		memset(phys_to_virt(base), 0, BIT(slot->cap.bits));
		cache_clean_poc((u64)phys_to_virt(base),
				(u64)phys_to_virt(base) + BIT(slot->cap.bits));
		slot->cap.free = 0;
		return seL4_NoError;
	}
	used = ALIGN_UP(used, RESET_CHUNK_BITS);
	while (used) {
		used -= BIT(RESET_CHUNK_BITS);
		cache_zero_clean((u64)phys_to_virt(base + used),
				 (u64)phys_to_virt(base + used) + BIT(RESET_CHUNK_BITS));
		slot->cap.free = used;
		if (used && preemption_point())
			return PREEMPTED;
	}
	return seL4_NoError;
}

/* Type and size arguments: what kind of object, and how large. */
static int retype_decode_type(struct inv *inv, u64 type, u64 user_bits, u64 *size_bits)
{
	if (type >= seL4_ObjectTypeCount)
		return inv_invalid_arg(inv, 0);
	if (user_bits >= seL4_WordBits)
		return inv_range(inv, 0, seL4_MaxUntypedBits);
	*size_bits = object_size_bits(type, user_bits);
	if (*size_bits > seL4_MaxUntypedBits)
		return inv_range(inv, 0, seL4_MaxUntypedBits);
	if ((type == seL4_CapTableObject && user_bits == 0) ||
	    (type == seL4_UntypedObject && user_bits < seL4_MinUntypedBits) ||
	    (type == seL4_SchedContextObject && user_bits < seL4_MinSchedContextBits))
		return inv_invalid_arg(inv, 1);
	return seL4_NoError;
}

/* Destination CNode and its window of empty slots. */
static int retype_decode_slots(struct inv *inv, struct cte **first)
{
	u64 index = inv_mr(inv, 2), depth = inv_mr(inv, 3);
	u64 offset = inv_mr(inv, 4), count = inv_mr(inv, 5), size;
	struct cap cnode = inv_extra(inv, 0);
	int err;

	if (depth) {
		struct cte *slot;

		err = cspace_lookup_target(inv, cnode, index, depth, false, &slot);
		if (err)
			return err;
		cnode = slot->cap;
	}
	if (cnode.type != CAP_CNODE) {
		struct lookup_fault fault = { .type = seL4_MissingCapability, .bits_left = depth };

		return inv_lookup(inv, false, &fault);
	}
	size = BIT(cnode.bits);
	if (offset > size - 1)
		return inv_range(inv, 0, size - 1);
	if (count < 1 || count > CONFIG_RETYPE_FAN_OUT_LIMIT)
		return inv_range(inv, 1, CONFIG_RETYPE_FAN_OUT_LIMIT);
	if (count > size - offset)
		return inv_range(inv, 1, size - offset);
	*first = cnode_slots(cnode) + offset;
	for (u64 i = 0; i < count; i++) {
		if ((*first)[i].cap.type != CAP_NULL)
			return seL4_DeleteFirst;
	}
	return seL4_NoError;
}

int untyped_decode(struct inv *inv)
{
	struct cte *parent = inv->slot, *dst = NULL;
	u64 type, user_bits, size_bits = 0, count, used, paddr;
	bool reset;
	int err;

	if (inv->label != UntypedRetype)
		return seL4_IllegalOperation;
	if (inv->length < 6 || inv->n_extra < 1)
		return seL4_TruncatedMessage;
	type = inv_mr(inv, 0);
	user_bits = inv_mr(inv, 1);
	count = inv_mr(inv, 5);
	err = retype_decode_type(inv, type, user_bits, &size_bits);
	if (err)
		return err;
	err = retype_decode_slots(inv, &dst);
	if (err)
		return err;

	reset = !cdt_has_children(parent);
	used = reset ? 0 : parent->cap.free;
	if ((BIT(inv->cap.bits) - used) >> size_bits < count)
		return inv_no_memory(inv, BIT(inv->cap.bits) - used);
	if (inv->cap.device && !is_frame_type(type) && type != seL4_UntypedObject)
		return inv_invalid_arg(inv, 1);

	if (reset && parent->cap.free) {
		err = untyped_reset(parent);
		if (err)
			return err;
	}
	paddr = ALIGN_UP(parent->cap.paddr + used, size_bits);
	parent->cap.free = paddr + (count << size_bits) - parent->cap.paddr;
	for (u64 i = 0; i < count; i++, paddr += BIT(size_bits))
		cdt_insert_new(object_create(type, paddr, size_bits, user_bits, inv->cap.device),
			       parent, &dst[i]);
	return seL4_NoError;
}
