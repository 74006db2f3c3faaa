/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and making boot packages (wire/package.h). Pure: for loader, root task, host tools and tests. */
#ifndef LIB_PACKAGE_H
#define LIB_PACKAGE_H

#include <stddef.h>
#include <stdint.h>

#include "wire/package.h"

enum package_status {
	PACKAGE_OK = 0,
	PACKAGE_MAGIC, /* also: fewer bytes than a header */
	PACKAGE_VERSION,
	PACKAGE_HEADER_CRC,
	PACKAGE_SHORT, /* fewer bytes than the header says */
	PACKAGE_ENTRIES, /* no or too many entries */
	PACKAGE_SIZE, /* total size not that of header and payloads, or root_end not page aligned */
	PACKAGE_RESERVED, /* something that must be zero is not */
	PACKAGE_NAME,
	PACKAGE_TWICE, /* two entries of the same name, or of a type that may be there once */
	PACKAGE_TYPE,
	PACKAGE_BOUNDS, /* a payload is empty, reaches beyond the end, or does not follow the one before */
	PACKAGE_CRC,
};

/*
 * Check header and entries, but no payload. `size` is how many bytes from `package` on may be read; the package
 * itself may be shorter. `package` must be 8-byte aligned. Nothing but PACKAGE_OK allows the use of the functions
 * below.
 */
enum package_status package_check(const void *package, uint64_t size);

/* Check the checksum of one payload (index < number of entries): PACKAGE_OK or PACKAGE_CRC. */
enum package_status package_check_payload(const void *package, uint32_t index);

/* Check the checksums of all payloads: PACKAGE_OK or PACKAGE_CRC. */
enum package_status package_check_crc(const void *package);

/* What a status means, for a person: no full stop, no newline. */
const char *package_status_text(enum package_status status);

/*
 * Find an entry in a checked package by type and, where `name` is not NULL, by name. Returns the payload (page
 * aligned if the package is) and its size, or NULL; `size` may be NULL.
 */
const void *package_find(const void *package, enum pkg_type type, const char *name, uint64_t *size);

/* Bytes that a payload of `size` bytes takes in a package. */
uint64_t package_padded(uint64_t size);

/*
 * Make a package. Zero the header; for each payload call package_add() with its size and its bytes, padded with
 * zeros, where they are at the moment (they are only read for their checksum, and go to the offset that the entry
 * then has); in the end package_seal(). package_add() returns the new entry, or NULL when the header is full.
 * Names and types are not checked here: package_check() the result.
 */
struct pkg_entry *package_add(struct pkg_header *header, enum pkg_type type, const char *name,
			      const void *padded, uint64_t size);
void package_seal(struct pkg_header *header);

/*
 * What remains for root: the package without KERNEL and ROOT. package_resident_size() is its size, 0 when it has no
 * entry. package_copy_resident() makes it at `to`, 8-byte aligned, of that size, not overlapping the package, whose
 * checksums must be right.
 */
uint64_t package_resident_size(const void *package);
void package_copy_resident(void *to, const void *package);

#endif
