// SPDX-License-Identifier: BSD-2-Clause
/* FPU and SIMD registers, switched when a thread first uses them. */
#include <arch/arch.h>

/* arch/fpu.S */
void fpu_save(struct fpu_state *state);
void fpu_load(const struct fpu_state *state);

/* Whose state is in the registers. */
static struct tcb *fpu_owner;

static void fpu_enable(void)
{
	sysreg_write(cptr_el2, CPTR_EL2_RES1);
	isb();
}

static void fpu_disable(void)
{
	sysreg_write(cptr_el2, CPTR_EL2_RES1 | CPTR_EL2_TFP);
}

void fpu_switch(struct tcb *tcb)
{
	if (tcb == fpu_owner && !(tcb->flags & seL4_TCBFlag_fpuDisabled))
		fpu_enable();
	else
		fpu_disable();
}

bool fpu_trap(struct tcb *tcb)
{
	if (tcb->flags & seL4_TCBFlag_fpuDisabled)
		return false;
	fpu_enable();
	if (fpu_owner && fpu_owner != tcb)
		fpu_save(&fpu_owner->fpu);
	if (fpu_owner != tcb)
		fpu_load(&tcb->fpu);
	fpu_owner = tcb;
	return true;
}

void fpu_flush(struct tcb *tcb)
{
	if (fpu_owner != tcb)
		return;
	fpu_enable();
	fpu_save(&tcb->fpu);
	fpu_owner = NULL;
}

void fpu_forget(struct tcb *tcb)
{
	if (fpu_owner == tcb)
		fpu_owner = NULL;
}
