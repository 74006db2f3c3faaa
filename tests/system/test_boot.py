# SPDX-License-Identifier: BSD-2-Clause
"""The service-VM boots and is healthy."""

import re

import pytest

TROUBLE = re.compile(r"WARNING:|BUG:|Oops|Unable to handle|soft lockup|rcu: INFO|Call trace|nobody cared|I/O error")


def test_kernel_log_is_clean(board):
    log = board.run("dmesg", check=True).text
    assert "Linux version 6." in log
    assert not TROUBLE.findall(log)


def test_runs_at_el1_with_all_its_memory(board, boards):
    log = board.run("dmesg", check=True).text
    if boards.baseline != "kvm":
        assert "CPU: All CPU(s) started at EL1" in log
    total = int(board.run("awk '/^MemTotal/ { print $2 }' /proc/meminfo", check=True).text)
    assert 780 << 10 < total < 896 << 10


def test_interrupts_arrive_and_time_passes(board):
    before = board.run("cat /proc/interrupts; cat /proc/uptime", check=True).text
    after = board.run("sleep 0.2; cat /proc/interrupts; cat /proc/uptime", check=True).text

    def timer(text):
        return int(re.search(r"(\d+) +GIC\S* +\d+ Level +arch_timer", text).group(1))

    def uptime(text):
        """In ticks of 10 ms, what /proc/uptime shows: as seconds two of them would differ by a little less than they do."""
        return round(100 * float(text.strip().split("\n")[-1].split()[0]))

    assert timer(after) > timer(before)
    # Both are rounded down.
    assert uptime(after) - uptime(before) >= 20 - 1


def test_no_interrupt_is_spurious(board):
    text = board.run("cat /proc/interrupts", check=True).text
    assert re.search(r"^Err: +0$", text, re.M)


def test_console_shell(new_board):
    board = new_board()
    board.wait_boot()
    board.wait_console(b"root@service-vm:~# ")
    board.type(b"echo con''sole $((6*7)) $(tty)\r")
    board.wait_console(b"console 42 /dev/ttyAMA0")


def test_package_qemu_starts(board):
    assert "QEMU emulator version" in board.run("qemu-system-aarch64 --version", check=True).text


@pytest.mark.selkie
def test_says_which_kernel(new_board, boards):
    board = new_board()
    board.wait_boot()
    assert b"unverified" in board.tail or "sdk-" in boards.kout
