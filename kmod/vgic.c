// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_DEV_TYPE_ARM_VGIC_V2: the device file descriptor.
 *
 * The vGIC itself lives in the VMM (vmm/vgic). Until the VM is live, registers written through DIST_REGS and CPU_REGS are kept
 * in a shadow and handed over by vgic_replay(); afterwards each access is a request to the VMM. Register names and
 * offsets: ARM IHI 0048B.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/irqchip/arm-gic.h>
#include <linux/nospec.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "selkie.h"

#define VGIC_DIST_SIZE SZ_4K
#define VGIC_CPU_SIZE SZ_8K
#define VGIC_DEFAULT_INTIDS 256
#define VGIC_MIN_INTIDS 64
/* KVM's own limit is 1023, which with multiples of 32 is this. */
#define VGIC_MAX_INTIDS 992

#define VGIC_TYPER_LINES_UNIT 32
#define VGIC_TYPER_CPUS_SHIFT 5
/* Implementer Arm (0x43b), product 'K', KVM's revision 3: what QEMU expects to read. */
#define VGIC_IIDR 0x4b00343bu
#define VGIC_IIDR_REVISION GENMASK(15, 12)

#define VGIC_SGIS 16
#define VGIC_SGI_MASK GENMASK(VGIC_SGIS - 1, 0)
/* GICD_ICFGR of sixteen edge-triggered interrupts: SGIs always, SPIs of a new vGIC as with KVM */
#define VGIC_CONFIG_EDGE 0xaaaaaaaau
#define VGIC_CTLR_MASK BIT(0)
#define VGIC_PMR_MASK GENMASK(4, 0)
#define VGIC_BPR_MASK GENMASK(2, 0)
#define VGIC_ABPR_RESET 1u

#define VGIC_GICC_IIDR 0xfc
#define VGIC_GICC_APR 0xd0
#define VGIC_GICC_APR_LAST 0xdc

#define VGIC_ATTR_OFFSET(attr) \
	((KVM_DEV_ARM_VGIC_OFFSET_MASK & (attr)) >> KVM_DEV_ARM_VGIC_OFFSET_SHIFT)
#define VGIC_ATTR_CPU(attr) ((KVM_DEV_ARM_VGIC_CPUID_MASK & (attr)) >> KVM_DEV_ARM_VGIC_CPUID_SHIFT)

/* --- distributor map -------------------------------------------------------------------------- */
enum vgic_access {
	VGIC_RW,
	VGIC_RO, /* writes are ignored */
	VGIC_SET, /* a 1 sets the bit */
	VGIC_CLEAR, /* a 1 clears the bit */
	VGIC_IDENT, /* writes must repeat the value */
	VGIC_IGNORE, /* reads as zero, writes are ignored */
};

enum vgic_reg {
	VGIC_CTLR,
	VGIC_TYPER,
	VGIC_IIDR_REG,
	VGIC_GROUP,
	VGIC_ENABLE,
	VGIC_PENDING,
	VGIC_ACTIVE,
	VGIC_PRIORITY,
	VGIC_TARGETS,
	VGIC_CONFIG,
	VGIC_SGIR,
	VGIC_SGI_SOURCE,
};

