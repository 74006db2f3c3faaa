/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Root's log: what root and the VMMs said and nobody has read (root/logstore.h). The console gets it
 * too where the kernel can print; the first service-VM reads it with CTL_LOG_READ.
 */
#ifndef ROOT_LOG_H
#define ROOT_LOG_H

#include "wire/vmm.h"

#include <stdbool.h>

#define LOG_LINE 200u /* longest line kept, without its newline */

/* Log a line (without newline) of root's own. */
void log_printf(enum vmm_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_printf(VMM_LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_printf(VMM_LOG_WARN, __VA_ARGS__)
#define log_info(...) log_printf(VMM_LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_printf(VMM_LOG_DEBUG, __VA_ARGS__)

/* The most talkative level that is kept, and the one that goes to the console. */
void log_set_level(enum vmm_log_level keep, enum vmm_log_level console);

enum vmm_log_level log_level(void);

/* Take up to `max` bytes of the oldest unread text. */
unsigned int log_read(char *dst, unsigned int max);

/*
 * An invariant of root itself, never a condition that input from outside can cause. Always on: the
 * machine stops when it does not hold, because root's books can not be trusted any more.
 */
#define CHECK(cond) ((cond) ? (void)0 : log_check_failed(__FILE__, __LINE__, #cond))
_Noreturn void log_check_failed(const char *file, int line, const char *what);

/* --- log rings of VMMs ------------------------------------------------------------------------ */
#define LOG_BURST 64u /* lines a VMM may write at once */
#define LOG_RATE 8u /* lines it gets back per second */

struct log_source {
	unsigned int vm;
	uint32_t tail; /* bytes taken so far; the ring's own tail is only told, never read */
	uint32_t tokens;
	uint64_t stamp; /* counter value up to which tokens were given */
	uint64_t second; /* counter ticks of a second */
	uint32_t suppressed;
};

void log_source_init(struct log_source *src, unsigned int vm, uint64_t now, uint64_t second);

/* Is there text in the ring that was not taken? May be called from the timer thread. */
static inline bool log_pending(const struct log_source *src, const struct vmm_log *ring)
{
	return __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) != src->tail;
}

/*
 * Take what `ring`, which its VMM may corrupt at any time, holds: each line to `emit` (printable
 * text, no newline). Lines over the rate are dropped and their number is told once some get through
 * again.
 */
void log_drain(struct log_source *src, struct vmm_log *ring, uint64_t now,
	       void (*emit)(unsigned int vm, enum vmm_log_level level, const char *text));

/* The `emit` of a running system. */
void log_vmm_line(unsigned int vm, enum vmm_log_level level, const char *text);

#endif
