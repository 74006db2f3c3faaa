// SPDX-License-Identifier: BSD-2-Clause
/*
 * The VMM's side of wire/uvm.h, with this test as the module: slots, kicks, rings and events, interrupts, ioeventfd,
 * VM requests, and a module that writes nonsense.
 */
#include <string.h>

#include "arch/esr.h"
#include "arch/psci.h"
#include "arch/pstate.h"
#include "tests/unit/vmm_fake.h"
#include "vmm/faultmsg.h"

#define ESR_STORE(sas, srt)                                                                  \
	(FIELD_PREP(ESR_EC, EC_DABT_LOWER) | ESR_IL | ISS_ISV | FIELD_PREP(ISS_SAS, (sas)) | \
	 FIELD_PREP(ISS_SRT, (srt)) | ISS_WNR | FSC_TRANSLATION | 3)
#define ESR_LOAD(sas, srt) (ESR_STORE(sas, srt) & ~ISS_WNR)
#define ESR_WFI (FIELD_PREP(ESR_EC, EC_WFX) | ESR_IL)

static struct vm *vm;
static struct uvm_vm *shared;

static struct uvm_vcpu *slot(unsigned n)
{
	return (struct uvm_vcpu *)(fake_region + UVM_OFF_VCPU(n));
}

static void start(unsigned vcpus)
{
	vm = fake_vm(VMM_ROLE_USER, vcpus, 4);
	shared = (struct uvm_vm *)(fake_region + UVM_OFF_VM);
	vgic_dist_write(&vm->vgic, 0, GICD_CTLR, 4, 1);
}

/* The module's side of the rings. */
static void ring(uint32_t bits)
{
	if (!__atomic_fetch_or(&shared->ring, bits, __ATOMIC_RELEASE))
		fake_event(vm, VMM_EVENT_DOORBELL);
}

static uint32_t events(void)
{
	return __atomic_exchange_n(&shared->event, 0, __ATOMIC_ACQUIRE);
}

/* Events that come once the guest has gone on for a while; none before. */
static uint32_t late_events(void)
{
	if (shared->event || vm->ring_deadline != vm->rt->deadline)
		return ~0u;
	fake.count = vm->ring_deadline - 1;
	fake_event(vm, VMM_EVENT_TIMER);
	if (shared->event)
		return ~0u;
	fake.count++;
	fake_event(vm, VMM_EVENT_TIMER);
	return vm->ring_deadline == VMM_NO_DEADLINE ? events() : ~0u;
}

static void request(unsigned n, uint32_t what, uint32_t resume)
{
	slot(n)->kick = 0;
	slot(n)->thread = UVM_THREAD_AWAKE;
	slot(n)->request = what;
	slot(n)->resume = resume;
	__atomic_store_n(&slot(n)->owner, UVM_OWNER_VMM, __ATOMIC_RELEASE);
	ring(UVM_RING_VCPU(n));
}

static bool mine(unsigned n)
{
	return __atomic_load_n(&slot(n)->owner, __ATOMIC_ACQUIRE) == UVM_OWNER_MODULE;
}

static void boot(unsigned n, uint64_t pc)
{
	memset(&slot(n)->regs, 0, sizeof(slot(n)->regs));
	slot(n)->regs.pc = pc;
	slot(n)->regs.pstate = PSTATE_RESET;
	request(n, UVM_REQ_RESET, UVM_POWER_ON);
	events();
}

