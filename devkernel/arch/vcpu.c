// SPDX-License-Identifier: BSD-2-Clause
/*
 * VCPUs: EL1 for a thread. A VCPU stays loaded in the CPU until another one is switched in; a
 * native thread in between only takes over what would disturb it (vcpu_park): trap configuration,
 * SCTLR, FPU and counter access, the virtual interface and the virtual timer, which so stands still.
 * As in seL4, nobody switches debug registers, PMU registers and CSSELR_EL1: all of the core share them.
 */
#include <api/syscall.h>
#include <arch/arch.h>
#include <kernel/sched.h>
#include <sel4/invocation.h>

/* GIC virtual interface control, IHI 0048B chapter 5. */
#define GICH (GICH_PADDR + KERNEL_OFFSET)
#define GICH_HCR 0x000
#define GICH_VTR 0x004
#define GICH_VMCR 0x008
#define GICH_MISR 0x010
#define GICH_EISR0 0x020
#define GICH_EISR1 0x024
#define GICH_APR 0x0f0
#define GICH_LR(n) (0x100 + 4 * (n))
#define GICH_HCR_EN BIT(0)
#define GICH_VTR_LIST_REGS(v) ((0x3f & (v)) + 1)
#define GICH_MISR_EOI BIT(0)
#define GICH_LR_EOI BIT(19)
#define GICH_LR_PRIORITY(p) ((u32)(p) << 23)
#define GICH_LR_PENDING BIT(28)
#define GICH_LR_ACTIVE BIT(29)
#define GICH_LR_GRP1(g) ((u32)(g) << 30)
#define MAX_LIST_REGS 64u

#define INJECT_VIRQ(w) (0xffff & (w))
#define INJECT_PRIORITY(w) ((w) >> 16 & 0xff)
#define INJECT_GROUP(w) ((w) >> 24 & 0xff)
#define INJECT_INDEX(w) ((w) >> 32 & 0xff)
#define MAX_VIRQ 1023u
#define MAX_PRIORITY 31u

struct vcpu {
	struct tcb *tcb;
	u64 reg[seL4_VCPUReg_Num];
	bool vtimer_masked; /* since its VPPIEvent, until AckVPPI */
	u32 vmcr;
	u32 apr;
	u32 lr[MAX_LIST_REGS];
};

_Static_assert(sizeof(struct vcpu) <= 1 << seL4_VCPUBits, "VCPU size");

static u32 n_list_regs;
static struct vcpu *loaded; /* whose registers are in the CPU */
static bool active; /* ... and not parked */
static bool vtimer_unmasked; /* the virtual timer's state at the distributor */

/* All registers but SCTLR, CPACR, CNTKCTL and CNTV_CTL, which vcpu_park() and _resume() switch. */
#define FOR_EACH_LAZY_REG(op)                                                                \
	op(TTBR0, ttbr0_el1) op(TTBR1, ttbr1_el1) op(TCR, tcr_el1) op(MAIR, mair_el1)        \
		op(AMAIR, amair_el1) op(CIDR, contextidr_el1) op(ACTLR, actlr_el1)           \
			op(AFSR0, afsr0_el1) op(AFSR1, afsr1_el1) op(ESR, esr_el1)           \
				op(FAR, far_el1) op(PAR, par_el1) op(VBAR, vbar_el1)         \
					op(TPIDR_EL1, tpidr_el1) op(VMPIDR_EL2, vmpidr_el2)  \
						op(SP_EL1, sp_el1) op(ELR_EL1, elr_el1)      \
							op(SPSR_EL1, spsr_el1)               \
								op(CNTV_CVAL, cntv_cval_el0) \
									op(CNTVOFF, cntvoff_el2)

static u64 lazy_reg_read(u64 field)
{
	switch (field) {
#define READ_CASE(name, sysreg)   \
	case seL4_VCPUReg_##name: \
		return sysreg_read(sysreg);
		FOR_EACH_LAZY_REG(READ_CASE)
	default:
		return 0;
	}
}

static void lazy_reg_write(u64 field, u64 value)
{
	switch (field) {
#define WRITE_CASE(name, sysreg)             \
	case seL4_VCPUReg_##name:            \
		sysreg_write(sysreg, value); \
		break;
		FOR_EACH_LAZY_REG(WRITE_CASE)
	default:
		break;
	}
}

static bool reg_is_lazy(u64 field)
{
	return field != seL4_VCPUReg_SCTLR && field != seL4_VCPUReg_CPACR &&
	       field != seL4_VCPUReg_CNTV_CTL && field != seL4_VCPUReg_CNTKCTL_EL1;
}

static void native_registers(void)
{
	sysreg_write(hcr_el2, HCR_NATIVE);
	sysreg_write(sctlr_el1, SCTLR_EL1_NATIVE);
	sysreg_write(cpacr_el1, CPACR_EL1_FPEN);
	sysreg_write(cntkctl_el1, CNTKCTL_NATIVE);
}

