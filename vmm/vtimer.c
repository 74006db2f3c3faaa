/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's virtual timer. While the vCPU executes the hardware watches it and the kernel reports its expiry; while
 * it waits in WFI the timer stands still and root's timer service wakes it (wire/vmm.h, struct vmm_clock).
 */
#include "arch/pstate.h"
#include "vmm/vmm.h"

/* WFI that trap again at once, their deadline in the past, before the instruction is skipped. */
#define WFI_RETRIES 2

#define VTIMER_BIT (1u << PPI_VTIMER)

/* CNTPCT at which the timer would interrupt the guest; VMM_NO_DEADLINE if never. */
static uint64_t deadline(struct vcpu *v, uint64_t now)
{
	const struct vgic_bank *b = &v->vm->vgic.cpu[v->id].bank;
	uint64_t count = now - v->cntvoff;
	uint64_t ctl, cval;

	/* Not enabled, or reported already: it will not interrupt (again) by itself. */
	if (!(b->enabled & VTIMER_BIT) || ((b->line | b->in_lr) & VTIMER_BIT))
		return VMM_NO_DEADLINE;
	ctl = hw_sys_read(v->id, UVM_SYS_CNTV_CTL);
	if ((ctl & (CNT_CTL_ENABLE | CNT_CTL_IMASK)) != CNT_CTL_ENABLE)
		return VMM_NO_DEADLINE;
	cval = hw_sys_read(v->id, UVM_SYS_CNTV_CVAL);
	if (cval <= count)
		return now;
	return cval - count < VMM_NO_DEADLINE - now ? now + (cval - count) : VMM_NO_DEADLINE;
}

void vtimer_wfi(struct vcpu *v, uint32_t esr)
{
	struct vgic_cpu *c = &v->vm->vgic.cpu[v->id];
	uint64_t now = hw_count();

	/*
	 * Something went into a list register since the last WFI and has not come out: it may be pending there.
	 * Once round, the hardware knows whether to wait (it may trap even so, Arm ARM D1.17 WFI).
	 */
	if (c->fresh) {
		c->fresh = 0;
		return;
	}
	v->deadline = deadline(v, now);
	if (v->deadline <= now) {
		/* Resumed, the timer fires; a timer slower than the way back to the WFI must not trap us. */
		v->deadline = VMM_NO_DEADLINE;
		if (!esr || v->wfi_retry++ < WFI_RETRIES)
			return;
		v->wfi_retry = 0;
		vcpu_skip(v, esr);
		return;
	}
	v->wfi_retry = 0;
	v->wfi = true;
	v->stats->halt -= now;
	v->vm->clock_due = true;
}

void vtimer_expired(struct vm *vm)
{
	uint64_t now = hw_count();

	for (unsigned i = 0; i < vm->vcpus; i++) {
		struct vcpu *v = &vm->vcpu[i];

		if (v->deadline > now)
			continue;
		/* It goes on at its WFI, and its timer, restored with it, interrupts it there. */
		vcpu_wake(v);
		vcpu_touch(v);
	}
	vm->clock_due = true;
}

void vtimer_publish(struct vm *vm)
{
	uint64_t earliest = vm->ring_deadline;
	uint64_t generation;

	vm->clock_due = false;
	for (unsigned i = 0; i < vm->vcpus; i++) {
		if (vm->vcpu[i].deadline < earliest)
			earliest = vm->vcpu[i].deadline;
	}
	if (earliest == vm->rt->deadline)
		return;
	vm->rt->deadline = earliest;
	if (earliest == VMM_NO_DEADLINE)
		return;
	/*
	 * The timer thread reads deadlines after it bumped the generation and before it programs CNTP. Either it
	 * sees ours, or we see its generation or its CNTP_CVAL.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	generation = vm->clock->generation;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (earliest >= hw_cntp_cval())
		return;
	hw_cntp_cval_write(earliest);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vm->clock->generation != generation)
		hw_timer_signal();
}

void vtimer_fired(struct vcpu *v)
{
	v->wfi_retry = 0;
	if (v->vm->vgic.present)
		vgic_line(&v->vm->vgic, v->id, PPI_VTIMER, true);
}
