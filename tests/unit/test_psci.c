// SPDX-License-Identifier: BSD-2-Clause
/* PSCI and SMCCC through both conduits, WFI, and the exceptions a guest gets for what is not there. */
#include "arch/esr.h"
#include "arch/gicv2.h"
#include "arch/psci.h"
#include "arch/pstate.h"
#include "arch/smccc.h"
#include "tests/unit/vmm_fake.h"
#include "vmm/faultmsg.h"
#include "wire/ctl.h"

#define X(n) fake.cpu[cpu].regs[HW_REG_X0 + (n)]
#define PC fake.cpu[cpu].regs[HW_REG_PC]
#define ESR_SMC (FIELD_PREP(ESR_EC, EC_SMC64) | ESR_IL)
#define ESR_WFI (FIELD_PREP(ESR_EC, EC_WFX) | ESR_IL)
#define ESR_DABT (FIELD_PREP(ESR_EC, EC_DABT_LOWER) | ESR_IL | FSC_TRANSLATION | 3)
#define ESR_IABT (FIELD_PREP(ESR_EC, EC_IABT_LOWER) | ESR_IL | FSC_TRANSLATION | 3)

static struct vm *vm;

static int64_t call(unsigned cpu, bool smc, uint64_t x0, uint64_t x1, uint64_t x2, uint64_t x3)
{
	PC = 0x1000;
	if (!smc) {
		fake_hvc(vm, cpu, x0, x1, x2, x3);
	} else {
		X(0) = x0;
		X(1) = x1;
		X(2) = x2;
		X(3) = x3;
		fake_fault(vm, cpu, FAULT_VCPU, ESR_SMC, 0, 0, 0);
	}
	return (int64_t)X(0);
}

static const struct {
	uint32_t function;
	bool wide; /* has an SMC64 form */
} offered[] = {
	{ PSCI_VERSION, false },      { PSCI_CPU_SUSPEND, true },
	{ PSCI_CPU_OFF, false },      { PSCI_CPU_ON, true },
	{ PSCI_AFFINITY_INFO, true }, { PSCI_MIGRATE_INFO_TYPE, false },
	{ PSCI_SYSTEM_OFF, false },   { PSCI_SYSTEM_RESET, false },
	{ PSCI_FEATURES, false },     { PSCI_SYSTEM_RESET2, true },
};

static void test_discovery(bool smc)
{
	const char *how = smc ? "smc" : "hvc";
	unsigned cpu = 0;
	bool all = true, none = true;

	vm = fake_vm(VMM_ROLE_USER, 2, 4);
	vm->vcpu[0].on = vm->vcpu[0].owned = true;
	X(5) = 0x55;
	ok(call(0, smc, PSCI_VERSION, 0, 0, 0) == 0x10001 && PC == 0x1004 && X(5) == 0x55,
	   "%s: PSCI 1.1", how);
	ok(call(0, smc, SMCCC_VERSION, 0, 0, 0) == 0x10001, "%s: SMCCC 1.1", how);
	ok(call(0, smc, PSCI_FEATURES, SMCCC_VERSION, 0, 0) == 0, "%s: SMCCC is announced", how);
	ok(call(0, smc, PSCI_MIGRATE_INFO_TYPE, 0, 0, 0) == 2, "%s: no trusted OS", how);
	for (unsigned i = 0; i < sizeof(offered) / sizeof(offered[0]); i++) {
		uint32_t f = offered[i].function;

		all &= call(0, smc, PSCI_FEATURES, f, 0, 0) == 0;
		all &= call(0, smc, PSCI_FEATURES, f | PSCI_SMC64, 0, 0) ==
		       (offered[i].wide ? 0 : PSCI_NOT_SUPPORTED);
	}
	ok(all, "%s: PSCI_FEATURES says what there is", how);
	for (uint32_t f = 0x84000000; f < 0x84000100; f++) {
		bool known = false;

		for (unsigned i = 0; i < sizeof(offered) / sizeof(offered[0]); i++)
			known |= offered[i].function == f;
		if (known)
			continue;
		none &= call(0, smc, f, 1, 2, 3) == -1 && X(1) == 1 && X(2) == 2 && X(3) == 3;
		none &= call(0, smc, PSCI_FEATURES, f, 0, 0) == -1;
	}
	ok(none, "%s: and what not", how);
	ok(call(0, smc, SMCCC_ARCH_FEATURES, SMCCC_VERSION, 0, 0) == 0 &&
		   call(0, smc, SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, 0, 0) == 0 &&
		   call(0, smc, SMCCC_ARCH_FEATURES, SMCCC_ARCH_WORKAROUND_1, 0, 0) == -1 &&
		   call(0, smc, SMCCC_ARCH_WORKAROUND_1, 0, 0, 0) == -1,
	   "%s: SMCCC_ARCH_FEATURES", how);
	ok(call(0, smc, SELKIE_SMC_UID, 0, 0, 0) == -1 &&
		   call(0, smc, SELKIE_SMC_INFO, 0, 0, 0) == -1,
	   "%s: a user-VM finds no Selkie", how);
	ok(call(0, smc, 0xdeadbeef00000000 | PSCI_VERSION, 0, 0, 0) == 0x10001,
	   "%s: the function id is w0", how);
	vm = fake_vm(VMM_ROLE_SERVICE, 1, 4);
	fake_boot.sys_call = (uint64_t)-1;
	fake_boot.sys_send = (uint64_t)-5;
	ok(call(0, smc, SELKIE_SMC_UID, 0, 0, 0) == SELKIE_UID0 && X(1) == SELKIE_UID1 &&
		   X(2) == SELKIE_UID2 && X(3) == SELKIE_UID3,
	   "%s: a service-VM finds Selkie", how);
	ok(call(0, smc, SELKIE_SMC_INFO, 0, 0, 0) == SELKIE_CTL_VERSION && X(1) == (uint64_t)-1 &&
		   X(2) == (uint64_t)-5,
	   "%s: and what to call", how);
}

