/* SPDX-License-Identifier: BSD-2-Clause */
/* What Selkie has to know of a board beyond its device tree. */
#ifndef LIB_SYSDESC_BOARD_H
#define LIB_SYSDESC_BOARD_H

#include <stdint.h>

#define SYSDESC_MAX_RESERVED 4u

struct sysdesc_board {
	const char *name; /* MICROKIT_BOARD, and `board` in a description */
	/* RAM that no service-VM can have: of the kernel, the root task, and what comes with them */
	struct {
		uint64_t base, size;
		const char *what;
	} reserved[SYSDESC_MAX_RESERVED];
	unsigned int reserveds;
	/*
	 * RAM behind the package that root's image can reach into (wire/package.h, root_end): what a bank of 4 KiB
	 * granules is cheapest made of. Its size is limited by the slots of seL4's initial CNode.
	 */
	struct {
		uint64_t base, size;
	} image;
	/* RAM that can be a guest's but can not hold kernel objects (a device untyped) */
	struct {
		uint64_t base, size;
	} guest_only;
	/* bytes that must be left to root beside quotas and the books of pages */
	uint64_t root_pool;
	/* INTIDs the kernel can hand out, and the size of a service-VM's distributor */
	uint32_t intids;
	/* INTID of the doorbell of each service-VM: an SPI without a device */
	uint32_t doorbell;
	/* IPA of the window of wire/ctl.h in each service-VM: nothing is there on the board */
	uint64_t window;
};

/* The board called `name`, or NULL. */
const struct sysdesc_board *sysdesc_board_find(const char *name);

/* All boards in turn, index from 0; NULL after the last. */
const struct sysdesc_board *sysdesc_board_get(unsigned int index);

#endif
