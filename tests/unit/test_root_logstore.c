// SPDX-License-Identifier: BSD-2-Clause
/* Root's log when there is more to say than it holds. */
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "root/logstore.h"

static struct logstore s;
static char text[LOGSTORE_LINES * LOGSTORE_TEXT + 1];

static void say(unsigned int source, const char *what, unsigned int n)
{
	char line[LOGSTORE_TEXT];

	logstore_add(&s, source, line,
		     (unsigned int)snprintf(line, sizeof(line), "%s %u\n", what, n));
}

/* All there is, in pieces of `piece` bytes. */
static const char *all(unsigned int piece)
{
	unsigned int at = 0, n;

	while ((n = logstore_read(&s, text + at, piece)))
		at += n;
	text[at] = '\0';
	return text;
}

static unsigned int lines(const char *with)
{
	unsigned int n = 0;

	for (const char *p = text; (p = strstr(p, with)); p++)
		n++;
	return n;
}

static void order(void)
{
	logstore_init(&s);
	ok(!*all(100), "nothing is said, nothing is read");
	for (unsigned int i = 0; i < 5; i++)
		say(i % 2 ? LOGSTORE_ROOT : i, "line", i);
	ok(!strcmp(all(3), "line 0\nline 1\nline 2\nline 3\nline 4\n"),
	   "lines in order, read in small pieces");
	memset(text, 'x', 1000);
	logstore_add(&s, 1, text, 1000);
	ok(logstore_read(&s, text, 2000) == LOGSTORE_TEXT, "a long line is cut");
}

static void flood(void)
{
	logstore_init(&s);
	say(LOGSTORE_ROOT, "root", 1);
	say(3, "quiet", 1);
	for (unsigned int i = 0; i < 10000; i++)
		say(7, "loud", i);
	say(4, "late", 1);
	all(sizeof(text));
	ok(lines("root 1\n") == 1 && lines("quiet 1\n") == 1 && lines("late 1\n") == 1,
	   "a VMM that talks without end costs the others no line");
	ok(lines("loud") == LOGSTORE_LINES - 3 && lines("loud 9999\n") == 1,
	   "what stays of its own is the newest");
	logstore_init(&s);
	say(5, "quiet", 1);
	for (unsigned int i = 0; i < 10000; i++)
		say(LOGSTORE_ROOT, "root", i);
	for (unsigned int i = 0; i < 64 * 1000; i++)
		say(64 + i % 64, "loud", i);
	all(sizeof(text));
	ok(lines("quiet 1\n") == 1 && lines("root") == LOGSTORE_LINES / 2, "64 of them, and root");
}

static void half_read(void)
{
	char begin[3];

	logstore_init(&s);
	say(1, "first", 1);
	logstore_read(&s, begin, sizeof(begin));
	for (unsigned int i = 0; i < 1000; i++)
		say(1, "more", i);
	ok(!strncmp(begin, "fir", 3) && !strncmp(all(50), "st 1\n", 5),
	   "a line that is half read stays whole");
}

/* Random use: every line comes at most once and whole, nobody's are lost while he has fewer than his share. */
static void random_use(void)
{
	static unsigned int said[LOGSTORE_VMS + 1];
	bool good = true;

	logstore_init(&s);
	srand(1);
	for (unsigned int i = 0; i < 100000 && good; i++) {
		unsigned int source = (unsigned int)rand() % (LOGSTORE_VMS + 1), held = 0;

		if (rand() % 200 == 0) {
			unsigned int n = logstore_read(&s, text, (unsigned int)rand() % 5000);

			good = n <= 5000;
		}
		if (s.held[source] < LOGSTORE_LINES / (LOGSTORE_VMS + 1))
			said[source] = s.held[source];
		say(source, "any", i);
		for (unsigned int j = 0; j <= LOGSTORE_VMS; j++)
			held += s.held[j];
		good = good && held == s.count && s.count <= LOGSTORE_LINES &&
		       s.held[source] >= 1 && (s.held[source] >= said[source]);
	}
	ok(good, "the numbers agree");
}

int main(void)
{
	order();
	flood();
	half_read();
	random_use();
	return tap_end();
}
