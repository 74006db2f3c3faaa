# SPDX-License-Identifier: BSD-2-Clause
"""Results of the two tables: raw files to numbers, numbers to medians, spreads and shares, and those to text.

A measurement is (kind, place, what) -> list of dictionaries, one a repetition, every one with the key "value":
    tcp   place service-vm, user-vm, user-vm-vhost; what to-peer, from-peer; value in Mbit/s
    fio   place service-vm, user-vm; what is the block size; value in MiB/s
    boot  place user-vm; what shell; value in seconds
"""

import json
import re
import statistics

import counters

FILE_NAME = re.compile(r"(?P<kind>tcp|fio|boot)-(?:(?P<what>[a-z0-9-]+)-)?(?P<repetition>\d+)\.json")
DIRECTIONS = ("to-peer", "from-peer")
USER_PLACES = {"tcp": ("user-vm", "user-vm-vhost"), "fio": ("user-vm",)}
# What shares are compared with, and the least that a share may be of theirs; the most that a boot may take of theirs.
SHARE_TARGETS = {"kvm": 0.95, "xen": 1.0}
BOOT_TARGETS = {"kvm": 1.25}


class ResultError(Exception):
    """A raw file does not hold what it should; the text says which and what."""


def tcp_value(raw):
    """What has arrived over the client's time. The server's would include the client's message of the end, whose loss takes
    200 ms and says nothing of throughput."""
    if "error" in raw:
        raise ResultError(raw["error"])
    sent, received = raw["end"]["sum_sent"], raw["end"]["sum_received"]
    seconds = (sent if sent["sender"] else received)["seconds"]
    return {"value": 8 * received["bytes"] / seconds / 1e6, "bytes": received["bytes"], "seconds": seconds}


def fio_value(raw):
    write = raw["jobs"][0]["write"]
    if raw["jobs"][0]["error"] or not write["bw_bytes"]:
        raise ResultError(f"fio: error {raw['jobs'][0]['error']}, {write['bw_bytes']} bytes/s")
    return {"value": write["bw_bytes"] / 2**20, "iops": write["iops"], "latency_us": write["lat_ns"]["mean"] / 1e3,
            "latency_9999_us": write["clat_ns"]["percentile"]["99.990000"] / 1e3, "seconds": write["runtime"] / 1e3}


def boot_value(raw):
    return {"value": raw["seconds"]}


VALUE_OF = {"tcp": tcp_value, "fio": fio_value, "boot": boot_value}


def parse(name, data):
    """(kind, what, repetition, numbers) of a raw file."""
    match = FILE_NAME.fullmatch(name)
    if not match:
        raise ResultError(f"{name}: not a result")
    try:
        numbers = VALUE_OF[match["kind"]](json.loads(data))
    except (ValueError, KeyError, IndexError, TypeError, ResultError) as problem:
        raise ResultError(f"{name}: {problem!r}") from problem
    return match["kind"], match["what"] or "shell", int(match["repetition"]), numbers


class Results:
    """All measurements of one system, as they are kept in its JSON file."""

    def __init__(self, system, about=None, rows=None):
        self.system, self.about, self.rows = system, about or {}, rows or {}

    def add(self, kind, place, what, numbers):
        self.rows.setdefault(kind, {}).setdefault(place, {}).setdefault(what, []).append(numbers)

    def merge(self, other):
        """Takes in what another boot of the same system has measured."""
        commands = {**self.about.get("commands", {}), **other.about.get("commands", {})}
        self.about = {**self.about, **other.about, "commands": commands}
        for kind, places in other.rows.items():
            for place, whats in places.items():
                for what, rows in whats.items():
                    for numbers in rows:
                        self.add(kind, place, what, numbers)

    def values(self, kind, place, what, key="value"):
        return [numbers[key] for numbers in self.rows.get(kind, {}).get(place, {}).get(what, [])]

    def median(self, kind, place, what, key="value"):
        """None when it was not measured."""
        values = self.values(kind, place, what, key)
        return statistics.median(values) if values else None

    def spread(self, kind, place, what):
        """Largest less smallest, over the median; None of fewer than two."""
        values = self.values(kind, place, what)
        return (max(values) - min(values)) / statistics.median(values) if len(values) > 1 else None

    def share(self, kind, place, what):
        """What the user-VM reaches of what the service-VM reaches."""
        mine, whole = self.median(kind, place, what), self.median(kind, "service-vm", what)
        return mine / whole if mine is not None and whole else None

    def whats(self, kind):
        """Directions or block sizes in the order of the tables."""
        found = {what for place in self.rows.get(kind, {}).values() for what in place}
        return [what for what in DIRECTIONS if what in found] if kind == "tcp" else sorted(found, key=block_bytes)

    def save(self, path):
        with open(path, "w", encoding="utf-8") as out:
            json.dump({"system": self.system, "about": self.about, "rows": self.rows}, out, indent=1)
            out.write("\n")

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        return cls(content["system"], content["about"], content["rows"])


def block_bytes(size):
    """4k -> 4096; what is no size comes first."""
    match = re.fullmatch(r"(\d+)([km]?)", size)
    return int(match[1]) * {"": 1, "k": 1024, "m": 1 << 20}[match[2]] if match else 0


def shares(results):
    """[(kind, place, what, share)] of all that have one."""
    found = [(kind, place, what, results.share(kind, place, what))
             for kind, places in USER_PLACES.items() for what in results.whats(kind) for place in places]
    return [row for row in found if row[3] is not None]


def number(value, form):
    return "-" if value is None else format(value, form)


def ratio(one, other):
    return one / other if one is not None and other else None


def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def with_spread(results, kind, place, what, form):
    value, spread = results.median(kind, place, what), results.spread(kind, place, what)
    return number(value, form) + ("" if spread is None else f" ±{50 * spread:.1f} %")


