/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process: entry and event loop. One system call answers the last exit and waits for the next. Nobody returns
 * from here; a fault of this thread goes to root.
 */
#include <sel4/sel4.h>

#include "vmm/uvm.h"

/* vmm.lds knows them as numbers. */
_Static_assert(VMM_VA_IMAGE == 0x00400000 && VMM_VA_STACK == 0x10100000, "vmm.lds");

seL4_IPCBuffer *__sel4_ipc_buffer;

void vmm_main(const struct vmm_boot *boot);

/* Puts the answer's words where ReplyRecv takes them from. */
static seL4_MessageInfo_t answer(const struct vcpu *v, seL4_Word mr[4])
{
	if (!v->answer_len)
		return seL4_MessageInfo_new(0, 0, 0, 0);
	for (unsigned i = 0; i < 4; i++)
		mr[i] = v->answer[i];
	for (unsigned i = 4; i < VCPU_ANSWER_WORDS; i++)
		seL4_SetMR((int)i, v->answer[i]);
	return seL4_MessageInfo_new(0, 0, 0, VCPU_ANSWER_WORDS);
}

/* v's answer goes out with the next system call: it runs, and its reply object is free. */
static unsigned release(struct vm *vm, struct vcpu *v)
{
	vm->ready &= ~(1u << v->id);
	vm->replies_free |= 1u << v->reply;
	v->thread = VCPU_RUNNING;
	return v->reply;
}

static void send_answer(struct vm *vm, struct vcpu *v)
{
	seL4_Word mr[4] = { 0 };
	seL4_MessageInfo_t info = answer(v, mr);

	seL4_SendWithMRs(VMM_CAP_REPLY + release(vm, v), info, &mr[0], &mr[1], &mr[2], &mr[3]);
}

/* libsel4 has no NBRecv that leaves message registers in registers. */
static seL4_MessageInfo_t poll(struct hw_msg *m, seL4_CPtr reply)
{
	seL4_MessageInfo_t info = seL4_NBRecv(VMM_CAP_FAULT_EP, &m->badge, reply);

	for (int i = 0; i < 4; i++)
		m->mr[i] = seL4_GetMR(i);
	return info;
}

static _Noreturn void loop(struct vm *vm)
{
	struct hw_msg m = { .buffer = seL4_GetIPCBuffer()->msg };
	seL4_MessageInfo_t info;
	unsigned reply;

	for (;;) {
		vmm_settle(vm);
		while (vm->ready & (vm->ready - 1) || (vm->ready && vm->stop_wanted))
			send_answer(vm, &vm->vcpu[__builtin_ctz(vm->ready)]);
		if (vm->ready) {
			struct vcpu *v = &vm->vcpu[__builtin_ctz(vm->ready)];

			info = answer(v, m.mr);
			reply = release(vm, v);
			info = seL4_ReplyRecvWithMRs(VMM_CAP_FAULT_EP, info, &m.badge, &m.mr[0],
						     &m.mr[1], &m.mr[2], &m.mr[3],
						     VMM_CAP_REPLY + reply);
		} else {
			reply = (unsigned)__builtin_ctz(vm->replies_free);
			if (vm->stop_wanted)
				info = poll(&m, VMM_CAP_REPLY + reply);
			else
				info = seL4_RecvWithMRs(VMM_CAP_FAULT_EP, &m.badge,
							VMM_CAP_REPLY + reply, &m.mr[0], &m.mr[1],
							&m.mr[2], &m.mr[3]);
			if (!m.badge) {
				/* The queue is empty: no exit is lost when threads are suspended now. */
				vmm_stop(vm);
				continue;
			}
		}
		m.label = seL4_MessageInfo_get_label(info);
		vmm_message(vm, &m, reply);
	}
}

void vmm_main(const struct vmm_boot *boot)
{
	static struct vm vm;
	static struct uvm uvm_state;

	seL4_SetIPCBuffer((seL4_IPCBuffer *)VMM_VA_IPCBUF);
	if (!vmm_init(&vm, boot, (struct vmm_rt *)VMM_VA_RT, (const struct vmm_clock *)VMM_VA_CLOCK,
		      (struct vmm_log *)VMM_VA_LOG, (void *)VMM_VA_SHARED, &uvm_state))
		hw_fail(HW_FAIL_BOOT);
	loop(&vm);
}
