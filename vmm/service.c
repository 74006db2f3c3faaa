/* SPDX-License-Identifier: BSD-2-Clause */
/* Role service-VM: RAM and devices are mapped by root, the rest is not there. */
#include "vmm/vmm.h"

void service_start(struct vm *vm)
{
	struct vcpu *v = &vm->vcpu[0];

	for (unsigned i = 0; i < vm->vcpus; i++)
		vm->vcpu[i].owned = true;
	v->on = true;
	vcpu_start_at(v, vm->boot->entry, vm->boot->dtb);
	vcpu_touch(v);
}

void service_doorbell(struct vm *vm)
{
	bool told = false;

	for (unsigned i = 0; i < vm->vcpus; i++) {
		struct vcpu *v = &vm->vcpu[i];

		if (!v->lends)
			continue;
		vcpu_wake(v);
		vcpu_touch(v);
		told = true;
	}
	if (!told)
		vgic_pulse(&vm->vgic, 0, vm->boot->doorbell_intid);
}

void service_notice(struct vm *vm)
{
	vgic_pulse(&vm->vgic, 0, vm->boot->doorbell_intid);
}

void service_abort(struct vcpu *v, const struct access *a, uint32_t esr, uint64_t ipa)
{
	v->stats->abort++;
	if (!a->walk && !a->permission && hw_root_call(VMM_OP_POPULATE, ipa) == WIRE_OK)
		return;
	fault_guest_error(v, "nothing there", v->pc, ipa);
	inject_abort(v, esr, ipa);
}

void service_system(struct vm *vm, unsigned op)
{
	vmm_log(vm, VMM_LOG_INFO, "PSCI %s", op == VMM_OP_SYSTEM_OFF ? "off" : "reset");
	hw_root_call(op, 0);
	hw_fail(HW_FAIL_MESSAGE);
}
