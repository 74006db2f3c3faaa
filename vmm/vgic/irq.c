/* SPDX-License-Identifier: BSD-2-Clause */
/* vGIC: the state of each interrupt. */
#include "vmm/vgic/vgic.h"

#define VGIC_SGI_MASK ((1u << GIC_SGIS) - 1)

static void bank_reset(struct vgic_bank *b)
{
	b->enabled = 0;
	b->edge = 0;
	b->latch = 0;
	b->active = 0;
	b->group = 0;
	for (unsigned i = 0; i < 32; i++)
		b->prio[i] = 0;
}

static void state_reset(struct vgic *g)
{
	g->ctlr = 0;
	g->groups_writable = false;
	for (unsigned c = 0; c < g->cpus; c++) {
		struct vgic_cpu *cpu = &g->cpu[c];

		bank_reset(&cpu->bank);
		cpu->bank.enabled = VGIC_SGI_MASK;
		cpu->bank.edge = VGIC_SGI_MASK;
		for (unsigned i = 0; i < GIC_SGIS; i++)
			cpu->sgi_source[i] = 0;
		cpu->gicc_ctlr = cpu->gicc_pmr = cpu->gicc_bpr = cpu->gicc_abpr = 0;
		for (unsigned i = 0; i < 4; i++)
			cpu->gicc_apr[i] = 0;
	}
	for (unsigned b = 1; b < g->banks; b++) {
		bank_reset(&g->spi[b - 1]);
		for (unsigned i = 0; i < 32; i++)
			vgic_set_target(g, b, i, g->cpus == 1);
		vgic_touch(g, 0, b);
	}
	for (unsigned c = 0; c < g->cpus; c++)
		vgic_touch(g, c, 0);
}

void vgic_init(struct vgic *g, unsigned cpus, unsigned intids, unsigned lrs)
{
	*g = (struct vgic){
		.present = true,
		.cpus = cpus,
		.banks = (intids + 31) / 32,
		.lrs = lrs < VGIC_MAX_LRS ? lrs : VGIC_MAX_LRS,
	};
	for (unsigned c = 0; c < cpus; c++) {
		g->cpu[c].free = (1u << g->lrs) - 1;
		g->cpu[c].bank.route[c] = UINT32_MAX;
	}
	vgic_reg_index(g);
	state_reset(g);
}

void vgic_done(struct vgic *g, unsigned cpu, unsigned bank, uint32_t bits)
{
	struct vgic_bank *b = vgic_bank(g, cpu, bank);

	for (bits &= b->hooked; bits; bits &= bits - 1)
		g->done(g->owner, cpu, bank * 32 + (unsigned)__builtin_ctz(bits));
}

void vgic_lines(struct vgic *g, unsigned cpu, unsigned bank, uint32_t mask, uint32_t level,
		uint32_t pulse)
{
	struct vgic_bank *b = vgic_bank(g, cpu, bank);
	uint32_t rising = level & ~b->line & mask;

	b->line = (b->line & ~mask) | (level & mask);
	b->latch |= (rising & b->edge) | (pulse & mask);
	vgic_touch(g, cpu, bank);
}

void vgic_line(struct vgic *g, unsigned cpu, unsigned intid, bool level)
{
	uint32_t bit = 1u << intid % 32;

	vgic_lines(g, cpu, intid / 32, bit, level ? bit : 0, 0);
}

void vgic_pulse(struct vgic *g, unsigned cpu, unsigned intid)
{
	vgic_latch(g, cpu, intid / 32, 1u << intid % 32);
}

void vgic_hook(struct vgic *g, unsigned cpu, unsigned intid)
{
	struct vgic_bank *b = vgic_bank(g, cpu, intid / 32);

	b->hooked |= 1u << intid % 32;
	b->sampled |= 1u << intid % 32;
}

void vgic_latch(struct vgic *g, unsigned cpu, unsigned bank, uint32_t bits)
{
	vgic_bank(g, cpu, bank)->latch |= bits;
	vgic_touch(g, cpu, bank);
}

void vgic_unlatch(struct vgic *g, unsigned cpu, unsigned bank, uint32_t bits)
{
	struct vgic_bank *b = vgic_bank(g, cpu, bank);
	uint32_t gone = b->latch & bits & ~b->in_lr;

	b->latch &= ~bits;
	/* No EOI will come for an edge nobody takes: its source must be let go now. */
	vgic_done(g, cpu, bank, gone & b->edge);
}

void vgic_deactivate(struct vgic *g, unsigned cpu, unsigned bank, uint32_t bits)
{
	struct vgic_bank *b = vgic_bank(g, cpu, bank);

	b->active &= ~bits;
	if (b->in_lr & bits) {
		/* An SPI may sit in any vCPU's list register. */
		for (unsigned c = 0; c < g->cpus; c++) {
			if (bank || c == cpu)
				vgic_lr_drop(g, c, bank, bits);
		}
	}
	vgic_touch(g, cpu, bank);
}

void vgic_enable(struct vgic *g, unsigned cpu, unsigned bank, uint32_t bits)
{
	struct vgic_bank *b = vgic_bank(g, cpu, bank);
	uint32_t woken = bits & ~b->enabled;
	uint32_t held = woken & b->line & ~b->edge & ~b->in_lr & b->sampled;

	b->enabled |= bits;
	/* The source fired maybe long ago. Let it speak again instead of delivering what is over. */
	b->line &= ~held;
	vgic_done(g, cpu, bank, held);
	vgic_touch(g, cpu, bank);
}

void vgic_set_target(struct vgic *g, unsigned bank, unsigned bit, uint8_t target)
{
	struct vgic_bank *b = &g->spi[bank - 1];
	uint8_t cpus = (1u << g->cpus) - 1;
	unsigned to;

	b->target[bit] = target & cpus;
	/* 1 of N: the lowest numbered target takes it. No target: vCPU 0, as KVM does. */
	to = b->target[bit] ? (unsigned)__builtin_ctz(b->target[bit]) : 0;
	for (unsigned c = 0; c < g->cpus; c++) {
		if (c == to)
			b->route[c] |= 1u << bit;
		else
			b->route[c] &= ~(1u << bit);
	}
}

void vgic_sgi_source(struct vgic *g, unsigned cpu, unsigned sgi, uint8_t set, uint8_t clear)
{
	struct vgic_cpu *c = &g->cpu[cpu];

	c->sgi_source[sgi] = (c->sgi_source[sgi] | set) & (uint8_t)~clear;
	if (c->sgi_source[sgi])
		c->bank.latch |= 1u << sgi;
	else
		c->bank.latch &= ~(1u << sgi);
	vgic_touch(g, cpu, 0);
}

/* GICD_SGIR, IHI 0048B 4.3.15 */
void vgic_sgi(struct vgic *g, unsigned source, uint32_t sgir)
{
	uint32_t all = (1u << g->cpus) - 1;
	uint32_t targets;

	switch (FIELD_GET(GICD_SGIR_FILTER, sgir)) {
	case GICD_SGIR_FILTER_LIST:
		targets = FIELD_GET(GICD_SGIR_TARGETS, sgir);
		break;
	case GICD_SGIR_FILTER_OTHERS:
		targets = ~(1u << source);
		break;
	case GICD_SGIR_FILTER_SELF:
		targets = 1u << source;
		break;
	default:
		return; /* reserved */
	}
	for (targets &= all; targets; targets &= targets - 1)
		vgic_sgi_source(g, (unsigned)__builtin_ctz(targets), sgir & GICD_SGIR_INTID,
				(uint8_t)(1u << source), 0);
}
