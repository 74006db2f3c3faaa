/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernel objects. Sizes are ABI: the asserts below. */
#pragma once

#include <object/cap.h>

struct tcb;
struct reply;
struct vcpu;

/* Message of a fault until a handler takes it. */
struct fault {
	u64 type; /* seL4_Fault_tag_t; NullFault = none */
	u64 word[7]; /* by type, see api/fault.c */
};

struct lookup_fault {
	u64 type; /* seL4_LookupFailureType */
	u64 bits_left;
	u64 found[2];
};

/* A list of threads ordered by priority, first come first served within one. */
struct tcb_queue {
	struct tcb *head;
	struct tcb *tail;
};

enum endpoint_state { EP_IDLE, EP_SEND, EP_RECV };

/* Two words: the state hides in the tail pointer's low bits. */
struct endpoint {
	struct tcb *head;
	u64 tail_state;
};

enum ntfn_state { NTFN_IDLE, NTFN_WAITING, NTFN_ACTIVE };

struct sched_context;

struct notification {
	struct tcb_queue queue;
	u64 state; /* enum ntfn_state */
	u64 word; /* badges signalled while active */
	struct tcb *bound;
	struct sched_context *sc; /* lent to a waiter without one */
	u64 unused[2];
};

/*
 * One caller waiting for its reply. Replies through which a scheduling context was lent form a
 * stack from the context's current holder (top, `sc` set) down to the first caller.
 */
struct reply {
	struct tcb *tcb; /* the caller, or the receiver that offers this object */
	struct reply *below;
	struct reply *above;
	struct sched_context *sc; /* top of the stack only */
};

struct refill {
	u64 time; /* tick from which it may be used */
	u64 amount; /* ticks */
};

struct sched_context {
	u64 period; /* ticks; 0 = round robin with time slice `budget` */
	u64 budget;
	u64 consumed; /* ticks since last asked */
	u64 badge;
	struct tcb *tcb;
	struct reply *reply; /* top of the stack of lenders */
	struct notification *ntfn;
	u16 refill_max; /* 0 = not configured */
	u16 head;
	u16 count;
	u8 sporadic;
	u8 unused;
	struct tcb *yield_from; /* its YieldTo ends when it runs again */
	u64 unused2[3];
	struct refill refill[]; /* ring of refill_max */
};

struct context {
	u64 x[31];
	u64 sp;
	u64 elr;
	u64 spsr;
	u64 restart_pc; /* where a restarted thread goes on */
	u64 tpidr;
	u64 tpidrro;
};

struct fpu_state {
	u64 q[64];
	u64 fpsr;
	u64 fpcr;
};

enum tcb_state {
	TCB_INACTIVE,
	TCB_RUNNING,
	TCB_RESTART,
	TCB_BLOCKED_SEND,
	TCB_BLOCKED_RECV,
	TCB_BLOCKED_REPLY,
	TCB_BLOCKED_NTFN,
};

/* The capabilities a thread holds; the last slot is empty while it lives. */
enum tcb_slot {
	TCB_CSPACE,
	TCB_VSPACE,
	TCB_BUFFER,
	TCB_FAULT_EP,
	TCB_TIMEOUT_EP,
	TCB_TOMB,
	TCB_SLOTS
};

#define TCB_NAME_LEN 16

struct tcb {
	struct context ctx; /* first: entry.S */
	u64 unused;
	struct fpu_state fpu;
	struct cte slot[TCB_SLOTS];
	u8 state; /* enum tcb_state */
	u8 prio;
	u8 mcp;
	u8 domain;
	u8 flags; /* seL4_TCBFlag */
	bool ready; /* in a ready queue */
	bool released; /* in the release queue: waits for budget */
	bool is_call; /* BLOCKED_SEND: expects a reply */
	bool can_grant; /* BLOCKED_SEND/RECV: rights of the capability used */
	bool can_grant_reply;
	struct tcb *sched_next; /* ready or release queue */
	struct tcb *sched_prev;
	struct tcb *queue_next; /* endpoint or notification queue */
	struct tcb *queue_prev;
	void *blocked_on; /* endpoint or notification */
	u64 blocked_badge;
	struct reply *reply; /* BLOCKED_RECV: offered; BLOCKED_REPLY: waited for */
	struct sched_context *sc;
	struct sched_context *yield_to; /* YieldTo under way */
	struct notification *bound_ntfn;
	struct vcpu *vcpu;
	u64 buffer_vaddr;
	struct fault fault;
	char name[TCB_NAME_LEN];
};

_Static_assert(sizeof(struct endpoint) == 1 << seL4_EndpointBits, "endpoint size");
_Static_assert(sizeof(struct notification) == 1 << seL4_NotificationBits, "notification size");
_Static_assert(sizeof(struct reply) == 1 << seL4_ReplyBits, "reply size");
_Static_assert(sizeof(struct sched_context) + 2 * sizeof(struct refill) ==
		       1 << seL4_MinSchedContextBits,
	       "scheduling context size");
