// SPDX-License-Identifier: BSD-2-Clause
/* Trapped system registers: the table as data, each row's answer, and what is undefined. */
#include <string.h>

#include "arch/esr.h"
#include "arch/pstate.h"
#include "tests/unit/vmm_fake.h"
#include "vmm/faultmsg.h"
#include "vmm/sysreg.h"
#include "wire/ctl.h"

#define NO_REG 31u
#define OSLSR_LOCKED 0xau
#define OSLSR_OPEN 0x8u
#define VECTORS 0x80000000u

#define MDSCR ISS_SYS(2, 0, 0, 2, 2)
#define OSLAR ISS_SYS(2, 0, 1, 0, 4)
#define OSLSR ISS_SYS(2, 0, 1, 1, 4)
#define CLAIMSET ISS_SYS(2, 0, 7, 8, 6)
#define CLAIMCLR ISS_SYS(2, 0, 7, 9, 6)
#define DBGBCR(n) (ISS_SYS(2, 0, 0, 0, 5) | FIELD_PREP(ISS_SYS_CRM, n))

static struct vm *vm;

static void start(enum vmm_role role)
{
	vm = fake_vm(role, 2, 4);
	for (unsigned i = 0; i < 2; i++) {
		vm->vcpu[i].on = vm->vcpu[i].owned = true;
		vm->vcpu[i].thread = VCPU_RUNNING;
		fake.cpu[i].regs[HW_REG_SPSR] = PSTATE_RESET;
		fake.cpu[i].sys[UVM_SYS_VBAR] = VECTORS;
	}
}

/* One access with general register rt; true when the guest went on behind it. */
static bool access_by(unsigned cpu, uint32_t id, bool read, unsigned rt)
{
	fake.cpu[cpu].regs[HW_REG_PC] = 0x1000;
	fake_fault(vm, cpu, FAULT_VCPU,
		   FIELD_PREP(ESR_EC, EC_SYS64) | ESR_IL | id | FIELD_PREP(ISS_SYS_RT, rt) |
			   (read ? ISS_SYS_READ : 0),
		   0, 0, 0);
	return fake.cpu[cpu].regs[HW_REG_PC] == 0x1004;
}

static bool put(unsigned cpu, uint32_t id, uint64_t value)
{
	fake.cpu[cpu].regs[HW_REG_X0 + 5] = value;
	return access_by(cpu, id, false, 5);
}

static uint64_t get(unsigned cpu, uint32_t id)
{
	fake.cpu[cpu].regs[HW_REG_X0 + 6] = 0xdead;
	return access_by(cpu, id, true, 6) ? fake.cpu[cpu].regs[HW_REG_X0 + 6] : UINT64_MAX - 1;
}

/* The number of registers of a row, and the n-th one's name in a syndrome. */
static unsigned registers(const struct sysreg_row *row)
{
	return 1u << __builtin_popcount(row->any);
}

static uint32_t nth(const struct sysreg_row *row, unsigned n)
{
	uint32_t id = row->id;

	for (uint32_t any = row->any; any; any &= any - 1, n >>= 1)
		if (n & 1)
			id |= any & -any;
	return id;
}

static void test_table(void)
{
	bool names = true, words = true, own = true, found = true;
	uint8_t used[SYSREG_SLOTS] = { 0 };

	for (unsigned i = 0; i < sysreg_rows; i++) {
		const struct sysreg_row *row = &sysreg_table[i];

		names &= !(row->id & ~ISS_SYS_NAME) && !(row->id & row->any) && row->name[0];
		for (unsigned j = 0; j < i; j++)
			names &= strcmp(row->name, sysreg_table[j].name) != 0;
		for (unsigned n = 0; n < registers(row); n++)
			found &= sysreg_find(nth(row, n) | ISS_SYS_READ | ISS_SYS_RT) == row;
		if (row->action != SYSREG_KEPT)
			continue;
		words &= row->slot + registers(row) <= SYSREG_SLOTS;
		words &= !(row->enable & ~row->mask);
		for (unsigned n = 0; words && n < registers(row); n++)
			own &= !used[row->slot + n]++;
	}
	ok(names, "each row has a name and an encoding of its own");
	ok(found, "each register of each row is found, whatever Rt and direction are");
	ok(words && own, "no two registers keep their value in one word");
}

