#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# In the service-VM: a user-VM on unmodified QEMU, and what is measured with it.
#
#   user-vm.sh <vhost: on or off> tcp <amount> <repetitions>
#   user-vm.sh <vhost: on or off> fio <run time> <repetitions> <block size>...
#   user-vm.sh <vhost: on or off> boot <repetitions>
set -eu

vhost=$1 kind=$2
shift 2
jobs=/run/bench/jobs out=/run/bench/out
guest=/usr/share/selkie/guest
work=$(mktemp -d /tmp/bench.XXXXXX)
qemu=''
cleanup() {
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true
	rm -rf "$work" /mnt/disk/guest.img
}
trap cleanup EXIT

mkdir "$work/add"
mkfifo "$work/console"
truncate -s 100M /mnt/disk/guest.img
mke2fs -q -t ext4 -F /mnt/disk/guest.img
sync

# Starts the user-VM; its console can be read from descriptor 3.
start() { # <initrd> <words of its kernel>
	local words
	# shellcheck disable=SC2054 # QEMU's words have commas
	words=(qemu-system-aarch64 -accel kvm -cpu host -M virt,gic-version=2 -m 256 -smp 1 -nodefaults -display none
		-serial stdio -monitor none -no-reboot -kernel "$guest/Image" -initrd "$1"
		-append "console=ttyAMA0 quiet panic=-1 user.ip=10.77.0.3/24 $2"
		-drive if=none,id=disk,file=/mnt/disk/guest.img,format=raw -device virtio-blk-pci,drive=disk
		-netdev "tap,id=net,ifname=tap0,script=no,downscript=no,vhost=$vhost"
		-device virtio-net-pci,netdev=net,mac=52:54:00:77:00:03)
	# shellcheck disable=SC2054
	[ "$kind" = boot ] || words+=(
		-fsdev local,id=root,path=/run/bench/root,security_model=none,readonly=on -device virtio-9p-pci,fsdev=root,mount_tag=root
		-fsdev local,id=bench,path=/run/bench,security_model=none -device virtio-9p-pci,fsdev=bench,mount_tag=bench)
	echo "${words[*]}" > "$out/command"
	"${words[@]}" > "$work/console" 2>&1 < /dev/null &
	qemu=$!
	exec 3< "$work/console"
}

# Reads its console up to a line with a text.
wait_for() {
	local line
	while read -r line <&3; do
		case $line in
		*"$1"*) return ;;
		esac
		echo "${line%$'\r'}"
	done
	echo "the user-VM ended before it said '$1'" >&2
	exit 1
}

stop() {
	kill "$qemu"
	wait "$qemu" || true
	qemu=''
	exec 3<&-
}

if [ "$kind" = boot ]; then
	# The first one finds cold caches and does not count.
	for repetition in $(seq 0 "$1"); do
		begin=$EPOCHREALTIME
		start "$guest/initramfs.cpio" ''
		wait_for 'user-vm: Linux'
		end=$EPOCHREALTIME
		stop
		echo "boot $repetition"
		[ "$repetition" = 0 ] || echo "{\"seconds\": $(echo "$begin $end" | awk '{ printf "%.6f", $2 - $1 }')}" > "$out/boot-$repetition.json"
	done
	exit
fi

cp "$jobs/guest.sh" "$work/add/job"
chmod +x "$work/add/job"
(cd "$work/add" && echo job | busybox cpio -o -H newc 2>/dev/null) > "$work/add.cpio"
cat "$guest/initramfs.cpio" "$work/add.cpio" > "$work/initrd"
case $kind in
tcp)
	start "$work/initrd" bench=listen
	wait_for 'bench: listening'
	"$jobs/tcp.sh" 10.77.0.3 "$out" "$@"
	stop
	;;
fio)
	options=$(IFS=,; echo "$*")
	start "$work/initrd" "bench=fio,$options"
	wait_for 'user-vm: job ended with status 0'
	wait "$qemu"
	qemu=''
	;;
esac
