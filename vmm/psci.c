/* SPDX-License-Identifier: BSD-2-Clause */
/* Power State Coordination Interface 1.1 (DEN 0022) for the VM's vCPUs. */
#include "arch/psci.h"
#include "arch/pstate.h"
#include "arch/smccc.h"
#include "vmm/vmm.h"

/* struct kvm_run system_event: types and the flag of RESET2 (Linux uapi/linux/kvm.h, asm/kvm.h) */
#define KVM_SYSTEM_EVENT_SHUTDOWN 1
#define KVM_SYSTEM_EVENT_RESET 2
#define KVM_SYSTEM_EVENT_RESET_FLAG_PSCI_RESET2 1

static int64_t features(uint32_t function)
{
	switch (function) {
	case PSCI_VERSION:
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | PSCI_SMC64:
	case PSCI_CPU_OFF:
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | PSCI_SMC64:
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | PSCI_SMC64:
	case PSCI_MIGRATE_INFO_TYPE:
	case PSCI_SYSTEM_OFF:
	case PSCI_SYSTEM_RESET:
	case PSCI_FEATURES:
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2 | PSCI_SMC64:
	case SMCCC_VERSION:
		return PSCI_SUCCESS;
	default:
		return PSCI_NOT_SUPPORTED;
	}
}

static int64_t cpu_on(struct vm *vm, uint64_t target, uint64_t entry, uint64_t context)
{
	if (target & ~MPIDR_AFFINITY)
		return PSCI_INVALID_PARAMETERS;
	for (unsigned i = 0; i < vm->vcpus; i++) {
		struct vcpu *t = &vm->vcpu[i];

		if ((t->mpidr & MPIDR_AFFINITY) != target)
			continue;
		if (t->start_pending)
			return PSCI_ON_PENDING;
		if (t->on)
			return PSCI_ALREADY_ON;
		if (entry % 4)
			return PSCI_INVALID_ADDRESS;
		t->on = true;
		t->start_pending = true;
		t->start_entry = entry;
		t->start_context = context;
		uvm_power(t);
		vcpu_touch(t);
		return PSCI_SUCCESS;
	}
	return PSCI_INVALID_PARAMETERS;
}

/* DEN 0022 5.7: of the cores below a node at `level`, is one on? */
static int64_t affinity_info(struct vm *vm, uint64_t target, uint64_t level)
{
	int64_t info = PSCI_INVALID_PARAMETERS;
	uint64_t mask;

	if (level > 3 || (target & ~MPIDR_AFFINITY))
		return PSCI_INVALID_PARAMETERS;
	/* Aff3 is not next to Aff2 */
	mask = MPIDR_AFFINITY & (level == 3 ? ~UINT64_C(0xffffff) : UINT64_MAX << 8 * level);
	for (unsigned i = 0; i < vm->vcpus; i++) {
		const struct vcpu *t = &vm->vcpu[i];

		if ((t->mpidr & mask) != (target & mask))
			continue;
		if (t->start_pending && info != PSCI_AFFINITY_ON)
			info = PSCI_AFFINITY_ON_PENDING;
		else if (t->on)
			info = PSCI_AFFINITY_ON;
		else if (info == PSCI_INVALID_PARAMETERS)
			info = PSCI_AFFINITY_OFF;
	}
	return info;
}

/* Off or reset of the whole VM. Of a service-VM it does not come back. */
static void system_event(struct vcpu *v, uint64_t x[4], bool reset, uint64_t data)
{
	if (v->vm->service)
		service_system(v->vm, reset ? VMM_OP_SYSTEM_RESET : VMM_OP_SYSTEM_OFF);
	/* What the guest sees should user space let it go on. */
	x[0] = (uint64_t)PSCI_INTERNAL_FAILURE;
	uvm_system(v, reset ? KVM_SYSTEM_EVENT_RESET : KVM_SYSTEM_EVENT_SHUTDOWN, data);
}

static void system_reset2(struct vcpu *v, uint64_t x[4], uint32_t type)
{
	if (type != PSCI_RESET2_WARM && !(type & PSCI_RESET2_VENDOR)) {
		x[0] = (uint64_t)PSCI_INVALID_PARAMETERS;
		return;
	}
	system_event(v, x, true, KVM_SYSTEM_EVENT_RESET_FLAG_PSCI_RESET2);
}

bool psci_call(struct vcpu *v, uint64_t x[4])
{
	uint32_t function = (uint32_t)x[0];
	uint64_t mask = function & PSCI_SMC64 ? UINT64_MAX : UINT32_MAX;
	uint64_t a1 = x[1] & mask, a2 = x[2] & mask, a3 = x[3] & mask;

	switch (function) {
	case PSCI_VERSION:
		x[0] = PSCI_VERSION_1_1;
		return true;
	case PSCI_FEATURES:
		x[0] = (uint64_t)features((uint32_t)a1);
		return true;
	case PSCI_CPU_SUSPEND:
	case PSCI_CPU_SUSPEND | PSCI_SMC64:
		/* DEN 0022 5.4: any power state may be answered like a WFI */
		x[0] = PSCI_SUCCESS;
		vtimer_wfi(v, 0);
		return true;
	case PSCI_CPU_OFF:
		v->on = false;
		uvm_power(v);
		return true;
	case PSCI_CPU_ON:
	case PSCI_CPU_ON | PSCI_SMC64:
		x[0] = (uint64_t)cpu_on(v->vm, a1, a2, a3);
		return true;
	case PSCI_AFFINITY_INFO:
	case PSCI_AFFINITY_INFO | PSCI_SMC64:
		x[0] = (uint64_t)affinity_info(v->vm, a1, a2);
		return true;
	case PSCI_MIGRATE_INFO_TYPE:
		x[0] = PSCI_TOS_NOT_PRESENT;
		return true;
	case PSCI_SYSTEM_OFF:
		system_event(v, x, false, 0);
		return true;
	case PSCI_SYSTEM_RESET:
		system_event(v, x, true, 0);
		return true;
	case PSCI_SYSTEM_RESET2:
	case PSCI_SYSTEM_RESET2 | PSCI_SMC64:
		system_reset2(v, x, (uint32_t)a1);
		return true;
	default:
		return false;
	}
}
