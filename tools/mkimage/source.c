// SPDX-License-Identifier: BSD-2-Clause
#define _GNU_SOURCE
#include "source.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"

#define STATUS_MISSING 127

/* "file:line.column..." somewhere in the line of dtc: the text behind it, or NULL. */
static char *parse_place(char *line, char **file, int *number)
{
	static const char *const prefix[] = { "Error: ", "Warning: " };
	int n = 0;

	for (size_t i = 0; i < sizeof(prefix) / sizeof(prefix[0]); i++)
		if (strncmp(line, prefix[i], strlen(prefix[i])) == 0)
			line += strlen(prefix[i]);
	*file = line;
	for (char *c = line; *c; c++) {
		if (*c != ':' || sscanf(c, ":%d.%*d-%n", number, &n) != 1 || n == 0)
			continue;
		*c = '\0';
		c += n;
		while (isdigit((unsigned char)*c) || *c == '.' || *c == ':')
			c++;
		while (*c == ' ')
			c++;
		return c;
	}
	return NULL;
}

static const char *remedy(const char *text)
{
	if (strcmp(text, "syntax error") == 0)
		return "; here or just before: properties and nodes end in \";\", strings are in quotes, the file begins with /dts-v1/;";
	if (strstr(text, "Properties must precede"))
		return "; move this one up";
	return "";
}

/* An included file that is not there: dtc does not say where it is named. */
static void report_include(const char *main_file, const char *line)
{
	const char *name = strchr(line, '"');
	struct text source;
	int number = 1;

	if (name && !run_read_file(main_file, &source)) {
		size_t len = strcspn(name + 1, "\"") + 2;
		const char *at = memmem(source.data, source.size, name, len);

		for (const char *c = source.data; at && c < at; c++)
			number += *c == '\n';
		free(source.data);
	}
	messages_error(main_file, number,
		       "%s; included files are looked for beside the file that names them",
		       line + strlen("FATAL ERROR: "));
}

static void report_dtc(const char *main_file, struct text *err, bool failed)
{
	bool said = false;
	char *rest = err->data, *line;

	while ((line = strsep(&rest, "\n"))) {
		bool warning = strstr(line, ": Warning (") != NULL,
		     open = strstr(line, "Couldn't open") != NULL;
		char *file, *text;
		int number;

		if (open && strncmp(line, "FATAL ERROR: ", 13) == 0) {
			report_include(main_file, line);
			said = true;
			continue;
		}
		text = parse_place(line, &file, &number);
		if (!text)
			continue;
		if (warning)
			messages_warning(file, number, "%s", text);
		else
			messages_error(file, number, "%s%s", text, remedy(text));
		said |= !warning;
	}
	if (failed && !said)
		messages_error(main_file, 1,
			       "dtc refuses it without saying why; run dtc on it by hand");
}

bool source_compile(struct source *s, const char *dtc, const char *file)
{
	const char *const compile[] = { dtc, "-I", "dts", "-O", "dtb", "-o", "-", file, NULL };
	const char *const annotate[] = { dtc,  "-I", "dts", "-O", "dts", "-T",
					 "-T", "-o", "-",   file, NULL };
	struct text err, annotated, ignored;
	int status;

	*s = (struct source){ .file = file };
	status = run_program(compile, &s->dtb, &err);
	if (status == STATUS_MISSING) {
		fprintf(stderr,
			"mkimage: there is no program \"%s\"; install device-tree-compiler\n", dtc);
		exit(EXIT_FAILURE);
	}
	report_dtc(file, &err, status != 0);
	free(err.data);
	if (status != 0)
		return false;
	run_program(annotate, &annotated, &ignored);
	s->map = srcmap_make(file, &annotated);
	free(annotated.data);
	free(ignored.data);
	return true;
}

void source_free(struct source *s)
{
	free(s->dtb.data);
	if (s->map)
		srcmap_free(s->map);
}
