// SPDX-License-Identifier: BSD-2-Clause
/*
 * A plugin of QEMU's TCG: how often each block of instructions was executed between two marks (mark.c).
 *
 *	-plugin plugin.so,out=<file>
 *
 * At the second mark the file gets a line for each block that was executed: <virtual address> <physical address>
 * <instructions in it> <times>, addresses in hexadecimal. A block that an exception ends early counts as a whole.
 * There is one vCPU thread (-icount), so nothing is locked.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mark.h"

/*
 * What is used of the plugin interface, version 1, of QEMU 7.2. Debian packages QEMU without its qemu-plugin.h. A QEMU whose
 * interface is another one refuses the version.
 */
#define INTERFACE_VERSION 1
#define INLINE_ADD_U64 0
#define CALLBACK_NO_REGS 0

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*translated_fn)(uint64_t id, struct qemu_plugin_tb *tb);
typedef void (*executed_fn)(unsigned vcpu, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, translated_fn callback);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *counter,
					      uint64_t value);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, executed_fn callback,
					    int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);

/* What QEMU looks for */
extern int qemu_plugin_version;
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

/* The board's RAM; the first instruction in it is executed before the MMU is on. */
#define RAM_BASE 0x40000000ull
#define RAM_END 0xc0000000ull

#define HASH_BITS 20

struct block {
	struct block *next;
	uint64_t vaddr, paddr, insns;
	uint64_t times; /* since the first mark; translated code adds to it */
};

int qemu_plugin_version = INTERFACE_VERSION;
static struct block *blocks[1u << HASH_BITS];
static const char *out_path;
/* Where RAM_BASE is in QEMU's memory, 0: not known yet */
static uintptr_t ram;

/* The counter of a block; it stays when QEMU forgets the translation and makes it anew. */
static struct block *find_block(uint64_t vaddr, uint64_t paddr, uint64_t insns)
{
	uint64_t mixed = (vaddr ^ paddr << 7 ^ insns << 50) * 0x9e3779b97f4a7c15ull;
	struct block **head = &blocks[mixed >> (64 - HASH_BITS)];
	struct block *block;

	for (block = *head; block; block = block->next)
		if (block->vaddr == vaddr && block->paddr == paddr && block->insns == insns)
			return block;
	block = calloc(1, sizeof(*block));
	if (!block)
		abort();
	*block = (struct block){ .next = *head, .vaddr = vaddr, .paddr = paddr, .insns = insns };
	*head = block;
	return block;
}

/* The first mark: counting starts. */
static void begin(unsigned vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	for (size_t i = 0; i < 1u << HASH_BITS; i++)
		for (struct block *block = blocks[i]; block; block = block->next)
			block->times = 0;
}

/* The second mark: the file is written. Without one, or with half of one, a profile would be worth nothing. */
static void end(unsigned vcpu, void *data)
{
	FILE *file = fopen(out_path, "w");

	(void)vcpu;
	(void)data;
	if (!file) {
		perror(out_path);
		exit(1);
	}
	for (size_t i = 0; i < 1u << HASH_BITS; i++)
		for (struct block *block = blocks[i]; block; block = block->next)
			if (block->times)
				fprintf(file, "%" PRIx64 " %" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
					block->vaddr, block->paddr, block->insns, block->times);
	if (fclose(file)) {
		perror(out_path);
		exit(1);
	}
}

/* A block was translated: what will count it. */
static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t insns = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, 0);
	uint64_t vaddr = qemu_plugin_insn_vaddr(insn);
	uintptr_t host = (uintptr_t)qemu_plugin_insn_haddr(insn);
	struct block *block;

	(void)id;
	if (!ram && host && vaddr >= RAM_BASE && vaddr < RAM_END)
		ram = host - (vaddr - RAM_BASE);
	block = find_block(vaddr, host ? host - ram + RAM_BASE : 0, insns);
	qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &block->times, 1);
	for (size_t i = 0; i < insns; i++) {
		uint32_t word;

		insn = qemu_plugin_tb_get_insn(tb, i);
		memcpy(&word, qemu_plugin_insn_data(insn), sizeof(word));
		if (word == HINT(MARK_BEGIN) || word == HINT(MARK_END))
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, word == HINT(MARK_BEGIN) ? begin : end, CALLBACK_NO_REGS,
				NULL);
	}
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out_path = strdup(argv[i] + 4);
	if (!out_path) {
		fprintf(stderr, "plugin: out=<file> is missing\n");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
