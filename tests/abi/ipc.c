/* SPDX-License-Identifier: BSD-2-Clause */
/* Endpoints, messages, reply objects, capability transfer, donation. */

#include "abi.h"

static seL4_CPtr ep, reply;

static void make(void)
{
	ep = obj_new(seL4_EndpointObject, 0);
	reply = obj_new(seL4_ReplyObject, 0);
}

/* --- a peer that does what a script says ------------------------------------------------------------ */

struct peer {
	struct thread t;
	seL4_CPtr cap;
	seL4_Word info, mr[4];
	volatile seL4_Word done; /* number of calls that came back */
	struct msg got;
};

static void peer_call(void *arg)
{
	struct peer *p = arg;

	for (;;) {
		p->got = sys_call(p->cap, p->info, p->mr);
		p->done++;
		if (p->done >= 2)
			thread_exit();
	}
}

static void peer_send(void *arg)
{
	struct peer *p = arg;

	sys_send(p->cap, p->info, p->mr);
	p->done++;
	thread_exit();
}

static void peer_wait(void *arg)
{
	struct peer *p = arg;

	p->got = sys_wait(p->cap);
	p->done++;
	thread_exit();
}

static void peer_start(struct peer *p, void (*fn)(void *), seL4_CPtr cap, seL4_Word prio,
		       bool buffer)
{
	p->cap = cap;
	p->done = 0;
	thread_start(&p->t,
		     &(struct thread_cfg){ .fn = fn, .arg = p, .prio = prio, .buffer = buffer });
}

/* --- messages ------------------------------------------------------------------------------------------ */

ABI_TEST(ipc, send_and_receive)
{
	struct peer p = { .info = INFO(0x4321, 0, 4), .mr = { 1, 2, 3, 4 } };
	struct msg m;

	make();
	peer_start(&p, peer_send, cap_mint(ep, RIGHT_ALL, 0xbadbadbadbadUL), 110, false);
	check_eq(p.done, 0);
	m = sys_recv(ep, reply);
	check_eq(m.badge, 0xbadbadbadbadUL);
	check_eq(m.info, INFO(0x4321, 0, 4));
	check_eq(m.mr[0], 1);
	check_eq(m.mr[3], 4);
	check_eq(p.done, 1);
}

ABI_TEST(ipc, label_is_52_bits)
{
	struct peer p = { .info = INFO(0xfffffffffffffUL, 0, 0) };

	make();
	peer_start(&p, peer_send, ep, 110, false);
	check_eq(sys_recv(ep, reply).info, INFO(0xfffffffffffffUL, 0, 0));
}

ABI_TEST(ipc, nbsend_without_receiver_is_lost)
{
	make();
	sys_nbsend(ep, INFO(1, 0, 1), MRS(1, 0, 0, 0));
	check_eq(sys_nbrecv(ep, reply).badge, 0);
}

ABI_TEST(ipc, nbsend_to_a_receiver)
{
	struct peer p = { .info = 0 };

	make();
	peer_start(&p, peer_wait, ep, 110, false);
	sys_nbsend(cap_mint(ep, RIGHT_ALL, 6), INFO(7, 0, 1), MRS(8, 0, 0, 0));
	check_eq(p.done, 1);
	check_eq(p.got.badge, 6);
	check_eq(p.got.info, INFO(7, 0, 1));
	check_eq(p.got.mr[0], 8);
}

ABI_TEST(ipc, call_and_reply)
{
	struct peer p = { .info = INFO(0x10, 0, 2), .mr = { 5, 6, 7, 8 } };
	struct msg m;

	make();
	peer_start(&p, peer_call, cap_mint(ep, RIGHT_ALL, 3), 90, false);
	m = sys_recv(ep, reply);
	check_eq(m.badge, 3);
	check_eq(m.info, INFO(0x10, 0, 2));
	sys_send(reply, INFO(0x20, 0, 3), MRS(9, 10, 11, 12));
	m = sys_recv(ep, reply);
	check_eq(p.done, 1);
	check_eq(p.got.badge, 0);
	check_eq(p.got.info, INFO(0x20, 0, 3));
	check_eq(p.got.mr[0], 9);
	check_eq(p.got.mr[2], 11);
}

