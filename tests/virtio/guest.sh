#!/bin/busybox sh
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=dash disable=SC2317
# /job of a user-VM of tests/system/test_virtio.py: runs the rows in /rows one after the other and says how each ended.
# Commands for the service-VM go through the virtio-serial port "host" (host.sh answers them).
#
# A row is shell text that ends with status 0 when its device did its work. It finds here: /data (DATA bytes, not the same
# twice), /small (the first SMALL of them), /tmp and the functions below.
export PATH=/bin DATA=1048576 SMALL=65536

# host <command>: its output, its status
host() {
	number=$(($(cat /tmp/number) + 1))
	echo "$number" > /tmp/number
	echo "$number $*" >&3
	# An answer to a row that was given up may still come.
	until read -r answered status text <&3 && [ "$answered" = "$number" ]; do
		:
	done
	[ -z "$text" ] || echo "$text"
	return "$status"
}

# wait_for <command>...: until it succeeds, for what the guest's kernel does on its own
wait_for() {
	tries=500
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		usleep 100000
	done
}

same() { # <what> <one> <other>
	[ -n "$2" ] && [ "$2" = "$3" ] && return
	echo "$1: '$2' is not '$3'"
	exit 1
}

sum() { # of stdin
	sha256sum | cut -d' ' -f1
}

port_dev() { # <name>: the virtio-serial port
	grep -lx "$1" /sys/class/virtio-ports/*/name 2>/dev/null | sed 's,.*/\(vport[^/]*\)/name,/dev/\1,' | grep .
}

disk() { # <serial>: the virtio-blk disk
	grep -lx "$1" /sys/block/vd*/serial | cut -d/ -f4 | sed 's,^,/dev/,' | grep .
}

nic() { # <last byte of its MAC address> <address>: brings the network card up
	name=$(grep -lx "52:54:00:aa:00:$1" /sys/class/net/*/address | cut -d/ -f5)
	ip address flush dev "$name"
	ip address add "$2" dev "$name"
	ip link set "$name" up
}

# written <disk> <command that prints, in the service-VM, what is on it>: writes /data, reads it back from both sides
written() {
	dd if=/data of="$1" bs=1M oflag=direct conv=fsync 2>/dev/null
	same 'read in the user-VM' "$(dd if="$1" bs=1M count=1 iflag=direct 2>/dev/null | sum)" "$(sum < /data)"
	same 'read in the service-VM' "$(host "$2 | sum")" "$(sum < /data)"
}

# transferred <server>: a file comes over the network, /data goes
transferred() {
	wget -q -O /tmp/file "http://$1:8099/file"
	same fetched "$(sum < /tmp/file)" "$(host 'sum < www/file')"
	rm /tmp/file
	{
		printf 'POST /cgi-bin/sum HTTP/1.0\r\nContent-Length: %d\r\n\r\n' "$DATA"
		cat /data
	} | nc "$1" 8099 > /tmp/reply
	same sent "$(tail -n 1 /tmp/reply)" "$(sum < /data)"
}

# shared <mount point> <folder in the service-VM>: files of each side are read by the other
shared() {
	same 'file of the service-VM' "$(sum < "$1/theirs")" "$(host 'sum < www/file')"
	cp /data "$1/ours"
	mkdir "$1/dir"
	mv "$1/ours" "$1/dir/ours"
	sync
	umount "$1"
	same 'file of the user-VM' "$(host "sum < $2/dir/ours")" "$(sum < /data)"
}

# answered <bytes>: what came to fd 4 is the sum of that many of /small, then the service-VM's own
answered() {
	read -r got <&4
	same sent "$got" "$(head -c "$1" /small | sum)"
	same received "$(head -c "$1" <&4 | sum)" "$(host "head -c $1 small | sum")"
}

input_dev() { # <name>
	grep -lx "$1" /sys/class/input/event*/device/name | cut -d/ -f5 | sed 's,^,/dev/input/,' | grep .
}

memory() { # KiB
	awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo
}

movable_free() { # pages: where virtio-mem's memory goes
	awk '/zone +Movable/ { found = 1 } found && /pages free/ { print $3; exit }' /proc/zoneinfo
}

# few_exits <transport> <packets or requests> <returns of KVM_RUN> <kicks> <irqfd>: the last three as host spent says them.
# The data goes by ioeventfd and irqfd. Over virtio-mmio QEMU has no irqfd, and the guest acknowledges interrupts by exits.
few_exits() {
	echo "$2 packets or requests, $3 returns of KVM_RUN, $4 kicks by ioeventfd, $5 irqfd"
	host test -d /sys/kernel/debug/selkie || return 0
	[ "$4" -gt 0 ] || return 1
	[ "$1" != pci ] || { [ "$5" -gt 0 ] && [ "$3" -lt $(($2 / 50)) ]; }
}

if [ $# = 1 ]; then
	set -e
	# shellcheck source=/dev/null
	. "$1"
	exit 0
fi

echo 0 > /tmp/number
head -c $DATA /dev/urandom > /data
head -c $SMALL /data > /small
wait_for port_dev host > /dev/null || exit 1
exec 3<> "$(port_dev host)"
for row in /rows/*; do
	timeout 300 /job "$row" > /tmp/log 2>&1
	echo "row ${row#/rows/} $? $(tail -n 5 /tmp/log | tr '\n' ' ')"
done
exit 0
