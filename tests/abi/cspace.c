/* SPDX-License-Identifier: BSD-2-Clause */
/* CNodes: addressing, copying, moving, deriving, deleting, revoking. */

#include "abi.h"

#define MISSING seL4_MissingCapability

/* --- addressing ------------------------------------------------------------------------------- */

static struct answer del(seL4_CPtr root, seL4_Word index, seL4_Word depth)
{
	return inv(root, CNodeDelete, NOCAPS, index, depth);
}

ABI_TEST(cspace, depth_limits)
{
	expect(del(ROOT_CNODE, slot_new(), 64), 0);
	expect(del(ROOT_CNODE, slot_new(), 0), seL4_RangeError, 1, 64);
	expect(del(ROOT_CNODE, slot_new(), 65), seL4_RangeError, 1, 64);
}

/* All of the word: the eight bits are only the type of the libsel4 stub's argument. */
ABI_TEST(cspace, depth_is_a_whole_word)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0), s = slot_new();
	seL4_Word depth = 0x100 + 64;

	expect(del(ROOT_CNODE, s, depth), seL4_RangeError, 1, 64);
	expect(inv(ROOT_CNODE, CNodeRevoke, NOCAPS, s, depth), seL4_RangeError, 1, 64);
	expect(inv(ROOT_CNODE, CNodeCopy, CAPS(ROOT_CNODE), s, depth, ep, 64, RIGHT_ALL),
	       seL4_RangeError, 1, 64);
	expect(inv(ROOT_CNODE, CNodeCopy, CAPS(ROOT_CNODE), s, 64, ep, depth, RIGHT_ALL),
	       seL4_RangeError, 1, 64);
	expect(inv(ROOT_CNODE, CNodeMove, CAPS(ROOT_CNODE), s, 64, ep, ~0UL), seL4_RangeError, 1,
	       64);
	expect(inv(seL4_CapIRQControl, ARMIRQIssueIRQHandlerTrigger, CAPS(ROOT_CNODE), 120, 0, s,
		   depth),
	       seL4_RangeError, 1, 64);
	expect(inv(test_untyped, UntypedRetype, CAPS(ROOT_CNODE), seL4_EndpointObject, 0, s, depth,
		   0, 1),
	       seL4_RangeError, 1, 64);
}

/* The root CNode has a guard of 47 bits: fewer bits than that can not match. */
ABI_TEST(cspace, guard_and_depth_mismatch)
{
	expect(del(ROOT_CNODE, 5, 17), seL4_FailedLookup, 0, seL4_GuardMismatch, 17);
	expect(del(ROOT_CNODE, 5, 63), seL4_FailedLookup, 0, seL4_DepthMismatch, 63, 64);
	expect(del(ROOT_CNODE, 1UL << 63, 64), seL4_FailedLookup, 0, seL4_GuardMismatch, 64);
}

ABI_TEST(cspace, invoked_or_source_root_is_no_cnode)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0);

	expect(inv(ROOT_CNODE, CNodeCopy, CAPS(ep), slot_new(), 64, 1, 64, RIGHT_ALL),
	       seL4_FailedLookup, 1, seL4_InvalidRoot);
	expect(inv(test_untyped, UntypedRetype, CAPS(ep), seL4_EndpointObject, 0, 0, 0, 0, 1),
	       seL4_FailedLookup, 0, seL4_MissingCapability, 0);
}

ABI_TEST(cspace, new_cnode_has_no_guard)
{
	seL4_CPtr cn = obj_new(seL4_CapTableObject, 4);
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0);

	must(inv(cn, CNodeCopy, CAPS(ROOT_CNODE), 15, 4, ep, 64, RIGHT_ALL));
	expect(inv(cn, CNodeCopy, CAPS(ROOT_CNODE), 15, 4, ep, 64, RIGHT_ALL), seL4_DeleteFirst);
	/* Only the low depth bits of the index count. */
	expect(inv(cn, CNodeCopy, CAPS(ROOT_CNODE), 0x1f, 4, ep, 64, RIGHT_ALL), seL4_DeleteFirst);
	expect(del(cn, 15, 5), seL4_FailedLookup, 0, seL4_DepthMismatch, 1, 0);
	expect(del(cn, 15, 3), seL4_FailedLookup, 0, seL4_DepthMismatch, 3, 4);
	expect(del(cn, 15, 4), 0);
}

