// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of a vCPU: KVM_GET_ONE_REG, KVM_SET_ONE_REG, KVM_GET_REG_LIST.
 *
 * Three kinds. State that seL4 holds is exchanged with the VMM as struct uvm_regs and cached in vcpu->regs. State that seL4
 * does not give out (FP and SIMD, CSSELR ...) is kept here: what user space writes it reads back, the guest does not see it.
 * Constants are what the processor says to EL1: seL4 does not trap the ID registers, so a guest reads the same.
 */
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include <asm/sysreg.h>

#include "selkie.h"

#define REG_SYS_MASK 0xffffu
#define REG_ENC(op0, op1, crn, crm, op2)                                                     \
	((op0) << KVM_REG_ARM64_SYSREG_OP0_SHIFT | (op1) << KVM_REG_ARM64_SYSREG_OP1_SHIFT | \
	 (crn) << KVM_REG_ARM64_SYSREG_CRN_SHIFT | (crm) << KVM_REG_ARM64_SYSREG_CRM_SHIFT | \
	 (op2))

/* The feature ID registers: op0 3, op1 0, CRn 0, CRm 1..7, op2 0..7 */
#define REG_ID_FIRST REG_ENC(3, 0, 0, 1, 0)
#define REG_ID_COUNT 56u

#define REG_RESET_SCTLR 0x00c50078u
/* Where RES0 and UNKNOWN matter to nobody, a reset register is zero. */
#define REG_RESET_PSTATE (PSR_MODE_EL1h | PSR_A_BIT | PSR_I_BIT | PSR_F_BIT | PSR_D_BIT)

#define REG_MPIDR_RES1 BIT(31)

#define REG_PSCI_VERSION KVM_REG_ARM_PSCI_VERSION
#define REG_PSCI_1_1 0x10001u

#define REG_TIMER_ISTATUS BIT(2)

enum reg_kind {
	REG_SEL4, /* index: enum uvm_sys */
	REG_SHADOW, /* index into vcpu->shadow */
	REG_TPIDR_EL0,
	REG_TPIDRRO_EL0,
	REG_CONST, /* index: enum reg_const */
	REG_MPIDR,
};

enum reg_const {
	REG_CONST_MIDR,
	REG_CONST_REVIDR,
	REG_CONST_CLIDR,
	REG_CONST_AIDR,
	REG_CONST_CTR,
	REG_CONST_COUNT,
};

static u64 reg_consts[REG_CONST_COUNT];
static u64 reg_ids[REG_ID_COUNT];

static const struct reg_sys {
	u16 enc;
	u8 kind; /* enum reg_kind */
	u8 index;
} reg_sys[] = {
	{ REG_ENC(3, 0, 0, 0, 0), REG_CONST, REG_CONST_MIDR },
	{ REG_ENC(3, 0, 0, 0, 5), REG_MPIDR, 0 },
	{ REG_ENC(3, 0, 0, 0, 6), REG_CONST, REG_CONST_REVIDR },
	{ REG_ENC(3, 0, 1, 0, 0), REG_SEL4, UVM_SYS_SCTLR },
	{ REG_ENC(3, 0, 1, 0, 1), REG_SEL4, UVM_SYS_ACTLR },
	{ REG_ENC(3, 0, 1, 0, 2), REG_SEL4, UVM_SYS_CPACR },
	{ REG_ENC(3, 0, 2, 0, 0), REG_SEL4, UVM_SYS_TTBR0 },
	{ REG_ENC(3, 0, 2, 0, 1), REG_SEL4, UVM_SYS_TTBR1 },
	{ REG_ENC(3, 0, 2, 0, 2), REG_SEL4, UVM_SYS_TCR },
	{ REG_ENC(3, 0, 5, 1, 0), REG_SEL4, UVM_SYS_AFSR0 },
	{ REG_ENC(3, 0, 5, 1, 1), REG_SEL4, UVM_SYS_AFSR1 },
	{ REG_ENC(3, 0, 5, 2, 0), REG_SEL4, UVM_SYS_ESR },
	{ REG_ENC(3, 0, 6, 0, 0), REG_SEL4, UVM_SYS_FAR },
	{ REG_ENC(3, 0, 7, 4, 0), REG_SEL4, UVM_SYS_PAR },
	{ REG_ENC(3, 0, 10, 2, 0), REG_SEL4, UVM_SYS_MAIR },
	{ REG_ENC(3, 0, 10, 3, 0), REG_SEL4, UVM_SYS_AMAIR },
	{ REG_ENC(3, 0, 12, 0, 0), REG_SEL4, UVM_SYS_VBAR },
	{ REG_ENC(3, 0, 12, 1, 1), REG_SHADOW, 0 }, /* DISR_EL1 */
	{ REG_ENC(3, 0, 13, 0, 1), REG_SEL4, UVM_SYS_CONTEXTIDR },
	{ REG_ENC(3, 0, 13, 0, 4), REG_SEL4, UVM_SYS_TPIDR_EL1 },
	{ REG_ENC(3, 0, 14, 1, 0), REG_SEL4, UVM_SYS_CNTKCTL },
	{ REG_ENC(3, 1, 0, 0, 1), REG_CONST, REG_CONST_CLIDR },
	{ REG_ENC(3, 1, 0, 0, 7), REG_CONST, REG_CONST_AIDR },
	{ REG_ENC(3, 2, 0, 0, 0), REG_SHADOW, 1 }, /* CSSELR_EL1 */
	{ REG_ENC(3, 3, 0, 0, 1), REG_CONST, REG_CONST_CTR },
	{ REG_ENC(3, 3, 13, 0, 2), REG_TPIDR_EL0, 0 },
	{ REG_ENC(3, 3, 13, 0, 3), REG_TPIDRRO_EL0, 0 },
};

