#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# In the service-VM, once: a data disk in RAM, a bridge, a peer behind it. Nothing here or later waits for a device
# outside of the board, whose time would count.
#
#   peer (network namespace, 10.77.0.2) -- veth -- br0 (the service-VM, 10.77.0.1) -- tap0 -- user-VM (10.77.0.3)
#   /mnt/disk: ext4 on a RAM disk; the user-VM's disk is a file there
set -eu

DISK_KIB=131072

modprobe brd rd_nr=1 rd_size=$DISK_KIB
mke2fs -q -t ext4 -F /dev/ram0
mount /dev/ram0 /mnt/disk

ip link add br0 type bridge
ip address add 10.77.0.1/24 dev br0
ip link set br0 up
ip netns add peer
ip link add veth0 type veth peer name eth0 netns peer
ip link set veth0 master br0 up
ip -n peer address add 10.77.0.2/24 dev eth0
ip -n peer link set eth0 up
ip tuntap add tap0 mode tap vnet_hdr
ip link set tap0 master br0 up

# The root file system without what is mounted in it, for the user-VM.
mkdir -p /run/bench/root /run/bench/out
mount --bind / /run/bench/root

# What is run later comes out of the page cache.
for program in fio iperf3 qemu-system-aarch64; do
	program=$(command -v $program)
	ldd "$program" | awk '/=> \// { print $3 }' | xargs cat "$program" > /dev/null
done
cat /usr/share/selkie/guest/* > /dev/null
