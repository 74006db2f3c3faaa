/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual GICv2 (Arm IHI 0048B).
 *
 *	dist.c		the distributor's register map, as the guest sees it
 *	uaccess.c	the same registers as KVM's device groups DIST_REGS and CPU_REGS see them
 *	irq.c		state of each interrupt: who makes it pending, who is done with it
 *	lr.c		the list registers: what is in them, what goes in next
 *
 * The guest's CPU interface is the hardware's GICV page, so acknowledge, EOI, priority mask and preemption are
 * the hardware's. The kernel offers one way to the list registers: write one as pending (hw_inject). They cannot be
 * read. The VMM knows that an entry is there from hw_inject() until the kernel reports its EOI (vgic_lr_eoi), but not
 * whether the guest has acknowledged it. Consequences, all on the safe side (an interrupt may come once too
 * often, never once too seldom):
 *	- an interrupt in a list register reads as active in the distributor;
 *	- disabling it, lowering its line or retargeting it does not take it back;
 *	- the source of an SGI reads as CPU 0 in GICC_IAR.
 * Not modelled: groups (IGROUPR is stored, everything is signalled as IRQ), a guest's EOI or DIR of an interrupt
 * that GICD_ISACTIVER made active.
 *
 * State is kept as words of 32 interrupts (banks), as the registers show it. Nothing here allocates or fails.
 */
#ifndef VMM_VGIC_H
#define VMM_VGIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/gicv2.h"
#include "wire/status.h"

#define VGIC_BANKS 32u
#define VGIC_MAX_LRS 16u
#define VGIC_MAX_CPUS 8u
#define VGIC_ROW_SIZE 128u

/* A bit (or array element) per interrupt. */
struct vgic_bank {
	uint32_t enabled;
	uint32_t edge; /* edge triggered, otherwise level */
	uint32_t line; /* level of the input signal */
	uint32_t latch; /* pending by an edge or by software; of SGIs: some source is pending */
	uint32_t active; /* made active by GICD_ISACTIVER or a restored state */
	uint32_t in_lr; /* in a list register: pending or active there */
	uint32_t group; /* stored only */
	uint32_t hooked; /* vgic.done wants to know */
	uint32_t sampled; /* the line is what the source last said; vgic.done lets it speak again */
	uint32_t route[VGIC_MAX_CPUS]; /* goes to this vCPU */
	uint8_t prio[32];
	uint8_t target[32]; /* GICD_ITARGETSR */
};

/*
 * FREE	  nothing of ours is in it.
 * BUSY	  holds bank.in_lr; one EOI report will come.
 * PARKED an entry that must not be seen any more: pending at the lowest priority, which no priority mask lets
 *	  through (IHI 0048B 3.3.1), until something else is written over it.
 * STALE  as PARKED, but the kernel says it is active: the guest's EOI frees it.
 */
enum vgic_lr_state {
	VGIC_LR_FREE,
	VGIC_LR_BUSY,
	VGIC_LR_PARKED,
	VGIC_LR_STALE,
};

struct vgic_lr {
	uint16_t intid;
	uint8_t state; /* enum vgic_lr_state */
	uint8_t prio; /* 0..31 */
};

struct vgic_cpu {
	struct vgic_bank bank; /* SGIs and PPIs */
	uint8_t sgi_source[GIC_SGIS]; /* vCPUs whose SGI n is pending here */
	uint32_t check; /* banks that may hold something deliverable */
	uint16_t free; /* list registers in state FREE */
	uint16_t fresh; /* written since the vCPU last trapped a WFI */
	bool used; /* some list register is not FREE or was used since the last reset */
	struct vgic_lr lr[VGIC_MAX_LRS];
	/* CPU interface as user space last wrote it; the hardware's is out of reach */
	uint32_t gicc_ctlr, gicc_pmr, gicc_bpr, gicc_abpr, gicc_apr[4];
};

struct vgic {
	bool present;
	bool groups_writable; /* user space wrote IIDR: it knows about groups */
	uint8_t cpus;
	uint8_t lrs;
	uint8_t banks; /* INTIDs / 32 */
	uint32_t ctlr;
	uint32_t dirty; /* vCPUs whose `check` got a bit since vgic_flush */
	uint8_t row[GICD_SIZE / VGIC_ROW_SIZE]; /* where vgic_reg_find() starts, by offset */
	uint32_t spurious_eoi; /* EOI reports that fit no entry */
	struct vgic_cpu cpu[VGIC_MAX_CPUS];
	struct vgic_bank spi[VGIC_BANKS - 1];
	void *owner; /* for the two calls below */
	/* The guest is done with hooked interrupt intid of vCPU cpu: EOI, or its latch was cleared. */
	void (*done)(void *owner, unsigned cpu, unsigned intid);
	/* Give vCPU cpu empty list registers and a CPU interface in reset state. False: can't, nothing changed. */
	bool (*renew)(void *owner, unsigned cpu);
};

/* cpus 1..8, intids 64..1020 (multiple of 32, 1020 counts as 1024), lrs 1..VGIC_MAX_LRS. */
void vgic_init(struct vgic *g, unsigned cpus, unsigned intids, unsigned lrs);

