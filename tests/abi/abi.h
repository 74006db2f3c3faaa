/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Harness of the ABI tests: what a test function may use.
 *
 * A supervisor (the initial thread, priority 255) runs each test in a fresh worker thread and prints
 * one TAP line for it. A worker that faults or does not finish in time is a failed test. Every
 * object a test makes comes out of one untyped, revoked after the test; every slot it took is emptied.
 */
#ifndef ABI_H
#define ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sel4/sel4.h>
#include "sys.h"
#include "abi_guest.h"

/* --- registration ------------------------------------------------------------------------- */

struct abi_test {
	const char *name;
	void (*fn)(void);
};

/* Defines and registers the test "group.fact"; a function body follows. */
#define ABI_TEST(group, fact)                                                            \
	static void test_##group##_##fact(void);                                         \
	static const struct abi_test abi_##group##_##fact                                \
		__attribute__((used, section("abi_tests"))) = { #group "." #fact,        \
								test_##group##_##fact }; \
	static void test_##group##_##fact(void)

/* --- checks: each records a line when it fails --------------------------------------------- */

/* Count a failure of the running test and keep its text for the report. */
void fail_at(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Add a comment line to the report of the running test, whatever its result. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Give the running test another time limit than 2 s of virtual time. */
void test_limit_ms(unsigned int n);
/* End the running test here. Does not return. Only the worker may call it. */
void test_end(void) __attribute__((noreturn));

#define check(cond)                                               \
	do {                                                      \
		if (!(cond))                                      \
			fail_at(__FILE__, __LINE__, "%s", #cond); \
	} while (0)
#define check_eq(got, want) \
	check_eq_at(__FILE__, __LINE__, #got, (seL4_Word)(got), (seL4_Word)(want))
#define check_in(got, lo, hi) \
	check_in_at(__FILE__, __LINE__, #got, (seL4_Word)(got), (seL4_Word)(lo), (seL4_Word)(hi))
#define require(cond)                                             \
	do {                                                      \
		if (!(cond)) {                                    \
			fail_at(__FILE__, __LINE__, "%s", #cond); \
			test_end();                               \
		}                                                 \
	} while (0)
#define require_eq(got, want)             \
	do {                              \
		if (!check_eq(got, want)) \
			test_end();       \
	} while (0)

bool check_eq_at(const char *file, int line, const char *expr, seL4_Word got, seL4_Word want);
bool check_in_at(const char *file, int line, const char *expr, seL4_Word got, seL4_Word lo,
		 seL4_Word hi);

/* --- invocations, with every word of the answer ---------------------------------------------- */

struct answer {
	seL4_Word err; /* label of the answer: the seL4_Error */
	seL4_Word len;
	seL4_Word mr[4];
};

struct caps {
	unsigned int n;
	seL4_CPtr cap[3];
};

/* Call @cap with @label; message registers beyond the fourth and extra caps go by the IPC buffer. */
struct answer inv_raw(seL4_CPtr cap, seL4_Word label, struct caps caps, const seL4_Word *mr,
		      unsigned int nmr);

#define NCAPS(...) (sizeof((const seL4_CPtr[]){ __VA_ARGS__ }) / sizeof(seL4_CPtr))
#define CAPS(...) ((struct caps){ NCAPS(__VA_ARGS__), { __VA_ARGS__ } })
#define NOCAPS ((struct caps){ 0, { 0 } })
#define inv(cap, label, caps, ...)                                    \
	inv_raw(cap, label, caps, (const seL4_Word[]){ __VA_ARGS__ }, \
		sizeof((const seL4_Word[]){ __VA_ARGS__ }) / sizeof(seL4_Word))

/* Check the error of an answer and, as far as given, its first message registers. */
#define expect(answer, ...)                                                                \
	expect_at(__FILE__, __LINE__, #answer, answer, (const seL4_Word[]){ __VA_ARGS__ }, \
		  sizeof((const seL4_Word[]){ __VA_ARGS__ }) / sizeof(seL4_Word))
/* The same, and the test ends when it fails. */
#define must(answer)                               \
	do {                                       \
		if (!expect(answer, seL4_NoError)) \
			test_end();                \
	} while (0)
bool expect_at(const char *file, int line, const char *what, struct answer a, const seL4_Word *want,
	       unsigned int n);

/* --- well-known things ----------------------------------------------------------------------- */

#define ROOT_CNODE seL4_CapInitThreadCNode
#define ROOT_VSPACE seL4_CapInitThreadVSpace
#define ROOT_DEPTH 64

#define RIGHT_WRITE 1UL
#define RIGHT_READ 2UL
#define RIGHT_GRANT 4UL
#define RIGHT_GRANT_REPLY 8UL
#define RIGHT_RW 3UL
#define RIGHT_ALL 15UL

#define PRIO_TICK 254
#define PRIO_WORKER 100

/* Windows of the own address space. WIN has its page tables; FREE (1 GiB) has none. */
#define WIN_BASE 0x40000000UL
#define WIN_TEST (WIN_BASE + 0x100000UL)
#define FREE_BASE 0x80000000UL
#define UART_BASE WIN_BASE

extern const seL4_BootInfo *bootinfo;
/* x0..x30, sp, tpidr_el0, tpidrro_el0 as found at the entry point. */
extern seL4_Word entry_regs[34];
/* The untyped of the running test (2^24) and the worker's own objects. */
extern seL4_CPtr test_untyped;
extern seL4_CPtr worker_tcb, worker_sc;
/* A notification nobody signals: Wait on it is a thread's end. */
extern seL4_CPtr never_ntfn;
extern const char image_start[], image_end[];
/* The frame of the PL011, mapped at UART_BASE. */
extern seL4_CPtr uart_frame;

#define TEST_UNTYPED_BITS 24

/* --- capabilities and objects; all of these end the test when they fail ------------------------ */

/* The next free slot of the root CNode. @n: so many in a row. */
seL4_CPtr slot_new(void);
seL4_CPtr slots_new(unsigned int n);
/* Retype one object out of the test's untyped, or out of @ut, into a new slot. */
seL4_CPtr obj_new(seL4_Word type, seL4_Word size_bits);
seL4_CPtr obj_from(seL4_CPtr ut, seL4_Word type, seL4_Word size_bits);
seL4_CPtr cap_copy(seL4_CPtr src, seL4_Word rights);
seL4_CPtr cap_mint(seL4_CPtr src, seL4_Word rights, seL4_Word badge);
/* Raw forms that hand the answer back. */
struct answer try_copy(seL4_CPtr dst, seL4_CPtr src, seL4_Word rights);
struct answer try_mint(seL4_CPtr dst, seL4_CPtr src, seL4_Word rights, seL4_Word badge);
struct answer try_retype(seL4_CPtr ut, seL4_Word type, seL4_Word size_bits, seL4_CPtr dst,
			 seL4_Word count);
struct answer try_map(seL4_CPtr frame, seL4_CPtr vspace, seL4_Word vaddr, seL4_Word rights,
		      seL4_Word attr);
struct answer try_map_pt(seL4_CPtr pt, seL4_CPtr vspace, seL4_Word vaddr);
void cap_delete(seL4_CPtr slot);
void cap_revoke(seL4_CPtr slot);
/* True when the slot holds nothing (a copy from it reports a missing capability). */
bool cap_is_null(seL4_CPtr slot);
/* The frame capability of the page of the own image that holds @addr. */
seL4_CPtr image_frame(const volatile void *addr);
/* Physical address of a frame capability. */
seL4_Word frame_paddr(seL4_CPtr frame);
/* Slot of the boot untyped that covers @paddr, 0 when there is none. */
seL4_CPtr boot_untyped(seL4_Word paddr, const seL4_UntypedDesc **desc);
/* Map @frame into the own address space, read-write, cacheable. */
volatile seL4_Word *map_rw(seL4_CPtr frame, seL4_Word vaddr);
/* A VSpace with an ASID. */
seL4_CPtr vspace_new(void);

/* --- time -------------------------------------------------------------------------------------- */

#define TICKS_PER_US 62.5
static inline seL4_Word now(void)
{
	seL4_Word v;

	__asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(v)::"memory");
	return v;
}
/* Counter ticks (16 ns) for microseconds. */
static inline seL4_Word us(seL4_Word n)
{
	return n * 125 / 2;
}
/* Block the worker for at least @n - 1 and at most @n + 1 periods of the 1 ms tick. */
void sleep_ms(unsigned int n);
/* Burn @n microseconds of the own budget. */
void spin_us(seL4_Word n);

/* --- threads ------------------------------------------------------------------------------------ */

struct thread_cfg {
	void (*fn)(void *arg);
	void *arg;
	seL4_Word prio;
	seL4_CPtr fault_ep; /* 0: none */
	seL4_CPtr cspace; /* 0: the root CNode, data 0 */
	seL4_Word cspace_data;
	seL4_CPtr vspace; /* 0: the own */
	seL4_Word budget, period; /* microseconds; 0: 10000/10000 */
	seL4_Word extra_refills, sc_badge;
	bool passive; /* no scheduling context */
	bool buffer; /* has an IPC buffer, see thread_buffer() */
	bool stopped; /* registers are written, not resumed */
};

struct thread {
	seL4_CPtr tcb, sc;
	unsigned int idx;
};

/*
 * Make a thread of this program. It must use only the raw calls of sys.h (the libsel4 IPC buffer
 * pointer belongs to the worker) and must not return: thread_exit().
 */
void thread_start(struct thread *t, const struct thread_cfg *cfg);
seL4_IPCBuffer *thread_buffer(const struct thread *t);
void thread_exit(void) __attribute__((noreturn));
seL4_Word thread_pc(const struct thread *t);

/* The threads and guests so far are gone: use their stacks and windows again. */
void object_reuse(void);
void guest_reuse(void);
/* The same at the end of a test, when all capabilities are gone; the supervisor calls it. */
void object_reset(void);
void guest_reset(void);

/* --- messages -------------------------------------------------------------------------------------- */

/* Message register @i of what the worker received last. */
static inline seL4_Word msg_mr(const struct msg *m, unsigned int i)
{
	return i < 4 ? m->mr[i] : __sel4_ipc_buffer->msg[i];
}

/* --- guests ------------------------------------------------------------------------------------------ */

#define GUEST_BADGE 0x6e57UL
#define PRIO_GUEST 90

struct guest {
	seL4_CPtr vspace, tcb, sc, vcpu, ep, fault_ep, reply, data_frame, cspace;
	volatile seL4_Word *data; /* the guest's data page, seen from here */
};

/*
 * Build a guest: code at GUEST_CODE, two data pages, the GICV pages, a CSpace of four empty slots
 * (g->cspace, addresses 0..3); not started. Layout in abi_guest.h.
 */
void guest_new(struct guest *g);
/* Start it at a label of guest.S in EL1h, interrupts masked, x28 = data page, x0 and x1 as given. */
void guest_run(struct guest *g, const char *label, seL4_Word x0, seL4_Word x1);
/* Address of a label of guest.S in the guest. */
seL4_Word guest_addr(const char *label);
/* Wait for the guest's next fault message. guest_expect() ends the test when it is another one. */
struct msg guest_wait(struct guest *g);
struct msg guest_expect_at(struct guest *g, seL4_Word label, int line);
#define guest_expect(g, label) guest_expect_at(g, label, __LINE__)
/* Wait for the guest's checkpoint (CP_*) and return its x0. */
seL4_Word guest_hvc_at(struct guest *g, seL4_Word checkpoint, int line);
#define guest_hvc(g, checkpoint) guest_hvc_at(g, checkpoint, __LINE__)
/* Answer a fault: retry, go on behind the faulting instruction, go on behind an hvc. */
void guest_reply(struct guest *g);
void guest_skip(struct guest *g);
void guest_hvc_return(struct guest *g);
/* All registers of the guest. */
void guest_regs(struct guest *g, seL4_UserContext *regs);
seL4_Word vcpu_read(seL4_CPtr vcpu, seL4_Word reg);
void vcpu_write(seL4_CPtr vcpu, seL4_Word reg, seL4_Word val);
struct answer try_inject(seL4_CPtr vcpu, seL4_Word irq, seL4_Word prio, seL4_Word group,
			 seL4_Word index);

#endif
