/* SPDX-License-Identifier: BSD-2-Clause */
/* vGIC: what is in the list registers and what goes in next. */
#include "vmm/hw.h"
#include "vmm/vgic/vgic.h"

/* The GIC virtualization extensions have 32 priority levels (GICH_LR.Priority, IHI 0048B 5.3.8). */
#define LR_PRIO_SHIFT 3
#define LR_PRIO_LOWEST 31u

/* Most urgent deliverable interrupt of a vCPU, lowest INTID among equals; GIC_SPURIOUS when there is none. */
static unsigned most_urgent(struct vgic *g, unsigned cpu)
{
	struct vgic_cpu *c = &g->cpu[cpu];
	unsigned best = GIC_SPURIOUS;
	unsigned best_prio = UINT8_MAX + 1;

	for (uint32_t check = c->check; check; check &= check - 1) {
		unsigned bank = (unsigned)__builtin_ctz(check);
		struct vgic_bank *b = vgic_bank(g, cpu, bank);
		uint32_t cand = vgic_deliverable(b, cpu);

		if (!cand)
			c->check &= ~(1u << bank);
		for (; cand; cand &= cand - 1) {
			unsigned bit = (unsigned)__builtin_ctz(cand);

			if (b->prio[bit] < best_prio) {
				best_prio = b->prio[bit];
				best = bank * 32 + bit;
			}
		}
	}
	return best;
}

/*
 * Where to put intid: the register that still has its number (a virtual INTID must be unique among them,
 * IHI 0048B 5.3.8), else a free one, else one with a leftover, else one whose entry is less urgent. `tried` are out.
 * Returns -1 for none.
 */
static int choose(const struct vgic *g, const struct vgic_cpu *c, unsigned intid, unsigned prio,
		  uint32_t tried)
{
	int found = -1;
	unsigned worst = prio;

	if (c->free == (1u << g->lrs) - 1)
		return __builtin_ctz(c->free);
	for (unsigned i = 0; i < g->lrs; i++) {
		const struct vgic_lr *lr = &c->lr[i];

		if ((lr->state == VGIC_LR_PARKED || lr->state == VGIC_LR_STALE) &&
		    lr->intid == intid)
			return tried & (1u << i) ? -1 : (int)i;
	}
	if (c->free & ~tried)
		return __builtin_ctz(c->free & ~tried);
	for (unsigned i = 0; i < g->lrs; i++) {
		const struct vgic_lr *lr = &c->lr[i];

		if (tried & (1u << i))
			continue;
		if (lr->state == VGIC_LR_PARKED || lr->state == VGIC_LR_STALE)
			return (int)i;
		if (lr->state == VGIC_LR_BUSY && lr->prio > worst) {
			worst = lr->prio;
			found = (int)i;
		}
	}
	return found;
}

/* The entry in lr was overwritten before anyone said EOI: it is pending again. */
static void evicted(struct vgic *g, unsigned cpu, const struct vgic_lr *lr)
{
	unsigned bank = lr->intid / 32;
	struct vgic_bank *b = vgic_bank(g, cpu, bank);
	uint32_t bit = 1u << lr->intid % 32;

	b->in_lr &= ~bit;
	if (lr->intid < GIC_SGIS)
		vgic_sgi_source(g, cpu, lr->intid, 1u << cpu, 0);
	else
		b->latch |= bit;
	vgic_touch(g, cpu, bank);
}

/* Pending becomes "in a list register"; an SGI gives up one of its sources. */
static void taken(struct vgic *g, unsigned cpu, unsigned intid)
{
	struct vgic_bank *b = vgic_bank(g, cpu, intid / 32);
	uint32_t bit = 1u << intid % 32;

	b->in_lr |= bit;
	if (intid < GIC_SGIS) {
		uint8_t *source = &g->cpu[cpu].sgi_source[intid];

		*source &= *source - 1;
		if (*source)
			return;
	}
	b->latch &= ~bit;
}

static bool put(struct vgic *g, unsigned cpu, unsigned intid)
{
	struct vgic_cpu *c = &g->cpu[cpu];
	unsigned prio = vgic_bank(g, cpu, intid / 32)->prio[intid % 32] >> LR_PRIO_SHIFT;
	uint32_t tried = 0;
	int i;

	while ((i = choose(g, c, intid, prio, tried)) >= 0) {
		struct vgic_lr *lr = &c->lr[i];

		if (hw_inject(cpu, (unsigned)i, intid, prio)) {
			if (lr->state == VGIC_LR_BUSY)
				evicted(g, cpu, lr);
			*lr = (struct vgic_lr){ (uint16_t)intid, VGIC_LR_BUSY, (uint8_t)prio };
			c->free &= ~(1u << i);
			c->fresh |= 1u << i;
			taken(g, cpu, intid);
			return true;
		}
		/* Active in hardware. One we thought free or parked waits for its EOI now. */
		if (lr->state != VGIC_LR_BUSY)
			lr->state = VGIC_LR_STALE;
		c->free &= ~(1u << i);
		tried |= 1u << i;
	}
	return false;
}

