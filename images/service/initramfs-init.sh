#!/bin/busybox sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# /init of the service-VM's initramfs: finds the root disk by its label and goes there.
export PATH=/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
while read -r module; do
	insmod "$module" || echo "initramfs: $module failed"
done < /modules/order
root=$(findfs LABEL=selkie-root)
if [ -n "$root" ] && mount -t ext4 -o rw,noatime "$root" /root; then
	umount /sys /proc
	mount --move /dev /root/dev
	exec switch_root /root /sbin/init
fi
echo 'initramfs: no disk carries the file system "selkie-root"; block devices:'
cat /proc/partitions
poweroff -f
