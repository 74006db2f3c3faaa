/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: registers, configuration, priorities, suspend and resume. */

#include "abi.h"

#define NREGS (sizeof(seL4_UserContext) / sizeof(seL4_Word))

extern const char frag_spin[], frag_store[];

static seL4_CPtr new_tcb(void)
{
	return obj_new(seL4_TCBObject, 0);
}

static seL4_Word reg_of(unsigned int i)
{
	return 0x1000 + i;
}

ABI_TEST(tcb, registers_round_trip)
{
	seL4_UserContext r;
	seL4_Word *w = (seL4_Word *)&r;
	seL4_CPtr tcb = new_tcb();
	unsigned int i;

	for (i = 0; i < NREGS; i++)
		w[i] = reg_of(i);
	check_eq(NREGS, 36);
	check_eq(seL4_TCB_WriteRegisters(tcb, 0, 0, NREGS, &r), 0);
	for (i = 0; i < NREGS; i++)
		w[i] = 0;
	check_eq(seL4_TCB_ReadRegisters(tcb, 0, 0, NREGS, &r), 0);
	for (i = 0; i < NREGS; i++) {
		if (i != 2 && w[i] != reg_of(i))
			fail_at(__FILE__, __LINE__, "register %u is 0x%lx", i, w[i]);
	}
}

ABI_TEST(tcb, partial_writes)
{
	seL4_CPtr tcb = new_tcb();
	seL4_UserContext r;
	struct answer a;

	must(inv(tcb, TCBWriteRegisters, NOCAPS, 0, 4, 0x400000, 0x500000, 0, 0x77));
	/* Only the first of them. */
	must(inv(tcb, TCBWriteRegisters, NOCAPS, 0, 1, 0x400100, 1, 1, 1));
	require_eq(seL4_TCB_ReadRegisters(tcb, 0, 0, NREGS, &r), 0);
	check_eq(r.pc, 0x400100);
	check_eq(r.sp, 0x500000);
	check_eq(r.x0, 0x77);
	a = inv(tcb, TCBReadRegisters, NOCAPS, 0, 1);
	expect(a, 0, 0x400100);
	check_eq(a.len, 1);
	a = inv(tcb, TCBReadRegisters, NOCAPS, 0, 4);
	expect(a, 0, 0x400100, 0x500000);
	check_eq(a.len, 4);
	check_eq(a.mr[3], 0x77);
}

ABI_TEST(tcb, register_counts)
{
	seL4_CPtr tcb = new_tcb();

	expect(inv(tcb, TCBReadRegisters, NOCAPS, 0, 0), seL4_RangeError, 1, 36);
	expect(inv(tcb, TCBReadRegisters, NOCAPS, 0, 37), seL4_RangeError, 1, 36);
	expect(inv(tcb, TCBReadRegisters, NOCAPS, 0, 36), 0);
	expect(inv(tcb, TCBWriteRegisters, NOCAPS, 0, 0, 0), 0);
	expect(inv(tcb, TCBWriteRegisters, NOCAPS, 0, 5, 1, 2, 3, 4), seL4_TruncatedMessage);
}

ABI_TEST(tcb, not_on_oneself)
{
	expect(inv(worker_tcb, TCBReadRegisters, NOCAPS, 0, 1), seL4_IllegalOperation);
	expect(inv(worker_tcb, TCBWriteRegisters, NOCAPS, 0, 1, 0), seL4_IllegalOperation);
}

