/* SPDX-License-Identifier: BSD-2-Clause */
/* Other programs, and whole files. */
#ifndef MKIMAGE_RUN_H
#define MKIMAGE_RUN_H

#include <stddef.h>

/* Bytes with a NUL behind them; the owner frees `data`. */
struct text {
	char *data;
	size_t size;
};

/*
 * Run argv[0] (found in PATH) and wait for its end. Its output goes to *out and *err; where one is NULL, to our own.
 * Returns its exit status, 127 when there is no such program, 128 and more when a signal ended it.
 */
int run_program(const char *const argv[], struct text *out, struct text *err);

/* Read a file: NULL and *text, or why not (strerror). Nothing is allocated then. */
const char *run_read_file(const char *path, struct text *text);

void *run_alloc(size_t size);

/* asprintf that can not fail; the owner frees the result. */
char *run_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
