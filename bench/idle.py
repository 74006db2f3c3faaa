#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Idle: how much of the time the board's CPU works while the service-VM waits at its shell.

The CPU time that the emulator takes while nothing happens, as a share of the wall-clock time (plain TCG, real time):
it has work only when the CPU is not in WFI. An instruction costs the emulator more than hardware, so this is an upper
bound. Beside it the same Linux alone, at EL1, on the same board.
"""

import argparse
import os
import select
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from selkie_board import Board  # noqa: E402

UTIME, STIME = 13, 14


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    # The text before the last parenthesis holds the first two fields.
    return (int(fields[UTIME - 2]) + int(fields[STIME - 2])) / os.sysconf("SC_CLK_TCK")


def idle_share(build, image, baseline, settle, seconds):
    with Board(build, image=image, baseline=baseline) as board:
        board.wait_boot()
        # The measured quantity is time itself: nothing is waited for but its passing.
        select.select([], [], [], settle)
        start, cpu = time.monotonic(), cpu_seconds(board.process.pid)
        select.select([], [], [], seconds)
        return (cpu_seconds(board.process.pid) - cpu) / (time.monotonic() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--image", required=True)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--settle", type=float, default=10, help="seconds between the boot and the measurement")
    options = parser.parse_args()
    print("share of time the CPU is not in WFI, service-VM idle")
    for name, baseline in (("bare Linux", "bare"), ("selkie", None)):
        share = idle_share(options.build, options.image, baseline, options.settle, options.seconds)
        print(f"{name:<12} {100 * share:6.2f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
