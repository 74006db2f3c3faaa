/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System registers that trap to the VMM because nobody switches them between VMs: debug, OS lock, PMU
 * (docs/registers.md; loader/main.c, trap_untouched()). The table is data, so that tests can walk it.
 *
 * A register that is in no row is undefined in the guest. So is each of them at EL0: the registers of hardware are set so
 * that a process may use none.
 */
#ifndef VMM_SYSREG_H
#define VMM_SYSREG_H

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

/* Words a vCPU keeps. */
enum sysreg_slot {
	SYSREG_MDSCR,
	SYSREG_MDCCINT,
	SYSREG_OSLSR,
	SYSREG_OSDLR,
	SYSREG_DBGPRCR,
	SYSREG_DBGCLAIM,
	SYSREG_DBGBVR, /* and 15 more, as for the next three */
	SYSREG_DBGBCR = SYSREG_DBGBVR + 16,
	SYSREG_DBGWVR = SYSREG_DBGBCR + 16,
	SYSREG_DBGWCR = SYSREG_DBGWVR + 16,
	SYSREG_SLOTS = SYSREG_DBGWCR + 16,
};

enum sysreg_action {
	SYSREG_RAZ_WI, /* reads as zero, writes are ignored */
	SYSREG_KEPT, /* the vCPU's own word: reads what was written, without effect */
	SYSREG_OS_LOCK, /* OSLAR_EL1: bit 0 becomes OSLSR_EL1.OSLK */
	SYSREG_CLAIM_SET, /* DBGCLAIMSET_EL1, DBGCLAIMCLR_EL1 and the tags between them */
	SYSREG_CLAIM_CLEAR,
};

struct sysreg_row {
	const char *name; /* as in the Arm ARM, <n> for a number */
	uint32_t id; /* ISS_SYS() */
	uint32_t
		any; /* bits of the ISS that count registers of the row; contiguous for SYSREG_KEPT */
	uint8_t action; /* enum sysreg_action */
	uint8_t slot; /* KEPT: enum sysreg_slot of the first */
	uint64_t mask; /* KEPT: bits that can be written */
	uint64_t enable; /* a write that sets one asks for hardware that no VM has */
};

extern const struct sysreg_row sysreg_table[];
extern const unsigned sysreg_rows;

/* The row of the register an EC_SYS64 syndrome names, NULL if there is none. */
const struct sysreg_row *sysreg_find(uint32_t esr);
/* What the vCPU keeps becomes what it is after a reset. */
void sysreg_reset(struct vcpu *v);
/*
 * Carry out a trapped MSR or MRS and go on behind it. False, nothing done: it is undefined. The vCPU does not execute.
 * The first write of a VM that asks for what it does not have is logged; a service-VM's module is told as well.
 */
bool sysreg_trap(struct vcpu *v, uint32_t esr);

#endif
