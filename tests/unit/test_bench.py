#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark's statistics and tables: raw files to numbers, numbers to shares, ratios and verdicts. Prints TAP."""

import json
import os
import struct
import sys

sys.dont_write_bytecode = True
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "tools")]
import boards  # noqa: E402
import counters  # noqa: E402
import plots  # noqa: E402
import profile  # noqa: E402
import results  # noqa: E402
import tables  # noqa: E402

checks = []


def check(good, what):
    checks.append(bool(good))
    print(f"{'' if good else 'not '}ok {len(checks)} - {what}")


def tcp_raw(mbits, client_sends=False):
    """Of 2 s; the server, where it receives, has learnt of the end late."""
    sent = {"bytes": int(mbits * 250000), "seconds": 2.0, "sender": client_sends}
    received = {"bytes": int(mbits * 250000), "seconds": 2.2 if client_sends else 2.0, "sender": client_sends}
    return json.dumps({"end": {"sum_sent": sent, "sum_received": received}})


def fio_raw(bandwidth, error=0):
    return json.dumps({"jobs": [{"error": error, "write": {
        "bw_bytes": bandwidth, "iops": 7.5, "lat_ns": {"mean": 2000.0}, "runtime": 1500,
        "clat_ns": {"percentile": {"99.990000": 9000}}}}]})


def refused(name, data):
    try:
        results.parse(name, data)
    except results.ResultError as problem:
        return name in str(problem)
    return False


def system(name, whole, part, seconds):
    found = results.Results(name)
    for place, values in (("service-vm", whole), ("user-vm", part)):
        for repetition, value in enumerate(values, 1):
            for file, raw in ((f"tcp-to-peer-{repetition}.json", tcp_raw(value)),
                              (f"fio-64k-{repetition}.json", fio_raw(value * 2**20))):
                kind, what, _, numbers = results.parse(file, raw)
                found.add(kind, place, what, numbers)
    for second in seconds:
        found.add("boot", "user-vm", "shell", {"value": second})
    return found


check(results.parse("tcp-to-peer-12.json", tcp_raw(5))
      == ("tcp", "to-peer", 12, {"value": 5.0, "bytes": 1250000, "seconds": 2.0}), "a TCP file")
check(results.parse("tcp-from-peer-1.json", tcp_raw(5, True))
      == ("tcp", "from-peer", 1, {"value": 5.0, "bytes": 1250000, "seconds": 2.0}), "the client's time counts")
check(results.parse("fio-4k-2.json", fio_raw(3 << 20))
      == ("fio", "4k", 2, {"value": 3.0, "iops": 7.5, "latency_us": 2.0, "latency_9999_us": 9.0, "seconds": 1.5}),
      "a fio file")
check(results.parse("boot-1.json", '{"seconds": 1.5}') == ("boot", "shell", 1, {"value": 1.5}), "a boot file")
check(refused("tcp-to-peer-1.json", '{"error": "the server is busy", "end": {}}'), "iperf3's error is one")
check(refused("tcp-to-peer-1.json", "{"), "half a file is refused")
check(refused("fio-4k-1.json", fio_raw(100, error=5)), "fio's error is one")
check(refused("fio-4k-1.json", fio_raw(0)), "nothing written is refused")
check(refused("other.json", "{}"), "an unknown name is refused")

kvm = system("kvm", (100, 300, 200), (80, 120, 100), (2.0, 2.2))
slow = system("slow", (200,), (94,), (2.7,))
good = system("good", (200,), (96,), (2.0,))
check(kvm.median("tcp", "service-vm", "to-peer") == 200, "the median")
check(kvm.spread("tcp", "service-vm", "to-peer") == 1.0, "the spread")
check(kvm.share("fio", "user-vm", "64k") == 0.5, "the share")
check(kvm.share("tcp", "user-vm-vhost", "to-peer") is None, "no share of what was not measured")
check(len(results.shares(kvm)) == 2, "all shares")
misses = results.verdict(slow, kvm)
check(len(misses) == 3 and "0.940" in misses[0] and "boot 1.29" in misses[2], "missed targets are named")
check(not results.verdict(good, kvm), "met targets are not")
xen = system("xen", (100,), (49,), (9.0,))
check(len(results.verdict(good, xen)) == 2 and "0.980 of xen's share, target 1" in results.verdict(good, xen)[0],
      "a share below Xen's is named, a boot slower than Xen's is not")
check(not results.verdict(good, system("xen", (100,), (48,), (1.0,))), "a share as large as Xen's is not")
three = [system("kvm", (200,), (100,), (2.0,)), xen, system("good", (200,), (96,), (2.0,))]
for found in (three[0], three[2]):
    found.add("tcp", "user-vm-vhost", "to-peer", {"value": 150, "bytes": 1})
text = results.report(three)
check("| share user-VM/service-VM | kvm | xen | good | /kvm | /xen |" in text.splitlines()
      and "| tcp to-peer | 0.500 | 0.490 | 0.480 | 0.96 | 0.98 |" in text.splitlines()
      and "| tcp to-peer, vhost | 0.750 | - | 0.750 | 1.00 | - |" in text.splitlines(), "shares beside those of KVM and Xen")
check("| sum of 3 | 1.750 | - | 1.710 | 0.98 | - |" in text.splitlines()
      and "| sum of 2 | 1.000 | 0.980 | 0.960 | 0.96 | 0.98 |" in text.splitlines(), "sums of what each has")
check("- good: fio 64k user-vm: 0.980 of xen's share, target 1.0" in text.splitlines(), "misses in the report")
names, _ = plots.bars(three[:2], "tcp")
check([name for name, _ in names] == ["kvm service-vm", "kvm user-vm", "kvm user-vm-vhost", "xen service-vm", "xen user-vm"],
      "no bar of what a system does not have")
