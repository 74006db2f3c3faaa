/* SPDX-License-Identifier: BSD-2-Clause */
/* Invocations with random arguments: the kernel stays up, and answers each as seL4 does. */

#include "abi.h"
#include "record.h"

#define FUZZ_SLOTS_BITS 6
#define FUZZ_SLOTS (1UL << FUZZ_SLOTS_BITS)
#define FUZZ_CALLS 200
#define FUZZ_ROUNDS 50
/* What seL4 16.0.0 release gives; debug numbers its methods otherwise. See record.h. */
#define DIGEST 0x1097befd72d5f8f2UL

struct fuzz {
	volatile seL4_Word state, calls;
	seL4_Word succeeded;
	struct record record;
	seL4_IPCBuffer *buf;
};

/* What is in the slots, see fuzz_populate(), and the methods it knows. */
enum {
	S_TCB = 1,
	S_EP = 3,
	S_NTFN,
	S_REPLY,
	S_PAGE,
	S_PT = 8,
	S_VSPACE_RAW = 10,
	S_VCPU,
	S_UT = 13,
	S_SC = 15,
	S_CNODE = 17,
	S_VSPACE,
	S_SCHED_CONTROL,
	S_ASID_POOL,
	S_ASID_CONTROL,
	S_SELF,
	S_IRQ,
	S_END
};

static const struct {
	uint8_t end; /* slots below this one, from the end of the entry before */
	uint8_t first, last; /* labels */
} methods[] = {
	{ S_TCB, 0, ARMIRQIssueSGISignal + 3 },
	{ S_EP, TCBReadRegisters, TCBSetFlags },
	{ S_PAGE, 0, ARMIRQIssueSGISignal + 3 },
	{ S_PT, ARMPageMap, ARMPageGetAddress },
	{ S_VSPACE_RAW, ARMPageTableMap, ARMPageTableUnmap },
	{ S_VCPU, ARMVSpaceClean_Data, ARMVSpaceUnify_Instruction },
	{ S_UT, ARMVCPUSetTCB, ARMVCPUAckVPPI },
	{ S_SC, UntypedRetype, UntypedRetype },
	{ S_CNODE, SchedContextBind, SchedContextYieldTo },
	{ S_VSPACE, CNodeRevoke, CNodeRotate },
	{ S_SCHED_CONTROL, ARMVSpaceClean_Data, ARMVSpaceUnify_Instruction },
	{ S_ASID_POOL, SchedControlConfigureFlags, SchedControlConfigureFlags },
	{ S_ASID_CONTROL, ARMASIDPoolAssign, ARMASIDPoolAssign },
	{ S_SELF, ARMASIDControlMakePool, ARMASIDControlMakePool },
	{ S_IRQ, CNodeRevoke, CNodeRotate },
	{ S_END, IRQAckIRQ, IRQClearIRQHandler },
};

static seL4_Word rnd_below(struct fuzz *f, seL4_Word n)
{
	return rnd(&f->state) % n;
}

static seL4_Word rnd_label(struct fuzz *f, seL4_Word slot)
{
	unsigned int i;

	if (rnd_below(f, 8) == 0 || slot >= S_END)
		return rnd_below(f, ARMIRQIssueSGISignal + 4);
	for (i = 0; slot >= methods[i].end; i++)
		;
	return methods[i].first + rnd_below(f, methods[i].last - methods[i].first + 1UL);
}

/* Words that mean something somewhere: slots, depths, sizes, addresses, counts. */
static seL4_Word rnd_word(struct fuzz *f)
{
	static const seL4_Word some[] = { 0,	     1,		 2,	    3,	       4,
					  7,	     12,	 13,	    16,	       21,
					  27,	     32,	 63,	    64,	       65,
					  255,	     256,	 1000,	    4096,      0x1000,
					  0x200000,  0x40000000, 1UL << 39, 1UL << 40, ~0UL,
					  1UL << 63, 0x3c5,	 10000 };

	switch (rnd_below(f, 8)) {
	case 0:
	case 1:
		return rnd_below(f, FUZZ_SLOTS);
	case 2:
		return 64;
	case 3:
		return rnd_below(f, 16);
	case 4:
		return 0x10000000 + (rnd_below(f, 512) << 12);
	case 5:
		return rnd(&f->state);
	default:
		return some[rnd_below(f, sizeof(some) / sizeof(some[0]))];
	}
}

