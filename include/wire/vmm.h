/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Root task <-> VMM process.
 *
 * Root builds a VMM process for each VM: an address space with the VMM's ELF image, one thread, and
 * a CSpace of radix VMM_CSPACE_BITS whose slots are fixed below (a slot number is a valid capability
 * address). The VMM is given capabilities of its own VM and nothing else.
 *
 * Pages (addresses are in the VMM's address space; x0 at entry = VMM_VA_BOOT):
 *
 *	VMM_VA_BOOT	struct vmm_boot		root writes before start, VMM reads only (RO)
 *	VMM_VA_RT	struct vmm_rt		written by VMM, read by root (hostile to root)
 *	VMM_VA_CLOCK	struct vmm_clock	written by root's timer thread, RO, same page for all
 *	VMM_VA_LOG	struct vmm_log		ring: head by VMM, tail by root
 *	VMM_VA_SHARED	struct uvm_region	user-VMs only: shared with the service-VM (wire/uvm.h)
 *	VMM_VA_IPCBUF	IPC buffer
 *	VMM_VA_STACK	top of the stack (grows down, guard page below)
 *
 * Events. The VMM waits with Recv on VMM_CAP_FAULT_EP. Faults of vCPU n carry badge
 * VMM_BADGE_FAULT | n. A notification is bound to the thread; its word has VMM_EVENT_* bits and
 * VMM_BADGE_FAULT clear. For a bound notification message info and registers are stale: look at the
 * badge only.
 *
 * Calls of the VMM to root: Call on VMM_CAP_ROOT_EP, label = enum vmm_op, MR0.. as listed; the reply's
 * label is an enum wire_status (wire/status.h).
 *
 * Failure. A fault of the VMM thread goes to root, which logs the registers and takes the VM down.
 */
#ifndef WIRE_VMM_H
#define WIRE_VMM_H

#include "wire/types.h"

#define VMM_BOOT_MAGIC 0x314d4d56u /* "VMM1" */
#define VMM_WIRE_VERSION 1u

/* --- capability slots ------------------------------------------------------------------------- */
#define VMM_CSPACE_BITS 8
enum vmm_cap {
	VMM_CAP_NULL = 0,
	VMM_CAP_FAULT_EP = 1, /* endpoint, read */
	VMM_CAP_ROOT_EP = 2, /* endpoint of root, badged, write + grant-reply */
	VMM_CAP_DOORBELL = 3, /* user-VM: VMM_EVENT_DOORBELL of the service-VM's VMM */
	VMM_CAP_TIMER = 4, /* notification of root's timer thread, write */
	VMM_CAP_REPLY = 8, /* reply objects: one more than vCPUs */
	VMM_CAP_TCB = 24, /* thread of vCPU n: VMM_CAP_TCB + n */
	VMM_CAP_VCPU = 40, /* VCPU object of vCPU n */
	VMM_CAP_IRQ = 64, /* IRQ handler of passed-through interrupt i */
};
#define VMM_MAX_IRQS 48 /* one notification bit each */

/* --- badges ------------------------------------------------------------------------------------ */
#define VMM_BADGE_FAULT (UINT64_C(1) << 63)
#define VMM_EVENT_TIMER (UINT64_C(1) << 0) /* the deadline in vmm_rt passed */
/* user-VM: the module rang; service-VM: a user-VM's VMM rang */
#define VMM_EVENT_DOORBELL (UINT64_C(1) << 1)
#define VMM_EVENT_IRQ_SHIFT 8 /* interrupt i of vmm_boot.irq: bit 8 + i */

/* --- addresses in the VMM ---------------------------------------------------------------------- */
#define VMM_VA_IMAGE 0x00400000ul /* link address of the VMM */
#define VMM_VA_BOOT 0x10000000ul
#define VMM_VA_RT 0x10001000ul
#define VMM_VA_CLOCK 0x10002000ul
#define VMM_VA_IPCBUF 0x10003000ul
#define VMM_VA_LOG 0x10004000ul
#define VMM_VA_SHARED 0x10010000ul
#define VMM_VA_STACK 0x10100000ul
#define VMM_STACK_SIZE 0x4000ul

/* --- boot page ----------------------------------------------------------------------------------- */
enum vmm_role {
	VMM_ROLE_SERVICE = 1, /* owns devices, runs Linux from the boot package */
	VMM_ROLE_USER = 2, /* driven by the module of its service-VM through wire/uvm.h */
};

struct vmm_irq {
	uint16_t intid; /* INTID at the physical and at the virtual GIC */
	uint8_t edge; /* 0 level, 1 edge */
	uint8_t reserved[5];
};

struct vmm_boot {
	uint32_t magic;
	uint32_t version;
	uint32_t role; /* enum vmm_role */
	uint32_t vcpus; /* 1..WIRE_MAX_VCPUS */
	uint32_t vm; /* number of the VM, for logs */
	uint32_t log_level; /* enum vmm_log_level: the most talkative level kept */
	uint64_t cntfrq; /* Hz */
	/* vGIC; gicd = UINT64_MAX: no interrupt controller */
	uint64_t gicd; /* IPA of the emulated distributor, 4 KiB */
	uint64_t gicc; /* IPA where root mapped GICV, 8 KiB (for information) */
	uint32_t spis; /* INTIDs the distributor has, 64..1020, multiple of 32 */
	uint32_t list_regs; /* list registers of the hardware */
	uint32_t vcpu_priority; /* of the vCPUs' threads */
	uint32_t reserved;
	/* service role */
	uint64_t entry; /* first instruction of vCPU 0 */
	uint64_t dtb; /* x0 of vCPU 0 */
	uint32_t doorbell_intid; /* SPI raised on VMM_EVENT_DOORBELL */
	uint32_t irqs; /* used entries of irq[] */
	uint64_t sys_call; /* seL4 system call numbers, for SELKIE_SMC_INFO (wire/ctl.h) */
	uint64_t sys_send;
	struct vmm_irq irq[VMM_MAX_IRQS];
};
WIRE_ASSERT(sizeof(struct vmm_boot) <= WIRE_PAGE_SIZE);

/*
 * What the VMM tells root without a call.
 * deadline: counter value (CNTPCT) at which the VMM wants VMM_EVENT_TIMER, UINT64_MAX for none. The VMM
 * stores it, then, if it lies before CNTP_CVAL_EL0, moves CNTP_CVAL_EL0 forward itself; see vmm_clock.
 */
struct vmm_rt {
	uint64_t deadline;
	uint64_t heartbeat; /* exits handled so far, wraps */
};

/*
 * generation: bumped by the timer thread each time it programs CNTP. A VMM reads it before it compares its
 * deadline with CNTP_CVAL_EL0 and again after it has written CNTP_CVAL_EL0; when it changed in between, the
 * write may have undone an earlier deadline of somebody else: signal VMM_CAP_TIMER.
 * A guest can reprogram CNTP at will. The timer thread also looks at all deadlines every VMM_TICK_US.
 */
struct vmm_clock {
	uint64_t generation;
};
#define VMM_TICK_US 10000u

/* --- log ring ---------------------------------------------------------------------------------- */
enum vmm_log_level {
	VMM_LOG_ERROR = 0, /* our bug; never because a guest is malicious */
	VMM_LOG_WARN = 1, /* a VM misbehaved or was stopped */
	VMM_LOG_INFO = 2,
	VMM_LOG_DEBUG = 3,
};

#define VMM_LOG_SIZE 4096u
#define VMM_LOG_DATA (VMM_LOG_SIZE - 16u)
/*
 * Bytes data[tail % VMM_LOG_DATA] .. data[head % VMM_LOG_DATA) are unread text: lines "<level digit>text\n".
 * head and tail only grow. The VMM drops a line that does not fit and counts it. Root bounds head - tail.
 */
struct vmm_log {
	uint32_t head; /* VMM: release after the text; root: acquire */
	uint32_t tail; /* root */
	uint32_t dropped; /* VMM */
	uint32_t reserved;
	char data[VMM_LOG_DATA];
};
WIRE_ASSERT(sizeof(struct vmm_log) == VMM_LOG_SIZE);

/* --- calls --------------------------------------------------------------------------------------- */
enum vmm_op {
	VMM_OP_SYSTEM_OFF = 1, /* service-VM: PSCI SYSTEM_OFF; the last one ends the machine */
	VMM_OP_SYSTEM_RESET = 2, /* service-VM: PSCI SYSTEM_RESET; no reply, the VM is rebuilt */
	VMM_OP_FAILED = 3, /* MR0 = reason code for the log: the VMM gives its VM up; no reply */
	VMM_OP_POPULATE = 4, /* service-VM: MR0 = IPA; map the RAM there; WIRE_ENOENT: none */
	/*
	 * MR0 = n, a vCPU that does not execute: replace the VCPU object of vCPU n by a fresh one, bound to the same
	 * thread, VMPIDR and CNTVOFF as before. Only so can a reset VM get rid of list registers and a CPU interface
	 * that hold an interrupt its predecessor never finished. WIRE_ENOSYS: not offered, the VMM makes do.
	 */
	VMM_OP_VCPU_RENEW = 5,
};

#endif
