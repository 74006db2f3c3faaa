// SPDX-License-Identifier: BSD-2-Clause
/* System calls: IPC, and method calls on everything else. */
#include <api/syscall.h>
#include <arch/arch.h>
#include <kernel/sched.h>

#define REG_BADGE 0
#define REG_INFO 1
#define REG_MR0 2
#define REG_REPLY 6
#define REG_SEND_CAP 8

int inv_invalid_arg(struct inv *inv, u64 arg)
{
	inv->detail[inv->n_detail++] = arg;
	return seL4_InvalidArgument;
}

int inv_invalid_cap(struct inv *inv, u64 cap)
{
	inv->detail[inv->n_detail++] = cap;
	return seL4_InvalidCapability;
}

int inv_range(struct inv *inv, u64 min, u64 max)
{
	inv->detail[inv->n_detail++] = min;
	inv->detail[inv->n_detail++] = max;
	return seL4_RangeError;
}

int inv_lookup(struct inv *inv, bool source, const struct lookup_fault *fault)
{
	inv->detail[0] = source;
	inv->n_detail = 1 + fault_lookup_words(fault, &inv->detail[1]);
	return seL4_FailedLookup;
}

int inv_no_memory(struct inv *inv, u64 bytes_free)
{
	inv->detail[inv->n_detail++] = bytes_free;
	return seL4_NotEnoughMemory;
}

void inv_return(struct inv *inv, u64 value)
{
	if (!inv->call)
		return;
	if (inv->n_ret < seL4_FastMessageRegisters) {
		inv->tcb->ctx.x[REG_MR0 + inv->n_ret++] = value;
		return;
	}
	if (inv->n_ret == seL4_FastMessageRegisters)
		inv->buffer = tcb_ipc_buffer(inv->tcb, true);
	if (inv->buffer && inv->n_ret < seL4_MsgMaxLength)
		inv->buffer->msg[inv->n_ret++] = value;
}

void syscall_return(struct tcb *tcb, u64 badge, u64 info)
{
	tcb->ctx.x[REG_BADGE] = badge;
	tcb->ctx.x[REG_INFO] = info;
}

/* Where the receiver wants a capability: an empty slot, or NULL. */
static struct cte *receive_slot(struct tcb *tcb, const seL4_IPCBuffer *buffer)
{
	u64 depth = buffer->receiveDepth, bits_left;
	struct lookup_fault fault;
	struct cte *root, *slot;

	root = cspace_lookup(tcb, buffer->receiveCNode, &fault);
	if (!root || depth < 1 || depth > seL4_WordBits ||
	    !cspace_resolve(root->cap, buffer->receiveIndex, depth, &slot, &bits_left, &fault) ||
	    bits_left || slot->cap.type != CAP_NULL)
		return NULL;
	return slot;
}

/* Capabilities of a message; the label and length of `info` with what was transferred. */
static seL4_MessageInfo_t transfer_caps(struct tcb *sender, struct tcb *receiver,
					const struct endpoint *ep, seL4_IPCBuffer *from,
					seL4_IPCBuffer *to, seL4_MessageInfo_t info)
{
	u64 n = seL4_MessageInfo_get_extraCaps(info), unwrapped = 0, i;
	struct cte *dst = receive_slot(receiver, to);
	struct lookup_fault fault;

	for (i = 0; i < n; i++) {
		struct cte *src = cspace_lookup(sender, from->caps_or_badges[i], &fault);
		struct cap cap;

		if (!src)
			break;
		if (ep && src->cap.type == CAP_ENDPOINT && cap_object(src->cap) == ep) {
			to->caps_or_badges[i] = src->cap.badge;
			unwrapped |= BIT(i);
			continue;
		}
		if (!dst || cap_derive(src, src->cap, &cap) || cap.type == CAP_NULL)
			break;
		cdt_insert(cap, src, dst);
		dst = NULL;
	}
	info = seL4_MessageInfo_set_extraCaps(info, i);
	return seL4_MessageInfo_set_capsUnwrapped(info, unwrapped);
}

