/* SPDX-License-Identifier: BSD-2-Clause */
/* Scheduling contexts: limits, budgets, periods, binding, timeouts, order. */

#include "abi.h"

#define MIN_US 20
#define MAX_US 36893488147419UL

static struct answer configure(seL4_CPtr sc, seL4_Word budget, seL4_Word period, seL4_Word extra)
{
	return inv(bootinfo->schedcontrol.start, SchedControlConfigureFlags, CAPS(sc), budget,
		   period, extra, 0, 0);
}

ABI_TEST(sched, time_limits)
{
	seL4_CPtr sc = obj_new(seL4_SchedContextObject, 7);

	expect(configure(sc, MIN_US, MIN_US, 0), 0);
	expect(configure(sc, MIN_US - 1, 1000, 0), seL4_RangeError, MIN_US, MAX_US);
	expect(configure(sc, 0, 0, 0), seL4_RangeError, MIN_US, MAX_US);
	expect(configure(sc, MAX_US + 1, MAX_US + 1, 0), seL4_RangeError, MIN_US, MAX_US);
	expect(configure(sc, 1000, MAX_US + 1, 0), seL4_RangeError, MIN_US, MAX_US);
	expect(configure(sc, 1000, 999, 0), seL4_RangeError, MIN_US, 999);
	expect(configure(sc, 1000, 1000, 0), 0);
	expect(configure(ROOT_CNODE, 1000, 1000, 0), seL4_InvalidCapability, 1);
}

/* Times are looked at before the capability, the capability before the number of refills. */
ABI_TEST(sched, order_of_checks)
{
	seL4_CPtr sc = obj_new(seL4_SchedContextObject, 7);

	expect(configure(ROOT_CNODE, 1, 1, 99), seL4_RangeError, MIN_US, MAX_US);
	expect(configure(ROOT_CNODE, 1000, 999, 99), seL4_RangeError, MIN_US, 999);
	expect(configure(ROOT_CNODE, 1000, 1000, 99), seL4_InvalidCapability, 1);
	expect(configure(sc, 1000, 1000, 99), seL4_RangeError, 0, 0);
	/* Round-robin needs no refills: not even then are more than fit accepted. */
	expect(configure(sc, 1000, 2000, 1), seL4_RangeError, 0, 0);
}

ABI_TEST(sched, extra_refills)
{
	static const struct {
		seL4_Word bits, max;
	} sizes[] = { { 7, 0 }, { 8, 8 }, { 9, 24 }, { 10, 56 } };
	seL4_CPtr sc;
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		sc = obj_new(seL4_SchedContextObject, sizes[i].bits);
		expect(configure(sc, 1000, 10000, sizes[i].max), 0);
		expect(configure(sc, 1000, 10000, sizes[i].max + 1), seL4_RangeError, 0,
		       sizes[i].max);
	}
}

/* --- binding ------------------------------------------------------------------------------------------- */

ABI_TEST(sched, bind_checks)
{
	seL4_CPtr sc = obj_new(seL4_SchedContextObject, 7),
		  sc2 = obj_new(seL4_SchedContextObject, 7);
	seL4_CPtr a = obj_new(seL4_TCBObject, 0), b = obj_new(seL4_TCBObject, 0);
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0);

	expect(inv(sc, SchedContextBind, CAPS(ROOT_CNODE)), seL4_InvalidCapability, 1);
	expect(inv(sc, SchedContextBind, CAPS(a)), 0);
	expect(inv(sc, SchedContextBind, CAPS(a)), seL4_IllegalOperation);
	expect(inv(sc, SchedContextBind, CAPS(b)), seL4_IllegalOperation);
	expect(inv(sc2, SchedContextBind, CAPS(a)), seL4_IllegalOperation);
	expect(inv(sc, SchedContextUnbindObject, CAPS(b)), seL4_IllegalOperation);
	expect(inv(sc, SchedContextUnbindObject, CAPS(a)), 0);
	expect(inv(sc, SchedContextBind, CAPS(b)), 0);
	expect(inv(sc, SchedContextUnbind, NOCAPS), 0);
	expect(inv(sc, SchedContextUnbind, NOCAPS), 0);
	expect(inv(sc, SchedContextBind, CAPS(n)), 0);
	expect(inv(sc, SchedContextUnbindObject, CAPS(n)), 0);
	/* A deleted thread is unbound. */
	must(inv(sc, SchedContextBind, CAPS(b)));
	cap_delete(b);
	expect(inv(sc, SchedContextBind, CAPS(a)), 0);
}

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

