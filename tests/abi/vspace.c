/* SPDX-License-Identifier: BSD-2-Clause */
/* Address spaces: page tables, mappings, attributes, ASIDs, cache maintenance. */

#include "abi.h"
#include "string/string.h"

#define TOP (1UL << 40)
#define V 0x12345000UL /* a page in an address space of the test */
#define ATTR seL4_ARM_Default_VMAttributes
#define ATTR_XN (seL4_ARM_Default_VMAttributes | seL4_ARM_ExecuteNever)

extern const char frag_load[], frag_store[], frag_jump[], frag_spin[];

static seL4_CPtr page(void)
{
	return obj_new(seL4_ARM_SmallPageObject, 0);
}

static seL4_CPtr table(void)
{
	return obj_new(seL4_ARM_PageTableObject, 0);
}

/* --- mapping rules ------------------------------------------------------------------------------ */

ABI_TEST(vspace, missing_tables)
{
	seL4_CPtr vs = vspace_new(), f = page(), big = obj_new(seL4_ARM_LargePageObject, 0);

	expect(try_map(f, vs, V, RIGHT_RW, ATTR), seL4_FailedLookup, 0, seL4_MissingCapability, 30);
	expect(try_map(big, vs, 0x12200000, RIGHT_RW, ATTR), seL4_FailedLookup, 0,
	       seL4_MissingCapability, 30);
	must(try_map_pt(table(), vs, V));
	expect(try_map(f, vs, V, RIGHT_RW, ATTR), seL4_FailedLookup, 0, seL4_MissingCapability, 21);
	expect(try_map(big, vs, 0x12200000, RIGHT_RW, ATTR), 0);
	must(try_map_pt(table(), vs, V + 0x200000));
	expect(try_map(f, vs, V + 0x200000, RIGHT_RW, ATTR), 0);
}

ABI_TEST(vspace, page_and_block_collide)
{
	seL4_CPtr vs = vspace_new(), big = obj_new(seL4_ARM_LargePageObject, 0);

	must(try_map_pt(table(), vs, V));
	must(try_map_pt(table(), vs, V));
	/* A 2 MiB page where a table is. */
	expect(try_map(big, vs, V & ~0x1fffffUL, RIGHT_RW, ATTR), seL4_FailedLookup, 0,
	       seL4_MissingCapability, 12);
	/* A table where a 2 MiB page is, a third table, a page below a 2 MiB page. */
	must(try_map(big, vs, 0x12800000, RIGHT_RW, ATTR));
	expect(try_map_pt(table(), vs, 0x12800000), seL4_DeleteFirst);
	expect(try_map_pt(table(), vs, V), seL4_DeleteFirst);
	expect(try_map(page(), vs, 0x12800000, RIGHT_RW, ATTR), seL4_FailedLookup, 0,
	       seL4_MissingCapability, 21);
}

ABI_TEST(vspace, address_checks)
{
	seL4_CPtr vs = vspace_new(), f = page(), big = obj_new(seL4_ARM_LargePageObject, 0);

	expect(try_map(f, vs, V + 0x100, RIGHT_RW, ATTR), seL4_AlignmentError);
	expect(try_map(big, vs, 0x12345000, RIGHT_RW, ATTR), seL4_AlignmentError);
	expect(try_map(f, vs, TOP, RIGHT_RW, ATTR), seL4_InvalidArgument, 0);
	expect(try_map(f, vs, ~0xfffUL, RIGHT_RW, ATTR), seL4_InvalidArgument, 0);
	expect(try_map_pt(table(), vs, TOP), seL4_InvalidArgument, 0);
	expect(try_map(f, vs, TOP - 4096, RIGHT_RW, ATTR), seL4_FailedLookup);
	/* A page table takes any address of its range. */
	expect(try_map_pt(table(), vs, V + 0x123), 0);
}

ABI_TEST(vspace, capability_checks)
{
	seL4_CPtr raw = obj_new(seL4_ARM_VSpaceObject, 0), f = page(), pt = table();

	expect(try_map(f, raw, V, RIGHT_RW, ATTR), seL4_InvalidCapability, 1);
	expect(try_map_pt(pt, raw, V), seL4_InvalidCapability, 1);
	expect(try_map(f, ROOT_CNODE, V, RIGHT_RW, ATTR), seL4_InvalidCapability, 1);
	expect(try_map(f, 0, V, RIGHT_RW, ATTR), seL4_InvalidCapability, 1);
	expect(try_map_pt(pt, f, V), seL4_InvalidCapability, 1);
	expect(try_map(f, pt, V, RIGHT_RW, ATTR), seL4_InvalidCapability, 1);
}

