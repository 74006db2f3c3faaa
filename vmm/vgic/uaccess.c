/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vGIC: registers as KVM's GICv2 device groups show them (Linux Documentation/virt/kvm/devices/arm-vgic.rst).
 * QEMU writes the whole state at each system reset, GICD_CTLR = 0 first; here that is a register like others.
 */
#include "vmm/vgic/regs.h"

/* GICC_PMR is exchanged as GICH_VMCR.VMPriMask, five bits. */
#define GICC_PMR_MASK 0x1fu
#define GICC_CTLR_MASK 0x1ffu
#define GICC_BPR_MASK 0x7u

void vgic_uwrite_iidr(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	(void)a;
	(void)value;
	g->groups_writable = true;
}

void vgic_uwrite_group(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	if (g->groups_writable)
		vgic_bank(g, a->cpu, a->bank)->group = value;
}

/* Registers are settled while user space looks: what a list register holds counts as not yet acknowledged. */
uint32_t vgic_uread_pending(struct vgic *g, const struct vgic_access *a)
{
	const struct vgic_bank *b = vgic_bank(g, a->cpu, a->bank);

	return b->latch | b->line | b->in_lr;
}

uint32_t vgic_uread_active(struct vgic *g, const struct vgic_access *a)
{
	return vgic_bank(g, a->cpu, a->bank)->active;
}

void vgic_uwrite_spend(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	if (a->bank) {
		vgic_latch(g, a->cpu, a->bank, value);
		return;
	}
	vgic_latch(g, a->cpu, 0, value >> GIC_SGIS << GIC_SGIS);
	for (unsigned i = 0; i < GIC_SGIS; i++) {
		if (value & (1u << i))
			vgic_sgi_source(g, a->cpu, i, (uint8_t)(1u << a->cpu), 0);
	}
}

void vgic_uwrite_cpend(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	vgic_unlatch(g, a->cpu, a->bank, value);
	for (unsigned i = 0; !a->bank && i < GIC_SGIS; i++) {
		if (value & (1u << i))
			vgic_sgi_source(g, a->cpu, i, 0, UINT8_MAX);
	}
}

/* Where the value of a CPU interface register is kept, and which bits of it exist. */
static uint32_t *cpu_reg(struct vgic_cpu *c, uint64_t offset, uint32_t *mask)
{
	*mask = UINT32_MAX;
	switch (offset) {
	case GICC_CTLR:
		*mask = GICC_CTLR_MASK;
		return &c->gicc_ctlr;
	case GICC_PMR:
		*mask = GICC_PMR_MASK;
		return &c->gicc_pmr;
	case GICC_BPR:
		*mask = GICC_BPR_MASK;
		return &c->gicc_bpr;
	case GICC_ABPR:
		*mask = GICC_BPR_MASK;
		return &c->gicc_abpr;
	case GICC_APR:
	case GICC_APR + 4:
	case GICC_APR + 8:
	case GICC_APR + 12:
		return &c->gicc_apr[(offset - GICC_APR) / 4];
	default:
		return NULL;
	}
}

/* Checks what both directions share. *r is NULL for the CPU group. */
static enum wire_status find(struct vgic *g, uint64_t group, uint64_t cpu, uint64_t offset,
			     const struct vgic_reg **r, struct vgic_access *a)
{
	*r = NULL;
	if (!g->present || cpu >= g->cpus || group < VGIC_GROUP_DIST || group > VGIC_GROUP_CPU)
		return WIRE_EINVAL;
	if (offset % 4 || offset >= GICD_SIZE)
		return WIRE_ENOENT;
	if (group == VGIC_GROUP_DIST) {
		*r = vgic_reg_find(g, (unsigned)cpu, (uint32_t)offset, a);
		if (!*r)
			return WIRE_ENOENT;
		a->mask = UINT32_MAX;
	}
	return WIRE_OK;
}

enum wire_status vgic_uaccess_read(struct vgic *g, uint64_t group, uint64_t cpu, uint64_t offset,
				   uint32_t *value)
{
	const struct vgic_reg *r;
	struct vgic_access a;
	vgic_read_fn read;
	uint32_t mask, *p;
	enum wire_status st = find(g, group, cpu, offset, &r, &a);

	if (st != WIRE_OK)
		return st;
	if (r) {
		read = r->uread ? r->uread : r->read;
		*value = read ? read(g, &a) : 0;
		return WIRE_OK;
	}
	p = cpu_reg(&g->cpu[cpu], offset, &mask);
	if (!p)
		return WIRE_ENOENT;
	*value = *p;
	return WIRE_OK;
}

enum wire_status vgic_uaccess_write(struct vgic *g, uint64_t group, uint64_t cpu, uint64_t offset,
				    uint32_t value)
{
	const struct vgic_reg *r;
	struct vgic_access a;
	vgic_write_fn write;
	uint32_t mask, *p;
	enum wire_status st = find(g, group, cpu, offset, &r, &a);

	if (st != WIRE_OK)
		return st;
	if (r) {
		write = r->uwrite ? r->uwrite : r->write;
		if (write)
			write(g, &a, value);
		return WIRE_OK;
	}
	p = cpu_reg(&g->cpu[cpu], offset, &mask);
	if (!p)
		return WIRE_ENOENT;
	*p = value & mask;
	return WIRE_OK;
}
