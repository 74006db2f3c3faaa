/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The seam between the VMM's logic and the kernel. hw.c implements it on libsel4; host tests bring their own.
 *
 * vCPUs, passed-through interrupts and reply objects are named by index; the capability slots behind them are
 * those of wire/vmm.h. An invocation that can only fail through a bug of ours ends in hw_fail().
 */
#ifndef VMM_HW_H
#define VMM_HW_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/status.h"
#include "wire/uvm.h"

/* Index of a register in the kernel's transfer order; a transfer always covers a prefix. */
enum hw_reg {
	HW_REG_PC,
	HW_REG_SP_EL0,
	HW_REG_SPSR,
	HW_REG_X0,
	HW_REG_TPIDR_EL0 = 34,
	HW_REG_TPIDRRO_EL0,
	HW_REG_COUNT,
};

/* A received message. Words 4 and up stay in the IPC buffer until the next invocation. */
struct hw_msg {
	uint64_t badge;
	uint64_t label;
	uint64_t mr[4];
	const uint64_t *buffer; /* buffer[4..]: the words after mr[3] */
};

/* Why the VMM gives its VM up: MR0 of VMM_OP_FAILED. */
enum hw_failure {
	HW_FAIL_BOOT = 1, /* the boot page is not one we understand */
	HW_FAIL_REGISTERS = 2,
	HW_FAIL_SYSREG = 3,
	HW_FAIL_INJECT = 4,
	HW_FAIL_ACK = 5,
	HW_FAIL_THREAD = 6,
	HW_FAIL_REPLY = 7,
	HW_FAIL_MESSAGE = 8, /* a message no kernel sends */
};

/*
 * General registers of a vCPU that does not execute: w[0..n-1] in enum hw_reg order, n 1..HW_REG_COUNT. Writing the
 * pc also sets where the thread restarts. Whether the thread waits, is stopped or was never started stays as it is.
 */
void hw_regs_read(unsigned vcpu, unsigned n, uint64_t *w);
void hw_regs_write(unsigned vcpu, unsigned n, const uint64_t *w);
void hw_pc_write(unsigned vcpu, uint64_t pc);

/* EL1 and timer registers, any time. */
uint64_t hw_sys_read(unsigned vcpu, enum uvm_sys reg);
void hw_sys_write(unsigned vcpu, enum uvm_sys reg, uint64_t value);

/*
 * Write list register lr: intid pending with priority prio (0..31). What was pending there vanishes.
 * Returns false, nothing done, when the kernel knows the old entry to be active.
 */
bool hw_inject(unsigned vcpu, unsigned lr, unsigned intid, unsigned prio);

/* The guest is done with the virtual timer's interrupt: let the next one come. */
void hw_vppi_ack(unsigned vcpu, unsigned intid);

/* The guest is done with passed-through interrupt i of the boot page: unmask it. */
void hw_irq_ack(unsigned i);

void hw_thread_suspend(unsigned vcpu);
void hw_thread_resume(unsigned vcpu);
/*
 * A runnable thread of a service-VM goes before all others of its priority, which has to be said. Anything else stays as it
 * is, also what a blocked one waits for.
 */
void hw_thread_front(unsigned vcpu, unsigned priority);

/*
 * Ask root for a fresh VCPU object (VMM_OP_VCPU_RENEW); the thread is suspended. All EL1 and timer registers are in
 * reset state then and SPSR has to be written again. False when root does not do it: nothing changed.
 */
bool hw_vcpu_renew(unsigned vcpu);

/* Call root; enum vmm_op, enum wire_status. */
enum wire_status hw_root_call(unsigned op, uint64_t arg);

void hw_doorbell(void);
void hw_timer_signal(void);

/* CNTPCT_EL0 and the core's CNTP_CVAL_EL0, which all domains share (wire/vmm.h, struct vmm_clock). */
uint64_t hw_count(void);
uint64_t hw_cntp_cval(void);
void hw_cntp_cval_write(uint64_t cval);

_Noreturn void hw_fail(enum hw_failure why);

#endif