/* bits: of each interrupt in a per-interrupt register, 0 for others, whose length then counts. */
static const struct vgic_range {
	u16 offset;
	u16 length;
	u8 bits;
	u8 access;
	u8 reg;
} vgic_dist_map[] = {
	{ GIC_DIST_CTRL, 4, 0, VGIC_RW, VGIC_CTLR },
	{ GIC_DIST_CTR, 4, 0, VGIC_RO, VGIC_TYPER },
	{ GIC_DIST_IIDR, 4, 0, VGIC_IDENT, VGIC_IIDR_REG },
	{ GIC_DIST_IGROUP, 0x80, 1, VGIC_RW, VGIC_GROUP },
	{ GIC_DIST_ENABLE_SET, 0x80, 1, VGIC_SET, VGIC_ENABLE },
	{ GIC_DIST_ENABLE_CLEAR, 0x80, 1, VGIC_CLEAR, VGIC_ENABLE },
	{ GIC_DIST_PENDING_SET, 0x80, 1, VGIC_SET, VGIC_PENDING },
	{ GIC_DIST_PENDING_CLEAR, 0x80, 1, VGIC_CLEAR, VGIC_PENDING },
	{ GIC_DIST_ACTIVE_SET, 0x80, 1, VGIC_SET, VGIC_ACTIVE },
	{ GIC_DIST_ACTIVE_CLEAR, 0x80, 1, VGIC_CLEAR, VGIC_ACTIVE },
	{ GIC_DIST_PRI, 0x400, 8, VGIC_RW, VGIC_PRIORITY },
	{ GIC_DIST_TARGET, 0x400, 8, VGIC_RW, VGIC_TARGETS },
	{ GIC_DIST_CONFIG, 0x100, 2, VGIC_RW, VGIC_CONFIG },
	{ GIC_DIST_SOFTINT, 4, 0, VGIC_IGNORE, VGIC_SGIR },
	{ GIC_DIST_SGI_PENDING_CLEAR, 16, 0, VGIC_CLEAR, VGIC_SGI_SOURCE },
	{ GIC_DIST_SGI_PENDING_SET, 16, 0, VGIC_SET, VGIC_SGI_SOURCE },
};

static const struct vgic_range *vgic_dist_find(struct selkie_vm *vm, u32 offset)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vgic_dist_map); i++) {
		const struct vgic_range *range = &vgic_dist_map[i];

		if (offset < range->offset || offset >= range->offset + range->length)
			continue;
		/* An interrupt the distributor does not have; private ones it always has */
		if (range->bits && (offset - range->offset) * 8 / range->bits >=
					   max_t(u32, vm->vgic->intids, SELKIE_PRIVATE_INTIDS))
			return NULL;
		return range;
	}
	return NULL;
}

/* Where the shadow has a register word; `word` counts from the range's begin. NULL: a fixed value, in *fixed. */
static u32 *vgic_dist_place(struct selkie_vm *vm, unsigned int cpu, u8 reg, unsigned int word,
			    u32 *fixed)
{
	struct vgic_shadow *shadow = vm->vgic->shadow;

	*fixed = 0;
	switch (reg) {
	case VGIC_CTLR:
		return &shadow->ctlr;
	case VGIC_TYPER:
		*fixed = (vm->vgic->intids / VGIC_TYPER_LINES_UNIT - 1) |
			 (vm->vcpus - 1) << VGIC_TYPER_CPUS_SHIFT;
		return NULL;
	case VGIC_IIDR_REG:
		*fixed = VGIC_IIDR;
		return NULL;
	case VGIC_GROUP:
		return word ? &shadow->group[word] : &shadow->cpu[cpu].group;
	case VGIC_ENABLE:
		return word ? &shadow->enable[word] : &shadow->cpu[cpu].enable;
	case VGIC_PENDING:
		return word ? &shadow->pending[word] : &shadow->cpu[cpu].pending;
	case VGIC_ACTIVE:
		return word ? &shadow->active[word] : &shadow->cpu[cpu].active;
	case VGIC_PRIORITY:
		return word < SELKIE_PRIVATE_INTIDS / 4 ? &shadow->cpu[cpu].priority[word] :
							  &shadow->priority[word];
	case VGIC_TARGETS:
		if (word >= SELKIE_PRIVATE_INTIDS / 4)
			return &shadow->targets[word];
		/* Banked interrupts go to their own CPU. */
		*fixed = 0x01010101u << cpu;
		return NULL;
	case VGIC_CONFIG:
		if (word >= SELKIE_PRIVATE_INTIDS / 16)
			return &shadow->config[word];
		if (word)
			return &shadow->cpu[cpu].config[word];
		*fixed = VGIC_CONFIG_EDGE;
		return NULL;
	case VGIC_SGI_SOURCE:
		return &shadow->cpu[cpu].sgi_source[word];
	default:
		return NULL;
	}
}

