/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts with a source outside the vGIC that keeps quiet until the guest is done: passed-through interrupts (the
 * kernel masks the line until IRQHandler_Ack) and the virtual timer (until AckVPPI). Both fire again by
 * themselves when their cause is still there, so their line in the vGIC is high from firing to EOI.
 */
#include "vmm/vmm.h"

static bool renew(void *owner, unsigned cpu)
{
	struct vm *vm = owner;

	return vcpu_renew(&vm->vcpu[cpu]);
}

void irq_fwd_init(struct vm *vm)
{
	vm->vgic.owner = vm;
	vm->vgic.done = irq_fwd_done;
	vm->vgic.renew = renew;
	for (unsigned i = 0; i < vm->vcpus; i++)
		vgic_hook(&vm->vgic, i, PPI_VTIMER);
	if (!vm->service)
		return;
	for (unsigned i = 0; i < vm->boot->irqs; i++) {
		vgic_hook(&vm->vgic, 0, vm->boot->irq[i].intid);
		/* It may have fired for the VM that was here before. */
		hw_irq_ack(i);
	}
}

void irq_fwd_events(struct vm *vm, uint64_t badge)
{
	uint64_t fired = badge >> VMM_EVENT_IRQ_SHIFT;

	for (; fired; fired &= fired - 1) {
		unsigned i = (unsigned)__builtin_ctzll(fired);

		if (i < vm->boot->irqs)
			vgic_line(&vm->vgic, 0, vm->boot->irq[i].intid, true);
	}
}

void irq_fwd_done(void *owner, unsigned cpu, unsigned intid)
{
	struct vm *vm = owner;

	if (intid == PPI_VTIMER) {
		vgic_line(&vm->vgic, cpu, intid, false);
		hw_vppi_ack(cpu, intid);
		return;
	}
	if (!vm->service) {
		uvm_eoi(vm, intid);
		return;
	}
	for (unsigned i = 0; i < vm->boot->irqs; i++) {
		if (vm->boot->irq[i].intid == intid) {
			vgic_line(&vm->vgic, cpu, intid, false);
			hw_irq_ack(i);
			return;
		}
	}
}
