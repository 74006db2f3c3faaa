/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The little the loader wants of the board's device tree (Devicetree Specification 0.4). Pure; reads nothing
 * outside of the tree whatever it holds, and needs no MMU: all its loads are aligned words or bytes.
 */
#ifndef LOADER_BOARD_FDT_H
#define LOADER_BOARD_FDT_H

#include <stddef.h>
#include <stdint.h>

#define BOARD_FDT_MEMORIES 8u

enum board_fdt_status {
	BOARD_FDT_OK,
	BOARD_FDT_NONE, /* no device tree at this address */
	BOARD_FDT_BAD, /* unknown version, or its blocks are out of bounds or malformed */
	BOARD_FDT_NO_MEMORY, /* no RAM in it */
};

enum board_psci {
	BOARD_PSCI_NONE,
	BOARD_PSCI_SMC,
	BOARD_PSCI_HVC,
};

struct board_fdt {
	uint32_t size; /* totalsize */
	uint32_t used; /* bytes from the start that hold anything */
	struct {
		uint64_t base;
		uint64_t size;
	} memory[BOARD_FDT_MEMORIES];
	uint32_t memories;
	uint64_t uart; /* PL011 that /chosen/stdout-path names directly below the root, or 0 */
	enum board_psci psci;
};

/* The largest tree that is looked at. */
#define BOARD_FDT_MAX (UINT32_C(2) << 20)

/* Read the 8-byte aligned tree at `fdt`. Memory beyond the eighth range is left unused. */
enum board_fdt_status board_fdt_scan(const void *fdt, struct board_fdt *board);

/* Give the copy of a tree another totalsize, not below `used`. */
void board_fdt_resize(void *fdt, uint32_t size);

const char *board_fdt_text(enum board_fdt_status status);

#endif
