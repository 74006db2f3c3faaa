// SPDX-License-Identifier: BSD-2-Clause
/* The run loop, MMIO, PSCI and eventfds with a guest behind them. */
#define _GNU_SOURCE
#include "client.h"

#include <linux/psci.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

/* --- run loop and MMIO ------------------------------------------------------------------------ */
static void check_stores(struct agent *agent)
{
	static const struct {
		enum agent_op op;
		uint32_t len;
		uint64_t data;
	} stores[] = {
		{ OP_STORE8, 1, 0x88 },
		{ OP_STORE16, 2, 0x7788 },
		{ OP_STORE32, 4, 0x55667788 },
		{ OP_STORE64, 8, 0x1122334455667788 },
	};
	struct kvm_run *run = agent->run;

	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++) {
		memset(run->mmio.data, 0xff, 8);
		tap_ok(agent_do(agent, stores[i].op, VOID_GPA + 8, 0x1122334455667788, 0) ==
			       AGENT_MMIO,
		       "a store of %u bytes leaves", stores[i].len);
		tap_ok(run->mmio.is_write && run->mmio.len == stores[i].len &&
			       run->mmio.phys_addr == VOID_GPA + 8,
		       "as a write of %u bytes to 0x%llx", run->mmio.len,
		       (unsigned long long)run->mmio.phys_addr);
		IS(agent_mmio_data(run), stores[i].data, "data");
		tap_ok(agent_go(agent) == AGENT_DONE, "and the guest goes on");
	}
}

/* QEMU's emulated cores forget to say in the syndrome that a load sign-extends. */
static bool machine_extends(struct agent *agent)
{
	bool extends;

	agent_do(agent, OP_LOADS, VOID_GPA, 0, 0);
	agent_answer(agent->run, 0x80);
	agent_go(agent);
	agent_go(agent);
	agent_answer(agent->run, 0x80);
	agent_go(agent);
	extends = agent->result == 0xffffff80;
	agent_restart(agent);
	if (!extends)
		tap_skip("sign extension of MMIO loads: this machine does not report it");
	return extends;
}

static void check_loads(struct agent *agent)
{
	/* ldrb w, ldrsb w, ldrsb x, ldrh w, ldrsh w, ldrsh x, ldr w, ldrsw, ldr x, ldr xzr */
	static const struct {
		uint64_t extended;
		uint64_t zeroes;
	} want[] = {
		{ 0x88, 0x88 },
		{ 0xffffff88, 0x88 },
		{ 0xffffffffffffff88, 0x88 },
		{ 0xff88, 0xff88 },
		{ 0xffffff88, 0xff88 },
		{ 0xffffffffffffff88, 0xff88 },
		{ 0x8877ff88, 0x8877ff88 },
		{ 0xffffffff8877ff88, 0x8877ff88 },
		{ 0x818283848877ff88, 0x818283848877ff88 },
		{ 0, 0 },
	};
	bool extends = machine_extends(agent);
	struct kvm_run *run = agent->run;

	tap_ok(agent_do(agent, OP_LOADS, VOID_GPA, 0, 0) == AGENT_MMIO, "a load leaves");
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		tap_ok(!run->mmio.is_write && run->mmio.phys_addr == VOID_GPA,
		       "as a read of %u bytes", run->mmio.len);
		OURS(IS(agent_mmio_data(run), 0, "data before it is answered"));
		agent_answer(run, 0x818283848877ff88);
		tap_ok(agent_go(agent) == AGENT_DONE, "the guest goes on");
		IS(agent->result, extends ? want[i].extended : want[i].zeroes,
		   "what the register holds");
		if (i + 1 < sizeof(want) / sizeof(want[0]))
			agent_go(agent);
	}
}

