// SPDX-License-Identifier: BSD-2-Clause
/* Pages and interrupts of the nodes that pass to a service-VM. */
#include "vmfdt/vmfdt_internal.h"

#include <libfdt.h>

#include "string/string.h"

#define CELL ((int)sizeof(fdt32_t))
#define PASSTHROUGH "passthrough"

/* Interrupt specifier of the GIC (bindings/interrupt-controller/arm,gic.yaml) */
#define GIC_CELLS 3
#define GIC_TYPE_SPI 0
#define GIC_FIRST_SPI 32u
#define GIC_MAX_SPI 988u
#define IRQ_TYPE_MASK 0xfu
#define IRQ_TYPE_EDGE_RISING 1u
#define IRQ_TYPE_LEVEL_HIGH 4u

#define ERROR(p, item, ...) \
	report_error((p)->report, (p)->svc->path, PASSTHROUGH, item, __VA_ARGS__)

/* --- registers ------------------------------------------------------------------------------------------- */

/* Keep the list ascending and disjoint; neighbours join when the same pattern led to them. */
static bool add_pages(struct vmfdt_devices *d, struct vmfdt_mmio fresh)
{
	unsigned int at = 0;

	while (at < d->mmios) {
		struct vmfdt_mmio *m = &d->mmio[at];
		bool overlap = range_overlap(m->base, m->size, fresh.base, fresh.size);
		bool touch = m->base + m->size == fresh.base || fresh.base + fresh.size == m->base;

		if (overlap || (touch && m->virtio == fresh.virtio && m->item == fresh.item)) {
			uint64_t end = m->base + m->size;

			if (end < fresh.base + fresh.size)
				end = fresh.base + fresh.size;
			if (fresh.base > m->base)
				fresh.base = m->base;
			if (fresh.item > m->item)
				fresh.item = m->item;
			fresh.size = end - fresh.base;
			fresh.virtio |= m->virtio;
			memmove(m, m + 1, (d->mmios - at - 1) * sizeof(*m));
			d->mmios--;
			at = 0;
		} else {
			at++;
		}
	}
	if (d->mmios == VMFDT_MAX_MMIO)
		return false;
	for (at = d->mmios++; at > 0 && d->mmio[at - 1].base > fresh.base; at--)
		d->mmio[at] = d->mmio[at - 1];
	d->mmio[at] = fresh;
	return true;
}

