// SPDX-License-Identifier: BSD-2-Clause
/* Guest memory: what Linux and the process do to it while a guest uses it. */
#define _GNU_SOURCE
#include "client.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define DATA_GPA (RAM_GPA + 0x200000)

static void check_sharing(struct vm *vm, struct agent *agent)
{
	uint64_t *data = (uint64_t *)(vm->ram + 0x200000);

	IS(agent_get(agent, OP_LOAD64, DATA_GPA, 0, 0), 0, "untouched memory reads as zero");
	agent_get(agent, OP_STORE64, DATA_GPA, 0x1234, 0);
	IS(data[0], 0x1234, "what the guest stores the process reads");
	data[1] = 0x5678;
	IS(agent_get(agent, OP_LOAD64, DATA_GPA + 8, 0, 0), 0x5678, "and the other way round");
	madvise(data, 0x1000, MADV_DONTNEED);
	IS(agent_get(agent, OP_LOAD64, DATA_GPA, 0, 0), 0,
	   "after MADV_DONTNEED the guest reads zero");
	data[0] = 0x99;
	IS(agent_get(agent, OP_LOAD64, DATA_GPA, 0, 0), 0x99, "and then what the process writes");
	for (unsigned int i = 0; i < 64; i++)
		agent_get(agent, OP_STORE64, DATA_GPA + i * 0x1000, i + 1, 0);
	mremap(data, 0x40000, 0x40000, MREMAP_MAYMOVE | MREMAP_FIXED, vm->ram + 0x300000);
	if (mmap(data, 0x40000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) != data)
		die("mmap");
	IS(agent_get(agent, OP_LOAD64, DATA_GPA + 0x5000, 0, 0), 0,
	   "after mremap the guest reads the new pages");
	IS(agent_get(agent, OP_LOAD64, DATA_GPA + 0x105000, 0, 0), 6,
	   "and finds the old ones where they went");
}

static void check_fork(struct vm *vm, struct agent *agent)
{
	volatile uint64_t *data = (uint64_t *)(vm->ram + 0x200000);
	int pipes[2], status = 0;
	pid_t child;
	char c;

	agent_get(agent, OP_STORE64, DATA_GPA, 1, 0);
	if (pipe(pipes))
		die("pipe");
	child = fork();
	if (!child) {
		close(pipes[1]);
		if (read(pipes[0], &c, 1) < 0)
			_exit(2);
		_exit(data[0] == 1 ? 0 : 1);
	}
	agent_get(agent, OP_STORE64, DATA_GPA, 2, 0);
	IS(data[0], 2, "a store after fork reaches the parent");
	close(pipes[0]);
	close(pipes[1]);
	waitpid(child, &status, 0);
	IS(status, 0, "and not the child");
}

static void check_protection(struct vm *vm, struct agent *agent)
{
	uint8_t *page = vm->ram + 0x200000;

	agent_get(agent, OP_STORE64, DATA_GPA, 0x42, 0);
	mprotect(page, 0x1000, PROT_READ);
	IS(agent_get(agent, OP_LOAD64, DATA_GPA, 0, 0), 0x42,
	   "read of a page that is read-only in the process");
	tap_ok(agent_do(agent, OP_STORE64, DATA_GPA, 1, 0) == AGENT_ERRNO && agent->error == EFAULT,
	       "write to it: EFAULT");
	mprotect(page, 0x1000, PROT_READ | PROT_WRITE);
	tap_ok(agent_go(agent) == AGENT_DONE,
	       "and it goes through when the page is writable again");
	munmap(page, 0x1000);
	tap_ok(agent_do(agent, OP_LOAD64, DATA_GPA, 0, 0) == AGENT_ERRNO && agent->error == EFAULT,
	       "read of a hole: EFAULT");
	if (mmap(page, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) != page)
		die("mmap");
	tap_ok(agent_go(agent) == AGENT_DONE && !agent->result,
	       "and it goes through when the hole is filled");
}

