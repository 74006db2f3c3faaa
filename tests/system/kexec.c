// SPDX-License-Identifier: BSD-2-Clause
/*
 * kexec in the service-VM: `kexec IMAGE INITRD` replaces the running kernel, at once and without asking any process to end.
 * The new one gets the device tree that this one was given, so the initramfs goes where that says it is and must have the
 * same size.
 */
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TREE "/sys/firmware/fdt"
#define CHOSEN "/sys/firmware/devicetree/base/chosen/"
#define PAGE 0x1000ul
#define BLOCK 0x200000ul

/* arm64 Image header (Documentation/arm64/booting.rst) */
struct image_header {
	uint32_t code[2];
	uint64_t text_offset;
	uint64_t image_size;
};

struct file {
	void *data;
	size_t size;
};

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct file read_file(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct file file = { malloc(256ul << 20), 0 };
	ssize_t n = 1;

	if (fd < 0 || !file.data)
		die(path);
	while (n > 0) {
		n = read(fd, (char *)file.data + file.size, 1 << 20);
		if (n < 0)
			die(path);
		file.size += (size_t)n;
	}
	close(fd);
	return file;
}

/* An address in /chosen, of one cell or two. */
static uint64_t chosen(const char *name)
{
	char path[128];
	struct file file;
	uint64_t value = 0;

	snprintf(path, sizeof(path), CHOSEN "%s", name);
	file = read_file(path);
	for (size_t i = 0; i < file.size; i++)
		value = value << 8 | ((uint8_t *)file.data)[i];
	return value;
}

static struct kexec_segment segment(struct file file, uint64_t at, uint64_t size)
{
	return (struct kexec_segment){ .buf = file.data,
				       .bufsz = file.size,
				       .mem = (void *)at,
				       .memsz = (size + PAGE - 1) & ~(PAGE - 1) };
}

/* The lowest address of RAM. */
static uint64_t ram_base(void)
{
	FILE *iomem = fopen("/proc/iomem", "r");
	char line[128];
	uint64_t base;

	if (!iomem)
		die("/proc/iomem");
	while (fgets(line, sizeof(line), iomem))
		if (strstr(line, ": System RAM") && sscanf(line, "%lx", &base) == 1)
			return base & ~(BLOCK - 1);
	die("no System RAM");
}

int main(int argc, char **argv)
{
	/* ldr x0, tree; ldr x4, kernel; mov x1, xzr; mov x2, xzr; mov x3, xzr; br x4; tree: kernel: */
	static uint64_t entry[] = { 0x580000e4580000c0, 0xaa1f03e2aa1f03e1, 0xd61f0080aa1f03e3, 0,
				    0 };
	struct file image, initrd, tree, stub = { entry, sizeof(entry) };
	uint64_t initrd_at, tree_at, kernel_at;
	struct kexec_segment load[4];

	if (argc != 3) {
		fprintf(stderr, "usage: kexec IMAGE INITRD\n");
		return 2;
	}
	image = read_file(argv[1]);
	initrd = read_file(argv[2]);
	tree = read_file(TREE);
	initrd_at = chosen("linux,initrd-start");
	if (initrd.size != chosen("linux,initrd-end") - initrd_at) {
		fprintf(stderr, "%s: not the initramfs this kernel began with\n", argv[2]);
		return 1;
	}
	kernel_at = ram_base() + ((struct image_header *)image.data)->text_offset;
	tree_at = (initrd_at + initrd.size + BLOCK - 1) & ~(BLOCK - 1);
	entry[3] = tree_at;
	entry[4] = kernel_at;
	load[0] = segment(image, kernel_at, ((struct image_header *)image.data)->image_size);
	load[1] = segment(initrd, initrd_at, initrd.size);
	load[2] = segment(tree, tree_at, tree.size);
	load[3] = segment(stub, tree_at + BLOCK, sizeof(entry));
	if (syscall(SYS_kexec_load, (uint64_t)load[3].mem, 4ul, load, KEXEC_ARCH_AARCH64))
		die("kexec_load");
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
	die("kexec");
}
