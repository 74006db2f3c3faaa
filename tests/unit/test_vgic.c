// SPDX-License-Identifier: BSD-2-Clause
/*
 * vGIC: directed cases, and random sequences against an oracle that knows nothing of list registers.
 *
 * The oracle keeps two words per interrupt. `owed`: by GICv2's rules it is pending now, so once it is enabled and
 * everything more urgent is done the guest must get it. `allowed`: how many things made it pending that the guest has
 * not taken yet, so getting it that often is no invention. A vGIC on this kernel may deliver what is allowed but no longer owed
 * (vgic.h); it may neither invent nor lose.
 */
#include "tests/unit/vmm_fake.h"

#define INTIDS 288u

static struct vm *vm;
static struct vgic *g;

static void start(unsigned cpus, unsigned lrs)
{
	vm = fake_vm(VMM_ROLE_USER, cpus, lrs);
	g = &vm->vgic;
	vgic_dist_write(g, 0, GICD_CTLR, 4, GICD_CTLR_ENABLE_GRP0);
}

static void enable(unsigned intid)
{
	vgic_dist_write(g, 0, GICD_ISENABLER + intid / 32 * 4, 4, 1u << intid % 32);
}

static void disable(unsigned intid)
{
	vgic_dist_write(g, 0, GICD_ICENABLER + intid / 32 * 4, 4, 1u << intid % 32);
}

static void edge(unsigned intid)
{
	uint32_t offset = GICD_ICFGR + intid / 16 * 4;

	vgic_dist_write(g, 0, offset, 4, vgic_dist_read(g, 0, offset, 4) | 2u << intid % 16 * 2);
}

static void prio(unsigned intid, unsigned p)
{
	vgic_dist_write(g, 0, GICD_IPRIORITYR + intid, 1, p);
}

static bool reads(uint32_t offset, unsigned intid)
{
	return vgic_dist_read(g, 0, offset + intid / 32 * 4, 4) & (1u << intid % 32);
}

/* The guest takes and finishes everything; returns how many, and the INTID of the last. */
static unsigned take_all(unsigned cpu, unsigned *last)
{
	unsigned n = 0, intid;

	vgic_flush(g, cpu);
	while ((intid = fake_ack(cpu)) != GIC_SPURIOUS && n < 10000) {
		*last = intid;
		n++;
		fake_eoi(g, cpu);
		vgic_flush(g, cpu);
	}
	return n;
}

static void test_level(void)
{
	unsigned last;

	start(1, 4);
	vgic_line(g, 0, 40, true);
	ok(take_all(0, &last) == 0, "disabled: nothing");
	ok(reads(GICD_ISPENDR, 40), "but pending");
	enable(40);
	vgic_flush(g, 0);
	ok(fake_ack(0) == 40, "level: delivered when enabled");
	ok(reads(GICD_ISACTIVER, 40) && reads(GICD_ISPENDR, 40), "active and, line high, pending");
	fake_eoi(g, 0);
	vgic_flush(g, 0);
	ok(fake_ack(0) == 40, "line still high at EOI: again");
	vgic_line(g, 0, 40, false);
	fake_eoi(g, 0);
	ok(take_all(0, &last) == 0 && !reads(GICD_ISPENDR, 40), "line low: over");
	vgic_line(g, 0, 40, true);
	vgic_line(g, 0, 40, false);
	ok(take_all(0, &last) == 0, "lowered before anyone looked: withdrawn");
	vgic_dist_write(g, 0, GICD_ISPENDR + 4, 4, 1u << 8);
	ok(take_all(0, &last) == 1 && last == 40, "software made it pending: once");
	vgic_dist_write(g, 0, GICD_ISPENDR + 4, 4, 1u << 8);
	vgic_dist_write(g, 0, GICD_ICPENDR + 4, 4, 1u << 8);
	ok(take_all(0, &last) == 0, "and cleared again: not at all");
	vgic_line(g, 0, 40, true);
	vgic_dist_write(g, 0, GICD_ICPENDR + 4, 4, 1u << 8);
	ok(reads(GICD_ISPENDR, 40), "clearing does not lower a line");
}

