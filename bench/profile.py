#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Where the instructions of a user-VM's sync go, by privilege domain: KVM and Selkie beside each other.

The work: sync of about 4096 scattered writes of 4 KiB, virtio-blk-pci on a raw file on the service-VM's RAM disk
(bench/jobs/profile-guest.sh). QEMU counts every block of instructions between two marks (bench/profile/plugin.c). A request
is a write that the guest's disk has completed between them; how many of them share an interrupt of the disk decides much of
the cost. Xen is not here: nothing tells dom0 where a domU's pages are. A system's numbers go to <out>/profile-<system>.json.
"""

import argparse
import array
import bisect
import collections
import json
import os
import re
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tools")]
import boards  # noqa: E402
import tables  # noqa: E402
from selkie_board import Board  # noqa: E402

# EL2: with KVM what it runs there, with Selkie seL4.
DOMAINS = GUEST_KERNEL, GUEST_USER, SERVICE_KERNEL, SERVICE_USER, EL2, VMM = (
    "guest-kernel", "guest-user", "service-kernel", "service-user", "EL2", "vmm and root")
KERNELS = {GUEST_KERNEL: "guest.kallsyms", SERVICE_KERNEL: "kallsyms"}

SCENARIO = tables.Scenario("profile", "user-vm", "user-vm.sh {vmm} profile")
PAGE_BITS = 12
# Linux's half of an address space of 48 bits; seL4 has its own one at EL2, above of all that it gives to vmm and root.
LINUX_KERNEL = 0xffff << 48
SEL4_KERNEL = 1 << 39
# /proc/<pid>/pagemap: the page is there, its number
PRESENT, NUMBER = 1 << 63, (1 << 55) - 1
# /sys/block/<disk>/stat
WRITES = 4
# /proc/interrupts: the only processor's
INTERRUPTS = 1

Block = collections.namedtuple("Block", "vaddr paddr insns times")


def parse_blocks(text):
    """The plugin's file."""
    for line in text.splitlines():
        vaddr, paddr, insns, times = line.split()
        yield Block(int(vaddr, 16), int(paddr, 16), int(insns), int(times))


def parse_iomem(text, name):
    """Ranges of a name in /proc/iomem."""
    found = re.findall(rf"^ *([0-9a-f]+)-([0-9a-f]+) : {name}$", text, re.M)
    return [range(int(first, 16), int(last, 16) + 1) for first, last in found]


def parse_pagemap(data):
    """Numbers of the physical pages."""
    return {entry & NUMBER for entry in array.array("Q", data) if entry & PRESENT}


class Domains:
    """To whom a block belongs. The service-VM's physical addresses are the board's, with Selkie too."""

    def __init__(self, iomem, pagemap):
        self.ram, self.kernel = parse_iomem(iomem, "System RAM"), parse_iomem(iomem, "Kernel code")
        self.guest = parse_pagemap(pagemap)
        if not (self.ram and self.kernel and self.guest):
            raise ValueError("/proc/iomem or /proc/<pid>/pagemap says nothing")

    def of(self, block):
        kernel = block.vaddr >= LINUX_KERNEL
        if block.paddr >> PAGE_BITS in self.guest:
            return GUEST_KERNEL if kernel else GUEST_USER
        if not any(block.paddr in part for part in self.ram):
            return EL2 if block.vaddr >= SEL4_KERNEL else VMM
        if kernel:
            return SERVICE_KERNEL
        # KVM's code for EL2 is a part of Linux's image, mapped elsewhere.
        return EL2 if any(block.paddr in part for part in self.kernel) else SERVICE_USER


class Symbols:
    """Functions of a /proc/kallsyms."""

    def __init__(self, text):
        words = (line.split() for line in text.splitlines())
        self.sorted = sorted((int(word[0], 16), word[2]) for word in words if word[1] in "tTwW")
        if not self.sorted or not self.sorted[-1][0]:
            raise ValueError("/proc/kallsyms hides its addresses")

    def at(self, address):
        index = bisect.bisect_right(self.sorted, (address, "\x7f")) - 1
        return self.sorted[index][1] if index >= 0 else hex(address)


def count(blocks, domains, kallsyms):
    """({domain: instructions}, {domain of a kernel: {function: instructions}})"""
    symbols = {domain: Symbols(text) for domain, text in kallsyms.items()}
    totals = dict.fromkeys(DOMAINS, 0)
    functions = {domain: collections.Counter() for domain in symbols}
    for block in blocks:
        domain = domains.of(block)
        totals[domain] += block.insns * block.times
        if domain in functions:
            functions[domain][symbols[domain].at(block.vaddr)] += block.insns * block.times
    return totals, functions


