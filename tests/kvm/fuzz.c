// SPDX-License-Identifier: BSD-2-Clause
/*
 * A hostile user of /dev/kvm: kvm-fuzz SEED PROCESSES CALLS. Each process is a few threads on one set of descriptors that make
 * random and mutated calls: every ioctl on every kind of descriptor, arguments that point nowhere, memory that is taken away
 * or changed while vCPUs run on it, descriptors closed, duplicated, sent through sockets and used by children that have
 * another memory. A process ends by itself or is killed in between. Status 0: all of them ended; what the kernel has to
 * say about it is in its log.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 4
#define RAM_SIZE 0x800000ul
#define GUEST_RAM 0x80000000ull
#define GUEST_LOW 0x100000ull
#define GICD 0x08000000ull
#define GICC 0x08010000ull
#define PAGE 4096ul
#define KINDS 5
#define PER_KIND 6
#define KICK_NS 500000

enum kind { SYSTEM, VM, VCPU, DEVICE, EVENT };

static atomic_int fds[KINDS][PER_KIND];
static uint8_t *ram;
static int sockets[2];
static atomic_long calls_left;
static pthread_t threads[THREADS];
static __thread uint64_t seed;
static __thread sigjmp_buf out_of_touch;
static __thread volatile sig_atomic_t touching;
static atomic_ulong done_calls, good_calls, good_runs;

static uint64_t rnd(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (seed * UINT64_C(0x2545f4914f6cdd1d)) >> 16;
}

static bool once_in(unsigned int n)
{
	return rnd() % n == 0;
}

static uint64_t wild(void)
{
	static const uint64_t edge[] = {
		0,	    1,		2,	    8,
		PAGE - 1,   PAGE,	GUEST_RAM,  GUEST_RAM + RAM_SIZE,
		GICD,	    GICC,	RAM_SIZE,   INT32_MAX,
		INT64_MAX,  UINT32_MAX, UINT64_MAX, UINT64_MAX - PAGE + 1,
		1ull << 40,
	};

	switch (rnd() % 4) {
	case 0:
		return edge[rnd() % (sizeof(edge) / sizeof(edge[0]))];
	case 1:
		return rnd() % 8;
	case 2:
		return rnd() % 0x100000 * PAGE;
	default:
		return rnd() << 16 >> rnd() % 64;
	}
}

/* --- descriptors ------------------------------------------------------------------------------------------ */

/* Mostly one of that kind that is open. */
static int some_fd(enum kind kind)
{
	unsigned int first = (unsigned int)rnd();
	int fd = -1;

	if (once_in(32))
		kind = (enum kind)(rnd() % KINDS);
	for (unsigned int i = 0; i < PER_KIND && fd < 0; i++)
		fd = fds[kind][(first + i) % PER_KIND];
	return fd;
}

/* A new descriptor takes an old one's place. */
static void keep_fd(enum kind kind, int fd)
{
	if (fd < 0)
		return;
	fd = atomic_exchange(&fds[kind][rnd() % PER_KIND], fd);
	if (fd >= 0)
		close(fd);
}

static int call(int fd, unsigned long request, void *arg)
{
	int ret = ioctl(fd, request, arg);

	done_calls++;
	good_calls += ret >= 0;
	return ret;
}

/* Mostly the argument itself; or memory that is not there, not ours, or ends in the middle. */
static void *spoil(void *arg, size_t size)
{
	uint8_t *bytes = arg;

	for (unsigned int i = 0; once_in(3) && i < 4 && size; i++)
		bytes[rnd() % size] = once_in(2) ? 0xff : (uint8_t)rnd();
	if (!once_in(16))
		return arg;
	switch (rnd() % 5) {
	case 0:
		return NULL;
	case 1:
		return (void *)0xffff800000000000ul;
	case 2:
		return ram + RAM_SIZE - 4;
	case 3:
		return ram + rnd() % RAM_SIZE;
	default:
		return (void *)wild();
	}
}

/* --- calls ------------------------------------------------------------------------------------------------- */

#define REG_PC (KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(regs.pc))

static void init_vcpu(int fd)
{
	struct kvm_vcpu_init init = { .target = KVM_ARM_TARGET_GENERIC_V8, .features = { 4 } };
	uint64_t pc = (once_in(2) ? GUEST_RAM : GUEST_LOW) + rnd() % (0x100000 / 64) * 64;
	struct kvm_one_reg reg = { REG_PC, (uint64_t)&pc };

	if (once_in(4))
		init.features[0] = (uint32_t)wild();
	if (once_in(8))
		init.target = (uint32_t)rnd() % 8;
	call(fd, KVM_ARM_VCPU_INIT, spoil(&init, once_in(8) ? sizeof(init) : 0));
	if (!once_in(8))
		call(fd, KVM_SET_ONE_REG, &reg);
}

