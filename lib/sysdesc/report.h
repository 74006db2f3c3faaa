/* SPDX-License-Identifier: BSD-2-Clause */
/* Mistakes in a device tree, collected so that a user sees all of them at once. */
#ifndef LIB_SYSDESC_REPORT_H
#define LIB_SYSDESC_REPORT_H

#include <stdbool.h>

#define REPORT_MAX 24u
#define REPORT_PATH 128u
#define REPORT_PROPERTY 32u
#define REPORT_TEXT 224u

/* All strings are NUL-terminated, cut where they do not fit, and printable ASCII. */
struct report_entry {
	char path[REPORT_PATH]; /* node of the system description */
	char property[REPORT_PROPERTY]; /* empty: the node itself */
	int item; /* of a property that is a list: which, from 0; -1: all of it */
	bool warning;
	char text[REPORT_TEXT]; /* "what is wrong; what would be right" */
};

struct report {
	unsigned int errors; /* also those that did not fit */
	unsigned int count; /* used entries, warnings included */
	struct report_entry entry[REPORT_MAX];
};

/* Forget everything; a zeroed report needs no init. */
void report_init(struct report *r);

/*
 * Add an error, or a warning. `property` may be NULL or empty, `item` -1. Formats are those of lib/fmt. A full report only
 * counts.
 */
void report_error(struct report *r, const char *path, const char *property, int item,
		  const char *format, ...) __attribute__((format(printf, 5, 6)));
void report_warning(struct report *r, const char *path, const char *property, int item,
		    const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
