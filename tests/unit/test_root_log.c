// SPDX-License-Identifier: BSD-2-Clause
/* Reading a VMM's log ring, whatever the VMM does with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "root/log.h"

static char seen[64][LOG_LINE + 1];
static enum vmm_log_level level[64];
static unsigned int lines, failures, tests;
static struct vmm_log ring;
static struct log_source src;

#define CHECK_THAT(cond, what)                                                       \
	do {                                                                         \
		tests++;                                                             \
		if (!(cond)) {                                                       \
			failures++;                                                  \
			printf("not ok %u - %s (line %d)\n", tests, what, __LINE__); \
		}                                                                    \
	} while (0)

static void emit(unsigned int vm, enum vmm_log_level l, const char *text)
{
	CHECK_THAT(vm == 7 && l <= VMM_LOG_DEBUG, "VM and level");
	CHECK_THAT(strlen(text) <= LOG_LINE, "length of a line");
	for (const char *p = text; *p; p++)
		CHECK_THAT(*p >= ' ' && *p <= '~', "printable");
	if (lines < 64) {
		strcpy(seen[lines], text);
		level[lines] = l;
	}
	lines++;
}

static void say(const char *text)
{
	while (*text)
		ring.data[ring.head++ % VMM_LOG_DATA] = *text++;
}

static void drain(uint64_t now)
{
	lines = 0;
	log_drain(&src, &ring, now, emit);
	CHECK_THAT(ring.tail == ring.head && !log_pending(&src, &ring), "all is taken");
}

static void fresh(void)
{
	memset(&ring, 0, sizeof(ring));
	log_source_init(&src, 7, 0, 1000);
}

int main(void)
{
	char text[600];

	fresh();
	CHECK_THAT(!log_pending(&src, &ring), "nothing there");
	say("2hello\n1wor\x1bld\n");
	CHECK_THAT(log_pending(&src, &ring), "something there");
	drain(0);
	CHECK_THAT(lines == 2 && !strcmp(seen[0], "hello") && level[0] == VMM_LOG_INFO &&
			   !strcmp(seen[1], "wor?ld") && level[1] == VMM_LOG_WARN,
		   "lines and levels");
	say("9no level\nno end");
	drain(0);
	CHECK_THAT(lines == 2 && !strcmp(seen[0], "9no level") && level[0] == VMM_LOG_WARN &&
			   !strcmp(seen[1], "no end"),
		   "sloppy lines");
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	say(text);
	drain(0);
	CHECK_THAT(lines == 3 && strlen(seen[0]) == LOG_LINE &&
			   strlen(seen[2]) == 599 - 2 * LOG_LINE,
		   "a long line is cut");

	fresh();
	for (unsigned int i = 0; i < LOG_BURST + 10; i++)
		say("1x\n");
	drain(0);
	CHECK_THAT(lines == LOG_BURST, "a burst, not more");
	say("1x\n");
	drain(1);
	CHECK_THAT(lines == 0, "too soon");
	say("1y\n1z\n1w\n");
	drain(250);
	CHECK_THAT(lines == 3 && !strcmp(seen[0], "11 lines suppressed") && !strcmp(seen[1], "y") &&
			   !strcmp(seen[2], "z"),
		   "the rate, and how many were lost");
	say("1y\n");
	drain(UINT64_MAX / 2);
	CHECK_THAT(lines == 2 && !strcmp(seen[0], "1 lines suppressed"), "long after");

	fresh();
	ring.head = 0x80000000u;
	drain(0);
	CHECK_THAT(lines <= LOG_BURST, "a head far away");
	ring.head = src.tail - 5;
	drain(0);
	CHECK_THAT(lines <= LOG_BURST, "a head that went back");
	ring.tail = 12345;
	say("2ok\n");
	drain(UINT64_MAX);
	CHECK_THAT(!strcmp(seen[lines - 1], "ok"), "the ring's tail is not believed");

	srand(1);
	for (unsigned int round = 0; round < 2000; round++) {
		for (unsigned int i = 0; i < 64; i++)
			ring.data[(unsigned int)rand() % VMM_LOG_DATA] = (char)rand();
		ring.head += (uint32_t)rand() % (rand() % 4 ? 300 : 1u << 31);
		drain((uint64_t)round * 40);
	}
	printf("%sok - %u checks\n1..1\n", failures ? "not " : "", tests);
	return failures != 0;
}
