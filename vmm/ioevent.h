/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMM's checked copy of the module's ioeventfd table, and the lookup of a guest's store in it. */
#ifndef VMM_IOEVENT_H
#define VMM_IOEVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/uvm.h"

#define IOEVENT_BUCKETS 64u

struct ioevent {
	uint64_t addr;
	uint64_t data;
	uint8_t len; /* 0: any */
	bool match_data;
	uint16_t next; /* index + 1 of the next entry in the bucket, 0: none */
};

struct ioevent_copy {
	uint16_t bucket[IOEVENT_BUCKETS]; /* index + 1 of the first entry, 0: none */
	struct ioevent entry[UVM_IOEVENTS];
};

/* All zero: an empty table of generation 0. */
struct ioevent_table {
	uint32_t generation; /* of the copy in use, even */
	unsigned current;
	struct ioevent_copy copy[2];
};

/*
 * Take over the shared table unless the module is editing it. Malformed entries do not take part. Returns true when
 * the copy in use is a generation that the module had finished: t->generation. Otherwise the module is still at it
 * and rings again when done; until then the copy in use stays as it is.
 */
bool ioevent_load(struct ioevent_table *t, const struct uvm_ioevent *shared,
		  const uint32_t *generation_word);

enum ioevent_hit {
	IOEVENT_NONE,
	IOEVENT_ANY_DATA, /* an entry for this store, whatever its data */
	IOEVENT_BY_DATA, /* it depends on the data */
};

/* Can a store of len bytes at addr hit? */
enum ioevent_hit ioevent_find(const struct ioevent_table *t, uint64_t addr, unsigned len);

/*
 * Index of the entry that a store of len bytes of data at addr hits, -1: none. Entries of one address do not overlap
 * (the module refuses them as KVM does), so there is at most one; of overlapping ones one is taken.
 */
int ioevent_match(const struct ioevent_table *t, uint64_t addr, unsigned len, uint64_t data);

#endif
