#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boot time: from the first instruction to the service-VM's shell, Selkie against the same Linux alone at EL1.

Same emulated board, kernel, initramfs, disk and memory size, plain TCG (the deterministic mode jumps over waits for the
disk, so it cannot time them). Seconds of CPU time that QEMU took, which a busy build machine disturbs less than the wall
clock; the runs take turns, the smallest and the median count.
"""

import argparse
import os
import statistics
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tools")]
from idle import cpu_seconds  # noqa: E402
from selkie_board import Board  # noqa: E402


def boot(build, image, baseline):
    with Board(build, image=image, baseline=baseline, paused=True) as board:
        before = cpu_seconds(board.process.pid)
        board.resume()
        board.wait_boot()
        return cpu_seconds(board.process.pid) - before


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--image")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--target", type=float, default=1.25)
    options = parser.parse_args()
    systems = [("bare", "bare"), ("selkie", None)] if options.image else [("bare", "bare"), ("kvm", "kvm")]
    times = {name: [] for name, _ in systems}
    for _ in range(options.runs):
        for name, baseline in systems:
            times[name].append(boot(options.build, options.image, baseline))
    print(f"CPU seconds to the shell   {'smallest':>8} {'median':>8}   all")
    for name, seconds in times.items():
        print(f"{name:<22} {min(seconds):8.2f} {statistics.median(seconds):8.2f}   "
              + " ".join(f"{value:.2f}" for value in seconds))
    (_, first), (name, second) = times.items()
    ratio = min(second) / min(first)
    print(f"{name}/bare {ratio:.2f} (smallest), {statistics.median(second) / statistics.median(first):.2f} (median); "
          f"target {options.target:.2f}")
    return 0 if ratio <= options.target else 1


if __name__ == "__main__":
    sys.exit(main())
