// SPDX-License-Identifier: BSD-2-Clause
/* Faults: from the thread's registers to a message, and from the reply back. */
#include <api/syscall.h>
#include <arch/arch.h>
#include <kernel/sched.h>

/* Order of the registers in an UnknownSyscall message and its reply. */
#define CTX(field) (offsetof(struct context, field))

static const u16 syscall_regs[] = {
	CTX(x[0]), CTX(x[1]), CTX(x[2]),       CTX(x[3]), CTX(x[4]), CTX(x[5]),
	CTX(x[6]), CTX(x[7]), CTX(restart_pc), CTX(sp),	  CTX(elr),  CTX(spsr),
};

static const u16 exception_regs[] = { CTX(restart_pc), CTX(sp), CTX(spsr) };

static const u16 timeout_regs[] = {
	CTX(restart_pc), CTX(sp),    CTX(spsr),	 CTX(x[0]),  CTX(x[1]),	 CTX(x[2]),  CTX(x[3]),
	CTX(x[4]),	 CTX(x[5]),  CTX(x[6]),	 CTX(x[7]),  CTX(x[8]),	 CTX(x[16]), CTX(x[17]),
	CTX(x[18]),	 CTX(x[29]), CTX(x[30]), CTX(x[9]),  CTX(x[10]), CTX(x[11]), CTX(x[12]),
	CTX(x[13]),	 CTX(x[14]), CTX(x[15]), CTX(x[19]), CTX(x[20]), CTX(x[21]), CTX(x[22]),
	CTX(x[23]),	 CTX(x[24]), CTX(x[25]), CTX(x[26]), CTX(x[27]), CTX(x[28]),
};

_Static_assert(ARRAY_SIZE(syscall_regs) == seL4_UnknownSyscall_Syscall, "layout");
_Static_assert(ARRAY_SIZE(timeout_regs) == seL4_TimeoutReply_Length, "layout");

/* Message words on their way to a receiver: four in registers, the rest in its buffer. */
struct msg_out {
	struct tcb *to;
	seL4_IPCBuffer *buffer;
	u64 n;
};

static inline void msg_put(struct msg_out *out, u64 value)
{
	if (out->n < seL4_FastMessageRegisters)
		out->to->ctx.x[2 + out->n++] = value;
	else if (out->buffer)
		out->buffer->msg[out->n++] = value;
}

static void msg_put_regs(struct msg_out *out, const struct tcb *tcb, const u16 *regs, u64 n)
{
	for (u64 i = 0; i < n; i++)
		msg_put(out, *(const u64 *)((const char *)&tcb->ctx + regs[i]));
}

u64 fault_lookup_words(const struct lookup_fault *fault, u64 *mr)
{
	mr[0] = fault->type;
	mr[1] = fault->bits_left;
	mr[2] = fault->found[0];
	mr[3] = fault->found[1];
	switch (fault->type) {
	case seL4_InvalidRoot:
		return 1;
	case seL4_MissingCapability:
		return 2;
	case seL4_DepthMismatch:
		return 3;
	default:
		return 4;
	}
}

u64 fault_message(struct tcb *tcb, struct tcb *receiver, seL4_IPCBuffer *buffer)
{
	struct msg_out out = { receiver, buffer, 0 };
	const u64 *word = tcb->fault.word;

	switch (tcb->fault.type) {
	case seL4_Fault_CapFault:
		msg_put(&out, tcb->ctx.restart_pc);
		for (u64 i = 0; i <= word[6]; i++)
			msg_put(&out, word[i]);
		break;
	case seL4_Fault_UnknownSyscall:
		msg_put_regs(&out, tcb, syscall_regs, ARRAY_SIZE(syscall_regs));
		msg_put(&out, word[0]);
		break;
	case seL4_Fault_UserException:
		msg_put_regs(&out, tcb, exception_regs, ARRAY_SIZE(exception_regs));
		msg_put(&out, word[0]);
		msg_put(&out, word[1]);
		break;
	case seL4_Fault_Timeout:
		msg_put(&out, word[0]);
		msg_put(&out, word[1]);
		break;
	case seL4_Fault_VMFault:
		msg_put(&out, tcb->ctx.restart_pc);
		msg_put(&out, word[0]);
		msg_put(&out, word[1]);
		msg_put(&out, word[2]);
		break;
	default:
		msg_put(&out, word[0]);
		break;
	}
	return seL4_MessageInfo_new(tcb->fault.type, 0, 0, out.n).words[0];
}