/* What a write may change, by register. */
static u32 vgic_dist_mask(u8 reg, unsigned int word)
{
	switch (reg) {
	case VGIC_CTLR:
		return VGIC_CTLR_MASK;
	case VGIC_PRIORITY:
		return 0xf8f8f8f8u; /* 32 priorities */
	case VGIC_CONFIG:
		return 0xaaaaaaaau; /* the other bit of each pair is reserved */
	case VGIC_PENDING:
		/* An SGI is pending for a source; SPENDSGIR has it. */
		return word ? U32_MAX : ~VGIC_SGI_MASK;
	default:
		return U32_MAX;
	}
}

/* An access before the VM is live. 0 or -EINVAL. */
static int vgic_shadow_dist(struct selkie_vm *vm, const struct vgic_range *range, unsigned int cpu,
			    u32 offset, u32 *value, bool write)
{
	unsigned int word = array_index_nospec((offset - range->offset) / sizeof(u32),
					       range->length / sizeof(u32));
	u32 mask = vgic_dist_mask(range->reg, word);
	u32 fixed, *place;

	place = vgic_dist_place(vm, cpu, range->reg, word, &fixed);
	if (!write) {
		*value = place ? *place : fixed;
		return 0;
	}
	switch (range->access) {
	case VGIC_RW:
		if (place)
			*place = *value & mask;
		return 0;
	case VGIC_SET:
		if (place)
			*place |= *value & mask;
		return 0;
	case VGIC_CLEAR:
		if (place)
			*place &= ~(*value & mask);
		return 0;
	case VGIC_IDENT:
		return (*value ^ fixed) & ~VGIC_IIDR_REVISION ? -EINVAL : 0;
	default:
		return 0;
	}
}

/* --- CPU interface ---------------------------------------------------------------------------- */
static bool vgic_cpu_known(u32 offset)
{
	switch (offset) {
	case GIC_CPU_CTRL:
	case GIC_CPU_PRIMASK:
	case GIC_CPU_BINPOINT:
	case GIC_CPU_ALIAS_BINPOINT:
	case VGIC_GICC_IIDR:
		return true;
	default:
		return offset >= VGIC_GICC_APR && offset <= VGIC_GICC_APR_LAST;
	}
}

static void vgic_shadow_cpu(struct selkie_vm *vm, unsigned int cpu, u32 offset, u32 *value,
			    bool write)
{
	struct vgic_shadow *shadow = vm->vgic->shadow;
	u32 mask = U32_MAX;
	u32 *place;

	switch (offset) {
	case GIC_CPU_CTRL:
		place = &shadow->cpu[cpu].ctlr;
		break;
	case GIC_CPU_PRIMASK:
		place = &shadow->cpu[cpu].pmr;
		mask = VGIC_PMR_MASK;
		break;
	case GIC_CPU_BINPOINT:
		place = &shadow->cpu[cpu].bpr;
		mask = VGIC_BPR_MASK;
		break;
	case GIC_CPU_ALIAS_BINPOINT:
		place = &shadow->cpu[cpu].abpr;
		mask = VGIC_BPR_MASK;
		break;
	case VGIC_GICC_APR:
		place = &shadow->cpu[cpu].apr;
		break;
	default:
		/* 32 priorities need one GICC_APR. */
		if (!write)
			*value = offset == VGIC_GICC_IIDR ? VGIC_IIDR : 0;
		return;
	}
	if (write)
		*place = *value & mask;
	else
		*value = *place;
}

/* --- replay ----------------------------------------------------------------------------------- */
static int vgic_send(struct selkie_vm *vm, u64 group, u64 cpu, u64 offset, u32 value)
{
	u64 arg[4] = { group, cpu, offset, value };

	return vm_request(vm, UVM_VMREQ_GIC_SET, arg);
}

/* Sends one word where it differs from what the VMM's vGIC begins with. */
static int vgic_replay_word(struct selkie_vm *vm, unsigned int cpu, u32 offset, u32 value,
			    u32 reset)
{
	return value == reset ? 0 :
				vgic_send(vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, cpu, offset, value);
}

