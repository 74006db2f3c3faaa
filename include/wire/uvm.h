/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * selkie.ko <-> VMM of one user-VM: the shared region.
 *
 * One region of UVM_REGION_SIZE bytes per user-VM, zeroed when the VM is created, mapped cacheable on both
 * sides. Either side may be hostile to the other: each word the peer can write is read once, bounded, then
 * the copy is used.
 *
 *	offset			content			written by
 *	UVM_OFF_VM		struct uvm_vm		see the fields
 *	UVM_OFF_IOEVENT		struct uvm_ioevent[]	module
 *	UVM_OFF_VCPU(n)		struct uvm_vcpu		the owner of the slot, see below
 *
 * --- vCPU slot -----------------------------------------------------------------------------------
 *
 *	            request, owner = VMM, ring UVM_RING_VCPU(n)
 *	   +--------+ -------------------------------------> +-------+
 *	   | MODULE |                                        |  VMM  |
 *	   +--------+ <------------------------------------- +-------+
 *	            exit/answer, owner = MODULE, event UVM_EVENT_VCPU(n)
 *
 * `owner` says who may read and write the rest of the slot (all but `kick`, `power` and the statistics).
 * MODULE: the vCPU does not execute, all its registers are settled. VMM: it is carrying out `request`. The
 * giver stores its words, then owner with release; the taker loads owner with acquire.
 *
 *	request			answer when owner comes back
 *	UVM_REQ_RUN		the vCPU ran; exit says why it stopped
 *	UVM_REQ_GET_REGS	regs holds all registers; at once
 *	UVM_REQ_SET_REGS	registers are taken from regs; at once
 *	UVM_REQ_RESET		as PSCI CPU_ON/VCPU_INIT of a halted vCPU: SET_REGS and forget any wait (WFI), pending
 *				completion or PSCI state; power becomes what `resume` says
 *				(UVM_POWER_ON/OFF), with UVM_RESET_CORE the CPU interface of the
 *				vGIC is reset, too; at once
 *
 * UVM_REQ_RUN while power is UVM_POWER_OFF waits (owner stays VMM) until another vCPU's CPU_ON.
 * Kick: to get a running vCPU back the module sets kick = 1 (release) and rings UVM_RING_VCPU(n). The VMM
 * stops the vCPU and answers UVM_EXIT_INTR. When another exit came first that one counts and the kick has no
 * further effect: the module clears `kick` before each UVM_REQ_RUN, while it owns the slot. With `kick` set already a
 * UVM_REQ_RUN carries `resume` out (write-back of a load, pc moved on) and answers UVM_EXIT_INTR; no guest code runs.
 *
 *	KVM_RUN          module                        VMM                          guest
 *	  |  request=RUN   |                            |                             |
 *	  |--------------->| owner=VMM, ring ---------->| resume vCPU --------------->|
 *	  |   sleeps       |                            |<----- data abort -----------|
 *	  |<---------------|<-- event VCPU(n), doorbell | exit=ABORT, owner=MODULE    |  (stopped)
 *	  | page-in or KVM_EXIT_MMIO                    |                             |
 *	  |--------------->| request=RUN, resume=RETRY or MMIO, owner=VMM, ring       |
 *
 * --- rings and events --------------------------------------------------------------------------------
 *
 * ring (module -> VMM) and event (VMM -> module) are words of bits. The giver sets bits with an atomic OR
 * (release); only when the word was zero does it ring (seL4 Send on the doorbell capability, or doorbell
 * interrupt). The taker exchanges the word with zero (acquire) and only then looks at what the bits stand for;
 * so no bit is lost and nothing is rung twice.
 *
 * A module that will look at event when its ring returns sets `looks` before: no doorbell interrupt is raised, unless a vCPU
 * of the user-VM goes on, behind which the module's may wait for its turn. It clears `looks` and then looks; the VMM looks at
 * `looks` after it has set event bits; with a full barrier between the two on both sides one of them sees the other.
 *
 * UVM_EVENT_IOEVENT of a kick and UVM_EVENT_EOI may come late: while the guest goes on the VMM collects them, up to 200 us, and
 * raises them when every vCPU waits or is the module's, or together with an event that can not wait.
 *
 * A module that looks at owner itself for a while sets `quiet` before it gives the slot away: no event is raised when the
 * slot comes back. Before it sleeps it clears `quiet` and looks at owner once more; the VMM looks at `quiet` after it has
 * given the slot back; with a full barrier between the two on both sides one of them sees the other.
 *
 * --- who executes ----------------------------------------------------------------------------------------
 *
 * On the core they share Linux has to know that the guest wants the processor, or it schedules its other threads as if
 * the guest's time were nobody's. `busy` says so, and KVM_RUN's thread stays runnable meanwhile; when Linux runs it, it lends
 * the processor (SELKIE_HVC_LEND, wire/ctl.h). It sleeps only while the vCPU waits (WFI, off). `thread` says what it does:
 *
 *	UVM_THREAD_SLEEPS	a vCPU that gets busy by itself (its timer) and stays it for the 200 us of late events
 *				raises UVM_EVENT_VCPU(n)
 *	UVM_THREAD_LENDS	others wait for the processor here: a vCPU that is busy no longer raises UVM_EVENT_VCPU(n)
 *				at once, or the time it was lent would be nobody's
 *	UVM_THREAD_AWAKE	neither
 *
 * Module: store thread, full barrier, look at busy, sleep or lend; VMM: store busy, full barrier, look at thread; one of them
 * sees the other.
 *
 * --- interrupts ------------------------------------------------------------------------------------------
 *
 * SPI n (INTID) has a bit in irq_level and irq_latch. KVM_IRQ_LINE level 1: set both; level 0: clear irq_level;
 * irqfd: set irq_latch only. Then UVM_RING_IRQ. The VMM exchanges irq_latch words with zero. Edge-triggered: a
 * latched bit is one interrupt. Level-triggered: the line is irq_level; a latch without level (irqfd on a level
 * line) is one interrupt too. PPI levels of a vCPU: ppi_level. irq_edge is what the VMM took the SPIs of a word for when
 * it last found a change there: the falling edge of an edge-triggered one needs no ring.
 * Resample: SPIs in irq_resample get their bit set in irq_eoi (event UVM_EVENT_EOI) when the guest EOIs them.
 *
 * --- ioeventfd -------------------------------------------------------------------------------------------
 *
 * The module edits the table, then increments ioevent_generation by two steps: odd while it edits, even when
 * done (sequence lock), and rings UVM_RING_IOEVENT. The VMM copies and checks the table into its own memory.
 * A guest store that matches entry i sets bit i of ioevent_fired and then UVM_EVENT_IOEVENT, see above; the vCPU goes
 * on at once. An unregistered entry must not fire any more when its ioctl returns: the module waits for
 * ioevent_seen == ioevent_generation, then drains ioevent_fired. The VMM raises UVM_EVENT_IOEVENT when it has changed
 * ioevent_seen, too.
 *
 * --- VM request ----------------------------------------------------------------------------------------------
 *
 * One at a time, serialised by the module: fill vmreq, set vmreq.pending = 1 (release), ring UVM_RING_VMREQ; the
 * VMM answers in the same struct, stores pending = 0 (release) and raises UVM_EVENT_VMREQ.
 */
