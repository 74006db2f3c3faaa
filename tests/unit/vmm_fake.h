/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel under the VMM, for host tests: registers, threads, list registers with a guest's CPU interface on top,
 * and a record of what the VMM asked for. See vmm/hw.h for the contracts it stands in for.
 */
#ifndef TESTS_UNIT_VMM_FAKE_H
#define TESTS_UNIT_VMM_FAKE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "vmm/hw.h"
#include "vmm/uvm.h"
#include "vmm/vmm.h"

#define FAKE_LRS 16

enum fake_lr_state { LR_INVALID, LR_PENDING, LR_ACTIVE };

struct fake_lr {
	enum fake_lr_state state;
	unsigned intid, prio;
};

struct fake_cpu {
	uint64_t regs[HW_REG_COUNT];
	uint64_t sys[UVM_SYS_COUNT];
	struct fake_lr lr[FAKE_LRS];
	bool switched_out; /* the kernel's copy of the list registers is up to date */
	unsigned pmr; /* 0..31 */
	unsigned running[32],
		depth; /* priorities and INTIDs of what the guest is handling, newest last */
	unsigned running_intid[32];
	bool suspended, resumed;
	unsigned vppi_acks, renewals, injections, overwritten_active, fronted;
};

struct fake {
	struct fake_cpu cpu[WIRE_MAX_VCPUS];
	unsigned irq_acks[VMM_MAX_IRQS];
	unsigned doorbells, timer_signals, root_calls;
	unsigned last_op;
	uint64_t last_arg;
	enum wire_status root_status; /* answer to every call of root */
	bool renew_offered;
	uint64_t count, cntp_cval;
	unsigned lrs;
};

extern struct fake fake;

/* A VM of n vCPUs on a fresh fake kernel; role user has the shared region `fake_region`. */
extern uint8_t fake_region[UVM_REGION_SIZE];
extern struct vmm_boot fake_boot;
struct vm *fake_vm(enum vmm_role role, unsigned vcpus, unsigned lrs);

/* The guest reads GICC_IAR: INTID or 1023. */
unsigned fake_ack(unsigned cpu);
/* The guest writes GICC_EOIR for the last interrupt it acknowledged; the maintenance fault goes to the vGIC. */
void fake_eoi(struct vgic *g, unsigned cpu);
/* Something is pending that the guest would take now. */
bool fake_irq_pending(unsigned cpu);

/* An exit of vCPU `cpu`, settled, and its answer sent as the event loop does. */
void fake_fault(struct vm *vm, unsigned cpu, uint64_t label, uint64_t mr0, uint64_t mr1,
		uint64_t mr2, uint64_t mr3);
/* HVC with x0..x3; its results are in fake.cpu[cpu].regs afterwards, when it was answered. */
void fake_hvc(struct vm *vm, unsigned cpu, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3);
void fake_event(struct vm *vm, uint64_t badge);
/* What the event loop does after each message. */
void fake_loop(struct vm *vm);

/* --- TAP ------------------------------------------------------------------------------------------------ */
extern unsigned tap_count, tap_failed;
#define ok(cond, ...) tap_ok((cond), __FILE__, __LINE__, __VA_ARGS__)
void tap_ok(bool cond, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Prints the plan; the program's exit status. */
int tap_done(void);

#endif
