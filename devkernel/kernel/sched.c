// SPDX-License-Identifier: BSD-2-Clause
/*
 * Ready queues, the release queue, and the switch.
 *
 * The running thread is in no queue. An event that makes a thread runnable proposes it
 * (sched_wake); sched_exit() compares the proposal with the running thread and the queues once,
 * so that IPC between two threads touches no queue. Time is charged when the scheduling context in
 * use changes and when the timer fires.
 */
#include <api/syscall.h>
#include <arch/arch.h>
#include <kernel/sched.h>

#define PRIO_WORDS (CONFIG_NUM_PRIORITIES / 64)

struct tcb *sched_current;

static struct {
	struct tcb_queue ready[CONFIG_NUM_PRIORITIES];
	u64 bitmap[PRIO_WORDS];
	u64 summary; /* bit i: bitmap[i] is not zero */
	struct tcb *release; /* by time of their head refill */
	struct tcb *proposed;
	bool reconsider;
	bool force_switch;
	bool deadline_stale;
	struct tcb *loaded; /* whose registers not saved at entry are in the CPU */
	struct sched_context *sc; /* being charged */
	u64 since;
} sched;

static void ready_insert(struct tcb *tcb, bool front)
{
	struct tcb_queue *q = &sched.ready[tcb->prio];

	if (tcb->ready)
		return;
	tcb->ready = true;
	if (!q->head) {
		tcb->sched_next = NULL;
		tcb->sched_prev = NULL;
		q->head = tcb;
		q->tail = tcb;
		sched.bitmap[tcb->prio / 64] |= BIT(tcb->prio % 64);
		sched.summary |= BIT(tcb->prio / 64);
	} else if (front) {
		tcb->sched_prev = NULL;
		tcb->sched_next = q->head;
		q->head->sched_prev = tcb;
		q->head = tcb;
	} else {
		tcb->sched_next = NULL;
		tcb->sched_prev = q->tail;
		q->tail->sched_next = tcb;
		q->tail = tcb;
	}
}

static void ready_remove(struct tcb *tcb)
{
	struct tcb_queue *q = &sched.ready[tcb->prio];

	if (!tcb->ready)
		return;
	tcb->ready = false;
	if (tcb->sched_prev)
		tcb->sched_prev->sched_next = tcb->sched_next;
	else
		q->head = tcb->sched_next;
	if (tcb->sched_next)
		tcb->sched_next->sched_prev = tcb->sched_prev;
	else
		q->tail = tcb->sched_prev;
	if (!q->head) {
		sched.bitmap[tcb->prio / 64] &= ~BIT(tcb->prio % 64);
		if (!sched.bitmap[tcb->prio / 64])
			sched.summary &= ~BIT(tcb->prio / 64);
	}
}

/* Highest priority with a ready thread, or -1. */
static int ready_top(void)
{
	u64 word;

	if (!sched.summary)
		return -1;
	word = 63 - __builtin_clzl(sched.summary);
	return word * 64 + 63 - __builtin_clzl(sched.bitmap[word]);
}

static void release_insert(struct tcb *tcb)
{
	u64 time = refill_head(tcb->sc)->time;
	struct tcb *prev = NULL, *next = sched.release;

	while (next && refill_head(next->sc)->time <= time) {
		prev = next;
		next = next->sched_next;
	}
	tcb->released = true;
	tcb->sched_prev = prev;
	tcb->sched_next = next;
	if (next)
		next->sched_prev = tcb;
	if (prev) {
		prev->sched_next = tcb;
	} else {
		sched.release = tcb;
		sched.deadline_stale = true;
	}
}

static void release_remove(struct tcb *tcb)
{
	if (!tcb->released)
		return;
	tcb->released = false;
	if (tcb->sched_next)
		tcb->sched_next->sched_prev = tcb->sched_prev;
	if (tcb->sched_prev) {
		tcb->sched_prev->sched_next = tcb->sched_next;
	} else {
		sched.release = tcb->sched_next;
		sched.deadline_stale = true;
	}
}

/* The thread waits until its head refill may be used. */
static void sched_postpone(struct tcb *tcb)
{
	ready_remove(tcb);
	if (!tcb->released)
		release_insert(tcb);
	if (tcb == sched_current)
		sched.reconsider = true;
	if (tcb == sched.proposed)
		sched.proposed = NULL;
}

void sched_remove(struct tcb *tcb)
{
	ready_remove(tcb);
	release_remove(tcb);
	if (tcb == sched_current)
		sched.reconsider = true;
	if (tcb == sched.proposed)
		sched.proposed = NULL;
}

