// SPDX-License-Identifier: GPL-2.0-only
/*
 * VM file descriptor: lifetime, start of the user-VM, requests to its VMM, doorbell events.
 *
 * Lock order (outer first):
 *
 *	vcpu->lock			KVM_RUN and vCPU ioctls; other vCPUs' only by trylock
 *	  vm->lock			vCPU table, vGIC, start, VM requests; ioctls of VM and device take it first and
 *					then vCPU locks by trylock
 *	    vm->irqfd_lock		routing, resampling list, an irqfd that is being hooked up
 *	    vm->ioeventfd_lock		ioeventfd list and table
 *	    transport.lock
 *	vm->slots_lock			replacing memory slots
 *	  mmap_lock (not ours)		taken by GUP and by the registration of notifiers
 *	    vm->mmu_lock		mappings; also taken by mmu_notifiers, so nothing that allocates or touches user
 *					memory happens below it
 *	      transport.lock		control requests
 *	vm->slots_srcu			read: a page-in or a lookup; synchronised under slots_lock
 *	vm->ioevent_lock		interrupts off, below vm->ioeventfd_lock; eventfd_signal() happens below it
 *	  eventfd's wait queue lock (not ours), below vm->irqfd_lock
 *	    vm->irqfds_lock		interrupts off; irqfd_wakeup() takes it below the wait queue lock
 *	    vm->irq_lock		interrupts off, raw; interrupt words, a leaf; nothing is rung for below it
 *	RCU				transport.vms[], vm->routes, vm->resamplers
 *
 * A VM is "live" when its user-VM exists. Until the first KVM_RUN it does not: everything is kept here, in a private page
 * with the layout of the shared region, in the vCPUs' register copies and in the vGIC's shadow. live is set once, under
 * vm->lock; who sees it set without the lock has synchronised through a vCPU's or irq_lock.
 */
#include <linux/anon_inodes.h>
#include <linux/ktime.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "selkie.h"
#include "transport.h"
#include "trace.h"

static const struct {
	u16 cap;
	u16 value;
} vm_capabilities[] = {
	{ KVM_CAP_IRQCHIP, 1 },
	{ KVM_CAP_USER_MEMORY, 1 },
	{ KVM_CAP_NR_VCPUS, SELKIE_SOFT_VCPUS },
	{ KVM_CAP_NR_MEMSLOTS, SELKIE_MAX_SLOTS },
	{ KVM_CAP_MP_STATE, 1 },
	{ KVM_CAP_SYNC_MMU, 1 },
	{ KVM_CAP_DESTROY_MEMORY_REGION_WORKS, 1 },
	{ KVM_CAP_IRQ_ROUTING, SELKIE_GSIS },
	{ KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, 1 },
	{ KVM_CAP_IRQFD, 1 },
	{ KVM_CAP_IOEVENTFD, 1 },
	{ KVM_CAP_INTERNAL_ERROR_DATA, 1 },
	{ KVM_CAP_MAX_VCPUS, SELKIE_MAX_VCPUS },
	{ KVM_CAP_ONE_REG, 1 },
	{ KVM_CAP_READONLY_MEM, 1 },
	{ KVM_CAP_IRQFD_RESAMPLE, 1 },
	{ KVM_CAP_ARM_PSCI, 1 },
	{ KVM_CAP_DEVICE_CTRL, 1 },
	{ KVM_CAP_ENABLE_CAP_VM, 1 },
	{ KVM_CAP_ARM_PSCI_0_2, 1 },
	{ KVM_CAP_CHECK_EXTENSION_VM, 1 },
	{ KVM_CAP_IOEVENTFD_ANY_LENGTH, 1 },
	{ KVM_CAP_MAX_VCPU_ID, SELKIE_MAX_VCPUS },
	{ KVM_CAP_IMMEDIATE_EXIT, 1 },
	{ KVM_CAP_ARM_VM_IPA_SIZE, SELKIE_IPA_BITS },
	{ KVM_CAP_ARM_IRQ_LINE_LAYOUT_2, 1 },
};

int vm_check_extension(long cap)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vm_capabilities); i++) {
		if (vm_capabilities[i].cap == cap)
			return vm_capabilities[i].value;
	}
	return 0;
}

/* --- life ------------------------------------------------------------------------------------- */
void vm_get(struct selkie_vm *vm)
{
	kref_get(&vm->ref);
}

