// SPDX-License-Identifier: BSD-2-Clause
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "loader/board_fdt.h"
#include "tests/unit/tap.h"

#define ROOM 4096

/* A tree like that of QEMU's virt machine, made by libfdt, which the loader does not use. */
struct options {
	const char *stdout_path;
	const char *method;
	uint32_t address_cells, size_cells;
	unsigned int memories;
	bool chosen_last;
};

static const struct options usual = { "/pl011@9000000", "smc", 2, 2, 1, false };

static void put_cells(void *fdt, const char *name, uint32_t address_cells, uint32_t size_cells,
		      uint64_t address, uint64_t size)
{
	fdt32_t cells[4];
	unsigned int n = 0;

	if (address_cells == 2)
		cells[n++] = cpu_to_fdt32((uint32_t)(address >> 32));
	cells[n++] = cpu_to_fdt32((uint32_t)address);
	if (size_cells == 2)
		cells[n++] = cpu_to_fdt32((uint32_t)(size >> 32));
	cells[n++] = cpu_to_fdt32((uint32_t)size);
	fdt_property(fdt, name, cells, (int)(n * sizeof(cells[0])));
}

static void put_chosen(void *fdt, const struct options *o)
{
	fdt_begin_node(fdt, "chosen");
	if (o->stdout_path)
		fdt_property_string(fdt, "stdout-path", o->stdout_path);
	fdt_end_node(fdt);
}

static void *make(const struct options *o)
{
	static uint8_t room[ROOM] __attribute__((aligned(8)));
	void *fdt;

	fdt_create(room, ROOM);
	fdt_finish_reservemap(room);
	fdt_begin_node(room, "");
	fdt_property_u32(room, "#address-cells", o->address_cells);
	fdt_property_u32(room, "#size-cells", o->size_cells);
	if (!o->chosen_last)
		put_chosen(room, o);
	fdt_begin_node(room, "psci");
	fdt_property(room, "compatible", "arm,psci-1.0\0arm,psci-0.2", 26);
	if (o->method)
		fdt_property_string(room, "method", o->method);
	fdt_end_node(room);
	for (unsigned int i = 0; i < o->memories; i++) {
		char name[32];

		snprintf(name, sizeof(name), "memory@%x", (i + 1) << 28);
		fdt_begin_node(room, name);
		fdt_property_string(room, "device_type", "memory");
		put_cells(room, "reg", o->address_cells, o->size_cells, (uint64_t)(i + 1) << 28,
			  0x1000000);
		fdt_end_node(room);
	}
	fdt_begin_node(room, "pl011@9040000");
	fdt_property(room, "compatible", "arm,pl011\0arm,primecell", 24);
	put_cells(room, "reg", o->address_cells, o->size_cells, 0x9040000, 0x1000);
	fdt_end_node(room);
	fdt_begin_node(room, "pl011@9000000");
	fdt_property(room, "compatible", "arm,pl011\0arm,primecell", 24);
	put_cells(room, "reg", o->address_cells, o->size_cells, 0x9000000, 0x1000);
	fdt_begin_node(room, "memory@0");
	fdt_property_string(room, "device_type", "memory");
	put_cells(room, "reg", 2, 2, 0x77000000, 0x1000);
	fdt_end_node(room);
	fdt_end_node(room);
	if (o->chosen_last)
		put_chosen(room, o);
	fdt_end_node(room);
	fdt_finish(room);
	fdt = aligned_alloc(8, (fdt_totalsize(room) + 7) & ~7u);
	memcpy(fdt, room, fdt_totalsize(room));
	return fdt;
}

static struct board_fdt scan(const struct options *o, enum board_fdt_status want, const char *name)
{
	void *fdt = make(o);
	struct board_fdt b;

	ok(board_fdt_scan(fdt, &b) == want, "%s: %s", name, board_fdt_text(want));
	free(fdt);
	return b;
}

