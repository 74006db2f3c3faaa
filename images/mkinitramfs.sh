#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# An initramfs out of the unpacked Debian packages: busybox, an init script, kernel modules with what they depend on.
#
#   mkinitramfs.sh <debian dir> <init script> <out.cpio> <module>...      (?<module>: where the kernel has it)
#
# In the image, /modules/order lists the modules in an order in which insmod works; with a module list of its own the
# init script can also use modprobe.
set -euo pipefail

debian=$1 init=$2 out=$3
shift 3
root=$debian/root
kver=$(cat "$debian/kernel-release")
work=$out.tree

rm -rf "$work"
mkdir -p "$work"/{bin,dev,proc,sys,root,tmp,etc,mnt,modules} "$work/lib/modules/$kver"
cp "$root/usr/bin/busybox" "$work/bin/busybox"
for applet in awk basename blkid cat chmod chroot cmp cp cttyhack cut date dd df dirname dmesg echo env expr false find \
	findfs free grep gunzip gzip halt head hexdump hostname httpd ifconfig insmod ip kill killall less ln ls lsmod mkdir \
	mknod mktemp modprobe more mount mountpoint mv nc od ping poweroff printf ps pwd readlink reboot reset rm rmdir \
	rmmod route sed seq setsid sh sha256sum sleep sort stat stty switch_root sync sysctl tail tar tee test time \
	timeout top touch tr true tty udhcpc umount uname uniq uptime vi wc wget which xargs yes; do
	ln -s busybox "$work/bin/$applet"
done
install -m 755 "$init" "$work/init"
echo root:x:0:0:root:/:/bin/sh > "$work/etc/passwd"

for module in "$@"; do
	case $module in
	\?*)
		module=${module#?}
		modprobe -d "$root" -S "$kver" --show-depends "$module" > /dev/null 2>&1 || continue
		;;
	esac
	# depmod's paths lead into the unpacked tree; in the image the modules keep their places.
	modprobe -d "$root" -S "$kver" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | sed 's,.*/lib/modules/,,' | awk '!seen[$0]++' > "$work/modules.list"
while read -r path; do
	install -D -m 644 "$root/usr/lib/modules/$path" "$work/lib/modules/$path"
	echo "/lib/modules/$path"
done < "$work/modules.list" > "$work/modules/order"
rm "$work/modules.list"
cp "$root/usr/lib/modules/$kver"/modules.{order,builtin,builtin.modinfo} "$work/lib/modules/$kver/"
depmod -b "$work" "$kver"
find "$work/lib/modules/$kver" -maxdepth 1 -name '*.bin' -delete

# Same files, same image: fixed times, names in order.
find "$work" -exec touch -h -d @0 {} +
(cd "$work" && find . | LC_ALL=C sort | cpio --quiet -H newc -R 0:0 --reproducible -o) > "$out.tmp"
mv "$out.tmp" "$out"
rm -rf "$work"
