// SPDX-License-Identifier: BSD-2-Clause
#include "package/package.h"

#include <stdbool.h>

#include "crc32/crc32.h"
#include "string/string.h"

uint64_t package_padded(uint64_t size)
{
	return (size + PKG_ALIGN - 1) & ~(uint64_t)(PKG_ALIGN - 1);
}

static uint32_t header_crc(const struct pkg_header *header)
{
	const uint8_t *base = (const uint8_t *)header;
	const size_t at = offsetof(struct pkg_header, crc);
	const size_t behind = at + sizeof(header->crc);
	const uint32_t zero = 0;
	uint32_t crc;

	crc = crc32_update(0, base, at);
	crc = crc32_update(crc, &zero, sizeof(zero));
	return crc32_update(crc, base + behind, sizeof(*header) - behind);
}

static bool all_zero(const void *p, size_t size)
{
	const uint8_t *byte = p;

	while (size--)
		if (*byte++)
			return false;
	return true;
}

static bool name_ok(const char *name)
{
	size_t n = 0;

	while (n < PKG_NAME_SIZE && name[n] > ' ' && name[n] <= '~')
		n++;
	return n > 0 && n < PKG_NAME_SIZE && all_zero(name + n, PKG_NAME_SIZE - n);
}

static bool type_ok(uint32_t type)
{
	return type >= PKG_KERNEL && type <= PKG_BLOB;
}

static bool excludes(const struct pkg_entry *a, const struct pkg_entry *b)
{
	return memcmp(a->name, b->name, PKG_NAME_SIZE) == 0 ||
	       (a->type == b->type && a->type != PKG_BLOB);
}

static enum package_status check_header(const struct pkg_header *h, uint64_t size)
{
	if (size < sizeof(*h) || memcmp(h->magic, PKG_MAGIC, PKG_MAGIC_SIZE) != 0)
		return PACKAGE_MAGIC;
	if (h->version != PKG_VERSION)
		return PACKAGE_VERSION;
	if (h->crc != header_crc(h))
		return PACKAGE_HEADER_CRC;
	if (h->entries == 0 || h->entries > PKG_MAX_ENTRIES)
		return PACKAGE_ENTRIES;
	if (h->size % PKG_ALIGN || h->size < PKG_HEADER_SIZE || h->root_end % PKG_ALIGN)
		return PACKAGE_SIZE;
	if (h->size > size)
		return PACKAGE_SHORT;
	if (h->reserved0 || !all_zero(h->reserved, sizeof(h->reserved)) ||
	    !all_zero(&h->entry[h->entries],
		      (PKG_MAX_ENTRIES - h->entries) * sizeof(struct pkg_entry)))
		return PACKAGE_RESERVED;
	return PACKAGE_OK;
}

/* `at`: where the payload has to begin, a page boundary within the package. */
static enum package_status check_entry(const struct pkg_header *h, uint32_t index, uint64_t at)
{
	const struct pkg_entry *e = &h->entry[index];

	if (!name_ok(e->name))
		return PACKAGE_NAME;
	if (!type_ok(e->type))
		return PACKAGE_TYPE;
	if (e->reserved)
		return PACKAGE_RESERVED;
	for (uint32_t i = 0; i < index; i++)
		if (excludes(&h->entry[i], e))
			return PACKAGE_TWICE;
	if (e->offset != at || e->size == 0 || e->size > h->size - at)
		return PACKAGE_BOUNDS;
	return PACKAGE_OK;
}

enum package_status package_check(const void *package, uint64_t size)
{
	const struct pkg_header *h = package;
	enum package_status status = check_header(h, size);
	uint64_t at = PKG_HEADER_SIZE;

	if (status != PACKAGE_OK)
		return status;
	for (uint32_t i = 0; i < h->entries; i++) {
		status = check_entry(h, i, at);
		if (status != PACKAGE_OK)
			return status;
		/* Both ends are page boundaries, so the padding is within the package, too. */
		at += package_padded(h->entry[i].size);
	}
	return at == h->size ? PACKAGE_OK : PACKAGE_SIZE;
}

enum package_status package_check_payload(const void *package, uint32_t index)
{
	const struct pkg_entry *e = &((const struct pkg_header *)package)->entry[index];
	uint32_t crc =
		crc32_update(0, (const uint8_t *)package + e->offset, package_padded(e->size));

