#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The service-VM's root disk: the unpacked Debian packages, what their maintainer scripts would have set up and we
# need, our init, and the files other folders add.
#
#   mkroot.sh <debian dir> <out.ext4> [<file>:<path in the image>]...
#
# A file ending in .ko goes to its place among the kernel's modules and into depmod's index.
set -euo pipefail

debian=$1 out=$2
shift 2
here=$(dirname "$0")
kver=$(cat "$debian/kernel-release")
tree=$out.tree
modules=$tree/usr/lib/modules/$kver

# Hard links: what is changed below is replaced, never written in place.
rm -rf "$tree"
cp -al "$debian/root" "$tree"
put() { # <mode> <path>, content from stdin
	mkdir -p "$tree/$(dirname "$2")"
	rm -f "$tree/$2"
	cat > "$tree/$2"
	chmod "$1" "$tree/$2"
}

# A service-VM has no graphics, sound, radio or PCI network card; nobody runs Perl or Python there.
rm -rf "$modules"/kernel/sound \
	"$modules"/kernel/drivers/{gpu,media,infiniband,staging,iio,hwmon,bluetooth,isdn,leds,scsi,usb,video} \
	"$modules"/kernel/drivers/net/{wireless,ethernet,can,phy,usb} \
	"$tree"/usr/lib/aarch64-linux-gnu/{perl,perl-base,gconv} "$tree"/usr/lib/aarch64-linux-gnu/libperl* \
	"$tree"/usr/bin/perl* "$tree"/usr/lib/{python3,python3.11} \
	"$tree"/usr/share/AAVMF/AAVMF_{CODE,VARS}.{ms,snakeoil}.fd "${tree:?}"/boot
mkdir -p "$tree"/{boot,mnt/share,mnt/disk,var/tmp,etc/selkie/rc.d}

# Maintainer scripts' part.
put 644 etc/passwd < <(sed 's,^\(root:\)\*\?:\(.*\):[^:]*$,\1:\2:/bin/bash,' "$debian/root/usr/share/base-passwd/passwd.master")
# Who runs user-VMs need not be root.
put 644 etc/group < <(cat "$debian/root/usr/share/base-passwd/group.master"; printf '%s\n' kvm:x:109:user user:x:1000:)
echo 'user:x:1000:1000::/home/user:/bin/bash' >> "$tree/etc/passwd"
put 644 etc/profile < "$debian/root/usr/share/base-files/profile"
put 644 root/.bashrc < "$debian/root/usr/share/base-files/dot.bashrc"
put 644 root/.profile < "$debian/root/usr/share/base-files/dot.profile"
put 644 etc/hostname <<< service-vm
put 644 etc/hosts <<< '127.0.0.1 localhost service-vm'
put 644 etc/resolv.conf <<< 'nameserver 10.0.2.3'
put 644 etc/nsswitch.conf <<< $'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files'
put 644 etc/fstab < /dev/null
put 644 etc/inputrc <<< 'set enable-bracketed-paste off'
put 644 etc/motd < "$here/motd"
# shellcheck disable=SC2016
put 644 etc/profile.d/motd.sh <<< 'case $(tty) in /dev/ttyAMA0) cat /etc/motd ;; esac'
ln -sfn /proc/self/mounts "$tree/etc/mtab"
link() { # <target> <name>, unless there is one
	[ -e "$tree/$2" ] || [ -L "$tree/$2" ] || ln -s "$1" "$tree/$2"
}
link dash usr/bin/sh
link gawk usr/bin/awk
for tool in iptables iptables-save iptables-restore; do
	link "${tool/iptables/iptables-nft}" "usr/sbin/$tool"
done
for applet in halt poweroff reboot; do
	link ../bin/busybox "usr/sbin/$applet"
done
for applet in bunzip2 clear devmem ed hexdump hostname httpd killall nc nslookup pidof ping reset resize telnet \
	time traceroute udhcpc unxz unzip uudecode vi wget which xxd; do
	link busybox "usr/bin/$applet"
done

# There is no udev, whose rules would do this.
# shellcheck disable=SC2016
put 644 etc/modprobe.d/selkie.conf <<< 'install selkie modprobe --ignore-install selkie $CMDLINE_OPTS && chgrp kvm /dev/kvm && chmod 660 /dev/kvm'

# Ours.
rm -f "$tree/usr/sbin/init"
for spec in "$@"; do
	file=${spec%%:*} path=${spec#*:}
	case $file in
	*.ko) path=usr/lib/modules/$kver/updates/$(basename "$file") ;;
	esac
	mkdir -p "$(dirname "$tree/$path")"
	rm -f "$tree/$path"
	cp "$file" "$tree/$path"
	chmod u+rw,go+r,go-w "$tree/$path"
done
depmod -b "$tree" "$kver"

"$here/../mkext4.sh" "$tree" "$out" selkie-root 5e1c1e00-0000-4000-8000-000000000001 1500M
rm -rf "$tree"
