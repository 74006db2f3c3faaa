// SPDX-License-Identifier: BSD-2-Clause
/*
 * Interrupts as notifications. Between delivery and acknowledgement the line is masked, so the
 * kernel takes each at most once per Ack.
 */
#include <api/syscall.h>
#include <arch/arch.h>
#include <kernel/sched.h>
#include <object/object.h>
#include <sel4/invocation.h>

#define N_IRQS (IRQ_MAX + 1)
#define N_SGIS 16u
#define N_GIC_TARGETS 8u

enum irq_state { IRQ_INACTIVE, IRQ_SIGNAL, IRQ_RESERVED };

static u8 irq_state[N_IRQS];
/* Notification capability of each interrupt. */
static struct cte irq_slot[N_IRQS];

void irq_init(void)
{
	static const u8 reserved[] = { IRQ_VGIC_MAINTENANCE, IRQ_KERNEL_TIMER, IRQ_VTIMER };

	for (u64 i = 0; i < ARRAY_SIZE(reserved); i++) {
		irq_state[reserved[i]] = IRQ_RESERVED;
		gic_unmask(reserved[i]);
	}
}

static void irq_signal(u32 irq)
{
	struct cap cap = irq_slot[irq].cap;

	if (cap.type == CAP_NOTIFICATION && (cap.rights & RIGHT_WRITE))
		ntfn_signal(cap_object(cap), cap.badge);
	gic_mask(irq);
}

void irq_handle(void)
{
	u32 irq = gic_ack();

	if (irq > IRQ_MAX)
		return;
	switch (irq) {
	case IRQ_KERNEL_TIMER:
		sched_tick();
		break;
	case IRQ_VGIC_MAINTENANCE:
		vcpu_handle_maintenance();
		break;
	case IRQ_VTIMER:
		vcpu_handle_vtimer();
		break;
	default:
		if (irq_state[irq] == IRQ_SIGNAL)
			irq_signal(irq);
		else
			gic_mask(irq);
		break;
	}
	gic_eoi(irq);
}

/* The empty slot (root in extra 0, index and depth in mr, mr + 1) for a new capability. */
static int irq_decode_slot(struct inv *inv, u64 mr, struct cte **slot)
{
	int err = cspace_lookup_target(inv, inv_extra(inv, 0), inv_mr(inv, mr), inv_mr(inv, mr + 1),
				       false, slot);

	if (!err && (*slot)->cap.type != CAP_NULL)
		err = seL4_DeleteFirst;
	return err;
}

static int irq_decode_get(struct inv *inv)
{
	bool trigger = inv->label == ARMIRQIssueIRQHandlerTrigger;
	u64 index_mr = trigger ? 2 : 1, irq;
	struct cte *slot;
	int err;

	if (inv->length < index_mr + 2 || inv->n_extra < 1)
		return seL4_TruncatedMessage;
	irq = inv_mr(inv, 0);
	if (irq > IRQ_MAX)
		return inv_range(inv, 0, IRQ_MAX);
	if (irq_state[irq] != IRQ_INACTIVE)
		return seL4_RevokeFirst;
	err = irq_decode_slot(inv, index_mr, &slot);
	if (err)
		return err;

	if (trigger)
		gic_set_edge(irq, inv_mr(inv, 1) & 1);
	irq_state[irq] = IRQ_SIGNAL;
	cdt_insert((struct cap){ .type = CAP_IRQ_HANDLER, .paddr = irq }, inv->slot, slot);
	gic_unmask(irq);
	return seL4_NoError;
}

static int irq_decode_sgi(struct inv *inv)
{
	struct cte *slot;
	int err;

	if (inv->length < 4 || inv->n_extra < 1)
		return seL4_TruncatedMessage;
	if (inv_mr(inv, 0) >= N_SGIS)
		return inv_range(inv, 0, N_SGIS - 1);
	if (inv_mr(inv, 1) >= N_GIC_TARGETS)
		return inv_invalid_arg(inv, 1);
	err = irq_decode_slot(inv, 2, &slot);
	if (err)
		return err;
	cdt_insert((struct cap){ .type = CAP_SGI_SIGNAL,
				 .paddr = inv_mr(inv, 0),
				 .target = inv_mr(inv, 1) },
		   inv->slot, slot);
	return seL4_NoError;
}

int irq_control_decode(struct inv *inv)
{
	switch (inv->label) {
	case IRQIssueIRQHandler:
	case ARMIRQIssueIRQHandlerTrigger:
		return irq_decode_get(inv);
	case ARMIRQIssueSGISignal:
		return irq_decode_sgi(inv);
	default:
		return seL4_IllegalOperation;
	}
}

int sgi_signal_invoke(struct cap cap)
{
	gic_send_sgi(cap.paddr, cap.target);
	return seL4_NoError;
}

int irq_handler_decode(struct inv *inv)
{
	u64 irq = inv->cap.paddr;
	struct cap cap;

	switch (inv->label) {
	case IRQAckIRQ:
		gic_unmask(irq);
		return seL4_NoError;
	case IRQSetIRQHandler:
		if (inv->n_extra < 1)
			return seL4_TruncatedMessage;
		cap = inv_extra(inv, 0);
		if (cap.type != CAP_NOTIFICATION || !(cap.rights & RIGHT_WRITE))
			return inv_invalid_cap(inv, 0);
		cdt_delete_simple(&irq_slot[irq]);
		cdt_insert(cap, inv->extra[0], &irq_slot[irq]);
		return seL4_NoError;
	case IRQClearIRQHandler:
		cdt_delete_simple(&irq_slot[irq]);
		return seL4_NoError;
	default:
		return seL4_IllegalOperation;
	}
}

void irq_handler_finalise(u64 irq)
{
	gic_mask(irq);
	irq_state[irq] = IRQ_INACTIVE;
	cdt_delete_simple(&irq_slot[irq]);
}
