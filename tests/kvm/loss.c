// SPDX-License-Identifier: BSD-2-Clause
/* VMs whose VMM fails or is late, and what debugfs says about VMs. */
#define _GNU_SOURCE
#include "client.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- a VM that is lost ------------------------------------------------------------------------- */
#define DEBUG "/sys/kernel/debug/selkie"

/* Number of the only user-VM. */
static bool find_vm(unsigned int *id)
{
	DIR *dir = opendir(DEBUG);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		found = sscanf(entry->d_name, "vm%u", id) == 1;
	if (dir)
		closedir(dir);
	return found;
}

/* "": makes the VMM of the only user-VM fail, "stop ": stops it, "go ": lets it go on; false where that can not be asked for. */
static bool test_hook(const char *what)
{
	FILE *out = fopen(DEBUG "/crash", "w");
	unsigned int id;
	bool found;

	found = find_vm(&id);
	if (out && found)
		fprintf(out, "%s%u", what, id);
	return out && !fclose(out) && found;
}

static void *spin_main(void *arg)
{
	agent_do(arg, OP_SPIN, 0, 0, 0);
	return NULL;
}

void test_loss(void)
{
	struct agent agent;
	pthread_t thread;
	struct vm vm;
	uint64_t pc;

	if (reference)
		return;
	agent_make(&vm, &agent, 1);
	IS(agent_get(&agent, OP_NOP, 0, 0, 0), 0, "the guest runs");
	pthread_create(&thread, NULL, spin_main, &agent);
	tap_ok(test_hook(""), "its VMM fails");
	pthread_join(thread, NULL);
	IS(agent.error, EIO, "KVM_RUN ends");
	IS(agent_run(&agent), EIO, "KVM_RUN again");
	FAILS(get_reg(vm.vcpu[0], REG_PC, &pc), EIO, "KVM_GET_ONE_REG");
	FAILS(ioctl(vm.fd, KVM_CHECK_EXTENSION, 0), EIO, "an ioctl of the VM");
	vm_close(&vm);
	agent_make(&vm, &agent, 1);
	IS(agent_get(&agent, OP_NOP, 0, 0, 0), 0, "another VM runs");
	vm_close(&vm);
}

/* --- a VMM that is late ------------------------------------------------------------------------- */
enum stuck {
	STUCK_RUN,
	STUCK_REG,
	STUCK_GIC,
	STUCK_IOEVENT,
	STUCK_LOCK, /* waits for a thread that waits */
	STUCK_KINDS,
};

static void *gic_main(void *arg)
{
	uint32_t value;

	get_attr(((struct vm *)arg)->gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0, &value);
	return NULL;
}

/* A process whose VMM answers no more, and which wants an answer. */
static void stuck_child(enum stuck kind, int ready)
{
	struct agent agent;
	pthread_t thread;
	struct vm vm;

	agent_make(&vm, &agent, 1);
	vm_make_gic(&vm, 64);
	agent_get(&agent, OP_NOP, 0, 0, 0);
	if (!test_hook("stop ") || write(ready, "", 1) != 1)
		_exit(1);
	switch (kind) {
	case STUCK_RUN:
		alarm_us(60000000);
		agent_run(&agent);
		break;
	case STUCK_REG:
		reg64(vm.vcpu[0], REG_PC);
		break;
	case STUCK_IOEVENT:
		ioevent(vm.fd, eventfd(0, 0), VOID_GPA, 4, 0, 0);
		break;
	case STUCK_LOCK:
		pthread_create(&thread, NULL, gic_main, &vm);
		/* fall through */
	default:
		gic_main(&vm);
	}
	_exit(0);
}