ABI_TEST(sched, thread_runs_only_with_a_context)
{
	seL4_CPtr sc = obj_new(seL4_SchedContextObject, 7);
	struct thread t;

	thread_start(&t, &(struct thread_cfg){ .fn = count, .prio = 90, .passive = true });
	check(!counting());
	/* One that was never configured has no time. */
	must(inv(sc, SchedContextBind, CAPS(t.tcb)));
	check(!counting());
	must(configure(sc, 1000, 1000, 0));
	check(counting());
	must(inv(sc, SchedContextUnbind, NOCAPS));
	check(!counting());
	must(inv(sc, SchedContextBind, CAPS(t.tcb)));
	check(counting());
	cap_delete(sc);
	check(!counting());
}

ABI_TEST(sched, unbinding_the_own_context)
{
	expect(inv(worker_sc, SchedContextUnbindObject, CAPS(worker_tcb)), seL4_IllegalOperation);
	expect(inv(worker_sc, SchedContextUnbind, NOCAPS), seL4_IllegalOperation);
}

/* --- time -------------------------------------------------------------------------------------------------- */

/* Loop iterations the counting thread makes per millisecond when it has the core alone. */
static seL4_Word rate(void)
{
	struct thread t;
	seL4_Word before;

	thread_start(&t, &(struct thread_cfg){ .fn = count, .prio = 90 });
	sleep_ms(2);
	before = counter;
	sleep_ms(20);
	before = counter - before;
	must(inv(t.tcb, TCBSuspend, NOCAPS));
	return before / 20;
}

/* Share of the core, in percent, of a thread with 1 ms every 10 ms. */
static seL4_Word share(seL4_Word prio, seL4_Word extra_refills)
{
	seL4_Word full = rate(), before;
	struct thread t;

	thread_start(&t, &(struct thread_cfg){ .fn = count,
					       .prio = prio,
					       .budget = 1000,
					       .period = 10000,
					       .extra_refills = extra_refills });
	sleep_ms(20);
	before = counter;
	sleep_ms(200);
	before = counter - before;
	must(inv(t.tcb, TCBSuspend, NOCAPS));
	return before * 100 / (full * 200);
}

/* The 1 ms tick cuts the budget in two; refills in reserve keep what is left of it. */
ABI_TEST(sched, budget_and_period_throttle)
{
	check_in(share(90, 8), 9, 11);
}

/* With the two refills of the smallest context a thread that is preempted loses part of its share. */
ABI_TEST(sched, budget_is_a_limit_without_spare_refills)
{
	check_in(share(90, 0), 3, 11);
}

ABI_TEST(sched, budget_equal_to_period_is_not_throttled)
{
	seL4_Word full = rate(), before;
	struct thread t;

	thread_start(&t, &(struct thread_cfg){
				 .fn = count, .prio = 90, .budget = 1000, .period = 1000 });
	sleep_ms(5);
	before = counter;
	sleep_ms(50);
	check_in((counter - before) * 100 / (full * 50), 97, 103);
}

/* Two of one priority share by time slices. */
static volatile seL4_Word pair[2];

static void count_pair(void *arg)
{
	volatile seL4_Word *c = arg;

	for (;;)
		(*c)++;
}

ABI_TEST(sched, round_robin_within_a_priority)
{
	struct thread t[2];
	unsigned int i;

	pair[0] = pair[1] = 0;
	for (i = 0; i < 2; i++)
		thread_start(&t[i], &(struct thread_cfg){ .fn = count_pair,
							  .arg = (void *)&pair[i],
							  .prio = 90,
							  .period = 2000 });
	sleep_ms(80);
	check(pair[0] > 0 && pair[1] > 0);
	check_in(pair[0] * 100 / (pair[0] + pair[1]), 45, 55);
}

