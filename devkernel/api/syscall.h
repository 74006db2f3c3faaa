/* SPDX-License-Identifier: BSD-2-Clause */
/* From system call to method, and faults back to their handlers. */
#pragma once

#include <object/object.h>

/* Result of a method besides seL4_Error: an interrupt is pending, the call restarts after it. */
#define PREEMPTED (-1)

/* One method call on an object. */
struct inv {
	struct tcb *tcb; /* the caller */
	struct cte *slot; /* of the invoked capability */
	struct cap cap; /* its copy */
	u64 label;
	u64 length; /* message words that can be read */
	u64 n_extra;
	struct cte *extra[seL4_MsgMaxExtraCaps];
	seL4_IPCBuffer *buffer; /* the caller's, or NULL */
	bool call;
	bool blocking;
	bool donate;
	u64 n_ret; /* result words so far */
	u64 detail[6]; /* of an error, MR0.. */
	u64 n_detail;
};

/* Message word i < inv->length. */
static inline u64 inv_mr(const struct inv *inv, u64 i)
{
	return i < seL4_FastMessageRegisters ? inv->tcb->ctx.x[2 + i] : inv->buffer->msg[i];
}

/* Appends a result word. It only reaches a caller that asked for a reply. */
void inv_return(struct inv *inv, u64 value);

/* Error codes with their details. */
int inv_invalid_arg(struct inv *inv, u64 arg);
int inv_invalid_cap(struct inv *inv, u64 cap);
int inv_range(struct inv *inv, u64 min, u64 max);
int inv_lookup(struct inv *inv, bool source, const struct lookup_fault *fault);
int inv_no_memory(struct inv *inv, u64 bytes_free);

/* Capability in extra slot i < inv->n_extra. */
static inline struct cap inv_extra(const struct inv *inv, u64 i)
{
	return inv->extra[i]->cap;
}

/* An interrupt waits: long work has to stop at a consistent point. */
static inline bool preemption_point(void)
{
	u64 isr;

	__asm__ volatile("mrs %0, isr_el1" : "=r"(isr));
	return isr != 0;
}

/* System call number `number` of the current thread. */
void syscall_handle(struct tcb *tcb, long number);
/* The current thread's system call reply: registers x0 (badge) and x1. */
void syscall_return(struct tcb *tcb, u64 badge, u64 info);

/* Copies the message of `sender` to `receiver`, with capabilities if granted. */
void ipc_transfer(struct tcb *sender, struct tcb *receiver, struct endpoint *ep, u64 badge,
		  bool grant);

/* api/fault.c */

/* tcb->fault is set: hand it to the fault endpoint, or stop the thread. */
void fault_send(struct tcb *tcb);
void fault_send_timeout(struct tcb *tcb);
bool fault_timeout_valid(struct tcb *tcb);
void fault_cap(struct tcb *tcb, u64 cptr, bool receive, const struct lookup_fault *lookup);
/* Writes tcb's pending fault as a message for the receiver; returns its message info. */
u64 fault_message(struct tcb *tcb, struct tcb *receiver, seL4_IPCBuffer *buffer);
/* Applies the reply of `handler` to the faulted thread; true if that shall go on. */
bool fault_reply(struct tcb *tcb, struct tcb *handler);
/* Lookup failure as message words at mr[0..]; number of words. */
u64 fault_lookup_words(const struct lookup_fault *fault, u64 *mr);
