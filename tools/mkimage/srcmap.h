/* SPDX-License-Identifier: BSD-2-Clause */
/* Where in the source of a device tree a node, a property, or an entry of a property stands. */
#ifndef MKIMAGE_SRCMAP_H
#define MKIMAGE_SRCMAP_H

#include "run.h"

struct srcmap;

/* From what `dtc -O dts -T -T` prints for the source `file`. Never fails; what it does not understand is not found later. */
struct srcmap *srcmap_make(const char *file, const struct text *annotated);
void srcmap_free(struct srcmap *map);

struct srcpos {
	const char *file; /* lives as long as the map */
	int line; /* from 1 */
};

/*
 * The place of a property (NULL or empty: of the node), of its entry `item` when that is not negative: a string, or a
 * group of four cells. The nearest place that is known: the property, the node, the node above it, line 1.
 */
struct srcpos srcmap_find(const struct srcmap *map, const char *path, const char *property,
			  int item);

#endif
