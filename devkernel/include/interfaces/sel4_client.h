/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Object methods, each a seL4_Call with the method's label. All return the kernel's error code;
 * on an error message registers 0..3 hold the details. Meaning of methods, arguments and errors:
 * the seL4 reference manual.
 */
#pragma once

#include <sel4/constants.h>
#include <sel4/functions.h>
#include <sel4/invocation.h>
#include <sel4/syscalls.h>
#include <sel4/types.h>

#define SEL4_STUB_REGS 4ul

/*
 * Calls method `label` of `service` with n_caps capability arguments and n_args words. The first
 * four words travel in registers; ret[0..3] is what came back in them.
 */
LIBSEL4_INLINE seL4_Error sel4_stub_method(seL4_CPtr service, seL4_Word label,
					   const seL4_CPtr *caps, seL4_Word n_caps,
					   const seL4_Word *args, seL4_Word n_args,
					   seL4_Word ret[SEL4_STUB_REGS])
{
	seL4_MessageInfo_t info = seL4_MessageInfo_new(label, 0, n_caps, n_args);
	seL4_Error err;

	for (seL4_Word i = 0; i < n_caps; i++)
		seL4_SetCap((int)i, caps[i]);
	for (seL4_Word i = 0; i < SEL4_STUB_REGS; i++)
		ret[i] = i < n_args ? args[i] : 0;
	for (seL4_Word i = SEL4_STUB_REGS; i < n_args; i++)
		seL4_SetMR((int)i, args[i]);
	info = sel4_stub_exchange((seL4_Word)seL4_SysCall, service, info, ret, seL4_Null, 0, 0);
	err = (seL4_Error)seL4_MessageInfo_get_label(info);
	if (err != seL4_NoError)
		sel4_stub_store(ret);
	return err;
}

LIBSEL4_INLINE seL4_Error sel4_stub_invoke(seL4_CPtr service, seL4_Word label,
					   const seL4_CPtr *caps, seL4_Word n_caps,
					   const seL4_Word *args, seL4_Word n_args)
{
	seL4_Word ret[SEL4_STUB_REGS];

	return sel4_stub_method(service, label, caps, n_caps, args, n_args, ret);
}

LIBSEL4_INLINE seL4_Error seL4_Untyped_Retype(seL4_Untyped _service, seL4_Word type,
					      seL4_Word size_bits, seL4_CNode root,
					      seL4_Word node_index, seL4_Word node_depth,
					      seL4_Word node_offset, seL4_Word num_objects)
{
	const seL4_CPtr caps[] = { root };
	seL4_Word args[] = { type, size_bits, node_index, node_depth, node_offset, num_objects };

	return sel4_stub_invoke(_service, UntypedRetype, caps, 1, args, 6);
}

LIBSEL4_INLINE seL4_Error seL4_TCB_CopyRegisters(seL4_TCB _service, seL4_TCB source,
						 seL4_Bool suspend_source, seL4_Bool resume_target,
						 seL4_Bool transfer_frame,
						 seL4_Bool transfer_integer, seL4_Uint8 arch_flags)
{
	const seL4_CPtr caps[] = { source };
	seL4_Word args[] = { (suspend_source & 1ul) | (resume_target & 1ul) << 1 |
			     (transfer_frame & 1ul) << 2 | (transfer_integer & 1ul) << 3 |
			     (arch_flags & 0xfful) << 8 };

	return sel4_stub_invoke(_service, TCBCopyRegisters, caps, 1, args, 1);
}

LIBSEL4_INLINE seL4_Error seL4_TCB_Configure(seL4_TCB _service, seL4_CNode cspace_root,
					     seL4_Word cspace_root_data, seL4_CPtr vspace_root,
					     seL4_Word vspace_root_data, seL4_Word buffer,
					     seL4_CPtr bufferFrame)
{
	const seL4_CPtr caps[] = { cspace_root, vspace_root, bufferFrame };
	seL4_Word args[] = { cspace_root_data, vspace_root_data, buffer };

	return sel4_stub_invoke(_service, TCBConfigure, caps, 3, args, 3);
}

LIBSEL4_INLINE seL4_Error seL4_TCB_SetPriority(seL4_TCB _service, seL4_TCB authority,
					       seL4_Word priority)
{
	const seL4_CPtr caps[] = { authority };
	seL4_Word args[] = { priority };

	return sel4_stub_invoke(_service, TCBSetPriority, caps, 1, args, 1);
}

