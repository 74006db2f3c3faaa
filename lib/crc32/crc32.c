// SPDX-License-Identifier: BSD-2-Clause
#include "crc32/crc32.h"

#ifdef __ARM_FEATURE_CRC32
#include <arm_acle.h>

/* A cache line: its loads are paired, and the loop around it costs little. */
struct line {
	uint64_t w[8];
};

static uint32_t crc_line(uint32_t crc, const struct line *line)
{
	const struct line l = *line;

	crc = __crc32d(crc, l.w[0]);
	crc = __crc32d(crc, l.w[1]);
	crc = __crc32d(crc, l.w[2]);
	crc = __crc32d(crc, l.w[3]);
	crc = __crc32d(crc, l.w[4]);
	crc = __crc32d(crc, l.w[5]);
	crc = __crc32d(crc, l.w[6]);
	return __crc32d(crc, l.w[7]);
}

uint32_t crc32_update(uint32_t crc, const void *data, size_t size)
{
	const uint8_t *p = data;

	crc = ~crc;
	for (; size && (uintptr_t)p % sizeof(uint64_t); size--)
		crc = __crc32b(crc, *p++);
	for (; size >= sizeof(struct line); size -= sizeof(struct line), p += sizeof(struct line))
		crc = crc_line(crc, (const struct line *)p);
	for (; size >= sizeof(uint64_t); size -= sizeof(uint64_t), p += sizeof(uint64_t))
		crc = __crc32d(crc, *(const uint64_t *)p);
	for (; size; size--)
		crc = __crc32b(crc, *p++);
	return ~crc;
}

#else

/* Remainders of the sixteen values of a nibble for the reflected polynomial 0xedb88320. */
static const uint32_t nibble[16] = {
	0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
	0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
	0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

uint32_t crc32_update(uint32_t crc, const void *data, size_t size)
{
	const uint8_t *p = data;

	crc = ~crc;
	for (; size; size--) {
		crc ^= *p++;
		crc = (crc >> 4) ^ nibble[crc & 0xf];
		crc = (crc >> 4) ^ nibble[crc & 0xf];
	}
	return ~crc;
}

#endif
