#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The tables of the paper on one emulated board, for KVM, Xen and Selkie: TCP and random writes, service-VM and user-VM.

Deterministic time (one instruction is one nanosecond), one core, and no device outside of the board in what is measured: the
network's peer is a network namespace, the disk is in RAM (bench/jobs/prepare.sh). TCP, fio and boot each have a boot of the
board for themselves; boards run side by side, as many as the machine can carry. A system's numbers go to
<out>/tables-<system>.json, what iperf3 and fio wrote to <out>/raw/<system>, report.md and plots beside them.
"""

import argparse
import collections
import io
import os
import sys
import tarfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tools")]
import boards  # noqa: E402
import counters  # noqa: E402
import plots  # noqa: E402
import results  # noqa: E402
from selkie_board import Board  # noqa: E402

JOBS = os.path.join(HERE, "jobs")
# Seconds of this machine a scenario may take before it counts as hung.
SCENARIO_LIMIT = 3600

Amounts = collections.namedtuple("Amounts", "tcp tcp_runs fio fio_runs sizes boots")
SIZES = ("4k", "16k", "64k", "256k", "1m", "2m", "4m")
FULL = Amounts("512M", 3, "1s", 3, SIZES, 3)
QUICK = Amounts("128M", 2, "200ms", 3, SIZES, 1)

# vmms: what runs the user-VM (bench/jobs/user-vm.sh), by place.
System = collections.namedtuple("System", "name image baseline vmms")
QEMU = {"user-vm": "qemu", "user-vm-vhost": "qemu-vhost"}
# Xen's network back end is in dom0's kernel as it is: without and with vhost would be the same.
XL = {"user-vm": "xl"}

# What takes longest comes first, so that no board is left over at the end.
Scenario = collections.namedtuple("Scenario", "kind place command")
SCENARIOS = (
    Scenario("fio", "service-vm", "service-vm.sh fio {fio} {fio_runs} {sizes}"),
    Scenario("fio", "user-vm", "user-vm.sh {vmm} fio {fio} {fio_runs} {sizes}"),
    Scenario("tcp", "service-vm", "service-vm.sh tcp {tcp} {tcp_runs}"),
    Scenario("tcp", "user-vm", "user-vm.sh {vmm} tcp {tcp} {tcp_runs}"),
    Scenario("tcp", "user-vm-vhost", "user-vm.sh {vmm} tcp {tcp} {tcp_runs}"),
    Scenario("boot", "user-vm", "user-vm.sh {vmm} boot {boots}"),
)


def say(text):
    print(text, file=sys.stderr, flush=True)


def send_jobs(board):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(JOBS, "jobs")
    board.run("mkdir -p /run/bench && tar -C /run/bench -x", stdin=packed.getvalue(), check=True)


def scenarios_of(system, kind, only):
    return [s for s in SCENARIOS if s.kind == kind and f"{s.kind}-{s.place}".startswith(only)
            and (s.place == "service-vm" or s.place in system.vmms)]


def run_scenario(board, system, scenario, amounts, progress):
    """Runs it, says what is done. Returns {file name: content} of what it left."""
    words = scenario.command.format(**{**amounts._asdict(), "sizes": " ".join(amounts.sizes),
                                       "vmm": system.vmms.get(scenario.place)})
    board.run("rm -rf /run/bench/out && mkdir /run/bench/out", check=True)
    board.start(f"/run/bench/jobs/{words}")
    result = board.finish(SCENARIO_LIMIT, out=progress)
    if result.status != 0:
        raise results.ResultError(f"{words}: status {result.status}\n{result.text[-3000:]}"
                                  f"{result.err.decode(errors='replace')[-3000:]}")
    packed = board.run("tar -C /run/bench/out -c .", check=True).out
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        return {os.path.basename(member.name): tar.extractfile(member).read() for member in tar if member.isfile()}


def keep(found, scenario, files, folder):
    """Writes a scenario's files into a folder and adds what they say to the results."""
    os.makedirs(folder, exist_ok=True)
    snapshots = {name.removesuffix(".counters"): data.decode() for name, data in files.items() if name.endswith(".counters")}
    for name, data in sorted(files.items()):
        with open(os.path.join(folder, name), "wb") as copy:
            copy.write(data)
        if name.endswith(".json"):
            kind, what, _, numbers = results.parse(name, data)
            if snapshots:
                numbers["counted"] = counters.differences(snapshots, name.removesuffix(".json"))
            found.add(kind, scenario.place, what, numbers)
        elif name == "command":
            found.about["commands"][f"{scenario.kind}-{scenario.place}"] = data.decode().strip()