ABI_TEST(ipc, reply_recv)
{
	struct peer p = { .info = INFO(0x11, 0, 1), .mr = { 5 } };
	struct msg m;

	make();
	peer_start(&p, peer_call, cap_mint(ep, RIGHT_ALL, 4), 90, false);
	sys_recv(ep, reply);
	m = sys_reply_recv(ep, INFO(0x21, 0, 1), MRS(0x99, 0, 0, 0), reply);
	check_eq(m.badge, 4);
	check_eq(m.info, INFO(0x11, 0, 1));
	check_eq(p.done, 1);
	check_eq(p.got.info, INFO(0x21, 0, 1));
	check_eq(p.got.mr[0], 0x99);
}

ABI_TEST(ipc, long_message_through_the_buffers)
{
	struct peer p = { .info = INFO(0, 0, 120), .mr = { 1000, 1001, 1002, 1003 } };
	seL4_IPCBuffer *b;
	struct msg m;
	unsigned int i;

	make();
	p.cap = ep;
	thread_start(
		&p.t,
		&(struct thread_cfg){
			.fn = peer_send, .arg = &p, .prio = 90, .buffer = true, .stopped = true });
	b = thread_buffer(&p.t);
	for (i = 4; i < 120; i++)
		b->msg[i] = 1000 + i;
	must(inv(p.t.tcb, TCBResume, NOCAPS));
	m = sys_recv(ep, reply);
	check_eq(INFO_LEN(m.info), 120);
	for (i = 0; i < 120; i++) {
		if (msg_mr(&m, i) != 1000 + i) {
			fail_at(__FILE__, __LINE__, "MR%u is %lu", i, msg_mr(&m, i));
			break;
		}
	}
}

ABI_TEST(ipc, length_is_cut_to_four_without_buffer)
{
	struct peer p = { .info = INFO(2, 0, 20), .mr = { 1, 2, 3, 4 } };
	struct peer q = { .info = 0 };

	make();
	peer_start(&p, peer_send, ep, 90, false);
	check_eq(sys_recv(ep, reply).info, INFO(2, 0, 4));
	/* And when the receiver has none. */
	peer_start(&q, peer_wait, ep, 110, false);
	sys_send(ep, INFO(3, 0, 20), MRS(1, 2, 3, 4));
	check_eq(q.got.info, INFO(3, 0, 4));
}

ABI_TEST(ipc, senders_by_priority_then_arrival)
{
	static const seL4_Word prio[4] = { 80, 90, 80, 95 };
	static const seL4_Word want[4] = { 4, 2, 1, 3 };
	struct peer p[4];
	unsigned int i;

	make();
	for (i = 0; i < 4; i++) {
		p[i].info = 0;
		peer_start(&p[i], peer_send, cap_mint(ep, RIGHT_ALL, i + 1), prio[i], false);
		sleep_ms(2);
	}
	for (i = 0; i < 4; i++)
		check_eq(sys_recv(ep, reply).badge, want[i]);
}

ABI_TEST(ipc, receivers_by_priority)
{
	static const seL4_Word prio[3] = { 105, 110, 105 };
	struct peer p[3];
	unsigned int i;

	make();
	for (i = 0; i < 3; i++) {
		p[i].info = 0;
		peer_start(&p[i], peer_wait, ep, prio[i], false);
	}
	sys_send(ep, INFO(0, 0, 1), MRS(1, 0, 0, 0));
	check_eq(p[1].done, 1);
	sys_send(ep, INFO(0, 0, 1), MRS(2, 0, 0, 0));
	check_eq(p[0].done, 1);
	check_eq(p[2].done, 0);
}

/* --- rights -------------------------------------------------------------------------------------------- */

ABI_TEST(ipc, call_needs_grant_or_grant_reply)
{
	struct peer p = { .info = 0 }, q = { .info = 0 };

	make();
	peer_start(&p, peer_call, cap_mint(ep, RIGHT_WRITE, 1), 90, false);
	check_eq(sys_recv(ep, reply).badge, 1);
	sys_send(reply, 0, NO_MRS);
	sleep_ms(2);
	/* The reply object held nobody: the caller is inactive. */
	check_eq(p.done, 0);
	check_eq(sys_nbrecv(ep, reply).badge, 0);
	peer_start(&q, peer_call, cap_mint(ep, RIGHT_WRITE | RIGHT_GRANT_REPLY, 2), 90, false);
	check_eq(sys_recv(ep, reply).badge, 2);
	sys_send(reply, 0, NO_MRS);
	sleep_ms(2);
	check_eq(q.done, 1);
}

/* --- reply objects ------------------------------------------------------------------------------------- */

