/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Static ELF64 executables for AArch64 (System V gABI, AAELF64): checking, and walking the loadable segments. Pure.
 * The file may be hostile, but must not change between elf_open() and the last use.
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include <stdbool.h>
#include <stdint.h>

struct elf_segment {
	uint64_t vaddr;
	uint64_t paddr;
	uint64_t memsz; /* >= filesz */
	const void *data;
	uint64_t filesz;
	bool write;
	bool exec;
};

struct elf {
	const void *image;
	uint64_t size;
	uint64_t entry;
	uint64_t vaddr_low; /* lowest and end of the highest PT_LOAD, bytes */
	uint64_t vaddr_high;
	uint64_t paddr_low;
	uint64_t paddr_high;
	uint16_t headers;
};

/*
 * Check an image of `size` bytes (8-byte aligned). Returns NULL and fills *elf, or a sentence part that says what is
 * wrong. After success segments with memory exist, each has its data in the image and does not wrap, they ascend by
 * vaddr without overlap, and the entry point lies in an executable one.
 */
const char *elf_open(struct elf *elf, const void *image, uint64_t size);

/* The next PT_LOAD from header *index on (start with 0); false when there is none. */
bool elf_next(const struct elf *elf, unsigned int *index, struct elf_segment *seg);

#endif
