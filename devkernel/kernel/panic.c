// SPDX-License-Identifier: BSD-2-Clause
/* The end, for bugs of the kernel. */
#include <fmt/fmt.h>

#include <arch/arch.h>
#include <kernel/sched.h>

#define PANIC_MAX 200

void panic(const char *fmt, ...)
{
	static char line[PANIC_MAX];
	va_list ap;

	va_start(ap, fmt);
	fmt_vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	printk("\nkernel panic: %s\n", line);
	if (sched_current) {
		const struct context *ctx = &sched_current->ctx;

		printk("thread %s elr %lx spsr %lx sp %lx\n", sched_current->name, ctx->elr,
		       ctx->spsr, ctx->sp);
		for (u64 i = 0; i < ARRAY_SIZE(ctx->x); i++)
			printk("x%lu %016lx%s", i, ctx->x[i], i % 4 == 3 ? "\n" : "  ");
	}
	printk("\nstopped\n");
	for (;;)
		__asm__ volatile("wfi");
}
