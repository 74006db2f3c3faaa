/* SPDX-License-Identifier: BSD-2-Clause */
/* Untyped memory: argument checks, sizes, watermark, reuse, zeroing, device memory. */

#include "abi.h"

#define UT_BITS 16

static struct answer retype(seL4_CPtr ut, seL4_Word type, seL4_Word size_bits, seL4_Word index,
			    seL4_Word depth, seL4_Word offset, seL4_Word count)
{
	return inv(ut, UntypedRetype, CAPS(ROOT_CNODE), type, size_bits, index, depth, offset,
		   count);
}

ABI_TEST(untyped, type_and_size_checks)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, UT_BITS);
	seL4_CPtr s = slot_new();

	expect(try_retype(ut, seL4_ObjectTypeCount, 0, s, 1), seL4_InvalidArgument, 0);
	expect(try_retype(ut, ~0UL, 0, s, 1), seL4_InvalidArgument, 0);
	expect(try_retype(ut, seL4_UntypedObject, 3, s, 1), seL4_InvalidArgument, 1);
	expect(try_retype(ut, seL4_UntypedObject, 48, s, 1), seL4_RangeError, 0, 47);
	expect(try_retype(ut, seL4_UntypedObject, 64, s, 1), seL4_RangeError, 0, 47);
	expect(try_retype(ut, seL4_CapTableObject, 0, s, 1), seL4_InvalidArgument, 1);
	expect(try_retype(ut, seL4_CapTableObject, 59, s, 1), seL4_RangeError, 0, 47);
	expect(try_retype(ut, seL4_SchedContextObject, 6, s, 1), seL4_InvalidArgument, 1);
	expect(try_retype(ut, seL4_UntypedObject, 4, s, 1), 0);
}

ABI_TEST(untyped, destination_checks)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, UT_BITS);
	seL4_CPtr cn = obj_new(seL4_CapTableObject, 4);
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0);
	const seL4_Word t = seL4_EndpointObject;

	/* Destination by address: must be a CNode. */
	expect(retype(ut, t, 0, ep, 64, 0, 1), seL4_FailedLookup, 0, seL4_MissingCapability);
	expect(retype(ut, t, 0, slot_new(), 64, 0, 1), seL4_FailedLookup, 0,
	       seL4_MissingCapability);
	expect(retype(ut, t, 0, 1UL << 40, 64, 0, 1), seL4_FailedLookup, 0, seL4_GuardMismatch);
	expect(retype(ut, t, 0, cn, 65, 0, 1), seL4_RangeError, 1, 64);
	expect(retype(ut, t, 0, cn, 64, 16, 1), seL4_RangeError, 0, 15);
	expect(retype(ut, t, 0, cn, 64, 15, 1), 0);
	expect(retype(ut, t, 0, cn, 64, 15, 1), seL4_DeleteFirst);
	expect(retype(ut, t, 0, cn, 64, 12, 4), seL4_DeleteFirst);
	expect(retype(ut, t, 0, cn, 64, 12, 5), seL4_RangeError, 1, 4);
	expect(retype(ut, t, 0, cn, 64, 12, 3), 0);
}

ABI_TEST(untyped, count_checks)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, UT_BITS);
	seL4_CPtr s = slots_new(257);

	expect(try_retype(ut, seL4_EndpointObject, 0, s, 0), seL4_RangeError, 1, 256);
	expect(try_retype(ut, seL4_EndpointObject, 0, s, 257), seL4_RangeError, 1, 256);
	expect(try_retype(ut, seL4_EndpointObject, 0, s, ~0UL), seL4_RangeError, 1, 256);
	expect(try_retype(ut, seL4_EndpointObject, 0, s, 256), 0);
	check(!cap_is_null(s));
	check(!cap_is_null(s + 255));
	check(cap_is_null(s + 256));
}

