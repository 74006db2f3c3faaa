/* SPDX-License-Identifier: BSD-2-Clause */
/* Results of a host test in TAP: ok(condition, "what should be, %d", n); at the end return tap_end(). */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static unsigned int tap_count, tap_failed;

/* One result with its name; returns the condition. */
__attribute__((format(printf, 2, 3))) static inline bool ok(bool good, const char *name, ...)
{
	va_list ap;

	tap_failed += !good;
	printf("%sok %u - ", good ? "" : "not ", ++tap_count);
	va_start(ap, name);
	vprintf(name, ap);
	va_end(ap);
	putchar('\n');
	return good;
}

/* Prints the plan; the status to end with. */
static inline int tap_end(void)
{
	printf("1..%u\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif
