// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_IOEVENTFD: guest stores that signal an eventfd.
 *
 * Kick path: the VMM matches the store against the table kept here (wire/uvm.h, "ioeventfd"), lets the vCPU go on and
 * rings; vm_events() comes to ioeventfd_fired(), which signals the eventfd that QEMU or vhost waits for.
 *
 * Registrations beyond the table's size, and none other, are matched here when their store comes as an exit. The PIO bus of KVM
 * does not exist on arm64: registrations on it are kept and never match.
 */
#include <linux/slab.h>

#include "selkie.h"
#include "compat.h"
#include "transport.h"
#include "trace.h"

#define IOEVENTFD_FLAGS \
	(KVM_IOEVENTFD_FLAG_DATAMATCH | KVM_IOEVENTFD_FLAG_PIO | KVM_IOEVENTFD_FLAG_DEASSIGN)
/* As many as a bus of KVM takes. */
#define IOEVENTFD_MAX 1000
#define IOEVENTFD_NO_INDEX (-1)

struct ioeventfd {
	struct list_head list;
	struct eventfd_ctx *eventfd;
	u64 addr;
	u64 datamatch;
	u32 length;
	bool wildcard;
	bool pio;
	int index; /* in the table, or IOEVENTFD_NO_INDEX */
};

/* --- table ------------------------------------------------------------------------------------ */
/* The generation is odd while the table changes; wire/uvm.h. Private while the VM is not live. */
static void ioeventfd_edit_begin(struct selkie_vm *vm)
{
	struct uvm_vm *shared = vm->shared;

	lockdep_assert_held(&vm->ioeventfd_lock);
	WRITE_ONCE(shared->ioevent_generation, shared->ioevent_generation + 1);
	/* Pairs with the VMM's second look at the generation: a changed entry implies a changed generation. */
	smp_wmb();
}

static bool ioeventfd_seen(struct selkie_vm *vm)
{
	return READ_ONCE(vm->shared->ioevent_seen) == vm->shared->ioevent_generation;
}

/* When this returns the VMM matches against the new table, or the VM is lost. */
static void ioeventfd_edit_end(struct selkie_vm *vm)
{
	struct uvm_vm *shared = vm->shared;
	long left;

	smp_store_release(&shared->ioevent_generation, shared->ioevent_generation + 1);
	if (!vm->ioevents_live)
		return;
	vm_ring(vm, UVM_RING_IOEVENT);
	left = wait_event_killable_timeout(
		vm->request_wq, ioeventfd_seen(vm) || READ_ONCE(vm->dead), SELKIE_ANSWER_TIMEOUT);
	if (left <= 0)
		vm_no_answer(vm, left);
}

void ioeventfd_start(struct selkie_vm *vm)
{
	struct uvm_ioevent *kept;

	lockdep_assert_held(&vm->ioeventfd_lock);
	kept = vm->ioevent_table;
	/* The VMM looks when it is rung at the end of vm_start(). */
	ioeventfd_edit_begin(vm);
	memcpy(vm->region + UVM_OFF_IOEVENT, kept, UVM_IOEVENTS * sizeof(*kept));
	vm->ioevent_table = vm->region + UVM_OFF_IOEVENT;
	ioeventfd_edit_end(vm);
	vm->ioevents_live = true;
	kfree(kept);
}

static void ioeventfd_set_context(struct selkie_vm *vm, int index, struct eventfd_ctx *eventfd)
{
	spin_lock_irq(&vm->ioevent_lock);
	vm->ioevent_ctx[index] = eventfd;
	spin_unlock_irq(&vm->ioevent_lock);
}