/*
 * Nothing is ever at 0, where exceptions lead to: in deterministic time a vCPU that takes one undefined instruction after
 * the other would stop the clock.
 */
static void set_region(int fd)
{
	struct kvm_userspace_memory_region r = {
		.slot = rnd() % 4,
		.flags = once_in(4) ? rnd() % 4 : 0,
		.guest_phys_addr = once_in(4) ? wild() :
				   once_in(2) ? GUEST_RAM :
						GUEST_LOW,
		.memory_size = once_in(4) ? wild() : rnd() % 8 * 0x100000,
		.userspace_addr = once_in(8) ? wild() : (uint64_t)ram + rnd() % 4 * 0x100000,
	};
	void *arg = spoil(&r, sizeof(r));

	if (!r.guest_phys_addr)
		r.guest_phys_addr = GUEST_LOW;
	call(fd, KVM_SET_USER_MEMORY_REGION, arg);
}

/* Mostly a device that VMs can run with. */
static void keep_gic(int fd)
{
	uint64_t gicd = GICD, gicc = GICC;
	struct kvm_device_attr attr = { .group = KVM_DEV_ARM_VGIC_GRP_ADDR,
					.attr = KVM_VGIC_V2_ADDR_TYPE_DIST,
					.addr = (uint64_t)&gicd };

	if (!once_in(16)) {
		call(fd, KVM_SET_DEVICE_ATTR, &attr);
		attr.attr = KVM_VGIC_V2_ADDR_TYPE_CPU;
		attr.addr = (uint64_t)&gicc;
		call(fd, KVM_SET_DEVICE_ATTR, &attr);
	}
	keep_fd(DEVICE, fd);
}

static void create(enum kind kind)
{
	struct kvm_create_device dev = { .type = once_in(8) ? (uint32_t)wild() :
							      KVM_DEV_TYPE_ARM_VGIC_V2,
					 .flags = once_in(8) };
	int fd;

	switch (kind) {
	case SYSTEM:
		keep_fd(SYSTEM, open("/dev/kvm", O_RDWR | O_CLOEXEC));
		return;
	case VM:
		fd = call(some_fd(SYSTEM), KVM_CREATE_VM, (void *)(once_in(8) ? wild() : 0));
		keep_fd(VM, fd);
		set_region(fd);
		set_region(fd);
		fd = call(fd, KVM_CREATE_VCPU, NULL);
		init_vcpu(fd);
		keep_fd(VCPU, fd);
		return;
	case VCPU:
		fd = call(some_fd(VM), KVM_CREATE_VCPU, (void *)(once_in(8) ? wild() : rnd() % 4));
		keep_fd(VCPU, fd);
		init_vcpu(fd);
		return;
	case DEVICE:
		if (call(some_fd(VM), KVM_CREATE_DEVICE, spoil(&dev, sizeof(dev))) == 0)
			keep_gic((int)dev.fd);
		return;
	case EVENT:
		keep_fd(EVENT, eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	}
}

static void vm_event(int fd)
{
	struct kvm_ioeventfd io = { .datamatch = rnd() % 3,
				    .addr = once_in(4) ? wild() : 0x0a000050 + rnd() % 4 * 8,
				    .len = once_in(4) ? (uint32_t)wild() : 4,
				    .fd = some_fd(EVENT),
				    .flags = once_in(4) ? (uint32_t)wild() : rnd() % 8 };
	struct kvm_irqfd irq = { .fd = (uint32_t)some_fd(EVENT),
				 .gsi = once_in(8) ? (uint32_t)wild() : rnd() % 8,
				 .flags = once_in(8) ? (uint32_t)wild() : rnd() % 4,
				 .resamplefd = (uint32_t)some_fd(EVENT) };
	struct kvm_irq_level level = { .irq = once_in(2) ? (uint32_t)wild() :
							   1u << 24 | (32 + rnd() % 64),
				       .level = rnd() % 2 };
	uint64_t one = 1;

	switch (rnd() % 4) {
	case 0:
		call(fd, KVM_IOEVENTFD, spoil(&io, sizeof(io)));
		break;
	case 1:
		call(fd, KVM_IRQFD, spoil(&irq, sizeof(irq)));
		break;
	case 2:
		call(fd, KVM_IRQ_LINE, spoil(&level, sizeof(level)));
		break;
	default:
		if (write(some_fd(EVENT), &one, sizeof(one)) < 0 && once_in(2))
			(void)!read(some_fd(EVENT), &one, sizeof(one));
	}
}

static void vm_other(int fd)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry[8];
	} routing = { .head = { .nr = once_in(8) ? (uint32_t)wild() : rnd() % 9 } };
	struct kvm_dirty_log log = { .slot = rnd() % 6, .dirty_bitmap = ram + rnd() % RAM_SIZE };
	struct kvm_arm_device_addr addr = { .id = rnd() % 4, .addr = once_in(2) ? GICC : wild() };
	struct kvm_enable_cap cap = { .cap = rnd() % 256, .args = { wild() } };

	for (unsigned int i = 0; i < 8; i++)
		routing.entry[i] =
			(struct kvm_irq_routing_entry){ .gsi = rnd() % 16,
							.type = once_in(4) ? rnd() % 6 :
									     1 + rnd() % 2,
							.u = { .irqchip = { 0, rnd() % 64 } } };
	switch (rnd() % 6) {
	case 0:
		call(fd, KVM_SET_GSI_ROUTING, spoil(&routing, sizeof(routing)));
		break;
	case 1:
		call(fd, KVM_GET_DIRTY_LOG, spoil(&log, sizeof(log)));
		break;
	case 2:
		call(fd, KVM_ARM_SET_DEVICE_ADDR, spoil(&addr, sizeof(addr)));
		break;
	case 3:
		call(fd, KVM_ENABLE_CAP, spoil(&cap, sizeof(cap)));
		break;
	case 4:
		call(fd, KVM_CHECK_EXTENSION, (void *)(rnd() % 256));
		break;
	default:
		call(fd, KVM_CREATE_IRQCHIP, NULL);
	}
}