static struct range pages_of(const struct range *r)
{
	uint64_t base = r->base & ~(PAGE_SIZE - 1);
	uint64_t end = (r->base + r->size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

	return (struct range){ base, end - base };
}

static bool check_gic_pages(const struct pick *p, const struct range *pages, const char *path,
			    uint8_t item)
{
	for (unsigned int i = 0; i < 4; i++)
		if (range_overlap(pages->base, pages->size, p->gic_reg[i].base,
				  p->gic_reg[i].size)) {
			ERROR(p, item,
			      "registers of %s (0x%lx) lie in pages of the interrupt controller, which belongs to the kernel; such a device does not pass through",
			      path, pages->base);
			return false;
		}
	return true;
}

/*
 * Devices that never write to memory by themselves, and virtio-mmio, which root stops (quiesce_page() in root/service.c). A
 * device that lets a DMA controller do it is named here; the controller is not.
 */
static const char *const no_master[] = {
	"virtio,mmio", "arm,pl011", "arm,pl022", "arm,pl031", "arm,pl061",	  "arm,sp804",
	"arm,sp805",   "cfi-flash", "ns16550a",	 "ns16550",   "snps,dw-apb-uart",
};

static void note_master(const struct pick *p, int node, const char *path, struct vmfdt_devices *d)
{
	for (unsigned int i = 0; i < sizeof(no_master) / sizeof(no_master[0]); i++)
		if (tree_has_word(p->fdt, node, "compatible", no_master[i]))
			return;
	if (!d->master[0])
		for (unsigned int i = 0; path[i] && i < VMFDT_PATH_SIZE - 1; i++)
			d->master[i] = path[i];
}

static void collect_regs(const struct pick *p, int node, uint8_t item, struct vmfdt_devices *d)
{
	struct range reg[TREE_MAX_REGS];
	char path[TREE_PATH_SIZE];
	int n = tree_regs(p->fdt, node, reg);

	tree_path(p->fdt, node, path);
	if (n < 0)
		ERROR(p, item,
		      "property \"reg\" of the board's %s makes no sense; such a device does not pass through",
		      path);
	if (n > 0)
		note_master(p, node, path, d);
	for (int i = 0; i < n; i++) {
		struct range pages = pages_of(&reg[i]);
		struct vmfdt_mmio m = { .base = pages.base, .size = pages.size, .item = item };

		m.virtio = tree_has_word(p->fdt, node, "compatible", "virtio,mmio");
		if (check_gic_pages(p, &pages, path, item) && !add_pages(d, m))
			ERROR(p, item, "more than %u ranges of registers; name fewer devices",
			      VMFDT_MAX_MMIO);
	}
}

/* True: it is one. */
static bool warn_of_neighbour(const struct pick *p, const struct vmfdt_devices *d, const char *path,
			      const struct range *reg)
{
	for (unsigned int i = 0; i < d->mmios; i++)
		if (range_overlap(reg->base, reg->size, d->mmio[i].base, d->mmio[i].size)) {
			report_warning(
				p->report, p->svc->path, PASSTHROUGH, d->mmio[i].item,
				"%s shares a page with what is passed: the VM reaches its registers, but does not get its interrupt",
				path);
			return true;
		}
	return false;
}

/* Who passes one device of a page, passes its neighbours: say which. */
static void warn_of_neighbours(const struct pick *p, struct vmfdt_devices *d)
{
	struct tree_walk w = { .fdt = p->fdt, .depth = -1 };

	while (tree_next(&w)) {
		struct range reg[TREE_MAX_REGS];
		uint8_t item;
		int n = tree_regs(p->fdt, w.node, reg);

		if (pick_is_passed(p, w.node, &item) ||
		    tree_has_word(p->fdt, w.node, "device_type", "memory"))
			continue;
		for (int i = 0; i < n; i++)
			if (warn_of_neighbour(p, d, w.path, &reg[i]))
				note_master(p, w.node, w.path, d);
	}
}

/* --- interrupts ------------------------------------------------------------------------------------------- */

static void add_irq(const struct pick *p, const char *path, uint8_t item, const fdt32_t *spec,
		    struct vmfdt_devices *d)
{
	uint32_t type = fdt32_ld(spec), number = fdt32_ld(spec + 1),
		 trigger = fdt32_ld(spec + 2) & IRQ_TYPE_MASK;
	struct vmfdt_irq irq = { .edge = trigger == IRQ_TYPE_EDGE_RISING, .item = item };
	unsigned int at;