void vcpu_boot(void)
{
	n_list_regs = GICH_VTR_LIST_REGS(mmio_read(GICH + GICH_VTR));
	mmio_write(GICH + GICH_HCR, 0);
	for (u32 i = 0; i < n_list_regs; i++)
		mmio_write(GICH + GICH_LR(i), 0);
	vtimer_unmasked = true;
	sysreg_write(vpidr_el2, sysreg_read(midr_el1));
	sysreg_write(hstr_el2, 0);
	sysreg_write(cptr_el2, CPTR_EL2_RES1 | CPTR_EL2_TFP);
	native_registers();
	isb();
}

void vcpu_init(struct vcpu *vcpu)
{
	vcpu->reg[seL4_VCPUReg_SCTLR] = SCTLR_EL1_VCPU;
}

static void vtimer_set_mask(bool masked)
{
	if (vtimer_unmasked == !masked)
		return;
	vtimer_unmasked = !masked;
	if (masked)
		gic_mask(IRQ_VTIMER);
	else
		gic_unmask(IRQ_VTIMER);
}

/* The loaded VCPU stops; its lazy registers stay. */
static void vcpu_park(void)
{
	u64 *reg = loaded->reg;

	active = false;
	reg[seL4_VCPUReg_CNTV_CTL] = sysreg_read(cntv_ctl_el0);
	sysreg_write(cntv_ctl_el0, 0);
	reg[seL4_VCPUReg_SCTLR] = sysreg_read(sctlr_el1);
	reg[seL4_VCPUReg_CPACR] = sysreg_read(cpacr_el1);
	reg[seL4_VCPUReg_CNTKCTL_EL1] = sysreg_read(cntkctl_el1);
	mmio_write(GICH + GICH_HCR, 0);
	native_registers();
	isb();
}

static void vcpu_resume(void)
{
	const u64 *reg = loaded->reg;

	active = true;
	sysreg_write(hcr_el2, HCR_GUEST);
	sysreg_write(sctlr_el1, reg[seL4_VCPUReg_SCTLR]);
	sysreg_write(cpacr_el1, reg[seL4_VCPUReg_CPACR]);
	sysreg_write(cntkctl_el1, reg[seL4_VCPUReg_CNTKCTL_EL1]);
	mmio_write(GICH + GICH_HCR, GICH_HCR_EN);
	vtimer_set_mask(loaded->vtimer_masked);
	sysreg_write(cntv_ctl_el0, reg[seL4_VCPUReg_CNTV_CTL]);
	isb();
}

static void vcpu_save(struct vcpu *vcpu)
{
#define SAVE(name, sysreg) vcpu->reg[seL4_VCPUReg_##name] = sysreg_read(sysreg);
	FOR_EACH_LAZY_REG(SAVE)
	vcpu->vmcr = mmio_read(GICH + GICH_VMCR);
	vcpu->apr = mmio_read(GICH + GICH_APR);
	for (u32 i = 0; i < n_list_regs; i++)
		vcpu->lr[i] = mmio_read(GICH + GICH_LR(i));
}

static void vcpu_load(const struct vcpu *vcpu)
{
#define LOAD(name, sysreg) sysreg_write(sysreg, vcpu->reg[seL4_VCPUReg_##name]);
	FOR_EACH_LAZY_REG(LOAD)
	mmio_write(GICH + GICH_VMCR, vcpu->vmcr);
	mmio_write(GICH + GICH_APR, vcpu->apr);
	for (u32 i = 0; i < n_list_regs; i++)
		mmio_write(GICH + GICH_LR(i), vcpu->lr[i]);
}

void vcpu_switch(struct vcpu *vcpu)
{
	if (vcpu && vcpu != loaded) {
		if (active)
			vcpu_park();
		if (loaded)
			vcpu_save(loaded);
		loaded = vcpu;
		vcpu_load(vcpu);
	}
	if (vcpu && !active)
		vcpu_resume();
	else if (!vcpu && active)
		vcpu_park();
}

/* The registers of a VCPU may be accessed: in the CPU if it is loaded, else in memory. */
static void vcpu_quiesce(const struct vcpu *vcpu)
{
	if (vcpu == loaded && active) {
		vcpu_park();
		sched_force_switch();
	}
}

void vcpu_unbind(struct vcpu *vcpu)
{
	struct tcb *tcb = vcpu->tcb;

	if (!tcb)
		return;
	vcpu_quiesce(vcpu);
	vcpu->tcb = NULL;
	tcb->vcpu = NULL;
	tcb->ctx.spsr = context_filter_spsr(tcb, tcb->ctx.spsr);
}

void vcpu_finalise(struct vcpu *vcpu)
{
	vcpu_unbind(vcpu);
	if (loaded == vcpu) {
		vcpu_quiesce(vcpu);
		for (u32 i = 0; i < n_list_regs; i++)
			mmio_write(GICH + GICH_LR(i), 0);
		loaded = NULL;
	}
}

static void vcpu_event(u64 type, u64 word)
{
	struct tcb *tcb = sched_current;

	if (!tcb || !tcb_runnable(tcb))
		return;
	tcb->fault.type = type;
	tcb->fault.word[0] = word;
	fault_send(tcb);
}

