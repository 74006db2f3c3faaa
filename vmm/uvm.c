/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Role user-VM: the VMM's side of wire/uvm.h.
 *
 * A vCPU is `owned` from the moment UVM_REQ_RUN is taken until an exit is due. The exit is written to the slot at once,
 * but the slot goes back in uvm_settle(), after the thread stands still and its registers are settled. Exits that come
 * in between (an abort that raced with a kick) replace the kick's.
 *
 * The shared words are the module's to spoil: each is read once, and whatever it says the worst outcome is a user-VM
 * that does not work.
 *
 * Kick path: hop 3, from fault.c, to the doorbell of the service-VM's VMM (main.c, VMM_EVENT_DOORBELL).
 */
#include "arch/gicv2.h"
#include "vmm/uvm.h"

#define PPI_MASK (~((1u << GIC_SGIS) - 1))
/* The virtual timer's level is not the module's to set. */
#define MODULE_PPIS (PPI_MASK & ~(1u << PPI_VTIMER))

/* Longest wait of an event for a pause of the guest, as a frequency */
#define RING_LATER_HZ 5000

#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

static struct uvm_vcpu *slot_of(const struct vcpu *v)
{
	return v->vm->uvm->slot[v->id];
}

static void exit_with(struct vcpu *v, uint32_t why)
{
	struct uvm_back *back = &v->vm->uvm->back[v->id];

	v->owned = false;
	back->due = true;
	back->exit = why;
	vcpu_touch(v);
}

void uvm_start(struct vm *vm, void *shared, struct uvm *uvm)
{
	uint8_t *base = shared;

	vm->uvm = uvm;
	uvm->shared = (struct uvm_vm *)(base + UVM_OFF_VM);
	uvm->table = (struct uvm_ioevent *)(base + UVM_OFF_IOEVENT);
	for (unsigned i = 0; i < vm->vcpus; i++) {
		uvm->slot[i] = (struct uvm_vcpu *)(base + UVM_OFF_VCPU(i));
		vm->vcpu[i].stats = &uvm->slot[i]->stats;
		uvm_power(&vm->vcpu[i]);
	}
}

void uvm_power(struct vcpu *v)
{
	if (!v->vm->service)
		WRITE_ONCE(slot_of(v)->power, v->on ? UVM_POWER_ON : UVM_POWER_OFF);
}

/* --- registers ----------------------------------------------------------------------------------------- */

static void get_regs(struct vcpu *v, struct uvm_regs *r)
{
	uint64_t *w = v->regs;

	if (v->start_pending)
		vcpu_start_at(v, v->start_entry, v->start_context);
	hw_regs_read(v->id, HW_REG_COUNT, w);
	for (unsigned i = 0; i < 31; i++)
		r->x[i] = w[decode_reg_index(i)];
	r->sp_el0 = w[HW_REG_SP_EL0];
	r->pc = w[HW_REG_PC];
	r->pstate = w[HW_REG_SPSR];
	r->tpidr_el0 = w[HW_REG_TPIDR_EL0];
	r->tpidrro_el0 = w[HW_REG_TPIDRRO_EL0];
	for (unsigned i = 0; i < UVM_SYS_COUNT; i++)
		r->sys[i] = hw_sys_read(v->id, i);
}

