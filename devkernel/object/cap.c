// SPDX-License-Identifier: BSD-2-Clause
/* What depends on a capability's type, in one table-like place. */
#include <api/syscall.h>
#include <arch/arch.h>
#include <object/object.h>

bool cap_range(struct cap cap, u64 *base, u64 *size_bits)
{
	*base = cap.paddr;
	switch (cap.type) {
	case CAP_UNTYPED:
	case CAP_FRAME:
	case CAP_SCHED_CONTEXT:
		*size_bits = cap.bits;
		return true;
	case CAP_ENDPOINT:
		*size_bits = seL4_EndpointBits;
		return true;
	case CAP_NOTIFICATION:
		*size_bits = seL4_NotificationBits;
		return true;
	case CAP_REPLY:
		*size_bits = seL4_ReplyBits;
		return true;
	case CAP_CNODE:
		*size_bits = cap.bits + seL4_SlotBits;
		return true;
	case CAP_TOMBSTONE:
		*size_bits = cap.tcb ? seL4_TCBBits : cap.bits + seL4_SlotBits;
		return true;
	case CAP_TCB:
		*size_bits = seL4_TCBBits;
		return true;
	case CAP_PAGE_TABLE:
		*size_bits = seL4_PageTableBits;
		return true;
	case CAP_VSPACE:
		*size_bits = seL4_VSpaceBits;
		return true;
	case CAP_ASID_POOL:
		*size_bits = seL4_ASIDPoolBits;
		return true;
	case CAP_VCPU:
		*size_bits = seL4_VCPUBits;
		return true;
	default:
		return false;
	}
}

bool cap_same_region(struct cap a, struct cap b)
{
	u64 a_base, a_bits, b_base, b_bits;

	if (a.type == CAP_UNTYPED)
		return cap_range(b, &b_base, &b_bits) && b_base >= a.paddr &&
		       b_base + MASK(b_bits) <= a.paddr + MASK(a.bits);
	if (a.type == CAP_IRQ_CONTROL)
		return b.type == CAP_IRQ_CONTROL || b.type == CAP_IRQ_HANDLER ||
		       b.type == CAP_SGI_SIGNAL;
	if (a.type != b.type)
		return false;
	if (a.type == CAP_IRQ_HANDLER)
		return a.paddr == b.paddr;
	if (a.type == CAP_SGI_SIGNAL)
		return a.paddr == b.paddr && a.target == b.target;
	if (cap_range(a, &a_base, &a_bits))
		return a_base == b.paddr && a.bits == b.bits;
	/* Control capabilities: there is one of each. */
	return a.type != CAP_NULL;
}

bool cap_same_object(struct cap a, struct cap b)
{
	if (a.type == CAP_UNTYPED || (a.type == CAP_IRQ_CONTROL && b.type != CAP_IRQ_CONTROL))
		return false;
	return cap_same_region(a, b);
}

int cap_derive(struct cte *slot, struct cap cap, struct cap *out)
{
	*out = cap;
	switch (cap.type) {
	case CAP_UNTYPED:
		return cdt_has_children(slot) ? seL4_RevokeFirst : seL4_NoError;
	case CAP_FRAME:
		out->mapped = false;
		out->asid = 0;
		out->vpage = 0;
		return seL4_NoError;
	case CAP_PAGE_TABLE:
	case CAP_VSPACE:
		return cap.mapped ? seL4_NoError : seL4_IllegalOperation;
	case CAP_IRQ_CONTROL:
	case CAP_TOMBSTONE:
		*out = cap_null();
		return seL4_NoError;
	default:
		return seL4_NoError;
	}
}

struct cap cap_mask_rights(struct cap cap, u64 rights)
{
	switch (cap.type) {
	case CAP_ENDPOINT:
	case CAP_NOTIFICATION:
	case CAP_FRAME:
		cap.rights &= rights;
		break;
	case CAP_REPLY:
		if (!(rights & RIGHT_GRANT))
			cap.rights &= ~RIGHT_GRANT;
		break;
	default:
		break;
	}
	return cap;
}

struct cap cap_update_data(struct cap cap, u64 data, bool preserve)
{
	seL4_CNode_CapData_t guard = { { data } };

	switch (cap.type) {
	case CAP_ENDPOINT:
	case CAP_NOTIFICATION:
		if (preserve || cap.badge)
			return cap_null();
		cap.badge = data;
		return cap;
	case CAP_SMC:
		if (preserve || cap.badge)
			return cap_null();
		cap.badge = data;
		return cap;
	case CAP_CNODE:
		cap.guard_size = seL4_CNode_CapData_get_guardSize(guard);
		if (cap.guard_size + cap.bits > seL4_WordBits)
			return cap_null();
		cap.guard = seL4_CNode_CapData_get_guard(guard) & MASK(cap.guard_size);
		return cap;
	default:
		return cap;
	}
}

void cap_finalise(struct cap cap, bool final)
{
	if (cap.type == CAP_FRAME) {
		frame_finalise(cap);
		return;
	}
	if (!final)
		return;
	switch (cap.type) {
	case CAP_ENDPOINT:
		endpoint_cancel_all(cap_object(cap));
		break;
	case CAP_NOTIFICATION:
		ntfn_finalise(cap_object(cap));
		break;
	case CAP_REPLY:
		reply_finalise(cap_object(cap));
		break;
	case CAP_SCHED_CONTEXT:
		sc_finalise(cap_object(cap));
		break;
	case CAP_IRQ_HANDLER:
		irq_handler_finalise(cap.paddr);
		break;
	case CAP_PAGE_TABLE:
		page_table_finalise(cap);
		break;
	case CAP_VSPACE:
		vspace_finalise(cap);
		break;
	case CAP_ASID_POOL:
		asid_pool_finalise(cap);
		break;
	case CAP_VCPU:
		vcpu_finalise(cap_object(cap));
		break;
	default:
		break;
	}
}
