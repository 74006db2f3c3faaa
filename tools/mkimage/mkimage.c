// SPDX-License-Identifier: BSD-2-Clause
/* Checks a system description against the board and packs everything it names: help() below. */
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libfdt.h>

#include "blobs.h"
#include "bootimage/bootimage.h"
#include "messages.h"
#include "source.h"
#include "sysdesc/blob.h"
#include "sysdesc/sysdesc.h"
#include "vmfdt/vmfdt.h"
#include "wire/ctl.h"

#define EXIT_USAGE 2
#define VMM_NAME "vmm.elf"
#define MIB_SHIFT 20
/* More than kernel and root task take beyond their files */
#define ZEROED (UINT64_C(8) << MIB_SHIFT)

struct image {
	const char *output, *system, *board_file, *dtc, *mkpackage;
	const char *kernel, *root, *loader;
	bool check_only;
	struct source source;
	struct text board;
	struct blobs blobs;
	struct sysdesc desc;
	struct vmfdt_devices devices[SYSDESC_MAX_SERVICES];
	struct report report;
};

static void help(FILE *to)
{
	fputs("usage: mkimage -o IMAGE --system SYSTEM.DTS --board-dtb BOARD.DTB --kernel SEL4.ELF\n"
	      "               --root ROOT.ELF --loader LOADER.BIN --mkpackage PROGRAM\n"
	      "               [--search DIR]... [--blob NAME=FILE]...\n"
	      "       mkimage --check --system SYSTEM.DTS --board-dtb BOARD.DTB [--search DIR]...\n"
	      "               [--blob NAME=FILE]...\n"
	      "\n"
	      "Makes a bootable image of a system description, or only checks one. Everything that is wrong\n"
	      "with the description is shown as FILE:LINE: what is wrong; what would be right.\n"
	      "\n"
	      "  -o, --output FILE     what to write\n"
	      "      --system FILE     system description, device-tree source (docs/configuration.md)\n"
	      "      --board-dtb FILE  the board's own device tree\n"
	      "      --kernel FILE     seL4 for the board, ELF\n"
	      "      --root FILE       root task, ELF\n"
	      "      --loader FILE     the loader, an arm64 Image\n"
	      "      --mkpackage FILE  the program that packs\n"
	      "      --search DIR      where files that the description names are looked for; the folder\n"
	      "                        of the description itself comes first\n"
	      "      --blob NAME=FILE  the file for a name; needed for " VMM_NAME
	      " if no folder has it\n"
	      "      --dtc FILE        the device-tree compiler, if it is not dtc\n"
	      "  -h, --help            this text\n"
	      "\n"
	      "Exit status: 0 done, 1 something is wrong, 2 wrong usage.\n",
	      to);
}

static void usage(const char *what) __attribute__((noreturn));
static void usage(const char *what)
{
	fprintf(stderr, "mkimage: %s\n\n", what);
	help(stderr);
	exit(EXIT_USAGE);
}

static void fail(const char *file, const char *what) __attribute__((noreturn));
static void fail(const char *file, const char *what)
{
	fprintf(stderr, "mkimage: %s: %s\n", file, what);
	exit(EXIT_FAILURE);
}

/* --- checks ------------------------------------------------------------------------------------------------ */

static struct srcpos place(const struct image *im, const char *path, const char *property, int item)
{
	return srcmap_find(im->source.map, path, property, item);
}

/* What the libraries found becomes messages with lines. */
static void take_report(struct image *im)
{
	for (unsigned int i = 0; i < im->report.count; i++) {
		const struct report_entry *e = &im->report.entry[i];
		struct srcpos at = place(im, e->path, e->property, e->item);

		(e->warning ? messages_warning :
			      messages_error)(at.file, at.line, "%s: %s",
					      e->property[0] ? e->property : e->path, e->text);
	}
	report_init(&im->report);
}

static const struct blob *use(struct image *im, const char *path, const char *property,
			      const char *name)
{
	struct srcpos at = place(im, path, property, -1);
	char *why;
	const struct blob *blob = blobs_use(&im->blobs, name, &why);

	if (!blob) {
		messages_error(at.file, at.line, "%s: %s", property ? property : path, why);
		free(why);
	}
	return blob;
}

static void check_room(struct image *im, const struct sysdesc_service *svc,
		       const struct bootimage *kernel, uint64_t initrd_size)
{
	const struct sysdesc_bank *bank = &svc->bank[0];
	struct srcpos at = place(im, svc->path, "memory", 0);
	struct bootimage_layout layout;

	if (bootimage_place(&layout, kernel, bank->base, bank->size, VMFDT_MAX_SIZE, initrd_size))
		return;
	if (layout.end == UINT64_MAX)
		messages_error(at.file, at.line,
			       "memory: no bank can hold \"%s\" and \"%s\"; make them smaller",
			       svc->kernel, svc->initrd ? svc->initrd : "");
	else
		messages_error(
			at.file, at.line,
			"memory: the first bank has %llu MiB, kernel, device tree and initrd take %llu; make it larger",
			(unsigned long long)bank->size >> MIB_SHIFT,
			(unsigned long long)((layout.end - bank->base) >> MIB_SHIFT) + 1);
}

