// SPDX-License-Identifier: BSD-2-Clause
/* An executable from anywhere: what is accepted is walked, and every byte of its segments read. */
#include <stdlib.h>
#include <string.h>

#include "elf/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *file = aligned_alloc(8, (size + 7) & ~(size_t)7);
	uint64_t sum = 0;
	struct elf_segment s;
	struct elf elf;
	unsigned int at = 0;
	uint64_t end = 0;
	int entry = 0;

	memcpy(file, data, size);
	if (!elf_open(&elf, file, size)) {
		while (elf_next(&elf, &at, &s)) {
			if (s.vaddr < end || s.vaddr < elf.vaddr_low ||
			    s.vaddr + s.memsz > elf.vaddr_high || s.paddr < elf.paddr_low ||
			    s.paddr + s.memsz > elf.paddr_high || s.filesz > s.memsz)
				abort();
			end = s.vaddr + s.memsz;
			entry |= s.exec && elf.entry >= s.vaddr && elf.entry < end;
			for (uint64_t i = 0; i < s.filesz; i++)
				sum += ((const uint8_t *)s.data)[i];
		}
		/* The sum cannot be reached: it only keeps the reads. */
		if (!entry || sum == UINT64_MAX)
			abort();
	}
	free(file);
	return 0;
}
