/* SPDX-License-Identifier: BSD-2-Clause */
/* Supervisor of the ABI tests: sets up the machine, runs each test in a worker, prints TAP. */

#include <stdarg.h>
#include "abi.h"
#include "fmt/fmt.h"
#include "string/string.h"

#define TICK_PERIOD_US 1000
#define TICK_BUDGET_US 300
/* A test that needs longer than this many ticks has failed. */
#define TEST_TICKS 2000

#define HARNESS_BITS 21
#define WORKER_STACK 16384

/* Badges of what reaches the supervisor; the tick is a notification, the others messages. */
#define BADGE_TICK 1UL
#define BADGE_DONE 2UL
#define BADGE_FAULT 4UL

#define PSCI_SYSTEM_OFF 0x84000008UL

#define PL011_DR (0x000 / 4)
#define PL011_FR (0x018 / 4)
#define PL011_FR_TXFF (1U << 5)

extern const struct abi_test abi_tests_start[], abi_tests_end[];
void supervisor_main(seL4_BootInfo *bi);

seL4_IPCBuffer *__sel4_ipc_buffer;
const seL4_BootInfo *bootinfo;
seL4_Word entry_regs[34];
seL4_CPtr test_untyped, worker_tcb, worker_sc, never_ntfn, uart_frame;

/* Slots below harness_end live as long as the program; the test's are [harness_end, slot_next). */
static volatile unsigned int test_ticks;
static seL4_CPtr slot_next, harness_end;
static seL4_CPtr harness_untyped, test_memory;
static seL4_CPtr sup_ep, sup_reply, tick_ntfn, tick_signal, wake_ntfn, done_ep, fault_ep;
static volatile uint32_t *uart;

static char worker_stack[WORKER_STACK] __attribute__((aligned(16)));
static char tick_stack[1024] __attribute__((aligned(16)));
static seL4_IPCBuffer worker_buffer __attribute__((aligned(4096)));

#define LINES 12
#define LINE_LEN 200
static struct {
	unsigned int fails, lines;
	unsigned int first; /* the line of the first failure */
	char line[LINES][LINE_LEN];
} result;

/* --- console --------------------------------------------------------------------------------- */

static void put(const char *s)
{
	for (; *s; s++) {
		if (!uart) {
#ifdef CONFIG_PRINTING
			seL4_DebugPutChar(*s);
#endif
			continue;
		}
		while (uart[PL011_FR] & PL011_FR_TXFF)
			;
		uart[PL011_DR] = (uint8_t)*s;
	}
}

static void put_fmt(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void put_fmt(const char *fmt, ...)
{
	char buf[LINE_LEN + 80];
	va_list ap;

	va_start(ap, fmt);
	fmt_vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	put(buf);
}

/* --- checks ------------------------------------------------------------------------------------ */

static void add_line(const char *prefix, const char *fmt, va_list ap)
{
	char *line;
	int n;

	if (result.lines >= LINES)
		return;
	line = result.line[result.lines++];
	n = fmt_snprintf(line, LINE_LEN, "%s", prefix);
	fmt_vsnprintf(line + n, LINE_LEN - (size_t)n, fmt, ap);
}

void fail_at(const char *file, int line, const char *fmt, ...)
{
	const char *base = strrchr(file, '/');
	char prefix[40];
	va_list ap;

	if (!result.fails++)
		result.first = result.lines;
	fmt_snprintf(prefix, sizeof(prefix), "%s:%d: ", base ? base + 1 : file, line);
	va_start(ap, fmt);
	add_line(prefix, fmt, ap);
	va_end(ap);
}

void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_line("note: ", fmt, ap);
	va_end(ap);
}

bool check_eq_at(const char *file, int line, const char *expr, seL4_Word got, seL4_Word want)
{
	if (got != want)
		fail_at(file, line, "%s: observed 0x%lx, expected 0x%lx", expr, got, want);
	return got == want;
}

bool check_in_at(const char *file, int line, const char *expr, seL4_Word got, seL4_Word lo,
		 seL4_Word hi)
{
	if (got < lo || got > hi)
		fail_at(file, line, "%s: observed %lu, expected %lu..%lu", expr, got, lo, hi);
	return got >= lo && got <= hi;
}