ABI_TEST(tcb, copy_registers)
{
	seL4_CPtr a = new_tcb(), b = new_tcb();
	seL4_UserContext r;

	must(inv(a, TCBWriteRegisters, NOCAPS, 0, 18, 1, 2, 0, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
		 15, 16, 17, 18));
	/* Frame registers only. */
	expect(inv(b, TCBCopyRegisters, CAPS(a), 4), 0);
	require_eq(seL4_TCB_ReadRegisters(b, 0, 0, NREGS, &r), 0);
	check_eq(r.pc, 1);
	check_eq(r.x0, 4);
	check_eq(r.x30, 17);
	check_eq(r.x9, 0);
	expect(inv(b, TCBCopyRegisters, CAPS(a), 8), 0);
	require_eq(seL4_TCB_ReadRegisters(b, 0, 0, NREGS, &r), 0);
	check_eq(r.x9, 18);
	expect(inv(b, TCBCopyRegisters, CAPS(ROOT_CNODE), 4), seL4_InvalidCapability, 1);
	expect(inv(b, TCBCopyRegisters, NOCAPS, 4), seL4_TruncatedMessage);
}

ABI_TEST(tcb, configure_checks)
{
	seL4_CPtr tcb = new_tcb(), dev = uart_frame, f = obj_new(seL4_ARM_SmallPageObject, 0);
	seL4_CPtr raw = obj_new(seL4_ARM_VSpaceObject, 0);

	expect(inv(tcb, TCBConfigure, CAPS(ROOT_CNODE, ROOT_VSPACE, 0), 0, 0, 0), 0);
	expect(inv(tcb, TCBConfigure, CAPS(f, ROOT_VSPACE, 0), 0, 0, 0), seL4_IllegalOperation);
	expect(inv(tcb, TCBConfigure, CAPS(0, ROOT_VSPACE, 0), 0, 0, 0), seL4_IllegalOperation);
	expect(inv(tcb, TCBConfigure, CAPS(ROOT_CNODE, f, 0), 0, 0, 0), seL4_IllegalOperation);
	expect(inv(tcb, TCBConfigure, CAPS(ROOT_CNODE, raw, 0), 0, 0, 0), seL4_IllegalOperation);
	expect(inv(tcb, TCBConfigure, CAPS(ROOT_CNODE, ROOT_VSPACE, f), 0, 0, WIN_TEST), 0);
	expect(inv(tcb, TCBConfigure, CAPS(ROOT_CNODE, ROOT_VSPACE, f), 0, 0, WIN_TEST + 8),
	       seL4_AlignmentError);
	expect(inv(tcb, TCBConfigure, CAPS(ROOT_CNODE, ROOT_VSPACE, f), 0, 0, WIN_TEST + 1024), 0);
	expect(inv(tcb, TCBConfigure, CAPS(ROOT_CNODE, ROOT_VSPACE, dev), 0, 0, WIN_TEST),
	       seL4_IllegalOperation);
	expect(inv(tcb, TCBConfigure, CAPS(ROOT_CNODE, ROOT_VSPACE, 0), 0, 0, WIN_TEST),
	       seL4_IllegalOperation);
}

ABI_TEST(tcb, ipc_buffer_checks)
{
	seL4_CPtr tcb = new_tcb(), f = obj_new(seL4_ARM_SmallPageObject, 0);
	seL4_CPtr ro = cap_copy(f, RIGHT_READ), ep = obj_new(seL4_EndpointObject, 0);

	expect(inv(tcb, TCBSetIPCBuffer, CAPS(f), WIN_TEST), 0);
	expect(inv(tcb, TCBSetIPCBuffer, CAPS(f), WIN_TEST + 512), seL4_AlignmentError);
	expect(inv(tcb, TCBSetIPCBuffer, CAPS(uart_frame), WIN_TEST), seL4_IllegalOperation);
	expect(inv(tcb, TCBSetIPCBuffer, CAPS(ep), WIN_TEST), seL4_IllegalOperation);
	expect(inv(tcb, TCBSetIPCBuffer, CAPS(0), 0), 0);
	expect(inv(tcb, TCBSetIPCBuffer, CAPS(ro), WIN_TEST), 0);
}

