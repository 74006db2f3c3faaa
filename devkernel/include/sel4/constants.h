/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <sel4/macros.h>
#include <sel4/simple_types.h>

/* Limits of a message. */
enum seL4_MsgLimits { seL4_MsgLengthBits = 7, seL4_MsgExtraCapBits = 2, seL4_MsgMaxLength = 120 };

#define seL4_MsgMaxExtraCaps (LIBSEL4_BIT(seL4_MsgExtraCapBits) - 1)
#define seL4_FastMessageRegisters 4
#define seL4_CapRightsBits 4

enum priorityConstants {
	seL4_InvalidPrio = -1,
	seL4_MinPrio = 0,
	seL4_MaxPrio = CONFIG_NUM_PRIORITIES - 1
};

typedef enum {
	seL4_NoFailure,
	seL4_InvalidRoot,
	seL4_MissingCapability,
	seL4_DepthMismatch,
	seL4_GuardMismatch,
	SEL4_FORCE_LONG_ENUM(seL4_LookupFailureType),
} seL4_LookupFailureType;

typedef enum {
	seL4_TCBFlag_NoFlag = 0,
	seL4_TCBFlag_fpuDisabled = 1,
	seL4_TCBFlag_MASK = seL4_TCBFlag_fpuDisabled,
	SEL4_FORCE_LONG_ENUM(seL4_TCBFlag)
} seL4_TCBFlag;

typedef enum {
	seL4_SchedContext_NoFlag = 0,
	seL4_SchedContext_Sporadic = 1,
	SEL4_FORCE_LONG_ENUM(seL4_SchedContextFlag),
} seL4_SchedContextFlag;

/* Object sizes, as log2 of bytes. */
#define seL4_WordBits 64
#define seL4_WordSizeBits 3
#define seL4_SlotBits 5
#define seL4_TCBBits 11
#define seL4_EndpointBits 4
#define seL4_NotificationBits 6
#define seL4_ReplyBits 5
#define seL4_MinSchedContextBits 7
#define seL4_IPCBufferSizeBits 10
#define seL4_PageBits 12
#define seL4_LargePageBits 21
#define seL4_HugePageBits 30
#define seL4_PageTableBits 12
#define seL4_PageTableEntryBits 3
#define seL4_PageTableIndexBits 9
#define seL4_VSpaceBits 13
#define seL4_VSpaceEntryBits 3
#define seL4_VSpaceIndexBits 10
#define seL4_ASIDPoolBits 12
#define seL4_ASIDPoolIndexBits 9
#define seL4_NumASIDPoolsBits 7
#define seL4_ARM_VCPUBits 12
#define seL4_VCPUBits 12
#define seL4_MinUntypedBits 4
#define seL4_MaxUntypedBits 47

/* Words of a scheduling context that are not extra refills, and the size of one refill. */
#define seL4_CoreSchedContextBytes 128
#define seL4_RefillSizeBytes 16

/* Extra refills that a scheduling context of 2^size bytes can hold. */
LIBSEL4_INLINE_FUNC seL4_Word seL4_MaxExtraRefills(seL4_Word size)
{
	return (LIBSEL4_BIT(size) - seL4_CoreSchedContextBytes) / seL4_RefillSizeBytes;
}

/* Highest address of a user address space. */
#define seL4_UserTop 0x000000fffffffffful
#define seL4_UserVSpaceTop seL4_UserTop

#define seL4_GuardSizeBits 6
#define seL4_GuardBits 58
#define seL4_BadgeBits 64

#define seL4_DataFault 0
#define seL4_InstructionFault 1

/* Layouts of fault messages: index of each message register. */
typedef enum {
	seL4_CapFault_IP,
	seL4_CapFault_Addr,
	seL4_CapFault_InRecvPhase,
	seL4_CapFault_LookupFailureType,
	seL4_CapFault_BitsLeft,
	seL4_CapFault_DepthMismatch_BitsFound,
	seL4_CapFault_GuardMismatch_GuardFound = seL4_CapFault_DepthMismatch_BitsFound,
	seL4_CapFault_GuardMismatch_BitsFound,
	SEL4_FORCE_LONG_ENUM(seL4_CapFault_Msg),
} seL4_CapFault_Msg;

typedef enum {
	seL4_UnknownSyscall_X0,
	seL4_UnknownSyscall_X1,
	seL4_UnknownSyscall_X2,
	seL4_UnknownSyscall_X3,
	seL4_UnknownSyscall_X4,
	seL4_UnknownSyscall_X5,
	seL4_UnknownSyscall_X6,
	seL4_UnknownSyscall_X7,
	seL4_UnknownSyscall_FaultIP,
	seL4_UnknownSyscall_SP,
	seL4_UnknownSyscall_LR,
	seL4_UnknownSyscall_SPSR,
	seL4_UnknownSyscall_Syscall,
	seL4_UnknownSyscall_Length,
	SEL4_FORCE_LONG_ENUM(seL4_UnknownSyscall_Msg),
} seL4_UnknownSyscall_Msg;

