/* SPDX-License-Identifier: BSD-2-Clause */
/* What leaves a guest, and what does not. */

#include "abi.h"

extern const char g_str_w[], g_str_x[], g_str_h[], g_str_b[], g_ldr_w[], g_ldr_x[], g_ldr_b[],
	g_ldr_sb[], g_ldr_sh[], g_ldp_x[], g_str_wb[];
extern const char g_fetch[], g_smc[], g_wfi[], g_hvc[], g_hvc_insn[];
extern const char g_own_exceptions[], g_own_registers[], g_sysregs[], g_stage1[], g_el0[],
	g_el0_user[];
extern const char g_poll[], g_poll_store[], g_count[];

#define ESR_WNR 0x40UL
#define FSC_MASK 0x3fUL
#define FSC_TRANSLATION_L1 5UL
#define FSC_TRANSLATION_L3 7UL
#define FSC_PERMISSION_L3 15UL

/* ESR bits 31:15 for each access: EC 0x24, IL, ISV, SAS, SSE, SRT, SF. */
static const struct {
	const char *name, *label;
	seL4_Word esr;
} mmio[] = {
	{ "str w1", g_str_w, 0x93810000 | ESR_WNR },
	{ "str x1", g_str_x, 0x93c18000 | ESR_WNR },
	{ "strh w1", g_str_h, 0x93410000 | ESR_WNR },
	{ "strb w1", g_str_b, 0x93010000 | ESR_WNR },
	{ "ldr w3", g_ldr_w, 0x93830000 },
	{ "ldr x3", g_ldr_x, 0x93c38000 },
	{ "ldrb w3", g_ldr_b, 0x93030000 },
	{ "ldrsb x3", g_ldr_sb, 0x93238000 },
	{ "ldrsh w3", g_ldr_sh, 0x93630000 },
	{ "ldp x3, x4", g_ldp_x, 0x92000000 },
	{ "str w1, post-index", g_str_wb, 0x92000000 | ESR_WNR },
};

static void check_mmio(struct guest *g, unsigned int i, seL4_Word ipa, seL4_Word fsc)
{
	struct msg m;

	guest_run(g, mmio[i].label, ipa, 0x1111);
	m = guest_expect(g, seL4_Fault_VMFault);
	check_eq(INFO_LEN(m.info), seL4_VMFault_Length);
	check_eq(m.mr[seL4_VMFault_IP], guest_addr(mmio[i].label));
	check_eq(m.mr[seL4_VMFault_Addr], ipa);
	check_eq(m.mr[seL4_VMFault_PrefetchFault], 0);
	if (m.mr[seL4_VMFault_FSR] != (mmio[i].esr | fsc))
		fail_at(__FILE__, __LINE__, "%s: ESR 0x%lx, expected 0x%lx", mmio[i].name,
			m.mr[seL4_VMFault_FSR], mmio[i].esr | fsc);
	guest_skip(g);
	guest_hvc(g, CP_DONE);
}

ABI_TEST(exit, mmio_syndrome_of_each_width)
{
	struct guest g;
	unsigned int i;

	guest_new(&g);
	for (i = 0; i < sizeof(mmio) / sizeof(mmio[0]); i++)
		check_mmio(&g, i, GUEST_HOLE + 0x128, FSC_TRANSLATION_L3);
}

ABI_TEST(exit, mmio_where_no_page_table_is)
{
	struct guest g;

	guest_new(&g);
	check_mmio(&g, 0, GUEST_FAR_HOLE + 0xabc, FSC_TRANSLATION_L1);
	check_mmio(&g, 4, GUEST_FAR_HOLE, FSC_TRANSLATION_L1);
}

ABI_TEST(exit, mmio_load_completed_by_handler)
{
	seL4_UserContext r;
	struct guest g;

	guest_new(&g);
	guest_run(&g, g_ldr_w, GUEST_HOLE, 0);
	guest_expect(&g, seL4_Fault_VMFault);
	guest_regs(&g, &r);
	r.x3 = 0xc0ffee;
	r.pc += 4;
	require_eq(seL4_TCB_WriteRegisters(g.tcb, 0, 0, 7, &r), 0);
	guest_reply(&g);
	guest_hvc(&g, CP_DONE);
	guest_regs(&g, &r);
	check_eq(r.x3, 0xc0ffee);
}