ABI_TEST(tcb, priority_checks)
{
	seL4_CPtr tcb = new_tcb(), weak = new_tcb();

	expect(inv(tcb, TCBSetPriority, CAPS(seL4_CapInitThreadTCB), 255), 0);
	expect(inv(tcb, TCBSetPriority, CAPS(seL4_CapInitThreadTCB), 256), seL4_RangeError, 0, 255);
	expect(inv(tcb, TCBSetMCPriority, CAPS(seL4_CapInitThreadTCB), 256), seL4_RangeError, 0,
	       255);
	/* Bounded by the authority's MCP, 0 for a new thread. */
	expect(inv(tcb, TCBSetPriority, CAPS(weak), 1), seL4_RangeError, 0, 0);
	expect(inv(tcb, TCBSetPriority, CAPS(weak), 0), 0);
	must(inv(weak, TCBSetMCPriority, CAPS(seL4_CapInitThreadTCB), 50));
	expect(inv(tcb, TCBSetPriority, CAPS(weak), 50), 0);
	expect(inv(tcb, TCBSetMCPriority, CAPS(weak), 51), seL4_RangeError, 0, 50);
	expect(inv(tcb, TCBSetPriority, CAPS(ROOT_CNODE), 1), seL4_InvalidCapability, 1);
}

ABI_TEST(tcb, sched_params_checks)
{
	seL4_CPtr tcb = new_tcb(), other = new_tcb(), auth = seL4_CapInitThreadTCB;
	seL4_CPtr sc = obj_new(seL4_SchedContextObject, 7);
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0);
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0);

	expect(inv(tcb, TCBSetSchedParams, CAPS(ROOT_CNODE, sc, 0), 1, 1), seL4_InvalidCapability,
	       1);
	expect(inv(tcb, TCBSetSchedParams, CAPS(auth, sc, 0), 256, 1), seL4_RangeError, 0, 255);
	expect(inv(tcb, TCBSetSchedParams, CAPS(auth, sc, 0), 1, 256), seL4_RangeError, 0, 255);
	expect(inv(tcb, TCBSetSchedParams, CAPS(auth, n, 0), 1, 1), seL4_InvalidCapability, 2);
	expect(inv(tcb, TCBSetSchedParams, CAPS(auth, sc, n), 1, 1), seL4_InvalidCapability, 3);
	expect(inv(tcb, TCBSetSchedParams, CAPS(auth, sc, ep), 1, 1), 0);
	/* Again the same, and the same SC for another thread. */
	expect(inv(tcb, TCBSetSchedParams, CAPS(auth, sc, ep), 1, 1), 0);
	expect(inv(other, TCBSetSchedParams, CAPS(auth, sc, ep), 1, 1), seL4_IllegalOperation);
	expect(inv(tcb, TCBSetSchedParams, CAPS(auth, 0, 0), 1, 1), 0);
	expect(inv(other, TCBSetSchedParams, CAPS(auth, sc, ep), 1, 1), 0);
}

ABI_TEST(tcb, fault_endpoint_needs_write_and_grant)
{
	static const struct {
		seL4_Word rights;
		bool ok;
	} cases[] = {
		{ RIGHT_WRITE | RIGHT_GRANT, true },
		{ RIGHT_WRITE | RIGHT_GRANT_REPLY, true },
		{ RIGHT_WRITE, false },
		{ RIGHT_READ | RIGHT_GRANT, false },
		{ RIGHT_RW, false },
		{ 0, false },
		{ RIGHT_ALL, true },
	};
	seL4_CPtr tcb = new_tcb(), ep = obj_new(seL4_EndpointObject, 0), cap;
	struct answer a;
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cap = cap_copy(ep, cases[i].rights);
		a = inv(tcb, TCBSetSchedParams, CAPS(seL4_CapInitThreadTCB, 0, cap), 1, 1);
		if (cases[i].ok)
			expect(a, 0);
		else
			expect(a, seL4_InvalidCapability, 3);
		a = inv(tcb, TCBSetSpace, CAPS(cap, ROOT_CNODE, ROOT_VSPACE), 0, 0);
		if (cases[i].ok)
			expect(a, 0);
		else
			expect(a, seL4_InvalidCapability, 1);
		a = inv(tcb, TCBSetTimeoutEndpoint, CAPS(cap));
		if (cases[i].ok)
			expect(a, 0);
		else
			expect(a, seL4_InvalidCapability, 1);
	}
}

