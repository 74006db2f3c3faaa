// SPDX-License-Identifier: BSD-2-Clause
/*
 * What /dev/kvm's paths cost: a small KVM client for the service-VM, the same program on Selkie and on KVM.
 *
 * Output, a line for each measurement: "kvmcost: <repetition> <nanoseconds of virtual time> <what>". On a board that counts
 * one instruction as one nanosecond that is instructions. Ends with "kvmcost: done". With an argument only what has that text
 * in its name is measured.
 *
 *	what the guest sees	counter ticks of many equal rounds in the guest
 *	kick to reader		from before the guest's store to behind read(eventfd) of a thread that slept in it
 *	irqfd to handler	from before write(eventfd) to the first instruction of the guest's interrupt vector; the writer
 *				sleeps right after it
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kvmcost.h"

#define REPETITIONS 3
#define ROUNDS 4096u
#define PINGS 1024u

#define RAM_GPA 0x80000000ull
#define RAM_SIZE 0x10000ull
#define STAMPS 0x8000 /* in RAM */
#define TOUCH_GPA 0x90000000ull
#define TOUCH_SIZE (32ull << 20)
#define PAGE 4096u
#define HUGE_PAGE (2ull << 20)
#define GICD_GPA 0x08000000ull
#define GICC_GPA 0x08010000ull
#define EXIT_GPA 0x10000000ull
#define USER_GPA 0x10000010ull
#define KICK_GPA 0x10001000ull
#define KICK_DATA_GPA 0x10002000ull

#define GICD_CTLR 0x000ull
#define GICD_TYPER 0x004ull
#define GICD_ISENABLER1 0x104ull
#define GICD_ICFGR2 0xc08ull
#define GSI 0u /* INTID 32 */
#define INTIDS 64u

#define REG(field) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(field))
#define REG_X(n) (REG(regs.regs[0]) + 2 * (n))
#define PSTATE_EL1H_MASKED 0x3c5

static int kvm_fd, vm_fd, vcpu_fd, gic_fd;
static struct kvm_run *run;
static uint8_t *ram;
static int kick_event, kick_data_event, irq_event;
static unsigned int repetition;
static const char *selection = "";

static void die(const char *what)
{
	fprintf(stderr, "kvmcost: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void check(bool ok, const char *what)
{
	if (!ok)
		die(what);
}

static uint64_t count(void)
{
	uint64_t now;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(now) : : "memory");
	return now;
}

static void report(const char *what, uint64_t ticks, uint64_t rounds)
{
	uint64_t frequency;

	__asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
	printf("kvmcost: %u %llu %s\n", repetition,
	       (unsigned long long)((ticks * 1000000000ull / frequency + rounds / 2) / rounds),
	       what);
	fflush(stdout);
}

/* --- VM ----------------------------------------------------------------------------------------- */
static void set_reg(uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	check(!ioctl(vcpu_fd, KVM_SET_ONE_REG, &reg), "KVM_SET_ONE_REG");
}

static void set_attr(uint32_t group, uint64_t attr, void *value)
{
	struct kvm_device_attr a = { .group = group, .attr = attr, .addr = (uintptr_t)value };

	check(!ioctl(gic_fd, KVM_SET_DEVICE_ATTR, &a), "vGIC attribute");
}

static void set_slot(uint32_t slot, uint64_t gpa, uint64_t size, const void *hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	check(!ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region), "memory slot");
}

static void make_gic(void)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V2 };
	uint64_t gicd = GICD_GPA, gicc = GICC_GPA;
	uint32_t intids = INTIDS, on = 1, edge = 2;

	check(!ioctl(vm_fd, KVM_CREATE_DEVICE, &device), "KVM_CREATE_DEVICE");
	gic_fd = (int)device.fd;
	set_attr(KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, &gicd);
	set_attr(KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_CPU, &gicc);
	set_attr(KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &intids);
	set_attr(KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL);
	set_attr(KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_ICFGR2, &edge);
	set_attr(KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_ISENABLER1, &on);
	set_attr(KVM_DEV_ARM_VGIC_GRP_DIST_REGS, GICD_CTLR, &on);
}

static void make_events(void)
{
	struct kvm_ioeventfd kick = { .addr = KICK_GPA };
	struct kvm_ioeventfd kick_data = {
		.addr = KICK_DATA_GPA,
		.len = 4,
		.flags = KVM_IOEVENTFD_FLAG_DATAMATCH,
	};
	struct kvm_irqfd irq = { .gsi = GSI };

	kick_event = eventfd(0, 0);
	kick_data_event = eventfd(0, 0);
	irq_event = eventfd(0, 0);
	kick.fd = kick_event;
	kick_data.fd = kick_data_event;
	irq.fd = (uint32_t)irq_event;
	check(!ioctl(vm_fd, KVM_IOEVENTFD, &kick) && !ioctl(vm_fd, KVM_IOEVENTFD, &kick_data),
	      "KVM_IOEVENTFD");
	check(!ioctl(vm_fd, KVM_IRQFD, &irq), "KVM_IRQFD");
}