ABI_TEST(exit, mmio_retried_after_plain_reply)
{
	struct guest g;
	struct msg m;

	guest_new(&g);
	guest_run(&g, g_str_w, GUEST_HOLE, 0);
	guest_expect(&g, seL4_Fault_VMFault);
	guest_reply(&g);
	m = guest_expect(&g, seL4_Fault_VMFault);
	check_eq(m.mr[seL4_VMFault_IP], guest_addr(g_str_w));
}

/* The normal way of demand mapping: map, reply, and the access goes through. */
ABI_TEST(exit, access_goes_on_after_mapping)
{
	volatile seL4_Word *page;
	seL4_CPtr frame;
	struct guest g;

	guest_new(&g);
	frame = obj_new(seL4_ARM_SmallPageObject, 0);
	page = map_rw(frame, WIN_TEST);
	guest_run(&g, g_str_x, GUEST_HOLE + 8, 0x5e14);
	guest_expect(&g, seL4_Fault_VMFault);
	must(try_map(cap_copy(frame, RIGHT_ALL), g.vspace, GUEST_HOLE, RIGHT_RW,
		     seL4_ARM_Default_VMAttributes));
	guest_reply(&g);
	guest_hvc(&g, CP_DONE);
	check_eq(page[1], 0x5e14);
}

ABI_TEST(exit, store_to_read_only_page)
{
	seL4_CPtr frame;
	struct guest g;
	struct msg m;

	guest_new(&g);
	frame = obj_new(seL4_ARM_SmallPageObject, 0);
	must(try_map(frame, g.vspace, GUEST_HOLE, RIGHT_READ, seL4_ARM_Default_VMAttributes));
	guest_run(&g, g_str_w, GUEST_HOLE + 4, 0);
	m = guest_expect(&g, seL4_Fault_VMFault);
	check_eq(m.mr[seL4_VMFault_Addr], GUEST_HOLE + 4);
	check_eq(m.mr[seL4_VMFault_FSR] & FSC_MASK, FSC_PERMISSION_L3);
	check_eq(m.mr[seL4_VMFault_FSR] & ESR_WNR, ESR_WNR);
	guest_skip(&g);
	guest_hvc(&g, CP_DONE);
	guest_run(&g, g_ldr_w, GUEST_HOLE + 4, 0);
	guest_hvc(&g, CP_DONE);
}

ABI_TEST(exit, fetch_from_nowhere)
{
	struct guest g;
	struct msg m;

	guest_new(&g);
	guest_run(&g, g_fetch, GUEST_HOLE, 0);
	m = guest_expect(&g, seL4_Fault_VMFault);
	check_eq(m.mr[seL4_VMFault_IP], GUEST_HOLE);
	check_eq(m.mr[seL4_VMFault_Addr], GUEST_HOLE);
	check_eq(m.mr[seL4_VMFault_PrefetchFault], 1);
	check_eq(m.mr[seL4_VMFault_FSR], 0x82000000 | FSC_TRANSLATION_L3);
}

ABI_TEST(exit, fetch_from_execute_never_page)
{
	struct guest g;
	struct msg m;

	guest_new(&g);
	guest_run(&g, g_fetch, GUEST_DATA, 0);
	m = guest_expect(&g, seL4_Fault_VMFault);
	check_eq(m.mr[seL4_VMFault_IP], GUEST_DATA);
	check_eq(m.mr[seL4_VMFault_PrefetchFault], 1);
	check_eq(m.mr[seL4_VMFault_FSR], 0x82000000 | FSC_PERMISSION_L3);
}

ABI_TEST(exit, smc)
{
	struct guest g;
	struct msg m;

	guest_new(&g);
	guest_run(&g, g_smc, 0x84000000, 0);
	m = guest_expect(&g, seL4_Fault_VCPUFault);
	check_eq(INFO_LEN(m.info), 1);
	check_eq(m.mr[0], 0x5e000003);
	check_eq(thread_pc(&(struct thread){ .tcb = g.tcb }), guest_addr(g_smc));
	guest_skip(&g);
	check_eq(guest_hvc(&g, CP_DONE), 0x84000000);
}

ABI_TEST(exit, wfi)
{
	struct guest g;
	struct msg m;

	guest_new(&g);
	guest_run(&g, g_wfi, 0, 0);
	m = guest_expect(&g, seL4_Fault_VCPUFault);
	check_eq(m.mr[0] >> 26, 1);
	check_eq(m.mr[0] & 3, 0);
	check_eq(thread_pc(&(struct thread){ .tcb = g.tcb }), guest_addr(g_wfi));
	guest_skip(&g);
	guest_hvc(&g, CP_DONE);
}

