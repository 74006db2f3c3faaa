#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The tables of the paper on one emulated board, for Selkie and for KVM: TCP and random writes, service-VM and user-VM.

Deterministic time (one instruction is one nanosecond), one core, and no device outside of the board in what is measured: the
network's peer is a network namespace, the disk is in RAM (bench/jobs/prepare.sh). Each system is booted once. Its
numbers go to <out>/tables-<system>.json, what iperf3 and fio wrote to <out>/raw/<system>, report.md and plots beside them.
"""

import argparse
import collections
import io
import os
import shlex
import sys
import tarfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "tools")]
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
QUICK = Amounts("128M", 2, "200ms", 1, SIZES, 1)

Scenario = collections.namedtuple("Scenario", "kind place command")
SCENARIOS = (
    Scenario("tcp", "service-vm", "service-vm.sh tcp {tcp} {tcp_runs}"),
    Scenario("tcp", "user-vm", "user-vm.sh off tcp {tcp} {tcp_runs}"),
    Scenario("tcp", "user-vm-vhost", "user-vm.sh on tcp {tcp} {tcp_runs}"),
    Scenario("fio", "service-vm", "service-vm.sh fio {fio} {fio_runs} {sizes}"),
    Scenario("fio", "user-vm", "user-vm.sh off fio {fio} {fio_runs} {sizes}"),
    Scenario("boot", "user-vm", "user-vm.sh off boot {boots}"),
)


def say(text):
    print(text, file=sys.stderr, flush=True)


def send_jobs(board):
    board.run("mkdir -p /run/bench/jobs", check=True)
    for name in sorted(os.listdir(JOBS)):
        path = shlex.quote(f"/run/bench/jobs/{name}")
        with open(os.path.join(JOBS, name), "rb") as job:
            board.run(f"cat > {path} && chmod +x {path}", stdin=job.read(), check=True)


def run_scenario(board, scenario, amounts, progress):
    """Runs it, says what is done. Returns {file name: content} of what it left."""
    words = scenario.command.format(**{**amounts._asdict(), "sizes": " ".join(amounts.sizes)})
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


def measure(system, image, amounts, scenarios, build, out):
    """Boots a system and runs the scenarios on it. Returns its Results."""
    begin = time.monotonic()
    found = results.Results(system)
    raw_folder = os.path.join(out, "raw", system)
    with Board(build, image=image, baseline=None if image else "kvm", icount=True,
               log=os.path.join(out, f"tables-{system}.log")) as board:
        board.wait_boot()
        send_jobs(board)
        board.run("/run/bench/jobs/prepare.sh", check=True)
        found.about = {"board": " ".join(board.command[:1] + [w for w in board.command if w.startswith(("virt", "shift"))]),
                       "kernel": board.run("uname -srv").text.strip(),
                       "qemu": board.run("qemu-system-aarch64 --version | head -n 1").text.strip(),
                       "amounts": amounts._asdict(), "commands": {}}
        for scenario in scenarios:
            name = f"{scenario.kind}-{scenario.place}"

            def progress(data, place=scenario.place):
                for line in data.decode(errors="replace").splitlines():
                    say(f"  {time.monotonic() - begin:5.0f} s  {system} {place}: {line}")

            keep(found, scenario, run_scenario(board, scenario, amounts, progress), os.path.join(raw_folder, name))
            found.save(os.path.join(out, f"tables-{system}.json"))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--out", help="folder for results (default: <build>/bench)")
    parser.add_argument("--image", help="Selkie's image; without it only KVM is measured")
    parser.add_argument("--name", default="selkie", help="what the image's column is called")
    parser.add_argument("--no-kvm", action="store_true")
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--only", help="scenarios whose name, kind-place, begins so")
    parser.add_argument("--report", nargs="+", metavar="FILE", help="measure nothing, report these results")
    options = parser.parse_args()
    out = options.out or os.path.join(options.build, "bench")
    os.makedirs(out, exist_ok=True)
    if options.report:
        found = [results.Results.load(path) for path in options.report]
    else:
        amounts = QUICK if options.quick else FULL
        scenarios = [s for s in SCENARIOS if f"{s.kind}-{s.place}".startswith(options.only or "")]
        systems = ([] if options.no_kvm else [("kvm", None)]) + ([(options.name, options.image)] if options.image else [])
        found = [measure(name, image, amounts, scenarios, options.build, out) for name, image in systems]
    text = results.report(found)
    with open(os.path.join(out, "report.md"), "w", encoding="utf-8") as file:
        file.write(text)
    print(text)
    for path in plots.draw(found, out):
        say(f"plot: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
