/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ring words and irq_latch of include/wire/uvm.h: two of the module's contexts make interrupts and requests at the
 * same time; the VMM exchanges the ring word and then the latch.
 *
 * Shown: when everyone has come to rest nothing is left in a word, each interrupt was seen at least once, and the VMM was
 * not woken more often than somebody rang.
 */
#define TIMES 2

byte ring;			/* bit 0: vCPU, bit 1: interrupt */
bool latch[2];
bool bell;
byte bells, wakes;
bool wanted[2], seen[2];

inline ring_or(bits)
{
	atomic {
		if
		:: ring == 0 -> bell = true; bells++
		:: else -> skip
		fi;
		ring = ring | bits
	}
}

proctype source(byte me)
{
	byte n = 0;

	do
	:: n < TIMES ->
		n++;
		/* the previous one may have been merged with this, but not before it was latched */
		atomic { latch[me] = true; wanted[me] = true; seen[me] = false }
		ring_or(2)
	:: else -> break
	od
}

proctype caller()
{
	byte n = 0;

	do
	:: n < TIMES -> n++; ring_or(1)
	:: else -> break
	od
}

active proctype vmm()
{
	byte got, i;
	bool was;

end:	do
	:: bell ->
		bell = false;
		wakes++;
		assert(wakes <= bells);
		atomic { got = ring; ring = 0 }
		if
		:: got & 2 ->
			i = 0;
			do
			:: i < 2 ->
				/* read first, exchange only what is set */
				if
				:: latch[i] ->
					atomic { was = latch[i]; latch[i] = false; seen[i] = seen[i] || was }
				:: else -> skip
				fi;
				i++
			:: else -> break
			od
		:: else -> skip
		fi
	od
}

init {
	atomic {
		run source(0);
		run source(1);
		run caller()
	}
	/* nobody can do anything any more */
	timeout;
	assert(ring == 0 && !bell);
	assert(!latch[0] && !latch[1]);
	assert(seen[0] == wanted[0] && seen[1] == wanted[1])
}