static void ioeventfd_table_add(struct selkie_vm *vm, struct ioeventfd *p)
{
	struct uvm_ioevent *entry;
	int index;

	lockdep_assert_held(&vm->ioeventfd_lock);
	p->index = IOEVENTFD_NO_INDEX;
	if (p->pio)
		return;
	for (index = 0; index < UVM_IOEVENTS && vm->ioevent_ctx[index]; index++)
		;
	if (index == UVM_IOEVENTS) {
		WRITE_ONCE(vm->ioevents_beyond, vm->ioevents_beyond + 1);
		return;
	}
	p->index = index;
	ioeventfd_set_context(vm, index, p->eventfd);
	ioeventfd_edit_begin(vm);
	entry = &vm->ioevent_table[index];
	entry->addr = p->addr;
	entry->data = p->datamatch;
	entry->len = p->length;
	entry->flags = UVM_IOEVENT_VALID | (p->wildcard ? 0 : UVM_IOEVENT_DATAMATCH);
	entry->reserved = 0;
	ioeventfd_edit_end(vm);
}

static void ioeventfd_table_del(struct selkie_vm *vm, struct ioeventfd *p)
{
	lockdep_assert_held(&vm->ioeventfd_lock);
	if (p->pio)
		return;
	if (p->index == IOEVENTFD_NO_INDEX) {
		WRITE_ONCE(vm->ioevents_beyond, vm->ioevents_beyond - 1);
		return;
	}
	ioeventfd_edit_begin(vm);
	vm->ioevent_table[p->index].flags = 0;
	ioeventfd_edit_end(vm);
	/* What fired before the VMM saw the change still counts. */
	ioeventfd_fired(vm);
	ioeventfd_set_context(vm, p->index, NULL);
}

/* --- signal ----------------------------------------------------------------------------------- */
void ioeventfd_fired(struct selkie_vm *vm)
{
	struct uvm_vm *shared = vm->shared;
	unsigned long flags, bits;
	unsigned int word, bit;

	spin_lock_irqsave(&vm->ioevent_lock, flags);
	for (word = 0; word < UVM_IOEVENT_WORDS; word++) {
		if (!READ_ONCE(shared->ioevent_fired[word]))
			continue;
		bits = xchg(&shared->ioevent_fired[word], 0);
		for_each_set_bit(bit, &bits, 32) {
			struct eventfd_ctx *eventfd = vm->ioevent_ctx[word * 32 + bit];

			vm->stats.ioeventfds++;
			trace_selkie_ioeventfd(vm->id, word * 32 + bit);
			if (eventfd)
				compat_eventfd_signal(eventfd);
		}
	}
	spin_unlock_irqrestore(&vm->ioevent_lock, flags);
}

static u64 ioeventfd_low_bytes(u64 data, u32 length)
{
	return length == 8 ? data : data & (BIT_ULL(8 * length) - 1);
}

static bool ioeventfd_hits(const struct ioeventfd *p, u64 addr, u8 len, u64 data)
{
	if (p->pio || p->addr != addr)
		return false;
	if (!p->length)
		return true;
	return p->length == len && (p->wildcard || ioeventfd_low_bytes(p->datamatch, len) == data);
}

bool ioeventfd_match(struct selkie_vm *vm, u64 addr, u8 len, u64 data)
{
	struct ioeventfd *p;
	bool hit = false;

	if (!READ_ONCE(vm->ioevents_beyond))
		return false;
	if (mutex_lock_killable(&vm->ioeventfd_lock))
		return false;
	list_for_each_entry(p, &vm->ioeventfds, list) {
		hit = ioeventfd_hits(p, addr, len, data);
		if (hit) {
			compat_eventfd_signal(p->eventfd);
			break;
		}
	}
	mutex_unlock(&vm->ioeventfd_lock);
	return hit;
}

/* --- registration ----------------------------------------------------------------------------- */
static void ioeventfd_free(struct ioeventfd *p)
{
	eventfd_ctx_put(p->eventfd);
	kfree(p);
}

/* Would a store match both? Then the second registration is refused. */
static bool ioeventfd_collides(struct selkie_vm *vm, const struct ioeventfd *new)
{
	const struct ioeventfd *p;

	list_for_each_entry(p, &vm->ioeventfds, list) {
		if (p->pio != new->pio || p->addr != new->addr)
			continue;
		if (!p->length || !new->length)
			return true;
		if (p->length == new->length &&
		    (p->wildcard || new->wildcard || p->datamatch == new->datamatch))
			return true;
	}
	return false;
}

