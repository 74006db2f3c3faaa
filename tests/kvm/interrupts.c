// SPDX-License-Identifier: BSD-2-Clause
/* Interrupts with a guest behind them: lines, irqfds, the virtual timer, the vGIC's registers of a VM that runs. */
#define _GNU_SOURCE
#include "client.h"

#include <pthread.h>
#include <unistd.h>

#define SPI 40
#define VTIMER 27

static void gicd_write(struct agent *agent, uint32_t offset, uint32_t value)
{
	agent_get(agent, OP_STORE32, GICD_GPA + offset, value, 0);
}

/* The next event is interrupt `intid`; the agent has ended it when it goes on. */
static void expect_irq(struct agent *agent, enum agent_event event, uint32_t intid,
		       const char *what)
{
	tap_ok(event == AGENT_TOOK_IRQ && (agent->result & 0x3ff) == intid,
	       "%s (event %d, 0x%llx, want %u)", what, (int)event,
	       (unsigned long long)agent->result, intid);
}

static void expect_done(struct agent *agent, const char *what)
{
	enum agent_event event = agent_go(agent);

	tap_ok(event == AGENT_DONE, "%s (event %d, error %d, 0x%llx)", what, (int)event,
	       agent->error, (unsigned long long)agent->result);
}

/* Lets the agent go round a few times: AGENT_DONE when nothing happens. */
static enum agent_event wait_irq(struct agent *agent)
{
	enum agent_event event = AGENT_DONE;

	for (unsigned int i = 0; i < 20 && event == AGENT_DONE; i++)
		event = agent_do(agent, OP_NOP, 0, 0, 0);
	return event;
}

static void expect_quiet(struct agent *agent, const char *what)
{
	enum agent_event event = wait_irq(agent);

	tap_ok(event == AGENT_DONE, "%s (event %d, 0x%llx)", what, (int)event,
	       (unsigned long long)agent->result);
}

static void setup_irqs(struct agent *agent)
{
	gicd_write(agent, 0x104, 0xffffffff);
	gicd_write(agent, 0x100, 1u << VTIMER);
	for (uint32_t i = 0; i < 16; i++)
		gicd_write(agent, 0x820 + i * 4, 0x01010101);
	gicd_write(agent, 0x000, 1);
	agent_get(agent, OP_IRQS, GICC_GPA, 0, 0);
}

static void make_irq_guest(struct vm *vm, struct agent *agent)
{
	vm_make(vm, 1);
	vm_make_ram(vm);
	vm_make_gic(vm, 128);
	agent_place(vm);
	agent_start(agent, vm, 0);
	setup_irqs(agent);
}

static void check_level(struct vm *vm, struct agent *agent)
{
	enum agent_event event;

	gicd_write(agent, 0xc08, 0);
	expect_quiet(agent, "no interrupt without a line");
	OK(irq_line(vm->fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI, 1), "level line high");
	expect_irq(agent, wait_irq(agent), SPI, "taken");
	event = agent_go(agent);
	/* at once, or some instructions later */
	if (event == AGENT_DONE)
		event = wait_irq(agent);
	expect_irq(agent, event, SPI, "taken again, as the line is still high");
	OK(irq_line(vm->fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI, 0), "line low");
	expect_done(agent, "the guest goes on");
	expect_quiet(agent, "quiet");
}

static void check_edge(struct vm *vm, struct agent *agent)
{
	gicd_write(agent, 0xc08, 0xaaaaaaaa);
	OK(irq_line(vm->fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI, 1), "edge line high");
	expect_irq(agent, wait_irq(agent), SPI, "taken");
	expect_done(agent, "once");
	expect_quiet(agent, "quiet though the line is high");
	OK(irq_line(vm->fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI, 0), "line low");
	OK(irq_line(vm->fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI, 1), "line high");
	OK(irq_line(vm->fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI, 0), "line low before the guest looks");
	expect_irq(agent, wait_irq(agent), SPI, "taken");
	expect_done(agent, "once");
	expect_quiet(agent, "quiet");
}