ABI_TEST(vspace, frame_is_mapped_once)
{
	seL4_CPtr vs = vspace_new(), f = page(), copy;

	map_rw(f, WIN_TEST);
	expect(try_map(f, vs, V, RIGHT_RW, ATTR), seL4_InvalidCapability, 1);
	expect(try_map(f, ROOT_VSPACE, WIN_TEST + 4096, RIGHT_RW, ATTR), seL4_InvalidArgument, 0);
	/* The same place again is a change of rights or attributes. */
	expect(try_map(f, ROOT_VSPACE, WIN_TEST, RIGHT_READ, ATTR), 0);
	/* A copy comes out unmapped. */
	copy = cap_copy(f, RIGHT_ALL);
	expect(try_map(copy, ROOT_VSPACE, WIN_TEST + 4096, RIGHT_RW, ATTR), 0);
	/* Unmapped, it may go anywhere. */
	must(inv(f, ARMPageUnmap, NOCAPS));
	expect(try_map(f, ROOT_VSPACE, WIN_TEST + 8192, RIGHT_RW, ATTR), 0);
	expect(inv(page(), ARMPageUnmap, NOCAPS), 0);
}

ABI_TEST(vspace, one_frame_in_several_places)
{
	seL4_CPtr f = page(), vs = vspace_new(), c;
	volatile seL4_Word *a = map_rw(f, WIN_TEST);
	volatile seL4_Word *b = map_rw(cap_copy(f, RIGHT_ALL), WIN_TEST + 4096);

	must(try_map_pt(table(), vs, V));
	must(try_map_pt(table(), vs, V));
	c = cap_copy(f, RIGHT_ALL);
	must(try_map(c, vs, V, RIGHT_RW, ATTR));
	*a = 0x1234;
	check_eq(*b, 0x1234);
	check_eq(frame_paddr(c), frame_paddr(f));
}

/* --- access through a mapping: a thread that faults ------------------------------------------------ */

static seL4_CPtr ep, reply;
static volatile seL4_Word flag;

/* Run @code with x0..x2 and say what came: a fault message, or label 0 after the flag was set. */
static struct msg touch(const char *code, seL4_Word x0, seL4_Word x1, seL4_Word x2)
{
	seL4_UserContext r = { .pc = (seL4_Word)code, .x0 = x0, .x1 = x1, .x2 = x2 };
	struct thread_cfg cfg = { .prio = 90, .stopped = true };
	struct msg m = { 0, 0, { 0, 0, 0, 0 } };
	struct thread t;

	ep = obj_new(seL4_EndpointObject, 0);
	reply = obj_new(seL4_ReplyObject, 0);
	cfg.fault_ep = ep;
	flag = 0;
	thread_start(&t, &cfg);
	require_eq(seL4_TCB_WriteRegisters(t.tcb, 1, 0, 36, &r), 0);
	sleep_ms(2);
	m = sys_nbwait(ep);
	must(inv(t.tcb, TCBSuspend, NOCAPS));
	return m;
}

#define store(addr) touch(frag_store, addr, 0x77, (seL4_Word)(&flag))
#define load(addr) touch(frag_load, addr, (seL4_Word)(&flag), 0)
#define jump(addr) touch(frag_jump, addr, 0, 0)

static void expect_vm_fault(struct msg m, seL4_Word addr, seL4_Word fetch, seL4_Word esr)
{
	check_eq(INFO_LABEL(m.info), seL4_Fault_VMFault);
	check_eq(INFO_LEN(m.info), 4);
	check_eq(m.mr[1], addr);
	check_eq(m.mr[2], fetch);
	check_eq(m.mr[3], esr);
}

ABI_TEST(vspace, rights)
{
	seL4_CPtr f = page();
	volatile seL4_Word *p = map_rw(f, WIN_TEST);
	struct msg m;

	*p = 0x11;
	check_eq(INFO_LABEL(store(WIN_TEST).info), 0);
	check_eq(*p, 0x77);
	must(try_map(f, ROOT_VSPACE, WIN_TEST, RIGHT_READ, ATTR));
	m = store(WIN_TEST);
	expect_vm_fault(m, WIN_TEST, 0, 0x93c1804f);
	check_eq(m.mr[0], (seL4_Word)frag_store);
	check_eq(flag, 0);
	check_eq(INFO_LABEL(load(WIN_TEST).info), 0);
	check_eq(flag, 0x77);
	/* Write without read, and nothing at all: no access. */
	must(try_map(f, ROOT_VSPACE, WIN_TEST, RIGHT_WRITE, ATTR));
	expect_vm_fault(store(WIN_TEST), WIN_TEST, 0, 0x93c1804f);
	expect_vm_fault(load(WIN_TEST), WIN_TEST, 0, 0x93c2800f);
	must(try_map(f, ROOT_VSPACE, WIN_TEST, 0, ATTR));
	expect_vm_fault(load(WIN_TEST), WIN_TEST, 0, 0x93c2800f);
}

