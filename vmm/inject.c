/* SPDX-License-Identifier: BSD-2-Clause */
/* Exceptions for the guest: what the hardware does at an exception entry to EL1 (Arm ARM D1.10). */
#include "arch/esr.h"
#include "arch/pstate.h"
#include "vmm/vmm.h"

static uint32_t vector_offset(uint64_t spsr)
{
	if (spsr & PSTATE_NRW)
		return VECTOR_LOWER_A32;
	switch (spsr & PSTATE_MODE) {
	case PSTATE_MODE_EL0T:
		return VECTOR_LOWER_A64;
	case PSTATE_MODE_EL1T:
		return VECTOR_SAME_SP0;
	default:
		return VECTOR_SAME_SPX;
	}
}

static bool from_el0(uint64_t spsr)
{
	return (spsr & PSTATE_NRW) || (spsr & PSTATE_MODE) == PSTATE_MODE_EL0T;
}

/* w: pc, SP_EL0, SPSR as they are. */
static void enter_el1(struct vcpu *v, uint64_t *w, uint32_t esr)
{
	uint64_t spsr = w[HW_REG_SPSR];
	uint64_t pstate = (spsr & (PSTATE_NZCV | PSTATE_PAN)) | PSTATE_RESET;

	if (!(hw_sys_read(v->id, UVM_SYS_SCTLR) & SCTLR_SPAN))
		pstate |= PSTATE_PAN;
	hw_sys_write(v->id, UVM_SYS_ESR, esr);
	hw_sys_write(v->id, UVM_SYS_ELR_EL1, w[HW_REG_PC]);
	hw_sys_write(v->id, UVM_SYS_SPSR_EL1, spsr);
	w[HW_REG_PC] = hw_sys_read(v->id, UVM_SYS_VBAR) + vector_offset(spsr);
	w[HW_REG_SPSR] = pstate;
	hw_regs_write(v->id, HW_REG_X0, w);
	v->answer_len = 0;
}

void inject_abort(struct vcpu *v, uint32_t esr, uint64_t ipa)
{
	bool fetch = FIELD_GET(ESR_EC, esr) == EC_IABT_LOWER;
	uint64_t w[HW_REG_X0];
	uint32_t out, ec;

	hw_regs_read(v->id, HW_REG_X0, w);
	if (from_el0(w[HW_REG_SPSR]))
		ec = fetch ? EC_IABT_LOWER : EC_DABT_LOWER;
	else
		ec = fetch ? EC_IABT_SAME : EC_DABT_SAME;
	out = FIELD_PREP(ESR_EC, ec) | ESR_IL;
	if (!fetch)
		out |= esr & (ISS_WNR | ISS_CM);
	/* The level of the walk that failed at stage 1 is not reported; the fault's own is the best there is. */
	out |= esr & ISS_S1PTW ? FSC_EXTABT_WALK | (esr & FSC_LEVEL) : FSC_EXTABT;
	/*
	 * The kernel reports the IPA, not the virtual address; with the guest's MMU off they are the same. FnV
	 * says so only for aborts that are not on a walk; there FAR stays what it was.
	 */
	if (!(hw_sys_read(v->id, UVM_SYS_SCTLR) & SCTLR_M))
		hw_sys_write(v->id, UVM_SYS_FAR, ipa);
	else if (!(esr & ISS_S1PTW))
		out |= ISS_FNV;
	enter_el1(v, w, out);
}

void inject_undefined(struct vcpu *v)
{
	uint64_t w[HW_REG_X0];

	hw_regs_read(v->id, HW_REG_X0, w);
	enter_el1(v, w, FIELD_PREP(ESR_EC, EC_UNKNOWN) | ESR_IL);
}
