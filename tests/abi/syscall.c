/* SPDX-License-Identifier: BSD-2-Clause */
/* The system calls themselves: registers, refused addresses, unknown numbers. */

#include "abi.h"

void regs_over_yield(seL4_Word *out);
extern const char frag_svc[], frag_spin[];

#define BAD_CAP 0xabc0000000000000UL
#define BADGE 0x99

static seL4_CPtr ep, fault_ep, reply;

/* A thread that executes svc with the given registers and faults to ep. */
static void svc_thread(struct thread *t, seL4_Word nr, seL4_Word x0, seL4_Word x1, seL4_Word x6,
		       seL4_Word *out)
{
	struct thread_cfg cfg = { .prio = 90, .stopped = true };
	seL4_UserContext r = { .pc = (seL4_Word)frag_svc,
			       .x0 = x0,
			       .x1 = x1,
			       .x2 = 0x22,
			       .x3 = 0x33,
			       .x4 = 0x44,
			       .x5 = 0x55,
			       .x6 = x6,
			       .x7 = nr,
			       .x9 = (seL4_Word)out };

	ep = obj_new(seL4_EndpointObject, 0);
	reply = obj_new(seL4_ReplyObject, 0);
	fault_ep = cap_mint(ep, RIGHT_ALL, BADGE);
	cfg.fault_ep = fault_ep;
	thread_start(t, &cfg);
	require_eq(seL4_TCB_WriteRegisters(t->tcb, 1, 0, 36, &r), 0);
}

static struct msg expect_fault(seL4_Word label)
{
	struct msg m = sys_recv(ep, reply);

	check_eq(m.badge, BADGE);
	require_eq(INFO_LABEL(m.info), label);
	return m;
}

ABI_TEST(syscall, registers_survive)
{
	seL4_Word out[31] = { 0 };
	unsigned int i;

	regs_over_yield(out);
	for (i = 0; i < 31; i++) {
		if (i != 7 && out[i] != 0x5a00 + i)
			fail_at(__FILE__, __LINE__, "x%u is 0x%lx", i, out[i]);
	}
}

ABI_TEST(syscall, call_clears_x0)
{
	struct msg m = sys_call(worker_sc, INFO(SchedContextConsumed, 0, 0), NO_MRS);

	check_eq(m.badge, 0);
	check_eq(INFO_LABEL(m.info), 0);
}

/* seL4_Time results come as one word. */
ABI_TEST(syscall, call_returns_result_length)
{
	struct answer a = inv(image_frame(image_start), ARMPageGetAddress, NOCAPS);

	check_eq(a.err, 0);
	check_eq(a.len, 1);
	a = inv(ROOT_CNODE, CNodeDelete, NOCAPS, slot_new(), 64);
	check_eq(a.err, 0);
	check_eq(a.len, 0);
}

ABI_TEST(syscall, call_on_empty_slot)
{
	expect(inv(slot_new(), UntypedRetype, NOCAPS), seL4_InvalidCapability, 0);
}

ABI_TEST(syscall, nonblocking_receive_of_nothing)
{
	seL4_CPtr e = obj_new(seL4_EndpointObject, 0);
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0);
	seL4_CPtr r = obj_new(seL4_ReplyObject, 0);

	check_eq(sys_nbrecv(e, r).badge, 0);
	check_eq(sys_nbwait(e).badge, 0);
	check_eq(sys_nbwait(n).badge, 0);
	check_eq(sys_nbrecv(n, 0).badge, 0);
}

/* In NBSend an address that leads nowhere is no fault. */
ABI_TEST(syscall, nbsend_to_nowhere)
{
	sys_nbsend(BAD_CAP, 0, NO_MRS);
	sys_nbsend(slot_new(), 0, NO_MRS);
}

static const struct {
	const char *name;
	seL4_Word nr;
	bool receive;
} blocking[] = {
	{ "Send", (seL4_Word)seL4_SysSend, false },
	{ "Call", (seL4_Word)seL4_SysCall, false },
	{ "Recv", (seL4_Word)seL4_SysRecv, true },
	{ "Wait", (seL4_Word)seL4_SysWait, true },
	{ "NBRecv", (seL4_Word)seL4_SysNBRecv, true },
	{ "NBWait", (seL4_Word)seL4_SysNBWait, true },
};

