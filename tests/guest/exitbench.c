// SPDX-License-Identifier: BSD-2-Clause
/*
 * What an exit costs, as the guest sees it. Under `-icount shift=0` an instruction takes one
 * nanosecond, so the columns are instructions; a counter tick is 16 of them, averaged over ROUNDS.
 * The loop itself is measured and taken off.
 */
#include "guest.h"

#include "arch/gicv2.h"
#include "arch/psci.h"

#define ROUNDS 4096u
#define REPEATS 3u
#define WFI_NS UINT64_C(50000)
#define NS_PER_S UINT64_C(1000000000)

static void op_empty(void)
{
	__asm__ volatile("" ::: "memory");
}

static void op_hvc(void)
{
	__asm__ volatile("mov x0, %0\n\tmov x7, #0\n\thvc #0" ::"r"((uint64_t)PSCI_VERSION)
			 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "memory");
}

static void op_smc(void)
{
	__asm__ volatile("mov x0, %0\n\tmov x7, #0\n\tsmc #0" ::"r"((uint64_t)PSCI_VERSION)
			 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "memory");
}

static void op_gicd_read(void)
{
	(void)mmio_read32(GICD_BASE + GICD_TYPER);
}

static void op_gicd_write(void)
{
	mmio_write32(GICD_BASE + GICD_ISENABLER, 1);
}

/* A pending interrupt, taken and ended by polling: store to GICD_SGIR, acknowledge, end of
 * interrupt. */
static void op_inject(void)
{
	uint32_t iar;

	guest_gic_sgi(1);
	do
		iar = mmio_read32(GICC_BASE + GICC_IAR);
	while ((iar & 0x3ff) >= 1020);
	mmio_write32(GICC_BASE + GICC_EOIR, iar);
}

/* The virtual timer fires at once and is handled. */
static void op_vtimer(void)
{
	uint32_t before = guest_irq_count[INTID_VTIMER];

	guest_timer_arm(0);
	while (guest_irq_count[INTID_VTIMER] == before)
		__asm__ volatile("" ::: "memory");
}

/* WFI until the virtual timer, 50 us away, ends it: the time over the 50 us is the cost. */
static void op_wfi(void)
{
	uint32_t before = guest_irq_count[INTID_VTIMER];

	guest_irq_disable();
	guest_timer_arm(guest_frequency() / (NS_PER_S / WFI_NS));
	while (guest_irq_count[INTID_VTIMER] == before) {
		__asm__ volatile("wfi");
		guest_irq_enable();
		guest_irq_disable();
	}
}

enum op {
	OP_EMPTY,
	OP_HVC,
	OP_SMC,
	OP_GICD_READ,
	OP_GICD_WRITE,
	OP_INJECT,
	OP_VTIMER,
	OP_WFI,
	OPS
};

static const char *op_name(enum op op)
{
	switch (op) {
	case OP_EMPTY:
		return "empty loop";
	case OP_HVC:
		return "hypercall (HVC) answered by the VMM";
	case OP_SMC:
		return "hypercall (SMC) answered by the VMM";
	case OP_GICD_READ:
		return "distributor read (GICD_TYPER)";
	case OP_GICD_WRITE:
		return "distributor write (GICD_ISENABLER)";
	case OP_INJECT:
		return "injected interrupt: SGI, acknowledge, EOI";
	case OP_VTIMER:
		return "virtual timer interrupt, handled";
	case OP_WFI:
		return "WFI ended by the virtual timer, less the wait";
	default:
		return "";
	}
}

static void do_op(enum op op)
{
	switch (op) {
	case OP_HVC:
		op_hvc();
		break;
	case OP_SMC:
		op_smc();
		break;
	case OP_GICD_READ:
		op_gicd_read();
		break;
	case OP_GICD_WRITE:
		op_gicd_write();
		break;
	case OP_INJECT:
		op_inject();
		break;
	case OP_VTIMER:
		op_vtimer();
		break;
	case OP_WFI:
		op_wfi();
		break;
	default:
		op_empty();
	}
}

static void first(void *arg)
{
	do_op(*(enum op *)arg);
}

/* Nanoseconds of one round; 0 when the machine does not have the operation. */
static uint64_t run(enum op op, unsigned int rounds)
{
	struct guest_fault f;
	uint64_t t;

	guest_irq_disable();
	if (op == OP_VTIMER)
		guest_irq_enable();
	if (!guest_try(first, &op, &f))
		return 0;
	t = guest_count();
	for (unsigned int i = 0; i < rounds; i++)
		do_op(op);
	t = guest_count() - t;
	guest_irq_disable();
	t = t * (NS_PER_S / guest_frequency()) / rounds;
	return op == OP_WFI && t > WFI_NS ? t - WFI_NS : t;
}

void guest_main(const void *dtb)
{
	uint64_t empty = 0;

	(void)dtb;
	guest_gic_init();
	guest_printf("exitbench: start\n");
	for (unsigned int r = 0; r < REPEATS; r++) {
		for (enum op op = OP_EMPTY; op < OPS; op++) {
			uint64_t ns = run(op, ROUNDS);

			if (op == OP_EMPTY)
				empty = ns;
			guest_printf("exitbench: %u %lu %s\n", r, ns > empty ? ns - empty : 0,
				     op_name(op));
		}
	}
	guest_printf("exitbench: done\n");
}