bool expect_at(const char *file, int line, const char *what, struct answer a, const seL4_Word *want,
	       unsigned int n)
{
	unsigned int i;

	if (a.err != want[0]) {
		fail_at(file, line, "%.90s: observed error %lu (%lu %lu %lu), expected %lu", what,
			a.err, a.mr[0], a.mr[1], a.mr[2], want[0]);
		return false;
	}
	for (i = 1; i < n; i++) {
		if (a.mr[i - 1] == want[i])
			continue;
		fail_at(file, line, "%.90s: error %lu, MR%u: observed 0x%lx, expected 0x%lx", what,
			a.err, i - 1, a.mr[i - 1], want[i]);
		return false;
	}
	return true;
}

struct answer inv_raw(seL4_CPtr cap, seL4_Word label, struct caps caps, const seL4_Word *mr,
		      unsigned int nmr)
{
	seL4_IPCBuffer *buf = __sel4_ipc_buffer;
	seL4_Word regs[4] = { 0, 0, 0, 0 };
	unsigned int i;
	struct msg m;

	for (i = 0; i < nmr; i++) {
		if (i < 4)
			regs[i] = mr[i];
		else
			buf->msg[i] = mr[i];
	}
	for (i = 0; i < caps.n; i++)
		buf->caps_or_badges[i] = caps.cap[i];
	m = sys_call(cap, INFO(label, caps.n, nmr), regs);
	return (struct answer){ INFO_LABEL(m.info),
				INFO_LEN(m.info),
				{ m.mr[0], m.mr[1], m.mr[2], m.mr[3] } };
}

/* --- slots --------------------------------------------------------------------------------------- */

seL4_CPtr slots_new(unsigned int n)
{
	seL4_CPtr s = slot_next;

	slot_next += n;
	return s;
}

seL4_CPtr slot_new(void)
{
	return slots_new(1);
}

void test_limit_ms(unsigned int n)
{
	test_ticks = n;
}

void sleep_ms(unsigned int n)
{
	/* What piled up before is not sleep. */
	sys_nbwait(wake_ntfn);
	while (n--)
		sys_wait(wake_ntfn);
}

/* --- set-up --------------------------------------------------------------------------------------- */

static void power_off(void) __attribute__((noreturn));
static void power_off(void)
{
	seL4_ARM_SMCContext args = { .x0 = PSCI_SYSTEM_OFF }, res;

	seL4_ARM_SMC_Call(seL4_CapSMC, &args, &res);
	for (;;)
		sys_yield();
}

static void bail(const char *what, seL4_Word err)
{
	put_fmt("Bail out! %s: error %lu\n", what, err);
	power_off();
}

static void must_work(const char *what, struct answer a)
{
	if (a.err)
		bail(what, a.err);
}

static seL4_CPtr harness_obj(const char *what, seL4_Word type, seL4_Word bits)
{
	seL4_CPtr slot = slot_new();

	must_work(what, try_retype(harness_untyped, type, bits, slot, 1));
	return slot;
}

/* Split the smallest sufficient boot untyped into the harness's and the tests' memory. */
static void setup_memory(void)
{
	seL4_CPtr best = 0;
	unsigned int i, bits = 64;

	for (i = 0; i < bootinfo->untyped.end - bootinfo->untyped.start; i++) {
		const seL4_UntypedDesc *d = &bootinfo->untypedList[i];

		if (!d->isDevice && d->sizeBits > TEST_UNTYPED_BITS && d->sizeBits < bits) {
			bits = d->sizeBits;
			best = bootinfo->untyped.start + i;
		}
	}
	if (!best)
		bail("no untyped memory", 0);
	test_memory = slot_new();
	must_work("test memory",
		  try_retype(best, seL4_UntypedObject, TEST_UNTYPED_BITS, test_memory, 1));
	harness_untyped = slot_new();
	must_work("harness memory",
		  try_retype(best, seL4_UntypedObject, HARNESS_BITS, harness_untyped, 1));
}