ABI_TEST(ipc, reply_works_once)
{
	struct peer p = { .info = 0 };

	make();
	peer_start(&p, peer_call, ep, 90, false);
	sys_recv(ep, reply);
	sys_send(reply, 0, NO_MRS);
	sys_send(reply, 0, NO_MRS);
	sleep_ms(2);
	check_eq(p.done, 1);
}

ABI_TEST(ipc, reused_reply_object_cancels_its_caller)
{
	struct peer p = { .info = 0 }, q = { .info = 0 };

	make();
	peer_start(&p, peer_call, cap_mint(ep, RIGHT_ALL, 1), 90, false);
	check_eq(sys_recv(ep, reply).badge, 1);
	peer_start(&q, peer_call, cap_mint(ep, RIGHT_ALL, 2), 90, false);
	check_eq(sys_recv(ep, reply).badge, 2);
	sys_send(reply, 0, NO_MRS);
	sleep_ms(2);
	check_eq(p.done, 0);
	check_eq(q.done, 1);
	/* The one that was dropped comes back by Resume and calls again. */
	must(inv(p.t.tcb, TCBResume, NOCAPS));
	sleep_ms(2);
	check(sys_nbrecv(ep, reply).badge != 0);
}

ABI_TEST(ipc, two_reply_objects_hold_two_callers)
{
	struct peer p = { .info = 0 }, q = { .info = 0 };
	seL4_CPtr reply2 = obj_new(seL4_ReplyObject, 0);

	make();
	peer_start(&p, peer_call, cap_mint(ep, RIGHT_ALL, 1), 90, false);
	check_eq(sys_recv(ep, reply).badge, 1);
	peer_start(&q, peer_call, cap_mint(ep, RIGHT_ALL, 2), 90, false);
	check_eq(sys_recv(ep, reply2).badge, 2);
	sys_send(reply, INFO(0x31, 0, 0), NO_MRS);
	sys_send(reply2, INFO(0x32, 0, 0), NO_MRS);
	sleep_ms(2);
	check_eq(p.got.info, INFO(0x31, 0, 0));
	check_eq(q.got.info, INFO(0x32, 0, 0));
}

ABI_TEST(ipc, deleted_reply_object_leaves_the_caller_inactive)
{
	struct peer p = { .info = 0 };

	make();
	peer_start(&p, peer_call, ep, 90, false);
	sys_recv(ep, reply);
	cap_delete(reply);
	sleep_ms(2);
	check_eq(p.done, 0);
	check_eq(sys_nbwait(ep).info, 0);
	must(inv(p.t.tcb, TCBResume, NOCAPS));
	sleep_ms(2);
	reply = obj_new(seL4_ReplyObject, 0);
	sys_nbrecv(ep, reply);
	sys_send(reply, 0, NO_MRS);
	sleep_ms(2);
	check_eq(p.done, 1);
}

ABI_TEST(ipc, suspended_caller_is_forgotten_by_the_reply_object)
{
	struct peer p = { .info = 0 };

	make();
	peer_start(&p, peer_call, ep, 90, false);
	sys_recv(ep, reply);
	must(inv(p.t.tcb, TCBSuspend, NOCAPS));
	sys_send(reply, 0, NO_MRS);
	check_eq(p.done, 0);
	/* Resumed it makes the call again. */
	must(inv(p.t.tcb, TCBResume, NOCAPS));
	sys_recv(ep, reply);
	sys_send(reply, 0, NO_MRS);
	sleep_ms(2);
	check_eq(p.done, 1);
}

/* --- endings --------------------------------------------------------------------------------------------- */

ABI_TEST(ipc, deleted_endpoint_restarts_its_senders)
{
	seL4_CPtr fault = obj_new(seL4_EndpointObject, 0);
	struct peer p = { .info = 0 };
	struct msg m;

	make();
	p.cap = cap_mint(ep, RIGHT_ALL, 1);
	thread_start(&p.t, &(struct thread_cfg){ .fn = peer_send,
						 .arg = &p,
						 .prio = 90,
						 .fault_ep = cap_mint(fault, RIGHT_ALL, 2) });
	sleep_ms(2);
	cap_revoke(ep);
	cap_delete(ep);
	/* Send on an empty slot resolves, so it is no fault but an invocation of nothing. */
	sleep_ms(2);
	m = sys_nbwait(fault);
	check_eq(m.badge, 0);
	check_eq(p.done, 1);
}

