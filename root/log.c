// SPDX-License-Identifier: BSD-2-Clause
#include "root/log.h"

#include "fmt/fmt.h"
#include "root/board.h"

#include <sel4/sel4.h>

#define TEXT_SIZE 16384u

static struct {
	char text[TEXT_SIZE];
	uint32_t head, tail; /* only grow; the oldest text gives way */
	enum vmm_log_level keep, console;
} lg = { .keep = VMM_LOG_INFO, .console = VMM_LOG_INFO };

static void put(char c, bool console)
{
	if (lg.head - lg.tail == TEXT_SIZE)
		lg.tail++;
	lg.text[lg.head++ % TEXT_SIZE] = c;
#ifdef CONFIG_PRINTING
	if (console) {
		if (c == '\n')
			seL4_DebugPutChar('\r');
		seL4_DebugPutChar(c);
	}
#else
	(void)console;
#endif
}

static void line(enum vmm_log_level level, const char *who, const char *text)
{
	static const char mark[] = { 'E', 'W', 'I', 'D' };
	bool console = level <= lg.console;

	if (level > lg.keep)
		return;
	put(mark[level], console);
	put(' ', console);
	while (*who)
		put(*who++, console);
	put(':', console);
	put(' ', console);
	while (*text)
		put(*text++, console);
	put('\n', console);
}

void log_printf(enum vmm_log_level level, const char *fmt, ...)
{
	char text[LOG_LINE + 1];
	va_list ap;

	va_start(ap, fmt);
	fmt_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	line(level, "root", text);
}

void log_vmm_line(unsigned int vm, enum vmm_log_level level, const char *text)
{
	char who[16];

	fmt_snprintf(who, sizeof(who), "vmm%u", vm);
	line(level, who, text);
}

void log_set_level(enum vmm_log_level keep, enum vmm_log_level console)
{
	lg.keep = keep;
	lg.console = console;
}

enum vmm_log_level log_level(void)
{
	return lg.keep;
}

unsigned int log_read(char *dst, unsigned int max)
{
	unsigned int n = 0;

	while (n < max && lg.tail != lg.head)
		dst[n++] = lg.text[lg.tail++ % TEXT_SIZE];
	return n;
}

void log_check_failed(const char *file, int line_number, const char *what)
{
	seL4_ARM_SMCContext off = { .x0 = BOARD_PSCI_SYSTEM_OFF }, answer;

	log_error("%s:%d: CHECK(%s) does not hold", file, line_number, what);
#ifdef CONFIG_DEBUG_BUILD
	seL4_DebugHalt();
#endif
	for (;;)
		seL4_ARM_SMC_Call(seL4_CapSMC, &off, &answer);
}

void __assert_fail(const char *what, const char *file, int line_number, const char *function);

/* What the headers of a debug libsel4 call when an argument does not fit its field. */
void __assert_fail(const char *what, const char *file, int line_number, const char *function)
{
	(void)function;
	log_check_failed(file, line_number, what);
}