static void check_slots(struct vm *vm, struct agent *agent)
{
	uint8_t *rom =
		mmap(NULL, 0x10000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_run *run = agent->run;

	memcpy(rom, "selkie!!", 8);
	OK(set_slot(vm->fd, 1, KVM_MEM_READONLY, VOID_GPA, 0x10000, rom), "a read-only slot");
	IS(agent_get(agent, OP_LOAD64, VOID_GPA, 0, 0), 0x212165696b6c6573, "the guest reads it");
	tap_ok(agent_do(agent, OP_STORE32, VOID_GPA + 4, 0x11, 0) == AGENT_MMIO &&
		       run->mmio.is_write && agent_mmio_data(run) == 0x11,
	       "a write to it is MMIO");
	agent_go(agent);
	tap_ok(!memcmp(rom, "selkie!!", 8), "and changes nothing");
	OK(set_slot(vm->fd, 1, 0, 0, 0, NULL), "the slot deleted");
	tap_ok(agent_do(agent, OP_LOAD64, VOID_GPA, 0, 0) == AGENT_MMIO,
	       "a read there is MMIO now");
	agent_answer(run, 0x77);
	tap_ok(agent_go(agent) == AGENT_DONE && agent->result == 0x77, "which the process answers");
	OK(set_slot(vm->fd, 1, 0, VOID_GPA, 0x10000, rom), "a writable slot there");
	IS(agent_get(agent, OP_STORE64, VOID_GPA, 0x55, 0), 0, "the guest writes");
	IS(*(uint64_t *)rom, 0x55, "and the process reads");
	OK(set_slot(vm->fd, 1, 0, VOID_GPA + 0x100000, 0x10000, rom), "the slot moved");
	tap_ok(agent_do(agent, OP_STORE64, VOID_GPA, 1, 0) == AGENT_MMIO,
	       "a write to the old place is MMIO");
	agent_go(agent);
	IS(agent_get(agent, OP_LOAD64, VOID_GPA + 0x100000, 0, 0), 0x55,
	   "the new place has the memory");
	OK(set_slot(vm->fd, 1, 0, 0, 0, NULL), "the slot deleted");
	munmap(rom, 0x10000);
}

static void check_dirty_log(struct vm *vm, struct agent *agent)
{
	uint8_t *ram =
		mmap(NULL, 0x40000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_dirty_log log = { .slot = 2 };
	uint64_t bitmap = 0;

	log.dirty_bitmap = &bitmap;
	OK(set_slot(vm->fd, 2, 0, VOID_GPA, 0x40000, ram), "a slot");
	for (unsigned int i = 0; i < 64; i += 2)
		agent_get(agent, OP_STORE64, VOID_GPA + i * 0x1000, 1, 0);
	OK(set_slot(vm->fd, 2, KVM_MEM_LOG_DIRTY_PAGES, VOID_GPA, 0x40000, ram), "logging on");
	agent_get(agent, OP_STORE64, VOID_GPA + 3 * 0x1000, 1, 0);
	agent_get(agent, OP_LOAD64, VOID_GPA + 4 * 0x1000, 0, 0);
	agent_get(agent, OP_STORE64, VOID_GPA + 60 * 0x1000, 1, 0);
	OK(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log), "KVM_GET_DIRTY_LOG");
	IS(bitmap, 1ull << 3 | 1ull << 60, "dirty pages");
	OK(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log), "KVM_GET_DIRTY_LOG again");
	IS(bitmap, 0, "dirty pages");
	agent_get(agent, OP_LOAD64, VOID_GPA + 60 * 0x1000, 0, 0);
	agent_get(agent, OP_STORE64, VOID_GPA + 60 * 0x1000, 2, 0);
	OK(ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log), "KVM_GET_DIRTY_LOG");
	IS(bitmap, 1ull << 60, "dirty pages");
	OK(set_slot(vm->fd, 2, 0, 0, 0, NULL), "the slot deleted");
	munmap(ram, 0x40000);
}

