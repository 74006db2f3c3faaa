// SPDX-License-Identifier: BSD-2-Clause
/* A log ring full of anything. */
#include <stdlib.h>
#include <string.h>

#include "root/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int lines;

static void emit(unsigned int vm, enum vmm_log_level level, const char *text)
{
	(void)vm;
	if (level > VMM_LOG_DEBUG || strlen(text) > LOG_LINE)
		abort();
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			abort();
	lines++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vmm_log ring;
	struct log_source src;

	log_source_init(&src, 0, 0, 62500000);
	memset(&ring, 0, sizeof(ring));
	for (uint64_t now = 0; size >= 8; now += 1000000) {
		uint32_t words[2];
		size_t part;

		memcpy(words, data, 8);
		data += 8;
		size -= 8;
		part = words[1] % 256 < size ? words[1] % 256 : size;
		for (size_t i = 0; i < part; i++)
			ring.data[(ring.head + i) % VMM_LOG_DATA] = (char)data[i];
		data += part;
		size -= part;
		ring.head += words[0];
		lines = 0;
		log_drain(&src, &ring, now, emit);
		if (log_pending(&src, &ring) || lines > LOG_BURST + 1)
			abort();
	}
	return 0;
}