void ipc_transfer(struct tcb *sender, struct tcb *receiver, struct endpoint *ep, u64 badge,
		  bool grant)
{
	seL4_MessageInfo_t info = { { sender->ctx.x[REG_INFO] } };
	seL4_IPCBuffer *from = NULL, *to = NULL;
	u64 length, extra;

	if (sender->fault.type) {
		syscall_return(receiver, badge,
			       fault_message(sender, receiver, tcb_ipc_buffer(receiver, true)));
		return;
	}
	length = seL4_MessageInfo_get_length(info);
	extra = seL4_MessageInfo_get_extraCaps(info);
	if (length > seL4_MsgMaxLength)
		length = seL4_MsgMaxLength;
	if (length > seL4_FastMessageRegisters || extra) {
		from = tcb_ipc_buffer(sender, false);
		to = tcb_ipc_buffer(receiver, true);
		if (length > seL4_FastMessageRegisters && (!from || !to))
			length = seL4_FastMessageRegisters;
	}
	for (u64 i = 0; i < length && i < seL4_FastMessageRegisters; i++)
		receiver->ctx.x[REG_MR0 + i] = sender->ctx.x[REG_MR0 + i];
	for (u64 i = seL4_FastMessageRegisters; i < length; i++)
		to->msg[i] = from->msg[i];
	info = seL4_MessageInfo_new(seL4_MessageInfo_get_label(info), 0, extra, length);
	if (extra && grant && from && to)
		info = transfer_caps(sender, receiver, ep, from, to, info);
	else
		info = seL4_MessageInfo_set_extraCaps(info, 0);
	syscall_return(receiver, badge, info.words[0]);
}

static int decode_send(struct inv *inv)
{
	struct cap cap = inv->cap;

	if (!(cap.rights & RIGHT_WRITE))
		return inv_invalid_cap(inv, 0);
	if (cap.type == CAP_ENDPOINT) {
		inv->tcb->state = TCB_RUNNING;
		endpoint_send(inv->tcb, cap_object(cap), cap.badge, cap.rights, inv->blocking,
			      inv->call, inv->donate);
		/* Answered by another thread, if at all. */
		inv->call = false;
		return seL4_NoError;
	}
	ntfn_signal(cap_object(cap), cap.badge);
	return seL4_NoError;
}

static int decode_method(struct inv *inv)
{
	switch (inv->cap.type) {
	case CAP_ENDPOINT:
	case CAP_NOTIFICATION:
		return decode_send(inv);
	case CAP_REPLY:
		reply_send(inv->tcb, cap_object(inv->cap), inv->cap.rights & RIGHT_GRANT);
		return seL4_NoError;
	case CAP_TCB:
		return tcb_decode(inv);
	case CAP_CNODE:
		return cnode_decode(inv);
	case CAP_UNTYPED:
		return untyped_decode(inv);
	case CAP_DOMAIN:
		return domain_decode(inv);
	case CAP_SCHED_CONTROL:
		return sched_control_decode(inv);
	case CAP_SCHED_CONTEXT:
		return sc_decode(inv);
	case CAP_IRQ_CONTROL:
		return irq_control_decode(inv);
	case CAP_IRQ_HANDLER:
		return irq_handler_decode(inv);
	case CAP_SGI_SIGNAL:
		return sgi_signal_invoke(inv->cap);
	case CAP_FRAME:
		return frame_decode(inv);
	case CAP_PAGE_TABLE:
		return page_table_decode(inv);
	case CAP_VSPACE:
		return vspace_decode(inv);
	case CAP_ASID_CONTROL:
		return asid_control_decode(inv);
	case CAP_ASID_POOL:
		return asid_pool_decode(inv);
	case CAP_VCPU:
		return vcpu_decode(inv);
	case CAP_SMC:
		return smc_decode(inv);
	default:
		return inv_invalid_cap(inv, 0);
	}
}

