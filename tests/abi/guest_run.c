/* SPDX-License-Identifier: BSD-2-Clause */
/* Building, starting and answering the test guests. */

#include "abi.h"
#include "string/string.h"

#define GUEST_CODE_PAGES 4
#define GICV_PADDR 0x08040000UL
#define PSTATE_EL1H_MASKED 0x3c5UL
#define WIN_GUEST (WIN_BASE + 0x80000UL)

extern const char guest_code_start[], guest_code_end[];

/* Code, data and table pages of guest @n in the own address space. */
#define GUEST_PAGES (GUEST_CODE_PAGES + 2)
#define GUESTS 4

static unsigned int guest_count;
/* One device frame each for all guests of a test; the untyped they come from is otherwise unused. */
static seL4_CPtr gicv_frame[2];

void guest_reuse(void)
{
	guest_count = 0;
}

void guest_reset(void)
{
	guest_count = 0;
	memset(gicv_frame, 0, sizeof(gicv_frame));
}

static void map_gicv(struct guest *g)
{
	seL4_CPtr ut = boot_untyped(GICV_PADDR, NULL);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (!gicv_frame[i])
			gicv_frame[i] = obj_from(ut, seL4_ARM_SmallPageObject, 0);
		must(try_map(cap_copy(gicv_frame[i], RIGHT_ALL), g->vspace, GUEST_GICV + i * 4096,
			     RIGHT_RW, seL4_ARM_ExecuteNever));
	}
	check_eq(frame_paddr(gicv_frame[0]), GICV_PADDR);
}

static void load_code(struct guest *g, seL4_Word win)
{
	const char *code = guest_code_start;
	unsigned int i;
	seL4_CPtr frame;
	void *page;

	require((size_t)(guest_code_end - guest_code_start) <= GUEST_CODE_PAGES * 4096);
	for (i = 0; i < GUEST_CODE_PAGES; i++) {
		frame = obj_new(seL4_ARM_SmallPageObject, 0);
		page = (void *)map_rw(frame, win + i * 4096);
		if (code < guest_code_end)
			memcpy(page, code, 4096);
		code += 4096;
		must(inv(frame, ARMPageUnify_Instruction, NOCAPS, 0, 4096));
		must(try_map(cap_copy(frame, RIGHT_ALL), g->vspace, GUEST_CODE + i * 4096,
			     RIGHT_READ, seL4_ARM_Default_VMAttributes));
	}
}

void guest_new(struct guest *g)
{
	seL4_Word win;
	seL4_CPtr frame;
	unsigned int i;

	require(guest_count < GUESTS);
	win = WIN_GUEST + guest_count++ * GUEST_PAGES * 4096;
	memset(g, 0, sizeof(*g));
	g->vspace = vspace_new();
	for (i = 0; i < 2; i++)
		must(try_map_pt(obj_new(seL4_ARM_PageTableObject, 0), g->vspace, GUEST_CODE));
	load_code(g, win);
	for (i = 0; i < 2; i++) {
		frame = obj_new(seL4_ARM_SmallPageObject, 0);
		map_rw(frame, win + (GUEST_CODE_PAGES + i) * 4096);
		must(try_map(cap_copy(frame, RIGHT_ALL), g->vspace, GUEST_DATA + i * 4096, RIGHT_RW,
			     seL4_ARM_Default_VMAttributes | seL4_ARM_ExecuteNever));
		if (!i)
			g->data_frame = frame;
	}
	g->data = (volatile seL4_Word *)(win + GUEST_CODE_PAGES * 4096);
	map_gicv(g);

	g->ep = obj_new(seL4_EndpointObject, 0);
	g->fault_ep = cap_mint(g->ep, RIGHT_ALL, GUEST_BADGE);
	g->reply = obj_new(seL4_ReplyObject, 0);
	g->cspace = obj_new(seL4_CapTableObject, 2);
	g->tcb = obj_new(seL4_TCBObject, 0);
	g->sc = obj_new(seL4_SchedContextObject, 7);
	g->vcpu = obj_new(seL4_ARM_VCPUObject, 0);
	must(inv(g->tcb, TCBConfigure, CAPS(g->cspace, g->vspace, 0), 62, 0, 0));
	must(inv(bootinfo->schedcontrol.start, SchedControlConfigureFlags, CAPS(g->sc), 10000,
		 10000, 0, 0, 0));
	must(inv(g->tcb, TCBSetSchedParams, CAPS(seL4_CapInitThreadTCB, g->sc, g->fault_ep), 0,
		 PRIO_GUEST));
	must(inv(g->vcpu, ARMVCPUSetTCB, CAPS(g->tcb)));
}