static void check_immediate_exit(struct agent *agent)
{
	int fd = agent->vm->vcpu[0];
	struct kvm_run *run = agent->run;
	uint64_t pc;

	agent_do(agent, OP_LOAD64, VOID_GPA, 0, 0);
	pc = reg64(fd, REG_PC);
	agent_answer(run, 0x4711);
	run->immediate_exit = 1;
	IS(agent_run(agent), EINTR, "KVM_RUN with immediate_exit");
	IS(run->exit_reason, KVM_EXIT_MMIO, "exit_reason stays");
	IS(reg64(fd, REG_PC), pc + 4, "pc is past the load");
	IS(reg64(fd, REG_X(0)), 0x4711, "the register has the answer");
	IS(agent_run(agent), EINTR, "KVM_RUN with immediate_exit again");
	IS(reg64(fd, REG_PC), pc + 4, "pc");
	IS(run->immediate_exit, 1, "immediate_exit is left alone");
	run->immediate_exit = 0;
	tap_ok(agent_go(agent) == AGENT_DONE && agent->result == 0x4711,
	       "the guest goes on with it");
}

static void check_signal(struct agent *agent)
{
	int fd = agent->vm->vcpu[0];
	uint64_t pc;

	alarm_us(20000);
	tap_ok(agent_do(agent, OP_SPIN, 0, 0, 0) == AGENT_ERRNO && agent->error == EINTR,
	       "a signal ends KVM_RUN");
	IS(agent->run->exit_reason, KVM_EXIT_INTR, "exit_reason");
	pc = reg64(fd, REG_PC);
	tap_ok(pc > RAM_GPA && pc < RAM_GPA + 0x1000, "pc 0x%llx is in the agent",
	       (unsigned long long)pc);
	alarm_us(20000);
	IS(agent_run(agent), EINTR, "and again");
	IS(reg64(fd, REG_PC), pc, "pc in the endless loop");
	agent_restart(agent);
	IS(agent_get(agent, OP_NOP, 0, 0, 0), 0, "the agent answers again");
}

/* A command, however often a signal ends KVM_RUN on its way; counts that in *ends. */
static uint64_t get_interrupted(struct agent *agent, enum agent_op op, uint64_t a, uint64_t b,
				unsigned int *ends)
{
	enum agent_event event = agent_do(agent, op, a, b, 0);

	while (event == AGENT_ERRNO && agent->error == EINTR) {
		(*ends)++;
		/* not the same distance each time */
		alarm_us(100 + *ends % 97);
		event = agent_go(agent);
	}
	return event == AGENT_DONE ? agent->result : ~0ull;
}

/* Signals fall on every point of KVM_RUN; neither an access nor its answer may be lost or done twice. */
static void check_interrupted(struct agent *agent)
{
	unsigned int ends = 0, wrong = 0;

	alarm_us(200);
	for (uint64_t i = 0; i < 2000; i++) {
		uint64_t at = RAM_GPA + 0x200000 + i % 500 * 0x1008;

		wrong += get_interrupted(agent, OP_STORE64, at, i, &ends) != 0;
		wrong += get_interrupted(agent, OP_LOAD64, at, 0, &ends) != i;
	}
	alarm_us(0);
	tap_ok(!wrong && ends, "4000 accesses, %u signals: %u went wrong", ends, wrong);
}

static void check_wfi(struct agent *agent)
{
	alarm_us(20000);
	tap_ok(agent_do(agent, OP_WFI, 0, 0, 0) == AGENT_ERRNO && agent->error == EINTR,
	       "a signal ends a guest's WFI");
	agent_restart(agent);
	IS(agent_get(agent, OP_NOP, 0, 0, 0), 0, "the agent answers again");
}

static void check_strange(struct agent *agent)
{
	enum agent_event event;

	IS(agent_get(agent, OP_DC_CIVAC, VOID_GPA, 0, 0), 0, "cache maintenance where nothing is");
	event = agent_do(agent, OP_CALL, VOID_GPA, 0, 0);
	tap_ok(event == AGENT_EXCEPTION && (uint32_t)agent->result >> 26 == 0x21,
	       "a fetch where nothing is: instruction abort in the guest (ESR 0x%llx)",
	       (unsigned long long)agent->result);
	agent_restart(agent);
	IS(agent_get(agent, OP_NOP, 0, 0, 0), 0, "the agent answers again");
	/* KVM gives the VM up here. */
	if (reference)
		return;
	event = agent_do(agent, OP_LDP, VOID_GPA, 0, 0);
	tap_ok(event == AGENT_EXCEPTION && (uint32_t)agent->result >> 26 == 0x25,
	       "ldp where nothing is: data abort in the guest (ESR 0x%llx)",
	       (unsigned long long)agent->result);
	tap_ok(agent_go(agent) == AGENT_DONE, "the guest goes on");
}

