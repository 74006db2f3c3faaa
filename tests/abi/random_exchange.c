/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads that send, call, reply, wait, fault and are interfered with at random: the same course as on seL4. */

#include "abi.h"
#include "record.h"

#define PEERS 6
#define PEER_STEPS 24 /* random steps of a peer, then it ends */
#define MEDDLER_STEPS 24 /* steps of the worker against all of them */
#define ROUNDS 150
#define OBJECTS 3 /* endpoints, and so many notifications */
#define REPLIES 4
/* What seL4 16.0.0 gives in both configurations. */
#define DIGEST 0x12883667f34a4f7bUL

enum peer_op {
	OP_SEND,
	OP_NBSEND,
	OP_CALL,
	OP_CALL2,
	OP_RECV,
	OP_RECV_UNBADGED,
	OP_NBRECV,
	OP_SIGNAL,
	OP_WAIT,
	OP_WAIT_NTFN,
	OP_NBWAIT_NTFN,
	OP_REPLY_RECV,
	OP_REPLY_RECV2,
	OP_NBSEND_RECV,
	OP_SIGNAL_WAIT,
	OP_REPLY,
	OP_REPLY_AND_RECV_OTHER,
	OP_CALL_REPLY,
	OP_FAULT,
	PEER_OPS
};

enum meddler_op {
	OP_SUSPEND,
	OP_RESUME,
	OP_RESUME2,
	OP_PRIORITY,
	OP_BIND_NTFN,
	OP_UNBIND_NTFN,
	OP_UNBIND_SC,
	OP_BIND_SC,
	OP_BIND_SC_NTFN,
	OP_RENEW_REPLY,
	OP_CANCEL_SENDS,
	OP_SCHED_PARAMS,
	OP_NBSEND_M,
	OP_SIGNAL_M,
	OP_REPLY_M,
	MEDDLER_OPS
};

struct peer {
	seL4_Word id;
	volatile seL4_Word seed, steps;
	struct thread t;
};

static struct peer peer[PEERS];
static seL4_CPtr ep[OBJECTS], ntfn[OBJECTS], reply[REPLIES];
/* Badged for each peer and, last, for the worker. */
static seL4_CPtr ep_of[OBJECTS][PEERS + 1], ntfn_of[OBJECTS][PEERS + 1];
static struct record record;

/* Capability addresses and code addresses are not the same everywhere: of faults only the kind counts. */
static void record_message(seL4_Word who, seL4_Word step, seL4_Word op, const struct msg *m)
{
	seL4_Word label = INFO_LABEL(m->info);
	bool fault = label && label < 10;

	RECORD(&record, who, step, op, m->badge, m->info, fault ? 0 : m->mr[0],
	       fault ? 0 : m->mr[1]);
}

static void peer_step(struct peer *p)
{
	seL4_Word op = rnd(&p->seed) % PEER_OPS, a = rnd(&p->seed) % OBJECTS;
	seL4_Word b = rnd(&p->seed) % REPLIES, id = p->id;
	seL4_Word info = INFO(0x100 + id * 16 + (p->steps & 15), 0, rnd(&p->seed) % 5);
	seL4_Word mr[4] = { id << 8 | p->steps, op, 0x33, 0x44 };
	seL4_CPtr e = ep_of[a][id], n = ntfn_of[a][id], r = reply[b];
	struct msg m = { 0, 0, { 0, 0, 0, 0 } };

	p->steps++;
	switch (op) {
	case OP_SEND:
		sys_send(e, info, mr);
		break;
	case OP_NBSEND:
		sys_nbsend(e, info, mr);
		break;
	case OP_CALL:
	case OP_CALL2:
		m = sys_call(e, info, mr);
		break;
	case OP_RECV:
		m = sys((seL4_Word)seL4_SysRecv, e, info, mr, r, 0);
		break;
	case OP_RECV_UNBADGED:
		m = sys((seL4_Word)seL4_SysRecv, ep[a], info, mr, r, 0);
		break;
	case OP_NBRECV:
		m = sys((seL4_Word)seL4_SysNBRecv, e, info, mr, r, 0);
		break;
	case OP_SIGNAL:
		sys_signal(n);
		break;
	case OP_WAIT:
		m = sys((seL4_Word)seL4_SysWait, e, info, mr, 0, 0);
		break;
	case OP_WAIT_NTFN:
		m = sys((seL4_Word)seL4_SysWait, ntfn[a], info, mr, 0, 0);
		break;
	case OP_NBWAIT_NTFN:
		m = sys((seL4_Word)seL4_SysNBWait, ntfn[a], info, mr, 0, 0);
		break;
	case OP_REPLY_RECV:
	case OP_REPLY_RECV2:
		m = sys_reply_recv(e, info, mr, r);
		break;
	case OP_NBSEND_RECV:
		m = sys_nbsend_recv(ep_of[b % OBJECTS][id], info, mr, e, r);
		break;
	case OP_SIGNAL_WAIT:
		m = sys_nbsend_wait(n, info, mr, e);
		break;
	case OP_REPLY:
		sys_send(r, info, mr);
		break;
	case OP_REPLY_AND_RECV_OTHER:
		m = sys_nbsend_recv(r, info, mr, e, reply[(b + 1) % REPLIES]);
		break;
	case OP_CALL_REPLY:
		m = sys_call(r, info, mr);
		break;
	case OP_FAULT:
		*(volatile seL4_Word *)FREE_BASE = 1;
		break;
	}
	record_message(id, p->steps, op, &m);
}

