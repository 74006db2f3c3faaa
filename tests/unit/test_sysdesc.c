// SPDX-License-Identifier: BSD-2-Clause
/* The parser of system descriptions: SYSTEM_DTB is the default description, each row below spoils it. */
#include <libfdt.h>

#include "sysdesc/sysdesc.h"
#include "tests/unit/sysdesc/load.h"
#include "tests/unit/tap.h"
#include "wire/vmm.h"

#define ROOM 16384

static uint8_t tree[ROOM] __attribute__((aligned(8)));
static struct sysdesc desc;
static struct report report;

struct row {
	const char *path; /* of the node that is changed or made */
	const char *property; /* NULL: only make the node */
	const char *value; /* NULL: delete the property */
	int len;
	const char *text; /* what is said; NULL: nothing */
};

#define BYTES(s) s, sizeof(s) - 1
#define STRING(s) s, sizeof(s)
#define SVC "/service"
#define USERS "/service/user-vms"

static const struct row rows[] = {
	{ SVC, "memory", BYTES("\0\0\0\0\x40\0\0\0\0\0\0\0\0\x20\0\0"), NULL },
	{ SVC, "memory", BYTES("\0\0\0\0\x40\0\0\0\0\0\0\0\0\x20\0"), "each bank is <base size>" },
	{ SVC, "memory", BYTES(""), "each bank is <base size>" },
	{ SVC, "memory", BYTES("\0\0\0\0\x40\0\0\0\0\0\0\0\0\0\0\0"), "has no bytes" },
	{ SVC, "memory", BYTES("\0\0\0\0\x40\0\0\0\xff\xff\xff\xff\xff\xff\xf0\0"),
	  "ends beyond 1 TiB" },
	{ SVC, "memory", BYTES("\xff\xff\xff\xff\xff\xff\xf0\0\0\0\0\0\0\0\x20\0"),
	  "ends beyond 1 TiB" },
	{ SVC, "memory", BYTES("\0\0\0\0\x40\0\x08\0\0\0\0\0\0\x20\0\0"),
	  "is not aligned to 2 MiB" },
	{ SVC, "memory", NULL, 0, "property \"memory\" is missing" },
	{ SVC, "granule", BYTES("\0\0\x40\0"), "is neither 4 KiB nor 2 MiB" },
	{ SVC, "granule", BYTES("\0\x20\0\0"), NULL },
	{ SVC, "granule", BYTES("\0\0\x10"), "is neither 4 KiB nor 2 MiB" },
	{ SVC, "vcpus", BYTES("\0\0\0\0"), "1 to 4 is possible" },
	{ SVC, "vcpus", BYTES("\0\0\0\5"), "1 to 4 is possible" },
	{ SVC, "vcpus", BYTES("\0\0\0\4"), NULL },
	{ SVC, "vcpus", BYTES("\0\0\0\0\0\0\0\1"), "one cell is needed" },
	{ SVC, "priority", BYTES("\0\0\0\x96"), "1 to 140 is possible" },
	{ SVC, "timeslice-us", BYTES("\xff\xff\xff\xff"), "100 to 1000000 is possible" },
	{ SVC, "kernel", NULL, 0, "property \"kernel\" is missing" },
	{ SVC, "kernel", STRING(""), "can not name a file" },
	{ SVC, "kernel", STRING("a b"), "can not name a file" },
	{ SVC, "kernel", STRING("123456789012345678901234567890123"), "at most 31" },
	{ SVC, "kernel", STRING("1234567890123456789012345678901"), NULL },
	{ SVC, "initrd", BYTES("cpio"), "is not one string" },
	{ SVC, "initrd", BYTES(""), "is not one string" },
	{ SVC, "initrd", STRING("a\0b"), "is not one string" },
	{ SVC, "initrd", NULL, 0, NULL },
	{ SVC, "bootargs", STRING(""), NULL },
	{ SVC, "passthrough", NULL, 0, NULL },
	{ SVC, "passthrough", BYTES(""), NULL },
	{ SVC, "passthrough", BYTES("/a\0/b"), "is not a list of strings" },
	{ SVC, "passthrough", STRING("/a\0serial0"), "is not a path of the board's tree" },
	{ SVC, "stdout-path", STRING("serial0"), "is not a path" },
	{ SVC, "on-crash", STRING("explode"), "possible: \"restart\", \"stop\"" },
	{ SVC, "test-hooks", STRING("yes"), "has a value" },
	{ SVC, "compatible", STRING("selkie,vm"), "\"selkie,service-vm\" is right here" },
	{ SVC, "compatible", NULL, 0, "property \"compatible\" is missing" },
	{ SVC, "colour", STRING("red"), "unknown property; known here: compatible memory" },
	{ SVC "/devices", NULL, NULL, 0, "only \"user-vms\" is known" },
	{ USERS, "max", BYTES("\0\0\0\x41"), "0 to 64 is possible" },
	{ USERS, "max", NULL, 0, "property \"max\" is missing" },
	{ USERS, "memory", BYTES("\0\0\0\0\x10\0\0\x01"), "a multiple of 0x1000" },
	{ USERS, "memory", BYTES("\0\0\0\0"), "two cells are needed" },
	{ USERS, "memory", BYTES("\0\0\0\0\0\0\x10\0"), "from 0x100000" },
	{ USERS, "vcpus", BYTES("\0\0\0\1"), "unknown property" },
	{ USERS "/one", NULL, NULL, 0, "there are none in here" },
	{ "/", "board", STRING("toaster"), "\"qemu_virt_aarch64\" is" },
	{ "/", "board", NULL, 0, "property \"board\" is missing" },
	{ "/", "log-level", STRING("loud"), "possible: \"error\", \"warn\", \"info\", \"debug\"" },
	{ "/", "compatible", STRING("selkie,system-2"), "\"selkie,system-1\" is right here" },
	{ "/", "#address-cells", BYTES("\0\0\0\2"), "unknown property" },
	{ "/service@1", NULL, NULL, 0, "can not name a service-VM" },
	{ "/chosen", NULL, NULL, 0, "property \"kernel\" is missing" },
};