ABI_TEST(exit, hvc_message)
{
	struct guest g;
	struct msg m;

	guest_new(&g);
	g.data[GD_NUMBER] = 0x84000008;
	guest_run(&g, g_hvc, 0x50, 0x51);
	m = guest_expect(&g, seL4_Fault_UnknownSyscall);
	check_eq(INFO_LEN(m.info), seL4_UnknownSyscall_Length);
	check_eq(m.mr[0], 0x50);
	check_eq(m.mr[1], 0x51);
	check_eq(m.mr[2], 0x52);
	check_eq(m.mr[3], 0x53);
	check_eq(msg_mr(&m, 4), 0x54);
	check_eq(msg_mr(&m, 5), 0x55);
	check_eq(msg_mr(&m, 6), 0x56);
	check_eq(msg_mr(&m, 7), 0x84000008);
	check_eq(msg_mr(&m, seL4_UnknownSyscall_FaultIP), guest_addr(g_hvc_insn));
	check_eq(msg_mr(&m, seL4_UnknownSyscall_LR), guest_addr(g_hvc_insn) + 4);
	check_eq(msg_mr(&m, seL4_UnknownSyscall_SPSR) & 0xf, 5);
	check_eq(msg_mr(&m, seL4_UnknownSyscall_Syscall), 0x84000008);
}

/* Answer with four registers and the pc behind the hvc: the cheap PSCI and SMCCC path. */
ABI_TEST(exit, hvc_reply_writes_registers)
{
	struct guest g;
	struct msg m;

	guest_new(&g);
	g.data[GD_NUMBER] = 0x84000000;
	guest_run(&g, g_hvc, 0, 0);
	m = guest_expect(&g, seL4_Fault_UnknownSyscall);
	__sel4_ipc_buffer->msg[4] = 0xa4;
	__sel4_ipc_buffer->msg[5] = 0xa5;
	__sel4_ipc_buffer->msg[6] = 0xa6;
	__sel4_ipc_buffer->msg[7] = 0xa7;
	__sel4_ipc_buffer->msg[8] = msg_mr(&m, 8) + 4;
	sys_send(g.reply, INFO(0, 0, 9), MRS(0xa0, 0xa1, 0xa2, 0xa3));
	guest_hvc(&g, CP_DONE);
	check_eq(g.data[GD_RESULT + 0], 0xa0);
	check_eq(g.data[GD_RESULT + 1], 0xa1);
	check_eq(g.data[GD_RESULT + 3], 0xa3);
	check_eq(g.data[GD_RESULT + 4], 0xa4);
	check_eq(g.data[GD_RESULT + 7], 0xa7);
}

/* A reply shorter than the pc restarts at the hvc itself; what it carried is in the registers. */
ABI_TEST(exit, hvc_short_reply_repeats)
{
	struct guest g;
	struct msg m;

	guest_new(&g);
	g.data[GD_NUMBER] = 0x84000000;
	guest_run(&g, g_hvc, 0x10, 0x11);
	guest_expect(&g, seL4_Fault_UnknownSyscall);
	sys_send(g.reply, INFO(0, 0, 2), MRS(0xb0, 0xb1, 0, 0));
	m = guest_expect(&g, seL4_Fault_UnknownSyscall);
	check_eq(msg_mr(&m, 8), guest_addr(g_hvc_insn));
	check_eq(m.mr[0], 0xb0);
	check_eq(m.mr[1], 0xb1);
	check_eq(m.mr[2], 0x52);
}

/* A label other than 0 leaves the thread stopped; Resume starts it at the stored pc. */
ABI_TEST(exit, hvc_reply_with_label_stops)
{
	struct guest g;
	struct msg m;

	guest_new(&g);
	g.data[GD_NUMBER] = 0x84000000;
	guest_run(&g, g_hvc, 0, 0);
	m = guest_expect(&g, seL4_Fault_UnknownSyscall);
	__sel4_ipc_buffer->msg[4] = 0;
	__sel4_ipc_buffer->msg[5] = 0;
	__sel4_ipc_buffer->msg[6] = 0;
	__sel4_ipc_buffer->msg[7] = 0;
	__sel4_ipc_buffer->msg[8] = msg_mr(&m, 8) + 4;
	sys_send(g.reply, INFO(1, 0, 9), MRS(0xd0, 0, 0, 0));
	sleep_ms(3);
	check_eq(sys_nbrecv(g.ep, g.reply).badge, 0);
	check_eq(g.data[GD_RESULT], 0);
	must(inv(g.tcb, TCBResume, NOCAPS));
	guest_hvc(&g, CP_DONE);
	check_eq(g.data[GD_RESULT], 0xd0);
}