static void test_cpu_on(bool smc)
{
	const char *how = smc ? "smc" : "hvc";
	unsigned cpu = 0;

	vm = fake_vm(VMM_ROLE_SERVICE, 3, 4);
	ok(vm->vcpu[0].on && !vm->vcpu[1].on && fake.cpu[0].resumed && !fake.cpu[1].resumed,
	   "%s: only vCPU 0 starts", how);
	ok(PC == fake_boot.entry && X(0) == fake_boot.dtb &&
		   fake.cpu[0].regs[HW_REG_SPSR] == PSTATE_RESET,
	   "%s: at its entry, EL1h, all masked", how);
	ok(call(0, smc, PSCI_CPU_ON | PSCI_SMC64, 7, 0x4000, 0) == PSCI_INVALID_PARAMETERS,
	   "%s: no such core", how);
	ok(call(0, smc, PSCI_CPU_ON | PSCI_SMC64, 0x80000001, 0x4000, 0) == PSCI_INVALID_PARAMETERS,
	   "%s: reserved bits of the target", how);
	ok(call(0, smc, PSCI_CPU_ON | PSCI_SMC64, 0, 0x4000, 0) == PSCI_ALREADY_ON, "%s: itself",
	   how);
	ok(call(0, smc, PSCI_CPU_ON | PSCI_SMC64, 1, 0x4002, 0) == PSCI_INVALID_ADDRESS,
	   "%s: misaligned entry", how);
	ok(call(0, smc, PSCI_AFFINITY_INFO | PSCI_SMC64, 1, 0, 0) == PSCI_AFFINITY_OFF, "%s: off",
	   how);
	fake.cpu[1].regs[20] = 99;
	fake.cpu[1].sys[UVM_SYS_SCTLR] = 1;
	ok(call(0, smc, PSCI_CPU_ON | PSCI_SMC64, 1, 0x123456789000, 0xabcdef0123456789) == 0,
	   "%s: CPU_ON", how);
	ok(fake.cpu[1].resumed && fake.cpu[1].regs[HW_REG_PC] == 0x123456789000 &&
		   fake.cpu[1].regs[HW_REG_X0] == 0xabcdef0123456789 &&
		   fake.cpu[1].regs[HW_REG_SPSR] == PSTATE_RESET && !fake.cpu[1].regs[20] &&
		   fake.cpu[1].sys[UVM_SYS_SCTLR] == SCTLR_EL1_RESET &&
		   fake.cpu[1].sys[UVM_SYS_VMPIDR] == 0x80000001,
	   "%s: its initial state (DEN 0022 6.4)", how);
	ok(call(0, smc, PSCI_CPU_ON, 1, 0x4000, 0) == PSCI_ALREADY_ON, "%s: once", how);
	ok(call(0, smc, PSCI_AFFINITY_INFO, 1, 0, 0) == PSCI_AFFINITY_ON, "%s: on", how);
	ok(call(0, smc, PSCI_AFFINITY_INFO, 1, 1, 0) == PSCI_AFFINITY_ON &&
		   call(0, smc, PSCI_AFFINITY_INFO, 0x100, 1, 0) == PSCI_INVALID_PARAMETERS &&
		   call(0, smc, PSCI_AFFINITY_INFO, 0, 4, 0) == PSCI_INVALID_PARAMETERS,
	   "%s: by level", how);
	ok(call(0, smc, PSCI_CPU_ON, 0xffffffff00000002, 0xffffffff00004000, 0) == 0 &&
		   fake.cpu[2].regs[HW_REG_PC] == 0x4000,
	   "%s: the SMC32 form has 32-bit arguments", how);
	call(1, smc, PSCI_CPU_OFF, 0, 0, 0);
	ok(!vm->vcpu[1].on && vm->vcpu[1].thread == VCPU_HELD &&
		   call(0, smc, PSCI_AFFINITY_INFO, 1, 0, 0) == PSCI_AFFINITY_OFF,
	   "%s: CPU_OFF", how);
	ok(call(0, smc, PSCI_CPU_ON, 1, 0x8000, 5) == 0 && fake.cpu[1].regs[HW_REG_PC] == 0x8000 &&
		   fake.cpu[1].regs[HW_REG_X0] == 5 && vm->vcpu[1].thread == VCPU_RUNNING,
	   "%s: and on again", how);
}

