/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of lib/sysdesc and lib/vmfdt: trees from files, and a look at reports. */
#ifndef TESTS_UNIT_SYSDESC_LOAD_H
#define TESTS_UNIT_SYSDESC_LOAD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sysdesc/report.h"

struct loaded {
	void *data;
	size_t size;
};

static inline struct loaded load(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct loaded l = { 0 };

	if (!f || fseek(f, 0, SEEK_END) != 0) {
		perror(path);
		exit(1);
	}
	l.size = (size_t)ftell(f);
	rewind(f);
	l.data = malloc(l.size);
	if (!l.data || fread(l.data, 1, l.size, f) != l.size) {
		perror(path);
		exit(1);
	}
	fclose(f);
	return l;
}

/* The entry whose text contains `text`, or NULL. */
static inline const struct report_entry *said(const struct report *r, const char *text)
{
	for (unsigned int i = 0; i < r->count; i++)
		if (strstr(r->entry[i].text, text))
			return &r->entry[i];
	return NULL;
}

static inline void show(const struct report *r)
{
	for (unsigned int i = 0; i < r->count; i++)
		printf("# %s %s[%d]: %s\n", r->entry[i].path, r->entry[i].property,
		       r->entry[i].item, r->entry[i].text);
}

#endif
