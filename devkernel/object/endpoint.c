// SPDX-License-Identifier: BSD-2-Clause
/* Endpoints: synchronous messages between threads. */
#include <api/syscall.h>
#include <kernel/sched.h>
#include <object/object.h>

#define EP_STATE_MASK 3ul

static enum endpoint_state ep_state(const struct endpoint *ep)
{
	return ep->tail_state & EP_STATE_MASK;
}

static struct tcb_queue ep_queue(const struct endpoint *ep)
{
	return (struct tcb_queue){ ep->head, (struct tcb *)(ep->tail_state & ~EP_STATE_MASK) };
}

/* An empty queue makes the endpoint idle. */
static void ep_set(struct endpoint *ep, struct tcb_queue q, enum endpoint_state state)
{
	ep->head = q.head;
	ep->tail_state = q.head ? (u64)q.tail | state : EP_IDLE;
}

void tcb_queue_insert(struct tcb_queue *q, struct tcb *tcb)
{
	struct tcb *after = q->tail;

	while (after && after->prio < tcb->prio)
		after = after->queue_prev;
	tcb->queue_prev = after;
	tcb->queue_next = after ? after->queue_next : q->head;
	if (tcb->queue_next)
		tcb->queue_next->queue_prev = tcb;
	else
		q->tail = tcb;
	if (after)
		after->queue_next = tcb;
	else
		q->head = tcb;
}

void tcb_queue_remove(struct tcb_queue *q, struct tcb *tcb)
{
	if (tcb->queue_prev)
		tcb->queue_prev->queue_next = tcb->queue_next;
	else
		q->head = tcb->queue_next;
	if (tcb->queue_next)
		tcb->queue_next->queue_prev = tcb->queue_prev;
	else
		q->tail = tcb->queue_prev;
	tcb->queue_next = NULL;
	tcb->queue_prev = NULL;
}

static void ep_remove(struct endpoint *ep, struct tcb *tcb)
{
	struct tcb_queue q = ep_queue(ep);
	enum endpoint_state state = ep_state(ep);

	tcb_queue_remove(&q, tcb);
	ep_set(ep, q, state);
}

static void ep_block(struct endpoint *ep, struct tcb *tcb, enum endpoint_state state)
{
	struct tcb_queue q = ep_queue(ep);

	tcb->state = state == EP_SEND ? TCB_BLOCKED_SEND : TCB_BLOCKED_RECV;
	tcb->blocked_on = ep;
	sched_remove(tcb);
	tcb_queue_insert(&q, tcb);
	ep_set(ep, q, state);
}

/* The receiver no longer offers its reply object. */
static struct reply *recv_take_reply(struct tcb *tcb)
{
	struct reply *reply = tcb->reply;

	if (reply) {
		reply->tcb = NULL;
		tcb->reply = NULL;
	}
	return reply;
}

void endpoint_send(struct tcb *tcb, struct endpoint *ep, u64 badge, u64 rights, bool blocking,
		   bool call, bool donate)
{
	struct reply *reply;
	struct tcb *dest;

	if (ep_state(ep) != EP_RECV) {
		if (!blocking)
			return;
		tcb->blocked_badge = badge;
		tcb->can_grant = rights & RIGHT_GRANT;
		tcb->can_grant_reply = rights & RIGHT_GRANT_REPLY;
		tcb->is_call = call;
		ep_block(ep, tcb, EP_SEND);
		return;
	}

	dest = ep->head;
	ep_remove(ep, dest);
	ipc_transfer(tcb, dest, ep, badge, rights & RIGHT_GRANT);
	reply = recv_take_reply(dest);
	dest->state = TCB_RUNNING;
	if (call || tcb->fault.type) {
		if (reply && (rights & (RIGHT_GRANT | RIGHT_GRANT_REPLY))) {
			reply_push(tcb, dest, reply, donate);
		} else {
			tcb->state = TCB_INACTIVE;
			sched_remove(tcb);
		}
	} else if (donate && !dest->sc && tcb->sc) {
		sc_donate(tcb->sc, dest);
	}
	sched_wake(dest);
}

