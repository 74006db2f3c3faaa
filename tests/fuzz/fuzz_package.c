// SPDX-License-Identifier: BSD-2-Clause
/*
 * A package from anywhere. The input's first two bytes say how many pages there are and what of the header is put
 * right, or the fuzzer would not get far; the rest is the beginning of the package. What is accepted is read and
 * copied as loader and root do.
 */
#include <stdlib.h>
#include <string.h>

#include "crc32/crc32.h"
#include "package/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIX_OFFSETS 1u
#define FIX_SIZE 2u
#define FIX_ENTRIES 4u
#define PAGES 16u

/* Instead of lib/crc32, which would take nearly all of the time: touches both ends of what it should read. */
uint32_t crc32_update(uint32_t crc, const void *data, size_t size)
{
	const uint8_t *p = data;

	return size ? (crc + p[0]) * 31 + p[size - 1] + (uint32_t)size : crc;
}

static void put_right(struct pkg_header *h, size_t size, unsigned int fix)
{
	const size_t at = offsetof(struct pkg_header, crc);
	const uint32_t zero = 0;
	uint64_t end = PKG_HEADER_SIZE;
	uint32_t crc;

	memcpy(h->magic, PKG_MAGIC, PKG_MAGIC_SIZE);
	h->version = PKG_VERSION;
	if (fix & FIX_ENTRIES)
		h->entries %= PKG_MAX_ENTRIES;
	for (uint32_t i = 0; i < PKG_MAX_ENTRIES && i < h->entries; i++) {
		struct pkg_entry *e = &h->entry[i];

		if (fix & FIX_OFFSETS)
			e->offset = end;
		if (e->offset > size || e->size > size ||
		    package_padded(e->size) > size - e->offset)
			continue;
		end = e->offset + package_padded(e->size);
		if (e->size)
			e->crc = crc32_update(0, (uint8_t *)h + e->offset, package_padded(e->size));
	}
	if (fix & FIX_SIZE)
		h->size = end;
	crc = crc32_update(0, h, at);
	crc = crc32_update(crc, &zero, sizeof(zero));
	h->crc = crc32_update(crc, (uint8_t *)h + at + sizeof(h->crc),
			      sizeof(*h) - at - sizeof(h->crc));
}

static void use(const struct pkg_header *h)
{
	struct pkg_header *copy;
	uint64_t left, n;

	package_find(h, PKG_SYSTEM, NULL, &n);
	package_find(h, PKG_BLOB, "service.Image", &n);
	left = package_resident_size(h);
	if (!left)
		return;
	copy = aligned_alloc(8, left);
	package_copy_resident(copy, h);
	if (package_check(copy, left) != PACKAGE_OK || package_check_crc(copy) != PACKAGE_OK)
		abort();
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	struct pkg_header *h;
	size_t size;

	if (length < 2)
		return 0;
	size = (size_t)PKG_ALIGN * (1 + data[0] % PAGES);
	h = aligned_alloc(8, size);
	memset(h, 0, size);
	memcpy(h, data + 2, length - 2 < size ? length - 2 : size);
	put_right(h, size, data[1]);
	if (package_check(h, size) == PACKAGE_OK && package_check_crc(h) == PACKAGE_OK)
		use(h);
	free(h);
	return 0;
}