seL4_Word guest_addr(const char *label)
{
	return GUEST_CODE + (seL4_Word)(label - guest_code_start);
}

void guest_run(struct guest *g, const char *label, seL4_Word x0, seL4_Word x1)
{
	seL4_UserContext regs;

	memset(&regs, 0, sizeof(regs));
	regs.pc = guest_addr(label);
	regs.spsr = PSTATE_EL1H_MASKED;
	regs.x0 = x0;
	regs.x1 = x1;
	regs.x28 = GUEST_DATA;
	require_eq(seL4_TCB_WriteRegisters(g->tcb, 1, 0, sizeof(regs) / sizeof(seL4_Word), &regs),
		   seL4_NoError);
}

struct msg guest_wait(struct guest *g)
{
	struct msg m = sys_recv(g->ep, g->reply);

	check_eq(m.badge, GUEST_BADGE);
	return m;
}

struct msg guest_expect_at(struct guest *g, seL4_Word label, int line)
{
	struct msg m = guest_wait(g);

	if (INFO_LABEL(m.info) != label) {
		fail_at("guest", line, "observed fault %lu (%lx %lx %lx %lx), expected %lu",
			INFO_LABEL(m.info), m.mr[0], m.mr[1], m.mr[2], m.mr[3], label);
		test_end();
	}
	return m;
}

seL4_Word guest_hvc_at(struct guest *g, seL4_Word checkpoint, int line)
{
	struct msg m = guest_expect_at(g, seL4_Fault_UnknownSyscall, line);

	if (msg_mr(&m, 12) != checkpoint) {
		fail_at("guest", line, "hvc with x7 0x%lx, expected 0x%lx (x0 0x%lx, pc 0x%lx)",
			msg_mr(&m, 12), checkpoint, m.mr[0], msg_mr(&m, 8));
		test_end();
	}
	return m.mr[0];
}

void guest_reply(struct guest *g)
{
	sys_send(g->reply, 0, NO_MRS);
}

/* After an UnknownSyscall a short answer leaves the pc at the hvc itself, so it must be written. */
void guest_skip(struct guest *g)
{
	struct answer a = inv(g->tcb, TCBReadRegisters, NOCAPS, 0, 1);

	must(a);
	must(inv(g->tcb, TCBWriteRegisters, NOCAPS, 0, 1, a.mr[0] + 4));
	guest_reply(g);
}

void guest_hvc_return(struct guest *g)
{
	seL4_UserContext r;

	guest_regs(g, &r);
	__sel4_ipc_buffer->msg[4] = r.x4;
	__sel4_ipc_buffer->msg[5] = r.x5;
	__sel4_ipc_buffer->msg[6] = r.x6;
	__sel4_ipc_buffer->msg[7] = r.x7;
	__sel4_ipc_buffer->msg[8] = r.pc + 4;
	sys_send(g->reply, INFO(0, 0, 9), MRS(r.x0, r.x1, r.x2, r.x3));
}

void guest_regs(struct guest *g, seL4_UserContext *regs)
{
	require_eq(seL4_TCB_ReadRegisters(g->tcb, 0, 0, sizeof(*regs) / sizeof(seL4_Word), regs),
		   seL4_NoError);
}

seL4_Word vcpu_read(seL4_CPtr vcpu, seL4_Word reg)
{
	struct answer a = inv(vcpu, ARMVCPUReadReg, NOCAPS, reg);

	must(a);
	return a.mr[0];
}

void vcpu_write(seL4_CPtr vcpu, seL4_Word reg, seL4_Word val)
{
	must(inv(vcpu, ARMVCPUWriteReg, NOCAPS, reg, val));
}

struct answer try_inject(seL4_CPtr vcpu, seL4_Word irq, seL4_Word prio, seL4_Word group,
			 seL4_Word index)
{
	return inv(vcpu, ARMVCPUInjectIRQ, NOCAPS, irq | prio << 16 | group << 24 | index << 32);
}
