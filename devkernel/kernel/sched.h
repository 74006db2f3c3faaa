/* SPDX-License-Identifier: BSD-2-Clause */
/* Scheduler: priorities, budgets, and who runs next. */
#pragma once

#include <object/object.h>

/* Times of the API are microseconds, in the kernel ticks of the generic timer. */
#define US_TO_TICKS(us) ((us) * (CONFIG_TIMER_FREQUENCY / 500000) / 2)
#define TICKS_TO_US(t) (2 * (t) / (CONFIG_TIMER_FREQUENCY / 500000))

#define MIN_BUDGET_US 20ul
#define MAX_PERIOD_US 36893488147419ul
#define MIN_BUDGET US_TO_TICKS(MIN_BUDGET_US)

/* The running thread (NULL while idle) and the context it runs on. */
extern struct tcb *sched_current;

/* The thread could run as far as it is concerned: state, context, not waiting for budget. */
static inline bool tcb_runnable(const struct tcb *tcb)
{
	return tcb->state == TCB_RUNNING || tcb->state == TCB_RESTART;
}

static inline bool tcb_schedulable(const struct tcb *tcb)
{
	return tcb_runnable(tcb) && tcb->sc && tcb->sc->refill_max && !tcb->released &&
	       tcb->domain == 0;
}

/* The thread stopped being runnable, or lost its context: out of all scheduler queues. */
void sched_remove(struct tcb *tcb);
/* The thread became runnable by an event: run it soon if its priority and budget allow. */
void sched_wake(struct tcb *tcb);
/* Like sched_wake() after a reply: missing budget raises a Timeout fault if it has a handler. */
void sched_wake_replied(struct tcb *tcb);
/* Priority change, keeping the thread's queues right. */
void sched_set_prio(struct tcb *tcb, u8 prio);
/* A runnable thread that does not run goes before its equals. */
void sched_front(struct tcb *tcb);
/* For contexts with a period. */
bool sched_check_entry(struct tcb *tcb);

/*
 * The current thread has entered the kernel by itself. False: too little of its budget is left for
 * that, and it does so again when it has more.
 */
static inline bool sched_may_enter(struct tcb *tcb)
{
	return likely(!tcb->sc->period) || sched_check_entry(tcb);
}
/* Puts the current thread behind the others of its priority, giving up the current refill. */
void sched_yield(void);
/* The current thread lets the schedulable `to` of at least its priority run first. */
void sched_yield_to(struct tcb *to);
/* The context's holder changed from or to the current thread, or it is to be reconfigured. */
void sched_sc_changed(struct sched_context *sc);
/* The timer fired. */
void sched_tick(void);
/* Charges the running context up to now. */
void sched_charge(void);
/* Chooses the thread to run, waits for interrupts while there is none, and switches to it. */
void sched_exit(void);
/* The current thread's address space or VCPU changed under it. */
void sched_force_switch(void);
/* Registers that stay in the CPU between kernel entries: bring memory, or the CPU, up to date. */
void sched_sync_registers(struct tcb *tcb);
void sched_reload_registers(struct tcb *tcb);
/* The thread is about to be gone. */
void sched_forget(struct tcb *tcb);
void sched_dump(void);

/* kernel/refill.c: budgets as sporadic servers. */
void refill_init(struct sched_context *sc, u64 max, u64 budget, u64 period, u64 now);
void refill_update(struct sched_context *sc, u64 max, u64 budget, u64 period, u64 now);
/* Takes `used` ticks off the head. */
void refill_charge(struct sched_context *sc, u64 used);
/* The head may be used now. */
bool refill_ready(const struct sched_context *sc, u64 now);
/* The context comes into use: what was usable before and not used does not accumulate. */
void refill_start(struct sched_context *sc, u64 now);

static inline struct refill *refill_head(struct sched_context *sc)
{
	return &sc->refill[sc->head];
}
