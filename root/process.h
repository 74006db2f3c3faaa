/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMM process of a VM: its address space, CSpace and thread (wire/vmm.h). */
#ifndef ROOT_PROCESS_H
#define ROOT_PROCESS_H

#include "root/vm.h"

/*
 * Look at the VMM's ELF image, which lies page-aligned in root's own image: its read-only segments
 * are mapped into every VMM as they are. False: not an image that can be used; the reason is
 * logged.
 */
bool process_init(const void *elf, uint64_t size);

/*
 * Build the process of `vm`: address space, pages, CSpace, thread (not running). False: out of
 * memory.
 */
bool process_build(struct vm *vm);
/* Start it at its entry point with the boot page's address. */
void process_start(struct vm *vm);

#endif