/* Translation tables at RAM + 0x380000: 4 KiB granule, level 1 blocks but for the data page's own level 2 and 3 tables. */
static void build_tables(struct vm *vm)
{
	uint64_t *l1 = (uint64_t *)(vm->ram + 0x380000);
	uint64_t *l2 = (uint64_t *)(vm->ram + 0x381000);
	uint64_t *l3 = (uint64_t *)(vm->ram + 0x382000);
	uint64_t normal = 1 << 10 | 3 << 8, device = 1 << 10 | 1 << 2;

	memset(l1, 0, 0x3000);
	l1[0] = 0x00000000 | device | 1;
	l1[2] = (RAM_GPA + 0x381000) | 3;
	for (unsigned int i = 0; i < 512; i++)
		l2[i] = (RAM_GPA + i * 0x200000ull) | normal | 1;
	/* virtual 0xbfe00000: 512 pages, the first of them the data page */
	l2[511] = (RAM_GPA + 0x382000) | 3;
	l3[0] = DATA_GPA | normal | 3;
}

static void check_walks(struct vm *vm, struct agent *agent)
{
	uint64_t tcr = 25 | 3 << 12 | 1 << 10 | 1 << 8 |
		       1 << 23; /* 39 bits, inner shareable, cached, EPD1 */
	uint64_t virtual = 0xbfe00000;

	build_tables(vm);
	*(uint64_t *)(vm->ram + 0x200000) = 0xbeef;
	agent_get(agent, OP_MMU, RAM_GPA + 0x380000, tcr, 0x00ff);
	IS(agent_get(agent, OP_LOAD64, virtual, 0, 0), 0xbeef,
	   "a load through tables that were never mapped");
	for (unsigned int page = 0; page < 3; page++) {
		uint8_t *table = vm->ram + 0x380000 + page * 0x1000;

		mprotect(table, 0x1000, PROT_NONE);
		mprotect(table, 0x1000, PROT_READ | PROT_WRITE);
		agent_get(agent, OP_TLBI, 0, 0, 0);
		IS(agent_get(agent, OP_LOAD64, virtual, 0, 0), 0xbeef,
		   "a load after a table was taken away");
	}
}

/* Four levels; entry 1 of level 0 leads to 512 * 513 + 1 tables, which are three, entry 511 to others, which are taken away. */
static void build_shared_tables(struct vm *vm)
{
	uint64_t normal = 1 << 10 | 3 << 8, device = 1 << 10 | 1 << 2;
	uint64_t *table[8], entry[8];

	for (unsigned int i = 0; i < 8; i++) {
		table[i] = (uint64_t *)(vm->ram + 0x380000 + i * 0x1000);
		entry[i] = (RAM_GPA + 0x380000 + i * 0x1000) | 3;
		memset(table[i], 0, 0x1000);
	}
	table[0][0] = entry[1];
	table[1][0] = device | 1;
	table[1][2] = RAM_GPA | normal | 1;
	table[0][1] = entry[2];
	for (unsigned int i = 0; i < 512; i++) {
		table[2][i] = entry[3];
		table[3][i] = entry[4];
		table[4][i] = (RAM_GPA + 0x300000) | normal | 3;
	}
	/* and one that leads to itself */
	table[0][2] = entry[0];
	table[0][511] = entry[5];
	table[5][0] = entry[6];
	table[6][0] = entry[7];
	table[7][0] = DATA_GPA | normal | 3;
}

static void check_shared_tables(void)
{
	/* 48 bits, otherwise as above */
	uint64_t tcr = 16 | 3 << 12 | 1 << 10 | 1 << 8 | 1 << 23;
	uint64_t virtual = 511ull << 39;
	struct agent agent;
	struct vm vm;

	agent_make(&vm, &agent, 1);
	madvise(vm.ram, RAM_SIZE, MADV_NOHUGEPAGE);
	build_shared_tables(&vm);
	*(uint64_t *)(vm.ram + 0x200000) = 0xbeef;
	agent_get(&agent, OP_MMU, RAM_GPA + 0x380000, tcr, 0x00ff);
	IS(agent_get(&agent, OP_LOAD64, virtual, 0, 0), 0xbeef, "a load beside shared tables");
	for (unsigned int page = 5; page < 8; page++) {
		uint8_t *table = vm.ram + 0x380000 + page * 0x1000;

		mprotect(table, 0x1000, PROT_NONE);
		mprotect(table, 0x1000, PROT_READ | PROT_WRITE);
		agent_get(&agent, OP_TLBI, 0, 0, 0);
		IS(agent_get(&agent, OP_LOAD64, virtual, 0, 0), 0xbeef,
		   "a load after a table was taken away");
	}
	vm_close(&vm);
}