static void set_regs(struct vcpu *v, const struct uvm_regs *r)
{
	uint64_t old[HW_REG_COUNT];
	uint64_t *w = v->regs;
	bool changed = false;

	v->start_pending = false;
	hw_regs_read(v->id, HW_REG_COUNT, old);
	for (unsigned i = 0; i < 31; i++)
		w[decode_reg_index(i)] = READ_ONCE(r->x[i]);
	w[HW_REG_SP_EL0] = READ_ONCE(r->sp_el0);
	w[HW_REG_PC] = READ_ONCE(r->pc);
	w[HW_REG_SPSR] = READ_ONCE(r->pstate);
	w[HW_REG_TPIDR_EL0] = READ_ONCE(r->tpidr_el0);
	w[HW_REG_TPIDRRO_EL0] = READ_ONCE(r->tpidrro_el0);
	/* What was read goes back unchanged after most stops; an AArch32 SPSR would not survive being written. */
	for (unsigned i = 0; i < HW_REG_COUNT; i++)
		changed |= w[i] != old[i];
	if (changed)
		hw_regs_write(v->id, HW_REG_COUNT, w);
	v->pc = w[HW_REG_PC];
	for (unsigned i = 0; i < UVM_SYS_COUNT; i++) {
		uint64_t value = READ_ONCE(r->sys[i]);

		if (i == UVM_SYS_CNTVOFF)
			v->cntvoff = value;
		if (i != UVM_SYS_VMPIDR)
			hw_sys_write(v->id, i, value);
	}
}

static void reset(struct vcpu *v, struct uvm_vcpu *slot)
{
	struct vgic *g = &v->vm->vgic;
	uint32_t how = READ_ONCE(slot->resume);

	if (g->present && how & UVM_RESET_CORE)
		vgic_core_reset(g, v->id);
	set_regs(v, &slot->regs);
	sysreg_reset(v);
	v->mmio.pending = false;
	vcpu_wake(v);
	v->wfi_retry = 0;
	v->on = how & UVM_POWER_ON;
	uvm_power(v);
	/* The timer may have fired for the guest that was here before. */
	if (g->present && (g->cpu[v->id].bank.line & (1u << PPI_VTIMER)))
		irq_fwd_done(v->vm, v->id, PPI_VTIMER);
}

/* --- requests ------------------------------------------------------------------------------------------- */

static void run(struct vcpu *v, struct uvm_vcpu *slot)
{
	uint32_t resume = READ_ONCE(slot->resume);

	if (v->mmio.pending) {
		v->mmio.pending = false;
		if (resume == UVM_RESUME_MMIO && v->mmio.access.valid)
			vcpu_finish_access(v, &v->mmio.access, READ_ONCE(slot->data));
		else if (resume == UVM_RESUME_MMIO)
			/* Cache maintenance of nothing */
			vcpu_skip(v, v->mmio.esr);
		else if (resume == UVM_RESUME_ABORT)
			inject_abort(v, v->mmio.esr, v->mmio.ipa);
	}
	v->owned = true;
	vcpu_touch(v);
}

/* Takes the request of a slot that the module has handed over. */
static void take(struct vcpu *v)
{
	struct uvm_vcpu *slot = slot_of(v);

	/* Pairs with the module's release of owner. */
	if (__atomic_load_n(&slot->owner, __ATOMIC_ACQUIRE) != UVM_OWNER_VMM)
		return;
	switch (READ_ONCE(slot->request)) {
	case UVM_REQ_RUN:
		run(v, slot);
		break;
	case UVM_REQ_GET_REGS:
		get_regs(v, &slot->regs);
		exit_with(v, UVM_EXIT_NONE);
		break;
	case UVM_REQ_SET_REGS:
		set_regs(v, &slot->regs);
		exit_with(v, UVM_EXIT_NONE);
		break;
	case UVM_REQ_RESET:
		reset(v, slot);
		exit_with(v, UVM_EXIT_NONE);
		break;
	default:
		exit_with(v, UVM_EXIT_FAIL);
	}
}

static void ring_vcpu(struct vcpu *v)
{
	/* A slot whose exit is due is still being handed back: the module can not have asked for anything. */
	if (v->vm->uvm->back[v->id].due)
		return;
	if (!v->owned)
		take(v);
	/* Pairs with the module's release of kick. One ring may stand for both request and kick. */
	if (v->owned && __atomic_load_n(&slot_of(v)->kick, __ATOMIC_ACQUIRE)) {
		v->stats->kicked++;
		/* A WFI is executed again; whoever looks at the registers sees the pc at it. */
		vcpu_wake(v);
		exit_with(v, UVM_EXIT_INTR);
	}
}