static void test_run_and_mmio(void)
{
	uint64_t *w = fake.cpu[0].regs;
	unsigned bells;

	start(1);
	ok(mine(0) && slot(0)->power == UVM_POWER_OFF && !fake.cpu[0].resumed,
	   "off and the module's");
	slot(0)->regs.x[3] = 33;
	slot(0)->regs.pc = 0x1000;
	slot(0)->regs.pstate = PSTATE_RESET;
	slot(0)->regs.sys[UVM_SYS_VBAR] = 0x80000;
	slot(0)->regs.sys[UVM_SYS_VMPIDR] = 0x1234;
	request(0, UVM_REQ_RESET, UVM_POWER_ON);
	ok(mine(0) && slot(0)->exit == UVM_EXIT_NONE && slot(0)->power == UVM_POWER_ON &&
		   events() == UVM_EVENT_VCPU(0) && w[decode_reg_index(3)] == 33 &&
		   fake.cpu[0].sys[UVM_SYS_VBAR] == 0x80000 &&
		   fake.cpu[0].sys[UVM_SYS_VMPIDR] == 0x80000000,
	   "RESET takes registers and power, VMPIDR stays");
	ok(!fake.cpu[0].resumed, "and does not run");
	request(0, UVM_REQ_RUN, UVM_RESUME_RETRY);
	ok(!mine(0) && fake.cpu[0].resumed && !events(), "RUN");
	bells = fake.doorbells;
	w[decode_reg_index(3)] = 0xffffffff12345678;
	fake_fault(vm, 0, FAULT_VM, 0x1000, 0x09000000, 0, ESR_STORE(1, 3u));
	ok(mine(0) && slot(0)->exit == UVM_EXIT_ABORT && slot(0)->addr == 0x09000000 &&
		   slot(0)->len == 2 && slot(0)->data == 0x5678 &&
		   slot(0)->access == (UVM_ACCESS_VALID | UVM_ACCESS_WRITE) &&
		   slot(0)->esr == ESR_STORE(1, 3u),
	   "store to user space");
	ok(fake.doorbells == bells + 1 && vm->vcpu[0].thread == VCPU_HELD && w[0] == 0x1000,
	   "one doorbell, the vCPU stands at the store");
	request(0, UVM_REQ_RUN, UVM_RESUME_MMIO);
	ok(fake.doorbells == bells + 1 && w[0] == 0x1004 && vm->vcpu[0].thread == VCPU_RUNNING,
	   "done, on behind it");
	events();
	fake_fault(vm, 0, FAULT_VM, 0x1004, 0x09000018, 0, ESR_LOAD(2, 20u));
	ok(slot(0)->access == UVM_ACCESS_VALID && slot(0)->len == 4 && slot(0)->data == 0, "load");
	slot(0)->data = 0xaaaaaaaabbbbbbbb;
	request(0, UVM_REQ_RUN, UVM_RESUME_MMIO);
	ok(w[decode_reg_index(20)] == 0xbbbbbbbb && w[0] == 0x1008, "its value");
	fake_fault(vm, 0, FAULT_VM, 0x1008, 0x09000018, 0, ESR_LOAD(2, 20u));
	request(0, UVM_REQ_RUN, UVM_RESUME_RETRY);
	ok(w[0] == 0x1008 && vm->vcpu[0].thread == VCPU_RUNNING,
	   "or tried again: a page is there now");
	fake_fault(vm, 0, FAULT_VM, 0x1008, 0x09000018, 0, ESR_LOAD(2, 20u));
	request(0, UVM_REQ_RUN, UVM_RESUME_ABORT);
	ok(w[0] == 0x80000 + VECTOR_SAME_SPX && fake.cpu[0].sys[UVM_SYS_ELR_EL1] == 0x1008,
	   "or an external abort");
	fake_fault(vm, 0, FAULT_VM, 0x1008, 0x3c4, 0, 0x92000087);
	ok(slot(0)->access == UVM_ACCESS_WALK, "a table walk");
	request(0, UVM_REQ_RUN, UVM_RESUME_RETRY);
	fake_fault(vm, 0, FAULT_VM, 0x1008, 0x40000000, 1, 0x8200000f);
	ok(slot(0)->access == (UVM_ACCESS_FETCH | UVM_ACCESS_PERM), "a fetch, no permission");
	request(0, UVM_REQ_RUN, UVM_RESUME_RETRY);
	fake_fault(vm, 0, FAULT_VM, 0x1008, 0x09000000, 0, ESR_LOAD(2, 20u));
	request(0, UVM_REQ_GET_REGS, 0);
	ok(slot(0)->regs.pc == w[0] && mine(0),
	   "registers can be read between an exit and its end");
	slot(0)->regs.pc = 0x2000;
	request(0, UVM_REQ_SET_REGS, 0);
	request(0, UVM_REQ_RUN, UVM_RESUME_MMIO);
	ok(w[0] == 0x2004, "and written");
}

