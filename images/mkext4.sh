#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A disk image with an ext4 file system out of a folder. Root owns everything, whoever builds; times and identifiers
# are fixed.
#
#   mkext4.sh <folder> <out.ext4> <label> <UUID> <size>
set -euo pipefail

tree=$1 out=$2 label=$3 uuid=$4 size=$5
fake=()
[ "$(id -u)" = 0 ] || fake=(fakeroot)
find "$tree" -newermt @1700000000 -exec touch -h -d @1700000000 {} +
rm -f "$out.tmp"
truncate -s "$size" "$out.tmp"
E2FSPROGS_FAKE_TIME=1700000000 "${fake[@]}" /sbin/mke2fs -q -t ext4 -L "$label" -U "$uuid" \
	-E hash_seed=5e1c1e00-0000-4000-8000-000000000002,lazy_itable_init=0,lazy_journal_init=0 \
	-m 0 -N 40000 -d "$tree" "$out.tmp"
mv "$out.tmp" "$out"
