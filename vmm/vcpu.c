/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs: registers, and their threads' way between running, held and stopped. */
#include "arch/pstate.h"
#include "vmm/vmm.h"

/* A transfer of this many registers has pc, SP_EL0, SPSR and x0..x8. */
#define ANSWER_TRANSFER (HW_REG_X0 + 4)

void vcpu_settle(struct vcpu *v)
{
	struct vm *vm = v->vm;
	uint32_t bit = 1u << v->id;

	if (v->on && v->owned && vm->vgic.cpu[v->id].check) {
		unsigned n = vgic_flush(&vm->vgic, v->id);

		v->stats->injected += n;
		/* Of the service-VM: it may stand behind a user-VM's vCPU, which its ring has woken. */
		if (n && vm->service && v->thread == VCPU_RUNNING)
			hw_thread_front(v->id, vm->boot->vcpu_priority);
		if (n && v->wfi)
			vcpu_wake(v);
	}
	if (!vcpu_wants_to_run(v)) {
		vm->ready &= ~bit;
		if (v->thread == VCPU_RUNNING)
			vm->stop_wanted = true;
		return;
	}
	if (v->start_pending)
		vcpu_start_at(v, v->start_entry, v->start_context);
	if (v->thread == VCPU_HELD) {
		vm->ready |= bit;
	} else if (v->thread == VCPU_STOPPED) {
		hw_thread_resume(v->id);
		v->thread = VCPU_RUNNING;
	}
}

void vcpu_start_at(struct vcpu *v, uint64_t entry, uint64_t context)
{
	uint64_t *w = v->regs;

	for (unsigned i = 0; i < HW_REG_COUNT; i++)
		w[i] = 0;
	w[HW_REG_PC] = entry;
	w[HW_REG_SPSR] = PSTATE_RESET;
	w[HW_REG_X0] = context;
	hw_regs_write(v->id, HW_REG_COUNT, w);
	for (unsigned i = 0; i < UVM_SYS_COUNT; i++) {
		if (i == UVM_SYS_VMPIDR || i == UVM_SYS_CNTVOFF)
			continue;
		hw_sys_write(v->id, i, i == UVM_SYS_SCTLR ? SCTLR_EL1_RESET : 0);
	}
	sysreg_reset(v);
	v->answer_len = 0;
	v->start_pending = false;
	v->mmio.pending = false;
	vcpu_wake(v);
	v->wfi_retry = 0;
}

bool vcpu_renew(struct vcpu *v)
{
	uint64_t sys[UVM_SYS_COUNT];

	if (v->thread == VCPU_RUNNING)
		return false;
	vcpu_settle_answer(v);
	hw_regs_read(v->id, HW_REG_COUNT, v->regs);
	for (unsigned i = 0; i < UVM_SYS_COUNT; i++)
		sys[i] = hw_sys_read(v->id, i);
	if (v->thread == VCPU_HELD) {
		/* Its fault is forgotten with this; it restarts at the stored pc. */
		hw_thread_suspend(v->id);
		v->thread = VCPU_STOPPED;
		v->vm->replies_free |= 1u << v->reply;
		v->vm->ready &= ~(1u << v->id);
		vcpu_touch(v);
	}
	if (!hw_vcpu_renew(v->id))
		return false;
	for (unsigned i = 0; i < UVM_SYS_COUNT; i++) {
		if (i != UVM_SYS_VMPIDR)
			hw_sys_write(v->id, i, sys[i]);
	}
	hw_regs_write(v->id, HW_REG_COUNT, v->regs);
	return true;
}

void vcpu_settle_answer(struct vcpu *v)
{
	uint64_t *w = v->regs;

	if (!v->answer_len)
		return;
	v->answer_len = 0;
	hw_regs_read(v->id, ANSWER_TRANSFER, w);
	w[HW_REG_PC] = v->answer[VCPU_ANSWER_WORDS - 1];
	for (unsigned i = 0; i < 4; i++)
		w[HW_REG_X0 + i] = v->answer[i];
	hw_regs_write(v->id, ANSWER_TRANSFER, w);
}

uint64_t vcpu_gpr(struct vcpu *v, unsigned n)
{
	unsigned index;

	if (n > 30)
		return 0;
	index = decode_reg_index(n);
	hw_regs_read(v->id, index + 1, v->regs);
	return v->regs[index];
}

/*
 * Goes on behind the instruction of `insn` bytes at `pc`. Inside of an IT block of T32 code that takes a new SPSR, and the kernel
 * would not take an AArch32 one back: the guest gets an undefined instruction there. The SPSR is only looked at where AArch32
 * code can be.
 */
static void go_behind(struct vcpu *v, uint64_t pc, unsigned insn)
{
	uint64_t w[HW_REG_SPSR + 1];

	if (pc <= UINT32_MAX) {
		hw_regs_read(v->id, HW_REG_SPSR + 1, w);
		if (w[HW_REG_SPSR] & PSTATE_NRW && w[HW_REG_SPSR] & PSTATE_IT) {
			fault_guest_error(v, "trap in an IT block", pc, w[HW_REG_SPSR]);
			inject_undefined(v);
			return;
		}
	}
	hw_pc_write(v->id, pc + insn);
}

void vcpu_finish_access(struct vcpu *v, const struct access *a, uint64_t value)
{
	uint64_t *w = v->regs;
	unsigned index;

	if (a->write || a->reg > 30) {
		go_behind(v, v->pc, a->insn);
		return;
	}
	index = decode_reg_index(a->reg);
	hw_regs_read(v->id, index + 1, w);
	if (w[HW_REG_SPSR] & PSTATE_NRW) {
		/* The kernel would not take an AArch32 SPSR back, and a transfer has to include it. */
		fault_guest_error(v, "load in AArch32 state", w[HW_REG_PC], 0);
		inject_undefined(v);
		return;
	}
	w[HW_REG_PC] += a->insn;
	w[index] = decode_load(a, value);
	hw_regs_write(v->id, index + 1, w);
}

void vcpu_skip(struct vcpu *v, uint32_t esr)
{
	uint64_t pc;

	hw_regs_read(v->id, 1, &pc);
	go_behind(v, pc, decode_insn(esr));
}
