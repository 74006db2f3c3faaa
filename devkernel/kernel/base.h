/* SPDX-License-Identifier: BSD-2-Clause */
/* Types, addresses and console every part of the kernel uses. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define BIT(n) (1ul << (n))
#define MASK(n) ((n) >= 64 ? ~0ul : BIT(n) - 1)
#define ALIGN_UP(x, bits) (((x) + MASK(bits)) & ~MASK(bits))
#define ALIGN_DOWN(x, bits) ((x) & ~MASK(bits))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* The kernel's linear window: virtual = physical + KERNEL_OFFSET for all it touches. */
#define KERNEL_OFFSET 0x8000000000ul

static inline void *phys_to_virt(u64 paddr)
{
	return (void *)(paddr + KERNEL_OFFSET);
}

static inline u64 virt_to_phys(const void *vaddr)
{
	return (u64)vaddr - KERNEL_OFFSET;
}

/* kernel/printk.c: %c %s %d %u %x (with l), field widths and zero fill. */
void console_putc(char c);
void printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* kernel/panic.c: says where, then stops the machine. For bugs of the kernel only. */
void panic(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#define kassert(cond)                                                  \
	do {                                                           \
		if (unlikely(!(cond)))                                 \
			panic("%s:%d: %s", __FILE__, __LINE__, #cond); \
	} while (0)
