/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel seam on libsel4. */
#include <sel4/sel4.h>

#include "vmm/faultmsg.h"
#include "vmm/hw.h"
#include "wire/vmm.h"

_Static_assert((int)FAULT_CAP == seL4_Fault_CapFault, "label");
_Static_assert((int)FAULT_SYSCALL == seL4_Fault_UnknownSyscall, "label");
_Static_assert((int)FAULT_EXCEPTION == seL4_Fault_UserException, "label");
_Static_assert((int)FAULT_VM == seL4_Fault_VMFault, "label");
_Static_assert((int)FAULT_MAINTENANCE == seL4_Fault_VGICMaintenance, "label");
_Static_assert((int)FAULT_VCPU == seL4_Fault_VCPUFault, "label");
_Static_assert((int)FAULT_VPPI == seL4_Fault_VPPIEvent, "label");
_Static_assert((int)FAULT_SYSCALL_PC == seL4_UnknownSyscall_FaultIP, "word");
_Static_assert((int)FAULT_EXCEPTION_ESR == seL4_UserException_Number, "word");
_Static_assert((int)FAULT_VM_PC == seL4_VMFault_IP, "word");
_Static_assert((int)FAULT_VM_ADDR == seL4_VMFault_Addr, "word");
_Static_assert((int)FAULT_VM_ESR == seL4_VMFault_FSR, "word");
_Static_assert((int)UVM_SYS_SCTLR == seL4_VCPUReg_SCTLR, "register");
_Static_assert((int)UVM_SYS_VMPIDR == seL4_VCPUReg_VMPIDR_EL2, "register");
_Static_assert((int)UVM_SYS_CNTKCTL == seL4_VCPUReg_CNTKCTL_EL1, "register");
_Static_assert((int)UVM_SYS_COUNT == seL4_VCPUReg_Num, "register");
_Static_assert((int)HW_REG_COUNT == sizeof(seL4_UserContext) / sizeof(seL4_Word), "register");
_Static_assert((int)HW_REG_TPIDR_EL0 == offsetof(seL4_UserContext, tpidr_el0) / sizeof(seL4_Word),
	       "register");

/* A register transfer's message: flags, count, registers. */
#define TRANSFER_HEADER 2
#define NO_FLAGS 0

#define IPC_BUFFER ((seL4_IPCBuffer *)VMM_VA_IPCBUF)

/*
 * The TCB methods are called by label: libsel4's stubs transfer all 36 registers through a structure, and most exits
 * need one to twelve.
 */
void hw_regs_read(unsigned vcpu, unsigned n, uint64_t *w)
{
	const seL4_Word *msg = IPC_BUFFER->msg;
	seL4_Word mr[4] = { NO_FLAGS, n };
	seL4_MessageInfo_t info = seL4_CallWithMRs(
		VMM_CAP_TCB + vcpu, seL4_MessageInfo_new(TCBReadRegisters, 0, 0, TRANSFER_HEADER),
		&mr[0], &mr[1], &mr[2], &mr[3]);

	if (seL4_MessageInfo_get_label(info) != seL4_NoError)
		hw_fail(HW_FAIL_REGISTERS);
	switch (n) {
	default:
		w[3] = mr[3];
		__attribute__((fallthrough));
	case 3:
		w[2] = mr[2];
		__attribute__((fallthrough));
	case 2:
		w[1] = mr[1];
		__attribute__((fallthrough));
	case 1:
		w[0] = mr[0];
	}
	for (unsigned i = 4; i < n; i++)
		w[i] = msg[i];
}

void hw_regs_write(unsigned vcpu, unsigned n, const uint64_t *w)
{
	seL4_Word *msg = IPC_BUFFER->msg + TRANSFER_HEADER;
	seL4_Word mr[4] = { NO_FLAGS, n, w[0], n > 1 ? w[1] : 0 };
	seL4_MessageInfo_t info;

	for (unsigned i = 2; i < n; i++)
		msg[i] = w[i];
	info = seL4_CallWithMRs(VMM_CAP_TCB + vcpu,
				seL4_MessageInfo_new(TCBWriteRegisters, 0, 0, TRANSFER_HEADER + n),
				&mr[0], &mr[1], &mr[2], &mr[3]);
	if (seL4_MessageInfo_get_label(info) != seL4_NoError)
		hw_fail(HW_FAIL_REGISTERS);
}

void hw_pc_write(unsigned vcpu, uint64_t pc)
{
	hw_regs_write(vcpu, 1, &pc);
}

