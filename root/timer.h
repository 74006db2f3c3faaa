/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timer service. A thread of root's above all others wakes VMMs at the deadlines they publish
 * (wire/vmm.h). It runs on the interrupt of the physical timer, and every VMM_TICK_US on the signal
 * of a second thread that consists of {Signal; Yield} in a periodic scheduling context, which no
 * guest can touch.
 *
 * The timer thread and root's main thread share memory. The timer thread is never preempted by the
 * main thread, so the main thread sees all it does as one step; the other way round, timer_add and
 * timer_remove change one pointer each with a single store.
 */
#ifndef ROOT_TIMER_H
#define ROOT_TIMER_H

#include "root/vm.h"

/* Badges on the timer thread's notification. */
#define TIMER_EVENT_IRQ 1u
#define TIMER_EVENT_TICK 2u
#define TIMER_EVENT_VMM 4u

static inline uint64_t timer_now(void)
{
	uint64_t now;

	asm volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(now) : : "memory");
	return now;
}

static inline uint64_t timer_frequency(void)
{
	uint64_t hz;

	asm("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz;
}

/* Start both threads. `wake` is signalled when a VMM's log ring holds text. */
void timer_init(struct arena *arena, seL4_CPtr wake);

seL4_CPtr timer_notification(void);

/* Watch the deadline of `vm`. */
void timer_add(struct vm *vm);
/* Stop watching; harmless when it is not watched. */
void timer_remove(struct vm *vm);

/* Frame of struct vmm_clock, to be copied and mapped read-only into each VMM. */
seL4_CPtr timer_clock_frame(void);

#endif