ABI_TEST(ipc, cancel_badged_sends)
{
	struct peer p = { .info = 0 }, q = { .info = 0 };
	seL4_CPtr b1, b2;

	make();
	b1 = cap_mint(ep, RIGHT_ALL, 1);
	b2 = cap_mint(ep, RIGHT_ALL, 2);
	peer_start(&p, peer_send, b1, 90, false);
	peer_start(&q, peer_send, b2, 90, false);
	sleep_ms(2);
	must(inv(ROOT_CNODE, CNodeCancelBadgedSends, NOCAPS, b1, 64));
	/* The cancelled one starts its call again, so it is now the second in the queue. */
	check_eq(sys_recv(ep, reply).badge, 2);
	check_eq(sys_recv(ep, reply).badge, 1);
}

ABI_TEST(ipc, suspended_sender_leaves_the_queue)
{
	struct peer p = { .info = 0 };

	make();
	peer_start(&p, peer_send, cap_mint(ep, RIGHT_ALL, 1), 90, false);
	sleep_ms(2);
	must(inv(p.t.tcb, TCBSuspend, NOCAPS));
	check_eq(sys_nbrecv(ep, reply).badge, 0);
	must(inv(p.t.tcb, TCBResume, NOCAPS));
	check_eq(sys_recv(ep, reply).badge, 1);
}

/* Deleted in the middle of a call: sender, receiver and caller are out of the way of all others. */
ABI_TEST(ipc, deleted_threads_leave_the_queues)
{
	struct peer p = { .info = 0 }, q = { .info = 0 };
	seL4_CPtr n;

	make();
	n = obj_new(seL4_NotificationObject, 0);
	peer_start(&p, peer_send, cap_mint(ep, RIGHT_ALL, 1), 90, false);
	peer_start(&q, peer_send, cap_mint(ep, RIGHT_ALL, 2), 90, false);
	sleep_ms(2);
	cap_delete(p.t.tcb);
	check_eq(sys_recv(ep, reply).badge, 2);
	check_eq(sys_nbrecv(ep, reply).badge, 0);

	peer_start(&p, peer_wait, ep, 110, false);
	peer_start(&q, peer_wait, ep, 110, false);
	cap_delete(p.t.tcb);
	sys_nbsend(ep, INFO(0, 0, 1), MRS(5, 0, 0, 0));
	check_eq(q.done, 1);

	peer_start(&p, peer_wait, n, 110, false);
	cap_delete(p.t.tcb);
	sys_signal(cap_mint(n, RIGHT_ALL, 3));
	check_eq(sys_nbwait(n).badge, 3);

	peer_start(&p, peer_call, ep, 110, false);
	sys_recv(ep, reply);
	cap_delete(p.t.tcb);
	sys_send(reply, 0, NO_MRS);
	peer_start(&q, peer_call, ep, 110, false);
	sys_recv(ep, reply);
	sys_send(reply, 0, NO_MRS);
	check_eq(q.done, 1);
}

/* A change of priority takes a blocked thread to its new place. */
ABI_TEST(ipc, priority_change_reorders_the_queue)
{
	struct peer p = { .info = 0 }, q = { .info = 0 };

	make();
	peer_start(&p, peer_send, cap_mint(ep, RIGHT_ALL, 1), 80, false);
	peer_start(&q, peer_send, cap_mint(ep, RIGHT_ALL, 2), 90, false);
	sleep_ms(2);
	must(inv(p.t.tcb, TCBSetPriority, CAPS(seL4_CapInitThreadTCB), 95));
	check_eq(sys_recv(ep, reply).badge, 1);
	check_eq(sys_recv(ep, reply).badge, 2);
}

/* --- capability transfer -------------------------------------------------------------------------------- */

/* A sender with one to three capabilities in its message. */
static struct msg transfer(seL4_Word rights, unsigned int ncaps, const seL4_CPtr *caps,
			   seL4_CPtr slot)
{
	static struct peer p;
	seL4_IPCBuffer *b;
	struct msg m;
	unsigned int i;

	p.cap = cap_mint(ep, rights, 0x15);
	p.info = INFO(1, ncaps, 1);
	p.done = 0;
	thread_start(
		&p.t,
		&(struct thread_cfg){
			.fn = peer_send, .arg = &p, .prio = 90, .buffer = true, .stopped = true });
	b = thread_buffer(&p.t);
	for (i = 0; i < ncaps; i++)
		b->caps_or_badges[i] = caps[i];
	__sel4_ipc_buffer->receiveCNode = ROOT_CNODE;
	__sel4_ipc_buffer->receiveIndex = slot;
	__sel4_ipc_buffer->receiveDepth = ROOT_DEPTH;
	must(inv(p.t.tcb, TCBResume, NOCAPS));
	m = sys_recv(ep, reply);
	__sel4_ipc_buffer->receiveCNode = 0;
	__sel4_ipc_buffer->receiveIndex = 0;
	__sel4_ipc_buffer->receiveDepth = 0;
	return m;
}