/* hvc with a system call number is that system call, with the CSpace of the guest's thread. */
ABI_TEST(exit, hvc_signal_is_a_system_call)
{
	seL4_CPtr ntfn, badged;
	struct guest g;

	guest_new(&g);
	ntfn = obj_new(seL4_NotificationObject, 0);
	badged = cap_mint(ntfn, RIGHT_ALL, 0x40);
	must(inv(g.cspace, CNodeCopy, CAPS(ROOT_CNODE), 2, 2, badged, ROOT_DEPTH, RIGHT_WRITE));
	g.data[GD_NUMBER] = (seL4_Word)seL4_SysSend;
	guest_run(&g, g_hvc, 2, 0);
	guest_hvc(&g, CP_DONE);
	check_eq(sys_nbwait(ntfn).badge, 0x40);
	/* Nothing but the registers of the call was touched, and the guest is still in EL1. */
	check_eq(g.data[GD_RESULT + 6], 0x56);
	check_eq(g.data[GD_RESULT + 7], (seL4_Word)seL4_SysSend);
}

ABI_TEST(exit, hvc_yield_is_a_system_call)
{
	struct guest g;

	guest_new(&g);
	g.data[GD_NUMBER] = (seL4_Word)seL4_SysYield;
	guest_run(&g, g_hvc, 0, 0);
	guest_hvc(&g, CP_DONE);
	check_eq(g.data[GD_RESULT + 5], 0x55);
}

/* A call on an endpoint is the control path of a service-VM: message, badge, reply. */
ABI_TEST(exit, hvc_call_on_endpoint)
{
	seL4_CPtr ep, badged, reply;
	struct guest g;
	struct msg m;

	guest_new(&g);
	ep = obj_new(seL4_EndpointObject, 0);
	reply = obj_new(seL4_ReplyObject, 0);
	badged = cap_mint(ep, RIGHT_ALL, 0x77);
	must(inv(g.cspace, CNodeCopy, CAPS(ROOT_CNODE), 1, 2, badged, ROOT_DEPTH, RIGHT_ALL));
	g.data[GD_NUMBER] = (seL4_Word)seL4_SysCall;
	guest_run(&g, g_hvc, 1, INFO(0x321, 0, 4));
	m = sys_recv(ep, reply);
	check_eq(m.badge, 0x77);
	check_eq(INFO_LABEL(m.info), 0x321);
	check_eq(m.mr[0], 0x52);
	check_eq(m.mr[3], 0x55);
	sys_send(reply, INFO(0, 0, 2), MRS(0x91, 0x92, 0, 0));
	guest_hvc(&g, CP_DONE);
	check_eq(g.data[GD_RESULT + 2], 0x91);
	check_eq(g.data[GD_RESULT + 3], 0x92);
}

ABI_TEST(exit, hvc_on_missing_capability_is_a_cap_fault)
{
	struct guest g;
	struct msg m;

	guest_new(&g);
	g.data[GD_NUMBER] = (seL4_Word)seL4_SysSend;
	guest_run(&g, g_hvc, 0x1000, 0);
	m = guest_expect(&g, seL4_Fault_CapFault);
	check_eq(m.mr[seL4_CapFault_IP], guest_addr(g_hvc_insn));
	check_eq(m.mr[seL4_CapFault_Addr], 0x1000);
	check_eq(m.mr[seL4_CapFault_InRecvPhase], 0);
	check_eq(m.mr[seL4_CapFault_LookupFailureType], seL4_GuardMismatch);
	/* The way out: behind the hvc. */
	guest_skip(&g);
	guest_hvc(&g, CP_DONE);
}

ABI_TEST(exit, hvc_wait_on_empty_slot_is_a_cap_fault)
{
	struct guest g;
	struct msg m;

	guest_new(&g);
	g.data[GD_NUMBER] = (seL4_Word)seL4_SysWait;
	guest_run(&g, g_hvc, 3, 0);
	m = guest_expect(&g, seL4_Fault_CapFault);
	check_eq(m.mr[seL4_CapFault_Addr], 3);
	check_eq(m.mr[seL4_CapFault_InRecvPhase], 1);
}

