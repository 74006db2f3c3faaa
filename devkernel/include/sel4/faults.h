/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <sel4/functions.h>
#include <sel4/types.h>

LIBSEL4_INLINE_FUNC seL4_Uint64 seL4_Fault_get_seL4_FaultType(seL4_Fault_t fault)
{
	return fault.words[0];
}

#define SEL4_FAULT_FIELD(kind, field, mr)                                                   \
	LIBSEL4_INLINE_FUNC seL4_Uint64 seL4_Fault_##kind##_get_##field(seL4_Fault_t fault) \
	{                                                                                   \
		return fault.words[(mr) + 1];                                               \
	}

SEL4_FAULT_FIELD(CapFault, IP, seL4_CapFault_IP)
SEL4_FAULT_FIELD(CapFault, Addr, seL4_CapFault_Addr)
SEL4_FAULT_FIELD(CapFault, InRecvPhase, seL4_CapFault_InRecvPhase)
SEL4_FAULT_FIELD(CapFault, LookupFailureType, seL4_CapFault_LookupFailureType)
SEL4_FAULT_FIELD(CapFault, MR4, 4)
SEL4_FAULT_FIELD(CapFault, MR5, 5)
SEL4_FAULT_FIELD(CapFault, MR6, 6)
SEL4_FAULT_FIELD(UnknownSyscall, X0, seL4_UnknownSyscall_X0)
SEL4_FAULT_FIELD(UnknownSyscall, X1, seL4_UnknownSyscall_X1)
SEL4_FAULT_FIELD(UnknownSyscall, X2, seL4_UnknownSyscall_X2)
SEL4_FAULT_FIELD(UnknownSyscall, X3, seL4_UnknownSyscall_X3)
SEL4_FAULT_FIELD(UnknownSyscall, X4, seL4_UnknownSyscall_X4)
SEL4_FAULT_FIELD(UnknownSyscall, X5, seL4_UnknownSyscall_X5)
SEL4_FAULT_FIELD(UnknownSyscall, X6, seL4_UnknownSyscall_X6)
SEL4_FAULT_FIELD(UnknownSyscall, X7, seL4_UnknownSyscall_X7)
SEL4_FAULT_FIELD(UnknownSyscall, FaultIP, seL4_UnknownSyscall_FaultIP)
SEL4_FAULT_FIELD(UnknownSyscall, SP, seL4_UnknownSyscall_SP)
SEL4_FAULT_FIELD(UnknownSyscall, LR, seL4_UnknownSyscall_LR)
SEL4_FAULT_FIELD(UnknownSyscall, SPSR, seL4_UnknownSyscall_SPSR)
SEL4_FAULT_FIELD(UnknownSyscall, Syscall, seL4_UnknownSyscall_Syscall)
SEL4_FAULT_FIELD(UserException, FaultIP, seL4_UserException_FaultIP)
SEL4_FAULT_FIELD(UserException, Stack, seL4_UserException_SP)
SEL4_FAULT_FIELD(UserException, SPSR, seL4_UserException_SPSR)
SEL4_FAULT_FIELD(UserException, Number, seL4_UserException_Number)
SEL4_FAULT_FIELD(UserException, Code, seL4_UserException_Code)
SEL4_FAULT_FIELD(Timeout, data, seL4_Timeout_Data)
SEL4_FAULT_FIELD(Timeout, consumed, seL4_Timeout_Consumed)
SEL4_FAULT_FIELD(VMFault, IP, seL4_VMFault_IP)
SEL4_FAULT_FIELD(VMFault, Addr, seL4_VMFault_Addr)
SEL4_FAULT_FIELD(VMFault, PrefetchFault, seL4_VMFault_PrefetchFault)
SEL4_FAULT_FIELD(VMFault, FSR, seL4_VMFault_FSR)
SEL4_FAULT_FIELD(VGICMaintenance, IDX, seL4_VGICMaintenance_IDX)
SEL4_FAULT_FIELD(VCPUFault, HSR, seL4_VCPUFault_HSR)
SEL4_FAULT_FIELD(VPPIEvent, irq, seL4_VPPIEvent_IRQ)

/* Reads the fault that the message just received describes; NullFault for an unknown label. */
LIBSEL4_INLINE_FUNC seL4_Fault_t seL4_getFault(seL4_MessageInfo_t tag)
{
	static const seL4_Uint8 lengths[] = {
		[seL4_Fault_CapFault] = 7,
		[seL4_Fault_UnknownSyscall] = seL4_UnknownSyscall_Length,
		[seL4_Fault_UserException] = seL4_UserException_Length,
		[seL4_Fault_Timeout] = seL4_Timeout_Length,
		[seL4_Fault_VMFault] = seL4_VMFault_Length,
		[seL4_Fault_VGICMaintenance] = seL4_VGICMaintenance_Length,
		[seL4_Fault_VCPUFault] = seL4_VCPUFault_Length,
		[seL4_Fault_VPPIEvent] = seL4_VPPIEvent_Length,
	};
	seL4_Word label = seL4_MessageInfo_get_label(tag);
	seL4_Fault_t fault = { { 0 } };

	if (label < sizeof(lengths) && lengths[label]) {
		fault.words[0] = label;
		for (int i = 0; i < lengths[label]; i++)
			fault.words[i + 1] = seL4_GetMR(i);
	}
	return fault;
}

#define SEL4_FAULT_TEST(name, kind)                                               \
	LIBSEL4_INLINE_FUNC seL4_Bool seL4_is##name##_tag(seL4_MessageInfo_t tag) \
	{                                                                         \
		return seL4_MessageInfo_get_label(tag) == seL4_Fault_##kind;      \
	}

SEL4_FAULT_TEST(NullFault, NullFault)
SEL4_FAULT_TEST(CapFault, CapFault)
SEL4_FAULT_TEST(UnknownSyscall, UnknownSyscall)
SEL4_FAULT_TEST(UserException, UserException)
SEL4_FAULT_TEST(TimeoutFault, Timeout)
SEL4_FAULT_TEST(VMFault, VMFault)

/* Message that answers a Timeout fault with the first `length` registers of regs. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_TimeoutReply_new(seL4_Bool resume,
							     seL4_UserContext regs,
							     seL4_Word length)
{
	const seL4_Word *words = (const seL4_Word *)&regs;

	for (seL4_Word i = 0; i < length; i++)
		seL4_SetMR((int)i, words[i]);
	return seL4_MessageInfo_new(!resume, 0, 0, length);
}