/* --- a page that comes when it is asked for --------------------------------------------------- */
static void *load_main(void *arg)
{
	agent_do(arg, OP_LOAD64, VOID_GPA + 0x1008, 0, 0);
	return NULL;
}

/* A mapping of `size` bytes at a multiple of `size`. */
static uint8_t *map_aligned(size_t size)
{
	uint8_t *at =
		mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before = (size - (uintptr_t)at % size) % size;

	if (at == MAP_FAILED)
		die("mmap");
	if (before)
		munmap(at, before);
	munmap(at + before + size, size - before);
	return at + before;
}

static void check_userfault(struct vm *vm, struct agent *agent)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct uffdio_api api = { .api = UFFD_API };
	uint8_t *ram = map_aligned(0x4000);
	struct uffdio_register region = { .range = { (uintptr_t)ram, 0x4000 },
					  .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_copy copy = { .dst = (uintptr_t)ram + 0x1000, .len = 0x1000 };
	uint64_t page[512] = { 1, 0x1122334455667788 };
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	struct uffd_msg message = { 0 };
	pthread_t thread;

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &region))
		die("userfaultfd");
	OK(set_slot(vm->fd, 3, 0, VOID_GPA, 0x4000, ram), "a slot behind a userfaultfd");
	pthread_create(&thread, NULL, load_main, agent);
	tap_ok(poll(&wait, 1, 10000) == 1 && read(fd, &message, sizeof(message)) > 0 &&
		       message.event == UFFD_EVENT_PAGEFAULT &&
		       (message.arg.pagefault.address & ~0xfffull) == copy.dst,
	       "the guest's load asks for its page");
	copy.src = (uintptr_t)page;
	OK(ioctl(fd, UFFDIO_COPY, &copy), "which is given");
	pthread_join(thread, NULL);
	IS(agent->result, page[1], "and read");
	IS(poll(&wait, 1, 0), 0, "no other page was asked for");
	OK(set_slot(vm->fd, 3, 0, 0, 0, NULL), "the slot deleted");
	close(fd);
	munmap(ram, 0x4000);
}

/* --- a balloon -------------------------------------------------------------------------------- */
#define BALLOON_PAGES 64u

/* The guest gives up every other page of `ram` and goes on with the rest: what it gave up stays away. */
static void check_balloon(struct vm *vm, struct agent *agent, int advice, const char *what)
{
	uint8_t *ram = map_aligned(0x200000);
	uint8_t present[BALLOON_PAGES];
	unsigned int back = 0;

	madvise(ram, 0x200000, advice);
	OK(set_slot(vm->fd, 3, 0, VOID_GPA, 0x200000, ram), what);
	IS(agent_get(agent, OP_HAMMER, VOID_GPA, 512, 1), 0, "the guest fills it");
	for (unsigned int i = 0; i < BALLOON_PAGES; i += 2)
		madvise(ram + i * 0x1000, 0x1000, MADV_DONTNEED);
	/* A huge page is taken away when it is split; of small pages the others stay mapped. */
	mprotect(ram, 0x200000, PROT_READ);
	mprotect(ram, 0x200000, PROT_READ | PROT_WRITE);
	for (unsigned int i = 1; i < BALLOON_PAGES; i += 2)
		agent_get(agent, OP_STORE64, VOID_GPA + i * 0x1000, i, 0);
	if (mincore(ram, sizeof(present) * 0x1000, present))
		die("mincore");
	for (unsigned int i = 0; i < BALLOON_PAGES; i += 2)
		back += present[i] & 1;
	IS(back, 0, "pages of the balloon that a store beside them brought back");
	OK(set_slot(vm->fd, 3, 0, 0, 0, NULL), "the slot deleted");
	munmap(ram, 0x200000);
}

/* --- a slot that moves ------------------------------------------------------------------------ */
struct mover {
	struct vm *vm;
	struct agent other; /* waits for page 12 of the slot, so that the move can not end */
	pthread_t waits, moves;
	atomic_int mover; /* its task; -1 when it has moved */
	uint8_t *ram;
	int ret;
};