static void test_system(void)
{
	unsigned cpu = 0;
	struct uvm_vcpu *slot;

	for (unsigned i = 0; i < 5; i++) {
		static const struct {
			uint64_t function, type, event, data;
		} t[] = {
			{ PSCI_SYSTEM_OFF, 0, 1, 0 },
			{ PSCI_SYSTEM_RESET, 0, 2, 0 },
			{ PSCI_SYSTEM_RESET2, 0, 2, 1 },
			{ PSCI_SYSTEM_RESET2 | PSCI_SMC64, PSCI_RESET2_VENDOR, 2, 1 },
			{ PSCI_SYSTEM_RESET2, 1, 0, 0 },
		};

		vm = fake_vm(VMM_ROLE_USER, 2, 4);
		slot = vm->uvm->slot[0];
		for (unsigned n = 0; n < 2; n++) {
			vm->uvm->slot[n]->owner = UVM_OWNER_VMM;
			vm->vcpu[n].on = vm->vcpu[n].owned = true;
			vm->vcpu[n].thread = VCPU_RUNNING;
		}
		call(0, i & 1, t[i].function, t[i].type, 0, 0);
		if (!t[i].event) {
			ok((int64_t)X(0) == PSCI_INVALID_PARAMETERS && vm->vcpu[0].on,
			   "RESET2 of an unknown type");
			continue;
		}
		ok(slot->owner == UVM_OWNER_MODULE && slot->exit == UVM_EXIT_SYSTEM &&
			   slot->system_type == t[i].event && slot->system_data == t[i].data &&
			   (int64_t)X(0) == PSCI_INTERNAL_FAILURE && PC == 0x1004,
		   "system event %u for the module", i);
		ok(!vm->vcpu[0].on && !vm->vcpu[1].on && vm->vcpu[1].thread == VCPU_STOPPED &&
			   fake.cpu[1].suspended && vm->uvm->slot[1]->owner == UVM_OWNER_VMM &&
			   vm->uvm->slot[1]->power == UVM_POWER_OFF,
		   "every vCPU is off, the others' threads keep waiting");
	}
}

