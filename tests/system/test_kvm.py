# SPDX-License-Identifier: BSD-2-Clause
"""/dev/kvm itself: the ABI call by call (tests/kvm), loading and unloading selkie.ko."""

import re

import pytest

import user_vm

CLIENT = "/usr/lib/selkie/kvm-client"
CLIENT_LIMIT = 600
# The client has a few more; a part that is gone would not be noticed otherwise.
CHECKS = 600

# Guest memory is swapped out on the way.
CLIENT_WITH_SWAP = """
fallocate -l 64M /swap && chmod 600 /swap && mkswap /swap > /dev/null && swapon /swap || exit
{client}; status=$?
swapoff /swap; rm /swap
grep pswpout /proc/vmstat
exit $status
"""

# The monitor answers when the machine is complete and runs.
QEMU_AND_RMMOD = """
mkfifo /tmp/to /tmp/from
qemu-system-aarch64 -accel kvm -cpu host -M virt,gic-version=2 -m 128 -nodefaults -display none -monitor stdio \\
	</tmp/to >/tmp/from &
exec 3>/tmp/to 4</tmp/from
echo 'info status' >&3
until read -r line <&4 && [ "$line" != "${line#*VM status: running}" ]; do :; done
rmmod selkie 2>&1; echo refused $?
kill -9 $!; wait $!; exec 3>&- 4<&-; rm /tmp/to /tmp/from
rmmod selkie; echo unloaded $?
test -e /dev/kvm; echo absent $?
modprobe selkie; test -c /dev/kvm; echo again $?
"""


def test_abi(board, boards):
    """Every call, with its error codes; on a baseline with KVM the same client is checked itself."""
    if boards.baseline == "bare":
        pytest.skip("there is no /dev/kvm")
    before = None if boards.baseline else user_vm.books(board)
    result = board.run(CLIENT_WITH_SWAP.format(client=f"{CLIENT} {'-r' if boards.baseline else ''}"), limit=CLIENT_LIMIT)
    failed = re.findall(r"^(?:not ok|Bail out).*", result.text, re.M)
    assert not failed and result.status == 0, "\n".join(failed) or result.text[-2000:]
    assert int(re.search(r"^1\.\.(\d+)$", result.text, re.M).group(1)) > CHECKS
    assert int(re.search(r"^pswpout (\d+)$", result.text, re.M).group(1)) > 1000
    if before:
        assert user_vm.books(board) == before


@pytest.mark.selkie
def test_unload_is_refused_while_a_vm_exists(board):
    before = user_vm.books(board)
    text = board.run(QEMU_AND_RMMOD, limit=user_vm.LIMIT).text
    assert "selkie is in use" in text, text
    assert re.findall(r"^(\w+) (\d+)", text, re.M) == [("refused", "1"), ("unloaded", "0"), ("absent", "1"), ("again", "0")], text
    assert user_vm.books(board) == before


def test_module_says_what_is_missing(board, boards):
    """Without Selkie below it there is one clear line and no module."""
    if not boards.baseline:
        pytest.skip("this board has what it needs")
    text = board.run("modprobe selkie 2>&1; echo status $?; dmesg | grep selkie: | grep -v taint; lsmod | grep selkie",
                     limit=60).text
    lines = text.strip().split("\n")
    assert len(lines) == 3 and lines[1] == "status 1", text
    assert "selkie: no Selkie below this kernel" in lines[2], text
