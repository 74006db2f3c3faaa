// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_IRQFD: an eventfd's signal becomes an interrupt without a thread in between.
 *
 * irqfd_wakeup() runs below the eventfd's wait queue lock with interrupts off. It may only look the route up (RCU), latch the
 * SPI, and ring or wake who rings. With resampling the SPI is latched too; when the guest ends it the VMM reports that, and the second eventfd is
 * signalled: a device that still wants service signals the first one again. So no line is held between the two.
 */
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "selkie.h"
#include "compat.h"
#include "trace.h"

struct irqfd {
	struct selkie_vm *vm;
	unsigned int gsi;
	struct eventfd_ctx *eventfd;
	struct eventfd_ctx *resample; /* NULL without resampling */
	struct list_head list; /* vm->irqfds; empty once shutdown is on its way */
	struct list_head resample_list; /* vm->resamplers */
	wait_queue_entry_t wait;
	poll_table poll;
	struct work_struct shutdown;
};

static struct workqueue_struct *irqfd_wq;

int irqfd_init(void)
{
	irqfd_wq = alloc_workqueue("selkie-irqfd", 0, 0);
	return irqfd_wq ? 0 : -ENOMEM;
}

void irqfd_exit(void)
{
	destroy_workqueue(irqfd_wq);
}

static void irqfd_inject(struct irqfd *irqfd)
{
	unsigned int intid = irq_route(irqfd->vm, irqfd->gsi);

	atomic64_inc(&irqfd->vm->stats.irqfds);
	trace_selkie_irqfd(irqfd->vm->id, irqfd->gsi, intid);
	if (intid)
		irq_pulse(irqfd->vm, intid);
}

/* --- teardown --------------------------------------------------------------------------------- */
/* Unhook, stop resampling, drop the references, free. */
static void irqfd_shutdown(struct work_struct *work)
{
	struct irqfd *irqfd = container_of(work, struct irqfd, shutdown);
	struct selkie_vm *vm = irqfd->vm;
	u64 count;

	/* An irqfd can be found and removed before its assignment has hooked it up: wait for that. */
	mutex_lock(&vm->irqfd_lock);
	mutex_unlock(&vm->irqfd_lock);
	/* Waits for a wakeup in progress; afterwards there is none. */
	eventfd_ctx_remove_wait_queue(irqfd->eventfd, &irqfd->wait, &count);
	if (irqfd->resample) {
		mutex_lock(&vm->irqfd_lock);
		list_del_rcu(&irqfd->resample_list);
		irqfd_update_resample(vm);
		mutex_unlock(&vm->irqfd_lock);
		synchronize_rcu();
		eventfd_ctx_put(irqfd->resample);
	}
	eventfd_ctx_put(irqfd->eventfd);
	kfree(irqfd);
}

/* Holds irqfds_lock; afterwards the irqfd belongs to its work. */
static void irqfd_deactivate(struct irqfd *irqfd)
{
	lockdep_assert_held(&irqfd->vm->irqfds_lock);
	list_del_init(&irqfd->list);
	queue_work(irqfd_wq, &irqfd->shutdown);
}

void irqfd_release(struct selkie_vm *vm)
{
	struct irqfd *irqfd, *next;

	spin_lock_irq(&vm->irqfds_lock);
	list_for_each_entry_safe(irqfd, next, &vm->irqfds, list)
		irqfd_deactivate(irqfd);
	spin_unlock_irq(&vm->irqfds_lock);
	flush_workqueue(irqfd_wq);
}

/* --- signal ----------------------------------------------------------------------------------- */
static int irqfd_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct irqfd *irqfd = container_of(wait, struct irqfd, wait);
	struct selkie_vm *vm = irqfd->vm;
	__poll_t events = key_to_poll(key);
	unsigned long flags;
	u64 count;

	if (events & EPOLLIN) {
		eventfd_ctx_do_read(irqfd->eventfd, &count);
		irqfd_inject(irqfd);
	}
	if (events & EPOLLHUP) {
		/* Last close of the eventfd. Whoever takes the irqfd off the list first shuts it down. */
		spin_lock_irqsave(&vm->irqfds_lock, flags);
		if (!list_empty(&irqfd->list))
			irqfd_deactivate(irqfd);
		spin_unlock_irqrestore(&vm->irqfds_lock, flags);
	}
	return events & EPOLLIN ? 1 : 0;
}

static void irqfd_queue_proc(struct file *file, wait_queue_head_t *head, poll_table *poll)
{
	struct irqfd *irqfd = container_of(poll, struct irqfd, poll);

	add_wait_queue_priority(head, &irqfd->wait);
}

void irqfd_eoi(struct selkie_vm *vm, const u32 *eoi)
{
	struct irqfd *irqfd;
	unsigned int intid;

	list_for_each_entry_rcu(irqfd, &vm->resamplers, resample_list) {
		intid = irq_route(vm, irqfd->gsi);
		if (!intid || !(eoi[intid / 32] & BIT(intid % 32)))
			continue;
		vm->stats.resamples++;
		trace_selkie_ack_irq(vm->id, irqfd->gsi, intid);
		compat_eventfd_signal(irqfd->resample);
	}
}

void irqfd_update_resample(struct selkie_vm *vm)
{
	u32 mask[UVM_IRQ_WORDS] = { 0 };
	struct irqfd *irqfd;
	unsigned int intid;

	lockdep_assert_held(&vm->irqfd_lock);
	list_for_each_entry(irqfd, &vm->resamplers, resample_list) {
		intid = irq_route(vm, irqfd->gsi);
		if (intid)
			mask[intid / 32] |= BIT(intid % 32);
	}
	irq_set_resample(vm, mask);
}