static void test_edge(void)
{
	unsigned last;

	start(1, 4);
	edge(50);
	enable(50);
	vgic_line(g, 0, 50, true);
	ok(take_all(0, &last) == 1, "edge: one interrupt though the line stays high");
	vgic_line(g, 0, 50, true);
	ok(take_all(0, &last) == 0, "no edge, no interrupt");
	vgic_line(g, 0, 50, false);
	vgic_line(g, 0, 50, true);
	ok(take_all(0, &last) == 1, "the next edge");
	vgic_pulse(g, 0, 50);
	vgic_pulse(g, 0, 50);
	ok(take_all(0, &last) == 1, "two edges before it is taken are one interrupt");
	vgic_pulse(g, 0, 50);
	vgic_flush(g, 0);
	ok(fake_ack(0) == 50, "taken");
	vgic_pulse(g, 0, 50);
	vgic_flush(g, 0);
	ok(!fake_irq_pending(0), "an edge while active waits");
	fake_eoi(g, 0);
	ok(take_all(0, &last) == 1 && last == 50, "and comes after EOI");
}

static void test_priority(void)
{
	unsigned last;

	start(1, 4);
	for (unsigned i = 0; i < 12; i++) {
		enable(64 + i);
		prio(64 + i, 0xa0 - 8 * (i % 4));
		vgic_pulse(g, 0, 64 + i);
	}
	vgic_flush(g, 0);
	unsigned before = 0, taken = 0;
	bool ordered = true;

	for (unsigned id; (id = fake_ack(0)) != GIC_SPURIOUS; taken++) {
		unsigned p = vgic_dist_read(g, 0, GICD_IPRIORITYR + id, 1);

		ordered &= p >= before;
		before = p;
		fake_eoi(g, 0);
		vgic_flush(g, 0);
	}
	ok(taken == 12 && ordered, "more interrupts than list registers come in order of priority");
	prio(70, 0xff);
	ok(vgic_dist_read(g, 0, GICD_IPRIORITYR + 70, 1) == 0xf8, "five bits of priority");

	/* Four masked entries must not lock out an urgent one. */
	fake.cpu[0].pmr = 10;
	for (unsigned i = 0; i < 4; i++) {
		prio(64 + i, 0xa0);
		vgic_pulse(g, 0, 64 + i);
	}
	ok(take_all(0, &last) == 0, "masked by GICC_PMR");
	prio(80, 0x20);
	enable(80);
	vgic_pulse(g, 0, 80);
	ok(take_all(0, &last) == 1 && last == 80, "an urgent interrupt takes a list register over");
	fake.cpu[0].pmr = 31;
	ok(take_all(0, &last) == 4, "the evicted one is not lost");

	/* The same when the evicted entry is active: it may come again, the urgent one must come. */
	for (unsigned i = 0; i < 4; i++)
		vgic_pulse(g, 0, 64 + i);
	vgic_flush(g, 0);
	fake_ack(0);
	vgic_pulse(g, 0, 80);
	vgic_flush(g, 0);
	ok(fake_ack(0) == 80, "urgent interrupt preempts an active one with full list registers");
	fake_eoi(g, 0);
	if (fake.cpu[0].depth)
		fake_eoi(g, 0);
	ok(take_all(0, &last) >= 3, "the others follow");
}