/* Registers that answer but are not listed. */
#define REG_SHADOW_PTIMER_CTL 2
#define REG_SHADOW_PTIMER_CVAL 3

/* --- constants -------------------------------------------------------------------------------- */
#define REG_READ_ID(crm, op2) \
	reg_ids[-8 + 8 * (crm) + (op2)] = read_sysreg_s(sys_reg(3, 0, 0, crm, op2))
#define REG_READ_ID_ROW(crm)         \
	do {                         \
		REG_READ_ID(crm, 0); \
		REG_READ_ID(crm, 1); \
		REG_READ_ID(crm, 2); \
		REG_READ_ID(crm, 3); \
		REG_READ_ID(crm, 4); \
		REG_READ_ID(crm, 5); \
		REG_READ_ID(crm, 6); \
		REG_READ_ID(crm, 7); \
	} while (0)

void regs_init(void)
{
	reg_consts[REG_CONST_MIDR] = read_sysreg_s(SYS_MIDR_EL1);
	reg_consts[REG_CONST_REVIDR] = read_sysreg_s(SYS_REVIDR_EL1);
	reg_consts[REG_CONST_CLIDR] = read_sysreg_s(sys_reg(3, 1, 0, 0, 1));
	reg_consts[REG_CONST_AIDR] = read_sysreg_s(sys_reg(3, 1, 0, 0, 7));
	reg_consts[REG_CONST_CTR] = read_sysreg_s(SYS_CTR_EL0);
	REG_READ_ID_ROW(1);
	REG_READ_ID_ROW(2);
	REG_READ_ID_ROW(3);
	REG_READ_ID_ROW(4);
	REG_READ_ID_ROW(5);
	REG_READ_ID_ROW(6);
	REG_READ_ID_ROW(7);
}

u64 regs_mpidr(unsigned int vcpu)
{
	return REG_MPIDR_RES1 | vcpu;
}

u64 regs_count(void)
{
	isb();
	return read_sysreg(cntpct_el0);
}

void regs_reset(struct selkie_vcpu *vcpu)
{
	u64 cval = vcpu->regs.sys[UVM_SYS_CNTV_CVAL];

	lockdep_assert_held(&vcpu->lock);
	memset(&vcpu->regs, 0, sizeof(vcpu->regs));
	memset(&vcpu->fp, 0, sizeof(vcpu->fp));
	memset(vcpu->spsr, 0, sizeof(vcpu->spsr));
	memset(vcpu->shadow, 0, sizeof(vcpu->shadow));
	vcpu->regs.pstate = REG_RESET_PSTATE;
	vcpu->regs.sys[UVM_SYS_SCTLR] = REG_RESET_SCTLR;
	vcpu->regs.sys[UVM_SYS_VMPIDR] = regs_mpidr(vcpu->id);
	vcpu->regs.sys[UVM_SYS_CNTV_CVAL] = cval;
	vcpu->regs_valid = true;
	vcpu->regs_dirty = true;
}