static void check_irqfd(struct vm *vm, struct agent *agent)
{
	int e = eventfd(0, EFD_NONBLOCK), early = eventfd(1, EFD_NONBLOCK);

	OK(irqfd(vm->fd, e, SPI - 32, 0, 0), "irqfd");
	eventfd_write(e, 1);
	expect_irq(agent, wait_irq(agent), SPI, "taken");
	expect_done(agent, "once");
	OK(irqfd(vm->fd, early, SPI - 31, 0, 0), "irqfd that is signalled already");
	/* KVM leaves that to a worker. */
	usleep(20000);
	expect_irq(agent, wait_irq(agent), SPI + 1, "taken");
	expect_done(agent, "once");
	OK(irqfd(vm->fd, e, SPI - 32, KVM_IRQFD_FLAG_DEASSIGN, 0), "removed");
	eventfd_write(e, 1);
	expect_quiet(agent, "no interrupt after that");
	close(early);
	close(e);
}

static void check_resample(struct vm *vm, struct agent *agent)
{
	int e = eventfd(0, EFD_NONBLOCK), r = eventfd(0, EFD_NONBLOCK);
	uint32_t intid = SPI + 2;

	gicd_write(agent, 0xc08, 0);
	OK(irqfd(vm->fd, e, intid - 32, KVM_IRQFD_FLAG_RESAMPLE, r), "irqfd with resampling");
	eventfd_write(e, 1);
	expect_irq(agent, wait_irq(agent), intid, "taken");
	IS(eventfd_take(r), 0, "nothing before the guest's EOI");
	expect_done(agent, "the guest goes on");
	IS(eventfd_wait(r, 1000), 1, "resampled after it");
	expect_quiet(agent, "quiet");
	eventfd_write(e, 1);
	expect_irq(agent, wait_irq(agent), intid, "taken again");
	expect_done(agent, "the guest goes on");
	IS(eventfd_wait(r, 1000), 1, "resampled again");
	OK(irqfd(vm->fd, e, intid - 32, KVM_IRQFD_FLAG_DEASSIGN, 0), "removed");
	close(e);
	close(r);
}

static void *signal_later(void *arg)
{
	usleep(100000);
	eventfd_write(*(int *)arg, 1);
	return NULL;
}

/* Interrupts that come while the guest waits; its handler returns behind the WFI. */
static void check_waiting(struct vm *vm, struct agent *agent)
{
	int e = eventfd(0, EFD_NONBLOCK);
	pthread_t thread;
	uint64_t count;

	gicd_write(agent, 0xc08, 0xaaaaaaaa);
	count = agent_get(agent, OP_COUNT, 0, 0, 0);
	agent_get(agent, OP_TIMER, count + 6250000, 1, 0);
	expect_irq(agent, agent_do(agent, OP_WFI, 0, 0, 0), VTIMER, "the virtual timer ends WFI");
	expect_done(agent, "the guest goes on");
	OK(irqfd(vm->fd, e, SPI - 32, 0, 0), "irqfd");
	pthread_create(&thread, NULL, signal_later, &e);
	expect_irq(agent, agent_do(agent, OP_WFI, 0, 0, 0), SPI, "an irqfd ends WFI");
	pthread_join(thread, NULL);
	expect_done(agent, "the guest goes on");
	alarm_us(100000);
	tap_ok(agent_do(agent, OP_WFI, 0, 0, 0) == AGENT_ERRNO, "nothing ends WFI but a signal");
	agent_restart(agent);
	expect_quiet(agent, "quiet");
	close(e);
}

static void check_kept_state(void)
{
	uint32_t value = 1u << (SPI % 32);
	struct agent agent;
	struct vm vm;

	/* All of this before the first run. */
	vm_make(&vm, 1);
	vm_make_ram(&vm);
	vm_make_gic(&vm, 128);
	agent_place(&vm);
	agent_start(&agent, &vm, 0);
	set_attr(vm.gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0x104, &value);
	value = 0x01010101;
	set_attr(vm.gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0x800 + SPI, &value);
	value = 1;
	set_attr(vm.gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0, &value);
	irq_line(vm.fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI, 1);
	IS(agent_get(&agent, OP_LOAD32, GICD_GPA + 4, 0, 0), 3, "GICD_TYPER as the guest reads it");
	IS(agent_get(&agent, OP_LOAD32, GICD_GPA + 0x104, 0, 0), 1u << (SPI % 32),
	   "GICD_ISENABLER1 was kept");
	expect_irq(&agent, agent_do(&agent, OP_IRQS, GICC_GPA, 0, 0), SPI, "and so was the line");
	irq_line(vm.fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI, 0);
	expect_done(&agent, "the guest goes on");
	value = 0;
	OK(get_attr(vm.gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, 0x104, &value),
	   "GICD_ISENABLER1 of a running VM");
	IS(value, 1u << (SPI % 32), "its value");
	vm_close(&vm);
}