/* The rights of the capability bound those asked for. */
ABI_TEST(vspace, rights_of_the_capability)
{
	seL4_CPtr ro = cap_copy(page(), RIGHT_READ);

	must(try_map(ro, ROOT_VSPACE, WIN_TEST, RIGHT_RW, ATTR));
	expect_vm_fault(store(WIN_TEST), WIN_TEST, 0, 0x93c1804f);
	check_eq(INFO_LABEL(load(WIN_TEST).info), 0);
}

ABI_TEST(vspace, execute_never)
{
	seL4_CPtr f = page();
	void *p = (void *)map_rw(f, WIN_TEST);

	/* "b ." */
	*(volatile uint32_t *)p = 0x14000000;
	must(inv(f, ARMPageUnify_Instruction, NOCAPS, 0, 4096));
	check_eq(INFO_LABEL(jump(WIN_TEST).info), 0);
	must(try_map(f, ROOT_VSPACE, WIN_TEST, RIGHT_RW, ATTR_XN));
	expect_vm_fault(jump(WIN_TEST), WIN_TEST, 1, 0x8200000f);
	expect_vm_fault(jump(WIN_TEST + 0x3000), WIN_TEST + 0x3000, 1, 0x82000007);
	expect_vm_fault(jump(FREE_BASE), FREE_BASE, 1, 0x82000005);
}

ABI_TEST(vspace, nothing_beyond_the_top)
{
	struct msg m = load(TOP);

	check_eq(INFO_LABEL(m.info), seL4_Fault_VMFault);
	m = load(TOP - 8);
	check_eq(INFO_LABEL(m.info), seL4_Fault_VMFault);
	check_eq(m.mr[1], TOP - 8);
}

ABI_TEST(vspace, attributes)
{
	static const seL4_Word attr[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	seL4_CPtr f = page();
	volatile seL4_Word *p = (volatile seL4_Word *)WIN_TEST;
	unsigned int i;

	for (i = 0; i < sizeof(attr) / sizeof(attr[0]); i++) {
		expect(try_map(f, ROOT_VSPACE, WIN_TEST, RIGHT_RW, attr[i]), 0);
		*p = i;
		check_eq(*p, i);
	}
}

/* --- unmapping: by call, by delete, by revoke, by replacement --------------------------------------- */

static bool mapped(seL4_Word addr)
{
	return INFO_LABEL(load(addr).info) != seL4_Fault_VMFault;
}

ABI_TEST(vspace, unmap_and_delete_take_the_mapping_away)
{
	seL4_CPtr f = page(), copy = cap_copy(f, RIGHT_ALL);

	map_rw(f, WIN_TEST);
	map_rw(copy, WIN_TEST + 4096);
	must(inv(f, ARMPageUnmap, NOCAPS));
	check(!mapped(WIN_TEST));
	check(mapped(WIN_TEST + 4096));
	/* Not the last capability, yet its own mapping goes. */
	cap_delete(copy);
	check(!mapped(WIN_TEST + 4096));
	map_rw(f, WIN_TEST);
	check(mapped(WIN_TEST));
}

ABI_TEST(vspace, revoke_unmaps_everywhere)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 14);
	seL4_CPtr f = obj_from(ut, seL4_ARM_SmallPageObject, 0);
	seL4_CPtr a = cap_copy(f, RIGHT_ALL), b = cap_copy(a, RIGHT_READ);

	map_rw(f, WIN_TEST);
	map_rw(a, WIN_TEST + 4096);
	must(try_map(b, ROOT_VSPACE, WIN_TEST + 8192, RIGHT_READ, ATTR));
	cap_revoke(f);
	check(mapped(WIN_TEST));
	check(!mapped(WIN_TEST + 4096));
	check(!mapped(WIN_TEST + 8192));
	cap_revoke(ut);
	check(!mapped(WIN_TEST));
	check(cap_is_null(f));
}

