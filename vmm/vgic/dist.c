/* SPDX-License-Identifier: BSD-2-Clause */
/* vGIC: the distributor's registers as the guest sees them (IHI 0048B 4.3). */
#include "vmm/vgic/regs.h"

/* As KVM's: implementer Arm, product 0x4b, revision 2. */
#define IIDR_VALUE 0x4b00243bu
#define PIDR2_GICV2 0x2bu

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define SGI_BITS ((1u << GIC_SGIS) - 1)

static struct vgic_bank *bank_of(struct vgic *g, const struct vgic_access *a)
{
	return vgic_bank(g, a->cpu, a->bank);
}

static uint32_t read_ctlr(struct vgic *g, const struct vgic_access *a)
{
	(void)a;
	return g->ctlr;
}

static void write_ctlr(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	(void)a;
	g->ctlr = value & (GICD_CTLR_ENABLE_GRP0 | GICD_CTLR_ENABLE_GRP1);
	g->dirty |= (1u << g->cpus) - 1;
}

static uint32_t read_typer(struct vgic *g, const struct vgic_access *a)
{
	(void)a;
	return FIELD_PREP(GICD_TYPER_ITLINES, g->banks - 1u) |
	       FIELD_PREP(GICD_TYPER_CPUS, g->cpus - 1u);
}

static uint32_t read_iidr(struct vgic *g, const struct vgic_access *a)
{
	(void)g;
	(void)a;
	return IIDR_VALUE;
}

static uint32_t read_pidr2(struct vgic *g, const struct vgic_access *a)
{
	(void)g;
	(void)a;
	return PIDR2_GICV2;
}

static uint32_t read_group(struct vgic *g, const struct vgic_access *a)
{
	return bank_of(g, a)->group;
}

static void write_group(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	bank_of(g, a)->group = value;
}

static uint32_t read_enable(struct vgic *g, const struct vgic_access *a)
{
	return bank_of(g, a)->enabled;
}

static void write_senable(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	vgic_enable(g, a->cpu, a->bank, value);
}

static void write_cenable(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	bank_of(g, a)->enabled &= ~value;
}

static uint32_t read_pending(struct vgic *g, const struct vgic_access *a)
{
	return vgic_pending(bank_of(g, a));
}

/* The SGI bits are read-only (IHI 0048B 4.3.7). */
static void write_spend(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	vgic_latch(g, a->cpu, a->bank, a->bank ? value : value & ~SGI_BITS);
}

static void write_cpend(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	vgic_unlatch(g, a->cpu, a->bank, a->bank ? value : value & ~SGI_BITS);
}

static uint32_t read_active(struct vgic *g, const struct vgic_access *a)
{
	const struct vgic_bank *b = bank_of(g, a);

	return b->active | b->in_lr;
}

static void write_sactive(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	struct vgic_bank *b = bank_of(g, a);

	b->active |= value & ~b->in_lr;
}

static void write_cactive(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	vgic_deactivate(g, a->cpu, a->bank, value);
}

