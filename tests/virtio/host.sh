#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2317
# The service-VM's side of a user-VM of tests/system/test_virtio.py: prepares what its devices need, starts it, and does
# what its rows ask for until it ends.
#
#   host.sh <folder>
#
# In it are setup (shell text), qemu (its words, a line each) and initrd; what the work puts into `left` comes there.
set -u
given=$1
work=/tmp/virtio
rm -rf $work
# The share is not touched while the user-VM runs: where time is counted in instructions it flies while everybody waits for
# the world outside.
mkdir $work $work/left && cp -r "$given" $work/given && cd $work || exit 1
helpers=() qemu=

sum() { # of stdin
	sha256sum | cut -d' ' -f1
}

# However this ends: nothing stays behind, QEMU's and the user-VM's words are shown.
finish() {
	local status=$?
	trap - EXIT TERM
	kill "${helpers[@]}" "$qemu" 2> /dev/null
	wait
	eval "$teardown"
	cat qemu.log
	cp -r left/. "$given/"
	cd /
	rm -rf "$work"
	exit "$status"
}

helper() { # <command>...: runs until the user-VM has ended
	"$@" &
	helpers+=($!)
}

# qmp <command, JSON> [<event, a part of its text>]: the answer, when the event has come, too
qmp() {
	local line answer='' event=${2-}
	echo "${1//$'\n'/ }" >&6
	while [ -z "$answer" ] || [ -n "$event" ]; do
		IFS= read -r line <&5 || return 1
		case $line in
		'{"return"'* | '{"error"'*) answer=$line ;;
		*"${event:-nothing}"*) event='' ;;
		esac
	done
	echo "$answer"
	[ "${answer#'{"error"'}" = "$answer" ]
}

press() { # <key>...: each goes down and up
	local key down events=''
	for key; do
		for down in true false; do
			events+=", {\"type\": \"key\", \"data\": {\"down\": $down, \"key\": {\"type\": \"qcode\", \"data\": \"$key\"}}}"
		done
	done
	qmp "{\"execute\": \"input-send-event\", \"arguments\": {\"events\": [${events#, }]}}"
}

point() { # <x> <y>
	qmp "{\"execute\": \"input-send-event\", \"arguments\": {\"events\": [
		{\"type\": \"abs\", \"data\": {\"axis\": \"x\", \"value\": $1}},
		{\"type\": \"abs\", \"data\": {\"axis\": \"y\", \"value\": $2}}]}}"
}

shot_is() { # <picture>: the display shows it
	qmp '{"execute": "screendump", "arguments": {"filename": "shot.ppm"}}' > /dev/null && cmp "$1" shot.ppm
}

balloon() { # <MiB the user-VM shall have>: when it is so
	qmp "{\"execute\": \"balloon\", \"arguments\": {\"value\": $(($1 << 20))}}" "\"actual\": $(($1 << 20))"
}

plugged() { # <MiB of virtio-mem>: when it is so
	qmp "{\"execute\": \"qom-set\", \"arguments\": {\"path\": \"/machine/peripheral/mem\",
		\"property\": \"requested-size\", \"value\": $(($1 << 20))}}" MEMORY_DEVICE_SIZE_CHANGE
}

resident() { # KiB of the user-VM's memory that QEMU holds
	awk '$1 == "RssShmem:" { print $2 }' "/proc/$qemu/status"
}

# mark, then spent: what the user-VM cost between the two, "<returns of KVM_RUN> <kicks by ioeventfd> <irqfd injections>"
counters() {
	local name
	for name in runs ioeventfd_exit_stat irqfds; do
		cat /sys/kernel/debug/selkie/vm*/* | awk -v name="$name" '$1 == name { n += $2 } END { print n + 0 }'
	done
}

mark() {
	counters > marked
}

spent() {
	counters | paste marked - | awk '{ print $2 - $1 }'
}

# A web server that also says the sum of what it is sent, and data of our own.
mkdir -p www/cgi-bin
head -c 1048576 /dev/urandom > www/file
head -c 65536 www/file > small
# shellcheck disable=SC2016
printf '#!/bin/bash\necho "Content-Type: text/plain"\necho\nhead -c $CONTENT_LENGTH | sha256sum | cut -d" " -f1\n' > www/cgi-bin/sum
chmod +x www/cgi-bin/sum
helper busybox httpd -f -p 8099 -h www
# The far end of a stream: says the sum of the first bytes, sends as many of small.
# shellcheck disable=SC2016
echo 'head -c $1 | sha256sum | cut -d" " -f1; head -c $1 small; cat > /dev/null' > stream

teardown=
trap finish EXIT
trap 'exit 124' TERM
# shellcheck source=/dev/null
. "$given/setup"

mapfile -t words < "$given/qemu"
qemu-system-aarch64 "${words[@]}" < /dev/null > qemu.log 2>&1 &
qemu=$!
for socket in host qmp; do
	mkfifo $socket.in $socket.out
	socat - UNIX-CONNECT:$socket.sock,retry=200,interval=0.05 < $socket.in > $socket.out &
done
# In the order in which the other ends are opened.
exec 4> host.in 3< host.out 6> qmp.in 5< qmp.out
qmp '{"execute": "qmp_capabilities"}' > /dev/null
while read -r number command <&3; do
	answer=$(eval "$command" 2>&1 5<&5 6>&6)
	status=$?
	echo "$number $status ${answer//$'\n'/ }" >&4
done
wait $qemu
exit
