# SPDX-License-Identifier: BSD-2-Clause
"""Debug registers as Linux uses them: nobody has any, nobody is harmed, and it is said once (docs/registers.md)."""

import os
import re
import shutil

import pytest

import user_vm

pytestmark = pytest.mark.selkie

# In the user-VM: the program comes over the network.
GUEST_JOB = """
set -e
wget -q -O /singlestep http://10.0.2.2:8097/singlestep
chmod +x /singlestep
/singlestep
"""


def check_steps(text):
    """What docs/registers.md says a debugger sees."""
    for what in ("single-step", "hardware breakpoint", "watchpoint"):
        assert f"{what}: ran to its end, stopped 0 times" in text, text[-2000:]
    assert "singlestep: done" in text, text[-2000:]


def log_lines(board):
    log = board.run("cat /sys/kernel/debug/selkie/log", check=True).text
    return re.findall(r"^.*not available.*$", log, re.M)


def test_debuggers(board, boards):
    """A process is single-stepped, has a breakpoint and a watchpoint, in the service-VM and in a user-VM beside it."""
    before = user_vm.books(board)
    shutil.copy(os.path.join(boards.build, "tests", "system", "singlestep"), board.share)
    board.run("mkdir -p /tmp/web; cp /mnt/share/singlestep /tmp/web", check=True)
    log_lines(board)
    result = board.run("/tmp/web/singlestep", limit=user_vm.LIMIT)
    assert result.status == 0, result.text
    check_steps(result.text)
    said = log_lines(board)
    assert len(said) <= 1 and all(re.match(r"W vmm0: vcpu 0: (MDSCR|DBG)", line) for line in said), said
    # selkie.ko asks within a second. A board that has been used by other tests may have said it long ago.
    wait = "for i in $(seq 50); do dmesg | grep -q 'selkie.*not available' && break; sleep 0.1; done; "
    told = board.run(wait + "dmesg | grep -c 'selkie.*not available'").text
    assert told.strip() == "1", told

    text = user_vm.run(board, "steps", GUEST_JOB, "-netdev user,id=n -device virtio-net-device,netdev=n", memory=128,
                       before="busybox httpd -f -p 8097 -h /tmp/web & web=$!\n", after="kill $web; rm -r /tmp/web")
    check_steps(text)
    said = log_lines(board)
    assert len(said) == 1 and re.match(r"W vmm[1-9]\d*: vcpu 0: (MDSCR|DBG)", said[0]), said
    assert user_vm.books(board) == before