ABI_TEST(sched, lower_priority_waits)
{
	struct thread t[2];

	pair[0] = pair[1] = 0;
	thread_start(&t[0],
		     &(struct thread_cfg){ .fn = count_pair, .arg = (void *)&pair[0], .prio = 90 });
	thread_start(&t[1],
		     &(struct thread_cfg){ .fn = count_pair, .arg = (void *)&pair[1], .prio = 91 });
	pair[0] = 0;
	sleep_ms(30);
	check_eq(pair[0], 0);
	check(pair[1] > 0);
	must(inv(t[1].tcb, TCBSuspend, NOCAPS));
	sleep_ms(2);
	check(pair[0] > 0);
}

/* Yield gives up what is left of the budget: one turn a period for a throttled thread. */
static volatile seL4_Word turns;

static void take_turns(void *arg)
{
	(void)arg;
	for (;;) {
		turns++;
		sys_yield();
	}
}

ABI_TEST(sched, yield_ends_the_budget)
{
	struct thread t;

	turns = 0;
	thread_start(&t, &(struct thread_cfg){
				 .fn = take_turns, .prio = 110, .budget = 500, .period = 5000 });
	sleep_ms(51);
	check_in(turns, 10, 12);
}

/* The tick a VMM times itself by: period exact to well under a percent. */
static volatile seL4_Word stamp[20];

static void stamp_turns(void *arg)
{
	(void)arg;
	for (;;) {
		if (turns < 20)
			stamp[turns] = now();
		turns++;
		sys_yield();
	}
}

ABI_TEST(sched, periodic_thread_is_a_clock)
{
	struct thread t;
	unsigned int i;

	turns = 0;
	thread_start(&t, &(struct thread_cfg){
				 .fn = stamp_turns, .prio = 253, .budget = 100, .period = 1000 });
	sleep_ms(25);
	require(turns >= 20);
	for (i = 2; i < 20; i++) {
		if (stamp[i] - stamp[i - 1] < us(970) || stamp[i] - stamp[i - 1] > us(1030))
			fail_at(__FILE__, __LINE__, "turn %u after %lu ticks", i,
				stamp[i] - stamp[i - 1]);
	}
}

ABI_TEST(sched, yield_goes_round_among_equals)
{
	struct thread t;

	turns = 0;
	thread_start(&t, &(struct thread_cfg){ .fn = take_turns, .prio = PRIO_WORKER });
	check_eq(turns, 0);
	sys_yield();
	check_eq(turns, 1);
	sys_yield();
	check_eq(turns, 2);
}

ABI_TEST(sched, consumed)
{
	struct answer a;
	struct thread t;

	inv(worker_sc, SchedContextConsumed, NOCAPS);
	spin_us(3000);
	a = inv(worker_sc, SchedContextConsumed, NOCAPS);
	must(a);
	check_eq(a.len, 1);
	check_in(a.mr[0], 2900, 3200);
	a = inv(worker_sc, SchedContextConsumed, NOCAPS);
	check_in(a.mr[0], 0, 50);
	/* Of another thread. */
	thread_start(&t, &(struct thread_cfg){ .fn = count, .prio = 90 });
	sleep_ms(11);
	must(inv(t.tcb, TCBSuspend, NOCAPS));
	a = inv(t.sc, SchedContextConsumed, NOCAPS);
	must(a);
	check_in(a.mr[0], 9000, 12000);
}

ABI_TEST(sched, yield_to)
{
	struct answer a;
	struct thread t;

	counter = 0;
	thread_start(
		&t, &(struct thread_cfg){ .fn = count, .prio = 90, .budget = 500, .period = 5000 });
	/* Of lower priority: nothing to yield to. */
	a = inv(t.sc, SchedContextYieldTo, NOCAPS);
	expect(a, 0);
	check_eq(counter, 0);
	must(inv(t.tcb, TCBSetPriority, CAPS(seL4_CapInitThreadTCB), PRIO_WORKER));
	a = inv(t.sc, SchedContextYieldTo, NOCAPS);
	must(a);
	check(counter > 0);
	check_in(a.mr[0], 400, 600);
	expect(inv(worker_sc, SchedContextYieldTo, NOCAPS), seL4_IllegalOperation);
}

/* --- timeout faults ------------------------------------------------------------------------------------------ */

