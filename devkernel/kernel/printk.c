// SPDX-License-Identifier: BSD-2-Clause
/* Console output through the PL011. */
#include <fmt/fmt.h>

#include <arch/arch.h>

#define UART (UART_PADDR + KERNEL_OFFSET)
#define UARTDR 0x00
#define UARTFR 0x18
#define UARTFR_TXFF BIT(5)

#define PRINTK_MAX 256

void console_putc(char c)
{
	/* The device always drains: this ends. */
	while (mmio_read(UART + UARTFR) & UARTFR_TXFF)
		;
	mmio_write(UART + UARTDR, (u8)c);
}

static void console_puts(const char *s)
{
	for (; *s; s++) {
		if (*s == '\n')
			console_putc('\r');
		console_putc(*s);
	}
}

void printk(const char *fmt, ...)
{
	static char line[PRINTK_MAX];
	va_list ap;

	va_start(ap, fmt);
	fmt_vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	console_puts(line);
}