/* When several arguments are wrong, the first check in order answers. */
ABI_TEST(untyped, order_of_checks)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 12);
	seL4_CPtr cn = obj_new(seL4_CapTableObject, 4);
	seL4_CPtr bad = slot_new();
	seL4_CPtr dev = boot_untyped(0x40000000, NULL);

	must(retype(ut, seL4_EndpointObject, 0, cn, 64, 0, 1));
	expect(inv(ut, UntypedRetype, NOCAPS, 99), seL4_TruncatedMessage);
	expect(retype(ut, 99, 99, bad, 64, 99, 999), seL4_InvalidArgument, 0);
	expect(retype(ut, seL4_UntypedObject, 99, bad, 64, 99, 999), seL4_RangeError, 0, 47);
	expect(retype(ut, seL4_UntypedObject, 2, bad, 64, 99, 999), seL4_InvalidArgument, 1);
	expect(retype(ut, seL4_UntypedObject, 30, bad, 64, 99, 999), seL4_FailedLookup);
	expect(retype(ut, seL4_UntypedObject, 30, cn, 64, 99, 999), seL4_RangeError, 0, 15);
	expect(retype(ut, seL4_UntypedObject, 30, cn, 64, 0, 999), seL4_RangeError, 1, 256);
	expect(retype(ut, seL4_UntypedObject, 30, cn, 64, 0, 100), seL4_RangeError, 1, 16);
	expect(retype(ut, seL4_UntypedObject, 30, cn, 64, 0, 1), seL4_DeleteFirst);
	expect(retype(ut, seL4_UntypedObject, 30, cn, 64, 1, 1), seL4_NotEnoughMemory);
	/* Device rule last: memory is counted before. */
	expect(retype(dev, seL4_CapTableObject, 30, cn, 64, 1, 1), seL4_NotEnoughMemory);
	expect(retype(dev, seL4_EndpointObject, 0, cn, 64, 1, 1), seL4_InvalidArgument, 1);
}

/* Bytes left in an untyped, as the refusal of too large an object tells. */
static seL4_Word bytes_free(seL4_CPtr ut)
{
	struct answer a = try_retype(ut, seL4_UntypedObject, 40, slot_new(), 1);

	require_eq(a.err, seL4_NotEnoughMemory);
	return a.mr[0];
}

ABI_TEST(untyped, object_sizes)
{
	static const struct {
		const char *name;
		seL4_Word type, arg, bits;
	} obj[] = {
		{ "Untyped 4", seL4_UntypedObject, 4, 4 },
		{ "Untyped 14", seL4_UntypedObject, 14, 14 },
		{ "TCB", seL4_TCBObject, 0, seL4_TCBBits },
		{ "Endpoint", seL4_EndpointObject, 0, 4 },
		{ "Notification", seL4_NotificationObject, 0, 6 },
		{ "CNode 1", seL4_CapTableObject, 1, 6 },
		{ "CNode 8", seL4_CapTableObject, 8, 13 },
		{ "SchedContext 7", seL4_SchedContextObject, 7, 7 },
		{ "SchedContext 10", seL4_SchedContextObject, 10, 10 },
		{ "Reply", seL4_ReplyObject, 0, 5 },
		{ "VSpace", seL4_ARM_VSpaceObject, 0, 13 },
		{ "small page", seL4_ARM_SmallPageObject, 0, 12 },
		{ "large page", seL4_ARM_LargePageObject, 0, 21 },
		{ "page table", seL4_ARM_PageTableObject, 0, 12 },
		{ "VCPU", seL4_ARM_VCPUObject, 0, 12 },
	};
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 22);
	seL4_CPtr s = slot_new();
	seL4_Word used;
	unsigned int i;

	for (i = 0; i < sizeof(obj) / sizeof(obj[0]); i++) {
		must(try_retype(ut, obj[i].type, obj[i].arg, s, 1));
		used = (1UL << 22) - bytes_free(ut);
		if (used != 1UL << obj[i].bits)
			fail_at(__FILE__, __LINE__, "%s takes %lu bytes, expected 2^%lu",
				obj[i].name, used, obj[i].bits);
		cap_delete(s);
	}
	/* The size argument of the fixed sizes is not looked at, except for its range. */
	must(try_retype(ut, seL4_EndpointObject, 20, s, 1));
	check_eq((1UL << 22) - bytes_free(ut), 16);
	expect(try_retype(ut, seL4_EndpointObject, 77, slot_new(), 1), seL4_RangeError, 0, 47);
}

ABI_TEST(untyped, huge_page_needs_a_gibibyte)
{
	expect(try_retype(test_untyped, seL4_ARM_HugePageObject, 0, slot_new(), 1),
	       seL4_NotEnoughMemory);
}

