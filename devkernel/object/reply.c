// SPDX-License-Identifier: BSD-2-Clause
/* Reply objects: who waits for whom, and who lent whom its scheduling context. */
#include <api/syscall.h>
#include <kernel/sched.h>
#include <object/object.h>

void reply_push(struct tcb *caller, struct tcb *callee, struct reply *reply, bool donate)
{
	struct sched_context *sc = caller->sc;

	reply->tcb = caller;
	caller->reply = reply;
	caller->state = TCB_BLOCKED_REPLY;
	sched_remove(caller);
	if (!donate || !sc || callee->sc)
		return;
	reply->below = sc->reply;
	reply->above = NULL;
	reply->sc = sc;
	if (sc->reply) {
		sc->reply->above = reply;
		sc->reply->sc = NULL;
	}
	sc->reply = reply;
	sc_donate(sc, callee);
}

static void reply_detach(struct reply *reply)
{
	reply->tcb->reply = NULL;
	reply->tcb = NULL;
}

void reply_pop(struct reply *reply)
{
	struct tcb *caller = reply->tcb;
	struct sched_context *sc = reply->sc;

	if (!sc) {
		reply_unlink(reply);
		return;
	}
	sc->reply = reply->below;
	if (reply->below) {
		reply->below->above = NULL;
		reply->below->sc = sc;
	}
	reply->below = NULL;
	reply->sc = NULL;
	reply_detach(reply);
	if (!caller->sc)
		sc_donate(sc, caller);
}

void reply_unlink(struct reply *reply)
{
	/* Whoever lent below this caller gets nothing back any more. */
	if (reply->sc)
		reply->sc->reply = NULL;
	if (reply->above)
		reply->above->below = NULL;
	if (reply->below)
		reply->below->above = NULL;
	reply->sc = NULL;
	reply->above = NULL;
	reply->below = NULL;
	reply_detach(reply);
}

void reply_send(struct tcb *sender, struct reply *reply, bool grant)
{
	struct tcb *caller = reply->tcb;

	if (!caller || caller->state != TCB_BLOCKED_REPLY)
		return;
	reply_pop(reply);
	if (!caller->fault.type) {
		ipc_transfer(sender, caller, NULL, 0, grant);
		caller->state = TCB_RUNNING;
	} else {
		bool restart = fault_reply(caller, sender);

		caller->fault.type = seL4_Fault_NullFault;
		caller->state = restart ? TCB_RESTART : TCB_INACTIVE;
	}
	sched_wake_replied(caller);
}

void reply_finalise(struct reply *reply)
{
	struct tcb *tcb = reply->tcb;

	if (!tcb)
		return;
	if (tcb->state == TCB_BLOCKED_REPLY) {
		reply_pop(reply);
		tcb->fault.type = seL4_Fault_NullFault;
		tcb->state = TCB_INACTIVE;
	} else {
		ipc_cancel(tcb);
	}
}
