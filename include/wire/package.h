/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The boot package: what tools/mkpackage puts behind the loader, the loader verifies, and root finds behind its
 * own image.
 *
 *	+--------------------+ 0, page aligned in memory and in the file
 *	| struct pkg_header  | one page
 *	+--------------------+ PKG_HEADER_SIZE
 *	| payload of entry 0 | padded with zeros to a page boundary
 *	+--------------------+
 *	| payload of entry 1 |
 *	| ...                |
 *	+--------------------+ size
 *
 * All words are little-endian. The payloads lie back to back in the order of their entries, none is empty; so
 * nothing overlaps, nothing is left out, and every byte is under exactly one of the checksums:
 *
 *	header.crc	the header's page, this field taken as zero
 *	entry.crc	the payload with its padding
 *
 * both the CRC-32 of IEEE 802.3: that of zlib and of the CRC32 instructions of Armv8. Reserved words, unused
 * entries and the bytes behind a name are zero. A reader refuses a version it does not know, and reads no payload
 * before its checksum was found right. There is at most one KERNEL, one ROOT and one SYSTEM; names are unique.
 *
 * The loader puts such a package again behind root's image, at the page boundary after its highest segment: the
 * same entries without KERNEL and ROOT. When there are no others, nothing is put there.
 *
 * root_end: what the kernel is told to be root's image reaches at least up to there. Of the RAM between the package
 * and root_end the kernel makes small frames without clearing it; root gives them to service-VMs. (RAM that
 * root has to take from untyped memory is cleared by the kernel first, at fifteen times the cost.)
 */
#ifndef WIRE_PACKAGE_H
#define WIRE_PACKAGE_H

#include "wire/types.h"

#define PKG_MAGIC "SELKIEPK"
#define PKG_MAGIC_SIZE 8
#define PKG_VERSION 1u
#define PKG_ALIGN WIRE_PAGE_SIZE
#define PKG_MAX_ENTRIES 63u
#define PKG_NAME_SIZE 32

enum pkg_type {
	PKG_KERNEL = 1, /* seL4, ELF64, loaded to its physical addresses */
	PKG_ROOT = 2, /* root task, ELF64 */
	PKG_SYSTEM = 3, /* system description, flattened device tree */
	PKG_BLOB = 4, /* anything the system description names: "vmm.elf", "service.Image" ... */
};

struct pkg_entry {
	char name
		[PKG_NAME_SIZE]; /* 1 to 31 printable characters other than blanks, then NULs to the end */
	uint32_t type; /* enum pkg_type */
	uint32_t crc;
	uint64_t offset; /* from the header */
	uint64_t size; /* bytes of the payload without its padding */
	uint64_t reserved;
};
WIRE_ASSERT(sizeof(struct pkg_entry) == 64);

struct pkg_header {
	char magic[PKG_MAGIC_SIZE];
	uint32_t version;
	uint32_t entries; /* 1 to PKG_MAX_ENTRIES */
	uint64_t size; /* of the whole package, a multiple of PKG_ALIGN */
	uint32_t crc;
	uint32_t reserved0;
	uint64_t root_end; /* physical address, page aligned; see above. 0: none */
	uint32_t reserved[6];
	struct pkg_entry entry[PKG_MAX_ENTRIES];
};
WIRE_ASSERT(sizeof(struct pkg_header) == PKG_ALIGN);
#define PKG_HEADER_SIZE PKG_ALIGN

#endif
