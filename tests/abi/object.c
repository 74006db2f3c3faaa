/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects, capabilities and threads for the tests. */

#include "abi.h"
#include "string/string.h"

#define THREADS 12
#define THREAD_STACK 4096

static char stacks[THREADS][THREAD_STACK] __attribute__((aligned(16)));
static union {
	seL4_IPCBuffer buf;
	char page[4096];
} buffers[THREADS] __attribute__((aligned(4096)));

/* --- capabilities --------------------------------------------------------------------------- */

struct answer try_copy(seL4_CPtr dst, seL4_CPtr src, seL4_Word rights)
{
	return inv(ROOT_CNODE, CNodeCopy, CAPS(ROOT_CNODE), dst, ROOT_DEPTH, src, ROOT_DEPTH,
		   rights);
}

struct answer try_mint(seL4_CPtr dst, seL4_CPtr src, seL4_Word rights, seL4_Word badge)
{
	return inv(ROOT_CNODE, CNodeMint, CAPS(ROOT_CNODE), dst, ROOT_DEPTH, src, ROOT_DEPTH,
		   rights, badge);
}

struct answer try_retype(seL4_CPtr ut, seL4_Word type, seL4_Word size_bits, seL4_CPtr dst,
			 seL4_Word count)
{
	return inv(ut, UntypedRetype, CAPS(ROOT_CNODE), type, size_bits, 0, 0, dst, count);
}

struct answer try_map(seL4_CPtr frame, seL4_CPtr vspace, seL4_Word vaddr, seL4_Word rights,
		      seL4_Word attr)
{
	return inv(frame, ARMPageMap, CAPS(vspace), vaddr, rights, attr);
}

struct answer try_map_pt(seL4_CPtr pt, seL4_CPtr vspace, seL4_Word vaddr)
{
	return inv(pt, ARMPageTableMap, CAPS(vspace), vaddr, seL4_ARM_Default_VMAttributes);
}

seL4_CPtr obj_from(seL4_CPtr ut, seL4_Word type, seL4_Word size_bits)
{
	seL4_CPtr slot = slot_new();

	must(try_retype(ut, type, size_bits, slot, 1));
	return slot;
}

seL4_CPtr obj_new(seL4_Word type, seL4_Word size_bits)
{
	return obj_from(test_untyped, type, size_bits);
}

seL4_CPtr cap_copy(seL4_CPtr src, seL4_Word rights)
{
	seL4_CPtr slot = slot_new();

	must(try_copy(slot, src, rights));
	return slot;
}

seL4_CPtr cap_mint(seL4_CPtr src, seL4_Word rights, seL4_Word badge)
{
	seL4_CPtr slot = slot_new();

	must(try_mint(slot, src, rights, badge));
	return slot;
}

void cap_delete(seL4_CPtr slot)
{
	must(inv(ROOT_CNODE, CNodeDelete, NOCAPS, slot, ROOT_DEPTH));
}

void cap_revoke(seL4_CPtr slot)
{
	must(inv(ROOT_CNODE, CNodeRevoke, NOCAPS, slot, ROOT_DEPTH));
}

bool cap_is_null(seL4_CPtr slot)
{
	seL4_CPtr probe = slot_new();
	struct answer a = try_copy(probe, slot, RIGHT_ALL);

	if (!a.err)
		cap_delete(probe);
	return a.err == seL4_FailedLookup;
}

seL4_CPtr image_frame(const volatile void *addr)
{
	seL4_Word off = (seL4_Word)addr - (seL4_Word)image_start;

	return bootinfo->userImageFrames.start + (off >> seL4_PageBits);
}

seL4_Word frame_paddr(seL4_CPtr frame)
{
	struct answer a = inv(frame, ARMPageGetAddress, NOCAPS);

	must(a);
	return a.mr[0];
}

seL4_CPtr boot_untyped(seL4_Word paddr, const seL4_UntypedDesc **desc)
{
	seL4_Word i;

	for (i = 0; i < bootinfo->untyped.end - bootinfo->untyped.start; i++) {
		const seL4_UntypedDesc *d = &bootinfo->untypedList[i];

		if (paddr < d->paddr || (paddr - d->paddr) >> d->sizeBits)
			continue;
		if (desc)
			*desc = d;
		return bootinfo->untyped.start + i;
	}
	return 0;
}

volatile seL4_Word *map_rw(seL4_CPtr frame, seL4_Word vaddr)
{
	must(try_map(frame, ROOT_VSPACE, vaddr, RIGHT_RW, seL4_ARM_Default_VMAttributes));
	return (volatile seL4_Word *)vaddr;
}

seL4_CPtr vspace_new(void)
{
	seL4_CPtr v = obj_new(seL4_ARM_VSpaceObject, 0);

	must(inv(seL4_CapInitThreadASIDPool, ARMASIDPoolAssign, CAPS(v)));
	return v;
}

void spin_us(seL4_Word n)
{
	seL4_Word end = now() + us(n);

	while (now() < end)
		;
}

/* --- threads ----------------------------------------------------------------------------------- */

static unsigned int thread_count;

void object_reuse(void)
{
	thread_count = 0;
	guest_reuse();
}

void object_reset(void)
{
	thread_count = 0;
	guest_reset();
}

void thread_exit(void)
{
	for (;;)
		sys_wait(never_ntfn);
}

seL4_IPCBuffer *thread_buffer(const struct thread *t)
{
	return &buffers[t->idx].buf;
}

seL4_Word thread_pc(const struct thread *t)
{
	struct answer a = inv(t->tcb, TCBReadRegisters, NOCAPS, 0, 1);

	must(a);
	return a.mr[0];
}

void thread_start(struct thread *t, const struct thread_cfg *cfg)
{
	seL4_CPtr cspace = cfg->cspace ? cfg->cspace : ROOT_CNODE;
	seL4_CPtr vspace = cfg->vspace ? cfg->vspace : ROOT_VSPACE;
	seL4_Word period = cfg->period ? cfg->period : 10000;
	seL4_Word budget = cfg->budget ? cfg->budget : period;

	require(thread_count < THREADS);
	t->idx = thread_count++;
	memset(&buffers[t->idx], 0, sizeof(buffers[t->idx]));

	t->tcb = obj_new(seL4_TCBObject, 0);
	must(inv(t->tcb, TCBConfigure,
		 CAPS(cspace, vspace, cfg->buffer ? image_frame(&buffers[t->idx]) : 0),
		 cfg->cspace_data, 0, cfg->buffer ? (seL4_Word)&buffers[t->idx] : 0));
	t->sc = 0;
	if (!cfg->passive) {
		t->sc = obj_new(seL4_SchedContextObject, 8);
		must(inv(bootinfo->schedcontrol.start, SchedControlConfigureFlags, CAPS(t->sc),
			 budget, period, cfg->extra_refills, cfg->sc_badge, 0));
	}
	must(inv(t->tcb, TCBSetSchedParams, CAPS(seL4_CapInitThreadTCB, t->sc, cfg->fault_ep), 255,
		 cfg->prio));
	must(inv(t->tcb, TCBWriteRegisters, NOCAPS, cfg->stopped ? 0 : 1, 4, (seL4_Word)cfg->fn,
		 (seL4_Word)(stacks[t->idx] + THREAD_STACK), 0, (seL4_Word)cfg->arg));
}
