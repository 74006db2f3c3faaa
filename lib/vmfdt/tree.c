// SPDX-License-Identifier: BSD-2-Clause
#include "vmfdt/vmfdt_internal.h"

#include <libfdt.h>

#include "string/string.h"

#define CELL ((int)sizeof(fdt32_t))

bool tree_is_glob(const char *pattern)
{
	return strchr(pattern, '*') || strchr(pattern, '?');
}

bool tree_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			retry = text;
		} else if (*pattern == *text || (*pattern == '?' && *text != '/')) {
			pattern++;
			text++;
		} else if (star && *retry != '/') {
			/* Let the last star take one character more. */
			pattern = star + 1;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool tree_next(struct tree_walk *w)
{
	if (w->depth < 0) {
		w->node = 0;
		w->depth = 0;
		w->path[0] = '\0';
		w->end[0] = 0;
		return true;
	}
	while ((w->node = fdt_next_node(w->fdt, w->node, &w->depth)) >= 0 && w->depth > 0) {
		const char *name;
		size_t at;
		int len;

		if (w->depth > TREE_MAX_DEPTH)
			continue;
		name = fdt_get_name(w->fdt, w->node, &len);
		if (!name)
			return false;
		at = w->end[w->depth - 1];
		/* A path that is too long never matches anything: it ends in '/'. */
		w->path[at] = '/';
		w->path[at + 1] = '\0';
		w->end[w->depth] = at;
		if ((size_t)len + 3 <= TREE_PATH_SIZE - at) {
			memcpy(w->path + at + 1, name, (size_t)len + 1);
			w->end[w->depth] = at + 1 + (size_t)len;
		}
		return true;
	}
	return false;
}

/* A number of `cells` cells. Numbers beyond 64 bits are none. */
static bool get_number(const fdt32_t *p, int cells, uint64_t *n)
{
	*n = 0;
	for (int i = 0; i < cells; i++) {
		if (*n >> 32)
			return false;
		*n = *n << 32 | fdt32_ld(p + i);
	}
	return true;
}

/* From an address on the bus `bus` to one on the bus it sits on. */
static bool map_up(const void *fdt, int bus, int parent, uint64_t *addr, uint64_t size)
{
	int child_cells = fdt_address_cells(fdt, bus), size_cells = fdt_size_cells(fdt, bus);
	int parent_cells = fdt_address_cells(fdt, parent), len, entry;
	const fdt32_t *ranges = fdt_getprop(fdt, bus, "ranges", &len);

	if (!ranges)
		return false;
	if (len == 0)
		return true;
	if (child_cells < 1 || parent_cells < 1 || size_cells < 1)
		return false;
	entry = child_cells + parent_cells + size_cells;
	for (; len >= entry * CELL; len -= entry * CELL, ranges += entry) {
		uint64_t from, to, length;

		if (get_number(ranges, child_cells, &from) &&
		    get_number(ranges + child_cells, parent_cells, &to) &&
		    get_number(ranges + child_cells + parent_cells, size_cells, &length) &&
		    *addr >= from && size <= length && *addr - from <= length - size) {
			*addr = to + (*addr - from);
			return true;
		}
	}
	return false;
}

static bool map_to_cpu(const void *fdt, int bus, uint64_t *addr, uint64_t size)
{
	while (bus > 0) {
		int parent = fdt_parent_offset(fdt, bus);

		if (parent < 0 || !map_up(fdt, bus, parent, addr, size))
			return false;
		bus = parent;
	}
	return bus == 0;
}

int tree_regs(const void *fdt, int node, struct range *reg)
{
	int bus = fdt_parent_offset(fdt, node), len, address_cells, size_cells, n = 0;
	const fdt32_t *p = fdt_getprop(fdt, node, "reg", &len);

	if (!p || bus < 0)
		return 0;
	address_cells = fdt_address_cells(fdt, bus);
	size_cells = fdt_size_cells(fdt, bus);
	if (address_cells < 1 || size_cells < 0)
		return -1;
	if (size_cells == 0)
		return 0;
	if (len % ((address_cells + size_cells) * CELL) != 0)
		return -1;
	for (; len > 0;
	     len -= (address_cells + size_cells) * CELL, p += address_cells + size_cells) {
		struct range r;

		if (n == TREE_MAX_REGS || !get_number(p, address_cells, &r.base) ||
		    !get_number(p + address_cells, size_cells, &r.size) || r.size == 0)
			return -1;
		if (!map_to_cpu(fdt, bus, &r.base, r.size))
			return 0;
		/* Pages around it must not wrap. */
		if (r.size > UINT64_MAX - 2 * PAGE_SIZE ||
		    r.base > UINT64_MAX - 2 * PAGE_SIZE - r.size)
			return -1;
		reg[n++] = r;
	}
	return n;
}

bool tree_has_word(const void *fdt, int node, const char *property, const char *word)
{
	int len;
	const char *list = fdt_getprop(fdt, node, property, &len);

	return list && fdt_stringlist_contains(list, len, word);
}

int tree_target(const void *fdt, const void *value, unsigned int i)
{
	return fdt_node_offset_by_phandle(fdt, fdt32_ld((const fdt32_t *)value + i));
}

int tree_interrupt_parent(const void *fdt, int node)
{
	while (node >= 0) {
		int len;
		const void *p = fdt_getprop(fdt, node, "interrupt-parent", &len);

		if (p)
			return len == CELL ? tree_target(fdt, p, 0) : -FDT_ERR_BADVALUE;
		node = fdt_parent_offset(fdt, node);
	}
	return node;
}

void tree_path(const void *fdt, int node, char path[TREE_PATH_SIZE])
{
	if (fdt_get_path(fdt, node, path, TREE_PATH_SIZE) != 0)
		memcpy(path, "?", 2);
}

int tree_gic(const void *fdt, struct range *reg)
{
	static const char *const gicv2[] = { "arm,gic-400", "arm,cortex-a15-gic",
					     "arm,cortex-a7-gic" };

	for (unsigned int i = 0; i < sizeof(gicv2) / sizeof(gicv2[0]); i++) {
		int node = fdt_node_offset_by_compatible(fdt, -1, gicv2[i]);

		if (node >= 0)
			return tree_regs(fdt, node, reg) == 4 && fdt_get_phandle(fdt, node) ?
				       node :
				       -FDT_ERR_BADVALUE;
	}
	return -FDT_ERR_NOTFOUND;
}