static void test_kick(void)
{
	uint64_t *w = fake.cpu[0].regs;

	start(1);
	boot(0, 0x1000);
	request(0, UVM_REQ_RUN, 0);
	slot(0)->kick = 1;
	ring(UVM_RING_VCPU(0));
	ok(mine(0) && slot(0)->exit == UVM_EXIT_INTR && vm->vcpu[0].thread == VCPU_STOPPED &&
		   fake.cpu[0].suspended,
	   "kick stops a running vCPU");
	request(0, UVM_REQ_RUN, 0);
	ok(fake.cpu[0].resumed && !mine(0), "it goes on");
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	ok(!mine(0) && vm->vcpu[0].thread == VCPU_HELD, "it waits");
	slot(0)->kick = 1;
	ring(UVM_RING_VCPU(0));
	ok(mine(0) && slot(0)->exit == UVM_EXIT_INTR && w[0] == 0x1000 && !vm->vcpu[0].wfi,
	   "kick ends a wait");
	request(0, UVM_REQ_RUN, 0);
	ok(vm->vcpu[0].thread == VCPU_RUNNING && w[0] == 0x1000, "the WFI is executed again");

	/* An exit that was first counts; the late kick does not touch the next run. */
	fake_fault(vm, 0, FAULT_VM, 0x1000, 0x09000000, 0, ESR_STORE(2, 1u));
	slot(0)->kick = 1;
	ring(UVM_RING_VCPU(0));
	ok(mine(0) && slot(0)->exit == UVM_EXIT_ABORT, "an exit before the kick counts");
	request(0, UVM_REQ_RUN, UVM_RESUME_MMIO);
	ok(!mine(0) && w[0] == 0x1004, "the next run is not hit by it");

	/* Request and kick in one ring. */
	fake_fault(vm, 0, FAULT_VM, 0x1004, 0x09000000, 0, ESR_STORE(2, 1u));
	shared->ring = UVM_RING_VCPU(0);
	slot(0)->request = UVM_REQ_RUN;
	slot(0)->resume = UVM_RESUME_MMIO;
	slot(0)->owner = UVM_OWNER_VMM;
	slot(0)->kick = 1;
	fake_event(vm, VMM_EVENT_DOORBELL);
	ok(mine(0) && slot(0)->exit == UVM_EXIT_INTR && w[0] == 0x1008,
	   "kicked before it ran: the access is completed, nothing executed");

	/* The abort was queued when the kick came: it is handled first and replaces the INTR. */
	request(0, UVM_REQ_RUN, 0);
	slot(0)->kick = 1;
	shared->ring = UVM_RING_VCPU(0);
	struct hw_msg bell = { VMM_EVENT_DOORBELL, 0, { 0 }, NULL };
	struct hw_msg fault = {
		VMM_BADGE_FAULT, FAULT_VM, { 0x1008, 0x09000000, 0, ESR_STORE(2, 1u) }, NULL
	};

	vmm_message(vm, &bell, 0);
	vmm_settle(vm);
	ok(vm->stop_wanted && !mine(0), "a running thread has to stand still first");
	vmm_message(vm, &fault, 0);
	fake_loop(vm);
	ok(mine(0) && slot(0)->exit == UVM_EXIT_ABORT && vm->vcpu[0].thread == VCPU_HELD,
	   "an exit that races with the kick is not lost");
	request(0, UVM_REQ_RUN, UVM_RESUME_MMIO);
	fake_hvc(vm, 0, PSCI_CPU_SUSPEND, 0, 0, 0);
	slot(0)->kick = 1;
	ring(UVM_RING_VCPU(0));
	request(0, UVM_REQ_GET_REGS, 0);
	ok(slot(0)->regs.pc == 0x1010 && slot(0)->regs.x[0] == 0,
	   "registers of a vCPU taken out of CPU_SUSPEND are behind the call");
	request(0, UVM_REQ_RUN, 0);
	ok(vm->vcpu[0].thread == VCPU_RUNNING && w[0] == 0x1010, "where it goes on");
}

static void test_power(void)
{
	uint64_t *w1 = fake.cpu[1].regs;

	start(2);
	boot(0, 0x1000);
	request(0, UVM_REQ_RUN, 0);
	request(1, UVM_REQ_RUN, 0);
	ok(!mine(1) && !fake.cpu[1].resumed, "RUN of a vCPU that is off waits");
	fake_hvc(vm, 0, PSCI_CPU_ON | PSCI_SMC64, 1, 0x5000, 7);
	ok(fake.cpu[1].resumed && w1[0] == 0x5000 && w1[HW_REG_X0] == 7 &&
		   slot(1)->power == UVM_POWER_ON,
	   "until CPU_ON");
	fake_hvc(vm, 1, PSCI_CPU_OFF, 0, 0, 0);
	ok(!mine(1) && slot(1)->power == UVM_POWER_OFF, "CPU_OFF goes on waiting");
	slot(1)->kick = 1;
	ring(UVM_RING_VCPU(1));
	ok(mine(1) && slot(1)->exit == UVM_EXIT_INTR, "kick takes it back");
	fake_hvc(vm, 0, PSCI_CPU_ON | PSCI_SMC64, 1, 0x6000, 8);
	ok(mine(1) && w1[0] != 0x6000 && slot(1)->power == UVM_POWER_ON,
	   "CPU_ON of a vCPU the module has: registers are left alone");
	fake_hvc(vm, 0, PSCI_CPU_ON | PSCI_SMC64, 1, 0x6000, 8);
	ok((int64_t)fake.cpu[0].regs[HW_REG_X0] == PSCI_ON_PENDING, "pending");
	request(1, UVM_REQ_GET_REGS, 0);
	ok(slot(1)->regs.pc == 0x6000 && slot(1)->regs.x[0] == 8, "but GET_REGS tells");
	request(1, UVM_REQ_RUN, 0);
	ok(vm->vcpu[1].thread == VCPU_RUNNING && w1[0] == 0x6000, "and RUN starts there");

	fake_hvc(vm, 0, PSCI_SYSTEM_RESET, 0, 0, 0);
	ok(mine(0) && !mine(1) && slot(0)->exit == UVM_EXIT_SYSTEM, "system event");
	request(0, UVM_REQ_RUN, 0);
	ok(!mine(0) && vm->vcpu[0].thread == VCPU_HELD, "a run after it does not run the guest");
	slot(0)->kick = slot(1)->kick = 1;
	ring(UVM_RING_VCPU(0) | UVM_RING_VCPU(1));
	ok(mine(0) && mine(1) && slot(0)->exit == UVM_EXIT_INTR, "kicks end both");
	boot(0, 0x1000);
	request(0, UVM_REQ_RUN, 0);
	ok(vm->vcpu[0].thread == VCPU_RUNNING && fake.cpu[0].regs[0] == 0x1000,
	   "reset boots in place");
}

