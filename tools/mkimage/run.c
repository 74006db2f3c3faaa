// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_MISSING 127
#define STATUS_SIGNAL 128

void *run_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p) {
		fputs("mkimage: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return p;
}

char *run_format(const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0) {
		fputs("mkimage: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	va_end(ap);
	return text;
}

static const char *read_all(FILE *f, struct text *text)
{
	size_t room = 1 << 16, n;

	text->size = 0;
	text->data = run_alloc(room + 1);
	while ((n = fread(text->data + text->size, 1, room - text->size, f)) > 0) {
		text->size += n;
		if (text->size == room) {
			char *larger = run_alloc(2 * room + 1);

			memcpy(larger, text->data, room);
			free(text->data);
			text->data = larger;
			room *= 2;
		}
	}
	text->data[text->size] = '\0';
	if (!ferror(f))
		return NULL;
	free(text->data);
	text->data = NULL;
	return strerror(errno);
}

const char *run_read_file(const char *path, struct text *text)
{
	FILE *f = fopen(path, "rb");
	const char *error;

	if (!f)
		return strerror(errno);
	error = read_all(f, text);
	fclose(f);
	return error;
}

static FILE *sink(const struct text *wanted)
{
	FILE *f = wanted ? tmpfile() : NULL;

	if (wanted && !f) {
		fprintf(stderr, "mkimage: no temporary file: %s\n", strerror(errno));
		exit(EXIT_FAILURE);
	}
	return f;
}

static void collect(FILE *f, struct text *text)
{
	if (!f)
		return;
	rewind(f);
	if (read_all(f, text)) {
		fputs("mkimage: a temporary file can not be read\n", stderr);
		exit(EXIT_FAILURE);
	}
	fclose(f);
}

int run_program(const char *const argv[], struct text *out, struct text *err)
{
	FILE *out_file = sink(out), *err_file = sink(err);
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (out_file)
			dup2(fileno(out_file), STDOUT_FILENO);
		if (err_file)
			dup2(fileno(err_file), STDERR_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(STATUS_MISSING);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		fprintf(stderr, "mkimage: %s can not be started: %s\n", argv[0], strerror(errno));
		exit(EXIT_FAILURE);
	}
	collect(out_file, out);
	collect(err_file, err);
	return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_SIGNAL + WTERMSIG(status);
}