static int vgic_replay_cpu(struct selkie_vm *vm, unsigned int cpu)
{
	const struct vgic_shadow *shadow = vm->vgic->shadow;
	const typeof(shadow->cpu[0]) *c = &shadow->cpu[cpu];
	unsigned int i;
	int ret;

	/* Whatever the VMM begins with. */
	ret = vgic_send(vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, cpu, GIC_DIST_ENABLE_CLEAR, ~c->enable);
	ret = ret   ?:
		      vgic_send(vm, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, cpu, GIC_DIST_ENABLE_SET,
				c->enable);
	ret = ret ?: vgic_replay_word(vm, cpu, GIC_DIST_IGROUP, c->group, 0);
	ret = ret ?: vgic_replay_word(vm, cpu, GIC_DIST_CONFIG + sizeof(u32), c->config[1], 0);
	for (i = 0; !ret && i < ARRAY_SIZE(c->priority); i++)
		ret = vgic_replay_word(vm, cpu, GIC_DIST_PRI + i * sizeof(u32), c->priority[i], 0);
	ret = ret ?: vgic_replay_word(vm, cpu, GIC_DIST_PENDING_SET, c->pending, 0);
	ret = ret ?: vgic_replay_word(vm, cpu, GIC_DIST_ACTIVE_SET, c->active, 0);
	for (i = 0; !ret && i < ARRAY_SIZE(c->sgi_source); i++)
		ret = vgic_replay_word(vm, cpu, GIC_DIST_SGI_PENDING_SET + i * sizeof(u32),
				       c->sgi_source[i], 0);
	ret = ret ?: vgic_send(vm, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, cpu, GIC_CPU_CTRL, c->ctlr);
	ret = ret ?: vgic_send(vm, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, cpu, GIC_CPU_PRIMASK, c->pmr);
	ret = ret ?: vgic_send(vm, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, cpu, GIC_CPU_BINPOINT, c->bpr);
	ret = ret   ?:
		      vgic_send(vm, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, cpu, GIC_CPU_ALIAS_BINPOINT,
				c->abpr);
	return ret;
}

static int vgic_replay_spis(struct selkie_vm *vm)
{
	const struct vgic_shadow *shadow = vm->vgic->shadow;
	unsigned int words = vm->vgic->intids / 32, i;
	int ret = 0;

	for (i = 1; !ret && i < words; i++)
		ret = vgic_replay_word(vm, 0, GIC_DIST_IGROUP + i * sizeof(u32), shadow->group[i],
				       0);
	for (i = 2; !ret && i < words * 2; i++)
		ret = vgic_replay_word(vm, 0, GIC_DIST_CONFIG + i * sizeof(u32), shadow->config[i],
				       0);
	for (i = 8; !ret && i < words * 8; i++) {
		ret = vgic_replay_word(vm, 0, GIC_DIST_PRI + i * sizeof(u32), shadow->priority[i],
				       0);
		ret = ret   ?:
			      vgic_replay_word(vm, 0, GIC_DIST_TARGET + i * sizeof(u32),
					       shadow->targets[i], 0);
	}
	for (i = 1; !ret && i < words; i++) {
		ret = vgic_replay_word(vm, 0, GIC_DIST_PENDING_SET + i * sizeof(u32),
				       shadow->pending[i], 0);
		ret = ret   ?:
			      vgic_replay_word(vm, 0, GIC_DIST_ACTIVE_SET + i * sizeof(u32),
					       shadow->active[i], 0);
		ret = ret   ?:
			      vgic_replay_word(vm, 0, GIC_DIST_ENABLE_SET + i * sizeof(u32),
					       shadow->enable[i], 0);
	}
	return ret;
}