static void test_rows(void)
{
	bool kept = true, zero = true, others = true;

	start(VMM_ROLE_USER);
	for (unsigned i = 0; i < sysreg_rows; i++) {
		const struct sysreg_row *row = &sysreg_table[i];

		for (unsigned n = 0; n < registers(row); n++) {
			uint32_t id = nth(row, n);
			uint64_t fresh = get(1, id), value = 0x5a5a5a5a00000000u | (i << 8) | n;

			if (row->action == SYSREG_KEPT)
				kept &= put(0, id, value) &&
					get(0, id) == ((value & row->mask) | (fresh & ~row->mask));
			if (row->action == SYSREG_RAZ_WI)
				zero &= put(0, id, UINT64_MAX) && get(0, id) == 0;
			others &= get(1, id) == fresh;
		}
	}
	/* And only after all of them were written. */
	for (unsigned i = 0; i < sysreg_rows; i++) {
		const struct sysreg_row *row = &sysreg_table[i];

		for (unsigned n = 0; row->action == SYSREG_KEPT && n < registers(row); n++)
			kept &= (get(0, nth(row, n)) & row->mask) ==
				((0x5a5a5a5a00000000u | (i << 8) | n) & row->mask);
	}
	ok(kept, "what is kept reads as written, within its bits");
	ok(zero, "the rest reads as zero");
	ok(others, "the other vCPU's registers stay");
	sysreg_reset(&vm->vcpu[0]);
	for (unsigned i = 0; i < sysreg_rows; i++)
		others &= get(0, sysreg_table[i].id) == get(1, sysreg_table[i].id);
	ok(others, "a reset vCPU is like a new one");
	ok(vm->vcpu[0].stats->other > 200 && !vm->vcpu[0].stats->guest_error,
	   "they count as other exits, not as errors");
}

static void test_emulated(void)
{
	start(VMM_ROLE_USER);
	ok(get(0, OSLSR) == OSLSR_LOCKED, "the OS lock is locked at reset");
	ok(put(0, OSLAR, 0) && get(0, OSLSR) == OSLSR_OPEN && get(1, OSLSR) == OSLSR_LOCKED,
	   "opened for one vCPU");
	ok(put(0, OSLAR, UINT64_MAX) && get(0, OSLSR) == OSLSR_LOCKED && put(0, OSLSR, 0) &&
		   get(0, OSLSR) == OSLSR_LOCKED,
	   "locked again; OSLSR_EL1 itself can not be written");
	ok(put(0, CLAIMSET, 0x1a5) && get(0, CLAIMSET) == 0xff && get(0, CLAIMCLR) == 0xa5,
	   "claim tags");
	ok(put(0, CLAIMCLR, 0x0f) && get(0, CLAIMCLR) == 0xa0, "cleared");
	fake.cpu[0].regs[HW_REG_X0] = 77;
	ok(access_by(0, MDSCR, true, NO_REG) && fake.cpu[0].regs[HW_REG_X0] == 77,
	   "a read into XZR changes no register");
	put(0, MDSCR, 0x1000);
	ok(access_by(0, MDSCR, false, NO_REG) && get(0, MDSCR) == 0, "a write of XZR is zero");
	for (unsigned rt = 0; rt < NO_REG; rt++) {
		put(0, MDSCR, 0x1000);
		if (!access_by(0, MDSCR, true, rt) || vcpu_gpr(&vm->vcpu[0], rt) != 0x1000)
			ok(false, "x%u", rt);
	}
	vcpu_start_at(&vm->vcpu[0], 0x40000000, 0);
	fake.cpu[0].regs[HW_REG_SPSR] = PSTATE_RESET;
	ok(get(0, MDSCR) == 0, "CPU_ON resets them");
}

static bool undefined(unsigned cpu)
{
	const struct fake_cpu *c = &fake.cpu[cpu];

	return FIELD_GET(ESR_EC, c->sys[UVM_SYS_ESR]) == EC_UNKNOWN &&
	       c->sys[UVM_SYS_ELR_EL1] == 0x1000 && c->regs[HW_REG_PC] >= VECTORS;
}

