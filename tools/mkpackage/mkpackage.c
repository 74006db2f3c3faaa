// SPDX-License-Identifier: BSD-2-Clause
/* Packs kernel, root task, system description and files behind the loader: help() below. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf/elf.h"
#include "package/package.h"

#define EXIT_USAGE 2

/* Of the arm64 Image header */
#define IMAGE_SIZE_OFFSET 16
#define IMAGE_MAGIC_OFFSET 56
#define IMAGE_HEADER_SIZE 64
#define IMAGE_MAGIC "ARM\x64"

#define FDT_MAGIC "\xd0\x0d\xfe\xed"
#define MAGIC_SIZE 4

struct input {
	const char *file;
	const char *name;
	enum pkg_type type;
	uint8_t *data; /* padded with zeros to a page boundary */
	uint64_t size;
};

static struct input inputs[PKG_MAX_ENTRIES];
static unsigned int input_count;

static void help(FILE *to)
{
	fputs("usage: mkpackage -o IMAGE --loader LOADER.BIN --kernel SEL4.ELF --root ROOT.ELF\n"
	      "                 [--system SYSTEM.DTB] [--blob NAME=FILE]... [--root-end ADDRESS]\n"
	      "       mkpackage -o PACKAGE --kernel SEL4.ELF --root ROOT.ELF [...]\n"
	      "\n"
	      "Makes an image that QEMU (-kernel) and U-Boot (booti) start, or, without --loader, the\n"
	      "package alone.\n"
	      "\n"
	      "  -o, --output FILE     what to write; an old one is replaced when everything was right\n"
	      "      --loader FILE     the loader, an arm64 Image\n"
	      "      --kernel FILE     seL4 for the board, ELF\n"
	      "      --root FILE       root task, ELF\n"
	      "      --system FILE     system description, flattened device tree (dtc -O dtb)\n"
	      "      --blob NAME=FILE  a file that the system description names: NAME has 1 to 31\n"
	      "                        characters without blanks\n"
	      "      --root-end ADDR   physical address up to which RAM belongs to root's image, page\n"
	      "                        aligned (service-VMs' RAM that the kernel need not clear)\n"
	      "  -h, --help            this text\n"
	      "\n"
	      "Exit status: 0 done, 1 a file is missing or wrong (the message names it), 2 wrong usage.\n",
	      to);
}