static int make_node(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	int parent = fdt_path_offset_namelen(tree, path, (int)(name - path) - (name > path + 1)),
	    node;

	if (name == path + 1 && !*name)
		return 0;
	if (parent < 0)
		parent = 0;
	node = fdt_subnode_offset(tree, parent, name);
	return node >= 0 ? node : fdt_add_subnode(tree, parent, name);
}

static void spoil(const struct loaded *good, const struct row *row)
{
	int node;

	fdt_open_into(good->data, tree, sizeof(tree));
	node = make_node(row->path);
	if (row->property && row->value)
		fdt_setprop(tree, node, row->property, row->value, row->len);
	else if (row->property)
		fdt_delprop(tree, node, row->property);
	fdt_pack(tree);
}

/* In memory of just its size, so that a sanitizer sees the first byte too far. */
static int parse_exactly(void)
{
	size_t size = fdt_totalsize(tree);
	void *exact = malloc(size);
	int result;

	memcpy(exact, tree, size);
	memset(&report, 0, sizeof(report));
	result = sysdesc_parse(exact, size, &desc, &report);
	free(exact);
	return result;
}

static void test_rows(const struct loaded *good)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		const struct report_entry *e;
		int result;

		spoil(good, row);
		result = parse_exactly();
		if (!row->text) {
			ok(result == 0 && report.count == 0, "row %zu: %s %s is good", i, row->path,
			   row->property);
			continue;
		}
		e = said(&report, row->text);
		if (!ok(result == -1 && report.errors >= 1 && e, "row %zu: %s %s: %s", i, row->path,
			row->property ? row->property : "", row->text))
			show(&report);
		if (e && row->value)
			ok(strcmp(e->path, row->path) == 0 &&
				   strcmp(e->property, row->property) == 0,
			   "row %zu: at that property", i);
	}
}