static void test_sgi(void)
{
	unsigned last;

	start(4, 4);
	vgic_dist_write(g, 1, GICD_SGIR, 4, FIELD_PREP(GICD_SGIR_TARGETS, 0x5u) | 3);
	ok(take_all(0, &last) == 1 && last == 3 && take_all(1, &last) == 0 &&
		   take_all(2, &last) == 1 && take_all(3, &last) == 0,
	   "SGI to a list");
	vgic_dist_write(g, 1, GICD_SGIR, 4,
			FIELD_PREP(GICD_SGIR_FILTER, GICD_SGIR_FILTER_OTHERS) | 4);
	ok(take_all(0, &last) == 1 && take_all(1, &last) == 0 && take_all(2, &last) == 1 &&
		   take_all(3, &last) == 1,
	   "SGI to all others");
	vgic_dist_write(g, 1, GICD_SGIR, 4,
			FIELD_PREP(GICD_SGIR_FILTER, GICD_SGIR_FILTER_SELF) | 5);
	ok(take_all(1, &last) == 1 && last == 5 && take_all(0, &last) == 0, "SGI to self");
	vgic_dist_write(g, 1, GICD_SGIR, 4, GICD_SGIR_FILTER | 5);
	vgic_dist_write(g, 1, GICD_SGIR, 4, FIELD_PREP(GICD_SGIR_TARGETS, 0xf0u) | 5);
	ok(!take_all(0, &last) && !take_all(1, &last) && !take_all(2, &last) && !take_all(3, &last),
	   "reserved filter, CPUs that are not there");

	for (unsigned cpu = 1; cpu < 4; cpu++)
		vgic_dist_write(g, cpu, GICD_SGIR, 4, FIELD_PREP(GICD_SGIR_TARGETS, 1u) | 6);
	ok(vgic_dist_read(g, 0, GICD_SPENDSGIR + 4, 4) == 0x000e0000, "pending per source");
	ok(vgic_dist_read(g, 0, GICD_SPENDSGIR + 6, 1) == 0x0e, "by byte");
	vgic_dist_write(g, 0, GICD_CPENDSGIR + 6, 1, 0x04);
	ok(take_all(0, &last) == 2, "one interrupt per source; one was cleared");
	vgic_dist_write(g, 0, GICD_SPENDSGIR + 4, 4, 0x00ff0000);
	ok(vgic_dist_read(g, 0, GICD_CPENDSGIR + 4, 4) == 0x000f0000,
	   "only CPUs that exist are sources");
	ok(take_all(0, &last) == 4 && last == 6, "set by software");
	vgic_dist_write(g, 0, GICD_ISPENDR, 4, 0xffff);
	ok(take_all(0, &last) == 0, "GICD_ISPENDR does not make SGIs");
}

static void test_banking_and_targets(void)
{
	unsigned last;

	start(2, 4);
	vgic_dist_write(g, 1, GICD_ISENABLER, 4, 1u << 20);
	ok(!(vgic_dist_read(g, 0, GICD_ISENABLER, 4) & (1u << 20)) &&
		   (vgic_dist_read(g, 1, GICD_ISENABLER, 4) & (1u << 20)),
	   "private interrupts are banked");
	vgic_line(g, 1, 20, true);
	ok(take_all(0, &last) == 0, "a PPI stays on its CPU");
	vgic_flush(g, 1);
	ok(fake_ack(1) == 20, "and comes there");
	ok(vgic_dist_read(g, 0, GICD_ITARGETSR, 4) == 0x01010101 &&
		   vgic_dist_read(g, 1, GICD_ITARGETSR + 28, 4) == 0x02020202,
	   "GICD_ITARGETSR of private interrupts says who reads");
	enable(40);
	vgic_pulse(g, 0, 40);
	ok(take_all(0, &last) == 1, "no target: CPU 0");
	vgic_dist_write(g, 0, GICD_ITARGETSR + 40, 1, 0xfe);
	ok(vgic_dist_read(g, 0, GICD_ITARGETSR + 40, 1) == 2, "only CPUs that exist");
	vgic_pulse(g, 0, 40);
	ok(take_all(0, &last) == 0, "not there");
	vgic_flush(g, 1);
	fake_eoi(g, 1);
	ok(take_all(1, &last) >= 1, "but on its target");
}