#ifndef WIRE_UVM_H
#define WIRE_UVM_H

#include "wire/types.h"

#define UVM_VERSION 2u
#define UVM_REGION_SIZE 0x10000u
#define UVM_OFF_VM 0x0u
#define UVM_OFF_IOEVENT 0x1000u
#define UVM_OFF_VCPU(n) (0x4000u + WIRE_PAGE_SIZE * (n))
#define UVM_PAGES 12u /* pages of the region that exist: 4 + WIRE_MAX_VCPUS */

/* --- bits of uvm_vm.ring ---------------------------------------------------------------------------- */
#define UVM_RING_VCPU(n) (1u << (n))
#define UVM_RING_IRQ (1u << 8)
#define UVM_RING_IOEVENT (1u << 9)
#define UVM_RING_VMREQ (1u << 10)

/* --- bits of uvm_vm.event ---------------------------------------------------------------------------- */
#define UVM_EVENT_VCPU(n) (1u << (n))
#define UVM_EVENT_IOEVENT (1u << 8)
#define UVM_EVENT_EOI (1u << 9)
#define UVM_EVENT_VMREQ (1u << 10)
#define UVM_EVENT_DEAD (1u << 11) /* uvm_vm.dead was set */

#define UVM_INTIDS 1024u
#define UVM_IRQ_WORDS (UVM_INTIDS / 32u)

