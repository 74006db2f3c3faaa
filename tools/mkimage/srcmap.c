// SPDX-License-Identifier: BSD-2-Clause
/*
 * dtc says where things stand in comments at the ends of its lines:
 *
 *	service { / * a.dts:5:10-9:4, b.dtsi:1:3-2:4 * /
 *		memory = <0x00 0x01>, <0x02 0x03>; / * a.dts:6:3-7:37 * /
 *
 * file, line and column of begin and end, more than once where a node was put together from pieces.
 */
#define _GNU_SOURCE
#include "srcmap.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELLS_OF_ITEM 4

struct place {
	char *path; /* node */
	char *property; /* empty for the node itself */
	char *file;
	int line, column;
};

struct srcmap {
	char *file;
	struct place *place;
	size_t places, room;
};

/* --- the annotated text ----------------------------------------------------------------------------------- */

/* "file:1:2-3:4" at the start of `s`, up to `,` or the end. */
static bool parse_position(const char *s, size_t len, struct place *p)
{
	for (size_t i = 0; i < len; i++) {
		int end_line, end_column, n = 0;

		if (s[i] != ':' || sscanf(s + i, ":%d:%d-%d:%d%n", &p->line, &p->column, &end_line,
					  &end_column, &n) != 4)
			continue;
		if (i + (size_t)n == len) {
			p->file = strndup(s, i);
			return p->file != NULL;
		}
	}
	return false;
}

/* The position in the source that the user named, else the first. */
static bool choose_position(const struct srcmap *map, const char *comment, const char *end,
			    struct place *p)
{
	bool found = false;

	while (comment < end) {
		const char *comma = memmem(comment, (size_t)(end - comment), ", ", 2);
		size_t len = (size_t)((comma ? comma : end) - comment);
		struct place here;

		if (parse_position(comment, len, &here)) {
			bool ours = strcmp(here.file, map->file) == 0;

			if (ours || !found) {
				if (found)
					free(p->file);
				p->file = here.file;
				p->line = here.line;
				p->column = here.column;
				found = true;
			} else {
				free(here.file);
			}
			if (ours)
				return true;
		}
		comment += len + 2;
	}
	return found;
}

static void keep(struct srcmap *map, const char *path, const char *property, size_t property_len,
		 const struct place *at)
{
	struct place *p;

	if (map->places == map->room) {
		struct place *larger;

		map->room = map->room ? 2 * map->room : 64;
		larger = run_alloc(map->room * sizeof(*larger));
		if (map->places)
			memcpy(larger, map->place, map->places * sizeof(*larger));
		free(map->place);
		map->place = larger;
	}
	p = &map->place[map->places++];
	*p = *at;
	p->file = run_format("%s", at->file);
	p->path = run_format("%s", path);
	p->property = run_format("%.*s", (int)property_len, property);
}

/* The last word before `end`, labels left out: the name of a node or property begins after them. */
static const char *skip_labels(const char *s, const char *end, size_t *len)
{
	for (;;) {
		const char *e = s;

		while (e < end && !isspace((unsigned char)*e) && *e != ';')
			e++;
		if (e == s || e[-1] != ':') {
			*len = (size_t)(e - s);
			return s;
		}
		s = e;
		while (s < end && isspace((unsigned char)*s))
			s++;
	}
}

/* One line: `path` is that of the node it stands in, and becomes that of the next line. */
static void parse_line(struct srcmap *map, const char *line, const char *end, char **path)
{
	const char *comment = NULL, *name;
	struct place at = { 0 };
	bool known = false;
	size_t len;

	while (line < end && isspace((unsigned char)*line))
		line++;
	for (const char *c = line; c + 4 <= end; c++)
		if (memcmp(c, " /* ", 4) == 0)
			comment = c;
	if (comment && end - comment > 7)
		known = choose_position(map, comment + 4, end - 3, &at);
	if (comment)
		end = comment;
	while (end > line && isspace((unsigned char)end[-1]))
		end--;
	if (end > line && *line == '}') {
		char *slash = strrchr(*path, '/');

		if (slash)
			*slash = '\0';
	} else if (end > line && end[-1] == '{') {
		char *deeper;

		name = skip_labels(line, end, &len);
		if (len == 1 && *name == '/')
			deeper = run_format("%s", "");
		else
			deeper = run_format("%s/%.*s", *path, (int)len, name);
		free(*path);
		*path = deeper;
		if (known)
			keep(map, *path, "", 0, &at);
	} else if (known) {
		name = skip_labels(line, end, &len);
		keep(map, *path, name, len, &at);
	}
	if (known)
		free(at.file);
}

