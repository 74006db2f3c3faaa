// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_RUN: who has the vCPU's slot, the run loop, and what becomes of exits. The slot's protocol is drawn in wire/uvm.h.
 *
 * Order inside KVM_RUN, as KVM's: the answer to an MMIO exit is taken first, then immediate_exit is looked at, then
 * signals. -EINTR is only returned while the module owns the slot, that is while the vCPU does not execute.
 */
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/vtime.h>

#include <asm/esr.h>

#include "compat.h"
#include "selkie.h"
#include "transport.h"
#include "trace.h"

/* Fruitless retries of a table walk before the guest gets an abort. */
#define VCPU_WALK_RETRIES 3

/* --- slot ------------------------------------------------------------------------------------- */
static bool vcpu_owned(struct selkie_vcpu *vcpu)
{
	/* Pairs with the VMM's release when it gives the slot back. */
	return smp_load_acquire(&vcpu->slot->owner) == UVM_OWNER_MODULE;
}

/* The VMM raises no event for the slot until vcpu_look(). */
static void vcpu_give(struct selkie_vcpu *vcpu, u32 request, u32 resume)
{
	vcpu->slot->request = request;
	vcpu->slot->resume = resume;
	WRITE_ONCE(vcpu->slot->quiet, 1);
	/* Pairs with the VMM's acquire of owner. */
	smp_store_release(&vcpu->slot->owner, UVM_OWNER_VMM);
	vm_call(vcpu->vm, UVM_RING_VCPU(vcpu->index) | irq_take_due(vcpu->vm));
}

/* True when the slot has come back; otherwise an event will tell. */
static bool vcpu_look(struct selkie_vcpu *vcpu)
{
	if (vcpu_owned(vcpu))
		return true;
	WRITE_ONCE(vcpu->slot->quiet, 0);
	/* Pairs with the VMM's barrier after it gave the slot back: it sees quiet, or we see owner. */
	smp_mb();
	return vcpu_owned(vcpu);
}

/* Waits for the slot where the VMM has to give it back at once. */
static int vcpu_await(struct selkie_vcpu *vcpu)
{
	struct selkie_vm *vm = vcpu->vm;
	long left;

	if (vcpu_look(vcpu))
		return 0;
	left = wait_event_killable_timeout(vcpu->wq, vcpu_owned(vcpu) || READ_ONCE(vm->dead),
					   SELKIE_ANSWER_TIMEOUT);
	if (left <= 0)
		vm_no_answer(vm, left);
	return vcpu_owned(vcpu) ? 0 : -EIO;
}

static int vcpu_exchange(struct selkie_vcpu *vcpu, u32 request, u32 resume)
{
	if (READ_ONCE(vcpu->vm->dead))
		return -EIO;
	vcpu->stats.syncs++;
	vcpu_give(vcpu, request, resume);
	return vcpu_await(vcpu);
}

u32 vcpu_power(struct selkie_vcpu *vcpu)
{
	if (!vcpu->live)
		return vcpu->power;
	return READ_ONCE(vcpu->slot->power) == UVM_POWER_OFF ? UVM_POWER_OFF : UVM_POWER_ON;
}

/* A CPU_ON of another vCPU replaced the registers of one that was off, whatever user space has done to them. */
static void vcpu_check_power(struct selkie_vcpu *vcpu)
{
	if (vcpu->live && vcpu->power == UVM_POWER_OFF && vcpu_power(vcpu) == UVM_POWER_ON) {
		vcpu->power = UVM_POWER_ON;
		vcpu->regs_valid = false;
		vcpu->regs_dirty = false;
	}
}

static void vcpu_store_regs(struct selkie_vcpu *vcpu)
{
	vcpu->regs.sys[UVM_SYS_CNTVOFF] = READ_ONCE(vcpu->vm->cntvoff);
	memcpy(&vcpu->slot->regs, &vcpu->regs, sizeof(vcpu->regs));
	vcpu->regs_dirty = false;
}

int vcpu_push(struct selkie_vcpu *vcpu, bool init)
{
	int ret;

	lockdep_assert_held(&vcpu->lock);
	vcpu->mmio_pending = false;
	vcpu->exit_pending = false;
	vcpu->resume = UVM_RESUME_RETRY;
	if (!vcpu->live && READ_ONCE(vcpu->slot->power) != UVM_POWER_OFF) {
		/* A CPU_ON came first. */
		vcpu->live = true;
		vcpu->power = UVM_POWER_ON;
		vcpu->regs_valid = false;
		vcpu->regs_dirty = false;
		return 0;
	}
	vcpu_store_regs(vcpu);
	ret = vcpu_exchange(vcpu, UVM_REQ_RESET, vcpu->power | (init ? UVM_RESET_CORE : 0));
	if (ret)
		return ret;
	vcpu->live = true;
	vcpu->regs_valid = true;
	return 0;
}