/* Two levels: the slot of an inner CNode goes on consuming bits. */
ABI_TEST(cspace, two_levels)
{
	seL4_CPtr outer = obj_new(seL4_CapTableObject, 3);
	seL4_CPtr inner = obj_new(seL4_CapTableObject, 5);
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0);

	must(inv(outer, CNodeCopy, CAPS(ROOT_CNODE), 6, 3, inner, 64, RIGHT_ALL));
	must(inv(outer, CNodeCopy, CAPS(ROOT_CNODE), 6 << 5 | 9, 8, ep, 64, RIGHT_ALL));
	expect(inv(inner, CNodeCopy, CAPS(ROOT_CNODE), 9, 5, ep, 64, RIGHT_ALL), seL4_DeleteFirst);
	/* Bits left where no CNode is. */
	expect(del(outer, 5 << 5, 8), seL4_FailedLookup, 0, seL4_DepthMismatch, 5, 0);
	expect(del(outer, 6 << 5 | 9, 8), 0);
	must(inv(inner, CNodeCopy, CAPS(ROOT_CNODE), 9, 5, ep, 64, RIGHT_ALL));
}

ABI_TEST(cspace, guard_set_by_mint)
{
	seL4_CPtr cn = obj_new(seL4_CapTableObject, 4);
	seL4_CPtr guarded = slot_new();
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0);

	must(inv(cn, CNodeCopy, CAPS(ROOT_CNODE), 3, 4, ep, 64, RIGHT_ALL));
	/* Guard 0x5 of 4 bits. */
	must(try_mint(guarded, cn, RIGHT_ALL, 5 << 6 | 4));
	expect(inv(guarded, CNodeCopy, CAPS(ROOT_CNODE), 0x53, 8, ep, 64, RIGHT_ALL),
	       seL4_DeleteFirst);
	expect(del(guarded, 0x43, 8), seL4_FailedLookup, 0, seL4_GuardMismatch, 8, 5);
	expect(del(guarded, 0x3, 4), seL4_FailedLookup);
	/* Guard and radix together may not exceed the word: no capability would be left. */
	expect(try_mint(slot_new(), cn, RIGHT_ALL, 61), seL4_IllegalOperation);
	expect(try_mint(slot_new(), cn, RIGHT_ALL, 60), 0);
}

/* --- copy, mint, move, mutate, rotate ------------------------------------------------------------ */

ABI_TEST(cspace, copy_errors)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0);
	seL4_CPtr dst = slot_new();

	expect(try_copy(dst, slot_new(), RIGHT_ALL), seL4_FailedLookup, 1, MISSING);
	expect(try_copy(ep, ep, RIGHT_ALL), seL4_DeleteFirst);
	/* The destination is looked at before the source. */
	expect(try_copy(ep, dst, RIGHT_ALL), seL4_DeleteFirst);
	expect(try_copy(1UL << 40, ep, RIGHT_ALL), seL4_FailedLookup, 0, seL4_GuardMismatch);
	expect(try_copy(dst, 1UL << 40, RIGHT_ALL), seL4_FailedLookup, 1, seL4_GuardMismatch);
	expect(try_copy(dst, ep, RIGHT_ALL), 0);
}

