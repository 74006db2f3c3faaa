// SPDX-License-Identifier: BSD-2-Clause
#include "root/board.h"

#include "root/cspace.h"
#include "root/log.h"

extern char __image_start[];

static struct {
	const seL4_BootInfo *bi;
	struct {
		uint64_t paddr;
		seL4_CPtr frame;
	} device[BOARD_DEVICE_PAGES];
	unsigned int devices;
	uint64_t base; /* physical address of root's image */
	uint64_t spare, spare_end; /* physical, the part of it that nobody uses */
} board;

void board_init(const seL4_BootInfo *bi)
{
	board.bi = bi;
	CHECK(bi->schedcontrol.end > bi->schedcontrol.start);
}

seL4_CPtr board_image_frame(const void *p)
{
	seL4_Word page = ((uintptr_t)p - (uintptr_t)__image_start) >> seL4_PageBits;

	CHECK(page < board.bi->userImageFrames.end - board.bi->userImageFrames.start);
	return board.bi->userImageFrames.start + page;
}

uint64_t board_image_after(const void *p)
{
	seL4_Word pages = board.bi->userImageFrames.end - board.bi->userImageFrames.start;
	seL4_Word before = ((uintptr_t)p - (uintptr_t)__image_start) >> seL4_PageBits;

	return before < pages ? (pages - before) << seL4_PageBits : 0;
}

void board_image_spare(const void *end)
{
	seL4_ARM_Page_GetAddress_t start =
		seL4_ARM_Page_GetAddress(board.bi->userImageFrames.start);

	CHECK(start.error == seL4_NoError);
	board.base = start.paddr;
	board.spare = start.paddr + ((uintptr_t)end - (uintptr_t)__image_start);
	board.spare_end = board.spare + board_image_after(end);
}

seL4_CPtr board_spare_frames(uint64_t paddr, uint64_t size)
{
	if (paddr < board.spare || paddr >= board.spare_end || size > board.spare_end - paddr)
		return 0;
	return board.bi->userImageFrames.start + ((paddr - board.base) >> seL4_PageBits);
}

seL4_CPtr board_device_page(uint64_t paddr)
{
	seL4_CPtr frame, untyped;
	uint16_t node;

	for (unsigned int i = 0; i < board.devices; i++)
		if (board.device[i].paddr == paddr)
			return board.device[i].frame;
	if (board.devices == BOARD_DEVICE_PAGES)
		return 0;
	untyped = untyped_take_at(paddr, seL4_PageBits, &node);
	if (!untyped)
		return 0;
	frame = cspace_slot_alloc();
	if (!frame ||
	    seL4_Untyped_Retype(untyped, seL4_ARM_SmallPageObject, 0, seL4_CapInitThreadCNode, 0, 0,
				frame, 1) != seL4_NoError) {
		if (frame)
			cspace_slot_free(frame);
		untyped_give_at(node);
		return 0;
	}
	board.device[board.devices].paddr = paddr;
	board.device[board.devices++].frame = frame;
	return frame;
}

seL4_CPtr board_sched_control(void)
{
	return board.bi->schedcontrol.start;
}

const void *board_fdt(uint32_t *size)
{
	const char *p = (const char *)board.bi + seL4_BootInfoFrameSize;
	const char *end = p + board.bi->extraLen;

	while (p + sizeof(seL4_BootInfoHeader) <= end) {
		const seL4_BootInfoHeader *h = (const seL4_BootInfoHeader *)p;

		if (h->len < sizeof(*h) || h->len > (seL4_Word)(end - p))
			return NULL;
		if (h->id == SEL4_BOOTINFO_HEADER_FDT) {
			*size = (uint32_t)(h->len - sizeof(*h));
			return h + 1;
		}
		p += h->len;
	}
	return NULL;
}
