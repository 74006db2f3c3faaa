/* SPDX-License-Identifier: GPL-2.0-only */
/* Differences between kernel versions, in one place. Debian 12's 6.1 is the version the module is tested with. */
#ifndef SELKIE_COMPAT_H
#define SELKIE_COMPAT_H

#include <linux/eventfd.h>
#include <linux/version.h>

static inline void compat_eventfd_signal(struct eventfd_ctx *ctx)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
	eventfd_signal(ctx, 1);
#else
	eventfd_signal(ctx);
#endif
}

#endif