typedef enum {
	seL4_UserException_FaultIP,
	seL4_UserException_SP,
	seL4_UserException_SPSR,
	seL4_UserException_Number,
	seL4_UserException_Code,
	seL4_UserException_Length,
	SEL4_FORCE_LONG_ENUM(seL4_UserException_Msg),
} seL4_UserException_Msg;

typedef enum {
	seL4_VMFault_IP,
	seL4_VMFault_Addr,
	seL4_VMFault_PrefetchFault,
	seL4_VMFault_FSR,
	seL4_VMFault_Length,
	SEL4_FORCE_LONG_ENUM(seL4_VMFault_Msg),
} seL4_VMFault_Msg;

typedef enum {
	seL4_VGICMaintenance_IDX,
	seL4_VGICMaintenance_Length,
	SEL4_FORCE_LONG_ENUM(seL4_VGICMaintenance_Msg),
} seL4_VGICMaintenance_Msg;

typedef enum {
	seL4_VPPIEvent_IRQ,
	seL4_VPPIEvent_Length,
	SEL4_FORCE_LONG_ENUM(seL4_VPPIEvent_Msg),
} seL4_VPPIEvent_Msg;

typedef enum {
	seL4_VCPUFault_HSR,
	seL4_VCPUFault_Length,
	SEL4_FORCE_LONG_ENUM(seL4_VCPUFault_Msg),
} seL4_VCPUFault_Msg;

typedef enum {
	seL4_Timeout_Data,
	seL4_Timeout_Consumed,
	seL4_Timeout_Length,
	SEL4_FORCE_LONG_ENUM(seL4_Timeout_Msg)
} seL4_Timeout_Msg;

typedef enum {
	seL4_TimeoutReply_FaultIP,
	seL4_TimeoutReply_SP,
	seL4_TimeoutReply_SPSR_EL1,
	seL4_TimeoutReply_X0,
	seL4_TimeoutReply_X1,
	seL4_TimeoutReply_X2,
	seL4_TimeoutReply_X3,
	seL4_TimeoutReply_X4,
	seL4_TimeoutReply_X5,
	seL4_TimeoutReply_X6,
	seL4_TimeoutReply_X7,
	seL4_TimeoutReply_X8,
	seL4_TimeoutReply_X16,
	seL4_TimeoutReply_X17,
	seL4_TimeoutReply_X18,
	seL4_TimeoutReply_X29,
	seL4_TimeoutReply_X30,
	seL4_TimeoutReply_X9,
	seL4_TimeoutReply_X10,
	seL4_TimeoutReply_X11,
	seL4_TimeoutReply_X12,
	seL4_TimeoutReply_X13,
	seL4_TimeoutReply_X14,
	seL4_TimeoutReply_X15,
	seL4_TimeoutReply_X19,
	seL4_TimeoutReply_X20,
	seL4_TimeoutReply_X21,
	seL4_TimeoutReply_X22,
	seL4_TimeoutReply_X23,
	seL4_TimeoutReply_X24,
	seL4_TimeoutReply_X25,
	seL4_TimeoutReply_X26,
	seL4_TimeoutReply_X27,
	seL4_TimeoutReply_X28,
	seL4_TimeoutReply_Length,
	SEL4_FORCE_LONG_ENUM(seL4_TimeoutReply_Msg)
} seL4_TimeoutReply_Msg;

/* Register numbers of seL4_ARM_VCPU_ReadRegs and WriteRegs. */
typedef enum {
	seL4_VCPUReg_SCTLR,
	seL4_VCPUReg_CPACR,
	seL4_VCPUReg_TTBR0,
	seL4_VCPUReg_TTBR1,
	seL4_VCPUReg_TCR,
	seL4_VCPUReg_MAIR,
	seL4_VCPUReg_AMAIR,
	seL4_VCPUReg_CIDR,
	seL4_VCPUReg_ACTLR,
	seL4_VCPUReg_AFSR0,
	seL4_VCPUReg_AFSR1,
	seL4_VCPUReg_ESR,
	seL4_VCPUReg_FAR,
	seL4_VCPUReg_PAR,
	seL4_VCPUReg_VBAR,
	seL4_VCPUReg_TPIDR_EL1,
	seL4_VCPUReg_VMPIDR_EL2,
	seL4_VCPUReg_SP_EL1,
	seL4_VCPUReg_ELR_EL1,
	seL4_VCPUReg_SPSR_EL1,
	seL4_VCPUReg_CNTV_CTL,
	seL4_VCPUReg_CNTV_CVAL,
	seL4_VCPUReg_CNTVOFF,
	seL4_VCPUReg_CNTKCTL_EL1,
	seL4_VCPUReg_Num,
	seL4_VCPURegSaveRange_start = seL4_VCPUReg_TTBR0,
	seL4_VCPURegSaveRange_end = seL4_VCPUReg_SPSR_EL1,
	SEL4_FORCE_LONG_ENUM(seL4_VCPUReg),
} seL4_VCPUReg;