/* Do the VMM's registers differ from what the vCPU shall run with? */
static bool vcpu_regs_stale(struct selkie_vcpu *vcpu)
{
	vcpu_check_power(vcpu);
	return vcpu->regs_dirty || vcpu->regs.sys[UVM_SYS_CNTVOFF] != READ_ONCE(vcpu->vm->cntvoff);
}

static int vcpu_flush_regs(struct selkie_vcpu *vcpu)
{
	int ret;

	if (!vcpu->regs_dirty) {
		/* Somebody moved the virtual count. */
		ret = vcpu_fetch_regs(vcpu);
		if (ret)
			return ret;
	}
	vcpu_store_regs(vcpu);
	return vcpu_exchange(vcpu, UVM_REQ_SET_REGS, 0);
}

static void vcpu_read_exit(struct selkie_vcpu *vcpu)
{
	struct uvm_vcpu *slot = vcpu->slot;
	struct vcpu_exit *exit = &vcpu->exit;
	u32 kind;

	exit->reason = READ_ONCE(slot->exit);
	exit->addr = READ_ONCE(slot->addr);
	exit->data = READ_ONCE(slot->data);
	exit->esr = READ_ONCE(slot->esr);
	exit->access = READ_ONCE(slot->access);
	exit->len = READ_ONCE(slot->len);
	exit->system_type = READ_ONCE(slot->system_type);
	exit->system_data = READ_ONCE(slot->system_data);
	exit->fail_reason = READ_ONCE(slot->fail_reason);
	vcpu->exit_pending = true;
	kind = array_index_nospec(min_t(u32, exit->reason, UVM_EXIT_FAIL), VCPU_EXITS);
	vcpu->stats.exits[kind]++;
	trace_selkie_exit(vcpu->vm->id, vcpu->id, exit->reason, exit->addr, exit->esr,
			  exit->access);
}

/* The thread is somewhere else from now on. */
static void vcpu_clock(struct selkie_vcpu *vcpu, enum vcpu_place place)
{
	struct vcpu_stats *stats = &vcpu->stats;
	u64 now = regs_count_relaxed();

	WRITE_ONCE(stats->time[stats->place], stats->time[stats->place] + now);
	WRITE_ONCE(stats->time[place], stats->time[place] - now);
	stats->place = place;
}

static void vcpu_give_run(struct selkie_vcpu *vcpu)
{
	u32 resume = vcpu->resume;

	vcpu->slot->data = vcpu->resume_data;
	vcpu->resume = UVM_RESUME_RETRY;
	vcpu->regs_valid = false;
	WRITE_ONCE(vcpu->slot->thread, UVM_THREAD_AWAKE);
	vcpu_give(vcpu, UVM_REQ_RUN, resume);
}

/*
 * Finishes the access of the last exit without running the guest, for who looks at registers before the next KVM_RUN that
 * enters it: a run that is kicked before it begins.
 */
static int vcpu_complete(struct selkie_vcpu *vcpu)
{
	int ret;

	if (vcpu->resume == UVM_RESUME_RETRY)
		return 0;
	if (READ_ONCE(vcpu->vm->dead))
		return -EIO;
	if (vcpu->regs_dirty) {
		vcpu_store_regs(vcpu);
		ret = vcpu_exchange(vcpu, UVM_REQ_SET_REGS, 0);
		if (ret)
			return ret;
	}
	WRITE_ONCE(vcpu->slot->kick, 1);
	vcpu_give_run(vcpu);
	ret = vcpu_await(vcpu);
	if (ret)
		return ret;
	vcpu_read_exit(vcpu);
	if (vcpu->exit.reason == UVM_EXIT_INTR)
		vcpu->exit_pending = false;
	return 0;
}

