// SPDX-License-Identifier: BSD-2-Clause
#include "root/timer.h"

#include "root/board.h"
#include "root/cspace.h"

#define STACK_WORDS 512u
#define TICK_STACK_WORDS 64u
#define CNTP_INTID 30u
#define CNTP_CTL_ENABLE UINT64_C(1)
#define TICK_BUDGET_US 100u

static struct {
	struct vm *vm[VM_MAX]; /* watched VMs */
	uint64_t signalled[VM_MAX]; /* the deadline each was woken for last */
	unsigned int limit; /* VMs watched so far have numbers below it */
	seL4_CPtr ntfn, irq, tick, wake;
} tm;

/* One page of root's image, shared read-only with every VMM. */
static union {
	struct vmm_clock clock;
	char page[WIRE_PAGE_SIZE];
} clock __attribute__((aligned(4096)));

static uint64_t timer_stack[STACK_WORDS] __attribute__((aligned(16)));
static uint64_t tick_stack[TICK_STACK_WORDS] __attribute__((aligned(16)));

seL4_CPtr timer_notification(void)
{
	return tm.ntfn;
}

seL4_CPtr timer_clock_frame(void)
{
	return board_image_frame(&clock);
}

void timer_add(struct vm *vm)
{
	tm.signalled[vm->number] = UINT64_MAX;
	if (tm.limit <= vm->number)
		__atomic_store_n(&tm.limit, vm->number + 1u, __ATOMIC_RELEASE);
	__atomic_store_n(&tm.vm[vm->number], vm, __ATOMIC_RELEASE);
}

void timer_remove(struct vm *vm)
{
	__atomic_store_n(&tm.vm[vm->number], NULL, __ATOMIC_RELEASE);
}

static void program(uint64_t deadline)
{
	asm volatile("msr cntp_cval_el0, %0" : : "r"(deadline));
	asm volatile("msr cntp_ctl_el0, %0\n\tisb" : : "r"(CNTP_CTL_ENABLE));
}

/*
 * Signal every VMM whose deadline passed, once per deadline; at a tick also those that were
 * signalled and still show it. Returns the earliest one to come.
 */
static uint64_t scan(bool tick, bool *log)
{
	unsigned int limit = __atomic_load_n(&tm.limit, __ATOMIC_ACQUIRE);
	uint64_t now = timer_now(), earliest = UINT64_MAX;

	for (unsigned int i = 0; i < limit; i++) {
		struct vm *vm = __atomic_load_n(&tm.vm[i], __ATOMIC_ACQUIRE);

		if (!vm)
			continue;
		uint64_t deadline = __atomic_load_n(&vm->rt->deadline, __ATOMIC_ACQUIRE);

		if (log_pending(&vm->log_source, vm->log))
			*log = true;
		if (deadline > now) {
			if (deadline < earliest)
				earliest = deadline;
		} else if (tick || tm.signalled[i] != deadline) {
			tm.signalled[i] = deadline;
			seL4_Signal(vm->timer_cap);
		}
	}
	return earliest;
}

static void timer_thread(void)
{
	for (;;) {
		seL4_Word events;
		bool log = false;

		/* Not seL4_Wait: that stores message registers in the IPC buffer of the main thread. */
		seL4_WaitWithMRs(tm.ntfn, &events, NULL, NULL, NULL, NULL);
		__atomic_store_n(&clock.clock.generation, clock.clock.generation + 1,
				 __ATOMIC_SEQ_CST);
		program(scan(events & TIMER_EVENT_TICK, &log));
		if (events & TIMER_EVENT_IRQ)
			seL4_IRQHandler_Ack(tm.irq);
		if (log)
			seL4_Signal(tm.wake);
	}
}

static void tick_thread(void)
{
	for (;;) {
		seL4_Signal(tm.tick);
		seL4_Yield();
	}
}

/*
 * A thread of root's: no CSpace but root's, no IPC buffer, so it may only wait, signal, acknowledge
 * and yield.
 */
static void start_thread(struct arena *arena, void (*entry)(void), uint64_t *stack_top,
			 unsigned int priority, uint64_t budget_us, uint64_t period_us)
{
	seL4_CPtr tcb = arena_object(arena, seL4_TCBObject, 0);
	seL4_CPtr sc = arena_object(arena, seL4_SchedContextObject, seL4_MinSchedContextBits);
	seL4_UserContext regs = { .pc = (seL4_Word)entry, .sp = (seL4_Word)stack_top };

	CHECK(tcb && sc);
	CHECK(seL4_TCB_Configure(tcb, cspace_top(), cspace_guard(), seL4_CapInitThreadVSpace, 0, 0,
				 seL4_CapNull) == seL4_NoError);
	CHECK(seL4_SchedControl_ConfigureFlags(board_sched_control(), sc, budget_us, period_us, 0,
					       0, seL4_SchedContext_NoFlag) == seL4_NoError);
	CHECK(seL4_TCB_SetSchedParams(tcb, seL4_CapInitThreadTCB, 0, priority, sc, seL4_CapNull) ==
	      seL4_NoError);
#ifdef CONFIG_HAVE_FPU
	CHECK(seL4_TCB_SetFlags(tcb, 0, seL4_TCBFlag_fpuDisabled).error == seL4_NoError);
#endif
	CHECK(seL4_TCB_WriteRegisters(tcb, true, 0, 2, &regs) == seL4_NoError);
}

static seL4_CPtr badged(struct arena *arena, seL4_Word badge)
{
	seL4_CPtr slot = arena_slot(arena);

	CHECK(slot && cspace_mint(slot, tm.ntfn, seL4_CanWrite, badge) == seL4_NoError);
	return slot;
}

void timer_init(struct arena *arena, seL4_CPtr wake)
{
	tm.wake = wake;
	tm.ntfn = arena_object(arena, seL4_NotificationObject, 0);
	CHECK(tm.ntfn);
	tm.tick = badged(arena, TIMER_EVENT_TICK);
	tm.irq = arena_slot(arena);
	CHECK(tm.irq && seL4_IRQControl_GetTrigger(seL4_CapIRQControl, CNTP_INTID, 0, cspace_top(),
						   tm.irq, seL4_WordBits) == seL4_NoError);
	CHECK(seL4_IRQHandler_SetNotification(tm.irq, badged(arena, TIMER_EVENT_IRQ)) ==
	      seL4_NoError);
	program(UINT64_MAX);
	start_thread(arena, timer_thread, timer_stack + STACK_WORDS, BOARD_PRIO_TIMER, VMM_TICK_US,
		     VMM_TICK_US);
	start_thread(arena, tick_thread, tick_stack + TICK_STACK_WORDS, BOARD_PRIO_TICK,
		     TICK_BUDGET_US, VMM_TICK_US);
}