/* --- interrupts ------------------------------------------------------------------------------------------- */

static void ring_irq(struct vm *vm)
{
	struct uvm_vm *s = vm->uvm->shared;
	struct vgic *g = &vm->vgic;

	if (!g->present)
		return;
	for (unsigned b = 1; b < g->banks; b++) {
		struct vgic_bank *bank = &g->spi[b - 1];
		uint32_t latch = 0, level;

		/* The exchange only when there is something to take: most words never change. */
		if (READ_ONCE(s->irq_latch[b]))
			latch = __atomic_exchange_n(&s->irq_latch[b], 0, __ATOMIC_ACQUIRE);
		level = READ_ONCE(s->irq_level[b]);
		bank->hooked = READ_ONCE(s->irq_resample[b]);
		if (!latch && level == bank->line)
			continue;
		WRITE_ONCE(s->irq_edge[b], bank->edge);
		/* A latch with the level of a level-triggered interrupt is that level. */
		vgic_lines(g, 0, b, UINT32_MAX, level, latch & (bank->edge | ~level));
	}
	for (unsigned i = 0; i < vm->vcpus; i++) {
		uint32_t level = READ_ONCE(s->ppi_level[i]) & MODULE_PPIS;

		if ((g->cpu[i].bank.line & MODULE_PPIS) != level)
			vgic_lines(g, i, 0, MODULE_PPIS, level, 0);
	}
}

void uvm_eoi(struct vm *vm, unsigned intid)
{
	__atomic_fetch_or(&vm->uvm->shared->irq_eoi[intid / 32], 1u << intid % 32,
			  __ATOMIC_RELEASE);
	vm->uvm->later |= UVM_EVENT_EOI;
}

/* --- ioeventfd -------------------------------------------------------------------------------------------- */

static void ring_ioevent(struct vm *vm)
{
	struct uvm *u = vm->uvm;

	if (ioevent_load(&u->ioevents, u->table, &u->shared->ioevent_generation)) {
		__atomic_store_n(&u->shared->ioevent_seen, u->ioevents.generation,
				 __ATOMIC_RELEASE);
		u->raised |= UVM_EVENT_IOEVENT;
	}
}

bool uvm_ioevent(struct vcpu *v, const struct access *a, uint64_t ipa)
{
	struct uvm *u = v->vm->uvm;
	uint64_t data = 0;
	int i;

	switch (ioevent_find(&u->ioevents, ipa, a->len)) {
	case IOEVENT_NONE:
		return false;
	case IOEVENT_BY_DATA:
		data = decode_store(a, vcpu_gpr(v, a->reg));
		break;
	case IOEVENT_ANY_DATA:
		break;
	}
	i = ioevent_match(&u->ioevents, ipa, a->len, data);
	if (i < 0)
		return false;
	v->stats->ioevent++;
	__atomic_fetch_or(&u->shared->ioevent_fired[i / 32], 1u << i % 32, __ATOMIC_RELEASE);
	u->later |= UVM_EVENT_IOEVENT;
	vcpu_finish_access(v, a, 0);
	return true;
}

/* --- VM requests -------------------------------------------------------------------------------------------- */

static enum wire_status set_count(struct vm *vm, uint64_t count)
{
	uint64_t offset;

	for (unsigned i = 0; i < vm->vcpus; i++) {
		if (vcpu_wants_to_run(&vm->vcpu[i]) || vm->vcpu[i].wfi)
			return WIRE_EBUSY;
	}
	offset = hw_count() - count;
	for (unsigned i = 0; i < vm->vcpus; i++) {
		vm->vcpu[i].cntvoff = offset;
		hw_sys_write(i, UVM_SYS_CNTVOFF, offset);
	}
	return WIRE_OK;
}

