#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Cost of exits in instructions: boots tests/guest/exitbench.c in the place of the service-VM, three times, and prints a
table. The board counts one instruction as one nanosecond, so equal runs give equal numbers.

KVM's and bare seL4's numbers are those of the design's yardstick (docs/performance.md says where they come from).
"""

import argparse
import json
import os
import re
import statistics
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from selkie_board import Board  # noqa: E402

RESULT = re.compile(rb"^exitbench: (\d+) (\d+) (.+?)\r?$", re.M)
LIMIT = 300

# Instructions: KVM on this board and CPU; seL4 release, round trip to a minimal handler.
YARDSTICK = {
    "hypercall (HVC) answered by the VMM": (1463, 2017),
    "hypercall (SMC) answered by the VMM": (None, 2983),
    "distributor read (GICD_TYPER)": (2169, 3183),
    "distributor write (GICD_ISENABLER)": (None, 2446),
}


def run(build, image):
    text = bytearray()
    with Board(build, image=image, icount=True, devices=False, console=text.extend) as board:
        board.wait_for(lambda: b"exitbench: done" in text, LIMIT, "waiting for exitbench")
    rows = {}
    for _, cost, name in RESULT.findall(bytes(text)):
        rows.setdefault(name.decode(), []).append(int(cost))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image")
    parser.add_argument("--build", default="build")
    parser.add_argument("--kernel", default="", help="name of the kernel, for the table")
    parser.add_argument("--json", help="write the raw numbers there")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    runs = [run(options.build, options.image) for _ in range(options.runs)]
    if not runs[0]:
        print("exitbench printed no result", file=sys.stderr)
        return 1
    print(f"{'instructions, ' + options.kernel:<48} {'median':>7} {'min':>7} {'max':>7} {'KVM':>7} {'seL4':>7}")
    for name in runs[0]:
        values = [value for rows in runs for value in rows[name]]
        kvm, sel4 = YARDSTICK.get(name, (None, None))
        print(f"{name:<48} {statistics.median(values):7.0f} {min(values):7} {max(values):7} {kvm or '-':>7} {sel4 or '-':>7}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump({"kernel": options.kernel, "runs": runs}, out, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
