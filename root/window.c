// SPDX-License-Identifier: BSD-2-Clause
#include "root/window.h"

#include "root/log.h"
#include "string/string.h"

/* Far from root's image and package, which begin at 16 MiB. */
#define WINDOW_PAGE UINT64_C(0x1000000000) /* one page */
#define WINDOW_DEVICE (WINDOW_PAGE + WIRE_PAGE_SIZE)
#define WINDOW_LARGE (WINDOW_PAGE + BLOCK_SIZE) /* one large frame */
#define WINDOW_VM (WINDOW_PAGE + 2 * BLOCK_SIZE)

static struct vspace own;

void window_init(struct arena *arena)
{
	vspace_init_root(&own, arena);
	CHECK(vspace_pages_ready(&own, WINDOW_PAGE));
	for (uint64_t va = WINDOW_VM;
	     va < WINDOW_VM + WINDOW_VMS * WINDOW_VM_PAGES * WIRE_PAGE_SIZE; va += BLOCK_SIZE)
		CHECK(vspace_pages_ready(&own, va));
}

static uint64_t line_size(unsigned int shift)
{
	uint64_t ctr;

	/* CTR_EL0: DminLine [19:16], IminLine [3:0], log2 of words */
	asm("mrs %0, ctr_el0" : "=r"(ctr));
	return UINT64_C(4) << ((ctr >> shift) & 15);
}

#define CTR_DMINLINE_SHIFT 16
#define CTR_IMINLINE_SHIFT 0

static void clean(uint64_t va, uint64_t size)
{
	uint64_t line = line_size(CTR_DMINLINE_SHIFT);

	for (uint64_t a = va & ~(line - 1); a < va + size; a += line)
		asm volatile("dc cvac, %0" : : "r"(a) : "memory");
	asm volatile("dsb sy" : : : "memory");
}

static void write_at(seL4_CPtr frame, uint64_t va, uint64_t offset, const void *src, uint64_t size)
{
	CHECK(vspace_map_ready(own.cap, frame, va, VSPACE_W) == seL4_NoError);
	memcpy((void *)(va + offset), src, size);
	clean(va + offset, size);
	CHECK(seL4_ARM_Page_Unmap(frame) == seL4_NoError);
}

void window_write(seL4_CPtr frame, uint64_t offset, const void *src, uint64_t size)
{
	CHECK(offset <= WIRE_PAGE_SIZE && size <= WIRE_PAGE_SIZE - offset);
	write_at(frame, WINDOW_PAGE, offset, src, size);
}

void window_write_large(seL4_CPtr frame, uint64_t offset, const void *src, uint64_t size)
{
	CHECK(offset <= BLOCK_SIZE && size <= BLOCK_SIZE - offset);
	write_at(frame, WINDOW_LARGE, offset, src, size);
}

void *window_map(seL4_CPtr frame, unsigned int vm, unsigned int page)
{
	uint64_t va = WINDOW_VM + ((uint64_t)vm * WINDOW_VM_PAGES + page) * WIRE_PAGE_SIZE;

	CHECK(vm < WINDOW_VMS && page < WINDOW_VM_PAGES);
	CHECK(vspace_map_ready(own.cap, frame, va, VSPACE_W) == seL4_NoError);
	return (void *)va;
}

volatile void *window_device(seL4_CPtr frame)
{
	CHECK(vspace_map_ready(own.cap, frame, WINDOW_DEVICE, VSPACE_W | VSPACE_DEVICE) ==
	      seL4_NoError);
	return (volatile void *)WINDOW_DEVICE;
}

void window_device_done(seL4_CPtr frame)
{
	CHECK(seL4_ARM_Page_Unmap(frame) == seL4_NoError);
}

void window_sync_code(const void *start, uint64_t size)
{
	uint64_t va = (uint64_t)start;
	uint64_t dline = line_size(CTR_DMINLINE_SHIFT), iline = line_size(CTR_IMINLINE_SHIFT);

	for (uint64_t a = va & ~(dline - 1); a < va + size; a += dline)
		asm volatile("dc cvau, %0" : : "r"(a) : "memory");
	asm volatile("dsb ish" : : : "memory");
	for (uint64_t a = va & ~(iline - 1); a < va + size; a += iline)
		asm volatile("ic ivau, %0" : : "r"(a) : "memory");
	asm volatile("dsb ish\n\tisb" : : : "memory");
}
