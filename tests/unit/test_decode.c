// SPDX-License-Identifier: BSD-2-Clause
/* Syndrome decoding: every size, sign, register width; what has no syndrome; register order. */
#include "arch/esr.h"
#include "tests/unit/vmm_fake.h"

#define DABT (FIELD_PREP(ESR_EC, EC_DABT_LOWER) | ESR_IL)
#define IABT (FIELD_PREP(ESR_EC, EC_IABT_LOWER) | ESR_IL)

static const struct {
	const char *insn;
	unsigned sas;
	bool sse, sf;
	uint64_t bus, reg;
} loads[] = {
	{ "ldrb w", 0, false, false, 0xfffffffffffffff1, 0xf1 },
	{ "ldrh w", 1, false, false, 0xfffffffffffff0f1, 0xf0f1 },
	{ "ldr w", 2, false, false, 0xffffffff80f0f0f1, 0x80f0f0f1 },
	{ "ldr x", 3, false, true, 0x8000000000000001, 0x8000000000000001 },
	{ "ldrsb w, negative", 0, true, false, 0x80, 0xffffff80 },
	{ "ldrsb w, positive", 0, true, false, 0x17f, 0x7f },
	{ "ldrsb x, negative", 0, true, true, 0x80, 0xffffffffffffff80 },
	{ "ldrsh w, negative", 1, true, false, 0x8000, 0xffff8000 },
	{ "ldrsh x, negative", 1, true, true, 0x18000, 0xffffffffffff8000 },
	{ "ldrsh x, positive", 1, true, true, 0x7fff, 0x7fff },
	{ "ldrsw x, negative", 2, true, true, 0x80000000, 0xffffffff80000000 },
	{ "ldrsw x, positive", 2, true, true, 0xffffffff7fffffff, 0x7fffffff },
};

static void test_loads(void)
{
	for (unsigned i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		uint32_t esr = DABT | ISS_ISV | FIELD_PREP(ISS_SAS, loads[i].sas) |
			       (loads[i].sse ? ISS_SSE : 0) | FIELD_PREP(ISS_SRT, 5u) |
			       (loads[i].sf ? ISS_SF : 0) | FSC_TRANSLATION | 3;
		struct access a = decode_abort(esr);

		ok(a.valid && !a.write && !a.fetch && !a.permission && !a.walk && a.reg == 5 &&
			   a.len == 1u << loads[i].sas &&
			   decode_load(&a, loads[i].bus) == loads[i].reg,
		   "%s", loads[i].insn);
	}
}

static void test_stores(void)
{
	for (unsigned sas = 0; sas < 4; sas++) {
		uint32_t esr = DABT | ISS_ISV | FIELD_PREP(ISS_SAS, sas) | ISS_WNR |
			       FIELD_PREP(ISS_SRT, 31u) | FSC_PERMISSION | 3;
		struct access a = decode_abort(esr);
		uint64_t want = sas == 3 ? 0x1122334455667788 :
					   0x1122334455667788 & ((1ull << (8u << sas)) - 1);

		ok(a.valid && a.write && a.permission && a.reg == 31 && a.len == 1u << sas &&
			   decode_store(&a, 0x1122334455667788) == want,
		   "store of %u bytes, permission fault", 1u << sas);
	}
}

/* Values observed on the machine. */
static void test_observed(void)
{
	struct access a = decode_abort(0x93820046);

	ok(a.valid && a.write && a.len == 4 && a.reg == 2, "str w2");
	a = decode_abort(0x93c58006);
	ok(a.valid && !a.write && a.len == 8 && a.reg == 5 && a.wide, "ldr x5");
	a = decode_abort(0x92000006);
	ok(!a.valid && !a.write, "ldp has no syndrome");
	a = decode_abort(0x92000046);
	ok(!a.valid && a.write, "str with write-back has no syndrome");
	a = decode_abort(0x82000006);
	ok(!a.valid && a.fetch && !a.permission, "fetch of nothing");
	a = decode_abort(0x8200000f);
	ok(!a.valid && a.fetch && a.permission, "fetch of execute-never");
}

static void test_refused(void)
{
	struct access a = decode_abort(DABT | ISS_ISV | ISS_CM | ISS_WNR | FSC_TRANSLATION);
	unsigned bad = 0;

	ok(!a.valid && a.write, "cache maintenance is no store");
	a = decode_abort(DABT | ISS_ISV | ISS_S1PTW | FSC_TRANSLATION);
	ok(!a.valid && a.walk, "a table walk is no load");
	a = decode_abort(IABT | ISS_S1PTW | FSC_TRANSLATION);
	ok(!a.valid && a.walk && a.fetch, "a table walk of a fetch");
	a = decode_abort(FIELD_PREP(ESR_EC, EC_SMC64) | ISS_ISV);
	ok(!a.valid && !a.fetch, "another class");
	for (uint32_t ec = 0; ec < 64; ec++) {
		a = decode_abort(FIELD_PREP(ESR_EC, ec) | ISS_ISV);
		bad += a.valid && ec != EC_DABT_LOWER;
	}
	ok(!bad, "no class but data abort is valid");
}

