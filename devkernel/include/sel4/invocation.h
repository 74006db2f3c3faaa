/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* Method labels, numbered as in an SDK's `release` configuration. */
enum invocation_label {
	InvalidInvocation,
	UntypedRetype,
	TCBReadRegisters,
	TCBWriteRegisters,
	TCBCopyRegisters,
	TCBConfigure,
	TCBSetPriority,
	TCBSetMCPriority,
	TCBSetSchedParams,
	TCBSetTimeoutEndpoint,
	TCBSetIPCBuffer,
	TCBSetSpace,
	TCBSuspend,
	TCBResume,
	TCBBindNotification,
	TCBUnbindNotification,
	TCBSetTLSBase,
	TCBSetFlags,
	CNodeRevoke,
	CNodeDelete,
	CNodeCancelBadgedSends,
	CNodeCopy,
	CNodeMint,
	CNodeMove,
	CNodeMutate,
	CNodeRotate,
	IRQIssueIRQHandler,
	IRQAckIRQ,
	IRQSetIRQHandler,
	IRQClearIRQHandler,
	DomainSetSet,
	DomainScheduleConfigure,
	DomainScheduleSetStart,
	SchedControlConfigureFlags,
	SchedContextBind,
	SchedContextUnbind,
	SchedContextUnbindObject,
	SchedContextConsumed,
	SchedContextYieldTo,
	nInvocationLabels
};

enum sel4_arch_invocation_label {
	ARMVSpaceClean_Data = nInvocationLabels,
	ARMVSpaceInvalidate_Data,
	ARMVSpaceCleanInvalidate_Data,
	ARMVSpaceUnify_Instruction,
	ARMSMCCall,
	nSeL4ArchInvocationLabels
};

enum arch_invocation_label {
	ARMPageTableMap = nSeL4ArchInvocationLabels,
	ARMPageTableUnmap,
	ARMPageMap,
	ARMPageUnmap,
	ARMPageClean_Data,
	ARMPageInvalidate_Data,
	ARMPageCleanInvalidate_Data,
	ARMPageUnify_Instruction,
	ARMPageGetAddress,
	ARMASIDControlMakePool,
	ARMASIDPoolAssign,
	ARMVCPUSetTCB,
	ARMVCPUInjectIRQ,
	ARMVCPUReadReg,
	ARMVCPUWriteReg,
	ARMVCPUAckVPPI,
	ARMIRQIssueIRQHandlerTrigger,
	ARMIRQIssueSGISignal,
	nArchInvocationLabels
};
