// SPDX-License-Identifier: BSD-2-Clause
#include "bootimage/bootimage.h"

#include "string/string.h"

/* The arm64 Image header, little-endian */
#define HEADER_SIZE 64u
#define TEXT_OFFSET_AT 8u
#define IMAGE_SIZE_AT 16u
#define FLAGS_AT 24u
#define MAGIC_AT 56u
#define MAGIC "ARM\x64"
#define MAGIC_SIZE 4u
#define FLAG_BIG_ENDIAN UINT64_C(1)

#define GZIP_MAGIC "\x1f\x8b"
#define GZIP_MAGIC_SIZE 2u

#define BLOCK UINT64_C(0x200000)
#define PAGE UINT64_C(0x1000)
#define INITRD_REACH UINT64_C(0x800000000) /* 32 GiB, in which kernel and initrd lie */

static uint64_t get_u64(const uint8_t *p)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < 8; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

const char *bootimage_open(struct bootimage *image, const void *file, uint64_t size)
{
	const uint8_t *header = file;

	if (size >= GZIP_MAGIC_SIZE && memcmp(header, GZIP_MAGIC, GZIP_MAGIC_SIZE) == 0)
		return "is compressed with gzip; unpack it first";
	if (size < HEADER_SIZE || memcmp(header + MAGIC_AT, MAGIC, MAGIC_SIZE) != 0)
		return "is not an arm64 Linux Image (no \"ARM\\x64\" at byte 56); arch/arm64/boot/Image is one";
	image->text_offset = get_u64(header + TEXT_OFFSET_AT);
	image->size = get_u64(header + IMAGE_SIZE_AT);
	if (get_u64(header + FLAGS_AT) & FLAG_BIG_ENDIAN)
		return "is a big-endian kernel; a little-endian one is needed";
	if (image->size == 0)
		return "does not say how much memory it needs (Linux before 3.17); a later one does";
	if (image->text_offset >= BLOCK || image->text_offset % PAGE || image->size > INITRD_REACH)
		return "has a broken header";
	if (image->size < size)
		image->size = size;
	return NULL;
}

static uint64_t round_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) & ~(unit - 1);
}

bool bootimage_place(struct bootimage_layout *layout, const struct bootimage *image, uint64_t base,
		     uint64_t size, uint64_t dtb_size, uint64_t initrd_size)
{
	layout->end = UINT64_MAX;
	if (base > UINT64_MAX / 4 || image->size > INITRD_REACH || initrd_size > INITRD_REACH ||
	    dtb_size > BOOTIMAGE_MAX_DTB)
		return false;
	layout->kernel = round_up(base, BLOCK) + image->text_offset;
	layout->dtb = round_up(layout->kernel + image->size, BLOCK);
	layout->initrd = 0;
	layout->end = layout->dtb + dtb_size;
	if (initrd_size) {
		layout->initrd = round_up(layout->end, PAGE);
		layout->end = layout->initrd + initrd_size;
	}
	return layout->end - base <= size;
}
