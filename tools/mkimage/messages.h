/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything wrong, collected and shown in the order of the source: "file:line: what is wrong; what would be right". */
#ifndef MKIMAGE_MESSAGES_H
#define MKIMAGE_MESSAGES_H

#include <stdbool.h>

void messages_error(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void messages_warning(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Print all on stderr and forget them. True: no error among them. */
bool messages_show(void);

#endif
