// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work of the thread that Linux does on the way back to user space: task work, throttling, expired CPU timers. A thread can stay
 * in KVM_RUN for ever, so it is done there, as KVM does it, with KVM's function. That wants a kvm_vcpu, of which it uses `run` and
 * one counter.
 */
#include <linux/kvm_host.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#ifdef CONFIG_KVM_XFER_TO_GUEST_WORK
#include <linux/entry-kvm.h>
#endif

#include "selkie.h"

#ifdef CONFIG_KVM_XFER_TO_GUEST_WORK
bool userwork_pending(void)
{
	return signal_pending(current) || test_thread_flag(TIF_NOTIFY_RESUME);
}

int userwork_run(struct selkie_vcpu *vcpu)
{
	return xfer_to_guest_mode_handle_work(vcpu->work);
}

int userwork_init(struct selkie_vcpu *vcpu)
{
	vcpu->work = kvzalloc(sizeof(*vcpu->work), GFP_KERNEL_ACCOUNT);
	if (!vcpu->work)
		return -ENOMEM;
	vcpu->work->run = vcpu->run;
	return 0;
}

void userwork_exit(struct selkie_vcpu *vcpu)
{
	kvfree(vcpu->work);
}
#else
/* A kernel without KVM gives no module that function: signals only. */
bool userwork_pending(void)
{
	return signal_pending(current);
}

int userwork_run(struct selkie_vcpu *vcpu)
{
	cond_resched();
	return signal_pending(current) ? -EINTR : 0;
}

int userwork_init(struct selkie_vcpu *vcpu)
{
	return 0;
}

void userwork_exit(struct selkie_vcpu *vcpu)
{
}
#endif
