// SPDX-License-Identifier: BSD-2-Clause
#include "blobs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file for `name`, allocated; NULL and *why. */
static char *find(const struct blobs *b, const char *name, char **why)
{
	char *places = run_format("%s", "");

	for (unsigned int i = 0; i < b->givens; i++)
		if (strcmp(b->given[i].name, name) == 0) {
			free(places);
			return run_format("%s", b->given[i].file);
		}
	for (unsigned int i = 0; i < b->searches; i++) {
		char *file = run_format("%s/%s", b->search[i], name), *more;

		if (access(file, F_OK) == 0) {
			free(places);
			return file;
		}
		free(file);
		more = run_format("%s%s%s", places, i ? ", " : "", b->search[i]);
		free(places);
		places = more;
	}
	*why = run_format(
		"there is no \"%s\" in %s; build it, or say where it is with --search or --blob %s=FILE",
		name, places, name);
	free(places);
	return NULL;
}

const struct blob *blobs_use(struct blobs *b, const char *name, char **why)
{
	struct blob *blob = &b->used[b->useds];
	const char *error;

	for (unsigned int i = 0; i < b->useds; i++)
		if (strcmp(b->used[i].name, name) == 0)
			return &b->used[i];
	if (b->useds == BLOBS_MAX) {
		*why = run_format("more than %d files; name fewer", BLOBS_MAX);
		return NULL;
	}
	blob->file = find(b, name, why);
	if (!blob->file)
		return NULL;
	error = run_read_file(blob->file, &blob->content);
	if (!error && blob->content.size == 0) {
		error = "is empty";
		free(blob->content.data);
	}
	if (error) {
		*why = run_format(
			"\"%s\" is %s: %s; a readable file with something in it is needed", name,
			blob->file, error);
		free(blob->file);
		return NULL;
	}
	blob->name = run_format("%s", name);
	b->useds++;
	return blob;
}

void blobs_free(struct blobs *b)
{
	for (unsigned int i = 0; i < b->useds; i++) {
		free(b->used[i].name);
		free(b->used[i].file);
		free(b->used[i].content.data);
	}
}
