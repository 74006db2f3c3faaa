/* SPDX-License-Identifier: BSD-2-Clause */
/* Trapped system registers. */
#include "vmm/sysreg.h"

#include "arch/esr.h"
#include "arch/pstate.h"
#include "vmm/vmm.h"

#define MDSCR_SS (UINT64_C(1) << 0)
#define MDSCR_KDE (UINT64_C(1) << 13)
#define MDSCR_MDE (UINT64_C(1) << 15)
/* ERR, TDCC, HDE, SC2, TDA, INTdis, TXU, RXO, TXfull, RXfull and TFO beside those */
#define MDSCR_BITS UINT64_C(0xecebf041)
#define MDCCINT_BITS UINT64_C(0x60000000) /* RX, TX */
#define OSLSR_OSLK UINT64_C(0x2)
#define OSLSR_RESET (UINT64_C(0x8) | OSLSR_OSLK) /* there is a lock, and it is locked */
#define CLAIM_TAGS UINT64_C(0xff)
#define DBGBCR_BITS UINT64_C(0x00ffe1e7)
#define DBGWCR_BITS UINT64_C(0x1f1ffffff)
#define DBGCR_E UINT64_C(0x1)
#define PMCR_E UINT64_C(0x1)
#define PMUSERENR_BITS UINT64_C(0xf)
#define PM_COUNTERS UINT64_C(0xffffffff)

#define ANY_CRM ISS_SYS_CRM
/* PMEVCNTR<n>, PMEVTYPER<n>: n is CRm[1:0]:op2 */
#define ANY_COUNTER (FIELD_PREP(ISS_SYS_CRM, 3u) | ISS_SYS_OP2)

#define RAZ_WI(reg, ...)                                                          \
	{                                                                         \
		.name = #reg, .id = ISS_SYS(__VA_ARGS__), .action = SYSREG_RAZ_WI \
	}

