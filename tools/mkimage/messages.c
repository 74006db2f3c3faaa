// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "messages.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

struct message {
	char *file;
	int line;
	bool error;
	char *text;
	struct message *next;
};

static struct message *first;

/* After those of the same place that came earlier. */
static void add(const char *file, int line, bool error, const char *format, va_list ap)
{
	struct message *m = run_alloc(sizeof(*m));
	struct message **at = &first;

	m->file = run_format("%s", file);
	m->line = line;
	m->error = error;
	if (vasprintf(&m->text, format, ap) < 0)
		exit(EXIT_FAILURE);
	while (*at) {
		int order = strcmp((*at)->file, file);

		if (order > 0 || (order == 0 && (*at)->line > line))
			break;
		at = &(*at)->next;
	}
	m->next = *at;
	*at = m;
}

void messages_error(const char *file, int line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(file, line, true, format, ap);
	va_end(ap);
}

void messages_warning(const char *file, int line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(file, line, false, format, ap);
	va_end(ap);
}

bool messages_show(void)
{
	bool fine = true;

	while (first) {
		struct message *m = first;

		fprintf(stderr, "%s:%d: %s%s\n", m->file, m->line,
			m->error ? "" : "warning: ", m->text);
		fine &= !m->error;
		first = m->next;
		free(m->file);
		free(m->text);
		free(m);
	}
	return fine;
}