static void peer_main(void *arg)
{
	struct peer *p = arg;

	while (p->steps < PEER_STEPS)
		peer_step(p);
	thread_exit();
}

/* What root, a VMM or an interrupt may do to threads that are in the middle of something. */
static void meddle(volatile seL4_Word *seed, seL4_Word step)
{
	seL4_Word op = rnd(seed) % MEDDLER_OPS, a = rnd(seed) % OBJECTS, b = rnd(seed) % REPLIES;
	struct thread *t = &peer[rnd(seed) % PEERS].t, *u = &peer[rnd(seed) % PEERS].t;
	seL4_Word prio = 70 + rnd(seed) % 30;
	struct answer r = { 0, 0, { 0, 0, 0, 0 } };

	switch (op) {
	case OP_SUSPEND:
		r = inv(t->tcb, TCBSuspend, NOCAPS);
		break;
	case OP_RESUME:
	case OP_RESUME2:
		r = inv(t->tcb, TCBResume, NOCAPS);
		break;
	case OP_PRIORITY:
		r = inv(t->tcb, TCBSetPriority, CAPS(seL4_CapInitThreadTCB), prio);
		break;
	case OP_BIND_NTFN:
		r = inv(t->tcb, TCBBindNotification, CAPS(ntfn[a]));
		break;
	case OP_UNBIND_NTFN:
		r = inv(t->tcb, TCBUnbindNotification, NOCAPS);
		break;
	case OP_UNBIND_SC:
		r = inv(t->sc, SchedContextUnbind, NOCAPS);
		break;
	case OP_BIND_SC:
		r = inv(t->sc, SchedContextBind, CAPS(u->tcb));
		break;
	case OP_BIND_SC_NTFN:
		r = inv(t->sc, SchedContextBind, CAPS(ntfn[a]));
		break;
	case OP_RENEW_REPLY:
		cap_delete(reply[b]);
		must(try_retype(test_untyped, seL4_ReplyObject, 0, reply[b], 1));
		break;
	case OP_CANCEL_SENDS:
		r = inv(ROOT_CNODE, CNodeCancelBadgedSends, NOCAPS, ep_of[a][b], 64);
		break;
	case OP_SCHED_PARAMS:
		r = inv(t->tcb, TCBSetSchedParams, CAPS(seL4_CapInitThreadTCB, u->sc, ep[a]), 0,
			prio);
		break;
	case OP_NBSEND_M:
		sys_nbsend(ep_of[a][PEERS], INFO(0x800, 0, 2), MRS(step, b, 0, 0));
		break;
	case OP_SIGNAL_M:
		sys_signal(ntfn_of[a][PEERS]);
		break;
	case OP_REPLY_M:
		sys_send(reply[b], INFO(0x900, 0, 2), MRS(step, b, 0, 0));
		break;
	}
	RECORD(&record, PEERS, step, op, r.err);
}

static void make_objects(void)
{
	unsigned int i, k;

	for (k = 0; k < OBJECTS; k++) {
		ep[k] = obj_new(seL4_EndpointObject, 0);
		ntfn[k] = obj_new(seL4_NotificationObject, 0);
		for (i = 0; i <= PEERS; i++) {
			/* One peer may call but not pass capabilities, one may not even call. */
			ep_of[k][i] = cap_mint(ep[k],
					       i == 5 ? RIGHT_RW :
					       i == 4 ? RIGHT_RW | RIGHT_GRANT_REPLY :
							RIGHT_ALL,
					       0x10 + i);
			ntfn_of[k][i] = cap_mint(ntfn[k], RIGHT_ALL, 1UL << (8 + i));
		}
	}
	for (k = 0; k < REPLIES; k++)
		reply[k] = obj_new(seL4_ReplyObject, 0);
}

static void exchange_round(seL4_Word round)
{
	volatile seL4_Word seed = (round * 16 + 15) * 0x9e3779b97f4a7c15UL;
	seL4_Word i;

	make_objects();
	for (i = 0; i < PEERS; i++) {
		peer[i].id = i;
		peer[i].steps = 0;
		peer[i].seed = (round * 16 + i + 1) * 0x9e3779b97f4a7c15UL;
		thread_start(&peer[i].t, &(struct thread_cfg){ .fn = peer_main,
							       .arg = &peer[i],
							       .prio = 80 + i,
							       .fault_ep = i & 1 ? ep_of[2][1] : 0,
							       .period = 100000,
							       .stopped = true });
	}
	for (i = 0; i < PEERS; i++)
		must(inv(peer[i].t.tcb, TCBResume, NOCAPS));
	sleep_ms(2);
	for (i = 0; i < MEDDLER_STEPS; i++) {
		meddle(&seed, i);
		sleep_ms(2);
	}
	for (i = 0; i < PEERS; i++)
		RECORD(&record, round, i, peer[i].steps);
}

ABI_TEST(random, exchanges)
{
	seL4_CPtr own = test_untyped, ut = obj_new(seL4_UntypedObject, 17);
	seL4_Word round;

	test_limit_ms(20000);
	record.count = 0;
	for (round = 0; round < ROUNDS; round++) {
		test_untyped = ut;
		object_reuse();
		exchange_round(round);
		test_untyped = own;
		cap_revoke(ut);
		check(cap_is_null(ep_of[0][0]));
		check(cap_is_null(peer[0].t.tcb));
	}
	note("%lu records, digest 0x%lx", record.count, record.digest);
	check_eq(record.digest, DIGEST);
}
