/* SPDX-License-Identifier: BSD-2-Clause */
/* What the initial task finds: registers, BootInfo, initial capabilities, untyped list. */

#include "abi.h"

#define PAGE 4096UL
#define FDT_MAGIC_LE 0xedfe0dd0U

ABI_TEST(bootinfo, entry_registers)
{
	unsigned int i;

	check_eq(entry_regs[0], (seL4_Word)bootinfo);
	for (i = 1; i < 34; i++) {
		/* x18 is the register the values were saved with. */
		if (i != 18 && entry_regs[i] != 0)
			fail_at(__FILE__, __LINE__, "register %u is 0x%lx at entry", i,
				entry_regs[i]);
	}
}

ABI_TEST(bootinfo, layout_of_the_first_pages)
{
	seL4_Word end = (seL4_Word)image_end;

	check_eq(bootinfo->ipcBuffer, end);
	check_eq(bootinfo, end + PAGE);
	check_eq((seL4_Word)&bootinfo->extraLen - (seL4_Word)bootinfo, 0);
	check_eq((seL4_Word)&bootinfo->ipcBuffer - (seL4_Word)bootinfo, 32);
	check_eq((seL4_Word)&bootinfo->empty - (seL4_Word)bootinfo, 40);
	check_eq((seL4_Word)&bootinfo->schedcontrol - (seL4_Word)bootinfo, 152);
	check_eq((seL4_Word)&bootinfo->untyped - (seL4_Word)bootinfo, 168);
	check_eq((seL4_Word)&bootinfo->untypedList - (seL4_Word)bootinfo, 184);
}

ABI_TEST(bootinfo, scalars)
{
	check_eq(bootinfo->nodeID, 0);
	check_eq(bootinfo->numNodes, 1);
	check_eq(bootinfo->numIOPTLevels, 0);
	check_eq(bootinfo->initThreadCNodeSizeBits, 17);
	check_eq(bootinfo->initThreadDomain, 0);
	check_eq(bootinfo->schedcontrol.end - bootinfo->schedcontrol.start, 1);
	check_eq(bootinfo->empty.end, 1UL << 17);
}

ABI_TEST(bootinfo, ranges_are_disjoint)
{
	const seL4_SlotRegion r[] = { bootinfo->userImagePaging, bootinfo->extraBIPages,
				      bootinfo->schedcontrol,	 bootinfo->userImageFrames,
				      bootinfo->untyped,	 bootinfo->empty };
	const unsigned int n = sizeof(r) / sizeof(r[0]);
	unsigned int i, k;

	for (i = 0; i < n; i++) {
		check(r[i].start <= r[i].end);
		check(r[i].start == r[i].end || r[i].start >= seL4_NumInitialCaps);
		for (k = i + 1; k < n; k++) {
			if (r[i].start < r[k].end && r[k].start < r[i].end)
				fail_at(__FILE__, __LINE__, "ranges %u and %u overlap", i, k);
		}
	}
}

ABI_TEST(bootinfo, image_frames_in_address_order)
{
	seL4_Word n = ((seL4_Word)image_end - (seL4_Word)image_start) / PAGE;
	seL4_Word i, first, pa;

	require_eq(bootinfo->userImageFrames.end - bootinfo->userImageFrames.start, n);
	first = frame_paddr(bootinfo->userImageFrames.start);
	for (i = 0; i < n; i++) {
		pa = frame_paddr(bootinfo->userImageFrames.start + i);
		if (pa != first + i * PAGE) {
			fail_at(__FILE__, __LINE__, "page %lu at 0x%lx, first at 0x%lx", i, pa,
				first);
			return;
		}
	}
}

/* An unknown label tells a capability (error 3) from an empty slot (error 2, capability 0). */
ABI_TEST(bootinfo, initial_slots)
{
	static const struct {
		seL4_CPtr slot;
		bool null;
	} slots[] = {
		{ seL4_CapNull, true },
		{ seL4_CapInitThreadTCB, false },
		{ seL4_CapInitThreadCNode, false },
		{ seL4_CapInitThreadVSpace, false },
		{ seL4_CapIRQControl, false },
		{ seL4_CapASIDControl, false },
		{ seL4_CapInitThreadASIDPool, false },
		{ 7, true },
		{ 8, true },
		{ seL4_CapBootInfoFrame, false },
		{ seL4_CapInitThreadIPCBuffer, false },
		{ seL4_CapDomain, false },
		{ 12, true },
		{ 13, true },
		{ seL4_CapInitThreadSC, false },
		{ seL4_CapSMC, false },
	};
	unsigned int i;
	struct answer a;

	for (i = 0; i < sizeof(slots) / sizeof(slots[0]); i++) {
		a = inv(slots[i].slot, 0xfff, NOCAPS);
		if (slots[i].null ? a.err == seL4_InvalidCapability && a.mr[0] == 0 :
				    a.err == seL4_IllegalOperation)
			continue;
		fail_at(__FILE__, __LINE__, "slot %lu: observed error %lu (%lu)", slots[i].slot,
			a.err, a.mr[0]);
	}
}

