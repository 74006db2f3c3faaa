// SPDX-License-Identifier: BSD-2-Clause
/* Devices and trees of service-VMs, on QEMU's board (BOARD_DTB) and on one that is only a tree (SOC_DTB). */
#include <libfdt.h>

#include "sysdesc/sysdesc.h"
#include "tests/unit/sysdesc/load.h"
#include "tests/unit/tap.h"
#include "vmfdt/vmfdt_internal.h"

#define WINDOW 0x410000

static const struct sysdesc_board soc_board = {
	.name = "soc",
	.reserved = { { 0x60000000, 0x8000000, "the kernel" } },
	.reserveds = 1,
	.guest_only = { 0x40000000, 0x20000000 },
	.root_pool = 0x1000000,
	.intids = 224,
	.doorbell = 159,
	.window = UINT64_C(0x3000000000),
};

static struct sysdesc desc;
static struct vmfdt_devices devs[SYSDESC_MAX_SERVICES];
static struct report report;
static uint8_t out[VMFDT_MAX_SIZE] __attribute__((aligned(8)));

static void start(const struct sysdesc_board *board)
{
	memset(&desc, 0, sizeof(desc));
	memset(&report, 0, sizeof(report));
	desc.board = board;
}

static struct sysdesc_service *add(const char *name, uint64_t base, uint64_t size)
{
	struct sysdesc_service *s = &desc.service[desc.services++];

	snprintf(s->name, sizeof(s->name), "%s", name);
	snprintf(s->path, sizeof(s->path), "/%s", name);
	s->bank[s->banks].base = base;
	s->bank[s->banks++].size = size;
	s->granule = 0x1000;
	s->vcpus = 1;
	s->bootargs = "quiet";
	return s;
}

static void pass(struct sysdesc_service *s, const char *pattern)
{
	s->passthrough[s->passthroughs++] = pattern;
}

static int check(const struct loaded *board)
{
	return vmfdt_check(&desc, board->data, board->size, devs, &report);
}

static int build(const struct loaded *board, unsigned int service, size_t size)
{
	struct vmfdt_params p = { .board = desc.board,
				  .service = &desc.service[service],
				  .initrd = 0x44000000,
				  .initrd_size = 0x1000,
				  .window_size = WINDOW };

	memset(out, 0xa5, sizeof(out));
	return vmfdt_build(out, size, board->data, board->size, &p, &report);
}

static bool same(const char *path, const char *property, const void *value, int len)
{
	int got;
	const void *p = fdt_getprop(out, fdt_path_offset(out, path), property, &got);

	return p && got == len && memcmp(p, value, (size_t)len) == 0;
}

static bool copied(const struct loaded *board, const char *path)
{
	int from = fdt_path_offset(board->data, path), prop, count = 0;

	fdt_for_each_property_offset(prop, board->data, from) {
		const char *name;
		int len;
		const void *value = fdt_getprop_by_offset(board->data, prop, &name, &len);

		if (!same(path, name, value, len))
			return false;
		count++;
	}
	return count > 0;
}

static bool has(const char *path)
{
	return fdt_path_offset(out, path) >= 0;
}

