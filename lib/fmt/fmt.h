/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatting for freestanding programs: %c %s %d %i %u %x %X %p %%, flags '-' and '0', width, string
 * precision, lengths l, ll, z, hh, h. Anything else is copied verbatim.
 */
#ifndef LIB_FMT_H
#define LIB_FMT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Write at most size - 1 bytes and a terminating NUL (nothing when size is 0).
 * Returns the length the whole text has, like C11 7.21.6.12.
 */
int fmt_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap);
int fmt_snprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