/* State of a task: R, S, D ... */
static char task_state(const char *path)
{
	FILE *in = fopen(path, "r");
	char state = '?';

	if (in && fscanf(in, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	if (in)
		fclose(in);
	return state;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void check_kill(enum stuck kind, const char *what)
{
	int ready[2], status = 0;
	char path[64], c, state;
	uint64_t begin;
	pid_t child;

	if (pipe(ready))
		die("pipe");
	child = fork();
	if (!child)
		stuck_child(kind, ready[1]);
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		tap_ok(false, "the VMM can not be stopped");
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
	do
		state = task_state(path);
	while (state != 'S' && state != 'D' && state != 'Z');
	begin = now_ms();
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	begin = now_ms() - begin;
	tap_ok(WIFSIGNALED(status) && begin < 1000,
	       "kill -9 of a process that waits for its VMM in %s: %llu ms, status 0x%x", what,
	       (unsigned long long)begin, status);
	close(ready[0]);
}

struct late {
	pthread_t thread;
	int fd;
	atomic_int task;
	uint64_t pc;
	int ret;
};

static void *late_main(void *arg)
{
	struct late *late = arg;

	atomic_store(&late->task, (int)syscall(SYS_gettid));
	late->ret = get_reg(late->fd, REG_PC, &late->pc);
	return NULL;
}

/* An answer that is late but comes; then one that does not come. */
static void check_late(void)
{
	struct late late = { .ret = -1 };
	struct agent agent;
	char path[64];
	uint64_t pc;
	struct vm vm;

	agent_make(&vm, &agent, 1);
	agent_get(&agent, OP_NOP, 0, 0, 0);
	tap_ok(test_hook("stop "), "a VMM stands still");
	late.fd = vm.vcpu[0];
	pthread_create(&late.thread, NULL, late_main, &late);
	do
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(&late.task));
	while (task_state(path) != 'D');
	tap_ok(test_hook("go "), "and goes on");
	pthread_join(late.thread, NULL);
	tap_ok(!late.ret && late.pc - RAM_GPA < 0x1000, "who waited has his answer: pc 0x%llx",
	       (unsigned long long)late.pc);
	IS(agent_get(&agent, OP_NOP, 0, 0, 0), 0, "the guest runs");
	test_hook("stop ");
	FAILS(get_reg(vm.vcpu[0], REG_PC, &pc), EIO, "an answer that does not come");
	FAILS(ioctl(vm.fd, KVM_CHECK_EXTENSION, 0), EIO, "the VM is lost");
	vm_close(&vm);
}

void test_late(void)
{
	static const char *const what[STUCK_KINDS] = { "KVM_RUN", "KVM_GET_ONE_REG", "DIST_REGS",
						       "KVM_IOEVENTFD", "DIST_REGS, twice" };

	if (reference)
		return;
	for (enum stuck kind = 0; kind < STUCK_KINDS; kind++)
		check_kill(kind, what[kind]);
	check_late();
}

/* --- names --------------------------------------------------------------------------------------- */
/* A process chooses its name; root's tools believe the lines of debugfs. */
void test_names(void)
{
	unsigned int lines = 0, names = 0, vcpus = 0, strange = 0, id = 0;
	char path[64], line[256], name[16] = "x", *word;
	struct agent agent;
	struct vm vm;
	FILE *in;

	if (reference)
		return;
	prctl(PR_GET_NAME, name);
	prctl(PR_SET_NAME, "\033[2Ja\nvcpus 77");
	agent_make(&vm, &agent, 1);
	prctl(PR_SET_NAME, name);
	IS(agent_get(&agent, OP_NOP, 0, 0, 0), 0,
	   "a process with a newline in its name runs a guest");
	tap_ok(find_vm(&id), "debugfs shows it");
	snprintf(path, sizeof(path), DEBUG "/vm%u/vm", id);
	in = fopen(path, "r");
	while (in && fgets(line, sizeof(line), in)) {
		lines++;
		names += !strncmp(line, "comm ", 5);
		vcpus += !strncmp(line, "vcpus ", 6);
		line[strcspn(line, "\n")] = '\0';
		for (word = line; *word; word++)
			strange += *word < ' ' || *word > '~';
	}
	if (in)
		fclose(in);
	tap_ok(lines > 10 && names == 1 && vcpus == 1,
	       "each line once: %u lines, comm %u, vcpus %u", lines, names, vcpus);
	IS(strange, 0, "bytes that a terminal does not print");
	vm_close(&vm);
}
