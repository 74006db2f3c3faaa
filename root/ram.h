/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RAM of a service-VM: frames at fixed physical addresses, mapped one-to-one. They are taken once,
 * when the system starts, and stay through restarts of the VM; only mappings come and go.
 *
 * RAM behind the boot package that the loader handed over as part of root's image: the kernel made
 * small frames of it at boot and never cleared it, which costs a fifteenth of the usual way.
 *
 * The unit is a block of 2 MiB. A block is one large frame, or 512 small ones in a CNode of its
 * own. With a granule of 4 KiB, RAM that the kernel presents as device memory (it never clears
 * that) starts as large frames and is broken up when the first page of a block is shared with a
 * user-VM: few kernel calls at boot and short page-table walks for what is never shared. Memory
 * that the kernel clears on reuse can not be broken up with its contents, so it is small frames
 * from the start, mapped block by block at the first access.
 */
#ifndef ROOT_RAM_H
#define ROOT_RAM_H

#include "root/vspace.h"

#define RAM_BANKS 8u
#define RAM_BLOCKS 4096u /* of all service-VMs */

enum ram_kind {
	RAM_LARGE, /* large frame, never anything else */
	RAM_WHOLE, /* large frame, can be broken up */
	RAM_BROKEN, /* was RAM_WHOLE: small frames now */
	RAM_PAGES, /* small frames */
	RAM_IMAGE, /* small frames of root's image, in slots image.. of the initial CNode */
};

struct ram_block {
	seL4_CPtr untyped; /* RAM_WHOLE, RAM_BROKEN: where the frames are made from */
	seL4_CPtr large; /* slot of the large frame, 0 for RAM_PAGES */
	seL4_CPtr image; /* RAM_IMAGE: its first frame */
	seL4_CPtr table; /* page table of this start of the VM, for small frames */
	uint16_t leaf; /* CNode of the small frames */
	uint8_t kind; /* enum ram_kind */
	bool mapped; /* in the service-VM */
	bool in_root; /* RAM_IMAGE: still mapped where the kernel mapped it */
};

struct ram_bank {
	uint64_t base; /* IPA = physical address, a multiple of BLOCK_SIZE */
	uint32_t blocks;
	uint32_t first; /* index of its first block */
};

struct ram {
	struct ram_bank bank[RAM_BANKS];
	unsigned int banks;
	bool small; /* granule 4 KiB */
	struct arena arena; /* CNodes of small frames */
	struct vspace *space; /* of the running VM, NULL when it is stopped */
};

/* No banks yet. `small`: granule 4 KiB, else 2 MiB. */
void ram_init(struct ram *ram, bool small);
/*
 * Take the frames of a bank (multiples of BLOCK_SIZE). False with a logged reason when that memory
 * does not exist, is not RAM of ours or is in use; what was taken stays taken.
 */
bool ram_add_bank(struct ram *ram, uint64_t base, uint64_t size);

/* Is [ipa, ipa + size) RAM of this VM, in one bank? */
bool ram_contains(const struct ram *ram, uint64_t ipa, uint64_t size);

/*
 * Copy `size` bytes to `ipa` and clean them to the point of coherency. Only while the VM is
 * stopped.
 */
void ram_write(struct ram *ram, uint64_t ipa, const void *src, uint64_t size);

/*
 * Begin a run of the VM in `space`: maps large frames, prepares tables for the rest. False: out of
 * memory (ram_stop takes back what was done).
 */
bool ram_start(struct ram *ram, struct vspace *space);
/*
 * The VM's address space is about to go: forget all mappings and put broken blocks together again.
 */
void ram_stop(struct ram *ram);

/* Map the block of `ipa`, on the VM's first access. False: no RAM there, or mapped already. */
bool ram_populate(struct ram *ram, uint64_t ipa);

/*
 * The frame of the page at `ipa` (RAM of this VM) for a copy; breaks the block up. 0: granule is 2
 * MiB.
 */
seL4_CPtr ram_page(struct ram *ram, uint64_t ipa);
/* The frame of the block at `ipa` for a copy, 0 when it consists of small frames. */
seL4_CPtr ram_large(struct ram *ram, uint64_t ipa);

#endif
