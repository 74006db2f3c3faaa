/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Service-VM (selkie.ko) -> root: discovery and control requests.
 *
 * Discovery. The service-VM's device tree has a node compatible "selkie,kvm-1": reg = the window (below),
 * interrupts = the doorbell. SMCCC calls by SMC (answered by the service-VM's VMM) confirm it:
 *
 *	SELKIE_SMC_UID		x0..x3 = SELKIE_UID0..3
 *	SELKIE_SMC_INFO		x0 = SELKIE_CTL_VERSION, x1 = seL4 system call number of Call,
 *				x2 = of Send (both as signed 64-bit), x3 = SELKIE_NOTICE_* bits: what
 *				this service-VM has done since it started. A new bit raises the
 *				doorbell, although no user-VM has an event then.
 *
 * Lending. HVC with x0 = SELKIE_HVC_LEND and x7 = 0 (not a system call number) leaves the processor to user-VMs, as WFI does.
 * It returns, x0 = 0, when an interrupt is pending for this vCPU, masked or not, or when the VMM of a user-VM rings: a vCPU
 * that lends looks at the event words (wire/uvm.h) of all user-VMs then, and no doorbell interrupt is raised. It may also
 * return for no reason.
 *
 * Capabilities. `hvc #0` at EL1 enters seL4's system call path with the CSpace of the service-VM's vCPU
 * threads (x7 = system call number, x0 = capability address, x1 = message info, x2..x5 = MR0..MR3). It holds
 *
 *	SELKIE_CAP_CONTROL		root's endpoint, badged with this service-VM
 *	SELKIE_CAP_DOORBELL + vm	the notification of the VMM of user-VM `vm`, while it exists
 *
 * Control request: Call on SELKIE_CAP_CONTROL, label = enum ctl_op, 4 message registers. Reply: label = enum
 * wire_status, 4 message registers. Words beyond the length of a message count as zero. Root serves one request at a time; the vCPU waits meanwhile.
 * Doorbell: Send on SELKIE_CAP_DOORBELL + vm with message info 0. It does not wait.
 *
 * Window. First CTL_AREA_SIZE bytes: struct ctl_area, written by the module before a request that names it,
 * read (copied once, then checked) or written by root during the request, owned by the module otherwise:
 * the module serialises its requests. Then one region of UVM_REGION_SIZE per user-VM (wire/uvm.h):
 * region of user-VM `vm` at CTL_AREA_SIZE + vm * UVM_REGION_SIZE, mapped while the VM exists.
 *
 *	module                                root
 *	CTL_HELLO(version)              ->    checks the version, destroys what an earlier kernel left
 *	CTL_VM_CREATE(area.create)      ->    takes objects under the quota, builds VMM and vCPUs (stopped)
 *	... wire/uvm.h ...
 *	CTL_MEM_MAP / CTL_MEM_UNMAP     ->    maps copies of the service-VM's own frames
 *	CTL_VM_DESTROY(vm)              ->    revokes everything; the region is gone when the reply arrives
 */
#ifndef WIRE_CTL_H
#define WIRE_CTL_H

#include "wire/status.h"
#include "wire/types.h"
#include "wire/uvm.h"

#define SELKIE_CTL_VERSION 1u

/* SMC Calling Convention, vendor specific hypervisor service range (DEN 0028, fast calls, SMC32). */
#define SELKIE_SMC_UID 0x8600ff01u
#define SELKIE_SMC_INFO 0x86000001u
#define SELKIE_HVC_LEND 0x86000002u
/* d5b3a0f4-6c1e-4b57-9e0a-73656c6b6965, as SMCCC returns a UUID: little-endian words */
#define SELKIE_UID0 0xf4a0b3d5u
#define SELKIE_UID1 0x574b1e6cu
#define SELKIE_UID2 0x65730a9eu
#define SELKIE_UID3 0x65696b6cu

/* It has written a register to use debug or PMU hardware, which no VM has (docs/registers.md). */
#define SELKIE_NOTICE_DEBUG 1u

#define SELKIE_CSPACE_BITS 8
#define SELKIE_CAP_CONTROL 1u
#define SELKIE_CAP_DOORBELL 16u
#define CTL_MAX_VMS 64u /* user-VMs of one service-VM at a time; the quota may be lower */

enum ctl_op {
	/*
	 * MR0 = SELKIE_CTL_VERSION -> MR0 = version, MR1 = most user-VMs, MR2 = granule of RAM in bytes, MR3 = 0. A module
	 * that begins: user-VMs of one that did not end in order (another kernel's) are destroyed.
	 */
	CTL_HELLO = 1,
	/* area.create -> MR0 = vm (0..CTL_MAX_VMS - 1) */
	CTL_VM_CREATE = 2,
	/* MR0 = vm */
	CTL_VM_DESTROY = 3,
	/*
	 * MR0 = vm, MR1 = IPA in the user-VM (page aligned), MR2 = pages (1..CTL_MAX_PAGES),
	 * MR3 = CTL_MAP_* -> MR0 = entries done. area.page[i] = IPA in the service-VM of page i, or
	 * CTL_PAGE_NONE to leave that page out. A page that is mapped already stays as it is when it is the same
	 * frame with the same access, else WIRE_EEXIST. Stops at the first error; the MR0 entries before it are done.
	 */
	CTL_MEM_MAP = 4,
	/* MR0 = vm, MR1 = IPA, MR2 = pages (any number) -> all gone from the user-VM's address space and TLB */
	CTL_MEM_UNMAP = 5,
	/* -> area.counters */
	CTL_COUNTERS = 6,
	/* MR0 = most bytes (..CTL_TEXT_SIZE) -> MR0 = bytes now in area.text: the oldest unread log text */
	CTL_LOG_READ = 7,
	/* system description with test-hooks only: MR0 = vm or CTL_SELF, MR1 = enum ctl_test: what happens to its VMM */
	CTL_TEST = 8,
	/* MR0 = vm or CTL_SELF -> area.vm_stats */
	CTL_VM_STATS = 9,
};
#define CTL_SELF UINT64_MAX

enum ctl_test {
	CTL_TEST_CRASH = 0, /* it faults */
	CTL_TEST_STOP = 1, /* it does not execute any more: nobody is answered */
	CTL_TEST_GO_ON = 2, /* it executes again */
};

#define CTL_MAP_WRITE 1u
#define CTL_MAP_EXEC 2u /* without it the frame is mapped execute-never */

#define CTL_MAX_PAGES 512u /* one 2 MiB block */
#define CTL_PAGE_NONE UINT64_MAX
#define CTL_TEXT_SIZE 4096u

#define CTL_NO_GIC UINT64_MAX

struct ctl_create {
	uint32_t vcpus; /* 1..WIRE_MAX_VCPUS */
	uint32_t ipa_bits; /* 32..40 */
	uint64_t gicd; /* IPA of the distributor (4 KiB aligned) or CTL_NO_GIC */
	uint64_t gicc; /* of the CPU interface (4 KiB aligned), two pages; ignored without GIC */
	uint32_t intids; /* 64..1020, multiple of 32 */
	uint32_t reserved; /* zero */
	uint64_t mpidr[WIRE_MAX_VCPUS]; /* VMPIDR_EL2 of each vCPU */
};

/*
 * Root's books. Every value is exact; with the same set of VMs the same values come back, whatever
 * happened in between. The first service-VM reads those of the machine. To another one the pool and ASIDs read as zero,
 * and objects, slots and VMs are its own and those of its user-VMs.
 */
struct ctl_counters {
	uint64_t untyped_free; /* bytes in root's pool that no object holds */
	uint64_t untyped_total;
	uint64_t objects; /* kernel objects root made and still holds */
	uint64_t slots_used; /* capability slots in use */
	uint64_t asids_used;
	uint64_t vms; /* VMs of all kinds */
	uint64_t quota_free; /* bytes this service-VM may still take */
	uint64_t frames_shared; /* frames of this service-VM mapped in its user-VMs */
	uint64_t restarts; /* of this service-VM (the one value that only grows) */
	uint64_t reserved[7];
};
WIRE_ASSERT(sizeof(struct ctl_counters) == 128);

/*
 * Of one VM. Times only grow; they are what seL4 charged to the threads' scheduling contexts: from the switch to a thread until
 * the switch away from it, the kernel's work on its behalf included. Rounded down to a microsecond at each request.
 */
struct ctl_vm_stats {
	uint64_t objects; /* kernel objects */
	uint64_t bytes; /* memory of root's pool they are made of */
	uint64_t frames_shared; /* user-VM: frames of the service-VM mapped in it */
	uint64_t vmm_us; /* the VMM's thread */
	uint64_t vcpu_us[WIRE_MAX_VCPUS]; /* 0 for a vCPU that does not exist */
	uint64_t reserved[4];
};
WIRE_ASSERT(sizeof(struct ctl_vm_stats) == 128);

struct ctl_area {
	union {
		struct ctl_create create;
		struct ctl_counters counters;
		struct ctl_vm_stats vm_stats;
		uint64_t page[CTL_MAX_PAGES];
		char text[CTL_TEXT_SIZE];
	};
};
WIRE_ASSERT(sizeof(struct ctl_area) == WIRE_PAGE_SIZE);

#define CTL_AREA_SIZE 0x10000u /* the area's page, the rest is not mapped */
#define CTL_WINDOW_SIZE (CTL_AREA_SIZE + CTL_MAX_VMS * UVM_REGION_SIZE)

#endif
