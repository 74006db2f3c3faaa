// SPDX-License-Identifier: GPL-2.0-only
/* vCPU file descriptor: life, ioctls. KVM_RUN is in run.c. */
#include <linux/anon_inodes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "selkie.h"

/* Features KVM 6.1 knows; those of them a user-VM can have. */
#define VCPU_MAX_FEATURES 7
#define VCPU_FEATURES (BIT(KVM_ARM_VCPU_POWER_OFF) | BIT(KVM_ARM_VCPU_PSCI_0_2))

/* --- ioctls ----------------------------------------------------------------------------------- */
static int vcpu_check_features(const struct kvm_vcpu_init *init)
{
	unsigned int i;

	if (init->target != KVM_ARM_TARGET_GENERIC_V8)
		return -EINVAL;
	for (i = 1; i < ARRAY_SIZE(init->features); i++) {
		if (init->features[i])
			return -ENOENT;
	}
	if (init->features[0] >> VCPU_MAX_FEATURES)
		return -ENOENT;
	return init->features[0] & ~VCPU_FEATURES ? -EINVAL : 0;
}

static int vcpu_init(struct selkie_vcpu *vcpu, const struct kvm_vcpu_init *init)
{
	bool off = init->features[0] & BIT(KVM_ARM_VCPU_POWER_OFF);
	u32 features = init->features[0];
	int ret;

	ret = vcpu_check_features(init);
	if (ret)
		return ret;
	if (vcpu->initialized && vcpu->features != features)
		return -EINVAL;
	if (vcpu->live && vcpu->has_run) {
		/* The guest starts again with its caches off: nothing may be left in ours. */
		ret = mem_flush(vcpu->vm);
		if (!ret)
			ret = vcpu_fetch_regs(vcpu);
		if (ret)
			return ret;
	}
	vcpu->features = features;
	regs_reset(vcpu);
	vcpu->power = off ? UVM_POWER_OFF : UVM_POWER_ON;
	vcpu->initialized = true;
	return vcpu->live ? vcpu_push(vcpu, true) : 0;
}

static int vcpu_set_mp_state(struct selkie_vcpu *vcpu, const struct kvm_mp_state *state)
{
	u32 power;
	int ret;

	if (state->mp_state == KVM_MP_STATE_RUNNABLE)
		power = UVM_POWER_ON;
	else if (state->mp_state == KVM_MP_STATE_STOPPED)
		power = UVM_POWER_OFF;
	else
		return -EINVAL;
	if (vcpu->live) {
		/* Registers written while off go over now, so that a CPU_ON from here on wins. */
		if (power == vcpu_power(vcpu) && !(power == UVM_POWER_OFF && vcpu->regs_dirty))
			return 0;
		ret = vcpu_fetch_regs(vcpu);
		if (ret)
			return ret;
	}
	vcpu->power = power;
	return vcpu->live ? vcpu_push(vcpu, false) : 0;
}

static long vcpu_ioctl_one_reg(struct selkie_vcpu *vcpu, unsigned int cmd, void __user *argp)
{
	struct kvm_one_reg reg;

	if (!vcpu->initialized)
		return -ENOEXEC;
	if (copy_from_user(&reg, argp, sizeof(reg)))
		return -EFAULT;
	return cmd == KVM_GET_ONE_REG ? regs_get(vcpu, &reg) : regs_set(vcpu, &reg);
}

static long vcpu_ioctl_mp_state(struct selkie_vcpu *vcpu, unsigned int cmd, void __user *argp)
{
	struct kvm_mp_state state;

	if (cmd == KVM_SET_MP_STATE) {
		if (copy_from_user(&state, argp, sizeof(state)))
			return -EFAULT;
		return vcpu_set_mp_state(vcpu, &state);
	}
	state.mp_state =
		vcpu_power(vcpu) == UVM_POWER_OFF ? KVM_MP_STATE_STOPPED : KVM_MP_STATE_RUNNABLE;
	return copy_to_user(argp, &state, sizeof(state)) ? -EFAULT : 0;
}

/* No PMU, no steal time, fixed timer interrupts: a vCPU has no attributes. */
static long vcpu_ioctl_attr(void __user *argp)
{
	struct kvm_device_attr attr;

	return copy_from_user(&attr, argp, sizeof(attr)) ? -EFAULT : -ENXIO;
}

static long vcpu_ioctl_init(struct selkie_vcpu *vcpu, void __user *argp)
{
	struct kvm_vcpu_init init;

	if (copy_from_user(&init, argp, sizeof(init)))
		return -EFAULT;
	return vcpu_init(vcpu, &init);
}

static long vcpu_ioctl_finalize(struct selkie_vcpu *vcpu, void __user *argp)
{
	int feature;

	if (!vcpu->initialized)
		return -ENOEXEC;
	return get_user(feature, (int __user *)argp) ? -EFAULT : -EINVAL;
}

