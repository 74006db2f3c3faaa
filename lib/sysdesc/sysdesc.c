// SPDX-License-Identifier: BSD-2-Clause
/*
 * Each kind of node has a table of the properties it may have; a property's reader checks its value and stores it at an
 * offset of the struct that the node becomes.
 */
#include "sysdesc/sysdesc.h"

#include <libfdt.h>

#include "fmt/fmt.h"
#include "string/string.h"
#include "sysdesc/blob.h"
#include "wire/ctl.h"
#include "wire/package.h"
#include "wire/vmm.h"

#define CELL sizeof(fdt32_t)
#define IPA_END (UINT64_C(1) << 40)

#define DEFAULT_PRIORITY 100
#define DEFAULT_TIMESLICE_US 5000
#define MIN_TIMESLICE_US 100
#define MAX_TIMESLICE_US 1000000
#define MIB UINT64_C(0x100000)

_Static_assert(SYSDESC_NAME_SIZE == PKG_NAME_SIZE, "a name is the name of a file in the package");

struct value {
	const char *path; /* of its node */
	const char *name; /* of the property */
	const void *data;
	size_t len;
};

struct field {
	const char *name;
	void (*read)(const struct value *v, const struct field *f, void *to, struct report *report);
	size_t offset;
	bool required;
	uint64_t min, max; /* of a number; of a string: its longest length */
	const char *const *words; /* of a choice, NULL-terminated */
};

#define ERROR(v, item, ...) report_error(report, (v)->path, (v)->name, item, __VA_ARGS__)

/* --- readers: `to` is the member itself ---------------------------------------------------------- */

static uint64_t get_cell(const struct value *v, size_t i)
{
	return fdt32_ld((const fdt32_t *)v->data + i);
}

static uint64_t get_u64(const struct value *v, size_t i)
{
	return get_cell(v, i) << 32 | get_cell(v, i + 1);
}

static bool check_number(const struct value *v, const struct field *f, uint64_t n,
			 struct report *report)
{
	if (n >= f->min && n <= f->max)
		return true;
	ERROR(v, -1, "%lu is out of range; %lu to %lu is possible", n, f->min, f->max);
	return false;
}

static void read_unsigned(const struct value *v, const struct field *f, void *to,
			  struct report *report)
{
	if (v->len != CELL)
		ERROR(v, -1, "is %zu bytes long; one cell is needed, like <%lu>", v->len, f->min);
	else if (check_number(v, f, get_cell(v, 0), report))
		*(unsigned int *)to = (unsigned int)get_cell(v, 0);
}

static void read_cell64(const struct value *v, const struct field *f, void *to,
			struct report *report)
{
	if (v->len != CELL)
		ERROR(v, -1, "is %zu bytes long; one cell is needed, like <%lu>", v->len, f->min);
	else if (check_number(v, f, get_cell(v, 0), report))
		*(uint64_t *)to = get_cell(v, 0);
}

static void read_bytes(const struct value *v, const struct field *f, void *to,
		       struct report *report)
{
	uint64_t n;

	if (v->len != 2 * CELL) {
		ERROR(v, -1, "is %zu bytes long; two cells are needed, like <0x0 0x8000000>",
		      v->len);
		return;
	}
	n = get_u64(v, 0);
	if (n < f->min || n > f->max || n % WIRE_PAGE_SIZE)
		ERROR(v, -1, "0x%lx bytes; a multiple of 0x1000 from 0x%lx to 0x%lx is possible", n,
		      f->min, f->max);
	else
		*(uint64_t *)to = n;
}

static void read_granule(const struct value *v, const struct field *f, void *to,
			 struct report *report)
{
	(void)f;
	if (v->len != CELL ||
	    (get_cell(v, 0) != SYSDESC_GRANULE_4K && get_cell(v, 0) != SYSDESC_GRANULE_2M))
		ERROR(v, -1, "is neither 4 KiB nor 2 MiB; <0x1000> or <0x200000> is possible");
	else
		*(uint64_t *)to = get_cell(v, 0);
}

