/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual interrupts: list registers, maintenance, the CPU interface of the guest. */

#include "abi.h"

extern const char g_irq[], g_wfi[];

/* A guest waiting in its loop with interrupts on; it stops at a checkpoint after @stop of them. */
static void irq_guest(struct guest *g, seL4_Word stop)
{
	guest_new(g);
	g->data[GD_STOP] = stop;
	guest_run(g, g_irq, 0, 0);
	guest_hvc(g, CP_READY);
}

static void expect_maintenance(struct guest *g, seL4_Word index)
{
	struct msg m = guest_expect(g, seL4_Fault_VGICMaintenance);

	check_eq(INFO_LEN(m.info), 1);
	check_eq(m.mr[0], index);
	guest_reply(g);
}

ABI_TEST(virq, inject_and_eoi)
{
	struct guest g;

	irq_guest(&g, 1);
	must(try_inject(g.vcpu, 40, 0, 0, 0));
	guest_hvc_return(&g);
	expect_maintenance(&g, 0);
	guest_hvc(&g, CP_STOP);
	check_eq(g.data[GD_IRQ_COUNT], 1);
	check_eq(g.data[GD_IRQ_LOG], 40);
}

ABI_TEST(virq, index_names_the_list_register)
{
	struct guest g;

	irq_guest(&g, 1);
	must(try_inject(g.vcpu, 77, 3, 0, 2));
	guest_hvc_return(&g);
	expect_maintenance(&g, 2);
	guest_hvc(&g, CP_STOP);
	check_eq(g.data[GD_IRQ_LOG], 77);
}

/* Four pending at once come by priority; each EOI is one maintenance message. */
ABI_TEST(virq, four_list_registers_by_priority)
{
	static const seL4_Word prio[4] = { 20, 4, 28, 12 };
	seL4_Word seen = 0;
	unsigned int i;
	struct guest g;
	struct msg m;

	irq_guest(&g, 4);
	for (i = 0; i < 4; i++)
		must(try_inject(g.vcpu, 50 + i, prio[i], 0, i));
	guest_hvc_return(&g);
	for (i = 0; i < 4; i++) {
		m = guest_expect(&g, seL4_Fault_VGICMaintenance);
		require(m.mr[0] < 4);
		check_eq(seen & (1UL << m.mr[0]), 0);
		seen |= 1UL << m.mr[0];
		guest_reply(&g);
	}
	guest_hvc(&g, CP_STOP);
	check_eq(g.data[GD_IRQ_LOG + 0], 51);
	check_eq(g.data[GD_IRQ_LOG + 1], 53);
	check_eq(g.data[GD_IRQ_LOG + 2], 50);
	check_eq(g.data[GD_IRQ_LOG + 3], 52);
}

/* A pending entry is overwritten without a word: the first interrupt is lost. */
ABI_TEST(virq, pending_entry_is_overwritten)
{
	struct guest g;

	irq_guest(&g, 1);
	must(try_inject(g.vcpu, 60, 0, 0, 0));
	expect(try_inject(g.vcpu, 61, 0, 0, 0), seL4_NoError);
	guest_hvc_return(&g);
	expect_maintenance(&g, 0);
	guest_hvc(&g, CP_STOP);
	check_eq(g.data[GD_IRQ_COUNT], 1);
	check_eq(g.data[GD_IRQ_LOG], 61);
}

/* An active entry is refused once the VCPU has been switched out. */
ABI_TEST(virq, active_entry_is_refused)
{
	struct guest g, other;

	irq_guest(&g, 1);
	g.data[GD_IRQ_KEEP] = 1;
	must(try_inject(g.vcpu, 62, 0, 0, 0));
	guest_hvc_return(&g);
	guest_hvc(&g, CP_STOP);
	check_eq(g.data[GD_IRQ_LOG], 62);
	/* Another VCPU on the core makes the kernel save the list registers of this one. */
	guest_new(&other);
	guest_run(&other, g_wfi, 0, 0);
	guest_expect(&other, seL4_Fault_VCPUFault);
	expect(try_inject(g.vcpu, 63, 0, 0, 0), seL4_DeleteFirst);
	expect(try_inject(g.vcpu, 63, 0, 0, 1), seL4_NoError);
}

/* Into a VCPU that is blocked in wfi: taken as soon as it runs again. */
ABI_TEST(virq, injected_while_blocked_in_wfi)
{
	struct guest g;

	irq_guest(&g, 1);
	must(inv(g.tcb, TCBSuspend, NOCAPS));
	must(try_inject(g.vcpu, 45, 0, 0, 1));
	sleep_ms(2);
	check_eq(g.data[GD_IRQ_COUNT], 0);
	/* Behind the hvc of the checkpoint. */
	must(inv(g.tcb, TCBWriteRegisters, NOCAPS, 1, 1,
		 thread_pc(&(struct thread){ .tcb = g.tcb }) + 4));
	expect_maintenance(&g, 1);
	guest_hvc(&g, CP_STOP);
	check_eq(g.data[GD_IRQ_LOG], 45);
}

ABI_TEST(virq, injected_while_guest_is_in_its_loop)
{
	struct guest g;

	irq_guest(&g, 1);
	guest_hvc_return(&g);
	sleep_ms(2);
	check_eq(g.data[GD_IRQ_COUNT], 0);
	must(try_inject(g.vcpu, 46, 0, 0, 0));
	expect_maintenance(&g, 0);
	guest_hvc(&g, CP_STOP);
	check_eq(g.data[GD_IRQ_LOG], 46);
}

ABI_TEST(virq, sgi_source_is_cpu_0)
{
	struct guest g;

	irq_guest(&g, 1);
	must(try_inject(g.vcpu, 5, 0, 0, 0));
	guest_hvc_return(&g);
	expect_maintenance(&g, 0);
	guest_hvc(&g, CP_STOP);
	check_eq(g.data[GD_IRQ_LOG], 5);
}

/* The same interrupt again and again through one list register. */
ABI_TEST(virq, reuse_after_maintenance)
{
	struct guest g;
	unsigned int i;

	irq_guest(&g, 8);
	guest_hvc_return(&g);
	for (i = 0; i < 8; i++) {
		must(try_inject(g.vcpu, 48, 0, 0, 3));
		expect_maintenance(&g, 3);
	}
	guest_hvc(&g, CP_STOP);
	check_eq(g.data[GD_IRQ_COUNT], 8);
}

/* Suspend, Resume and switching lose no pending entry. */
ABI_TEST(virq, pending_entry_survives_vcpu_switch)
{
	struct guest g, other;

	irq_guest(&g, 1);
	must(try_inject(g.vcpu, 90, 0, 0, 0));
	guest_new(&other);
	guest_run(&other, g_wfi, 0, 0);
	guest_expect(&other, seL4_Fault_VCPUFault);
	guest_hvc_return(&g);
	expect_maintenance(&g, 0);
	guest_hvc(&g, CP_STOP);
	check_eq(g.data[GD_IRQ_LOG], 90);
}

/* A guest that does not unmask (PMR 0, group off) never sees it, and nobody hears of it. */
ABI_TEST(virq, masked_by_the_guest)
{
	struct guest g;

	guest_new(&g);
	guest_run(&g, g_wfi, 0, 0);
	must(try_inject(g.vcpu, 40, 0, 0, 0));
	check_eq(guest_expect(&g, seL4_Fault_VCPUFault).mr[0] >> 26, 1);
}