int vcpu_fetch_regs(struct selkie_vcpu *vcpu)
{
	int ret;

	lockdep_assert_held(&vcpu->lock);
	if (!vcpu->live)
		return 0;
	vcpu_check_power(vcpu);
	ret = vcpu_complete(vcpu);
	if (ret || vcpu->regs_valid)
		return ret;
	vcpu->power = vcpu_power(vcpu);
	ret = vcpu_exchange(vcpu, UVM_REQ_GET_REGS, 0);
	if (ret)
		return ret;
	memcpy(&vcpu->regs, &vcpu->slot->regs, sizeof(vcpu->regs));
	vcpu->regs_valid = true;
	return 0;
}

static void vcpu_kick(struct selkie_vcpu *vcpu)
{
	vcpu->stats.kicks++;
	trace_selkie_kick(vcpu->vm->id, vcpu->id);
	smp_store_release(&vcpu->slot->kick, 1);
	vm_ring(vcpu->vm, UVM_RING_VCPU(vcpu->index));
}

void vcpu_nudge(struct selkie_vcpu *vcpu)
{
	lockdep_assert_held(&vcpu->vm->lock);
	/* Pairs with the barrier in vcpu_enter(), which sees what changed before, or the VMM sees the kick. */
	smp_mb();
	WRITE_ONCE(vcpu->slot->kick, 1);
	vm_ring(vcpu->vm, UVM_RING_VCPU(vcpu->index));
}

/* --- run loop --------------------------------------------------------------------------------- */
/* Gives the slot away for a run, unless finishing the last access has already led to an exit. */
static int vcpu_enter(struct selkie_vcpu *vcpu)
{
	int ret;

	for (;;) {
		if (fatal_signal_pending(current))
			return -EINTR;
		WRITE_ONCE(vcpu->slot->kick, 0);
		/* Pairs with vcpu_nudge(). */
		smp_mb();
		if (!vcpu_regs_stale(vcpu))
			break;
		ret = vcpu_flush_regs(vcpu);
		if (ret)
			return ret;
	}
	if (READ_ONCE(vcpu->vm->dead))
		return -EIO;
	if (!vcpu->exit_pending) {
		trace_selkie_entry(vcpu->vm->id, vcpu->id, vcpu->resume);
		vcpu_clock(vcpu, VCPU_IN_RUN);
		vcpu_give_run(vcpu);
	}
	return 0;
}

static bool vcpu_returned(struct selkie_vcpu *vcpu)
{
	return vcpu_owned(vcpu) || READ_ONCE(vcpu->vm->dead);
}

static bool vcpu_lends(struct selkie_vcpu *vcpu)
{
	return READ_ONCE(vcpu->slot->busy) && !vcpu_returned(vcpu) &&
	       !READ_ONCE(vcpu->vm->irq_due) && !userwork_pending();
}

/*
 * The guest has this thread's processor until an interrupt or an event for the service-VM comes. To Linux it is the thread
 * that executes meanwhile, in guest mode: it is charged, and preempted when another deserves the processor more.
 */
static void vcpu_lend(struct selkie_vcpu *vcpu)
{
	struct uvm_vcpu *slot = vcpu->slot;

	local_irq_disable();
	vtime_account_guest_enter();
	/* That the guest does not need it any more is news only if somebody else does. */
	if (!single_task_running()) {
		WRITE_ONCE(slot->thread, UVM_THREAD_LENDS);
		/* Pairs with the VMM's barrier after it stored busy: it sees thread, or we see busy. */
		smp_mb();
	}
	if (!need_resched() && vcpu_lends(vcpu))
		transport_lend();
	WRITE_ONCE(slot->thread, UVM_THREAD_AWAKE);
	/* A tick that ended it counts as guest time. */
	local_irq_enable();
	isb();
	local_irq_disable();
	vtime_account_guest_exit();
	local_irq_enable();
	cond_resched();
}

/*
 * Lends while the vCPU is busy, sleeps while it waits, until the slot has come back or the VM died. An errno: signal. Linux's work
 * is done beside a guest that goes on.
 */
static int vcpu_attend(struct selkie_vcpu *vcpu)
{
	struct uvm_vcpu *slot = vcpu->slot;
	struct selkie_vm *vm = vcpu->vm;
	int ret = 0;

	while (!ret) {
		irq_ringer_enter(vcpu);
		/* Before it sleeps: whom the guest's kicks have woken finds it runnable, as under KVM. */
		cond_resched();
		ret = userwork_run(vcpu);
		if (ret)
			break;
		while (vcpu_lends(vcpu))
			vcpu_lend(vcpu);
		if (vcpu_returned(vcpu))
			break;
		if (userwork_pending())
			continue;
		WRITE_ONCE(slot->thread, UVM_THREAD_SLEEPS);
		/* Pairs with the VMM's barrier after it stored busy: it sees thread, or we see busy. */
		smp_mb();
		ret = wait_event_interruptible(vcpu->wq, vcpu_returned(vcpu) ||
								 READ_ONCE(vm->irq_due) ||
								 READ_ONCE(slot->busy));
		WRITE_ONCE(slot->thread, UVM_THREAD_AWAKE);
	}
	irq_ringer_leave(vcpu);
	return ret;
}

