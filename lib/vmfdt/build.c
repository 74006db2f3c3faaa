// SPDX-License-Identifier: BSD-2-Clause
/* Writing the device tree of a service-VM. */
#include "vmfdt/vmfdt_internal.h"

#include <libfdt.h>

#include "fmt/fmt.h"
#include "string/string.h"

#define CELL ((int)sizeof(fdt32_t))

/* Interrupt specifier of the GIC (bindings/interrupt-controller/arm,gic.yaml) */
#define GIC_CELLS 3
#define GIC_TYPE_SPI 0
#define GIC_FIRST_SPI 32u
#define PPI_CPUS_SHIFT 8
#define PPI_CPUS_MASK 0xff00u
#define IRQ_TYPE_EDGE_RISING 1u

#define GICD_SIZE UINT64_C(0x1000)
#define GICC_SIZE UINT64_C(0x2000)
#define TIMER_MAX_CELLS 24

/* Keeps the first error; later calls do nothing. */
struct writer {
	void *fdt;
	int error;
	int address_cells, size_cells; /* of the root: 1 or 2, as on the board */
};

static void put(struct writer *w, const char *name, const void *value, int len)
{
	if (!w->error)
		w->error = fdt_property(w->fdt, name, value, len);
}

static void put_string(struct writer *w, const char *name, const char *s)
{
	put(w, name, s, (int)strlen(s) + 1);
}

static void put_u32(struct writer *w, const char *name, uint32_t value)
{
	fdt32_t cell;

	fdt32_st(&cell, value);
	put(w, name, &cell, sizeof(cell));
}

static void put_u64(struct writer *w, const char *name, uint64_t value)
{
	fdt64_t cells;

	fdt64_st(&cells, value);
	put(w, name, &cells, sizeof(cells));
}

static uint8_t *put_number(struct writer *w, uint8_t *at, int cells, uint64_t value)
{
	if (cells == 1 && value > UINT32_MAX && !w->error)
		w->error = -FDT_ERR_BADNCELLS;
	for (int i = cells - 1; i >= 0; i--, at += CELL)
		fdt32_st(at, (uint32_t)(value >> (32 * i)));
	return at;
}

/* reg of a node below the root */
static void put_reg(struct writer *w, const struct range *reg, unsigned int count)
{
	uint8_t cells[2 * 4 * sizeof(fdt32_t)];
	uint8_t *at = cells;

	for (unsigned int i = 0; i < count; i++) {
		at = put_number(w, at, w->address_cells, reg[i].base);
		at = put_number(w, at, w->size_cells, reg[i].size);
	}
	put(w, "reg", cells, (int)(at - cells));
}

static void begin(struct writer *w, const char *name)
{
	if (!w->error)
		w->error = fdt_begin_node(w->fdt, name);
}

static void begin_at(struct writer *w, const char *name, uint64_t unit)
{
	char full[32];

	fmt_snprintf(full, sizeof(full), "%s@%lx", name, unit);
	begin(w, full);
}

static void end(struct writer *w)
{
	if (!w->error)
		w->error = fdt_end_node(w->fdt);
}

static void copy(struct writer *w, const struct pick *p, int node, const char *name)
{
	int len;
	const void *value = fdt_getprop(p->fdt, node, name, &len);

	if (value)
		put(w, name, value, len);
}

/* --- what each service-VM has ------------------------------------------------------------------------------ */

static void put_cpus(struct writer *w, const struct pick *p)
{
	int board_cpus = fdt_path_offset(p->fdt, "/cpus"), cpu;

	begin(w, "cpus");
	put_u32(w, "#address-cells", 1);
	put_u32(w, "#size-cells", 0);
	fdt_for_each_subnode(cpu, p->fdt, board_cpus)
		if (tree_has_word(p->fdt, cpu, "device_type", "cpu"))
			break;
	for (unsigned int i = 0; i < p->svc->vcpus; i++) {
		begin_at(w, "cpu", i);
		put_string(w, "device_type", "cpu");
		if (cpu >= 0)
			copy(w, p, cpu, "compatible");
		put_u32(w, "reg", i);
		put_string(w, "enable-method", "psci");
		end(w);
	}
	end(w);
}

static void put_psci(struct writer *w)
{
	static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

	begin(w, "psci");
	put(w, "compatible", compatible, sizeof(compatible));
	put_string(w, "method", "smc");
	end(w);
}

/* As on the board, for as many cores as the VM has. */
static void put_timer(struct writer *w, const struct pick *p)
{
	int timer = fdt_node_offset_by_compatible(p->fdt, -1, "arm,armv8-timer"), len, cells;
	const fdt32_t *board_irq =
		timer < 0 ? NULL : fdt_getprop(p->fdt, timer, "interrupts", &len);
	fdt32_t irq[TIMER_MAX_CELLS];

	if (!board_irq)
		return;
	cells = len / CELL / GIC_CELLS * GIC_CELLS;
	if (cells > TIMER_MAX_CELLS)
		cells = TIMER_MAX_CELLS;
	for (int i = 0; i < cells; i++) {
		uint32_t cell = fdt32_ld(board_irq + i);

		if (i % GIC_CELLS == 2)
			cell = (cell & ~PPI_CPUS_MASK) | ((1u << p->svc->vcpus) - 1)
								 << PPI_CPUS_SHIFT;
		fdt32_st(&irq[i], cell);
	}
	begin(w, "timer");
	copy(w, p, timer, "compatible");
	put(w, "interrupts", irq, cells * CELL);
	copy(w, p, timer, "always-on");
	end(w);
}

