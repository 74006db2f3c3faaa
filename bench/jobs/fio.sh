#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Random writes as the paper made them, at several block sizes; runs in the service-VM and in the user-VM.
#
#   fio.sh <folder on the disk> <folder for the results> <run time> <repetitions> <block size>...
set -eu

disk=$1 out=$2 runtime=$3 repetitions=$4
shift 4
common="--name=job --filename=$disk/file --size=64M --ioengine=posixaio --iodepth=1 --numjobs=1 --end_fsync=1"
# Blocks and caches are there before anything is measured.
# shellcheck disable=SC2086
fio $common --rw=write --bs=1m > /dev/null
for repetition in $(seq "$repetitions"); do
	for size in "$@"; do
		# shellcheck disable=SC2086
		fio $common --rw=randwrite --bs="$size" --time_based --runtime="$runtime" --output-format=json \
			--output="$out/fio-$size-$repetition.json"
		echo "fio $size $repetition"
	done
done
rm "$disk/file"