/* --- core ------------------------------------------------------------------------------------- */
#define CORE_INDEX(field) (offsetof(struct kvm_regs, field) / sizeof(u32))
#define CORE_X0 CORE_INDEX(regs.regs[0])
#define CORE_SP CORE_INDEX(regs.sp)
#define CORE_PC CORE_INDEX(regs.pc)
#define CORE_PSTATE CORE_INDEX(regs.pstate)
#define CORE_SP_EL1 CORE_INDEX(sp_el1)
#define CORE_ELR_EL1 CORE_INDEX(elr_el1)
#define CORE_SPSR CORE_INDEX(spsr[0])
#define CORE_V0 CORE_INDEX(fp_regs.vregs[0])
#define CORE_FPSR CORE_INDEX(fp_regs.fpsr)
#define CORE_FPCR CORE_INDEX(fp_regs.fpcr)
#define CORE_COUNT (sizeof(struct kvm_regs) / sizeof(u32))

#define CORE_ID(size, index) (KVM_REG_ARM64 | KVM_REG_ARM_CORE | (size) | (index))

/* Where a core register is kept; its size in *size. NULL: no register begins at this index. */
static void *reg_core_place(struct selkie_vcpu *vcpu, unsigned int index, unsigned int *size)
{
	struct uvm_regs *regs = &vcpu->regs;

	*size = sizeof(u64);
	if (index < CORE_SP)
		return index % 2 ? NULL : &regs->x[index / 2];
	switch (index) {
	case CORE_SP:
		return &regs->sp_el0;
	case CORE_PC:
		return &regs->pc;
	case CORE_PSTATE:
		return &regs->pstate;
	case CORE_SP_EL1:
		return &regs->sys[UVM_SYS_SP_EL1];
	case CORE_ELR_EL1:
		return &regs->sys[UVM_SYS_ELR_EL1];
	case CORE_SPSR:
		return &regs->sys[UVM_SYS_SPSR_EL1];
	case CORE_FPSR:
		*size = sizeof(u32);
		return &vcpu->fp.fpsr;
	case CORE_FPCR:
		*size = sizeof(u32);
		return &vcpu->fp.fpcr;
	}
	if (index > CORE_SPSR && index < CORE_SPSR + 2 * KVM_NR_SPSR)
		return (index - CORE_SPSR) % 2 ? NULL : &vcpu->spsr[(index - CORE_SPSR) / 2];
	if (index >= CORE_V0 && index < CORE_FPSR) {
		*size = sizeof(__uint128_t);
		return (index - CORE_V0) % 4 ? NULL : &vcpu->fp.vregs[(index - CORE_V0) / 4];
	}
	return NULL;
}

static int reg_core_find(struct selkie_vcpu *vcpu, const struct kvm_one_reg *reg, void **place,
			 unsigned int *size)
{
	u64 index = reg->id & ~(KVM_REG_ARCH_MASK | KVM_REG_SIZE_MASK | KVM_REG_ARM_CORE);

	if (index >= CORE_COUNT)
		return -ENOENT;
	index = array_index_nospec(index, CORE_COUNT);
	*place = reg_core_place(vcpu, index, size);
	if (!*place || KVM_REG_SIZE(reg->id) != *size)
		return -EINVAL;
	return 0;
}

static bool reg_pstate_valid(u64 pstate)
{
	if (pstate & PSR_MODE32_BIT)
		return false;
	switch (pstate & PSR_MODE_MASK) {
	case PSR_MODE_EL0t:
	case PSR_MODE_EL1t:
	case PSR_MODE_EL1h:
		return true;
	default:
		return false;
	}
}

static int reg_core_get(struct selkie_vcpu *vcpu, const struct kvm_one_reg *reg)
{
	unsigned int size;
	void *place;
	int ret;

	ret = reg_core_find(vcpu, reg, &place, &size);
	if (ret)
		return ret;
	return copy_to_user((void __user *)reg->addr, place, size) ? -EFAULT : 0;
}