static void test_usual(void)
{
	struct options o = usual;
	struct board_fdt b = scan(&o, BOARD_FDT_OK, "usual tree");

	ok(b.memories == 1 && b.memory[0].base == 0x10000000 && b.memory[0].size == 0x1000000,
	   "memory, but not that of a deeper node");
	ok(b.uart == 0x9000000, "the UART that stdout-path names");
	ok(b.psci == BOARD_PSCI_SMC, "PSCI by SMC");
	ok(b.used == b.size, "nothing unused");
	o.stdout_path = "/pl011@9040000:115200n8";
	o.chosen_last = true;
	o.method = "hvc";
	o.memories = 12;
	b = scan(&o, BOARD_FDT_OK, "stdout with options, chosen last");
	ok(b.uart == 0x9040000, "the other UART");
	ok(b.psci == BOARD_PSCI_HVC, "PSCI by HVC");
	ok(b.memories == BOARD_FDT_MEMORIES, "eight ranges of memory");
}

static void test_cells(void)
{
	struct options o = usual;
	struct board_fdt b;

	o.address_cells = o.size_cells = 1;
	b = scan(&o, BOARD_FDT_OK, "one cell each");
	ok(b.memories == 1 && b.memory[0].base == 0x10000000 && b.memory[0].size == 0x1000000 &&
		   b.uart == 0x9000000,
	   "32-bit addresses");
	o.address_cells = 3;
	scan(&o, BOARD_FDT_BAD, "three address cells");
}

static void test_missing(void)
{
	struct options o = usual;

	o.stdout_path = NULL;
	ok(scan(&o, BOARD_FDT_OK, "no stdout-path").uart == 0, "no UART then");
	o.stdout_path = "serial0";
	ok(scan(&o, BOARD_FDT_OK, "stdout-path is an alias").uart == 0, "no UART then");
	o.stdout_path = "/pl011@900000";
	ok(scan(&o, BOARD_FDT_OK, "stdout-path of half a name").uart == 0, "no UART then");
	o.method = NULL;
	ok(scan(&o, BOARD_FDT_OK, "PSCI without method").psci == BOARD_PSCI_NONE, "no PSCI then");
	o.memories = 0;
	scan(&o, BOARD_FDT_NO_MEMORY, "no memory");
}

static void test_room_behind(void)
{
	void *fdt = make(&usual), *big = aligned_alloc(8, 2 * ROOM);
	uint32_t used = fdt_totalsize(fdt);
	struct board_fdt b;

	fdt_open_into(fdt, big, 2 * ROOM);
	ok(board_fdt_scan(big, &b) == BOARD_FDT_OK && b.size == 2 * ROOM && b.used < used + 64,
	   "room at the end is not used");
	board_fdt_resize(big, ROOM);
	ok(fdt_totalsize(big) == ROOM && fdt_check_full(big, ROOM) == 0, "and can be cut off");
	free(big);
	free(fdt);
}

static void test_damaged(void)
{
	struct board_fdt b;
	uint8_t *fdt = make(&usual);
	const uint32_t size = fdt_totalsize(fdt);
	bool good = true;

	ok(board_fdt_scan(NULL, &b) == BOARD_FDT_NONE, "no tree");
	ok(board_fdt_scan(fdt + 4, &b) == BOARD_FDT_NONE, "tree not aligned");
	/* Whatever a byte becomes, nothing outside of the tree is read (ASan looks on); most are refused. */
	for (uint32_t i = 8; i < size; i++) {
		for (unsigned int v = 0; v < 4; v++) {
			uint8_t was = fdt[i];

			fdt[i] = (uint8_t[]){ 0, 1, 0x7f, 0xff }[v];
			board_fdt_scan(fdt, &b);
			good &= b.memories <= BOARD_FDT_MEMORIES && b.used <= b.size;
			fdt[i] = was;
		}
	}
	ok(good, "every byte damaged in turn");
	free(fdt);
}

int main(void)
{
	test_usual();
	test_cells();
	test_missing();
	test_room_behind();
	test_damaged();
	return tap_end();
}
