/* SPDX-License-Identifier: BSD-2-Clause */
/* Role user: private state beside the shared region. */
#ifndef VMM_UVM_H
#define VMM_UVM_H

#include "vmm/ioevent.h"
#include "vmm/vmm.h"

/* A vCPU's way back to the module. */
struct uvm_back {
	bool due; /* give the slot back as soon as the thread stands still */
	uint32_t exit; /* enum uvm_exit */
	bool busy; /* the slot's word */
};

struct uvm {
	struct uvm_vm *shared;
	struct uvm_ioevent *table; /* shared */
	struct uvm_vcpu *slot[WIRE_MAX_VCPUS]; /* shared */
	uint32_t raised; /* UVM_EVENT_* not yet in the shared word */
	uint32_t later; /* the same, those that may wait for the guest's next pause */
	struct uvm_back back[WIRE_MAX_VCPUS];
	struct ioevent_table ioevents;
};

#endif