_Static_assert(sizeof(struct tcb) <= 1 << seL4_TCBBits, "TCB size");
_Static_assert(offsetof(struct tcb, fpu) % 16 == 0, "FPU state alignment");

struct inv;

/* object/untyped.c */
int untyped_decode(struct inv *inv);

/* object/cnode.c */

/* Slot that `depth` bits of cptr name from root; false with *fault filled. */
bool cspace_resolve(struct cap root, u64 cptr, u64 depth, struct cte **slot, u64 *bits_left,
		    struct lookup_fault *fault);
/* Slot a thread means by cptr; NULL with *fault filled. */
struct cte *cspace_lookup(struct tcb *tcb, u64 cptr, struct lookup_fault *fault);
/* Slot for a method's (root, index, depth); error code. */
int cspace_lookup_target(struct inv *inv, struct cap root, u64 index, u64 depth, bool source,
			 struct cte **slot);
int cnode_decode(struct inv *inv);

/* object/tcb.c */
void tcb_init(struct tcb *tcb);
int tcb_decode(struct inv *inv);
int domain_decode(struct inv *inv);
/* Last capability gone: stop it and take it out of everything. */
void tcb_finalise(struct tcb *tcb);
/* Stops the thread wherever it is. */
void tcb_suspend(struct tcb *tcb);
/* Message buffer for reading (or, `write`, for writing) as msg[-1] = tag; NULL if none. */
seL4_IPCBuffer *tcb_ipc_buffer(struct tcb *tcb, bool write);

/* object/schedcontext.c */
void sc_finalise(struct sched_context *sc);
/* A blocked thread only takes a context with budget. */
bool sc_may_bind(const struct sched_context *sc, const struct tcb *tcb);
void sc_bind_tcb(struct sched_context *sc, struct tcb *tcb);
void sc_unbind_tcb(struct sched_context *sc);
/* Takes the context from whoever holds it and gives it to `to`. */
void sc_donate(struct sched_context *sc, struct tcb *to);
/* The thread runs again after a YieldTo: it gets its result. */
void sc_complete_yield_to(struct tcb *tcb);
void sc_cancel_yield_to(struct tcb *tcb);
int sc_decode(struct inv *inv);
int sched_control_decode(struct inv *inv);

/* object/endpoint.c */
void endpoint_send(struct tcb *tcb, struct endpoint *ep, u64 badge, u64 rights, bool blocking,
		   bool call, bool donate);
void endpoint_recv(struct tcb *tcb, struct cap ep_cap, bool blocking, struct reply *reply);
void endpoint_cancel_all(struct endpoint *ep);
void endpoint_cancel_badged(struct endpoint *ep, u64 badge);
/* Ends whatever IPC the thread is blocked in; it stays without a reason to wait. */
void ipc_cancel(struct tcb *tcb);
/* The thread's priority changed while it is queued. */
void ipc_requeue(struct tcb *tcb);
void tcb_queue_insert(struct tcb_queue *q, struct tcb *tcb);
void tcb_queue_remove(struct tcb_queue *q, struct tcb *tcb);

/* object/notification.c */
void ntfn_signal(struct notification *ntfn, u64 badge);
void ntfn_wait(struct tcb *tcb, struct notification *ntfn, bool blocking);
/* The bound notification is active: the thread takes the word. */
void ntfn_complete(struct notification *ntfn, struct tcb *tcb);
void ntfn_cancel(struct notification *ntfn, struct tcb *tcb);
void ntfn_bind(struct notification *ntfn, struct tcb *tcb);
void ntfn_unbind(struct tcb *tcb);
/* A waiter that only borrowed the notification's context gives it back. */
void ntfn_return_sc(struct notification *ntfn, struct tcb *tcb);
void ntfn_finalise(struct notification *ntfn);

/* object/reply.c */

/* caller waits for `reply`; donate: its scheduling context goes to callee if that has none. */
void reply_push(struct tcb *caller, struct tcb *callee, struct reply *reply, bool donate);
/* Takes the waiting caller off the object; a lent context goes back to it. */
void reply_pop(struct reply *reply);
/* Takes a waiting caller off the object, breaking the stack of lenders there. */
void reply_unlink(struct reply *reply);
void reply_send(struct tcb *sender, struct reply *reply, bool grant);
void reply_finalise(struct reply *reply);

/* object/interrupt.c */
void irq_init(void);
void irq_handle(void);
int irq_control_decode(struct inv *inv);
int irq_handler_decode(struct inv *inv);
int sgi_signal_invoke(struct cap cap);
void irq_handler_finalise(u64 irq);

/* object/smc.c */
int smc_decode(struct inv *inv);