text = results.report([kvm, good])
check("| tcp to-peer | 0.500 | 0.480 | 0.96 |" in text.splitlines(), "the table of shares")
check("| sum of 2 | 1.000 | 0.960 | 0.96 |" in text.splitlines(), "their sum")
check("| service-vm | 200 ±50.0 % | - | 200 | - |" in text.splitlines(), "the table of TCP")
check(sorted(["1m", "4k", "16k"], key=results.block_bytes) == ["4k", "16k", "1m"], "block sizes in order")
boots = results.Results("boots")
boots.add("boot", "user-vm", "shell", {"value": 1.25})
check("| boots | 1.250 | - | - |" in results.report([boots]).splitlines() and "Shares" not in results.report([boots]),
      "a report of boots alone")
snapshots = {"tcp-start": "4.70 0.25\nselkie/vm7/vcpu0:exits 100\nselkie/vm7/vm:irqfds 5\n",
             "tcp-to-peer-1": "selkie/vm7/vcpu0:exits 350\nselkie/vm7/vm:irqfds 5\n",
             "tcp-from-peer-1": "kvm/261-9/exits:7\nkvm/261-9/vcpu0/runs:8\nselkie/vm7/vcpu0:exits 351\n"}
check(counters.parse(snapshots["tcp-from-peer-1"]) == {"exits": 7, "vcpu0/runs": 8, "vcpu0/exits": 351},
      "snapshots of counters")
check(counters.differences(snapshots, "tcp-to-peer-1") == {"vcpu0/exits": 250}, "what was counted first")
check(counters.differences(snapshots, "tcp-from-peer-1") == {"vcpu0/exits": 1}, "what was counted next")
check(counters.before("tcp-to-peer-3") == "tcp-from-peer-2", "what came before")
check(counters.per_mib({"bytes": 100 << 20, "counted": {"exits": 250, "rare": 1, "uptime_ns": 9 << 20}}) == {"exits": 2.5},
      "counts per MiB")
names, groups = plots.bars([kvm, good], "fio")
check([name for name, _ in names] == ["kvm service-vm", "kvm user-vm", "good service-vm", "good user-vm"]
      and groups == [("64k", [(200, 100, 300), (100, 80, 120), (200, 200, 200), (96, 96, 96)])], "bars of a plot")
first, second = system("parts", (100,), (50,), ()), results.Results("parts", {"kernel": "K", "commands": {"b": "2"}})
first.about = {"kernel": "K", "commands": {"a": "1"}}
second.add("fio", "user-vm", "4k", {"value": 3})
second.add("fio", "user-vm", "64k", {"value": 70})
first.merge(second)
check(first.values("fio", "user-vm", "64k") == [50, 70] and first.median("fio", "user-vm", "4k") == 3
      and first.about == {"kernel": "K", "commands": {"a": "1", "b": "2"}}, "results of several boots come together")
xen_system = tables.System("xen", None, "xen", tables.XL)
check([s.place for s in tables.scenarios_of(xen_system, "tcp", "")] == ["service-vm", "user-vm"], "no vhost with Xen")
check([s.place for s in tables.scenarios_of(xen_system, "fio", "fio-s")] == ["service-vm"], "some of the scenarios")
ended = {key: (value, repr(problem)) for key, value, problem in boards.side_by_side(
    [("good", divmod, (7, 4)), ("bad", divmod, (7, 0)), ("next", divmod, (9, 4))], 2)}
check(ended["good"] == ((1, 3), "None") and ended["next"] == ((2, 1), "None") and "ZeroDivision" in ended["bad"][1],
      "a task that fails leaves the others alone")
iomem = ("00000000-3fffffff : Other\n40000000-77ffffff : System RAM\n  40210000-414fffff : Kernel code\n"
         "  41500000-41ffffff : reserved\n")
pagemap = struct.pack("<3Q", 1 << 63 | 0x50000, 0x50001, 1 << 63 | 1 << 61 | 0x50002)
blocks = "".join(f"{line}\n" for line in (
    "ffff800008000010 50000010 3 2", "aaaa00000000 50002ffc 1 7", "ffffb84a2a610040 40210040 4 5", "aaaa00000000 50001000 2 1",
    "8bcec0eef000 40300000 5 1", "8060014000 60014000000 9 1", "401000 90000000 8 1"))
domains = profile.Domains(iomem, pagemap)
kallsyms = {"guest-kernel": "ffff800008000000 T first\nffff800008000020 t second\n",
            "service-kernel": "ffffb84a2a610000 T _stext\nffffb84a2a610000 d data\nffffb84a2a610040 t exact\t[module]\n"}
totals, functions = profile.count(profile.parse_blocks(blocks), domains, kallsyms)
check(totals == {"guest-kernel": 6, "guest-user": 7, "service-kernel": 20, "service-user": 2, "EL2": 5 + 9, "vmm and root": 8},
      "instructions by privilege domain")
check(functions == {"guest-kernel": {"first": 6}, "service-kernel": {"exact": 20}}, "and by function")
lines = profile.table([{"system": "kvm", "requests": 2, "interrupts": 1, "instructions": totals}]).splitlines()
check(lines[2].split() == ["guest-kernel", "0.00", "3"] and lines[-3].split() == ["total", "0.00", "28"], "and per request")
for what, wrong in (("pages", lambda: profile.Domains(iomem, pagemap[8:16])),
                    ("functions", lambda: profile.Symbols("0000000000000000 T _stext\n"))):
    try:
        wrong()
        check(False, f"hidden {what} are noticed")
    except ValueError:
        check(True, f"hidden {what} are noticed")
print(f"1..{len(checks)}")
sys.exit(0 if all(checks) else 1)
