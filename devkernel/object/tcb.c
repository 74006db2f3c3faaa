// SPDX-License-Identifier: BSD-2-Clause
/* Threads. */
#include <api/syscall.h>
#include <arch/arch.h>
#include <kernel/sched.h>
#include <object/object.h>
#include <sel4/invocation.h>

#define CTX_X(n) (offsetof(struct context, x) + 8 * (n))

/* Where seL4_UserContext's words live. The first 17 are the "frame" registers. */
static const u16 user_context[] = {
	offsetof(struct context, restart_pc),
	offsetof(struct context, sp),
	offsetof(struct context, spsr),
	CTX_X(0),
	CTX_X(1),
	CTX_X(2),
	CTX_X(3),
	CTX_X(4),
	CTX_X(5),
	CTX_X(6),
	CTX_X(7),
	CTX_X(8),
	CTX_X(16),
	CTX_X(17),
	CTX_X(18),
	CTX_X(29),
	CTX_X(30),
	CTX_X(9),
	CTX_X(10),
	CTX_X(11),
	CTX_X(12),
	CTX_X(13),
	CTX_X(14),
	CTX_X(15),
	CTX_X(19),
	CTX_X(20),
	CTX_X(21),
	CTX_X(22),
	CTX_X(23),
	CTX_X(24),
	CTX_X(25),
	CTX_X(26),
	CTX_X(27),
	CTX_X(28),
	offsetof(struct context, tpidr),
	offsetof(struct context, tpidrro),
};

#define N_REGS ARRAY_SIZE(user_context)
#define N_FRAME_REGS 17u
#define REG_SPSR 2u
#define REG_TPIDR 34u

_Static_assert(N_REGS * 8 == sizeof(seL4_UserContext), "register transfer");

#define FLAG_SUSPEND_SOURCE BIT(0)
#define FLAG_RESUME_TARGET BIT(1)
#define FLAG_COPY_FRAME BIT(2)
#define FLAG_COPY_INTEGER BIT(3)
#define FLAG_WRITE_RESUME BIT(0)

static u64 tcb_get_reg(const struct tcb *tcb, u64 i)
{
	return *(const u64 *)((const char *)&tcb->ctx + user_context[i]);
}

static void tcb_set_reg(struct tcb *tcb, u64 i, u64 value)
{
	if (i == REG_SPSR)
		value = context_filter_spsr(tcb, value);
	*(u64 *)((char *)&tcb->ctx + user_context[i]) = value;
}

u64 context_filter_spsr(const struct tcb *tcb, u64 spsr)
{
	u64 mode = spsr & SPSR_MODE_MASK;

	if (tcb->vcpu &&
	    (mode == SPSR_MODE_EL0T || mode == SPSR_MODE_EL1T || mode == SPSR_MODE_EL1H))
		return spsr;
	return (spsr & SPSR_NZCV) | SPSR_USER;
}

void tcb_init(struct tcb *tcb)
{
	tcb->ctx.spsr = SPSR_USER;
}

seL4_IPCBuffer *tcb_ipc_buffer(struct tcb *tcb, bool write)
{
	struct cap cap = tcb->slot[TCB_BUFFER].cap;
	u64 need = write ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ;

	if (cap.type != CAP_FRAME || cap.device || (cap.rights & need) != need)
		return NULL;
	return phys_to_virt(cap.paddr + (tcb->buffer_vaddr & MASK(cap.bits)));
}

void tcb_suspend(struct tcb *tcb)
{
	ipc_cancel(tcb);
	if (tcb->state == TCB_RUNNING)
		tcb->ctx.restart_pc = tcb->ctx.elr;
	tcb->state = TCB_INACTIVE;
	sc_cancel_yield_to(tcb);
	sched_remove(tcb);
}

static void tcb_restart(struct tcb *tcb)
{
	if (tcb_runnable(tcb))
		return;
	ipc_cancel(tcb);
	tcb->state = TCB_RESTART;
	sched_wake(tcb);
}