static void test_access_rules(void)
{
	start(2, 4);
	ok(vgic_dist_read(g, 0, GICD_TYPER, 4) == (8 | 1 << 5), "TYPER: 288 INTIDs, 2 CPUs");
	ok(vgic_dist_read(g, 0, GICD_IIDR, 4) == 0x4b00243b, "IIDR");
	ok(vgic_dist_read(g, 0, GICD_ICPIDR2, 4) == 0x2b, "ICPIDR2: GICv2");
	vgic_dist_write(g, 0, GICD_ISENABLER + 4, 1, 0xff);
	vgic_dist_write(g, 0, GICD_ISENABLER + 4, 2, 0xff);
	vgic_dist_write(g, 0, GICD_ISENABLER + 4, 8, 0xff);
	ok(vgic_dist_read(g, 0, GICD_ISENABLER + 4, 4) == 0 &&
		   vgic_dist_read(g, 0, GICD_TYPER, 1) == 0 &&
		   vgic_dist_read(g, 0, GICD_TYPER, 8) == 0,
	   "word registers in other sizes: RAZ/WI");
	vgic_dist_write(g, 0, GICD_IPRIORITYR + 32, 4, 0x10203040);
	ok(vgic_dist_read(g, 0, GICD_IPRIORITYR + 33, 1) == 0x30 &&
		   vgic_dist_read(g, 0, GICD_IPRIORITYR + 32, 2) == 0,
	   "priorities by byte and word, not by halfword");
	vgic_dist_write(g, 0, GICD_IPRIORITYR + 34, 1, 0xf8);
	ok(vgic_dist_read(g, 0, GICD_IPRIORITYR + 32, 4) == 0x10f83040, "a byte alone changes");
	vgic_dist_write(g, 0, GICD_IPRIORITYR + INTIDS, 4, ~0u);
	ok(vgic_dist_read(g, 0, GICD_IPRIORITYR + INTIDS, 4) == 0, "beyond the last INTID");
	ok(vgic_dist_read(g, 0, 0xfff, 1) == 0 && vgic_dist_read(g, 0, 0xd00, 4) == 0, "holes");
	vgic_dist_write(g, 0, GICD_TYPER, 4, ~0u);
	ok(vgic_dist_read(g, 0, GICD_TYPER, 4) == (8 | 1 << 5), "read-only");
	vgic_dist_write(g, 0, GICD_ICFGR, 8, ~0u);
	vgic_dist_write(g, 0, GICD_ICFGR, 4, 0);
	vgic_dist_write(g, 0, GICD_ICFGR + 4, 4, ~0u);
	ok(vgic_dist_read(g, 0, GICD_ICFGR, 4) == 0xaaaaaaaa &&
		   vgic_dist_read(g, 0, GICD_ICFGR + 4, 4) == 0,
	   "SGIs are edges, PPIs levels");
	vgic_dist_write(g, 0, GICD_ICFGR + 8, 4, ~0u);
	ok(vgic_dist_read(g, 0, GICD_ICFGR + 8, 4) == 0xaaaaaaaa, "SPIs are what is asked");
	vgic_dist_write(g, 0, GICD_CTLR, 4, ~0u);
	ok(vgic_dist_read(g, 0, GICD_CTLR, 4) == 3, "CTLR: two bits");
}

static void test_gates(void)
{
	unsigned last;

	start(1, 4);
	vgic_dist_write(g, 0, GICD_CTLR, 4, 0);
	enable(40);
	vgic_pulse(g, 0, 40);
	ok(take_all(0, &last) == 0, "distributor off");
	vgic_dist_write(g, 0, GICD_CTLR, 4, 1);
	ok(take_all(0, &last) == 1, "and on");
	vgic_dist_write(g, 0, GICD_ISACTIVER + 4, 4, 1u << 8);
	vgic_pulse(g, 0, 40);
	ok(reads(GICD_ISACTIVER, 40) && take_all(0, &last) == 0, "made active: waits");
	vgic_dist_write(g, 0, GICD_ICACTIVER + 4, 4, 1u << 8);
	ok(take_all(0, &last) == 1, "made inactive: comes");
	vgic_pulse(g, 0, 40);
	vgic_flush(g, 0);
	fake_ack(0);
	vgic_dist_write(g, 0, GICD_ICACTIVER + 4, 4, 1u << 8);
	ok(!reads(GICD_ISACTIVER, 40), "the guest deactivates what it handles");
	fake.cpu[0].depth = 0;
	vgic_pulse(g, 0, 40);
	ok(take_all(0, &last) == 1 && last == 40, "and gets it again");
	disable(40);
	vgic_pulse(g, 0, 40);
	ok(take_all(0, &last) == 0, "disabled");
}