/* --- assignment ------------------------------------------------------------------------------- */
/* -EBUSY: this eventfd has an irqfd already */
static int irqfd_add(struct selkie_vm *vm, struct irqfd *irqfd)
{
	struct irqfd *other;
	int ret = 0;

	spin_lock_irq(&vm->irqfds_lock);
	list_for_each_entry(other, &vm->irqfds, list) {
		if (other->eventfd == irqfd->eventfd)
			ret = -EBUSY;
	}
	if (!ret)
		list_add_tail(&irqfd->list, &vm->irqfds);
	spin_unlock_irq(&vm->irqfds_lock);
	return ret;
}

static void irqfd_add_resampler(struct selkie_vm *vm, struct irqfd *irqfd)
{
	mutex_lock(&vm->irqfd_lock);
	list_add_rcu(&irqfd->resample_list, &vm->resamplers);
	irqfd_update_resample(vm);
	mutex_unlock(&vm->irqfd_lock);
}

static void irqfd_del_resampler(struct selkie_vm *vm, struct irqfd *irqfd)
{
	mutex_lock(&vm->irqfd_lock);
	list_del_rcu(&irqfd->resample_list);
	irqfd_update_resample(vm);
	mutex_unlock(&vm->irqfd_lock);
	synchronize_rcu();
}

static struct irqfd *irqfd_alloc(struct selkie_vm *vm, const struct kvm_irqfd *args,
				 struct file *file)
{
	struct irqfd *irqfd;

	irqfd = kzalloc(sizeof(*irqfd), GFP_KERNEL_ACCOUNT);
	if (!irqfd)
		return ERR_PTR(-ENOMEM);
	irqfd->vm = vm;
	irqfd->gsi = args->gsi;
	INIT_LIST_HEAD(&irqfd->list);
	INIT_WORK(&irqfd->shutdown, irqfd_shutdown);
	init_waitqueue_func_entry(&irqfd->wait, irqfd_wakeup);
	init_poll_funcptr(&irqfd->poll, irqfd_queue_proc);
	irqfd->eventfd = eventfd_ctx_fileget(file);
	if (IS_ERR(irqfd->eventfd)) {
		struct eventfd_ctx *error = irqfd->eventfd;

		kfree(irqfd);
		return ERR_CAST(error);
	}
	return irqfd;
}

static int irqfd_assign_file(struct selkie_vm *vm, const struct kvm_irqfd *args, struct file *file)
{
	struct irqfd *irqfd;
	int ret;

	irqfd = irqfd_alloc(vm, args, file);
	if (IS_ERR(irqfd))
		return PTR_ERR(irqfd);
	if (args->flags & KVM_IRQFD_FLAG_RESAMPLE) {
		irqfd->resample = eventfd_ctx_fdget(args->resamplefd);
		if (IS_ERR(irqfd->resample)) {
			ret = PTR_ERR(irqfd->resample);
			goto out_free;
		}
		irqfd_add_resampler(vm, irqfd);
	}
	/* From irqfd_add() on another thread can remove the irqfd; irqfd_shutdown() waits for the lock. */
	mutex_lock(&vm->irqfd_lock);
	ret = irqfd_add(vm, irqfd);
	/* Hooked up by irqfd_queue_proc(); what was signalled before counts once. */
	if (!ret && vfs_poll(file, &irqfd->poll) & EPOLLIN)
		irqfd_inject(irqfd);
	mutex_unlock(&vm->irqfd_lock);
	if (ret)
		goto out_resample;
	return 0;
out_resample:
	if (irqfd->resample) {
		irqfd_del_resampler(vm, irqfd);
		eventfd_ctx_put(irqfd->resample);
	}
out_free:
	eventfd_ctx_put(irqfd->eventfd);
	kfree(irqfd);
	return ret;
}

static int irqfd_assign(struct selkie_vm *vm, const struct kvm_irqfd *args)
{
	struct vgic *vgic = READ_ONCE(vm->vgic);
	struct file *file;
	int ret;

	if (!vgic || !READ_ONCE(vgic->initialized))
		return -EAGAIN;
	file = fget(args->fd);
	if (!file)
		return -EBADF;
	ret = irqfd_assign_file(vm, args, file);
	fput(file);
	return ret;
}

static int irqfd_deassign(struct selkie_vm *vm, const struct kvm_irqfd *args)
{
	struct eventfd_ctx *eventfd;
	struct irqfd *irqfd, *next;

	eventfd = eventfd_ctx_fdget(args->fd);
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);
	spin_lock_irq(&vm->irqfds_lock);
	list_for_each_entry_safe(irqfd, next, &vm->irqfds, list) {
		if (irqfd->eventfd == eventfd && irqfd->gsi == args->gsi)
			irqfd_deactivate(irqfd);
	}
	spin_unlock_irq(&vm->irqfds_lock);
	eventfd_ctx_put(eventfd);
	/* No injection follows once the ioctl has returned. */
	flush_workqueue(irqfd_wq);
	return 0;
}

int irqfd_ioctl(struct selkie_vm *vm, const struct kvm_irqfd *args)
{
	if (args->flags & ~(KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE))
		return -EINVAL;
	if (args->flags & KVM_IRQFD_FLAG_DEASSIGN)
		return irqfd_deassign(vm, args);
	return irqfd_assign(vm, args);
}
