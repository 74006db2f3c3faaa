/* SPDX-License-Identifier: BSD-2-Clause */
/* VCPU objects: registers, argument checks, binding to a thread. */

#include "abi.h"

extern const char g_count[], g_sysregs[];

#define SCTLR_RESET 0x34d58820

ABI_TEST(vcpu, initial_registers)
{
	seL4_CPtr vcpu = obj_new(seL4_ARM_VCPUObject, 0);
	seL4_Word i;

	check_eq(vcpu_read(vcpu, seL4_VCPUReg_SCTLR), SCTLR_RESET);
	for (i = seL4_VCPUReg_SCTLR + 1; i < seL4_VCPUReg_Num; i++) {
		if (vcpu_read(vcpu, i))
			fail_at(__FILE__, __LINE__, "register %lu is 0x%lx", i, vcpu_read(vcpu, i));
	}
}

ABI_TEST(vcpu, registers_hold_what_is_written)
{
	seL4_CPtr vcpu = obj_new(seL4_ARM_VCPUObject, 0);
	seL4_Word i;

	for (i = 0; i < seL4_VCPUReg_Num; i++)
		vcpu_write(vcpu, i, 0x10000 + i);
	for (i = 0; i < seL4_VCPUReg_Num; i++) {
		if (vcpu_read(vcpu, i) != 0x10000 + i)
			fail_at(__FILE__, __LINE__, "register %lu is 0x%lx", i, vcpu_read(vcpu, i));
	}
}

ABI_TEST(vcpu, register_number_out_of_range)
{
	seL4_CPtr vcpu = obj_new(seL4_ARM_VCPUObject, 0);

	expect(inv(vcpu, ARMVCPUReadReg, NOCAPS, seL4_VCPUReg_Num), seL4_InvalidArgument, 1);
	expect(inv(vcpu, ARMVCPUWriteReg, NOCAPS, seL4_VCPUReg_Num, 0), seL4_InvalidArgument, 1);
	expect(inv(vcpu, ARMVCPUReadReg, NOCAPS, ~0UL), seL4_InvalidArgument, 1);
}

ABI_TEST(vcpu, truncated_messages)
{
	seL4_CPtr vcpu = obj_new(seL4_ARM_VCPUObject, 0);

	expect(inv(vcpu, ARMVCPUReadReg, NOCAPS), seL4_TruncatedMessage);
	expect(inv(vcpu, ARMVCPUWriteReg, NOCAPS, 0), seL4_TruncatedMessage);
	expect(inv(vcpu, ARMVCPUInjectIRQ, NOCAPS), seL4_TruncatedMessage);
	expect(inv(vcpu, ARMVCPUSetTCB, NOCAPS), seL4_TruncatedMessage);
	expect(inv(vcpu, ARMVCPUAckVPPI, NOCAPS), seL4_TruncatedMessage);
}

ABI_TEST(vcpu, set_tcb_wants_a_tcb)
{
	seL4_CPtr vcpu = obj_new(seL4_ARM_VCPUObject, 0);
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0);

	expect(inv(vcpu, ARMVCPUSetTCB, CAPS(ep)), seL4_IllegalOperation);
	expect(inv(vcpu, ARMVCPUSetTCB, CAPS(0)), seL4_IllegalOperation);
}

ABI_TEST(vcpu, inject_argument_checks)
{
	seL4_CPtr vcpu = obj_new(seL4_ARM_VCPUObject, 0);

	expect(try_inject(vcpu, 32, 0, 0, 4), seL4_RangeError, 0, 3);
	expect(try_inject(vcpu, 32, 32, 0, 0), seL4_RangeError, 0, 31);
	expect(try_inject(vcpu, 1024, 0, 0, 0), seL4_RangeError, 0, 1023);
	expect(try_inject(vcpu, 32, 0, 2, 0), seL4_RangeError, 0, 1);
	expect(try_inject(vcpu, 1023, 31, 0, 3), seL4_NoError);
	expect(try_inject(vcpu, 0, 0, 0, 0), seL4_NoError);
}

ABI_TEST(vcpu, ack_vppi_argument_checks)
{
	seL4_CPtr vcpu = obj_new(seL4_ARM_VCPUObject, 0);

	expect(inv(vcpu, ARMVCPUAckVPPI, NOCAPS, 27), seL4_NoError);
	expect(inv(vcpu, ARMVCPUAckVPPI, NOCAPS, 30), seL4_InvalidArgument, 0);
	expect(inv(vcpu, ARMVCPUAckVPPI, NOCAPS, 33), seL4_InvalidArgument, 0);
	expect(inv(vcpu, ARMVCPUAckVPPI, NOCAPS, 160), seL4_RangeError, 0, 159);
}

