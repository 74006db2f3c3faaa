# SPDX-License-Identifier: BSD-2-Clause
"""What Selkie and KVM count for a user-VM: the snapshots of bench/jobs/counters.sh, their differences, a table.

A line is <file below /sys/kernel/debug>:<name><space or colon><number>; KVM has the name in the file's.
"""

import re

LINE = re.compile(r"(?:selkie|kvm)/(?P<path>[^:]*):(?:(?P<name>[a-z]\w*) )?(?P<value>\d+)")
NUMBER_IN_PATH = re.compile(r"^(?:vm\d+|\d+-\d+)/")
# Less often than this per MiB is noise.
RARE = 0.1


def parse(text):
    """{name: number} of a snapshot. Names are unique but for the number of the user-VM, which is left out."""
    found = {}
    for line in text.splitlines():
        match = LINE.fullmatch(line.strip())
        if match:
            path = NUMBER_IN_PATH.sub("", match["path"])
            found["/".join(part for part in (path, match["name"]) if part)] = int(match["value"])
    return found


def before(name):
    """The snapshot before one of tcp.sh's, by name."""
    direction, _, repetition = name.removeprefix("tcp-").rpartition("-")
    if direction == "from-peer":
        return f"tcp-to-peer-{repetition}"
    return f"tcp-from-peer-{int(repetition) - 1}" if int(repetition) > 1 else "tcp-start"


def differences(snapshots, name):
    """What was counted between a snapshot and the one before it."""
    first, last = parse(snapshots[before(name)]), parse(snapshots[name])
    return {key: value - first[key] for key, value in last.items() if key in first and value != first[key]}


def per_mib(numbers):
    """{name: count per MiB} of one measurement, without times and what is rare."""
    mib = numbers["bytes"] / 2**20
    rates = {name: count / mib for name, count in numbers.get("counted", {}).items() if not re.search("^halt_|hist|uptime", name)}
    return {name: rate for name, rate in rates.items() if rate >= RARE}
