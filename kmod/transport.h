/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way out of the service-VM: control requests to root (wire/ctl.h), the window's regions and the doorbells. Only
 * transport.c knows how any of it travels.
 */
#ifndef SELKIE_TRANSPORT_H
#define SELKIE_TRANSPORT_H

#include <linux/atomic.h>
#include <linux/types.h>

#include "wire/ctl.h"

struct selkie_vm;

/* Finds Selkie below this kernel. 0, or -ENODEV and another errno after one line in the log. */
int transport_init(void);
/* No VM exists any more. */
void transport_exit(void);

/* Most user-VMs and the granule of the service-VM's RAM, as root told at transport_init. */
unsigned int transport_max_vms(void);
unsigned long transport_granule(void);

/*
 * Builds a user-VM. On success *id is its number and *region its shared region (UVM_REGION_SIZE bytes, zeroed by root but
 * for what wire/uvm.h names). -ENOMEM: quota. May sleep.
 */
int transport_vm_create(const struct ctl_create *create, unsigned int *id, void **region);
/* Takes everything back; the region must not be touched afterwards. May sleep. */
void transport_vm_destroy(unsigned int id);

/* From now on / no longer does the doorbell interrupt call vm_events(vm). Detach waits for a running one. */
void transport_attach(unsigned int id, struct selkie_vm *vm);
void transport_detach(unsigned int id);

/*
 * Maps pages at `ipa`: frame[i] is the physical address of page i or CTL_PAGE_NONE. `flags` are CTL_MAP_*.
 * Returns 0 or an errno; some of the pages can be mapped then. May sleep.
 */
int transport_map(unsigned int id, u64 ipa, const u64 *frame, unsigned int pages, u64 flags);
/* -EAGAIN only without may_sleep. When 0 is returned nothing is mapped there any more, TLB included. */
int transport_unmap(unsigned int id, u64 ipa, u64 pages, bool may_sleep);

/*
 * For the end of this kernel: takes all memory from all user-VMs and lets none have any from now on (-ESHUTDOWN). They stay
 * as they are otherwise, so who uses a region may go on. May sleep.
 */
void transport_close(void);

int transport_counters(struct ctl_counters *counters);
/* Root's books of one user-VM or, with CTL_SELF, of this service-VM. */
int transport_vm_stats(u64 vm, struct ctl_vm_stats *stats);
/* Doorbell interrupts so far. */
u64 transport_doorbells(void);
/* Moves up to `size` bytes of root's log to `text`; returns their number or an errno. */
ssize_t transport_log_read(char *text, size_t size);
/* System descriptions with test-hooks only: what happens to the VMM of `vm` (or CTL_SELF). */
int transport_test(u64 vm, enum ctl_test what);

/*
 * User-VMs have the processor until an interrupt is pending here or a VMM rings; in the latter case vm_events() of all attached
 * VMs has been called. It may return early. Interrupts are off.
 */
void transport_lend(void);

/* Rings the VMM's doorbell. Any context. */
void transport_ring(unsigned int id);

/* Sets bits in a word of a shared region with release order; returns the bits that were set before. */
static inline u32 wire_or(u32 *word, u32 bits)
{
	return (u32)atomic_fetch_or_release((int)bits, (atomic_t *)word);
}

#endif
