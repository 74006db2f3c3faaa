#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# In the service-VM: TCP between the peer and an iperf3 server at an address, both directions in turn.
#
#   tcp.sh <address> <folder for the results> <amount> <repetitions>
set -eu

address=$1 out=$2 amount=$3 repetitions=$4
"${0%/*}/counters.sh" "$out/tcp-start.counters"
for repetition in $(seq "$repetitions"); do
	for direction in to-peer from-peer; do
		words='-p 5201'
		[ $direction = from-peer ] || words='-p 5202 --reverse'
		result=$out/tcp-$direction-$repetition.json
		# shellcheck disable=SC2086
		ip netns exec peer iperf3 -c "$address" -n "$amount" -i 0.1 --json $words > "$result"
		"${0%/*}/counters.sh" "${result%.json}.counters"
		echo "tcp $direction $repetition"
	done
done