#define UVM_IOEVENTS 256u
#define UVM_IOEVENT_WORDS (UVM_IOEVENTS / 32u)

#define UVM_IOEVENT_VALID 1u
#define UVM_IOEVENT_DATAMATCH 2u
struct uvm_ioevent {
	uint64_t addr; /* IPA of the store */
	uint64_t data; /* compared when DATAMATCH, low 8 * len bits */
	uint32_t len; /* 1, 2, 4, 8, or 0 for any length */
	uint32_t flags;
	uint64_t reserved;
};
WIRE_ASSERT(sizeof(struct uvm_ioevent) == 32);
WIRE_ASSERT(sizeof(struct uvm_ioevent) * UVM_IOEVENTS <= UVM_OFF_VCPU(0) - UVM_OFF_IOEVENT);

enum uvm_vmreq_op {
	/*
	 * Distributor and CPU interface registers as KVM's GICv2 device groups DIST_REGS and CPU_REGS: arg0 = group
	 * (1 or 2), arg1 = vCPU, arg2 = byte offset, arg3 = value to write (SET) -> arg3 = value read (GET).
	 * Any time; status WIRE_ENOENT for an unknown offset, WIRE_EINVAL for a bad vCPU.
	 */
	UVM_VMREQ_GIC_GET = 1,
	UVM_VMREQ_GIC_SET = 2,
	/* arg0 = guest virtual count wanted now: sets CNTVOFF of every vCPU. No vCPU may be running (WIRE_EBUSY). */
	UVM_VMREQ_SET_COUNT = 3,
};

struct uvm_vmreq {
	uint32_t pending;
	uint32_t op;
	uint32_t status; /* enum wire_status */
	uint32_t reserved;
	uint64_t arg[4];
};

/* Written by the VMM, only grow. */
struct uvm_vm_stats {
	uint64_t doorbells_taken; /* messages that said the module had rung */
	uint64_t doorbells_rung; /* of the service-VM */
	uint64_t reserved[6];
};

struct uvm_vm {
	/* written by root when it creates or buries the VM */
	uint32_t version;
	uint32_t dead; /* root: non-zero when the VMM failed; the module then destroys the VM */
	uint32_t reserved0[14];
	/* 0x40: atomic words of both sides, a cache line each */
	uint32_t ring; /* module ORs, VMM exchanges */
	uint32_t reserved1[15];
	uint32_t event; /* VMM ORs, module exchanges */
	uint32_t looks; /* module: it rings and then looks at event itself */
	uint32_t reserved2[14];
	/* 0xc0: VM request */
	struct uvm_vmreq vmreq;
	uint32_t reserved3[4];
	/* 0x100: ioeventfd */
	uint32_t ioevent_generation; /* module */
	uint32_t ioevent_seen; /* VMM: the even generation its copy has */
	uint32_t reserved4[6];
	uint32_t ioevent_fired[UVM_IOEVENT_WORDS]; /* VMM ORs, module exchanges */
	/* 0x140: interrupts, indexed by INTID */
	uint32_t irq_latch[UVM_IRQ_WORDS]; /* module ORs, VMM exchanges */
	uint32_t irq_level[UVM_IRQ_WORDS]; /* module */
	uint32_t irq_resample[UVM_IRQ_WORDS]; /* module */
	uint32_t irq_eoi[UVM_IRQ_WORDS]; /* VMM ORs, module exchanges */
	uint32_t ppi_level[WIRE_MAX_VCPUS]; /* module: bits 16..31 */
	uint32_t irq_edge[UVM_IRQ_WORDS]; /* VMM: edge-triggered, as of the last change it took */
	struct uvm_vm_stats stats; /* VMM */
};
WIRE_ASSERT(offsetof(struct uvm_vm, ring) == 0x40);
WIRE_ASSERT(offsetof(struct uvm_vm, event) == 0x80);
WIRE_ASSERT(offsetof(struct uvm_vm, vmreq) == 0xc0);
WIRE_ASSERT(offsetof(struct uvm_vm, ioevent_generation) == 0x100);
WIRE_ASSERT(offsetof(struct uvm_vm, irq_latch) == 0x140);
WIRE_ASSERT(sizeof(struct uvm_vm) <= UVM_OFF_IOEVENT);

