// SPDX-License-Identifier: BSD-2-Clause
/*
 * The module's walk of a guest's translation tables (kmod/walk.c) over any registers and any memory: it stays within its
 * buffers, touches pages only, and ends. Of the kernel it needs little, which stands here.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/uvm.h"

/* What kmod/selkie.h and the kernel's headers would bring. */
#define SELKIE_H
typedef uint64_t u64;
typedef uint8_t u8;
#define PAGE_SIZE 4096ul
#define GFP_KERNEL 0
#define GFP_KERNEL_ACCOUNT 0
#define BIT_ULL(n) (1ull << (n))
#define GENMASK_ULL(high, low) ((~0ull << (low)) & (~0ull >> (63 - (high))))
#define FIELD_GET(mask, value) (((value) & (mask)) >> __builtin_ctzll(mask))
#define DIV_ROUND_UP(n, d) ((-1 + (n) + (d)) / (d))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define round_down(v, align) ((v) & -(u64)(align))
#define offset_in_page(v) ((v) & (PAGE_SIZE - 1))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define max_t(type, a, b) ((type)(a) > (type)(b) ? (type)(a) : (type)(b))
#define signal_pending(task) (touched > 8192)
#define fatal_signal_pending(task) (touched > 8192)
#define current NULL

struct selkie_vm {
	const uint8_t *data;
	size_t size;
};

static unsigned int touched;

static unsigned long __get_free_page(int flags)
{
	(void)flags;
	return (unsigned long)malloc(PAGE_SIZE);
}

static void free_page(unsigned long page)
{
	free((void *)page);
}

static void *kvcalloc(size_t n, size_t size, int flags)
{
	(void)flags;
	return calloc(n, size);
}

static void kvfree(void *p)
{
	free(p);
}

static unsigned long hash_64(u64 key, unsigned int bits)
{
	return key * 0x61c8864680b583ebull >> (64 - bits);
}

static void demand(bool cond)
{
	if (!cond)
		abort();
}

/* Guest memory: the input over and over, from any page on; each eighth page is missing. */
static int mem_read(struct selkie_vm *vm, u64 ipa, void *data, size_t size)
{
	demand(size && size <= PAGE_SIZE - offset_in_page(ipa));
	if ((ipa / PAGE_SIZE) % 8 == 7)
		return -EFAULT;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)data)[i] = vm->data[(ipa / 64 + i) % vm->size];
	return 0;
}

static int mem_touch(struct selkie_vm *vm, u64 ipa)
{
	demand(vm->size && !offset_in_page(ipa) && ipa < BIT_ULL(48) + PAGE_SIZE);
	touched++;
	return (ipa / PAGE_SIZE) % 3 == 0;
}

int walk_map_tables(struct selkie_vm *vm, const struct uvm_regs *regs);
#include "kmod/walk.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uvm_regs regs = { .sys[UVM_SYS_SCTLR] = WALK_SCTLR_M };
	struct selkie_vm vm = { data, size };
	u64 word[3] = { 0 };
	int ret;

	if (!size)
		return 0;
	memcpy(word, data, size < sizeof(word) ? size : sizeof(word));
	regs.sys[UVM_SYS_TCR] = word[0];
	regs.sys[UVM_SYS_TTBR0] = word[1];
	regs.sys[UVM_SYS_TTBR1] = word[2];
	touched = 0;
	ret = walk_map_tables(&vm, &regs);
	demand(ret <= (int)touched);
	return 0;
}
