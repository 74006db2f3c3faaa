/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupts: handler capabilities, delivery, masking until Ack. */

#include "abi.h"

#define IRQ_CNTP 30
#define IRQ_UART 33
#define IRQ_UNUSED 120
#define MAX_IRQ 159
#define LEVEL 0
#define EDGE 1

#define CTL seL4_CapIRQControl

#define PL011_IMSC (0x038 / 4)
#define PL011_RIS (0x03c / 4)
#define PL011_ICR (0x044 / 4)
#define PL011_DR (0x000 / 4)
#define PL011_TXI (1U << 5)

static struct answer get(seL4_Word irq, seL4_Word trigger, seL4_CPtr slot)
{
	return inv(CTL, ARMIRQIssueIRQHandlerTrigger, CAPS(ROOT_CNODE), irq, trigger, slot,
		   ROOT_DEPTH);
}

static seL4_CPtr handler, ntfn;

static void make(seL4_Word irq, seL4_Word trigger)
{
	handler = slot_new();
	must(get(irq, trigger, handler));
	ntfn = obj_new(seL4_NotificationObject, 0);
	must(inv(handler, IRQSetIRQHandler, CAPS(cap_mint(ntfn, RIGHT_ALL, 0x40))));
}

ABI_TEST(irq, control_checks)
{
	seL4_CPtr s = slot_new(), s2 = slot_new();

	expect(get(MAX_IRQ + 1, LEVEL, s), seL4_RangeError, 0, MAX_IRQ);
	expect(get(~0UL, LEVEL, s), seL4_RangeError, 0, MAX_IRQ);
	expect(get(IRQ_UNUSED, LEVEL, worker_tcb), seL4_DeleteFirst);
	expect(get(IRQ_UNUSED, LEVEL, 1UL << 40), seL4_FailedLookup, 0, seL4_GuardMismatch);
	expect(get(IRQ_UNUSED, LEVEL, s), 0);
	expect(get(IRQ_UNUSED, LEVEL, s2), seL4_RevokeFirst);
	cap_delete(s);
	expect(get(IRQ_UNUSED, EDGE, s2), 0);
	expect(get(MAX_IRQ, LEVEL, s), 0);
}

ABI_TEST(irq, reserved_by_the_kernel)
{
	seL4_CPtr s = slot_new();

	expect(get(25, LEVEL, s), seL4_RevokeFirst);
	expect(get(26, LEVEL, s), seL4_RevokeFirst);
	expect(get(27, LEVEL, s), seL4_RevokeFirst);
}

ABI_TEST(irq, plain_get)
{
	seL4_CPtr s = slot_new();

	expect(inv(CTL, IRQIssueIRQHandler, CAPS(ROOT_CNODE), MAX_IRQ + 1, s, 64), seL4_RangeError,
	       0, MAX_IRQ);
	expect(inv(CTL, IRQIssueIRQHandler, CAPS(ROOT_CNODE), IRQ_UNUSED, s, 64), 0);
	expect(inv(CTL, IRQIssueIRQHandler, CAPS(ROOT_CNODE), IRQ_UNUSED, slot_new(), 64),
	       seL4_RevokeFirst);
}

ABI_TEST(irq, handler_checks)
{
	seL4_CPtr ep = obj_new(seL4_EndpointObject, 0), n = obj_new(seL4_NotificationObject, 0);

	handler = slot_new();
	must(get(IRQ_UNUSED, LEVEL, handler));
	expect(inv(handler, IRQSetIRQHandler, NOCAPS), seL4_TruncatedMessage);
	expect(inv(handler, IRQSetIRQHandler, CAPS(ep)), seL4_InvalidCapability, 0);
	expect(inv(handler, IRQSetIRQHandler, CAPS(cap_copy(n, RIGHT_READ))),
	       seL4_InvalidCapability, 0);
	expect(inv(handler, IRQSetIRQHandler, CAPS(n)), 0);
	expect(inv(handler, IRQSetIRQHandler, CAPS(n)), 0);
	expect(inv(handler, IRQAckIRQ, NOCAPS), 0);
	expect(inv(handler, IRQClearIRQHandler, NOCAPS), 0);
	expect(inv(handler, IRQClearIRQHandler, NOCAPS), 0);
	expect(inv(handler, 0xfff, NOCAPS), seL4_IllegalOperation);
}

ABI_TEST(irq, handler_can_be_copied)
{
	seL4_CPtr copy;

	handler = slot_new();
	must(get(IRQ_UNUSED, LEVEL, handler));
	copy = cap_copy(handler, RIGHT_ALL);
	expect(inv(copy, IRQAckIRQ, NOCAPS), 0);
	cap_delete(handler);
	expect(get(IRQ_UNUSED, LEVEL, handler), seL4_RevokeFirst);
	cap_delete(copy);
	expect(get(IRQ_UNUSED, LEVEL, handler), 0);
}

/* --- the physical timer ------------------------------------------------------------------------------- */

static void timer_set(seL4_Word cval)
{
	__asm__ volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1\n\tisb" ::"r"(cval),
			 "r"(1UL));
}

static void timer_off(void)
{
	__asm__ volatile("msr cntp_ctl_el0, xzr\n\tisb");
}