def tcp_table(all_results):
    head = ["scenario"] + [f"{r.system}, {what}" for r in all_results for what in DIRECTIONS]
    rows = [[place] + [with_spread(r, "tcp", place, what, ",.0f") for r in all_results for what in DIRECTIONS]
            for place in ("service-vm",) + USER_PLACES["tcp"]]
    return markdown(head, rows)


def fio_table(all_results):
    """Medians of bandwidth in both places, and the paper's further columns of the user-VM."""
    lines = []
    for r in all_results:
        head = ["block", f"{r.system}: service-VM MiB/s", "user-VM MiB/s", "user-VM IOPS", "mean latency us", "99.99 % us"]
        rows = [[size] + [with_spread(r, "fio", place, size, ".1f") for place in ("service-vm", "user-vm")]
                + [number(r.median("fio", "user-vm", size, key), ",.0f")
                   for key in ("iops", "latency_us", "latency_9999_us")] for size in r.whats("fio")]
        lines += ([""] if lines else []) + markdown(head, rows)
    return lines


def with_ratios(all_results, references, value_of, form):
    """Cells of a row: each system's value, behind it, where the system is no reference, its ratio to each reference's."""
    cells = []
    for r in all_results:
        value = value_of(r)
        cells.append(number(value, form))
        if r not in references:
            cells += [number(ratio(value, value_of(reference)), ".2f") for reference in references]
    return cells


def share_table(all_results, references):
    """Shares user-VM/service-VM of each system; beside those of others the ratio to each reference's share."""
    head = ["share user-VM/service-VM"]
    for r in all_results:
        head += [r.system] + ([] if r in references else [f"/{reference.system}" for reference in references])
    rows = []
    keys = {row[:3]: None for r in all_results for row in shares(r)}
    for kind, place, what in sorted(keys, key=lambda k: (k[0] != "tcp", k[1], block_bytes(k[2]), k[2] != "to-peer")):
        label = f"{kind} {what}" + (", vhost" if place == "user-vm-vhost" else "")
        rows.append([label] + with_ratios(all_results, references, lambda r, key=(kind, place, what): r.share(*key), ".3f"))
    # Not every system has all shares: a sum for each set of them that one has, of the systems that have all of the set.
    sets = {tuple(key for key in keys if r.share(*key) is not None) for r in all_results}
    for some in sorted((some for some in sets if some), key=len, reverse=True):
        rows.append([f"sum of {len(some)}"] + with_ratios(all_results, references, lambda r, some=some: share_sum(r, some), ".3f"))
    return markdown(head, rows)


def share_sum(results, keys):
    """None when one of them is missing."""
    values = [results.share(*key) for key in keys]
    return None if None in values else sum(values)


def boot_table(all_results, reference):
    rows = []
    for r in all_results:
        median = r.median("boot", "user-vm", "shell")
        beside = reference.median("boot", "user-vm", "shell") if reference else None
        rows.append([r.system, number(median, ".3f"), number(r.spread("boot", "user-vm", "shell"), ".1%"),
                     number(ratio(median, beside), ".2f")])
    return markdown(["guest boot to shell", "seconds (virtual)", "spread", "/kvm"], rows)


def counter_table(results):
    """What was counted for a user-VM per MiB of TCP, medians; no lines without counters."""
    columns = {}
    for place in USER_PLACES["tcp"]:
        for what in results.whats("tcp"):
            rates = [counters.per_mib(row) for row in results.rows["tcp"].get(place, {}).get(what, [])]
            columns[what + (", vhost" if place == "user-vm-vhost" else "")] = {
                name: statistics.median(rate.get(name, 0) for rate in rates) for rate in rates for name in rate}
    names = sorted({name for column in columns.values() for name in column})
    rows = [[name] + [number(column.get(name), ",.1f") for column in columns.values()] for name in names]
    return markdown([f"{results.system}: counted per MiB"] + list(columns), rows) if rows else []


def verdict(results, reference):
    """What misses its target, as sentences; empty when nothing does."""
    missed = []
    target = SHARE_TARGETS[reference.system]
    for kind, place, what, share in shares(results):
        beside = ratio(share, reference.share(kind, place, what))
        if beside is not None and beside < target:
            missed.append(f"{results.system}: {kind} {what} {place}: {beside:.3f} of {reference.system}'s share, target {target}")
    target = BOOT_TARGETS.get(reference.system)
    beside = ratio(results.median("boot", "user-vm", "shell"), reference.median("boot", "user-vm", "shell"))
    if target is not None and beside is not None and beside > target:
        missed.append(f"{results.system}: boot {beside:.2f} times {reference.system}'s, target {target}")
    return missed


def report(all_results):
    """The whole report in Markdown."""
    references = [r for r in all_results if r.system in SHARE_TARGETS]
    measured = {kind for r in all_results for kind in r.rows}
    lines = []
    for kind, title, table in (
            ("tcp", "Table I: TCP, Mbit/s (median, half the distance between largest and smallest)", tcp_table),
            ("fio", "Table II: random write, posixaio, 64 MB file, end_fsync", fio_table),
            ("boot", "Boot", lambda found: boot_table(found, next((r for r in references if r.system == "kvm"), None)))):
        if kind in measured:
            lines += [title, ""] + table(all_results) + [""]
    if any(shares(r) for r in all_results):
        lines += ["Shares", ""] + share_table(all_results, references)
    for r in all_results:
        lines += [""] + counter_table(r) if "tcp" in r.rows else []
    misses = [miss for r in all_results if r not in references for reference in references for miss in verdict(r, reference)]
    lines += [""] + [f"- {miss}" for miss in misses] if misses else []
    return "\n".join(lines) + "\n"
