/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers that the kernel does not switch: with MDCR_EL2 as the loader leaves it they trap, but for CSSELR_EL1. */

#include "abi.h"

#include "arch/esr.h"

extern const char g_mdscr_write[], g_mdscr_read[], g_dbgbcr_write[], g_dbgwvr_read[],
	g_oslar_write[], g_osdlr_read[], g_mdrar_read[], g_pmcr_write[], g_pmccntr_read[],
	g_pmuserenr_write[], g_brk[], g_csselr_write[], g_csselr_read[];

#define MDSCR_SS 1UL
#define EC_OF(ec) FIELD_PREP(ESR_EC, ec)
#define READ(rt) (FIELD_PREP(ISS_SYS_RT, rt##u) | ISS_SYS_READ)

static const struct {
	const char *name, *label;
	uint32_t iss;
} trapped[] = {
	{ "write of MDSCR_EL1", g_mdscr_write, ISS_SYS(2, 0, 0, 2, 2) },
	{ "read of MDSCR_EL1", g_mdscr_read, ISS_SYS(2, 0, 0, 2, 2) | READ(3) },
	{ "write of DBGBCR0_EL1", g_dbgbcr_write, ISS_SYS(2, 0, 0, 0, 5) },
	{ "read of DBGWVR3_EL1", g_dbgwvr_read, ISS_SYS(2, 0, 0, 3, 6) | READ(3) },
	{ "write of OSLAR_EL1", g_oslar_write, ISS_SYS(2, 0, 1, 0, 4) },
	{ "read of OSDLR_EL1", g_osdlr_read, ISS_SYS(2, 0, 1, 3, 4) | READ(3) },
	{ "read of MDRAR_EL1", g_mdrar_read, ISS_SYS(2, 0, 1, 0, 0) | READ(3) },
	{ "write of PMCR_EL0", g_pmcr_write, ISS_SYS(3, 3, 9, 12, 0) },
	{ "read of PMCCNTR_EL0", g_pmccntr_read, ISS_SYS(3, 3, 9, 13, 0) | READ(3) },
	{ "write of PMUSERENR_EL0", g_pmuserenr_write, ISS_SYS(3, 3, 9, 14, 0) },
};

ABI_TEST(debug, registers_trap)
{
	seL4_UserContext r;
	struct guest g;
	unsigned int i;
	struct msg m;

	guest_new(&g);
	for (i = 0; i < sizeof(trapped) / sizeof(trapped[0]); i++) {
		uint32_t esr = EC_OF(EC_SYS64) | ESR_IL | trapped[i].iss;

		guest_run(&g, trapped[i].label, 0, 0);
		m = guest_expect(&g, seL4_Fault_VCPUFault);
		if (m.mr[0] != esr)
			fail_at(__FILE__, __LINE__, "%s: ESR 0x%lx, expected 0x%x", trapped[i].name,
				m.mr[0], esr);
		guest_regs(&g, &r);
		check_eq(r.pc, guest_addr(trapped[i].label));
		guest_skip(&g);
		guest_hvc(&g, CP_DONE);
	}
}

static void count_up(void *arg)
{
	volatile seL4_Word *n = arg;

	for (;;)
		++*n;
}

/* What once stopped every thread of the core at its first instruction. */
ABI_TEST(debug, single_step_of_a_guest_reaches_no_native_thread)
{
	static volatile seL4_Word count;
	seL4_Word before;
	struct thread t;
	struct guest g;

	count = 0;
	guest_new(&g);
	guest_run(&g, g_mdscr_write, MDSCR_SS, 0);
	guest_expect(&g, seL4_Fault_VCPUFault);
	guest_skip(&g);
	guest_hvc(&g, CP_DONE);
	thread_start(&t, &(struct thread_cfg){ .fn = count_up,
					       .arg = (void *)(uintptr_t)&count,
					       .prio = PRIO_GUEST });
	sleep_ms(2);
	before = count;
	sleep_ms(2);
	check(before > 0 && count > before);
}

/* Software breakpoints are the guest's own business: debug exceptions are not routed to the kernel. */
ABI_TEST(debug, breakpoint_instruction_stays_inside)
{
	struct guest g;

	guest_new(&g);
	guest_run(&g, g_brk, 0, 0);
	check_eq(guest_hvc(&g, CP_SYNC), EC_OF(EC_BRK64) | ESR_IL | 7);
	guest_hvc_return(&g);
	guest_hvc(&g, CP_DONE);
}

/* The one register of EL1 that all VMs of a core share: nothing makes it trap, and the kernel does not switch it. */
ABI_TEST(debug, cache_size_selection_is_shared)
{
	const seL4_Word level2 = 2;
	seL4_UserContext r;
	struct guest a, b;

	guest_new(&a);
	guest_new(&b);
	guest_run(&a, g_csselr_write, level2, 0);
	guest_hvc(&a, CP_DONE);
	guest_run(&b, g_csselr_read, 0, 0);
	guest_hvc(&b, CP_DONE);
	guest_regs(&b, &r);
	check_eq(r.x3, level2);
	guest_run(&b, g_csselr_write, 0, 0);
	guest_hvc(&b, CP_DONE);
	guest_run(&a, g_csselr_read, 0, 0);
	guest_hvc(&a, CP_DONE);
	guest_regs(&a, &r);
	check_eq(r.x3, 0);
}