/* Exceptions that are the guest's own business never reach the handler. */
ABI_TEST(exit, own_exceptions_stay_inside)
{
	struct guest g;

	guest_new(&g);
	guest_run(&g, g_own_exceptions, 0, 0);
	check_eq(guest_hvc(&g, CP_SYNC) >> 26, 0x15);
	guest_hvc_return(&g);
	/* svc returns behind itself, so the vector's own step skips the undefined instruction. */
	check_eq(guest_hvc(&g, CP_SYNC) >> 26, 0x07);
}

ABI_TEST(exit, system_registers_of_a_fresh_vcpu)
{
	struct guest g;

	guest_new(&g);
	guest_run(&g, g_sysregs, 0, 0);
	guest_hvc(&g, CP_DONE);
	check_eq(g.data[GD_RESULT + 0], 0x34d58820); /* SCTLR_EL1 */
	check_eq(g.data[GD_RESULT + 1], 0); /* MPIDR_EL1 */
	check_eq(g.data[GD_RESULT + 2], 0x410fd034); /* MIDR_EL1: Cortex-A53 */
	check_in(g.data[GD_RESULT + 4] - g.data[GD_RESULT + 3], 0, 100); /* CNTPCT - CNTVCT */
	check_eq(g.data[GD_RESULT + 5], 62500000); /* CNTFRQ_EL0 */
	check_eq(g.data[GD_RESULT + 6], 0); /* CPACR_EL1 */
	check_eq(g.data[GD_RESULT + 7], 4); /* CurrentEL: EL1 */
	check_eq(g.data[GD_RESULT + 8], 0); /* CNTKCTL_EL1 */
	check_eq(g.data[GD_RESULT + 9], 0); /* TPIDR_EL1 */
}

ABI_TEST(exit, system_registers_written_before_start)
{
	struct guest g;

	guest_new(&g);
	vcpu_write(g.vcpu, seL4_VCPUReg_VMPIDR_EL2, 0x80000003);
	vcpu_write(g.vcpu, seL4_VCPUReg_TPIDR_EL1, 0x7e57);
	vcpu_write(g.vcpu, seL4_VCPUReg_CPACR, 3 << 20);
	vcpu_write(g.vcpu, seL4_VCPUReg_CNTKCTL_EL1, 3);
	guest_run(&g, g_sysregs, 0, 0);
	guest_hvc(&g, CP_DONE);
	check_eq(g.data[GD_RESULT + 1], 0x80000003);
	check_eq(g.data[GD_RESULT + 6], 3 << 20);
	check_eq(g.data[GD_RESULT + 8], 3);
	check_eq(g.data[GD_RESULT + 9], 0x7e57);
}

/* Two guests take turns; each keeps its own EL1 registers, also over native threads between. */
ABI_TEST(exit, registers_kept_over_vcpu_switches)
{
	struct guest a, b;
	unsigned int i;

	guest_new(&a);
	guest_run(&a, g_own_registers, 0x1000, 0);
	guest_hvc(&a, CP_DONE);
	b = a;
	/* The second one shares memory and code, not the VCPU. */
	b.tcb = obj_new(seL4_TCBObject, 0);
	b.sc = obj_new(seL4_SchedContextObject, 7);
	b.vcpu = obj_new(seL4_ARM_VCPUObject, 0);
	b.reply = obj_new(seL4_ReplyObject, 0);
	must(inv(b.tcb, TCBConfigure, CAPS(b.cspace, b.vspace, 0), 62, 0, 0));
	must(inv(bootinfo->schedcontrol.start, SchedControlConfigureFlags, CAPS(b.sc), 10000, 10000,
		 0, 0, 0));
	must(inv(b.tcb, TCBSetSchedParams, CAPS(seL4_CapInitThreadTCB, b.sc, b.fault_ep), 0,
		 PRIO_GUEST));
	must(inv(b.vcpu, ARMVCPUSetTCB, CAPS(b.tcb)));
	guest_run(&b, g_own_registers, 0x2000, 0);
	guest_hvc(&b, CP_DONE);
	guest_hvc_return(&a);
	guest_hvc(&a, CP_DONE);
	for (i = 0; i < 5; i++)
		check_eq(a.data[GD_RESULT + i], 0x1000 + (i == 0 ? 0 : i));
	guest_hvc_return(&b);
	guest_hvc(&b, CP_DONE);
	for (i = 0; i < 5; i++)
		check_eq(b.data[GD_RESULT + i], 0x2000 + (i == 0 ? 0 : i));
}