/* sel4-facts: 0 pc, 1 sp, 2 spsr, 3..11 x0..x8, 12 x16, 13 x17, 14 x18, 15 x29, 16 x30, 17..23 x9..x15, 24..33 x19..x28 */
static void test_register_order(void)
{
	unsigned seen[HW_REG_COUNT] = { 0 };
	bool once = true;

	for (unsigned n = 0; n < 31; n++)
		seen[decode_reg_index(n)]++;
	for (unsigned i = HW_REG_X0; i < HW_REG_TPIDR_EL0; i++)
		once &= seen[i] == 1;
	ok(once && !seen[0] && !seen[1] && !seen[2], "every register has a place of its own");
	ok(decode_reg_index(0) == 3 && decode_reg_index(8) == 11 && decode_reg_index(9) == 17 &&
		   decode_reg_index(15) == 23 && decode_reg_index(16) == 12 &&
		   decode_reg_index(18) == 14 && decode_reg_index(19) == 24 &&
		   decode_reg_index(28) == 33 && decode_reg_index(29) == 15 &&
		   decode_reg_index(30) == 16,
	   "the kernel's order");
}

/* Through the VMM: a load of a distributor register arrives in the register, XZR swallows it. */
static void test_completion(void)
{
	struct vm *vm = fake_vm(VMM_ROLE_SERVICE, 1, 4);
	uint64_t *w = fake.cpu[0].regs;
	uint32_t load = DABT | ISS_ISV | FIELD_PREP(ISS_SAS, 2u) | FSC_TRANSLATION | 3;

	for (unsigned n = 0; n < 32; n++) {
		for (unsigned i = 0; i < HW_REG_COUNT; i++)
			w[i] = 0x1000 + i;
		w[HW_REG_SPSR] = 5;
		fake_fault(vm, 0, 6, w[HW_REG_PC], 0x08000004, 0, load | FIELD_PREP(ISS_SRT, n));
		bool good = w[HW_REG_PC] == 0x1004 && w[HW_REG_SPSR] == 5 && w[1] == 0x1001;

		for (unsigned i = HW_REG_X0; i < HW_REG_COUNT; i++)
			good &= w[i] == (n < 31 && i == decode_reg_index(n) ? 8u : 0x1000 + i);
		ok(good, "load into register %u changes it and the pc alone", n);
	}
	w[decode_reg_index(20)] = 0xffffffff00000001;
	fake_fault(vm, 0, 6, 0x2000, 0x08000000, 0, load | ISS_WNR | FIELD_PREP(ISS_SRT, 20u));
	ok(vm->vgic.ctlr == 1 && w[HW_REG_PC] == 0x2004, "store from x20");
	fake_fault(vm, 0, 6, 0x2000, 0x08000000, 0, load | ISS_WNR | FIELD_PREP(ISS_SRT, 31u));
	ok(vm->vgic.ctlr == 0, "store of XZR");
}

/* T32 code at EL0: two bytes, and no way to move ITSTATE on. */
static void test_thumb(void)
{
	struct vm *vm = fake_vm(VMM_ROLE_SERVICE, 1, 4);
	uint64_t *w = fake.cpu[0].regs;
	uint32_t store = DABT | ISS_ISV | FIELD_PREP(ISS_SAS, 2u) | FSC_TRANSLATION | ISS_WNR;

	w[HW_REG_X0] = 1;
	w[HW_REG_SPSR] = 0x30;
	fake_fault(vm, 0, 6, 0x2000, 0x08000000, 0, store & ~ESR_IL);
	ok(vm->vgic.ctlr == 1 && w[HW_REG_PC] == 0x2002, "a store of two bytes");
	fake_fault(vm, 0, 6, 0x2002, 0x08000000, 0, store);
	ok(w[HW_REG_PC] == 0x2006, "one of four");
	w[HW_REG_SPSR] = 0x30 | 1u << 12;
	fake_fault(vm, 0, 6, 0x2000, 0x08000000, 0, store & ~ESR_IL);
	ok(w[HW_REG_PC] == fake.cpu[0].sys[UVM_SYS_VBAR] + 0x600 && w[HW_REG_SPSR] & 4,
	   "in an IT block: undefined");
	w[HW_REG_SPSR] = 5 | 1u << 12;
	fake_fault(vm, 0, 6, 0x2000, 0x08000000, 0, store);
	ok(w[HW_REG_PC] == 0x2004, "the same bits mean nothing to A64 code");
}

int main(void)
{
	test_loads();
	test_stores();
	test_observed();
	test_refused();
	test_register_order();
	test_completion();
	test_thumb();
	return tap_done();
}
