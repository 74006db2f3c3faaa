// SPDX-License-Identifier: BSD-2-Clause
#include "elf/elf.h"

#include "string/string.h"

/* ELF-64 object file format, version 1.5, and ELF for the Arm 64-bit Architecture. */
#define EI_CLASS 4
#define EI_DATA 5
#define ELFCLASS64 2
#define ELFDATA2LSB 1
#define ET_EXEC 2
#define EM_AARCH64 183
#define PT_LOAD 1
#define PT_DYNAMIC 2
#define PT_INTERP 3
#define PF_X 1u
#define PF_W 2u
#define MAX_HEADERS 64

struct elf64_header {
	unsigned char ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf64_phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

_Static_assert(sizeof(struct elf64_header) == 64, "gABI");
_Static_assert(sizeof(struct elf64_phdr) == 56, "gABI");

static const struct elf64_phdr *phdr(const struct elf *elf, unsigned int i)
{
	const struct elf64_header *h = elf->image;

	return (const struct elf64_phdr *)((const char *)elf->image + h->phoff) + i;
}

static const char *check_header(const struct elf64_header *h, uint64_t size)
{
	if (size < sizeof(*h) || memcmp(h->ident, "\177ELF", 4) != 0)
		return "is not an ELF file";
	if (h->ident[EI_CLASS] != ELFCLASS64 || h->ident[EI_DATA] != ELFDATA2LSB ||
	    h->machine != EM_AARCH64 || h->type != ET_EXEC)
		return "is not a static 64-bit little-endian Arm executable";
	if (h->phentsize != sizeof(struct elf64_phdr) || h->phnum == 0 || h->phnum > MAX_HEADERS ||
	    h->phoff % sizeof(uint64_t) || h->phoff > size ||
	    h->phnum * sizeof(struct elf64_phdr) > size - h->phoff)
		return "has a bad program header table";
	return NULL;
}

/* Check a segment that is to be loaded, `end`: where the one before it ends. */
static const char *check_segment(const struct elf64_phdr *p, uint64_t size, uint64_t end)
{
	if (p->filesz > p->memsz || p->offset > size || p->filesz > size - p->offset)
		return "has a segment outside of the file";
	if (p->memsz > UINT64_MAX - p->vaddr || p->memsz > UINT64_MAX - p->paddr)
		return "has a segment that wraps around";
	if (p->vaddr < end)
		return "has segments that overlap or do not ascend";
	return NULL;
}

static void add_range(uint64_t begin, uint64_t size, uint64_t *low, uint64_t *high)
{
	if (begin < *low)
		*low = begin;
	if (begin + size > *high)
		*high = begin + size;
}

const char *elf_open(struct elf *elf, const void *image, uint64_t size)
{
	const struct elf64_header *h = image;
	const char *wrong = check_header(h, size);
	bool entry_ok = false;

	if (wrong)
		return wrong;
	*elf = (struct elf){ .image = image,
			     .size = size,
			     .entry = h->entry,
			     .vaddr_low = UINT64_MAX,
			     .paddr_low = UINT64_MAX,
			     .headers = h->phnum };
	for (unsigned int i = 0; i < elf->headers; i++) {
		const struct elf64_phdr *p = phdr(elf, i);

		if (p->type == PT_DYNAMIC || p->type == PT_INTERP)
			return "is not linked statically";
		if (p->type != PT_LOAD || p->memsz == 0)
			continue;
		wrong = check_segment(p, size, elf->vaddr_high);
		if (wrong)
			return wrong;
		add_range(p->vaddr, p->memsz, &elf->vaddr_low, &elf->vaddr_high);
		add_range(p->paddr, p->memsz, &elf->paddr_low, &elf->paddr_high);
		if ((p->flags & PF_X) && h->entry - p->vaddr < p->memsz)
			entry_ok = true;
	}
	return entry_ok ? NULL : "has its entry point outside of its executable segments";
}

bool elf_next(const struct elf *elf, unsigned int *index, struct elf_segment *seg)
{
	while (*index < elf->headers) {
		const struct elf64_phdr *p = phdr(elf, (*index)++);

		if (p->type != PT_LOAD || p->memsz == 0)
			continue;
		*seg = (struct elf_segment){ .vaddr = p->vaddr,
					     .paddr = p->paddr,
					     .memsz = p->memsz,
					     .data = (const char *)elf->image + p->offset,
					     .filesz = p->filesz,
					     .write = p->flags & PF_W,
					     .exec = p->flags & PF_X };
		return true;
	}
	return false;
}
