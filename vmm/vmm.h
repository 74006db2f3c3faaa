/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VMM of one VM: a process with one thread, so nothing here needs a lock.
 *
 * A vCPU executes when it is `on` (PSCI), `owned` (a user-VM's module asked for it to run; always so in a
 * service-VM) and does not wait in WFI. vcpu_settle() brings its thread into that state and fills its list registers;
 * everything else only changes these three words and the vGIC, and marks the vCPU in vm.touched.
 *
 * Each exit is a fault message on the VMM's endpoint and its sender stands still until it is answered through the
 * reply object it was received with, so a thread that waits keeps a reply object: there is one more than vCPUs.
 */
#ifndef VMM_VMM_H
#define VMM_VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/decode.h"
#include "vmm/hw.h"
#include "vmm/sysreg.h"
#include "vmm/vgic/vgic.h"
#include "wire/uvm.h"
#include "wire/vmm.h"

#define VMM_NO_DEADLINE UINT64_MAX

/* The guest goes on behind the trapped instruction; A64 instructions have four bytes. */
#define INSN_SIZE 4

enum vcpu_thread {
	VCPU_STOPPED, /* never started or suspended */
	VCPU_RUNNING,
	VCPU_HELD, /* its fault message waits for an answer in reply object `reply` */
};

/* Most message registers an answer to a hypercall has: x0..x7 and the pc. */
#define VCPU_ANSWER_WORDS 9

/* What completes the exit that was handed to the module. */
struct vcpu_mmio {
	bool pending;
	struct access access;
	uint32_t esr;
	uint64_t ipa;
};

struct vcpu {
	struct vm *vm;
	uint8_t id;
	uint8_t thread; /* enum vcpu_thread */
	uint8_t reply;
	bool on;
	bool owned;
	bool wfi;
	bool lends; /* the wait is a SELKIE_HVC_LEND, which a doorbell ends too */
	uint8_t wfi_retry; /* WFI trapped again at once after its deadline */
	uint8_t answer_len; /* words of answer[] that go back with the reply, 0 or VCPU_ANSWER_WORDS */
	uint64_t answer[VCPU_ANSWER_WORDS];
	uint64_t pc; /* of the instruction that faulted, while HELD by a stage 2 fault */
	uint64_t deadline; /* CNTPCT at which the virtual timer ends a WFI */
	uint64_t mpidr;
	uint64_t cntvoff;
	struct uvm_vcpu_stats *stats;
	/* PSCI CPU_ON that has not been carried out because the module has the registers */
	bool start_pending;
	uint64_t start_entry, start_context;
	struct vcpu_mmio mmio;
	uint64_t regs[HW_REG_COUNT];
	uint64_t sysreg[SYSREG_SLOTS]; /* what trapped registers read */
};

struct uvm;

struct vm {
	const struct vmm_boot *boot;
	volatile struct vmm_rt *rt;
	const volatile struct vmm_clock *clock;
	struct vmm_log *log;
	struct uvm *uvm; /* user role */
	bool service;
	uint8_t vcpus;
	bool clock_due; /* some vcpu.deadline changed */
	bool debug_wanted; /* the guest has asked for debug or PMU hardware, which it has not */
	bool debug_logged; /* the log says so */
	bool stop_wanted; /* a running thread must be suspended once its fault queue is empty */
	uint32_t touched; /* vCPUs vcpu_settle() has to look at */
	uint32_t ready; /* HELD vCPUs whose answer may go out */
	uint32_t replies_free; /* reply objects that hold nobody */
	uint64_t ring_deadline; /* CNTPCT until which events may wait for the guest's pause */
	uint64_t gicd; /* IPA, UINT64_MAX without vGIC */
	uint64_t log_tokens, log_refilled; /* token bucket, see log.c */
	uint32_t guest_errors;
	struct vcpu vcpu[WIRE_MAX_VCPUS];
	struct vgic vgic;
	struct uvm_vcpu_stats own_stats[WIRE_MAX_VCPUS]; /* service role */
};

static inline void vcpu_touch(struct vcpu *v)
{
	v->vm->touched |= 1u << v->id;
}

static inline bool vcpu_wants_to_run(const struct vcpu *v)
{
	return v->on && v->owned && !v->wfi;
}

/* The vCPU does not wait in WFI or SELKIE_HVC_LEND (any more), and no deadline is to end that. */
static inline void vcpu_wake(struct vcpu *v)
{
	if (v->wfi)
		v->stats->halt += hw_count();
	v->wfi = false;
	v->lends = false;
	v->deadline = VMM_NO_DEADLINE;
	v->vm->clock_due = true;
}

/* --- main.c -------------------------------------------------------------------------------------------- */

/* Takes over boot, rt, clock, log and, for the user role, shared. Starts nothing. False: not a boot page of ours. */
bool vmm_init(struct vm *vm, const struct vmm_boot *boot, struct vmm_rt *rt,
	      const struct vmm_clock *clock, struct vmm_log *log, void *shared, struct uvm *uvm);
/* One message of the event endpoint; the sender of a fault was received with reply object `reply`. */
void vmm_message(struct vm *vm, const struct hw_msg *m, unsigned reply);
/* Carry out what the messages so far changed. After it, vm.ready and vm.stop_wanted say what the loop has to do. */
void vmm_settle(struct vm *vm);
/* Suspend running vCPUs that shall not run. No fault message of theirs may be queued. */
void vmm_stop(struct vm *vm);