ABI_TEST(ipc, capability_transfer)
{
	seL4_CPtr n, slot, caps[2];
	struct msg m;

	make();
	n = obj_new(seL4_NotificationObject, 0);
	caps[0] = cap_mint(n, RIGHT_WRITE, 0x9);
	slot = slot_new();
	m = transfer(RIGHT_ALL, 1, caps, slot);
	check_eq(INFO_CAPS(m.info), 1);
	check_eq(INFO_UNWRAPPED(m.info), 0);
	sys_signal(slot);
	check_eq(sys_nbwait(n).badge, 0x9);
	/* The slot is taken: nothing arrives. */
	m = transfer(RIGHT_ALL, 1, caps, slot);
	check_eq(INFO_CAPS(m.info), 0);
	/* Only the first of several. */
	slot = slot_new();
	caps[1] = n;
	m = transfer(RIGHT_ALL, 2, caps, slot);
	check_eq(INFO_CAPS(m.info), 1);
}

ABI_TEST(ipc, no_capability_transfer_without_grant)
{
	seL4_CPtr slot, cap;
	struct msg m;

	make();
	cap = obj_new(seL4_NotificationObject, 0);
	slot = slot_new();
	m = transfer(RIGHT_WRITE, 1, &cap, slot);
	check_eq(m.badge, 0x15);
	check_eq(INFO_CAPS(m.info), 0);
	check(cap_is_null(slot));
}

/* A capability to the endpoint itself arrives as its badge. */
ABI_TEST(ipc, endpoint_capability_is_unwrapped)
{
	seL4_CPtr slot, cap;
	struct msg m;

	make();
	cap = cap_mint(ep, RIGHT_ALL, 0x1234);
	slot = slot_new();
	m = transfer(RIGHT_ALL, 1, &cap, slot);
	check_eq(INFO_CAPS(m.info), 1);
	check_eq(INFO_UNWRAPPED(m.info), 1);
	check_eq(__sel4_ipc_buffer->caps_or_badges[0], 0x1234);
	check(cap_is_null(slot));
}

/* --- donation ---------------------------------------------------------------------------------------------- */

struct server {
	seL4_CPtr ep, reply, ready;
	volatile seL4_Word served;
};

static void serve(void *arg)
{
	struct server *s = arg;
	struct msg m = sys_nbsend_recv(s->ready, 0, NO_MRS, s->ep, s->reply);

	for (;;) {
		s->served++;
		m = sys_reply_recv(s->ep, INFO(0, 0, 1), MRS(m.mr[0] + 1, 0, 0, 0), s->reply);
	}
}

/* A server started with its own SC, which is taken away once it waits: from then on passive. */
static void make_server(struct server *s, struct thread *t, seL4_Word prio)
{
	make();
	s->ep = ep;
	s->reply = reply;
	s->ready = obj_new(seL4_NotificationObject, 0);
	s->served = 0;
	thread_start(t, &(struct thread_cfg){ .fn = serve, .arg = s, .prio = prio });
	sys_wait(s->ready);
	sleep_ms(2);
	must(inv(t->sc, SchedContextUnbind, NOCAPS));
}

ABI_TEST(ipc, passive_server_runs_on_the_callers_time)
{
	struct server s;
	struct thread t;
	struct msg m;
	unsigned int i;

	make_server(&s, &t, 90);
	for (i = 0; i < 3; i++) {
		m = sys_call(ep, INFO(0, 0, 1), MRS(40 + i, 0, 0, 0));
		check_eq(m.mr[0], 41 + i);
	}
	check_eq(s.served, 3);
	/* Without a caller's time it does not run. */
	sys_nbsend(ep, INFO(0, 0, 1), NO_MRS);
	sleep_ms(2);
	check_eq(s.served, 3);
}

/* While the server has it, the context is the server's; afterwards it is back. */
ABI_TEST(ipc, donated_context_comes_back)
{
	struct server s;
	struct thread t;

	make_server(&s, &t, 110);
	sys_call(ep, INFO(0, 0, 1), NO_MRS);
	/* Bound to the worker again: it can not be bound once more. */
	expect(inv(worker_sc, SchedContextBind, CAPS(worker_tcb)), seL4_IllegalOperation);
	expect(inv(t.sc, SchedContextBind, CAPS(t.tcb)), 0);
}
