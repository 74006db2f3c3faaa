// SPDX-License-Identifier: BSD-2-Clause
#include "root/service.h"

#include "root/board.h"
#include "root/cspace.h"
#include "root/ctl.h"
#include "root/window.h"

#define MPIDR_RES1 UINT64_C(0x80000000)

/* virtio-mmio (VirtIO 1.2, 4.2.2); QEMU virt places one device in each 0x200 bytes. */
#define VIRTIO_MMIO_STRIDE 0x200u
#define VIRTIO_MMIO_MAGIC 0x000u
#define VIRTIO_MMIO_STATUS 0x070u
#define VIRTIO_MMIO_MAGIC_VALUE 0x74726976u

static struct service services[CONFIG_SERVICES];
static unsigned int count;

bool service_init(const struct config *config)
{
	for (unsigned int i = 0; i < config->services; i++) {
		const struct config_service *c = &config->service[i];
		struct service *svc = &services[count++];

		*svc = (struct service){ .config = c, .first = i == 0 };
		svc->quota.limit = c->quota;
		ram_init(&svc->ram, c->small_granule);
		for (unsigned int b = 0; b < c->banks; b++)
			if (!ram_add_bank(&svc->ram, c->bank[b].base, c->bank[b].size))
				return false;
		for (unsigned int f = 0; f < c->files; f++)
			if (!ram_contains(&svc->ram, c->file[f].ipa, c->file[f].size)) {
				log_error("%s: %s does not fit into its RAM", c->name,
					  c->file[f].what);
				return false;
			}
	}
	return true;
}

static bool map_device(struct vm *vm, uint64_t base, uint64_t size)
{
	for (uint64_t at = base; at < base + size; at += WIRE_PAGE_SIZE) {
		seL4_CPtr frame = board_device_page(at);
		seL4_CPtr copy = frame ? vm_copy(vm, frame, seL4_ReadWrite, 0) : 0;

		if (!copy || !vspace_map(&vm->space, copy, at, VSPACE_W | VSPACE_DEVICE)) {
			log_error("device page 0x%lx can not be passed through", at);
			return false;
		}
	}
	return true;
}

/* Interrupt `i` of the VMM: its handler, and the bit of the VMM's notification. */
static bool grant_irq(struct vm *vm, unsigned int i, const struct vmm_irq *irq)
{
	seL4_CPtr handler = arena_slot(&vm->arena);
	seL4_CPtr bell =
		vm_copy(vm, vm->vmm_ntfn, seL4_CanWrite, UINT64_C(1) << (VMM_EVENT_IRQ_SHIFT + i));

	if (!handler || !bell)
		return false;
	if (seL4_IRQControl_GetTrigger(seL4_CapIRQControl, irq->intid, irq->edge, cspace_top(),
				       handler, seL4_WordBits) != seL4_NoError) {
		log_error("interrupt %u can not be passed through", irq->intid);
		return false;
	}
	arena_count(&vm->arena, 1);
	CHECK(seL4_IRQHandler_SetNotification(handler, bell) == seL4_NoError);
	vm->boot->irq[i] = *irq;
	return vm_grant(vm, VMM_CAP_IRQ + i, handler, seL4_AllRights);
}

static bool attach_devices(struct vm *vm, const struct config_service *c)
{
	for (unsigned int i = 0; i < c->mmios; i++)
		if (!map_device(vm, c->mmio[i].base, c->mmio[i].size))
			return false;
	for (unsigned int i = 0; i < c->irqs; i++)
		if (!grant_irq(vm, i, &c->irq[i]))
			return false;
	vm->boot->irqs = c->irqs;
	return true;
}