static seL4_Word rnd_slot(struct fuzz *f)
{
	static const uint8_t likely[] = { S_SELF, S_VSPACE, S_TCB, S_UT, S_SC, S_VCPU };

	switch (rnd_below(f, 4)) {
	case 0:
		return rnd_below(f, FUZZ_SLOTS);
	case 1:
		return likely[rnd_below(f, sizeof(likely))];
	default:
		return rnd_below(f, S_END);
	}
}

/* Error code and those words of the answer that belong to it. */
static void record_answer(struct fuzz *f, seL4_Word slot, seL4_Word label, const struct msg *m)
{
	seL4_Word err = INFO_LABEL(m->info), w0 = 0, w1 = 0;

	switch (err) {
	case seL4_NoError:
		f->succeeded++;
		break;
	case seL4_RangeError:
	case seL4_FailedLookup:
		w1 = m->mr[1];
		/* fallthrough */
	case seL4_InvalidArgument:
	case seL4_InvalidCapability:
	case seL4_NotEnoughMemory:
		w0 = m->mr[0];
		break;
	}
	RECORD(&f->record, f->calls, slot, label, err, w0, w1);
}

static void fuzz_call(struct fuzz *f)
{
	seL4_Word mr[4], label, info, cap;
	struct msg m;
	unsigned int i;

	for (i = 0; i < 4; i++)
		mr[i] = rnd_word(f);
	for (i = 4; i < 12; i++)
		f->buf->msg[i] = rnd_word(f);
	for (i = 0; i < 3; i++)
		f->buf->caps_or_badges[i] = rnd_slot(f);
	cap = rnd_slot(f);
	label = rnd_label(f, cap);
#ifdef CONFIG_HARDWARE_DEBUG_API
	/* seL4 16.0.0 stops with an assertion on some breakpoint numbers out of range. */
	if (label >= TCBSetBreakpoint && label <= TCBConfigureSingleStepping)
		label = TCBSuspend;
#endif
	info = INFO(label, 3 - rnd_below(f, 8) / 3, 12 - rnd_below(f, 16) / 2);
	if (rnd_below(f, 8) == 0) {
		sys_nbsend(cap, info, mr);
		return;
	}
	/* May block on an endpoint or the like: the test then makes it go on. */
	m = sys_call(cap, info, mr);
	record_answer(f, cap, label, &m);
}

static void fuzz_main(void *arg)
{
	struct fuzz *f = arg;

	for (f->calls = 0; f->calls < FUZZ_CALLS; f->calls++)
		fuzz_call(f);
	for (;;)
		;
}