def profile(system, build, out, plugin, mark, functions):
    """Boots a system, lets it work. Returns what is written to its .json."""
    counted = os.path.join(out, f"profile-{system.name}.blocks")
    with Board(build, image=system.image, baseline=system.baseline, icount=True,
               log=os.path.join(out, f"profile-{system.name}.log"), extra=["-plugin", f"{plugin},out={counted}"]) as board:
        board.wait_boot()
        tables.send_jobs(board)
        with open(mark, "rb") as program:
            board.run("cd /run/bench/jobs && cat > mark && chmod +x mark", stdin=program.read(), check=True)
        board.run("/run/bench/jobs/prepare.sh", check=True)
        files = tables.run_scenario(board, system, SCENARIO, tables.QUICK, None)
    with open(counted, encoding="ascii") as blocks:
        totals, by_function = count(parse_blocks(blocks.read()), Domains(files["iomem"].decode(), files["pagemap"]),
                                    {domain: files[name].decode() for domain, name in KERNELS.items()})

    def passed(name, field):
        begin, end = (int(files[f"{when}.{name}"].split()[field]) for when in ("begin", "end"))
        return end - begin

    return {"system": system.name, "unit": "instructions", "requests": passed("stat", WRITES),
            "interrupts": passed("interrupts", INTERRUPTS), "instructions": totals,
            "functions": {domain: dict(counter.most_common(functions)) for domain, counter in by_function.items()}}


def table(found):
    """Rows are domains; for each system millions of instructions and instructions per request."""
    columns = [(numbers, numbers["requests"]) for numbers in found]
    lines = [f"{'':<16}" + "".join(f"{numbers['system']:>24}" for numbers in found),
             f"{'instructions':<16}" + f"{'millions':>12}{'per request':>12}" * len(found)]

    def row(name, values):
        lines.append(f"{name:<16}" + "".join(f"{value / 1e6:12.2f}{value / requests:12.0f}"
                                             for value, (_, requests) in zip(values, columns)))

    for domain in DOMAINS:
        row(domain, [numbers["instructions"][domain] for numbers in found])
    row("total", [sum(numbers["instructions"].values()) for numbers in found])
    for name in ("requests", "interrupts"):
        lines.append(f"{name:<16}" + "".join(f"{numbers[name]:>24}" for numbers in found))
    return "\n".join(lines)


def table_functions(numbers, domain):
    """The most expensive functions of a kernel in one system."""
    lines = [f"{numbers['system']}, {domain}: {'millions':>10} {'per request':>12}"]
    indent = len(lines[0]) - 24
    for name, value in numbers["functions"][domain].items():
        lines.append(f"{'':<{indent}} {value / 1e6:10.2f} {value / numbers['requests']:12.0f}  {name}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--out", help="folder for results (default: <build>/bench)")
    parser.add_argument("--image", help="Selkie's image; without it only KVM")
    parser.add_argument("--name", default="selkie", help="what the image's column is called")
    parser.add_argument("--plugin", help="default: <build>/bench/plugin.so")
    parser.add_argument("--mark", help="default: <build>/bench/mark")
    parser.add_argument("--functions", type=int, default=0, metavar="N", help="the N most expensive functions of both kernels too")
    parser.add_argument("--boards", type=int, help="how many side by side (default: as the machine's cores and memory allow)")
    options = parser.parse_args()
    out = options.out or os.path.join(options.build, "bench")
    os.makedirs(out, exist_ok=True)
    plugin, mark = (given or os.path.join(options.build, "bench", name)
                    for given, name in ((options.plugin, "plugin.so"), (options.mark, "mark")))
    systems = [tables.System("kvm", None, "kvm", tables.QEMU)]
    systems += [tables.System(options.name, options.image, None, tables.QEMU)] if options.image else []
    tasks = [(system.name, profile, (system, options.build, out, plugin, mark, options.functions)) for system in systems]
    found, failed = {}, False
    for name, numbers, problem in boards.side_by_side(tasks, options.boards):
        if problem:
            failed = True
            tables.say(f"  {name} failed: {problem}")
            continue
        tables.say(f"  {name} done")
        found[name] = numbers
        with open(os.path.join(out, f"profile-{name}.json"), "w", encoding="utf-8") as file:
            json.dump(numbers, file, indent=1)
    found = [found[system.name] for system in systems if system.name in found]
    if found:
        print(table(found))
    for numbers in found if options.functions else ():
        for domain in KERNELS:
            print(f"\n{table_functions(numbers, domain)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
