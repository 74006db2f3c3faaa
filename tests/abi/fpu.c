/* SPDX-License-Identifier: BSD-2-Clause */
/* Floating-point registers belong to each thread and each guest. */

#include "abi.h"

extern const char frag_fp_keep[], g_fp_keep[], g_own_exceptions[];

struct fp_thread {
	struct thread t;
	volatile seL4_Word progress[2];
};

static void fp_start(struct fp_thread *f, seL4_Word pattern, seL4_CPtr fault_ep)
{
	seL4_UserContext r = { .pc = (seL4_Word)frag_fp_keep,
			       .x0 = pattern,
			       .x1 = (seL4_Word)f->progress };

	f->progress[0] = f->progress[1] = 0;
	thread_start(&f->t,
		     &(struct thread_cfg){
			     .prio = 90, .period = 1000, .stopped = true, .fault_ep = fault_ep });
	require_eq(seL4_TCB_WriteRegisters(f->t.tcb, 1, 0, 36, &r), 0);
}

ABI_TEST(fpu, registers_belong_to_the_thread)
{
	struct fp_thread a, b;

	fp_start(&a, 0x1111222233334444, 0);
	fp_start(&b, 0x5555666677778888, 0);
	sleep_ms(20);
	check(a.progress[0] > 0);
	check(b.progress[0] > 0);
	check_eq(a.progress[1], 0);
	check_eq(b.progress[1], 0);
}

ABI_TEST(fpu, guest_and_thread)
{
	struct fp_thread a;
	struct guest g, h;

	guest_new(&g);
	guest_new(&h);
	guest_run(&g, g_fp_keep, 0xaaaa5555aaaa5555, 0);
	guest_run(&h, g_fp_keep, 0x123456789abcdef0, 0);
	fp_start(&a, 0x1111222233334444, 0);
	sleep_ms(60);
	check(a.progress[0] > 0);
	check(g.data[GD_COUNT] > 0);
	check(h.data[GD_COUNT] > 0);
	check_eq(a.progress[1], 0);
	check_eq(sys_nbwait(g.ep).badge, 0);
	check_eq(sys_nbwait(h.ep).badge, 0);
}

/* The flag that takes the FPU away from a thread turns its next FP instruction into a fault. */
ABI_TEST(fpu, disabled_by_flag)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0);
	struct fp_thread a;
	struct msg m;

	fp_start(&a, 7, ep);
	sleep_ms(3);
	check(a.progress[0] > 0);
	must(inv(a.t.tcb, TCBSetFlags, NOCAPS, 0, seL4_TCBFlag_fpuDisabled));
	m = sys_wait(ep);
	check_eq(INFO_LABEL(m.info), seL4_Fault_VCPUFault);
	check_eq(m.mr[0] >> 26, 7);
}
