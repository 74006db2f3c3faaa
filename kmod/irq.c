// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt lines: KVM_IRQ_LINE, GSI routing, and the words the VMM's vGIC takes them from (wire/uvm.h, "interrupts").
 */
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "selkie.h"
#include "transport.h"
#include "trace.h"

static bool irq_vgic_ready(struct selkie_vm *vm)
{
	struct vgic *vgic = READ_ONCE(vm->vgic);

	return vgic && READ_ONCE(vgic->initialized);
}

/*
 * Words change under irq_lock, also below the lock of an eventfd and with interrupts off. A ring may let the guest have its turn
 * before it returns: it comes when the lock has been given back, from who may be interrupted.
 */
void irq_start(struct selkie_vm *vm)
{
	unsigned long flags;

	lockdep_assert_held(&vm->lock);
	raw_spin_lock_irqsave(&vm->irq_lock, flags);
	vm->irq_live = true;
	raw_spin_unlock_irqrestore(&vm->irq_lock, flags);
	vm_ring(vm, UVM_RING_IRQ);
}

/* --- ringer ----------------------------------------------------------------------------------- */
/*
 * Edges are rung for by a thread in KVM_RUN, when Linux runs it: what a back end makes pending before it pauses reaches the
 * guest together, and a guest that was waiting executes in that thread's time, not in the back end's. Earlier it could not execute
 * anyway, the service-VM has the processor. While no thread attends to a vCPU none executes: who gives the VMM a vCPU next
 * rings for it.
 */
u32 irq_take_due(struct selkie_vm *vm)
{
	unsigned long flags;
	bool due;

	if (!READ_ONCE(vm->irq_due))
		return 0;
	raw_spin_lock_irqsave(&vm->irq_lock, flags);
	due = vm->irq_due;
	WRITE_ONCE(vm->irq_due, false);
	raw_spin_unlock_irqrestore(&vm->irq_lock, flags);
	return due ? UVM_RING_IRQ : 0;
}

static void irq_attend(struct selkie_vcpu *vcpu, bool attends)
{
	struct selkie_vm *vm = vcpu->vm;
	unsigned long flags;
	u32 ring;

	raw_spin_lock_irqsave(&vm->irq_lock, flags);
	WRITE_ONCE(vcpu->attends, attends ? current : NULL);
	__assign_bit(vcpu->index, &vm->irq_ringers, attends);
	raw_spin_unlock_irqrestore(&vm->irq_lock, flags);
	/* From here on irq_ring_later() wakes this thread, or the other way round: what it left before is seen here. */
	ring = irq_take_due(vm);
	if (ring)
		vm_call(vm, ring);
}

void irq_ringer_enter(struct selkie_vcpu *vcpu)
{
	irq_attend(vcpu, true);
}

void irq_ringer_leave(struct selkie_vcpu *vcpu)
{
	irq_attend(vcpu, false);
}

/* Returns whom to wake with irq_wake() once irq_lock is given back, or NULL. */
static struct selkie_vcpu *irq_ring_later(struct selkie_vm *vm)
{
	lockdep_assert_held(&vm->irq_lock);
	if (!vm->irq_live)
		return NULL;
	WRITE_ONCE(vm->irq_due, true);
	return vm->irq_ringers ? vm->vcpu[__ffs(vm->irq_ringers)] : NULL;
}

/* The thread sleeps, or lends the processor, perhaps another than this, or is on its way to look. */
static void irq_wake(struct selkie_vcpu *vcpu)
{
	struct task_struct *task;

	wake_up(&vcpu->wq);
	/* A task that ends is there until the RCU read side is left. */
	rcu_read_lock();
	task = READ_ONCE(vcpu->attends);
	if (task)
		kick_process(task);
	rcu_read_unlock();
}

/* --- inputs ----------------------------------------------------------------------------------- */
void irq_pulse(struct selkie_vm *vm, unsigned int intid)
{
	struct selkie_vcpu *ringer;
	unsigned long flags;

	raw_spin_lock_irqsave(&vm->irq_lock, flags);
	wire_or(&vm->shared->irq_latch[intid / 32], BIT(intid % 32));
	ringer = irq_ring_later(vm);
	raw_spin_unlock_irqrestore(&vm->irq_lock, flags);
	if (ringer)
		irq_wake(ringer);
}

