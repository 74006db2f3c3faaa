/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kicks of include/wire/uvm.h, "rings and events": the VMM keeps UVM_EVENT_IOEVENT back while the guest goes on, until the
 * guest waits, a deadline passes, or an event that can not wait goes out. The module exchanges the event word and then `fired`.
 *
 * Shown: when everyone has come to rest nothing is left in a word and every kick was seen by the module; the doorbell rings only
 * for a word that was empty.
 */
#define KICKS 3

byte event;			/* bit 0: vCPU, bit 1: ioeventfd */
bool fired, bell;
byte kicks, seen;		/* kicks made, and those that the module knows of */

inline raise(bits)
{
	atomic {
		if
		:: event == 0 -> assert(!bell); bell = true
		:: else -> skip
		fi;
		event = event | bits
	}
}

active proctype vmm()
{
	bool later, deadline, waits;

	do
	:: kicks < KICKS && !waits ->
		/* a store that matches; the guest goes on */
		atomic { kicks++; fired = true }
		later = true;
		deadline = true
	:: deadline ->
		/* the timer service; its event may also come for nothing */
		deadline = false;
		if
		:: later -> later = false; raise(2)
		:: else -> skip
		fi
	:: !waits && kicks < KICKS ->
		/* another exit: the slot goes back */
		if
		:: later -> later = false; raise(3)
		:: else -> raise(1)
		fi
	:: !waits ->
		waits = true;
		if
		:: later -> later = false; raise(2)
		:: else -> skip
		fi
	:: waits && kicks < KICKS -> waits = false
	:: waits && kicks == KICKS && !deadline -> break
	od;
	assert(!later)
}

active proctype module()
{
	byte got;

end:	do
	:: bell ->
		bell = false;
		atomic { got = event; event = 0 }
		if
		:: got & 2 ->
			atomic { if :: fired -> fired = false; seen = kicks :: else -> skip fi }
		:: else -> skip
		fi
	od
}

init {
	timeout;
	assert(event == 0 && !bell && !fired && seen == KICKS)
}