static void check_files(struct image *im, const struct sysdesc_service *svc)
{
	const struct blob *kernel = svc->kernel ? use(im, svc->path, "kernel", svc->kernel) : NULL;
	const struct blob *initrd = svc->initrd ? use(im, svc->path, "initrd", svc->initrd) : NULL;
	struct bootimage image;
	struct srcpos at;
	const char *wrong;

	if (!kernel)
		return;
	wrong = bootimage_open(&image, kernel->content.data, kernel->content.size);
	if (wrong) {
		at = place(im, svc->path, "kernel", -1);
		messages_error(at.file, at.line, "kernel: \"%s\" (%s) %s", svc->kernel,
			       kernel->file, wrong);
	} else if (svc->banks) {
		check_room(im, svc, &image, initrd ? initrd->content.size : 0);
	}
}

static void check_trees(struct image *im)
{
	void *tree = run_alloc(VMFDT_MAX_SIZE);

	for (unsigned int i = 0; i < im->desc.services; i++) {
		const struct sysdesc_service *svc = &im->desc.service[i];
		struct vmfdt_params p = { .board = im->desc.board,
					  .service = svc,
					  .window_size = CTL_WINDOW_SIZE };

		if (svc->initrd) {
			p.initrd = svc->bank[0].base;
			p.initrd_size = 1;
		}
		vmfdt_build(tree, VMFDT_MAX_SIZE, im->board.data, im->board.size, &p, &im->report);
	}
	free(tree);
}

static uint64_t file_size(const char *path)
{
	struct text content;
	uint64_t size;
	const char *error = run_read_file(path, &content);

	if (error)
		fail(path, error);
	size = content.size;
	free(content.data);
	return size;
}

/* Kernel, root task and package go where the board reserves RAM for them. */
static void check_package_room(const struct image *im)
{
	struct srcpos at = place(im, "/", "board", -1);
	uint64_t bytes = file_size(im->kernel) + file_size(im->root) + ZEROED,
		 room = im->desc.board->reserved[0].size;

	for (unsigned int i = 0; i < im->blobs.useds; i++)
		bytes += im->blobs.used[i].content.size;
	if (bytes > room)
		messages_error(
			at.file, at.line,
			"board: all files together have %llu MiB, the board has room for %llu; make them smaller",
			(unsigned long long)bytes >> MIB_SHIFT,
			(unsigned long long)room >> MIB_SHIFT);
}

/* Everything that can be found out before packing. */
static bool check(struct image *im)
{
	bool parsed, fits = false;

	if (!source_compile(&im->source, im->dtc, im->system))
		return messages_show();
	parsed = sysdesc_parse(im->source.dtb.data, im->source.dtb.size, &im->desc, &im->report) ==
		 0;
	if (im->desc.board)
		fits = vmfdt_check(&im->desc, im->board.data, im->board.size, im->devices,
				   &im->report) == 0;
	if (parsed && fits)
		check_trees(im);
	take_report(im);
	for (unsigned int i = 0; i < im->desc.services; i++)
		check_files(im, &im->desc.service[i]);
	use(im, "/", NULL, VMM_NAME);
	if (!im->check_only && im->desc.board)
		check_package_room(im);
	return messages_show();
}

/* --- packing ----------------------------------------------------------------------------------------------- */

static int pack(const struct image *im)
{
	char dtb[] = "/tmp/selkie-system-XXXXXX";
	const char *argv[18 + 2 * BLOBS_MAX];
	char *blob[BLOBS_MAX], *root_end;
	unsigned int n = 0;
	int fd = mkstemp(dtb), status;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "wb");

	if (!f || fwrite(im->source.dtb.data, im->source.dtb.size, 1, f) != 1 || fclose(f) != 0)
		fail(dtb, strerror(errno));
	argv[n++] = im->mkpackage;
	argv[n++] = "-o";
	argv[n++] = im->output;
	argv[n++] = "--loader";
	argv[n++] = im->loader;
	argv[n++] = "--kernel";
	argv[n++] = im->kernel;
	argv[n++] = "--root";
	argv[n++] = im->root;
	argv[n++] = "--system";
	argv[n++] = dtb;
	argv[n++] = "--root-end";
	argv[n++] = root_end =
		run_format("0x%llx", (unsigned long long)sysdesc_root_end(&im->desc));
	for (unsigned int i = 0; i < im->blobs.useds; i++) {
		argv[n++] = "--blob";
		argv[n++] = blob[i] =
			run_format("%s=%s", im->blobs.used[i].name, im->blobs.used[i].file);
	}
	argv[n] = NULL;
	status = run_program(argv, NULL, NULL);
	unlink(dtb);
	free(root_end);
	for (unsigned int i = 0; i < im->blobs.useds; i++)
		free(blob[i]);
	return status ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- command line -------------------------------------------------------------------------------------------- */