ABI_TEST(tcb, set_space_checks)
{
	seL4_CPtr tcb = new_tcb();

	expect(inv(tcb, TCBSetSpace, CAPS(0, ROOT_CNODE, ROOT_VSPACE), 0, 0), 0);
	expect(inv(tcb, TCBSetSpace, CAPS(0, ROOT_VSPACE, ROOT_VSPACE), 0, 0),
	       seL4_IllegalOperation);
	expect(inv(tcb, TCBSetSpace, CAPS(0, ROOT_CNODE, ROOT_CNODE), 0, 0), seL4_IllegalOperation);
}

/* --- running and stopping ----------------------------------------------------------------------------- */

static volatile seL4_Word counter;

static void count(void *arg)
{
	(void)arg;
	for (;;)
		counter++;
}

static bool counting(void)
{
	seL4_Word before = counter;

	sleep_ms(2);
	return counter != before;
}

ABI_TEST(tcb, suspend_and_resume)
{
	struct thread t;

	thread_start(&t, &(struct thread_cfg){ .fn = count, .prio = 90 });
	check(counting());
	must(inv(t.tcb, TCBSuspend, NOCAPS));
	check(!counting());
	expect(inv(t.tcb, TCBSuspend, NOCAPS), 0);
	must(inv(t.tcb, TCBResume, NOCAPS));
	check(counting());
	expect(inv(t.tcb, TCBResume, NOCAPS), 0);
	/* ReadRegisters with the suspend flag. */
	expect(inv(t.tcb, TCBReadRegisters, NOCAPS, 1, 1), 0);
	check(!counting());
	expect(inv(t.tcb, TCBWriteRegisters, NOCAPS, 1, 1, (seL4_Word)frag_spin), 0);
	check(!counting());
	check_eq(thread_pc(&t), (seL4_Word)frag_spin);
}

ABI_TEST(tcb, deletion_stops_a_running_thread)
{
	struct thread t;

	thread_start(&t, &(struct thread_cfg){ .fn = count, .prio = 90 });
	check(counting());
	cap_delete(t.tcb);
	check(!counting());
}

ABI_TEST(tcb, set_priority_preempts)
{
	struct thread t;

	thread_start(&t, &(struct thread_cfg){ .fn = count, .prio = 90 });
	counter = 0;
	spin_us(200);
	check_eq(counter, 0);
	/* Above the worker: it runs at once, until its budget of 1 ms in 10 is used up. */
	must(inv(bootinfo->schedcontrol.start, SchedControlConfigureFlags, CAPS(t.sc), 1000, 10000,
		 0, 0, 0));
	must(inv(t.tcb, TCBSetPriority, CAPS(seL4_CapInitThreadTCB), PRIO_WORKER + 1));
	check(counter > 0);
}

static volatile seL4_Word seen_tls;

static void read_tls(void *arg)
{
	seL4_Word v;

	(void)arg;
	__asm__ volatile("mrs %0, tpidr_el0" : "=r"(v));
	seen_tls = v;
	thread_exit();
}

ABI_TEST(tcb, tls_base)
{
	struct thread t;

	thread_start(&t, &(struct thread_cfg){ .fn = read_tls, .prio = 90, .stopped = true });
	must(inv(t.tcb, TCBSetTLSBase, NOCAPS, 0x715b));
	must(inv(t.tcb, TCBResume, NOCAPS));
	sleep_ms(2);
	check_eq(seen_tls, 0x715b);
}

struct own_tls {
	seL4_Word mine;
	volatile seL4_Word rounds, wrong;
};

static void keep_tls(void *arg)
{
	struct own_tls *o = arg;
	seL4_Word v;

	__asm__ volatile("msr tpidr_el0, %0" ::"r"(o->mine));
	for (;;) {
		__asm__ volatile("mrs %0, tpidr_el0" : "=r"(v));
		if (v != o->mine)
			o->wrong++;
		o->rounds++;
		sys_yield();
	}
}