ABI_TEST(bootinfo, empty_slots_are_empty)
{
	expect(inv(slot_new(), 0xfff, NOCAPS), seL4_InvalidCapability, 0);
	expect(inv(bootinfo->empty.end - 1, 0xfff, NOCAPS), seL4_InvalidCapability, 0);
}

ABI_TEST(bootinfo, frames_of_the_first_pages)
{
	seL4_Word last = frame_paddr(bootinfo->userImageFrames.end - 1);

	/* Distinct pages, none of them part of the image. */
	check(frame_paddr(seL4_CapInitThreadIPCBuffer) != frame_paddr(seL4_CapBootInfoFrame));
	check(frame_paddr(seL4_CapInitThreadIPCBuffer) > last ||
	      frame_paddr(seL4_CapInitThreadIPCBuffer) <
		      frame_paddr(bootinfo->userImageFrames.start));
}

ABI_TEST(bootinfo, untyped_list)
{
	seL4_Word n = bootinfo->untyped.end - bootinfo->untyped.start;
	const seL4_UntypedDesc *d, *e;
	seL4_Word i, k, ram = 0;

	require(n > 0 && n <= CONFIG_MAX_NUM_BOOTINFO_UNTYPED_CAPS);
	for (i = 0; i < n; i++) {
		d = &bootinfo->untypedList[i];
		check(d->sizeBits >= seL4_MinUntypedBits && d->sizeBits <= seL4_MaxUntypedBits);
		check_eq(d->paddr & ((1UL << d->sizeBits) - 1), 0);
		check(d->isDevice <= 1);
		if (!d->isDevice) {
			ram += 1UL << d->sizeBits;
			check(d->paddr >= 0x60000000 &&
			      d->paddr + (1UL << d->sizeBits) <= 0xc0000000);
		}
		for (k = i + 1; k < n; k++) {
			e = &bootinfo->untypedList[k];
			if (d->paddr < e->paddr + (1UL << e->sizeBits) &&
			    e->paddr < d->paddr + (1UL << d->sizeBits))
				fail_at(__FILE__, __LINE__, "0x%lx/%u overlaps 0x%lx/%u", d->paddr,
					d->sizeBits, e->paddr, e->sizeBits);
		}
	}
	/* 1.5 GiB less kernel, this program, its device tree and the 4 MiB root CNode. */
	check_in(ram >> 20, 1500, 1536);
}

ABI_TEST(bootinfo, device_untypeds)
{
	static const struct {
		seL4_Word paddr;
		bool there;
	} at[] = {
		{ 0x00000000, true },	{ 0x08000000, false }, { 0x08010000, false },
		{ 0x08030000, false },	{ 0x08040000, true },  { 0x08041000, true },
		{ 0x09000000, true },	{ 0x0a000000, true },  { 0x10000000, true },
		{ 0x40000000, true },	{ 0x5ffff000, true },  { 0xc0000000, true },
		{ 0xfffffff000, true },
	};
	const seL4_UntypedDesc *d = NULL;
	unsigned int i;

	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		if (!!boot_untyped(at[i].paddr, &d) != at[i].there)
			fail_at(__FILE__, __LINE__, "0x%lx: untyped expected %d", at[i].paddr,
				at[i].there);
		else if (at[i].there && !d->isDevice)
			fail_at(__FILE__, __LINE__, "0x%lx: not a device", at[i].paddr);
	}
	require(boot_untyped(0x40000000, &d) != 0);
	check_eq(d->paddr, 0x40000000);
	check_eq(d->sizeBits, 29);
	require(boot_untyped(0x08040000, &d) != 0);
	check_eq(d->paddr, 0x08040000);
	check_eq(d->sizeBits, 18);
}

ABI_TEST(bootinfo, device_tree_chunk)
{
	seL4_Word off = PAGE, end = PAGE + bootinfo->extraLen;
	const seL4_BootInfoHeader *h;
	bool fdt = false;

	require(bootinfo->extraLen > 0);
	while (off < end) {
		h = (const void *)((const char *)bootinfo + off);
		require(h->len >= sizeof(*h) && off + h->len <= end);
		if (h->id == SEL4_BOOTINFO_HEADER_FDT) {
			fdt = true;
			check_eq(*(const uint32_t *)(h + 1), FDT_MAGIC_LE);
		} else {
			check_eq(h->id, SEL4_BOOTINFO_HEADER_PADDING);
		}
		off += h->len;
	}
	check_eq(off, end);
	check(fdt);
	check(bootinfo->extraBIPages.end - bootinfo->extraBIPages.start >=
	      (bootinfo->extraLen + PAGE - 1) / PAGE);
}