static int reg_core_set(struct selkie_vcpu *vcpu, const struct kvm_one_reg *reg)
{
	__uint128_t value = 0;
	unsigned int size;
	void *place;
	int ret;

	ret = reg_core_find(vcpu, reg, &place, &size);
	if (ret)
		return ret;
	if (copy_from_user(&value, (void __user *)reg->addr, size))
		return -EFAULT;
	if (place == &vcpu->regs.pstate && !reg_pstate_valid(value))
		return -EINVAL;
	memcpy(place, &value, size);
	vcpu->regs_dirty = true;
	return 0;
}

/* --- system registers ------------------------------------------------------------------------- */
static const struct reg_sys *reg_sys_find(u16 enc)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reg_sys); i++) {
		if (reg_sys[i].enc == enc)
			return &reg_sys[i];
	}
	return NULL;
}

/* Where a register with state is kept, or NULL. */
static u64 *reg_sys_place(struct selkie_vcpu *vcpu, const struct reg_sys *sys)
{
	switch (sys->kind) {
	case REG_SEL4:
		return &vcpu->regs.sys[sys->index];
	case REG_SHADOW:
		return &vcpu->shadow[sys->index];
	case REG_TPIDR_EL0:
		return &vcpu->regs.tpidr_el0;
	case REG_TPIDRRO_EL0:
		return &vcpu->regs.tpidrro_el0;
	default:
		return NULL;
	}
}

static u64 reg_const_value(struct selkie_vcpu *vcpu, const struct reg_sys *sys)
{
	return sys->kind == REG_MPIDR ? regs_mpidr(vcpu->id) : reg_consts[sys->index];
}

/* --- timers ----------------------------------------------------------------------------------- */
static u64 reg_virtual_count(struct selkie_vcpu *vcpu)
{
	return regs_count() - READ_ONCE(vcpu->vm->cntvoff);
}

/* As KVM: ISTATUS says whether the comparator has passed, enabled or not. */
static u64 reg_timer_control(u64 control, u64 compare, u64 count)
{
	return control | (count >= compare ? REG_TIMER_ISTATUS : 0);
}

/* The count of all vCPUs moves; those that run pick the new offset up when they have come back. */
static int reg_set_count(struct selkie_vcpu *vcpu, u64 count)
{
	struct selkie_vm *vm = vcpu->vm;
	unsigned int i;

	if (mutex_lock_killable(&vm->lock))
		return -EINTR;
	WRITE_ONCE(vm->cntvoff, regs_count() - count);
	for (i = 0; vm->live && i < SELKIE_MAX_VCPUS; i++) {
		if (vm->vcpu[i] && vm->vcpu[i] != vcpu)
			vcpu_nudge(vm->vcpu[i]);
	}
	mutex_unlock(&vm->lock);
	return 0;
}

/* -ENOENT: not a timer register */
static int reg_timer_get(struct selkie_vcpu *vcpu, u64 id, u64 *value)
{
	const u64 *sys = vcpu->regs.sys;

	switch (id) {
	case KVM_REG_ARM_TIMER_CTL:
		*value = reg_timer_control(sys[UVM_SYS_CNTV_CTL], sys[UVM_SYS_CNTV_CVAL],
					   reg_virtual_count(vcpu));
		return 0;
	case KVM_REG_ARM_TIMER_CVAL:
		*value = sys[UVM_SYS_CNTV_CVAL];
		return 0;
	case KVM_REG_ARM_TIMER_CNT:
		*value = reg_virtual_count(vcpu);
		return 0;
	case KVM_REG_ARM_PTIMER_CTL:
		*value = reg_timer_control(vcpu->shadow[REG_SHADOW_PTIMER_CTL],
					   vcpu->shadow[REG_SHADOW_PTIMER_CVAL], regs_count());
		return 0;
	case KVM_REG_ARM_PTIMER_CVAL:
		*value = vcpu->shadow[REG_SHADOW_PTIMER_CVAL];
		return 0;
	case KVM_REG_ARM_PTIMER_CNT:
		*value = regs_count();
		return 0;
	default:
		return -ENOENT;
	}
}

