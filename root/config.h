/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What root needs to know of a service-VM, worked out from the system description, the board's tree
 * and the package.
 */
#ifndef ROOT_CONFIG_H
#define ROOT_CONFIG_H

#include "wire/ctl.h"
#include "wire/vmm.h"

#include <stdbool.h>

#define CONFIG_SERVICES 4u
#define CONFIG_BANKS 8u
#define CONFIG_MMIO 32u
#define CONFIG_FILES 3u
#define CONFIG_NAME 32u

/* A piece of what is in the VM's RAM when it starts. */
struct config_file {
	const char *what;
	const void *data;
	uint64_t size;
	uint64_t ipa;
};

struct config_service {
	char name[CONFIG_NAME];
	unsigned int vcpus;
	unsigned int vcpu_priority;
	unsigned int user_priority; /* vCPUs of its user-VMs */
	uint64_t timeslice_us;
	uint64_t user_timeslice_us;
	bool small_granule; /* 4 KiB, else 2 MiB */
	bool restart_on_crash;
	bool test_hooks;
	uint64_t quota; /* bytes for its user-VMs */
	unsigned int max_users;
	struct {
		uint64_t base, size;
	} bank[CONFIG_BANKS];
	unsigned int banks;
	struct {
		uint64_t base, size; /* page aligned, mapped at its own address */
		bool virtio; /* virtio-mmio devices are in there */
	} mmio[CONFIG_MMIO];
	unsigned int mmios;
	const char *master; /* vmfdt.h: "" or what forbids to load its RAM anew */
	struct vmm_irq irq[VMM_MAX_IRQS];
	unsigned int irqs;
	uint64_t gicd, gicc;
	uint32_t intids;
	uint32_t doorbell;
	uint64_t window; /* IPA of the window of wire/ctl.h */
	struct config_file file[CONFIG_FILES]; /* kernel, device tree, initrd */
	unsigned int files;
	uint64_t entry, dtb;
};

struct config {
	struct config_service service[CONFIG_SERVICES];
	unsigned int services;
	const void *vmm_elf;
	uint64_t vmm_size;
	enum vmm_log_level log_level;
	uint64_t gicv; /* virtual CPU interface of the board's GICv2, two pages */
};

/*
 * Fill `c` from the boot package behind root's image. False with logged reasons: package or
 * description can not be used.
 */
bool config_read(struct config *c);

#endif