static void ring_vmreq(struct vm *vm)
{
	struct uvm_vmreq *r = &vm->uvm->shared->vmreq;
	uint64_t arg[4];
	enum wire_status st;
	uint32_t value = 0;

	/* Pairs with the module's release of pending. */
	if (!__atomic_load_n(&r->pending, __ATOMIC_ACQUIRE))
		return;
	for (unsigned i = 0; i < 4; i++)
		arg[i] = READ_ONCE(r->arg[i]);
	switch (READ_ONCE(r->op)) {
	case UVM_VMREQ_GIC_GET:
		st = vgic_uaccess_read(&vm->vgic, arg[0], arg[1], arg[2], &value);
		WRITE_ONCE(r->arg[3], value);
		break;
	case UVM_VMREQ_GIC_SET:
		st = vgic_uaccess_write(&vm->vgic, arg[0], arg[1], arg[2], (uint32_t)arg[3]);
		break;
	case UVM_VMREQ_SET_COUNT:
		st = set_count(vm, arg[0]);
		break;
	default:
		st = WIRE_ENOSYS;
	}
	WRITE_ONCE(r->status, st);
	__atomic_store_n(&r->pending, 0, __ATOMIC_RELEASE);
	vm->uvm->raised |= UVM_EVENT_VMREQ;
}

void uvm_doorbell(struct vm *vm)
{
	/* Pairs with the module's OR; what a bit stands for is looked at after it is taken. */
	uint32_t ring = __atomic_exchange_n(&vm->uvm->shared->ring, 0, __ATOMIC_ACQUIRE);

	vm->uvm->shared->stats.doorbells_taken++;
	if (ring & UVM_RING_IRQ)
		ring_irq(vm);
	if (ring & UVM_RING_IOEVENT)
		ring_ioevent(vm);
	for (unsigned i = 0; i < vm->vcpus; i++) {
		if (ring & UVM_RING_VCPU(i))
			ring_vcpu(&vm->vcpu[i]);
	}
	if (ring & UVM_RING_VMREQ)
		ring_vmreq(vm);
}

/* --- exits -------------------------------------------------------------------------------------------------- */

void uvm_abort(struct vcpu *v, const struct access *a, uint32_t esr, uint64_t ipa)
{
	struct uvm_vcpu *slot = slot_of(v);
	uint8_t access = 0;

	v->stats->abort++;
	access |= a->valid ? UVM_ACCESS_VALID : 0;
	access |= a->write ? UVM_ACCESS_WRITE : 0;
	access |= a->fetch ? UVM_ACCESS_FETCH : 0;
	access |= a->permission ? UVM_ACCESS_PERM : 0;
	access |= a->walk ? UVM_ACCESS_WALK : 0;
	slot->addr = ipa;
	slot->esr = esr;
	slot->access = access;
	slot->len = a->len;
	slot->data = a->valid && a->write ? decode_store(a, vcpu_gpr(v, a->reg)) : 0;
	v->mmio = (struct vcpu_mmio){ .pending = true, .access = *a, .esr = esr, .ipa = ipa };
	exit_with(v, UVM_EXIT_ABORT);
}

void uvm_system(struct vcpu *v, uint32_t type, uint64_t data)
{
	struct uvm_vcpu *slot = slot_of(v);
	struct vm *vm = v->vm;

	slot->system_type = type;
	slot->system_data = data;
	for (unsigned i = 0; i < vm->vcpus; i++) {
		vm->vcpu[i].on = false;
		vm->vcpu[i].start_pending = false;
		vcpu_wake(&vm->vcpu[i]);
		uvm_power(&vm->vcpu[i]);
		vcpu_touch(&vm->vcpu[i]);
	}
	exit_with(v, UVM_EXIT_SYSTEM);
}

