/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between kernel versions, in one place. Debian 12's 6.1 is the version the module is tested with. */
#ifndef SELKIE_COMPAT_H
#define SELKIE_COMPAT_H

#include <linux/eventfd.h>
#include <linux/kvm.h>
#include <linux/version.h>

static inline void compat_eventfd_signal(struct eventfd_ctx *ctx)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
	eventfd_signal(ctx, 1);
#else
	eventfd_signal(ctx);
#endif
}

/* User space may change it at any time. From 6.10 on the kernel's name of the field says so. */
static inline bool compat_immediate_exit(const struct kvm_run *run)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
	return READ_ONCE(run->immediate_exit);
#else
	return READ_ONCE(run->immediate_exit__unsafe);
#endif
}

#endif