void tcb_finalise(struct tcb *tcb)
{
	tcb_suspend(tcb);
	if (tcb->sc)
		sc_unbind_tcb(tcb->sc);
	ntfn_unbind(tcb);
	if (tcb->vcpu)
		vcpu_unbind(tcb->vcpu);
	fpu_forget(tcb);
	sched_forget(tcb);
}

static int tcb_decode_read_registers(struct inv *inv, struct tcb *tcb)
{
	seL4_IPCBuffer *buffer;
	u64 n;

	if (inv->length < 2)
		return seL4_TruncatedMessage;
	n = inv_mr(inv, 1);
	if (n < 1 || n > N_REGS)
		return inv_range(inv, 1, N_REGS);
	if (tcb == inv->tcb)
		return seL4_IllegalOperation;
	if (inv_mr(inv, 0) & FLAG_SUSPEND_SOURCE)
		tcb_suspend(tcb);
	if (n > REG_TPIDR)
		sched_sync_registers(tcb);
	for (u64 i = 0; i < n && i < seL4_FastMessageRegisters; i++)
		inv_return(inv, tcb_get_reg(tcb, i));
	if (!inv->call || n <= seL4_FastMessageRegisters)
		return seL4_NoError;
	buffer = tcb_ipc_buffer(inv->tcb, true);
	if (buffer) {
		for (u64 i = seL4_FastMessageRegisters; i < n; i++)
			buffer->msg[i] = tcb_get_reg(tcb, i);
		inv->n_ret = n;
	}
	return seL4_NoError;
}

static int tcb_decode_write_registers(struct inv *inv, struct tcb *tcb)
{
	u64 n;

	if (inv->length < 2)
		return seL4_TruncatedMessage;
	n = inv_mr(inv, 1);
	if (inv->length - 2 < n)
		return seL4_TruncatedMessage;
	if (tcb == inv->tcb)
		return seL4_IllegalOperation;
	if (n > N_REGS)
		n = N_REGS;
	if (n > REG_TPIDR)
		sched_sync_registers(tcb);
	for (u64 i = 0; i < n; i++)
		tcb_set_reg(tcb, i, inv_mr(inv, i + 2));
	if (n > REG_TPIDR)
		sched_reload_registers(tcb);
	tcb->ctx.elr = tcb->ctx.restart_pc;
	if (inv_mr(inv, 0) & FLAG_WRITE_RESUME)
		tcb_restart(tcb);
	return seL4_NoError;
}

static int tcb_decode_copy_registers(struct inv *inv, struct tcb *tcb)
{
	struct tcb *source;
	u64 flags;

	if (inv->length < 1 || inv->n_extra < 1)
		return seL4_TruncatedMessage;
	if (inv_extra(inv, 0).type != CAP_TCB)
		return inv_invalid_cap(inv, 1);
	source = cap_object(inv_extra(inv, 0));
	flags = inv_mr(inv, 0);
	if (flags & FLAG_SUSPEND_SOURCE)
		tcb_suspend(source);
	sched_sync_registers(source);
	sched_sync_registers(tcb);
	if (flags & FLAG_COPY_FRAME) {
		for (u64 i = 0; i < N_FRAME_REGS; i++)
			tcb_set_reg(tcb, i, tcb_get_reg(source, i));
		tcb->ctx.elr = tcb->ctx.restart_pc;
	}
	if (flags & FLAG_COPY_INTEGER) {
		for (u64 i = N_FRAME_REGS; i < N_REGS; i++)
			tcb_set_reg(tcb, i, tcb_get_reg(source, i));
		sched_reload_registers(tcb);
	}
	if (flags & FLAG_RESUME_TARGET)
		tcb_restart(tcb);
	return seL4_NoError;
}

/* A capability a thread is to hold: what to put in which of its slots, copied from where. */
struct tcb_install {
	struct cap cap;
	struct cte *src;
};

static int tcb_install(struct tcb *tcb, enum tcb_slot slot, const struct tcb_install *what)
{
	int err = cdt_delete(&tcb->slot[slot]);

	if (err)
		return err;
	/* The deletion may have taken the source with it. */
	if (what->cap.type != CAP_NULL && what->src->cap.type != CAP_NULL)
		cdt_insert(what->cap, what->src, &tcb->slot[slot]);
	return seL4_NoError;
}