/* The modes an SPSR may have depend on whether a VCPU is bound at the time of the write. */
ABI_TEST(vcpu, spsr_filter)
{
	static const struct {
		seL4_Word spsr;
		bool kept; /* with a VCPU */
	} modes[] = {
		{ 0x000, true },      { 0x3c4, true },	{ 0x3c5, true },
		{ 0x60000005, true }, { 0x3c8, false }, { 0x3c9, false },
		{ 0x3cd, false },     { 0x1d3, false }, { 0x010, false },
	};
	seL4_UserContext r = { 0 };
	seL4_Word user;
	struct guest g;
	seL4_CPtr plain;
	unsigned int i;

	guest_new(&g);
	plain = obj_new(seL4_TCBObject, 0);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		r.spsr = modes[i].spsr;
		require_eq(seL4_TCB_WriteRegisters(plain, 0, 0, 3, &r), 0);
		require_eq(seL4_TCB_ReadRegisters(plain, 0, 0, 3, &r), 0);
		user = r.spsr;
		/* EL0t, F masked; SError masked or not by kernel configuration. */
		check_eq(user & ~0x100UL, (modes[i].spsr & 0xf0000000) | 0x40);
		r.spsr = modes[i].spsr;
		require_eq(seL4_TCB_WriteRegisters(g.tcb, 0, 0, 3, &r), 0);
		require_eq(seL4_TCB_ReadRegisters(g.tcb, 0, 0, 3, &r), 0);
		if (modes[i].kept)
			check_eq(r.spsr, modes[i].spsr);
		else
			check_eq(r.spsr & 0xf, 0);
	}
}

ABI_TEST(vcpu, rebinding_moves_the_vcpu)
{
	struct guest g;
	seL4_CPtr other;

	guest_new(&g);
	other = obj_new(seL4_TCBObject, 0);
	must(inv(g.vcpu, ARMVCPUSetTCB, CAPS(other)));
	must(inv(g.vcpu, ARMVCPUSetTCB, CAPS(g.tcb)));
	guest_run(&g, g_sysregs, 0, 0);
	guest_hvc(&g, CP_DONE);
}

/* A VCPU whose thread is gone can be given to another. */
ABI_TEST(vcpu, survives_its_thread)
{
	struct guest g;

	guest_new(&g);
	vcpu_write(g.vcpu, seL4_VCPUReg_TPIDR_EL1, 0xabc);
	guest_run(&g, g_count, 0, 0);
	sleep_ms(2);
	cap_delete(g.tcb);
	check_eq(vcpu_read(g.vcpu, seL4_VCPUReg_TPIDR_EL1), 0xabc);
	g.tcb = obj_new(seL4_TCBObject, 0);
	must(inv(g.tcb, TCBConfigure, CAPS(g.cspace, g.vspace, 0), 62, 0, 0));
	must(inv(g.tcb, TCBSetSchedParams, CAPS(seL4_CapInitThreadTCB, g.sc, g.fault_ep), 0,
		 PRIO_GUEST));
	must(inv(g.vcpu, ARMVCPUSetTCB, CAPS(g.tcb)));
	guest_run(&g, g_sysregs, 0, 0);
	guest_hvc(&g, CP_DONE);
	check_eq(g.data[GD_RESULT + 9], 0xabc);
}

/* Deleting the VCPU of a running guest leaves a thread that can no longer be at EL1. */
ABI_TEST(vcpu, deletion_takes_el1_away)
{
	seL4_UserContext r;
	struct guest g;

	guest_new(&g);
	guest_run(&g, g_count, 0, 0);
	sleep_ms(2);
	check(g.data[GD_COUNT] > 0);
	must(inv(g.tcb, TCBSuspend, NOCAPS));
	cap_delete(g.vcpu);
	guest_regs(&g, &r);
	check_eq(r.spsr & 0xf, 0);
}

ABI_TEST(vcpu, live_registers_are_read)
{
	struct guest g;

	guest_new(&g);
	guest_run(&g, g_sysregs, 0, 0);
	guest_hvc(&g, CP_DONE);
	/* Written while the guest's state may still be on the core; seen by the guest later. */
	vcpu_write(g.vcpu, seL4_VCPUReg_TPIDR_EL1, 0x1157);
	vcpu_write(g.vcpu, seL4_VCPUReg_VMPIDR_EL2, 0x80000001);
	check_eq(vcpu_read(g.vcpu, seL4_VCPUReg_TPIDR_EL1), 0x1157);
	guest_run(&g, g_sysregs, 0, 0);
	guest_hvc(&g, CP_DONE);
	check_eq(g.data[GD_RESULT + 9], 0x1157);
	check_eq(g.data[GD_RESULT + 1], 0x80000001);
}

ABI_TEST(vcpu, guest_makes_progress_beside_native_threads)
{
	seL4_Word before;
	struct guest g;

	guest_new(&g);
	guest_run(&g, g_count, 0, 0);
	sleep_ms(2);
	before = g.data[GD_COUNT];
	sleep_ms(2);
	check(g.data[GD_COUNT] > before);
	must(inv(g.tcb, TCBSuspend, NOCAPS));
	before = g.data[GD_COUNT];
	sleep_ms(2);
	check_eq(g.data[GD_COUNT], before);
	must(inv(g.tcb, TCBResume, NOCAPS));
	sleep_ms(2);
	check(g.data[GD_COUNT] > before);
}
