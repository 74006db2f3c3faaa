/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The unread lines of root's log, oldest first, in a fixed number of places. When all are taken a new line replaces the
 * oldest of whoever has most of them: however much a VMM says, what the others said stays. Root's own lines give way only
 * when they are more than half. Pure.
 */
#ifndef ROOT_LOGSTORE_H
#define ROOT_LOGSTORE_H

#include <stdint.h>

#define LOGSTORE_LINES 256u
#define LOGSTORE_TEXT 224u /* longest line, with its newline */
#define LOGSTORE_VMS 128u /* sources are VMs by number */
#define LOGSTORE_ROOT LOGSTORE_VMS /* and root */

struct logstore {
	struct {
		uint8_t source;
		uint8_t length;
		char text[LOGSTORE_TEXT];
	} line[LOGSTORE_LINES];
	uint16_t order
		[LOGSTORE_LINES]; /* places: those of the lines from the oldest on, then the free ones */
	uint16_t count; /* lines */
	uint16_t held[LOGSTORE_VMS + 1]; /* of them, by source */
	uint16_t taken; /* bytes of the oldest line that were read already */
};

void logstore_init(struct logstore *s);
/* Keep a line of `length` bytes; what is beyond LOGSTORE_TEXT is cut off. */
void logstore_add(struct logstore *s, unsigned int source, const char *text, unsigned int length);
/* Take up to `max` bytes of the oldest text: how many were put to `dst`. */
unsigned int logstore_read(struct logstore *s, char *dst, unsigned int max);

#endif
