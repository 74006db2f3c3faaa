#!/bin/busybox sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash
# /job of the user-VM. With QEMU it sees the service-VM's root file system (9p, read only, cached) and finds its tools
# there, and /run/bench; with xl these are on a disk (vmm-xl.sh). Its kernel's word bench= says what to do: bench=listen,
# bench=fio,<fio.sh's words after the folders>, or bench=profile (QEMU only)
export PATH=/bin
set -e
read -r line < /proc/cmdline
words=''
for word in $line; do
	case $word in
	bench=*) words=$(echo "${word#bench=}" | tr , ' ') ;;
	esac
done

modprobe -q crc32c_generic || : # a part of crc32c in newer kernels
mkdir /tools
if [ -e /dev/xvdb ]; then
	disk=/dev/xvda
	mount -t ext4 -o ro /dev/xvdb /tools
	mount -t tmpfs out /tools/mnt/share/out
else
	disk=/dev/vda
	modprobe 9p
	mount -t 9p -o trans=virtio,version=9p2000.L,msize=131072,cache=loose,ro root /tools
	mount -t 9p -o trans=virtio,version=9p2000.L,msize=131072 bench /tools/mnt/share
fi
for folder in dev proc sys; do
	mount --bind /$folder /tools/$folder
done
mount -t tmpfs tmp /tools/tmp
run() {
	PATH=/usr/bin:/usr/sbin chroot /tools /bin/sh "$@"
}

# shellcheck disable=SC2086
set -- $words
case $1 in
listen)
	run /mnt/share/jobs/listen.sh
	;;
fio)
	shift
	mount -t ext4 $disk /tools/mnt/disk
	run /mnt/share/jobs/fio.sh /mnt/disk /mnt/share/out "$@"
	[ $disk != /dev/xvda ] || cp /tools/mnt/share/out/* /tools/mnt/disk
	umount /tools/mnt/disk
	;;
profile)
	mount -t ext4 $disk /tools/mnt/disk
	run /mnt/share/jobs/profile-guest.sh /mnt/disk /mnt/share/out
	;;
esac
