/* SPDX-License-Identifier: BSD-2-Clause */
/* Labels an object does not know, and messages that are too short, for each object. */

#include "abi.h"

#define UNKNOWN_LABEL 0xabcd

static seL4_CPtr make(seL4_Word type)
{
	switch (type) {
	case seL4_UntypedObject:
		return obj_new(type, 12);
	case seL4_CapTableObject:
		return obj_new(type, 4);
	case seL4_SchedContextObject:
		return obj_new(type, 7);
	default:
		return obj_new(type, 0);
	}
}

static const struct {
	const char *name;
	seL4_Word type;
	seL4_Word err;
} objects[] = {
	{ "Untyped", seL4_UntypedObject, seL4_IllegalOperation },
	{ "TCB", seL4_TCBObject, seL4_IllegalOperation },
	{ "CNode", seL4_CapTableObject, seL4_IllegalOperation },
	{ "SchedContext", seL4_SchedContextObject, seL4_IllegalOperation },
	{ "Page", seL4_ARM_SmallPageObject, seL4_IllegalOperation },
	{ "PageTable", seL4_ARM_PageTableObject, seL4_IllegalOperation },
	{ "VSpace", seL4_ARM_VSpaceObject, seL4_IllegalOperation },
	{ "VCPU", seL4_ARM_VCPUObject, seL4_IllegalOperation },
};

ABI_TEST(label, unknown_on_new_objects)
{
	unsigned int i;
	struct answer a;

	for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		a = inv(make(objects[i].type), UNKNOWN_LABEL, NOCAPS);
		if (a.err != objects[i].err)
			fail_at(__FILE__, __LINE__, "%s: observed error %lu", objects[i].name,
				a.err);
	}
}

ABI_TEST(label, unknown_on_initial_capabilities)
{
	static const seL4_CPtr slots[] = {
		seL4_CapInitThreadTCB, seL4_CapInitThreadCNode, seL4_CapInitThreadVSpace,
		seL4_CapIRQControl,    seL4_CapASIDControl,	seL4_CapInitThreadASIDPool,
		seL4_CapDomain,	       seL4_CapInitThreadSC,	seL4_CapSMC
	};
	unsigned int i;

	for (i = 0; i < sizeof(slots) / sizeof(slots[0]); i++)
		expect(inv(slots[i], UNKNOWN_LABEL, NOCAPS), seL4_IllegalOperation);
	expect(inv(bootinfo->schedcontrol.start, UNKNOWN_LABEL, NOCAPS), seL4_IllegalOperation);
	expect(inv(slots[0], 0, NOCAPS), seL4_IllegalOperation);
}

/* A method of another object is as unknown as any number. */
ABI_TEST(label, method_of_another_object)
{
	seL4_CPtr frame = obj_new(seL4_ARM_SmallPageObject, 0);

	expect(inv(frame, TCBResume, NOCAPS), seL4_IllegalOperation);
	expect(inv(frame, ARMPageTableUnmap, NOCAPS), seL4_IllegalOperation);
	expect(inv(ROOT_CNODE, ARMPageUnmap, NOCAPS), seL4_IllegalOperation);
	expect(inv(seL4_CapInitThreadTCB, CNodeDelete, NOCAPS, 0, 64), seL4_IllegalOperation);
	expect(inv(test_untyped, ARMPageGetAddress, NOCAPS), seL4_IllegalOperation);
}

/* A call on a reply object is a reply, whatever the label; an empty one answers nobody. */
ABI_TEST(label, reply_object_has_no_methods)
{
	seL4_CPtr reply = obj_new(seL4_ReplyObject, 0);

	sys_send(reply, INFO(UNKNOWN_LABEL, 0, 0), NO_MRS);
}

/* And signalling is all a notification knows. */
ABI_TEST(label, notification_ignores_the_message)
{
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0);
	seL4_CPtr b = cap_mint(n, RIGHT_ALL, 8);

	sys_send(b, INFO(UNKNOWN_LABEL, 0, 3), MRS(1, 2, 3, 4));
	check_eq(sys_nbwait(n).badge, 8);
}