/* What a thread writes into TPIDR_EL0 itself is its own, and ReadRegisters sees it. */
ABI_TEST(tcb, tls_register_belongs_to_the_thread)
{
	struct own_tls o[2] = { { 0x1111, 0, 0 }, { 0x2222, 0, 0 } };
	seL4_UserContext r;
	struct thread t[2];
	unsigned int i;

	for (i = 0; i < 2; i++)
		thread_start(&t[i],
			     &(struct thread_cfg){ .fn = keep_tls, .arg = &o[i], .prio = 90 });
	sleep_ms(3);
	for (i = 0; i < 2; i++) {
		must(inv(t[i].tcb, TCBSuspend, NOCAPS));
		check(o[i].rounds > 10);
		check_eq(o[i].wrong, 0);
		require_eq(seL4_TCB_ReadRegisters(t[i].tcb, 0, 0, NREGS, &r), 0);
		check_eq(r.tpidr_el0, o[i].mine);
	}
}

ABI_TEST(tcb, flags)
{
	seL4_CPtr tcb = new_tcb();

	expect(inv(tcb, TCBSetFlags, NOCAPS, 0, 0), 0, 0);
	expect(inv(tcb, TCBSetFlags, NOCAPS, 0, seL4_TCBFlag_fpuDisabled), 0,
	       seL4_TCBFlag_fpuDisabled);
	expect(inv(tcb, TCBSetFlags, NOCAPS, 0, 0xf0), 0, seL4_TCBFlag_fpuDisabled);
	expect(inv(tcb, TCBSetFlags, NOCAPS, seL4_TCBFlag_fpuDisabled, 0), 0, 0);
}

ABI_TEST(tcb, domain)
{
	seL4_CPtr tcb = new_tcb();

	expect(inv(seL4_CapDomain, DomainSetSet, CAPS(tcb), 0), 0);
	expect(inv(seL4_CapDomain, DomainSetSet, CAPS(tcb), 16), seL4_InvalidArgument, 0);
	expect(inv(seL4_CapDomain, DomainSetSet, CAPS(tcb), 15), 0);
	expect(inv(seL4_CapDomain, DomainSetSet, CAPS(ROOT_CNODE), 0), seL4_InvalidArgument, 1);
	expect(inv(seL4_CapDomain, DomainSetSet, NOCAPS, 0), seL4_TruncatedMessage);
}

ABI_TEST(tcb, bind_notification_checks)
{
	seL4_CPtr a = new_tcb(), b = new_tcb(), n = obj_new(seL4_NotificationObject, 0);
	seL4_CPtr n2 = obj_new(seL4_NotificationObject, 0);

	expect(inv(a, TCBBindNotification, CAPS(n)), 0);
	expect(inv(a, TCBBindNotification, CAPS(n2)), seL4_IllegalOperation);
	expect(inv(b, TCBBindNotification, CAPS(n)), seL4_IllegalOperation);
	expect(inv(a, TCBUnbindNotification, NOCAPS), 0);
	expect(inv(a, TCBUnbindNotification, NOCAPS), seL4_IllegalOperation);
	expect(inv(b, TCBBindNotification, CAPS(n)), 0);
	expect(inv(a, TCBBindNotification, CAPS(ROOT_CNODE)), seL4_IllegalOperation);
	/* A deleted notification is unbound. */
	cap_delete(n);
	expect(inv(b, TCBBindNotification, CAPS(n2)), 0);
}

/* A thread without a fault handler just stops. */
ABI_TEST(tcb, fault_without_handler_stops_the_thread)
{
	struct thread t;

	thread_start(&t, &(struct thread_cfg){ .fn = count, .prio = 90 });
	check(counting());
	must(inv(t.tcb, TCBWriteRegisters, NOCAPS, 1, 1, 8));
	check(!counting());
	check_eq(thread_pc(&t), 8);
	must(inv(t.tcb, TCBWriteRegisters, NOCAPS, 1, 1, (seL4_Word)count));
	check(counting());
}