def measure(system, scenarios, amounts, build, out, begin):
    """Boots a system and runs scenarios on it. Returns its Results."""
    found = results.Results(system.name)
    with Board(build, image=system.image, baseline=system.baseline, icount=True,
               log=os.path.join(out, f"tables-{system.name}-{scenarios[0].kind}.log")) as board:
        board.wait_boot()
        send_jobs(board)
        board.run("/run/bench/jobs/prepare.sh", check=True)
        if system.baseline == "xen":
            board.run("/run/bench/jobs/prepare-xen.sh", check=True)
        found.about = {"board": " ".join(board.command[:1] + [w for w in board.command if w.startswith(("virt", "shift"))]),
                       "kernel": board.run("uname -srv").text.strip(),
                       "qemu": board.run("qemu-system-aarch64 --version | head -n 1").text.strip(),
                       "amounts": amounts._asdict(), "commands": {}}
        if system.baseline == "xen":
            found.about["xen"] = board.run("/usr/lib/xen-[0-9]*/bin/xl info xen_version", check=True).text.strip()
        for scenario in scenarios:

            def progress(data, place=scenario.place):
                for line in data.decode(errors="replace").splitlines():
                    say(f"  {time.monotonic() - begin:5.0f} s  {system.name:<10} {place}: {line}")

            keep(found, scenario, run_scenario(board, system, scenario, amounts, progress),
                 os.path.join(out, "raw", system.name, f"{scenario.kind}-{scenario.place}"))
    return found


def measure_all(systems, only, amounts, build, out, count):
    """Returns ([Results of each system], [what failed])."""
    begin = time.monotonic()
    found = {system.name: results.Results(system.name) for system in systems}
    failed = []
    tasks = []
    for kind in dict.fromkeys(scenario.kind for scenario in SCENARIOS):
        for system in systems:
            scenarios = scenarios_of(system, kind, only)
            if scenarios:
                tasks.append(((system.name, kind), measure, (system, scenarios, amounts, build, out, begin)))
    for (name, kind), part, problem in boards.side_by_side(tasks, count):
        if problem:
            failed.append(f"{name} {kind}")
            say(f"  {time.monotonic() - begin:5.0f} s  {name:<10} {kind} failed: {problem}")
        else:
            found[name].merge(part)
            found[name].save(os.path.join(out, f"tables-{name}.json"))
    return list(found.values()), failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--out", help="folder for results (default: <build>/bench)")
    parser.add_argument("--image", help="Selkie's image; without it only the others are measured")
    parser.add_argument("--name", default="selkie", help="what the image's column is called")
    parser.add_argument("--no-kvm", action="store_true")
    parser.add_argument("--no-xen", action="store_true")
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--only", default="", help="scenarios whose name, kind-place, begins so")
    parser.add_argument("--boards", type=int, help="how many side by side (default: as the machine's cores and memory allow)")
    parser.add_argument("--report", nargs="+", metavar="FILE", help="measure nothing, report these results")
    options = parser.parse_args()
    out = options.out or os.path.join(options.build, "bench")
    os.makedirs(out, exist_ok=True)
    failed = []
    if options.report:
        found = [results.Results.load(path) for path in options.report]
    else:
        if not any(f"{s.kind}-{s.place}".startswith(options.only) for s in SCENARIOS):
            parser.error(f"no scenario begins with {options.only}")
        systems = [] if options.no_kvm else [System("kvm", None, "kvm", QEMU)]
        systems += [] if options.no_xen else [System("xen", None, "xen", XL)]
        systems += [System(options.name, options.image, None, QEMU)] if options.image else []
        found, failed = measure_all(systems, options.only, QUICK if options.quick else FULL, options.build, out, options.boards)
    text = results.report(found)
    with open(os.path.join(out, "report.md"), "w", encoding="utf-8") as file:
        file.write(text)
    print(text)
    for path in plots.draw(found, out):
        say(f"plot: {path}")
    if failed:
        say(f"failed, see above: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