int vgic_replay(struct selkie_vm *vm)
{
	unsigned int cpu;
	int ret = 0;

	lockdep_assert_held(&vm->lock);
	if (!vm->vgic)
		return 0;
	for (cpu = 0; !ret && cpu < vm->vcpus; cpu++)
		ret = vgic_replay_cpu(vm, cpu);
	ret = ret ?: vgic_replay_spis(vm);
	return ret ?: vgic_replay_word(vm, 0, GIC_DIST_CTRL, vm->vgic->shadow->ctlr, 0);
}

/* --- attributes ------------------------------------------------------------------------------- */
static int vgic_init_vm(struct selkie_vm *vm)
{
	struct vgic *vgic = vm->vgic;
	int ret;

	lockdep_assert_held(&vm->lock);
	if (vgic->initialized)
		return 0;
	if (!vgic->intids)
		vgic->intids = VGIC_DEFAULT_INTIDS;
	ret = irq_default_routing(vm);
	if (ret)
		return ret;
	/* Pairs with the lockless looks at `initialized`: who sees it set sees intids. */
	smp_store_release(&vgic->initialized, true);
	return 0;
}

int vgic_lazy_init(struct selkie_vm *vm)
{
	return vgic_init_vm(vm);
}

static bool vgic_known(struct selkie_vm *vm, const struct kvm_device_attr *attr)
{
	u32 offset = VGIC_ATTR_OFFSET(attr->attr);

	if (!IS_ALIGNED(offset, sizeof(u32)))
		return false;
	return attr->group == KVM_DEV_ARM_VGIC_GRP_DIST_REGS ? !!vgic_dist_find(vm, offset) :
							       vgic_cpu_known(offset);
}

static int vgic_access_shadow(struct selkie_vm *vm, const struct kvm_device_attr *attr,
			      unsigned int cpu, u32 *value, bool write)
{
	u32 offset = VGIC_ATTR_OFFSET(attr->attr);

	if (attr->group == KVM_DEV_ARM_VGIC_GRP_DIST_REGS)
		return vgic_shadow_dist(vm, vgic_dist_find(vm, offset), cpu, offset, value, write);
	vgic_shadow_cpu(vm, cpu, offset, value, write);
	return 0;
}

/*
 * A reset writes GICD_CTLR = 0; only who brings back a saved guest turns its distributor on for it. seL4 does not let the
 * rest of such a guest be set: what its CPU interface held, and its FP registers. Whoever restores one is told.
 */
static void vgic_tell_restore(const struct selkie_vm *vm, const struct kvm_device_attr *attr,
			      u32 value)
{
	if (attr->group != KVM_DEV_ARM_VGIC_GRP_DIST_REGS ||
	    VGIC_ATTR_OFFSET(attr->attr) != GIC_DIST_CTRL || !value)
		return;
	pr_warn_ratelimited(
		"VM of process %d: this saved guest will take no interrupts, see docs/kvm-abi.md\n",
		vm->pid);
}

/* One access to a register. Holds vm->lock. */
static int vgic_access(struct selkie_vm *vm, const struct kvm_device_attr *attr, u32 *value,
		       bool write)
{
	unsigned int cpu = VGIC_ATTR_CPU(attr->attr);
	u64 arg[4] = { attr->group, cpu, VGIC_ATTR_OFFSET(attr->attr), *value };
	int ret;

	if (cpu >= vm->vcpus)
		return -EINVAL;
	cpu = array_index_nospec(cpu, vm->vcpus);
	ret = vgic_init_vm(vm);
	if (ret)
		return ret;
	/* As KVM: what is not there reads as zero, and KVM_HAS_DEVICE_ATTR says so. */
	if (!vgic_known(vm, attr)) {
		*value = 0;
		return 0;
	}
	if (!vm->live)
		return vgic_access_shadow(vm, attr, cpu, value, write);
	ret = vm_request(vm, write ? UVM_VMREQ_GIC_SET : UVM_VMREQ_GIC_GET, arg);
	if (!ret && !write)
		*value = arg[3];
	return ret;
}

