// SPDX-License-Identifier: BSD-2-Clause
#include "root/vm.h"

#include "root/board.h"
#include "root/cspace.h"
#include "root/mem.h"
#include "root/process.h"
#include "root/timer.h"
#include "root/window.h"
#include "string/string.h"

static struct vm vms[VM_MAX];
static unsigned int count;
static seL4_CPtr endpoint;
static seL4_CPtr gicv[2];
static uint32_t list_regs;

#define WRITE_ONLY seL4_CapRights_new(0, 0, 0, 1)
#define CALL_ONLY seL4_CapRights_new(1, 0, 0, 1) /* write and grant-reply */
#define READ_ONLY seL4_CapRights_new(0, 0, 1, 0)

#define VMM_TIMESLICE_US UINT64_C(10000)

bool vm_init(seL4_CPtr ep, uint64_t gicv_base)
{
	endpoint = ep;
	for (unsigned int i = 0; i < 2; i++) {
		gicv[i] = board_device_page(gicv_base + (uint64_t)i * WIRE_PAGE_SIZE);
		if (!gicv[i]) {
			log_error("the GIC's virtual CPU interface is not at 0x%lx", gicv_base);
			return false;
		}
	}
	return true;
}

bool vm_grant(struct vm *vm, unsigned int index, seL4_CPtr src, seL4_CapRights_t rights)
{
	if (cspace_copy_into(vm->vmm_cnode, VMM_CSPACE_BITS, index, src, rights) != seL4_NoError)
		return false;
	arena_count(&vm->arena, 1);
	return true;
}

bool vm_grant_badged(struct vm *vm, unsigned int index, seL4_CPtr src, seL4_CapRights_t rights,
		     seL4_Word badge)
{
	if (cspace_mint_into(vm->vmm_cnode, VMM_CSPACE_BITS, index, src, rights, badge) !=
	    seL4_NoError)
		return false;
	arena_count(&vm->arena, 1);
	return true;
}

seL4_CPtr vm_copy(struct vm *vm, seL4_CPtr src, seL4_CapRights_t rights, seL4_Word badge)
{
	seL4_CPtr slot = arena_slot(&vm->arena);
	seL4_Error err;

	if (!slot)
		return 0;
	err = badge ? cspace_mint(slot, src, rights, badge) : cspace_copy(slot, src, rights);
	CHECK(err == seL4_NoError);
	arena_count(&vm->arena, 1);
	return slot;
}

/* A scheduling context of budget == period == `us`: round-robin with that time slice. */
static seL4_CPtr make_sched_context(struct vm *vm, uint64_t us)
{
	seL4_CPtr sc = arena_object(&vm->arena, seL4_SchedContextObject, seL4_MinSchedContextBits);

	if (!sc)
		return 0;
	CHECK(seL4_SchedControl_ConfigureFlags(board_sched_control(), sc, us, us, 0, vm->number,
					       seL4_SchedContext_NoFlag) == seL4_NoError);
	return sc;
}

/*
 * Give `tcb` its priorities, time and the fault endpoint `ep` with `badge`. Returns its scheduling
 * context or 0.
 */
static seL4_CPtr set_sched(struct vm *vm, seL4_CPtr tcb, unsigned int mcp, unsigned int priority,
			   uint64_t us, seL4_CPtr ep, seL4_Word badge)
{
	seL4_CPtr sc = make_sched_context(vm, us);
	seL4_CPtr fault = vm_copy(vm, ep, CALL_ONLY, badge);

	if (!sc || !fault)
		return 0;
	CHECK(seL4_TCB_SetSchedParams(tcb, seL4_CapInitThreadTCB, mcp, priority, sc, fault) ==
	      seL4_NoError);
	return sc;
}

/* Microseconds used since last asked. */
static uint64_t consumed(seL4_CPtr sc)
{
	seL4_SchedContext_Consumed_t used = seL4_SchedContext_Consumed(sc);

	CHECK(used.error == seL4_NoError);
	return used.consumed;
}

void vm_count_time(struct vm *vm)
{
	vm->vmm_us += consumed(vm->vmm_sc);
	for (unsigned int n = 0; n < vm->vcpus; n++)
		vm->vcpu_us[n] += consumed(vm->sc[n]);
}

/* The VCPU object of vCPU `n`, out of its untyped, for its thread and in the VMM's slot. */
static void make_vcpu(struct vm *vm, unsigned int n)
{
	seL4_CPtr slot = vm->vcpu[n];

	CHECK(seL4_Untyped_Retype(vm->vcpu_untyped[n], seL4_ARM_VCPUObject, 0, cspace_top(),
				  slot >> CSPACE_LEAF_BITS, CSPACE_GUARD_BITS + CSPACE_TOP_BITS,
				  slot & ((1u << CSPACE_LEAF_BITS) - 1), 1) == seL4_NoError);
	CHECK(seL4_ARM_VCPU_SetTCB(slot, vm->tcb[n]) == seL4_NoError);
	CHECK(seL4_ARM_VCPU_WriteRegs(slot, seL4_VCPUReg_VMPIDR_EL2, vm->mpidr[n]) == seL4_NoError);
	CHECK(cspace_copy_into(vm->vmm_cnode, VMM_CSPACE_BITS, VMM_CAP_VCPU + n, slot,
			       seL4_AllRights) == seL4_NoError);
}