static void read_flag(const struct value *v, const struct field *f, void *to, struct report *report)
{
	(void)f;
	if (v->len != 0)
		ERROR(v, -1, "has a value; its presence alone means yes: \"%s;\"", v->name);
	else
		*(bool *)to = true;
}

/* The NUL-terminated string at *at, and *at behind it. NULL: the property does not end in one. */
static const char *next_string(const struct value *v, size_t *at)
{
	const char *s = (const char *)v->data + *at;
	size_t len = strnlen(s, v->len - *at);

	if (*at + len == v->len)
		return NULL;
	*at += len + 1;
	return s;
}

static const char *only_string(const struct value *v, const struct field *f, struct report *report)
{
	size_t at = 0;
	const char *s = v->len ? next_string(v, &at) : NULL;

	if (!s || at != v->len) {
		ERROR(v, -1, "is not one string; like %s = \"...\"", v->name);
		return NULL;
	}
	if (f->max && strlen(s) > f->max) {
		ERROR(v, -1, "has %zu characters; at most %lu are possible", strlen(s), f->max);
		return NULL;
	}
	return s;
}

static void read_string(const struct value *v, const struct field *f, void *to,
			struct report *report)
{
	const char *s = only_string(v, f, report);

	if (s)
		*(const char **)to = s;
}

static bool is_word(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s > '~')
			return false;
	return true;
}

/* Name of a file in the package (wire/package.h). */
static void read_file_name(const struct value *v, const struct field *f, void *to,
			   struct report *report)
{
	const char *s = only_string(v, f, report);

	if (s && (!*s || !is_word(s)))
		ERROR(v, -1,
		      "\"%s\" can not name a file of the boot package; 1 to %u printable characters without blanks can",
		      s, SYSDESC_NAME_SIZE - 1);
	else if (s)
		*(const char **)to = s;
}

static void read_path(const struct value *v, const struct field *f, void *to, struct report *report)
{
	const char *s = only_string(v, f, report);

	if (s && (*s != '/' || !is_word(s)))
		ERROR(v, -1, "\"%s\" is not a path; like \"/pl011@9000000\"", s);
	else if (s)
		*(const char **)to = s;
}

static void read_choice(const struct value *v, const struct field *f, void *to,
			struct report *report)
{
	const char *s = only_string(v, f, report);
	char known[96] = "";
	size_t used = 0;

	if (!s)
		return;
	for (unsigned int i = 0; f->words[i]; i++) {
		if (strcmp(s, f->words[i]) == 0) {
			*(unsigned int *)to = i;
			return;
		}
		if (used < sizeof(known))
			used += (size_t)fmt_snprintf(known + used, sizeof(known) - used, "%s\"%s\"",
						     i ? ", " : "", f->words[i]);
	}
	ERROR(v, -1, "\"%s\" is not known; possible: %s", s, known);
}

static void read_board(const struct value *v, const struct field *f, void *to,
		       struct report *report)
{
	const char *s = only_string(v, f, report);
	const struct sysdesc_board *board = s ? sysdesc_board_find(s) : NULL;

	if (s && !board)
		ERROR(v, -1, "board \"%s\" is not known; \"%s\" is", s, sysdesc_board_get(0)->name);
	*(const struct sysdesc_board **)to = board;
}

static void read_compatible(const struct value *v, const struct field *f, void *to,
			    struct report *report)
{
	const char *s = only_string(v, f, report);

	(void)to;
	if (s && strcmp(s, f->words[0]) != 0)
		ERROR(v, -1, "\"%s\" is not known; \"%s\" is right here", s, f->words[0]);
}

/* Into a struct sysdesc_service. */
static void read_passthrough(const struct value *v, const struct field *f, void *to,
			     struct report *report)
{
	struct sysdesc_service *svc = to;
	size_t at = 0;

