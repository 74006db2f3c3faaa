/* SPDX-License-Identifier: BSD-2-Clause */
/* Control requests of a service-VM (wire/ctl.h). Everything in them is hostile. */
#ifndef ROOT_CTL_H
#define ROOT_CTL_H

#include "root/vm.h"

#define CTL_MRS 4u

/* Root's endpoint, for the capability the service-VM calls on. Once. */
void ctl_init(seL4_CPtr endpoint);

/*
 * Prepare the service-VM `vm`, just built: control area, window, control capability. False: out of
 * memory.
 */
bool ctl_attach(struct vm *vm);

/*
 * Serve the request `op` of the service-VM `vm`; mr[] = its message registers, then those of the
 * answer.
 */
enum wire_status ctl_serve(struct vm *vm, uint64_t op, uint64_t mr[CTL_MRS]);

/* A user-VM's VMM failed: stop the VM and tell the module. */
void ctl_user_failed(struct vm *vm);

/* Destroy all user-VMs of the service-VM `vm`. */
void ctl_detach(struct vm *vm);

#endif
