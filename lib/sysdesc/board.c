// SPDX-License-Identifier: BSD-2-Clause
#include "sysdesc/board.h"

#include <stddef.h>
#include "string/string.h"

#define MIB UINT64_C(0x100000)

static const struct sysdesc_board boards[] = {
	{
		/* QEMU virt,gic-version=2 with 2 GiB */
		.name = "qemu_virt_aarch64",
		.reserved = {
			{ 0x60000000, 64 * MIB, "the kernel, the root task and the boot package" },
			{ 0xbf000000, 16 * MIB, "what the kernel makes at boot" },
		},
		.reserveds = 2,
		.image = { 0x64000000, 384 * MIB },
		.guest_only = { 0x40000000, 512 * MIB },
		.root_pool = 32 * MIB,
		.intids = 160,
		.doorbell = 159,
		.window = UINT64_C(0x3000000000),
	},
};

#define BOARDS (sizeof(boards) / sizeof(boards[0]))

const struct sysdesc_board *sysdesc_board_get(unsigned int index)
{
	return index < BOARDS ? &boards[index] : NULL;
}

const struct sysdesc_board *sysdesc_board_find(const char *name)
{
	for (unsigned int i = 0; i < BOARDS; i++)
		if (strcmp(boards[i].name, name) == 0)
			return &boards[i];
	return NULL;
}
