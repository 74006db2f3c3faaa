// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "crc32/crc32.h"
#include "package/package.h"
#include "tests/unit/tap.h"

#define BIG 10000u /* three pages */

/* A right package: kernel, root, system, two blobs. In memory of exactly its size. */
static struct pkg_header *make(void)
{
	static const struct {
		enum pkg_type type;
		const char *name;
		uint64_t size;
	} what[] = {
		{ PKG_KERNEL, "kernel", BIG },	    { PKG_ROOT, "root", PKG_ALIGN },
		{ PKG_SYSTEM, "system", 1 },	    { PKG_BLOB, "vmm.elf", 77 },
		{ PKG_BLOB, "service.Image", BIG },
	};
	const unsigned int n = sizeof(what) / sizeof(what[0]);
	struct pkg_header header = { 0 };
	static uint8_t data[5][3 * PKG_ALIGN];
	uint8_t *package;

	for (unsigned int i = 0; i < n; i++) {
		memset(data[i], (int)('a' + i), what[i].size);
		package_add(&header, what[i].type, what[i].name, data[i], what[i].size);
	}
	package_seal(&header);
	package = aligned_alloc(PKG_ALIGN, header.size);
	memcpy(package, &header, sizeof(header));
	for (unsigned int i = 0; i < n; i++)
		memcpy(package + header.entry[i].offset, data[i], package_padded(what[i].size));
	return (struct pkg_header *)package;
}

static void test_good(void)
{
	struct pkg_header *p = make();
	uint64_t size = 0;
	const uint8_t *blob;

	ok(p->size == PKG_ALIGN * (1 + 3 + 1 + 1 + 1 + 3), "size is that of all pages");
	ok(package_check(p, p->size) == PACKAGE_OK, "accepted");
	ok(package_check_crc(p) == PACKAGE_OK, "payloads accepted");
	blob = package_find(p, PKG_BLOB, "vmm.elf", &size);
	ok(blob && size == 77 && blob[0] == 'd' && blob[76] == 'd' && blob[77] == 0,
	   "blob found by name");
	ok(package_find(p, PKG_KERNEL, NULL, &size) && size == BIG, "kernel found by type");
	ok(!package_find(p, PKG_BLOB, "vmm", NULL), "no blob of half a name");
	ok(!package_find(p, PKG_BLOB, "system", NULL), "no blob of another type's name");
	free(p);
}

static void test_every_length(void)
{
	struct pkg_header *p = make();
	enum package_status want;
	bool good = true;

	for (uint64_t size = 0; size < p->size; size += 61) {
		/* Of exactly that size: ASan sees whatever is read beyond. */
		uint8_t *cut = aligned_alloc(8, (size + 7) & ~7ull);

		memcpy(cut, p, size);
		want = size < PKG_HEADER_SIZE ? PACKAGE_MAGIC : PACKAGE_SHORT;
		good &= package_check(cut, size) == want;
		free(cut);
	}
	ok(good, "refused at every length below its own");
	ok(package_check(p, p->size + 1) == PACKAGE_OK, "accepted with something behind it");
	free(p);
}

static void test_every_bit(void)
{
	struct pkg_header *p = make();
	uint8_t *bytes = (uint8_t *)p;
	uint64_t missed = 0;

	for (uint64_t i = 0; i < p->size; i += i < 8192 ? 1 : 7) {
		uint8_t bit = (uint8_t)(1u << (i % 8));
		uint64_t size = p->size;

		bytes[i] ^= bit;
		if (package_check(p, size) == PACKAGE_OK && package_check_crc(p) == PACKAGE_OK)
			missed++;
		bytes[i] ^= bit;
	}
	ok(missed == 0, "no flipped bit goes unnoticed (%llu did)", (unsigned long long)missed);
	free(p);
}

/* --- each defect, with a right checksum over it ------------------------------------------------------ */

static void reseal(struct pkg_header *p)
{
	static const uint32_t zero;
	const size_t at = offsetof(struct pkg_header, crc);
	uint32_t crc = crc32_update(0, p, at);

	crc = crc32_update(crc, &zero, sizeof(zero));
	p->crc = crc32_update(crc, (uint8_t *)p + at + 4, sizeof(*p) - at - 4);
}

static void set_magic(struct pkg_header *p)
{
	p->magic[7] = 'X';
}

static void set_version(struct pkg_header *p)
{
	p->version++;
}