static int reg_timer_set(struct selkie_vcpu *vcpu, u64 id, u64 value)
{
	switch (id) {
	case KVM_REG_ARM_TIMER_CTL:
		vcpu->regs.sys[UVM_SYS_CNTV_CTL] = value & ~REG_TIMER_ISTATUS;
		vcpu->regs_dirty = true;
		return 0;
	case KVM_REG_ARM_TIMER_CVAL:
		vcpu->regs.sys[UVM_SYS_CNTV_CVAL] = value;
		vcpu->regs_dirty = true;
		return 0;
	case KVM_REG_ARM_TIMER_CNT:
		return reg_set_count(vcpu, value);
	case KVM_REG_ARM_PTIMER_CTL:
		vcpu->shadow[REG_SHADOW_PTIMER_CTL] = value & ~REG_TIMER_ISTATUS;
		return 0;
	case KVM_REG_ARM_PTIMER_CVAL:
		vcpu->shadow[REG_SHADOW_PTIMER_CVAL] = value;
		return 0;
	default:
		return -EINVAL;
	}
}

static bool reg_is_timer(u64 id)
{
	switch (id) {
	case KVM_REG_ARM_TIMER_CTL:
	case KVM_REG_ARM_TIMER_CVAL:
	case KVM_REG_ARM_TIMER_CNT:
	case KVM_REG_ARM_PTIMER_CTL:
	case KVM_REG_ARM_PTIMER_CVAL:
	case KVM_REG_ARM_PTIMER_CNT:
		return true;
	default:
		return false;
	}
}

/* --- one register ----------------------------------------------------------------------------- */
/* Its place in reg_ids[]; reg_is_id(id) holds. */
static unsigned int reg_id_index(u64 id)
{
	return array_index_nospec((id & REG_SYS_MASK) - REG_ID_FIRST, REG_ID_COUNT);
}

static bool reg_is_id(u64 id)
{
	unsigned int enc = id & REG_SYS_MASK;

	return enc >= REG_ID_FIRST && enc < REG_ID_FIRST + REG_ID_COUNT;
}

static int reg_sys_get(struct selkie_vcpu *vcpu, u64 id, u64 *value)
{
	const struct reg_sys *sys;
	u64 *place;

	if (reg_is_id(id)) {
		*value = reg_ids[reg_id_index(id)];
		return 0;
	}
	sys = reg_sys_find(id & REG_SYS_MASK);
	if (!sys)
		return -ENOENT;
	place = reg_sys_place(vcpu, sys);
	*value = place ? *place : reg_const_value(vcpu, sys);
	return 0;
}

static int reg_sys_set(struct selkie_vcpu *vcpu, u64 id, u64 value)
{
	const struct reg_sys *sys;
	u64 *place;

	if (reg_is_id(id))
		return value == reg_ids[reg_id_index(id)] ? 0 : -EINVAL;
	sys = reg_sys_find(id & REG_SYS_MASK);
	if (!sys)
		return -ENOENT;
	place = reg_sys_place(vcpu, sys);
	if (!place)
		return value == reg_const_value(vcpu, sys) ? 0 : -EINVAL;
	*place = value;
	if (sys->kind != REG_SHADOW)
		vcpu->regs_dirty = true;
	return 0;
}

/* Bits 31:16 name the group; what lies between them and the architecture must be zero. */
static u64 reg_group(u64 id)
{
	return id & ~(KVM_REG_ARCH_MASK | KVM_REG_SIZE_MASK | REG_SYS_MASK);
}

static int reg_u64_get(struct selkie_vcpu *vcpu, u64 id, u64 *value)
{
	if (KVM_REG_SIZE(id) != sizeof(u64))
		return -ENOENT;
	if (id == REG_PSCI_VERSION) {
		*value = REG_PSCI_1_1;
		return 0;
	}
	if (reg_is_timer(id))
		return reg_timer_get(vcpu, id, value);
	if (reg_group(id) != KVM_REG_ARM64_SYSREG)
		return -ENOENT;
	return reg_sys_get(vcpu, id, value);
}

static int reg_u64_set(struct selkie_vcpu *vcpu, u64 id, u64 value)
{
	if (KVM_REG_SIZE(id) != sizeof(u64))
		return -ENOENT;
	if (id == REG_PSCI_VERSION)
		return value == REG_PSCI_1_1 ? 0 : -EINVAL;
	if (reg_is_timer(id))
		return reg_timer_set(vcpu, id, value);
	if (reg_group(id) != KVM_REG_ARM64_SYSREG)
		return -ENOENT;
	return reg_sys_set(vcpu, id, value);
}