static void *map(uint64_t size)
{
	/* Aligned, so that huge pages can be had. */
	uint8_t *p = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t skip = -(uintptr_t)p % HUGE_PAGE;

	check(p != MAP_FAILED, "mmap");
	if (skip)
		munmap(p, skip);
	munmap(p + skip + size, HUGE_PAGE - skip);
	return p + skip;
}

static void make_vm(void)
{
	struct kvm_vcpu_init init;
	int size;

	kvm_fd = open("/dev/kvm", O_RDWR);
	check(kvm_fd >= 0, "/dev/kvm");
	vm_fd = ioctl(kvm_fd, KVM_CREATE_VM, 0);
	check(vm_fd >= 0, "KVM_CREATE_VM");
	vcpu_fd = ioctl(vm_fd, KVM_CREATE_VCPU, 0);
	check(vcpu_fd >= 0, "KVM_CREATE_VCPU");
	size = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_fd, 0);
	check(run != MAP_FAILED, "run page");
	check(!ioctl(vm_fd, KVM_ARM_PREFERRED_TARGET, &init), "KVM_ARM_PREFERRED_TARGET");
	init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2;
	check(!ioctl(vcpu_fd, KVM_ARM_VCPU_INIT, &init), "KVM_ARM_VCPU_INIT");
	ram = map(RAM_SIZE);
	memcpy(ram, guest_code, (size_t)(guest_code_end - guest_code));
	set_slot(0, RAM_GPA, RAM_SIZE, ram);
	make_gic();
	make_events();
}

static void start(const uint8_t *routine, uint64_t rounds, uint64_t address)
{
	set_reg(REG_X(1), address);
	set_reg(REG_X(2), 0);
	set_reg(REG_X(19), rounds);
	set_reg(REG_X(20), RAM_GPA + STAMPS);
	set_reg(REG_X(21), GICC_GPA);
	set_reg(REG_X(22), KICK_GPA);
	set_reg(REG_X(23), EXIT_GPA);
	set_reg(REG_X(24), PAGE);
	set_reg(REG(regs.pc), RAM_GPA + (uint64_t)(routine - guest_code));
	set_reg(REG(regs.pstate), PSTATE_EL1H_MASKED);
}

/* Runs until the guest stores to the exit address; what it stored. */
static uint64_t go(void)
{
	uint64_t value = 0;

	for (;;) {
		check(!ioctl(vcpu_fd, KVM_RUN, 0), "KVM_RUN");
		check(run->exit_reason == KVM_EXIT_MMIO, "exit");
		if (run->mmio.phys_addr == EXIT_GPA)
			break;
		check(run->mmio.phys_addr == USER_GPA, "address of an exit");
	}
	memcpy(&value, run->mmio.data, run->mmio.len);
	/* The store is carried out by the next KVM_RUN, which the next start() must not see. */
	run->immediate_exit = 1;
	check(ioctl(vcpu_fd, KVM_RUN, 0) && errno == EINTR, "KVM_RUN with immediate_exit");
	run->immediate_exit = 0;
	return value;
}

/* --- what the guest sees ---------------------------------------------------------------------------- */
static bool selected(const char *what)
{
	return strstr(what, selection);
}

static void measure(const char *what, const uint8_t *routine, uint64_t address)
{
	if (!selected(what))
		return;
	start(routine, 64, address);
	go();
	start(routine, ROUNDS, address);
	report(what, go(), ROUNDS);
}

/* Memory that the guest touches for the first time; the host has touched it before when `present`. */
static void measure_page_in(const char *what, int advice, bool present, uint64_t per)
{
	uint8_t *memory;

	if (!selected(what))
		return;
	memory = map(TOUCH_SIZE);
	madvise(memory, TOUCH_SIZE, advice);
	if (present)
		memset(memory, 1, TOUCH_SIZE);
	set_slot(1, TOUCH_GPA, TOUCH_SIZE, memory);
	start(guest_touch, TOUCH_SIZE / PAGE, TOUCH_GPA);
	report(what, go(), TOUCH_SIZE / per);
	set_slot(1, TOUCH_GPA, 0, memory);
	munmap(memory, TOUCH_SIZE);
}

