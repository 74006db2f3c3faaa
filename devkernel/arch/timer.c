// SPDX-License-Identifier: BSD-2-Clause
/* The kernel's timer: the EL2 physical timer, which no guest and no thread can reach. */
#include <arch/arch.h>

void timer_init(void)
{
	timer_off();
	sysreg_write(cntvoff_el2, 0);
	sysreg_write(cnthctl_el2, CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN);
	sysreg_write(cntkctl_el1, CNTKCTL_NATIVE);
	sysreg_write(cntv_ctl_el0, 0);
	sysreg_write(cntp_ctl_el0, 0);
}

void timer_set(u64 deadline)
{
	sysreg_write(cnthp_cval_el2, deadline);
	sysreg_write(cnthp_ctl_el2, CNT_CTL_ENABLE);
}

void timer_off(void)
{
	sysreg_write(cnthp_ctl_el2, 0);
}