/* The address of a fault is the IPA also when the guest's own translation is on. */
ABI_TEST(exit, stage1_fault_address_is_the_ipa)
{
	volatile seL4_Word *table;
	struct guest g;
	struct msg m;

	guest_new(&g);
	table = g.data + 512;
	table[0] = 0x701; /* first GiB: block, AF, inner shareable, attribute 0 */
	table[1] = 0x701; /* second GiB: alias of the first */
	guest_run(&g, g_stage1, GUEST_TABLE, 0x40000000 + GUEST_HOLE + 0x10);
	m = guest_expect(&g, seL4_Fault_VMFault);
	check_eq(m.mr[seL4_VMFault_Addr], GUEST_HOLE + 0x10);
	check_eq(m.mr[seL4_VMFault_FSR], 0x93c38000 | FSC_TRANSLATION_L3);
	guest_skip(&g);
	guest_hvc(&g, CP_DONE);
}

/* A fault on the guest's own page tables (S1PTW) is told as such. */
ABI_TEST(exit, stage1_walk_fault)
{
	struct guest g;
	struct msg m;

	guest_new(&g);
	guest_run(&g, g_stage1, GUEST_HOLE, 0);
	m = guest_expect(&g, seL4_Fault_VMFault);
	check_eq(m.mr[seL4_VMFault_FSR] & 0x80, 0x80);
}

ABI_TEST(exit, mmio_from_guest_el0)
{
	seL4_UserContext r;
	struct guest g;
	struct msg m;

	guest_new(&g);
	guest_run(&g, g_el0, GUEST_HOLE, 0);
	m = guest_expect(&g, seL4_Fault_VMFault);
	check_eq(m.mr[seL4_VMFault_IP], guest_addr(g_el0_user));
	guest_regs(&g, &r);
	check_eq(r.spsr & 0xf, 0);
}

/* --- mappings that change under a running guest ------------------------------------------------------- */

static void polling_guest(struct guest *g, const char *code, seL4_CPtr *map)
{
	seL4_CPtr frame;

	guest_new(g);
	frame = obj_new(seL4_ARM_SmallPageObject, 0);
	*map_rw(frame, WIN_TEST) = 0x11;
	*map = cap_copy(frame, RIGHT_ALL);
	must(try_map(*map, g->vspace, GUEST_HOLE, RIGHT_RW, seL4_ARM_Default_VMAttributes));
	guest_run(g, code, GUEST_HOLE, 0x22);
	sleep_ms(2);
	check(g->data[GD_COUNT] > 0);
	check_eq(sys_nbwait(g->ep).badge, 0);
}

ABI_TEST(exit, unmap_reaches_a_running_guest)
{
	seL4_CPtr map;
	struct guest g;

	polling_guest(&g, g_poll, &map);
	check_eq(g.data[GD_RESULT], 0x11);
	must(inv(map, ARMPageUnmap, NOCAPS));
	check_eq(guest_expect(&g, seL4_Fault_VMFault).mr[seL4_VMFault_Addr], GUEST_HOLE);
	/* And mapped again it goes on. */
	must(try_map(map, g.vspace, GUEST_HOLE, RIGHT_RW, seL4_ARM_Default_VMAttributes));
	g.data[GD_COUNT] = 0;
	guest_reply(&g);
	sleep_ms(2);
	check(g.data[GD_COUNT] > 0);
}

ABI_TEST(exit, deletion_of_the_frame_reaches_a_running_guest)
{
	seL4_CPtr map;
	struct guest g;

	polling_guest(&g, g_poll, &map);
	cap_delete(map);
	check_eq(guest_expect(&g, seL4_Fault_VMFault).mr[seL4_VMFault_Addr], GUEST_HOLE);
}

ABI_TEST(exit, write_protection_reaches_a_running_guest)
{
	struct guest g;
	seL4_CPtr map;
	struct msg m;

	polling_guest(&g, g_poll_store, &map);
	must(try_map(map, g.vspace, GUEST_HOLE, RIGHT_READ, seL4_ARM_Default_VMAttributes));
	m = guest_expect(&g, seL4_Fault_VMFault);
	check_eq(m.mr[seL4_VMFault_FSR] & FSC_MASK, FSC_PERMISSION_L3);
	must(try_map(map, g.vspace, GUEST_HOLE, RIGHT_RW, seL4_ARM_Default_VMAttributes));
	guest_reply(&g);
	sleep_ms(2);
	check_eq(sys_nbwait(g.ep).badge, 0);
}