static uint32_t dist_get(struct vm *vm, uint32_t offset)
{
	uint32_t value = 0;

	if (get_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, offset, &value))
		tap_ok(false, "distributor register 0x%x can not be read", offset);
	return value;
}

static void dist_set(struct vm *vm, uint32_t offset, uint32_t value)
{
	if (set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, offset, &value))
		tap_ok(false, "distributor register 0x%x can not be written", offset);
}

/* GICD_CTLR off and on is not more than that. */
static void check_ctlr(struct vm *vm, struct agent *agent)
{
	static const uint32_t kept[] = { 0x104, 0x428, 0x828, 0xc08 };
	uint32_t before[4];

	gicd_write(agent, 0xc08, 0xaaaaaaaa);
	gicd_write(agent, 0x428, 0xa0a0a0a0);
	for (unsigned int i = 0; i < 4; i++)
		before[i] = dist_get(vm, kept[i]);
	dist_set(vm, 0, 0);
	irq_line(vm->fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI, 1);
	irq_line(vm->fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI, 0);
	IS(dist_get(vm, 0), 0, "GICD_CTLR written by the process");
	for (unsigned int i = 0; i < 4; i++)
		tap_ok(dist_get(vm, kept[i]) == before[i],
		       "distributor register 0x%x is what it was: 0x%x (want 0x%x)", kept[i],
		       dist_get(vm, kept[i]), before[i]);
	expect_quiet(agent, "no interrupt while the distributor is off");
	dist_set(vm, 0, 1);
	expect_irq(agent, wait_irq(agent), SPI, "taken when it is on again");
	expect_done(agent, "the guest goes on");
}

/* What QEMU writes when its machine is reset, in this order. */
static void reset_gic(struct vm *vm)
{
	static const uint32_t ones[] = { 0x180, 0x280, 0x380 };
	uint32_t value;

	dist_set(vm, 0, 0);
	for (uint32_t i = 0; i < 4; i++) {
		for (unsigned int j = 0; j < 3; j++)
			dist_set(vm, ones[j] + i * 4, ~0u);
	}
	for (uint32_t i = 0; i < 32; i++) {
		dist_set(vm, 0x400 + i * 4, 0);
		dist_set(vm, 0x800 + i * 4, 0);
	}
	for (uint32_t i = 0; i < 8; i++)
		dist_set(vm, 0xc00 + i * 4, 0);
	for (uint32_t i = 0; i < 4; i++)
		dist_set(vm, 0xf10 + i * 4, ~0u);
	for (uint32_t offset = 0; offset < 0x10; offset += 4) {
		value = 0;
		if (offset != 0xc)
			set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, offset, &value);
	}
}

/* The machine is reset while the guest is in the handler of `intid`. */
static void check_reset(struct vm *vm, struct agent *agent)
{
	gicd_write(agent, 0xc08, 0xaaaaaaaa);
	irq_line(vm->fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI, 1);
	expect_irq(agent, wait_irq(agent), SPI, "taken, and not ended");
	irq_line(vm->fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI, 0);
	irq_line(vm->fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI + 1, 1);
	irq_line(vm->fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI + 1, 0);
	OK(vcpu_init(vm->vcpu[0], 1 << KVM_ARM_VCPU_PSCI_0_2), "KVM_ARM_VCPU_INIT");
	reset_gic(vm);
	IS(dist_get(vm, 0x104) | dist_get(vm, 0x204) | dist_get(vm, 0x304), 0,
	   "nothing is enabled, pending or active");
	agent_start(agent, vm, 0);
	setup_irqs(agent);
	expect_quiet(agent, "the new guest is quiet");
	gicd_write(agent, 0xc08, 0xaaaaaaaa);
	irq_line(vm->fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI, 1);
	irq_line(vm->fd, KVM_ARM_IRQ_TYPE_SPI, 0, SPI, 0);
	expect_irq(agent, wait_irq(agent), SPI, "and takes the next interrupt");
	expect_done(agent, "the guest goes on");
}

void test_guest_irq(void)
{
	struct agent agent;
	struct vm vm;

	make_irq_guest(&vm, &agent);
	check_level(&vm, &agent);
	check_edge(&vm, &agent);
	check_irqfd(&vm, &agent);
	check_resample(&vm, &agent);
	check_waiting(&vm, &agent);
	check_ctlr(&vm, &agent);
	check_reset(&vm, &agent);
	vm_close(&vm);
	check_kept_state();
}