	(void)f;
	svc->passthroughs = 0;
	while (at < v->len) {
		const char *s = next_string(v, &at);
		int item = (int)svc->passthroughs;

		if (!s) {
			ERROR(v, -1,
			      "is not a list of strings; like \"/pl011@9000000\", \"/virtio_mmio@*\"");
			return;
		}
		if (svc->passthroughs == SYSDESC_MAX_PASSTHROUGH) {
			ERROR(v, -1,
			      "has too many entries; at most %u are possible, and \"*\" and \"?\" match several nodes",
			      SYSDESC_MAX_PASSTHROUGH);
			return;
		}
		if (*s != '/' || !is_word(s))
			ERROR(v, item,
			      "\"%s\" is not a path of the board's tree; like \"/pl011@9000000\"",
			      s);
		svc->passthrough[svc->passthroughs++] = s;
	}
}

static bool check_bank(const struct value *v, int item, const struct sysdesc_bank *bank,
		       struct report *report)
{
	if (bank->size == 0)
		ERROR(v, item, "bank 0x%lx has no bytes; each bank is <base size>, two cells each",
		      bank->base);
	else if (bank->base >= IPA_END || bank->size > IPA_END - bank->base)
		ERROR(v, item,
		      "bank 0x%lx + 0x%lx ends beyond 1 TiB; each bank is <base size>, two cells each",
		      bank->base, bank->size);
	else
		return true;
	return false;
}

/* Into a struct sysdesc_service. */
static void read_memory(const struct value *v, const struct field *f, void *to,
			struct report *report)
{
	struct sysdesc_service *svc = to;
	size_t banks = v->len / (4 * CELL);

	(void)f;
	svc->banks = 0;
	if (banks == 0 || v->len % (4 * CELL) != 0) {
		ERROR(v, -1,
		      "has %zu bytes; each bank is <base size>, two cells each, like <0x0 0x40000000 0x0 0x20000000>",
		      v->len);
		return;
	}
	if (banks > SYSDESC_MAX_BANKS) {
		ERROR(v, -1, "has %zu banks; at most %u are possible", banks, SYSDESC_MAX_BANKS);
		return;
	}
	for (unsigned int i = 0; i < banks; i++) {
		svc->bank[i].base = get_u64(v, 4 * i);
		svc->bank[i].size = get_u64(v, 4 * i + 2);
		if (!check_bank(v, (int)i, &svc->bank[i], report))
			return;
	}
	svc->banks = (unsigned int)banks;
}

/* --- nodes ----------------------------------------------------------------------------------------- */

static const char *const system_compatible[] = { SYSDESC_COMPATIBLE, NULL };
static const char *const service_compatible[] = { SYSDESC_SERVICE_COMPATIBLE, NULL };
static const char *const log_levels[] = {
	[VMM_LOG_ERROR] = "error",
	[VMM_LOG_WARN] = "warn",
	[VMM_LOG_INFO] = "info",
	[VMM_LOG_DEBUG] = "debug",
	NULL,
};
static const char *const crash_words[] = {
	[SYSDESC_RESTART] = "restart",
	[SYSDESC_STOP] = "stop",
	NULL,
};

static const struct field system_fields[] = {
	{ .name = "compatible",
	  .read = read_compatible,
	  .required = true,
	  .words = system_compatible },
	{ .name = "board",
	  .read = read_board,
	  .offset = offsetof(struct sysdesc, board),
	  .required = true },
	{ .name = "log-level",
	  .read = read_choice,
	  .offset = offsetof(struct sysdesc, log_level),
	  .words = log_levels },
	{ 0 },
};

#define OF(member) offsetof(struct sysdesc_service, member)
#define PRIORITY .min = SYSDESC_MIN_PRIORITY, .max = SYSDESC_MAX_PRIORITY
#define TIMESLICE .min = MIN_TIMESLICE_US, .max = MAX_TIMESLICE_US