	if (type != GIC_TYPE_SPI || number >= GIC_MAX_SPI) {
		ERROR(p, item,
		      "%s has an interrupt of one core, not of the whole machine; such a device does not pass through",
		      path);
		return;
	}
	irq.intid = (uint16_t)(GIC_FIRST_SPI + number);
	if (irq.intid >= p->board->intids) {
		ERROR(p, item,
		      "interrupt %u of %s is not available; the kernel hands out those below %u",
		      irq.intid, path, p->board->intids);
		return;
	}
	if (irq.intid == p->board->doorbell) {
		ERROR(p, item,
		      "interrupt %u of %s is the doorbell of service-VMs; such a device does not pass through",
		      irq.intid, path);
		return;
	}
	if (trigger != IRQ_TYPE_EDGE_RISING && trigger != IRQ_TYPE_LEVEL_HIGH) {
		ERROR(p, item,
		      "interrupt %u of %s is triggered in a way (%u) no GICv2 knows; 1 or 4 would be right",
		      irq.intid, path, trigger);
		return;
	}
	for (unsigned int i = 0; i < d->irqs; i++)
		if (d->irq[i].intid == irq.intid) {
			if (d->irq[i].edge != irq.edge)
				ERROR(p, item,
				      "interrupt %u of %s is shared with a device that triggers it in another way; pass one of them",
				      irq.intid, path);
			return;
		}
	if (d->irqs == VMFDT_MAX_IRQS) {
		ERROR(p, item, "more than %u interrupts; name fewer devices", VMFDT_MAX_IRQS);
		return;
	}
	for (at = d->irqs++; at > 0 && d->irq[at - 1].intid > irq.intid; at--)
		d->irq[at] = d->irq[at - 1];
	d->irq[at] = irq;
}

static void report_broken(const struct pick *p, const char *path, uint8_t item)
{
	ERROR(p, item,
	      "the interrupts of the board's %s make no sense; such a device does not pass through",
	      path);
}

/* An interrupt that goes to `parent`: with `spec` when that is the GIC. */
static bool goes_to_gic(const struct pick *p, int parent, const char *path, uint8_t item)
{
	char other[TREE_PATH_SIZE];
	uint8_t passed;

	if (parent == p->gic)
		return true;
	if (parent < 0) {
		report_broken(p, path, item);
	} else if (!pick_is_passed(p, parent, &passed)) {
		tree_path(p->fdt, parent, other);
		ERROR(p, item, "interrupts of %s go to %s; pass both through, or none", path,
		      other);
	}
	return false;
}

static void collect_extended(const struct pick *p, const char *path, uint8_t item,
			     const fdt32_t *cell, int len, struct vmfdt_devices *d)
{
	uint64_t count = (unsigned int)(len / CELL);

	for (uint64_t i = 0; i < count;) {
		int parent = tree_target(p->fdt, cell, (unsigned int)i), size;
		const fdt32_t *cells =
			parent < 0 ? NULL : fdt_getprop(p->fdt, parent, "#interrupt-cells", &size);
		uint32_t n = cells && size == CELL ? fdt32_ld(cells) : UINT32_MAX;

		if (n > count - i - 1 || (parent == p->gic && n != GIC_CELLS)) {
			report_broken(p, path, item);
			return;
		}
		if (goes_to_gic(p, parent, path, item))
			add_irq(p, path, item, cell + i + 1, d);
		i += 1 + (uint64_t)n;
	}
}

static void collect_irqs(const struct pick *p, int node, uint8_t item, struct vmfdt_devices *d)
{
	char path[TREE_PATH_SIZE];
	const fdt32_t *cell;
	int len;

	tree_path(p->fdt, node, path);
	cell = fdt_getprop(p->fdt, node, "interrupts-extended", &len);
	if (cell) {
		collect_extended(p, path, item, cell, len, d);
		return;
	}
	cell = fdt_getprop(p->fdt, node, "interrupts", &len);
	if (!cell || !goes_to_gic(p, tree_interrupt_parent(p->fdt, node), path, item))
		return;
	if (len % (GIC_CELLS * CELL))
		report_broken(p, path, item);
	for (; len >= GIC_CELLS * CELL; len -= GIC_CELLS * CELL, cell += GIC_CELLS)
		add_irq(p, path, item, cell, d);
}

int vmfdt_devices(const void *board_fdt, size_t board_size, const struct sysdesc_board *board,
		  const struct sysdesc_service *svc, struct vmfdt_devices *devs,
		  struct report *report)
{
	struct pick p = { .fdt = board_fdt, .board = board, .svc = svc, .report = report };
	unsigned int before = report->errors;

	*devs = (struct vmfdt_devices){ 0 };
	if (pick_nodes(&p, board_size) != 0 && p.nodes == 0)
		return -1;
	devs->gicd = p.gic_reg[0].base;
	devs->gicc = p.gic_reg[1].base;
	devs->gich = p.gic_reg[2].base;
	devs->gicv = p.gic_reg[3].base;
	for (unsigned int i = 0; i < p.nodes; i++) {
		int node = p.node[i].node, depth = 0;

		if (p.node[i].role != PICK_PASSED)
			continue;
		do {
			collect_regs(&p, node, p.node[i].item, devs);
			collect_irqs(&p, node, p.node[i].item, devs);
		} while ((node = fdt_next_node(board_fdt, node, &depth)) >= 0 && depth > 0);
	}
	warn_of_neighbours(&p, devs);
	return report->errors == before ? 0 : -1;
}
