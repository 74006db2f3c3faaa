/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifications: badges, waiters, binding to a thread. */

#include "abi.h"

static seL4_CPtr n, b1, b2, b4;

static void make(void)
{
	n = obj_new(seL4_NotificationObject, 0);
	b1 = cap_mint(n, RIGHT_ALL, 1);
	b2 = cap_mint(n, RIGHT_ALL, 2);
	b4 = cap_mint(n, RIGHT_ALL, 4);
}

ABI_TEST(notification, badges_are_ored_and_taken_once)
{
	make();
	sys_signal(b1);
	sys_signal(b4);
	sys_signal(b4);
	check_eq(sys_nbwait(n).badge, 5);
	check_eq(sys_nbwait(n).badge, 0);
	sys_signal(b2);
	check_eq(sys_wait(b1).badge, 2);
}

ABI_TEST(notification, unbadged_signal_is_badge_zero)
{
	make();
	sys_signal(n);
	/* It is there: this Wait does not block. */
	check_eq(sys_wait(n).badge, 0);
	sys_signal(n);
	sys_signal(b2);
	check_eq(sys_wait(n).badge, 2);
}

ABI_TEST(notification, all_ways_to_wait)
{
	make();
	sys_signal(b1);
	check_eq(sys_recv(n, 0).badge, 1);
	sys_signal(b2);
	check_eq(sys_nbrecv(n, 0).badge, 2);
	sys_signal(b4);
	check_eq(sys_nbwait(n).badge, 4);
	sys_nbsend(b4, 0, NO_MRS);
	check_eq(sys_wait(n).badge, 4);
}

struct waiter {
	volatile seL4_Word order, badge;
	seL4_CPtr ntfn;
};

static volatile seL4_Word order;

static void wait_once(void *arg)
{
	struct waiter *w = arg;

	w->badge = sys_wait(w->ntfn).badge;
	w->order = ++order;
	thread_exit();
}

/* One waiter takes the word: the one with the highest priority, then the one who came first. */
ABI_TEST(notification, one_waiter_by_priority_then_arrival)
{
	struct waiter w[3] = { { 0, 0, 0 } };
	static const seL4_Word prio[3] = { 80, 90, 80 };
	struct thread t[3];
	unsigned int i;

	make();
	order = 0;
	for (i = 0; i < 3; i++) {
		w[i].ntfn = n;
		thread_start(&t[i], &(struct thread_cfg){
					    .fn = wait_once, .arg = &w[i], .prio = prio[i] });
		sleep_ms(2);
	}
	sys_signal(b1);
	sleep_ms(2);
	check_eq(w[1].order, 1);
	check_eq(w[1].badge, 1);
	check_eq(w[0].order | w[2].order, 0);
	sys_signal(b2);
	sleep_ms(2);
	check_eq(w[0].order, 2);
	check_eq(w[0].badge, 2);
	sys_signal(b4);
	sleep_ms(2);
	check_eq(w[2].order, 3);
	check_eq(w[2].badge, 4);
	check_eq(sys_nbwait(n).badge, 0);
}

/* The waiter runs at once when it has the higher priority. */
ABI_TEST(notification, signal_wakes_a_higher_thread_at_once)
{
	struct waiter w = { 0, 0, 0 };
	struct thread t;

	make();
	order = 0;
	w.ntfn = n;
	thread_start(&t,
		     &(struct thread_cfg){ .fn = wait_once, .arg = &w, .prio = PRIO_WORKER + 10 });
	check_eq(w.order, 0);
	sys_signal(b1);
	check_eq(w.order, 1);
}

ABI_TEST(notification, suspended_waiter_leaves_the_queue)
{
	struct waiter w = { 0, 0, 0 };
	struct thread t;

	make();
	w.ntfn = n;
	thread_start(&t, &(struct thread_cfg){ .fn = wait_once, .arg = &w, .prio = 110 });
	must(inv(t.tcb, TCBSuspend, NOCAPS));
	sys_signal(b1);
	check_eq(sys_nbwait(n).badge, 1);
	/* Resumed it waits again. */
	must(inv(t.tcb, TCBResume, NOCAPS));
	sys_signal(b2);
	check_eq(w.badge, 2);
}

/* A deleted notification sends its waiters back to the call, which then finds nothing. */
ABI_TEST(notification, deletion_restarts_waiters)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0);
	struct waiter w = { 0, 0, 0 };
	struct thread t;
	struct msg m;

	make();
	w.ntfn = n;
	thread_start(&t, &(struct thread_cfg){ .fn = wait_once,
					       .arg = &w,
					       .prio = 110,
					       .fault_ep = cap_mint(ep, RIGHT_ALL, 9) });
	cap_revoke(n);
	cap_delete(n);
	m = sys_wait(ep);
	check_eq(INFO_LABEL(m.info), seL4_Fault_CapFault);
	check_eq(m.mr[seL4_CapFault_Addr], w.ntfn);
}

