/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A service-VM's device tree and devices, derived from the board's tree and the system description. Pure, on libfdt.
 *
 *	root, mkimage:	sysdesc_parse -> vmfdt_check (all VMs: devices, conflicts)
 *	root:		-> per VM: bootimage_place -> vmfdt_build
 *
 * Board trees may be hostile or broken: a mistake in them is reported like one in the description, at the property of
 * the description that led to it.
 */
#ifndef LIB_VMFDT_H
#define LIB_VMFDT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sysdesc/sysdesc.h"

#define VMFDT_MAX_MMIO 32u
#define VMFDT_MAX_IRQS 48u /* VMM_MAX_IRQS */
#define VMFDT_MAX_PAGES 64u /* of device registers, all service-VMs together */
#define VMFDT_MAX_NODES 128u
#define VMFDT_PATH_SIZE 64u /* of a path in a message, cut off when longer */
#define VMFDT_MAX_SIZE 0x10000u /* bytes of a tree, enough for every board so far */

/* Whole pages that are mapped one-to-one, ascending by address, disjoint. */
struct vmfdt_mmio {
	uint64_t base;
	uint64_t size; /* bytes, multiple of 4 KiB */
	bool virtio; /* contains virtio-mmio devices: DMA stops when their status registers are zeroed */
	uint8_t item; /* of the passthrough property: which led here first */
};

struct vmfdt_irq {
	uint16_t intid; /* 32..board->intids - 1 */
	bool edge; /* else level */
	uint8_t item;
};

struct vmfdt_devices {
	struct vmfdt_mmio mmio[VMFDT_MAX_MMIO];
	unsigned int mmios;
	struct vmfdt_irq irq[VMFDT_MAX_IRQS];
	unsigned int irqs; /* ascending by INTID, each once */
	/*
	 * A device within the VM's reach that may write to memory by itself and that nobody here knows how to stop: the VM's
	 * RAM must not be loaded anew. "" when there is none.
	 */
	char master[VMFDT_PATH_SIZE];
	/* GICv2 of the board; the VM sees distributor and CPU interface at the same addresses */
	uint64_t gicd, gicc, gich, gicv;
};

/*
 * Find out what passes to service-VM `svc`: *devs. Returns 0, or -1 with the mistakes added to *report. What only
 * concerns several VMs, or RAM, is left to vmfdt_check().
 */
int vmfdt_devices(const void *board_fdt, size_t board_size, const struct sysdesc_board *board,
		  const struct sysdesc_service *svc, struct vmfdt_devices *devs,
		  struct report *report);

/*
 * Check a whole description against the board's tree: each bank within RAM and outside what is reserved, no byte of RAM,
 * page or interrupt with two owners, enough RAM left for root. devs[i] becomes what passes to desc->service[i].
 * Returns 0, or -1 with the mistakes added to *report.
 */
int vmfdt_check(const struct sysdesc *desc, const void *board_fdt, size_t board_size,
		struct vmfdt_devices devs[SYSDESC_MAX_SERVICES], struct report *report);

struct vmfdt_params {
	const struct sysdesc_board *board;
	const struct sysdesc_service *service;
	uint64_t initrd, initrd_size; /* IPA and bytes; size 0: none */
	uint64_t window_size; /* of the window at board->window */
};

/*
 * Write the device tree of a service-VM that vmfdt_check() accepted to `out` (8-byte aligned, `size` bytes; VMFDT_MAX_SIZE
 * is enough). Returns 0 (fdt_totalsize(out) bytes are then in use), or -1 with the mistakes added to *report. `out` must
 * not overlap board_fdt.
 */
int vmfdt_build(void *out, size_t size, const void *board_fdt, size_t board_size,
		const struct vmfdt_params *p, struct report *report);

#endif