static void *waits_main(void *arg)
{
	struct mover *mover = arg;

	agent_do(&mover->other, OP_LOAD64, VOID_GPA + 0xc000, 0, 0);
	return NULL;
}

static void *moves_main(void *arg)
{
	struct mover *mover = arg;

	atomic_store(&mover->mover, (int)syscall(SYS_gettid));
	mover->ret = set_slot(mover->vm->fd, 3, 0, VOID_GPA + 0x1000, 0x10000, mover->ram);
	atomic_store(&mover->mover, -1);
	return NULL;
}

/* Until the task sleeps where no signal wakes it; false: it has ended. */
static bool await_sleep(atomic_int *task)
{
	char path[64], state = '?';
	FILE *in;

	while (state != 'D' && atomic_load(task) >= 0) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(task));
		in = fopen(path, "r");
		if (in && fscanf(in, "%*d (%*[^)]) %c", &state) != 1)
			state = '?';
		if (in)
			fclose(in);
	}
	return state == 'D';
}

/* A page in the middle of what the slot has before and after the move: in the middle of the move it is nobody's. */
static void move_slot(struct mover *mover, struct agent *agent, int fd)
{
	struct uffdio_copy copy = { .dst = (uintptr_t)mover->ram + 0xc000, .len = 0x1000 };
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	enum agent_event event;
	uint64_t page[512] = { 12 };

	/* Its neighbours are mapped, it is not. */
	agent_get(agent, OP_LOAD64, VOID_GPA, 0, 0);
	agent_get(agent, OP_LOAD64, VOID_GPA + 0xf000, 0, 0);
	mprotect(mover->ram + 0x7000, 0x2000, PROT_NONE);
	mprotect(mover->ram + 0x7000, 0x2000, PROT_READ | PROT_WRITE);
	pthread_create(&mover->waits, NULL, waits_main, mover);
	tap_ok(poll(&wait, 1, 10000) == 1, "another vCPU waits for a page of the slot");
	pthread_create(&mover->moves, NULL, moves_main, mover);
	tap_ok(await_sleep(&mover->mover), "the move waits for it");
	event = agent_do(agent, OP_LOAD64, VOID_GPA + 0x8000, 0, 0);
	if (event == AGENT_MMIO)
		event = agent_go(agent);
	IS(event, AGENT_DONE, "a load while the slot moves");
	copy.src = (uintptr_t)page;
	OK(ioctl(fd, UFFDIO_COPY, &copy), "the page is given");
	pthread_join(mover->waits, NULL);
	pthread_join(mover->moves, NULL);
	IS(mover->ret, 0, "the move is done");
}

/* Moves a slot by a page, onto part of itself, while a vCPU faults there. */
static void check_move(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct kvm_mp_state on = { KVM_MP_STATE_RUNNABLE };
	struct mover mover = { .ram = map_aligned(0x10000) };
	struct uffdio_register region = { .range = { (uintptr_t)mover.ram + 0xc000, 0x1000 },
					  .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	struct agent agent;
	struct vm vm;

	madvise(mover.ram, 0x10000, MADV_NOHUGEPAGE);
	for (unsigned int i = 0; i < 16; i++) {
		if (i != 12)
			*(uint64_t *)(mover.ram + i * 0x1000) = i;
	}
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &region))
		die("userfaultfd");
	agent_make(&vm, &agent, 2);
	mover.vm = &vm;
	agent_start(&mover.other, &vm, 1);
	OK(ioctl(vm.vcpu[1], KVM_SET_MP_STATE, &on), "a second vCPU");
	OK(set_slot(vm.fd, 3, 0, VOID_GPA, 0x10000, mover.ram), "a slot");
	move_slot(&mover, &agent, fd);
	/* A fault without end would be a long one. */
	alarm_us(200000);
	IS(agent_get(&agent, OP_LOAD64, VOID_GPA + 0x8000, 0, 0), 7, "the page after the move");
	alarm_us(0);
	IS(agent_get(&agent, OP_LOAD64, VOID_GPA + 0x10000, 0, 0), 15, "the slot's last page");
	vm_close(&vm);
	close(fd);
	munmap(mover.ram, 0x10000);
}