static int vgic_access_locked(struct selkie_vm *vm, const struct kvm_device_attr *attr, u32 *value,
			      bool write)
{
	int ret;

	if (mutex_lock_killable(&vm->lock))
		return -EINTR;
	ret = vm_lock_vcpus(vm);
	if (!ret) {
		ret = vgic_access(vm, attr, value, write);
		vm_unlock_vcpus(vm);
	}
	mutex_unlock(&vm->lock);
	return ret;
}

/* Where an address attribute is kept, with its size; NULL: no such attribute. */
static u64 *vgic_addr_place(struct selkie_vm *vm, u64 attr, u64 *size)
{
	switch (attr) {
	case KVM_VGIC_V2_ADDR_TYPE_DIST:
		*size = VGIC_DIST_SIZE;
		return &vm->vgic->gicd;
	case KVM_VGIC_V2_ADDR_TYPE_CPU:
		*size = VGIC_CPU_SIZE;
		return &vm->vgic->gicc;
	default:
		return NULL;
	}
}

static int vgic_set_addr(struct selkie_vm *vm, const struct kvm_device_attr *attr)
{
	u64 addr, size, *place;
	int ret = 0;

	place = vgic_addr_place(vm, attr->attr, &size);
	if (!place)
		return -ENXIO;
	if (copy_from_user(&addr, (void __user *)attr->addr, sizeof(addr)))
		return -EFAULT;
	if (mutex_lock_killable(&vm->lock))
		return -EINTR;
	if (*place != VGIC_ADDR_NONE)
		ret = -EEXIST;
	else if (!IS_ALIGNED(addr, SZ_4K) || addr + size < addr)
		ret = -EINVAL;
	else if (addr + size > BIT_ULL(vm->ipa_bits))
		ret = -E2BIG;
	else
		*place = addr;
	mutex_unlock(&vm->lock);
	return ret;
}

static int vgic_get_addr(struct selkie_vm *vm, const struct kvm_device_attr *attr)
{
	u64 addr, size, *place;

	place = vgic_addr_place(vm, attr->attr, &size);
	if (!place)
		return -ENXIO;
	if (mutex_lock_killable(&vm->lock))
		return -EINTR;
	addr = *place;
	mutex_unlock(&vm->lock);
	return copy_to_user((void __user *)attr->addr, &addr, sizeof(addr)) ? -EFAULT : 0;
}

static int vgic_set_intids(struct selkie_vm *vm, const struct kvm_device_attr *attr)
{
	u32 intids;
	int ret = 0;

	if (get_user(intids, (u32 __user *)attr->addr))
		return -EFAULT;
	if (intids < VGIC_MIN_INTIDS || intids > VGIC_MAX_INTIDS || intids % VGIC_TYPER_LINES_UNIT)
		return -EINVAL;
	if (mutex_lock_killable(&vm->lock))
		return -EINTR;
	if (vm->vgic->initialized || vm->vgic->intids)
		ret = -EBUSY;
	else
		vm->vgic->intids = intids;
	mutex_unlock(&vm->lock);
	return ret;
}

static int vgic_get_intids(struct selkie_vm *vm, const struct kvm_device_attr *attr)
{
	u32 intids = READ_ONCE(vm->vgic->intids);

	return put_user(intids ? intids : SELKIE_PRIVATE_INTIDS, (u32 __user *)attr->addr);
}

static int vgic_control(struct selkie_vm *vm, const struct kvm_device_attr *attr)
{
	int ret;

	if (attr->attr != KVM_DEV_ARM_VGIC_CTRL_INIT)
		return -ENXIO;
	if (mutex_lock_killable(&vm->lock))
		return -EINTR;
	ret = vgic_init_vm(vm);
	mutex_unlock(&vm->lock);
	return ret;
}

