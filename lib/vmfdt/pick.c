// SPDX-License-Identifier: BSD-2-Clause
#include "vmfdt/vmfdt_internal.h"

#include <libfdt.h>

#include "fmt/fmt.h"
#include "string/string.h"
#include "sysdesc/blob.h"

#define CELL ((int)sizeof(fdt32_t))
#define PASSTHROUGH "passthrough"

#define ERROR(p, item, ...) \
	report_error((p)->report, (p)->svc->path, PASSTHROUGH, item, __VA_ARGS__)

static int find(const struct pick *p, int node)
{
	for (unsigned int i = 0; i < p->nodes; i++)
		if (p->node[i].node == node)
			return (int)i;
	return -1;
}

enum pick_role pick_role(const struct pick *p, int node)
{
	int i = find(p, node);

	return i < 0 ? PICK_NONE : p->node[i].role;
}

bool pick_is_passed(const struct pick *p, int node, uint8_t *item)
{
	for (; node > 0; node = fdt_parent_offset(p->fdt, node)) {
		int i = find(p, node);

		if (i >= 0 && p->node[i].role == PICK_PASSED) {
			*item = p->node[i].item;
			return true;
		}
	}
	return false;
}

static bool add_one(struct pick *p, int node, enum pick_role role, uint8_t item)
{
	int i = find(p, node);

	if (i >= 0) {
		if (p->node[i].role < role) {
			p->node[i].role = role;
			p->node[i].item = item;
		}
		return true;
	}
	if (p->nodes == VMFDT_MAX_NODES) {
		ERROR(p, item, "more than %u nodes in all; name fewer", VMFDT_MAX_NODES);
		return false;
	}
	p->node[p->nodes].node = node;
	p->node[p->nodes].role = role;
	p->node[p->nodes++].item = item;
	return true;
}

/* The node, and the buses that lead to it. */
static bool add(struct pick *p, int node, enum pick_role role, uint8_t item)
{
	do {
		if (!add_one(p, node, role, item))
			return false;
		role = PICK_BUS;
		node = fdt_parent_offset(p->fdt, node);
	} while (node > 0);
	return true;
}

/* --- patterns ------------------------------------------------------------------------------------------ */

static bool is_disabled(const struct pick *p, int node)
{
	return fdt_getprop(p->fdt, node, "status", NULL) &&
	       !tree_has_word(p->fdt, node, "status", "okay") &&
	       !tree_has_word(p->fdt, node, "status", "ok");
}

/* Why this node never passes, or NULL. */
static const char *why_not(const struct pick *p, const char *path, int node)
{
	static const char *const made[] = { "/aliases",		"/chosen",     "/cpus",
					    "/memory",		"/psci",       "/timer",
					    "/reserved-memory", "/__symbols__" };
	char gic[TREE_PATH_SIZE];
	size_t len;

	for (unsigned int i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		len = strlen(made[i]);
		if (strncmp(path, made[i], len) == 0 &&
		    (!path[len] || path[len] == '/' || path[len] == '@'))
			return "each service-VM has one of its own";
	}
	tree_path(p->fdt, p->gic, gic);
	len = strlen(gic);
	if (strncmp(path, gic, len) == 0 && (!path[len] || path[len] == '/'))
		return "the interrupt controller belongs to the kernel, each service-VM has a virtual one";
	if (tree_has_word(p->fdt, node, "device_type", "memory") ||
	    tree_has_word(p->fdt, node, "device_type", "cpu"))
		return "each service-VM has some of its own";
	if (fdt_getprop(p->fdt, node, "interrupt-map", NULL) ||
	    tree_has_word(p->fdt, node, "device_type", "pci"))
		return "it routes interrupts for a bus; only devices whose interrupts go to the GIC do";
	return NULL;
}

