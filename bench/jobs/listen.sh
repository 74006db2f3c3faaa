#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Where the measured end of TCP is: an iperf3 server for each direction, so that none is asked while it still ends its
# last test. Says once on stdout when both listen.
{
	iperf3 -s -p 5201 --forceflush &
	iperf3 -s -p 5202 --forceflush
} 2>&1 | {
	listening=0
	while [ $listening -lt 2 ] && read -r line; do
		case $line in
		"Server listening"*) listening=$((listening + 1)) ;;
		esac
	done
	echo "bench: listening"
	exec cat > /dev/null
}