static void setup_console(void)
{
	seL4_CPtr pt1 = harness_obj("page table", seL4_ARM_PageTableObject, 0);
	seL4_CPtr pt2 = harness_obj("page table", seL4_ARM_PageTableObject, 0);
	seL4_CPtr ut = boot_untyped(0x09000000, NULL);

	must_work("map page table", try_map_pt(pt1, ROOT_VSPACE, WIN_BASE));
	must_work("map page table", try_map_pt(pt2, ROOT_VSPACE, WIN_BASE));
	uart_frame = slot_new();
	must_work("UART frame", try_retype(ut, seL4_ARM_SmallPageObject, 0, uart_frame, 1));
	must_work("map UART", try_map(uart_frame, ROOT_VSPACE, UART_BASE, RIGHT_RW, 0));
	uart = (volatile uint32_t *)UART_BASE;
}

static void make_thread(const char *what, seL4_CPtr tcb, seL4_CPtr sc, seL4_Word prio,
			seL4_CPtr fault, void (*fn)(void), char *stack_top, seL4_Word period)
{
	seL4_UserContext regs = { .pc = (seL4_Word)fn, .sp = (seL4_Word)stack_top };
	seL4_Error err;

	err = seL4_TCB_Configure(tcb, ROOT_CNODE, 0, ROOT_VSPACE, 0, 0, 0);
	if (!err)
		err = seL4_SchedControl_ConfigureFlags(
			bootinfo->schedcontrol.start, sc,
			period == TICK_PERIOD_US ? TICK_BUDGET_US : period, period, 0, 0, 0);
	if (!err)
		err = seL4_TCB_SetSchedParams(tcb, seL4_CapInitThreadTCB, 255, prio, sc, fault);
	if (!err)
		err = seL4_TCB_WriteRegisters(tcb, 0, 0, 2, &regs);
	if (err)
		bail(what, err);
}

/* Twice: once for the supervisor's clock, once for a worker that sleeps. */
static void tick_main(void)
{
	for (;;) {
		sys_signal(tick_signal);
		sys_signal(wake_ntfn);
		sys_yield();
	}
}

static void setup_services(void)
{
	seL4_CPtr tcb, sc;

	sup_ep = harness_obj("endpoint", seL4_EndpointObject, 0);
	sup_reply = harness_obj("reply", seL4_ReplyObject, 0);
	tick_ntfn = harness_obj("notification", seL4_NotificationObject, 0);
	wake_ntfn = harness_obj("notification", seL4_NotificationObject, 0);
	never_ntfn = harness_obj("notification", seL4_NotificationObject, 0);
	tick_signal = slot_new();
	must_work("mint", try_mint(tick_signal, tick_ntfn, RIGHT_ALL, BADGE_TICK));
	done_ep = slot_new();
	must_work("mint", try_mint(done_ep, sup_ep, RIGHT_ALL, BADGE_DONE));
	fault_ep = slot_new();
	must_work("mint", try_mint(fault_ep, sup_ep, RIGHT_ALL, BADGE_FAULT));
	must_work("bind", inv(seL4_CapInitThreadTCB, TCBBindNotification, CAPS(tick_ntfn)));
	tcb = harness_obj("TCB", seL4_TCBObject, 0);
	sc = harness_obj("SC", seL4_SchedContextObject, 8);
	make_thread("tick thread", tcb, sc, PRIO_TICK, 0, tick_main,
		    tick_stack + sizeof(tick_stack), TICK_PERIOD_US);
	must_work("resume", inv(tcb, TCBResume, NOCAPS));
}

/* --- one test --------------------------------------------------------------------------------------- */

static const struct abi_test *current;

void test_end(void)
{
	for (;;)
		sys_send(done_ep, 0, NO_MRS);
}

static void worker_main(void)
{
	current->fn();
	test_end();
}

static void worker_start(void)
{
	worker_tcb = slot_new();
	worker_sc = slot_new();
	must_work("worker TCB", try_retype(test_untyped, seL4_TCBObject, 0, worker_tcb, 1));
	must_work("worker SC", try_retype(test_untyped, seL4_SchedContextObject, 8, worker_sc, 1));
	make_thread("worker", worker_tcb, worker_sc, PRIO_WORKER, fault_ep, worker_main,
		    worker_stack + sizeof(worker_stack), 10000);
	must_work("worker buffer",
		  inv(worker_tcb, TCBSetIPCBuffer, CAPS(image_frame(&worker_buffer)),
		      (seL4_Word)&worker_buffer));
	must_work("worker resume", inv(worker_tcb, TCBResume, NOCAPS));
}

