/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of user-VMs: copies of the frame capabilities of their service-VM. Each 2 MiB block of
 * guest address space with something in it has a CNode for the copies, out of the user-VM's arena.
 */
#ifndef ROOT_MEM_H
#define ROOT_MEM_H

#include "root/ram.h"
#include "root/vm.h"
#include "wire/status.h"

/*
 * CTL_MEM_MAP after `pages` (1..CTL_MAX_PAGES), `ipa` and `flags` were checked for form: map
 * page[i], an IPA of the service-VM or CTL_PAGE_NONE, at `ipa` + i pages. *done = entries handled
 * before the first error.
 */
enum wire_status mem_map(struct vm *vm, struct ram *ram, uint64_t ipa, unsigned int pages,
			 uint64_t flags, const uint64_t *page, unsigned int *done);

/* Unmap [ipa, ipa + pages * 4 KiB); `pages` may be anything. */
void mem_unmap(struct vm *vm, uint64_t ipa, uint64_t pages);

/* The VM's arena is gone: forget its blocks. */
void mem_forget(struct vm *vm);

#endif