bool vm_renew_vcpu(struct vm *vm, uint64_t n)
{
	seL4_ARM_VCPU_ReadRegs_t offset;

	if (n >= vm->vcpus)
		return false;
	CHECK(seL4_TCB_Suspend(vm->tcb[n]) == seL4_NoError);
	offset = seL4_ARM_VCPU_ReadRegs(vm->vcpu[n], seL4_VCPUReg_CNTVOFF);
	cspace_revoke(vm->vcpu_untyped[n]);
	make_vcpu(vm, (unsigned int)n);
	CHECK(seL4_ARM_VCPU_WriteRegs(vm->vcpu[n], seL4_VCPUReg_CNTVOFF, offset.value) ==
	      seL4_NoError);
	return true;
}

static bool build_vcpu(struct vm *vm, unsigned int n, const struct vm_params *p)
{
	bool service = vm->role == VMM_ROLE_SERVICE;
	seL4_Word guard =
		seL4_CNode_CapData_new(0, 64 - (service ? SELKIE_CSPACE_BITS : 1)).words[0];
	seL4_CPtr tcb = arena_object(&vm->arena, seL4_TCBObject, 0);

	vm->vcpu_untyped[n] = arena_object(&vm->arena, seL4_UntypedObject, seL4_VCPUBits);
	vm->vcpu[n] = arena_slot(&vm->arena);
	if (!tcb || !vm->vcpu_untyped[n] || !vm->vcpu[n])
		return false;
	vm->tcb[n] = tcb;
	vm->mpidr[n] = p->mpidr[n];
	CHECK(seL4_TCB_Configure(tcb, vm->guest_cnode, guard, vm->space.cap, 0, 0, seL4_CapNull) ==
	      seL4_NoError);
	make_vcpu(vm, n);
	arena_count(&vm->arena, 2); /* own and the VMM's capability */
	/* With its authority the VMM may set its priority, up to what it is: hw_thread_front(). */
	vm->sc[n] = set_sched(vm, tcb, service ? p->vcpu_priority : 0, p->vcpu_priority,
			      p->timeslice_us, vm->fault_ep, VMM_BADGE_FAULT | n);
	return vm->sc[n] && vm_grant(vm, VMM_CAP_TCB + n, tcb, seL4_AllRights);
}

/* The kernel tells how many list registers there are when asked for one too many. */
static void probe_list_regs(const struct vm *vm)
{
	if (list_regs)
		return;
	CHECK(seL4_ARM_VCPU_InjectIRQ(vm->vcpu[0], 0, 0, 0, UINT8_MAX) == seL4_RangeError);
	list_regs = (uint32_t)seL4_GetMR(1) + 1;
}

static bool map_gicv(struct vm *vm, uint64_t gicc)
{
	for (unsigned int i = 0; i < 2; i++) {
		seL4_CPtr copy = vm_copy(vm, gicv[i], seL4_ReadWrite, 0);

		if (!copy || !vspace_map(&vm->space, copy, gicc + (uint64_t)i * WIRE_PAGE_SIZE,
					 VSPACE_W | VSPACE_DEVICE))
			return false;
	}
	return true;
}

static bool build_guest(struct vm *vm, const struct vm_params *p)
{
	unsigned int radix = p->role == VMM_ROLE_SERVICE ? SELKIE_CSPACE_BITS : 1;

	vm->guest_cnode = arena_object(&vm->arena, seL4_CapTableObject, radix);
	if (!vm->guest_cnode || !vspace_init(&vm->space, &vm->arena))
		return false;
	for (unsigned int n = 0; n < p->vcpus; n++) {
		if (!build_vcpu(vm, n, p))
			return false;
		vm->vcpus++;
	}
	probe_list_regs(vm);
	return p->gicd == CTL_NO_GIC || map_gicv(vm, p->gicc);
}

static bool grant_common(struct vm *vm)
{
	return vm_grant(vm, VMM_CAP_FAULT_EP, vm->fault_ep, READ_ONLY) &&
	       vm_grant_badged(vm, VMM_CAP_ROOT_EP, endpoint, CALL_ONLY,
			       vm_badge(VM_BADGE_CALL, vm)) &&
	       vm_grant_badged(vm, VMM_CAP_TIMER, timer_notification(), WRITE_ONLY,
			       TIMER_EVENT_VMM) &&
	       arena_retype_into(&vm->arena, seL4_ReplyObject, 0, vm->vmm_cnode, VMM_CAP_REPLY,
				 vm->vcpus + 1u);
}

