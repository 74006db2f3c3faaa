/* SPDX-License-Identifier: BSD-2-Clause */
#include "record.h"

#include "abi.h"
#include "fmt/fmt.h"

/* FNV-1a with words for bytes. */
#define FNV_OFFSET 0xcbf29ce484222325UL
#define FNV_PRIME 0x100000001b3UL

#ifndef ABI_TRACE
#define ABI_TRACE 0
#endif

static void trace(const seL4_Word *w, unsigned int n)
{
	volatile uint32_t *uart_data = (volatile uint32_t *)UART_BASE;
	char text[24];
	const char *s;
	unsigned int i;

	for (i = 0; i < n; i++) {
		fmt_snprintf(text, sizeof(text), "%s%lx", i ? " " : "@ ", w[i]);
		for (s = text; *s; s++)
			*uart_data = (uint8_t)*s;
	}
	*uart_data = '\n';
}

void record_words(struct record *r, const seL4_Word *w, unsigned int n)
{
	unsigned int i;

	if (!r->count++)
		r->digest = FNV_OFFSET;
	for (i = 0; i < n; i++)
		r->digest = (r->digest ^ w[i]) * FNV_PRIME;
	if (ABI_TRACE)
		trace(w, n);
}

seL4_Word rnd(volatile seL4_Word *state)
{
	seL4_Word x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*state = x;
	return x >> 11;
}