ABI_TEST(vspace, later_mapping_replaces_the_older)
{
	seL4_CPtr old = page(), new = page();
	volatile seL4_Word *p = map_rw(old, WIN_TEST);

	*p = 1;
	expect(try_map(new, ROOT_VSPACE, WIN_TEST, RIGHT_RW, ATTR), 0);
	check_eq(*p, 0);
	*p = 2;
	/* Neither Unmap nor deletion of the older one touches the newer. */
	must(inv(old, ARMPageUnmap, NOCAPS));
	check(mapped(WIN_TEST));
	map_rw(old, WIN_TEST + 4096);
	check_eq(*(volatile seL4_Word *)(WIN_TEST + 4096), 1);
	map_rw(cap_copy(old, RIGHT_ALL), WIN_TEST + 8192);
	cap_delete(old);
	check(mapped(WIN_TEST));
	check_eq(*p, 2);
}

ABI_TEST(vspace, page_table_goes_with_its_pages)
{
	seL4_CPtr pt1 = table(), pt2 = table(), f = page();

	must(try_map_pt(pt1, ROOT_VSPACE, FREE_BASE));
	must(try_map_pt(pt2, ROOT_VSPACE, FREE_BASE));
	map_rw(f, FREE_BASE);
	check(mapped(FREE_BASE));
	must(inv(pt2, ARMPageTableUnmap, NOCAPS));
	check(!mapped(FREE_BASE));
	/* The frame's capability keeps its data; its Unmap is a no-op, then it can be mapped. */
	must(inv(f, ARMPageUnmap, NOCAPS));
	must(try_map_pt(pt2, ROOT_VSPACE, FREE_BASE));
	/* An unmapped table is empty. */
	check(!mapped(FREE_BASE));
	map_rw(f, FREE_BASE);
	check(mapped(FREE_BASE));
	cap_delete(pt1);
	check(!mapped(FREE_BASE));
	expect(try_map(cap_copy(f, RIGHT_ALL), ROOT_VSPACE, FREE_BASE, RIGHT_RW, ATTR),
	       seL4_FailedLookup, 0, seL4_MissingCapability, 30);
}

ABI_TEST(vspace, page_table_is_mapped_once)
{
	seL4_CPtr pt = table(), vs = vspace_new(), copy;

	must(try_map_pt(pt, vs, V));
	expect(try_map_pt(pt, vs, V), seL4_InvalidCapability, 0);
	expect(try_map_pt(pt, vs, 0x80000000), seL4_InvalidCapability, 0);
	copy = cap_copy(pt, RIGHT_ALL);
	expect(inv(copy, ARMPageTableUnmap, NOCAPS), seL4_RevokeFirst);
	cap_delete(copy);
	expect(inv(pt, ARMPageTableUnmap, NOCAPS), 0);
	expect(try_map_pt(pt, vs, 0x80000000), 0);
}

/* --- large and huge pages ---------------------------------------------------------------------------- */

ABI_TEST(vspace, large_page)
{
	seL4_CPtr f = obj_new(seL4_ARM_LargePageObject, 0), pt = table();
	volatile seL4_Word *p;

	check_eq(frame_paddr(f) & 0x1fffff, 0);
	must(try_map_pt(pt, ROOT_VSPACE, FREE_BASE));
	p = map_rw(f, FREE_BASE + 0x200000);
	p[0] = 1;
	p[0x3ffff] = 2;
	check_eq(p[0x3ffff], 2);
	must(inv(f, ARMPageUnmap, NOCAPS));
	check(!mapped(FREE_BASE + 0x200000));
	check(!mapped(FREE_BASE + 0x3ffff8));
}

ABI_TEST(vspace, huge_page_needs_no_table)
{
	seL4_CPtr dev = boot_untyped(0xc0000000, NULL), vs = vspace_new(), f;

	f = obj_from(dev, seL4_ARM_HugePageObject, 0);
	check_eq(frame_paddr(f), 0xc0000000);
	expect(try_map(f, vs, 0x40000000, RIGHT_RW, 0), 0);
	expect(try_map_pt(table(), vs, 0x40000000), seL4_DeleteFirst);
	must(inv(f, ARMPageUnmap, NOCAPS));
	expect(try_map_pt(table(), vs, 0x40000000), 0);
	expect(try_map(f, vs, 0x40000000, RIGHT_RW, 0), seL4_FailedLookup, 0,
	       seL4_MissingCapability, 21);
	cap_delete(f);
}