static void test_wfi(void)
{
	unsigned cpu = 0;
	struct vcpu *v;

	vm = fake_vm(VMM_ROLE_SERVICE, 1, 4);
	v = &vm->vcpu[0];
	vgic_dist_write(&vm->vgic, 0, GICD_CTLR, 4, 1);
	vgic_dist_write(&vm->vgic, 0, GICD_ISENABLER, 4, 1u << PPI_VTIMER);
	vgic_dist_write(&vm->vgic, 0, GICD_ISENABLER + 4, 4, 1u << 1);
	PC = 0x1000;
	fake.cpu[0].regs[HW_REG_SPSR] = PSTATE_MODE_EL1H;
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	ok(v->thread == VCPU_HELD && PC == 0x1004,
	   "WFI with interrupts unmasked waits behind itself");
	fake_event(vm, 1u << VMM_EVENT_IRQ_SHIFT);
	ok(v->thread == VCPU_RUNNING && fake_irq_pending(0) && PC == 0x1004,
	   "an interrupt ends it; its handler will return behind it");
	fake_ack(0);
	fake_eoi(&vm->vgic, 0);

	PC = 0x1000;
	fake.cpu[0].regs[HW_REG_SPSR] = PSTATE_RESET;
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	ok(v->thread == VCPU_HELD && vm->rt->deadline == UINT64_MAX,
	   "WFI without timer waits for ever");
	fake_event(vm, VMM_EVENT_TIMER);
	ok(v->thread == VCPU_HELD, "a tick that is not ours");
	fake_event(vm, 1u << VMM_EVENT_IRQ_SHIFT);
	ok(v->thread == VCPU_RUNNING && fake_irq_pending(0) && PC == 0x1000,
	   "an interrupt ends it; the guest finds it at the WFI");
	fake_ack(0);
	fake_eoi(&vm->vgic, 0);

	fake.cpu[0].sys[UVM_SYS_CNTV_CTL] = CNT_CTL_ENABLE;
	fake.cpu[0].sys[UVM_SYS_CNTV_CVAL] = fake.count + 500 - v->cntvoff;
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	ok(v->thread == VCPU_HELD && vm->rt->deadline == fake.count + 500 &&
		   fake.cntp_cval == fake.count + 500,
	   "the virtual timer is its deadline");
	fake.count += 499;
	fake_event(vm, VMM_EVENT_TIMER);
	ok(v->thread == VCPU_HELD, "too early");
	fake.count += 1;
	fake_event(vm, VMM_EVENT_TIMER);
	ok(v->thread == VCPU_RUNNING && vm->rt->deadline == UINT64_MAX && PC == 0x1000,
	   "in time: on at the WFI");
	for (unsigned i = 0; i < 8 && PC == 0x1000; i++)
		fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	ok(PC == 0x1004 && v->thread == VCPU_RUNNING,
	   "a timer that never fires does not trap it there");

	v->cntvoff = 400;
	fake.cpu[0].sys[UVM_SYS_CNTV_CVAL] = UINT64_MAX;
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	ok(vm->rt->deadline == UINT64_MAX, "a compare value of never");
	fake_event(vm, 1u << VMM_EVENT_IRQ_SHIFT);
	fake_ack(0);
	fake_eoi(&vm->vgic, 0);
	fake.cpu[0].sys[UVM_SYS_CNTV_CVAL] = fake.count - 400 + 77;
	fake.cpu[0].sys[UVM_SYS_CNTV_CTL] = CNT_CTL_ENABLE | CNT_CTL_IMASK;
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	ok(v->thread == VCPU_HELD && vm->rt->deadline == UINT64_MAX, "a masked timer");
	fake_event(vm, 1u << VMM_EVENT_IRQ_SHIFT);
	fake_ack(0);
	fake_eoi(&vm->vgic, 0);
	fake.cpu[0].sys[UVM_SYS_CNTV_CTL] = CNT_CTL_ENABLE;
	PC = 0x1000;
	call(0, false, PSCI_CPU_SUSPEND | PSCI_SMC64, 0, 0, 0);
	ok(v->thread == VCPU_HELD && vm->rt->deadline == fake.count + 77,
	   "CPU_SUSPEND waits like a WFI");
	fake.count += 77;
	fake_event(vm, VMM_EVENT_TIMER);
	ok(v->thread == VCPU_RUNNING && PC == 0x1004 && X(0) == 0, "and returns");
}

static const struct {
	const char *name;
	uint64_t spsr;
	uint32_t offset;
	bool lower;
} modes[] = {
	{ "EL0", 0, VECTOR_LOWER_A64, true },
	{ "EL1t", PSTATE_MODE_EL1T, VECTOR_SAME_SP0, false },
	{ "EL1h", PSTATE_MODE_EL1H | PSTATE_I, VECTOR_SAME_SPX, false },
	{ "AArch32 EL0", PSTATE_NRW, VECTOR_LOWER_A32, true },
};

static void prepare(unsigned i)
{
	struct fake_cpu *c = &fake.cpu[0];

	vm = fake_vm(VMM_ROLE_SERVICE, 1, 4);
	c->regs[HW_REG_PC] = 0x1000;
	c->regs[HW_REG_SP_EL0] = 0x77;
	c->regs[HW_REG_SPSR] = modes[i].spsr | 0x60000000;
	c->sys[UVM_SYS_VBAR] = 0x80000;
	c->sys[UVM_SYS_SCTLR] = SCTLR_M | SCTLR_SPAN;
}

