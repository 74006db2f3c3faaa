// SPDX-License-Identifier: GPL-2.0-only
/* selkie.ko: /dev/kvm of a service-VM. Module init and exit, system ioctls. */
#include <linux/miscdevice.h>

#include "selkie.h"
#include "transport.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static long main_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case KVM_GET_API_VERSION:
		return arg ? -EINVAL : KVM_API_VERSION;
	case KVM_CREATE_VM:
		return vm_create_fd(arg);
	case KVM_CHECK_EXTENSION:
		return vm_check_extension(arg);
	case KVM_GET_VCPU_MMAP_SIZE:
		return arg ? -EINVAL : PAGE_SIZE;
	default:
		return -EINVAL;
	}
}

#ifdef CONFIG_COMPAT
/* There is no 32-bit KVM on arm64. */
static long main_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return -EINVAL;
}

static int main_open(struct inode *inode, struct file *file)
{
	return is_compat_task() ? -ENODEV : 0;
}
#else
#define main_compat_ioctl NULL
#define main_open NULL
#endif

static const struct file_operations main_fops = {
	.owner = THIS_MODULE,
	.open = main_open,
	.unlocked_ioctl = main_ioctl,
	.compat_ioctl = main_compat_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice main_dev = {
	.minor = KVM_MINOR,
	.name = "kvm",
	.fops = &main_fops,
};

static int __init selkie_init(void)
{
	int ret;

	ret = transport_init();
	if (ret)
		return ret;
	regs_init();
	ret = irqfd_init();
	if (ret)
		goto out_transport;
	ret = power_init();
	if (ret)
		goto out_irqfd;
	debug_init();
	ret = misc_register(&main_dev);
	if (ret) {
		pr_err("/dev/kvm can not be registered: %d%s\n", ret,
		       ret == -EBUSY ? " (another KVM is there)" : "");
		goto out_debug;
	}
	pr_info("/dev/kvm: up to %u user-VMs on seL4, RAM in granules of %lu KiB\n",
		transport_max_vms(), transport_granule() >> 10);
	return 0;
out_debug:
	debug_exit();
	power_exit();
out_irqfd:
	irqfd_exit();
out_transport:
	transport_exit();
	return ret;
}

static void __exit selkie_exit(void)
{
	misc_deregister(&main_dev);
	debug_exit();
	power_exit();
	irqfd_exit();
	transport_exit();
}

module_init(selkie_init);
module_exit(selkie_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("The Selkie authors");
MODULE_DESCRIPTION("KVM on seL4 for service-VMs of Selkie");
MODULE_VERSION("0.1");
MODULE_ALIAS_MISCDEV(KVM_MINOR);
MODULE_ALIAS("devname:kvm");