static void latch(unsigned intid, bool level)
{
	shared->irq_latch[intid / 32] |= 1u << intid % 32;
	if (level)
		shared->irq_level[intid / 32] |= 1u << intid % 32;
	ring(UVM_RING_IRQ);
}

static void lower(unsigned intid)
{
	shared->irq_level[intid / 32] &= ~(1u << intid % 32);
	ring(UVM_RING_IRQ);
}

static unsigned take(void)
{
	unsigned intid = fake_ack(0);

	if (intid != GIC_SPURIOUS) {
		for (unsigned i = 0; i < fake.lrs; i++) {
			if (fake.cpu[0].lr[i].state == LR_ACTIVE &&
			    fake.cpu[0].lr[i].intid == intid) {
				fake.cpu[0].depth--;
				fake.cpu[0].lr[i].state = LR_INVALID;
				fake_fault(vm, 0, FAULT_MAINTENANCE, i, 0, 0, 0);
			}
		}
	}
	return intid;
}

static void test_interrupts(void)
{
	start(1);
	boot(0, 0x1000);
	vgic_dist_write(&vm->vgic, 0, GICD_ISENABLER + 4, 4, ~0u);
	vgic_dist_write(&vm->vgic, 0, GICD_ICFGR + 8, 4,
			2u << 2 * 8); /* 40 is an edge, 41 a level */
	latch(41, true);
	ok(!fake_irq_pending(0), "a vCPU that does not run is not touched");
	request(0, UVM_REQ_RUN, 0);
	ok(fake_irq_pending(0), "but has it when it runs");
	ok(take() == 41 && take() == 41, "a level comes until it is lowered");
	lower(41);
	ok(take() == 41 && take() == GIC_SPURIOUS, "the one in flight is the last");
	latch(41, true);
	lower(41);
	ok(take() == 41 && take() == GIC_SPURIOUS, "level and latch are one interrupt");
	latch(41, false);
	ok(take() == 41 && take() == GIC_SPURIOUS, "a latch alone on a level is one");
	latch(40, true);
	ok(take() == 40 && take() == GIC_SPURIOUS, "an edge is one however long the line is high");
	latch(40, true);
	ok(take() == 40, "each latch is one");
	lower(40);
	ok(take() == GIC_SPURIOUS, "a falling edge is none");
	latch(40, true);
	take();
	shared->irq_level[1] = 0;
	latch(40, true);
	ok(take() == 40 && take() == GIC_SPURIOUS, "nor need it be told");
	ok(shared->irq_edge[1] == 1u << 8, "the module knows which are edges");
	vgic_dist_write(&vm->vgic, 0, GICD_ICFGR + 8, 4, 0);
	latch(40, true);
	ok(!shared->irq_edge[1] && take() == 40, "and when one becomes a level");
	lower(40);
	take();
	vgic_dist_write(&vm->vgic, 0, GICD_ICFGR + 8, 4, 2u << 2 * 8);
	shared->ppi_level[0] = 1u << 23 | 1u << PPI_VTIMER | 0xffff;
	vgic_dist_write(&vm->vgic, 0, GICD_ISENABLER, 4, ~0u);
	ring(UVM_RING_IRQ);
	ok(take() == 23, "a PPI");
	shared->ppi_level[0] = 0;
	ring(UVM_RING_IRQ);
	take();
	ok(take() == GIC_SPURIOUS, "neither SGIs nor the timer are the module's to raise");

	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	if (vm->vcpu[0].thread == VCPU_RUNNING)
		fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	ok(vm->vcpu[0].thread == VCPU_HELD, "waits");
	latch(40, false);
	ok(vm->vcpu[0].thread == VCPU_RUNNING && take() == 40, "an irqfd wakes it");

	shared->irq_resample[1] = 1u << 9;
	events();
	latch(41, false);
	ok(!shared->irq_eoi[1], "not before EOI");
	ok(take() == 41 && shared->irq_eoi[1] == 1u << 9 && late_events() == UVM_EVENT_EOI,
	   "resample at EOI");
	shared->irq_eoi[1] = 0;
	latch(40, false);
	ok(take() == 40 && !shared->irq_eoi[1] && !events(), "only what is asked for");
}

static void set_ioevent(unsigned i, uint64_t addr, uint32_t len, uint32_t flags, uint64_t data)
{
	struct uvm_ioevent *e = (struct uvm_ioevent *)(fake_region + UVM_OFF_IOEVENT) + i;

	shared->ioevent_generation++;
	*e = (struct uvm_ioevent){ addr, data, len, flags, 0 };
	shared->ioevent_generation++;
	ring(UVM_RING_IOEVENT);
	events();
}