static int vgic_set_attr(struct selkie_vm *vm, const struct kvm_device_attr *attr)
{
	u32 value;
	int ret;

	switch (attr->group) {
	case KVM_DEV_ARM_VGIC_GRP_ADDR:
		return vgic_set_addr(vm, attr);
	case KVM_DEV_ARM_VGIC_GRP_NR_IRQS:
		return vgic_set_intids(vm, attr);
	case KVM_DEV_ARM_VGIC_GRP_CTRL:
		return vgic_control(vm, attr);
	case KVM_DEV_ARM_VGIC_GRP_DIST_REGS:
	case KVM_DEV_ARM_VGIC_GRP_CPU_REGS:
		if (get_user(value, (u32 __user *)attr->addr))
			return -EFAULT;
		ret = vgic_access_locked(vm, attr, &value, true);
		if (!ret)
			vgic_tell_restore(vm, attr, value);
		return ret;
	default:
		return -ENXIO;
	}
}

static int vgic_get_attr(struct selkie_vm *vm, const struct kvm_device_attr *attr)
{
	u32 value = 0;
	int ret;

	switch (attr->group) {
	case KVM_DEV_ARM_VGIC_GRP_ADDR:
		return vgic_get_addr(vm, attr);
	case KVM_DEV_ARM_VGIC_GRP_NR_IRQS:
		return vgic_get_intids(vm, attr);
	case KVM_DEV_ARM_VGIC_GRP_DIST_REGS:
	case KVM_DEV_ARM_VGIC_GRP_CPU_REGS:
		ret = vgic_access_locked(vm, attr, &value, false);
		return ret ? ret : put_user(value, (u32 __user *)attr->addr);
	default:
		return -ENXIO;
	}
}

static int vgic_has_reg(struct selkie_vm *vm, const struct kvm_device_attr *attr)
{
	unsigned int cpu = VGIC_ATTR_CPU(attr->attr);
	bool exists, known;

	if (mutex_lock_killable(&vm->lock))
		return -EINTR;
	exists = cpu < vm->vcpus;
	known = vgic_known(vm, attr);
	mutex_unlock(&vm->lock);
	if (!exists)
		return -EINVAL;
	return known ? 0 : -ENXIO;
}

static int vgic_has_attr(struct selkie_vm *vm, const struct kvm_device_attr *attr)
{
	u64 size;

	switch (attr->group) {
	case KVM_DEV_ARM_VGIC_GRP_ADDR:
		return vgic_addr_place(vm, attr->attr, &size) ? 0 : -ENXIO;
	case KVM_DEV_ARM_VGIC_GRP_NR_IRQS:
		return 0;
	case KVM_DEV_ARM_VGIC_GRP_CTRL:
		return attr->attr == KVM_DEV_ARM_VGIC_CTRL_INIT ? 0 : -ENXIO;
	case KVM_DEV_ARM_VGIC_GRP_DIST_REGS:
	case KVM_DEV_ARM_VGIC_GRP_CPU_REGS:
		return vgic_has_reg(vm, attr);
	default:
		return -ENXIO;
	}
}

int vgic_check_frames(const struct vgic *vgic)
{
	if (vgic->gicd == VGIC_ADDR_NONE || vgic->gicc == VGIC_ADDR_NONE) {
		pr_err_ratelimited("the vGIC's distributor and CPU interface have no addresses\n");
		return -ENXIO;
	}
	if (vgic->gicd < vgic->gicc + VGIC_CPU_SIZE && vgic->gicc < vgic->gicd + VGIC_DIST_SIZE) {
		pr_err_ratelimited("the vGIC's distributor and CPU interface overlap\n");
		return -EINVAL;
	}
	return 0;
}

/* --- file descriptor -------------------------------------------------------------------------- */
static long vgic_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct selkie_vm *vm = file->private_data;
	struct kvm_device_attr attr;

	if (!vm_usable(vm))
		return -EIO;
	switch (cmd) {
	case KVM_SET_DEVICE_ATTR:
	case KVM_GET_DEVICE_ATTR:
	case KVM_HAS_DEVICE_ATTR:
		break;
	default:
		return -ENOTTY;
	}
	if (copy_from_user(&attr, (void __user *)arg, sizeof(attr)))
		return -EFAULT;
	if (cmd == KVM_SET_DEVICE_ATTR)
		return vgic_set_attr(vm, &attr);
	return cmd == KVM_GET_DEVICE_ATTR ? vgic_get_attr(vm, &attr) : vgic_has_attr(vm, &attr);
}