/* --- vCPU ------------------------------------------------------------------------------------------------ */
enum uvm_owner {
	UVM_OWNER_MODULE = 0,
	UVM_OWNER_VMM = 1,
};

enum uvm_request {
	UVM_REQ_RUN = 1,
	UVM_REQ_GET_REGS = 2,
	UVM_REQ_SET_REGS = 3,
	UVM_REQ_RESET = 4,
};

/* What UVM_REQ_RUN does with the exit before it. */
enum uvm_resume {
	/* Go on at the stored pc: also after UVM_EXIT_INTR, and when a page is there now. */
	UVM_RESUME_RETRY = 0,
	/*
	 * The aborted access is done: a load takes `data`; pc moves past it. An access that was not decoded (cache
	 * maintenance) is just skipped.
	 */
	UVM_RESUME_MMIO = 1,
	/* Synchronous external abort for the guest at that access (Arm ARM D1.13). */
	UVM_RESUME_ABORT = 2,
};

enum uvm_power {
	UVM_POWER_OFF = 0, /* as KVM_MP_STATE_STOPPED */
	UVM_POWER_ON = 1, /* as KVM_MP_STATE_RUNNABLE */
};

/* KVM_ARM_VCPU_INIT, beside enum uvm_power */
#define UVM_RESET_CORE 2u

/* What KVM_RUN's thread does, see "who executes". */
enum uvm_thread {
	UVM_THREAD_SLEEPS = 0,
	UVM_THREAD_AWAKE = 1,
	UVM_THREAD_LENDS = 2,
};

enum uvm_exit {
	UVM_EXIT_NONE = 0, /* GET_REGS, SET_REGS, RESET done */
	UVM_EXIT_INTR = 1, /* kicked */
	UVM_EXIT_ABORT = 2, /* stage-2 abort nothing in the VMM answers: addr, esr, access */
	/* PSCI: system_type = KVM_SYSTEM_EVENT_*, system_data; every vCPU is off now */
	UVM_EXIT_SYSTEM = 3,
	UVM_EXIT_FAIL = 4, /* the VMM can not go on with this vCPU: fail_reason for the log */
};

/* enum uvm_access bits */
#define UVM_ACCESS_VALID 1u /* decoded: len, and for stores data */
#define UVM_ACCESS_WRITE 2u
#define UVM_ACCESS_FETCH 4u /* instruction fetch */
/* permission fault: something is mapped there, read-only or execute-never */
#define UVM_ACCESS_PERM 8u
#define UVM_ACCESS_WALK 16u /* on the guest's own translation table walk: addr is meaningless */

/* System registers of uvm_regs.sys, numbered as the VCPU object's fields on seL4 AArch64. */
enum uvm_sys {
	UVM_SYS_SCTLR = 0,
	UVM_SYS_CPACR = 1,
	UVM_SYS_TTBR0 = 2,
	UVM_SYS_TTBR1 = 3,
	UVM_SYS_TCR = 4,
	UVM_SYS_MAIR = 5,
	UVM_SYS_AMAIR = 6,
	UVM_SYS_CONTEXTIDR = 7,
	UVM_SYS_ACTLR = 8,
	UVM_SYS_AFSR0 = 9,
	UVM_SYS_AFSR1 = 10,
	UVM_SYS_ESR = 11,
	UVM_SYS_FAR = 12,
	UVM_SYS_PAR = 13,
	UVM_SYS_VBAR = 14,
	UVM_SYS_TPIDR_EL1 = 15,
	UVM_SYS_VMPIDR = 16,
	UVM_SYS_SP_EL1 = 17,
	UVM_SYS_ELR_EL1 = 18,
	UVM_SYS_SPSR_EL1 = 19,
	UVM_SYS_CNTV_CTL = 20,
	UVM_SYS_CNTV_CVAL = 21,
	UVM_SYS_CNTVOFF = 22,
	UVM_SYS_CNTKCTL = 23,
	UVM_SYS_COUNT = 24,
};