ABI_TEST(irq, physical_timer)
{
	seL4_Word deadline, woken;

	make(IRQ_CNTP, LEVEL);
	deadline = now() + us(500);
	timer_set(deadline);
	check_eq(sys_wait(ntfn).badge, 0x40);
	woken = now();
	check_in(woken - deadline, 0, us(20));
	/* Masked until Ack, although the line is still high. */
	sleep_ms(2);
	check_eq(sys_nbwait(ntfn).badge, 0);
	must(inv(handler, IRQAckIRQ, NOCAPS));
	check_eq(sys_wait(ntfn).badge, 0x40);
	/* Silenced first, then acknowledged: nothing more. */
	timer_off();
	must(inv(handler, IRQAckIRQ, NOCAPS));
	sleep_ms(2);
	check_eq(sys_nbwait(ntfn).badge, 0);
	/* And it works again. */
	timer_set(now() + us(100));
	check_eq(sys_wait(ntfn).badge, 0x40);
	timer_off();
}

ABI_TEST(irq, unbadged_notification_is_badge_zero)
{
	make(IRQ_CNTP, LEVEL);
	must(inv(handler, IRQSetIRQHandler, CAPS(ntfn)));
	timer_set(now());
	check_eq(sys_wait(ntfn).badge, 0);
	timer_off();
}

/* The notification given last counts; none after Clear. */
ABI_TEST(irq, set_notification_replaces)
{
	seL4_CPtr other = obj_new(seL4_NotificationObject, 0);

	make(IRQ_CNTP, LEVEL);
	must(inv(handler, IRQSetIRQHandler, CAPS(cap_mint(other, RIGHT_ALL, 2))));
	timer_set(now());
	check_eq(sys_wait(other).badge, 2);
	check_eq(sys_nbwait(ntfn).badge, 0);
	must(inv(handler, IRQClearIRQHandler, NOCAPS));
	must(inv(handler, IRQAckIRQ, NOCAPS));
	sleep_ms(2);
	check_eq(sys_nbwait(other).badge, 0);
	timer_off();
}

ABI_TEST(irq, deletion_masks_and_frees)
{
	make(IRQ_CNTP, LEVEL);
	cap_delete(handler);
	timer_set(now());
	sleep_ms(2);
	check_eq(sys_nbwait(ntfn).badge, 0);
	/*
	 * Fetched again the line is open, and high: it fires before a notification is set, which
	 * leaves it masked. Ack after SetNotification is the way to start.
	 */
	make(IRQ_CNTP, LEVEL);
	sleep_ms(2);
	check_eq(sys_nbwait(ntfn).badge, 0);
	must(inv(handler, IRQAckIRQ, NOCAPS));
	check_eq(sys_wait(ntfn).badge, 0x40);
	timer_off();
}

/* Deleting the notification leaves the handler without one, nothing else. */
ABI_TEST(irq, deleted_notification)
{
	make(IRQ_CNTP, LEVEL);
	cap_revoke(ntfn);
	cap_delete(ntfn);
	timer_set(now());
	sleep_ms(2);
	timer_off();
	expect(inv(handler, IRQAckIRQ, NOCAPS), 0);
}

/* A thread that is woken by an interrupt preempts a lower one. */
static volatile seL4_Word woken_at;

static void wait_and_stamp(void *arg)
{
	sys_wait((seL4_CPtr)arg);
	woken_at = now();
	timer_off();
	thread_exit();
}

ABI_TEST(irq, preempts_a_running_thread)
{
	seL4_Word deadline;
	struct thread t;

	make(IRQ_CNTP, LEVEL);
	woken_at = 0;
	thread_start(
		&t, &(struct thread_cfg){ .fn = wait_and_stamp, .arg = (void *)ntfn, .prio = 120 });
	deadline = now() + us(200);
	timer_set(deadline);
	spin_us(400);
	check_in(woken_at - deadline, 0, us(20));
}

/* --- a shared peripheral interrupt: the UART's transmitter --------------------------------------------------- */

ABI_TEST(irq, uart_spi)
{
	volatile uint32_t *uart = (volatile uint32_t *)UART_BASE;

	make(IRQ_UART, LEVEL);
	uart[PL011_ICR] = PL011_TXI;
	uart[PL011_IMSC] = PL011_TXI;
	check_eq(sys_nbwait(ntfn).badge, 0);
	uart[PL011_DR] = '\n';
	check_eq(sys_wait(ntfn).badge, 0x40);
	uart[PL011_IMSC] = 0;
	uart[PL011_ICR] = PL011_TXI;
	must(inv(handler, IRQAckIRQ, NOCAPS));
	sleep_ms(2);
	check_eq(sys_nbwait(ntfn).badge, 0);
}

/* Software-generated interrupts by capability (one core only). */
ABI_TEST(irq, sgi_signal)
{
	seL4_CPtr sgi = slot_new(), s = slot_new();

	make(7, EDGE);
	expect(inv(CTL, ARMIRQIssueSGISignal, CAPS(ROOT_CNODE), 16, 0, s, 64), seL4_RangeError, 0,
	       15);
	expect(inv(CTL, ARMIRQIssueSGISignal, CAPS(ROOT_CNODE), 7, 8, s, 64), seL4_InvalidArgument,
	       1);
	expect(inv(CTL, ARMIRQIssueSGISignal, CAPS(ROOT_CNODE), 7, 0, sgi, 64), 0);
	sys_signal(sgi);
	check_eq(sys_wait(ntfn).badge, 0x40);
}
