// SPDX-License-Identifier: BSD-2-Clause
#include "loader/uart.h"

#include <stdarg.h>

#include "fmt/fmt.h"

#define UARTDR 0x00u
#define UARTFR 0x18u
#define UARTFR_BUSY (1u << 3)
#define UARTFR_TXFF (1u << 5)

static uint64_t uart = UART_BOARD;

static volatile uint32_t *reg(uint32_t offset)
{
	return (volatile uint32_t *)(uintptr_t)(uart + offset);
}

void uart_init(uint64_t base)
{
	uart = base;
}

static void put(char c)
{
	while (*reg(UARTFR) & UARTFR_TXFF)
		;
	*reg(UARTDR) = (uint8_t)c;
}

void uart_print(const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	fmt_vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	for (const char *p = text; *p; p++) {
		if (*p == '\n')
			put('\r');
		put(*p);
	}
}

void uart_flush(void)
{
	while (*reg(UARTFR) & UARTFR_BUSY)
		;
}
