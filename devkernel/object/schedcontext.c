// SPDX-License-Identifier: BSD-2-Clause
/* Scheduling contexts, and the control capability that configures them. */
#include <api/syscall.h>
#include <arch/arch.h>
#include <kernel/sched.h>
#include <object/object.h>
#include <sel4/invocation.h>

void sc_unbind_tcb(struct sched_context *sc)
{
	struct tcb *tcb = sc->tcb;

	if (!tcb)
		return;
	sched_sc_changed(sc);
	sched_remove(tcb);
	tcb->sc = NULL;
	sc->tcb = NULL;
}

bool sc_may_bind(const struct sched_context *sc, const struct tcb *tcb)
{
	return tcb_runnable(tcb) || tcb->state == TCB_INACTIVE ||
	       (sc->refill_max && refill_ready(sc, timer_now()));
}

void sc_bind_tcb(struct sched_context *sc, struct tcb *tcb)
{
	sc->tcb = tcb;
	tcb->sc = sc;
	sched_wake(tcb);
}

/*
 * Unlike unbinding and binding this leaves the accounting alone: in a Call the context goes on
 * being used, only by another thread.
 */
void sc_donate(struct sched_context *sc, struct tcb *to)
{
	struct tcb *from = sc->tcb;

	if (from) {
		sched_remove(from);
		from->sc = NULL;
	}
	sc->tcb = to;
	to->sc = sc;
}

static void sc_unbind_ntfn(struct sched_context *sc)
{
	if (sc->ntfn) {
		sc->ntfn->sc = NULL;
		sc->ntfn = NULL;
	}
}

void sc_finalise(struct sched_context *sc)
{
	if (sc->yield_from)
		sc_cancel_yield_to(sc->yield_from);
	sc_unbind_tcb(sc);
	sched_sc_changed(sc);
	sc_unbind_ntfn(sc);
	if (sc->reply) {
		struct reply *top = sc->reply;

		/* The lenders keep waiting for their replies, without a context to come back. */
		if (top->below)
			top->below->above = NULL;
		top->below = NULL;
		top->sc = NULL;
		sc->reply = NULL;
	}
	sc->refill_max = 0;
}

static int sc_decode_bind(struct inv *inv, struct sched_context *sc)
{
	struct cap cap;

	if (inv->n_extra < 1)
		return seL4_TruncatedMessage;
	cap = inv_extra(inv, 0);
	if (cap.type == CAP_TCB) {
		struct tcb *tcb = cap_object(cap);

		if (tcb->sc || sc->tcb || !sc_may_bind(sc, tcb))
			return seL4_IllegalOperation;
		sc_bind_tcb(sc, tcb);
		return seL4_NoError;
	}
	if (cap.type == CAP_NOTIFICATION) {
		struct notification *ntfn = cap_object(cap);

		if (ntfn->sc || sc->ntfn)
			return seL4_IllegalOperation;
		ntfn->sc = sc;
		sc->ntfn = ntfn;
		return seL4_NoError;
	}
	return inv_invalid_cap(inv, 1);
}

static int sc_decode_unbind_object(struct inv *inv, struct sched_context *sc)
{
	struct cap cap;

	if (inv->n_extra < 1)
		return seL4_TruncatedMessage;
	cap = inv_extra(inv, 0);
	if (cap.type == CAP_TCB) {
		if (sc->tcb != cap_object(cap) || sc->tcb == sched_current)
			return seL4_IllegalOperation;
		sc_unbind_tcb(sc);
		return seL4_NoError;
	}
	if (cap.type == CAP_NOTIFICATION) {
		if (sc->ntfn != cap_object(cap))
			return seL4_IllegalOperation;
		sc_unbind_ntfn(sc);
		return seL4_NoError;
	}
	return inv_invalid_cap(inv, 1);
}

/* Microseconds used since last asked. */
static u64 sc_take_consumed(struct sched_context *sc)
{
	u64 consumed;

	sched_charge();
	consumed = TICKS_TO_US(sc->consumed);
	sc->consumed = 0;
	return consumed;
}