static void worker_stop(void)
{
	seL4_CPtr s;

	inv(worker_tcb, TCBSuspend, NOCAPS);
	must_work("revoke test memory", inv(ROOT_CNODE, CNodeRevoke, NOCAPS, test_memory, 64));
	for (s = harness_end; s < slot_next; s++)
		must_work("empty slot", inv(ROOT_CNODE, CNodeDelete, NOCAPS, s, 64));
	slot_next = harness_end;
}

/* Wait for the end of the running test: its own word, a fault, or too many ticks. */
static void supervise(seL4_IPCBuffer *own_buffer)
{
	unsigned int ticks = 0;
	seL4_UserContext regs;
	struct msg m;

	for (;;) {
		m = sys_recv(sup_ep, sup_reply);
		__sel4_ipc_buffer = own_buffer;
		if (m.badge == BADGE_DONE)
			return;
		if (m.badge == BADGE_FAULT) {
			fail_at("worker", 0, "fault %lu: %lx %lx %lx %lx", INFO_LABEL(m.info),
				m.mr[0], m.mr[1], m.mr[2], m.mr[3]);
			return;
		}
		if (m.badge == BADGE_TICK && ++ticks > test_ticks) {
			memset(&regs, 0, sizeof(regs));
			seL4_TCB_ReadRegisters(worker_tcb, 0, 0, 17, &regs);
			fail_at("worker", 0, "no end after %u ms: pc 0x%lx, x30 0x%lx", test_ticks,
				regs.pc, regs.x30);
			return;
		}
		__sel4_ipc_buffer = &worker_buffer;
	}
}

static bool run_test(const struct abi_test *t, unsigned int nr, seL4_IPCBuffer *own_buffer)
{
	unsigned int i;

	memset(&result, 0, sizeof(result));
	memset(&worker_buffer, 0, sizeof(worker_buffer));
	object_reset();
	test_untyped = test_memory;
	test_ticks = TEST_TICKS;
	current = t;
	put_fmt("# %s\n", t->name);
	worker_start();
	__sel4_ipc_buffer = &worker_buffer;
	supervise(own_buffer);
	__sel4_ipc_buffer = own_buffer;
	worker_stop();
	put_fmt("%s %u - %s%s%s\n", result.fails ? "not ok" : "ok", nr, t->name,
		result.fails ? " # " : "", result.fails ? result.line[result.first] : "");
	for (i = 0; i < result.lines; i++) {
		if (!result.fails || i != result.first)
			put_fmt("#   %s\n", result.line[i]);
	}
	return !result.fails;
}

/* ABI_ONLY (a compile-time string) selects the tests whose name begins with it. */
#ifndef ABI_ONLY
#define ABI_ONLY ""
#endif

static bool selected(const struct abi_test *t)
{
	return strncmp(t->name, ABI_ONLY, strlen(ABI_ONLY)) == 0;
}

void supervisor_main(seL4_BootInfo *bi)
{
	unsigned int total = 0, nr = 0, failed = 0;
	const struct abi_test *t;
	seL4_IPCBuffer *own_buffer = bi->ipcBuffer;

	bootinfo = bi;
	__sel4_ipc_buffer = own_buffer;
	slot_next = bi->empty.start;
	setup_memory();
	setup_console();
	put("TAP version 13\n# seL4 ABI tests\n");
	setup_services();
	harness_end = slot_next;

	for (t = abi_tests_start; t < abi_tests_end; t++)
		total += selected(t);
	put_fmt("1..%u\n", total);
	for (t = abi_tests_start; t < abi_tests_end; t++) {
		if (selected(t) && !run_test(t, ++nr, own_buffer))
			failed++;
	}
	put_fmt("# %u of %u tests failed\n", failed, total);
	power_off();
}