/*
 * A core is reset: its list registers and its CPU interface are as new, as far as that is possible. What was in them and not
 * ended is pending again, or follows its line. The distributor keeps its state. The vCPU does not execute.
 */
void vgic_core_reset(struct vgic *g, unsigned cpu);

/* --- irq.c: inputs ---------------------------------------------------------------------------------- */

/* Level of an interrupt's input; a rising edge latches when it is edge triggered. intid < INTIDs; cpu for PPIs. */
void vgic_line(struct vgic *g, unsigned cpu, unsigned intid, bool level);

/* 32 inputs at once: level as above; bits of pulse are interrupts that came and went. bank >= 1: SPIs. */
void vgic_lines(struct vgic *g, unsigned cpu, unsigned bank, uint32_t mask, uint32_t level,
		uint32_t pulse);

/* An edge on an SPI or PPI, whatever its configuration says. */
void vgic_pulse(struct vgic *g, unsigned cpu, unsigned intid);

/*
 * This interrupt's source fires (vgic_line 1) and then keeps quiet until vgic.done, which lowers the line and lets
 * it fire again.
 */
void vgic_hook(struct vgic *g, unsigned cpu, unsigned intid);

/* --- dist.c: the guest's accesses -------------------------------------------------------------------- */

/*
 * offset < GICD_SIZE, len 1, 2, 4 or 8 bytes. What the map does not have, or not in this size, reads as zero and
 * ignores writes.
 */
uint64_t vgic_dist_read(struct vgic *g, unsigned cpu, uint32_t offset, unsigned len);
void vgic_dist_write(struct vgic *g, unsigned cpu, uint32_t offset, unsigned len, uint64_t value);

/* --- uaccess.c ------------------------------------------------------------------------------------------ */

enum vgic_group {
	VGIC_GROUP_DIST = 1, /* KVM_DEV_ARM_VGIC_GRP_DIST_REGS */
	VGIC_GROUP_CPU = 2, /* KVM_DEV_ARM_VGIC_GRP_CPU_REGS */
};

/* WIRE_EINVAL: no such group or vCPU; WIRE_ENOENT: no such register. */
enum wire_status vgic_uaccess_read(struct vgic *g, uint64_t group, uint64_t cpu, uint64_t offset,
				   uint32_t *value);
enum wire_status vgic_uaccess_write(struct vgic *g, uint64_t group, uint64_t cpu, uint64_t offset,
				    uint32_t value);

/* --- lr.c ------------------------------------------------------------------------------------------------- */

/*
 * Fill list registers of a vCPU with the most urgent deliverable interrupts. Returns how many were written. Call
 * before the vCPU executes on, and for one that executes or waits for an interrupt after each change.
 */
unsigned vgic_flush(struct vgic *g, unsigned cpu);

/* The kernel reports the EOI of list register index (any value). */
void vgic_lr_eoi(struct vgic *g, unsigned cpu, uint64_t index);

/* --- between the files above ---------------------------------------------------------------------------- */

static inline struct vgic_bank *vgic_bank(struct vgic *g, unsigned cpu, unsigned bank)
{
	return bank ? &g->spi[bank - 1] : &g->cpu[cpu].bank;
}

static inline uint32_t vgic_pending(const struct vgic_bank *b)
{
	return b->latch | (b->line & ~b->edge);
}

/* What could go into a list register of vCPU cpu now, GICD_CTLR aside. */
static inline uint32_t vgic_deliverable(const struct vgic_bank *b, unsigned cpu)
{
	return b->enabled & vgic_pending(b) & ~(b->active | b->in_lr) & b->route[cpu];
}

/* Something of this bank changed: look at it at the next vgic_flush. */
static inline void vgic_touch(struct vgic *g, unsigned cpu, unsigned bank)
{
	if (!bank) {
		g->cpu[cpu].check |= 1;
		g->dirty |= 1u << cpu;
		return;
	}
	for (unsigned i = 0; i < g->cpus; i++)
		g->cpu[i].check |= 1u << bank;
	g->dirty |= (1u << g->cpus) - 1;
}

/* bits: interrupts of the bank whose latch goes away without delivery. */
void vgic_unlatch(struct vgic *g, unsigned cpu, unsigned bank, uint32_t bits);
/* bits: software set pending. */
void vgic_latch(struct vgic *g, unsigned cpu, unsigned bank, uint32_t bits);
/* Deactivate: GICD_ICACTIVER. */
void vgic_deactivate(struct vgic *g, unsigned cpu, unsigned bank, uint32_t bits);
void vgic_enable(struct vgic *g, unsigned cpu, unsigned bank, uint32_t bits);
void vgic_sgi(struct vgic *g, unsigned source, uint32_t sgir);
void vgic_sgi_source(struct vgic *g, unsigned cpu, unsigned sgi, uint8_t set, uint8_t clear);
void vgic_set_target(struct vgic *g, unsigned bank, unsigned bit, uint8_t target);
/* Fill g->row. */
void vgic_reg_index(struct vgic *g);
/* Hook call of an interrupt the guest is done with. */
void vgic_done(struct vgic *g, unsigned cpu, unsigned bank, uint32_t bits);
/* Empty the list registers with an entry of bank `bank` in `bits`. */
void vgic_lr_drop(struct vgic *g, unsigned cpu, unsigned bank, uint32_t bits);

#endif