/* A store by the guest: the index that fired, -1 for an exit to the module. */
static int store(uint64_t addr, unsigned sas, uint64_t value)
{
	uint64_t *w = fake.cpu[0].regs;
	int hit = -1;

	w[0] = 0x1000;
	w[decode_reg_index(2)] = value;
	fake_fault(vm, 0, FAULT_VM, 0x1000, addr, 0, ESR_STORE(sas, 2u));
	for (int i = 0; i < (int)UVM_IOEVENTS; i++) {
		if (shared->ioevent_fired[i / 32] & (1u << i % 32))
			hit = i;
	}
	memset(shared->ioevent_fired, 0, sizeof(shared->ioevent_fired));
	if (hit >= 0 && (mine(0) || w[0] != 0x1004 || late_events() != UVM_EVENT_IOEVENT))
		return -2;
	if (mine(0)) {
		events();
		request(0, UVM_REQ_RUN, UVM_RESUME_MMIO);
	}
	return hit;
}

static void test_ioevent(void)
{
	unsigned bells;

	start(1);
	boot(0, 0x1000);
	request(0, UVM_REQ_RUN, 0);
	ok(store(0x0a000050, 2, 0) == -1, "empty table");
	set_ioevent(3, 0x0a000050, 4, UVM_IOEVENT_VALID | UVM_IOEVENT_DATAMATCH, 1);
	set_ioevent(7, 0x0a000050, 4, UVM_IOEVENT_VALID | UVM_IOEVENT_DATAMATCH,
		    0xffffffff00000002);
	set_ioevent(255, 0x10003000, 0, UVM_IOEVENT_VALID, 0);
	set_ioevent(64, 0x10003004, 2, UVM_IOEVENT_VALID, 0);
	ok(shared->ioevent_seen == shared->ioevent_generation && shared->ioevent_seen == 8, "seen");
	ok(store(0x0a000050, 2, 1) == 3 && store(0x0a000050, 2, 0xabcd00000002) == 7,
	   "data decides");
	ok(store(0x0a000050, 2, 3) == -1 && store(0x0a000050, 1, 1) == -1 &&
		   store(0x0a000054, 2, 1) == -1,
	   "other data, size or address go to user space");
	ok(store(0x10003000, 0, 9) == 255 && store(0x10003000, 3, 9) == 255, "any size");
	ok(store(0x10003004, 1, 9) == 64 && store(0x10003004, 2, 9) == -1, "a size");
	fake_fault(vm, 0, FAULT_VM, 0x1000, 0x10003000, 0, ESR_LOAD(2, 2u));
	ok(mine(0) && slot(0)->exit == UVM_EXIT_ABORT, "a load never matches");
	request(0, UVM_REQ_RUN, UVM_RESUME_MMIO);
	events();
	bells = fake.doorbells;
	for (unsigned i = 0; i < 10; i++)
		fake_fault(vm, 0, FAULT_VM, 0x1000, 0x10003000, 0, ESR_STORE(2, 2u));
	ok(fake.doorbells == bells && late_events() == UVM_EVENT_IOEVENT &&
		   fake.doorbells == bells + 1,
	   "ten kicks of a guest that goes on ring once, later");
	fake_fault(vm, 0, FAULT_VM, 0x1000, 0x10003000, 0, ESR_STORE(2, 2u));
	fake_fault(vm, 0, FAULT_VM, 0x1000, 0x10003000, 0, ESR_LOAD(2, 2u));
	ok(events() == (UVM_EVENT_IOEVENT | UVM_EVENT_VCPU(0)) && fake.doorbells == bells + 2 &&
		   vm->ring_deadline == VMM_NO_DEADLINE,
	   "or with what can not wait");
	request(0, UVM_REQ_RUN, UVM_RESUME_MMIO);
	fake_fault(vm, 0, FAULT_VM, 0x1000, 0x10003000, 0, ESR_STORE(2, 2u));
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	ok(events() == UVM_EVENT_IOEVENT && fake.doorbells == bells + 3 && vm->vcpu[0].wfi,
	   "or when the guest waits");
	slot(0)->kick = 1;
	ring(UVM_RING_VCPU(0));
	events();
	request(0, UVM_REQ_RUN, UVM_RESUME_RETRY);
	memset(shared->ioevent_fired, 0, sizeof(shared->ioevent_fired));
	set_ioevent(255, 0, 0, 0, 0);
	ok(store(0x10003000, 2, 9) == -1, "unregistered");
	shared->ioevent_generation++;
	((struct uvm_ioevent *)(fake_region + UVM_OFF_IOEVENT))[3].addr = 0x999;
	ring(UVM_RING_IOEVENT);
	ok(shared->ioevent_seen != shared->ioevent_generation && store(0x0a000050, 2, 1) == 3,
	   "a table being edited is not taken");
	for (unsigned i = 0; i < 40; i++)
		set_ioevent(i, 0x999, i, i, i);
	for (unsigned i = 0; i < UVM_IOEVENTS; i++)
		set_ioevent(i, 0x20000000 + 4 * i, 4, UVM_IOEVENT_VALID, 0);
	shared->ioevent_generation++;
	ring(UVM_RING_IOEVENT);
	events();
	unsigned hits = 0;

	for (unsigned i = 0; i < UVM_IOEVENTS; i++)
		hits += store(0x20000000 + 4 * i, 2, 0) == (int)i;
	ok(hits == UVM_IOEVENTS, "a full table");
}