/* The head of the queue of senders hands its message to tcb. */
static void endpoint_accept(struct tcb *tcb, struct endpoint *ep, struct reply *reply)
{
	struct tcb *sender = ep->head;

	ep_remove(ep, sender);
	ipc_transfer(sender, tcb, ep, sender->blocked_badge, sender->can_grant);
	if (!sender->is_call && !sender->fault.type) {
		sender->state = TCB_RUNNING;
		sched_wake(sender);
	} else if (reply && (sender->can_grant || sender->can_grant_reply)) {
		reply_push(sender, tcb, reply,
			   sender->sc && sender->fault.type != seL4_Fault_Timeout);
	} else {
		sender->state = TCB_INACTIVE;
	}
}

void endpoint_recv(struct tcb *tcb, struct cap ep_cap, bool blocking, struct reply *reply)
{
	struct endpoint *ep = cap_object(ep_cap);
	struct notification *ntfn = tcb->bound_ntfn;

	/* One object holds one caller. */
	if (reply && reply->tcb && reply->tcb != tcb)
		ipc_cancel(reply->tcb);
	if (ntfn && ntfn->state == NTFN_ACTIVE) {
		ntfn_complete(ntfn, tcb);
		return;
	}
	if (ntfn && blocking)
		ntfn_return_sc(ntfn, tcb);
	if (ep_state(ep) == EP_SEND) {
		endpoint_accept(tcb, ep, reply);
		return;
	}
	if (!blocking) {
		tcb->ctx.x[0] = 0;
		return;
	}
	tcb->can_grant = ep_cap.rights & RIGHT_GRANT;
	tcb->reply = reply;
	if (reply)
		reply->tcb = tcb;
	ep_block(ep, tcb, EP_RECV);
}

/* A thread thrown off its endpoint: a sender tries again, one that faulted stays stopped. */
static void ep_throw_off(struct tcb *tcb)
{
	recv_take_reply(tcb);
	if (tcb->fault.type) {
		tcb->fault.type = seL4_Fault_NullFault;
		tcb->state = TCB_INACTIVE;
		return;
	}
	tcb->state = TCB_RESTART;
	sched_wake(tcb);
}

void endpoint_cancel_all(struct endpoint *ep)
{
	struct tcb *tcb;

	while ((tcb = ep->head)) {
		ep_remove(ep, tcb);
		ep_throw_off(tcb);
	}
}

void endpoint_cancel_badged(struct endpoint *ep, u64 badge)
{
	struct tcb *tcb, *next;

	if (ep_state(ep) != EP_SEND)
		return;
	for (tcb = ep->head; tcb; tcb = next) {
		next = tcb->queue_next;
		if (tcb->blocked_badge == badge) {
			ep_remove(ep, tcb);
			ep_throw_off(tcb);
		}
	}
}

void ipc_cancel(struct tcb *tcb)
{
	tcb->fault.type = seL4_Fault_NullFault;
	switch (tcb->state) {
	case TCB_BLOCKED_SEND:
	case TCB_BLOCKED_RECV:
		ep_remove(tcb->blocked_on, tcb);
		recv_take_reply(tcb);
		tcb->state = TCB_INACTIVE;
		break;
	case TCB_BLOCKED_NTFN:
		ntfn_cancel(tcb->blocked_on, tcb);
		tcb->state = TCB_INACTIVE;
		break;
	case TCB_BLOCKED_REPLY:
		reply_unlink(tcb->reply);
		tcb->state = TCB_INACTIVE;
		break;
	default:
		break;
	}
}

void ipc_requeue(struct tcb *tcb)
{
	if (tcb->state == TCB_BLOCKED_SEND || tcb->state == TCB_BLOCKED_RECV) {
		struct endpoint *ep = tcb->blocked_on;
		struct tcb_queue q = ep_queue(ep);
		enum endpoint_state state = ep_state(ep);

		tcb_queue_remove(&q, tcb);
		tcb_queue_insert(&q, tcb);
		ep_set(ep, q, state);
	} else if (tcb->state == TCB_BLOCKED_NTFN) {
		struct notification *ntfn = tcb->blocked_on;

		tcb_queue_remove(&ntfn->queue, tcb);
		tcb_queue_insert(&ntfn->queue, tcb);
	}
}
