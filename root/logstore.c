// SPDX-License-Identifier: BSD-2-Clause
#include "root/logstore.h"

#include "string/string.h"

void logstore_init(struct logstore *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned int i = 0; i < LOGSTORE_LINES; i++)
		s->order[i] = (uint16_t)i;
}

/* Line `i` from the oldest is no longer kept. */
static void drop(struct logstore *s, unsigned int i)
{
	uint16_t place = s->order[i];

	s->held[s->line[place].source]--;
	s->count--;
	memmove(&s->order[i], &s->order[i + 1], (s->count - i) * sizeof(s->order[0]));
	s->order[s->count] = place;
}

/* Who gives up a line for a new one of `source`: at equal numbers that one itself. */
static unsigned int most_talkative(const struct logstore *s, unsigned int source)
{
	unsigned int most = source;

	if (s->held[LOGSTORE_ROOT] > LOGSTORE_LINES / 2)
		return LOGSTORE_ROOT;
	if (source == LOGSTORE_ROOT)
		most = 0;
	for (unsigned int i = 0; i < LOGSTORE_VMS; i++)
		if (s->held[i] > s->held[most])
			most = i;
	return most;
}

static void make_room(struct logstore *s, unsigned int source)
{
	unsigned int from = most_talkative(s, source);
	/* The reader has the beginning of the oldest line: it gets the rest too. */
	unsigned int first = s->taken ? 1 : 0, i = first;

	while (i < s->count && s->line[s->order[i]].source != from)
		i++;
	drop(s, i < s->count ? i : first);
}

void logstore_add(struct logstore *s, unsigned int source, const char *text, unsigned int length)
{
	uint16_t place;

	if (s->count == LOGSTORE_LINES)
		make_room(s, source);
	place = s->order[s->count++];
	if (length > LOGSTORE_TEXT)
		length = LOGSTORE_TEXT;
	memcpy(s->line[place].text, text, length);
	s->line[place].source = (uint8_t)source;
	s->line[place].length = (uint8_t)length;
	s->held[source]++;
}

unsigned int logstore_read(struct logstore *s, char *dst, unsigned int max)
{
	unsigned int n = 0;

	while (n < max && s->count) {
		uint16_t place = s->order[0];
		unsigned int part = s->line[place].length - s->taken;

		if (part > max - n)
			part = max - n;
		memcpy(dst + n, s->line[place].text + s->taken, part);
		n += part;
		s->taken = (uint16_t)(s->taken + part);
		if (s->taken == s->line[place].length) {
			s->taken = 0;
			drop(s, 0);
		}
	}
	return n;
}