/* One node that pattern `item` matches. */
static bool match(struct pick *p, const struct tree_walk *w, uint8_t item)
{
	const char *pattern = p->svc->passthrough[item];
	bool glob = tree_is_glob(pattern);
	const char *reason;
	uint8_t before;

	if (is_disabled(p, w->node)) {
		if (!glob)
			ERROR(p, item,
			      "%s is disabled on the board; only a device that is there can pass through",
			      w->path);
		return !glob;
	}
	reason = why_not(p, w->path, w->node);
	if (reason) {
		if (!glob)
			ERROR(p, item, "%s does not pass through: %s", w->path, reason);
		return !glob;
	}
	if (pick_is_passed(p, w->node, &before)) {
		ERROR(p, item, "%s is passed twice, \"%s\" does it already; name it once", w->path,
		      p->svc->passthrough[before]);
		return true;
	}
	add(p, w->node, PICK_PASSED, item);
	return true;
}

static void resolve_patterns(struct pick *p)
{
	for (unsigned int i = 0; i < p->svc->passthroughs; i++) {
		struct tree_walk w = { .fdt = p->fdt, .depth = -1 };
		bool found = p->svc->passthrough[i][0] != '/'; /* reported by sysdesc_parse() */

		while (tree_next(&w))
			if (w.depth > 0 && tree_glob(p->svc->passthrough[i], w.path))
				found |= match(p, &w, (uint8_t)i);
		if (!found)
			ERROR(p, (int)i,
			      "\"%s\" matches no device of the board's tree; its paths are like \"/pl011@9000000\"",
			      p->svc->passthrough[i]);
	}
}

/* --- references ------------------------------------------------------------------------------------------ */

/* Properties with phandles (Devicetree specification and kernel bindings): cells that follow each of them. */
struct reference {
	const char *name;
	const char *cells; /* property of the target; NULL: none follow */
	bool suffix; /* the name ends so */
};
static const struct reference references[] = {
	{ "clocks", "#clock-cells", false },
	{ "assigned-clocks", "#clock-cells", false },
	{ "assigned-clock-parents", "#clock-cells", false },
	{ "resets", "#reset-cells", false },
	{ "power-domains", "#power-domain-cells", false },
	{ "gpio", "#gpio-cells", false },
	{ "gpios", "#gpio-cells", false },
	{ "-gpios", "#gpio-cells", true },
	{ "-gpio", "#gpio-cells", true },
	{ "-supply", NULL, true },
	{ "pinctrl-0", NULL, false },
	{ "pinctrl-1", NULL, false },
	{ "dmas", "#dma-cells", false },
	{ "phys", "#phy-cells", false },
	{ "phy-handle", NULL, false },
	{ "iommus", "#iommu-cells", false },
	{ "mboxes", "#mbox-cells", false },
	{ "pwms", "#pwm-cells", false },
	{ "io-channels", "#io-channel-cells", false },
	{ "nvmem-cells", NULL, false },
	{ "memory-region", NULL, false },
	{ "msi-parent", "#msi-cells", false },
};

static const struct reference *find_reference(const char *property)
{
	size_t len = strlen(property);

	for (unsigned int i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
		const struct reference *r = &references[i];
		size_t want = strlen(r->name);

		if (r->suffix ? len > want && strcmp(property + len - want, r->name) == 0 :
				strcmp(property, r->name) == 0)
			return r;
	}
	return NULL;
}

static unsigned int count_cells(const struct pick *p, int target, const struct reference *r)
{
	int len;
	const fdt32_t *cells = r->cells ? fdt_getprop(p->fdt, target, r->cells, &len) : NULL;

	return cells && len == CELL ? fdt32_ld(cells) : 0;
}

/* What has registers and stands for `node`: itself, or the controller it is a part of. Negative: nothing. */
static int owner_of(const struct pick *p, int node)
{
	int at = node;

	while (at > 0 && (!fdt_getprop(p->fdt, at, "reg", NULL) ||
			  (at != node && fdt_getprop(p->fdt, at, "ranges", NULL))))
		at = fdt_parent_offset(p->fdt, at);
	return at > 0 ? at : -FDT_ERR_NOTFOUND;
}