/* Registers of a faulted thread as the first words of the handler's reply say. */
static void fault_apply(struct tcb *tcb, struct tcb *handler, const u16 *regs, u64 n)
{
	seL4_MessageInfo_t info = { { handler->ctx.x[1] } };
	u64 length = seL4_MessageInfo_get_length(info);
	seL4_IPCBuffer *buffer = NULL;

	if (length < n)
		n = length;
	if (n > seL4_FastMessageRegisters) {
		buffer = tcb_ipc_buffer(handler, false);
		if (!buffer)
			n = seL4_FastMessageRegisters;
	}
	for (u64 i = 0; i < n; i++) {
		u64 value = i < seL4_FastMessageRegisters ? handler->ctx.x[2 + i] : buffer->msg[i];

		if (regs[i] == CTX(spsr))
			value = context_filter_spsr(tcb, value);
		*(u64 *)((char *)&tcb->ctx + regs[i]) = value;
	}
}

bool fault_reply(struct tcb *tcb, struct tcb *handler)
{
	seL4_MessageInfo_t info = { { handler->ctx.x[1] } };
	bool restart = seL4_MessageInfo_get_label(info) == 0;

	switch (tcb->fault.type) {
	case seL4_Fault_UnknownSyscall:
		fault_apply(tcb, handler, syscall_regs, ARRAY_SIZE(syscall_regs));
		return restart;
	case seL4_Fault_UserException:
		fault_apply(tcb, handler, exception_regs, ARRAY_SIZE(exception_regs));
		return restart;
	case seL4_Fault_Timeout:
		fault_apply(tcb, handler, timeout_regs, ARRAY_SIZE(timeout_regs));
		return restart;
	default:
		return true;
	}
}

void fault_send(struct tcb *tcb)
{
	struct cap cap = tcb->slot[TCB_FAULT_EP].cap;

	tcb->is_call = false;
	if (likely(cap.type == CAP_ENDPOINT)) {
		endpoint_send(tcb, cap_object(cap), cap.badge, cap.rights, true, false, true);
		return;
	}
	printk("thread %s (%lx): fault %lu without handler at %lx: %lx %lx %lx\n", tcb->name,
	       virt_to_phys(tcb), tcb->fault.type, tcb->ctx.restart_pc, tcb->fault.word[0],
	       tcb->fault.word[1], tcb->fault.word[2]);
	tcb->fault.type = seL4_Fault_NullFault;
	tcb->state = TCB_INACTIVE;
	sched_remove(tcb);
}

bool fault_timeout_valid(struct tcb *tcb)
{
	return tcb->slot[TCB_TIMEOUT_EP].cap.type == CAP_ENDPOINT;
}

void fault_send_timeout(struct tcb *tcb)
{
	struct cap cap = tcb->slot[TCB_TIMEOUT_EP].cap;
	struct sched_context *sc = tcb->sc;

	if (tcb->state == TCB_RUNNING)
		tcb->ctx.restart_pc = tcb->ctx.elr;
	tcb->fault.type = seL4_Fault_Timeout;
	tcb->fault.word[0] = sc->badge;
	tcb->fault.word[1] = TICKS_TO_US(sc->consumed);
	sc->consumed = 0;
	tcb->is_call = false;
	endpoint_send(tcb, cap_object(cap), cap.badge, cap.rights, true, false, false);
}

void fault_cap(struct tcb *tcb, u64 cptr, bool receive, const struct lookup_fault *lookup)
{
	tcb->fault.type = seL4_Fault_CapFault;
	tcb->fault.word[0] = cptr;
	tcb->fault.word[1] = receive;
	/* The last word counts the others. */
	tcb->fault.word[6] = 1 + fault_lookup_words(lookup, &tcb->fault.word[2]);
	fault_send(tcb);
}