/* --- bound ------------------------------------------------------------------------------------------- */

ABI_TEST(notification, bound_is_delivered_by_receive_on_an_endpoint)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0), reply = obj_new(seL4_ReplyObject, 0);

	make();
	must(inv(worker_tcb, TCBBindNotification, CAPS(n)));
	sys_signal(b1);
	sys_signal(b4);
	check_eq(sys_recv(ep, reply).badge, 5);
	sys_signal(b2);
	check_eq(sys_nbrecv(ep, reply).badge, 2);
	sys_signal(b2);
	check_eq(sys_wait(ep).badge, 2);
	sys_signal(b4);
	check_eq(sys_nbwait(ep).badge, 4);
	check_eq(sys_nbrecv(ep, reply).badge, 0);
}

/* x1 and the message registers stay what they were: only the badge says what came. */
ABI_TEST(notification, bound_leaves_x1_and_message_registers)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0), reply = obj_new(seL4_ReplyObject, 0);
	struct msg m;

	make();
	must(inv(worker_tcb, TCBBindNotification, CAPS(n)));
	sys_signal(b1);
	m = sys((seL4_Word)seL4_SysRecv, ep, INFO(0x777, 0, 3), MRS(0x11, 0x22, 0x33, 0x44), reply,
		0);
	check_eq(m.badge, 1);
	check_eq(m.info, INFO(0x777, 0, 3));
	check_eq(m.mr[0], 0x11);
	check_eq(m.mr[3], 0x44);
}

static void signal_later(void *arg)
{
	sys_signal((seL4_CPtr)arg);
	thread_exit();
}

ABI_TEST(notification, bound_wakes_a_blocked_receiver)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0), reply = obj_new(seL4_ReplyObject, 0);
	struct thread t;
	struct msg m;

	make();
	must(inv(worker_tcb, TCBBindNotification, CAPS(n)));
	thread_start(&t, &(struct thread_cfg){ .fn = signal_later, .arg = (void *)b4, .prio = 90 });
	m = sys((seL4_Word)seL4_SysRecv, ep, INFO(0x778, 0, 1), MRS(0x11, 0x22, 0x33, 0x44), reply,
		0);
	check_eq(m.badge, 4);
	check_eq(m.info, INFO(0x778, 0, 1));
	check_eq(m.mr[1], 0x22);
}

/* A pending word goes before a waiting sender. */
ABI_TEST(notification, bound_goes_before_messages)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0), reply = obj_new(seL4_ReplyObject, 0);
	struct thread t;

	make();
	must(inv(worker_tcb, TCBBindNotification, CAPS(n)));
	thread_start(&t, &(struct thread_cfg){ .fn = signal_later,
					       .arg = (void *)cap_mint(ep, RIGHT_ALL, 0x80),
					       .prio = 110 });
	sys_signal(b2);
	check_eq(sys_recv(ep, reply).badge, 2);
	check_eq(sys_recv(ep, reply).badge, 0x80);
}

/* Another notification is no endpoint: waiting on it does not deliver the bound one. */
ABI_TEST(notification, bound_is_not_delivered_by_wait_on_another)
{
	seL4_CPtr other = obj_new(seL4_NotificationObject, 0);

	make();
	must(inv(worker_tcb, TCBBindNotification, CAPS(n)));
	sys_signal(b1);
	check_eq(sys_nbwait(other).badge, 0);
	check_eq(sys_nbwait(n).badge, 1);
}

/* Nobody but the bound thread may wait on it. */
ABI_TEST(notification, bound_elsewhere_can_not_be_waited_on)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0);
	struct waiter w = { 0, 0, 0 };
	struct thread t;
	struct msg m;

	make();
	must(inv(worker_tcb, TCBBindNotification, CAPS(n)));
	w.ntfn = n;
	thread_start(&t, &(struct thread_cfg){ .fn = wait_once,
					       .arg = &w,
					       .prio = 110,
					       .fault_ep = cap_mint(ep, RIGHT_ALL, 9) });
	m = sys_wait(ep);
	check_eq(INFO_LABEL(m.info), seL4_Fault_CapFault);
	check_eq(m.mr[seL4_CapFault_InRecvPhase], 1);
}

ABI_TEST(notification, unbound_is_not_delivered)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0), reply = obj_new(seL4_ReplyObject, 0);

	make();
	must(inv(worker_tcb, TCBBindNotification, CAPS(n)));
	sys_signal(b1);
	must(inv(worker_tcb, TCBUnbindNotification, NOCAPS));
	check_eq(sys_nbrecv(ep, reply).badge, 0);
	check_eq(sys_nbwait(n).badge, 1);
}