/* The watermark: next object at the next multiple of its size, nothing comes back singly. */
ABI_TEST(untyped, watermark)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, UT_BITS);
	seL4_CPtr ep, frame, frame2, s = slot_new();
	seL4_Word base;

	frame = obj_from(ut, seL4_ARM_SmallPageObject, 0);
	base = frame_paddr(frame);
	check_eq(base & ((1UL << UT_BITS) - 1), 0);
	ep = obj_from(ut, seL4_EndpointObject, 0);
	check_eq(bytes_free(ut), (1UL << UT_BITS) - 4096 - 16);
	frame2 = obj_from(ut, seL4_ARM_SmallPageObject, 0);
	check_eq(frame_paddr(frame2), base + 2 * 4096);
	/* Neither the hole nor a deleted object is used again. */
	cap_delete(ep);
	cap_delete(frame);
	ep = obj_from(ut, seL4_EndpointObject, 0);
	check_eq(bytes_free(ut), (1UL << UT_BITS) - 3 * 4096 - 16);
	cap_delete(ep);
	/* With the last child gone everything is. */
	cap_delete(frame2);
	must(try_retype(ut, seL4_ARM_SmallPageObject, 0, s, 1));
	check_eq(frame_paddr(s), base);
}

ABI_TEST(untyped, exhaustion)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, UT_BITS);
	seL4_CPtr s = slots_new(17);

	expect(try_retype(ut, seL4_ARM_SmallPageObject, 0, s, 17), seL4_NotEnoughMemory,
	       1UL << UT_BITS);
	must(try_retype(ut, seL4_ARM_SmallPageObject, 0, s, 15));
	expect(try_retype(ut, seL4_ARM_SmallPageObject, 0, s + 15, 2), seL4_NotEnoughMemory, 4096);
	must(try_retype(ut, seL4_ARM_SmallPageObject, 0, s + 15, 1));
	expect(try_retype(ut, seL4_EndpointObject, 0, s + 16, 1), seL4_NotEnoughMemory, 0);
	/* A failed call has filled no slot. */
	check(cap_is_null(s + 16));
}

ABI_TEST(untyped, consecutive_objects_in_slot_order)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, UT_BITS);
	seL4_CPtr s = slots_new(8);
	seL4_Word base;
	unsigned int i;

	must(try_retype(ut, seL4_ARM_SmallPageObject, 0, s, 8));
	base = frame_paddr(s);
	for (i = 1; i < 8; i++)
		check_eq(frame_paddr(s + i), base + i * 4096);
}

/* Also the smallest ones are whole again when their last object is gone. */
ABI_TEST(untyped, small_untyped_is_reused)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 8), s = slots_new(17);
	unsigned int i, k;

	for (k = 0; k < 3; k++) {
		must(try_retype(ut, seL4_EndpointObject, 0, s, 16));
		expect(try_retype(ut, seL4_EndpointObject, 0, s + 16, 1), seL4_NotEnoughMemory, 0);
		for (i = 0; i < 16; i++)
			cap_delete(s + i);
	}
}

/* To reach a given physical address: halve as long as needed. */
ABI_TEST(untyped, split_by_halves)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 20);
	seL4_CPtr pair;
	seL4_Word base = frame_paddr(obj_from(ut, seL4_ARM_SmallPageObject, 0)), bits;
	seL4_Word want = 0xab000;

	cap_revoke(ut);
	for (bits = 19; bits >= 12; bits--) {
		pair = slots_new(2);
		must(try_retype(ut, seL4_UntypedObject, bits, pair, 2));
		ut = pair + ((want >> bits) & 1);
	}
	check_eq(frame_paddr(obj_from(ut, seL4_ARM_SmallPageObject, 0)), base + want);
}

ABI_TEST(untyped, nested_untypeds_keep_the_parent_busy)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 13);
	seL4_CPtr sub = obj_from(ut, seL4_UntypedObject, 13);
	seL4_CPtr frame = obj_from(sub, seL4_ARM_SmallPageObject, 0);

	/* The capability between may go; the child then belongs to the grandparent. */
	cap_delete(sub);
	expect(try_retype(ut, seL4_UntypedObject, 13, sub, 1), seL4_NotEnoughMemory, 0);
	check(frame_paddr(frame) != 0);
	cap_revoke(ut);
	check(cap_is_null(frame));
	expect(try_retype(ut, seL4_UntypedObject, 13, sub, 1), 0);
}

ABI_TEST(untyped, memory_is_zero_on_reuse)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 12);
	seL4_CPtr frame = obj_from(ut, seL4_ARM_SmallPageObject, 0);
	volatile seL4_Word *p = map_rw(frame, WIN_TEST);
	unsigned int i;
	seL4_Word or = 0;

	for (i = 0; i < 512; i++)
		or |= p[i];
	check_eq(or, 0);
	for (i = 0; i < 512; i++)
		p[i] = ~0UL;
	cap_delete(frame);
	must(try_retype(ut, seL4_ARM_SmallPageObject, 0, frame, 1));
	p = map_rw(frame, WIN_TEST);
	for (i = 0; i < 512; i++)
		or |= p[i];
	check_eq(or, 0);
	/* The same by way of a revoke, and all of a large page. */
	cap_revoke(ut);
	check(cap_is_null(frame));
}