static bool entered(unsigned i, uint32_t ec, uint32_t iss)
{
	struct fake_cpu *c = &fake.cpu[0];

	return c->regs[HW_REG_PC] == 0x80000 + modes[i].offset && c->regs[HW_REG_SP_EL0] == 0x77 &&
	       c->regs[HW_REG_SPSR] == (PSTATE_RESET | 0x60000000) &&
	       c->sys[UVM_SYS_ELR_EL1] == 0x1000 &&
	       c->sys[UVM_SYS_SPSR_EL1] == (modes[i].spsr | 0x60000000) &&
	       c->sys[UVM_SYS_ESR] == (FIELD_PREP(ESR_EC, ec) | ESR_IL | iss) &&
	       vm->vcpu[0].thread == VCPU_RUNNING;
}

static bool lends(unsigned cpu)
{
	return vm->vcpu[cpu].lends && vm->vcpu[cpu].wfi && vm->vcpu[cpu].thread == VCPU_HELD;
}

static void test_lend(void)
{
	unsigned cpu = 0;

	vm = fake_vm(VMM_ROLE_USER, 1, 4);
	vm->vcpu[0].on = vm->vcpu[0].owned = true;
	ok(call(0, false, SELKIE_HVC_LEND, 0, 0, 0) == -1 && !vm->vcpu[0].wfi,
	   "a user-VM has nobody to lend to");

	vm = fake_vm(VMM_ROLE_SERVICE, 2, 4);
	vgic_dist_write(&vm->vgic, 0, GICD_CTLR, 4, 1);
	vgic_dist_write(&vm->vgic, 0, GICD_ITARGETSR + 100, 1, 1);
	vgic_dist_write(&vm->vgic, 0, GICD_ISENABLER + 12, 4, 1u << (100 - 96));
	call(0, false, SELKIE_HVC_LEND, 0, 0, 0);
	ok(lends(0), "a vCPU lends");
	fake_event(vm, VMM_EVENT_TIMER);
	ok(lends(0), "the timer of somebody else");
	fake_event(vm, VMM_EVENT_DOORBELL);
	ok(!vm->vcpu[0].lends && vm->vcpu[0].thread == VCPU_RUNNING && !X(0) && PC == 0x1004 &&
		   !fake_irq_pending(0),
	   "a doorbell ends it, without an interrupt");
	fake_event(vm, VMM_EVENT_DOORBELL);
	ok(fake_irq_pending(0) && fake.cpu[0].fronted == 1,
	   "nobody lends: an interrupt, and the vCPU goes before others");
	call(0, false, SELKIE_HVC_LEND, 0, 0, 0);
	ok(!vm->vcpu[0].lends && vm->vcpu[0].thread == VCPU_RUNNING,
	   "with an interrupt pending it returns at once");
	fake_ack(0);
	fake_eoi(&vm->vgic, 0);
	call(0, true, SELKIE_HVC_LEND, 0, 0, 0);
	vgic_pulse(&vm->vgic, 0, 100);
	fake_event(vm, VMM_EVENT_TIMER);
	ok(!vm->vcpu[0].lends && fake_irq_pending(0) && fake.cpu[0].fronted == 1,
	   "an interrupt ends it");
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	fake_ack(0);
	fake_eoi(&vm->vgic, 0);
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI, 0, 0, 0);
	ok(vm->vcpu[0].wfi && !vm->vcpu[0].lends, "a WFI");
	fake_event(vm, VMM_EVENT_DOORBELL);
	ok(fake_irq_pending(0), "ends with the doorbell's interrupt");
}