ABI_TEST(syscall, unresolved_address_is_a_cap_fault)
{
	struct thread t;
	seL4_CPtr r = obj_new(seL4_ReplyObject, 0);
	struct msg m;
	unsigned int i;

	for (i = 0; i < sizeof(blocking) / sizeof(blocking[0]); i++) {
		svc_thread(&t, blocking[i].nr, BAD_CAP, 0, r, NULL);
		m = expect_fault(seL4_Fault_CapFault);
		check_eq(m.mr[seL4_CapFault_IP], (seL4_Word)frag_svc);
		check_eq(m.mr[seL4_CapFault_Addr], BAD_CAP);
		check_eq(m.mr[seL4_CapFault_InRecvPhase], blocking[i].receive);
		check_eq(m.mr[seL4_CapFault_LookupFailureType], seL4_GuardMismatch);
		check_eq(INFO_LEN(m.info), 7);
		check_eq(msg_mr(&m, 4), 64); /* bits left */
		check_eq(msg_mr(&m, 5), 0); /* guard found */
		check_eq(msg_mr(&m, 6), 47); /* its size */
	}
}

ABI_TEST(syscall, receive_from_empty_slot_is_a_cap_fault)
{
	seL4_CPtr empty = slot_new();
	struct thread t;
	struct msg m;

	svc_thread(&t, (seL4_Word)seL4_SysWait, empty, 0, 0, NULL);
	m = expect_fault(seL4_Fault_CapFault);
	check_eq(m.mr[seL4_CapFault_Addr], empty);
	check_eq(m.mr[seL4_CapFault_InRecvPhase], 1);
	check_eq(m.mr[seL4_CapFault_LookupFailureType], seL4_MissingCapability);
	check_eq(INFO_LEN(m.info), 5);
}

ABI_TEST(syscall, receive_from_wrong_object_is_a_cap_fault)
{
	struct thread t;
	struct msg m;

	svc_thread(&t, (seL4_Word)seL4_SysWait, ROOT_CNODE, 0, 0, NULL);
	m = expect_fault(seL4_Fault_CapFault);
	check_eq(m.mr[seL4_CapFault_Addr], ROOT_CNODE);
	check_eq(m.mr[seL4_CapFault_InRecvPhase], 1);
}

ABI_TEST(syscall, recv_without_read_right_is_a_cap_fault)
{
	seL4_CPtr other = obj_new(seL4_EndpointObject, 0);
	seL4_CPtr send_only = cap_copy(other, RIGHT_WRITE | RIGHT_GRANT);
	struct thread t;
	struct msg m;

	svc_thread(&t, (seL4_Word)seL4_SysWait, send_only, 0, 0, NULL);
	m = expect_fault(seL4_Fault_CapFault);
	check_eq(m.mr[seL4_CapFault_Addr], send_only);
}

ABI_TEST(syscall, recv_needs_a_reply_object)
{
	seL4_CPtr other = obj_new(seL4_EndpointObject, 0);
	struct thread t;
	struct msg m;

	svc_thread(&t, (seL4_Word)seL4_SysRecv, other, 0, 0, NULL);
	m = expect_fault(seL4_Fault_CapFault);
	check_eq(m.mr[seL4_CapFault_InRecvPhase], 1);
	check_eq(m.mr[seL4_CapFault_Addr], 0);
	check_eq(m.mr[seL4_CapFault_LookupFailureType], seL4_MissingCapability);
	svc_thread(&t, (seL4_Word)seL4_SysRecv, other, 0, other, NULL);
	m = expect_fault(seL4_Fault_CapFault);
	check_eq(m.mr[seL4_CapFault_Addr], other);
}

/* A fault of this kind is retried by a plain reply. */
ABI_TEST(syscall, cap_fault_is_retried_by_reply)
{
	seL4_CPtr empty = slot_new();
	seL4_CPtr ntfn = obj_new(seL4_NotificationObject, 0);
	seL4_Word out[9] = { 0 };
	struct thread t;

	svc_thread(&t, (seL4_Word)seL4_SysWait, empty, 0, 0, out);
	expect_fault(seL4_Fault_CapFault);
	must(try_mint(empty, ntfn, RIGHT_ALL, 0));
	sys_signal(cap_mint(ntfn, RIGHT_ALL, 0x20));
	sys_send(reply, 0, NO_MRS);
	sleep_ms(2);
	check_eq(((volatile seL4_Word *)out)[8], 1);
	check_eq(out[0], 0x20);
}

