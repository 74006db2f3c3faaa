// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics: /sys/kernel/debug/selkie. What each word means exactly: docs/observability.md.
 *
 *	counters		root's books (struct ctl_counters)
 *	log			root's log; reading takes the text away
 *	crash			write a user-VM's number or "self": its VMM faults; with "stop " or "go " before it the VMM
 *				stands still, or goes on (system descriptions with test-hooks)
 *	service			this service-VM
 *	vm<n>/vm		who made it; doorbells, interrupts; root's books of it
 *	vm<n>/memory		page-in and invalidation
 *	vm<n>/vcpu<m>		exits by kind, counted here and in the VMM; times
 *
 * A line is a name and a number; only `comm` is text.
 */
#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/seq_file.h>
#include <linux/string_helpers.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <clocksource/arm_arch_timer.h>

#include "selkie.h"
#include "transport.h"

#define DEBUG_TRIES 100

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
	enum ctl_test what = CTL_TEST_CRASH;
	char text[16] = "", *name = text;
	u64 vm;
	int ret;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, size))
		return -EFAULT;
	if (str_has_prefix(text, "stop ")) {
		what = CTL_TEST_STOP;
		name += strlen("stop ");
	} else if (str_has_prefix(text, "go ")) {
		what = CTL_TEST_GO_ON;
		name += strlen("go ");
	}
	if (sysfs_streq(name, "self"))
		vm = CTL_SELF;
	else if (kstrtou64(strim(name), 0, &vm))
		return -EINVAL;
	ret = transport_test(vm, what);
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

static u64 debug_ns(u64 ticks)
{
	return mul_u64_u64_div_u64(ticks, NSEC_PER_SEC, arch_timer_get_cntfrq());
}

/*
 * A sum of intervals in CNTPCT ticks, from the beginning of the last one of which is subtracted while it lasts. The count is
 * taken between two equal looks, so it is of the same interval; but who writes the word may be hostile.
 */
static u64 debug_interval_ns(const u64 *word)
{
	unsigned int tries = 0;
	u64 sum, now;

	do {
		sum = READ_ONCE(*word);
		now = regs_count();
	} while (READ_ONCE(*word) != sum && ++tries < DEBUG_TRIES);
	return debug_ns((s64)sum < 0 ? sum + now : sum);
}