static int tcb_check_buffer(struct cte *src, u64 vaddr, struct tcb_install *out)
{
	int err;

	*out = (struct tcb_install){ cap_null(), src };
	if (!vaddr)
		return seL4_NoError;
	err = cap_derive(src, src->cap, &out->cap);
	if (err)
		return err;
	if (out->cap.type != CAP_FRAME || out->cap.device)
		return seL4_IllegalOperation;
	if (vaddr & MASK(seL4_IPCBufferSizeBits))
		return seL4_AlignmentError;
	return seL4_NoError;
}

static int tcb_check_cspace(struct cte *src, u64 data, struct tcb_install *out)
{
	struct cap cap = src->cap;
	int err;

	if (data)
		cap = cap_update_data(cap, data, false);
	err = cap_derive(src, cap, &cap);
	if (err)
		return err;
	*out = (struct tcb_install){ cap, src };
	return cap.type == CAP_CNODE ? seL4_NoError : seL4_IllegalOperation;
}

static int tcb_check_vspace(struct cte *src, struct tcb_install *out)
{
	struct cap cap;
	int err = cap_derive(src, src->cap, &cap);

	if (err)
		return err;
	*out = (struct tcb_install){ cap, src };
	return cap.type == CAP_VSPACE ? seL4_NoError : seL4_IllegalOperation;
}

/* An endpoint that faults can be sent to, or none; extra capability number for the error. */
static int tcb_check_fault_ep(struct inv *inv, u64 extra, struct tcb_install *out)
{
	struct cap cap = inv_extra(inv, extra);

	*out = (struct tcb_install){ cap, inv->extra[extra] };
	if (cap.type == CAP_NULL)
		return seL4_NoError;
	if (cap.type != CAP_ENDPOINT || !(cap.rights & RIGHT_WRITE) ||
	    !(cap.rights & (RIGHT_GRANT | RIGHT_GRANT_REPLY)))
		return inv_invalid_cap(inv, extra + 1);
	return seL4_NoError;
}

static int tcb_set_buffer(struct tcb *tcb, u64 vaddr, const struct tcb_install *buffer)
{
	int err = tcb_install(tcb, TCB_BUFFER, buffer);

	if (!err)
		tcb->buffer_vaddr = vaddr;
	return err;
}

static int tcb_set_spaces(struct tcb *tcb, const struct tcb_install *cspace,
			  const struct tcb_install *vspace)
{
	int err = tcb_install(tcb, TCB_CSPACE, cspace);

	if (!err)
		err = tcb_install(tcb, TCB_VSPACE, vspace);
	sched_force_switch();
	return err;
}

static int tcb_decode_configure(struct inv *inv, struct tcb *tcb)
{
	struct tcb_install cspace, vspace, buffer;
	int err;

	if (inv->length < 3 || inv->n_extra < 3)
		return seL4_TruncatedMessage;
	err = tcb_check_buffer(inv->extra[2], inv_mr(inv, 2), &buffer);
	if (!err)
		err = tcb_check_cspace(inv->extra[0], inv_mr(inv, 0), &cspace);
	if (!err)
		err = tcb_check_vspace(inv->extra[1], &vspace);
	if (!err)
		err = tcb_set_spaces(tcb, &cspace, &vspace);
	if (!err)
		err = tcb_set_buffer(tcb, inv_mr(inv, 2), &buffer);
	return err;
}

static int tcb_decode_set_space(struct inv *inv, struct tcb *tcb)
{
	struct tcb_install fault, cspace, vspace;
	int err;

	if (inv->length < 2 || inv->n_extra < 3)
		return seL4_TruncatedMessage;
	err = tcb_check_cspace(inv->extra[1], inv_mr(inv, 0), &cspace);
	if (!err)
		err = tcb_check_vspace(inv->extra[2], &vspace);
	if (!err)
		err = tcb_check_fault_ep(inv, 0, &fault);
	if (!err)
		err = tcb_install(tcb, TCB_FAULT_EP, &fault);
	if (!err)
		err = tcb_set_spaces(tcb, &cspace, &vspace);
	return err;
}

