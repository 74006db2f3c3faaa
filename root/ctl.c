// SPDX-License-Identifier: BSD-2-Clause
#include "root/ctl.h"

#include "root/cspace.h"
#include "root/ctlcheck.h"
#include "root/mem.h"
#include "root/service.h"
#include "root/window.h"
#include "string/string.h"

#define WINDOW_PAGE_AREA \
	3u /* page of root's window on a VM: control area or first page of the region */

static seL4_CPtr endpoint;

void ctl_init(seL4_CPtr ep)
{
	endpoint = ep;
}

bool ctl_attach(struct vm *vm)
{
	uint64_t window = vm->service->config->window;
	seL4_CPtr area = arena_object(&vm->arena, seL4_ARM_SmallPageObject, 0);
	seL4_CPtr copy = area ? vm_copy(vm, area, seL4_ReadWrite, 0) : 0;

	if (!copy)
		return false;
	vm->area = window_map(copy, vm->number, WINDOW_PAGE_AREA);
	if (!vspace_map(&vm->space, area, window, VSPACE_W))
		return false;
	/* All tables of the window now, so that a user-VM costs its service-VM nothing. */
	for (uint64_t at = 0; at < CTL_WINDOW_SIZE; at += BLOCK_SIZE)
		if (!vspace_pages_ready(&vm->space, window + at))
			return false;
	if (cspace_mint_into(vm->guest_cnode, SELKIE_CSPACE_BITS, SELKIE_CAP_CONTROL, endpoint,
			     seL4_CapRights_new(1, 0, 0, 1),
			     vm_badge(VM_BADGE_CONTROL, vm)) != seL4_NoError)
		return false;
	arena_count(&vm->arena, 1);
	return true;
}

/* The region of a user-VM in its service-VM, and the bells both ways. */
static bool connect(struct vm *vm, struct vm *host)
{
	uint64_t ipa = host->service->config->window + CTL_AREA_SIZE +
		       (uint64_t)vm->user * UVM_REGION_SIZE;
	seL4_CPtr own = vm_copy(vm, vm->region[0], seL4_ReadWrite, 0);

	if (!own)
		return false;
	vm->shared = window_map(own, vm->number, WINDOW_PAGE_AREA);
	vm->shared->version = UVM_VERSION;
	for (unsigned int i = 0; i < UVM_PAGES; i++) {
		seL4_CPtr copy = vm_copy(vm, vm->region[i], seL4_ReadWrite, 0);

		if (!copy ||
		    !vspace_map(&host->space, copy, ipa + (uint64_t)i * WIRE_PAGE_SIZE, VSPACE_W))
			return false;
	}
	vm->bell = vm_copy(vm, host->vmm_ntfn, seL4_CanWrite, VMM_EVENT_DOORBELL);
	if (!vm->bell || !vm_grant(vm, VMM_CAP_DOORBELL, vm->bell, seL4_CanWrite))
		return false;
	if (cspace_mint_into(host->guest_cnode, SELKIE_CSPACE_BITS, SELKIE_CAP_DOORBELL + vm->user,
			     vm->vmm_ntfn, seL4_CanWrite, VMM_EVENT_DOORBELL) != seL4_NoError)
		return false;
	arena_count(&vm->arena, 1);
	return true;
}

static enum wire_status create(struct vm *host, uint64_t mr[CTL_MRS])
{
	struct service *svc = host->service;
	struct ctl_create c = *(const volatile struct ctl_create *)&host->area->create;
	struct vm_params p = {
		.role = VMM_ROLE_USER,
		.vcpus = c.vcpus,
		.gicd = c.gicd,
		.gicc = c.gicc,
		.intids = c.intids,
		.ipa_bits = c.ipa_bits,
		.vcpu_priority = svc->config->user_priority,
		.timeslice_us = svc->config->user_timeslice_us,
		.service = svc,
		.quota = &svc->quota,
	};
	struct vm *vm;

	if (!ctl_create_valid(&c))
		return WIRE_EINVAL;
	while (p.user < svc->config->max_users && svc->user[p.user])
		p.user++;
	if (p.user == svc->config->max_users)
		return WIRE_ENOMEM;
	memcpy(p.mpidr, c.mpidr, sizeof(p.mpidr));
	vm = vm_build(&p);
	if (!vm)
		return WIRE_ENOMEM;
	if (!connect(vm, host)) {
		vm_destroy(vm);
		return WIRE_ENOMEM;
	}
	svc->user[p.user] = vm;
	vm_start(vm);
	mr[0] = p.user;
	return WIRE_OK;
}

/* User-VM `user` of the service-VM `host`, NULL when there is none. */
static struct vm *user_vm(const struct vm *host, uint64_t user)
{
	return user < CTL_MAX_VMS ? host->service->user[user] : NULL;
}

static enum wire_status destroy(struct vm *host, uint64_t user)
{
	struct vm *vm = user_vm(host, user);

	if (!vm)
		return WIRE_ENOENT;
	vm_destroy(vm);
	host->service->user[user] = NULL;
	return WIRE_OK;
}

void ctl_detach(struct vm *host)
{
	for (unsigned int user = 0; user < CTL_MAX_VMS; user++)
		destroy(host, user);
}

static enum wire_status map(struct vm *host, uint64_t mr[CTL_MRS])
{
	struct vm *vm = user_vm(host, mr[0]);
	uint64_t page[CTL_MAX_PAGES];
	enum wire_status status;
	unsigned int done;

	if (!vm)
		return WIRE_ENOENT;
	if (vm->state == VM_DEAD)
		return WIRE_EIO;
	if (!ctl_map_valid(vm->ipa_bits, mr[1], mr[2], mr[3]))
		return WIRE_EINVAL;
	for (unsigned int i = 0; i < mr[2]; i++)
		page[i] = ((const volatile struct ctl_area *)host->area)->page[i];
	status = mem_map(vm, &host->service->ram, mr[1], (unsigned int)mr[2], mr[3], page, &done);
	mr[0] = done;
	return status;
}