/* UVM_EXIT_SYSTEM promises that no vCPU executes any more. */
static bool others_stopped(const struct vm *vm)
{
	for (unsigned i = 0; i < vm->vcpus; i++) {
		if (!vm->vcpu[i].on && vm->vcpu[i].thread == VCPU_RUNNING)
			return false;
	}
	return true;
}

static bool goes_on(const struct vm *vm)
{
	for (unsigned i = 0; i < vm->vcpus; i++) {
		if (vcpu_wants_to_run(&vm->vcpu[i]))
			return true;
	}
	return false;
}

/*
 * Kicks and EOIs of a guest that goes on are rung when it pauses, or after a while: on the core they share the service-VM
 * would take the guest's place at once, and again for the next kick. What it finds together it handles together.
 */
static bool may_ring_later(struct vm *vm)
{
	if (!goes_on(vm))
		return false;
	if (vm->ring_deadline != VMM_NO_DEADLINE)
		return hw_count() < vm->ring_deadline;
	vm->ring_deadline = hw_count() + vm->boot->cntfrq / RING_LATER_HZ;
	vm->clock_due = true;
	return true;
}

static void raise_later(struct vm *vm)
{
	struct uvm *u = vm->uvm;

	if (u->later && !u->raised && may_ring_later(vm))
		return;
	u->raised |= u->later;
	u->later = 0;
	if (vm->ring_deadline != VMM_NO_DEADLINE) {
		vm->ring_deadline = VMM_NO_DEADLINE;
		vm->clock_due = true;
	}
}

static void ring_module(const struct vm *vm)
{
	struct uvm_vm *shared = vm->uvm->shared;

	/* Pairs with the module's barrier after it cleared looks: it sees the event, or we see that. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (READ_ONCE(shared->looks) && !goes_on(vm))
		return;
	shared->stats.doorbells_rung++;
	hw_doorbell();
}

static void settle_busy(struct uvm *u, struct vcpu *v)
{
	bool busy = vcpu_wants_to_run(v);
	uint32_t thread;

	if (u->back[v->id].busy == busy)
		return;
	u->back[v->id].busy = busy;
	WRITE_ONCE(slot_of(v)->busy, busy);
	/* Pairs with the module's barrier after it stored thread: it sees busy, or we see that. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	thread = READ_ONCE(slot_of(v)->thread);
	if (!busy) {
		u->later &= ~UVM_EVENT_VCPU(v->id);
		if (thread == UVM_THREAD_LENDS)
			u->raised |= UVM_EVENT_VCPU(v->id);
	} else if (thread == UVM_THREAD_SLEEPS) {
		u->later |= UVM_EVENT_VCPU(v->id);
	}
}

void uvm_settle(struct vm *vm)
{
	struct uvm *u = vm->uvm;

	for (unsigned i = 0; i < vm->vcpus; i++) {
		struct vcpu *v = &vm->vcpu[i];
		struct uvm_back *back = &u->back[i];

		settle_busy(u, v);
		if (!back->due || v->thread == VCPU_RUNNING ||
		    (back->exit == UVM_EXIT_SYSTEM && !others_stopped(vm)))
			continue;
		back->due = false;
		vcpu_settle_answer(v);
		WRITE_ONCE(u->slot[i]->exit, back->exit);
		/* Pairs with the module's acquire of owner. */
		__atomic_store_n(&u->slot[i]->owner, UVM_OWNER_MODULE, __ATOMIC_RELEASE);
		/* Pairs with the module's barrier after it cleared quiet: it sees owner, or we see that. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (!READ_ONCE(u->slot[i]->quiet))
			u->raised |= UVM_EVENT_VCPU(i);
	}
	raise_later(vm);
	if (!u->raised)
		return;
	/* Pairs with the module's exchange. Only who finds the word zero rings: the others' bits are taken along. */
	if (!__atomic_fetch_or(&u->shared->event, u->raised, __ATOMIC_RELEASE))
		ring_module(vm);
	u->raised = 0;
}