static void test_maintenance(void)
{
	unsigned last;

	start(1, 4);
	enable(40);
	vgic_lr_eoi(g, 0, UINT64_MAX);
	vgic_lr_eoi(g, 0, 4);
	vgic_lr_eoi(g, 0, 0);
	ok(g->spurious_eoi == 3, "EOI reports that fit nothing are counted");
	vgic_pulse(g, 0, 40);
	ok(take_all(0, &last) == 1, "and harm nothing");
}

/* Sources that keep quiet until EOI. */
static void test_hooks(void)
{
	unsigned last, acks;

	vm = fake_vm(VMM_ROLE_SERVICE, 1, 4);
	g = &vm->vgic;
	vgic_dist_write(g, 0, GICD_CTLR, 4, 1);
	acks = fake.irq_acks[0];
	fake_event(vm, 1u << VMM_EVENT_IRQ_SHIFT);
	ok(take_all(0, &last) == 0 && fake.irq_acks[0] == acks, "passed-through, disabled: waits");
	enable(33);
	ok(fake.irq_acks[0] == acks + 1 && take_all(0, &last) == 0,
	   "enabled: the source is asked again instead of trusting what it said long ago");
	fake_event(vm, 1u << VMM_EVENT_IRQ_SHIFT);
	vgic_flush(g, 0);
	ok(fake_ack(0) == 33 && fake.irq_acks[0] == acks + 1, "delivered, source still quiet");
	fake_eoi(g, 0);
	ok(fake.irq_acks[0] == acks + 2 && take_all(0, &last) == 0, "EOI lets the source go");
	edge(48);
	acks = fake.irq_acks[1];
	fake_event(vm, 2u << VMM_EVENT_IRQ_SHIFT);
	vgic_dist_write(g, 0, GICD_ICPENDR + 4, 4, 1u << 16);
	ok(fake.irq_acks[1] == acks + 1, "an edge thrown away lets its source go too");
	fake_event(vm, VMM_EVENT_DOORBELL);
	enable(100);
	edge(100);
	ok(take_all(0, &last) == 1 && last == 100, "doorbell");

	enable(PPI_VTIMER);
	fake_fault(vm, 0, 9, PPI_VTIMER, 0, 0, 0);
	ok(fake_ack(0) == PPI_VTIMER && !fake.cpu[0].vppi_acks, "virtual timer delivered");
	fake_eoi(g, 0);
	ok(fake.cpu[0].vppi_acks == 1 && take_all(0, &last) == 0, "its EOI unmasks it");
	fake_fault(vm, 0, 9, PPI_VTIMER, 0, 0, 0);
	vgic_flush(g, 0);
	disable(PPI_VTIMER);
	ok(fake_ack(0) == PPI_VTIMER, "already on its way when disabled");
	fake_eoi(g, 0);
	ok(fake.cpu[0].vppi_acks == 2, "still acknowledged");
}

static uint32_t uread(unsigned group, unsigned cpu, uint32_t offset)
{
	uint32_t value = 0xdead;

	return vgic_uaccess_read(g, group, cpu, offset, &value) == WIRE_OK ? value : 0xbad;
}

