// SPDX-License-Identifier: BSD-2-Clause
#include "root/log.h"

#include "fmt/fmt.h"
#include "root/board.h"
#include "root/logstore.h"
#include "root/vm.h"

#include <sel4/sel4.h>

#define LOG_MARK 20u /* level, source, newline */

static struct logstore store;
static bool ready; /* the store */
static enum vmm_log_level kept = VMM_LOG_INFO, shown = VMM_LOG_INFO;

_Static_assert(LOGSTORE_VMS == VM_MAX, "each VM is a source");
_Static_assert(LOGSTORE_TEXT >= LOG_LINE + LOG_MARK,
	       "a line of a VMM fits with what stands before it");

static void print(const char *text)
{
#ifdef CONFIG_PRINTING
	for (; *text; text++) {
		if (*text == '\n')
			seL4_DebugPutChar('\r');
		seL4_DebugPutChar(*text);
	}
#else
	(void)text;
#endif
}

static void line(unsigned int source, enum vmm_log_level level, const char *who, const char *text)
{
	static const char mark[] = { 'E', 'W', 'I', 'D' };
	char whole[LOGSTORE_TEXT + 1];
	int length;

	if (level > kept)
		return;
	length = fmt_snprintf(whole, sizeof(whole), "%c %s: %s\n", mark[level], who, text);
	if (!ready)
		logstore_init(&store);
	ready = true;
	logstore_add(&store, source, whole, (unsigned int)length);
	if (level <= shown)
		print(whole);
}

void log_printf(enum vmm_log_level level, const char *fmt, ...)
{
	char text[LOG_LINE + 1];
	va_list ap;

	va_start(ap, fmt);
	fmt_vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	line(LOGSTORE_ROOT, level, "root", text);
}

void log_vmm_line(unsigned int vm, enum vmm_log_level level, const char *text)
{
	char who[16];

	fmt_snprintf(who, sizeof(who), "vmm%u", vm);
	line(vm, level, who, text);
}

void log_set_level(enum vmm_log_level keep, enum vmm_log_level console)
{
	kept = keep;
	shown = console;
}

enum vmm_log_level log_level(void)
{
	return kept;
}

unsigned int log_read(char *dst, unsigned int max)
{
	return ready ? logstore_read(&store, dst, max) : 0;
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
