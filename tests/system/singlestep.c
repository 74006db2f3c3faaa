// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a debugger asks of the kernel: single-step (PTRACE_SINGLESTEP), a hardware breakpoint and a watchpoint (NT_ARM_HW_BREAK,
 * NT_ARM_HW_WATCH), of a child that counts. Prints what happened and ends with 0 when the child got to its end; whether it was
 * stopped on the way is printed, not judged.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_STEPS 10000
#define LOOPS 100000
#define END 42

/* One slot of struct user_hwdebug_state */
struct hw_debug {
	uint32_t info, pad;
	struct {
		uint64_t addr;
		uint32_t ctrl, pad;
	} reg[1];
};

#define CTRL_ENABLE 1u
#define CTRL_EL0 (2u << 1)
#define CTRL_EXECUTE (0xfu << 5)
#define CTRL_STORE (2u << 3 | 0xffu << 5)

static volatile uint64_t counter;

__attribute__((noinline)) static void count(void)
{
	counter++;
}

static _Noreturn void child(void)
{
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	for (unsigned int i = 0; i < LOOPS; i++)
		count();
	_exit(counter == LOOPS ? END : 1);
}

/* Continue the child with `request` while it stops with SIGTRAP: how often it did, or -1 when it did not end well. */
static long stops(pid_t pid, int request, long most)
{
	long n = 0;
	int status;

	for (;;) {
		if (n == most)
			request = PTRACE_CONT;
		if (ptrace(request, pid, 0, 0) || waitpid(pid, &status, 0) != pid)
			return -1;
		if (WIFEXITED(status))
			return WEXITSTATUS(status) == END ? n : -1;
		if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) {
			printf("status 0x%x\n", (unsigned int)status);
			return -1;
		}
		/* A breakpoint that is hit stays where it is: not for ever. */
		if (++n > most)
			return kill(pid, SIGKILL), waitpid(pid, &status, 0), n;
	}
}

static bool set_debug(pid_t pid, int which, uint64_t addr, uint32_t ctrl)
{
	struct hw_debug d = { .reg = { { .addr = addr, .ctrl = ctrl } } };
	struct iovec v = { &d, sizeof(d) };

	return !ptrace(PTRACE_SETREGSET, pid, which, &v);
}

static int try(const char *what, int request, int which, const volatile void *addr, uint32_t ctrl)
{
	pid_t pid = fork();
	int status;
	long n;

	if (!pid)
		child();
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 1;
	if (which && !set_debug(pid, which, (uintptr_t)addr, ctrl)) {
		printf("%s: refused, errno %d\n", what, errno);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		return 0;
	}
	n = stops(pid, request, MOST_STEPS);
	printf("%s: %s, stopped %ld times\n", what, n < 0 ? "broken" : "ran to its end", n);
	return n < 0;
}

int main(void)
{
	int bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	bad |= try("single-step", PTRACE_SINGLESTEP, 0, NULL, 0);
	bad |= try("hardware breakpoint", PTRACE_CONT, NT_ARM_HW_BREAK, (void *)(uintptr_t)count,
		   CTRL_ENABLE | CTRL_EL0 | CTRL_EXECUTE);
	bad |= try("watchpoint", PTRACE_CONT, NT_ARM_HW_WATCH, &counter,
		   CTRL_ENABLE | CTRL_EL0 | CTRL_STORE);
	printf("singlestep: %s\n", bad ? "broken" : "done");
	return bad;
}