static void add_blob(struct blobs *b, char *word)
{
	char *equals = strchr(word, '=');

	if (!equals || equals == word || !equals[1])
		usage("--blob needs NAME=FILE");
	if (b->givens == BLOBS_MAX)
		usage("too many --blob");
	*equals = '\0';
	b->given[b->givens].name = word;
	b->given[b->givens++].file = equals + 1;
}

static void add_search(struct blobs *b, const char *dir)
{
	if (b->searches == BLOBS_MAX)
		usage("too many --search");
	b->search[b->searches++] = dir;
}

static void check_options(const struct image *im, bool too_many)
{
	if (too_many)
		usage("there is a word that belongs to no option");
	if (!im->system || !im->board_file)
		usage("--system and --board-dtb are needed");
	if (!im->check_only &&
	    (!im->output || !im->kernel || !im->root || !im->loader || !im->mkpackage))
		usage("without --check, -o, --kernel, --root, --loader and --mkpackage are needed");
}

static void parse_options(struct image *im, int argc, char **argv)
{
	enum {
		OPT_SYSTEM = 256,
		OPT_BOARD,
		OPT_KERNEL,
		OPT_ROOT,
		OPT_LOADER,
		OPT_MKPACKAGE,
		OPT_SEARCH,
		OPT_BLOB,
		OPT_DTC,
		OPT_CHECK
	};
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "system", required_argument, NULL, OPT_SYSTEM },
		{ "board-dtb", required_argument, NULL, OPT_BOARD },
		{ "kernel", required_argument, NULL, OPT_KERNEL },
		{ "root", required_argument, NULL, OPT_ROOT },
		{ "loader", required_argument, NULL, OPT_LOADER },
		{ "mkpackage", required_argument, NULL, OPT_MKPACKAGE },
		{ "search", required_argument, NULL, OPT_SEARCH },
		{ "blob", required_argument, NULL, OPT_BLOB },
		{ "dtc", required_argument, NULL, OPT_DTC },
		{ "check", no_argument, NULL, OPT_CHECK },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char **const words[] = {
		[OPT_SYSTEM - OPT_SYSTEM] = &im->system,
		[OPT_BOARD - OPT_SYSTEM] = &im->board_file,
		[OPT_KERNEL - OPT_SYSTEM] = &im->kernel,
		[OPT_ROOT - OPT_SYSTEM] = &im->root,
		[OPT_LOADER - OPT_SYSTEM] = &im->loader,
		[OPT_MKPACKAGE - OPT_SYSTEM] = &im->mkpackage,
	};
	int option;

	/* The description's own folder is entered when it is known. */
	add_search(&im->blobs, NULL);
	while ((option = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
		if (option >= OPT_SYSTEM && option <= OPT_MKPACKAGE)
			*words[option - OPT_SYSTEM] = optarg;
		else if (option == 'o')
			im->output = optarg;
		else if (option == OPT_SEARCH)
			add_search(&im->blobs, optarg);
		else if (option == OPT_BLOB)
			add_blob(&im->blobs, optarg);
		else if (option == OPT_DTC)
			im->dtc = optarg;
		else if (option == OPT_CHECK)
			im->check_only = true;
		else if (option == 'h') {
			help(stdout);
			exit(EXIT_SUCCESS);
		} else {
			usage("unknown option or missing word");
		}
	}
	check_options(im, optind != argc);
}

int main(int argc, char **argv)
{
	struct image *im = run_alloc(sizeof(*im));
	const char *slash, *error;
	char *folder;
	int status = EXIT_FAILURE;

	im->dtc = "dtc";
	parse_options(im, argc, argv);
	slash = strrchr(im->system, '/');
	folder = slash ? run_format("%.*s", (int)(slash - im->system) + (slash == im->system),
				    im->system) :
			 run_format(".");
	im->blobs.search[0] = folder;
	error = run_read_file(im->board_file, &im->board);
	if (error)
		fail(im->board_file, error);
	if (blob_check_fdt(im->board.data, im->board.size) != 0)
		fail(im->board_file, "is not a flattened device tree");
	if (check(im))
		status = im->check_only ? EXIT_SUCCESS : pack(im);
	source_free(&im->source);
	blobs_free(&im->blobs);
	free(im->board.data);
	free(folder);
	free(im);
	return status;
}
