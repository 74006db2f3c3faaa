/* SPDX-License-Identifier: BSD-2-Clause */
/* What a stage 2 fault's syndrome says about the access (Arm ARM D17.2.37, ISS of a Data Abort). */
#ifndef VMM_DECODE_H
#define VMM_DECODE_H

#include <stdbool.h>
#include <stdint.h>

struct access {
	bool valid; /* a plain load or store of one register: len and reg hold */
	bool write;
	bool fetch; /* instruction fetch */
	bool permission; /* something is mapped there but does not allow this */
	bool walk; /* on the guest's own translation table walk: the address says nothing */
	bool sign; /* a load extends its sign */
	bool wide; /* into (or out of) an X register, otherwise W */
	uint8_t len; /* 1, 2, 4, 8 */
	uint8_t reg; /* 0..30, 31 is XZR */
	uint8_t insn; /* bytes of the instruction: 4, or 2 in T32 code */
};

/* esr: any value. EC other than data or instruction abort decodes as not valid. */
struct access decode_abort(uint32_t esr);

/* Bytes of the instruction that was trapped with esr. */
unsigned decode_insn(uint32_t esr);

/* What a load leaves in the register when the device says `value` (low 8 * len bits count). */
uint64_t decode_load(const struct access *a, uint64_t value);

/* What a store of register value `value` puts on the bus: zero-extended. */
uint64_t decode_store(const struct access *a, uint64_t value);

/* Index of general register n (0..30) in the kernel's transfer order, enum hw_reg. */
unsigned decode_reg_index(unsigned n);

#endif