static void set_no_entries(struct pkg_header *p)
{
	p->entries = 0;
}

static void set_many_entries(struct pkg_header *p)
{
	p->entries = PKG_MAX_ENTRIES + 1;
}

static void set_all_entries(struct pkg_header *p)
{
	p->entries = UINT32_MAX;
}

static void set_fewer_entries(struct pkg_header *p)
{
	p->entries--;
}

static void set_more_entries(struct pkg_header *p)
{
	p->entries++;
}

static void set_odd_size(struct pkg_header *p)
{
	p->size--;
}

static void set_small_size(struct pkg_header *p)
{
	p->size = 0;
}

static void set_size_below_payloads(struct pkg_header *p)
{
	p->size -= PKG_ALIGN;
}

static void set_huge_size(struct pkg_header *p)
{
	p->size = -(uint64_t)PKG_ALIGN;
}

static void set_reserved(struct pkg_header *p)
{
	p->reserved[5] = 1;
}

static void set_reserved0(struct pkg_header *p)
{
	p->reserved0 = 1;
}

static void set_odd_root_end(struct pkg_header *p)
{
	p->root_end = 0x7c000800;
}

static void set_entry_reserved(struct pkg_header *p)
{
	p->entry[2].reserved = 1;
}

static void set_no_name(struct pkg_header *p)
{
	memset(p->entry[1].name, 0, PKG_NAME_SIZE);
}

static void set_endless_name(struct pkg_header *p)
{
	memset(p->entry[1].name, 'n', PKG_NAME_SIZE);
}

static void set_name_with_tail(struct pkg_header *p)
{
	p->entry[1].name[PKG_NAME_SIZE - 1] = 'n';
}

static void set_name_with_control(struct pkg_header *p)
{
	p->entry[1].name[0] = '\033';
}

static void set_name_with_blank(struct pkg_header *p)
{
	p->entry[1].name[1] = ' ';
}

static void set_same_name(struct pkg_header *p)
{
	memcpy(p->entry[4].name, p->entry[3].name, PKG_NAME_SIZE);
}

static void set_two_kernels(struct pkg_header *p)
{
	p->entry[1].type = PKG_KERNEL;
}

static void set_no_type(struct pkg_header *p)
{
	p->entry[3].type = 0;
}

static void set_next_type(struct pkg_header *p)
{
	p->entry[3].type = PKG_BLOB + 1;
}

static void set_odd_offset(struct pkg_header *p)
{
	p->entry[3].offset++;
}

static void set_overlap(struct pkg_header *p)
{
	p->entry[3].offset = p->entry[2].offset;
}

static void set_in_header(struct pkg_header *p)
{
	p->entry[0].offset = 0;
}

static void set_far_offset(struct pkg_header *p)
{
	p->entry[4].offset = -(uint64_t)PKG_ALIGN;
}

static void set_empty(struct pkg_header *p)
{
	p->entry[2].size = 0;
}

static void set_beyond(struct pkg_header *p)
{
	p->entry[4].size = 3 * PKG_ALIGN + 1;
}

static void set_wrapping(struct pkg_header *p)
{
	p->entry[4].size = UINT64_MAX;
}