static void trap(uint32_t esr, uint64_t spsr)
{
	start(VMM_ROLE_USER);
	fake.cpu[0].regs[HW_REG_SPSR] = spsr;
	fake.cpu[0].regs[HW_REG_PC] = 0x1000;
	fake_fault(vm, 0, FAULT_VCPU, esr, 0, 0, 0);
}

static void test_undefined(void)
{
	static const uint32_t a32[] = { EC_CP15_32, EC_CP15_64, EC_CP14_MR,
					EC_CP14_LS, EC_CP10_ID, EC_CP14_64 };
	const uint32_t sys64 = FIELD_PREP(ESR_EC, EC_SYS64) | ESR_IL;
	bool all = true, el0 = true;

	for (uint32_t id = 0; id <= ISS_SYS_NAME; id++) {
		if ((id & ~ISS_SYS_NAME) || sysreg_find(id))
			continue;
		/* one of 64 is enough of what is the same */
		if (id % 64 && (id >> 20) != 2)
			continue;
		trap(sys64 | id, PSTATE_RESET);
		all &= undefined(0);
	}
	ok(all, "what is in no row is undefined");
	for (unsigned i = 0; i < sysreg_rows; i++) {
		trap(sys64 | sysreg_table[i].id | ISS_SYS_READ, PSTATE_MODE_EL0T);
		el0 &= undefined(0) && fake.cpu[0].regs[HW_REG_PC] == VECTORS + VECTOR_LOWER_A64;
	}
	ok(el0, "at EL0 all are undefined");
	for (unsigned i = 0; i < sizeof(a32) / sizeof(a32[0]); i++) {
		trap(FIELD_PREP(ESR_EC, a32[i]) | ESR_IL, PSTATE_NRW);
		ok(undefined(0) && fake.cpu[0].regs[HW_REG_PC] == VECTORS + VECTOR_LOWER_A32,
		   "AArch32 at EL0: class 0x%02x is undefined", a32[i]);
	}
}

static unsigned lines(void)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < vm->log->head; i++)
		n += vm->log->data[i] == '\n';
	return n;
}

static void test_notice(void)
{
	uint32_t begin;
	unsigned before;

	start(VMM_ROLE_USER);
	before = lines();
	put(0, MDSCR, 0x1000);
	put(0, DBGBCR(3), 0x1e0);
	ok(lines() == before, "no line for a write that enables nothing");
	begin = vm->log->head;
	put(1, DBGBCR(2), 0x1e1);
	ok(lines() == before && vm->log->dropped, "no line while the log takes none");
	fake.count += fake_boot.cntfrq;
	put(1, DBGBCR(3), 0x1e1);
	ok(lines() == before + 1 && strstr(vm->log->data + begin, "DBGBCR<n>_EL1") &&
		   strstr(vm->log->data + begin, "not available"),
	   "the first one that does has one, with the register's name");
	put(0, MDSCR, 0x8001);
	put(0, MDSCR, 1);
	ok(lines() == before + 1 && !fake_irq_pending(0), "the next ones have none");

	start(VMM_ROLE_SERVICE);
	vgic_dist_write(&vm->vgic, 0, 0, 4, 1);
	vgic_dist_write(&vm->vgic, 0, 0x100 + 4 * (100 / 32), 4, 1u << 100 % 32);
	fake_hvc(vm, 0, SELKIE_SMC_INFO, 0, 0, 0);
	ok(fake.cpu[0].regs[HW_REG_X0 + 3] == 0, "a service-VM's module is told nothing");
	put(0, MDSCR, 1);
	ok(fake_ack(0) == 100, "then the doorbell rings");
	fake_hvc(vm, 0, SELKIE_SMC_INFO, 0, 0, 0);
	ok(fake.cpu[0].regs[HW_REG_X0 + 3] == SELKIE_NOTICE_DEBUG, "and it is told why");
	fake_eoi(&vm->vgic, 0);
	put(0, MDSCR, 1);
	ok(!fake_irq_pending(0), "once");
}

int main(void)
{
	test_table();
	test_rows();
	test_emulated();
	test_undefined();
	test_notice();
	return tap_done();
}