static void test_default(const struct loaded *good)
{
	const struct sysdesc_service *s = &desc.service[0];

	memset(&report, 0, sizeof(report));
	ok(sysdesc_parse(good->data, good->size, &desc, &report) == 0 && report.count == 0,
	   "the default description is good");
	show(&report);
	ok(desc.board && strcmp(desc.board->name, "qemu_virt_aarch64") == 0, "board");
	ok(desc.services == 1 && strcmp(s->name, "service") == 0 &&
		   strcmp(s->path, "/service") == 0,
	   "its service-VM");
	ok(s->banks == 2 && s->bank[0].base == 0x40000000 && s->bank[0].size == 0x20000000 &&
		   s->bank[1].base == 0x64000000 && s->bank[1].size == 0x18000000 &&
		   sysdesc_root_end(&desc) == 0x7c000000,
	   "banks");
	ok(s->granule == SYSDESC_GRANULE_4K && s->vcpus == 1 && s->priority == 100 &&
		   s->timeslice_us == 100000,
	   "numbers");
	ok(strcmp(s->kernel, "service.Image") == 0 && strcmp(s->initrd, "service.cpio") == 0,
	   "files");
	ok(strstr(s->bootargs, "console=ttyAMA0") != NULL, "bootargs");
	ok(s->passthroughs == 3 && strcmp(s->passthrough[2], "/virtio_mmio@a000?00") == 0,
	   "passthrough");
	ok(strcmp(s->stdout_path, "/pl011@9000000") == 0, "stdout-path");
	ok(s->users.max == 32 && s->users.memory == 0x10000000 && s->users.priority == 100 &&
		   s->users.timeslice_us == 5000,
	   "user-vms");
	ok(s->on_crash == SYSDESC_RESTART && s->test_hooks && desc.log_level == VMM_LOG_INFO,
	   "the rest");
}

static void test_defaults(void)
{
	const struct sysdesc_service *s = &desc.service[0];

	fdt_create(tree, ROOM);
	fdt_finish_reservemap(tree);
	fdt_begin_node(tree, "");
	fdt_property_string(tree, "compatible", "selkie,system-1");
	fdt_property_string(tree, "board", "qemu_virt_aarch64");
	fdt_begin_node(tree, "least");
	fdt_property_string(tree, "compatible", "selkie,service-vm");
	fdt_property(tree, "memory", "\0\0\0\0\x40\0\0\0\0\0\0\0\0\x20\0\0", 16);
	fdt_property_string(tree, "kernel", "Image");
	fdt_end_node(tree);
	fdt_end_node(tree);
	fdt_finish(tree);
	memset(&report, 0, sizeof(report));
	ok(sysdesc_parse(tree, ROOM, &desc, &report) == 0 && report.count == 0,
	   "the least description is good");
	ok(s->granule == SYSDESC_GRANULE_4K && s->vcpus == 1 && s->priority == 100 &&
		   s->timeslice_us == 5000 && !s->initrd && *s->bootargs == '\0' &&
		   s->passthroughs == 0 && !s->stdout_path && s->users.max == 0 &&
		   s->users.memory == 0 && !s->test_hooks,
	   "defaults");
}

static void add_service(const struct loaded *good, const char *name)
{
	int from = fdt_path_offset(good->data, "/service"), to = fdt_add_subnode(tree, 0, name),
	    prop;

	fdt_for_each_property_offset(prop, good->data, from) {
		const char *property;
		int len;
		const void *value = fdt_getprop_by_offset(good->data, prop, &property, &len);

		fdt_setprop(tree, to, property, value, len);
	}
}

