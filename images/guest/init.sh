#!/bin/busybox sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# /init of the user-VM's initramfs: drivers for what is there, network, then /job (a second cpio can bring one) or a
# shell. Power off or reboot end it.
export PATH=/bin HOME=/ TERM=vt220
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts
mount -t devpts pts /dev/pts
mount -t tmpfs tmp /tmp
hostname user-vm

# Buses first; what they find names the drivers to load.
modprobe virtio_mmio
modprobe virtio_pci
for alias in /sys/bus/*/devices/*/modalias; do
	read -r name < "$alias"
	modprobe "$name" 2>/dev/null
done
modprobe ext4 2>/dev/null

ip link set lo up
if [ -e /sys/class/net/eth0 ]; then
	ip link set eth0 up
	read -r line < /proc/cmdline
	address='' gateway=''
	for word in $line; do
		case $word in
		user.ip=*) address=${word#user.ip=} ;;
		user.gw=*) gateway=${word#user.gw=} ;;
		esac
	done
	# Without user.ip=, the addresses of QEMU's user-mode network.
	ip address add "${address:-10.0.2.15/24}" dev eth0
	[ -n "$address" ] || gateway=${gateway:-10.0.2.2}
	[ -z "$gateway" ] || ip route add default via "$gateway"
fi

if [ -x /job ]; then
	/job
	echo "user-vm: job ended with status $?"
	poweroff -f
fi
echo "user-vm: $(uname -srm), up in $(cut -d' ' -f1 /proc/uptime) s"
while :; do
	setsid cttyhack sh -l
done
