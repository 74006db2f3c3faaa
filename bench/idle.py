#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Idle: how much of the time the board's CPU works while the service-VM waits at its shell.

Deterministic time: an instruction takes one nanosecond and a CPU in WFI jumps to the next event, so a wait costs the emulator
CPU time only for what is executed. A busy loop of known length says how much CPU time an instruction takes. Beside it
the same Linux alone, at EL1, on the same board.
"""

import argparse
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from selkie_board import Board  # noqa: E402

UTIME, STIME = 13, 14


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    # The text before the last parenthesis holds the first two fields.
    return (int(fields[UTIME - 2]) + int(fields[STIME - 2])) / os.sysconf("SC_CLK_TCK")


def timed(board, command):
    """(seconds on the board, CPU seconds of QEMU) of a command."""
    cpu = cpu_seconds(board.process.pid)
    text = board.run(f"cat /proc/uptime; {command}; cat /proc/uptime", check=True).text.split()
    return float(text[2]) - float(text[0]), cpu_seconds(board.process.pid) - cpu


def idle_share(build, image, baseline, settle, seconds):
    with Board(build, image=image, baseline=baseline, icount=True) as board:
        board.wait_boot()
        timed(board, f"sleep {settle}")
        busy_board, busy_cpu = timed(board, "i=0; while [ $i -lt 400000 ]; do i=$((i + 1)); done")
        idle_board, idle_cpu = timed(board, f"sleep {seconds}")
        return idle_cpu / (busy_cpu / busy_board) / idle_board


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--image", required=True)
    parser.add_argument("--seconds", type=int, default=1000)
    parser.add_argument("--settle", type=int, default=60, help="seconds between the boot and the measurement")
    options = parser.parse_args()
    print("share of time the CPU is not in WFI, service-VM idle")
    for name, baseline in (("bare Linux", "bare"), ("selkie", None)):
        share = idle_share(options.build, options.image, baseline, options.settle, options.seconds)
        print(f"{name:<12} {100 * share:6.2f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