static void test_globs(void)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} rows[] = {
		{ "/a", "/a", true },
		{ "/a", "/ab", false },
		{ "/a*", "/ab", true },
		{ "/a*", "/a", true },
		{ "/a*", "/a/b", false },
		{ "/*/b", "/a/b", true },
		{ "/*/b", "/a/c/b", false },
		{ "/a?c", "/abc", true },
		{ "/a?c", "/a/c", false },
		{ "/a?", "/a", false },
		{ "/*a*b", "/xaxxab", true },
		{ "/*a*b", "/xaxxa", false },
		{ "/**", "/x", true },
		{ "/virtio_mmio@a000?00", "/virtio_mmio@a000200", true },
		{ "/virtio_mmio@a000?00", "/virtio_mmio@a001200", false },
		{ "*", "/a", false },
		{ "", "", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ok(tree_glob(rows[i].pattern, rows[i].text) == rows[i].match, "\"%s\" %s \"%s\"",
		   rows[i].pattern, rows[i].match ? "matches" : "does not match", rows[i].text);
}

static void test_qemu(const struct loaded *board)
{
	struct sysdesc_service *s;
	const struct vmfdt_devices *d = &devs[0];

	start(sysdesc_board_find("qemu_virt_aarch64"));
	s = add("service", 0x40000000, 0x20000000);
	s->bank[s->banks].base = 0x80000000;
	s->bank[s->banks++].size = 0x30000000;
	s->stdout_path = "/pl011@9000000:115200";
	s->users.memory = 0x10000000;
	pass(s, "/virtio_mmio@a000?00");
	pass(s, "/pl031@9010000");
	pass(s, "/pl011@9000000");
	ok(check(board) == 0 && report.count == 0, "the default devices pass");
	show(&report);
	ok(d->mmios == 3 && d->mmio[0].base == 0x9000000 && d->mmio[0].size == 0x1000 &&
		   !d->mmio[0].virtio && d->mmio[0].item == 2 && d->mmio[1].base == 0x9010000 &&
		   d->mmio[2].base == 0xa000000 && d->mmio[2].size == 0x1000 && d->mmio[2].virtio &&
		   d->mmio[2].item == 0,
	   "pages");
	ok(d->irqs == 10 && d->irq[0].intid == 33 && !d->irq[0].edge && d->irq[1].intid == 34 &&
		   d->irq[2].intid == 48 && d->irq[2].edge && d->irq[9].intid == 55,
	   "interrupts");
	ok(d->gicd == 0x8000000 && d->gicc == 0x8010000 && d->gich == 0x8030000 &&
		   d->gicv == 0x8040000,
	   "GIC");
	ok(!d->master[0], "no device among them goes on writing to memory");

	ok(build(board, 0, sizeof(out)) == 0 && fdt_check_full(out, fdt_totalsize(out)) == 0,
	   "the tree is built");
	ok(copied(board, "/pl011@9000000") && copied(board, "/pl031@9010000") &&
		   copied(board, "/virtio_mmio@a000000") && copied(board, "/virtio_mmio@a000e00"),
	   "devices are copied");
	ok(copied(board, "/apb-pclk"), "their clock is copied");
	ok(!has("/virtio_mmio@a001000") && !has("/pl061@9030000") && !has("/flash@0") &&
		   !has("/pmu") && !has("/fw-cfg@9020000") && !has("/pcie@10000000") &&
		   !has("/intc@8000000"),
	   "nothing else is");
	ok(same("/memory@40000000", "reg", "\0\0\0\0\x40\0\0\0\0\0\0\0\x20\0\0\0", 16) &&
		   same("/memory@80000000", "reg", "\0\0\0\0\x80\0\0\0\0\0\0\0\x30\0\0\0", 16) &&
		   same("/memory@80000000", "device_type", "memory", 7),
	   "memory");
	ok(same("/chosen", "bootargs", "quiet", 6) &&
		   same("/chosen", "stdout-path", s->stdout_path, 22) &&
		   same("/chosen", "linux,initrd-start", "\0\0\0\0\x44\0\0\0", 8) &&
		   same("/chosen", "linux,initrd-end", "\0\0\0\0\x44\0\x10\0", 8),
	   "chosen");
	ok(same("/psci", "method", "smc", 4) && same("/cpus/cpu@0", "enable-method", "psci", 5) &&
		   same("/cpus/cpu@0", "compatible", "arm,cortex-a53", 15) && !has("/cpus/cpu@1"),
	   "processor");
	ok(same("/interrupt-controller@8000000", "reg",
		"\0\0\0\0\x08\0\0\0\0\0\0\0\0\0\x10\0\0\0\0\0\x08\1\0\0\0\0\0\0\0\0\x20\0", 32) &&
		   same("/interrupt-controller@8000000", "compatible", "arm,cortex-a15-gic", 19),
	   "interrupt controller");
	ok(same("/hypervisor@3000000000", "compatible", "selkie,kvm-1", 13) &&
		   same("/hypervisor@3000000000", "reg", "\0\0\0\x30\0\0\0\0\0\0\0\0\0\x41\0\0",
			16) &&
		   same("/hypervisor@3000000000", "interrupts", "\0\0\0\0\0\0\0\x7f\0\0\0\1", 12),
	   "hypervisor");
	ok(same("/", "compatible", "linux,dummy-virt", 17) && copied(board, "/timer"),
	   "board and timer");
}

static void test_vcpus(const struct loaded *board)
{
	start(sysdesc_board_find("qemu_virt_aarch64"));
	add("service", 0x40000000, 0x20000000)->vcpus = 3;
	ok(build(board, 0, sizeof(out)) == 0 && has("/cpus/cpu@2") && !has("/cpus/cpu@3") &&
		   same("/cpus/cpu@2", "reg", "\0\0\0\2", 4),
	   "three vCPUs");
	ok(fdt32_ld((const fdt32_t *)fdt_getprop(out, fdt_path_offset(out, "/timer"), "interrupts",
						 NULL) +
		    2) == 0x704,
	   "the timer's interrupts go to three");
}

static void test_room(const struct loaded *board)
{
	unsigned int bad = 0;
	size_t need;

	start(sysdesc_board_find("qemu_virt_aarch64"));
	pass(add("service", 0x40000000, 0x20000000), "/virtio_mmio@*");
	build(board, 0, sizeof(out));
	need = fdt_totalsize(out);
	for (size_t size = 0; size < need; size += 61) {
		report_init(&report);
		bad += build(board, 0, size) == 0 || out[size] != 0xa5 ||
		       !said(&report, "can not be made");
	}
	ok(bad == 0, "too small a buffer is refused and not overrun");
	ok(build(board, 0, need) == 0, "%zu bytes are enough", need);
}

/* What one pattern leads to on the other board. */
static const struct {
	const char *pattern;
	const char *text; /* NULL: it passes */
} soc_rows[] = {
	{ "/soc/mmc@300000", "needs /soc/gpio@200000" },
	{ "/soc/serial@202000", "is disabled on the board" },
	{ "/soc/serial@20200*", "matches no device" },
	{ "/soc/serial@9", "matches no device" },
	{ "serial0", NULL },
	{ "/soc/spi@204000", "needs /soc/clock-controller@101000 (clocks), which has registers" },
	{ "/soc/can@305000", "interrupts of /soc/can@305000 go to /soc/gpio@200000" },
	{ "/soc/wdt@306000", "has an interrupt of one core" },
	{ "/soc/falling@307000", "triggered in a way (2) no GICv2 knows" },
	{ "/soc/far@308000", "interrupt 232 of /soc/far@308000 is not available" },
	{ "/soc/bell@309000", "is the doorbell" },
	{ "/soc/hidden@5000000", NULL },
	{ "/soc/spoof@e847800", "lie in pages of the interrupt controller" },
	{ "/soc/broken@310000", "\"reg\" of the board's /soc/broken@310000 makes no sense" },
	{ "/soc/broken@310000", "the interrupts of the board's /soc/broken@310000 make no sense" },
	{ "/soc/broken@310000", "refers to no node" },
	{ "/soc/interrupt-controller@e841000", "the interrupt controller belongs to the kernel" },
	{ "/soc/interrupt-controller@*", "matches no device" },
	{ "/soc/bus@400000", "shared with a device that triggers it in another way" },
	{ "/cpus", "has one of its own" },
	{ "/cpus/cpu@0", "has one of its own" },
	{ "/memory@0", "has one of its own" },
	{ "/timer", "has one of its own" },
	{ "/pcie@7d500000", "routes interrupts for a bus" },
	{ "/frame@70000000", "lie in RAM" },
	{ "/window@1000000000", "at most 64 can pass through" },
	{ "/soc", "the interrupt controller" },
	{ "/clocks/clock-pll", NULL },
};

static void test_soc_rows(const struct loaded *board)
{
	for (size_t i = 0; i < sizeof(soc_rows) / sizeof(soc_rows[0]); i++) {
		const char *text = soc_rows[i].text;
		int result;

		start(&soc_board);
		pass(add("a", 0x40000000, 0x20000000), soc_rows[i].pattern);
		result = check(board);
		if (!ok(text ? result == -1 && said(&report, text) : result == 0, "%s: %s",
			soc_rows[i].pattern, text ? text : "passes"))
			show(&report);
		if (text && said(&report, text) &&
		    strcmp(said(&report, text)->property, "passthrough") != 0)
			ok(false, "%s: at the property", soc_rows[i].pattern);
	}
}

static void test_soc(const struct loaded *board)
{
	struct sysdesc_service *s;
	const struct vmfdt_devices *d = &devs[0];

	start(&soc_board);
	s = add("a", 0x40000000, 0x20000000);
	s->vcpus = 2;
	pass(s, "/soc/serial@201000");
	pass(s, "/soc/mmc@300000");
	pass(s, "/soc/gpio@200000");
	pass(s, "/soc/can@305000");
	pass(s, "/soc/bus@400000/dev@1000");
	pass(s, "/soc/bus@400000/dev@2000");
	ok(check(board) == 0, "devices behind buses pass");
	show(&report);
	ok(report.errors == 0 && said(&report, "/soc/serial@201800 shares a page") &&
		   said(&report, "shares a page")->warning,
	   "a neighbour in the page is warned of");
	ok(d->mmios == 6 && d->mmio[0].base == 0xf0200000 && d->mmio[0].size == 0x1000 &&
		   d->mmio[1].base == 0xf0201000 && d->mmio[2].base == 0xf0300000 &&
		   d->mmio[3].base == 0xf0305000 && d->mmio[4].base == 0xf0401000 &&
		   d->mmio[5].base == 0xf0402000 && d->mmio[5].item == 5,
	   "pages, translated");
	ok(strcmp(d->master, "/soc/mmc@300000") == 0, "the one that may write to memory: %s",
	   d->master);
	ok(d->irqs == 5 && d->irq[0].intid == 81 && d->irq[1].intid == 82 &&
		   d->irq[2].intid == 89 && d->irq[3].intid == 94 && d->irq[4].intid == 122 &&
		   d->irq[4].edge,
	   "interrupts, shared ones once");
	ok(d->gicd == 0xfe841000 && d->gicv == 0xfe846000, "GIC, translated");
	ok(build(board, 0, sizeof(out)) == 0 && fdt_check_full(out, fdt_totalsize(out)) == 0,
	   "the tree is built");
	ok(copied(board, "/soc/serial@201000") && copied(board, "/soc/mmc@300000") &&
		   copied(board, "/soc/gpio@200000/uart-pins") &&
		   copied(board, "/soc/bus@400000/dev@2000"),
	   "devices are copied with what is below them");
	ok(copied(board, "/clocks/clock-pll") && copied(board, "/clocks/clock-osc") &&
		   copied(board, "/regulator-vmmc"),
	   "so is what they refer to, and what that refers to");
	ok(!has("/soc/spi@204000") && !has("/soc/serial@201800") &&
		   !has("/soc/interrupt-controller@e841000") && !has("/soc/bus@400000/dev@3000"),
	   "nothing else is");
	ok(copied(board, "/soc") && same("/", "#size-cells", "\0\0\0\1", 4),
	   "buses keep their cells and ranges");
	ok(same("/interrupt-controller@fe841000", "reg",
		"\0\0\0\0\xfe\x84\x10\0\0\0\x10\0\0\0\0\0\xfe\x84\x20\0\0\0\x20\0", 24) &&
		   same("/memory@40000000", "reg", "\0\0\0\0\x40\0\0\0\x20\0\0\0", 12),
	   "cells of the root");
	ok(fdt_node_offset_by_phandle(
		   out, fdt_get_phandle(board->data,
					fdt_path_offset(board->data,
							"/soc/interrupt-controller@e841000"))) ==
		   fdt_path_offset(out, "/interrupt-controller@fe841000"),
	   "the interrupt controller keeps its phandle");
}

static void test_several(const struct loaded *board)
{
	struct sysdesc_service *a, *b;

	start(&soc_board);
	a = add("a", 0x40000000, 0x10000000);
	b = add("b", 0x50000000, 0x10000000);
	pass(a, "/soc/serial@201000");
	pass(a, "/soc/bus@400000/dev@1000");
	pass(b, "/soc/gpio@200000");
	ok(check(board) == -1 && report.errors == 1 && said(&report, "needs /soc/gpio@200000"),
	   "pins belong to a controller");

	a->passthroughs = 0;
	pass(a, "/soc/serial@201800");
	pass(b, "/soc/bus@400000/dev@1000");
	report_init(&report);
	ok(check(board) == 0, "two service-VMs with a device each");

	pass(b, "/soc/serial@201000");
	report_init(&report);
	ok(check(board) == -1 &&
		   said(&report, "page 0xf0201000 of device registers passes to \"a\" already"),
	   "a page has one owner");
	show(&report);
	ok(said(&report, "page 0xf0201000") && said(&report, "page 0xf0201000")->item == 2 &&
		   !said(&report, "interrupt 89"),
	   "the interrupt is not complained about as well");

	b->passthroughs = a->passthroughs = 0;
	pass(a, "/soc/bus@400000/dev@1000");
	pass(b, "/soc/bus@400000/dev@2000");
	report_init(&report);
	ok(check(board) == -1 && said(&report, "interrupt 122 passes to \"a\" already"),
	   "an interrupt has one owner");

	pass(a, "/soc/bus@400000/dev@1000");
	report_init(&report);
	ok(check(board) == -1 && said(&report, "is passed twice"), "a device passes once");
	a->stdout_path = "/soc/serial@201000";
	report_init(&report);
	ok(check(board) == -1 && said(&report, "is not passed through"), "stdout-path passes");
	a->stdout_path = "/soc/serial@9";
	report_init(&report);
	ok(check(board) == -1 && said(&report, "is no node of the board's tree"),
	   "stdout-path exists");
}

static void test_memory(const struct loaded *board)
{
	static const struct {
		uint64_t base, size;
		const char *text;
	} rows[] = {
		{ 0x40000000, 0x20000000, NULL },
		{ 0x68000000, 0x10000000, NULL },
		{ 0x5f000000, 0x2000000,
		  "overlaps the kernel at 0x60000000; what service-VMs can have is 0x40000000-0x5fffffff, 0x68000000-0x9fffffff" },
		{ 0x67fff000, 0x1000, "overlaps the kernel" },
		{ 0x3ffff000, 0x2000, "is not RAM of the board" },
		{ 0x9f000000, 0x1001000, "is not RAM of the board" },
		{ 0xffffff0000, 0x10000, "is not RAM of the board" },
		{ 0x68000000, 0x37800000, "leaves 8 MiB to the root task" },
	};
	struct sysdesc_service *a;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int result;

		start(&soc_board);
		add("a", rows[i].base, rows[i].size);
		result = check(board);
		if (!ok(rows[i].text ? result == -1 && said(&report, rows[i].text) : result == 0,
			"bank 0x%llx + 0x%llx: %s", (unsigned long long)rows[i].base,
			(unsigned long long)rows[i].size, rows[i].text ? rows[i].text : "good"))
			show(&report);
	}
	start(&soc_board);
	a = add("a", 0x40000000, 0x10000000);
	a->bank[1].base = 0x4ffff000;
	a->bank[1].size = 0x2000;
	a->banks = 2;
	ok(check(board) == -1 && said(&report, "overlaps bank 0x40000000-0x4fffffff of \"a\"") &&
		   said(&report, "overlaps bank")->item == 1,
	   "banks of one VM do not overlap");
	a->banks = 1;
	add("b", 0x4ffff000, 0x1000);
	report_init(&report);
	ok(check(board) == -1 && said(&report, "overlaps bank"), "nor those of two");
	desc.services = 1;
	a->users.memory = 0x38000000;
	report_init(&report);
	ok(check(board) == -1 && said(&report, "leaves 896 MiB to the root task"),
	   "user-VMs' memory is kernel memory");
}

static void test_broken(const struct loaded *board)
{
	struct loaded cut = { board->data, 64 };

	start(&soc_board);
	pass(add("a", 0x40000000, 0x20000000), "/soc/serial@201000");
	ok(check(&cut) == -1 && said(&report, "the board's device tree is broken"),
	   "a broken board tree is refused");
	report_init(&report);
	ok(build(&cut, 0, sizeof(out)) == -1, "by vmfdt_build, too");
}

int main(void)
{
	struct loaded qemu = load(BOARD_DTB), soc = load(SOC_DTB);

	test_globs();
	test_qemu(&qemu);
	test_vcpus(&qemu);
	test_room(&qemu);
	test_soc(&soc);
	test_soc_rows(&soc);
	test_several(&soc);
	test_memory(&soc);
	test_broken(&soc);
	free(qemu.data);
	free(soc.data);
	return tap_end();
}