static enum wire_status unmap(struct vm *host, const uint64_t mr[CTL_MRS])
{
	struct vm *vm = user_vm(host, mr[0]);

	if (!vm)
		return WIRE_ENOENT;
	if (mr[1] & (WIRE_PAGE_SIZE - 1) || !mr[2])
		return WIRE_EINVAL;
	mem_unmap(vm, mr[1], mr[2]);
	return WIRE_OK;
}

/* What is in everybody's books: of the service-VM and its user-VMs. */
static struct ctl_counters own_counters(struct vm *host)
{
	const struct quota *quota = &host->service->quota;
	struct ctl_counters c = {
		.objects = host->arena.objects,
		.slots_used = host->arena.slots,
		.vms = 1,
		.quota_free = quota->limit - quota->used,
		.restarts = host->service->restarts,
	};

	for (unsigned int user = 0; user < CTL_MAX_VMS; user++) {
		const struct vm *vm = user_vm(host, user);

		if (!vm)
			continue;
		c.objects += vm->arena.objects;
		c.slots_used += vm->arena.slots;
		c.frames_shared += vm->mem_frames;
		c.vms++;
	}
	return c;
}

static void counters(struct vm *host, struct ctl_counters *out)
{
	struct ctl_counters c = own_counters(host);

	if (host->service->first) {
		c.untyped_free = untyped_free_bytes();
		c.untyped_total = untyped_total_bytes();
		c.objects = untyped_objects();
		c.slots_used = untyped_slots();
		c.asids_used = vspace_asids();
		c.vms = vm_count();
	}
	memcpy(out, &c, sizeof(c));
}

static enum wire_status vm_stats(struct vm *host, uint64_t user)
{
	struct vm *vm = user == CTL_SELF ? host : user_vm(host, user);
	struct ctl_vm_stats s = { 0 };

	if (!vm)
		return WIRE_ENOENT;
	vm_count_time(vm);
	s.objects = vm->arena.objects;
	s.bytes = vm->arena.bytes;
	s.frames_shared = vm->mem_frames;
	s.vmm_us = vm->vmm_us;
	memcpy(s.vcpu_us, vm->vcpu_us, sizeof(s.vcpu_us));
	memcpy(&host->area->vm_stats, &s, sizeof(s));
	return WIRE_OK;
}

static enum wire_status hello(struct vm *host, uint64_t mr[CTL_MRS])
{
	if (mr[0] != SELKIE_CTL_VERSION)
		return WIRE_ENOSYS;
	/* User-VMs of a kernel that was there before: this one owns the memory they have mapped. */
	ctl_detach(host);
	mr[1] = host->service->config->max_users;
	mr[2] = host->service->ram.small ? WIRE_PAGE_SIZE : BLOCK_SIZE;
	mr[3] = 0;
	return WIRE_OK;
}

/* A fault: the VMM continues at address 0, where nothing is mapped. */
static enum wire_status test(struct vm *host, uint64_t user, uint64_t what)
{
	struct vm *vm = user == CTL_SELF ? host : user_vm(host, user);
	seL4_UserContext regs = { .pc = 0 };

	if (!host->service->config->test_hooks)
		return WIRE_EPERM;
	if (!vm)
		return WIRE_ENOENT;
	if (vm->state != VM_RUNNING)
		return WIRE_EIO;
	switch (what) {
	case CTL_TEST_CRASH:
		CHECK(seL4_TCB_WriteRegisters(vm->vmm_tcb, true, 0, 1, &regs) == seL4_NoError);
		return WIRE_OK;
	case CTL_TEST_STOP:
		CHECK(seL4_TCB_Suspend(vm->vmm_tcb) == seL4_NoError);
		return WIRE_OK;
	case CTL_TEST_GO_ON:
		CHECK(seL4_TCB_Resume(vm->vmm_tcb) == seL4_NoError);
		return WIRE_OK;
	}
	return WIRE_EINVAL;
}

static enum wire_status read_log(struct vm *host, uint64_t mr[CTL_MRS])
{
	uint64_t max = mr[0] < CTL_TEXT_SIZE ? mr[0] : CTL_TEXT_SIZE;

	if (!host->service->first)
		return WIRE_EPERM;
	mr[0] = log_read(host->area->text, (unsigned int)max);
	return WIRE_OK;
}

enum wire_status ctl_serve(struct vm *vm, uint64_t op, uint64_t mr[CTL_MRS])
{
	switch (op) {
	case CTL_HELLO:
		return hello(vm, mr);
	case CTL_VM_CREATE:
		return create(vm, mr);
	case CTL_VM_DESTROY:
		return destroy(vm, mr[0]);
	case CTL_MEM_MAP:
		return map(vm, mr);
	case CTL_MEM_UNMAP:
		return unmap(vm, mr);
	case CTL_COUNTERS:
		counters(vm, &vm->area->counters);
		return WIRE_OK;
	case CTL_VM_STATS:
		return vm_stats(vm, mr[0]);
	case CTL_LOG_READ:
		return read_log(vm, mr);
	case CTL_TEST:
		return test(vm, mr[0], mr[1]);
	}
	return WIRE_ENOSYS;
}

void ctl_user_failed(struct vm *vm)
{
	vm_stop(vm);
	__atomic_store_n(&vm->shared->dead, 1, __ATOMIC_RELEASE);
	/* pairs with the exchange of the module */
	__atomic_fetch_or(&vm->shared->event, UVM_EVENT_DEAD, __ATOMIC_ACQ_REL);
	seL4_Signal(vm->bell);
}