static void put_gic(struct writer *w, const struct pick *p)
{
	const struct range reg[] = {
		{ p->gic_reg[0].base, GICD_SIZE },
		{ p->gic_reg[1].base, GICC_SIZE },
	};

	begin_at(w, "interrupt-controller", reg[0].base);
	copy(w, p, p->gic, "compatible");
	put(w, "interrupt-controller", NULL, 0);
	put_u32(w, "#interrupt-cells", GIC_CELLS);
	put_u32(w, "#address-cells", 0);
	put_reg(w, reg, 2);
	put_u32(w, "phandle", fdt_get_phandle(p->fdt, p->gic));
	end(w);
}

static void put_memory(struct writer *w, const struct sysdesc_service *svc)
{
	for (unsigned int i = 0; i < svc->banks; i++) {
		const struct range reg = { svc->bank[i].base, svc->bank[i].size };

		begin_at(w, "memory", reg.base);
		put_string(w, "device_type", "memory");
		put_reg(w, &reg, 1);
		end(w);
	}
}

static void put_chosen(struct writer *w, const struct vmfdt_params *params)
{
	begin(w, "chosen");
	put_string(w, "bootargs", params->service->bootargs);
	if (params->initrd_size) {
		put_u64(w, "linux,initrd-start", params->initrd);
		put_u64(w, "linux,initrd-end", params->initrd + params->initrd_size);
	}
	if (params->service->stdout_path)
		put_string(w, "stdout-path", params->service->stdout_path);
	end(w);
}

static void put_hypervisor(struct writer *w, const struct vmfdt_params *params)
{
	const struct range reg = { params->board->window, params->window_size };
	fdt32_t irq[GIC_CELLS];

	fdt32_st(&irq[0], GIC_TYPE_SPI);
	fdt32_st(&irq[1], params->board->doorbell - GIC_FIRST_SPI);
	fdt32_st(&irq[2], IRQ_TYPE_EDGE_RISING);
	begin_at(w, "hypervisor", reg.base);
	put_string(w, "compatible", "selkie,kvm-1");
	put_reg(w, &reg, 1);
	put(w, "interrupts", irq, sizeof(irq));
	end(w);
}

/* --- what comes from the board -------------------------------------------------------------------------------- */

/* Of a bus only what makes addresses and interrupts of its devices come out right. */
static bool is_bus_property(const char *name)
{
	static const char *const bus[] = { "compatible",       "#address-cells", "#size-cells",
					   "ranges",	       "dma-ranges",	 "dma-coherent",
					   "interrupt-parent", "phandle" };

	for (unsigned int i = 0; i < sizeof(bus) / sizeof(bus[0]); i++)
		if (strcmp(name, bus[i]) == 0)
			return true;
	return false;
}

static void copy_properties(struct writer *w, const struct pick *p, int node, bool bus)
{
	int prop;

	fdt_for_each_property_offset(prop, p->fdt, node) {
		const char *name;
		int len;
		const void *value = fdt_getprop_by_offset(p->fdt, prop, &name, &len);

		if (value && (!bus || is_bus_property(name)))
			put(w, name, value, len);
	}
}

static void copy_children(struct writer *w, const struct pick *p, int parent, bool all, int depth)
{
	int node;

	fdt_for_each_subnode(node, p->fdt, parent) {
		enum pick_role role = all ? PICK_PASSED : pick_role(p, node);

		if (role == PICK_NONE)
			continue;
		if (depth == TREE_MAX_DEPTH) {
			w->error = w->error ? w->error : -FDT_ERR_BADSTRUCTURE;
			return;
		}
		begin(w, fdt_get_name(p->fdt, node, NULL));
		copy_properties(w, p, node, role == PICK_BUS);
		copy_children(w, p, node, role == PICK_PASSED, depth + 1);
		end(w);
	}
}

static void put_tree(struct writer *w, const struct pick *p, const struct vmfdt_params *params)
{
	begin(w, "");
	copy(w, p, 0, "compatible");
	copy(w, p, 0, "model");
	put_u32(w, "#address-cells", (uint32_t)w->address_cells);
	put_u32(w, "#size-cells", (uint32_t)w->size_cells);
	copy(w, p, 0, "dma-coherent");
	put_u32(w, "interrupt-parent", fdt_get_phandle(p->fdt, p->gic));
	put_chosen(w, params);
	put_memory(w, params->service);
	put_cpus(w, p);
	put_psci(w);
	put_timer(w, p);
	put_gic(w, p);
	copy_children(w, p, 0, false, 0);
	put_hypervisor(w, params);
	end(w);
}

int vmfdt_build(void *out, size_t size, const void *board_fdt, size_t board_size,
		const struct vmfdt_params *params, struct report *report)
{
	struct pick p = {
		.fdt = board_fdt, .board = params->board, .svc = params->service, .report = report
	};
	struct writer w = { .fdt = out };

	if (pick_nodes(&p, board_size) != 0)
		return -1;
	w.address_cells = fdt_address_cells(board_fdt, 0);
	w.size_cells = fdt_size_cells(board_fdt, 0);
	if (w.address_cells < 1 || w.address_cells > 2 || w.size_cells < 1 || w.size_cells > 2) {
		report_error(
			report, params->service->path, NULL, -1,
			"the board's device tree has addresses of more than 64 bits at its root");
		return -1;
	}
	w.error = fdt_create(out, size > INT32_MAX ? INT32_MAX : (int)size);
	if (!w.error)
		w.error = fdt_finish_reservemap(out);
	put_tree(&w, &p, params);
	if (!w.error)
		w.error = fdt_finish(out);
	if (w.error) {
		report_error(
			report, params->service->path, NULL, -1,
			"its device tree of at most %zu bytes can not be made (%s); pass fewer devices through",
			size, fdt_strerror(w.error));
		return -1;
	}
	return 0;
}
