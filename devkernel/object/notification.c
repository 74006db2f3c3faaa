// SPDX-License-Identifier: BSD-2-Clause
/* Notifications: words of badges. */
#include <api/syscall.h>
#include <kernel/sched.h>
#include <object/object.h>

/* A thread without a scheduling context runs on the notification's while it handles the word. */
static void ntfn_lend_sc(struct notification *ntfn, struct tcb *tcb)
{
	if (!tcb->sc && ntfn->sc && !ntfn->sc->tcb)
		sc_donate(ntfn->sc, tcb);
}

void ntfn_return_sc(struct notification *ntfn, struct tcb *tcb)
{
	if (ntfn->sc && tcb->sc == ntfn->sc)
		sc_unbind_tcb(ntfn->sc);
}

/* A waiting thread gets the word: only x0 changes. */
static void ntfn_deliver(struct notification *ntfn, struct tcb *tcb, u64 word)
{
	tcb->ctx.x[0] = word;
	tcb->state = TCB_RUNNING;
	ntfn_lend_sc(ntfn, tcb);
	sched_wake(tcb);
}

void ntfn_signal(struct notification *ntfn, u64 badge)
{
	struct tcb *tcb = ntfn->bound;

	switch (ntfn->state) {
	case NTFN_IDLE:
		if (tcb && tcb->state == TCB_BLOCKED_RECV) {
			ipc_cancel(tcb);
			ntfn_deliver(ntfn, tcb, badge);
			return;
		}
		ntfn->state = NTFN_ACTIVE;
		ntfn->word = badge;
		return;
	case NTFN_WAITING:
		tcb = ntfn->queue.head;
		ntfn_cancel(ntfn, tcb);
		ntfn_deliver(ntfn, tcb, badge);
		return;
	default:
		ntfn->word |= badge;
		return;
	}
}

void ntfn_complete(struct notification *ntfn, struct tcb *tcb)
{
	tcb->ctx.x[0] = ntfn->word;
	ntfn->state = NTFN_IDLE;
	ntfn_lend_sc(ntfn, tcb);
}

void ntfn_wait(struct tcb *tcb, struct notification *ntfn, bool blocking)
{
	if (ntfn->state == NTFN_ACTIVE) {
		ntfn_complete(ntfn, tcb);
		return;
	}
	if (!blocking) {
		tcb->ctx.x[0] = 0;
		return;
	}
	tcb->state = TCB_BLOCKED_NTFN;
	tcb->blocked_on = ntfn;
	sched_remove(tcb);
	tcb_queue_insert(&ntfn->queue, tcb);
	ntfn->state = NTFN_WAITING;
	ntfn_return_sc(ntfn, tcb);
}

void ntfn_cancel(struct notification *ntfn, struct tcb *tcb)
{
	tcb_queue_remove(&ntfn->queue, tcb);
	if (!ntfn->queue.head)
		ntfn->state = NTFN_IDLE;
}

void ntfn_bind(struct notification *ntfn, struct tcb *tcb)
{
	ntfn->bound = tcb;
	tcb->bound_ntfn = ntfn;
}

void ntfn_unbind(struct tcb *tcb)
{
	if (tcb->bound_ntfn) {
		tcb->bound_ntfn->bound = NULL;
		tcb->bound_ntfn = NULL;
	}
}

void ntfn_finalise(struct notification *ntfn)
{
	struct tcb *tcb;

	if (ntfn->sc) {
		ntfn->sc->ntfn = NULL;
		ntfn->sc = NULL;
	}
	if (ntfn->bound)
		ntfn_unbind(ntfn->bound);
	while ((tcb = ntfn->queue.head)) {
		ntfn_cancel(ntfn, tcb);
		tcb->state = TCB_RESTART;
		sched_wake(tcb);
	}
}
