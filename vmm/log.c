/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log ring (wire/vmm.h). Lines that a guest can provoke take a token from a bucket, so that a guest cannot
 * wash the others away; errors, which are ours, always go through.
 */
#include "fmt/fmt.h"
#include "vmm/vmm.h"

#define LINE_MAX 160
#define BUCKET_LINES 32
#define LINES_PER_SECOND 4

static bool may_log(struct vm *vm, enum vmm_log_level level)
{
	uint64_t per_line = vm->boot->cntfrq / LINES_PER_SECOND;
	uint64_t now = hw_count();
	uint64_t lines = per_line ? (now - vm->log_refilled) / per_line : 0;

	if (level == VMM_LOG_ERROR)
		return true;
	if (lines) {
		vm->log_refilled += lines * per_line;
		vm->log_tokens += lines;
		if (vm->log_tokens > BUCKET_LINES)
			vm->log_tokens = BUCKET_LINES;
	}
	if (!vm->log_tokens)
		return false;
	vm->log_tokens--;
	return true;
}

bool vmm_log(struct vm *vm, enum vmm_log_level level, const char *fmt, ...)
{
	struct vmm_log *log = vm->log;
	uint32_t head = log->head;
	uint32_t used = head - __atomic_load_n(&log->tail, __ATOMIC_ACQUIRE);
	char line[LINE_MAX];
	va_list ap;
	int n;

	if (level > vm->boot->log_level)
		return true;
	line[0] = (char)('0' + level);
	va_start(ap, fmt);
	n = fmt_vsnprintf(line + 1, sizeof(line) - 2, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(line) - 3)
		n = (int)sizeof(line) - 3;
	line[++n] = '\n';
	n++;
	/* Root owns tail; if it makes no sense the ring counts as full. */
	if (!may_log(vm, level) || used > VMM_LOG_DATA || VMM_LOG_DATA - used < (uint32_t)n) {
		log->dropped++;
		return false;
	}
	for (int i = 0; i < n; i++)
		log->data[(head + (uint32_t)i) % VMM_LOG_DATA] = line[i];
	/* Pairs with root's acquire of head. */
	__atomic_store_n(&log->head, head + (uint32_t)n, __ATOMIC_RELEASE);
	return true;
}
