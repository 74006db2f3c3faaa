/* SPDX-License-Identifier: BSD-2-Clause */
/* What the boot and the board gave root: its own frames, device pages, priorities. */
#ifndef ROOT_BOARD_H
#define ROOT_BOARD_H

#include "root/untyped.h"
#include "wire/vmm.h"

/* PSCI function id (DEN 0022), by way of seL4's SMC capability */
#define BOARD_PSCI_SYSTEM_OFF 0x84000008u

#define BOARD_PRIO_TICK 251u
#define BOARD_PRIO_TIMER 250u
#define BOARD_PRIO_ROOT 200u
#define BOARD_PRIO_VMM 150u

#define BOARD_DEVICE_PAGES 64u

/* Remember what bootinfo says. */
void board_init(const seL4_BootInfo *bi);

/* Capability of the page of root's own image (package included) that contains `p`. */
seL4_CPtr board_image_frame(const void *p);

/* Bytes of root's image from `p`, a page boundary, to its end. */
uint64_t board_image_after(const void *p);

/* Nothing of the boot package lies at `end` or behind it, up to the end of root's image. */
void board_image_spare(const void *end);
/* Slot of the first of the image's frames for [paddr, paddr + size) behind that, or 0. */
seL4_CPtr board_spare_frames(uint64_t paddr, uint64_t size);

/*
 * Frame of a page of device registers, made at the first call: its slot, or 0. It stays for good.
 */
seL4_CPtr board_device_page(uint64_t paddr);

seL4_CPtr board_sched_control(void);

/* The board's device tree as the kernel handed it on; NULL without. */
const void *board_fdt(uint32_t *size);

#endif