static void fill_boot(struct vm *vm, const struct vm_params *p)
{
	struct vmm_boot *boot = vm->boot;

	boot->magic = VMM_BOOT_MAGIC;
	boot->version = VMM_WIRE_VERSION;
	boot->role = p->role;
	boot->vcpus = p->vcpus;
	boot->vm = vm->number;
	boot->log_level = log_level();
	boot->cntfrq = timer_frequency();
	boot->gicd = p->gicd;
	boot->gicc = p->gicd == CTL_NO_GIC ? 0 : p->gicc;
	boot->spis = p->intids;
	boot->list_regs = list_regs;
	boot->vcpu_priority = p->vcpu_priority;
	boot->sys_call = (uint64_t)(int64_t)seL4_SysCall;
	boot->sys_send = (uint64_t)(int64_t)seL4_SysSend;
}

static bool build(struct vm *vm, const struct vm_params *p)
{
	vm->vmm_cnode = arena_object(&vm->arena, seL4_CapTableObject, VMM_CSPACE_BITS);
	vm->fault_ep = arena_object(&vm->arena, seL4_EndpointObject, 0);
	vm->vmm_ntfn = arena_object(&vm->arena, seL4_NotificationObject, 0);
	vm->vmm_tcb = arena_object(&vm->arena, seL4_TCBObject, 0);
	if (!vm->vmm_cnode || !vm->fault_ep || !vm->vmm_ntfn || !vm->vmm_tcb)
		return false;
	if (!build_guest(vm, p) || !grant_common(vm) || !process_build(vm))
		return false;
	CHECK(seL4_TCB_BindNotification(vm->vmm_tcb, vm->vmm_ntfn) == seL4_NoError);
#ifdef CONFIG_HAVE_FPU
	/* Without it the kernel would switch the guests' FP registers at each exit. */
	seL4_TCB_SetFlags_t flags = seL4_TCB_SetFlags(vm->vmm_tcb, 0, seL4_TCBFlag_fpuDisabled);

	CHECK(flags.error == seL4_NoError);
#endif
	vm->timer_cap = vm_copy(vm, vm->vmm_ntfn, WRITE_ONLY, VMM_EVENT_TIMER);
	if (!vm->timer_cap)
		return false;
	vm->vmm_sc = set_sched(vm, vm->vmm_tcb, 0, BOARD_PRIO_VMM, VMM_TIMESLICE_US, endpoint,
			       vm_badge(VM_BADGE_FAULT, vm));
	if (!vm->vmm_sc)
		return false;
	fill_boot(vm, p);
	return true;
}

struct vm *vm_build(const struct vm_params *p)
{
	struct vm *vm = NULL;

	for (unsigned int i = 0; i < VM_MAX && !vm; i++)
		if (vms[i].state == VM_FREE)
			vm = &vms[i];
	if (!vm)
		return NULL;
	*vm = (struct vm){
		.state = VM_BUILT,
		.role = (uint8_t)p->role,
		.number = (uint16_t)(vm - vms),
		.user = (uint16_t)p->user,
		.service = p->service,
		.gicc = p->gicd == CTL_NO_GIC ? CTL_NO_GIC : p->gicc,
		.ipa_bits = p->ipa_bits,
	};
	arena_init(&vm->arena, p->quota);
	count++;
	if (!build(vm, p)) {
		vm_destroy(vm);
		return NULL;
	}
	log_source_init(&vm->log_source, vm->number, timer_now(), timer_frequency());
	return vm;
}

void vm_start(struct vm *vm)
{
	vm->state = VM_RUNNING;
	timer_add(vm);
	process_start(vm);
}

static void suspend(struct vm *vm)
{
	if (vm->vmm_tcb)
		CHECK(seL4_TCB_Suspend(vm->vmm_tcb) == seL4_NoError);
	for (unsigned int n = 0; n < vm->vcpus; n++)
		CHECK(seL4_TCB_Suspend(vm->tcb[n]) == seL4_NoError);
}

void vm_stop(struct vm *vm)
{
	timer_remove(vm);
	suspend(vm);
	vm_drain_log(vm);
	vm->state = VM_DEAD;
}

void vm_destroy(struct vm *vm)
{
	timer_remove(vm);
	suspend(vm);
	if (vm->log && vm->state != VM_BUILT)
		vm_drain_log(vm);
	vspace_gone(&vm->space);
	vspace_gone(&vm->vmm_space);
	arena_destroy(&vm->arena);
	mem_forget(vm);
	vm->state = VM_FREE;
	count--;
}

struct vm *vm_get(uint64_t number)
{
	return number < VM_MAX && vms[number].state != VM_FREE ? &vms[number] : NULL;
}

unsigned int vm_count(void)
{
	return count;
}

void vm_drain_log(struct vm *vm)
{
	log_drain(&vm->log_source, vm->log, timer_now(), log_vmm_line);
}
