/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/esr.h"
#include "vmm/decode.h"

unsigned decode_insn(uint32_t esr)
{
	return esr & ESR_IL ? 4 : 2;
}

struct access decode_abort(uint32_t esr)
{
	uint32_t ec = FIELD_GET(ESR_EC, esr);
	uint32_t fsc = esr & ISS_FSC;
	struct access a = { .insn = (uint8_t)decode_insn(esr) };

	a.permission = (fsc & FSC_TYPE) == FSC_PERMISSION;
	a.walk = esr & ISS_S1PTW;
	if (ec == EC_IABT_LOWER) {
		a.fetch = true;
		return a;
	}
	if (ec != EC_DABT_LOWER)
		return a;
	a.write = esr & ISS_WNR;
	/* Cache maintenance by address reports itself as a write of nothing. */
	if (!(esr & ISS_ISV) || (esr & ISS_CM) || a.walk)
		return a;
	a.valid = true;
	a.len = (uint8_t)(1u << FIELD_GET(ISS_SAS, esr));
	a.reg = (uint8_t)FIELD_GET(ISS_SRT, esr);
	a.sign = esr & ISS_SSE;
	a.wide = esr & ISS_SF;
	return a;
}

static uint64_t low_bytes(uint64_t value, unsigned len)
{
	return len < 8 ? value & ((UINT64_C(1) << 8 * len) - 1) : value;
}

uint64_t decode_load(const struct access *a, uint64_t value)
{
	value = low_bytes(value, a->len);
	if (a->sign && a->len < 8) {
		uint64_t top = UINT64_C(1) << (8 * a->len - 1);

		value = (value ^ top) - top;
	}
	/* A write of a W register clears the upper half. */
	return a->wide ? value : low_bytes(value, 4);
}

uint64_t decode_store(const struct access *a, uint64_t value)
{
	return low_bytes(value, a->len);
}

unsigned decode_reg_index(unsigned n)
{
	/* pc, sp, spsr, x0..x8, x16, x17, x18, x29, x30, x9..x15, x19..x28 */
	static const uint8_t index[31] = {
		3,  4,	5,  6,	7,  8,	9,  10, 11, 17, 18, 19, 20, 21, 22, 23,
		12, 13, 14, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 15, 16,
	};

	return index[n];
}
