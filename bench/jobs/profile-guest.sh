#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# In the user-VM: sync of scattered writes, between two marks for the plugin (bench/profile/plugin.c).
#
#   profile-guest.sh <folder on the disk, vda> <folder for the results>
set -eu

disk=$1 out=$2
common="--name=job --filename=$disk/file --size=64M"
counters() {
	cat /sys/block/vda/stat > "$out/$1.stat"
	grep "$(basename "$(readlink -f /sys/block/vda/device)")-req" /proc/interrupts > "$out/$1.interrupts"
}

cat /proc/kallsyms > "$out/guest.kallsyms"
cp "${0%/*}/mark" /tmp/mark
# Blocks, caches and programs are there before anything is counted.
# shellcheck disable=SC2086
fio $common --rw=write --bs=1m --end_fsync=1 > /dev/null
# shellcheck disable=SC2086
fio $common --rw=randwrite --bs=4k --end_fsync=1 --time_based --runtime=100ms > /dev/null
sync /tmp/mark
# Not so many that Linux starts to write them by itself. Some hit the same page, and neighbours become one request: about 2800.
# shellcheck disable=SC2086
fio $common --rw=randwrite --bs=4k --number_ios=4096 --norandommap > /dev/null
counters begin
sleep 1
/tmp/mark begin
sync "$disk/file"
/tmp/mark end
counters end
echo 'bench: counted'
# We are looked at from outside now, and then ended.
sleep 3600