static uint32_t read_prio(struct vgic *g, const struct vgic_access *a)
{
	const uint8_t *p = &bank_of(g, a)->prio[a->bit];

	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Five bits of priority, as many as list registers have. */
static void write_prio(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	uint8_t *p = &bank_of(g, a)->prio[a->bit];

	for (unsigned i = 0; i < 4; i++) {
		if (a->mask & (0xffu << 8 * i))
			p[i] = (value >> 8 * i) & 0xf8;
	}
	vgic_touch(g, a->cpu, a->bank);
}

/* A private interrupt's target is the CPU that reads; RAZ with one CPU is allowed but KVM shows the bit. */
static uint32_t read_target(struct vgic *g, const struct vgic_access *a)
{
	const uint8_t *t = &bank_of(g, a)->target[a->bit];

	if (!a->bank)
		return (1u << a->cpu) * 0x01010101u;
	return t[0] | (uint32_t)t[1] << 8 | (uint32_t)t[2] << 16 | (uint32_t)t[3] << 24;
}

static void write_target(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	if (!a->bank)
		return;
	for (unsigned i = 0; i < 4; i++) {
		if (a->mask & (0xffu << 8 * i))
			vgic_set_target(g, a->bank, a->bit + i, (value >> 8 * i) & 0xff);
	}
	vgic_touch(g, a->cpu, a->bank);
}

static uint32_t read_config(struct vgic *g, const struct vgic_access *a)
{
	uint32_t edge = bank_of(g, a)->edge >> a->bit;
	uint32_t value = 0;

	for (unsigned i = 0; i < 16; i++) {
		if (edge & (1u << i))
			value |= GICD_ICFGR_EDGE << 2 * i;
	}
	return value;
}

/* SGIs are edges; PPIs are levels here, which the architecture leaves to the implementation. */
static void write_config(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	struct vgic_bank *b = bank_of(g, a);

	if (!a->bank)
		return;
	for (unsigned i = 0; i < 16; i++) {
		if (value & (GICD_ICFGR_EDGE << 2 * i))
			b->edge |= 1u << (a->bit + i);
		else
			b->edge &= ~(1u << (a->bit + i));
	}
	vgic_touch(g, a->cpu, a->bank);
}

static void write_sgir(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	vgic_sgi(g, a->cpu, value);
}

static uint32_t read_sgi_source(struct vgic *g, const struct vgic_access *a)
{
	const uint8_t *s = &g->cpu[a->cpu].sgi_source[a->offset];

	return s[0] | (uint32_t)s[1] << 8 | (uint32_t)s[2] << 16 | (uint32_t)s[3] << 24;
}

static void change_sgi_source(struct vgic *g, const struct vgic_access *a, uint32_t set,
			      uint32_t clear)
{
	uint8_t all = (1u << g->cpus) - 1;

	for (unsigned i = 0; i < 4; i++) {
		if (a->mask & (0xffu << 8 * i))
			vgic_sgi_source(g, a->cpu, a->offset + i, (set >> 8 * i) & all,
					(clear >> 8 * i) & 0xff);
	}
}

static void write_csgi(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	change_sgi_source(g, a, 0, value);
}

static void write_ssgi(struct vgic *g, const struct vgic_access *a, uint32_t value)
{
	change_sgi_source(g, a, value, 0);
}

/* Ascending. Sizes are those for 1,024 INTIDs. */
static const struct vgic_reg regs[] = {
	{ GICD_CTLR, 4, .read = read_ctlr, .write = write_ctlr },
	{ GICD_TYPER, 4, .read = read_typer },
	{ GICD_IIDR, 4, .read = read_iidr, .uwrite = vgic_uwrite_iidr },
	{ GICD_IGROUPR, 128, 1, .read = read_group, .write = write_group,
	  .uwrite = vgic_uwrite_group },
	{ GICD_ISENABLER, 128, 1, .read = read_enable, .write = write_senable },
	{ GICD_ICENABLER, 128, 1, .read = read_enable, .write = write_cenable },
	{ GICD_ISPENDR, 128, 1, .read = read_pending, .write = write_spend,
	  .uread = vgic_uread_pending, .uwrite = vgic_uwrite_spend },
	{ GICD_ICPENDR, 128, 1, .read = read_pending, .write = write_cpend,
	  .uread = vgic_uread_pending, .uwrite = vgic_uwrite_cpend },
	{ GICD_ISACTIVER, 128, 1, .read = read_active, .write = write_sactive,
	  .uread = vgic_uread_active },
	{ GICD_ICACTIVER, 128, 1, .read = read_active, .write = write_cactive,
	  .uread = vgic_uread_active },
	{ GICD_IPRIORITYR, 1024, 8, true, read_prio, write_prio, 0, 0 },
	{ GICD_ITARGETSR, 1024, 8, true, read_target, write_target, 0, 0 },
	{ GICD_ICFGR, 256, 2, .read = read_config, .write = write_config },
	{ GICD_SGIR, 4, .write = write_sgir },
	{ GICD_CPENDSGIR, 16, 0, true, read_sgi_source, write_csgi, 0, 0 },
	{ GICD_SPENDSGIR, 16, 0, true, read_sgi_source, write_ssgi, 0, 0 },
	{ GICD_ICPIDR2, 4, .read = read_pidr2 },
};

void vgic_reg_index(struct vgic *g)
{
	unsigned last = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(g->row); i++) {
		while (last + 1 < ARRAY_SIZE(regs) &&
		       regs[last + 1].offset < (i + 1) * VGIC_ROW_SIZE)
			last++;
		g->row[i] = (uint8_t)last;
	}
}

const struct vgic_reg *vgic_reg_find(const struct vgic *g, unsigned cpu, uint32_t offset,
				     struct vgic_access *a)
{
	const struct vgic_reg *r = &regs[g->row[offset / VGIC_ROW_SIZE]];
	uint32_t first;

	/* The first kind is at offset 0. */
	while (r->offset > offset)
		r--;
	if (offset - r->offset >= r->size)
		return NULL;
	a->cpu = cpu;
	a->offset = (offset - r->offset) & ~3u;
	a->bank = a->bit = 0;
	if (r->bits) {
		first = a->offset * 8 / r->bits;
		a->bank = first / 32;
		a->bit = first % 32;
		if (a->bank >= g->banks)
			return NULL;
	}
	return r;
}

/* The register of an access of a size it has, and the shift of a byte in it. */
static const struct vgic_reg *decode(const struct vgic *g, unsigned cpu, uint32_t offset,
				     unsigned len, struct vgic_access *a)
{
	const struct vgic_reg *r = vgic_reg_find(g, cpu, offset, a);

	if (!r || offset % len || !(len == 4 || (len == 1 && r->bytes)))
		return NULL;
	a->mask = len == 4 ? UINT32_MAX : 0xffu << 8 * (offset % 4);
	return r;
}

uint64_t vgic_dist_read(struct vgic *g, unsigned cpu, uint32_t offset, unsigned len)
{
	struct vgic_access a;
	const struct vgic_reg *r = decode(g, cpu, offset, len, &a);

	if (!r || !r->read)
		return 0;
	return (r->read(g, &a) & a.mask) >> 8 * (offset % 4);
}

void vgic_dist_write(struct vgic *g, unsigned cpu, uint32_t offset, unsigned len, uint64_t value)
{
	struct vgic_access a;
	const struct vgic_reg *r = decode(g, cpu, offset, len, &a);

	if (r && r->write)
		r->write(g, &a, (uint32_t)value << 8 * (offset % 4));
}
