/* SPDX-License-Identifier: BSD-2-Clause */
/* Long operations, many lives of one VM, arguments at random: the system goes on. */

#include "abi.h"

extern const char g_count[], g_irq[], g_vtimer[], frag_spin[];

/* --- latency under long operations ---------------------------------------------------------------- */

static volatile seL4_Word turns, last, worst;

static void measure(void *arg)
{
	seL4_Word t;

	(void)arg;
	for (;;) {
		t = now();
		if (turns && t - last > worst)
			worst = t - last;
		last = t;
		turns++;
		sys_yield();
	}
}

/* A thread that runs every millisecond above everything else and keeps the longest gap. */
static void measure_start(struct thread *t)
{
	thread_start(t, &(struct thread_cfg){
				.fn = measure, .prio = 253, .budget = 100, .period = 1000 });
	sleep_ms(3);
	turns = worst = 0;
}

static void measure_end(struct thread *t, const char *what)
{
	sleep_ms(3);
	must(inv(t->tcb, TCBSuspend, NOCAPS));
	check(turns > 2);
	note("%s: longest gap %lu us", what, worst * 2 / 125);
	check_in(worst * 2 / 125, 900, 1500);
}

ABI_TEST(robust, zeroing_lets_interrupts_in)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 22), s = slot_new();
	struct thread t;

	/* All used, nothing left: the next Retype has 4 MiB to clear. */
	must(try_retype(ut, seL4_UntypedObject, 22, s, 1));
	cap_delete(s);
	measure_start(&t);
	must(try_retype(ut, seL4_UntypedObject, 4, s, 1));
	measure_end(&t, "clear 4 MiB");
}

ABI_TEST(robust, large_retype_lets_interrupts_in)
{
	struct thread t;

	measure_start(&t);
	obj_new(seL4_CapTableObject, 17);
	obj_new(seL4_ARM_LargePageObject, 0);
	measure_end(&t, "make a CNode of 4 MiB");
}

ABI_TEST(robust, revoke_lets_interrupts_in)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 20), cn = obj_new(seL4_CapTableObject, 15);
	struct thread t;
	unsigned int i;

	for (i = 0; i < 80; i++)
		must(inv(ut, UntypedRetype, CAPS(cn), seL4_EndpointObject, 0, 0, 0, i * 256, 256));
	measure_start(&t);
	cap_revoke(ut);
	measure_end(&t, "revoke 20480 endpoints");
	expect(try_retype(ut, seL4_UntypedObject, 20, slot_new(), 1), 0);
}

ABI_TEST(robust, cnode_deletion_lets_interrupts_in)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 20), cn = obj_new(seL4_CapTableObject, 15);
	struct thread t;
	unsigned int i;

	for (i = 0; i < 80; i++)
		must(inv(ut, UntypedRetype, CAPS(cn), seL4_NotificationObject, 0, 0, 0, i * 200,
			 200));
	measure_start(&t);
	cap_delete(cn);
	measure_end(&t, "delete a CNode of 16000 capabilities");
	expect(try_retype(ut, seL4_UntypedObject, 20, slot_new(), 1), 0);
}

/* --- lives of a VM ------------------------------------------------------------------------------------ */

/* A VM in one untyped, destroyed while it runs, with an interrupt pending and its timer armed. */
ABI_TEST(robust, hundred_lives_of_a_vm)
{
	seL4_CPtr own = test_untyped, ut = obj_new(seL4_UntypedObject, 21);
	const char *what[] = { g_count, g_irq, g_vtimer };
	struct guest g;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		test_untyped = ut;
		object_reuse();
		guest_new(&g);
		must(try_inject(g.vcpu, 40 + i, i & 31, 0, i & 3));
		guest_run(&g, what[i % 3], us(300), 1);
		sleep_ms(1);
		if (i & 1)
			sys_nbrecv(g.ep, g.reply);
		test_untyped = own;
		cap_revoke(ut);
		check(cap_is_null(g.vcpu));
		check(cap_is_null(g.tcb));
	}
	/* All of it is back. */
	expect(try_retype(ut, seL4_UntypedObject, 21, slot_new(), 1), 0);
}

/* --- arguments at random ------------------------------------------------------------------------------- */

#define FUZZ_SLOTS_BITS 6
#define FUZZ_SLOTS (1UL << FUZZ_SLOTS_BITS)
#define FUZZ_CALLS 200
#define FUZZ_ROUNDS 50

struct fuzz {
	seL4_Word state;
	volatile seL4_Word calls;
	seL4_Word succeeded, methods; /* methods: bit per label that succeeded */
	seL4_IPCBuffer *buf;
};

static seL4_Word rnd(struct fuzz *f)
{
	f->state ^= f->state << 13;
	f->state ^= f->state >> 7;
	f->state ^= f->state << 17;
	return f->state;
}

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
	return (rnd(f) >> 11) % n;
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
		return rnd(f);
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

static void fuzz_main(void *arg)
{
	struct fuzz *f = arg;
	seL4_Word mr[4], label, info, cap;
	unsigned int i;

	for (f->calls = 0; f->calls < FUZZ_CALLS; f->calls++) {
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
			continue;
		}
		/* May block on an endpoint or the like: the test then makes it go on. */
		if (INFO_LABEL(sys_call(cap, info, mr).info) == 0) {
			f->succeeded++;
			f->methods |= 1UL << (label & 63);
		}
	}
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

ABI_TEST(robust, random_invocations)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 18), big = slot_new();
	volatile seL4_Word *p;
	unsigned int i, k;

	for (i = 0; i < FUZZ_ROUNDS; i++) {
		fuzz_round(0x9e3779b97f4a7c15UL * (i + 1), ut);
		must(try_retype(ut, seL4_ARM_SmallPageObject, 0, big, 1));
		p = map_rw(big, WIN_TEST);
		for (k = 0; k < 512; k++)
			check_eq(p[k], 0);
		cap_delete(big);
	}
	for (i = k = 0; i < 64; i++)
		k += (fuzz.methods >> i) & 1;
	note("%lu calls succeeded, with %u methods", fuzz.succeeded, k);
}