/* In reverse of vm_alloc() and vm_start(). No file refers to the VM: no ioctl runs, none can start. */
static void vm_free(struct kref *ref)
{
	struct selkie_vm *vm = container_of(ref, struct selkie_vm, ref);
	unsigned int i;

	irqfd_release(vm);
	if (vm->live) {
		trace_selkie_vm_destroy(vm->id);
		debug_vm_remove(vm);
		transport_detach(vm->id);
	}
	ioeventfd_release(vm);
	if (vm->live) {
		mutex_lock(&vm->mmu_lock);
		/* Notifiers still run; there is nothing left for them to take away. */
		vm->mmu_live = false;
		transport_vm_destroy(vm->id);
		mutex_unlock(&vm->mmu_lock);
	} else {
		kfree(vm->shared);
		kfree(vm->ioevent_table);
	}
	memslot_vm_exit(vm);
	vgic_free(vm);
	for (i = 0; i < SELKIE_MAX_VCPUS; i++) {
		if (vm->vcpu[i])
			vcpu_free(vm->vcpu[i]);
	}
	kfree(rcu_dereference_protected(vm->routes, true));
	mmdrop(vm->mm);
	kfree(vm);
}

void vm_put(struct selkie_vm *vm)
{
	kref_put(&vm->ref, vm_free);
}

static struct selkie_vm *vm_alloc(unsigned int ipa_bits)
{
	struct selkie_vm *vm;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	vm->shared = kzalloc(sizeof(*vm->shared), GFP_KERNEL_ACCOUNT);
	vm->ioevent_table = kcalloc(UVM_IOEVENTS, sizeof(*vm->ioevent_table), GFP_KERNEL_ACCOUNT);
	if (!vm->shared || !vm->ioevent_table || memslot_vm_init(vm)) {
		kfree(vm->ioevent_table);
		kfree(vm->shared);
		kfree(vm);
		return ERR_PTR(-ENOMEM);
	}
	kref_init(&vm->ref);
	mutex_init(&vm->lock);
	init_waitqueue_head(&vm->request_wq);
	raw_spin_lock_init(&vm->irq_lock);
	mutex_init(&vm->ioeventfd_lock);
	INIT_LIST_HEAD(&vm->ioeventfds);
	spin_lock_init(&vm->ioevent_lock);
	mutex_init(&vm->irqfd_lock);
	spin_lock_init(&vm->irqfds_lock);
	INIT_LIST_HEAD(&vm->irqfds);
	INIT_LIST_HEAD(&vm->resamplers);
	vm->ipa_bits = ipa_bits;
	vm->cntvoff = regs_count();
	vm->created = ktime_get_boottime_ns();
	vm->pid = task_tgid_nr(current);
	get_task_comm(vm->comm, current->group_leader);
	vm->mm = current->mm;
	mmgrab(vm->mm);
	return vm;
}

void vm_mark_dead(struct selkie_vm *vm)
{
	unsigned int i;

	WRITE_ONCE(vm->dead, true);
	for (i = 0; i < SELKIE_MAX_VCPUS; i++) {
		struct selkie_vcpu *vcpu = READ_ONCE(vm->vcpu[i]);

		if (vcpu)
			wake_up_all(&vcpu->wq);
	}
	wake_up_all(&vm->request_wq);
}

void vm_no_answer(struct selkie_vm *vm, long left)
{
	if (!left)
		pr_err("user-VM %u: its VMM does not answer\n", vm->id);
	vm_mark_dead(vm);
}

/* --- start ------------------------------------------------------------------------------------ */
static int vm_describe(struct selkie_vm *vm, struct ctl_create *create)
{
	unsigned int i;
	int ret;

	memset(create, 0, sizeof(*create));
	create->vcpus = vm->vcpus;
	create->ipa_bits = vm->ipa_bits;
	create->gicd = CTL_NO_GIC;
	create->intids = 64;
	for (i = 0; i < vm->vcpus; i++)
		create->mpidr[i] = regs_mpidr(vm->vcpu[i]->id);
	if (!vm->vgic)
		return 0;

	ret = vgic_lazy_init(vm);
	if (ret)
		return ret;
	ret = vgic_check_frames(vm->vgic);
	if (ret) {
		vm_mark_dead(vm);
		return ret;
	}
	create->gicd = vm->vgic->gicd;
	create->gicc = vm->vgic->gicc;
	create->intids = vm->vgic->intids;
	return 0;
}