/* Methods that a combined send and receive may not start with. */
static bool method_refused_first(u64 type)
{
	return type == CAP_TCB || type == CAP_CNODE || type == CAP_DOMAIN ||
	       type == CAP_SCHED_CONTROL || type == CAP_SCHED_CONTEXT;
}

/* Looks up the extra capabilities of a method call; false if the thread faulted. */
static bool method_extra_caps(struct inv *inv, u64 n)
{
	struct lookup_fault fault;

	inv->n_extra = 0;
	if (!inv->buffer)
		return true;
	for (u64 i = 0; i < n; i++) {
		u64 cptr = inv->buffer->caps_or_badges[i];

		inv->extra[i] = cspace_lookup(inv->tcb, cptr, &fault);
		if (!inv->extra[i]) {
			if (inv->blocking)
				fault_cap(inv->tcb, cptr, false, &fault);
			return false;
		}
		inv->n_extra = i + 1;
	}
	return true;
}

/* The answer to a method call made with Call. */
static void method_reply(struct inv *inv, int err)
{
	u64 n = inv->n_ret;

	if (err) {
		inv->n_ret = 0;
		for (u64 i = 0; i < inv->n_detail; i++)
			inv_return(inv, inv->detail[i]);
		n = inv->n_ret;
	}
	syscall_return(inv->tcb, 0, seL4_MessageInfo_new((u64)err, 0, 0, n).words[0]);
}

/* Send of any kind to whatever cptr names. */
static void syscall_send(struct tcb *tcb, u64 cptr, bool blocking, bool call, bool donate,
			 bool first)
{
	seL4_MessageInfo_t info = { { tcb->ctx.x[REG_INFO] } };
	struct lookup_fault fault;
	struct inv inv;
	u64 extra;
	int err;

	inv.slot = cspace_lookup(tcb, cptr, &fault);
	if (unlikely(!inv.slot)) {
		if (blocking)
			fault_cap(tcb, cptr, false, &fault);
		return;
	}
	inv.tcb = tcb;
	inv.cap = inv.slot->cap;
	inv.call = call;
	inv.blocking = blocking;
	inv.donate = donate;
	inv.label = seL4_MessageInfo_get_label(info);
	inv.length = seL4_MessageInfo_get_length(info);
	inv.n_extra = 0;
	inv.n_ret = 0;
	inv.n_detail = 0;
	inv.buffer = NULL;
	extra = seL4_MessageInfo_get_extraCaps(info);
	if (inv.length > seL4_FastMessageRegisters || extra) {
		inv.buffer = tcb_ipc_buffer(tcb, false);
		if (inv.length > seL4_MsgMaxLength)
			inv.length = seL4_MsgMaxLength;
		if (!inv.buffer && inv.length > seL4_FastMessageRegisters)
			inv.length = seL4_FastMessageRegisters;
		if (extra && !method_extra_caps(&inv, extra))
			return;
	}
	if (first && method_refused_first(inv.cap.type))
		return;

	tcb->state = TCB_RESTART;
	err = decode_method(&inv);
	if (err == PREEMPTED)
		return;
	if (tcb->state != TCB_RESTART && inv.cap.type != CAP_ENDPOINT)
		return;
	if (tcb->state == TCB_RESTART)
		tcb->state = TCB_RUNNING;
	if (inv.call)
		method_reply(&inv, err);
}