static void irq_set_spi(struct selkie_vm *vm, unsigned int intid, bool level)
{
	unsigned int word = intid / 32;
	struct selkie_vcpu *ringer = NULL;
	u32 bit = BIT(intid % 32);
	unsigned long flags;
	bool edge, ring = false;
	u32 old;

	raw_spin_lock_irqsave(&vm->irq_lock, flags);
	edge = READ_ONCE(vm->shared->irq_edge[word]) & bit;
	old = vm->shared->irq_level[word];
	if (level) {
		WRITE_ONCE(vm->shared->irq_level[word], old | bit);
		wire_or(&vm->shared->irq_latch[word], bit);
		if (edge)
			ringer = irq_ring_later(vm);
		else
			ring = vm->irq_live;
	} else if (old & bit) {
		WRITE_ONCE(vm->shared->irq_level[word], old & ~bit);
		/* The end of an edge means nothing: an MSI by KVM_IRQ_LINE rings once. */
		ring = !edge && vm->irq_live;
	}
	raw_spin_unlock_irqrestore(&vm->irq_lock, flags);
	if (ring)
		vm_ring(vm, UVM_RING_IRQ);
	if (ringer)
		irq_wake(ringer);
}

static void irq_set_ppi(struct selkie_vm *vm, unsigned int vcpu, unsigned int intid, bool level)
{
	unsigned long flags;
	bool ring;
	u32 old;

	raw_spin_lock_irqsave(&vm->irq_lock, flags);
	old = vm->shared->ppi_level[vcpu];
	WRITE_ONCE(vm->shared->ppi_level[vcpu], level ? old | BIT(intid) : old & ~BIT(intid));
	ring = vm->irq_live;
	raw_spin_unlock_irqrestore(&vm->irq_lock, flags);
	if (ring)
		vm_ring(vm, UVM_RING_IRQ);
}

void irq_set_resample(struct selkie_vm *vm, const u32 *mask)
{
	unsigned long flags;
	unsigned int i;
	bool ring;

	raw_spin_lock_irqsave(&vm->irq_lock, flags);
	for (i = 0; i < UVM_IRQ_WORDS; i++)
		WRITE_ONCE(vm->shared->irq_resample[i], mask[i]);
	ring = vm->irq_live;
	raw_spin_unlock_irqrestore(&vm->irq_lock, flags);
	if (ring)
		vm_ring(vm, UVM_RING_IRQ);
}

/* --- KVM_IRQ_LINE ----------------------------------------------------------------------------- */
static int irq_line_init(struct selkie_vm *vm)
{
	int ret;

	if (irq_vgic_ready(vm))
		return 0;
	if (mutex_lock_killable(&vm->lock))
		return -EINTR;
	ret = vgic_lazy_init(vm);
	mutex_unlock(&vm->lock);
	return ret;
}

static unsigned int irq_field(u32 irq, unsigned int shift, u32 mask)
{
	return irq >> shift & mask;
}

int irq_line(struct selkie_vm *vm, const struct kvm_irq_level *level)
{
	unsigned int type = irq_field(level->irq, KVM_ARM_IRQ_TYPE_SHIFT, KVM_ARM_IRQ_TYPE_MASK);
	unsigned int vcpu = irq_field(level->irq, KVM_ARM_IRQ_VCPU_SHIFT, KVM_ARM_IRQ_VCPU_MASK);
	unsigned int number = irq_field(level->irq, KVM_ARM_IRQ_NUM_SHIFT, KVM_ARM_IRQ_NUM_MASK);
	int ret;

	vcpu += irq_field(level->irq, KVM_ARM_IRQ_VCPU2_SHIFT, KVM_ARM_IRQ_VCPU2_MASK) *
		(KVM_ARM_IRQ_VCPU_MASK + 1);
	atomic64_inc(&vm->stats.irq_lines);
	trace_selkie_irq_line(vm->id, type, vcpu, number, level->level);
	switch (type) {
	case KVM_ARM_IRQ_TYPE_CPU:
		/* For interrupt controllers in user space, which need virtual IRQ lines that seL4 does not give. */
		return -ENXIO;
	case KVM_ARM_IRQ_TYPE_PPI:
		if (!READ_ONCE(vm->vgic))
			return -ENXIO;
		if (vcpu >= SELKIE_MAX_VCPUS)
			return -EINVAL;
		vcpu = array_index_nospec(vcpu, SELKIE_MAX_VCPUS);
		if (!READ_ONCE(vm->vcpu[vcpu]))
			return -EINVAL;
		if (number < 16 || number >= SELKIE_PRIVATE_INTIDS)
			return -EINVAL;
		ret = irq_line_init(vm);
		if (!ret)
			irq_set_ppi(vm, vcpu, number, level->level);
		return ret;
	case KVM_ARM_IRQ_TYPE_SPI:
		if (!READ_ONCE(vm->vgic))
			return -ENXIO;
		if (number < SELKIE_PRIVATE_INTIDS)
			return -EINVAL;
		ret = irq_line_init(vm);
		if (ret)
			return ret;
		if (number >= vm->vgic->intids)
			return -EINVAL;
		number = array_index_nospec(number, vm->vgic->intids);
		irq_set_spi(vm, number, level->level);
		return 0;
	default:
		return -EINVAL;
	}
}

