// SPDX-License-Identifier: BSD-2-Clause
/* GICv2 distributor and CPU interface (ARM IHI 0048B). */
#include <arch/arch.h>

#define GICD (GICD_PADDR + KERNEL_OFFSET)
#define GICC (GICC_PADDR + KERNEL_OFFSET)

#define GICD_CTLR 0x000
#define GICD_TYPER 0x004
#define GICD_IGROUPR(n) (0x080 + 4 * (n))
#define GICD_ISENABLER(n) (0x100 + 4 * (n))
#define GICD_ICENABLER(n) (0x180 + 4 * (n))
#define GICD_ICPENDR(n) (0x280 + 4 * (n))
#define GICD_ICACTIVER(n) (0x380 + 4 * (n))
#define GICD_IPRIORITYR(n) (0x400 + 4 * (n))
#define GICD_ITARGETSR(n) (0x800 + 4 * (n))
#define GICD_ICFGR(n) (0xc00 + 4 * (n))
#define GICD_SGIR 0xf00
#define GICD_CTLR_ENABLE BIT(0)
#define GICD_TYPER_LINES(t) (32 * ((0x1f & (t)) + 1))
#define GICD_SGIR_TARGET(n) (1u << (16 + (n)))

#define GICC_CTLR 0x000
#define GICC_PMR 0x004
#define GICC_BPR 0x008
#define GICC_IAR 0x00c
#define GICC_EOIR 0x010
#define GICC_CTLR_ENABLE BIT(0)
#define GICC_IAR_ID 0x3ffu
#define GICC_PMR_ALL 0xf0u

#define SPI_FIRST 32u
#define PRIORITY_ALL 0x80808080u

/* What the last IAR read returned: EOI wants the CPU number of an SGI back. */
static u32 gic_iar;

void gic_init(void)
{
	u32 lines = GICD_TYPER_LINES(mmio_read(GICD + GICD_TYPER)), self = 0, i;

	mmio_write(GICD + GICD_CTLR, 0);
	for (i = 0; i < lines; i += 32) {
		mmio_write(GICD + GICD_ICENABLER(i / 32), ~0u);
		mmio_write(GICD + GICD_ICPENDR(i / 32), ~0u);
		mmio_write(GICD + GICD_ICACTIVER(i / 32), ~0u);
		mmio_write(GICD + GICD_IGROUPR(i / 32), 0);
	}
	for (i = 0; i < lines; i += 4)
		mmio_write(GICD + GICD_IPRIORITYR(i / 4), PRIORITY_ALL);
	/* The target registers of banked interrupts read as this CPU. */
	for (i = 0; i < SPI_FIRST; i += 4)
		self |= mmio_read(GICD + GICD_ITARGETSR(i / 4));
	for (i = SPI_FIRST; i < lines; i += 4)
		mmio_write(GICD + GICD_ITARGETSR(i / 4), self);
	for (i = SPI_FIRST; i < lines; i += 16)
		mmio_write(GICD + GICD_ICFGR(i / 16), 0);
	mmio_write(GICD + GICD_CTLR, GICD_CTLR_ENABLE);

	mmio_write(GICC + GICC_CTLR, 0);
	mmio_write(GICC + GICC_PMR, GICC_PMR_ALL);
	mmio_write(GICC + GICC_BPR, 0);
	mmio_write(GICC + GICC_CTLR, GICC_CTLR_ENABLE);
}

u32 gic_ack(void)
{
	gic_iar = mmio_read(GICC + GICC_IAR);
	return gic_iar & GICC_IAR_ID;
}

void gic_eoi(u32 irq)
{
	kassert((gic_iar & GICC_IAR_ID) == irq);
	mmio_write(GICC + GICC_EOIR, gic_iar);
}

void gic_mask(u32 irq)
{
	mmio_write(GICD + GICD_ICENABLER(irq / 32), BIT(irq % 32));
}

void gic_unmask(u32 irq)
{
	mmio_write(GICD + GICD_ISENABLER(irq / 32), BIT(irq % 32));
}

void gic_set_edge(u32 irq, bool edge)
{
	u64 reg = GICD + GICD_ICFGR(irq / 16);
	u32 bit = 2u << (2 * (irq % 16)), value;

	/* The configuration of SGIs is fixed. */
	if (irq < 16)
		return;
	value = mmio_read(reg);
	mmio_write(reg, edge ? value | bit : value & ~bit);
}

void gic_send_sgi(u32 sgi, u32 target)
{
	dsb();
	mmio_write(GICD + GICD_SGIR, GICD_SGIR_TARGET(target) | sgi);
}