/* Waits until the VMM gives the slot back; a signal asks for it. The slot is owned when 0 is returned. */
static int vcpu_wait_exit(struct selkie_vcpu *vcpu)
{
	int ret;

	if (!vcpu_look(vcpu)) {
		if (vcpu_attend(vcpu))
			vcpu_kick(vcpu);
		else if (!vcpu_owned(vcpu))
			return -EIO;
		ret = vcpu_await(vcpu);
		if (ret)
			return ret;
	}
	vcpu_clock(vcpu, VCPU_IN_KERNEL);
	vcpu_read_exit(vcpu);
	return 0;
}

/* The handlers below return 1 to go on, 0 to leave for user space, or an errno. */
static int vcpu_inject_abort(struct selkie_vcpu *vcpu)
{
	vcpu->stats.aborts_injected++;
	vcpu->resume = UVM_RESUME_ABORT;
	return 1;
}

/* Nothing says which table is missing: map those the registers lead to. */
static int vcpu_handle_walk(struct selkie_vcpu *vcpu)
{
	int mapped;

	vcpu->stats.walks++;
	mapped = vcpu_fetch_regs(vcpu);
	if (!mapped)
		mapped = walk_map_tables(vcpu->vm, &vcpu->regs);
	/* The run loop sees the signal; the guest's walk fails once more then. */
	if (mapped == -EINTR)
		return 1;
	if (mapped < 0)
		return mapped;
	if (mapped)
		vcpu->walk_retries = 0;
	else if (++vcpu->walk_retries > VCPU_WALK_RETRIES)
		return vcpu_inject_abort(vcpu);
	return 1;
}

static int vcpu_exit_mmio(struct selkie_vcpu *vcpu, const struct vcpu_exit *exit)
{
	struct kvm_run *run = vcpu->run;

	vcpu->stats.mmio++;
	vcpu->mmio_pending = true;
	vcpu->mmio_write = exit->access & UVM_ACCESS_WRITE;
	vcpu->mmio_len = exit->len;
	run->mmio.phys_addr = exit->addr;
	run->mmio.len = exit->len;
	run->mmio.is_write = vcpu->mmio_write;
	memset(run->mmio.data, 0, sizeof(run->mmio.data));
	if (vcpu->mmio_write)
		memcpy(run->mmio.data, &exit->data, exit->len);
	run->exit_reason = KVM_EXIT_MMIO;
	trace_selkie_mmio(vcpu->vm->id, vcpu->id, vcpu->mmio_write, exit->len, exit->addr,
			  exit->data);
	return 0;
}

static bool vcpu_valid_length(u8 len)
{
	return len == 1 || len == 2 || len == 4 || len == 8;
}

static int vcpu_handle_mmio(struct selkie_vcpu *vcpu, const struct vcpu_exit *exit)
{
	if (exit->access & UVM_ACCESS_FETCH)
		return vcpu_inject_abort(vcpu);
	if (!(exit->access & UVM_ACCESS_VALID)) {
		/* Cache maintenance where there is no memory has nothing to do. Other undecoded accesses are refused. */
		if (!(exit->esr & ESR_ELx_CM))
			return vcpu_inject_abort(vcpu);
		vcpu->resume = UVM_RESUME_MMIO;
		return 1;
	}
	if (!vcpu_valid_length(exit->len))
		return vcpu_inject_abort(vcpu);
	if (exit->access & UVM_ACCESS_WRITE &&
	    ioeventfd_match(vcpu->vm, exit->addr, exit->len, exit->data)) {
		vcpu->stats.ioevents++;
		vcpu->resume = UVM_RESUME_MMIO;
		return 1;
	}
	return vcpu_exit_mmio(vcpu, exit);
}

