// SPDX-License-Identifier: BSD-2-Clause
#include "sysdesc/report.h"

#include <stdarg.h>
#include <stddef.h>

#include "fmt/fmt.h"

void report_init(struct report *r)
{
	r->errors = 0;
	r->count = 0;
}

/* What a tree says goes to terminals and logs. */
static void make_printable(char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}

static void add(struct report *r, bool warning, const char *path, const char *property, int item,
		const char *format, va_list ap)
{
	struct report_entry *e;

	if (!warning)
		r->errors++;
	if (r->count == REPORT_MAX)
		return;
	e = &r->entry[r->count++];
	fmt_snprintf(e->path, sizeof(e->path), "%s", path);
	fmt_snprintf(e->property, sizeof(e->property), "%s", property ? property : "");
	fmt_vsnprintf(e->text, sizeof(e->text), format, ap);
	e->item = item;
	e->warning = warning;
	make_printable(e->path);
	make_printable(e->property);
	make_printable(e->text);
}

void report_error(struct report *r, const char *path, const char *property, int item,
		  const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(r, false, path, property, item, format, ap);
	va_end(ap);
}

void report_warning(struct report *r, const char *path, const char *property, int item,
		    const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(r, true, path, property, item, format, ap);
	va_end(ap);
}