unsigned vgic_flush(struct vgic *g, unsigned cpu)
{
	struct vgic_cpu *c = &g->cpu[cpu];
	unsigned n = 0;

	g->dirty &= ~(1u << cpu);
	if (!(g->ctlr & GICD_CTLR_ENABLE_GRP0))
		return 0;
	while (c->check) {
		unsigned intid = most_urgent(g, cpu);

		if (intid == GIC_SPURIOUS || !put(g, cpu, intid))
			break;
		c->used = true;
		n++;
	}
	return n;
}

void vgic_lr_eoi(struct vgic *g, unsigned cpu, uint64_t index)
{
	struct vgic_cpu *c = &g->cpu[cpu];
	struct vgic_lr lr;
	unsigned bank;

	/* The kernel says -1 when it could not tell which; nothing can be concluded from that. */
	if (index >= g->lrs || c->lr[index].state == VGIC_LR_FREE) {
		g->spurious_eoi++;
		return;
	}
	lr = c->lr[index];
	c->lr[index].state = VGIC_LR_FREE;
	c->free |= 1u << index;
	c->fresh &= ~(1u << index);
	g->dirty |= 1u << cpu;
	if (lr.state != VGIC_LR_BUSY)
		return;
	bank = lr.intid / 32;
	vgic_bank(g, cpu, bank)->in_lr &= ~(1u << lr.intid % 32);
	vgic_touch(g, cpu, bank);
	vgic_done(g, cpu, bank, 1u << lr.intid % 32);
}

/* The entry in lr is gone without the guest's EOI. */
static void forgotten(struct vgic *g, unsigned cpu, const struct vgic_lr *lr)
{
	uint32_t bit = 1u << lr->intid % 32;

	vgic_bank(g, cpu, lr->intid / 32)->in_lr &= ~bit;
	vgic_done(g, cpu, lr->intid / 32, bit);
}

/* Empty an entry where it is, under a vCPU that keeps its VCPU object. */
static void park(struct vgic_cpu *c, unsigned cpu, unsigned i)
{
	struct vgic_lr *lr = &c->lr[i];

	lr->state = hw_inject(cpu, i, lr->intid, LR_PRIO_LOWEST) ? VGIC_LR_PARKED : VGIC_LR_STALE;
	lr->prio = LR_PRIO_LOWEST;
	c->fresh &= ~(1u << i);
}

void vgic_lr_drop(struct vgic *g, unsigned cpu, unsigned bank, uint32_t bits)
{
	struct vgic_cpu *c = &g->cpu[cpu];

	for (unsigned i = 0; i < g->lrs; i++) {
		struct vgic_lr *lr = &c->lr[i];

		if (lr->state != VGIC_LR_BUSY || lr->intid / 32 != bank ||
		    !(bits & (1u << lr->intid % 32)))
			continue;
		park(c, cpu, i);
		forgotten(g, cpu, lr);
	}
}

/* The entry in lr is gone; what made it pending stays: its line, when that is high, or its latch. */
static void returned(struct vgic *g, unsigned cpu, const struct vgic_lr *lr)
{
	struct vgic_bank *b = vgic_bank(g, cpu, lr->intid / 32);
	uint32_t bit = 1u << lr->intid % 32;

	if (!(b->line & ~b->edge & bit)) {
		evicted(g, cpu, lr);
		return;
	}
	b->in_lr &= ~bit;
	vgic_touch(g, cpu, lr->intid / 32);
}

void vgic_core_reset(struct vgic *g, unsigned cpu)
{
	struct vgic_cpu *c = &g->cpu[cpu];
	bool fresh;

	if (!c->used)
		return;
	/* A new VCPU object under the vCPU: only so the active priorities of the old guest go. */
	fresh = g->renew && g->renew(g->owner, cpu);
	for (unsigned i = 0; i < g->lrs; i++) {
		bool busy = c->lr[i].state == VGIC_LR_BUSY;

		if (fresh)
			c->lr[i].state = VGIC_LR_FREE;
		else if (busy)
			park(c, cpu, i);
		if (busy)
			returned(g, cpu, &c->lr[i]);
	}
	if (!fresh)
		return;
	c->free = (1u << g->lrs) - 1;
	c->fresh = 0;
	c->used = false;
}