static enum wire_status vmreq(uint32_t op, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t *a3)
{
	shared->vmreq = (struct uvm_vmreq){ 1, op, 99, 0, { a0, a1, a2, *a3 } };
	events();
	ring(UVM_RING_VMREQ);
	if (shared->vmreq.pending || !(events() & UVM_EVENT_VMREQ))
		return 98;
	*a3 = shared->vmreq.arg[3];
	return shared->vmreq.status;
}

static void test_vmreq(void)
{
	uint64_t v = 0;

	start(2);
	ok(vmreq(UVM_VMREQ_GIC_GET, 1, 0, GICD_TYPER, &v) == WIRE_OK && v == (8 | 1 << 5),
	   "GIC_GET");
	v = 0x1f;
	ok(vmreq(UVM_VMREQ_GIC_SET, 2, 1, GICC_PMR, &v) == WIRE_OK &&
		   vm->vgic.cpu[1].gicc_pmr == 0x1f,
	   "GIC_SET");
	ok(vmreq(UVM_VMREQ_GIC_GET, 1, 2, 0, &v) == WIRE_EINVAL &&
		   vmreq(UVM_VMREQ_GIC_GET, 1, 0, 0xffc, &v) == WIRE_ENOENT &&
		   vmreq(77, 0, 0, 0, &v) == WIRE_ENOSYS,
	   "refusals");
	ok(vmreq(UVM_VMREQ_SET_COUNT, 1000, 0, 0, &v) == WIRE_OK &&
		   fake.cpu[0].sys[UVM_SYS_CNTVOFF] == fake.count - 1000 &&
		   fake.cpu[1].sys[UVM_SYS_CNTVOFF] == fake.count - 1000,
	   "SET_COUNT");
	boot(0, 0x1000);
	request(0, UVM_REQ_RUN, 0);
	ok(vmreq(UVM_VMREQ_SET_COUNT, 1000, 0, 0, &v) == WIRE_EBUSY, "not while a vCPU runs");
	vm = fake_vm(VMM_ROLE_USER, 1, 4);
	vm->vgic.present = false;
	vm->gicd = UINT64_MAX;
	ok(vmreq(UVM_VMREQ_GIC_GET, 1, 0, 0, &v) == WIRE_EINVAL, "a VM without GIC");
	latch(40, true);
	boot(0, 0x1000);
	request(0, UVM_REQ_RUN, 0);
	fake_fault(vm, 0, FAULT_VM, 0x1000, 0x08000000, 0, ESR_STORE(2, 1u));
	ok(mine(0) && slot(0)->addr == 0x08000000, "sees its accesses in user space");
}

/* A system reset in the middle of an interrupt, all ways round. */
static void test_reset_in_place(void)
{
	uint64_t v = 0;

	for (unsigned renew = 0; renew < 2; renew++) {
		start(1);
		fake.renew_offered = renew;
		boot(0, 0x1000);
		request(0, UVM_REQ_RUN, 0);
		vgic_dist_write(&vm->vgic, 0, GICD_ISENABLER, 4, 1u << PPI_VTIMER);
		fake_fault(vm, 0, FAULT_VPPI, PPI_VTIMER, 0, 0, 0);
		ok(fake_ack(0) == PPI_VTIMER, "in the timer's handler");
		fake.cpu[0].sys[UVM_SYS_CNTVOFF] = 4321;
		fake_hvc(vm, 0, PSCI_SYSTEM_RESET, 0, 0, 0);
		v = 0;
		vmreq(UVM_VMREQ_GIC_SET, 1, 0, GICD_CTLR, &v);
		ok(!fake.cpu[0].renewals, "GICD_CTLR is a register");
		slot(0)->regs.sys[UVM_SYS_CNTVOFF] = 4321;
		request(0, UVM_REQ_RESET, UVM_POWER_OFF | UVM_RESET_CORE);
		events();
		ok(fake.cpu[0].renewals == renew && fake.cpu[0].sys[UVM_SYS_CNTVOFF] == 4321,
		   "VCPU object %s, registers survive", renew ? "renewed" : "kept");
		ok(!vm->vcpu[0].on, "off");
		slot(0)->regs.sys[UVM_SYS_CNTVOFF] = 4321;
		boot(0, 0x2000);
		ok(fake.cpu[0].renewals == renew, "no other reset renews it");
		request(0, UVM_REQ_RUN, 0);
		ok(fake.cpu[0].regs[0] == 0x2000 && fake.cpu[0].regs[HW_REG_SPSR] == PSTATE_RESET &&
			   vm->vcpu[0].thread == VCPU_RUNNING,
		   "boots");
		fake.cpu[0].depth = 0;
		v = 1;
		vmreq(UVM_VMREQ_GIC_SET, 1, 0, GICD_CTLR, &v);
		vgic_dist_write(&vm->vgic, 0, GICD_ISENABLER, 4, 1u << PPI_VTIMER);
		ok(!fake_irq_pending(0), "no timer interrupt of the past");
		fake_fault(vm, 0, FAULT_VPPI, PPI_VTIMER, 0, 0, 0);
		ok(take() == PPI_VTIMER && fake.cpu[0].vppi_acks, "the new guest's timer works");
	}
}

