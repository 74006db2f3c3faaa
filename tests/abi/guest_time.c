/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual timer of a guest. */

#include "abi.h"

extern const char g_vtimer[], g_vtimer_wfi[], g_vtimer_wfi_insn[], g_sysregs[], g_physical_timer[],
	g_vtimer_imask[], g_count[];

#define VTIMER_PPI 27
#define CTL_ENABLE 1UL
#define CTL_ISTATUS 4UL

ABI_TEST(vtimer, event)
{
	struct guest g;
	struct msg m;

	guest_new(&g);
	g.data[GD_STOP] = 1;
	guest_run(&g, g_vtimer, us(300), 0);
	m = guest_expect(&g, seL4_Fault_VPPIEvent);
	check_eq(INFO_LEN(m.info), 1);
	check_eq(m.mr[0], VTIMER_PPI);
	/* Not before its time, and not long after. */
	check_in(now() - g.data[GD_CVAL], 0, us(100));
	check(g.data[GD_COUNT] > 10);
}

/* Without AckVPPI the line stays masked: no second event, however often the timer fires. */
ABI_TEST(vtimer, masked_until_acknowledged)
{
	struct guest g;

	guest_new(&g);
	g.data[GD_STOP] = 1;
	guest_run(&g, g_vtimer, us(100), 0);
	guest_expect(&g, seL4_Fault_VPPIEvent);
	guest_reply(&g);
	sleep_ms(3);
	check_eq(sys_nbrecv(g.ep, g.reply).badge, 0);
	must(inv(g.vcpu, ARMVCPUAckVPPI, NOCAPS, VTIMER_PPI));
	/* The level is still high, so it comes at once. */
	guest_expect(&g, seL4_Fault_VPPIEvent);
}

/* The whole cycle: event, inject, guest silences the timer and EOIs, acknowledge. */
ABI_TEST(vtimer, full_cycle)
{
	struct guest g;

	guest_new(&g);
	g.data[GD_STOP] = 1;
	guest_run(&g, g_vtimer, us(200), 1);
	guest_expect(&g, seL4_Fault_VPPIEvent);
	must(try_inject(g.vcpu, VTIMER_PPI, 0, 0, 0));
	guest_reply(&g);
	check_eq(guest_expect(&g, seL4_Fault_VGICMaintenance).mr[0], 0);
	must(inv(g.vcpu, ARMVCPUAckVPPI, NOCAPS, VTIMER_PPI));
	guest_reply(&g);
	guest_hvc(&g, CP_STOP);
	check_eq(g.data[GD_IRQ_LOG], VTIMER_PPI);
	/* Nothing is left over. */
	must(inv(g.tcb, TCBResume, NOCAPS));
}

/* A vCPU that does not run has no running timer: no event past the deadline, one at resume. */
ABI_TEST(vtimer, frozen_while_blocked)
{
	struct guest g;

	guest_new(&g);
	guest_run(&g, g_vtimer_wfi, us(1000), 0);
	guest_expect(&g, seL4_Fault_VCPUFault);
	sleep_ms(5);
	check_eq(sys_nbwait(g.ep).badge, 0);
	guest_skip(&g);
	check_eq(guest_expect(&g, seL4_Fault_VPPIEvent).mr[0], VTIMER_PPI);
	guest_reply(&g);
	guest_hvc(&g, CP_DONE);
}

/* What a VMM needs to wake a sleeping vCPU itself: control, deadline and offset. */
ABI_TEST(vtimer, registers_while_blocked)
{
	struct guest g;
	seL4_Word cval;

	guest_new(&g);
	guest_run(&g, g_vtimer_wfi, us(100000), 0);
	guest_expect(&g, seL4_Fault_VCPUFault);
	check_eq(vcpu_read(g.vcpu, seL4_VCPUReg_CNTV_CTL) & 3, CTL_ENABLE);
	cval = vcpu_read(g.vcpu, seL4_VCPUReg_CNTV_CVAL);
	check_in(cval - now(), us(90000), us(100000));
	check_eq(vcpu_read(g.vcpu, seL4_VCPUReg_CNTVOFF), 0);
}

/* Registers written from outside while the vCPU sleeps take effect when it goes on. */
ABI_TEST(vtimer, deadline_written_from_outside)
{
	struct guest g;

	guest_new(&g);
	guest_run(&g, g_vtimer_wfi, us(1000000), 0);
	guest_expect(&g, seL4_Fault_VCPUFault);
	vcpu_write(g.vcpu, seL4_VCPUReg_CNTV_CVAL, now() - 1);
	guest_skip(&g);
	guest_expect(&g, seL4_Fault_VPPIEvent);
}

ABI_TEST(vtimer, offset_gives_a_zero_based_clock)
{
	seL4_Word offset = now();
	struct guest g;

	guest_new(&g);
	vcpu_write(g.vcpu, seL4_VCPUReg_CNTVOFF, offset);
	check_eq(vcpu_read(g.vcpu, seL4_VCPUReg_CNTVOFF), offset);
	guest_run(&g, g_sysregs, 0, 0);
	guest_hvc(&g, CP_DONE);
	check_in(g.data[GD_RESULT + 3], 0, us(100000)); /* CNTVCT */
	check_in(g.data[GD_RESULT + 4] - offset, g.data[GD_RESULT + 3],
		 g.data[GD_RESULT + 3] + 100); /* CNTPCT */
}

