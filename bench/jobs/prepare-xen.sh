#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# In dom0, once, after prepare.sh: Xen's tools and what runs in dom0 for the sake of domUs.
set -eu

mkdir /run/xen-disk
mount -o ro LABEL=selkie-xen /run/xen-disk
# They get to where they look for each other, without covering anything.
cp -rsn /run/xen-disk/{etc,usr} /
PATH=$PATH:$(echo /usr/lib/xen-[0-9]*/bin)
ldconfig

modprobe -a xenfs xen-evtchn xen-gntdev xen-gntalloc xen-privcmd xen-blkback xen-netback loop
mount -t xenfs xenfs /proc/xen
mkdir -p /var/run/xen /var/lib/xen /var/log/xen/console
xenstored
xen-init-dom0
xenconsoled --log=guest