void sc_cancel_yield_to(struct tcb *tcb)
{
	if (tcb->yield_to) {
		tcb->yield_to->yield_from = NULL;
		tcb->yield_to = NULL;
	}
}

void sc_complete_yield_to(struct tcb *tcb)
{
	tcb->ctx.x[2] = sc_take_consumed(tcb->yield_to);
	syscall_return(tcb, 0, seL4_MessageInfo_new(seL4_NoError, 0, 0, 1).words[0]);
	sc_cancel_yield_to(tcb);
}

/* Runs the other context's thread in the caller's place if it may and can. */
static int sc_decode_yield_to(struct inv *inv, struct sched_context *sc)
{
	struct tcb *to = sc->tcb, *from = inv->tcb;

	if (!to || to == from || to->prio > from->mcp)
		return seL4_IllegalOperation;
	if (sc->yield_from)
		sc_complete_yield_to(sc->yield_from);
	if (inv->call && tcb_schedulable(to) && to->prio >= from->prio) {
		from->yield_to = sc;
		sc->yield_from = from;
		sched_yield_to(to);
	} else {
		sched_front(to);
		inv_return(inv, sc_take_consumed(sc));
	}
	return seL4_NoError;
}

int sc_decode(struct inv *inv)
{
	struct sched_context *sc = cap_object(inv->cap);

	switch (inv->label) {
	case SchedContextConsumed:
		inv_return(inv, sc_take_consumed(sc));
		return seL4_NoError;
	case SchedContextBind:
		return sc_decode_bind(inv, sc);
	case SchedContextUnbindObject:
		return sc_decode_unbind_object(inv, sc);
	case SchedContextUnbind:
		if (sc->tcb == sched_current)
			return seL4_IllegalOperation;
		sc_unbind_tcb(sc);
		sc_unbind_ntfn(sc);
		return seL4_NoError;
	case SchedContextYieldTo:
		return sc_decode_yield_to(inv, sc);
	default:
		return seL4_IllegalOperation;
	}
}

int sched_control_decode(struct inv *inv)
{
	u64 budget_us, period_us, extra, max_extra;
	struct sched_context *sc;
	struct tcb *tcb;
	struct cap cap;

	if (inv->label != SchedControlConfigureFlags)
		return seL4_IllegalOperation;
	if (inv->length < 5 || inv->n_extra < 1)
		return seL4_TruncatedMessage;
	budget_us = inv_mr(inv, 0);
	period_us = inv_mr(inv, 1);
	extra = inv_mr(inv, 2);
	if (budget_us < MIN_BUDGET_US || budget_us > MAX_PERIOD_US)
		return inv_range(inv, MIN_BUDGET_US, MAX_PERIOD_US);
	if (period_us < MIN_BUDGET_US || period_us > MAX_PERIOD_US)
		return inv_range(inv, MIN_BUDGET_US, MAX_PERIOD_US);
	if (budget_us > period_us)
		return inv_range(inv, MIN_BUDGET_US, period_us);
	cap = inv_extra(inv, 0);
	if (cap.type != CAP_SCHED_CONTEXT)
		return inv_invalid_cap(inv, 1);
	max_extra = seL4_MaxExtraRefills(cap.bits);
	if (max_extra > UINT16_MAX - 2)
		max_extra = UINT16_MAX - 2;
	if (extra > max_extra)
		return inv_range(inv, 0, max_extra);

	sc = cap_object(cap);
	tcb = sc->tcb;
	sched_sc_changed(sc);
	if (tcb)
		sched_remove(tcb);
	sc->badge = inv_mr(inv, 3);
	sc->sporadic = inv_mr(inv, 4) & seL4_SchedContext_Sporadic;
	/* Only who could use the time that is left keeps waiting for what is used. */
	if (tcb && tcb_runnable(tcb) && sc->refill_max)
		refill_update(sc, extra + 2, US_TO_TICKS(budget_us), US_TO_TICKS(period_us),
			      timer_now());
	else
		refill_init(sc, extra + 2, US_TO_TICKS(budget_us), US_TO_TICKS(period_us),
			    timer_now());
	if (tcb && tcb != sched_current)
		sched_wake(tcb);
	return seL4_NoError;
}
