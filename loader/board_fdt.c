// SPDX-License-Identifier: BSD-2-Clause
#include "loader/board_fdt.h"

#include <stdbool.h>

#include "string/string.h"

/* Words of the header */
#define FDT_MAGIC 0
#define FDT_TOTALSIZE 1
#define FDT_OFF_STRUCT 2
#define FDT_OFF_STRINGS 3
#define FDT_OFF_RSVMAP 4
#define FDT_LAST_COMP_VERSION 6
#define FDT_SIZE_STRINGS 8
#define FDT_SIZE_STRUCT 9
#define FDT_HEADER_SIZE 40u

#define FDT_MAGIC_VALUE 0xd00dfeedu
#define FDT_VERSION 17u
#define FDT_VERSION_OLDEST 16u

#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE 2u
#define FDT_PROP 3u
#define FDT_NOP 4u
#define FDT_END 9u

#define DEPTH_MAX 64u
#define UARTS 4u

struct property {
	const char *name;
	const void *data;
	uint32_t length;
};

/* A node directly below the root. */
struct node {
	const char *name;
	struct property reg, compatible, device_type, method, stdout_path;
};

struct scan {
	const uint8_t *structs, *end;
	const char *strings, *strings_end;
	struct board_fdt *board;
	uint32_t address_cells, size_cells;
	const char *stdout_path;
	struct {
		const char *name;
		uint64_t base;
	} uart[UARTS];
	uint32_t uarts;
};

static uint32_t be32(const void *p)
{
	return __builtin_bswap32(*(const uint32_t *)p);
}

static uint64_t cells(const void *p, uint32_t count)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < count; i++)
		value = value << 32 | be32((const uint8_t *)p + 4 * i);
	return value;
}

/* NUL within [s, end)? */
static bool ends(const char *s, const char *end)
{
	return memchr(s, 0, (size_t)(end - s));
}

/* Is `text` one of the strings of a stringlist? */
static bool lists(const struct property *p, const char *text)
{
	const char *s = p->data, *end;

	if (!s)
		return false;
	end = s + p->length;
	while (s < end && ends(s, end)) {
		if (strcmp(s, text) == 0)
			return true;
		s += strlen(s) + 1;
	}
	return false;
}

static void take_memory(struct scan *scan, const struct node *node)
{
	uint32_t each = 4 * (scan->address_cells + scan->size_cells);
	const uint8_t *p = node->reg.data;

	for (uint32_t at = 0; p && each && at + each <= node->reg.length; at += each) {
		uint64_t base = cells(p + at, scan->address_cells);
		uint64_t size = cells(p + at + 4 * scan->address_cells, scan->size_cells);
		uint32_t n = scan->board->memories;

		if (size == 0 || base + size < base || n == BOARD_FDT_MEMORIES)
			continue;
		scan->board->memory[n].base = base;
		scan->board->memory[n].size = size;
		scan->board->memories++;
	}
}

/* Everything about a node is known. */
static void take_node(struct scan *scan, const struct node *node)
{
	if (strcmp(node->name, "chosen") == 0 && node->stdout_path.data &&
	    ends(node->stdout_path.data,
		 (const char *)node->stdout_path.data + node->stdout_path.length))
		scan->stdout_path = node->stdout_path.data;
	if (lists(&node->device_type, "memory"))
		take_memory(scan, node);
	if (lists(&node->compatible, "arm,psci-0.2") || lists(&node->compatible, "arm,psci-1.0")) {
		if (lists(&node->method, "smc"))
			scan->board->psci = BOARD_PSCI_SMC;
		if (lists(&node->method, "hvc"))
			scan->board->psci = BOARD_PSCI_HVC;
	}
	if (lists(&node->compatible, "arm,pl011") && scan->uarts < UARTS &&
	    node->reg.length >= 4 * scan->address_cells) {
		scan->uart[scan->uarts].name = node->name;
		scan->uart[scan->uarts].base = cells(node->reg.data, scan->address_cells);
		scan->uarts++;
	}
}

static void take_property(struct scan *scan, struct node *node, uint32_t depth,
			  const struct property *p)
{
	if (depth == 1 && p->length == 4 && strcmp(p->name, "#address-cells") == 0)
		scan->address_cells = be32(p->data);
	if (depth == 1 && p->length == 4 && strcmp(p->name, "#size-cells") == 0)
		scan->size_cells = be32(p->data);
	if (depth != 2)
		return;
	if (strcmp(p->name, "reg") == 0)
		node->reg = *p;
	else if (strcmp(p->name, "compatible") == 0)
		node->compatible = *p;
	else if (strcmp(p->name, "device_type") == 0)
		node->device_type = *p;
	else if (strcmp(p->name, "method") == 0)
		node->method = *p;
	else if (strcmp(p->name, "stdout-path") == 0)
		node->stdout_path = *p;
}

