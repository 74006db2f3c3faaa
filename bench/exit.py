#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Cost of exits in instructions. The board counts one instruction as one nanosecond, so equal runs give equal numbers.

Two tables: a bare guest (tests/guest/exitbench.c) in the place of the service-VM, and a guest of /dev/kvm (bench/kvmcost.c, in
the service-VM) beside the same program on the same Linux with its own KVM at EL2.
"""

import argparse
import json
import os
import re
import statistics
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tools")]
import boards  # noqa: E402
from selkie_board import Board  # noqa: E402

RESULT = re.compile(rb"^(?:exitbench|kvmcost): (\d+) (\d+) (.+?)\r?$", re.M)
LIMIT = 300
# What the service-VM does after its boot is over by then.
KVMCOST = "sleep 3; exec /usr/lib/selkie/kvmcost"

# Instructions: KVM on this board and CPU; seL4 release, round trip to a minimal handler.
YARDSTICK = {
    "hypercall (HVC) answered by the VMM": (1463, 2017),
    "hypercall (SMC) answered by the VMM": (None, 2983),
    "distributor read (GICD_TYPER)": (2169, 3183),
    "distributor write (GICD_ISENABLER)": (None, 2446),
}

# Most that it may be of KVM's.
TARGETS = {
    "kick, any data, seen by the guest": 1.5,
    "kick, data compared, seen by the guest": 1.5,
    "MMIO load, to user space and back": 2,
    "MMIO store, to user space and back": 2,
    "irqfd to handler, guest busy": 2,
    "irqfd to handler, guest in WFI": 2,
}


def rows_of(text):
    rows = {}
    for _, cost, name in RESULT.findall(text):
        rows.setdefault(name.decode(), []).append(int(cost))
    return rows


def run_bare(build, image):
    text = bytearray()
    with Board(build, image=image, icount=True, devices=False, console=text.extend) as board:
        board.wait_for(lambda: b"exitbench: done" in text, LIMIT, "waiting for exitbench")
    return rows_of(bytes(text))


def run_kvmcost(build, image):
    """On Selkie, or with image None on KVM."""
    with Board(build, image=image, baseline=None if image else "kvm", icount=True) as board:
        board.wait_boot()
        return rows_of(board.run(KVMCOST, LIMIT, check=True).out)


def merge(runs):
    """Name -> all values, in the order of the first run."""
    return {name: [value for rows in runs for value in rows[name]] for name in runs[0]}


def spread(values):
    return f"{statistics.median(values):8.0f} {min(values):8} {max(values):8}"


def table_bare(kernel, rows):
    print(f"{'service-VM, ' + kernel:<44} {'median':>8} {'min':>8} {'max':>8} {'KVM':>8} {'seL4':>8}")
    for name, values in rows.items():
        kvm, sel4 = YARDSTICK.get(name, (None, None))
        print(f"{name:<44} {spread(values)} {kvm or '-':>8} {sel4 or '-':>8}")


def table_kvm(kernel, rows, reference):
    print(f"{'user-VM, ' + kernel:<44} {'median':>8} {'min':>8} {'max':>8} {'KVM':>8} {'min':>8} {'max':>8} {'ratio':>6}")
    for name, values in rows.items():
        ratio = statistics.median(values) / statistics.median(reference[name])
        target = TARGETS.get(name)
        verdict = f"  target {target} {'met' if ratio <= target else 'MISSED'}" if target else ""
        print(f"{name:<44} {spread(values)} {spread(reference[name])} {ratio:6.2f}{verdict}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--bare", help="image with exitbench in the service-VM's place")
    parser.add_argument("--image", help="Selkie's image: kvmcost on it and on KVM")
    parser.add_argument("--kernel", default="", help="name of the kernel, for the table")
    parser.add_argument("--json", help="write the raw numbers there")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--boards", type=int, help="how many side by side (default: as the machine's cores and memory allow)")
    options = parser.parse_args()
    results = {"kernel": options.kernel, "unit": "instructions"}
    kinds = [("service-vm", run_bare, options.bare)] if options.bare else []
    kinds += [("kvm", run_kvmcost, None), ("user-vm", run_kvmcost, options.image)] if options.image else []
    tasks = [((name, run), function, (options.build, image)) for run in range(options.runs) for name, function, image in kinds]
    for (name, run), rows, problem in boards.side_by_side(tasks, options.boards):
        if problem:
            raise problem
        print(f"  {name}: run {run + 1} of {options.runs} done", file=sys.stderr, flush=True)
        results.setdefault(name, []).append(rows)
    if options.bare:
        table_bare(options.kernel, merge(results["service-vm"]))
    if options.image:
        table_kvm(options.kernel, merge(results["user-vm"]), merge(results["kvm"]))
    if not any(rows for runs in results.values() if isinstance(runs, list) for rows in runs):
        print("nothing was measured", file=sys.stderr)
        return 1
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump(results, out, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