const struct sysreg_row sysreg_table[] = {
	/* debug: MDCR_EL2.TDA */
	RAZ_WI(OSDTRRX_EL1, 2, 0, 0, 0, 2),
	{ "MDCCINT_EL1", ISS_SYS(2, 0, 0, 2, 0), 0, SYSREG_KEPT, SYSREG_MDCCINT, MDCCINT_BITS, 0 },
	{ "MDSCR_EL1", ISS_SYS(2, 0, 0, 2, 2), 0, SYSREG_KEPT, SYSREG_MDSCR, MDSCR_BITS,
	  MDSCR_SS | MDSCR_KDE | MDSCR_MDE },
	RAZ_WI(OSDTRTX_EL1, 2, 0, 0, 3, 2),
	RAZ_WI(OSECCR_EL1, 2, 0, 0, 6, 2),
	{ "DBGBVR<n>_EL1", ISS_SYS(2, 0, 0, 0, 4), ANY_CRM, SYSREG_KEPT, SYSREG_DBGBVR, UINT64_MAX,
	  0 },
	{ "DBGBCR<n>_EL1", ISS_SYS(2, 0, 0, 0, 5), ANY_CRM, SYSREG_KEPT, SYSREG_DBGBCR, DBGBCR_BITS,
	  DBGCR_E },
	{ "DBGWVR<n>_EL1", ISS_SYS(2, 0, 0, 0, 6), ANY_CRM, SYSREG_KEPT, SYSREG_DBGWVR, UINT64_MAX,
	  0 },
	{ "DBGWCR<n>_EL1", ISS_SYS(2, 0, 0, 0, 7), ANY_CRM, SYSREG_KEPT, SYSREG_DBGWCR, DBGWCR_BITS,
	  DBGCR_E },
	{ "DBGCLAIMSET_EL1", ISS_SYS(2, 0, 7, 8, 6), 0, SYSREG_CLAIM_SET, 0, 0, 0 },
	{ "DBGCLAIMCLR_EL1", ISS_SYS(2, 0, 7, 9, 6), 0, SYSREG_CLAIM_CLEAR, 0, 0, 0 },
	RAZ_WI(DBGAUTHSTATUS_EL1, 2, 0, 7, 14, 6),
	RAZ_WI(MDCCSR_EL0, 2, 3, 0, 1, 0),
	RAZ_WI(DBGDTR_EL0, 2, 3, 0, 4, 0),
	/* one way DBGDTRRX_EL0, the other DBGDTRTX_EL0 */
	RAZ_WI(DBGDTRTX_EL0, 2, 3, 0, 5, 0),
	/* debug ROM: TDRA */
	RAZ_WI(MDRAR_EL1, 2, 0, 1, 0, 0),
	/* OS lock and power: TDOSA */
	{ "OSLAR_EL1", ISS_SYS(2, 0, 1, 0, 4), 0, SYSREG_OS_LOCK, 0, 0, 0 },
	{ "OSLSR_EL1", ISS_SYS(2, 0, 1, 1, 4), 0, SYSREG_KEPT, SYSREG_OSLSR, 0, 0 },
	{ "OSDLR_EL1", ISS_SYS(2, 0, 1, 3, 4), 0, SYSREG_KEPT, SYSREG_OSDLR, 1, 0 },
	{ "DBGPRCR_EL1", ISS_SYS(2, 0, 1, 4, 4), 0, SYSREG_KEPT, SYSREG_DBGPRCR, 1, 0 },
	/* PMU: TPM, TPMCR. PMCR_EL0.N = 0: there is no event counter. */
	{ "PMCR_EL0", ISS_SYS(3, 3, 9, 12, 0), 0, SYSREG_RAZ_WI, 0, 0, PMCR_E },
	{ "PMCNTENSET_EL0", ISS_SYS(3, 3, 9, 12, 1), 0, SYSREG_RAZ_WI, 0, 0, PM_COUNTERS },
	RAZ_WI(PMCNTENCLR_EL0, 3, 3, 9, 12, 2),
	RAZ_WI(PMOVSCLR_EL0, 3, 3, 9, 12, 3),
	RAZ_WI(PMSWINC_EL0, 3, 3, 9, 12, 4),
	RAZ_WI(PMSELR_EL0, 3, 3, 9, 12, 5),
	RAZ_WI(PMCEID0_EL0, 3, 3, 9, 12, 6),
	RAZ_WI(PMCEID1_EL0, 3, 3, 9, 12, 7),
	RAZ_WI(PMCCNTR_EL0, 3, 3, 9, 13, 0),
	RAZ_WI(PMXEVTYPER_EL0, 3, 3, 9, 13, 1),
	RAZ_WI(PMXEVCNTR_EL0, 3, 3, 9, 13, 2),
	{ "PMUSERENR_EL0", ISS_SYS(3, 3, 9, 14, 0), 0, SYSREG_RAZ_WI, 0, 0, PMUSERENR_BITS },
	RAZ_WI(PMOVSSET_EL0, 3, 3, 9, 14, 3),
	{ "PMINTENSET_EL1", ISS_SYS(3, 0, 9, 14, 1), 0, SYSREG_RAZ_WI, 0, 0, PM_COUNTERS },
	RAZ_WI(PMINTENCLR_EL1, 3, 0, 9, 14, 2),
	{ "PMEVCNTR<n>_EL0", ISS_SYS(3, 3, 14, 8, 0), ANY_COUNTER, SYSREG_RAZ_WI, 0, 0, 0 },
	/* the last one is PMCCFILTR_EL0 */
	{ "PMEVTYPER<n>_EL0", ISS_SYS(3, 3, 14, 12, 0), ANY_COUNTER, SYSREG_RAZ_WI, 0, 0, 0 },
	/* physical timer, where the kernel keeps it for itself */
	RAZ_WI(CNTP_TVAL_EL0, 3, 3, 14, 2, 0),
	RAZ_WI(CNTP_CTL_EL0, 3, 3, 14, 2, 1),
	RAZ_WI(CNTP_CVAL_EL0, 3, 3, 14, 2, 2),
};