/* One of everything that can not end the test itself; some slots stay empty. */
static void fuzz_populate(seL4_CPtr ut, seL4_CPtr cn)
{
	static const seL4_Word types[] = {
		seL4_TCBObject,		  seL4_TCBObject,	    seL4_EndpointObject,
		seL4_NotificationObject,  seL4_ReplyObject,	    seL4_ARM_SmallPageObject,
		seL4_ARM_SmallPageObject, seL4_ARM_PageTableObject, seL4_ARM_PageTableObject,
		seL4_ARM_VSpaceObject,	  seL4_ARM_VCPUObject,	    seL4_ARM_VCPUObject,
	};
	seL4_CPtr vs = slot_new(), irq = slot_new();
	seL4_Word slot = 1;
	unsigned int i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		must(inv(ut, UntypedRetype, CAPS(cn), types[i], 0, 0, 0, slot++, 1));
	must(inv(ut, UntypedRetype, CAPS(cn), seL4_UntypedObject, 14, 0, 0, slot++, 1));
	must(inv(ut, UntypedRetype, CAPS(cn), seL4_UntypedObject, 12, 0, 0, slot++, 1));
	must(inv(ut, UntypedRetype, CAPS(cn), seL4_SchedContextObject, 8, 0, 0, slot++, 2));
	slot++;
	must(inv(ut, UntypedRetype, CAPS(cn), seL4_CapTableObject, 4, 0, 0, slot++, 1));
	must(try_retype(ut, seL4_ARM_VSpaceObject, 0, vs, 1));
	must(inv(seL4_CapInitThreadASIDPool, ARMASIDPoolAssign, CAPS(vs)));
	must(inv(cn, CNodeMove, CAPS(ROOT_CNODE), slot++, FUZZ_SLOTS_BITS, vs, 64));
	must(inv(cn, CNodeCopy, CAPS(ROOT_CNODE), slot++, FUZZ_SLOTS_BITS,
		 bootinfo->schedcontrol.start, 64, RIGHT_ALL));
	must(inv(cn, CNodeCopy, CAPS(ROOT_CNODE), slot++, FUZZ_SLOTS_BITS,
		 seL4_CapInitThreadASIDPool, 64, RIGHT_ALL));
	must(inv(cn, CNodeCopy, CAPS(ROOT_CNODE), slot++, FUZZ_SLOTS_BITS, seL4_CapASIDControl, 64,
		 RIGHT_ALL));
	must(inv(cn, CNodeMint, CAPS(ROOT_CNODE), slot++, FUZZ_SLOTS_BITS, cn, 64, RIGHT_ALL,
		 64 - FUZZ_SLOTS_BITS));
	must(inv(seL4_CapIRQControl, ARMIRQIssueIRQHandlerTrigger, CAPS(ROOT_CNODE), 121, 1, irq,
		 64));
	must(inv(cn, CNodeMove, CAPS(ROOT_CNODE), slot++, FUZZ_SLOTS_BITS, irq, 64));
}

static struct fuzz fuzz;

static void fuzz_round(seL4_Word seed, seL4_CPtr ut)
{
	seL4_Word before;
	struct thread t;
	seL4_CPtr cn;
	unsigned int i;

	cn = obj_from(ut, seL4_CapTableObject, FUZZ_SLOTS_BITS);
	fuzz_populate(ut, cn);
	fuzz.state = seed;
	thread_start(&t, &(struct thread_cfg){ .fn = fuzz_main,
					       .arg = &fuzz,
					       .prio = 90,
					       .cspace = cn,
					       .cspace_data = 64 - FUZZ_SLOTS_BITS,
					       .buffer = true,
					       .stopped = true });
	fuzz.buf = thread_buffer(&t);
	fuzz.calls = 0;
	must(inv(t.tcb, TCBResume, NOCAPS));
	for (i = 0; i < 1000 && fuzz.calls < FUZZ_CALLS; i++) {
		before = fuzz.calls;
		sleep_ms(1);
		if (fuzz.calls == before)
			must(inv(t.tcb, TCBWriteRegisters, NOCAPS, 1, 1, thread_pc(&t) + 4));
	}
	if (fuzz.calls < FUZZ_CALLS)
		fail_at(__FILE__, __LINE__, "seed %lx: %lu calls", seed, fuzz.calls);
	must(inv(t.tcb, TCBSuspend, NOCAPS));
	cap_delete(t.tcb);
	cap_delete(t.sc);
	cap_revoke(ut);
	/* Everything made from it is gone, all memory is back, and clean. */
	check(cap_is_null(cn));
	object_reuse();
}

ABI_TEST(random, invocations)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 18), big = slot_new();
	volatile seL4_Word *p;
	unsigned int i, k;

	test_limit_ms(20000);
	fuzz.record.count = fuzz.succeeded = 0;
	for (i = 0; i < FUZZ_ROUNDS; i++) {
		fuzz_round(0x9e3779b97f4a7c15UL * (i + 1), ut);
		must(try_retype(ut, seL4_ARM_SmallPageObject, 0, big, 1));
		p = map_rw(big, WIN_TEST);
		for (k = 0; k < 512; k++)
			check_eq(p[k], 0);
		cap_delete(big);
	}
	note("%lu calls, %lu succeeded, digest 0x%lx", fuzz.record.count, fuzz.succeeded,
	     fuzz.record.digest);
#ifndef CONFIG_HARDWARE_DEBUG_API
	check_eq(fuzz.record.digest, DIGEST);
#endif
}
