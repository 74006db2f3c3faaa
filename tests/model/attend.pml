/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread in KVM_RUN, kmod/run.c, kmod/irq.c, kmod/vm.c: it rings for irqfds, lends the processor while its vCPU is busy,
 * and looks at events when its ring or lending returns (include/wire/uvm.h: "who executes", `looks`).
 *
 * Shown: when nobody can do anything any more each interrupt was seen by the VMM, each kick of the guest was taken, and a
 * vCPU that is busy has a thread that is awake; no thread lends for a vCPU that is not busy.
 *
 * The 200 us of late events have always passed: the VMM raises at once what it could raise later.
 */
#define PULSES 2
#define TIMERS 2
#define KICKS 2

#define EVENT_VCPU 1
#define EVENT_KICK 2

bool due;			/* under irq_lock */
bool latch, ring, bell_vmm;
byte event;
bool looks, bell_module;
mtype = { SLEEPS, AWAKE, LENDS };
mtype does = AWAKE;		/* uvm_vcpu.thread */
bool woken;
bool irqs_off, in_irq;		/* at the thread's CPU, the only one */
bool lending, bell_lender;	/* inside of SELKIE_HVC_LEND; a doorbell has ended it */
bool busy, stays;
byte timers, kicks;
bool fired;			/* ioevent_fired */

inline ring_vmm()
{
	atomic {
		if
		:: ring -> skip
		:: else -> ring = true; bell_vmm = true
		fi
	}
}

/* vm_events() */
inline take_events()
{
	atomic {
		if
		:: event & EVENT_KICK -> fired = false
		:: else -> skip
		fi;
		if
		:: event & EVENT_VCPU -> woken = true
		:: else -> skip
		fi;
		event = 0
	}
}

active proctype thread()
{
	bool call;

	do
	:: atomic { call = due; due = false };
		if
		:: call ->
			looks = true;
			ring_vmm();
			looks = false;
			take_events()
		:: else -> skip
		fi;
		/* Others wait for the processor, or it is AWAKE and the vCPU's pause is no news. Linux goes on when it likes. */
		if
		:: busy && !due ->
			atomic { !in_irq; irqs_off = true };
			does = LENDS;
			if
			:: busy && !due ->
				lending = true;
end_lend:			bell_lender || bell_module || due;
				atomic { lending = false; bell_lender = false };
				take_events()
			:: else -> skip
			fi;
			does = AWAKE;
			irqs_off = false
		:: else -> skip
		fi;
		if
		:: due || busy -> skip
		:: else ->
			does = SLEEPS;
			do
			:: woken = false;
				if
				:: due || busy -> break
				:: else -> skip
				fi;
end_sleep:			woken
			od;
			does = AWAKE
		fi
	od
}

/* irqfd_wakeup() */
active proctype source()
{
	byte n = 0;

	do
	:: n < PULSES ->
		n++;
		atomic { latch = true; due = true };
		woken = true
	:: else -> break
	od
}

active proctype doorbell()
{
end:	do
	:: atomic { bell_module && !irqs_off -> in_irq = true };
		bell_module = false;
		take_events();
		in_irq = false
	od
}

#define goes_on busy

inline set_event(bits)
{
	/* who finds the word zero rings */
	bool first;

	atomic { first = event == 0; event = event | bits };
	if
	/* service_doorbell() */
	:: first && (!looks || goes_on) -> atomic {
		if
		:: lending -> bell_lender = true
		:: else -> bell_module = true
		fi }
	:: else -> skip
	fi
}

inline set_busy()
{
	if
	:: busy -> skip
	:: else ->
		busy = true;
		if
		:: does == SLEEPS -> set_event(EVENT_VCPU)
		:: else -> skip
		fi
	fi
}

active proctype vmm()
{
end:	do
	:: bell_vmm ->
		bell_vmm = false;
		ring = false;
		if
		:: latch -> latch = false; set_busy()
		:: else -> skip
		fi
	:: busy && !stays ->
		/* the guest waits, or computes for ever */
		if
		:: busy = false;
			if
			:: does == LENDS -> set_event(EVENT_VCPU)
			:: else -> skip
			fi
		:: stays = true
		fi
	:: busy && kicks < KICKS -> kicks++; fired = true; set_event(EVENT_KICK)
	:: !busy && timers < TIMERS -> timers++; set_busy()
	od
}

init {
	timeout;
	assert(!latch && !due && !bell_vmm);
	assert(event == 0 && !fired);
	assert(!busy || does != SLEEPS);
	assert(!lending || busy)
}