uint64_t hw_sys_read(unsigned vcpu, enum uvm_sys reg)
{
	seL4_ARM_VCPU_ReadRegs_t r = seL4_ARM_VCPU_ReadRegs(VMM_CAP_VCPU + vcpu, (seL4_VCPUReg)reg);

	if (r.error != seL4_NoError)
		hw_fail(HW_FAIL_SYSREG);
	return r.value;
}

void hw_sys_write(unsigned vcpu, enum uvm_sys reg, uint64_t value)
{
	if (seL4_ARM_VCPU_WriteRegs(VMM_CAP_VCPU + vcpu, (seL4_VCPUReg)reg, value) != seL4_NoError)
		hw_fail(HW_FAIL_SYSREG);
}

bool hw_inject(unsigned vcpu, unsigned lr, unsigned intid, unsigned prio)
{
	seL4_Error err = seL4_ARM_VCPU_InjectIRQ(VMM_CAP_VCPU + vcpu, (seL4_Uint16)intid,
						 (seL4_Uint8)prio, 0, (seL4_Uint8)lr);

	if (err != seL4_NoError && err != seL4_DeleteFirst)
		hw_fail(HW_FAIL_INJECT);
	return err == seL4_NoError;
}

void hw_vppi_ack(unsigned vcpu, unsigned intid)
{
	if (seL4_ARM_VCPU_AckVPPI(VMM_CAP_VCPU + vcpu, intid) != seL4_NoError)
		hw_fail(HW_FAIL_ACK);
}

void hw_irq_ack(unsigned i)
{
	if (seL4_IRQHandler_Ack(VMM_CAP_IRQ + i) != seL4_NoError)
		hw_fail(HW_FAIL_ACK);
}

void hw_thread_suspend(unsigned vcpu)
{
	if (seL4_TCB_Suspend(VMM_CAP_TCB + vcpu) != seL4_NoError)
		hw_fail(HW_FAIL_THREAD);
}

void hw_thread_resume(unsigned vcpu)
{
	if (seL4_TCB_Resume(VMM_CAP_TCB + vcpu) != seL4_NoError)
		hw_fail(HW_FAIL_THREAD);
}

void hw_thread_front(unsigned vcpu, unsigned priority)
{
	/* The thread's own authority goes up to its priority (root/vm.c). */
	if (seL4_TCB_SetPriority(VMM_CAP_TCB + vcpu, VMM_CAP_TCB + vcpu, priority) != seL4_NoError)
		hw_fail(HW_FAIL_THREAD);
}

enum wire_status hw_root_call(unsigned op, uint64_t arg)
{
	seL4_Word mr[4] = { arg };
	seL4_MessageInfo_t info = seL4_CallWithMRs(
		VMM_CAP_ROOT_EP, seL4_MessageInfo_new(op, 0, 0, 1), &mr[0], &mr[1], &mr[2], &mr[3]);

	return (enum wire_status)seL4_MessageInfo_get_label(info);
}

bool hw_vcpu_renew(unsigned vcpu)
{
	return hw_root_call(VMM_OP_VCPU_RENEW, vcpu) == WIRE_OK;
}

void hw_doorbell(void)
{
	seL4_Signal(VMM_CAP_DOORBELL);
}

void hw_timer_signal(void)
{
	seL4_Signal(VMM_CAP_TIMER);
}

uint64_t hw_count(void)
{
	uint64_t count;

	/* The ISB keeps the read from being made early (Arm ARM D11.1.2). */
	__asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(count) : : "memory");
	return count;
}

uint64_t hw_cntp_cval(void)
{
	uint64_t cval;

	__asm__ volatile("mrs %0, cntp_cval_el0" : "=r"(cval) : : "memory");
	return cval;
}

void hw_cntp_cval_write(uint64_t cval)
{
	__asm__ volatile("msr cntp_cval_el0, %0\n\tisb" : : "r"(cval) : "memory");
}

void __assert_fail(const char *what, const char *file, int line, const char *function);

/* libsel4's assertions about its own arguments end here. */
void __assert_fail(const char *what, const char *file, int line, const char *function)
{
	(void)what;
	(void)file;
	(void)line;
	(void)function;
	hw_fail(HW_FAIL_MESSAGE);
}

_Noreturn void hw_fail(enum hw_failure why)
{
	hw_root_call(VMM_OP_FAILED, why);
	/* Root does not reply. If it does it is not the root we know: a fault is the last word it understands. */
	for (;;)
		__builtin_trap();
}
