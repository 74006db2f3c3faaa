/* SPDX-License-Identifier: BSD-2-Clause */
/* A device-tree source file, compiled by dtc. */
#ifndef MKIMAGE_SOURCE_H
#define MKIMAGE_SOURCE_H

#include <stdbool.h>

#include "srcmap.h"

struct source {
	const char *file;
	struct text dtb;
	struct srcmap *map;
};

/* Compile `file`. False with messages: it is no device tree. */
bool source_compile(struct source *s, const char *dtc, const char *file);
void source_free(struct source *s);

#endif
