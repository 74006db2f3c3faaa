/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Digests of long random runs. What a run sees must follow from its seed, its capabilities and its
 * priorities alone: no addresses of code, no slot numbers of the root CNode, no times. Then the digest is
 * one number for all kernels that keep the ABI, and the tests hold the number of seL4 16.0.0. When a
 * kernel gives another one, build with ABI_TRACE=1 on both: each record is then a line on the console,
 * and the first line that differs is the divergence.
 */
#ifndef ABI_RECORD_H
#define ABI_RECORD_H

#include <sel4/sel4.h>

struct record {
	seL4_Word digest, count;
};

/* Take @n words into the digest. A record starts with count 0. */
void record_words(struct record *r, const seL4_Word *w, unsigned int n);
#define RECORD(r, ...)                                      \
	record_words(r, (const seL4_Word[]){ __VA_ARGS__ }, \
		     sizeof((const seL4_Word[]){ __VA_ARGS__ }) / sizeof(seL4_Word))

/* The next number of a generator whose state is not 0 (xorshift64, without its weakest bits). */
seL4_Word rnd(volatile seL4_Word *state);

#endif