static int tcb_decode_set_ipc_buffer(struct inv *inv, struct tcb *tcb)
{
	struct tcb_install buffer;
	int err;

	if (inv->length < 1 || inv->n_extra < 1)
		return seL4_TruncatedMessage;
	err = tcb_check_buffer(inv->extra[0], inv_mr(inv, 0), &buffer);
	if (!err)
		err = tcb_set_buffer(tcb, inv_mr(inv, 0), &buffer);
	return err;
}

/* The priority in message word `mr` against the authority in extra capability 0. */
static int tcb_check_prio(struct inv *inv, u64 mr)
{
	const struct tcb *authority;

	if (inv_extra(inv, 0).type != CAP_TCB)
		return inv_invalid_cap(inv, 1);
	authority = cap_object(inv_extra(inv, 0));
	if (inv_mr(inv, mr) > authority->mcp)
		return inv_range(inv, 0, authority->mcp);
	return seL4_NoError;
}

static int tcb_decode_set_prio(struct inv *inv, struct tcb *tcb)
{
	int err;

	if (inv->length < 1 || inv->n_extra < 1)
		return seL4_TruncatedMessage;
	err = tcb_check_prio(inv, 0);
	if (err)
		return err;
	if (inv->label == TCBSetMCPriority)
		tcb->mcp = inv_mr(inv, 0);
	else
		sched_set_prio(tcb, inv_mr(inv, 0));
	return seL4_NoError;
}

static int tcb_check_sc(struct inv *inv, struct tcb *tcb, struct sched_context **out)
{
	struct cap cap = inv_extra(inv, 1);
	struct sched_context *sc;

	*out = NULL;
	if (cap.type == CAP_NULL)
		return tcb == inv->tcb ? seL4_IllegalOperation : seL4_NoError;
	if (cap.type != CAP_SCHED_CONTEXT)
		return inv_invalid_cap(inv, 2);
	sc = cap_object(cap);
	*out = sc;
	if (tcb->sc == sc)
		return seL4_NoError;
	if (tcb->sc || sc->tcb || !sc_may_bind(sc, tcb))
		return seL4_IllegalOperation;
	return seL4_NoError;
}

static int tcb_decode_set_sched_params(struct inv *inv, struct tcb *tcb)
{
	struct sched_context *sc;
	struct tcb_install fault;
	u64 mcp, prio;
	int err;

	if (inv->length < 2 || inv->n_extra < 3)
		return seL4_TruncatedMessage;
	err = tcb_check_prio(inv, 0);
	if (!err)
		err = tcb_check_prio(inv, 1);
	if (!err)
		err = tcb_check_sc(inv, tcb, &sc);
	if (!err)
		err = tcb_check_fault_ep(inv, 2, &fault);
	if (err)
		return err;

	mcp = inv_mr(inv, 0);
	prio = inv_mr(inv, 1);
	err = tcb_install(tcb, TCB_FAULT_EP, &fault);
	if (err)
		return err;
	tcb->mcp = mcp;
	sched_set_prio(tcb, prio);
	if (sc && tcb->sc != sc)
		sc_bind_tcb(sc, tcb);
	else if (!sc && tcb->sc)
		sc_unbind_tcb(tcb->sc);
	return seL4_NoError;
}

static int tcb_decode_set_timeout_ep(struct inv *inv, struct tcb *tcb)
{
	struct tcb_install ep;
	int err;

	if (inv->n_extra < 1)
		return seL4_TruncatedMessage;
	err = tcb_check_fault_ep(inv, 0, &ep);
	if (!err)
		err = tcb_install(tcb, TCB_TIMEOUT_EP, &ep);
	return err;
}