static void test_uaccess(void)
{
	unsigned last;
	uint32_t v;

	start(2, 4);
	ok(uread(1, 0, GICD_TYPER) == (8 | 1 << 5), "TYPER");
	ok(vgic_uaccess_read(g, 1, 2, 0, &v) == WIRE_EINVAL &&
		   vgic_uaccess_read(g, 3, 0, 0, &v) == WIRE_EINVAL &&
		   vgic_uaccess_read(g, 0, 0, 0, &v) == WIRE_EINVAL &&
		   vgic_uaccess_read(g, 1, UINT64_MAX, 0, &v) == WIRE_EINVAL,
	   "no such vCPU or group");
	ok(vgic_uaccess_read(g, 1, 0, 2, &v) == WIRE_ENOENT &&
		   vgic_uaccess_read(g, 1, 0, 0x1000, &v) == WIRE_ENOENT &&
		   vgic_uaccess_read(g, 1, 0, UINT64_MAX - 3, &v) == WIRE_ENOENT &&
		   vgic_uaccess_write(g, 2, 0, 0x0c, 0) == WIRE_ENOENT,
	   "no such register");
	vgic_uaccess_write(g, 2, 1, GICC_PMR, 0xff);
	vgic_uaccess_write(g, 2, 1, GICC_CTLR, 1);
	vgic_uaccess_write(g, 2, 1, GICC_APR + 12, 7);
	ok(uread(2, 1, GICC_PMR) == 0x1f && uread(2, 1, GICC_CTLR) == 1 &&
		   uread(2, 1, GICC_APR + 12) == 7 && uread(2, 0, GICC_PMR) == 0,
	   "CPU interface registers are kept per vCPU");
	vgic_uaccess_write(g, 1, 0, GICD_ISPENDR, 1u << 2);
	ok(uread(1, 0, GICD_ISPENDR) == 1u << 2 && uread(1, 0, GICD_SPENDSGIR) == 0x00010000,
	   "user space makes an SGI pending, from the vCPU itself");
	vgic_uaccess_write(g, 1, 0, GICD_ICPENDR, 1u << 2);
	ok(uread(1, 0, GICD_ISPENDR) == 0 && take_all(0, &last) == 0, "and clears it");
	vgic_line(g, 0, 40, true);
	ok(uread(1, 0, GICD_ISPENDR + 4) == 1u << 8, "a high line reads as pending");
	vgic_uaccess_write(g, 1, 0, GICD_IGROUPR + 4, ~0u);
	ok(uread(1, 0, GICD_IGROUPR + 4) == 0, "groups are ignored");
	vgic_uaccess_write(g, 1, 0, GICD_IIDR, 0x4b00243b);
	vgic_uaccess_write(g, 1, 0, GICD_IGROUPR + 4, ~0u);
	ok(uread(1, 0, GICD_IGROUPR + 4) == ~0u, "until user space knows them");
}

/* GICD_CTLR is a register for user space; a core that is reset loses nothing of the distributor. */
static void test_core_reset(void)
{
	unsigned last;

	for (unsigned renew = 0; renew < 2; renew++) {
		start(1, 4);
		fake.renew_offered = renew;
		edge(40);
		enable(40);
		enable(41);
		prio(40, 0x50);
		vgic_pulse(g, 0, 40);
		vgic_line(g, 0, 41, true);
		vgic_uaccess_write(g, 1, 0, GICD_CTLR, 0);
		ok(uread(1, 0, GICD_ISENABLER + 4) == 3u << 8 &&
			   uread(1, 0, GICD_IPRIORITYR + 40) == 0x50 &&
			   uread(1, 0, GICD_ISPENDR + 4) == 3u << 8,
		   "GICD_CTLR = 0 by user space changes nothing else");
		vgic_uaccess_write(g, 1, 0, GICD_CTLR, 1);
		vgic_flush(g, 0);
		ok(fake_irq_pending(0), "on again, both are in list registers");
		vgic_core_reset(g, 0);
		ok(uread(1, 0, GICD_ISPENDR + 4) == 3u << 8 && !g->cpu[0].bank.in_lr &&
			   uread(1, 0, GICD_ISENABLER + 4) == 3u << 8,
		   "a core that is reset: pending again");
		vgic_line(g, 0, 41, false);
		ok(take_all(0, &last) == 1 && last == 40, "the edge is taken, the line is low");
	}
}

