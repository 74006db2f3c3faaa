// SPDX-License-Identifier: BSD-2-Clause
/* A whole description against the board: RAM and devices of all service-VMs. */
#include "vmfdt/vmfdt_internal.h"

#include <libfdt.h>

#include "fmt/fmt.h"
#include "string/string.h"
#include "sysdesc/blob.h"

#define MIB_SHIFT 20
#define MAX_RAM 8u
#define MAX_PATH REPORT_PATH

/* Root's books for each granule of a service-VM: two capability slots of 32 bytes. */
#define GRANULE_COST 64u

struct ram {
	struct range range[MAX_RAM]; /* ascending, disjoint, not adjacent */
	unsigned int count;
};

struct check {
	const struct sysdesc *desc;
	const struct sysdesc_board *board;
	struct report *report;
	struct ram ram; /* of the board */
	struct ram usable; /* of it, what is not reserved */
};

/* --- sets of ranges --------------------------------------------------------------------------------------- */

static void ram_add(struct ram *r, struct range fresh)
{
	unsigned int at = 0;

	while (at < r->count) {
		struct range *old = &r->range[at];
		uint64_t end = old->base + old->size;

		if (fresh.base > end || old->base > fresh.base + fresh.size) {
			at++;
			continue;
		}
		if (end < fresh.base + fresh.size)
			end = fresh.base + fresh.size;
		if (fresh.base > old->base)
			fresh.base = old->base;
		fresh.size = end - fresh.base;
		*old = r->range[--r->count];
		at = 0;
	}
	if (r->count == MAX_RAM)
		return;
	for (at = r->count++; at > 0 && r->range[at - 1].base > fresh.base; at--)
		r->range[at] = r->range[at - 1];
	r->range[at] = fresh;
}

static void ram_cut(struct ram *r, uint64_t base, uint64_t size)
{
	struct ram old = *r;

	r->count = 0;
	for (unsigned int i = 0; i < old.count; i++) {
		uint64_t from = old.range[i].base, to = from + old.range[i].size;

		if (!range_overlap(from, old.range[i].size, base, size)) {
			ram_add(r, old.range[i]);
			continue;
		}
		if (from < base)
			ram_add(r, (struct range){ from, base - from });
		if (base + size < to)
			ram_add(r, (struct range){ base + size, to - (base + size) });
	}
}

static bool ram_holds(const struct ram *r, uint64_t base, uint64_t size)
{
	for (unsigned int i = 0; i < r->count; i++)
		if (base >= r->range[i].base && size <= r->range[i].size &&
		    base - r->range[i].base <= r->range[i].size - size)
			return true;
	return false;
}

static uint64_t ram_bytes(const struct ram *r)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < r->count; i++)
		bytes += r->range[i].size;
	return bytes;
}

static const char *ram_text(const struct ram *r, char text[MAX_PATH])
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < r->count && used < MAX_PATH; i++)
		used += (size_t)fmt_snprintf(text + used, MAX_PATH - used, "%s0x%lx-0x%lx",
					     i ? ", " : "", r->range[i].base,
					     r->range[i].base + r->range[i].size - 1);
	return text;
}

static void find_ram(struct check *c, const void *fdt)
{
	struct tree_walk w = { .fdt = fdt, .depth = -1 };

	while (tree_next(&w)) {
		struct range reg[TREE_MAX_REGS];
		int n;

		if (!tree_has_word(fdt, w.node, "device_type", "memory"))
			continue;
		n = tree_regs(fdt, w.node, reg);
		for (int i = 0; i < n; i++)
			ram_add(&c->ram, reg[i]);
	}
	c->usable = c->ram;
	for (unsigned int i = 0; i < c->board->reserveds; i++)
		ram_cut(&c->usable, c->board->reserved[i].base, c->board->reserved[i].size);
}

/* --- RAM ------------------------------------------------------------------------------------------------ */

static void check_bank(const struct check *c, const struct sysdesc_service *svc, unsigned int i)
{
	const struct sysdesc_bank *bank = &svc->bank[i];
	char free[MAX_PATH];

	if (!ram_holds(&c->ram, bank->base, bank->size)) {
		report_error(
			c->report, svc->path, "memory", (int)i,
			"bank 0x%lx-0x%lx is not RAM of the board; what service-VMs can have is %s",
			bank->base, bank->base + bank->size - 1, ram_text(&c->usable, free));
		return;
	}
	for (unsigned int k = 0; k < c->board->reserveds; k++)
		if (range_overlap(bank->base, bank->size, c->board->reserved[k].base,
				  c->board->reserved[k].size))
			report_error(
				c->report, svc->path, "memory", (int)i,
				"bank 0x%lx-0x%lx overlaps %s at 0x%lx; what service-VMs can have is %s",
				bank->base, bank->base + bank->size - 1, c->board->reserved[k].what,
				c->board->reserved[k].base, ram_text(&c->usable, free));
}

/* Bank `i` of VM `s` against all banks before it. */
static void check_bank_owner(const struct check *c, unsigned int s, unsigned int i)
{
	const struct sysdesc_service *svc = &c->desc->service[s];
	const struct sysdesc_bank *bank = &svc->bank[i];

	for (unsigned int t = 0; t <= s; t++) {
		const struct sysdesc_service *other = &c->desc->service[t];

		for (unsigned int k = 0; k < (t == s ? i : other->banks); k++)
			if (range_overlap(bank->base, bank->size, other->bank[k].base,
					  other->bank[k].size))
				report_error(
					c->report, svc->path, "memory", (int)i,
					"bank 0x%lx-0x%lx overlaps bank 0x%lx-0x%lx of \"%s\"; each byte of RAM has one owner",
					bank->base, bank->base + bank->size - 1,
					other->bank[k].base,
					other->bank[k].base + other->bank[k].size - 1, other->name);
	}
}