/* The interrupt state moves to the region; injections wait or find the region. */
static void vm_switch_region(struct selkie_vm *vm, void *region)
{
	struct uvm_vm *kept = vm->shared;
	struct uvm_vm *shared = region + UVM_OFF_VM;
	unsigned long flags;
	unsigned int i;

	vm->region = region;
	/* Nobody may be in the middle of an edit of the table's generation. */
	mutex_lock(&vm->ioeventfd_lock);
	raw_spin_lock_irqsave(&vm->irq_lock, flags);
	memcpy(shared->irq_level, kept->irq_level, sizeof(shared->irq_level));
	memcpy(shared->irq_resample, kept->irq_resample, sizeof(shared->irq_resample));
	memcpy(shared->ppi_level, kept->ppi_level, sizeof(shared->ppi_level));
	for (i = 0; i < UVM_IRQ_WORDS; i++)
		wire_or(&shared->irq_latch[i], kept->irq_latch[i]);
	vm->shared = shared;
	/* Pairs with nothing: who looks at live without vm->lock holds irq_lock. */
	WRITE_ONCE(vm->live, true);
	raw_spin_unlock_irqrestore(&vm->irq_lock, flags);
	kfree(kept);

	/* Before anybody waits for the VMM. An event that came earlier keeps the VMM from ringing again. */
	transport_attach(vm->id, vm);
	rcu_read_lock();
	vm_events(vm);
	rcu_read_unlock();
	ioeventfd_start(vm);
	mutex_unlock(&vm->ioeventfd_lock);
	for (i = 0; i < SELKIE_MAX_VCPUS; i++) {
		if (vm->vcpu[i])
			vm->vcpu[i]->slot = region + UVM_OFF_VCPU(i);
	}
}

/*
 * Each vCPU's registers go over before any of them runs, so that a CPU_ON finds its target as user space left it. A vCPU in
 * use by an ioctl just now hands its own over when it runs.
 */
static int vm_push_vcpus(struct selkie_vm *vm)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < SELKIE_MAX_VCPUS && !ret; i++) {
		struct selkie_vcpu *vcpu = vm->vcpu[i];

		if (!vcpu || !mutex_trylock(&vcpu->lock))
			continue;
		if (vcpu->initialized)
			ret = vcpu_push(vcpu, false);
		mutex_unlock(&vcpu->lock);
	}
	return ret;
}

int vm_start(struct selkie_vm *vm)
{
	struct ctl_create create;
	void *region;
	int ret;

	lockdep_assert_held(&vm->lock);
	if (vm->live)
		return 0;
	ret = vm_describe(vm, &create);
	if (ret)
		return ret;
	ret = transport_vm_create(&create, &vm->id, &region);
	if (ret) {
		pr_warn_ratelimited("no user-VM with %u vCPUs for process %d: %s (%d)\n",
				    create.vcpus, task_tgid_nr(current),
				    ret == -ENOMEM ? "the quota is used up" : "root refuses", ret);
		return ret;
	}
	if (READ_ONCE(((struct uvm_vm *)region)->version) != UVM_VERSION) {
		pr_err("user-VM %u has another version of the shared region\n", vm->id);
		transport_vm_destroy(vm->id);
		return -EIO;
	}
	vm_switch_region(vm, region);
	mutex_lock(&vm->mmu_lock);
	vm->mmu_live = true;
	mutex_unlock(&vm->mmu_lock);
	debug_vm_add(vm);
	trace_selkie_vm_create(vm->id, vm->vcpus, vm->pid);
	vm_ring(vm, UVM_RING_IOEVENT);

	ret = vgic_replay(vm);
	irq_start(vm);
	if (!ret)
		ret = vm_push_vcpus(vm);
	if (ret)
		vm_mark_dead(vm);
	return ret;
}

/* --- VMM -------------------------------------------------------------------------------------- */
void vm_ring(struct selkie_vm *vm, u32 bits)
{
	bool rung = !wire_or(&vm->shared->ring, bits);

	trace_selkie_ring(vm->id, bits, rung);
	if (rung) {
		atomic64_inc(&vm->stats.doorbells_rung);
		transport_ring(vm->id);
	} else {
		atomic64_inc(&vm->stats.doorbells_merged);
	}
}

void vm_call(struct selkie_vm *vm, u32 bits)
{
	struct uvm_vm *shared = vm->shared;
	unsigned long flags;

	local_irq_save(flags);
	WRITE_ONCE(shared->looks, 1);
	vm_ring(vm, bits);
	WRITE_ONCE(shared->looks, 0);
	/* Pairs with the VMM's barrier after it set event bits: it sees looks, or we see them. */
	smp_mb();
	rcu_read_lock();
	vm_events(vm);
	rcu_read_unlock();
	local_irq_restore(flags);
}

static bool vm_request_done(struct selkie_vm *vm)
{
	return !smp_load_acquire(&vm->shared->vmreq.pending);
}