ABI_TEST(syscall, send_on_missing_right_is_silent)
{
	seL4_CPtr other = obj_new(seL4_EndpointObject, 0);
	seL4_CPtr recv_only = cap_copy(other, RIGHT_READ);
	seL4_Word out[9] = { 0 };
	struct thread t;

	svc_thread(&t, (seL4_Word)seL4_SysSend, recv_only, 0, 0, out);
	sleep_ms(2);
	check_eq(((volatile seL4_Word *)out)[8], 1);
	expect(inv(recv_only, 0, NOCAPS), seL4_InvalidCapability, 0);
}

static void check_unknown(seL4_Word nr)
{
	struct thread t;
	struct msg m;

	svc_thread(&t, nr, 0x10, 0x11, 0x66, NULL);
	m = expect_fault(seL4_Fault_UnknownSyscall);
	check_eq(INFO_LEN(m.info), seL4_UnknownSyscall_Length);
	check_eq(m.mr[0], 0x10);
	check_eq(m.mr[1], 0x11);
	check_eq(m.mr[2], 0x22);
	check_eq(m.mr[3], 0x33);
	check_eq(msg_mr(&m, 4), 0x44);
	check_eq(msg_mr(&m, 6), 0x66);
	check_eq(msg_mr(&m, 7), nr);
	check_eq(msg_mr(&m, seL4_UnknownSyscall_FaultIP), (seL4_Word)frag_svc);
	check_eq(msg_mr(&m, seL4_UnknownSyscall_SP), 0);
	check_eq(msg_mr(&m, seL4_UnknownSyscall_LR), (seL4_Word)frag_svc + 4);
	check_eq(msg_mr(&m, seL4_UnknownSyscall_Syscall), nr);
}

ABI_TEST(syscall, unknown_numbers)
{
	check_unknown(0);
	check_unknown(5);
	check_unknown(0x84000000);
	check_unknown((seL4_Word)-40);
	check_unknown(1UL << 63);
}

/* The number is the whole register, not its low half. */
ABI_TEST(syscall, number_is_64_bits)
{
	check_unknown(0xfffffff5UL);
}

ABI_TEST(syscall, debug_numbers_unknown_in_release)
{
#ifdef CONFIG_DEBUG_BUILD
	note("debug configuration: not checked");
#else
	check_unknown((seL4_Word)-12);
	check_unknown((seL4_Word)-14);
#endif
}

ABI_TEST(syscall, unknown_reply_writes_registers)
{
	seL4_Word out[9] = { 0 };
	struct thread t;
	struct msg m;
	unsigned int i;

	svc_thread(&t, 0x1000, 0x10, 0x11, 0x66, out);
	m = expect_fault(seL4_Fault_UnknownSyscall);
	for (i = 4; i < 8; i++)
		__sel4_ipc_buffer->msg[i] = 0xa0 + i;
	__sel4_ipc_buffer->msg[8] = msg_mr(&m, 8) + 4;
	sys_send(reply, INFO(0, 0, 9), MRS(0xa0, 0xa1, 0xa2, 0xa3));
	sleep_ms(2);
	check_eq(((volatile seL4_Word *)out)[8], 1);
	for (i = 0; i < 8; i++)
		check_eq(out[i], 0xa0 + i);
}

/* Send as the first half of NBSendWait: the message goes out, then the wait begins. */
ABI_TEST(syscall, nbsend_wait)
{
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0);
	seL4_CPtr a = cap_mint(n, RIGHT_ALL, 0x100);

	check_eq(sys_nbsend_wait(a, 0, NO_MRS, n).badge, 0x100);
}

ABI_TEST(syscall, nbsend_recv)
{
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0);
	seL4_CPtr a = cap_mint(n, RIGHT_ALL, 0x200);

	check_eq(sys_nbsend_recv(a, 0, NO_MRS, n, 0).badge, 0x200);
}

/* Object methods are not for the first half of the combined calls. */
ABI_TEST(syscall, nbsend_wait_makes_no_tcb_invocation)
{
	seL4_CPtr n = obj_new(seL4_NotificationObject, 0);
	seL4_Word out[9] = { 0 };
	struct thread t;

	svc_thread(&t, (seL4_Word)seL4_SysYield, 0, 0, 0, out);
	must(inv(t.tcb, TCBSuspend, NOCAPS));
	sys_signal(cap_mint(n, RIGHT_ALL, 1));
	sys_nbsend_wait(t.tcb, INFO(TCBResume, 0, 0), NO_MRS, n);
	sleep_ms(2);
	check_eq(((volatile seL4_Word *)out)[8], 0);
}
