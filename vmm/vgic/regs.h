/* SPDX-License-Identifier: BSD-2-Clause */
/* vGIC: the distributor's register map, shared by the guest's view and user space's. */
#ifndef VMM_VGIC_REGS_H
#define VMM_VGIC_REGS_H

#include "vmm/vgic/vgic.h"

/* One access to one 32-bit register. */
struct vgic_access {
	unsigned cpu;
	unsigned bank; /* of the first interrupt in the register */
	unsigned bit; /* its number in the bank */
	uint32_t offset; /* of the register from the start of its kind */
	uint32_t mask; /* bytes written: of a byte access only one */
};

typedef uint32_t (*vgic_read_fn)(struct vgic *g, const struct vgic_access *a);
typedef void (*vgic_write_fn)(struct vgic *g, const struct vgic_access *a, uint32_t value);

/* A kind of register. */
struct vgic_reg {
	uint16_t offset;
	uint16_t size; /* bytes of the whole array; per-IRQ kinds end with the last INTID */
	uint8_t bits; /* per interrupt, 0: not a per-IRQ register */
	bool bytes; /* byte accessible (IHI 0048B 4.1.4) */
	vgic_read_fn read;
	vgic_write_fn write;
	/* user space's view where it differs; NULL: the same */
	vgic_read_fn uread;
	vgic_write_fn uwrite;
};

/* The kind that has the register at offset (and the access to it, but for mask), or NULL. */
const struct vgic_reg *vgic_reg_find(const struct vgic *g, unsigned cpu, uint32_t offset,
				     struct vgic_access *a);

/* Handlers of user space's view (uaccess.c). */
void vgic_uwrite_iidr(struct vgic *g, const struct vgic_access *a, uint32_t value);
void vgic_uwrite_group(struct vgic *g, const struct vgic_access *a, uint32_t value);
uint32_t vgic_uread_pending(struct vgic *g, const struct vgic_access *a);
void vgic_uwrite_spend(struct vgic *g, const struct vgic_access *a, uint32_t value);
void vgic_uwrite_cpend(struct vgic *g, const struct vgic_access *a, uint32_t value);
uint32_t vgic_uread_active(struct vgic *g, const struct vgic_access *a);

#endif