/* --- a page that breaks ----------------------------------------------------------------------- */
static siginfo_t bus_error;

static void bus_handler(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	bus_error = *info;
}

static void check_poison(struct vm *vm, struct agent *agent)
{
	struct sigaction action = { .sa_sigaction = bus_handler, .sa_flags = SA_SIGINFO }, before;
	uint8_t *ram = map_aligned(0x4000);

	sigaction(SIGBUS, &action, &before);
	OK(set_slot(vm->fd, 3, 0, VOID_GPA, 0x4000, ram), "a slot");
	agent_get(agent, OP_STORE64, VOID_GPA + 0x1000, 1, 0);
	OK(madvise(ram + 0x1000, 0x1000, MADV_HWPOISON), "a page of it breaks");
	memset(&bus_error, 0, sizeof(bus_error));
	tap_ok(agent_do(agent, OP_LOAD64, VOID_GPA + 0x1000, 0, 0) == AGENT_ERRNO &&
		       (agent->error == EINTR || agent->error == EFAULT),
	       "the guest's load ends KVM_RUN");
	tap_ok(bus_error.si_signo == SIGBUS && bus_error.si_code == BUS_MCEERR_AR &&
		       bus_error.si_addr == ram + 0x1000,
	       "with a SIGBUS that names the page (code %d, %p)", bus_error.si_code,
	       bus_error.si_addr);
	if (mmap(ram + 0x1000, 0x1000, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != ram + 0x1000)
		die("mmap");
	tap_ok(agent_go(agent) == AGENT_DONE && !agent->result,
	       "the guest goes on when another page is there");
	OK(set_slot(vm->fd, 3, 0, 0, 0, NULL), "the slot deleted");
	munmap(ram, 0x4000);
	sigaction(SIGBUS, &before, NULL);
}

/* --- everything at once ----------------------------------------------------------------------- */
#define HAMMER_SIZE 0x200000u
#define HAMMER_PAGES (HAMMER_SIZE / 0x1000)
#define HAMMER_PASSES 4
#define STORMS 10

struct hammer {
	struct agent *agent;
	pthread_t thread;
	sem_t round; /* posted after each */
	atomic_bool stop;
	uint64_t passes;
	int unexpected;
	uint8_t *ram;
	uint8_t *elsewhere; /* 256 KiB */
};

/* The guest counts up in each page, again and again. */
static void *hammer_main(void *arg)
{
	struct hammer *hammer = arg;
	enum agent_event event;

	while (!atomic_load(&hammer->stop)) {
		event = agent_do(hammer->agent, OP_HAMMER, VOID_GPA, HAMMER_PAGES, HAMMER_PASSES);
		/*
		 * A page is away for a moment, or read-only; or Linux has work for this thread,
		 * which ends KVM_RUN as a signal does.
		 */
		while (event == AGENT_ERRNO &&
		       (hammer->agent->error == EFAULT || hammer->agent->error == EINTR))
			event = agent_go(hammer->agent);
		if (event != AGENT_DONE) {
			hammer->unexpected = hammer->agent->error ? hammer->agent->error : -1;
			atomic_store(&hammer->stop, true);
		}
		hammer->passes += HAMMER_PASSES;
		sem_post(&hammer->round);
	}
	return NULL;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		tap_note("%s can not be written", path);
	close(fd);
}

static void storm_fork(struct hammer *hammer)
{
	pid_t child = fork();

	if (!child)
		_exit(0);
	sem_wait(&hammer->round);
	waitpid(child, NULL, 0);
}

static void storm_move(struct hammer *hammer)
{
	uint8_t *here = hammer->ram + 0x100000;

	if (mremap(here, 0x40000, 0x40000, MREMAP_MAYMOVE | MREMAP_FIXED, hammer->elsewhere) !=
		    hammer->elsewhere ||
	    mremap(hammer->elsewhere, 0x40000, 0x40000, MREMAP_MAYMOVE | MREMAP_FIXED, here) !=
		    here)
		die("mremap");
}

static void storm_slots(struct hammer *hammer)
{
	int fd = hammer->agent->vm->fd;

	/* one that comes and goes beside it, logging on and off */
	if (set_slot(fd, 4, KVM_MEM_READONLY, VOID_GPA + 0x400000, 0x10000, hammer->elsewhere) ||
	    set_slot(fd, 4, 0, 0, 0, NULL) ||
	    set_slot(fd, 3, KVM_MEM_LOG_DIRTY_PAGES, VOID_GPA, HAMMER_SIZE, hammer->ram))
		tap_ok(false, "slots: %s", strerror(errno));
	sem_wait(&hammer->round);
	if (set_slot(fd, 3, 0, VOID_GPA, HAMMER_SIZE, hammer->ram))
		tap_ok(false, "slots: %s", strerror(errno));
}

static void storm(struct hammer *hammer, int kind)
{
	switch (kind) {
	case 0:
		madvise(hammer->ram, HAMMER_SIZE, MADV_PAGEOUT);
		break;
	case 1:
		madvise(hammer->ram, HAMMER_SIZE, MADV_COLLAPSE);
		break;
	case 2:
		mprotect(hammer->ram + 0x10000, 0x80000, PROT_READ);
		mprotect(hammer->ram + 0x10000, 0x80000, PROT_READ | PROT_WRITE);
		break;
	case 3:
		write_file("/proc/sys/vm/compact_memory", "1");
		break;
	case 4:
		storm_fork(hammer);
		break;
	case 5:
		storm_move(hammer);
		break;
	default:
		storm_slots(hammer);
		break;
	}
	sem_wait(&hammer->round);
}

static void check_storm(struct vm *vm, struct agent *agent)
{
	struct hammer hammer = { .agent = agent,
				 .ram = map_aligned(HAMMER_SIZE),
				 .elsewhere = map_aligned(0x40000) };
	int lost = 0;

	sem_init(&hammer.round, 0, 0);
	madvise(hammer.ram, HAMMER_SIZE, MADV_MERGEABLE);
	write_file("/sys/kernel/mm/ksm/run", "1");
	OK(set_slot(vm->fd, 3, 0, VOID_GPA, HAMMER_SIZE, hammer.ram), "a slot");
	pthread_create(&hammer.thread, NULL, hammer_main, &hammer);
	for (int i = 0; i < STORMS * 7 && !atomic_load(&hammer.stop); i++)
		storm(&hammer, i % 7);
	atomic_store(&hammer.stop, true);
	pthread_join(hammer.thread, NULL);
	write_file("/sys/kernel/mm/ksm/run", "0");
	for (unsigned int i = 0; i < HAMMER_PAGES; i++)
		lost += *(volatile uint64_t *)(hammer.ram + i * 0x1000ul) != hammer.passes;
	IS(hammer.unexpected, 0,
	   "the guest runs through swapping, huge pages, compaction, fork, mremap, KSM");
	tap_ok(!lost, "%llu passes over %u pages: %d pages lost a store",
	       (unsigned long long)hammer.passes, HAMMER_PAGES, lost);
	OK(set_slot(vm->fd, 3, 0, 0, 0, NULL), "the slot deleted");
	munmap(hammer.ram, HAMMER_SIZE);
	munmap(hammer.elsewhere, 0x40000);
	sem_destroy(&hammer.round);
}

void test_paging(void)
{
	struct agent agent;
	struct vm vm;

	agent_make(&vm, &agent, 1);
	check_sharing(&vm, &agent);
	check_fork(&vm, &agent);
	check_protection(&vm, &agent);
	check_slots(&vm, &agent);
	check_dirty_log(&vm, &agent);
	check_userfault(&vm, &agent);
	check_balloon(&vm, &agent, MADV_NOHUGEPAGE, "a slot of small pages");
	check_balloon(&vm, &agent, MADV_HUGEPAGE, "a slot of a huge page");
	check_poison(&vm, &agent);
	check_storm(&vm, &agent);
	check_walks(&vm, &agent);
	vm_close(&vm);
	check_move();
	check_shared_tables();
}