/* Receive of any kind; with_reply: x6 names the reply object for an endpoint. */
static void syscall_recv(struct tcb *tcb, bool blocking, bool with_reply)
{
	struct lookup_fault fault = { .type = seL4_MissingCapability };
	u64 cptr = tcb->ctx.x[REG_BADGE];
	struct cte *slot = cspace_lookup(tcb, cptr, &fault);
	struct reply *reply = NULL;
	struct notification *ntfn;
	struct cte *reply_slot;

	if (!slot)
		goto fault;
	if (slot->cap.type == CAP_ENDPOINT && (slot->cap.rights & RIGHT_READ)) {
		if (with_reply) {
			reply_slot = cspace_lookup(tcb, tcb->ctx.x[REG_REPLY], &fault);
			if (!reply_slot || reply_slot->cap.type != CAP_REPLY) {
				cptr = tcb->ctx.x[REG_REPLY];
				goto fault;
			}
			reply = cap_object(reply_slot->cap);
		}
		endpoint_recv(tcb, slot->cap, blocking, reply);
		return;
	}
	if (slot->cap.type == CAP_NOTIFICATION && (slot->cap.rights & RIGHT_READ)) {
		ntfn = cap_object(slot->cap);
		if (!ntfn->bound || ntfn->bound == tcb) {
			ntfn_wait(tcb, ntfn, blocking);
			return;
		}
	}
fault:
	fault_cap(tcb, cptr, true, &fault);
}

/* Debug calls exist for native threads: a guest may neither print nor halt. */
static bool syscall_debug(struct tcb *tcb, long number)
{
	u64 power_off[8] = { 0x84000008 };
	struct lookup_fault fault;
	const seL4_IPCBuffer *buffer;
	struct cte *slot;

	if (tcb->vcpu)
		return false;
	switch (number) {
	case seL4_SysDebugPutChar:
		console_putc(tcb->ctx.x[0]);
		return true;
	case seL4_SysDebugDumpScheduler:
		sched_dump();
		return true;
	case seL4_SysDebugHalt:
		printk("halted by a thread\n");
		smc_call(power_off);
		return true;
	case seL4_SysDebugCapIdentify:
		slot = cspace_lookup(tcb, tcb->ctx.x[0], &fault);
		tcb->ctx.x[0] = slot ? slot->cap.type : CAP_NULL;
		return true;
	case seL4_SysDebugSnapshot:
		return true;
	case seL4_SysDebugNameThread:
		slot = cspace_lookup(tcb, tcb->ctx.x[0], &fault);
		buffer = tcb_ipc_buffer(tcb, false);
		if (slot && slot->cap.type == CAP_TCB && buffer) {
			const char *from = (const char *)buffer->msg;
			char *to = ((struct tcb *)cap_object(slot->cap))->name;
			u64 i = 0;

			for (; i < TCB_NAME_LEN - 1 && from[i]; i++)
				to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
			to[i] = '\0';
		}
		return true;
	default:
		return false;
	}
}

void syscall_handle(struct tcb *tcb, long number)
{
	u64 *x = tcb->ctx.x;

	switch (number) {
	case seL4_SysCall:
		syscall_send(tcb, x[0], true, true, true, false);
		break;
	case seL4_SysReplyRecv:
	case seL4_SysNBSendRecv:
		syscall_send(tcb, number == seL4_SysReplyRecv ? x[REG_REPLY] : x[REG_SEND_CAP],
			     false, false, true, true);
		if (tcb->state == TCB_RUNNING)
			syscall_recv(tcb, true, true);
		break;
	case seL4_SysNBSendWait:
		syscall_send(tcb, x[REG_REPLY], false, false, true, true);
		if (tcb->state == TCB_RUNNING)
			syscall_recv(tcb, true, false);
		break;
	case seL4_SysSend:
		syscall_send(tcb, x[0], true, false, false, false);
		break;
	case seL4_SysNBSend:
		syscall_send(tcb, x[0], false, false, false, false);
		break;
	case seL4_SysRecv:
		syscall_recv(tcb, true, true);
		break;
	case seL4_SysNBRecv:
		syscall_recv(tcb, false, true);
		break;
	case seL4_SysWait:
		syscall_recv(tcb, true, false);
		break;
	case seL4_SysNBWait:
		syscall_recv(tcb, false, false);
		break;
	case seL4_SysYield:
		sched_yield();
		break;
	default:
		if (syscall_debug(tcb, number))
			break;
		tcb->fault.type = seL4_Fault_UnknownSyscall;
		tcb->fault.word[0] = (u64)number;
		fault_send(tcb);
		break;
	}
}
