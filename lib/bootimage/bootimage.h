/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An arm64 Linux Image and where it goes in a VM's RAM (Linux, Documentation/arm64/booting.rst). Pure; root places
 * service-VMs with it, tools/mkimage finds out whether they fit.
 */
#ifndef LIB_BOOTIMAGE_H
#define LIB_BOOTIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bootimage {
	uint64_t text_offset; /* from a 2 MiB boundary */
	uint64_t size; /* bytes in RAM from text_offset on, BSS included; at least the file's */
};

/* The header is read from `file` (any alignment, `size` bytes). Returns NULL, or a sentence part that says what is wrong. */
const char *bootimage_open(struct bootimage *image, const void *file, uint64_t size);

struct bootimage_layout {
	uint64_t kernel; /* IPA of the Image: entry point of vCPU 0 */
	uint64_t dtb; /* IPA, within one 2 MiB block: x0 of vCPU 0 */
	uint64_t initrd; /* IPA, page aligned; 0 without */
	uint64_t end; /* behind the last of them */
};

#define BOOTIMAGE_MAX_DTB UINT64_C(0x200000)

/*
 * Lay out kernel, device tree (room of dtb_size bytes, at most BOOTIMAGE_MAX_DTB) and initrd (0: none) in the bank
 * base..base + size - 1. Returns false when they do not fit; layout->end then says which end the bank would need, or is
 * UINT64_MAX when no bank would do.
 */
bool bootimage_place(struct bootimage_layout *layout, const struct bootimage *image, uint64_t base,
		     uint64_t size, uint64_t dtb_size, uint64_t initrd_size);

#endif
