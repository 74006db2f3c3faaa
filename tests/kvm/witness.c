// SPDX-License-Identifier: BSD-2-Clause
/*
 * A service-VM that checks itself while guests do what they like: witness FILE, until FILE exists.
 *
 * Two processes keep patterns in all their vector registers and in memory, and look at them again after others had their turns.
 * Each round also asks what only the kernel of this VM may change: a breakpoint is taken where it was set and no other
 * debug exception comes, the PMU stays closed to EL0, clocks go forward, a timer ends. What is wrong is printed, and the
 * status is 1 then; else the last line is "witness: N rounds".
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEEPERS 2
#define VECTOR_WORDS 64 /* q0..q31 */
#define VECTOR_LOOPS 1000000ul
#define BLOCK_WORDS 65536
#define PAUSE_NS 10000000l
#define NS_PER_S INT64_C(1000000000)
#define PATTERN UINT64_C(0x5e1c1e5e1c1e5e1c)

static sigjmp_buf undefined;
static volatile uintptr_t trap_at, traps;

static void fail(const char *what, uint64_t a, uint64_t b)
{
	printf("witness: %s: 0x%lx, 0x%lx\n", what, (unsigned long)a, (unsigned long)b);
	fflush(stdout);
	_exit(1);
}

/* Loads q0..q31, counts for a while, stores what is in them then. */
static void vectors_keep(const uint64_t from[VECTOR_WORDS], uint64_t to[VECTOR_WORDS])
{
	unsigned long loops = VECTOR_LOOPS;

#define ALL_VECTORS                                                                              \
	"0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, " \
	"24, 25, 26, 27, 28, 29, 30, 31"
	__asm__ volatile(".irp n, " ALL_VECTORS "\n"
			 "	ldr	q\\n, [%1, #16 * \\n]\n"
			 ".endr\n"
			 "1:	subs	%0, %0, #1\n"
			 "	b.ne	1b\n"
			 ".irp n, " ALL_VECTORS "\n"
			 "	str	q\\n, [%2, #16 * \\n]\n"
			 ".endr\n"
			 : "+r"(loops)
			 : "r"(from), "r"(to)
			 : "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8",
			   "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18",
			   "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28",
			   "v29", "v30", "v31");
}

static void check_vectors(uint64_t salt)
{
	uint64_t from[VECTOR_WORDS], to[VECTOR_WORDS];

	for (unsigned int i = 0; i < VECTOR_WORDS; i++)
		from[i] = (PATTERN ^ salt) * (2 * i + 1);
	vectors_keep(from, to);
	for (unsigned int i = 0; i < VECTOR_WORDS; i++) {
		if (from[i] != to[i])
			fail("a vector register changed", i, to[i]);
	}
}

static void check_block(uint64_t *block, uint64_t salt, uint64_t round)
{
	for (uint64_t i = 0; i < BLOCK_WORDS; i++) {
		if (round && block[i] != (PATTERN ^ salt ^ i ^ (round - 1)))
			fail("memory changed", i, block[i]);
		block[i] = PATTERN ^ salt ^ i ^ round;
	}
}

static void on_undefined(int number)
{
	(void)number;
	siglongjmp(undefined, 1);
}

static void on_trap(int number, siginfo_t *info, void *context)
{
	ucontext_t *at = context;

	(void)number;
	traps = traps + 1;
	trap_at = (uintptr_t)info->si_addr;
	at->uc_mcontext.pc += 4;
}

static void check_pmu(void)
{
	uint64_t count;

	if (sigsetjmp(undefined, 1) == 0) {
		__asm__ volatile("mrs %0, pmccntr_el0" : "=r"(count));
		fail("the cycle counter is open to EL0", count, 0);
	}
}

/* One BRK, one SIGTRAP, there. Any other debug exception meanwhile counts, too. */
static void check_breakpoint(void)
{
	uintptr_t here;

	traps = 0;
	__asm__ volatile("adr %0, 1f\n1:	brk #0" : "=r"(here)::"memory");
	if (traps != 1 || trap_at != here)
		fail("debug exceptions, the last one's address", traps, trap_at);
}

static int64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Two clocks that are read by different ways, and a timer that must not end too early. */
static void check_time(int64_t *before)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int64_t begin = now(CLOCK_MONOTONIC);
	int64_t raw = now(CLOCK_MONOTONIC_RAW);

	nanosleep(&pause, NULL);
	if (now(CLOCK_MONOTONIC) - begin < PAUSE_NS)
		fail("a timer was early", (uint64_t)begin, (uint64_t)now(CLOCK_MONOTONIC));
	if (begin < before[0] || raw < before[1])
		fail("time went back", (uint64_t)before[0], (uint64_t)begin);
	before[0] = begin;
	before[1] = raw;
}

static uint64_t keep(const char *over, unsigned int id)
{
	uint64_t *block = malloc(BLOCK_WORDS * sizeof(*block));
	int64_t before[2] = { 0, 0 };
	uint64_t round;

	if (!block)
		fail("no memory", id, 0);
	for (round = 0; access(over, F_OK) != 0; round++) {
		check_vectors((uint64_t)id << 32 | round);
		check_block(block, id, round);
		check_pmu();
		check_breakpoint();
		check_time(before);
	}
	free(block);
	return round;
}

int main(int argc, char **argv)
{
	struct sigaction trap = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
	struct sigaction ill = { .sa_handler = on_undefined };
	int status;

	if (argc != 2) {
		fprintf(stderr, "usage: witness FILE\n");
		return 2;
	}
	sigaction(SIGTRAP, &trap, NULL);
	sigaction(SIGILL, &ill, NULL);
	for (unsigned int i = 1; i < KEEPERS; i++) {
		if (fork() == 0)
			return keep(argv[1], i) ? 0 : 1;
	}
	printf("witness: %lu rounds\n", (unsigned long)keep(argv[1], 0));
	for (unsigned int i = 1; i < KEEPERS; i++) {
		if (wait(&status) < 0 || status != 0)
			fail("another keeper ended", i, (uint64_t)status);
	}
	return 0;
}