/* One finished list register per fault: the line stays up while there are more. */
void vcpu_handle_maintenance(void)
{
	u64 eisr, index = ~0ul;
	u32 misr;

	if (!active)
		return;
	misr = mmio_read(GICH + GICH_MISR);
	if (!misr)
		return;
	if (misr & GICH_MISR_EOI) {
		eisr = mmio_read(GICH + GICH_EISR0);
		if (n_list_regs > 32)
			eisr |= (u64)mmio_read(GICH + GICH_EISR1) << 32;
		if (eisr) {
			index = (u64)__builtin_ctzl(eisr);
			mmio_write(GICH + GICH_LR(index), 0);
			loaded->lr[index] = 0;
		}
	}
	vcpu_event(seL4_Fault_VGICMaintenance, index);
}

void vcpu_handle_vtimer(void)
{
	if (!active)
		return;
	loaded->vtimer_masked = true;
	vtimer_set_mask(true);
	vcpu_event(seL4_Fault_VPPIEvent, IRQ_VTIMER);
}

static int vcpu_decode_set_tcb(struct inv *inv, struct vcpu *vcpu)
{
	struct tcb *tcb;

	if (inv->n_extra < 1)
		return seL4_TruncatedMessage;
	if (inv_extra(inv, 0).type != CAP_TCB)
		return seL4_IllegalOperation;
	tcb = cap_object(inv_extra(inv, 0));
	if (vcpu->tcb == tcb)
		return seL4_NoError;
	vcpu_unbind(vcpu);
	if (tcb->vcpu)
		vcpu_unbind(tcb->vcpu);
	vcpu->tcb = tcb;
	tcb->vcpu = vcpu;
	sched_force_switch();
	return seL4_NoError;
}

static int vcpu_decode_inject(struct inv *inv, struct vcpu *vcpu)
{
	u64 word, index;
	u32 lr;

	if (inv->length < 1)
		return seL4_TruncatedMessage;
	word = inv_mr(inv, 0);
	index = INJECT_INDEX(word);
	if (INJECT_VIRQ(word) > MAX_VIRQ)
		return inv_range(inv, 0, MAX_VIRQ);
	if (INJECT_PRIORITY(word) > MAX_PRIORITY)
		return inv_range(inv, 0, MAX_PRIORITY);
	if (INJECT_GROUP(word) > 1)
		return inv_range(inv, 0, 1);
	if (index >= n_list_regs)
		return inv_range(inv, 0, n_list_regs - 1);
	if (vcpu->lr[index] & GICH_LR_ACTIVE)
		return seL4_DeleteFirst;

	lr = INJECT_VIRQ(word) | GICH_LR_PRIORITY(INJECT_PRIORITY(word)) |
	     GICH_LR_GRP1(INJECT_GROUP(word)) | GICH_LR_PENDING | GICH_LR_EOI;
	vcpu->lr[index] = lr;
	if (vcpu == loaded)
		mmio_write(GICH + GICH_LR(index), lr);
	return seL4_NoError;
}

static int vcpu_decode_reg(struct inv *inv, struct vcpu *vcpu)
{
	bool write = inv->label == ARMVCPUWriteReg, in_cpu;
	u64 field;

	if (inv->length < (write ? 2u : 1u))
		return seL4_TruncatedMessage;
	field = inv_mr(inv, 0);
	if (field >= seL4_VCPUReg_Num)
		return inv_invalid_arg(inv, 1);
	vcpu_quiesce(vcpu);
	in_cpu = vcpu == loaded && reg_is_lazy(field);
	if (!write)
		inv_return(inv, in_cpu ? lazy_reg_read(field) : vcpu->reg[field]);
	else if (in_cpu)
		lazy_reg_write(field, inv_mr(inv, 1));
	else
		vcpu->reg[field] = inv_mr(inv, 1);
	return seL4_NoError;
}

static int vcpu_decode_ack_vppi(struct inv *inv, struct vcpu *vcpu)
{
	if (inv->length < 1)
		return seL4_TruncatedMessage;
	if (inv_mr(inv, 0) > IRQ_MAX)
		return inv_range(inv, 0, IRQ_MAX);
	if (inv_mr(inv, 0) != IRQ_VTIMER)
		return inv_invalid_arg(inv, 0);
	vcpu->vtimer_masked = false;
	if (vcpu == loaded && active)
		vtimer_set_mask(false);
	return seL4_NoError;
}

int vcpu_decode(struct inv *inv)
{
	struct vcpu *vcpu = cap_object(inv->cap);

	switch (inv->label) {
	case ARMVCPUSetTCB:
		return vcpu_decode_set_tcb(inv, vcpu);
	case ARMVCPUInjectIRQ:
		return vcpu_decode_inject(inv, vcpu);
	case ARMVCPUReadReg:
	case ARMVCPUWriteReg:
		return vcpu_decode_reg(inv, vcpu);
	case ARMVCPUAckVPPI:
		return vcpu_decode_ack_vppi(inv, vcpu);
	default:
		return seL4_IllegalOperation;
	}
}