ABI_TEST(cspace, what_can_not_be_copied)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 13);
	seL4_CPtr pt = obj_new(seL4_ARM_PageTableObject, 0);
	seL4_CPtr vs = obj_new(seL4_ARM_VSpaceObject, 0);
	seL4_CPtr dst = slot_new();

	expect(try_copy(dst, seL4_CapIRQControl, RIGHT_ALL), seL4_IllegalOperation);
	expect(try_copy(dst, pt, RIGHT_ALL), seL4_IllegalOperation);
	expect(try_copy(dst, vs, RIGHT_ALL), seL4_IllegalOperation);
	expect(try_copy(dst, ut, RIGHT_ALL), 0);
	cap_delete(dst);
	obj_from(ut, seL4_EndpointObject, 0);
	expect(try_copy(dst, ut, RIGHT_ALL), seL4_RevokeFirst);
	must(inv(seL4_CapInitThreadASIDPool, ARMASIDPoolAssign, CAPS(vs)));
	expect(try_copy(dst, vs, RIGHT_ALL), 0);
	expect(try_copy(slot_new(), seL4_CapASIDControl, RIGHT_ALL), 0);
	expect(try_copy(slot_new(), seL4_CapInitThreadASIDPool, RIGHT_ALL), 0);
	expect(try_copy(slot_new(), seL4_CapSMC, RIGHT_ALL), 0);
	expect(try_copy(slot_new(), bootinfo->schedcontrol.start, RIGHT_ALL), 0);
	expect(try_copy(slot_new(), seL4_CapDomain, RIGHT_ALL), 0);
}

ABI_TEST(cspace, badge_is_set_once)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0);
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0);
	seL4_CPtr b = cap_mint(ep, RIGHT_ALL, 5);
	seL4_CPtr nb = cap_mint(n, RIGHT_ALL, ~0UL);

	expect(try_mint(slot_new(), b, RIGHT_ALL, 6), seL4_IllegalOperation);
	expect(try_mint(slot_new(), b, RIGHT_ALL, 5), seL4_IllegalOperation);
	expect(try_mint(slot_new(), nb, RIGHT_ALL, 6), seL4_IllegalOperation);
	expect(try_copy(slot_new(), b, RIGHT_ALL), 0);
	expect(try_mint(slot_new(), ep, RIGHT_ALL, 0), 0);
	/* All 64 bits of it. */
	sys_signal(nb);
	check_eq(sys_nbwait(n).badge, ~0UL);
}

ABI_TEST(cspace, rights_only_shrink)
{
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0);
	seL4_CPtr wr = cap_copy(n, RIGHT_WRITE);
	seL4_CPtr again = cap_copy(wr, RIGHT_ALL);
	seL4_CPtr rd = cap_copy(n, RIGHT_READ);
	seL4_CPtr none = cap_copy(n, 0);

	/* Binding needs the read right. */
	expect(inv(worker_tcb, TCBBindNotification, CAPS(again)), seL4_IllegalOperation);
	expect(inv(worker_tcb, TCBBindNotification, CAPS(none)), seL4_IllegalOperation);
	expect(inv(worker_tcb, TCBBindNotification, CAPS(rd)), 0);
	must(inv(worker_tcb, TCBUnbindNotification, NOCAPS));
	/* Signalling needs the write right. */
	expect(inv(rd, 0, NOCAPS), seL4_InvalidCapability, 0);
	expect(inv(none, 0, NOCAPS), seL4_InvalidCapability, 0);
	sys_signal(cap_mint(again, RIGHT_ALL, 2));
	check_eq(sys_nbwait(rd).badge, 2);
}

ABI_TEST(cspace, move)
{
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0);
	seL4_CPtr b = cap_mint(n, RIGHT_WRITE, 0x30);
	seL4_CPtr dst = slot_new();

	expect(inv(ROOT_CNODE, CNodeMove, CAPS(ROOT_CNODE), dst, 64, b, 64), 0);
	check(cap_is_null(b));
	sys_signal(dst);
	check_eq(sys_nbwait(n).badge, 0x30);
	expect(inv(ROOT_CNODE, CNodeMove, CAPS(ROOT_CNODE), n, 64, dst, 64), seL4_DeleteFirst);
	expect(inv(ROOT_CNODE, CNodeMove, CAPS(ROOT_CNODE), b, 64, b, 64), seL4_FailedLookup, 1,
	       MISSING);
	/* The place in the derivation tree moves along. */
	cap_revoke(n);
	check(cap_is_null(dst));
}