static int service_show(struct seq_file *seq, void *data)
{
	struct ctl_vm_stats stats;
	unsigned int i;
	int ret;

	ret = transport_vm_stats(CTL_SELF, &stats);
	if (ret)
		return ret;
	seq_printf(seq, "uptime_ns %llu\n", ktime_get_boottime_ns());
	seq_printf(seq, "doorbells_taken %llu\n", transport_doorbells());
	seq_printf(seq, "objects %llu\n", stats.objects);
	seq_printf(seq, "bytes %llu\n", stats.bytes);
	seq_printf(seq, "vmm_ns %llu\n", stats.vmm_us * NSEC_PER_USEC);
	for (i = 0; i < min_t(unsigned int, num_possible_cpus(), WIRE_MAX_VCPUS); i++)
		seq_printf(seq, "vcpu%u_ns %llu\n", i, stats.vcpu_us[i] * NSEC_PER_USEC);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(service);

static int vm_show(struct seq_file *seq, void *data)
{
	struct selkie_vm *vm = seq->private;
	struct uvm_vm_stats vmm = vm->shared->stats;
	const struct vm_stats *own = &vm->stats;
	struct ctl_vm_stats root;
	int ret;

	ret = transport_vm_stats(vm->id, &root);
	if (ret)
		return ret;
	seq_printf(seq, "pid %d\n", vm->pid);
	seq_puts(seq, "comm ");
	/* A process chooses its name: nothing in it may look like another line, or command a terminal. */
	seq_escape_str(seq, vm->comm, ESCAPE_ANY | ESCAPE_NAP | ESCAPE_APPEND, "\\");
	seq_putc(seq, '\n');
	seq_printf(seq, "vcpus %u\n", vm->vcpus);
	seq_printf(seq, "created_ns %llu\n", vm->created);
	seq_printf(seq, "uptime_ns %llu\n", ktime_get_boottime_ns() - vm->created);
	seq_printf(seq, "vmm_ns %llu\n", root.vmm_us * NSEC_PER_USEC);
	seq_printf(seq, "objects %llu\n", root.objects);
	seq_printf(seq, "bytes %llu\n", root.bytes);
	seq_printf(seq, "frames_shared %llu\n", root.frames_shared);
	seq_printf(seq, "doorbells_rung %llu\n", atomic64_read(&own->doorbells_rung));
	seq_printf(seq, "doorbells_merged %llu\n", atomic64_read(&own->doorbells_merged));
	seq_printf(seq, "doorbells_taken %llu\n", atomic64_read(&own->doorbells_taken));
	seq_printf(seq, "events_taken %llu\n", atomic64_read(&own->events_taken));
	seq_printf(seq, "vmm_doorbells_rung %llu\n", vmm.doorbells_rung);
	seq_printf(seq, "vmm_doorbells_taken %llu\n", vmm.doorbells_taken);
	seq_printf(seq, "ioeventfds %llu\n", own->ioeventfds);
	seq_printf(seq, "irqfds %llu\n", atomic64_read(&own->irqfds));
	seq_printf(seq, "irq_lines %llu\n", atomic64_read(&own->irq_lines));
	seq_printf(seq, "resamples %llu\n", own->resamples);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vm);

/* Written by the VMM in the slot. Kinds of exits have the names of KVM's where it has them. */
static void vcpu_show_vmm(struct seq_file *seq, const struct uvm_vcpu_stats *vmm)
{
	seq_printf(seq, "exits %llu\n", vmm->exits);
	seq_printf(seq, "wfi_exit_stat %llu\n", vmm->wfi);
	seq_printf(seq, "wfe_exit_stat %llu\n", vmm->wfe);
	seq_printf(seq, "hvc_exit_stat %llu\n", vmm->hypercall);
	seq_printf(seq, "gic_exit_stat %llu\n", vmm->gic);
	seq_printf(seq, "ioeventfd_exit_stat %llu\n", vmm->ioevent);
	seq_printf(seq, "abort_exit_stat %llu\n", vmm->abort);
	seq_printf(seq, "maintenance_exit_stat %llu\n", vmm->maintenance);
	seq_printf(seq, "vtimer_exit_stat %llu\n", vmm->vtimer);
	seq_printf(seq, "other_exit_stat %llu\n", vmm->other);
	seq_printf(seq, "guest_errors %llu\n", vmm->guest_error);
	seq_printf(seq, "injected %llu\n", vmm->injected);
	seq_printf(seq, "vmm_kicked %llu\n", vmm->kicked);
}

/* Changed by the vCPU's thread only. */
static void vcpu_show_module(struct seq_file *seq, const struct vcpu_stats *own)
{
	u64 exits = 0;
	unsigned int i;

	for (i = 0; i < VCPU_EXITS; i++)
		exits += READ_ONCE(own->exits[i]);
	seq_printf(seq, "runs %llu\n", own->runs);
	seq_printf(seq, "run_exits %llu\n", exits);
	seq_printf(seq, "run_exits_intr %llu\n", own->exits[UVM_EXIT_INTR]);
	seq_printf(seq, "run_exits_abort %llu\n", own->exits[UVM_EXIT_ABORT]);
	seq_printf(seq, "run_exits_system %llu\n", own->exits[UVM_EXIT_SYSTEM]);
	seq_printf(seq, "run_exits_fail %llu\n",
		   own->exits[UVM_EXIT_FAIL] + own->exits[UVM_EXIT_NONE]);
	seq_printf(seq, "page_ins %llu\n", own->page_ins);
	seq_printf(seq, "table_walks %llu\n", own->walks);
	seq_printf(seq, "mmio_exit_user %llu\n", own->mmio);
	seq_printf(seq, "ioevents_beyond_table %llu\n", own->ioevents);
	seq_printf(seq, "aborts_injected %llu\n", own->aborts_injected);
	seq_printf(seq, "signal_exits %llu\n", own->intr);
	seq_printf(seq, "kicks %llu\n", own->kicks);
	seq_printf(seq, "syncs %llu\n", own->syncs);
	seq_printf(seq, "run_ns %llu\n", debug_interval_ns(&own->time[VCPU_IN_RUN]));
	seq_printf(seq, "kernel_ns %llu\n", debug_interval_ns(&own->time[VCPU_IN_KERNEL]));
	seq_printf(seq, "user_ns %llu\n", debug_interval_ns(&own->time[VCPU_IN_USER]));
}

static int vcpu_show(struct seq_file *seq, void *data)
{
	struct selkie_vcpu *vcpu = seq->private;
	struct uvm_vcpu_stats vmm;
	struct ctl_vm_stats root;
	int ret;

	ret = transport_vm_stats(vcpu->vm->id, &root);
	if (ret)
		return ret;
	vmm = vcpu->slot->stats;
	vcpu_show_vmm(seq, &vmm);
	vcpu_show_module(seq, &vcpu->stats);
	seq_printf(seq, "guest_ns %llu\n", root.vcpu_us[vcpu->index] * NSEC_PER_USEC);
	seq_printf(seq, "halt_wait_ns %llu\n", debug_interval_ns(&vcpu->slot->stats.halt));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vcpu);

void debug_init(void)
{
	debug_root = debugfs_create_dir("selkie", NULL);
	debugfs_create_file("counters", 0400, debug_root, NULL, &counters_fops);
	debugfs_create_file("log", 0400, debug_root, NULL, &log_fops);
	debugfs_create_file("service", 0400, debug_root, NULL, &service_fops);
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
	debugfs_create_file("vm", 0400, vm->debugfs, vm, &vm_fops);
	debugfs_create_file("memory", 0400, vm->debugfs, vm, &memory_fops);
	for (i = 0; i < SELKIE_MAX_VCPUS; i++) {
		if (!vm->vcpu[i])
			continue;
		snprintf(name, sizeof(name), "vcpu%u", vm->vcpu[i]->id);
		debugfs_create_file(name, 0400, vm->debugfs, vm->vcpu[i], &vcpu_fops);
	}
}

/* Waits for readers. */
void debug_vm_remove(struct selkie_vm *vm)
{
	debugfs_remove_recursive(vm->debugfs);
}
