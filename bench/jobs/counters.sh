#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# In the service-VM: what Selkie or KVM counted so far for the running user-VM, and how the processor's time was spent.
#
#   counters.sh <file>
cd /sys/kernel/debug || exit
{
	cat /proc/uptime
	head -n 1 /proc/stat
	# Without a user-VM some of it does not exist.
	grep -rs --exclude=vgic-state . selkie/service selkie/*/ kvm/*-* || :
} > "$1"