#define SYS_REG(op0, op1, crn, crm, op2) ARM64_SYS_REG(op0, op1, crn, crm, op2)

/* Registers that decide where exceptions go keep their value, see set_region(). */
static bool stops_time(uint64_t id)
{
	return id == SYS_REG(3, 0, 1, 0, 0) || id == SYS_REG(3, 0, 12, 0, 0);
}

static void vcpu_reg(int fd)
{
	uint64_t value[64] = { wild(), wild() };
	struct kvm_one_reg reg = { .addr = (uint64_t)value };
	struct {
		uint64_t n, id[512];
	} list = { .n = once_in(2) ? 512 : rnd() % 600 };

	if (list.n > 512)
		list.n = 0;
	if (once_in(8)) {
		call(fd, KVM_GET_REG_LIST, spoil(&list, once_in(8) ? 8 : 0));
		return;
	}
	reg.id = KVM_REG_ARM64 | KVM_REG_SIZE_U64;
	reg.id |= once_in(2) ? KVM_REG_ARM_CORE | rnd() % 0x140 :
			       KVM_REG_ARM64_SYSREG | rnd() % 0x10000;
	if (once_in(16))
		reg.id = once_in(2) ? rnd() << 16 : reg.id ^ 1ull << rnd() % 64;
	if (once_in(16))
		reg.addr = wild();
	if (once_in(2) && !stops_time(reg.id))
		call(fd, KVM_SET_ONE_REG, &reg);
	else
		call(fd, KVM_GET_ONE_REG, &reg);
}

/* Words of a page change, whatever is mapped there. */
static void touch(uint32_t *page)
{
	if (sigsetjmp(out_of_touch, 1) == 0) {
		touching = 1;
		page[rnd() % 64] = (uint32_t)wild();
		((struct kvm_run *)page)->immediate_exit = once_in(4);
	}
	touching = 0;
}

static void run_vcpu(int fd)
{
	size_t size = once_in(16) ? rnd() % 8 * PAGE : PAGE;
	off_t offset = once_in(16) ? (off_t)(wild() & ~(PAGE - 1)) : 0;
	void *run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	unsigned int times = 1 + rnd() % 4;

	for (unsigned int i = 0; i < times; i++) {
		if (run != MAP_FAILED)
			touch(run);
		good_runs += call(fd, KVM_RUN, (void *)(once_in(16) ? wild() : 0)) == 0;
	}
	if (run != MAP_FAILED)
		munmap(run, size);
}