#ifdef CONFIG_COMPAT
static long vgic_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return -EINVAL;
}
#else
#define vgic_compat_ioctl NULL
#endif

static int vgic_release(struct inode *inode, struct file *file)
{
	vm_put(file->private_data);
	return 0;
}

static const struct file_operations vgic_fops = {
	.owner = THIS_MODULE,
	.release = vgic_release,
	.unlocked_ioctl = vgic_ioctl,
	.compat_ioctl = vgic_compat_ioctl,
	.llseek = noop_llseek,
};

void vgic_free(struct selkie_vm *vm)
{
	if (vm->vgic)
		kfree(vm->vgic->shadow);
	kfree(vm->vgic);
}

static struct vgic *vgic_alloc(void)
{
	struct vgic *vgic;
	unsigned int cpu;

	vgic = kzalloc(sizeof(*vgic), GFP_KERNEL_ACCOUNT);
	if (!vgic)
		return NULL;
	vgic->shadow = kzalloc(sizeof(*vgic->shadow), GFP_KERNEL_ACCOUNT);
	if (!vgic->shadow) {
		kfree(vgic);
		return NULL;
	}
	memset32(vgic->shadow->config, VGIC_CONFIG_EDGE, ARRAY_SIZE(vgic->shadow->config));
	vgic->gicd = VGIC_ADDR_NONE;
	vgic->gicc = VGIC_ADDR_NONE;
	for (cpu = 0; cpu < SELKIE_MAX_VCPUS; cpu++) {
		vgic->shadow->cpu[cpu].enable = VGIC_SGI_MASK;
		vgic->shadow->cpu[cpu].abpr = VGIC_ABPR_RESET;
	}
	return vgic;
}

/* As KVM: not while a vCPU is in use or after one has run. Holds vm->lock. */
static int vgic_check_create(struct selkie_vm *vm)
{
	unsigned int i;
	int ret;

	if (vm->vgic)
		return -EEXIST;
	ret = vm_lock_vcpus(vm);
	if (ret)
		return ret;
	for (i = 0; i < SELKIE_MAX_VCPUS; i++) {
		if (vm->vcpu[i] && vm->vcpu[i]->has_run)
			ret = -EBUSY;
	}
	vm_unlock_vcpus(vm);
	return ret;
}

/* The vGIC is there before anyone can use the descriptor. Holds vm->lock. */
static int vgic_install_fd(struct selkie_vm *vm, struct vgic *vgic)
{
	struct file *file;
	int fd;

	lockdep_assert_held(&vm->lock);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	vm_get(vm);
	file = anon_inode_getfile("kvm-arm-vgic-v2", &vgic_fops, vm, O_RDWR);
	if (IS_ERR(file)) {
		vm_put(vm);
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	/* Pairs with the lockless looks at vm->vgic. */
	smp_store_release(&vm->vgic, vgic);
	fd_install(fd, file);
	return fd;
}

int vgic_create_device(struct selkie_vm *vm, struct kvm_create_device *cd)
{
	struct vgic *vgic;
	int ret;

	/* GICv3 without an ITS would lead VMMs astray that try it first (docs/kvm-abi.md). */
	if (cd->type != KVM_DEV_TYPE_ARM_VGIC_V2)
		return -ENODEV;
	if (cd->flags & KVM_CREATE_DEVICE_TEST)
		return 0;
	vgic = vgic_alloc();
	if (!vgic)
		return -ENOMEM;
	ret = mutex_lock_killable(&vm->lock);
	if (ret)
		goto out_vgic;
	ret = vgic_check_create(vm);
	if (ret)
		goto out_free;
	ret = vgic_install_fd(vm, vgic);
	if (ret < 0)
		goto out_free;
	cd->fd = ret;
	mutex_unlock(&vm->lock);
	return 0;
out_free:
	mutex_unlock(&vm->lock);
out_vgic:
	kfree(vgic->shadow);
	kfree(vgic);
	return ret;
}
