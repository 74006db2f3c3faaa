/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VMs: a guest address space with its vCPUs, and the VMM process that watches them. Built from an
 * arena of its own, destroyed by destroying that.
 */
#ifndef ROOT_VM_H
#define ROOT_VM_H

#include "root/log.h"
#include "root/vspace.h"
#include "wire/ctl.h"
#include "wire/vmm.h"

#define VM_MAX 128u

enum vm_state {
	VM_FREE = 0,
	VM_BUILT, /* objects exist, the VMM does not run yet */
	VM_RUNNING,
	VM_DEAD, /* its VMM failed: all threads stopped, objects still there */
};

struct service;

struct vm {
	uint8_t state; /* enum vm_state */
	uint8_t role; /* enum vmm_role */
	uint8_t vcpus;
	uint16_t number; /* index in root's table, for badges and logs */
	uint16_t user; /* user-VM: number its service-VM knows it by */
	struct service *service; /* the service-VM it is, or belongs to */
	struct arena arena;
	struct vspace space; /* the guest's */
	struct vspace vmm_space;
	/* capabilities of root's, in the arena */
	seL4_CPtr vmm_tcb, vmm_cnode, vmm_ntfn, fault_ep, guest_cnode;
	seL4_CPtr tcb[WIRE_MAX_VCPUS], vcpu[WIRE_MAX_VCPUS];
	seL4_CPtr vmm_sc, sc[WIRE_MAX_VCPUS]; /* scheduling contexts */
	uint64_t vmm_us, vcpu_us[WIRE_MAX_VCPUS]; /* used, as of the last vm_count_time() */
	seL4_CPtr vcpu_untyped
		[WIRE_MAX_VCPUS]; /* what vcpu[] is made of, so that it can be made anew */
	uint64_t mpidr[WIRE_MAX_VCPUS];
	seL4_CPtr region[UVM_PAGES]; /* user-VM: frames of the shared region, mapped in the VMM */
	/* root's view of the VMM's pages; boot is written before start only */
	struct vmm_boot *boot;
	struct vmm_rt *rt;
	struct vmm_log *log;
	struct uvm_vm *shared; /* user-VM */
	struct log_source log_source;
	/* user-VM: blocks of guest memory, linked leaves of mem.c */
	uint16_t mem_leaf;
	uint64_t mem_frames;
	uint64_t gicc; /* IPA of the two GICV pages, CTL_NO_GIC without */
	unsigned int ipa_bits; /* user-VM */
	seL4_CPtr bell; /* user-VM: notification of its service-VM's VMM, VMM_EVENT_DOORBELL */
	seL4_CPtr timer_cap; /* own notification, VMM_EVENT_TIMER */
	struct ctl_area *area; /* service-VM: the control area */
};

struct vm_params {
	enum vmm_role role;
	unsigned int vcpus;
	uint64_t mpidr[WIRE_MAX_VCPUS];
	uint64_t gicd, gicc; /* CTL_NO_GIC: none */
	uint32_t intids;
	unsigned int vcpu_priority;
	uint64_t timeslice_us;
	unsigned int ipa_bits;
	struct service *service;
	unsigned int user;
	struct quota *quota; /* NULL: none */
};

/* Badges on root's endpoint: what the message is, and which VM it is from. */
enum vm_badge {
	VM_BADGE_EVENT = 0, /* root's own notification */
	VM_BADGE_CALL = 1, /* call of a VMM */
	VM_BADGE_FAULT = 2, /* fault of a VMM */
	VM_BADGE_CONTROL = 3, /* control request of a service-VM */
};
#define VM_BADGE_KIND_SHIFT 32
static inline seL4_Word vm_badge(enum vm_badge kind, const struct vm *vm)
{
	return (seL4_Word)kind << VM_BADGE_KIND_SHIFT | vm->number;
}

/*
 * What every VM shares: root's endpoint, GICV frames, the timer's notification. Once. False: the
 * pages at `gicv_base` can not be had.
 */
bool vm_init(seL4_CPtr endpoint, uint64_t gicv_base);

/*
 * Build a VM up to, not including, the start of its VMM: the boot page holds what follows from `p`,
 * the rest is the caller's. NULL: memory, quota or VMs exhausted; everything is as before.
 */
struct vm *vm_build(const struct vm_params *p);
/* Let the VMM run. */
void vm_start(struct vm *vm);
/* Stop all its threads; objects stay. The VM counts as dead. */
void vm_stop(struct vm *vm);
/* Take everything back. */
void vm_destroy(struct vm *vm);

/*
 * A fresh VCPU object for vCPU `n`, whose thread does not run (VMM_OP_VCPU_RENEW). False: no such
 * vCPU.
 */
bool vm_renew_vcpu(struct vm *vm, uint64_t n);

/* Bring vmm_us and vcpu_us up to date. */
void vm_count_time(struct vm *vm);

/* Does the page at `ipa` belong to the CPU interface? */
static inline bool vm_is_gicv(const struct vm *vm, uint64_t ipa)
{
	return vm->gicc != CTL_NO_GIC && ipa - vm->gicc < 2 * WIRE_PAGE_SIZE;
}

/* VM `number`, or NULL when there is none. */
struct vm *vm_get(uint64_t number);
unsigned int vm_count(void);

/* Give the VMM a capability of its own: into slot `index` of its CNode. */
bool vm_grant(struct vm *vm, unsigned int index, seL4_CPtr src, seL4_CapRights_t rights);
bool vm_grant_badged(struct vm *vm, unsigned int index, seL4_CPtr src, seL4_CapRights_t rights,
		     seL4_Word badge);

/*
 * A copy of `src`, rights `rights`, badge `badge` (0: as it is), in the VM's arena: its slot or 0.
 */
seL4_CPtr vm_copy(struct vm *vm, seL4_CPtr src, seL4_CapRights_t rights, seL4_Word badge);

/* Take what the VMM logged. */
void vm_drain_log(struct vm *vm);

#endif
