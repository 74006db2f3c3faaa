/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the files of lib/vmfdt only. */
#ifndef LIB_VMFDT_INTERNAL_H
#define LIB_VMFDT_INTERNAL_H

#include "vmfdt/vmfdt.h"

#define PAGE_SIZE UINT64_C(0x1000)
#define TREE_MAX_DEPTH 12
#define TREE_MAX_REGS 8u
#define TREE_PATH_SIZE 256u

struct range {
	uint64_t base, size;
};

static inline bool range_overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* --- tree.c: reading a checked tree ---------------------------------------------------------------- */

/* Does `text` match? '*': any characters but '/', '?': one of them. */
bool tree_glob(const char *pattern, const char *text);
bool tree_is_glob(const char *pattern);

/* Preorder walk with paths. Start with depth = -1. Nodes below TREE_MAX_DEPTH are left out. */
struct tree_walk {
	const void *fdt;
	int node;
	int depth;
	char path[TREE_PATH_SIZE];
	size_t end[TREE_MAX_DEPTH + 1]; /* of the path, per depth */
};
bool tree_next(struct tree_walk *w);

/*
 * The registers of `node` as the CPU sees them, "ranges" of its buses applied: how many, at most TREE_MAX_REGS (more are
 * an error); 0 without registers, or when they are not in the CPU's address space; -1 when they make no sense.
 */
int tree_regs(const void *fdt, int node, struct range *reg);

/* Is the property a string list that contains `word`? */
bool tree_has_word(const void *fdt, int node, const char *property, const char *word);

/* The node that the phandle in cell `i` of the property's value leads to, or a negative error. */
int tree_target(const void *fdt, const void *value, unsigned int i);

/* The node that the interrupts of `node` go to, or a negative error. */
int tree_interrupt_parent(const void *fdt, int node);

/* The path of `node` in `path`; "?" when it is too long. */
void tree_path(const void *fdt, int node, char path[TREE_PATH_SIZE]);

/* The GICv2, and its registers: GICD, GICC, GICH, GICV. Negative: there is none. */
int tree_gic(const void *fdt, struct range *reg);

/* --- pick.c: which nodes of the board a service-VM gets ---------------------------------------------- */

enum pick_role {
	PICK_NONE = 0,
	PICK_BUS, /* leads to one of the others */
	PICK_NEEDED, /* referred to, without registers: a fixed clock, a regulator */
	PICK_PASSED, /* with all that is below it */
};

struct pick {
	const void *fdt;
	const struct sysdesc_board *board;
	const struct sysdesc_service *svc;
	struct report *report;
	int gic;
	struct range gic_reg[TREE_MAX_REGS];
	unsigned int nodes;
	struct {
		int node;
		enum pick_role role;
		uint8_t item;
	} node[VMFDT_MAX_NODES];
};

/*
 * Check the board's tree, resolve the patterns of p->svc and follow references. The caller has set fdt, board, svc and
 * report. Returns 0 or -1 with the mistakes reported.
 */
int pick_nodes(struct pick *p, size_t board_size);

/* What was said about this very node. */
enum pick_role pick_role(const struct pick *p, int node);
/* PICK_PASSED also below a node that is passed; *item says which entry passed it. */
bool pick_is_passed(const struct pick *p, int node, uint8_t *item);

#endif