static void check_registers(struct agent *agent)
{
	static const struct {
		uint64_t which;
		uint64_t id;
		const char *name;
	} regs[] = {
		{ 0, REG_SYS(3, 0, 0, 7, 0), "ID_AA64MMFR0_EL1" },
		{ 1, REG_MPIDR, "MPIDR_EL1" },
		{ 2, REG_SYS(3, 0, 0, 0, 0), "MIDR_EL1" },
		{ 3, REG_SYS(3, 0, 0, 4, 0), "ID_AA64PFR0_EL1" },
		{ 4, REG_SYS(3, 3, 0, 0, 1), "CTR_EL0" },
		{ 5, REG_SYS(3, 0, 0, 6, 0), "ID_AA64ISAR0_EL1" },
	};
	int fd = agent->vm->vcpu[0];
	uint64_t count;

	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		tap_ok(agent_get(agent, OP_SYSREG, regs[i].which, 0, 0) == reg64(fd, regs[i].id),
		       "%s: guest 0x%llx, KVM 0x%llx", regs[i].name,
		       (unsigned long long)agent->result,
		       (unsigned long long)reg64(fd, regs[i].id));
	IS(agent_do(agent, OP_STORE64, VOID_GPA, 0x77, 0), AGENT_MMIO, "in the middle of a store");
	IS(reg64(fd, REG_X(2)), 0x77, "its register is visible");
	OK(set_reg64(fd, REG_X(19), 0xabcdef), "write of another register");
	agent_go(agent);
	IS(agent_do(agent, OP_STORE64, VOID_GPA, 0, 0), AGENT_MMIO, "later");
	OK(set_reg64(fd, REG_SYS(3, 0, 13, 0, 4), 0x1234), "write of TPIDR_EL1");
	agent_go(agent);
	IS(reg64(fd, REG_SYS(3, 0, 13, 0, 4)), 0x1234, "TPIDR_EL1 after a run");
	OK(set_reg64(fd, KVM_REG_ARM_TIMER_CNT, 0x100000000), "the count set");
	count = agent_get(agent, OP_COUNT, 0, 0, 0);
	tap_ok(count >= 0x100000000 && count < 0x200000000, "the guest reads 0x%llx",
	       (unsigned long long)count);
	tap_ok(reg64(fd, KVM_REG_ARM_TIMER_CNT) >= count, "KVM reads no less");
}

/* A vGIC that a guest can not find keeps the VM from running. */
static void check_frames(uint64_t gicd, uint64_t gicc, int want, const char *what)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V2 };
	struct agent agent;
	struct vm vm;

	agent_make(&vm, &agent, 1);
	OK(ioctl(vm.fd, KVM_CREATE_DEVICE, &device), "KVM_CREATE_DEVICE of a GICv2");
	vm.gic = (int)device.fd;
	set_attr(vm.gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, &gicd);
	if (gicc)
		set_attr(vm.gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_CPU, &gicc);
	IS(agent_run(&agent), want, what);
	vm_close(&vm);
}

/* A process of 32 bits in the guest uses a device. */
static void check_thumb(struct agent *agent)
{
	tap_ok(agent_do(agent, OP_THUMB, VOID_GPA, 0x1234, 0) == AGENT_MMIO &&
		       agent_mmio_data(agent->run) == 0x1234,
	       "a store of T32 code leaves");
	tap_ok(agent_go(agent) == AGENT_DONE && agent->result == 1,
	       "and the instruction behind it is executed (0x%llx)",
	       (unsigned long long)agent->result);
}

static void profile_handler(int signal)
{
	(void)signal;
}

