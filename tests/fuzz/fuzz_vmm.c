// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any fault messages of a guest's vCPUs, and any words a module leaves in the shared region: the VMM of a user-VM
 * and that of a service-VM survive, and each vCPU is where the books say.
 */
#include <string.h>

#include "arch/esr.h"
#include "tests/unit/vmm_fake.h"
#include "vmm/faultmsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool cond)
{
	if (!cond)
		__builtin_trap();
}

static void check(const struct vm *vm)
{
	unsigned held = 0;

	for (unsigned i = 0; i < vm->vcpus; i++) {
		const struct vcpu *v = &vm->vcpu[i];

		held += v->thread == VCPU_HELD;
		if (v->thread == VCPU_HELD)
			demand(!(vm->replies_free & (1u << v->reply)));
		demand((v->thread == VCPU_RUNNING) == vcpu_wants_to_run(v));
	}
	demand(held + (unsigned)__builtin_popcount(vm->replies_free) == vm->vcpus + 1u);
}

/* A service-VM that turns itself off does not come back from the call of root. */
static bool may_turn_off(enum vmm_role role, unsigned label, uint32_t esr)
{
	return role == VMM_ROLE_SERVICE && label == FAULT_VCPU &&
	       FIELD_GET(ESR_EC, esr) == EC_SMC64;
}

/* Mostly a register the VMM knows, read or written, with any Rt. */
static uint32_t trapped_register(uint32_t a, uint32_t b)
{
	const struct sysreg_row *row = &sysreg_table[a % sysreg_rows];

	return FIELD_PREP(ESR_EC, EC_SYS64) | ESR_IL | (row->id ^ (b & b >> 12 & ISS_SYS_OP1)) |
	       (b & row->any) | (b & (ISS_SYS_RT | ISS_SYS_READ));
}

static void write_region(const uint8_t *data)
{
	/* Mostly where it matters: the first words of a slot, the VM's page, the table. */
	static const uint32_t base[] = { UVM_OFF_VM, UVM_OFF_IOEVENT, UVM_OFF_VCPU(0),
					 UVM_OFF_VCPU(1) };
	uint32_t offset = base[data[0] % 4] + (data[1] | (data[2] & 0xfu) << 8);

	memcpy(fake_region + (offset & ~3u) % (UVM_PAGES * WIRE_PAGE_SIZE), data + 4, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum vmm_role role;
	struct vm *vm;

	if (size < 1)
		return 0;
	role = data[0] & 1 ? VMM_ROLE_USER : VMM_ROLE_SERVICE;
	vm = fake_vm(role, 2, 4);
	fake.root_status = data[0] & 2 ? WIRE_OK : WIRE_ENOENT;
	fake.renew_offered = data[0] & 4;
	for (data++, size--; size >= 16; data += 16, size -= 16) {
		unsigned cpu = data[1] & 1;
		bool runs = vm->vcpu[cpu].thread == VCPU_RUNNING;
		uint64_t x[4] = { 0 };
		uint32_t a, b;

		memcpy(&a, data + 4, 4);
		memcpy(&b, data + 8, 4);
		switch (data[0] % 9) {
		case 0:
			write_region(data + 1);
			continue;
		case 1:
			fake_event(vm, a & ~VMM_BADGE_FAULT);
			break;
		case 2:
			if (runs)
				fake_fault(vm, cpu, FAULT_VM, data[2], 0x08000000 + a % 0x1800, 0,
					   b);
			break;
		case 3:
			if (runs && data[2] % 12 != FAULT_SYSCALL &&
			    !may_turn_off(role, data[2] % 12, a))
				fake_fault(vm, cpu, data[2] % 12, a, b, a, b);
			break;
		case 4:
			if (!runs || (role == VMM_ROLE_SERVICE &&
				      ((a & 0x1f) == 8 || (a & 0x1f) == 9 || (a & 0x1f) == 0x12)))
				break;
			memcpy(x, data + 8, 8);
			fake_hvc(vm, cpu, 0x84000000 | (a & 0x4000001f), x[0] & 3, b, x[0]);
			break;
		case 5:
			fake.count += a;
			fake_event(vm, VMM_EVENT_TIMER);
			break;
		case 6:
			for (unsigned i = 0; i < 2; i++)
				((struct uvm_vcpu *)(fake_region + UVM_OFF_VCPU(i)))->owner =
					data[2] >> i & 1;
			((struct uvm_vm *)fake_region)->ring |= a;
			fake_event(vm, VMM_EVENT_DOORBELL);
			break;
		case 7:
			if (runs)
				fake_fault(vm, cpu, FAULT_VCPU, trapped_register(a, b), 0, 0, 0);
			break;
		default:
			fake.cpu[cpu].sys[data[2] % UVM_SYS_COUNT] = b;
			fake.cpu[cpu].regs[data[3] % HW_REG_COUNT] = a;
			fake.cpu[cpu].switched_out = data[1] & 2;
			continue;
		}
		check(vm);
	}
	return 0;
}
