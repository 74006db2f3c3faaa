/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exits of a vCPU: fault messages of the kernel, by label.
 *
 * Kick path: hop 2, from the kernel's VMFault message, to uvm_ioevent().
 */
#include "arch/esr.h"
#include "arch/gicv2.h"
#include "arch/pstate.h"
#include "arch/smccc.h"
#include "vmm/faultmsg.h"
#include "vmm/vmm.h"

void fault_guest_error(struct vcpu *v, const char *what, uint64_t a, uint64_t b)
{
	v->stats->guest_error++;
	vmm_log(v->vm, VMM_LOG_WARN, "vcpu %u: %s (0x%llx, 0x%llx)", v->id, what,
		(unsigned long long)a, (unsigned long long)b);
}

static void unexpected(struct vcpu *v, const char *what, uint64_t a, uint64_t b)
{
	v->stats->other++;
	fault_guest_error(v, what, a, b);
	inject_undefined(v);
}

/* A hypercall: x0..x7 and the pc come with the message, and go back with the answer. */
static void hypercall(struct vcpu *v, const struct hw_msg *m)
{
	uint64_t *a = v->answer;

	v->stats->hypercall++;
	for (unsigned i = 0; i < 4; i++) {
		a[i] = m->mr[i];
		a[4 + i] = m->buffer[4 + i];
	}
	a[FAULT_SYSCALL_NEXT_WORD] = m->buffer[FAULT_SYSCALL_PC] + 4;
	v->answer_len = VCPU_ANSWER_WORDS;
	smccc_call(v, a);
}

static void smc(struct vcpu *v)
{
	uint64_t w[HW_REG_X0 + 4];

	v->stats->hypercall++;
	hw_regs_read(v->id, HW_REG_X0 + 4, w);
	/* Nothing in a call looks at this vCPU's registers: exits to the module happen when it is settled. */
	smccc_call(v, w + HW_REG_X0);
	w[HW_REG_PC] += 4;
	hw_regs_write(v->id, HW_REG_X0 + 4, w);
}

/*
 * A WFI with interrupts masked is left where it is: it will not wait when there is something pending, which is what
 * ends it. With interrupts unmasked the one that ends it is taken there, and its handler returns behind the WFI.
 */
static void wait_for_interrupt(struct vcpu *v, uint32_t esr)
{
	uint64_t w[HW_REG_SPSR + 1];
	bool passed;

	v->stats->wfi++;
	hw_regs_read(v->id, HW_REG_SPSR + 1, w);
	passed = !(w[HW_REG_SPSR] & (PSTATE_I | PSTATE_NRW));
	if (passed)
		hw_pc_write(v->id, w[HW_REG_PC] + 4);
	vtimer_wfi(v, passed ? 0 : esr);
}

static void wait_for_event(struct vcpu *v, uint32_t esr)
{
	v->stats->wfe++;
	vcpu_skip(v, esr);
}

/* A trapped instruction: ESR_EL2 is all the kernel says. */
static void trapped(struct vcpu *v, uint32_t esr)
{
	switch (FIELD_GET(ESR_EC, esr)) {
	case EC_WFX:
		if ((esr & ISS_WFX_TI) == WFX_TI_WFI)
			wait_for_interrupt(v, esr);
		else
			wait_for_event(v, esr);
		break;
	case EC_SMC64:
		smc(v);
		break;
	case EC_SYS64:
		if (sysreg_trap(v, esr))
			v->stats->other++;
		else
			unexpected(v, "undefined system register", esr, 0);
		break;
	default:
		/* EC_CP14_*, EC_CP15_* among them: AArch32 is at EL0 only, where all of these are undefined. */
		unexpected(v, "trapped instruction", esr, 0);
	}
}

static void dist_access(struct vcpu *v, const struct access *a, uint32_t offset)
{
	struct vgic *g = &v->vm->vgic;
	uint64_t value = 0;

	if (a->write)
		vgic_dist_write(g, v->id, offset, a->len, decode_store(a, vcpu_gpr(v, a->reg)));
	else
		value = vgic_dist_read(g, v->id, offset, a->len);
	vcpu_finish_access(v, a, value);
}

static void stage2_fault(struct vcpu *v, uint64_t pc, uint64_t ipa, uint32_t esr)
{
	struct vm *vm = v->vm;
	struct access a = decode_abort(esr);

	v->pc = pc;
	if (vm->vgic.present && !a.walk && !a.fetch && ipa - vm->gicd < GICD_SIZE) {
		v->stats->gic++;
		if (a.valid) {
			dist_access(v, &a, (uint32_t)(ipa - vm->gicd));
			return;
		}
		fault_guest_error(v, "access to the distributor that has no syndrome", pc, ipa);
		inject_abort(v, esr, ipa);
		return;
	}
	if (vm->service)
		service_abort(v, &a, esr, ipa);
	else if (!(a.valid && a.write && uvm_ioevent(v, &a, ipa)))
		uvm_abort(v, &a, esr, ipa);
}

/*
 * A hypercall whose x7 happens to be a system call number, on a capability that is not there: to the guest it is an
 * unknown function.
 */
static void cap_fault(struct vcpu *v)
{
	uint64_t *w = v->regs;

	v->stats->hypercall++;
	v->stats->guest_error++;
	hw_regs_read(v->id, HW_REG_X0 + 1, w);
	w[HW_REG_PC] += 4;
	w[HW_REG_X0] = (uint64_t)SMCCC_NOT_SUPPORTED;
	hw_regs_write(v->id, HW_REG_X0 + 1, w);
}

void fault_message(struct vcpu *v, const struct hw_msg *m)
{
	v->answer_len = 0;
	switch (m->label) {
	case FAULT_VM:
		stage2_fault(v, m->mr[FAULT_VM_PC], m->mr[FAULT_VM_ADDR],
			     (uint32_t)m->mr[FAULT_VM_ESR]);
		break;
	case FAULT_SYSCALL:
		hypercall(v, m);
		break;
	case FAULT_MAINTENANCE:
		v->stats->maintenance++;
		vgic_lr_eoi(&v->vm->vgic, v->id, m->mr[0]);
		break;
	case FAULT_VPPI:
		v->stats->vtimer++;
		vtimer_fired(v);
		break;
	case FAULT_VCPU:
		trapped(v, (uint32_t)m->mr[0]);
		break;
	case FAULT_CAP:
		cap_fault(v);
		break;
	case FAULT_EXCEPTION:
		unexpected(v, "exception", m->mr[0], m->mr[FAULT_EXCEPTION_ESR]);
		break;
	default:
		unexpected(v, "unknown fault", m->label, m->mr[0]);
	}
}
