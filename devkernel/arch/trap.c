// SPDX-License-Identifier: BSD-2-Clause
/* What made a thread enter the kernel. */
#include <api/syscall.h>
#include <arch/arch.h>
#include <kernel/sched.h>

#define SYSCALL_INSN_SIZE 4

/* arch/entry.S calls these. */
void trap_sync(u64 esr);
void trap_irq(void);
void trap_serror(u64 esr);
void trap_kernel_fault(u64 esr, u64 elr, u64 far, u64 sp, u64 lr) __attribute__((noreturn));

/*
 * IPA of a stage-2 abort. HPFAR_EL2 is not valid for permission faults (Arm ARM D17.2.66), where
 * the guest's stage 1 has to be asked; its PAR_EL1 is preserved.
 */
static u64 trap_fault_ipa(const struct tcb *tcb, u64 esr)
{
	u64 far = sysreg_read(far_el2), par, saved;

	if (ESR_FSC_TYPE(esr) != ESR_FSC_PERM || (esr & ESR_ABT_S1PTW))
		return HPFAR_FIPA(sysreg_read(hpfar_el2)) | (far & FAR_PAGE_OFFSET);
	if (!tcb->vcpu)
		return far;
	saved = sysreg_read(par_el1);
	__asm__ volatile("at s1e1r, %0\n\tisb" : : "r"(far) : "memory");
	par = sysreg_read(par_el1);
	sysreg_write(par_el1, saved);
	if (par & PAR_F)
		return far;
	return (par & PAR_PA) | (far & FAR_PAGE_OFFSET);
}

static void trap_abort(struct tcb *tcb, u64 esr)
{
	tcb->fault.type = seL4_Fault_VMFault;
	tcb->fault.word[0] = trap_fault_ipa(tcb, esr);
	tcb->fault.word[1] = ESR_EC(esr) == ESR_EC_IABT_LOW;
	tcb->fault.word[2] = (u32)esr;
	fault_send(tcb);
}

static void trap_other(struct tcb *tcb, u64 esr)
{
	bool undefined = ESR_EC(esr) == ESR_EC_UNKNOWN;

	tcb->fault.type = undefined ? seL4_Fault_UserException : seL4_Fault_VCPUFault;
	tcb->fault.word[0] = (u32)esr;
	tcb->fault.word[1] = 0;
	fault_send(tcb);
}

void trap_sync(u64 esr)
{
	struct tcb *tcb = sched_current;

	switch (ESR_EC(esr)) {
	case ESR_EC_SVC64:
	case ESR_EC_HVC64:
		tcb->ctx.restart_pc -= SYSCALL_INSN_SIZE;
		if (likely(sched_may_enter(tcb)))
			syscall_handle(tcb, (long)tcb->ctx.x[7]);
		break;
	case ESR_EC_DABT_LOW:
	case ESR_EC_IABT_LOW:
		trap_abort(tcb, esr);
		break;
	case ESR_EC_FP:
		if (!fpu_trap(tcb))
			trap_other(tcb, esr);
		break;
	default:
		trap_other(tcb, esr);
		break;
	}
}

void trap_irq(void)
{
	irq_handle();
}

void trap_serror(u64 esr)
{
	static bool reported;

	/* Asynchronous: nobody to blame for sure. */
	if (!reported)
		printk("SError while thread %s ran, ESR %lx (further ones are not reported)\n",
		       sched_current->name, esr);
	reported = true;
}

void trap_kernel_fault(u64 esr, u64 elr, u64 far, u64 sp, u64 lr)
{
	panic("exception in the kernel: ESR %lx ELR %lx FAR %lx SP %lx LR %lx", esr, elr, far, sp,
	      lr);
}