/* What QEMU writes at each system reset, in its order (kvm-abi 6.3). */
static void qemu_reset(unsigned cpus)
{
	vgic_uaccess_write(g, 1, 0, GICD_CTLR, 0);
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		for (unsigned b = cpu ? 0 : 0; b < (cpu ? 1 : INTIDS / 32); b++) {
			vgic_uaccess_write(g, 1, cpu, GICD_ICENABLER + 4 * b, ~0u);
			vgic_uaccess_write(g, 1, cpu, GICD_ISENABLER + 4 * b, b ? 0 : 0xffff);
			vgic_uaccess_write(g, 1, cpu, GICD_IGROUPR + 4 * b, 0);
			vgic_uaccess_write(g, 1, cpu, GICD_ICPENDR + 4 * b, ~0u);
			vgic_uaccess_write(g, 1, cpu, GICD_ISPENDR + 4 * b, 0);
			vgic_uaccess_write(g, 1, cpu, GICD_ICACTIVER + 4 * b, ~0u);
			vgic_uaccess_write(g, 1, cpu, GICD_ISACTIVER + 4 * b, 0);
			for (unsigned i = 0; i < 8; i++)
				vgic_uaccess_write(g, 1, cpu, GICD_IPRIORITYR + 32 * b + 4 * i, 0);
			for (unsigned i = 0; b && i < 8; i++)
				vgic_uaccess_write(g, 1, cpu, GICD_ITARGETSR + 32 * b + 4 * i,
						   cpus == 1 ? 0x01010101 : 0);
			vgic_uaccess_write(g, 1, cpu, GICD_ICFGR + 8 * b, b ? 0 : 0xaaaaaaaa);
			vgic_uaccess_write(g, 1, cpu, GICD_ICFGR + 8 * b + 4, 0);
		}
		for (unsigned i = 0; i < 4; i++)
			vgic_uaccess_write(g, 1, cpu, GICD_CPENDSGIR + 4 * i, ~0u);
	}
}

/* The core's own reset comes before QEMU's writes or after them. */
static void machine_reset(bool core_first)
{
	if (core_first)
		vgic_core_reset(g, 0);
	qemu_reset(1);
	if (!core_first)
		vgic_core_reset(g, 0);
}

static void dirty_and_reset(bool renew, bool active, bool known, bool core_first)
{
	const char *how = renew	 ? "fresh VCPU" :
			  active ? known ? "known active" : "active" :
				   "pending";
	unsigned last;

	start(1, 4);
	fake.renew_offered = renew;
	enable(PPI_VTIMER);
	fake_fault(vm, 0, 9, PPI_VTIMER, 0, 0, 0);
	for (unsigned i = 64; i < 72; i++) {
		enable(i);
		vgic_pulse(g, 0, i);
	}
	vgic_flush(g, 0);
	if (active)
		fake_ack(0);
	fake.cpu[0].switched_out = known;
	machine_reset(core_first);
	fake.cpu[0].switched_out = false;
	vgic_dist_write(g, 0, GICD_CTLR, 4, 1);
	for (unsigned i = 64; i < 72; i++)
		enable(i);
	ok(take_all(0, &last) == 0, "reset, %s: nothing of the past arrives", how);
	/* The new guest clears the active priorities it finds, as Linux does, or the VCPU is fresh. */
	fake.cpu[0].depth = 0;
	for (unsigned i = 64; i < 72; i++)
		vgic_pulse(g, 0, i);
	ok(take_all(0, &last) == 8, "reset, %s: its interrupts work", how);
	ok(fake.cpu[0].renewals == renew, "reset, %s: VCPU object", how);
	machine_reset(core_first);
	machine_reset(core_first);
	ok(fake.cpu[0].renewals <= 2u * renew, "a clean vCPU needs no second");
}

static uint32_t rng_state = 1;

static uint32_t rnd(uint32_t below)
{
	rng_state = rng_state * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)rng_state * below) >> 32);
}

/* --- random sequences against the oracle ------------------------------------------------------------------ */

struct oracle {
	bool enabled, edge, line, latch, active;
	unsigned allowed;
};

#define FIRST 32u
#define RANGE 24u

static struct oracle oracle[RANGE];
static unsigned inventions, losses;

static bool owed(const struct oracle *o)
{
	return o->latch || (!o->edge && o->line);
}

static void oracle_take(unsigned intid)
{
	struct oracle *o;

	if (intid == GIC_SPURIOUS)
		return;
	o = &oracle[intid - FIRST];
	if (!o->allowed)
		inventions++;
	else
		o->allowed--;
	o->active = true;
	o->latch = false;
	/* A level that stays high is a cause again. */
	if (!o->edge && o->line && !o->allowed)
		o->allowed = 1;
}