ABI_TEST(sched, timeout_fault)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0), reply = obj_new(seL4_ReplyObject, 0);
	struct thread t;
	struct msg m;

	thread_start(&t, &(struct thread_cfg){ .fn = count,
					       .prio = 90,
					       .budget = 2000,
					       .period = 20000,
					       .sc_badge = 0x5cbad,
					       .stopped = true });
	must(inv(t.tcb, TCBSetTimeoutEndpoint, CAPS(cap_mint(ep, RIGHT_ALL, 0x71))));
	must(inv(t.tcb, TCBResume, NOCAPS));
	m = sys_recv(ep, reply);
	check_eq(m.badge, 0x71);
	check_eq(INFO_LABEL(m.info), seL4_Fault_Timeout);
	check_eq(INFO_LEN(m.info), 2);
	check_eq(m.mr[seL4_Timeout_Data], 0x5cbad);
	check_in(m.mr[seL4_Timeout_Consumed], 1900, 2100);
	check(!counting());
	/* More budget, then the answer: it goes on. */
	must(configure(t.sc, 10000, 10000, 0));
	sys_send(reply, 0, NO_MRS);
	check(counting());
}

static volatile seL4_Word entries;

static void count_after_entry(void *arg)
{
	(void)arg;
	entries++;
	for (;;)
		counter++;
}

/* The thread goes on where its time ended. */
ABI_TEST(sched, timeout_fault_resumes_in_place)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0), reply = obj_new(seL4_ReplyObject, 0);
	struct thread t;

	entries = 0;
	thread_start(&t, &(struct thread_cfg){ .fn = count_after_entry,
					       .prio = 90,
					       .budget = 2000,
					       .period = 20000,
					       .stopped = true });
	must(inv(t.tcb, TCBSetTimeoutEndpoint, CAPS(cap_mint(ep, RIGHT_ALL, 0x71))));
	must(inv(t.tcb, TCBResume, NOCAPS));
	sys_recv(ep, reply);
	check(thread_pc(&t) > (seL4_Word)count_after_entry);
	must(configure(t.sc, 10000, 10000, 0));
	sys_send(reply, 0, NO_MRS);
	check(counting());
	check_eq(entries, 1);
}

/* Answered without new budget it comes again, at once. */
ABI_TEST(sched, timeout_fault_repeats)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0), reply = obj_new(seL4_ReplyObject, 0);
	struct thread t;
	struct msg m;

	thread_start(&t, &(struct thread_cfg){ .fn = count,
					       .prio = 90,
					       .budget = 2000,
					       .period = 20000,
					       .stopped = true });
	must(inv(t.tcb, TCBSetTimeoutEndpoint, CAPS(cap_mint(ep, RIGHT_ALL, 0x71))));
	must(inv(t.tcb, TCBResume, NOCAPS));
	sys_recv(ep, reply);
	sys_send(reply, 0, NO_MRS);
	m = sys_recv(ep, reply);
	check_eq(INFO_LABEL(m.info), seL4_Fault_Timeout);
}

ABI_TEST(sched, no_timeout_fault_for_round_robin)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0), reply = obj_new(seL4_ReplyObject, 0);
	struct thread t;

	thread_start(&t, &(struct thread_cfg){
				 .fn = count, .prio = 90, .period = 2000, .stopped = true });
	must(inv(t.tcb, TCBSetTimeoutEndpoint, CAPS(cap_mint(ep, RIGHT_ALL, 0x71))));
	must(inv(t.tcb, TCBResume, NOCAPS));
	sleep_ms(10);
	check_eq(sys_nbrecv(ep, reply).badge, 0);
	check(counting());
}

/* Without a timeout endpoint an exhausted thread waits for its next period. */
ABI_TEST(sched, exhausted_thread_waits_for_its_refill)
{
	struct thread t;
	seL4_Word after;

	counter = 0;
	thread_start(&t, &(struct thread_cfg){
				 .fn = count, .prio = 90, .budget = 2000, .period = 40000 });
	sleep_ms(6);
	after = counter;
	check(after > 0);
	sleep_ms(20);
	check_eq(counter, after);
	sleep_ms(25);
	check(counter > after);
}

/* Shortening the period of a waiting thread wakes it. */
ABI_TEST(sched, reconfigure_while_running)
{
	struct thread t;

	thread_start(&t, &(struct thread_cfg){
				 .fn = count, .prio = 90, .budget = 1000, .period = 1000000 });
	sleep_ms(5);
	check(!counting());
	must(configure(t.sc, 5000, 5000, 0));
	check(counting());
}