void sched_force_switch(void)
{
	sched.force_switch = true;
}

static void sched_propose(struct tcb *tcb)
{
	struct tcb *other = sched.proposed;

	if (tcb->ready || tcb == sched_current || tcb == other)
		return;
	/* Among equals the last woken goes first, as in seL4. */
	if (!other) {
		sched.proposed = tcb;
	} else if (tcb->prio >= other->prio) {
		ready_insert(other, true);
		sched.proposed = tcb;
	} else {
		ready_insert(tcb, true);
	}
}

/* Whether the thread has budget to run on. */
static bool sched_has_budget(struct tcb *tcb)
{
	const struct sched_context *sc = tcb->sc;

	return !sc->period || sc == sched.sc || refill_ready(sc, timer_now());
}

void sched_wake(struct tcb *tcb)
{
	if (!tcb_schedulable(tcb))
		return;
	if (sched_has_budget(tcb))
		sched_propose(tcb);
	else
		sched_postpone(tcb);
}

void sched_wake_replied(struct tcb *tcb)
{
	if (!tcb_schedulable(tcb))
		return;
	if (sched_has_budget(tcb)) {
		sched_propose(tcb);
	} else if (fault_timeout_valid(tcb)) {
		fault_send_timeout(tcb);
	} else {
		sched_postpone(tcb);
	}
}

void sched_set_prio(struct tcb *tcb, u8 prio)
{
	if (tcb->ready) {
		ready_remove(tcb);
		tcb->prio = prio;
		sched_propose(tcb);
	} else {
		tcb->prio = prio;
	}
	ipc_requeue(tcb);
	sched.reconsider = true;
}

void sched_charge(void)
{
	u64 now = timer_now(), used = now - sched.since;

	sched.since = now;
	if (!sched.sc)
		return;
	sched.sc->consumed += used;
	refill_charge(sched.sc, used);
	sched.deadline_stale = true;
}

void sched_sc_changed(struct sched_context *sc)
{
	if (sc != sched.sc)
		return;
	sched_charge();
	sched.sc = NULL;
	sched.reconsider = true;
}

/* The running context's refill is used up, or its holder gives it up. */
static void sched_end_slice(struct tcb *tcb, bool timeout)
{
	struct sched_context *sc = tcb->sc;

	sched.reconsider = true;
	if (!sc->period) {
		refill_head(sc)->amount = sc->budget;
		if (tcb_schedulable(tcb) && tcb == sched_current)
			ready_insert(tcb, false);
		return;
	}
	if (timeout && tcb_runnable(tcb) && fault_timeout_valid(tcb)) {
		fault_send_timeout(tcb);
		return;
	}
	if (!tcb_schedulable(tcb))
		return;
	if (refill_ready(sc, sched.since))
		ready_insert(tcb, false);
	else
		sched_postpone(tcb);
}

static void sched_check_slice(void)
{
	struct tcb *tcb = sched_current;

	if (tcb && sched.sc && tcb->sc == sched.sc && tcb_schedulable(tcb) &&
	    (sched.sc->period ? !refill_ready(sched.sc, sched.since) :
				refill_head(sched.sc)->amount < MIN_BUDGET))
		sched_end_slice(tcb, true);
}

bool sched_check_entry(struct tcb *tcb)
{
	struct sched_context *sc = tcb->sc;

	sched_charge();
	if (refill_ready(sc, sched.since))
		return true;
	tcb->state = TCB_RESTART;
	sched_end_slice(tcb, true);
	return false;
}

void sched_yield(void)
{
	struct sched_context *sc = sched_current->sc;

	sched_charge();
	if (sc->period && refill_ready(sc, sched.since))
		refill_charge(sc, refill_head(sc)->amount);
	sched_end_slice(sched_current, false);
}

void sched_front(struct tcb *tcb)
{
	if (tcb->ready) {
		ready_remove(tcb);
		ready_insert(tcb, true);
	}
}

void sched_yield_to(struct tcb *to)
{
	ready_remove(to);
	ready_insert(sched_current, true);
	ready_insert(to, true);
	sched.reconsider = true;
}

static void sched_release_due(void)
{
	struct tcb *tcb;

	while ((tcb = sched.release) && refill_head(tcb->sc)->time <= sched.since) {
		release_remove(tcb);
		if (tcb_schedulable(tcb))
			sched_propose(tcb);
	}
}

void sched_tick(void)
{
	sched_charge();
	sched.deadline_stale = true;
	sched_check_slice();
	sched_release_due();
}