static const struct {
	const char *name;
	void (*set)(struct pkg_header *p);
	enum package_status want;
} defects[] = {
	{ "magic", set_magic, PACKAGE_MAGIC },
	{ "version", set_version, PACKAGE_VERSION },
	{ "no entries", set_no_entries, PACKAGE_ENTRIES },
	{ "one entry too many", set_many_entries, PACKAGE_ENTRIES },
	{ "entries wrap", set_all_entries, PACKAGE_ENTRIES },
	{ "last entry hidden", set_fewer_entries, PACKAGE_RESERVED },
	{ "an entry of zeros", set_more_entries, PACKAGE_NAME },
	{ "size no page multiple", set_odd_size, PACKAGE_SIZE },
	{ "size zero", set_small_size, PACKAGE_SIZE },
	{ "size below payloads", set_size_below_payloads, PACKAGE_BOUNDS },
	{ "size huge", set_huge_size, PACKAGE_SHORT },
	{ "reserved", set_reserved, PACKAGE_RESERVED },
	{ "reserved word before root_end", set_reserved0, PACKAGE_RESERVED },
	{ "root_end within a page", set_odd_root_end, PACKAGE_SIZE },
	{ "reserved of an entry", set_entry_reserved, PACKAGE_RESERVED },
	{ "empty name", set_no_name, PACKAGE_NAME },
	{ "name without end", set_endless_name, PACKAGE_NAME },
	{ "bytes behind the name", set_name_with_tail, PACKAGE_NAME },
	{ "control in the name", set_name_with_control, PACKAGE_NAME },
	{ "blank in the name", set_name_with_blank, PACKAGE_NAME },
	{ "name twice", set_same_name, PACKAGE_TWICE },
	{ "two kernels", set_two_kernels, PACKAGE_TWICE },
	{ "type zero", set_no_type, PACKAGE_TYPE },
	{ "unknown type", set_next_type, PACKAGE_TYPE },
	{ "offset not aligned", set_odd_offset, PACKAGE_BOUNDS },
	{ "overlap", set_overlap, PACKAGE_BOUNDS },
	{ "payload in the header", set_in_header, PACKAGE_BOUNDS },
	{ "offset far away", set_far_offset, PACKAGE_BOUNDS },
	{ "empty payload", set_empty, PACKAGE_BOUNDS },
	{ "payload beyond the end", set_beyond, PACKAGE_BOUNDS },
	{ "payload wraps", set_wrapping, PACKAGE_BOUNDS },
};

static void test_defects(void)
{
	for (size_t i = 0; i < sizeof(defects) / sizeof(defects[0]); i++) {
		struct pkg_header *p = make();
		uint64_t size = p->size;
		enum package_status got;

		defects[i].set(p);
		reseal(p);
		got = package_check(p, size);
		ok(got == defects[i].want, "%s: %s", defects[i].name, package_status_text(got));
		free(p);
	}
}

static void test_resident(void)
{
	struct pkg_header *p = make(), *copy;
	uint64_t size = package_resident_size(p), n = 0;

	ok(size == PKG_ALIGN * (1 + 1 + 1 + 3), "what remains has the system and both blobs");
	copy = aligned_alloc(PKG_ALIGN, size);
	memset(copy, 0xff, size);
	package_copy_resident(copy, p);
	ok(package_check(copy, size) == PACKAGE_OK && copy->size == size, "it is a package");
	ok(package_check_crc(copy) == PACKAGE_OK, "its payloads are right");
	ok(!package_find(copy, PKG_KERNEL, NULL, NULL) && !package_find(copy, PKG_ROOT, NULL, NULL),
	   "it has neither kernel nor root");
	ok(memcmp(package_find(copy, PKG_BLOB, "service.Image", &n),
		  package_find(p, PKG_BLOB, "service.Image", NULL), BIG) == 0 &&
		   n == BIG,
	   "a blob is the same in it");
	free(copy);
	free(p);
}

static void test_nothing_resident(void)
{
	static uint8_t page[PKG_ALIGN] __attribute__((aligned(8)));
	struct pkg_header header = { 0 };

	package_add(&header, PKG_KERNEL, "kernel", page, 1);
	package_add(&header, PKG_ROOT, "root", page, 1);
	package_seal(&header);
	ok(package_resident_size(&header) == 0, "nothing remains of kernel and root");
	package_copy_resident(NULL, &header);
	ok(true, "and nothing is copied");
}

static void test_full(void)
{
	static uint8_t page[PKG_ALIGN] __attribute__((aligned(8)));
	struct pkg_header header = { 0 };
	char name[PKG_NAME_SIZE];
	unsigned int n = 0;

	do
		snprintf(name, sizeof(name), "blob%u", n++);
	while (package_add(&header, PKG_BLOB, name, page, 5));
	ok(n == PKG_MAX_ENTRIES + 1, "63 entries fit");
	package_seal(&header);
	ok(package_check(&header, header.size) == PACKAGE_OK, "and are accepted");
}

int main(void)
{
	/* Check value of the polynomial's usual catalogue: "123456789". */
	ok(crc32_update(0, "123456789", 9) == 0xcbf43926, "CRC-32 of 123456789");
	ok(crc32_update(crc32_update(0, "1234", 4), "56789", 5) == 0xcbf43926,
	   "the same in two steps");
	ok(crc32_update(0, "", 0) == 0, "CRC-32 of nothing");
	test_good();
	test_every_length();
	test_every_bit();
	test_defects();
	test_resident();
	test_nothing_resident();
	test_full();
	return tap_end();
}
