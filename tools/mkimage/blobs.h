/* SPDX-License-Identifier: BSD-2-Clause */
/* Files that go into the boot package, by the name the description calls them. */
#ifndef MKIMAGE_BLOBS_H
#define MKIMAGE_BLOBS_H

#include "run.h"

#define BLOBS_MAX 32

struct blob {
	char *name;
	char *file;
	struct text content;
};

struct blobs {
	const char *search[BLOBS_MAX]; /* directories, in order */
	unsigned int searches;
	struct {
		char *name;
		const char *file;
	} given[BLOBS_MAX]; /* --blob */
	unsigned int givens;
	struct blob used[BLOBS_MAX];
	unsigned int useds;
};

/*
 * Find and read the file for `name`, once. NULL: there is none, it is empty or can not be read; *why is then the rest of
 * a sentence, owned by the caller.
 */
const struct blob *blobs_use(struct blobs *b, const char *name, char **why);
void blobs_free(struct blobs *b);

#endif