/* --- ASIDs --------------------------------------------------------------------------------------------- */

ABI_TEST(vspace, asid_assign)
{
	seL4_CPtr vs = obj_new(seL4_ARM_VSpaceObject, 0), f = page();
	seL4_CPtr pool = seL4_CapInitThreadASIDPool;

	expect(inv(pool, ARMASIDPoolAssign, CAPS(f)), seL4_InvalidCapability, 1);
	expect(inv(pool, ARMASIDPoolAssign, CAPS(0)), seL4_InvalidCapability, 1);
	expect(inv(pool, ARMASIDPoolAssign, CAPS(vs)), 0);
	expect(inv(pool, ARMASIDPoolAssign, CAPS(vs)), seL4_InvalidCapability, 1);
	expect(inv(pool, ARMASIDPoolAssign, CAPS(ROOT_VSPACE)), seL4_InvalidCapability, 1);
}

ABI_TEST(vspace, asid_make_pool)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 12), small = obj_new(seL4_UntypedObject, 11);
	seL4_CPtr busy = obj_new(seL4_UntypedObject, 12), pool = slot_new(), vs;
	seL4_CPtr ctl = seL4_CapASIDControl;

	obj_from(busy, seL4_EndpointObject, 0);
	expect(inv(ctl, ARMASIDControlMakePool, CAPS(small, ROOT_CNODE), pool, 64),
	       seL4_InvalidCapability, 1);
	expect(inv(ctl, ARMASIDControlMakePool, CAPS(page(), ROOT_CNODE), pool, 64),
	       seL4_InvalidCapability, 1);
	expect(inv(ctl, ARMASIDControlMakePool, CAPS(busy, ROOT_CNODE), pool, 64),
	       seL4_RevokeFirst);
	expect(inv(ctl, ARMASIDControlMakePool, CAPS(ut, ROOT_CNODE), ut, 64), seL4_DeleteFirst);
	expect(inv(ctl, ARMASIDControlMakePool, CAPS(ut, ROOT_CNODE), pool, 64), 0);
	vs = obj_new(seL4_ARM_VSpaceObject, 0);
	expect(inv(pool, ARMASIDPoolAssign, CAPS(vs)), 0);
	must(try_map_pt(table(), vs, V));
	/* With the pool its address spaces lose their ASID. */
	cap_revoke(ut);
	check(cap_is_null(pool));
	expect(try_map(page(), vs, V, RIGHT_RW, ATTR), seL4_FailedLookup);
}

/* ASIDs come back: many more address spaces, one after the other, than a pool has room for. */
ABI_TEST(vspace, asids_are_given_back)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 13), s = slot_new();
	unsigned int i;

	for (i = 0; i < 600; i++) {
		must(try_retype(ut, seL4_ARM_VSpaceObject, 0, s, 1));
		must(inv(seL4_CapInitThreadASIDPool, ARMASIDPoolAssign, CAPS(s)));
		cap_delete(s);
	}
}

ABI_TEST(vspace, asid_pool_exhaustion)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 12), pool = slot_new();
	seL4_CPtr s = slots_new(513);
	unsigned int i;

	must(inv(seL4_CapASIDControl, ARMASIDControlMakePool, CAPS(ut, ROOT_CNODE), pool, 64));
	for (i = 0; i < 513; i += 171)
		must(try_retype(test_untyped, seL4_ARM_VSpaceObject, 0, s + i, 171));
	for (i = 0; i < 512; i++)
		must(inv(pool, ARMASIDPoolAssign, CAPS(s + i)));
	expect(inv(pool, ARMASIDPoolAssign, CAPS(s + 512)), seL4_DeleteFirst);
	cap_delete(s + 100);
	expect(inv(pool, ARMASIDPoolAssign, CAPS(s + 512)), 0);
}

/* A thread keeps its address space although the capability it was configured with is gone. */
static void store_and_signal(void *arg)
{
	(void)arg;
	sys_signal(1);
	for (;;)
		;
}