struct srcmap *srcmap_make(const char *file, const struct text *annotated)
{
	struct srcmap *map = run_alloc(sizeof(*map));
	const char *line = annotated->data, *end = line + annotated->size;
	char *path = run_format("%s", "");

	map->file = run_format("%s", file);
	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));

		parse_line(map, line, newline ? newline : end, &path);
		line = newline ? newline + 1 : end;
	}
	free(path);
	return map;
}

void srcmap_free(struct srcmap *map)
{
	for (size_t i = 0; i < map->places; i++) {
		free(map->place[i].path);
		free(map->place[i].property);
		free(map->place[i].file);
	}
	free(map->place);
	free(map->file);
	free(map);
}

/* --- entries of a property, in the source itself ---------------------------------------------------------- */

struct scan {
	const char *at;
	int line;
	int depth; /* parentheses */
	bool in_cells;
};

static bool skip_blank(struct scan *s)
{
	if (*s->at == '\n')
		s->line++;
	if (isspace((unsigned char)*s->at)) {
		s->at++;
		return true;
	}
	if (strncmp(s->at, "//", 2) == 0) {
		s->at += strcspn(s->at, "\n");
		return true;
	}
	if (strncmp(s->at, "/*", 2) == 0) {
		const char *end = strstr(s->at, "*/");

		for (s->at += 2; *s->at && s->at != end; s->at++)
			s->line += *s->at == '\n';
		s->at += end ? 2 : 0;
		return true;
	}
	return false;
}

static void skip_string(struct scan *s)
{
	for (s->at++; *s->at && *s->at != '"'; s->at++) {
		s->line += *s->at == '\n';
		if (*s->at == '\\' && s->at[1])
			s->at++;
	}
	s->at += *s->at == '"';
}

/* A cell: a word, or an expression in parentheses. */
static void skip_cell(struct scan *s)
{
	do {
		s->depth += *s->at == '(';
		s->depth -= *s->at == ')';
		s->line += *s->at == '\n';
		s->at++;
	} while (*s->at && (s->depth > 0 ||
			    (!isspace((unsigned char)*s->at) && *s->at != '>' && *s->at != ',')));
}

/* The line of entry `item`; 0 when the value ends before it. */
static int find_item(const char *source, int line, int item)
{
	struct scan s = { .at = source, .line = line };
	int strings = 0, cells = 0;

	for (s.at += strcspn(s.at, "=;"); *s.at == '=' || *s.at == ','; s.at++)
		;
	while (*s.at && (s.in_cells || *s.at != ';')) {
		if (skip_blank(&s))
			continue;
		if (*s.at == '"') {
			if (strings++ == item)
				return s.line;
			skip_string(&s);
		} else if (s.in_cells && *s.at != '>') {
			if (cells++ == CELLS_OF_ITEM * item)
				return s.line;
			skip_cell(&s);
		} else {
			s.in_cells = *s.at == '<';
			s.at++;
		}
	}
	return 0;
}

static int item_line(const struct place *p, int item)
{
	struct text source;
	const char *at;
	int line;

	if (run_read_file(p->file, &source))
		return p->line;
	at = source.data;
	for (line = 1; line < p->line && at; line++) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	line = at && strlen(at) >= (size_t)p->column ?
		       find_item(at + p->column - 1, p->line, item) :
		       0;
	free(source.data);
	return line ? line : p->line;
}

static const struct place *find(const struct srcmap *map, const char *path, const char *property)
{
	for (size_t i = 0; i < map->places; i++)
		if (strcmp(map->place[i].path, path) == 0 &&
		    strcmp(map->place[i].property, property) == 0)
			return &map->place[i];
	return NULL;
}

struct srcpos srcmap_find(const struct srcmap *map, const char *path, const char *property,
			  int item)
{
	char *at = run_format("%s", strcmp(path, "/") == 0 ? "" : path);
	struct srcpos pos = { map->file, 1 };
	const struct place *p = property && *property ? find(map, at, property) : NULL;

	if (p && item >= 0) {
		pos = (struct srcpos){ p->file, item_line(p, item) };
	} else {
		while (!p && !(p = find(map, at, "")) && *at)
			*strrchr(at, '/') = '\0';
		if (p)
			pos = (struct srcpos){ p->file, p->line };
	}
	free(at);
	return pos;
}