static uint32_t rng = 12345;

static uint32_t rnd(void)
{
	rng = rng * 1664525u + 1013904223u;
	return rng >> 8;
}

/* Each exit is of one kind; the time in WFI is neither lost nor counted twice, whatever ends it. */
static void test_statistics(void)
{
	struct uvm_vcpu_stats *s = &slot(0)->stats;
	uint64_t now;

	start(1);
	boot(0, 0x1000);
	shared->stats = (struct uvm_vm_stats){ 0 };
	request(0, UVM_REQ_RUN, 0);
	ok(shared->stats.doorbells_taken == 1 && !shared->stats.doorbells_rung,
	   "one ring, nothing back");
	fake_hvc(vm, 0, PSCI_VERSION, 0, 0, 0);
	fake_fault(vm, 0, FAULT_CAP, 0, 0, 0, 0);
	fake_fault(vm, 0, FAULT_VPPI, PPI_VTIMER, 0, 0, 0);
	fake_fault(vm, 0, FAULT_MAINTENANCE, 0, 0, 0, 0);
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI | 1, 0, 0, 0);
	fake_fault(vm, 0, FAULT_VCPU, FIELD_PREP(ESR_EC, 0x18u), 0, 0, 0);
	fake_fault(vm, 0, FAULT_EXCEPTION, 0, 0, 0, 0);
	fake_fault(vm, 0, FAULT_VM, 0x1000, 0x08000000, 0, ESR_LOAD(2, 1u));
	fake_fault(vm, 0, FAULT_VM, 0x1000, 0x08000000, 0, ESR_LOAD(2, 1u) & ~ISS_ISV);
	ok(s->hypercall == 2 && s->vtimer == 1 && s->maintenance == 1 && s->wfe == 1 &&
		   s->other == 2 && s->gic == 2 && s->guest_error == 4,
	   "kinds");
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	now = fake.count;
	ok(s->wfi == 1 && s->halt == -now, "a wait has begun");
	fake.count += 1000;
	fake_event(vm, VMM_EVENT_TIMER);
	ok(s->halt == -now, "the timer of somebody else");
	fake.count += 234;
	slot(0)->kick = 1;
	ring(UVM_RING_VCPU(0));
	ok(mine(0) && s->halt == 1234, "it ends with a kick");
	ok(shared->stats.doorbells_taken == 2 && shared->stats.doorbells_rung == 1,
	   "which comes back with an event");
	request(0, UVM_REQ_RUN, 0);
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	fake.count += 100;
	shared->irq_latch[1] = 1;
	vgic_dist_write(&vm->vgic, 0, GICD_ISENABLER + 4, 4, 1);
	vgic_dist_write(&vm->vgic, 0, GICD_ITARGETSR + 32, 4, 1);
	ring(UVM_RING_IRQ);
	ok(!vm->vcpu[0].wfi && s->halt == 1334 && s->injected == 1, "or an interrupt");
	fake_fault(vm, 0, FAULT_VM, 0x1000, 0x09000000, 0, ESR_STORE(2, 1u));
	ok(s->abort == 1 && s->wfi == 2 &&
		   s->exits == s->wfi + s->wfe + s->hypercall + s->gic + s->ioevent + s->abort +
				       s->maintenance + s->vtimer + s->other,
	   "kinds add up");
}

/* The vCPU sits in WFI, its timer due at CNTPCT 1000. Times are of a 62.5 MHz counter. */
static void wait_for_timer(enum uvm_thread thread)
{
	start(1);
	boot(0, 0x1000);
	request(0, UVM_REQ_RUN, 0);
	vgic_dist_write(&vm->vgic, 0, GICD_ISENABLER, 4, 1u << PPI_VTIMER);
	fake.cpu[0].sys[UVM_SYS_CNTV_CTL] = 1;
	fake.cpu[0].sys[UVM_SYS_CNTV_CVAL] = 1000 - vm->vcpu[0].cntvoff;
	fake.count = 0;
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	slot(0)->thread = thread;
	events();
}

static void timer_fires(void)
{
	fake.count = 1000;
	fake_event(vm, VMM_EVENT_TIMER);
}

