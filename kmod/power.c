// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of this kernel, seen from user-VMs. They do not run under it and would outlive it: when another kernel takes over
 * the RAM (kexec), or an image of it comes back in a later boot (hibernation).
 */
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/suspend.h>

#include "selkie.h"
#include "transport.h"

/* Also called before kexec, with SYS_RESTART. Processes may still be in KVM_RUN. */
static int power_reboot(struct notifier_block *nb, unsigned long action, void *data)
{
	transport_close();
	return NOTIFY_DONE;
}

static int power_pm(struct notifier_block *nb, unsigned long action, void *data)
{
	if (action != PM_HIBERNATION_PREPARE && action != PM_RESTORE_PREPARE)
		return NOTIFY_DONE;
	pr_warn("no hibernation: user-VMs are not part of the image; it is possible without this module (modprobe -r selkie)\n");
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block power_reboot_nb = {
	.notifier_call = power_reboot,
};

static struct notifier_block power_pm_nb = {
	.notifier_call = power_pm,
};

int power_init(void)
{
	int ret;

	ret = register_reboot_notifier(&power_reboot_nb);
	if (ret)
		return ret;
	ret = register_pm_notifier(&power_pm_nb);
	if (ret)
		unregister_reboot_notifier(&power_reboot_nb);
	return ret;
}

void power_exit(void)
{
	unregister_pm_notifier(&power_pm_nb);
	unregister_reboot_notifier(&power_reboot_nb);
}