ABI_TEST(exit, replaced_frame_reaches_a_running_guest)
{
	seL4_CPtr map, other;
	struct guest g;

	polling_guest(&g, g_poll, &map);
	other = obj_new(seL4_ARM_SmallPageObject, 0);
	*map_rw(other, WIN_TEST + 4096) = 0x99;
	must(try_map(cap_copy(other, RIGHT_ALL), g.vspace, GUEST_HOLE, RIGHT_RW,
		     seL4_ARM_Default_VMAttributes));
	sleep_ms(2);
	check_eq(g.data[GD_RESULT], 0x99);
}

ABI_TEST(exit, guest_keeps_its_deleted_vspace)
{
	struct guest g;

	guest_new(&g);
	guest_run(&g, g_count, 0, 0);
	sleep_ms(2);
	cap_delete(g.vspace);
	g.data[GD_COUNT] = 0;
	sleep_ms(2);
	/* The thread has a capability of its own. */
	check(g.data[GD_COUNT] > 0);
}

/* The loop of a VMM: answer one exit and wait for the next in one system call. */
ABI_TEST(exit, reply_recv_loop)
{
	struct guest g;
	struct msg m;

	guest_new(&g);
	g.data[GD_NUMBER] = 0x84000000;
	guest_run(&g, g_hvc, 0, 0);
	m = guest_expect(&g, seL4_Fault_UnknownSyscall);
	__sel4_ipc_buffer->msg[8] = msg_mr(&m, 8) + 4;
	m = sys_reply_recv(g.ep, INFO(0, 0, 9), MRS(0xe0, 0xe1, 0, 0), g.reply);
	check_eq(m.badge, GUEST_BADGE);
	check_eq(INFO_LABEL(m.info), seL4_Fault_UnknownSyscall);
	check_eq(msg_mr(&m, 12), CP_DONE);
	check_eq(g.data[GD_RESULT], 0xe0);
}

/* A badge of an interrupt or timer service interrupts the VMM's wait without touching the guest. */
ABI_TEST(exit, notification_reaches_a_handler_that_waits_for_its_guest)
{
	seL4_CPtr n, b;
	struct guest g;

	guest_new(&g);
	n = obj_new(seL4_NotificationObject, 0);
	b = cap_mint(n, RIGHT_WRITE, 1UL << 40);
	must(inv(worker_tcb, TCBBindNotification, CAPS(n)));
	guest_run(&g, g_wfi, 0, 0);
	guest_expect(&g, seL4_Fault_VCPUFault);
	sys_signal(b);
	/* The guest still waits for its answer while something else is received with another object. */
	check_eq(sys_recv(g.ep, obj_new(seL4_ReplyObject, 0)).badge, 1UL << 40);
	guest_skip(&g);
	guest_hvc(&g, CP_DONE);
}

ABI_TEST(exit, hvc_nbsend_on_missing_capability_is_dropped)
{
	struct guest g;

	guest_new(&g);
	g.data[GD_NUMBER] = (seL4_Word)seL4_SysNBSend;
	guest_run(&g, g_hvc, 0x1000, 0);
	guest_hvc(&g, CP_DONE);
}

/* Registers of the GICV page, which is the guest's CPU interface. */
ABI_TEST(exit, cpu_interface)
{
	seL4_UserContext r;
	struct guest g;

	guest_new(&g);
	guest_run(&g, g_ldr_w, GUEST_GICV + GICC_PMR, 0);
	guest_hvc(&g, CP_DONE);
	guest_regs(&g, &r);
	check_eq(r.x3, 0);
	guest_run(&g, g_str_w, GUEST_GICV + GICC_PMR, 0xff);
	guest_hvc(&g, CP_DONE);
	guest_run(&g, g_ldr_w, GUEST_GICV + GICC_PMR, 0);
	guest_hvc(&g, CP_DONE);
	guest_regs(&g, &r);
	check_eq(r.x3, 0xf8);
	guest_run(&g, g_ldr_w, GUEST_GICV + GICC_IAR, 0);
	guest_hvc(&g, CP_DONE);
	guest_regs(&g, &r);
	check_eq(r.x3, 1023);
}