static int vcpu_handle_abort(struct selkie_vcpu *vcpu, const struct vcpu_exit *exit)
{
	int ret;

	if (exit->access & UVM_ACCESS_WALK)
		return vcpu_handle_walk(vcpu);
	vcpu->walk_retries = 0;
	ret = mem_fault(vcpu->vm, exit->addr, exit->access & UVM_ACCESS_WRITE);
	if (ret == MEM_MMIO)
		return vcpu_handle_mmio(vcpu, exit);
	if (ret != MEM_MAPPED)
		return ret;
	vcpu->stats.page_ins++;
	return 1;
}

static int vcpu_exit_system(struct selkie_vcpu *vcpu, const struct vcpu_exit *exit)
{
	struct kvm_run *run = vcpu->run;

	memset(&run->system_event, 0, sizeof(run->system_event));
	run->system_event.type = exit->system_type;
	run->system_event.ndata = 1;
	run->system_event.data[0] = exit->system_data;
	run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
	return 0;
}

static int vcpu_exit_failed(struct selkie_vcpu *vcpu, const struct vcpu_exit *exit)
{
	struct kvm_run *run = vcpu->run;

	pr_warn_ratelimited("user-VM %u: vCPU %u failed, exit %u reason %u\n", vcpu->vm->id,
			    vcpu->id, exit->reason, exit->fail_reason);
	memset(&run->internal, 0, sizeof(run->internal));
	run->internal.suberror = KVM_INTERNAL_ERROR_EMULATION;
	run->internal.ndata = 2;
	run->internal.data[0] = exit->reason;
	run->internal.data[1] = exit->fail_reason;
	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	return 0;
}

static int vcpu_handle_exit(struct selkie_vcpu *vcpu)
{
	const struct vcpu_exit *exit = &vcpu->exit;

	vcpu->exit_pending = false;
	switch (exit->reason) {
	case UVM_EXIT_INTR:
		return 1;
	case UVM_EXIT_ABORT:
		return vcpu_handle_abort(vcpu, exit);
	case UVM_EXIT_SYSTEM:
		return vcpu_exit_system(vcpu, exit);
	default:
		return vcpu_exit_failed(vcpu, exit);
	}
}

/* User space has answered the MMIO exit; the VMM writes it back when the vCPU goes on. */
static void vcpu_take_mmio(struct selkie_vcpu *vcpu)
{
	u64 data = 0;

	if (!vcpu->mmio_pending)
		return;
	vcpu->mmio_pending = false;
	if (!vcpu->mmio_write)
		memcpy(&data, vcpu->run->mmio.data, vcpu->mmio_len);
	vcpu->resume = UVM_RESUME_MMIO;
	vcpu->resume_data = data;
}

/* The user-VM exists and knows this vCPU. */
static int vcpu_prepare(struct selkie_vcpu *vcpu)
{
	struct selkie_vm *vm = vcpu->vm;
	int ret;

	if (vcpu->live)
		return 0;
	if (mutex_lock_killable(&vm->lock))
		return -EINTR;
	/* vm_start() skips this vCPU, whose lock is held. */
	ret = vm_start(vm);
	mutex_unlock(&vm->lock);
	return ret ? ret : vcpu_push(vcpu, false);
}

static int vcpu_run(struct selkie_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;
	int ret;

	if (!vcpu->initialized)
		return -ENOEXEC;
	vcpu->stats.runs++;
	ret = vcpu_prepare(vcpu);
	if (ret)
		return ret;
	vcpu->has_run = true;
	vcpu_take_mmio(vcpu);
	if (compat_immediate_exit(run))
		return -EINTR;

	run->exit_reason = KVM_EXIT_UNKNOWN;
	run->flags = 0;
	do {
		ret = userwork_run(vcpu);
		if (ret) {
			vcpu->stats.intr++;
			run->exit_reason = KVM_EXIT_INTR;
			return ret;
		}
		if (!vcpu->exit_pending)
			ret = vcpu_enter(vcpu);
		if (!ret && !vcpu->exit_pending)
			ret = vcpu_wait_exit(vcpu);
		if (!ret)
			ret = vcpu_handle_exit(vcpu);
		cond_resched();
	} while (ret > 0);
	return ret;
}

int vcpu_ioctl_run(struct selkie_vcpu *vcpu)
{
	int ret;

	vcpu_clock(vcpu, VCPU_IN_KERNEL);
	ret = vcpu_run(vcpu);
	trace_selkie_userspace_exit(vcpu->vm->id, vcpu->id, vcpu->run->exit_reason, ret);
	vcpu_clock(vcpu, VCPU_IN_USER);
	return ret;
}
