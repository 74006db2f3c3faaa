// SPDX-License-Identifier: BSD-2-Clause
/* Reading the log ring of a VMM, which may be hostile. */
#include "fmt/fmt.h"
#include "root/log.h"

void log_source_init(struct log_source *src, unsigned int vm, uint64_t now, uint64_t second)
{
	*src = (struct log_source){ .vm = vm, .tokens = LOG_BURST, .stamp = now, .second = second };
}

static bool take_token(struct log_source *src, uint64_t now)
{
	uint64_t step = src->second / LOG_RATE;
	uint64_t due = step ? (now - src->stamp) / step : 0;

	if (due >= LOG_BURST - src->tokens) {
		src->tokens = LOG_BURST;
		src->stamp = now;
	} else {
		src->tokens += (uint32_t)due;
		src->stamp += due * step;
	}
	if (!src->tokens)
		return false;
	src->tokens--;
	return true;
}

static void one_line(struct log_source *src, uint64_t now, const char *text, unsigned int len,
		     void (*emit)(unsigned int, enum vmm_log_level, const char *))
{
	enum vmm_log_level level = VMM_LOG_WARN;
	char copy[LOG_LINE + 1];

	if (!take_token(src, now)) {
		src->suppressed++;
		return;
	}
	if (src->suppressed) {
		fmt_snprintf(copy, sizeof(copy), "%u lines suppressed", src->suppressed);
		src->suppressed = 0;
		emit(src->vm, VMM_LOG_WARN, copy);
	}
	if (len && text[0] >= '0' && text[0] <= '0' + VMM_LOG_DEBUG) {
		level = (enum vmm_log_level)(text[0] - '0');
		text++;
		len--;
	}
	for (unsigned int i = 0; i < len; i++)
		copy[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	copy[len] = '\0';
	emit(src->vm, level, copy);
}

void log_drain(struct log_source *src, struct vmm_log *ring, uint64_t now,
	       void (*emit)(unsigned int vm, enum vmm_log_level level, const char *text))
{
	/* pairs with the release of the VMM after it wrote the text */
	uint32_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	const volatile char *data = ring->data;
	char text[LOG_LINE];
	unsigned int len = 0;

	if (head - src->tail > VMM_LOG_DATA)
		src->tail = head - VMM_LOG_DATA; /* nonsense: look at what is there */
	while (src->tail != head) {
		char c = data[src->tail++ % VMM_LOG_DATA];

		if (c != '\n' && len < LOG_LINE) {
			text[len++] = c;
			continue;
		}
		one_line(src, now, text, len, emit);
		len = 0;
		if (c != '\n')
			text[len++] = c;
	}
	if (len)
		one_line(src, now, text, len, emit);
	__atomic_store_n(&ring->tail, src->tail, __ATOMIC_RELEASE);
}
