// SPDX-License-Identifier: BSD-2-Clause
#include "root/config.h"

#include "bootimage/bootimage.h"
#include "package/package.h"
#include "root/board.h"
#include "root/log.h"
#include "string/string.h"
#include "sysdesc/sysdesc.h"
#include "vmfdt/vmfdt.h"

#include <libfdt.h>

#define VMM_NAME "vmm.elf"

_Static_assert(CONFIG_SERVICES == SYSDESC_MAX_SERVICES && CONFIG_BANKS == SYSDESC_MAX_BANKS &&
		       CONFIG_MMIO == VMFDT_MAX_MMIO && VMM_MAX_IRQS == VMFDT_MAX_IRQS &&
		       CONFIG_NAME == SYSDESC_NAME_SIZE,
	       "as many as a description can name");

extern char __image_end[]; /* root.lds: the package begins here */

/* What the configuration is made of; its strings and payloads are used as long as root runs. */
static struct sysdesc desc;
static struct vmfdt_devices devices[SYSDESC_MAX_SERVICES];
static struct report report;
static struct {
	uint64_t tree[VMFDT_MAX_SIZE / sizeof(uint64_t)];
} vm_tree[CONFIG_SERVICES];

static bool report_shown(void)
{
	for (unsigned int i = 0; i < report.count; i++) {
		const struct report_entry *e = &report.entry[i];

		log_printf(e->warning ? VMM_LOG_WARN : VMM_LOG_ERROR,
			   "system description, %s%s%s: %s", e->path, e->property[0] ? " " : "",
			   e->property, e->text);
	}
	return report.errors != 0;
}

static const void *need(const char *name, uint64_t *size)
{
	const void *data = package_find(__image_end, PKG_BLOB, name, size);

	if (!data)
		log_error("the boot package has no \"%s\"", name);
	return data;
}

static void add_file(struct config_service *c, const char *what, const void *data, uint64_t size,
		     uint64_t ipa)
{
	c->file[c->files++] =
		(struct config_file){ .what = what, .data = data, .size = size, .ipa = ipa };
}

/* Kernel, device tree and initrd of `svc`: where they go, and the tree itself. */
static bool read_images(struct config_service *c, const struct sysdesc_service *svc, void *tree,
			const void *board_fdt, uint32_t board_size)
{
	struct vmfdt_params params = { .board = desc.board,
				       .service = svc,
				       .window_size = CTL_WINDOW_SIZE };
	struct bootimage_layout at;
	struct bootimage image;
	const char *fault;
	uint64_t size;
	const void *kernel = need(svc->kernel, &size);
	const void *initrd = svc->initrd ? need(svc->initrd, &params.initrd_size) : NULL;

	if (!kernel || (svc->initrd && !initrd))
		return false;
	fault = bootimage_open(&image, kernel, size);
	if (fault) {
		log_error("%s: kernel \"%s\": %s", svc->name, svc->kernel, fault);
		return false;
	}
	if (!bootimage_place(&at, &image, svc->bank[0].base, svc->bank[0].size, VMFDT_MAX_SIZE,
			     params.initrd_size)) {
		log_error(
			"%s: kernel, device tree and initrd do not fit into its first bank of RAM",
			svc->name);
		return false;
	}
	params.initrd = at.initrd;
	if (vmfdt_build(tree, VMFDT_MAX_SIZE, board_fdt, board_size, &params, &report)) {
		report_shown();
		return false;
	}
	add_file(c, "kernel", kernel, size, at.kernel);
	add_file(c, "device tree", tree, fdt_totalsize(tree), at.dtb);
	if (initrd)
		add_file(c, "initrd", initrd, params.initrd_size, at.initrd);
	c->entry = at.kernel;
	c->dtb = at.dtb;
	return true;
}

static void read_devices(struct config_service *c, const struct vmfdt_devices *devs)
{
	for (unsigned int i = 0; i < devs->mmios; i++) {
		c->mmio[i].base = devs->mmio[i].base;
		c->mmio[i].size = devs->mmio[i].size;
		c->mmio[i].virtio = devs->mmio[i].virtio;
	}
	c->mmios = devs->mmios;
	c->master = devs->master;
	for (unsigned int i = 0; i < devs->irqs; i++)
		c->irq[i] =
			(struct vmm_irq){ .intid = devs->irq[i].intid, .edge = devs->irq[i].edge };
	c->irqs = devs->irqs;
	c->gicd = devs->gicd;
	c->gicc = devs->gicc;
}

static void read_service(struct config_service *c, const struct sysdesc_service *svc)
{
	memcpy(c->name, svc->name, sizeof(c->name));
	c->vcpus = svc->vcpus;
	c->vcpu_priority = svc->priority;
	c->timeslice_us = svc->timeslice_us;
	c->user_priority = svc->users.priority;
	c->user_timeslice_us = svc->users.timeslice_us;
	c->max_users = svc->users.max;
	c->quota = svc->users.memory;
	c->small_granule = svc->granule == SYSDESC_GRANULE_4K;
	c->restart_on_crash = svc->on_crash == SYSDESC_RESTART;
	c->test_hooks = svc->test_hooks;
	for (unsigned int i = 0; i < svc->banks; i++) {
		c->bank[i].base = svc->bank[i].base;
		c->bank[i].size = svc->bank[i].size;
	}
	c->banks = svc->banks;
	c->intids = desc.board->intids;
	c->doorbell = desc.board->doorbell;
	c->window = desc.board->window;
}

static bool read_description(const void *board_fdt, uint32_t board_size)
{
	uint64_t size;
	const void *system = package_find(__image_end, PKG_SYSTEM, NULL, &size);

	if (!system) {
		log_error("the boot package has no system description");
		return false;
	}
	if (sysdesc_parse(system, size, &desc, &report) ||
	    vmfdt_check(&desc, board_fdt, board_size, devices, &report)) {
		report_shown();
		return false;
	}
	return true;
}

bool config_read(struct config *c)
{
	enum package_status status = package_check(__image_end, board_image_after(__image_end));
	uint32_t board_size = 0;
	const void *board_fdt_blob = board_fdt(&board_size);

	if (status != PACKAGE_OK) {
		log_error("boot package: %s", package_status_text(status));
		return false;
	}
	board_image_spare(__image_end + ((const struct pkg_header *)__image_end)->size);
	if (!board_fdt_blob) {
		log_error("the kernel handed on no device tree");
		return false;
	}
	c->vmm_elf = need(VMM_NAME, &c->vmm_size);
	if (!c->vmm_elf || !read_description(board_fdt_blob, board_size))
		return false;
	c->log_level = (enum vmm_log_level)desc.log_level;
	c->gicv = devices[0].gicv;
	c->services = desc.services;
	for (unsigned int i = 0; i < desc.services; i++) {
		struct config_service *svc = &c->service[i];

		read_service(svc, &desc.service[i]);
		read_devices(svc, &devices[i]);
		if (!read_images(svc, &desc.service[i], vm_tree[i].tree, board_fdt_blob,
				 board_size))
			return false;
	}
	report_shown();
	return true;
}
