/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults of native threads and what their handlers can do. */

#include "abi.h"

extern const char frag_load[], frag_store[], frag_udf[], frag_spin[], frag_cntvct[], frag_svc[];

#define BADGE 0xfa17

static seL4_CPtr ep, reply;
static struct thread thr;
static volatile seL4_Word flag;

/* A thread at @code with a badged fault endpoint. */
static void fault_thread(const char *code, seL4_Word x0, seL4_Word x1)
{
	seL4_UserContext r = {
		.pc = (seL4_Word)code, .sp = 0x5b0, .x0 = x0, .x1 = x1, .x2 = (seL4_Word)&flag
	};
	struct thread_cfg cfg = { .prio = 90, .stopped = true };

	ep = obj_new(seL4_EndpointObject, 0);
	reply = obj_new(seL4_ReplyObject, 0);
	cfg.fault_ep = cap_mint(ep, RIGHT_ALL, BADGE);
	flag = 0;
	thread_start(&thr, &cfg);
	require_eq(seL4_TCB_WriteRegisters(thr.tcb, 1, 0, 36, &r), 0);
}

static struct msg expect_fault(seL4_Word label)
{
	struct msg m = sys_recv(ep, reply);

	check_eq(m.badge, BADGE);
	require_eq(INFO_LABEL(m.info), label);
	return m;
}

ABI_TEST(fault, vm_fault)
{
	struct msg m;

	fault_thread(frag_load, FREE_BASE + 0x18, 0);
	m = expect_fault(seL4_Fault_VMFault);
	check_eq(INFO_LEN(m.info), 4);
	check_eq(m.mr[0], (seL4_Word)frag_load);
	check_eq(m.mr[1], FREE_BASE + 0x18);
	check_eq(m.mr[2], 0);
	check_eq(m.mr[3], 0x93c28005);
}

ABI_TEST(fault, vm_fault_skipped_by_handler)
{
	fault_thread(frag_store, FREE_BASE, 0);
	expect_fault(seL4_Fault_VMFault);
	must(inv(thr.tcb, TCBWriteRegisters, NOCAPS, 0, 1, (seL4_Word)frag_store + 4));
	sys_send(reply, 0, NO_MRS);
	sleep_ms(2);
	check_eq(flag, 1);
}

ABI_TEST(fault, user_exception)
{
	struct msg m;

	fault_thread(frag_udf, 0, 0);
	m = expect_fault(seL4_Fault_UserException);
	check_eq(INFO_LEN(m.info), seL4_UserException_Length);
	check_eq(m.mr[seL4_UserException_FaultIP], (seL4_Word)frag_udf);
	check_eq(m.mr[seL4_UserException_SP], 0x5b0);
	check_eq(m.mr[seL4_UserException_SPSR] & 0xf, 0);
	check_eq(m.mr[seL4_UserException_Number], 0x02000000);
	check_eq(msg_mr(&m, seL4_UserException_Code), 0);
	/* A reply of one word moves the pc. */
	sys_send(reply, INFO(0, 0, 1), MRS((seL4_Word)frag_udf + 4, 0, 0, 0));
	sleep_ms(2);
	check_eq(flag, 1);
}

ABI_TEST(fault, user_exception_reply_with_label_stops)
{
	fault_thread(frag_udf, 0, 0);
	expect_fault(seL4_Fault_UserException);
	sys_send(reply, INFO(1, 0, 1), MRS((seL4_Word)frag_udf + 4, 0, 0, 0));
	sleep_ms(2);
	check_eq(flag, 0);
	check_eq(thread_pc(&thr), (seL4_Word)frag_udf + 4);
	must(inv(thr.tcb, TCBResume, NOCAPS));
	sleep_ms(2);
	check_eq(flag, 1);
}

ABI_TEST(fault, virtual_counter_is_not_for_el0)
{
	struct msg m;

	fault_thread(frag_cntvct, 0, 0);
	m = sys_recv(ep, reply);
	check_eq(INFO_LABEL(m.info), seL4_Fault_VCPUFault);
	check_eq(m.mr[0] >> 26, 0x18);
}

