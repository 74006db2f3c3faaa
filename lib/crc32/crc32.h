/* SPDX-License-Identifier: BSD-2-Clause */
/* CRC-32 of IEEE 802.3. */
#ifndef LIB_CRC32_H
#define LIB_CRC32_H

#include <stddef.h>
#include <stdint.h>

/*
 * Checksum of `size` bytes that follow what `crc` is the checksum of (0: of nothing). No alignment is needed;
 * 8-byte aligned data goes fastest. Where the compiler may use the CRC32 instructions, it does.
 */
uint32_t crc32_update(uint32_t crc, const void *data, size_t size);

#endif