/* The next moment something has to happen by itself. */
static void sched_set_deadline(void)
{
	u64 deadline = ~0ul;

	sched.deadline_stale = false;
	if (sched.sc)
		deadline = sched.since + refill_head(sched.sc)->amount;
	if (sched.release && refill_head(sched.release->sc)->time < deadline)
		deadline = refill_head(sched.release->sc)->time;
	if (deadline == ~0ul)
		timer_off();
	else
		timer_set(deadline);
}

/* The best of running, proposed and ready threads leaves the queues; NULL if there is none. */
static struct tcb *sched_choose(void)
{
	struct tcb *cur = sched_current, *next = sched.proposed;
	int top;

	sched.proposed = NULL;
	sched.reconsider = false;
	if (cur && (!tcb_schedulable(cur) || cur->ready))
		cur = NULL;
	if (next && (!tcb_schedulable(next) || next->ready))
		next = NULL;
	if (cur && next) {
		if (next->prio > cur->prio) {
			/* Not its fault: it keeps its turn. */
			ready_insert(cur, true);
		} else {
			ready_insert(next, next->prio < cur->prio);
			next = cur;
		}
	} else if (cur) {
		next = cur;
	}
	top = ready_top();
	if (top >= 0 && (!next || top > next->prio)) {
		if (next)
			ready_insert(next, next == cur);
		next = sched.ready[top].head;
		ready_remove(next);
	}
	return next;
}

static void sched_switch_to(struct tcb *next)
{
	if (sched.loaded != next || sched.force_switch) {
		struct tcb *old = sched.loaded;

		if (old && old != next) {
			old->ctx.tpidr = sysreg_read(tpidr_el0);
			old->ctx.tpidrro = sysreg_read(tpidrro_el0);
		}
		if (next && old != next) {
			sysreg_write(tpidr_el0, next->ctx.tpidr);
			sysreg_write(tpidrro_el0, next->ctx.tpidrro);
			sched.loaded = next;
		}
		vcpu_switch(next ? next->vcpu : NULL);
		if (next) {
			vspace_switch(next);
			fpu_switch(next);
		}
		sched.force_switch = !next;
	}
	sched_current = next;
}

/* Registers of `tcb` not saved at kernel entry are in memory afterwards. */
void sched_sync_registers(struct tcb *tcb)
{
	if (sched.loaded == tcb) {
		tcb->ctx.tpidr = sysreg_read(tpidr_el0);
		tcb->ctx.tpidrro = sysreg_read(tpidrro_el0);
	}
}

/* They were changed in memory. */
void sched_reload_registers(struct tcb *tcb)
{
	if (sched.loaded == tcb) {
		sysreg_write(tpidr_el0, tcb->ctx.tpidr);
		sysreg_write(tpidrro_el0, tcb->ctx.tpidrro);
	}
}

void sched_forget(struct tcb *tcb)
{
	sched_remove(tcb);
	if (sched.loaded == tcb)
		sched.loaded = NULL;
}

static void sched_run_on(struct sched_context *sc)
{
	if (sc != sched.sc) {
		sched_charge();
		sched.sc = sc;
		sched.deadline_stale = true;
		if (sc && sc->period)
			refill_start(sc, sched.since);
	}
}

void sched_exit(void)
{
	struct tcb *next = sched_current;

	for (;;) {
		if (sched.reconsider || sched.proposed || !next)
			next = sched_choose();
		if (next != sched_current || sched.force_switch)
			sched_switch_to(next);
		sched_run_on(next ? next->sc : NULL);
		/* Waking up may have found the context short of what the switch just charged. */
		if (next && next->sc->period && sched.deadline_stale) {
			sched_check_slice();
			if (sched.reconsider)
				continue;
		}
		if (sched.deadline_stale)
			sched_set_deadline();
		if (likely(next))
			break;
		__asm__ volatile("dsb sy\n\twfi" ::: "memory");
		irq_handle();
	}
	if (unlikely(next->yield_to))
		sc_complete_yield_to(next);
	if (next->state == TCB_RESTART) {
		next->ctx.elr = next->ctx.restart_pc;
		next->state = TCB_RUNNING;
	}
}

void sched_dump(void)
{
	const struct tcb *cur = sched_current;

	printk("running: %s prio %u\n", cur->name, cur->prio);
	for (int prio = ready_top(); prio >= 0; prio--) {
		for (const struct tcb *tcb = sched.ready[prio].head; tcb; tcb = tcb->sched_next)
			printk("ready: %s prio %u pc %lx\n", tcb->name, tcb->prio, tcb->ctx.elr);
	}
	for (const struct tcb *tcb = sched.release; tcb; tcb = tcb->sched_next)
		printk("waits for budget: %s prio %u\n", tcb->name, tcb->prio);
}
