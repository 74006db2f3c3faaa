// SPDX-License-Identifier: BSD-2-Clause
#include <string.h>

#include "bootimage/bootimage.h"
#include "tests/unit/tap.h"

#define MIB UINT64_C(0x100000)

static uint8_t file[4096];

static void make(uint64_t text_offset, uint64_t size, uint64_t flags)
{
	memset(file, 0, sizeof(file));
	memcpy(file + 8, &text_offset, 8);
	memcpy(file + 16, &size, 8);
	memcpy(file + 24, &flags, 8);
	memcpy(file + 56, "ARM\x64", 4);
}

static bool refused(uint64_t size, const char *text)
{
	struct bootimage image;
	const char *wrong = bootimage_open(&image, file, size);

	return wrong && strstr(wrong, text);
}

static void test_open(void)
{
	struct bootimage image;

	make(0x80000, 32 * MIB, 0xa);
	ok(!bootimage_open(&image, file, sizeof(file)) && image.text_offset == 0x80000 &&
		   image.size == 32 * MIB,
	   "an Image");
	ok(refused(63, "is not an arm64 Linux Image"), "shorter than its header");
	make(0, 1000, 0);
	ok(!bootimage_open(&image, file, sizeof(file)) && image.size == sizeof(file),
	   "takes at least its file's size");
	file[59] = 0;
	ok(refused(sizeof(file), "is not an arm64 Linux Image"), "magic");
	memcpy(file, "\x1f\x8b", 2);
	ok(refused(sizeof(file), "compressed with gzip"), "gzip");
	make(0, MIB, 1);
	ok(refused(sizeof(file), "big-endian"), "big-endian");
	make(0, 0, 0);
	ok(refused(sizeof(file), "does not say how much memory"), "no size");
	make(0x200000, MIB, 0);
	ok(refused(sizeof(file), "broken header"), "text offset");
	make(0x1004, MIB, 0);
	ok(refused(sizeof(file), "broken header"), "text offset not of a page");
	make(0, UINT64_MAX, 0);
	ok(refused(sizeof(file), "broken header"), "size");
}

static void test_place(void)
{
	struct bootimage image = { .text_offset = 0, .size = 32 * MIB + 1 };
	struct bootimage_layout l;

	ok(bootimage_place(&l, &image, 0x40000000, 512 * MIB, 0x10000, 5000), "fits");
	ok(l.kernel == 0x40000000 && l.dtb == 0x40000000 + 34 * MIB &&
		   l.initrd == l.dtb + 0x10000 && l.end == l.initrd + 5000,
	   "kernel, tree, initrd");
	ok(bootimage_place(&l, &image, 0x40000000, 512 * MIB, 0x10000, 0) && l.initrd == 0 &&
		   l.end == l.dtb + 0x10000,
	   "without initrd");
	ok(!bootimage_place(&l, &image, 0x40000000, 34 * MIB, 0x10000, 0) &&
		   l.end == 0x40000000 + 34 * MIB + 0x10000,
	   "too small by the tree");
	ok(bootimage_place(&l, &image, 0x40000000, 34 * MIB + 0x10000, 0x10000, 0), "just fits");
	ok(bootimage_place(&l, &image, 0x40001000, 64 * MIB, 0x10000, 0) && l.kernel == 0x40200000,
	   "at a 2 MiB boundary");
	image.text_offset = 0x80000;
	ok(bootimage_place(&l, &image, 0x40000000, 64 * MIB, 0x10000, 0) &&
		   l.kernel == 0x40080000 && l.dtb % (2 * MIB) == 0,
	   "with a text offset");
	ok(!bootimage_place(&l, &image, 0x40000000, 64 * MIB, BOOTIMAGE_MAX_DTB + 1, 0) &&
		   l.end == UINT64_MAX,
	   "tree too large");
	ok(!bootimage_place(&l, &image, UINT64_MAX - MIB, MIB, 0x10000, 0) && l.end == UINT64_MAX,
	   "wraps");
	ok(!bootimage_place(&l, &image, 0x40000000, 64 * MIB, 0x10000, UINT64_MAX - 1) &&
		   l.end == UINT64_MAX,
	   "initrd too large");
}

int main(void)
{
	test_open();
	test_place();
	return tap_end();
}