/* Other times for a throttled thread that is runnable do not come sooner than its refill. */
ABI_TEST(sched, reconfigured_sleeper_waits_for_its_old_refill)
{
	struct thread t;

	thread_start(&t, &(struct thread_cfg){
				 .fn = count, .prio = 90, .budget = 1000, .period = 40000 });
	sleep_ms(5);
	check(!counting());
	must(configure(t.sc, 1000, 2000, 0));
	check(!counting());
	sleep_ms(40);
	check(counting());
}

/* The context of a suspended thread is configured anew: nothing is left of what it used. */
ABI_TEST(sched, configured_while_suspended_has_all_its_budget)
{
	struct thread t;

	thread_start(&t, &(struct thread_cfg){
				 .fn = count, .prio = 90, .budget = 1000, .period = 1000000 });
	sleep_ms(5);
	check(!counting());
	must(inv(t.tcb, TCBSuspend, NOCAPS));
	must(inv(t.tcb, TCBResume, NOCAPS));
	check(!counting());
	must(inv(t.tcb, TCBSuspend, NOCAPS));
	must(configure(t.sc, 1000, 1000000, 0));
	must(inv(t.tcb, TCBResume, NOCAPS));
	check(counting());
}

static void spin_and_wait(void *arg)
{
	const seL4_CPtr *cap = arg;

	spin_us(900);
	sys_wait(*cap);
	count(NULL);
}

/* So is that of one that waits. */
ABI_TEST(sched, configured_while_blocked_has_all_its_budget)
{
	static seL4_CPtr cap;
	seL4_Word full = rate();
	struct thread t;

	cap = obj_new(seL4_NotificationObject, 0);
	thread_start(&t, &(struct thread_cfg){ .fn = spin_and_wait,
					       .arg = &cap,
					       .prio = 90,
					       .budget = 1000,
					       .period = 1000000,
					       .extra_refills = 8 });
	sleep_ms(2);
	must(configure(t.sc, 1000, 1000000, 8));
	counter = 0;
	sys_signal(cap);
	sleep_ms(5);
	check_in(counter * 100 / full, 90, 105);
}

/* The kernel wants 20 us left at each entry: with no more than that no call is ever completed. */
ABI_TEST(sched, smallest_budget_completes_no_call)
{
	struct thread t;

	turns = 0;
	thread_start(&t, &(struct thread_cfg){
				 .fn = take_turns, .prio = 110, .budget = MIN_US, .period = 1000 });
	sleep_ms(20);
	check_eq(turns, 1);
	must(inv(t.tcb, TCBSuspend, NOCAPS));
	turns = 0;
	thread_start(&t,
		     &(struct thread_cfg){
			     .fn = take_turns, .prio = 110, .budget = MIN_US + 1, .period = 1000 });
	sleep_ms(20);
	check_in(turns, 19, 22);
}

struct runner {
	seL4_CPtr cap;
	volatile seL4_Word place;
};

static volatile seL4_Word places;

static void wait_and_run(void *arg)
{
	struct runner *r = arg;

	sys_wait(r->cap);
	r->place = ++places;
	thread_exit();
}

/* --- a context that comes with a notification ------------------------------------------------------------ */

ABI_TEST(sched, notification_lends_its_context)
{
	seL4_CPtr sc = obj_new(seL4_SchedContextObject, 7);
	struct runner r = { 0, 0 };
	struct thread t;

	must(configure(sc, 10000, 10000, 0));
	places = 0;
	r.cap = obj_new(seL4_NotificationObject, 0);
	/* Its own context carries the thread into the wait, then goes. */
	thread_start(&t, &(struct thread_cfg){ .fn = wait_and_run, .arg = &r, .prio = 80 });
	sleep_ms(2);
	must(inv(t.sc, SchedContextUnbind, NOCAPS));
	must(inv(sc, SchedContextBind, CAPS(r.cap)));
	sys_signal(r.cap);
	sleep_ms(2);
	check_eq(r.place, 1);
}

