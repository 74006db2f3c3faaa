// SPDX-License-Identifier: BSD-2-Clause
/* Tables and JSON. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "stat/stat.h"

#define PAGE_KIB 4

/* --- table ------------------------------------------------------------------------------------- */
enum source {
	FROM_ID,
	FROM_NAME,
	FROM_VM,
	FROM_VCPUS, /* their sum */
};
enum unit {
	PLAIN,
	COUNT, /* in a difference: per second */
	TIME, /* seconds; in a difference: percent of the time */
	FRAMES, /* MiB */
};

static const struct column {
	const char *title;
	int width;
	enum source source;
	enum unit unit;
	const char *word;
} columns[] = {
	{ "VM", 3, FROM_ID, PLAIN, NULL },
	{ "PID", 6, FROM_VM, PLAIN, "pid" },
	{ "NAME", -12, FROM_NAME, PLAIN, NULL },
	{ "GUEST", 7, FROM_VCPUS, TIME, "guest_ns" },
	{ "VMM", 6, FROM_VM, TIME, "vmm_ns" },
	{ "KERNEL", 7, FROM_VCPUS, TIME, "kernel_ns" },
	{ "USER", 7, FROM_VCPUS, TIME, "user_ns" },
	{ "WFI", 7, FROM_VCPUS, TIME, "halt_wait_ns" },
	{ "EXITS", 8, FROM_VCPUS, COUNT, "exits" },
	{ "MMIO", 7, FROM_VCPUS, COUNT, "mmio_exit_user" },
	{ "IOEVENT", 7, FROM_VCPUS, COUNT, "ioeventfd_exit_stat" },
	{ "IRQ", 7, FROM_VCPUS, COUNT, "injected" },
	{ "PAGE-IN", 7, FROM_VCPUS, COUNT, "page_ins" },
	{ "KICK", 6, FROM_VCPUS, COUNT, "kicks" },
	{ "RINGS", 7, FROM_VM, COUNT, "doorbells_rung" },
	{ "EVENTS", 7, FROM_VM, COUNT, "events_taken" },
	{ "MIB", 6, FROM_VM, FRAMES, "frames_shared" },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

int table_column(const char *title)
{
	for (unsigned i = 0; i < COLUMNS; i++)
		if (!strcasecmp(columns[i].title, title))
			return (int)i;
	return -1;
}

unsigned table_columns(void)
{
	return COLUMNS;
}

static uint64_t column_value(const struct column *c, const struct vm *v)
{
	switch (c->source) {
	case FROM_VM:
		return sample_word(&v->vm, c->word);
	case FROM_VCPUS:
		return sample_vcpus_word(v, c->word);
	default:
		return v->id;
	}
}

static int compare(const void *a, const void *b, void *options)
{
	const struct options *opt = options;
	const struct column *c = &columns[opt->sort];
	const struct vm *x = a, *y = b;
	uint64_t i = column_value(c, x), j = column_value(c, y);
	int order = i < j ? 1 : i > j ? -1 : 0; /* most first */

	if (c->unit == PLAIN)
		order = -order;
	if (c->source == FROM_NAME)
		order = strcmp(x->name, y->name);
	if (opt->reverse)
		order = -order;
	return order ? order : (int)x->id - (int)y->id;
}

static double percent(double ns, const struct sample *s)
{
	return s->seconds > 0 ? ns / NS_PER_S / s->seconds * 100 : 0;
}

static void print_value(FILE *out, const struct sample *s, enum unit unit, int width,
			uint64_t value)
{
	switch (unit) {
	case TIME:
		fprintf(out, " %*.*f", width, s->difference ? 1 : 3,
			s->difference ? percent((double)value, s) : (double)value / NS_PER_S);
		break;
	case COUNT:
		fprintf(out, " %*.0f", width,
			s->difference && s->seconds > 0 ? (double)value / s->seconds :
							  (double)value);
		break;
	case FRAMES:
		fprintf(out, " %*" PRIu64, width, value * PAGE_KIB / 1024);
		break;
	default:
		fprintf(out, " %*" PRIu64, width, value);
	}
}

/* Two lines: the service-VM, root's books and where the processor's time went. */
static void print_summary(FILE *out, const struct sample *s)
{
	uint64_t guest = 0, vmm = 0, service = 0;
	const char *unit = s->difference ? "%" : " s";
	double scale = s->difference ? percent(1, s) : 1 / NS_PER_S;

	for (unsigned i = 0; i < s->vms; i++) {
		guest += sample_vcpus_word(&s->vm[i], "guest_ns");
		vmm += sample_word(&s->vm[i].vm, "vmm_ns");
	}
	for (unsigned i = 0; i < s->service.words; i++)
		if (!strncmp(s->service.name[i], "vcpu", 4))
			service += s->service.value[i];
	fprintf(out,
		"service-VM up %.1f s, %u user-VM%s; root: %" PRIu64 " of %" PRIu64
		" MiB free, quota %" PRIu64 " MiB free, %" PRIu64 " objects\n",
		(double)sample_word(&s->service, "uptime_ns") / NS_PER_S, s->vms,
		s->vms == 1 ? "" : "s", sample_word(&s->root, "untyped_free") >> 20,
		sample_word(&s->root, "untyped_total") >> 20,
		sample_word(&s->root, "quota_free") >> 20, sample_word(&s->root, "objects"));
	fprintf(out,
		"processor: guests %.1f%s, their VMMs %.1f%s, service-VM %.1f%s, its VMM %.1f%s\n",
		(double)guest * scale, unit, (double)vmm * scale, unit, (double)service * scale,
		unit, (double)sample_word(&s->service, "vmm_ns") * scale, unit);
}

static void print_header(FILE *out, const struct sample *s)
{
	for (unsigned i = 0; i < COLUMNS; i++) {
		const struct column *c = &columns[i];
		char title[16];

		snprintf(title, sizeof(title), "%s%s", c->title,
			 c->unit == TIME && s->difference ? "%" : "");
		fprintf(out, i ? " %*s" : "%*s", c->width, title);
	}
	fputc('\n', out);
}

static void print_row(FILE *out, const struct sample *s, const struct vm *v)
{
	for (unsigned i = 0; i < COLUMNS; i++) {
		const struct column *c = &columns[i];

		if (c->source == FROM_NAME)
			fprintf(out, " %*.12s", c->width, v->name);
		else if (!i)
			fprintf(out, "%*u", c->width, v->id);
		else
			print_value(out, s, c->unit, c->width, column_value(c, v));
	}
	fputc('\n', out);
}

static enum unit unit_of(const char *name)
{
	size_t len = strlen(name);

	if (sample_is_gauge(name))
		return PLAIN;
	return len > 3 && !strcmp(name + len - 3, "_ns") ? TIME : COUNT;
}

static void print_group(FILE *out, const struct sample *s, const struct group *g)
{
	for (unsigned i = 0; i < g->words; i++) {
		fprintf(out, "  %-24s", g->name[i]);
		print_value(out, s, unit_of(g->name[i]), 14, g->value[i]);
		fputc('\n', out);
	}
}

void table_details(FILE *out, const struct sample *s, const struct vm *v)
{
	fprintf(out, "user-VM %u: %s (%s, pid %" PRIu64 "), up %.1f s%s\n", v->id, v->name, v->comm,
		sample_word(&v->vm, "pid"), (double)sample_word(&v->vm, "uptime_ns") / NS_PER_S,
		s->difference ? "; counts per second, times in percent" : "; times in seconds");
	print_group(out, s, &v->vm);
	print_group(out, s, &v->memory);
	fprintf(out, "  %-24s %14s", "", "all vCPUs");
	for (unsigned n = 0; n < v->vcpus; n++)
		fprintf(out, " %10s%u", "vcpu", v->vcpu_id[n]);
	fputc('\n', out);
	for (unsigned i = 0; v->vcpus && i < v->vcpu[0].words; i++) {
		const char *name = v->vcpu[0].name[i];

		fprintf(out, "  %-24s", name);
		print_value(out, s, unit_of(name), 14, sample_vcpus_word(v, name));
		for (unsigned n = 0; n < v->vcpus; n++)
			print_value(out, s, unit_of(name), 11, sample_word(&v->vcpu[n], name));
		fputc('\n', out);
	}
}

void table_print(FILE *out, const struct options *opt, struct sample *s)
{
	print_summary(out, s);
	if (opt->vm >= 0) {
		for (unsigned i = 0; i < s->vms; i++)
			table_details(out, s, &s->vm[i]);
		return;
	}
	qsort_r(s->vm, s->vms, sizeof(s->vm[0]), compare, (void *)opt);
	print_header(out, s);
	for (unsigned i = 0; i < s->vms; i++)
		print_row(out, s, &s->vm[i]);
}

/* --- JSON -------------------------------------------------------------------------------------- */
/* Names hold printable ASCII only (copy_name). */
static void json_string(FILE *out, const char *key, const char *text)
{
	fprintf(out, "\"%s\":\"", key);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputs("\",", out);
}

static void json_group(FILE *out, const char *key, const struct group *g)
{
	fprintf(out, "\"%s\":{", key);
	for (unsigned i = 0; i < g->words; i++)
		fprintf(out, "%s\"%s\":%" PRIu64, i ? "," : "", g->name[i], g->value[i]);
	fputc('}', out);
}

void table_json(FILE *out, const struct sample *s)
{
	fprintf(out, "{\"%s\":%.9f,", s->difference ? "interval" : "time", s->seconds);
	json_group(out, "service", &s->service);
	fputc(',', out);
	json_group(out, "counters", &s->root);
	fputs(",\"vms\":[", out);
	for (unsigned i = 0; i < s->vms; i++) {
		const struct vm *v = &s->vm[i];

		fprintf(out, "%s{\"id\":%u,", i ? "," : "", v->id);
		json_string(out, "name", v->name);
		json_string(out, "comm", v->comm);
		json_group(out, "vm", &v->vm);
		fputc(',', out);
		json_group(out, "memory", &v->memory);
		fputs(",\"vcpu\":{", out);
		for (unsigned n = 0; n < v->vcpus; n++) {
			char id[12];

			snprintf(id, sizeof(id), "%u", v->vcpu_id[n]);
			if (n)
				fputc(',', out);
			json_group(out, id, &v->vcpu[n]);
		}
		fputs("}}", out);
	}
	fputs("]}\n", out);
}
