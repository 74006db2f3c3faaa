/* SPDX-License-Identifier: BSD-2-Clause */
/* SMC Calling Convention: who answers which function id (DEN 0028). HVC and SMC are the same here. */
#include "arch/smccc.h"
#include "vmm/vmm.h"
#include "wire/ctl.h"

/* SMCCC_ARCH_FEATURES, DEN 0028 7.3: of the workarounds none is offered, the hardware is what it is. */
static int64_t arch_features(uint32_t function)
{
	switch (function) {
	case SMCCC_VERSION:
	case SMCCC_ARCH_FEATURES:
		return 0;
	default:
		return SMCCC_NOT_SUPPORTED;
	}
}

/* Vendor specific hypervisor services: a service-VM's module finds Selkie. A user-VM finds nothing. */
static bool vendor_call(struct vcpu *v, uint64_t x[4])
{
	struct vm *vm = v->vm;

	if (!vm->service)
		return false;
	switch ((uint32_t)x[0]) {
	case SELKIE_SMC_UID:
		x[0] = SELKIE_UID0;
		x[1] = SELKIE_UID1;
		x[2] = SELKIE_UID2;
		x[3] = SELKIE_UID3;
		return true;
	case SELKIE_SMC_INFO:
		x[0] = SELKIE_CTL_VERSION;
		x[1] = vm->boot->sys_call;
		x[2] = vm->boot->sys_send;
		x[3] = vm->debug_wanted ? SELKIE_NOTICE_DEBUG : 0;
		return true;
	case SELKIE_HVC_LEND:
		x[0] = SMCCC_SUCCESS;
		vtimer_wfi(v, 0);
		v->lends = v->wfi;
		return true;
	default:
		return false;
	}
}

void smccc_call(struct vcpu *v, uint64_t x[4])
{
	switch ((uint32_t)x[0]) {
	case SMCCC_VERSION:
		x[0] = SMCCC_VERSION_1_1;
		return;
	case SMCCC_ARCH_FEATURES:
		x[0] = (uint64_t)arch_features((uint32_t)x[1]);
		return;
	default:
		break;
	}
	if (psci_call(v, x) || vendor_call(v, x))
		return;
	x[0] = (uint64_t)SMCCC_NOT_SUPPORTED;
}