struct uvm_regs {
	uint64_t x[31];
	uint64_t sp_el0;
	uint64_t pc;
	uint64_t pstate; /* EL0t, EL1t, EL1h */
	uint64_t tpidr_el0;
	uint64_t tpidrro_el0;
	/* Written values: VMPIDR is ignored (fixed at creation), CNTVOFF counts. */
	uint64_t sys[UVM_SYS_COUNT];
};

/* Written by the VMM, only grow. `exits` is the sum of the words marked "exits:", each exit is of one kind. */
struct uvm_vcpu_stats {
	uint64_t exits;
	uint64_t wfi; /* exits: WFI */
	uint64_t hypercall; /* exits: HVC and SMC */
	uint64_t gic; /* exits: distributor accesses */
	uint64_t ioevent; /* exits: stores that matched */
	uint64_t abort; /* exits: UVM_EXIT_ABORT */
	uint64_t maintenance; /* exits: an interrupt has left its list register */
	uint64_t vtimer; /* exits: the virtual timer has fired */
	uint64_t injected; /* list registers written */
	uint64_t kicked; /* UVM_EXIT_INTR */
	uint64_t guest_error; /* accesses answered with an abort, undefined hypercalls ... */
	uint64_t wfe; /* exits: WFE */
	uint64_t other; /* exits: none of the other kinds */
	/*
	 * CNTPCT ticks spent in WFI. While one lasts its beginning is subtracted already, which makes the word negative: add
	 * CNTPCT then. So it is never between two values.
	 */
	uint64_t halt;
	uint64_t reserved[2];
};

struct uvm_vcpu {
	uint32_t owner; /* enum uvm_owner */
	uint32_t request; /* enum uvm_request */
	/* enum uvm_resume with REQ_RUN; enum uvm_power | UVM_RESET_CORE with REQ_RESET */
	uint32_t resume;
	uint32_t exit; /* enum uvm_exit */
	/* UVM_EXIT_ABORT */
	uint64_t addr; /* IPA */
	/* store: zero-extended; with UVM_RESUME_MMIO of a load: the value, low 8 * len bits count */
	uint64_t data;
	uint32_t esr; /* ESR_EL2 */
	uint8_t access; /* UVM_ACCESS_* */
	uint8_t len; /* 1, 2, 4, 8 */
	uint16_t reserved0;
	/* UVM_EXIT_SYSTEM */
	uint32_t system_type;
	uint32_t reserved1;
	uint64_t system_data;
	uint32_t fail_reason;
	uint32_t reserved2;
	/* words the peer may write at any time */
	uint32_t kick; /* module */
	uint32_t power; /* VMM: enum uvm_power, for KVM_GET_MP_STATE */
	uint32_t quiet; /* module: it looks at owner itself, UVM_EVENT_VCPU(n) is not wanted */
	uint32_t thread; /* module: enum uvm_thread */
	uint32_t busy; /* VMM: the vCPU executes or waits for the processor */
	uint32_t reserved3[3];
	struct uvm_regs regs;
	struct uvm_vcpu_stats stats;
};
WIRE_ASSERT(offsetof(struct uvm_vcpu, regs) == 96);
WIRE_ASSERT(sizeof(struct uvm_vcpu) <= WIRE_PAGE_SIZE);
WIRE_ASSERT(UVM_OFF_VCPU(WIRE_MAX_VCPUS) == UVM_PAGES * WIRE_PAGE_SIZE);
WIRE_ASSERT(UVM_REGION_SIZE >= UVM_PAGES * WIRE_PAGE_SIZE);

#endif