/* --- vcpu.c -------------------------------------------------------------------------------------------- */

/* Settle one vCPU, see above. */
void vcpu_settle(struct vcpu *v);
/* All registers to the state in which PSCI CPU_ON or reset starts a core. The thread must not execute. */
void vcpu_start_at(struct vcpu *v, uint64_t entry, uint64_t context);
/*
 * Exchange the VCPU object under a vCPU that does not execute: registers stay, list registers and the CPU interface
 * become fresh. False: it executes, or root does not offer this.
 */
bool vcpu_renew(struct vcpu *v);
/* Registers that a pending answer would change are written now, so that they can be read or set. */
void vcpu_settle_answer(struct vcpu *v);
/* General register n (31: XZR) of a vCPU that does not execute. */
uint64_t vcpu_gpr(struct vcpu *v, unsigned n);
/* Finish a decoded load or store at v->pc: loads put value (extended as decoded) into their register. */
void vcpu_finish_access(struct vcpu *v, const struct access *a, uint64_t value);
/* Make the vCPU go on behind the instruction that was trapped with esr. */
void vcpu_skip(struct vcpu *v, uint32_t esr);

/* --- inject.c: exceptions for the guest (Arm ARM D1.10) -------------------------------------------------- */

/* Synchronous external abort for the access that faulted with esr at ipa. */
void inject_abort(struct vcpu *v, uint32_t esr, uint64_t ipa);
/* Undefined instruction at the stored pc. */
void inject_undefined(struct vcpu *v);

/* --- fault.c ---------------------------------------------------------------------------------------------- */

void fault_message(struct vcpu *v, const struct hw_msg *m);
/* The guest did something with no answer but an exception: count it, log it within limits. */
void fault_guest_error(struct vcpu *v, const char *what, uint64_t a, uint64_t b);

/* --- smccc.c, psci.c ---------------------------------------------------------------------------------------- */

/*
 * A call by HVC or SMC: x[0..3] hold the arguments and take the results. The vCPU goes on behind the call;
 * when the call turns it off or makes it wait, that is in v->on and v->wfi.
 */
void smccc_call(struct vcpu *v, uint64_t x[4]);
/* The same for function ids of PSCI. False: not one of them. */
bool psci_call(struct vcpu *v, uint64_t x[4]);

/* --- vtimer.c ------------------------------------------------------------------------------------------------ */

/*
 * The vCPU waits for an interrupt, with the virtual timer's as deadline. `esr`: of the WFI its pc is at, or
 * 0 when its pc is behind the instruction already, so that it may also just go on.
 */
void vtimer_wfi(struct vcpu *v, uint32_t esr);
/* The deadline in vmm_rt passed, or may have. */
void vtimer_expired(struct vm *vm);
/* Tell root the earliest deadline. */
void vtimer_publish(struct vm *vm);
/* The kernel reports that the virtual timer fired. */
void vtimer_fired(struct vcpu *v);

/* --- irq_fwd.c ------------------------------------------------------------------------------------------------- */

void irq_fwd_init(struct vm *vm);
/* Passed-through interrupts of the event word. */
void irq_fwd_events(struct vm *vm, uint64_t badge);
/* vgic.done: the guest is done with a hooked interrupt. */
void irq_fwd_done(void *vm, unsigned cpu, unsigned intid);

/* --- service.c --------------------------------------------------------------------------------------------------- */

void service_start(struct vm *vm);
/* The VMM of a user-VM has rung: vCPUs that lend go on, or there is a doorbell interrupt. */
void service_doorbell(struct vm *vm);
/* SELKIE_SMC_INFO has something new in x3 (wire/ctl.h): the module is to ask. */
void service_notice(struct vm *vm);
/* A stage 2 fault no device of the VMM answers. */
void service_abort(struct vcpu *v, const struct access *a, uint32_t esr, uint64_t ipa);
_Noreturn void service_system(struct vm *vm, unsigned op);

/* --- uvm.c: role user (wire/uvm.h) --------------------------------------------------------------------------------- */

void uvm_start(struct vm *vm, void *shared, struct uvm *uvm);
void uvm_doorbell(struct vm *vm);
void uvm_abort(struct vcpu *v, const struct access *a, uint32_t esr, uint64_t ipa);
/* True: an ioeventfd took the store. Cheap: called for each store that faults. */
bool uvm_ioevent(struct vcpu *v, const struct access *a, uint64_t ipa);
/* PSCI SYSTEM_OFF and the like: KVM_SYSTEM_EVENT_* type. */
void uvm_system(struct vcpu *v, uint32_t type, uint64_t data);
/* The guest EOIed SPI intid. */
void uvm_eoi(struct vm *vm, unsigned intid);
/* Tell the module that a vCPU's power changed. */
void uvm_power(struct vcpu *v);
/* Give back vCPUs whose exit is due and whose thread stands still; raise events. */
void uvm_settle(struct vm *vm);

/* --- log.c --------------------------------------------------------------------------------------------------------- */

/* One line into the log ring. False: dropped (and counted), as it is too talkative or the ring is full. */
bool vmm_log(struct vm *vm, enum vmm_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
