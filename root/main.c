// SPDX-License-Identifier: BSD-2-Clause
/*
 * The initial task: sets itself up, starts the service-VMs, then serves VMMs and service-VMs one
 * message at a time.
 */
#include "root/board.h"
#include "root/cspace.h"
#include "root/ctl.h"
#include "root/process.h"
#include "root/service.h"
#include "root/timer.h"
#include "root/window.h"

seL4_IPCBuffer *__sel4_ipc_buffer;

extern char __image_start[], __data_start[], __image_end[], __main_stack_guard[]; /* root.lds */

_Noreturn void root_main(const seL4_BootInfo *bi);

static struct arena root_arena;
static struct config config;
static seL4_CPtr endpoint, reply, events;

/*
 * The words of a message. Those beyond its length the kernel leaves as they were in root, words for
 * or from somebody else: they count as zero.
 */
static void take_words(seL4_MessageInfo_t info, uint64_t mr[CTL_MRS])
{
	seL4_Word length = seL4_MessageInfo_get_length(info);

	for (unsigned int i = 0; i < CTL_MRS; i++)
		mr[i] = i < length ? seL4_GetMR((int)i) : 0;
}

/* A VMM faulted: say where, with its registers. */
static void report_fault(const struct vm *vm, seL4_Word label, const uint64_t mr[CTL_MRS])
{
	seL4_UserContext r = { 0 };

	log_warn("vm%u: VMM fault, label %lu, pc 0x%lx, address 0x%lx, word 0x%lx, syndrome 0x%lx",
		 vm->number, label, mr[0], mr[1], mr[2], mr[3]);
	if (seL4_TCB_ReadRegisters(vm->vmm_tcb, false, 0, sizeof(r) / sizeof(seL4_Word), &r) !=
	    seL4_NoError)
		return;
	log_warn("vm%u: pc %lx lr %lx sp %lx x0 %lx x1 %lx x2 %lx x3 %lx", vm->number, r.pc, r.x30,
		 r.sp, r.x0, r.x1, r.x2, r.x3);
	log_warn("vm%u: x4 %lx x5 %lx x6 %lx x7 %lx x8 %lx x19 %lx x20 %lx x21 %lx", vm->number,
		 r.x4, r.x5, r.x6, r.x7, r.x8, r.x19, r.x20, r.x21);
}

static void vmm_failed(struct vm *vm)
{
	/* What the VMM still had to say comes first. */
	vm_drain_log(vm);
	if (vm->role == VMM_ROLE_SERVICE)
		service_failed(vm);
	else
		ctl_user_failed(vm);
}

/* A call of a VMM. Returns true when `status` is to be sent as the answer. */
static bool serve_vmm(struct vm *vm, seL4_Word op, uint64_t arg, enum wire_status *status)
{
	bool service = vm->role == VMM_ROLE_SERVICE;

	*status = WIRE_ENOSYS;
	switch (op) {
	case VMM_OP_SYSTEM_OFF:
		if (!service)
			return true;
		service_off(vm);
		return false;
	case VMM_OP_SYSTEM_RESET:
		if (!service)
			return true;
		service_reset(vm);
		return false;
	case VMM_OP_FAILED:
		log_warn("vm%u: VMM gives up, reason %lu", vm->number, arg);
		vmm_failed(vm);
		return false;
	case VMM_OP_VCPU_RENEW:
		*status = vm_renew_vcpu(vm, arg) ? WIRE_OK : WIRE_EINVAL;
		return true;
	case VMM_OP_POPULATE:
		if (service)
			*status = service_populate(vm, arg);
		return true;
	}
	return true;
}