int vm_request(struct selkie_vm *vm, u32 op, u64 arg[4])
{
	struct uvm_vmreq *req = &vm->shared->vmreq;
	unsigned int i;
	long left;

	lockdep_assert_held(&vm->lock);
	if (READ_ONCE(vm->dead))
		return -EIO;
	req->op = op;
	for (i = 0; i < ARRAY_SIZE(req->arg); i++)
		req->arg[i] = arg[i];
	/* Pairs with the VMM's acquire of `pending`. */
	smp_store_release(&req->pending, 1);
	vm_ring(vm, UVM_RING_VMREQ | irq_take_due(vm));
	left = wait_event_killable_timeout(
		vm->request_wq, vm_request_done(vm) || READ_ONCE(vm->dead), SELKIE_ANSWER_TIMEOUT);
	if (left <= 0)
		vm_no_answer(vm, left);
	if (!vm_request_done(vm))
		return -EIO;
	for (i = 0; i < ARRAY_SIZE(req->arg); i++)
		arg[i] = READ_ONCE(req->arg[i]);
	switch (READ_ONCE(req->status)) {
	case WIRE_OK:
		return 0;
	case WIRE_ENOENT:
		return -ENXIO;
	case WIRE_EBUSY:
		return -EBUSY;
	default:
		return -EINVAL;
	}
}

bool vm_events(struct selkie_vm *vm)
{
	struct uvm_vm *shared = vm->shared;
	u32 eoi[UVM_IRQ_WORDS];
	unsigned int i;
	u32 bits;

	if (!READ_ONCE(shared->event))
		return false;
	/* Pairs with the VMM's release when it set the bits. */
	bits = xchg(&shared->event, 0);
	atomic64_inc(&vm->stats.events_taken);
	trace_selkie_event(vm->id, bits);
	if (bits & UVM_EVENT_IOEVENT) {
		ioeventfd_fired(vm);
		wake_up_all(&vm->request_wq);
	}
	for (i = 0; i < SELKIE_MAX_VCPUS; i++) {
		struct selkie_vcpu *vcpu = READ_ONCE(vm->vcpu[i]);

		if (vcpu && bits & UVM_EVENT_VCPU(i))
			wake_up_all(&vcpu->wq);
	}
	if (bits & UVM_EVENT_EOI) {
		for (i = 0; i < UVM_IRQ_WORDS; i++)
			eoi[i] = READ_ONCE(shared->irq_eoi[i]) ? xchg(&shared->irq_eoi[i], 0) : 0;
		irqfd_eoi(vm, eoi);
	}
	if (bits & UVM_EVENT_VMREQ)
		wake_up_all(&vm->request_wq);
	if (bits & UVM_EVENT_DEAD && READ_ONCE(shared->dead)) {
		pr_warn_ratelimited("user-VM %u: its VMM failed, see root's log\n", vm->id);
		vm_mark_dead(vm);
	}
	return true;
}

/* --- vCPU locks ------------------------------------------------------------------------------- */
static void vm_unlock_first(struct selkie_vm *vm, unsigned int vcpus)
{
	while (vcpus--) {
		if (vm->vcpu[vcpus])
			mutex_unlock(&vm->vcpu[vcpus]->lock);
	}
}

int vm_lock_vcpus(struct selkie_vm *vm)
{
	unsigned int i;

	lockdep_assert_held(&vm->lock);
	for (i = 0; i < SELKIE_MAX_VCPUS; i++) {
		if (vm->vcpu[i] && !mutex_trylock(&vm->vcpu[i]->lock)) {
			vm_unlock_first(vm, i);
			return -EBUSY;
		}
	}
	return 0;
}

void vm_unlock_vcpus(struct selkie_vm *vm)
{
	vm_unlock_first(vm, SELKIE_MAX_VCPUS);
}

/* --- file descriptor -------------------------------------------------------------------------- */
static long vm_ioctl_create_device(struct selkie_vm *vm, void __user *argp)
{
	struct kvm_create_device cd;
	int ret;

	if (copy_from_user(&cd, argp, sizeof(cd)))
		return -EFAULT;
	ret = vgic_create_device(vm, &cd);
	if (ret)
		return ret;
	return copy_to_user(argp, &cd, sizeof(cd)) ? -EFAULT : 0;
}

static long vm_ioctl_preferred_target(void __user *argp)
{
	struct kvm_vcpu_init init = { .target = KVM_ARM_TARGET_GENERIC_V8 };

	return copy_to_user(argp, &init, sizeof(init)) ? -EFAULT : 0;
}