static void test_exceptions(void)
{
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		prepare(i);
		fake_fault(vm, 0, FAULT_VM, 0x1000, 0x50000000, 0, ESR_DABT | ISS_WNR);
		ok(fake.last_op == VMM_OP_POPULATE && fake.last_arg == 0x50000000 &&
			   entered(i, modes[i].lower ? EC_DABT_LOWER : EC_DABT_SAME,
				   FSC_EXTABT | ISS_WNR | ISS_FNV),
		   "%s: store to nowhere", modes[i].name);
		prepare(i);
		fake.cpu[0].sys[UVM_SYS_SCTLR] = SCTLR_SPAN;
		fake_fault(vm, 0, FAULT_VM, 0x1000, 0x50000000, 0, ESR_DABT);
		ok(entered(i, modes[i].lower ? EC_DABT_LOWER : EC_DABT_SAME, FSC_EXTABT) &&
			   fake.cpu[0].sys[UVM_SYS_FAR] == 0x50000000,
		   "%s: load from nowhere, MMU off: FAR", modes[i].name);
		prepare(i);
		fake_fault(vm, 0, FAULT_VM, 0x1000, 0x50000000, 1, ESR_IABT);
		ok(entered(i, modes[i].lower ? EC_IABT_LOWER : EC_IABT_SAME, FSC_EXTABT | ISS_FNV),
		   "%s: fetch from nowhere", modes[i].name);
		prepare(i);
		fake_fault(vm, 0, FAULT_VM, 0x1000, 0x3c4, 0, ESR_DABT | ISS_S1PTW);
		ok(!fake.root_calls && entered(i, modes[i].lower ? EC_DABT_LOWER : EC_DABT_SAME,
					       FSC_EXTABT_WALK | 3),
		   "%s: table walk", modes[i].name);
		prepare(i);
		fake_fault(vm, 0, FAULT_EXCEPTION, 0x1000, 0x77, 0, 0x6234f801);
		ok(entered(i, EC_UNKNOWN, 0), "%s: undefined", modes[i].name);
		prepare(i);
		fake_fault(vm, 0, FAULT_VCPU, 0x6234f801, 0, 0, 0);
		ok(entered(i, EC_UNKNOWN, 0), "%s: trapped register", modes[i].name);
		prepare(i);
		fake_fault(vm, 0, FAULT_VM, 0x1000, 0x08000004, 0, ESR_DABT);
		ok(entered(i, modes[i].lower ? EC_DABT_LOWER : EC_DABT_SAME, FSC_EXTABT | ISS_FNV),
		   "%s: distributor without syndrome", modes[i].name);
	}
	prepare(2);
	fake.cpu[0].sys[UVM_SYS_SCTLR] = SCTLR_M;
	fake_fault(vm, 0, 77, 0, 0, 0, 0);
	ok(fake.cpu[0].regs[HW_REG_SPSR] == (PSTATE_RESET | PSTATE_PAN | 0x60000000),
	   "SCTLR.SPAN clear: PAN is set; an unknown fault is undefined");
	prepare(2);
	fake.root_status = WIRE_OK;
	fake_fault(vm, 0, FAULT_VM, 0x1000, 0x50000000, 0, ESR_DABT);
	ok(fake.cpu[0].regs[HW_REG_PC] == 0x1000 && vm->vcpu[0].thread == VCPU_RUNNING,
	   "RAM that root maps now: tried again");
	prepare(2);
	fake.cpu[0].regs[HW_REG_X0] = 5;
	fake_fault(vm, 0, FAULT_CAP, 0x1000, 99, 0, 2);
	ok(fake.cpu[0].regs[HW_REG_PC] == 0x1004 && fake.cpu[0].regs[HW_REG_X0] == (uint64_t)-1 &&
		   fake.cpu[0].regs[HW_REG_SPSR] == (PSTATE_MODE_EL1H | PSTATE_I | 0x60000000),
	   "a system call on nothing: not supported");
	prepare(3);
	fake_fault(vm, 0, FAULT_VM, 0x1000, 0x08000004, 0,
		   ESR_DABT | ISS_ISV | FIELD_PREP(ISS_SAS, 2u));
	ok(entered(3, EC_UNKNOWN, 0), "a load that AArch32 can not be given is undefined");
	prepare(2);
	fake_fault(vm, 0, FAULT_VCPU, ESR_WFI | WFX_TI_WFE, 0, 0, 0);
	ok(fake.cpu[0].regs[HW_REG_PC] == 0x1004, "WFE goes on");
}

static void test_log_flood(void)
{
	vm = fake_vm(VMM_ROLE_SERVICE, 1, 4);
	for (unsigned i = 0; i < 100000; i++)
		fake_fault(vm, 0, 77, 0, 0, 0, 0);
	ok(vm->log->head < 1000 && vm->log->dropped > 99000, "a guest can not flood the log");
	fake.count += 62500000;
	fake_fault(vm, 0, 77, 0, 0, 0, 0);
	ok(vm->vcpu[0].stats->guest_error == 100001, "but each error is counted");
	vm->log->tail = vm->log->head + 12345;
	for (unsigned i = 0; i < 1000; i++)
		vmm_log(vm, VMM_LOG_ERROR, "%0200d", i);
	ok(1, "a tail that makes no sense");
}

int main(void)
{
	for (unsigned smc = 0; smc < 2; smc++) {
		test_discovery(smc);
		test_cpu_on(smc);
	}
	test_system();
	test_wfi();
	test_lend();
	test_exceptions();
	test_log_flood();
	return tap_done();
}
