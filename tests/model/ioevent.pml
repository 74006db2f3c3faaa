/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ioeventfd table of include/wire/uvm.h: the module removes an entry and puts another in its place, the VMM copies
 * under the sequence lock and matches the guest's stores in its copy.
 *
 * Shown: the copy in use is never torn; once the module has seen its generation acknowledged and drained
 * `fired`, the removed entry does not fire any more; the acknowledgement comes.
 */
#define OLD 1
#define NEW 2

byte addr = OLD, data = OLD;	/* the entry: both words belong together */
byte generation, seen;
bool bell_vmm;
bool fired_old, fired_new;
bool removed;			/* the ioctl that removed OLD has returned */
byte edits;

active proctype module()
{
	do
	:: edits < 2 ->
		edits++;
		generation++;
		addr = NEW;
		data = NEW;
		generation++;
		bell_vmm = true;
		/* the VMM rings back when it changed `seen` */
		(seen == generation);
		/* drain */
		atomic { fired_old = false; removed = true }
		if
		:: edits < 2 ->
			/* back again */
			removed = false;
			generation++;
			addr = OLD;
			data = OLD;
			generation++;
			bell_vmm = true
		:: else -> skip
		fi
	:: else -> break
	od
}

active proctype vmm()
{
	byte copy_addr = OLD, copy_data = OLD, copy_gen = 0;
	byte a, d, g, tries;
	byte stores = 0;

end:	do
	:: bell_vmm ->
		bell_vmm = false;
		tries = 0;
		do
		:: tries < 2 ->
			tries++;
			g = generation;
			if
			:: g & 1 -> break	/* being edited: it rings when done */
			:: g == copy_gen -> break
			:: else -> skip
			fi;
			a = addr;
			d = data;
			if
			:: generation == g ->
				copy_addr = a;
				copy_data = d;
				copy_gen = g;
				break
			:: else -> skip		/* torn, not used */
			fi
		:: else -> break
		od;
		if
		:: !(copy_gen & 1) && copy_gen == g -> seen = copy_gen
		:: else -> skip
		fi
	:: stores < 3 ->
		/* a store by the guest */
		stores++;
		assert(copy_addr == copy_data);
		if
		:: copy_addr == OLD ->
			assert(!removed);
			fired_old = true
		:: else -> fired_new = true
		fi
	od
}