static void test_busy(void)
{
	wait_for_timer(UVM_THREAD_SLEEPS);
	ok(vm->vcpu[0].wfi && !slot(0)->busy, "a vCPU that waits is not busy");
	timer_fires();
	ok(slot(0)->busy && !shared->event, "its timer makes it busy, which is not told at once");
	ok(late_events() == UVM_EVENT_VCPU(0) && !mine(0), "but when it stays busy");
	wait_for_timer(UVM_THREAD_SLEEPS);
	timer_fires();
	fake.count += 10;
	fake.cpu[0].sys[UVM_SYS_CNTV_CVAL] += 1000;
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	ok(!slot(0)->busy && !events() && vm->ring_deadline == VMM_NO_DEADLINE &&
		   vm->rt->deadline == vm->vcpu[0].deadline,
	   "a short while is not worth it");
	wait_for_timer(UVM_THREAD_AWAKE);
	timer_fires();
	ok(slot(0)->busy && vm->ring_deadline == VMM_NO_DEADLINE,
	   "nor is a thread that is awake told");
	fake.cpu[0].sys[UVM_SYS_CNTV_CVAL] += 1000;
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	ok(!slot(0)->busy && !events(), "nor that it waits again");
	wait_for_timer(UVM_THREAD_LENDS);
	timer_fires();
	ok(slot(0)->busy && !events(), "who lends knows that it is busy");
	fake.cpu[0].sys[UVM_SYS_CNTV_CVAL] += 1000;
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	ok(!slot(0)->busy && events() == UVM_EVENT_VCPU(0), "and is told at once that it waits");
	timer_fires();
	slot(0)->kick = 1;
	ring(UVM_RING_VCPU(0));
	ok(mine(0) && !slot(0)->busy, "what is the module's is not busy");
}

static void test_looks(void)
{
	unsigned bells;

	start(1);
	boot(0, 0x1000);
	bells = fake.doorbells;
	shared->looks = 1;
	request(0, UVM_REQ_GET_REGS, 0);
	ok(mine(0) && fake.doorbells == bells && events() == UVM_EVENT_VCPU(0),
	   "a module that looks is not rung");
	shared->looks = 0;
	request(0, UVM_REQ_GET_REGS, 0);
	ok(mine(0) && fake.doorbells == bells + 1 && events() == UVM_EVENT_VCPU(0),
	   "one that does not is");
	shared->looks = 1;
	request(0, UVM_REQ_RUN, 0);
	shared->vmreq = (struct uvm_vmreq){ .pending = 1, .op = UVM_VMREQ_SET_COUNT };
	ring(UVM_RING_VMREQ);
	ok(events() == UVM_EVENT_VMREQ && fake.doorbells == bells + 2,
	   "so is one behind a guest that goes on");
}

/* A module that writes anything anywhere at any time: the VMM stays whole (sanitizers watch). */
static void test_hostile(void)
{
	start(4);
	for (unsigned n = 0; n < 400000; n++) {
		uint32_t *word =
			(uint32_t *)(fake_region + rnd() % (UVM_PAGES * WIRE_PAGE_SIZE / 4) * 4);

		switch (rnd() % 6) {
		case 0:
			*word = rnd();
			break;
		case 1:
			((uint32_t *)(fake_region + UVM_OFF_VCPU(rnd() % 4)))[rnd() % 24] =
				rnd() % 8;
			break;
		case 2:
			((uint32_t *)fake_region)[rnd() % 128] = rnd();
			break;
		case 3:
			shared->vmreq = (struct uvm_vmreq){ 1,
							    1 + rnd() % 3,
							    0,
							    0,
							    { 1 + rnd() % 2, rnd() % 4,
							      rnd() % 0x400 * 4, rnd() } };
			break;
		case 4:
			shared->ring |= 0xffff;
			fake_event(vm, VMM_EVENT_DOORBELL);
			break;
		default: {
			unsigned cpu = rnd() % 4;

			if (vm->vcpu[cpu].thread != VCPU_RUNNING)
				break;
			switch (rnd() % 4) {
			case 0:
				fake_fault(vm, cpu, FAULT_VM, 0x1000, 0x08000000 + rnd() % 0x2000,
					   0, ESR_STORE(rnd() % 4, rnd() % 32));
				break;
			case 1:
				fake_hvc(vm, cpu, 0x84000000 + rnd() % 32, rnd() % 5, 0x1000, 1);
				break;
			case 2:
				fake_fault(vm, cpu, FAULT_VCPU, ESR_WFI, 0, 0, 0);
				break;
			default:
				fake_fault(vm, cpu, FAULT_VM, 0x1000, rnd(), 0,
					   ESR_LOAD(rnd() % 4, rnd() % 32));
			}
		}
		}
	}
	ok(1, "a hostile module does not harm its VMM");
	start(1);
	boot(0, 0x1000);
	slot(0)->request = 77;
	slot(0)->owner = UVM_OWNER_VMM;
	ring(UVM_RING_VCPU(0));
	ok(mine(0) && slot(0)->exit == UVM_EXIT_FAIL, "an unknown request fails");
}

int main(void)
{
	test_run_and_mmio();
	test_kick();
	test_power();
	test_interrupts();
	test_ioevent();
	test_vmreq();
	test_reset_in_place();
	test_statistics();
	test_busy();
	test_looks();
	test_hostile();
	return tap_done();
}
