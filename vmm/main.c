/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages of the kernel, and what has to be done after each. */
#include "vmm/vmm.h"

static bool boot_valid(const struct vmm_boot *b)
{
	return b->magic == VMM_BOOT_MAGIC && b->version == VMM_WIRE_VERSION &&
	       (b->role == VMM_ROLE_SERVICE || b->role == VMM_ROLE_USER) && b->vcpus >= 1 &&
	       b->vcpus <= WIRE_MAX_VCPUS && b->irqs <= VMM_MAX_IRQS && b->list_regs >= 1 &&
	       (b->gicd == UINT64_MAX || (b->spis >= 64 && b->spis <= 1024));
}

bool vmm_init(struct vm *vm, const struct vmm_boot *boot, struct vmm_rt *rt,
	      const struct vmm_clock *clock, struct vmm_log *log, void *shared, struct uvm *uvm)
{
	if (!boot_valid(boot))
		return false;
	vm->boot = boot;
	vm->rt = rt;
	vm->clock = clock;
	vm->log = log;
	vm->service = boot->role == VMM_ROLE_SERVICE;
	vm->vcpus = (uint8_t)boot->vcpus;
	vm->gicd = boot->gicd;
	vm->replies_free = (2u << vm->vcpus) - 1;
	vm->log_tokens = 1;
	rt->deadline = VMM_NO_DEADLINE;
	vm->ring_deadline = VMM_NO_DEADLINE;
	for (unsigned i = 0; i < vm->vcpus; i++) {
		struct vcpu *v = &vm->vcpu[i];

		v->vm = vm;
		v->id = (uint8_t)i;
		v->thread = VCPU_STOPPED;
		v->deadline = VMM_NO_DEADLINE;
		v->mpidr = hw_sys_read(i, UVM_SYS_VMPIDR);
		v->cntvoff = hw_sys_read(i, UVM_SYS_CNTVOFF);
		v->stats = &vm->own_stats[i];
		sysreg_reset(v);
	}
	vgic_init(&vm->vgic, boot->vcpus, boot->spis, boot->list_regs);
	vm->vgic.present = boot->gicd != UINT64_MAX;
	irq_fwd_init(vm);
	if (vm->service)
		service_start(vm);
	else
		uvm_start(vm, shared, uvm);
	vmm_log(vm, VMM_LOG_INFO, "%s-VM %u: %u vCPU, %u INTIDs, %u list registers",
		vm->service ? "service" : "user", boot->vm, boot->vcpus, boot->spis,
		boot->list_regs);
	return true;
}

static void events(struct vm *vm, uint64_t badge)
{
	if (badge & VMM_EVENT_TIMER)
		vtimer_expired(vm);
	if (badge & VMM_EVENT_DOORBELL) {
		if (vm->service)
			service_doorbell(vm);
		else
			uvm_doorbell(vm);
	}
	if (vm->service && badge >> VMM_EVENT_IRQ_SHIFT)
		irq_fwd_events(vm, badge);
}

void vmm_message(struct vm *vm, const struct hw_msg *m, unsigned reply)
{
	struct vcpu *v;

	if (!(m->badge & VMM_BADGE_FAULT)) {
		events(vm, m->badge);
		return;
	}
	if ((m->badge & ~VMM_BADGE_FAULT) >= vm->vcpus)
		hw_fail(HW_FAIL_MESSAGE);
	v = &vm->vcpu[m->badge & ~VMM_BADGE_FAULT];
	v->thread = VCPU_HELD;
	v->reply = (uint8_t)reply;
	vm->replies_free &= ~(1u << reply);
	vm->rt->heartbeat++;
	v->stats->exits++;
	vcpu_touch(v);
	fault_message(v, m);
}

void vmm_settle(struct vm *vm)
{
	uint32_t todo;

	/* Filling a list register may finish another interrupt and so touch another vCPU. */
	while ((todo = vm->touched | vm->vgic.dirty)) {
		vm->touched = 0;
		vm->vgic.dirty = 0;
		for (; todo; todo &= todo - 1)
			vcpu_settle(&vm->vcpu[__builtin_ctz(todo)]);
	}
	if (!vm->service)
		uvm_settle(vm);
	if (vm->clock_due)
		vtimer_publish(vm);
}

void vmm_stop(struct vm *vm)
{
	vm->stop_wanted = false;
	for (unsigned i = 0; i < vm->vcpus; i++) {
		struct vcpu *v = &vm->vcpu[i];

		if (v->thread != VCPU_RUNNING || vcpu_wants_to_run(v))
			continue;
		hw_thread_suspend(i);
		v->thread = VCPU_STOPPED;
		vcpu_touch(v);
	}
}