static long vm_ioctl_set_region(struct selkie_vm *vm, void __user *argp)
{
	struct kvm_userspace_memory_region region;

	if (copy_from_user(&region, argp, sizeof(region)))
		return -EFAULT;
	return memslot_set_region(vm, &region);
}

static long vm_ioctl_dirty_log(struct selkie_vm *vm, void __user *argp)
{
	struct kvm_dirty_log log;

	if (copy_from_user(&log, argp, sizeof(log)))
		return -EFAULT;
	return memslot_get_dirty_log(vm, &log);
}

static long vm_ioctl_irq_line(struct selkie_vm *vm, void __user *argp)
{
	struct kvm_irq_level level;

	if (copy_from_user(&level, argp, sizeof(level)))
		return -EFAULT;
	return irq_line(vm, &level);
}

static long vm_ioctl_irqfd(struct selkie_vm *vm, void __user *argp)
{
	struct kvm_irqfd args;

	if (copy_from_user(&args, argp, sizeof(args)))
		return -EFAULT;
	return irqfd_ioctl(vm, &args);
}

static long vm_ioctl_ioeventfd(struct selkie_vm *vm, void __user *argp)
{
	struct kvm_ioeventfd args;

	if (copy_from_user(&args, argp, sizeof(args)))
		return -EFAULT;
	return ioeventfd_ioctl(vm, &args);
}

/* No capability can be switched on. */
static long vm_ioctl_enable_cap(void __user *argp)
{
	struct kvm_enable_cap cap;

	return copy_from_user(&cap, argp, sizeof(cap)) ? -EFAULT : -EINVAL;
}

/* There is no coalesced MMIO, so nothing is registered and any zone is gone already: KVM's answer then. */
static long vm_ioctl_unregister_coalesced(void __user *argp)
{
	struct kvm_coalesced_mmio_zone zone;

	if (copy_from_user(&zone, argp, sizeof(zone)))
		return -EFAULT;
	return zone.pio > 1 ? -EINVAL : 0;
}

static long vm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct selkie_vm *vm = file->private_data;
	void __user *argp = (void __user *)arg;

	if (!vm_usable(vm))
		return -EIO;
	switch (cmd) {
	case KVM_CHECK_EXTENSION:
		return vm_check_extension(arg);
	case KVM_CREATE_VCPU:
		return vcpu_create_fd(vm, arg);
	case KVM_SET_USER_MEMORY_REGION:
		return vm_ioctl_set_region(vm, argp);
	case KVM_CREATE_DEVICE:
		return vm_ioctl_create_device(vm, argp);
	case KVM_ARM_PREFERRED_TARGET:
		return vm_ioctl_preferred_target(argp);
	case KVM_IRQ_LINE:
		return vm_ioctl_irq_line(vm, argp);
	case KVM_IRQFD:
		return vm_ioctl_irqfd(vm, argp);
	case KVM_IOEVENTFD:
		return vm_ioctl_ioeventfd(vm, argp);
	case KVM_SET_GSI_ROUTING:
		return irq_set_routing(vm, argp);
	case KVM_GET_DIRTY_LOG:
		return vm_ioctl_dirty_log(vm, argp);
	case KVM_ENABLE_CAP:
		return vm_ioctl_enable_cap(argp);
	case KVM_UNREGISTER_COALESCED_MMIO:
		return vm_ioctl_unregister_coalesced(argp);
	default:
		return -EINVAL;
	}
}

#ifdef CONFIG_COMPAT
static long vm_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return -EINVAL;
}
#else
#define vm_compat_ioctl NULL
#endif

static int vm_release(struct inode *inode, struct file *file)
{
	struct selkie_vm *vm = file->private_data;

	irqfd_release(vm);
	vm_put(vm);
	return 0;
}

static const struct file_operations vm_fops = {
	.owner = THIS_MODULE,
	.release = vm_release,
	.unlocked_ioctl = vm_ioctl,
	.compat_ioctl = vm_compat_ioctl,
	.llseek = noop_llseek,
};

int vm_create_fd(unsigned long type)
{
	unsigned int bits = type & KVM_VM_TYPE_ARM_IPA_SIZE_MASK;
	struct selkie_vm *vm;
	int fd;

	if (type & ~(unsigned long)KVM_VM_TYPE_ARM_IPA_SIZE_MASK)
		return -EINVAL;
	if (!bits)
		bits = SELKIE_IPA_BITS;
	if (bits < SELKIE_MIN_IPA_BITS || bits > SELKIE_IPA_BITS)
		return -EINVAL;
	vm = vm_alloc(bits);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	fd = anon_inode_getfd("kvm-vm", &vm_fops, vm, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		vm_put(vm);
	return fd;
}