/* One message. Returns true when there is an answer in *info and the message registers. */
static bool serve(seL4_Word badge, seL4_MessageInfo_t *info)
{
	struct vm *vm = vm_get(badge & UINT32_MAX);
	seL4_Word label = seL4_MessageInfo_get_label(*info);
	uint64_t mr[CTL_MRS];
	enum wire_status status;

	take_words(*info, mr);
	switch (badge >> VM_BADGE_KIND_SHIFT) {
	case VM_BADGE_CALL:
		if (!vm || !serve_vmm(vm, label, mr[0], &status))
			return false;
		*info = seL4_MessageInfo_new(status, 0, 0, 0);
		return true;
	case VM_BADGE_FAULT:
		if (!vm)
			return false;
		report_fault(vm, label, mr);
		vmm_failed(vm);
		return false;
	case VM_BADGE_CONTROL:
		if (!vm)
			return false;
		status = ctl_serve(vm, label, mr);
		for (unsigned int i = 0; i < CTL_MRS; i++)
			seL4_SetMR((int)i, mr[i]);
		*info = seL4_MessageInfo_new(status, 0, 0, CTL_MRS);
		return true;
	}
	return false;
}

static void drain_logs(void)
{
	for (unsigned int i = 0; i < VM_MAX; i++) {
		struct vm *vm = vm_get(i);

		if (vm && vm->state == VM_RUNNING)
			vm_drain_log(vm);
	}
}

static _Noreturn void serve_forever(void)
{
	bool answer = false;
	seL4_MessageInfo_t info;
	seL4_Word badge;

	for (;;) {
		if (answer)
			info = seL4_ReplyRecv(endpoint, info, &badge, reply);
		else
			info = seL4_Recv(endpoint, &badge, reply);
		answer = false;
		if (badge >> VM_BADGE_KIND_SHIFT == VM_BADGE_EVENT)
			drain_logs();
		else
			answer = serve(badge, &info);
	}
}

/* The kernel mapped the image readable, writable and executable. */
static void protect_image(void)
{
	for (const char *p = __image_start; p < __image_end; p += WIRE_PAGE_SIZE) {
		unsigned int access = p < __data_start ? VSPACE_X : VSPACE_W;

		CHECK(vspace_map_ready(seL4_CapInitThreadVSpace, board_image_frame(p), (uintptr_t)p,
				       access) == seL4_NoError);
	}
	CHECK(seL4_ARM_Page_Unmap(board_image_frame(__main_stack_guard)) == seL4_NoError);
}

static void init(const seL4_BootInfo *bi)
{
	seL4_CPtr top;

	__sel4_ipc_buffer = bi->ipcBuffer;
	board_init(bi);
	cspace_init(bi);
	untyped_init(bi);
	top = untyped_take(CSPACE_TOP_BITS + seL4_SlotBits);
	CHECK(top);
	cspace_enter(top);
	protect_image();

	arena_init(&root_arena, NULL);
	window_init(&root_arena);
	endpoint = arena_object(&root_arena, seL4_EndpointObject, 0);
	reply = arena_object(&root_arena, seL4_ReplyObject, 0);
	events = arena_object(&root_arena, seL4_NotificationObject, 0);
	CHECK(endpoint && reply && events);
	CHECK(seL4_TCB_BindNotification(seL4_CapInitThreadTCB, events) == seL4_NoError);
#ifdef CONFIG_HAVE_FPU
	CHECK(seL4_TCB_SetFlags(seL4_CapInitThreadTCB, 0, seL4_TCBFlag_fpuDisabled).error ==
	      seL4_NoError);
#endif
	timer_init(&root_arena, events);
	ctl_init(endpoint);
	CHECK(seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, BOARD_PRIO_ROOT) ==
	      seL4_NoError);
}

void root_main(const seL4_BootInfo *bi)
{
	init(bi);
	log_info("%lu MiB of %lu MiB free", untyped_free_bytes() >> 20,
		 untyped_total_bytes() >> 20);
	if (!config_read(&config) || !vm_init(endpoint, config.gicv) ||
	    !process_init(config.vmm_elf, config.vmm_size) || !service_init(&config) ||
	    !service_start_all())
		log_error("the system can not start");
	log_set_level(config.log_level, VMM_LOG_WARN);
	serve_forever();
}