static void need(struct pick *p, int node, int target, const char *property, uint8_t item)
{
	char from[TREE_PATH_SIZE], to[TREE_PATH_SIZE];
	uint8_t passed;
	int owner;

	if (target == p->gic || pick_is_passed(p, target, &passed) ||
	    pick_role(p, target) == PICK_NEEDED)
		return;
	owner = owner_of(p, target);
	if (owner >= 0) {
		tree_path(p->fdt, node, from);
		tree_path(p->fdt, owner, to);
		ERROR(p, item, "%s needs %s (%s), which has registers; pass both through, or none",
		      from, to, property);
		return;
	}
	add(p, target, PICK_NEEDED, item);
}

static void follow(struct pick *p, int node, uint8_t item)
{
	int prop;

	fdt_for_each_property_offset(prop, p->fdt, node) {
		const char *name;
		int len;
		const void *value = fdt_getprop_by_offset(p->fdt, prop, &name, &len);
		const struct reference *r = value ? find_reference(name) : NULL;
		uint64_t cells = r ? (unsigned int)(len / CELL) : 0;

		for (uint64_t i = 0; i < cells;) {
			int target;

			/* A zero stands for "none here" in such lists. */
			if (fdt32_ld((const fdt32_t *)value + i) == 0) {
				i++;
				continue;
			}
			target = tree_target(p->fdt, value, (unsigned int)i);
			if (target < 0) {
				ERROR(p, item,
				      "property \"%s\" of the board's %s refers to no node; such a device does not pass through",
				      name, fdt_get_name(p->fdt, node, NULL));
				break;
			}
			need(p, node, target, name, item);
			i += 1 + (uint64_t)count_cells(p, target, r);
		}
	}
}

/* References of all nodes in the set, and of what is below the passed ones; the set grows meanwhile. */
static void follow_references(struct pick *p)
{
	for (unsigned int i = 0; i < p->nodes; i++) {
		int node = p->node[i].node, depth = 0;

		if (p->node[i].role == PICK_BUS)
			continue;
		do
			follow(p, node, p->node[i].item);
		while (p->node[i].role == PICK_PASSED &&
		       (node = fdt_next_node(p->fdt, node, &depth)) >= 0 && depth > 0);
	}
}

static void check_stdout(struct pick *p)
{
	const char *path = p->svc->stdout_path;
	const char *colon = path ? strchr(path, ':') : NULL;
	uint8_t item;
	int node;

	if (!path)
		return;
	node = fdt_path_offset_namelen(p->fdt, path,
				       (int)(colon ? (size_t)(colon - path) : strlen(path)));
	if (node < 0)
		report_error(p->report, p->svc->path, "stdout-path", -1,
			     "\"%s\" is no node of the board's tree; like \"/pl011@9000000\"",
			     path);
	else if (!pick_is_passed(p, node, &item))
		report_error(p->report, p->svc->path, "stdout-path", -1,
			     "%s is not passed through; name it in \"" PASSTHROUGH "\", too", path);
}

int pick_nodes(struct pick *p, size_t board_size)
{
	unsigned int before = p->report->errors;
	int error = blob_check_fdt(p->fdt, board_size);

	p->nodes = 0;
	if (error) {
		report_error(p->report, p->svc->path, NULL, -1,
			     "the board's device tree is broken: %s", fdt_strerror(error));
		return -1;
	}
	p->gic = tree_gic(p->fdt, p->gic_reg);
	if (p->gic < 0) {
		report_error(
			p->report, p->svc->path, NULL, -1,
			"the board's device tree has no GICv2 with a virtual interface; start the board with one");
		return -1;
	}
	resolve_patterns(p);
	follow_references(p);
	check_stdout(p);
	return p->report->errors == before ? 0 : -1;
}