/* A timer that counts the thread's CPU time expires in Linux's work on the way back to user space. */
static void check_cpu_timer(struct agent *agent)
{
	struct itimerval when = { .it_value = { .tv_usec = 50000 } }, off = { 0 };
	struct sigaction action = { .sa_handler = profile_handler };

	sigaction(SIGPROF, &action, NULL);
	setitimer(ITIMER_PROF, &when, NULL);
	alarm_us(2000000);
	tap_ok(agent_do(agent, OP_SPIN, 0, 0, 0) == AGENT_ERRNO && agent->error == EINTR &&
		       !alarms(),
	       "ITIMER_PROF ends KVM_RUN of a busy guest (%u alarms before)", alarms());
	alarm_us(0);
	setitimer(ITIMER_PROF, &off, NULL);
	agent_restart(agent);
	IS(agent_get(agent, OP_NOP, 0, 0, 0), 0, "the agent answers again");
}

/* Without a vGIC nothing is where one could be: at address `at` MMIO, then RAM. */
static void check_low_address(uint64_t at)
{
	struct agent agent;
	uint8_t *low;
	struct vm vm;

	agent_make(&vm, &agent, 1);
	tap_ok(agent_do(&agent, OP_STORE32, at, 0x1234, 0) == AGENT_MMIO &&
		       agent.run->mmio.phys_addr == at,
	       "without a vGIC a store to 0x%llx leaves", (unsigned long long)at);
	agent_go(&agent);
	tap_ok(agent_do(&agent, OP_LOAD32, at, 0, 0) == AGENT_MMIO, "a load leaves");
	agent_answer(agent.run, 0x77);
	tap_ok(agent_go(&agent) == AGENT_DONE && agent.result == 0x77, "and is answered");
	low = mmap(NULL, 0x10000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*(uint32_t *)(low + at) = 0x5555;
	OK(set_slot(vm.fd, 1, 0, 0, 0x10000, low), "RAM at guest address 0");
	IS(agent_get(&agent, OP_LOAD32, at, 0, 0), 0x5555, "the guest reads it");
	agent_get(&agent, OP_STORE32, at, 0x6666, 0);
	IS(*(uint32_t *)(low + at), 0x6666, "and writes it");
	vm_close(&vm);
	munmap(low, 0x10000);
}

void test_run(void)
{
	struct agent agent;
	struct vm vm;

	agent_make(&vm, &agent, 1);
	agent.run->immediate_exit = 1;
	IS(agent_run(&agent), EINTR, "the first KVM_RUN, with immediate_exit");
	agent.run->immediate_exit = 0;
	IS(reg64(vm.vcpu[0], REG_PC), RAM_GPA, "pc");
	IS(agent_get(&agent, OP_NOP, 0, 0, 0), 0, "the guest runs");
	OURS(FAILS(ioctl(vm.fd, KVM_CREATE_VCPU, 1), EBUSY, "KVM_CREATE_VCPU while it runs"));
	check_stores(&agent);
	check_loads(&agent);
	check_immediate_exit(&agent);
	check_signal(&agent);
	check_interrupted(&agent);
	check_wfi(&agent);
	check_strange(&agent);
	check_registers(&agent);
	check_thumb(&agent);
	check_cpu_timer(&agent);
	vm_close(&vm);
	check_low_address(0x10);
	check_low_address(0xff8);
	check_frames(GICD_GPA, 0, ENXIO, "KVM_RUN without an address of the CPU interface");
	check_frames(GICD_GPA, GICD_GPA - 0x1000, EINVAL, "KVM_RUN with overlapping vGIC frames");
}

/* --- PSCI ------------------------------------------------------------------------------------- */
/* As a guest sees PSCI's negative answers */
#define PSCI_NOT_SUPPORTED 0xffffffffffffffffull
#define PSCI_INVALID_PARAMETERS 0xfffffffffffffffeull
#define PSCI_ALREADY_ON 0xfffffffffffffffcull

static uint32_t mp_state(int fd)
{
	struct kvm_mp_state state = { 99 };

	ioctl(fd, KVM_GET_MP_STATE, &state);
	return state.mp_state;
}

static void check_system_event(struct vm *vm, struct agent *agent, uint64_t function, uint32_t type,
			       uint64_t data)
{
	struct kvm_run *run = agent->run;

	IS(agent_do(agent, OP_HVC, function, 0, 0), AGENT_SYSTEM, "system event");
	IS(run->system_event.type, type, "its type");
	IS(run->system_event.ndata, 1, "its data");
	IS(run->system_event.data[0], data, "its flags");
	IS(mp_state(vm->vcpu[0]), KVM_MP_STATE_STOPPED, "vCPU 0 is off");
	IS(mp_state(vm->vcpu[1]), KVM_MP_STATE_STOPPED, "vCPU 1 is off");
	alarm_us(20000);
	IS(agent_run(agent), EINTR, "KVM_RUN does not run the guest");
	OK(vcpu_init(vm->vcpu[0], 1 << KVM_ARM_VCPU_PSCI_0_2), "KVM_ARM_VCPU_INIT");
	IS(mp_state(vm->vcpu[0]), KVM_MP_STATE_RUNNABLE, "vCPU 0 is on");
	agent_start(agent, vm, 0);
	IS(agent_get(agent, OP_NOP, 0, 0, 0), 0, "the guest runs again");
}

struct second {
	struct agent agent;
	pthread_t thread;
	enum agent_event event;
};

static void *second_main(void *arg)
{
	struct second *second = arg;

	second->event = agent_go(&second->agent);
	return NULL;
}

static void check_cpu_on(struct vm *vm, struct agent *agent)
{
	struct second second;

	memset(&second, 0, sizeof(second));
	second.agent =
		(struct agent){ .vm = vm, .vcpu = 1, .run = vm->run[1], .op = OP_SYSREG, .a = 1 };
	IS(agent_get(agent, OP_HVC, PSCI_0_2_FN64_AFFINITY_INFO, 1, 0), 1,
	   "AFFINITY_INFO of vCPU 1: off");
	OK(vcpu_init(vm->vcpu[1], 1 << KVM_ARM_VCPU_PSCI_0_2 | 1 << KVM_ARM_VCPU_POWER_OFF),
	   "vCPU 1 initialised");
	pthread_create(&second.thread, NULL, second_main, &second);
	IS(agent_get(agent, OP_HVC, PSCI_0_2_FN64_CPU_ON, 7, RAM_GPA), PSCI_INVALID_PARAMETERS,
	   "CPU_ON of a CPU that is not there");
	/* Its entry: the second agent, which has no device register set; x0 = context */
	IS(agent_get(agent, OP_HVC, PSCI_0_2_FN64_CPU_ON, 1, RAM_GPA + 0x1000), 0,
	   "CPU_ON of vCPU 1");
	pthread_join(second.thread, NULL);
	IS(second.event, AGENT_DONE, "vCPU 1 runs");
	IS(second.agent.result, 0x80000001, "its MPIDR_EL1");
	IS(mp_state(vm->vcpu[1]), KVM_MP_STATE_RUNNABLE, "its state");
	IS(agent_get(agent, OP_HVC, PSCI_0_2_FN64_CPU_ON, 1, RAM_GPA + 0x1000), PSCI_ALREADY_ON,
	   "CPU_ON again");
	IS(agent_get(agent, OP_HVC, PSCI_0_2_FN64_AFFINITY_INFO, 1, 0), 0,
	   "AFFINITY_INFO of vCPU 1: on");
}

/* movz x20, #0x1000, lsl #16; then the agent */
static const uint32_t trampoline[] = { 0xd2a20014, 0x17fffbff };

/* vCPUs 0 and 5, and none between them. */
static void check_sparse(void)
{
	struct second second = { 0 };
	struct agent agent;
	uint32_t before = 0;
	struct vm vm;

	agent_make(&vm, &agent, 1);
	memcpy(vm.ram + 0x1000, trampoline, sizeof(trampoline));
	vm.vcpu[1] = ioctl(vm.fd, KVM_CREATE_VCPU, 5);
	OK(vm.vcpu[1], "KVM_CREATE_VCPU 5 beside vCPU 0");
	vm.vcpus = 2;
	vm.run[1] = mmap(NULL, vm.run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vm.vcpu[1], 0);
	OK(vcpu_init(vm.vcpu[1], 1 << KVM_ARM_VCPU_PSCI_0_2 | 1 << KVM_ARM_VCPU_POWER_OFF),
	   "it is initialised");
	IS(reg64(vm.vcpu[1], REG_MPIDR), 0x80000005, "its MPIDR_EL1");
	vm_make_gic(&vm, 64);
	OK(get_attr(vm.gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 4, &before), "GICD_TYPER");
	IS(before >> 5 & 7, 1, "its CPUs, less one");
	IS(agent_get(&agent, OP_LOAD32, GICD_GPA + 4, 0, 0), before,
	   "GICD_TYPER as the guest reads it");
	IS(agent_get(&agent, OP_HVC, PSCI_0_2_FN64_CPU_ON, 1, RAM_GPA), PSCI_INVALID_PARAMETERS,
	   "CPU_ON of vCPU 1, which is not there");
	IS(agent_get(&agent, OP_HVC, PSCI_0_2_FN64_AFFINITY_INFO, 1, 0), PSCI_INVALID_PARAMETERS,
	   "AFFINITY_INFO of it");
	second.agent =
		(struct agent){ .vm = &vm, .vcpu = 1, .run = vm.run[1], .op = OP_SYSREG, .a = 1 };
	pthread_create(&second.thread, NULL, second_main, &second);
	IS(agent_get(&agent, OP_HVC, PSCI_0_2_FN64_CPU_ON, 5, RAM_GPA + 0x1000), 0,
	   "CPU_ON of vCPU 5");
	pthread_join(second.thread, NULL);
	IS(second.event, AGENT_DONE, "vCPU 5 runs");
	IS(second.agent.result, 0x80000005, "its MPIDR_EL1 as it reads it");
	vm_close(&vm);
}

void test_psci(void)
{
	struct agent agent;
	struct vm vm;

	agent_make(&vm, &agent, 2);
	memcpy(vm.ram + 0x1000, trampoline, sizeof(trampoline));
	IS(agent_get(&agent, OP_HVC, PSCI_0_2_FN_PSCI_VERSION, 0, 0), 0x10001, "PSCI_VERSION");
	IS(agent_get(&agent, OP_HVC, PSCI_0_2_FN_MIGRATE_INFO_TYPE, 0, 0), 2, "MIGRATE_INFO_TYPE");
	IS(agent_get(&agent, OP_HVC, PSCI_1_0_FN_PSCI_FEATURES, PSCI_0_2_FN64_CPU_ON, 0), 0,
	   "PSCI_FEATURES of CPU_ON");
	IS(agent_get(&agent, OP_HVC, PSCI_1_0_FN_PSCI_FEATURES, 0x8400ffff, 0), PSCI_NOT_SUPPORTED,
	   "PSCI_FEATURES of nothing");
	IS(agent_get(&agent, OP_HVC, 0x8400ffff, 0, 0), PSCI_NOT_SUPPORTED, "an unknown function");
	check_system_event(&vm, &agent, PSCI_0_2_FN_SYSTEM_OFF, KVM_SYSTEM_EVENT_SHUTDOWN, 0);
	check_system_event(&vm, &agent, PSCI_0_2_FN_SYSTEM_RESET, KVM_SYSTEM_EVENT_RESET, 0);
	check_system_event(&vm, &agent, PSCI_1_1_FN64_SYSTEM_RESET2, KVM_SYSTEM_EVENT_RESET, 1);
	check_cpu_on(&vm, &agent);
	vm_close(&vm);
	check_sparse();
}

/* --- eventfds --------------------------------------------------------------------------------- */
static void check_matches(struct vm *vm, struct agent *agent, int e)
{
	OK(ioevent(vm->fd, e, VOID_GPA, 4, KVM_IOEVENTFD_FLAG_DATAMATCH, 3),
	   "4 bytes, datamatch 3");
	tap_ok(agent_do(agent, OP_STORE32, VOID_GPA, 3, 0) == AGENT_DONE,
	       "a store of 3 does not leave");
	IS(eventfd_wait(e, 1000), 1, "it signals");
	tap_ok(agent_do(agent, OP_STORE32, VOID_GPA, 4, 0) == AGENT_MMIO, "a store of 4 leaves");
	agent_go(agent);
	tap_ok(agent_do(agent, OP_STORE16, VOID_GPA, 3, 0) == AGENT_MMIO,
	       "a store of 2 bytes leaves");
	agent_go(agent);
	tap_ok(agent_do(agent, OP_LOAD32, VOID_GPA, 0, 0) == AGENT_MMIO, "a load leaves");
	agent_go(agent);
	IS(eventfd_take(e), 0, "none of them signals");
	OK(ioevent(vm->fd, e, VOID_GPA, 4,
		   KVM_IOEVENTFD_FLAG_DATAMATCH | KVM_IOEVENTFD_FLAG_DEASSIGN, 3),
	   "removed");
	tap_ok(agent_do(agent, OP_STORE32, VOID_GPA, 3, 0) == AGENT_MMIO, "the store leaves now");
	agent_go(agent);
	OK(ioevent(vm->fd, e, VOID_GPA, 0, 0, 0), "any length");
	for (enum agent_op op = OP_STORE32; op <= OP_STORE8; op++)
		tap_ok(agent_do(agent, op, VOID_GPA, 9, 0) == AGENT_DONE,
		       "a store of any length does not leave");
	tap_ok(eventfd_wait(e, 1000) > 0, "they signal");
	OK(ioevent(vm->fd, e, VOID_GPA, 0, KVM_IOEVENTFD_FLAG_DEASSIGN, 0), "removed");
}

static void check_beyond_table(struct vm *vm, struct agent *agent, int e)
{
	int last = eventfd(0, EFD_NONBLOCK), failed = 0;

	for (uint64_t i = 0; i < 299; i++)
		failed += !!ioevent(vm->fd, e, VOID_GPA + i * 8, 4, 0, 0);
	failed += !!ioevent(vm->fd, last, VOID_GPA + 299 * 8, 4, 0, 0);
	IS(failed, 0, "300 ioeventfds: refused");
	tap_ok(agent_do(agent, OP_STORE32, VOID_GPA + 299 * 8, 1, 0) == AGENT_DONE,
	       "the last one's store does not leave");
	IS(eventfd_wait(last, 1000), 1, "it signals");
	tap_ok(agent_do(agent, OP_STORE32, VOID_GPA, 1, 0) == AGENT_DONE,
	       "nor does the first one's");
	IS(eventfd_wait(e, 1000), 1, "it signals");
	close(last);
}

void test_guest_eventfd(void)
{
	int e = eventfd(0, EFD_NONBLOCK);
	struct agent agent;
	struct vm vm;

	agent_make(&vm, &agent, 1);
	agent_get(&agent, OP_NOP, 0, 0, 0);
	check_matches(&vm, &agent, e);
	check_beyond_table(&vm, &agent, e);
	vm_close(&vm);
	close(e);
}

struct changer {
	struct vm *vm;
	int event;
	atomic_bool stop;
	unsigned int refused;
};

static void *changer_main(void *arg)
{
	struct changer *changer = arg;

	while (!atomic_load(&changer->stop)) {
		changer->refused += !!ioevent(changer->vm->fd, changer->event, VOID_GPA, 4, 0, 0);
		changer->refused += !!irqfd(changer->vm->fd, changer->event, 5, 0, 0);
		changer->refused +=
			!!irqfd(changer->vm->fd, changer->event, 5, KVM_IRQFD_FLAG_DEASSIGN, 0);
		changer->refused += !!ioevent(changer->vm->fd, changer->event, VOID_GPA, 4,
					      KVM_IOEVENTFD_FLAG_DEASSIGN, 0);
	}
	return NULL;
}

/* The first run of a VM whose eventfds change all the time */
void test_start(void)
{
	struct changer changer = { .event = eventfd(0, EFD_NONBLOCK) };
	unsigned int wrong = 0;
	struct agent agent;
	pthread_t thread;
	struct vm vm;

	for (int i = 0; i < 20; i++) {
		agent_make(&vm, &agent, 1);
		vm_make_gic(&vm, 64);
		changer.vm = &vm;
		atomic_store(&changer.stop, false);
		pthread_create(&thread, NULL, changer_main, &changer);
		for (int j = 0; j < 5; j++)
			wrong += agent_do(&agent, OP_NOP, 0, 0, 0) != AGENT_DONE;
		atomic_store(&changer.stop, true);
		pthread_join(thread, NULL);
		vm_close(&vm);
	}
	IS(wrong, 0, "20 VMs start while their eventfds come and go");
	IS(changer.refused, 0, "eventfds refused");
	close(changer.event);
}