/* Mutate is a move that sets a guard; badges it can not set. */
ABI_TEST(cspace, mutate)
{
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0);
	seL4_CPtr cn = obj_new(seL4_CapTableObject, 4);
	seL4_CPtr dst = slot_new();

	expect(inv(ROOT_CNODE, CNodeMutate, CAPS(ROOT_CNODE), dst, 64, n, 64, 0x31),
	       seL4_IllegalOperation);
	must(inv(cn, CNodeCopy, CAPS(ROOT_CNODE), 3, 4, n, 64, RIGHT_ALL));
	expect(inv(ROOT_CNODE, CNodeMutate, CAPS(ROOT_CNODE), dst, 64, cn, 64, 5 << 6 | 4), 0);
	check(cap_is_null(cn));
	expect(del(dst, 0x53, 8), 0);
	expect(inv(ROOT_CNODE, CNodeMutate, CAPS(ROOT_CNODE), n, 64, dst, 64, 0), seL4_DeleteFirst);
	expect(inv(ROOT_CNODE, CNodeMutate, CAPS(ROOT_CNODE), slot_new(), 64, cn, 64, 0),
	       seL4_FailedLookup, 1, MISSING);
}

ABI_TEST(cspace, rotate)
{
	seL4_CPtr a = obj_new(seL4_ARM_SmallPageObject, 0);
	seL4_CPtr b = obj_new(seL4_ARM_SmallPageObject, 0);
	seL4_CPtr c = slot_new();
	seL4_Word pa = frame_paddr(a), pb = frame_paddr(b);

	/* src a -> pivot b -> dst c */
	expect(inv(ROOT_CNODE, CNodeRotate, CAPS(ROOT_CNODE, ROOT_CNODE), c, 64, 0, b, 64, 0, a,
		   64),
	       0);
	check(cap_is_null(a));
	check_eq(frame_paddr(c), pb);
	check_eq(frame_paddr(b), pa);
	/* Swap: source and destination are one slot. */
	expect(inv(ROOT_CNODE, CNodeRotate, CAPS(ROOT_CNODE, ROOT_CNODE), c, 64, 0, b, 64, 0, c,
		   64),
	       0);
	check_eq(frame_paddr(c), pa);
	check_eq(frame_paddr(b), pb);
	/* The pivot may be neither; the destination must be empty. */
	expect(inv(ROOT_CNODE, CNodeRotate, CAPS(ROOT_CNODE, ROOT_CNODE), a, 64, 0, c, 64, 0, c,
		   64),
	       seL4_IllegalOperation);
	expect(inv(ROOT_CNODE, CNodeRotate, CAPS(ROOT_CNODE, ROOT_CNODE), worker_tcb, 64, 0, c, 64,
		   0, b, 64),
	       seL4_DeleteFirst);
}

/* --- delete and revoke ------------------------------------------------------------------------------ */

ABI_TEST(cspace, delete_of_an_empty_slot)
{
	expect(del(ROOT_CNODE, slot_new(), 64), 0);
	expect(inv(ROOT_CNODE, CNodeRevoke, NOCAPS, slot_new(), 64), 0);
}

ABI_TEST(cspace, object_lives_with_its_last_capability)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 12);
	seL4_CPtr n = obj_from(ut, seL4_NotificationObject, 0);
	seL4_CPtr copy = cap_copy(n, RIGHT_ALL);
	seL4_CPtr badged = cap_mint(copy, RIGHT_ALL, 4);

	cap_delete(n);
	sys_signal(badged);
	check_eq(sys_nbwait(copy).badge, 4);
	/* Memory is not free as long as any of them is left. */
	expect(try_retype(ut, seL4_ARM_SmallPageObject, 0, n, 1), seL4_NotEnoughMemory);
	cap_delete(copy);
	expect(try_retype(ut, seL4_ARM_SmallPageObject, 0, n, 1), seL4_NotEnoughMemory);
	cap_delete(badged);
	expect(try_retype(ut, seL4_ARM_SmallPageObject, 0, n, 1), 0);
}

