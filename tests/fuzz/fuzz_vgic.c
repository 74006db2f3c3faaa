// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any sequence of guest accesses, user-space accesses, input changes, acknowledges and EOIs: list register books stay
 * consistent, and once the guest has taken everything nothing deliverable is left over.
 */
#include <string.h>

#include "tests/unit/vmm_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool cond)
{
	if (!cond)
		__builtin_trap();
}

static void check_books(const struct vgic *g)
{
	for (unsigned cpu = 0; cpu < g->cpus; cpu++) {
		const struct vgic_cpu *c = &g->cpu[cpu];

		for (unsigned i = 0; i < g->lrs; i++) {
			const struct vgic_lr *lr = &c->lr[i];
			const struct vgic_bank *b =
				lr->intid / 32 ? &g->spi[lr->intid / 32 - 1] : &c->bank;

			demand(!!(c->free & (1u << i)) == (lr->state == VGIC_LR_FREE));
			if (lr->state == VGIC_LR_BUSY)
				demand(b->in_lr & (1u << lr->intid % 32));
		}
	}
}

static unsigned entries(const struct vgic *g)
{
	unsigned n = 0;

	for (unsigned cpu = 0; cpu < g->cpus; cpu++) {
		n += (unsigned)__builtin_popcount(g->cpu[cpu].bank.in_lr);
		for (unsigned i = 0; i < g->lrs; i++)
			n -= g->cpu[cpu].lr[i].state == VGIC_LR_BUSY;
	}
	for (unsigned b = 1; b < g->banks; b++)
		n += (unsigned)__builtin_popcount(g->spi[b - 1].in_lr);
	return n;
}

/* Lower all lines, let the guest take all that comes on every CPU. */
static void drain(struct vgic *g)
{
	for (unsigned b = 1; b < g->banks; b++)
		vgic_lines(g, 0, b, UINT32_MAX, 0, 0);
	for (unsigned cpu = 0; cpu < g->cpus; cpu++) {
		vgic_lines(g, cpu, 0, 0xffff0000, 0, 0);
		while (fake.cpu[cpu].depth)
			fake_eoi(g, cpu);
		vgic_flush(g, cpu);
		for (unsigned n = 0; n < 5000 && fake_ack(cpu) != GIC_SPURIOUS; n++) {
			fake_eoi(g, cpu);
			vgic_flush(g, cpu);
		}
	}
	if (!(g->ctlr & GICD_CTLR_ENABLE_GRP0))
		return;
	for (unsigned cpu = 0; cpu < g->cpus; cpu++) {
		for (unsigned b = 0; b < g->banks; b++) {
			uint32_t left = vgic_deliverable(vgic_bank(g, cpu, b), cpu);

			/* The lowest priority is never signalled and may stay behind. */
			for (; left; left &= left - 1)
				demand(vgic_bank(g, cpu, b)->prio[__builtin_ctz(left)] == 0xf8);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vgic *g;

	if (size < 2)
		return 0;
	g = &fake_vm(VMM_ROLE_USER, 1 + data[0] % 4, 1 + data[1] % 6)->vgic;
	fake.renew_offered = data[1] & 0x80;
	for (data += 2, size -= 2; size >= 8; data += 8, size -= 8) {
		unsigned cpu = data[1] % g->cpus;
		uint32_t offset = data[2] | (data[3] & 0xfu) << 8;
		uint32_t value;

		memcpy(&value, data + 4, sizeof(value));
		switch (data[0] % 12) {
		case 0:
		case 1:
		case 2:
			vgic_dist_write(g, cpu, offset, 1u << data[3] / 64, value);
			break;
		case 3:
			vgic_dist_read(g, cpu, offset, 1u << data[3] / 64);
			break;
		case 4:
			vgic_uaccess_write(g, data[3] >> 4, data[1], offset, value);
			break;
		case 5:
			vgic_uaccess_read(g, data[3] >> 4, data[1], offset, &value);
			break;
		case 6:
			vgic_lines(g, cpu, data[2] % g->banks,
				   data[2] % g->banks ? ~0u : 0xffff0000, value,
				   data[3] & 1 ? value >> 16 << 16 : 0);
			break;
		case 7:
			vgic_pulse(g, cpu, 32 + offset % (g->banks * 32 - 32));
			break;
		case 8:
			if (fake.cpu[cpu].depth < 30)
				fake_ack(cpu);
			break;
		case 9:
			if (fake.cpu[cpu].depth)
				fake_eoi(g, cpu);
			break;
		case 10:
			fake.cpu[cpu].switched_out = data[2] & 1;
			fake.cpu[cpu].pmr = data[3] % 32;
			vgic_lr_eoi(g, cpu, g->lrs + (uint64_t)value);
			break;
		default:
			vgic_flush(g, cpu);
		}
		check_books(g);
		demand(!entries(g));
	}
	for (unsigned cpu = 0; cpu < g->cpus; cpu++) {
		fake.cpu[cpu].switched_out = false;
		fake.cpu[cpu].pmr = 31;
	}
	drain(g);
	return 0;
}
