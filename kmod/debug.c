// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics: /sys/kernel/debug/selkie
 *
 *	counters		root's books (struct ctl_counters)
 *	log			root's log; reading takes the text away
 *	crash			write a user-VM's number or "self": its VMM faults (system descriptions with test-hooks)
 *	vm<n>/memory		page-in and invalidation
 *	vm<n>/vcpu<m>		exits by kind, counted here and in the VMM
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "selkie.h"
#include "transport.h"

static struct dentry *debug_root;

static int counters_show(struct seq_file *seq, void *data)
{
	struct ctl_counters c;
	int ret;

	ret = transport_counters(&c);
	if (ret)
		return ret;
	seq_printf(seq, "untyped_free %llu\n", c.untyped_free);
	seq_printf(seq, "untyped_total %llu\n", c.untyped_total);
	seq_printf(seq, "objects %llu\n", c.objects);
	seq_printf(seq, "slots_used %llu\n", c.slots_used);
	seq_printf(seq, "asids_used %llu\n", c.asids_used);
	seq_printf(seq, "vms %llu\n", c.vms);
	seq_printf(seq, "quota_free %llu\n", c.quota_free);
	seq_printf(seq, "frames_shared %llu\n", c.frames_shared);
	seq_printf(seq, "restarts %llu\n", c.restarts);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static ssize_t log_read(struct file *file, char __user *buf, size_t size, loff_t *pos)
{
	ssize_t got;
	char *text;

	text = kmalloc(CTL_TEXT_SIZE, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	got = transport_log_read(text, min_t(size_t, size, CTL_TEXT_SIZE));
	if (got > 0 && copy_to_user(buf, text, got))
		got = -EFAULT;
	kfree(text);
	return got;
}

static const struct file_operations log_fops = {
	.owner = THIS_MODULE,
	.read = log_read,
	.llseek = noop_llseek,
};

static ssize_t crash_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	char text[8] = "";
	u64 vm;
	int ret;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, size))
		return -EFAULT;
	if (sysfs_streq(text, "self"))
		vm = CTL_SELF;
	else if (kstrtou64(strim(text), 0, &vm))
		return -EINVAL;
	ret = transport_test_crash(vm);
	return ret ? ret : size;
}

static const struct file_operations crash_fops = {
	.owner = THIS_MODULE,
	.write = crash_write,
	.llseek = noop_llseek,
};

static int memory_show(struct seq_file *seq, void *data)
{
	struct selkie_vm *vm = seq->private;
	struct mem_stats stats;

	mutex_lock(&vm->mmu_lock);
	stats = vm->mem_stats;
	mutex_unlock(&vm->mmu_lock);
	seq_printf(seq, "faults %llu\n", stats.faults);
	seq_printf(seq, "pages %llu\n", stats.pages);
	seq_printf(seq, "retries %llu\n", stats.retries);
	seq_printf(seq, "invalidations %llu\n", stats.invalidations);
	seq_printf(seq, "walks %llu\n", stats.walks);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(memory);

/* The module's own counters change only in the vCPU's thread; a torn sum is nobody's problem here. */
static int vcpu_show(struct seq_file *seq, void *data)
{
	struct selkie_vcpu *vcpu = seq->private;
	const struct vcpu_stats *own = &vcpu->stats;
	struct uvm_vcpu_stats vmm = vcpu->slot->stats;

	seq_printf(seq, "runs %llu\n", own->runs);
	seq_printf(seq, "exits %llu\n", own->exits);
	seq_printf(seq, "mmio %llu\n", own->mmio);
	seq_printf(seq, "ioevents_beyond_table %llu\n", own->ioevents);
	seq_printf(seq, "intr %llu\n", own->intr);
	seq_printf(seq, "kicks %llu\n", own->kicks);
	seq_printf(seq, "syncs %llu\n", own->syncs);
	seq_printf(seq, "aborts_injected %llu\n", own->aborts_injected);
	seq_printf(seq, "vmm_exits %llu\n", vmm.exits);
	seq_printf(seq, "vmm_wfi %llu\n", vmm.wfi);
	seq_printf(seq, "vmm_hypercall %llu\n", vmm.hypercall);
	seq_printf(seq, "vmm_gic %llu\n", vmm.gic);
	seq_printf(seq, "vmm_ioevent %llu\n", vmm.ioevent);
	seq_printf(seq, "vmm_abort %llu\n", vmm.abort);
	seq_printf(seq, "vmm_maintenance %llu\n", vmm.maintenance);
	seq_printf(seq, "vmm_vtimer %llu\n", vmm.vtimer);
	seq_printf(seq, "vmm_injected %llu\n", vmm.injected);
	seq_printf(seq, "vmm_kicked %llu\n", vmm.kicked);
	seq_printf(seq, "vmm_guest_error %llu\n", vmm.guest_error);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vcpu);

void debug_init(void)
{
	debug_root = debugfs_create_dir("selkie", NULL);
	debugfs_create_file("counters", 0400, debug_root, NULL, &counters_fops);
	debugfs_create_file("log", 0400, debug_root, NULL, &log_fops);
	debugfs_create_file("crash", 0200, debug_root, NULL, &crash_fops);
}

void debug_exit(void)
{
	debugfs_remove_recursive(debug_root);
}

void debug_vm_add(struct selkie_vm *vm)
{
	char name[16];
	unsigned int i;

	snprintf(name, sizeof(name), "vm%u", vm->id);
	vm->debugfs = debugfs_create_dir(name, debug_root);
	debugfs_create_file("memory", 0400, vm->debugfs, vm, &memory_fops);
	for (i = 0; i < SELKIE_MAX_VCPUS; i++) {
		if (!vm->vcpu[i])
			continue;
		snprintf(name, sizeof(name), "vcpu%u", i);
		debugfs_create_file(name, 0400, vm->debugfs, vm->vcpu[i], &vcpu_fops);
	}
}

/* Waits for readers. */
void debug_vm_remove(struct selkie_vm *vm)
{
	debugfs_remove_recursive(vm->debugfs);
}