/* Resume on a thread that waits for its fault to be answered: it tries again. */
ABI_TEST(fault, resume_retries)
{
	fault_thread(frag_load, FREE_BASE, 0);
	expect_fault(seL4_Fault_VMFault);
	must(inv(thr.tcb, TCBResume, NOCAPS));
	expect_fault(seL4_Fault_VMFault);
	must(inv(thr.tcb, TCBSuspend, NOCAPS));
	sleep_ms(2);
	check_eq(sys_nbwait(ep).badge, 0);
	must(inv(thr.tcb, TCBResume, NOCAPS));
	expect_fault(seL4_Fault_VMFault);
}

ABI_TEST(fault, write_registers_with_resume_needs_no_reply)
{
	fault_thread(frag_store, FREE_BASE, 0);
	expect_fault(seL4_Fault_VMFault);
	must(inv(thr.tcb, TCBWriteRegisters, NOCAPS, 1, 1, (seL4_Word)frag_store + 4));
	sleep_ms(2);
	check_eq(flag, 1);
	/* The reply object is free again and answers nobody. */
	sys_send(reply, 0, NO_MRS);
}

/* A fault waits in the endpoint until somebody receives; Suspend takes it out. */
ABI_TEST(fault, queued_fault_is_cancelled_by_suspend)
{
	fault_thread(frag_load, FREE_BASE, 0);
	sleep_ms(2);
	must(inv(thr.tcb, TCBSuspend, NOCAPS));
	check_eq(sys_nbrecv(ep, reply).badge, 0);
	must(inv(thr.tcb, TCBResume, NOCAPS));
	expect_fault(seL4_Fault_VMFault);
}

ABI_TEST(fault, deleted_endpoint_leaves_faulters_inactive)
{
	fault_thread(frag_store, FREE_BASE, 0);
	sleep_ms(2);
	cap_revoke(ep);
	cap_delete(ep);
	sleep_ms(2);
	check_eq(thread_pc(&thr), (seL4_Word)frag_store);
	must(inv(thr.tcb, TCBWriteRegisters, NOCAPS, 1, 1, (seL4_Word)frag_store + 4));
	sleep_ms(2);
	check_eq(flag, 1);
}

/* With the reply object gone the faulter can only be restarted by hand. */
ABI_TEST(fault, deleted_reply_object_leaves_the_faulter_inactive)
{
	fault_thread(frag_load, FREE_BASE, 0);
	expect_fault(seL4_Fault_VMFault);
	cap_delete(reply);
	sleep_ms(2);
	check_eq(sys_nbwait(ep).badge, 0);
	must(inv(thr.tcb, TCBResume, NOCAPS));
	sleep_ms(2);
	check_eq(sys_nbwait(ep).badge, BADGE);
}

/* Received by Wait nobody can answer it. */
ABI_TEST(fault, received_by_wait_is_not_answerable)
{
	struct msg m;

	fault_thread(frag_load, FREE_BASE, 0);
	m = sys_wait(ep);
	check_eq(INFO_LABEL(m.info), seL4_Fault_VMFault);
	sys_send(reply, 0, NO_MRS);
	sleep_ms(2);
	check_eq(sys_nbwait(ep).badge, 0);
}

/* One reply object, two faulters: the second receive drops the first. */
ABI_TEST(fault, reused_reply_object_drops_the_older_caller)
{
	struct thread first;

	fault_thread(frag_store, FREE_BASE, 0);
	expect_fault(seL4_Fault_VMFault);
	first = thr;
	seL4_CPtr old_reply = reply, r = 0;

	fault_thread(frag_store, FREE_BASE, 0);
	r = reply;
	reply = old_reply;
	expect_fault(seL4_Fault_VMFault);
	check_eq(r != old_reply, 1);
	/* The answer goes to the second. */
	must(inv(thr.tcb, TCBWriteRegisters, NOCAPS, 0, 1, (seL4_Word)frag_store + 4));
	sys_send(old_reply, 0, NO_MRS);
	sleep_ms(2);
	check_eq(flag, 1);
	check_eq(thread_pc(&first), (seL4_Word)frag_store);
}
