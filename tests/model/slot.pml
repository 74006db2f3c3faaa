/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vCPU slot of include/wire/uvm.h: owner, request, kick, ring and event, with the VMM of vmm/uvm.c and vmm/loop.c.
 *
 * Shown: module and guest never use the registers at the same time; a kick brings the vCPU back whatever the guest does
 * (no state in which everyone waits), also when the module looks at owner itself for a while (`quiet`); an exit that
 * raced with a kick is delivered.
 *
 * A guest decides at each run whether it will exit by itself, so a lost kick or wake-up leaves everybody waiting, which
 * Spin reports as an invalid end state.
 */
#define RUNS 3

#define MODULE 0
#define VMM 1

byte owner = MODULE;
bool kick;
bool quiet;			/* the module looks at owner itself: no event */
bool ring, event;		/* one bit each is enough for one vCPU */
bool bell_vmm, bell_module;	/* notification and interrupt: sticky */

bool executing;			/* the vCPU's thread runs guest code */
bool faulted;			/* its fault message is queued or held */
bool will_exit;
byte exits, intrs;

inline ring_vmm()
{
	atomic {
		if
		:: ring -> skip		/* someone rang already and it has not been taken */
		:: else -> ring = true; bell_vmm = true
		fi
	}
}

inline raise_event()
{
	atomic {
		if
		:: event -> skip
		:: else -> event = true; bell_module = true
		fi
	}
}

active proctype module()
{
	byte n = 0;
	bool kicked, woken;

	do
	:: n < RUNS ->
		n++;
		/* owns the slot: registers are settled */
		assert(owner == MODULE && !executing);
		kick = false;
		kicked = false;
		quiet = true;
		owner = VMM;
		ring_vmm();
		do
		:: quiet && owner == MODULE -> break
		:: quiet ->
			/* about to sleep */
			quiet = false;
			if
			:: owner == MODULE -> break
			:: else -> skip
			fi
		:: !quiet && bell_module ->
			bell_module = false;
			/* interrupt handler: take the word, then look what it stands for */
			atomic { woken = event; event = false }
			if
			:: woken && owner == MODULE -> break
			:: else -> skip
			fi
		:: !quiet && !kicked ->
			/* a signal for the thread */
			kicked = true;
			kick = true;
			ring_vmm()
		od;
		assert(!executing)
	:: else -> break
	od
}

active proctype vmm()
{
	bool owned = false, due = false, held = false, got;

end:	do
	:: bell_vmm || faulted && !held ->
		/* Recv: the notification comes first */
		if
		:: bell_vmm ->
			bell_vmm = false;
			atomic { got = ring; ring = false }
			if
			:: got && !due ->
				if
				:: !owned && owner == VMM -> owned = true
				:: else -> skip
				fi;
				if
				:: owned && kick -> owned = false; due = true; intrs++
				:: else -> skip
				fi
			:: else -> skip
			fi
		:: else ->
			held = true;
			/* an abort: also when a kick made an INTR due, which it replaces */
			owned = false;
			due = true;
			exits++
		fi;
		/* settle */
		if
		:: owned && !executing ->
			assert(owner == VMM);
			held = false;
			atomic {
				faulted = false;
				if
				:: will_exit = true
				:: will_exit = false
				fi;
				executing = true
			}
		:: else -> skip
		fi;
		/* suspend; NBRecv comes first, so an exit that is queued already is handled before anything is given back */
		atomic {
			if
			:: executing && !owned -> executing = false
			:: else -> skip
			fi
		};
		if
		:: due && !executing && (!faulted || held) ->
			due = false;
			assert(owner == VMM);
			owner = MODULE;
			if
			:: quiet -> skip
			:: else -> raise_event()
			fi
		:: else -> skip
		fi
	od
}

active proctype guest()
{
end:	do
	:: atomic { executing && will_exit -> assert(owner == VMM); executing = false; faulted = true }
	od
}