static bool reg_is_arm64(u64 id)
{
	return (id & KVM_REG_ARCH_MASK) == KVM_REG_ARM64;
}

int regs_get(struct selkie_vcpu *vcpu, const struct kvm_one_reg *reg)
{
	u64 value;
	int ret;

	if (!reg_is_arm64(reg->id))
		return -EINVAL;
	ret = vcpu_fetch_regs(vcpu);
	if (ret)
		return ret;
	if (reg_group(reg->id) == KVM_REG_ARM_CORE)
		return reg_core_get(vcpu, reg);
	ret = reg_u64_get(vcpu, reg->id, &value);
	if (ret)
		return ret;
	return put_user(value, (u64 __user *)reg->addr);
}

int regs_set(struct selkie_vcpu *vcpu, const struct kvm_one_reg *reg)
{
	u64 value;
	int ret;

	if (!reg_is_arm64(reg->id))
		return -EINVAL;
	ret = vcpu_fetch_regs(vcpu);
	if (ret)
		return ret;
	if (reg_group(reg->id) == KVM_REG_ARM_CORE)
		return reg_core_set(vcpu, reg);
	/* A register that is not there is told before the value is read. */
	ret = reg_u64_get(vcpu, reg->id, &value);
	if (ret)
		return ret;
	if (get_user(value, (u64 __user *)reg->addr))
		return -EFAULT;
	return reg_u64_set(vcpu, reg->id, value);
}

/* --- list ------------------------------------------------------------------------------------- */
#define LIST_CORE (31 + 5 + KVM_NR_SPSR + 32 + 2)
#define LIST_TIMERS 3
#define LIST_FIRMWARE 1
#define LIST_COUNT (LIST_CORE + LIST_FIRMWARE + LIST_TIMERS + ARRAY_SIZE(reg_sys) + REG_ID_COUNT)

/* Register number n of the list, 0 <= n < LIST_CORE */
static u64 reg_list_core(unsigned int n)
{
	static const u16 single[] = { CORE_SP, CORE_PC, CORE_PSTATE, CORE_SP_EL1, CORE_ELR_EL1 };

	if (n < 31)
		return CORE_ID(KVM_REG_SIZE_U64, CORE_X0 + 2 * n);
	n -= 31;
	if (n < ARRAY_SIZE(single))
		return CORE_ID(KVM_REG_SIZE_U64, single[n]);
	n -= ARRAY_SIZE(single);
	if (n < KVM_NR_SPSR)
		return CORE_ID(KVM_REG_SIZE_U64, CORE_SPSR + 2 * n);
	n -= KVM_NR_SPSR;
	if (n < 32)
		return CORE_ID(KVM_REG_SIZE_U128, CORE_V0 + 4 * n);
	return CORE_ID(KVM_REG_SIZE_U32, n == 32 ? CORE_FPSR : CORE_FPCR);
}

static u64 reg_list_sys(unsigned int enc)
{
	return KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM64_SYSREG | enc;
}

static u64 reg_list_entry(unsigned int n)
{
	static const u64 other[LIST_FIRMWARE + LIST_TIMERS] = {
		REG_PSCI_VERSION,
		KVM_REG_ARM_TIMER_CTL,
		KVM_REG_ARM_TIMER_CNT,
		KVM_REG_ARM_TIMER_CVAL,
	};

	if (n < LIST_CORE)
		return reg_list_core(n);
	n -= LIST_CORE;
	if (n < ARRAY_SIZE(other))
		return other[n];
	n -= ARRAY_SIZE(other);
	if (n < ARRAY_SIZE(reg_sys))
		return reg_list_sys(reg_sys[n].enc);
	return reg_list_sys(REG_ID_FIRST + n - ARRAY_SIZE(reg_sys));
}

int regs_list(struct kvm_reg_list __user *list)
{
	unsigned int i;
	u64 room;

	if (get_user(room, &list->n))
		return -EFAULT;
	if (put_user((u64)LIST_COUNT, &list->n))
		return -EFAULT;
	if (room < LIST_COUNT)
		return -E2BIG;
	for (i = 0; i < LIST_COUNT; i++) {
		if (put_user(reg_list_entry(i), &list->reg[i]))
			return -EFAULT;
	}
	return 0;
}
