/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Root's view of memory that belongs to others: pages it shares with each VM for good, and a window
 * through which it writes to one frame at a time.
 */
#ifndef ROOT_WINDOW_H
#define ROOT_WINDOW_H

#include "root/vspace.h"

/* Make root's tables. `arena` pays. */
void window_init(struct arena *arena);

/* Write to an unmapped frame and clean what was written to the point of coherency. */
void window_write(seL4_CPtr frame, uint64_t offset, const void *src, uint64_t size);
void window_write_large(seL4_CPtr frame, uint64_t offset, const void *src, uint64_t size);

/* Pages that root shares with VM `vm` (its number in root's table). */
#define WINDOW_VMS 128u
#define WINDOW_VM_PAGES 4u
/*
 * Map `frame`, an unmapped capability, as page `page` of `vm`'s window: its address. It goes with
 * the frame.
 */
void *window_map(seL4_CPtr frame, unsigned int vm, unsigned int page);

/* Map a page of device registers, until window_device_done. One at a time. */
volatile void *window_device(seL4_CPtr frame);
void window_device_done(seL4_CPtr frame);

/* Make what was written to [start, start + size) visible to instruction fetches. */
void window_sync_code(const void *start, uint64_t size);

#endif
