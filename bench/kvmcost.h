/* SPDX-License-Identifier: BSD-2-Clause */
/* What kvmcost's host and guest side have in common. */
#ifndef KVMCOST_H
#define KVMCOST_H

/* Byte offsets in the page of time stamps */
#define STAMP_HANDLER 0 /* first instruction of the interrupt handler */
#define STAMP_KICK 8 /* last instruction before the kick */

#ifndef __ASSEMBLER__
#include <stdint.h>

extern const uint8_t guest_code[], guest_code_end[];
extern const uint8_t guest_hypercall[], guest_load[], guest_store[], guest_touch[], guest_spin[],
	guest_wait[];
#endif

#endif