static long vcpu_ioctl_locked(struct selkie_vcpu *vcpu, unsigned int cmd, unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	switch (cmd) {
	case KVM_RUN:
		return arg ? -EINVAL : vcpu_ioctl_run(vcpu);
	case KVM_ARM_VCPU_INIT:
		return vcpu_ioctl_init(vcpu, argp);
	case KVM_GET_ONE_REG:
	case KVM_SET_ONE_REG:
		return vcpu_ioctl_one_reg(vcpu, cmd, argp);
	case KVM_GET_REG_LIST:
		return vcpu->initialized ? regs_list(argp) : -ENOEXEC;
	case KVM_GET_MP_STATE:
	case KVM_SET_MP_STATE:
		return vcpu_ioctl_mp_state(vcpu, cmd, argp);
	case KVM_HAS_DEVICE_ATTR:
	case KVM_GET_DEVICE_ATTR:
	case KVM_SET_DEVICE_ATTR:
		return vcpu_ioctl_attr(argp);
	case KVM_ARM_VCPU_FINALIZE:
		return vcpu_ioctl_finalize(vcpu, argp);
	default:
		return -EINVAL;
	}
}

static long vcpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct selkie_vcpu *vcpu = file->private_data;
	long ret;

	if (!vm_usable(vcpu->vm))
		return -EIO;
	if (_IOC_TYPE(cmd) != KVMIO)
		return -EINVAL;
	if (mutex_lock_killable(&vcpu->lock))
		return -EINTR;
	ret = vcpu_ioctl_locked(vcpu, cmd, arg);
	mutex_unlock(&vcpu->lock);
	return ret;
}

#ifdef CONFIG_COMPAT
static long vcpu_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return -EINVAL;
}
#else
#define vcpu_compat_ioctl NULL
#endif

static vm_fault_t vcpu_run_page_fault(struct vm_fault *vmf)
{
	struct selkie_vcpu *vcpu = vmf->vma->vm_file->private_data;

	if (vmf->pgoff)
		return VM_FAULT_SIGBUS;
	vmf->page = virt_to_page(vcpu->run);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct vcpu_vm_ops = {
	.fault = vcpu_run_page_fault,
};

static int vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &vcpu_vm_ops;
	return 0;
}

static int vcpu_release(struct inode *inode, struct file *file)
{
	struct selkie_vcpu *vcpu = file->private_data;

	vm_put(vcpu->vm);
	return 0;
}

static const struct file_operations vcpu_fops = {
	.owner = THIS_MODULE,
	.release = vcpu_release,
	.unlocked_ioctl = vcpu_ioctl,
	.compat_ioctl = vcpu_compat_ioctl,
	.mmap = vcpu_mmap,
	.llseek = noop_llseek,
};

/* --- life ------------------------------------------------------------------------------------- */
void vcpu_free(struct selkie_vcpu *vcpu)
{
	userwork_exit(vcpu);
	free_page((unsigned long)vcpu->run);
	kfree(vcpu);
}

static struct selkie_vcpu *vcpu_alloc(struct selkie_vm *vm, unsigned int id)
{
	struct selkie_vcpu *vcpu;

	vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);
	if (!vcpu)
		return NULL;
	vcpu->run = (struct kvm_run *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vcpu->run || userwork_init(vcpu)) {
		free_page((unsigned long)vcpu->run);
		kfree(vcpu);
		return NULL;
	}
	vcpu->vm = vm;
	vcpu->id = id;
	mutex_init(&vcpu->lock);
	init_waitqueue_head(&vcpu->wq);
	vcpu->stats.time[VCPU_IN_USER] = -regs_count();
	return vcpu;
}

static int vcpu_check_create(struct selkie_vm *vm, unsigned long id)
{
	unsigned int i;

	lockdep_assert_held(&vm->lock);
	if (vm->vcpus == SELKIE_MAX_VCPUS)
		return -EINVAL;
	if (vm->vgic && vm->vgic->initialized)
		return -EBUSY;
	/* The user-VM was made for the vCPUs that existed then. */
	if (vm->live)
		return -EBUSY;
	for (i = 0; i < vm->vcpus; i++) {
		if (vm->vcpu[i]->id == id)
			return -EEXIST;
	}
	return 0;
}

int vcpu_create_fd(struct selkie_vm *vm, unsigned long id)
{
	struct selkie_vcpu *vcpu;
	char name[16];
	int fd;

	if (id >= SELKIE_MAX_VCPUS)
		return -EINVAL;
	vcpu = vcpu_alloc(vm, id);
	if (!vcpu)
		return -ENOMEM;
	if (mutex_lock_killable(&vm->lock)) {
		vcpu_free(vcpu);
		return -EINTR;
	}
	fd = vcpu_check_create(vm, id);
	if (fd)
		goto out_free;
	vcpu->index = vm->vcpus;
	snprintf(name, sizeof(name), "kvm-vcpu:%lu", id);
	vm_get(vm);
	fd = anon_inode_getfd(name, &vcpu_fops, vcpu, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		vm_put(vm);
		goto out_free;
	}
	/* Pairs with the readers in vm_mark_dead() and vm_events(). */
	smp_store_release(&vm->vcpu[vcpu->index], vcpu);
	vm->vcpus++;
	mutex_unlock(&vm->lock);
	return fd;
out_free:
	mutex_unlock(&vm->lock);
	vcpu_free(vcpu);
	return fd;
}