static void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void fail(const char *format, ...)
{
	va_list ap;

	fputs("mkpackage: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

static void usage(const char *what) __attribute__((noreturn));
static void usage(const char *what)
{
	fprintf(stderr, "mkpackage: %s\n\n", what);
	help(stderr);
	exit(EXIT_USAGE);
}

/* The whole file, padded with zeros to a page boundary. */
static uint8_t *read_file(const char *path, uint64_t *size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	long length;

	if (!f)
		fail("%s: %s", path, strerror(errno));
	if (fseek(f, 0, SEEK_END) != 0 || (length = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) != 0)
		fail("%s: %s", path, strerror(errno));
	if (length == 0)
		fail("%s: is empty", path);
	*size = (uint64_t)length;
	data = aligned_alloc(PKG_ALIGN, package_padded(*size));
	if (!data)
		fail("%s: no memory for %ld bytes", path, length);
	memset(data, 0, package_padded(*size));
	if (fread(data, 1, *size, f) != *size)
		fail("%s: %s", path, ferror(f) ? strerror(errno) : "became shorter");
	fclose(f);
	return data;
}

static void add_input(enum pkg_type type, const char *name, const char *file)
{
	unsigned int at;

	if (input_count == PKG_MAX_ENTRIES)
		usage("too many files for one package");
	for (unsigned int i = 0; i < input_count; i++)
		if (type == inputs[i].type && type != PKG_BLOB)
			usage("--kernel, --root and --system can be given once");
	/* In the order of types; blobs in that of the command line. */
	for (at = input_count++; at > 0 && inputs[at - 1].type > type; at--)
		inputs[at] = inputs[at - 1];
	inputs[at] = (struct input){ .file = file, .name = name, .type = type };
}

/* NAME=FILE */
static void add_blob(char *word)
{
	char *equals = strchr(word, '=');

	if (!equals || equals == word || !equals[1])
		usage("--blob needs NAME=FILE");
	if ((size_t)(equals - word) >= PKG_NAME_SIZE)
		usage("a blob's name has at most 31 characters");
	*equals = '\0';
	add_input(PKG_BLOB, word, equals + 1);
}

static uint64_t parse_address(const char *word)
{
	char *end;
	uint64_t address;

	errno = 0;
	address = strtoull(word, &end, 0);
	if (errno || end == word || *end || address % PKG_ALIGN)
		usage("--root-end needs a page-aligned address");
	return address;
}

static const struct input *find_input(enum pkg_type type)
{
	for (unsigned int i = 0; i < input_count; i++)
		if (inputs[i].type == type)
			return &inputs[i];
	return NULL;
}

/* Errors that would otherwise show at boot. */
static void check_input(const struct input *in)
{
	struct elf elf;
	const char *wrong;

	if (in->type == PKG_KERNEL || in->type == PKG_ROOT) {
		wrong = elf_open(&elf, in->data, in->size);
		if (wrong)
			fail("%s: %s", in->file, wrong);
	}
	if (in->type == PKG_SYSTEM &&
	    (in->size < MAGIC_SIZE || memcmp(in->data, FDT_MAGIC, MAGIC_SIZE) != 0))
		fail("%s: is not a flattened device tree (compile it with dtc)", in->file);
}

static uint8_t *make_package(uint64_t root_end, uint64_t *size)
{
	struct pkg_header header = { .root_end = root_end };
	enum package_status status;
	uint8_t *package;

	for (unsigned int i = 0; i < input_count; i++) {
		struct input *in = &inputs[i];

		in->data = read_file(in->file, &in->size);
		check_input(in);
		package_add(&header, in->type, in->name, in->data, in->size);
	}
	package_seal(&header);
	*size = header.size;
	package = aligned_alloc(PKG_ALIGN, header.size);
	if (!package)
		fail("no memory for a package of %llu bytes", (unsigned long long)header.size);
	memcpy(package, &header, sizeof(header));
	for (unsigned int i = 0; i < input_count; i++)
		memcpy(package + header.entry[i].offset, inputs[i].data,
		       package_padded(inputs[i].size));
	status = package_check(package, *size);
	if (status != PACKAGE_OK)
		fail("%s", package_status_text(status));
	return package;
}

/* The loader with the size of the whole image in its header. */
static uint8_t *prepare_loader(const char *path, uint64_t package_size, uint64_t *size)
{
	uint8_t *loader = read_file(path, size);
	uint64_t image_size = *size + package_size;

	if (*size < IMAGE_HEADER_SIZE || *size % PKG_ALIGN ||
	    memcmp(loader + IMAGE_MAGIC_OFFSET, IMAGE_MAGIC, MAGIC_SIZE) != 0)
		fail("%s: is not the loader", path);
	memcpy(loader + IMAGE_SIZE_OFFSET, &image_size, sizeof(image_size));
	return loader;
}

/* Under another name first: a failed run leaves nothing that looks finished. */
static void write_image(const char *path, const uint8_t *loader, uint64_t loader_size,
			const uint8_t *package, uint64_t package_size)
{
	size_t length = strlen(path) + sizeof(".new");
	char *fresh = malloc(length);
	FILE *f;

	if (!fresh)
		fail("no memory");
	snprintf(fresh, length, "%s.new", path);
	f = fopen(fresh, "wb");
	if (!f)
		fail("%s: %s", fresh, strerror(errno));
	if ((loader_size && fwrite(loader, loader_size, 1, f) != 1) ||
	    fwrite(package, package_size, 1, f) != 1 || fclose(f) != 0 ||
	    rename(fresh, path) != 0) {
		int error = errno;

		unlink(fresh);
		fail("%s: %s", path, strerror(error));
	}
	free(fresh);
}

int main(int argc, char **argv)
{
	enum { OPT_LOADER = 256, OPT_KERNEL, OPT_ROOT, OPT_SYSTEM, OPT_BLOB, OPT_ROOT_END };
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "loader", required_argument, NULL, OPT_LOADER },
		{ "kernel", required_argument, NULL, OPT_KERNEL },
		{ "root", required_argument, NULL, OPT_ROOT },
		{ "system", required_argument, NULL, OPT_SYSTEM },
		{ "blob", required_argument, NULL, OPT_BLOB },
		{ "root-end", required_argument, NULL, OPT_ROOT_END },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *output = NULL, *loader_file = NULL;
	uint64_t loader_size = 0, package_size, root_end = 0;
	uint8_t *loader = NULL, *package;
	int option;

	while ((option = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
		switch (option) {
		case 'o':
			output = optarg;
			break;
		case OPT_LOADER:
			loader_file = optarg;
			break;
		case OPT_KERNEL:
			add_input(PKG_KERNEL, "kernel", optarg);
			break;
		case OPT_ROOT:
			add_input(PKG_ROOT, "root", optarg);
			break;
		case OPT_SYSTEM:
			add_input(PKG_SYSTEM, "system", optarg);
			break;
		case OPT_BLOB:
			add_blob(optarg);
			break;
		case OPT_ROOT_END:
			root_end = parse_address(optarg);
			break;
		case 'h':
			help(stdout);
			return EXIT_SUCCESS;
		default:
			usage("unknown option or missing word");
		}
	}
	if (optind != argc)
		usage("there is a word that belongs to no option");
	if (!output || !find_input(PKG_KERNEL) || !find_input(PKG_ROOT))
		usage("-o, --kernel and --root are needed");
	package = make_package(root_end, &package_size);
	if (loader_file)
		loader = prepare_loader(loader_file, package_size, &loader_size);
	write_image(output, loader, loader_size, package, package_size);
	return EXIT_SUCCESS;
}
