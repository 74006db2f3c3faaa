// SPDX-License-Identifier: BSD-2-Clause
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "elf/elf.h"
#include "tests/unit/tap.h"

#define HEADERS 4
#define DATA_OFFSET 0x200
#define FILE_SIZE 0x400

/* As the C library describes the format, which lib/elf does not use. */
struct file {
	Elf64_Ehdr e;
	Elf64_Phdr p[HEADERS];
	uint8_t rest[FILE_SIZE - sizeof(Elf64_Ehdr) - HEADERS * sizeof(Elf64_Phdr)];
};

static const struct file good = {
	.e = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_AARCH64,
		.e_version = EV_CURRENT,
		.e_entry = 0x8000000004,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = HEADERS,
	},
	.p = {
		{ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W },
		{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = DATA_OFFSET,
		  .p_vaddr = 0x8000000000, .p_paddr = 0x60001000, .p_filesz = 0x80, .p_memsz = 0x80 },
		{ .p_type = PT_LOAD, .p_offset = UINT64_MAX, .p_filesz = 0, .p_memsz = 0 },
		{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = DATA_OFFSET + 0x100,
		  .p_vaddr = 0x8000003000, .p_paddr = 0x60000000, .p_filesz = 0x100, .p_memsz = 0x345 },
	},
};

static void test_good(void)
{
	struct file f = good;
	struct elf elf;
	struct elf_segment s;
	unsigned int at = 0;

	ok(!elf_open(&elf, &f, sizeof(f)), "accepted");
	ok(elf.entry == 0x8000000004, "entry point");
	ok(elf.vaddr_low == 0x8000000000 && elf.vaddr_high == 0x8000003345, "virtual range");
	ok(elf.paddr_low == 0x60000000 && elf.paddr_high == 0x60001080, "physical range");
	ok(elf_next(&elf, &at, &s) && s.vaddr == 0x8000000000 && s.paddr == 0x60001000 && s.exec &&
		   !s.write && s.data == (uint8_t *)&f + DATA_OFFSET && s.filesz == 0x80 &&
		   s.memsz == 0x80,
	   "first segment");
	ok(elf_next(&elf, &at, &s) && s.vaddr == 0x8000003000 && !s.exec && s.write &&
		   s.memsz == 0x345,
	   "second segment, the empty one left out");
	ok(!elf_next(&elf, &at, &s) && !elf_next(&elf, &at, &s), "no third");
}

static void test_every_length(void)
{
	struct elf elf;
	bool refused = true, accepted = true;

	for (size_t size = 0; size < sizeof(good); size++) {
		uint8_t *cut = aligned_alloc(8, (size + 7) & ~7ull);
		const char *wrong;

		memcpy(cut, &good, size);
		wrong = elf_open(&elf, cut, size);
		if (size < DATA_OFFSET + 0x200)
			refused &= wrong != NULL;
		else
			accepted &= !wrong;
		free(cut);
	}
	ok(refused, "refused at every length without the last segment");
	ok(accepted, "accepted without what is behind it");
}

#define DEFECT(name, change)             \
	static void name(struct file *f) \
	{                                \
		change;                  \
	}

DEFECT(no_magic, f->e.e_ident[3] = 'G')
DEFECT(class_32, f->e.e_ident[EI_CLASS] = ELFCLASS32)
DEFECT(big_endian, f->e.e_ident[EI_DATA] = ELFDATA2MSB)
DEFECT(machine_x86, f->e.e_machine = EM_X86_64)
DEFECT(type_dyn, f->e.e_type = ET_DYN)
DEFECT(no_headers, f->e.e_phnum = 0)
DEFECT(many_headers, f->e.e_phnum = 0xffff)
DEFECT(headers_odd, f->e.e_phoff++)
DEFECT(headers_far, f->e.e_phoff = FILE_SIZE - 8)
DEFECT(headers_wrap, f->e.e_phoff = UINT64_MAX - 7)
DEFECT(header_size, f->e.e_phentsize--)
DEFECT(interpreter, f->p[0].p_type = PT_INTERP)
DEFECT(dynamic, f->p[0].p_type = PT_DYNAMIC)
DEFECT(file_over_memory, f->p[1].p_filesz = f->p[1].p_memsz + 1)
DEFECT(data_far, f->p[3].p_offset = FILE_SIZE - 0xff)
DEFECT(data_wraps, f->p[3].p_offset = UINT64_MAX)
DEFECT(vaddr_wraps, f->p[3].p_vaddr = UINT64_MAX - 0x300)
DEFECT(paddr_wraps, f->p[3].p_paddr = UINT64_MAX - 0x300)
DEFECT(overlap, f->p[3].p_vaddr = 0x800000007f)
DEFECT(descending, f->p[3].p_vaddr = 0x7000000000)
DEFECT(entry_before, f->e.e_entry = 0x7fffffffff)
DEFECT(entry_behind, f->e.e_entry = 0x8000000080)
DEFECT(entry_in_data, f->e.e_entry = 0x8000003000)
DEFECT(nothing, (f->p[1].p_type = PT_NULL, f->p[3].p_type = PT_NOTE))

static const struct {
	const char *name;
	void (*set)(struct file *f);
} defects[] = {
	{ "no magic", no_magic },
	{ "32 bits", class_32 },
	{ "big endian", big_endian },
	{ "other machine", machine_x86 },
	{ "position independent", type_dyn },
	{ "no program headers", no_headers },
	{ "too many program headers", many_headers },
	{ "program headers not aligned", headers_odd },
	{ "program headers beyond the end", headers_far },
	{ "program headers wrap", headers_wrap },
	{ "other program header size", header_size },
	{ "wants an interpreter", interpreter },
	{ "wants a dynamic linker", dynamic },
	{ "more in the file than in memory", file_over_memory },
	{ "segment beyond the end", data_far },
	{ "segment's offset wraps", data_wraps },
	{ "virtual range wraps", vaddr_wraps },
	{ "physical range wraps", paddr_wraps },
	{ "segments overlap", overlap },
	{ "segments descend", descending },
	{ "entry before everything", entry_before },
	{ "entry right behind the code", entry_behind },
	{ "entry in data", entry_in_data },
	{ "nothing to load", nothing },
};

static void test_defects(void)
{
	for (size_t i = 0; i < sizeof(defects) / sizeof(defects[0]); i++) {
		struct file f = good;
		struct elf elf;
		const char *wrong;

		defects[i].set(&f);
		wrong = elf_open(&elf, &f, sizeof(f));
		ok(wrong, "%s: %s", defects[i].name, wrong ? wrong : "accepted");
	}
}

int main(void)
{
	test_good();
	test_every_length();
	test_defects();
	return tap_end();
}