static void measure_immediate_exit(void)
{
	const char *what = "KVM_RUN with immediate_exit";
	uint64_t begin;

	if (!selected(what))
		return;
	start(guest_load, 1, USER_GPA);
	run->immediate_exit = 1;
	ioctl(vcpu_fd, KVM_RUN, 0);
	begin = count();
	for (unsigned int i = 0; i < ROUNDS; i++)
		check(ioctl(vcpu_fd, KVM_RUN, 0) && errno == EINTR, "immediate_exit");
	report(what, count() - begin, ROUNDS);
	run->immediate_exit = 0;
}

/* --- between a thread and the guest ------------------------------------------------------------------ */
struct runner {
	pthread_t thread;
	pthread_barrier_t ready;
	volatile sig_atomic_t stop;
};

static void interrupted(int number)
{
	(void)number;
}

static void *run_guest(void *arg)
{
	struct runner *runner = arg;

	go();
	pthread_barrier_wait(&runner->ready);
	while (!runner->stop) {
		if (ioctl(vcpu_fd, KVM_RUN, 0))
			check(errno == EINTR, "KVM_RUN");
	}
	return NULL;
}

static uint64_t stamp(unsigned int offset)
{
	uint8_t *p = ram + STAMPS + offset;

	/* The guest's caches are off. */
	__asm__ volatile("dc civac, %0\n\tdsb sy" : : "r"(p) : "memory");
	return *(volatile uint64_t *)p;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void report_median(const char *what, uint64_t *ticks)
{
	qsort(ticks, PINGS, sizeof(*ticks), compare);
	report(what, ticks[PINGS / 2], 1);
}

/* With a pause before each round the guest comes to rest first. */
static void measure_events(const char *irq, const char *kick, const uint8_t *routine,
			   unsigned int pause_us)
{
	static uint64_t to_handler[PINGS], to_reader[PINGS];
	struct runner runner = { .stop = 0 };
	uint64_t value = 1, sent, got;

	if (!selected(irq) && !selected(kick))
		return;
	pthread_barrier_init(&runner.ready, NULL, 2);
	start(routine, 0, 0);
	pthread_create(&runner.thread, NULL, run_guest, &runner);
	pthread_barrier_wait(&runner.ready);
	for (unsigned int i = 0; i < PINGS; i++) {
		if (pause_us)
			usleep(pause_us);
		sent = count();
		check(write(irq_event, &value, sizeof(value)) == sizeof(value), "write");
		check(read(kick_event, &value, sizeof(value)) == sizeof(value), "read");
		got = count();
		value = 1;
		to_handler[i] = stamp(STAMP_HANDLER) - sent;
		to_reader[i] = got - stamp(STAMP_KICK);
		check(sent < stamp(STAMP_HANDLER) && stamp(STAMP_KICK) < got,
		      "clocks of host and guest");
	}
	runner.stop = 1;
	pthread_kill(runner.thread, SIGUSR1);
	pthread_join(runner.thread, NULL);
	pthread_barrier_destroy(&runner.ready);
	report_median(irq, to_handler);
	report_median(kick, to_reader);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = interrupted };
	uint64_t kicks = 1;

	if (argc > 1)
		selection = argv[1];
	sigaction(SIGUSR1, &action, NULL);
	make_vm();
	for (; repetition < REPETITIONS; repetition++) {
		measure("hypercall (HVC)", guest_hypercall, 0);
		measure("vGIC register, load", guest_load, GICD_GPA + GICD_TYPER);
		measure("vGIC register, store", guest_store, GICD_GPA + GICD_ISENABLER1);
		measure("MMIO load, to user space and back", guest_load, USER_GPA);
		measure("MMIO store, to user space and back", guest_store, USER_GPA);
		measure("kick, any data, seen by the guest", guest_store, KICK_GPA);
		/* Nobody has read what that signalled; the reader below must not find it. */
		check(write(kick_event, &kicks, sizeof(kicks)) == sizeof(kicks) &&
			      read(kick_event, &kicks, sizeof(kicks)) == sizeof(kicks),
		      "kick's eventfd");
		kicks = 1;
		measure("kick, data compared, seen by the guest", guest_store, KICK_DATA_GPA);
		measure_immediate_exit();
		measure_events("irqfd to handler, guest busy", "kick to reader, guest busy",
			       guest_spin, 0);
		measure_events("irqfd to handler, guest in WFI", "kick to reader, guest then idle",
			       guest_wait, 500);
		measure_page_in("page-in, 4 KiB page, new", MADV_NOHUGEPAGE, false, PAGE);
		measure_page_in("page-in, 4 KiB page, present", MADV_NOHUGEPAGE, true, PAGE);
		measure_page_in("page-in, MiB, huge pages, new", MADV_HUGEPAGE, false, 1 << 20);
		measure_page_in("page-in, MiB, huge pages, present", MADV_HUGEPAGE, true, 1 << 20);
	}
	printf("kvmcost: done\n");
	return 0;
}
