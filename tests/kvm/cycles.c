// SPDX-License-Identifier: BSD-2-Clause
/* VMs whose process is killed while their guest runs. */
#define _GNU_SOURCE
#include "client.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CYCLES 200

static const char line[] = "alive\n";

/* Runs until the guest has said its line to a device, says so to the parent, lets the guest go on. Does not return. */
static void live(int tell)
{
	struct vm vm;
	struct agent agent;
	const char *c = line;

	vm_make(&vm, 1);
	vm_make_ram(&vm);
	vm_make_gic(&vm, 64);
	agent_place(&vm);
	agent_start(&agent, &vm, 0);
	while (*c && agent_do(&agent, OP_STORE8, VOID_GPA, (uint64_t)*c, 0) == AGENT_MMIO &&
	       agent.run->mmio.data[0] == *c && agent_go(&agent) == AGENT_DONE)
		c++;
	if (!*c && write(tell, c, 1) == 1)
		agent_do(&agent, OP_SPIN, 0, 0, 0);
	_exit(1);
}

/* True when the child lived up to its guest's line and then died of SIGKILL. */
static bool cycle(void)
{
	int ends[2], status;
	bool lived;
	pid_t child;
	char c;

	if (pipe(ends))
		die("pipe");
	child = fork();
	if (child < 0)
		die("fork");
	if (!child)
		live(ends[1]);
	close(ends[1]);
	lived = read(ends[0], &c, 1) == 1;
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	close(ends[0]);
	return lived && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

void test_cycles(void)
{
	int lived = 0;

	for (int i = 0; i < CYCLES; i++)
		lived += cycle();
	tap_ok(lived == CYCLES, "%d VMs ran and were killed (want %d)", lived, CYCLES);
}