LIBSEL4_INLINE seL4_Error seL4_TCB_SetMCPriority(seL4_TCB _service, seL4_TCB authority,
						 seL4_Word mcp)
{
	const seL4_CPtr caps[] = { authority };
	seL4_Word args[] = { mcp };

	return sel4_stub_invoke(_service, TCBSetMCPriority, caps, 1, args, 1);
}

LIBSEL4_INLINE seL4_Error seL4_TCB_SetSchedParams(seL4_TCB _service, seL4_TCB authority,
						  seL4_Word mcp, seL4_Word priority,
						  seL4_CPtr sched_context, seL4_CPtr fault_ep)
{
	const seL4_CPtr caps[] = { authority, sched_context, fault_ep };
	seL4_Word args[] = { mcp, priority };

	return sel4_stub_invoke(_service, TCBSetSchedParams, caps, 3, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_TCB_SetTimeoutEndpoint(seL4_TCB _service, seL4_CPtr timeout_fault_ep)
{
	const seL4_CPtr caps[] = { timeout_fault_ep };

	return sel4_stub_invoke(_service, TCBSetTimeoutEndpoint, caps, 1, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_TCB_SetIPCBuffer(seL4_TCB _service, seL4_Word buffer,
						seL4_CPtr bufferFrame)
{
	const seL4_CPtr caps[] = { bufferFrame };
	seL4_Word args[] = { buffer };

	return sel4_stub_invoke(_service, TCBSetIPCBuffer, caps, 1, args, 1);
}

LIBSEL4_INLINE seL4_Error seL4_TCB_SetSpace(seL4_TCB _service, seL4_CPtr fault_ep,
					    seL4_CNode cspace_root, seL4_Word cspace_root_data,
					    seL4_CPtr vspace_root, seL4_Word vspace_root_data)
{
	const seL4_CPtr caps[] = { fault_ep, cspace_root, vspace_root };
	seL4_Word args[] = { cspace_root_data, vspace_root_data };

	return sel4_stub_invoke(_service, TCBSetSpace, caps, 3, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_TCB_Suspend(seL4_TCB _service)
{
	return sel4_stub_invoke(_service, TCBSuspend, seL4_Null, 0, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_TCB_Resume(seL4_TCB _service)
{
	return sel4_stub_invoke(_service, TCBResume, seL4_Null, 0, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_TCB_BindNotification(seL4_TCB _service, seL4_CPtr notification)
{
	const seL4_CPtr caps[] = { notification };

	return sel4_stub_invoke(_service, TCBBindNotification, caps, 1, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_TCB_UnbindNotification(seL4_TCB _service)
{
	return sel4_stub_invoke(_service, TCBUnbindNotification, seL4_Null, 0, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_TCB_SetTLSBase(seL4_TCB _service, seL4_Word tls_base)
{
	seL4_Word args[] = { tls_base };

	return sel4_stub_invoke(_service, TCBSetTLSBase, seL4_Null, 0, args, 1);
}

LIBSEL4_INLINE seL4_Error seL4_CNode_Revoke(seL4_CNode _service, seL4_Word index, seL4_Uint8 depth)
{
	seL4_Word args[] = { index, depth };

	return sel4_stub_invoke(_service, CNodeRevoke, seL4_Null, 0, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_CNode_Delete(seL4_CNode _service, seL4_Word index, seL4_Uint8 depth)
{
	seL4_Word args[] = { index, depth };

	return sel4_stub_invoke(_service, CNodeDelete, seL4_Null, 0, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_CNode_CancelBadgedSends(seL4_CNode _service, seL4_Word index,
						       seL4_Uint8 depth)
{
	seL4_Word args[] = { index, depth };

	return sel4_stub_invoke(_service, CNodeCancelBadgedSends, seL4_Null, 0, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_CNode_Copy(seL4_CNode _service, seL4_Word dest_index,
					  seL4_Uint8 dest_depth, seL4_CNode src_root,
					  seL4_Word src_index, seL4_Uint8 src_depth,
					  seL4_CapRights_t rights)
{
	const seL4_CPtr caps[] = { src_root };
	seL4_Word args[] = { dest_index, dest_depth, src_index, src_depth, rights.words[0] };

	return sel4_stub_invoke(_service, CNodeCopy, caps, 1, args, 5);
}

LIBSEL4_INLINE seL4_Error seL4_CNode_Mint(seL4_CNode _service, seL4_Word dest_index,
					  seL4_Uint8 dest_depth, seL4_CNode src_root,
					  seL4_Word src_index, seL4_Uint8 src_depth,
					  seL4_CapRights_t rights, seL4_Word badge)
{
	const seL4_CPtr caps[] = { src_root };
	seL4_Word args[] = { dest_index, dest_depth, src_index, src_depth, rights.words[0], badge };

	return sel4_stub_invoke(_service, CNodeMint, caps, 1, args, 6);
}

LIBSEL4_INLINE seL4_Error seL4_CNode_Move(seL4_CNode _service, seL4_Word dest_index,
					  seL4_Uint8 dest_depth, seL4_CNode src_root,
					  seL4_Word src_index, seL4_Uint8 src_depth)
{
	const seL4_CPtr caps[] = { src_root };
	seL4_Word args[] = { dest_index, dest_depth, src_index, src_depth };

	return sel4_stub_invoke(_service, CNodeMove, caps, 1, args, 4);
}

LIBSEL4_INLINE seL4_Error seL4_CNode_Mutate(seL4_CNode _service, seL4_Word dest_index,
					    seL4_Uint8 dest_depth, seL4_CNode src_root,
					    seL4_Word src_index, seL4_Uint8 src_depth,
					    seL4_Word badge)
{
	const seL4_CPtr caps[] = { src_root };
	seL4_Word args[] = { dest_index, dest_depth, src_index, src_depth, badge };

	return sel4_stub_invoke(_service, CNodeMutate, caps, 1, args, 5);
}

LIBSEL4_INLINE seL4_Error seL4_CNode_Rotate(seL4_CNode _service, seL4_Word dest_index,
					    seL4_Uint8 dest_depth, seL4_Word dest_badge,
					    seL4_CNode pivot_root, seL4_Word pivot_index,
					    seL4_Uint8 pivot_depth, seL4_Word pivot_badge,
					    seL4_CNode src_root, seL4_Word src_index,
					    seL4_Uint8 src_depth)
{
	const seL4_CPtr caps[] = { pivot_root, src_root };
	seL4_Word args[] = { dest_index,  dest_depth,  dest_badge, pivot_index,
			     pivot_depth, pivot_badge, src_index,  src_depth };

	return sel4_stub_invoke(_service, CNodeRotate, caps, 2, args, 8);
}

LIBSEL4_INLINE seL4_Error seL4_IRQControl_Get(seL4_IRQControl _service, seL4_Word irq,
					      seL4_CNode root, seL4_Word index, seL4_Uint8 depth)
{
	const seL4_CPtr caps[] = { root };
	seL4_Word args[] = { irq, index, depth };

	return sel4_stub_invoke(_service, IRQIssueIRQHandler, caps, 1, args, 3);
}

LIBSEL4_INLINE seL4_Error seL4_IRQControl_GetTrigger(seL4_IRQControl _service, seL4_Word irq,
						     seL4_Word trigger, seL4_CNode root,
						     seL4_Word index, seL4_Uint8 depth)
{
	const seL4_CPtr caps[] = { root };
	seL4_Word args[] = { irq, trigger, index, depth };

	return sel4_stub_invoke(_service, ARMIRQIssueIRQHandlerTrigger, caps, 1, args, 4);
}

LIBSEL4_INLINE seL4_Error seL4_IRQControl_IssueSGISignal(seL4_IRQControl _service, seL4_Word irq,
							 seL4_Word target, seL4_CNode root,
							 seL4_Word index, seL4_Uint8 depth)
{
	const seL4_CPtr caps[] = { root };
	seL4_Word args[] = { irq, target, index, depth };

	return sel4_stub_invoke(_service, ARMIRQIssueSGISignal, caps, 1, args, 4);
}

LIBSEL4_INLINE seL4_Error seL4_IRQHandler_Ack(seL4_IRQHandler _service)
{
	return sel4_stub_invoke(_service, IRQAckIRQ, seL4_Null, 0, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_IRQHandler_SetNotification(seL4_IRQHandler _service,
							  seL4_CPtr notification)
{
	const seL4_CPtr caps[] = { notification };

	return sel4_stub_invoke(_service, IRQSetIRQHandler, caps, 1, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_IRQHandler_Clear(seL4_IRQHandler _service)
{
	return sel4_stub_invoke(_service, IRQClearIRQHandler, seL4_Null, 0, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_DomainSet_Set(seL4_DomainSet _service, seL4_Uint8 domain,
					     seL4_TCB thread)
{
	const seL4_CPtr caps[] = { thread };
	seL4_Word args[] = { domain };

	return sel4_stub_invoke(_service, DomainSetSet, caps, 1, args, 1);
}

LIBSEL4_INLINE seL4_Error seL4_DomainSet_ScheduleConfigure(seL4_DomainSet _service, seL4_Word index,
							   seL4_Uint8 domain, seL4_Time duration)
{
	seL4_Word args[] = { index, domain, duration };

	return sel4_stub_invoke(_service, DomainScheduleConfigure, seL4_Null, 0, args, 3);
}

LIBSEL4_INLINE seL4_Error seL4_DomainSet_ScheduleSetStart(seL4_DomainSet _service, seL4_Word index)
{
	seL4_Word args[] = { index };

	return sel4_stub_invoke(_service, DomainScheduleSetStart, seL4_Null, 0, args, 1);
}

LIBSEL4_INLINE seL4_Error seL4_SchedControl_ConfigureFlags(seL4_SchedControl _service,
							   seL4_SchedContext schedcontext,
							   seL4_Time budget, seL4_Time period,
							   seL4_Word extra_refills, seL4_Word badge,
							   seL4_Word flags)
{
	const seL4_CPtr caps[] = { schedcontext };
	seL4_Word args[] = { budget, period, extra_refills, badge, flags };

	return sel4_stub_invoke(_service, SchedControlConfigureFlags, caps, 1, args, 5);
}

LIBSEL4_INLINE seL4_Error seL4_SchedContext_Bind(seL4_SchedContext _service, seL4_CPtr cap)
{
	const seL4_CPtr caps[] = { cap };

	return sel4_stub_invoke(_service, SchedContextBind, caps, 1, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_SchedContext_Unbind(seL4_SchedContext _service)
{
	return sel4_stub_invoke(_service, SchedContextUnbind, seL4_Null, 0, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_SchedContext_UnbindObject(seL4_SchedContext _service, seL4_CPtr cap)
{
	const seL4_CPtr caps[] = { cap };

	return sel4_stub_invoke(_service, SchedContextUnbindObject, caps, 1, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_VSpace_Clean_Data(seL4_ARM_VSpace _service, seL4_Word start,
						     seL4_Word end)
{
	seL4_Word args[] = { start, end };

	return sel4_stub_invoke(_service, ARMVSpaceClean_Data, seL4_Null, 0, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_VSpace_Invalidate_Data(seL4_ARM_VSpace _service, seL4_Word start,
							  seL4_Word end)
{
	seL4_Word args[] = { start, end };

	return sel4_stub_invoke(_service, ARMVSpaceInvalidate_Data, seL4_Null, 0, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_VSpace_CleanInvalidate_Data(seL4_ARM_VSpace _service,
							       seL4_Word start, seL4_Word end)
{
	seL4_Word args[] = { start, end };

	return sel4_stub_invoke(_service, ARMVSpaceCleanInvalidate_Data, seL4_Null, 0, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_VSpace_Unify_Instruction(seL4_ARM_VSpace _service,
							    seL4_Word start, seL4_Word end)
{
	seL4_Word args[] = { start, end };

	return sel4_stub_invoke(_service, ARMVSpaceUnify_Instruction, seL4_Null, 0, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_PageTable_Map(seL4_ARM_PageTable _service, seL4_CPtr vspace,
						 seL4_Word vaddr, seL4_ARM_VMAttributes attr)
{
	const seL4_CPtr caps[] = { vspace };
	seL4_Word args[] = { vaddr, attr };

	return sel4_stub_invoke(_service, ARMPageTableMap, caps, 1, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_PageTable_Unmap(seL4_ARM_PageTable _service)
{
	return sel4_stub_invoke(_service, ARMPageTableUnmap, seL4_Null, 0, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_Page_Map(seL4_ARM_Page _service, seL4_CPtr vspace,
					    seL4_Word vaddr, seL4_CapRights_t rights,
					    seL4_ARM_VMAttributes attr)
{
	const seL4_CPtr caps[] = { vspace };
	seL4_Word args[] = { vaddr, rights.words[0], attr };

	return sel4_stub_invoke(_service, ARMPageMap, caps, 1, args, 3);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_Page_Unmap(seL4_ARM_Page _service)
{
	return sel4_stub_invoke(_service, ARMPageUnmap, seL4_Null, 0, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_Page_Clean_Data(seL4_ARM_Page _service, seL4_Word start_offset,
						   seL4_Word end_offset)
{
	seL4_Word args[] = { start_offset, end_offset };

	return sel4_stub_invoke(_service, ARMPageClean_Data, seL4_Null, 0, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_Page_Invalidate_Data(seL4_ARM_Page _service,
							seL4_Word start_offset,
							seL4_Word end_offset)
{
	seL4_Word args[] = { start_offset, end_offset };

	return sel4_stub_invoke(_service, ARMPageInvalidate_Data, seL4_Null, 0, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_Page_CleanInvalidate_Data(seL4_ARM_Page _service,
							     seL4_Word start_offset,
							     seL4_Word end_offset)
{
	seL4_Word args[] = { start_offset, end_offset };

	return sel4_stub_invoke(_service, ARMPageCleanInvalidate_Data, seL4_Null, 0, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_Page_Unify_Instruction(seL4_ARM_Page _service,
							  seL4_Word start_offset,
							  seL4_Word end_offset)
{
	seL4_Word args[] = { start_offset, end_offset };

	return sel4_stub_invoke(_service, ARMPageUnify_Instruction, seL4_Null, 0, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_ASIDControl_MakePool(seL4_ARM_ASIDControl _service,
							seL4_Untyped untyped, seL4_CNode root,
							seL4_Word index, seL4_Uint8 depth)
{
	const seL4_CPtr caps[] = { untyped, root };
	seL4_Word args[] = { index, depth };

	return sel4_stub_invoke(_service, ARMASIDControlMakePool, caps, 2, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_ASIDPool_Assign(seL4_ARM_ASIDPool _service, seL4_CPtr vspace)
{
	const seL4_CPtr caps[] = { vspace };

	return sel4_stub_invoke(_service, ARMASIDPoolAssign, caps, 1, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_VCPU_SetTCB(seL4_ARM_VCPU _service, seL4_TCB tcb)
{
	const seL4_CPtr caps[] = { tcb };

	return sel4_stub_invoke(_service, ARMVCPUSetTCB, caps, 1, seL4_Null, 0);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_VCPU_InjectIRQ(seL4_ARM_VCPU _service, seL4_Uint16 virq,
						  seL4_Uint8 priority, seL4_Uint8 group,
						  seL4_Uint8 index)
{
	seL4_Word args[] = { virq | (seL4_Word)priority << 16 | (seL4_Word)group << 24 |
			     (seL4_Word)index << 32 };

	return sel4_stub_invoke(_service, ARMVCPUInjectIRQ, seL4_Null, 0, args, 1);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_VCPU_WriteRegs(seL4_ARM_VCPU _service, seL4_VCPUReg field,
						  seL4_Word value)
{
	seL4_Word args[] = { (seL4_Word)field, value };

	return sel4_stub_invoke(_service, ARMVCPUWriteReg, seL4_Null, 0, args, 2);
}

LIBSEL4_INLINE seL4_Error seL4_ARM_VCPU_AckVPPI(seL4_ARM_VCPU _service, seL4_Word irq)
{
	seL4_Word args[] = { irq };

	return sel4_stub_invoke(_service, ARMVCPUAckVPPI, seL4_Null, 0, args, 1);
}

#define SEL4_USER_CONTEXT_WORDS (sizeof(seL4_UserContext) / sizeof(seL4_Word))

/* Overwrites all of *regs; only the first `count` words are the thread's. */
LIBSEL4_INLINE seL4_Error seL4_TCB_ReadRegisters(seL4_TCB _service, seL4_Bool suspend_source,
						 seL4_Uint8 arch_flags, seL4_Word count,
						 seL4_UserContext *regs)
{
	seL4_Word args[] = { (suspend_source & 1ul) | (arch_flags & 0xfful) << 8, count };
	seL4_Word *words = (seL4_Word *)regs;
	seL4_Word ret[SEL4_STUB_REGS];
	seL4_Error err = sel4_stub_method(_service, TCBReadRegisters, seL4_Null, 0, args, 2, ret);

	for (seL4_Word i = 0; i < SEL4_USER_CONTEXT_WORDS; i++)
		words[i] = i < SEL4_STUB_REGS ? ret[i] : seL4_GetMR((int)i);
	return err;
}

LIBSEL4_INLINE seL4_Error seL4_TCB_WriteRegisters(seL4_TCB _service, seL4_Bool resume_target,
						  seL4_Uint8 arch_flags, seL4_Word count,
						  seL4_UserContext *regs)
{
	const seL4_Word *words = (const seL4_Word *)regs;
	seL4_Word mr[SEL4_STUB_REGS] = { (resume_target & 1ul) | (arch_flags & 0xfful) << 8, count,
					 words[0], words[1] };
	seL4_MessageInfo_t info =
		seL4_MessageInfo_new(TCBWriteRegisters, 0, 0, 2 + SEL4_USER_CONTEXT_WORDS);
	seL4_Error err;

	for (seL4_Word i = 2; i < SEL4_USER_CONTEXT_WORDS; i++)
		seL4_SetMR((int)i + 2, words[i]);
	info = sel4_stub_exchange((seL4_Word)seL4_SysCall, _service, info, mr, seL4_Null, 0, 0);
	err = (seL4_Error)seL4_MessageInfo_get_label(info);
	if (err != seL4_NoError)
		sel4_stub_store(mr);
	return err;
}

typedef struct seL4_TCB_SetFlags {
	int error;
	seL4_Word flags;
} seL4_TCB_SetFlags_t;

LIBSEL4_INLINE seL4_TCB_SetFlags_t seL4_TCB_SetFlags(seL4_TCB _service, seL4_Word clear,
						     seL4_Word set)
{
	seL4_Word args[] = { clear, set };
	seL4_Word ret[SEL4_STUB_REGS];
	seL4_TCB_SetFlags_t result;

	result.error = sel4_stub_method(_service, TCBSetFlags, seL4_Null, 0, args, 2, ret);
	result.flags = ret[0];
	return result;
}

typedef struct seL4_SchedContext_Consumed {
	int error;
	seL4_Time consumed;
} seL4_SchedContext_Consumed_t;

LIBSEL4_INLINE seL4_SchedContext_Consumed_t seL4_SchedContext_Consumed(seL4_SchedContext _service)
{
	seL4_Word ret[SEL4_STUB_REGS];
	seL4_SchedContext_Consumed_t result;

	result.error =
		sel4_stub_method(_service, SchedContextConsumed, seL4_Null, 0, seL4_Null, 0, ret);
	result.consumed = ret[0];
	return result;
}

typedef struct seL4_SchedContext_YieldTo {
	int error;
	seL4_Time consumed;
} seL4_SchedContext_YieldTo_t;

LIBSEL4_INLINE seL4_SchedContext_YieldTo_t seL4_SchedContext_YieldTo(seL4_SchedContext _service)
{
	seL4_Word ret[SEL4_STUB_REGS];
	seL4_SchedContext_YieldTo_t result;

	result.error =
		sel4_stub_method(_service, SchedContextYieldTo, seL4_Null, 0, seL4_Null, 0, ret);
	result.consumed = ret[0];
	return result;
}

typedef struct seL4_ARM_Page_GetAddress {
	int error;
	seL4_Word paddr;
} seL4_ARM_Page_GetAddress_t;

LIBSEL4_INLINE seL4_ARM_Page_GetAddress_t seL4_ARM_Page_GetAddress(seL4_ARM_Page _service)
{
	seL4_Word ret[SEL4_STUB_REGS];
	seL4_ARM_Page_GetAddress_t result;

	result.error =
		sel4_stub_method(_service, ARMPageGetAddress, seL4_Null, 0, seL4_Null, 0, ret);
	result.paddr = ret[0];
	return result;
}

typedef struct seL4_ARM_VCPU_ReadRegs {
	int error;
	seL4_Word value;
} seL4_ARM_VCPU_ReadRegs_t;

LIBSEL4_INLINE seL4_ARM_VCPU_ReadRegs_t seL4_ARM_VCPU_ReadRegs(seL4_ARM_VCPU _service,
							       seL4_VCPUReg field)
{
	seL4_Word args[] = { (seL4_Word)field };
	seL4_Word ret[SEL4_STUB_REGS];
	seL4_ARM_VCPU_ReadRegs_t result;

	result.error = sel4_stub_method(_service, ARMVCPUReadReg, seL4_Null, 0, args, 1, ret);
	result.value = ret[0];
	return result;
}

LIBSEL4_INLINE seL4_Error seL4_ARM_SMC_Call(seL4_ARM_SMC _service, seL4_ARM_SMCContext *smc_args,
					    seL4_ARM_SMCContext *smc_response)
{
	const seL4_Word *args = (const seL4_Word *)smc_args;
	seL4_Word *words = (seL4_Word *)smc_response;
	seL4_Word ret[SEL4_STUB_REGS];
	seL4_Error err = sel4_stub_method(_service, ARMSMCCall, seL4_Null, 0, args, 8, ret);

	for (seL4_Word i = 0; i < 8; i++)
		words[i] = i < SEL4_STUB_REGS ? ret[i] : seL4_GetMR((int)i);
	return err;
}