static void vcpu_other(int fd)
{
	struct kvm_mp_state mp = { once_in(4) ? (uint32_t)wild() : rnd() % 2 * 5 };
	uint8_t big[1024] = { (uint8_t)rnd() };

	switch (rnd() % 4) {
	case 0:
		call(fd, KVM_SET_MP_STATE, spoil(&mp, sizeof(mp)));
		break;
	case 1:
		call(fd, KVM_GET_MP_STATE, spoil(&mp, sizeof(mp)));
		break;
	case 2:
		call(fd, KVM_GET_VCPU_EVENTS, spoil(big, sizeof(big)));
		break;
	default:
		call(fd, once_in(2) ? KVM_SET_VCPU_EVENTS : KVM_SET_SIGNAL_MASK,
		     spoil(big, sizeof(big)));
	}
}

static void device_attr(int fd)
{
	static const unsigned long request[] = { KVM_SET_DEVICE_ATTR, KVM_GET_DEVICE_ATTR,
						 KVM_HAS_DEVICE_ATTR };
	uint64_t value = once_in(2) ? wild() : once_in(2) ? GICD : once_in(2) ? GICC : 96;
	struct kvm_device_attr attr = { .flags = once_in(16),
					.group = once_in(8) ? (uint32_t)wild() : rnd() % 5,
					.attr = once_in(2) ? rnd() % 2 : rnd() % 0x1000,
					.addr = (uint64_t)&value };

	call(fd, request[rnd() % 3], spoil(&attr, once_in(8) ? sizeof(attr) : 0));
}

/* Any request of KVM's, or none of its, on any descriptor. */
static void any_call(void)
{
	uint8_t big[1024];

	for (unsigned int i = 0; i < sizeof(big); i += 8)
		*(uint64_t *)(big + i) = wild();
	call(some_fd((enum kind)(rnd() % KINDS)),
	     _IOC(rnd() % 4, once_in(16) ? rnd() % 256 : KVMIO, rnd() % 256,
		  once_in(4) ? rnd() % 0x4000 : rnd() % 128),
	     once_in(4) ? (void *)wild() : spoil(big, 0));
}

/* --- memory, descriptors, processes ---------------------------------------------------------------------- */

static void change_memory(void)
{
	uint8_t *at = ram + rnd() % (RAM_SIZE / PAGE) * PAGE;
	size_t size = (once_in(8) ? 0x200000 : PAGE * (1 + rnd() % 16));

	if (at + size > ram + RAM_SIZE)
		return;
	switch (rnd() % 5) {
	case 0:
		madvise(at, size, MADV_DONTNEED);
		break;
	case 1:
		mprotect(at, size, PROT_READ);
		break;
	case 2:
		mprotect(at, size, PROT_READ | PROT_WRITE);
		break;
	case 3:
		munmap(at, size);
		break;
	default:
		mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		     0);
	}
}