static void test_several(const struct loaded *good)
{
	static const char *const names[] = { "b", "c", "d", "e" };

	fdt_open_into(good->data, tree, sizeof(tree));
	for (unsigned int i = 0; i < 3; i++)
		add_service(good, names[i]);
	ok(parse_exactly() == 0 && desc.services == 4, "four service-VMs are possible");
	add_service(good, names[3]);
	ok(parse_exactly() == -1 && said(&report, "too many service-VMs"), "five are not");
}

static void test_limits(const struct loaded *good)
{
	static char many[65 * 3 + 1], banks[9 * 16], args[1025];
	struct row row = { SVC, "passthrough", many, sizeof(many) - 1, NULL };

	for (unsigned int i = 0; i < sizeof(many) - 1; i += 3)
		memcpy(many + i, "/a", 3);
	spoil(good, &row);
	ok(parse_exactly() == -1 && said(&report, "too many entries"), "65 patterns are too many");
	row.len -= 3;
	spoil(good, &row);
	ok(parse_exactly() == 0 && desc.service[0].passthroughs == 64, "64 are not");

	for (unsigned int i = 0; i < 9; i++)
		memcpy(banks + 16 * i, "\0\0\0\0\x40\0\0\0\0\0\0\0\0\x20\0\0", 16);
	row = (struct row){ SVC, "memory", banks, sizeof(banks), NULL };
	spoil(good, &row);
	ok(parse_exactly() == -1 && said(&report, "at most 8 are possible"),
	   "9 banks are too many");

	memset(args, 'a', sizeof(args) - 1);
	row = (struct row){ SVC, "bootargs", args, sizeof(args), NULL };
	spoil(good, &row);
	ok(parse_exactly() == -1 && said(&report, "at most 1023"),
	   "1024 characters of bootargs are too many");
	row.value++;
	row.len--;
	spoil(good, &row);
	ok(parse_exactly() == 0, "1023 are not");
}

static void test_broken(const struct loaded *good)
{
	struct row row = { SVC, "kernel", "\x1b[31m", 6, NULL };
	size_t wrong = 0;

	for (size_t size = 0; size < good->size; size++) {
		void *part = malloc(size ? size : 1);

		memcpy(part, good->data, size);
		memset(&report, 0, sizeof(report));
		wrong += sysdesc_parse(part, size, &desc, &report) == -1 && report.errors == 1;
		free(part);
	}
	ok(wrong == good->size, "a tree cut anywhere is refused");
	spoil(good, &row);
	ok(parse_exactly() == -1 && said(&report, "\"?[31m\""),
	   "control characters do not reach the terminal");
}

static void test_report(void)
{
	memset(&report, 0, sizeof(report));
	for (unsigned int i = 0; i < REPORT_MAX + 5; i++)
		report_error(&report, "/", "p", -1, "%0300d", 1);
	ok(report.errors == REPORT_MAX + 5 && report.count == REPORT_MAX, "a full report counts");
	ok(strlen(report.entry[REPORT_MAX - 1].text) == REPORT_TEXT - 1, "long texts are cut");
	report_init(&report);
	report_warning(&report, "/", NULL, 3, "w");
	ok(report.errors == 0 && report.count == 1 && report.entry[0].warning &&
		   report.entry[0].item == 3,
	   "warnings");
}

static void test_boards(void)
{
	unsigned int n = 0;

	for (const struct sysdesc_board *b; (b = sysdesc_board_get(n)); n++)
		ok(sysdesc_board_find(b->name) == b && b->doorbell >= 32 &&
			   b->doorbell < b->intids && b->intids % 32 == 0 &&
			   b->window % 0x10000 == 0,
		   "board %s makes sense", b->name);
	ok(n >= 1 && !sysdesc_board_find(""), "boards");
}

int main(void)
{
	struct loaded good = load(SYSTEM_DTB);

	test_default(&good);
	test_defaults();
	test_rows(&good);
	test_several(&good);
	test_limits(&good);
	test_broken(&good);
	test_report();
	test_boards();
	free(good.data);
	return tap_end();
}