/* The property at `p`, behind its token: false if it is out of bounds, else *next is behind it. */
static bool read_property(const struct scan *scan, const uint8_t *p, struct property *property,
			  const uint8_t **next)
{
	uint32_t name;

	if (scan->end - p < 8)
		return false;
	property->length = be32(p);
	name = be32(p + 4);
	p += 8;
	if (property->length > (size_t)(scan->end - p) ||
	    name >= (size_t)(scan->strings_end - scan->strings) ||
	    !ends(scan->strings + name, scan->strings_end))
		return false;
	property->name = scan->strings + name;
	property->data = p;
	*next = p + ((property->length + 3) & ~3u);
	return true;
}

/* The last property's padding may end beyond the block: `end - p` is then negative and no token follows. */
static bool walk(struct scan *scan)
{
	const uint8_t *p = scan->structs;
	struct property property;
	struct node node = { 0 };
	uint32_t depth = 0;

	while (scan->end - p >= 4) {
		uint32_t token = be32(p);

		p += 4;
		switch (token) {
		case FDT_BEGIN_NODE:
			if (++depth > DEPTH_MAX || !ends((const char *)p, (const char *)scan->end))
				return false;
			if (depth == 2)
				node = (struct node){ .name = (const char *)p };
			p += (strlen((const char *)p) + 4) & ~(size_t)3;
			break;
		case FDT_END_NODE:
			if (depth == 0)
				return false;
			if (depth-- == 2)
				take_node(scan, &node);
			break;
		case FDT_PROP:
			if (!read_property(scan, p, &property, &p))
				return false;
			take_property(scan, &node, depth, &property);
			break;
		case FDT_NOP:
			break;
		case FDT_END:
			return depth == 0;
		default:
			return false;
		}
		/* Values of more cells than an address has make no sense here. */
		if (scan->address_cells > 2 || scan->size_cells > 2)
			return false;
	}
	return false;
}

/* stdout-path is "/name" or "/name:options". */
static void choose_uart(struct scan *scan)
{
	const char *path = scan->stdout_path;
	const char *colon;
	size_t length;

	if (!path || path[0] != '/')
		return;
	path++;
	colon = strchr(path, ':');
	length = colon ? (size_t)(colon - path) : strlen(path);
	for (uint32_t i = 0; i < scan->uarts; i++)
		if (strlen(scan->uart[i].name) == length &&
		    strncmp(scan->uart[i].name, path, length) == 0)
			scan->board->uart = scan->uart[i].base;
}

/* A block at `offset` of `size` bytes behind the header and within the tree? */
static bool block_is_good(const struct board_fdt *board, uint32_t offset, uint32_t size)
{
	return offset >= FDT_HEADER_SIZE && offset <= board->size && size <= board->size - offset;
}

enum board_fdt_status board_fdt_scan(const void *fdt, struct board_fdt *board)
{
	const uint32_t *header = fdt;
	uint32_t off_struct, size_struct, off_strings, size_strings;
	struct scan scan = { .board = board, .address_cells = 2, .size_cells = 1 };

	*board = (struct board_fdt){ 0 };
	if (!fdt || (uintptr_t)fdt % 8 || be32(&header[FDT_MAGIC]) != FDT_MAGIC_VALUE)
		return BOARD_FDT_NONE;
	board->size = be32(&header[FDT_TOTALSIZE]);
	off_struct = be32(&header[FDT_OFF_STRUCT]);
	size_struct = be32(&header[FDT_SIZE_STRUCT]);
	off_strings = be32(&header[FDT_OFF_STRINGS]);
	size_strings = be32(&header[FDT_SIZE_STRINGS]);
	if (board->size < FDT_HEADER_SIZE || board->size > BOARD_FDT_MAX ||
	    be32(&header[FDT_LAST_COMP_VERSION]) > FDT_VERSION ||
	    be32(&header[FDT_LAST_COMP_VERSION]) < FDT_VERSION_OLDEST || off_struct % 4 ||
	    !block_is_good(board, off_struct, size_struct) ||
	    !block_is_good(board, off_strings, size_strings))
		return BOARD_FDT_BAD;
	board->used = off_struct + size_struct;
	if (off_strings + size_strings > board->used)
		board->used = off_strings + size_strings;
	/* The reservation map has no size; where it does not come first, everything stays. */
	if (be32(&header[FDT_OFF_RSVMAP]) >= off_struct)
		board->used = board->size;
	scan.structs = (const uint8_t *)fdt + off_struct;
	scan.end = scan.structs + size_struct;
	scan.strings = (const char *)fdt + off_strings;
	scan.strings_end = scan.strings + size_strings;
	if (!walk(&scan))
		return BOARD_FDT_BAD;
	choose_uart(&scan);
	return board->memories ? BOARD_FDT_OK : BOARD_FDT_NO_MEMORY;
}

void board_fdt_resize(void *fdt, uint32_t size)
{
	((uint32_t *)fdt)[FDT_TOTALSIZE] = __builtin_bswap32(size);
}

const char *board_fdt_text(enum board_fdt_status status)
{
	switch (status) {
	case BOARD_FDT_OK:
		return "is right";
	case BOARD_FDT_NONE:
		return "is missing (x0 does not point to one)";
	case BOARD_FDT_BAD:
		return "is malformed";
	case BOARD_FDT_NO_MEMORY:
		return "names no memory";
	}
	return "has an unknown defect";
}