static void random_step(unsigned cpu)
{
	unsigned i = rnd(RANGE), intid = FIRST + i;
	struct oracle *o = &oracle[i];

	switch (rnd(12)) {
	case 0:
	case 1:
		if (!o->line) {
			o->latch |= o->edge;
			o->allowed++;
		}
		o->line = true;
		vgic_line(g, 0, intid, true);
		break;
	case 2:
		o->line = false;
		vgic_line(g, 0, intid, false);
		break;
	case 3:
	case 4:
		o->latch = true;
		o->allowed++;
		vgic_dist_write(g, cpu, GICD_ISPENDR + intid / 32 * 4, 4, 1u << intid % 32);
		break;
	case 5:
		o->latch = false;
		vgic_dist_write(g, cpu, GICD_ICPENDR + intid / 32 * 4, 4, 1u << intid % 32);
		break;
	case 6:
		o->enabled = true;
		enable(intid);
		break;
	case 7:
		if (!rnd(4)) {
			o->enabled = false;
			disable(intid);
		}
		break;
	case 8:
		prio(intid, rnd(256) & 0xf0);
		break;
	case 9:
		vgic_flush(g, cpu);
		break;
	default:
		vgic_flush(g, cpu);
		if (fake.cpu[cpu].depth < 3 && rnd(2)) {
			oracle_take(fake_ack(cpu));
		} else if (fake.cpu[cpu].depth) {
			struct oracle *done =
				&oracle[fake.cpu[cpu].running_intid[fake.cpu[cpu].depth - 1] -
					FIRST];

			done->active = false;
			fake_eoi(g, cpu);
		}
	}
}

/* The guest finishes what it handles, then takes all that comes and quiets each device. */
static void drain(unsigned cpu)
{
	unsigned n = 0, intid;

	while (fake.cpu[cpu].depth)
		fake_eoi(g, cpu);
	for (unsigned i = 0; i < RANGE; i++)
		oracle[i].active = false;
	vgic_flush(g, cpu);
	while ((intid = fake_ack(cpu)) != GIC_SPURIOUS && n++ < 10000) {
		oracle_take(intid);
		oracle[intid - FIRST].line = false;
		vgic_line(g, 0, intid, false);
		fake_eoi(g, cpu);
		vgic_flush(g, cpu);
	}
	for (unsigned i = 0; i < RANGE; i++) {
		if (oracle[i].enabled && owed(&oracle[i]))
			losses++;
		/*
		 * Nothing is in flight now: what is not owed may not come. A disabled one that a more urgent one
		 * pushed out of its list register waits outside, though.
		 */
		if (oracle[i].enabled || owed(&oracle[i]))
			oracle[i].allowed = owed(&oracle[i]);
	}
}

static void test_random(unsigned lrs, uint32_t seed)
{
	rng_state = seed;
	inventions = losses = 0;
	start(1, lrs);
	for (unsigned i = 0; i < RANGE; i++) {
		oracle[i] = (struct oracle){ .edge = i % 2 };
		if (i % 2)
			edge(FIRST + i);
		prio(FIRST + i, 0xa0);
	}
	for (unsigned round = 0; round < 300; round++) {
		for (unsigned i = 0; i < 60; i++)
			random_step(0);
		drain(0);
	}
	ok(!losses, "random, %u list registers, seed %u: nothing lost (%u)", lrs, seed, losses);
	ok(!inventions || fake.cpu[0].overwritten_active,
	   "random, %u list registers, seed %u: nothing invented (%u)", lrs, seed, inventions);
}

int main(void)
{
	test_level();
	test_edge();
	test_priority();
	test_sgi();
	test_banking_and_targets();
	test_access_rules();
	test_gates();
	test_maintenance();
	test_hooks();
	test_uaccess();
	test_core_reset();
	for (unsigned core_first = 0; core_first < 2; core_first++) {
		dirty_and_reset(false, false, false, core_first);
		dirty_and_reset(false, true, false, core_first);
		dirty_and_reset(true, true, true, core_first);
	}
	for (uint32_t seed = 1; seed <= 8; seed++) {
		test_random(4, seed);
		test_random(1, seed);
		test_random(16, seed);
	}
	return tap_done();
}
