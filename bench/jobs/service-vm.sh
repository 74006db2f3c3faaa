#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The same work without a user-VM: the service-VM itself over br0 and on its own disk.
#
#   service-vm.sh tcp <amount> <repetitions>
#   service-vm.sh fio <run time> <repetitions> <block size>...
set -eu

kind=$1
shift
jobs=/run/bench/jobs out=/run/bench/out
case $kind in
tcp)
	exec 3< <(exec setsid "$jobs/listen.sh")
	server=$!
	trap 'kill -- "-$server"' EXIT
	read -r _ <&3
	"$jobs/tcp.sh" 10.77.0.1 "$out" "$@"
	;;
fio)
	"$jobs/fio.sh" /mnt/disk "$out" "$@"
	;;
esac