static void check_pool(const struct check *c)
{
	const struct sysdesc_board *b = c->board;
	struct ram left = c->usable;
	uint64_t quotas = 0, books = 0, bytes;

	uint64_t root_end = sysdesc_root_end(c->desc);

	ram_cut(&left, b->guest_only.base, b->guest_only.size);
	if (root_end)
		ram_cut(&left, b->image.base, root_end - b->image.base);
	for (unsigned int s = 0; s < c->desc->services; s++) {
		const struct sysdesc_service *svc = &c->desc->service[s];

		quotas += svc->users.memory;
		for (unsigned int i = 0; i < svc->banks; i++) {
			ram_cut(&left, svc->bank[i].base, svc->bank[i].size);
			books += svc->bank[i].size / svc->granule * GRANULE_COST;
		}
	}
	bytes = ram_bytes(&left);
	if (bytes >= quotas + books + b->root_pool)
		return;
	report_error(
		c->report, c->desc->service[0].path, "memory", -1,
		"leaves %lu MiB to the root task, which needs %lu (user-vms %lu, pages %lu, itself %lu); shrink a bank or user-vms/memory",
		bytes >> MIB_SHIFT, (quotas + books + b->root_pool) >> MIB_SHIFT,
		quotas >> MIB_SHIFT, books >> MIB_SHIFT, b->root_pool >> MIB_SHIFT);
}

/* --- devices ---------------------------------------------------------------------------------------------- */

static void check_device_ram(const struct check *c, const struct sysdesc_service *svc,
			     const struct vmfdt_devices *d)
{
	for (unsigned int i = 0; i < d->mmios; i++)
		for (unsigned int k = 0; k < c->ram.count; k++)
			if (range_overlap(d->mmio[i].base, d->mmio[i].size, c->ram.range[k].base,
					  c->ram.range[k].size))
				report_error(
					c->report, svc->path, "passthrough", d->mmio[i].item,
					"registers at 0x%lx-0x%lx lie in RAM; such a device does not pass through",
					d->mmio[i].base, d->mmio[i].base + d->mmio[i].size - 1);
}

/* Items of the passthrough property of VM `s` (a bit each) that want pages VM `t` has. */
static uint64_t check_page_owner(const struct check *c, unsigned int s, unsigned int t,
				 const struct vmfdt_devices *devs)
{
	const struct sysdesc_service *svc = &c->desc->service[s];
	uint64_t items = 0;

	for (unsigned int i = 0; i < devs[s].mmios; i++)
		for (unsigned int k = 0; k < devs[t].mmios; k++) {
			const struct vmfdt_mmio *a = &devs[s].mmio[i], *b = &devs[t].mmio[k];

			if (!range_overlap(a->base, a->size, b->base, b->size))
				continue;
			items |= UINT64_C(1) << a->item;
			report_error(
				c->report, svc->path, "passthrough", a->item,
				"page 0x%lx of device registers passes to \"%s\" already; a page has one owner",
				a->base > b->base ? a->base : b->base, c->desc->service[t].name);
		}
	return items;
}

static void check_device_owner(const struct check *c, unsigned int s,
			       const struct vmfdt_devices *devs)
{
	const struct sysdesc_service *svc = &c->desc->service[s];

	for (unsigned int t = 0; t < s; t++) {
		uint64_t said = check_page_owner(c, s, t, devs);

		for (unsigned int i = 0; i < devs[s].irqs; i++)
			for (unsigned int k = 0; k < devs[t].irqs; k++) {
				const struct vmfdt_irq *irq = &devs[s].irq[i];

				if (irq->intid == devs[t].irq[k].intid && !(said >> irq->item & 1))
					report_error(
						c->report, svc->path, "passthrough", irq->item,
						"interrupt %u passes to \"%s\" already; an interrupt has one owner",
						irq->intid, c->desc->service[t].name);
			}
	}
}

static void check_pages(const struct check *c, const struct vmfdt_devices *devs)
{
	uint64_t bytes = 0;

	for (unsigned int s = 0; s < c->desc->services; s++)
		for (unsigned int i = 0; i < devs[s].mmios; i++)
			if (__builtin_add_overflow(bytes, devs[s].mmio[i].size, &bytes))
				bytes = UINT64_MAX;
	if (bytes / PAGE_SIZE > VMFDT_MAX_PAGES)
		report_error(c->report, c->desc->service[0].path, "passthrough", -1,
			     "%lu pages of device registers in all; at most %u can pass through",
			     bytes / PAGE_SIZE, VMFDT_MAX_PAGES);
}

int vmfdt_check(const struct sysdesc *desc, const void *board_fdt, size_t board_size,
		struct vmfdt_devices devs[SYSDESC_MAX_SERVICES], struct report *report)
{
	struct check c = { .desc = desc, .board = desc->board, .report = report };
	unsigned int before = report->errors;
	int error = blob_check_fdt(board_fdt, board_size);

	if (error) {
		report_error(report, "/", NULL, -1, "the board's device tree is broken: %s",
			     fdt_strerror(error));
		return -1;
	}
	find_ram(&c, board_fdt);
	for (unsigned int s = 0; s < desc->services; s++) {
		const struct sysdesc_service *svc = &desc->service[s];

		for (unsigned int i = 0; i < svc->banks; i++) {
			check_bank(&c, svc, i);
			check_bank_owner(&c, s, i);
		}
		vmfdt_devices(board_fdt, board_size, desc->board, svc, &devs[s], report);
		check_device_ram(&c, svc, &devs[s]);
		check_device_owner(&c, s, devs);
	}
	check_pages(&c, devs);
	if (report->errors == before)
		check_pool(&c);
	return report->errors == before ? 0 : -1;
}
