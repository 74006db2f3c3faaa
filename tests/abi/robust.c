/* SPDX-License-Identifier: BSD-2-Clause */
/* Long operations let interrupts in; a VM can be destroyed at any time, as often as wanted. */

#include "abi.h"

extern const char g_count[], g_irq[], g_vtimer[], frag_spin[];

/* --- latency under long operations ---------------------------------------------------------------- */

static volatile seL4_Word turns, last, worst;

static void measure(void *arg)
{
	seL4_Word t;

	(void)arg;
	for (;;) {
		t = now();
		if (turns && t - last > worst)
			worst = t - last;
		last = t;
		turns++;
		sys_yield();
	}
}

/* A thread that runs every millisecond above everything else and keeps the longest gap. */
static void measure_start(struct thread *t)
{
	thread_start(t, &(struct thread_cfg){
				.fn = measure, .prio = 253, .budget = 100, .period = 1000 });
	sleep_ms(3);
	turns = worst = 0;
}

static void measure_end(struct thread *t, const char *what)
{
	sleep_ms(3);
	must(inv(t->tcb, TCBSuspend, NOCAPS));
	check(turns > 2);
	note("%s: longest gap %lu us", what, worst * 2 / 125);
	check_in(worst * 2 / 125, 900, 1500);
}

ABI_TEST(robust, zeroing_lets_interrupts_in)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 22), s = slot_new();
	struct thread t;

	/* All used, nothing left: the next Retype has 4 MiB to clear. */
	must(try_retype(ut, seL4_UntypedObject, 22, s, 1));
	cap_delete(s);
	measure_start(&t);
	must(try_retype(ut, seL4_UntypedObject, 4, s, 1));
	measure_end(&t, "clear 4 MiB");
}

ABI_TEST(robust, large_retype_lets_interrupts_in)
{
	struct thread t;

	measure_start(&t);
	obj_new(seL4_CapTableObject, 17);
	obj_new(seL4_ARM_LargePageObject, 0);
	measure_end(&t, "make a CNode of 4 MiB");
}

ABI_TEST(robust, revoke_lets_interrupts_in)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 20), cn = obj_new(seL4_CapTableObject, 15);
	struct thread t;
	unsigned int i;

	for (i = 0; i < 80; i++)
		must(inv(ut, UntypedRetype, CAPS(cn), seL4_EndpointObject, 0, 0, 0, i * 256, 256));
	measure_start(&t);
	cap_revoke(ut);
	measure_end(&t, "revoke 20480 endpoints");
	expect(try_retype(ut, seL4_UntypedObject, 20, slot_new(), 1), 0);
}

ABI_TEST(robust, cnode_deletion_lets_interrupts_in)
{
	seL4_CPtr ut = obj_new(seL4_UntypedObject, 20), cn = obj_new(seL4_CapTableObject, 15);
	struct thread t;
	unsigned int i;

	for (i = 0; i < 80; i++)
		must(inv(ut, UntypedRetype, CAPS(cn), seL4_NotificationObject, 0, 0, 0, i * 200,
			 200));
	measure_start(&t);
	cap_delete(cn);
	measure_end(&t, "delete a CNode of 16000 capabilities");
	expect(try_retype(ut, seL4_UntypedObject, 20, slot_new(), 1), 0);
}

/* --- lives of a VM ------------------------------------------------------------------------------------ */

/* A VM in one untyped, destroyed while it runs, with an interrupt pending and its timer armed. */
ABI_TEST(robust, hundred_lives_of_a_vm)
{
	seL4_CPtr own = test_untyped, ut = obj_new(seL4_UntypedObject, 21);
	const char *what[] = { g_count, g_irq, g_vtimer };
	struct guest g;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		test_untyped = ut;
		object_reuse();
		guest_new(&g);
		must(try_inject(g.vcpu, 40 + i, i & 31, 0, i & 3));
		guest_run(&g, what[i % 3], us(300), 1);
		sleep_ms(1);
		if (i & 1)
			sys_nbrecv(g.ep, g.reply);
		test_untyped = own;
		cap_revoke(ut);
		check(cap_is_null(g.vcpu));
		check(cap_is_null(g.tcb));
	}
	/* All of it is back. */
	expect(try_retype(ut, seL4_UntypedObject, 21, slot_new(), 1), 0);
}