static bool start(struct service *svc)
{
	const struct config_service *c = svc->config;
	struct vm_params p = {
		.role = VMM_ROLE_SERVICE,
		.vcpus = c->vcpus,
		.gicd = c->gicd,
		.gicc = c->gicc,
		.intids = c->intids,
		.vcpu_priority = c->vcpu_priority,
		.timeslice_us = c->timeslice_us,
		.ipa_bits = VSPACE_BITS,
		.service = svc,
	};

	for (unsigned int n = 0; n < c->vcpus; n++)
		p.mpidr[n] = MPIDR_RES1 | n;
	for (unsigned int i = 0; i < c->files; i++)
		ram_write(&svc->ram, c->file[i].ipa, c->file[i].data, c->file[i].size);
	svc->vm = vm_build(&p);
	if (!svc->vm)
		return false;
	svc->vm->boot->entry = c->entry;
	svc->vm->boot->dtb = c->dtb;
	svc->vm->boot->doorbell_intid = c->doorbell;
	if (!ram_start(&svc->ram, &svc->vm->space) || !attach_devices(svc->vm, c) ||
	    !ctl_attach(svc->vm)) {
		ram_stop(&svc->ram);
		vm_destroy(svc->vm);
		svc->vm = NULL;
		return false;
	}
	vm_start(svc->vm);
	return true;
}

bool service_start_all(void)
{
	for (unsigned int i = 0; i < count; i++) {
		if (!start(&services[i])) {
			log_error("%s: can not be built", services[i].config->name);
			return false;
		}
		log_info("%s: vm%u started, entry 0x%lx", services[i].config->name,
			 services[i].vm->number, services[i].config->entry);
	}
	return true;
}

/*
 * Devices that write to memory by themselves must not do so any more when the VM's RAM is loaded
 * anew.
 */
static void quiesce_page(uint64_t page)
{
	seL4_CPtr frame = board_device_page(page);
	volatile uint8_t *regs = window_device(frame);

	for (unsigned int slot = 0; slot < WIRE_PAGE_SIZE; slot += VIRTIO_MMIO_STRIDE) {
		volatile uint32_t *magic = (volatile uint32_t *)(regs + slot + VIRTIO_MMIO_MAGIC);
		volatile uint32_t *status = (volatile uint32_t *)(regs + slot + VIRTIO_MMIO_STATUS);

		if (*magic == VIRTIO_MMIO_MAGIC_VALUE)
			*status = 0;
	}
	window_device_done(frame);
}

/*
 * Take the VM and all its user-VMs down; RAM, device pages and the books stay as before its start.
 */
static void stop(struct service *svc)
{
	const struct config_service *c = svc->config;

	vm_stop(svc->vm);
	ctl_detach(svc->vm);
	for (unsigned int i = 0; i < c->mmios; i++)
		for (uint64_t at = 0; at < c->mmio[i].size; at += WIRE_PAGE_SIZE)
			if (c->mmio[i].virtio)
				quiesce_page(c->mmio[i].base + at);
	ram_stop(&svc->ram);
	vm_destroy(svc->vm);
	svc->vm = NULL;
}

static void end_machine(void)
{
	seL4_ARM_SMCContext off = { .x0 = BOARD_PSCI_SYSTEM_OFF }, answer;

	seL4_ARM_SMC_Call(seL4_CapSMC, &off, &answer);
	log_error("the firmware did not switch the machine off");
}

/* Without a service-VM there is nothing left to do. */
static void end_unless_needed(void)
{
	for (unsigned int i = 0; i < count; i++)
		if (services[i].vm)
			return;
	end_machine();
}

static void end(struct service *svc)
{
	stop(svc);
	end_unless_needed();
}

void service_off(struct vm *vm)
{
	log_info("%s: off", vm->service->config->name);
	end(vm->service);
}

void service_reset(struct vm *vm)
{
	struct service *svc = vm->service;

	if (svc->config->master[0]) {
		log_error("%s: stays off, %s may write to its RAM by itself", svc->config->name,
			  svc->config->master);
		end(svc);
		return;
	}
	log_info("%s: restart", svc->config->name);
	stop(svc);
	svc->restarts++;
	if (!start(svc)) {
		log_error("%s: can not be built again", svc->config->name);
		end_unless_needed();
	}
}

void service_failed(struct vm *vm)
{
	struct service *svc = vm->service;

	log_warn("%s: its VMM failed", svc->config->name);
	if (svc->config->restart_on_crash)
		service_reset(vm);
	else
		end(svc);
}

enum wire_status service_populate(struct vm *vm, uint64_t ipa)
{
	return ram_populate(&vm->service->ram, ipa) ? WIRE_OK : WIRE_ENOENT;
}