ABI_TEST(vspace, thread_in_its_own_address_space)
{
	seL4_CPtr vs = vspace_new(), cn = obj_new(seL4_CapTableObject, 2);
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0), b = cap_mint(n, RIGHT_WRITE, 9);
	seL4_Word code = (seL4_Word)store_and_signal & ~0xfffUL;
	struct thread t;
	unsigned int i;

	must(inv(cn, CNodeCopy, CAPS(ROOT_CNODE), 1, 2, b, 64, RIGHT_WRITE));
	must(try_map_pt(table(), vs, code));
	must(try_map_pt(table(), vs, code));
	for (i = 0; i < 2; i++)
		must(try_map(cap_copy(image_frame((void *)(code + i * 4096)), RIGHT_READ), vs,
			     code + i * 4096, RIGHT_READ, ATTR));
	thread_start(&t, &(struct thread_cfg){ .fn = store_and_signal,
					       .prio = 90,
					       .vspace = vs,
					       .cspace = cn,
					       .cspace_data = 62,
					       .stopped = true });
	cap_delete(vs);
	must(inv(t.tcb, TCBResume, NOCAPS));
	check_eq(sys_wait(n).badge, 9);
}

/* --- addresses and cache maintenance ----------------------------------------------------------------------- */

ABI_TEST(vspace, page_flush_checks)
{
	static const seL4_Word labels[] = { ARMPageClean_Data, ARMPageInvalidate_Data,
					    ARMPageCleanInvalidate_Data, ARMPageUnify_Instruction };
	seL4_CPtr f = page();
	unsigned int i;

	for (i = 0; i < 4; i++)
		expect(inv(f, labels[i], NOCAPS, 0, 4096), seL4_IllegalOperation);
	map_rw(f, WIN_TEST);
	for (i = 0; i < 4; i++) {
		expect(inv(f, labels[i], NOCAPS, 0, 4096), 0);
		expect(inv(f, labels[i], NOCAPS, 64, 128), 0);
		expect(inv(f, labels[i], NOCAPS, 128, 64), seL4_InvalidArgument, 1);
		expect(inv(f, labels[i], NOCAPS, 64, 64), seL4_InvalidArgument, 1);
		expect(inv(f, labels[i], NOCAPS, 0, 4097), seL4_InvalidArgument, 0);
		expect(inv(f, labels[i], NOCAPS, 4096, 4097), seL4_InvalidArgument, 0);
	}
}

ABI_TEST(vspace, vspace_flush_checks)
{
	static const seL4_Word labels[] = { ARMVSpaceClean_Data, ARMVSpaceInvalidate_Data,
					    ARMVSpaceCleanInvalidate_Data,
					    ARMVSpaceUnify_Instruction };
	seL4_CPtr vs = obj_new(seL4_ARM_VSpaceObject, 0);
	unsigned int i;

	map_rw(page(), WIN_TEST);
	map_rw(page(), WIN_TEST + 4096);
	for (i = 0; i < 4; i++) {
		expect(inv(ROOT_VSPACE, labels[i], NOCAPS, WIN_TEST, WIN_TEST + 4096), 0);
		expect(inv(ROOT_VSPACE, labels[i], NOCAPS, WIN_TEST + 64, WIN_TEST + 128), 0);
		/* Not over a page boundary; nothing where nothing is; no empty range. */
		expect(inv(ROOT_VSPACE, labels[i], NOCAPS, WIN_TEST, WIN_TEST + 4097),
		       seL4_RangeError, WIN_TEST, WIN_TEST + 4095);
		expect(inv(ROOT_VSPACE, labels[i], NOCAPS, FREE_BASE, FREE_BASE + 64), 0);
		expect(inv(ROOT_VSPACE, labels[i], NOCAPS, WIN_TEST, WIN_TEST),
		       seL4_InvalidArgument, 1);
		expect(inv(ROOT_VSPACE, labels[i], NOCAPS, TOP - 64, TOP + 64),
		       seL4_IllegalOperation);
		expect(inv(vs, labels[i], NOCAPS, WIN_TEST, WIN_TEST + 64), seL4_InvalidCapability,
		       0);
	}
}

/* Cache instructions by address are open to EL0. */
ABI_TEST(vspace, maintenance_from_el0)
{
	volatile seL4_Word *p = map_rw(page(), WIN_TEST);

	*p = 5;
	__asm__ volatile("dc cvac, %0\n\tdc civac, %0\n\tdc cvau, %0\n\tdsb ish\n\t"
			 "ic ivau, %0\n\tdsb ish\n\tisb" ::"r"(p)
			 : "memory");
	check_eq(*p, 5);
}

ABI_TEST(vspace, get_address_of_unmapped_frame)
{
	seL4_CPtr f = page();
	seL4_Word pa = frame_paddr(f);

	check_eq(pa & 0xfff, 0);
	map_rw(f, WIN_TEST);
	check_eq(frame_paddr(f), pa);
	check_eq(frame_paddr(uart_frame), 0x09000000);
}