/* The timer of one vCPU does not fire into another. */
ABI_TEST(vtimer, belongs_to_its_vcpu)
{
	struct guest a, b;

	guest_new(&a);
	guest_run(&a, g_vtimer_wfi, us(500), 0);
	guest_expect(&a, seL4_Fault_VCPUFault);
	guest_new(&b);
	b.data[GD_STOP] = 1;
	guest_run(&b, g_vtimer, us(4000), 0);
	check_eq(guest_expect(&b, seL4_Fault_VPPIEvent).mr[0], VTIMER_PPI);
	check_in(now() - b.data[GD_CVAL], 0, us(100));
}

/* The physical timer is the core's, not the guest's: a guest can write it without an exit. */
ABI_TEST(vtimer, physical_timer_is_not_trapped)
{
	struct guest g;
	seL4_Word v;

	guest_new(&g);
	guest_run(&g, g_physical_timer, 0x123456789, 0);
	guest_hvc(&g, CP_DONE);
	__asm__ volatile("mrs %0, cntp_cval_el0" : "=r"(v));
	check_eq(v, 0x123456789);
}

ABI_TEST(vtimer, masked_at_its_source)
{
	struct guest g;

	guest_new(&g);
	guest_run(&g, g_vtimer_imask, us(100), 0);
	sleep_ms(3);
	check(g.data[GD_COUNT] > 0);
	check_eq(sys_nbwait(g.ep).badge, 0);
}

/* A masked line of one VCPU is not the next one's: each has its own mask. */
ABI_TEST(vtimer, mask_belongs_to_its_vcpu)
{
	struct guest a, b;

	guest_new(&a);
	a.data[GD_STOP] = 1;
	guest_run(&a, g_vtimer, us(100), 0);
	guest_expect(&a, seL4_Fault_VPPIEvent);
	guest_new(&b);
	b.data[GD_STOP] = 1;
	guest_run(&b, g_vtimer, us(100), 0);
	guest_expect(&b, seL4_Fault_VPPIEvent);
	must(inv(b.vcpu, ARMVCPUAckVPPI, NOCAPS, VTIMER_PPI));
	must(inv(b.tcb, TCBSuspend, NOCAPS));
	/* The first is still masked. */
	must(inv(a.tcb, TCBResume, NOCAPS));
	sleep_ms(2);
	check_eq(sys_nbwait(a.ep).badge, 0);
	must(inv(a.vcpu, ARMVCPUAckVPPI, NOCAPS, VTIMER_PPI));
	guest_expect(&a, seL4_Fault_VPPIEvent);
}

/* Nothing of a destroyed VCPU is left for the next one. */
ABI_TEST(vtimer, destroyed_vcpu_leaves_nothing)
{
	struct guest a, b;

	guest_new(&a);
	a.data[GD_STOP] = 1;
	guest_run(&a, g_vtimer, us(100), 0);
	guest_expect(&a, seL4_Fault_VPPIEvent);
	cap_delete(a.vcpu);
	cap_delete(a.tcb);
	guest_new(&b);
	guest_run(&b, g_count, 0, 0);
	sleep_ms(2);
	check_eq(sys_nbwait(b.ep).badge, 0);
	must(inv(b.tcb, TCBSuspend, NOCAPS));
	b.data[GD_STOP] = 1;
	guest_run(&b, g_vtimer, us(100), 0);
	guest_expect(&b, seL4_Fault_VPPIEvent);
}

/* Guests that share the core by time slices each get their own timer's event. */
ABI_TEST(vtimer, two_guests_side_by_side)
{
	struct guest a, b;

	guest_new(&a);
	guest_new(&b);
	a.data[GD_STOP] = b.data[GD_STOP] = 1;
	guest_run(&a, g_vtimer, us(25000), 0);
	guest_run(&b, g_vtimer, us(35000), 0);
	guest_expect(&a, seL4_Fault_VPPIEvent);
	check(b.data[GD_COUNT] > 0);
	guest_expect(&b, seL4_Fault_VPPIEvent);
	check(a.data[GD_COUNT] > 0);
}

/* An interrupt for a native thread comes while a guest runs. */
ABI_TEST(vtimer, physical_interrupt_preempts_a_guest)
{
	seL4_CPtr handler = slot_new(), n = obj_new(seL4_NotificationObject, 0);
	seL4_Word deadline;
	struct guest g;

	must(inv(seL4_CapIRQControl, ARMIRQIssueIRQHandlerTrigger, CAPS(ROOT_CNODE), 30, 0, handler,
		 64));
	must(inv(handler, IRQSetIRQHandler, CAPS(cap_mint(n, RIGHT_ALL, 1))));
	must(inv(handler, IRQAckIRQ, NOCAPS));
	guest_new(&g);
	guest_run(&g, g_count, 0, 0);
	deadline = now() + us(1500);
	__asm__ volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1\n\tisb" ::"r"(deadline),
			 "r"(1UL));
	check_eq(sys_wait(n).badge, 1);
	check_in(now() - deadline, 0, us(30));
	__asm__ volatile("msr cntp_ctl_el0, xzr\n\tisb");
	check(g.data[GD_COUNT] > 0);
}
