# SPDX-License-Identifier: BSD-2-Clause
"""Who has the processor: what Linux in the service-VM sees of a user-VM's time, and what seL4 gives each."""

import re

import pytest

import user_vm

# The guest waits, computes for two seconds of its own clock, waits again.
JOB = """
echo waits
read -r word
end=$(($(date +%s) + 2))
while [ "$(date +%s)" -lt $end ]; do :; done
echo computed
read -r word
"""

# The same, but it pauses again and again.
PAUSES = JOB.replace("do :; done", "do usleep 500; done")

# Ticks (10 ms) of all threads of QEMU, in user, kernel and guest mode; of the last the kernel's number includes what guest says.
SCENARIO = """
set -e
says() { while read -r -t 300 line <&"$1"; do [ "${line%?}" = "$2" ] && return; done; echo "no '$2'"; exit 1; }
look() {
	echo "look $1 $(cut -d' ' -f1 /proc/uptime) $(cat /proc/$vm/task/*/stat | awk '{ u += $14 + $15; g += $43 } END { print u, g }')"
	cat /sys/kernel/debug/selkie/service /sys/kernel/debug/selkie/vm0/vcpu0 2>/dev/null || :
}
mkfifo /tmp/sched.in /tmp/sched.out
exec 3<>/tmp/sched.in 4<>/tmp/sched.out
@vm <&3 >&4 2>&1 &
vm=$!
says 4 waits
sleep 0.2
look waits
sleep 2
look waited
@beside
look computes
echo go >&3
says 4 computed
look computed
kill $spin 2>/dev/null || :
echo end >&3; wait $vm
rm /tmp/sched.*
"""


# A thread's time is shown in whole ticks, and Linux rounds its guest time apart from the time that includes it; QEMU has some ten threads.
ROUNDING = 0.1


class Look:
    def __init__(self, text):
        first, _, rest = text.partition("\n")
        uptime, cpu, guest = first.split()[1:]
        # Seconds
        self.uptime, self.cpu, self.guest = float(uptime), int(cpu) / 100, int(guest) / 100
        self.charged = {name: int(value) / 1e9 for name, value in re.findall(r"^(\w+_ns) (\d+)$", rest, re.M)}


def scenario(board, beside, job=JOB):
    path = user_vm.initrd(board, "sched", job)
    command = user_vm.command(path, memory=128).replace(" </dev/null", "")
    result = board.run(SCENARIO.replace("@vm", command).replace("@beside", beside), limit=2 * user_vm.LIMIT)
    assert result.status == 0, f"{result.text[-4000:]}\n{result.err.decode(errors='replace')[-2000:]}"
    board.run(f"rm -f {path}")
    return [Look(part) for part in result.text.split("look ")[1:]]


def test_linux_sees_the_guest_compute(shared_board):
    """As under KVM: the time of a guest is time of QEMU's process, in guest mode; one that waits takes none."""
    board = shared_board.get()
    waits, waited, computes, computed = scenario(board, "spin=")
    shared_board.put()
    assert waited.cpu - waits.cpu <= (waited.uptime - waits.uptime) / 4
    elapsed = computed.uptime - computes.uptime
    guest, cpu = computed.guest - computes.guest, computed.cpu - computes.cpu
    assert elapsed / 2 <= guest <= cpu + ROUNDING
    assert cpu <= elapsed + ROUNDING


@pytest.mark.selkie
def test_both_get_their_turn(shared_board):
    """Service-VM and guest compute both, with the same priority: neither goes hungry."""
    board = shared_board.get()
    _, _, computes, computed = scenario(board, "while :; do :; done & spin=$!")
    shared_board.put()
    got = {name: value - computes.charged[name] for name, value in computed.charged.items()}
    assert 1 / 3 <= got["guest_ns"] / got["vcpu0_ns"] <= 3, got


@pytest.mark.selkie
def test_pauses_of_a_guest_are_used(shared_board):
    """A guest that has been lent the processor and pauses leaves it to others at once, not when a tick comes."""
    board = shared_board.get()
    _, _, computes, computed = scenario(board, "while :; do :; done & spin=$!", PAUSES)
    shared_board.put()
    got = {name: value - computes.charged[name] for name, value in computed.charged.items()}
    idle = computed.uptime - computes.uptime - sum(got[name] for name in ("vcpu0_ns", "vmm_ns", "guest_ns"))
    assert idle <= (computed.uptime - computes.uptime) / 20, (idle, got)