/* Original, its copies, and what is minted from it: who is whose child. */
ABI_TEST(cspace, revoke_reach)
{
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0);
	seL4_CPtr copy = cap_copy(n, RIGHT_ALL);
	seL4_CPtr copy2 = cap_copy(copy, RIGHT_ALL);
	seL4_CPtr badged = cap_mint(copy, RIGHT_ALL, 1);
	seL4_CPtr badged2 = cap_mint(copy, RIGHT_ALL, 2);
	seL4_CPtr badged_copy = cap_copy(badged, RIGHT_ALL);

	/* A copy has no children among its like, also not the badged ones made from it. */
	cap_revoke(copy);
	check(!cap_is_null(copy2));
	check(!cap_is_null(badged));
	/* The copy of a badged one has the same badge and is its child; another badge is not. */
	cap_revoke(badged);
	check(!cap_is_null(badged2));
	check(cap_is_null(badged_copy));
	cap_revoke(n);
	check(!cap_is_null(n));
	check(cap_is_null(copy));
	check(cap_is_null(copy2));
	check(cap_is_null(badged));
	check(cap_is_null(badged2));
	check(cap_is_null(badged_copy));
}

ABI_TEST(cspace, revoke_untyped_reaches_everything)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 16);
	seL4_CPtr sub = obj_from(ut, seL4_UntypedObject, 14);
	seL4_CPtr n = obj_from(sub, seL4_NotificationObject, 0);
	seL4_CPtr badged = cap_mint(n, RIGHT_ALL, 1);
	seL4_CPtr cn = obj_from(ut, seL4_CapTableObject, 4);
	seL4_CPtr outside = obj_new(seL4_CapTableObject, 4);

	must(inv(cn, CNodeCopy, CAPS(ROOT_CNODE), 1, 4, n, 64, RIGHT_ALL));
	must(inv(outside, CNodeCopy, CAPS(ROOT_CNODE), 1, 4, n, 64, RIGHT_ALL));
	cap_revoke(ut);
	check(!cap_is_null(ut));
	check(cap_is_null(sub));
	check(cap_is_null(n));
	check(cap_is_null(badged));
	check(cap_is_null(cn));
	/* Also in a CNode that is not its child. */
	expect(inv(outside, CNodeMove, CAPS(outside), 2, 4, 1, 4), seL4_FailedLookup, 1, MISSING);
	expect(inv(badged, 0, NOCAPS), seL4_InvalidCapability, 0);
}

ABI_TEST(cspace, deleting_a_cnode_deletes_its_contents)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 12);
	seL4_CPtr cn = obj_new(seL4_CapTableObject, 4);

	must(inv(ut, UntypedRetype, CAPS(cn), seL4_EndpointObject, 0, 0, 0, 0, 16));
	expect(try_retype(ut, seL4_ARM_SmallPageObject, 0, slot_new(), 1), seL4_NotEnoughMemory);
	cap_delete(cn);
	expect(try_retype(ut, seL4_ARM_SmallPageObject, 0, slot_new(), 1), 0);
}

/* A CNode whose only capability lies in itself is still reclaimed with the untyped. */
ABI_TEST(cspace, cnode_that_holds_itself)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 12);
	seL4_CPtr cn = obj_from(ut, seL4_CapTableObject, 4);
	seL4_CPtr cn2 = obj_from(ut, seL4_CapTableObject, 4);

	must(inv(cn, CNodeCopy, CAPS(ROOT_CNODE), 0, 4, cn2, 64, RIGHT_ALL));
	must(inv(cn2, CNodeCopy, CAPS(ROOT_CNODE), 0, 4, cn, 64, RIGHT_ALL));
	must(inv(cn, CNodeMove, CAPS(ROOT_CNODE), 1, 4, cn, 64));
	cap_delete(cn2);
	cap_revoke(ut);
	expect(try_retype(ut, seL4_ARM_SmallPageObject, 0, slot_new(), 1), 0);
}