/* Through the socket and back, or left in there; the sender's own copy may be gone meanwhile. */
static void pass_fd(int fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	char byte = 0;
	struct iovec io = { &byte, 1 };
	struct msghdr m = { .msg_iov = &io,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	sendmsg(sockets[0], &m, MSG_DONTWAIT);
	if (once_in(2))
		return;
	m.msg_controllen = sizeof(control);
	if (recvmsg(sockets[1], &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0 || !CMSG_FIRSTHDR(&m))
		return;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	keep_fd((enum kind)(rnd() % KINDS), fd);
}

static void one_call(void);

/* A child has the descriptors but not the memory they belong to. */
static void in_child(void)
{
	pid_t child = fork();

	if (!child) {
		alarm(1);
		for (unsigned int i = 0; i < 8; i++)
			one_call();
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

static void misuse(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };
	uint8_t byte;

	switch (rnd() % 16) {
	case 0:
		keep_fd((enum kind)(rnd() % KINDS), dup(fd));
		break;
	case 1:
		close(atomic_exchange(&fds[rnd() % KINDS][rnd() % PER_KIND], -1));
		break;
	case 2:
		poll(&p, 1, 0);
		(void)!read(fd, &byte, 1);
		break;
	case 3:
		pass_fd(fd);
		break;
	case 4:
		if (once_in(32))
			in_child();
		break;
	default:
		change_memory();
	}
}

static void one_call(void)
{
	switch (rnd() % 16) {
	case 0:
		create(once_in(8) ? VM : (enum kind)(rnd() % KINDS));
		break;
	case 1:
	case 2:
		vm_event(some_fd(VM));
		break;
	case 3:
		vm_other(some_fd(VM));
		break;
	case 4:
		set_region(some_fd(VM));
		break;
	case 5:
		init_vcpu(some_fd(VCPU));
		break;
	case 6:
	case 7:
		vcpu_reg(some_fd(VCPU));
		break;
	case 8:
	case 9:
	case 10:
		run_vcpu(some_fd(VCPU));
		break;
	case 11:
		vcpu_other(some_fd(VCPU));
		break;
	case 12:
		device_attr(some_fd(DEVICE));
		break;
	case 13:
		any_call();
		break;
	default:
		misuse(some_fd((enum kind)(rnd() % KINDS)));
	}
}

/* --- processes --------------------------------------------------------------------------------------------- */

static void nothing(int number)
{
	(void)number;
}

static void no_memory(int number)
{
	if (touching)
		siglongjmp(out_of_touch, 1);
	signal(number, SIG_DFL);
}

static void *work(void *arg)
{
	seed = (uint64_t)arg;
	while (calls_left-- > 0)
		one_call();
	return NULL;
}

/* Code for the guests: MMIO, hypercalls, WFI and a loop, from wherever they begin. */
static void fill_ram(void)
{
	/* mov x0, #0x0a000000; str w1, [x0, #0x50]; ldr w2, [x0]; hvc #0; cbz x3, .-12; wfi; b . */
	static const uint32_t code[] = { 0xd2a14000, 0xb9005001, 0xb9400002, 0xd4000002,
					 0xb4ffffa3, 0xd503207f, 0x14000000 };

	for (size_t at = 0; at + sizeof(code) <= RAM_SIZE; at += 64)
		memcpy(ram + at, code, sizeof(code));
}

/* Signals end calls that would wait for ever. Memory that went away is no reason to stop. */
static void kick_until(unsigned int ms)
{
	struct timespec pause = { 0, KICK_NS };

	for (uint64_t kicks = 0; calls_left > 0; kicks++) {
		nanosleep(&pause, NULL);
		pthread_kill(threads[kicks % THREADS], SIGUSR1);
		if (kicks * KICK_NS / 1000000 > ms)
			kill(getpid(), SIGKILL);
	}
}

static _Noreturn void process(uint64_t number, long calls, unsigned int ms)
{
	struct sigaction quiet = { .sa_handler = nothing }, lost = { .sa_handler = no_memory };

	seed = number * UINT64_C(0x9e3779b97f4a7c15) + 1;
	sigaction(SIGUSR1, &quiet, NULL);
	sigaction(SIGPIPE, &quiet, NULL);
	sigaction(SIGBUS, &lost, NULL);
	sigaction(SIGSEGV, &lost, NULL);
	ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ram == MAP_FAILED || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sockets))
		_exit(1);
	fill_ram();
	for (unsigned int i = 0; i < KINDS; i++)
		for (unsigned int n = 0; n < PER_KIND; n++)
			fds[i][n] = -1;
	for (unsigned int i = 0; i < KINDS; i++)
		for (unsigned int n = 0; n < PER_KIND; n++)
			create((enum kind)i);
	calls_left = calls;
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)(rnd() | 1));
	kick_until(ms);
	/* Others are still in the middle of it: the exit takes them down. */
	printf("process %llu: %lu calls, %lu good, %lu good runs\n", (unsigned long long)number,
	       (unsigned long)done_calls, (unsigned long)good_calls, (unsigned long)good_runs);
	fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	uint64_t first = argc == 4 ? strtoull(argv[1], NULL, 0) : 0;
	uint64_t count = argc == 4 ? strtoull(argv[2], NULL, 0) : 0;

	if (!count) {
		fprintf(stderr, "usage: kvm-fuzz SEED PROCESSES CALLS\n");
		return 2;
	}
	for (uint64_t i = 0; i < count; i++) {
		/* Every third is killed at some moment. */
		unsigned int ms = i % 3 == 2 ? 20 + (unsigned int)(i * 7919 % 200) : 60000;
		pid_t child = fork();
		int status = 0;

		if (!child)
			process(first + i, strtol(argv[3], NULL, 0), ms);
		if (child < 0 || waitpid(child, &status, 0) != child)
			return 1;
		if (!WIFEXITED(status))
			printf("process %llu: signal %d\n", (unsigned long long)(first + i),
			       WTERMSIG(status));
		fflush(stdout);
	}
	printf("kvm-fuzz: %llu processes\n", (unsigned long long)count);
	return 0;
}