const unsigned sysreg_rows = sizeof(sysreg_table) / sizeof(sysreg_table[0]);

const struct sysreg_row *sysreg_find(uint32_t esr)
{
	for (unsigned i = 0; i < sysreg_rows; i++) {
		if ((esr & ISS_SYS_NAME & ~sysreg_table[i].any) == sysreg_table[i].id)
			return &sysreg_table[i];
	}
	return NULL;
}

void sysreg_reset(struct vcpu *v)
{
	for (unsigned i = 0; i < SYSREG_SLOTS; i++)
		v->sysreg[i] = 0;
	v->sysreg[SYSREG_OSLSR] = OSLSR_RESET;
}

/* The word of a KEPT row that the syndrome means. */
static uint64_t *kept(struct vcpu *v, const struct sysreg_row *row, uint32_t esr)
{
	return &v->sysreg[row->slot + (row->any ? FIELD_GET(row->any, esr) : 0)];
}

static uint64_t read_row(struct vcpu *v, const struct sysreg_row *row, uint32_t esr)
{
	switch (row->action) {
	case SYSREG_KEPT:
		return *kept(v, row, esr);
	case SYSREG_CLAIM_SET:
		return CLAIM_TAGS;
	case SYSREG_CLAIM_CLEAR:
		return v->sysreg[SYSREG_DBGCLAIM];
	default:
		return 0;
	}
}

static void write_row(struct vcpu *v, const struct sysreg_row *row, uint32_t esr, uint64_t value)
{
	uint64_t *claim = &v->sysreg[SYSREG_DBGCLAIM];
	uint64_t *word;

	switch (row->action) {
	case SYSREG_KEPT:
		word = kept(v, row, esr);
		*word = (*word & ~row->mask) | (value & row->mask);
		break;
	case SYSREG_OS_LOCK:
		v->sysreg[SYSREG_OSLSR] = OSLSR_RESET & (value & 1 ? UINT64_MAX : ~OSLSR_OSLK);
		break;
	case SYSREG_CLAIM_SET:
		*claim |= value & CLAIM_TAGS;
		break;
	case SYSREG_CLAIM_CLEAR:
		*claim &= ~value;
		break;
	default:
		break;
	}
}

static void not_available(struct vcpu *v, const struct sysreg_row *row, uint64_t value)
{
	struct vm *vm = v->vm;

	if (!vm->debug_logged)
		vm->debug_logged = vmm_log(
			vm, VMM_LOG_WARN,
			"vcpu %u: %s = 0x%llx: hardware breakpoints, single-step and counters are not available",
			v->id, row->name, (unsigned long long)value);
	if (vm->service && !vm->debug_wanted)
		service_notice(vm);
	vm->debug_wanted = true;
}

bool sysreg_trap(struct vcpu *v, uint32_t esr)
{
	const struct sysreg_row *row = sysreg_find(esr);
	unsigned rt = FIELD_GET(ISS_SYS_RT, esr), index = HW_REG_SPSR;
	uint64_t *w = v->regs, spsr, value;

	if (!row)
		return false;
	if (rt <= 30)
		index = decode_reg_index(rt);
	hw_regs_read(v->id, index + 1, w);
	spsr = w[HW_REG_SPSR];
	if ((spsr & PSTATE_NRW) || (spsr & PSTATE_MODE) == PSTATE_MODE_EL0T)
		return false;
	w[HW_REG_PC] += INSN_SIZE;
	if (esr & ISS_SYS_READ) {
		value = read_row(v, row, esr);
		if (rt <= 30)
			w[index] = value;
		hw_regs_write(v->id, rt <= 30 ? index + 1 : 1, w);
		return true;
	}
	value = rt <= 30 ? w[index] : 0;
	write_row(v, row, esr, value);
	hw_pc_write(v->id, w[HW_REG_PC]);
	if (value & row->enable)
		not_available(v, row, value);
	return true;
}