static const struct field service_fields[] = {
	{ .name = "compatible",
	  .read = read_compatible,
	  .required = true,
	  .words = service_compatible },
	{ .name = "memory", .read = read_memory, .required = true },
	{ .name = "granule", .read = read_granule, .offset = OF(granule) },
	{ .name = "vcpus",
	  .read = read_unsigned,
	  .offset = OF(vcpus),
	  .min = 1,
	  .max = SYSDESC_MAX_VCPUS },
	{ .name = "priority", .read = read_unsigned, .offset = OF(priority), PRIORITY },
	{ .name = "timeslice-us", .read = read_cell64, .offset = OF(timeslice_us), TIMESLICE },
	{ .name = "kernel",
	  .read = read_file_name,
	  .offset = OF(kernel),
	  .required = true,
	  .max = SYSDESC_NAME_SIZE - 1 },
	{ .name = "initrd",
	  .read = read_file_name,
	  .offset = OF(initrd),
	  .max = SYSDESC_NAME_SIZE - 1 },
	{ .name = "bootargs",
	  .read = read_string,
	  .offset = OF(bootargs),
	  .max = SYSDESC_BOOTARGS_SIZE - 1 },
	{ .name = "passthrough", .read = read_passthrough },
	{ .name = "stdout-path", .read = read_path, .offset = OF(stdout_path) },
	{ .name = "on-crash", .read = read_choice, .offset = OF(on_crash), .words = crash_words },
	{ .name = "test-hooks", .read = read_flag, .offset = OF(test_hooks) },
	{ 0 },
};

static const struct field users_fields[] = {
	{ .name = "max",
	  .read = read_unsigned,
	  .offset = OF(users.max),
	  .required = true,
	  .max = CTL_MAX_VMS },
	{ .name = "memory",
	  .read = read_bytes,
	  .offset = OF(users.memory),
	  .required = true,
	  .min = MIB,
	  .max = IPA_END },
	{ .name = "priority", .read = read_unsigned, .offset = OF(users.priority), PRIORITY },
	{ .name = "timeslice-us",
	  .read = read_cell64,
	  .offset = OF(users.timeslice_us),
	  TIMESLICE },
	{ 0 },
};

static const struct field *find_field(const struct field *fields, const char *name)
{
	for (const struct field *f = fields; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

static void report_unknown(const struct value *v, const struct field *fields, struct report *report)
{
	char known[REPORT_TEXT] = "";
	size_t used = 0;

	for (const struct field *f = fields; f->name && used < sizeof(known); f++)
		used += (size_t)fmt_snprintf(known + used, sizeof(known) - used, " %s", f->name);
	ERROR(v, -1, "unknown property; known here:%s", known);
}

static void read_node(const void *fdt, int node, const char *path, const struct field *fields,
		      void *to, struct report *report)
{
	int prop;

	fdt_for_each_property_offset(prop, fdt, node) {
		struct value v = { .path = path };
		const struct field *f;
		int len = 0;

		v.data = fdt_getprop_by_offset(fdt, prop, &v.name, &len);
		if (!v.data)
			break;
		v.len = (size_t)len;
		f = find_field(fields, v.name);
		if (f)
			f->read(&v, f, (char *)to + f->offset, report);
		else
			report_unknown(&v, fields, report);
	}
	for (const struct field *f = fields; f->name; f++)
		if (f->required && !fdt_getprop(fdt, node, f->name, NULL))
			report_error(report, path, NULL, -1, "property \"%s\" is missing", f->name);
}

static void read_users(const void *fdt, int node, struct sysdesc_service *svc,
		       struct report *report)
{
	char path[SYSDESC_PATH_SIZE];
	int child;

	fmt_snprintf(path, sizeof(path), "%s/user-vms", svc->path);
	read_node(fdt, node, path, users_fields, svc, report);
	fdt_for_each_subnode(child, fdt, node)
		report_error(report, path, NULL, -1, "has a node \"%s\"; there are none in here",
			     fdt_get_name(fdt, child, NULL));
}

static bool is_service_name(const char *name)
{
	size_t n = 0;

	for (; name[n]; n++) {
		char c = name[n];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '-' || c == '_'))
			return false;
	}
	return n > 0 && n < SYSDESC_NAME_SIZE;
}

static void read_service(const void *fdt, int node, struct sysdesc_service *svc,
			 struct report *report)
{
	const char *name = fdt_get_name(fdt, node, NULL);
	int child;