ABI_TEST(label, truncated_messages)
{
	seL4_CPtr tcb = obj_new(seL4_TCBObject, 0);
	seL4_CPtr sc = obj_new(seL4_SchedContextObject, 7);
	seL4_CPtr frame = obj_new(seL4_ARM_SmallPageObject, 0);
	seL4_CPtr pt = obj_new(seL4_ARM_PageTableObject, 0);
	seL4_CPtr sctl = bootinfo->schedcontrol.start;
	seL4_CPtr cn = ROOT_CNODE, vs = ROOT_VSPACE;
	const seL4_Word t = seL4_TruncatedMessage;

	expect(inv(test_untyped, UntypedRetype, CAPS(cn), 0, 12, 0, 0, 1), t);
	expect(inv(test_untyped, UntypedRetype, NOCAPS, 0, 12, 0, 0, 1, 1), t);
	expect(inv(tcb, TCBReadRegisters, NOCAPS, 0), t);
	expect(inv(tcb, TCBWriteRegisters, NOCAPS, 0), t);
	expect(inv(tcb, TCBWriteRegisters, NOCAPS, 0, 2, 0), t);
	expect(inv(tcb, TCBCopyRegisters, NOCAPS, 0), t);
	expect(inv(tcb, TCBConfigure, CAPS(cn, vs), 0, 0, 0), t);
	expect(inv(tcb, TCBConfigure, CAPS(cn, vs, 0), 0, 0), t);
	expect(inv(tcb, TCBSetPriority, NOCAPS, 1), t);
	expect(inv(tcb, TCBSetPriority, CAPS(tcb)), t);
	expect(inv(tcb, TCBSetMCPriority, NOCAPS, 1), t);
	expect(inv(tcb, TCBSetSchedParams, CAPS(tcb, sc), 1, 1), t);
	expect(inv(tcb, TCBSetSchedParams, CAPS(tcb, sc, 0), 1), t);
	expect(inv(tcb, TCBSetTimeoutEndpoint, NOCAPS), t);
	expect(inv(tcb, TCBSetIPCBuffer, NOCAPS, 0), t);
	expect(inv(tcb, TCBSetSpace, CAPS(0, cn), 0, 0), t);
	expect(inv(tcb, TCBBindNotification, NOCAPS), t);
	expect(inv(tcb, TCBSetTLSBase, NOCAPS), t);
	expect(inv(tcb, TCBSetFlags, NOCAPS, 0), t);
	expect(inv(cn, CNodeDelete, NOCAPS, 1000), t);
	expect(inv(cn, CNodeRevoke, NOCAPS), t);
	expect(inv(cn, CNodeCopy, CAPS(cn), 1000, 64, 1, 64), t);
	expect(inv(cn, CNodeCopy, NOCAPS, 1000, 64, 1, 64, 15), t);
	expect(inv(cn, CNodeMint, CAPS(cn), slot_new(), 64, 1, 64, 15), t);
	expect(inv(cn, CNodeMove, NOCAPS, 1000, 64, 1, 64), t);
	expect(inv(cn, CNodeMutate, CAPS(cn), slot_new(), 64, 1, 64), t);
	expect(inv(cn, CNodeRotate, CAPS(cn, cn), 1, 64, 0, 2, 64, 0, 3), t);
	expect(inv(sctl, SchedControlConfigureFlags, CAPS(sc), 1000, 1000, 0, 0), t);
	expect(inv(sctl, SchedControlConfigureFlags, NOCAPS, 1000, 1000, 0, 0, 0), t);
	expect(inv(sc, SchedContextBind, NOCAPS), t);
	expect(inv(sc, SchedContextUnbindObject, NOCAPS), t);
	expect(inv(frame, ARMPageMap, CAPS(vs), WIN_TEST, 3), t);
	expect(inv(frame, ARMPageMap, NOCAPS, WIN_TEST, 3, 3), t);
	expect(inv(frame, ARMPageClean_Data, NOCAPS, 0), t);
	expect(inv(pt, ARMPageTableMap, CAPS(vs), WIN_TEST), t);
	expect(inv(pt, ARMPageTableMap, NOCAPS, WIN_TEST, 3), t);
	expect(inv(vs, ARMVSpaceClean_Data, NOCAPS, 0), t);
	expect(inv(seL4_CapInitThreadASIDPool, ARMASIDPoolAssign, NOCAPS), t);
	expect(inv(seL4_CapASIDControl, ARMASIDControlMakePool, CAPS(cn, cn), 1), t);
	expect(inv(seL4_CapIRQControl, IRQIssueIRQHandler, CAPS(cn), 40, 1000), t);
	expect(inv(seL4_CapIRQControl, ARMIRQIssueIRQHandlerTrigger, CAPS(cn), 40, 0, 1000), t);
	expect(inv(seL4_CapSMC, ARMSMCCall, NOCAPS, 0, 0, 0, 0, 0, 0, 0), t);
}