ABI_TEST(untyped, large_page_is_zero_on_reuse)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 21);
	seL4_CPtr frame = obj_from(ut, seL4_ARM_LargePageObject, 0);
	seL4_CPtr pt = obj_new(seL4_ARM_PageTableObject, 0);
	volatile seL4_Word *p;
	seL4_Word i, or = 0;

	must(try_map_pt(pt, ROOT_VSPACE, FREE_BASE));
	p = map_rw(frame, FREE_BASE);
	for (i = 0; i < 1UL << 18; i += 512)
		p[i] = i + 1;
	p[(1UL << 18) - 1] = 5;
	cap_revoke(ut);
	must(try_retype(ut, seL4_ARM_LargePageObject, 0, frame, 1));
	p = map_rw(frame, FREE_BASE);
	for (i = 0; i < 1UL << 18; i += 512)
		or |= p[i];
	check_eq(or | p[(1UL << 18) - 1], 0);
}

/* RAM shown as a device untyped: addresses are exact, frames keep what is in them. */
ABI_TEST(untyped, device_memory_is_not_cleared)
{
	seL4_CPtr dev = boot_untyped(0x40000000, NULL);
	seL4_CPtr sub = obj_from(dev, seL4_UntypedObject, 20);
	seL4_CPtr skip = obj_from(sub, seL4_UntypedObject, 19);
	seL4_CPtr frame = obj_from(sub, seL4_ARM_SmallPageObject, 0);
	volatile seL4_Word *p = map_rw(frame, WIN_TEST);

	check_eq(frame_paddr(frame), 0x40000000 + (1UL << 19));
	check(!cap_is_null(skip));
	p[7] = 0x5e1f1e;
	cap_revoke(sub);
	must(try_retype(sub, seL4_UntypedObject, 19, skip, 1));
	must(try_retype(sub, seL4_ARM_SmallPageObject, 0, frame, 1));
	p = map_rw(frame, WIN_TEST);
	check_eq(p[7], 0x5e1f1e);
	p[7] = 0;
	cap_delete(frame);
	cap_delete(skip);
	cap_delete(sub);
}

ABI_TEST(untyped, device_memory_holds_frames_only)
{
	static const seL4_Word kernel_objects[] = {
		seL4_TCBObject,	     seL4_EndpointObject,   seL4_NotificationObject,
		seL4_ReplyObject,    seL4_ARM_VSpaceObject, seL4_ARM_PageTableObject,
		seL4_ARM_VCPUObject,
	};
	seL4_CPtr dev = boot_untyped(0x40000000, NULL);
	seL4_CPtr sub = obj_from(dev, seL4_UntypedObject, 22);
	seL4_CPtr s = slot_new();
	unsigned int i;

	for (i = 0; i < sizeof(kernel_objects) / sizeof(kernel_objects[0]); i++)
		expect(try_retype(sub, kernel_objects[i], 0, s, 1), seL4_InvalidArgument, 1);
	expect(try_retype(sub, seL4_CapTableObject, 4, s, 1), seL4_InvalidArgument, 1);
	expect(try_retype(sub, seL4_SchedContextObject, 8, s, 1), seL4_InvalidArgument, 1);
	expect(try_retype(sub, seL4_ARM_LargePageObject, 0, s, 1), 0);
	expect(inv(worker_tcb, TCBSetIPCBuffer, CAPS(s), WIN_TEST), seL4_IllegalOperation);
	cap_delete(s);
	cap_delete(sub);
}

/* Kernel objects start clean whatever was in the memory before. */
ABI_TEST(untyped, objects_are_initialised)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 13);
	seL4_CPtr frame = obj_from(ut, seL4_ARM_SmallPageObject, 0);
	volatile seL4_Word *p = map_rw(frame, WIN_TEST);
	seL4_UserContext r;
	unsigned int i;

	for (i = 0; i < 512; i++)
		p[i] = ~0UL;
	cap_revoke(ut);
	must(try_retype(ut, seL4_TCBObject, 0, frame, 1));
	require_eq(seL4_TCB_ReadRegisters(frame, 0, 0, 36, &r), 0);
	for (i = 0; i < 36; i++) {
		if (i != 2 && ((seL4_Word *)&r)[i])
			fail_at(__FILE__, __LINE__, "register %u is 0x%lx", i,
				((seL4_Word *)&r)[i]);
	}
	check_eq(r.spsr & 0xf, 0);
}