static int ioeventfd_check(const struct kvm_ioeventfd *args)
{
	switch (args->len) {
	case 0:
	case 1:
	case 2:
	case 4:
	case 8:
		break;
	default:
		return -EINVAL;
	}
	if (args->addr + args->len < args->addr)
		return -EINVAL;
	if (args->flags & ~IOEVENTFD_FLAGS)
		return -EINVAL;
	return !args->len && args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH ? -EINVAL : 0;
}

static int ioeventfd_assign(struct selkie_vm *vm, const struct kvm_ioeventfd *args)
{
	struct eventfd_ctx *eventfd;
	struct ioeventfd *p;
	int ret;

	ret = ioeventfd_check(args);
	if (ret)
		return ret;
	eventfd = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);
	p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);
	if (!p) {
		eventfd_ctx_put(eventfd);
		return -ENOMEM;
	}
	p->eventfd = eventfd;
	p->addr = args->addr;
	p->length = args->len;
	p->pio = args->flags & KVM_IOEVENTFD_FLAG_PIO;
	p->wildcard = !(args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH);
	p->datamatch = p->wildcard ? 0 : args->datamatch;

	if (mutex_lock_killable(&vm->ioeventfd_lock)) {
		ioeventfd_free(p);
		return -EINTR;
	}
	if (ioeventfd_collides(vm, p)) {
		ret = -EEXIST;
	} else if (vm->ioevents >= IOEVENTFD_MAX) {
		ret = -ENOSPC;
	} else {
		list_add_tail(&p->list, &vm->ioeventfds);
		vm->ioevents++;
		ioeventfd_table_add(vm, p);
	}
	mutex_unlock(&vm->ioeventfd_lock);
	if (ret)
		ioeventfd_free(p);
	return ret;
}

static bool ioeventfd_is(const struct ioeventfd *p, const struct kvm_ioeventfd *args,
			 struct eventfd_ctx *eventfd)
{
	bool wildcard = !(args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH);

	return p->eventfd == eventfd && p->addr == args->addr && p->length == args->len &&
	       p->pio == !!(args->flags & KVM_IOEVENTFD_FLAG_PIO) && p->wildcard == wildcard &&
	       (wildcard || p->datamatch == args->datamatch);
}

static int ioeventfd_deassign(struct selkie_vm *vm, const struct kvm_ioeventfd *args)
{
	struct eventfd_ctx *eventfd;
	struct ioeventfd *p;
	int ret = -ENOENT;

	eventfd = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);
	if (mutex_lock_killable(&vm->ioeventfd_lock)) {
		eventfd_ctx_put(eventfd);
		return -EINTR;
	}
	list_for_each_entry(p, &vm->ioeventfds, list) {
		if (!ioeventfd_is(p, args, eventfd))
			continue;
		ioeventfd_table_del(vm, p);
		list_del(&p->list);
		vm->ioevents--;
		ioeventfd_free(p);
		ret = 0;
		break;
	}
	mutex_unlock(&vm->ioeventfd_lock);
	eventfd_ctx_put(eventfd);
	return ret;
}

int ioeventfd_ioctl(struct selkie_vm *vm, const struct kvm_ioeventfd *args)
{
	if (args->flags & KVM_IOEVENTFD_FLAG_DEASSIGN)
		return ioeventfd_deassign(vm, args);
	return ioeventfd_assign(vm, args);
}

void ioeventfd_release(struct selkie_vm *vm)
{
	struct ioeventfd *p, *next;

	/* No vCPU runs and the doorbell does not come here any more. */
	list_for_each_entry_safe(p, next, &vm->ioeventfds, list) {
		list_del(&p->list);
		ioeventfd_free(p);
	}
}