/* A context that a thread has can be bound to a notification as well; not to a second one. */
ABI_TEST(sched, context_of_thread_and_notification)
{
	seL4_CPtr sc = obj_new(seL4_SchedContextObject, 7), tcb = obj_new(seL4_TCBObject, 0);
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0), n2 = obj_new(seL4_NotificationObject, 0);

	must(inv(sc, SchedContextBind, CAPS(tcb)));
	expect(inv(sc, SchedContextBind, CAPS(n)), 0);
	expect(inv(sc, SchedContextBind, CAPS(n2)), seL4_IllegalOperation);
	expect(inv(sc, SchedContextUnbindObject, CAPS(n)), 0);
	expect(inv(sc, SchedContextBind, CAPS(n2)), 0);
	expect(inv(sc, SchedContextUnbind, NOCAPS), 0);
	expect(inv(sc, SchedContextBind, CAPS(n)), 0);
	/* A deleted notification is unbound. */
	cap_delete(n);
	expect(inv(sc, SchedContextBind, CAPS(n2)), 0);
}

/* --- order among equals ------------------------------------------------------------------------------ */

/* Three equal threads below the worker that wait on @type objects, one each. */
static void runners_start(struct runner *r, struct thread *t, seL4_Word type)
{
	unsigned int i;

	places = 0;
	for (i = 0; i < 3; i++) {
		r[i].cap = obj_new(type, 0);
		r[i].place = 0;
		thread_start(&t[i],
			     &(struct thread_cfg){ .fn = wait_and_run, .arg = &r[i], .prio = 80 });
	}
	sleep_ms(2);
}

static void check_places(const struct runner *r, seL4_Word first, seL4_Word second, seL4_Word third)
{
	sleep_ms(2);
	check_eq(r[0].place, first);
	check_eq(r[1].place, second);
	check_eq(r[2].place, third);
}

static void runners_wake(const struct runner r[3])
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		sys_signal(r[i].cap);
}

/* Threads of one priority that were woken by a higher one: the last woken runs first. */
ABI_TEST(sched, woken_equals_run_last_first)
{
	struct thread t[3];
	struct runner r[3];
	unsigned int i;

	runners_start(r, t, seL4_EndpointObject);
	for (i = 0; i < 3; i++)
		sys_nbsend(r[i].cap, 0, NO_MRS);
	check_places(r, 3, 2, 1);
	runners_start(r, t, seL4_NotificationObject);
	runners_wake(r);
	check_places(r, 3, 2, 1);
}

ABI_TEST(sched, resumed_equals_run_last_first)
{
	struct thread t[3];
	struct runner r[3];
	unsigned int i;

	runners_start(r, t, seL4_NotificationObject);
	for (i = 0; i < 3; i++)
		must(inv(t[i].tcb, TCBSuspend, NOCAPS));
	runners_wake(r);
	for (i = 0; i < 3; i++)
		must(inv(t[i].tcb, TCBResume, NOCAPS));
	check_places(r, 3, 2, 1);
}

/* Setting a thread's priority puts it in front of its equals, also to what it was. */
ABI_TEST(sched, same_priority_goes_to_the_front)
{
	struct thread t[3];
	struct runner r[3];

	runners_start(r, t, seL4_NotificationObject);
	runners_wake(r);
	must(inv(t[1].tcb, TCBSetPriority, CAPS(seL4_CapInitThreadTCB), 80));
	check_places(r, 3, 1, 2);
}

/* Whom a higher one yields to, though it does not run at once, is the next of its equals. */
ABI_TEST(sched, yield_to_a_lower_one_puts_it_in_front)
{
	struct thread t[3];
	struct runner r[3];

	runners_start(r, t, seL4_NotificationObject);
	runners_wake(r);
	must(inv(t[0].sc, SchedContextYieldTo, NOCAPS));
	check_places(r, 1, 3, 2);
}

/* A change of priority puts the thread in front of its new equals. */
ABI_TEST(sched, new_priority_goes_to_the_front)
{
	struct thread t[3];
	struct runner r[3];

	runners_start(r, t, seL4_NotificationObject);
	runners_wake(r);
	must(inv(t[1].tcb, TCBSetPriority, CAPS(seL4_CapInitThreadTCB), 79));
	must(inv(t[1].tcb, TCBSetPriority, CAPS(seL4_CapInitThreadTCB), 80));
	check_places(r, 3, 1, 2);
}