	*svc = (struct sysdesc_service){
		.granule = SYSDESC_GRANULE_4K,
		.vcpus = 1,
		.priority = DEFAULT_PRIORITY,
		.timeslice_us = DEFAULT_TIMESLICE_US,
		.bootargs = "",
		.users = { .priority = DEFAULT_PRIORITY, .timeslice_us = DEFAULT_TIMESLICE_US },
	};
	fmt_snprintf(svc->name, sizeof(svc->name), "%s", name);
	fmt_snprintf(svc->path, sizeof(svc->path), "/%s", name);
	if (!is_service_name(name))
		report_error(
			report, svc->path, NULL, -1,
			"\"%s\" can not name a service-VM; 1 to %u letters, digits, \"-\" and \"_\" can",
			name, SYSDESC_NAME_SIZE - 1);
	read_node(fdt, node, svc->path, service_fields, svc, report);
	for (unsigned int i = 0; i < svc->banks; i++)
		if (svc->bank[i].base % SYSDESC_BANK_ALIGN ||
		    svc->bank[i].size % SYSDESC_BANK_ALIGN)
			report_error(
				report, svc->path, "memory", (int)i,
				"bank 0x%lx + 0x%lx is not aligned to 2 MiB; multiples of 0x%lx are",
				svc->bank[i].base, svc->bank[i].size, SYSDESC_BANK_ALIGN);
	fdt_for_each_subnode(child, fdt, node) {
		name = fdt_get_name(fdt, child, NULL);
		if (strcmp(name, "user-vms") == 0)
			read_users(fdt, child, svc, report);
		else
			report_error(report, svc->path, NULL, -1,
				     "has a node \"%s\"; only \"user-vms\" is known in here", name);
	}
}

static void read_services(const void *fdt, struct sysdesc *out, struct report *report)
{
	int node;

	fdt_for_each_subnode(node, fdt, 0) {
		if (out->services == SYSDESC_MAX_SERVICES) {
			report_error(report, "/", NULL, -1,
				     "has too many service-VMs; at most %u are possible",
				     SYSDESC_MAX_SERVICES);
			return;
		}
		read_service(fdt, node, &out->service[out->services++], report);
	}
	if (out->services == 0)
		report_error(
			report, "/", NULL, -1,
			"has no service-VM; each is a node like \"service { compatible = \"%s\"; ... }\"",
			SYSDESC_SERVICE_COMPATIBLE);
	for (unsigned int i = 0; i < out->services; i++)
		for (unsigned int j = 0; j < i; j++)
			if (strcmp(out->service[i].name, out->service[j].name) == 0)
				report_error(report, out->service[i].path, NULL, -1,
					     "is there twice; names are unique");
}

int sysdesc_parse(const void *fdt, size_t size, struct sysdesc *out, struct report *report)
{
	unsigned int before = report->errors;
	int error = blob_check_fdt(fdt, size);

	*out = (struct sysdesc){ .log_level = VMM_LOG_INFO };
	if (error) {
		report_error(report, "/", NULL, -1,
			     "is not a flattened device tree (%s); dtc makes one",
			     fdt_strerror(error));
		return -1;
	}
	read_node(fdt, 0, "/", system_fields, out, report);
	read_services(fdt, out, report);
	return report->errors == before ? 0 : -1;
}

uint64_t sysdesc_root_end(const struct sysdesc *desc)
{
	const uint64_t base = desc->board->image.base, limit = base + desc->board->image.size;
	uint64_t root_end = 0;

	for (unsigned int s = 0; s < desc->services; s++) {
		const struct sysdesc_service *svc = &desc->service[s];

		for (unsigned int i = 0; i < svc->banks; i++) {
			uint64_t end = svc->bank[i].base + svc->bank[i].size;

			if (svc->granule != SYSDESC_GRANULE_4K || svc->bank[i].base >= limit ||
			    end <= base)
				continue;
			if (end > limit)
				end = limit;
			if (root_end < end)
				root_end = end;
		}
	}
	return root_end;
}
