#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# In the service-VM: a user-VM, and what is measured with it.
#
#   user-vm.sh <what runs it> tcp <amount> <repetitions>
#   user-vm.sh <what runs it> fio <run time> <repetitions> <block size>...
#   user-vm.sh <what runs it> boot <repetitions>
#   user-vm.sh qemu profile                 with jobs/mark, on a board that counts (bench/profile.py)
#
# <what runs it> is qemu, qemu-vhost or xl. Everything that depends on it is in vmm-qemu.sh and vmm-xl.sh:
#
#   vm_prepare                              once, before the first start
#   vm_start <initrd> <words of its kernel> starts it; its console can be read from descriptor 3
#   vm_wait                                 until it has powered off
#   vm_stop                                 ends it at once
#   vm_results                              after it has ended: what it has left for us is in $out
#   vm_clean                                whatever has happened before
#   vm_pages                                QEMU only: where its RAM is, as a part of /proc/<pid>/pagemap
set -eu

vmm=$1 kind=$2
shift 2
jobs=/run/bench/jobs out=/run/bench/out
guest=/usr/share/selkie/guest
disk=/mnt/disk/guest.img
work=$(mktemp -d /tmp/bench.XXXXXX)
# shellcheck source=/dev/null
. "$jobs/vmm-${vmm%-vhost}.sh"
cleanup() {
	vm_clean
	rm -rf "$work" "$disk"
}
trap cleanup EXIT

mkdir "$work/add"
mkfifo "$work/console"
truncate -s 100M "$disk"
mke2fs -q -t ext4 -F "$disk"
vm_prepare
sync

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

if [ "$kind" = boot ]; then
	# The first one finds cold caches and does not count.
	for repetition in $(seq 0 "$1"); do
		begin=$EPOCHREALTIME
		vm_start "$guest/initramfs.cpio" ''
		wait_for 'user-vm: Linux'
		end=$EPOCHREALTIME
		vm_stop
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
	vm_start "$work/initrd" bench=listen
	wait_for 'bench: listening'
	"$jobs/tcp.sh" 10.77.0.3 "$out" "$@"
	vm_stop
	;;
fio)
	options=$(IFS=,; echo "$*")
	vm_start "$work/initrd" "bench=fio,$options"
	wait_for 'user-vm: job ended with status 0'
	vm_wait
	vm_results
	;;
profile)
	vm_start "$work/initrd" bench=profile
	wait_for 'bench: counted'
	vm_pages > "$out/pagemap"
	cp /proc/iomem /proc/kallsyms "$out"
	vm_stop
	;;
esac