	return crc == e->crc ? PACKAGE_OK : PACKAGE_CRC;
}

enum package_status package_check_crc(const void *package)
{
	const struct pkg_header *h = package;

	for (uint32_t i = 0; i < h->entries; i++)
		if (package_check_payload(package, i) != PACKAGE_OK)
			return PACKAGE_CRC;
	return PACKAGE_OK;
}

const char *package_status_text(enum package_status status)
{
	switch (status) {
	case PACKAGE_OK:
		return "the package is good";
	case PACKAGE_MAGIC:
		return "there is no package";
	case PACKAGE_VERSION:
		return "the package has an unknown version";
	case PACKAGE_HEADER_CRC:
		return "the package's header has a wrong checksum";
	case PACKAGE_SHORT:
		return "the package is cut short";
	case PACKAGE_ENTRIES:
		return "the package has no or too many entries";
	case PACKAGE_SIZE:
		return "the package's size or the end of root's image is not what it can be";
	case PACKAGE_RESERVED:
		return "a reserved word of the package is not zero";
	case PACKAGE_NAME:
		return "an entry of the package has no proper name";
	case PACKAGE_TWICE:
		return "the package has two entries of one name, or two kernels, root tasks or systems";
	case PACKAGE_TYPE:
		return "an entry of the package has an unknown type";
	case PACKAGE_BOUNDS:
		return "an entry of the package is empty or not where it has to be";
	case PACKAGE_CRC:
		return "a payload of the package has a wrong checksum";
	}
	return "the package has an unknown defect";
}

const void *package_find(const void *package, enum pkg_type type, const char *name, uint64_t *size)
{
	const struct pkg_header *h = package;

	for (uint32_t i = 0; i < h->entries; i++) {
		const struct pkg_entry *e = &h->entry[i];

		if (e->type != (uint32_t)type || (name && strcmp(e->name, name) != 0))
			continue;
		if (size)
			*size = e->size;
		return (const uint8_t *)package + e->offset;
	}
	return NULL;
}

static uint64_t payloads_end(const struct pkg_header *header)
{
	const struct pkg_entry *last;

	if (header->entries == 0)
		return PKG_HEADER_SIZE;
	last = &header->entry[header->entries - 1];
	return last->offset + package_padded(last->size);
}

struct pkg_entry *package_add(struct pkg_header *header, enum pkg_type type, const char *name,
			      const void *padded, uint64_t size)
{
	struct pkg_entry *e;
	size_t length = strnlen(name, PKG_NAME_SIZE);

	if (header->entries >= PKG_MAX_ENTRIES)
		return NULL;
	e = &header->entry[header->entries];
	memcpy(e->name, name, length);
	e->type = type;
	e->crc = crc32_update(0, padded, package_padded(size));
	e->offset = payloads_end(header);
	e->size = size;
	header->entries++;
	return e;
}

void package_seal(struct pkg_header *header)
{
	memcpy(header->magic, PKG_MAGIC, PKG_MAGIC_SIZE);
	header->version = PKG_VERSION;
	header->size = payloads_end(header);
	header->crc = header_crc(header);
}

static bool resident(const struct pkg_entry *e)
{
	return e->type != PKG_KERNEL && e->type != PKG_ROOT;
}

uint64_t package_resident_size(const void *package)
{
	const struct pkg_header *h = package;
	uint64_t size = 0;

	for (uint32_t i = 0; i < h->entries; i++)
		if (resident(&h->entry[i]))
			size += package_padded(h->entry[i].size);
	return size ? size + PKG_HEADER_SIZE : 0;
}

void package_copy_resident(void *to, const void *package)
{
	const struct pkg_header *from = package;
	struct pkg_header *header = to;

	if (!package_resident_size(package))
		return;
	memset(header, 0, sizeof(*header));
	for (uint32_t i = 0; i < from->entries; i++) {
		const struct pkg_entry *e = &from->entry[i];
		uint64_t at = payloads_end(header);

		if (!resident(e))
			continue;
		header->entry[header->entries] = *e;
		header->entry[header->entries++].offset = at;
		memcpy((uint8_t *)to + at, (const uint8_t *)package + e->offset,
		       package_padded(e->size));
	}
	package_seal(header);
}