/* --- routing ---------------------------------------------------------------------------------- */
unsigned int irq_route(struct selkie_vm *vm, unsigned int gsi)
{
	struct irq_routes *routes;
	unsigned int intid = 0;

	if (gsi >= SELKIE_GSIS)
		return 0;
	gsi = array_index_nospec(gsi, SELKIE_GSIS);
	rcu_read_lock();
	routes = rcu_dereference(vm->routes);
	if (routes)
		intid = routes->intid[gsi];
	rcu_read_unlock();
	/* A pin the vGIC does not have. */
	return intid < vm->vgic->intids ? intid : 0;
}

static void irq_publish_routes(struct selkie_vm *vm, struct irq_routes *routes)
{
	struct irq_routes *old;

	lockdep_assert_held(&vm->irqfd_lock);
	old = rcu_replace_pointer(vm->routes, routes, lockdep_is_held(&vm->irqfd_lock));
	irqfd_update_resample(vm);
	if (old)
		kfree_rcu(old, rcu);
}

int irq_default_routing(struct selkie_vm *vm)
{
	struct irq_routes *routes;
	unsigned int pin;

	routes = kzalloc(sizeof(*routes), GFP_KERNEL_ACCOUNT);
	if (!routes)
		return -ENOMEM;
	for (pin = 0; pin + SELKIE_PRIVATE_INTIDS < vm->vgic->intids; pin++)
		routes->intid[pin] = pin + SELKIE_PRIVATE_INTIDS;
	mutex_lock(&vm->irqfd_lock);
	irq_publish_routes(vm, routes);
	mutex_unlock(&vm->irqfd_lock);
	return 0;
}

/* Adds one entry; `used` has a bit for each GSI that has a route already, MSIs included. */
static int irq_add_route(struct irq_routes *routes, unsigned long *used,
			 const struct kvm_irq_routing_entry *entry)
{
	unsigned int gsi = entry->gsi;

	if (gsi >= SELKIE_GSIS)
		return -EINVAL;
	gsi = array_index_nospec(gsi, SELKIE_GSIS);
	/* With one interrupt controller a GSI leads to one pin or one message. */
	if (__test_and_set_bit(gsi, used))
		return -EINVAL;
	switch (entry->type) {
	case KVM_IRQ_ROUTING_IRQCHIP:
		if (entry->flags || entry->u.irqchip.irqchip ||
		    entry->u.irqchip.pin >= SELKIE_SPI_PINS)
			return -EINVAL;
		routes->intid[gsi] = entry->u.irqchip.pin + SELKIE_PRIVATE_INTIDS;
		return 0;
	case KVM_IRQ_ROUTING_MSI:
		/* Accepted; without an ITS no message arrives. */
		return entry->flags & ~KVM_MSI_VALID_DEVID ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static int irq_fill_routes(struct irq_routes *routes, const struct kvm_irq_routing_entry *entries,
			   u32 nr)
{
	unsigned long *used;
	int ret = 0;
	u32 i;

	used = bitmap_zalloc(SELKIE_GSIS, GFP_KERNEL);
	if (!used)
		return -ENOMEM;
	for (i = 0; i < nr && !ret; i++)
		ret = irq_add_route(routes, used, &entries[i]);
	bitmap_free(used);
	return ret;
}

int irq_set_routing(struct selkie_vm *vm, struct kvm_irq_routing __user *user)
{
	struct kvm_irq_routing_entry *entries = NULL;
	struct kvm_irq_routing routing;
	struct irq_routes *routes;
	int ret;

	if (copy_from_user(&routing, user, sizeof(routing)))
		return -EFAULT;
	if (routing.nr > SELKIE_GSIS || routing.flags)
		return -EINVAL;
	if (routing.nr) {
		entries = vmemdup_user(user->entries, array_size(sizeof(*entries), routing.nr));
		if (IS_ERR(entries))
			return PTR_ERR(entries);
	}
	routes = kzalloc(sizeof(*routes), GFP_KERNEL_ACCOUNT);
	ret = routes ? irq_fill_routes(routes, entries, routing.nr) : -ENOMEM;
	kvfree(entries);
	if (ret) {
		kfree(routes);
		return ret;
	}
	mutex_lock(&vm->irqfd_lock);
	irq_publish_routes(vm, routes);
	mutex_unlock(&vm->irqfd_lock);
	return 0;
}