ABI_TEST(cspace, cancel_badged_sends_checks)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0);
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0);
	seL4_CPtr b = cap_mint(ep, RIGHT_ALL, 7);
	seL4_CPtr weak = cap_mint(ep, RIGHT_WRITE, 7);

	expect(inv(ROOT_CNODE, CNodeCancelBadgedSends, NOCAPS, b, 64), 0);
	expect(inv(ROOT_CNODE, CNodeCancelBadgedSends, NOCAPS, ep, 64), 0);
	expect(inv(ROOT_CNODE, CNodeCancelBadgedSends, NOCAPS, weak, 64), seL4_IllegalOperation);
	expect(inv(ROOT_CNODE, CNodeCancelBadgedSends, NOCAPS, n, 64), seL4_IllegalOperation);
	expect(inv(ROOT_CNODE, CNodeCancelBadgedSends, NOCAPS, slot_new(), 64),
	       seL4_IllegalOperation);
}

/* Build, use, revoke: as often as one likes. */
ABI_TEST(cspace, thousand_rounds)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 14);
	seL4_CPtr slots = slots_new(8);
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		must(try_retype(ut, seL4_EndpointObject, 0, slots, 4));
		must(try_mint(slots + 4, slots, RIGHT_ALL, i));
		must(try_retype(ut, seL4_ARM_SmallPageObject, 0, slots + 5, 3));
		must(inv(ROOT_CNODE, CNodeRevoke, NOCAPS, ut, 64));
	}
	check(cap_is_null(slots));
	check(cap_is_null(slots + 7));
}

/* A thread with a CSpace of four slots, as the VMM's guests have. */
static void signal_small(void *arg)
{
	sys_signal((seL4_CPtr)arg);
	for (;;)
		;
}

ABI_TEST(cspace, small_cspace_of_a_thread)
{
	seL4_CPtr cn = obj_new(seL4_CapTableObject, 2);
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0);
	seL4_CPtr b = cap_mint(n, RIGHT_ALL, 0x40);
	struct thread t;

	must(inv(cn, CNodeCopy, CAPS(ROOT_CNODE), 3, 2, b, 64, RIGHT_WRITE));
	thread_start(&t, &(struct thread_cfg){ .fn = signal_small,
					       .arg = (void *)3,
					       .prio = 90,
					       .cspace = cn,
					       .cspace_data = 62 });
	check_eq(sys_wait(n).badge, 0x40);
}

/* Message words beyond the fourth and results arrive with the libsel4 stubs as well. */
ABI_TEST(cspace, libsel4_stubs)
{
	seL4_CPtr n = slot_new(), b = slot_new(), c = slot_new();
	seL4_Word badge = 0;

	check_eq(seL4_Untyped_Retype(test_untyped, seL4_NotificationObject, 0, ROOT_CNODE, 0, 0, n,
				     1),
		 0);
	check_eq(seL4_CNode_Mint(ROOT_CNODE, b, 64, ROOT_CNODE, n, 64, seL4_AllRights, 0x55), 0);
	check_eq(seL4_CNode_Copy(ROOT_CNODE, c, 64, ROOT_CNODE, b, 64, seL4_CanWrite), 0);
	seL4_Signal(c);
	seL4_Wait(n, &badge);
	check_eq(badge, 0x55);
	check_eq(seL4_CNode_Move(ROOT_CNODE, b, 64, ROOT_CNODE, c, 64), seL4_DeleteFirst);
	check_eq(seL4_CNode_Delete(ROOT_CNODE, b, 64), 0);
	check_eq(seL4_CNode_Move(ROOT_CNODE, b, 64, ROOT_CNODE, c, 64), 0);
	check_eq(seL4_CNode_Revoke(ROOT_CNODE, n, 64), 0);
	check(cap_is_null(b));
	/* Error words are in the IPC buffer after a stub has failed. */
	check_eq(seL4_CNode_Delete(ROOT_CNODE, n, 0), seL4_RangeError);
	check_eq(seL4_GetMR(0), 1);
	check_eq(seL4_GetMR(1), 64);
}