static int tcb_decode_bind_notification(struct inv *inv, struct tcb *tcb)
{
	struct notification *ntfn;
	struct cap cap;

	if (inv->n_extra < 1)
		return seL4_TruncatedMessage;
	if (tcb->bound_ntfn)
		return seL4_IllegalOperation;
	cap = inv_extra(inv, 0);
	if (cap.type != CAP_NOTIFICATION || !(cap.rights & RIGHT_READ))
		return seL4_IllegalOperation;
	ntfn = cap_object(cap);
	if (ntfn->queue.head || ntfn->bound)
		return seL4_IllegalOperation;
	ntfn_bind(ntfn, tcb);
	return seL4_NoError;
}

static int tcb_decode_unbind_notification(struct tcb *tcb)
{
	if (!tcb->bound_ntfn)
		return seL4_IllegalOperation;
	ntfn_unbind(tcb);
	return seL4_NoError;
}

static int tcb_decode_set_tls_base(struct inv *inv, struct tcb *tcb)
{
	if (inv->length < 1)
		return seL4_TruncatedMessage;
	sched_sync_registers(tcb);
	tcb->ctx.tpidr = inv_mr(inv, 0);
	sched_reload_registers(tcb);
	return seL4_NoError;
}

static int tcb_decode_set_flags(struct inv *inv, struct tcb *tcb)
{
	if (inv->length < 2)
		return seL4_TruncatedMessage;
	tcb->flags &= ~inv_mr(inv, 0);
	tcb->flags |= inv_mr(inv, 1) & seL4_TCBFlag_MASK;
	if (tcb->flags & seL4_TCBFlag_fpuDisabled)
		fpu_flush(tcb);
	sched_force_switch();
	inv_return(inv, tcb->flags);
	return seL4_NoError;
}

int tcb_decode(struct inv *inv)
{
	struct tcb *tcb = cap_object(inv->cap);

	switch (inv->label) {
	case TCBReadRegisters:
		return tcb_decode_read_registers(inv, tcb);
	case TCBWriteRegisters:
		return tcb_decode_write_registers(inv, tcb);
	case TCBCopyRegisters:
		return tcb_decode_copy_registers(inv, tcb);
	case TCBConfigure:
		return tcb_decode_configure(inv, tcb);
	case TCBSetPriority:
	case TCBSetMCPriority:
		return tcb_decode_set_prio(inv, tcb);
	case TCBSetSchedParams:
		return tcb_decode_set_sched_params(inv, tcb);
	case TCBSetTimeoutEndpoint:
		return tcb_decode_set_timeout_ep(inv, tcb);
	case TCBSetIPCBuffer:
		return tcb_decode_set_ipc_buffer(inv, tcb);
	case TCBSetSpace:
		return tcb_decode_set_space(inv, tcb);
	case TCBSuspend:
		tcb_suspend(tcb);
		return seL4_NoError;
	case TCBResume:
		tcb_restart(tcb);
		return seL4_NoError;
	case TCBBindNotification:
		return tcb_decode_bind_notification(inv, tcb);
	case TCBUnbindNotification:
		return tcb_decode_unbind_notification(tcb);
	case TCBSetTLSBase:
		return tcb_decode_set_tls_base(inv, tcb);
	case TCBSetFlags:
		return tcb_decode_set_flags(inv, tcb);
	default:
		return seL4_IllegalOperation;
	}
}

/* Only domain 0 is ever scheduled. */
int domain_decode(struct inv *inv)
{
	struct tcb *tcb;

	if (inv->label != DomainSetSet)
		return seL4_IllegalOperation;
	if (inv->length < 1 || inv->n_extra < 1)
		return seL4_TruncatedMessage;
	if (inv_mr(inv, 0) >= CONFIG_NUM_DOMAINS)
		return inv_invalid_arg(inv, 0);
	if (inv_extra(inv, 0).type != CAP_TCB)
		return inv_invalid_arg(inv, 1);
	tcb = cap_object(inv_extra(inv, 0));
	sched_remove(tcb);
	tcb->domain = inv_mr(inv, 0);
	sched_wake(tcb);
	return seL4_NoError;
}
