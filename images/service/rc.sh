#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# /usr/lib/selkie/rc of the service-VM: file systems, devices, network, share. Nothing here waits for time to pass.

mount -t proc -o nosuid,noexec,nodev proc /proc
mount -t sysfs -o nosuid,noexec,nodev sys /sys
mountpoint -q /dev || mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 pts /dev/pts
mount -t tmpfs -o nosuid,nodev,mode=1777 shm /dev/shm
mount -t tmpfs -o nosuid,nodev,mode=755 run /run
mount -t tmpfs -o nosuid,nodev tmp /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t debugfs -o mode=700 debugfs /sys/kernel/debug
mount -t tracefs -o mode=700 tracefs /sys/kernel/tracing
mkdir -p /dev/hugepages
mount -t hugetlbfs hugetlbfs /dev/hugepages
ln -sfn /proc/self/fd /dev/fd
ln -sfn fd/0 /dev/stdin
ln -sfn fd/1 /dev/stdout
ln -sfn fd/2 /dev/stderr
mkdir -p /run/lock /home/user
chown user:user /home/user

# Without a clock on the board, time begins where the root file system was made.
[ "$(date +%s)" -ge "$(stat -c %Y /etc/hostname)" ] || date -s "@$(stat -c %Y /etc/hostname)" > /dev/null

read -r name < /etc/hostname
echo "$name" > /proc/sys/kernel/hostname

# Drivers for what is there; probing is over when modprobe returns.
cat /sys/bus/virtio/devices/*/modalias /sys/bus/platform/devices/*/modalias 2>/dev/null | sort -u |
	xargs -r modprobe -abq
modprobe -abq tun vhost_net vhost_vsock bridge

ip link set lo up
for net in /sys/class/net/e*; do
	[ -e "$net" ] || continue
	ip address add 10.0.2.15/24 dev "${net##*/}"
	ip link set "${net##*/}" up
	ip route add default via 10.0.2.2
	break
done

# The folder of the build machine (make run SHARE=dir).
for tag in /sys/bus/virtio/drivers/9pnet_virtio/virtio*/mount_tag; do
	[ -e "$tag" ] || continue
	if [ "$(tr -d '\0' < "$tag")" = share ]; then
		modprobe -q 9p
		mount -t 9p -o trans=virtio,version=9p2000.L,msize=131072 share /mnt/share
	fi
done

for hook in /etc/selkie/rc.d/*; do
	# shellcheck source=/dev/null
	[ -e "$hook" ] && . "$hook"
done
:
