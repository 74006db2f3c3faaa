#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the test programs it is given and the system tests; ends with one line that counts everything.

  run.py --build build --unit PROGRAM... --fuzz PROGRAM... --check MAKE-TARGET...
         --tap-image IMAGE... [--system [-- PYTEST-WORD...]]

All but the system tests run side by side, as many as there are processors. What failed is shown whole.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools"))
from selkie_board import die_with_parent  # noqa: E402

TAP = re.compile(rb"^(not )?ok\b([^\r\n]*)", re.M)
UNIT_LIMIT = 300
TAP_LIMIT = 900


def run(words, limit, **options):
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit, check=False,
                              stdin=subprocess.DEVNULL, preexec_fn=die_with_parent, **options)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        return "a limit of %d s" % limit, late.stdout or b""


def run_unit(program):
    """(passed, failed, output) of a program that prints TAP or just exits."""
    return count_tap(program, *run([program], UNIT_LIMIT))


def count_tap(program, status, output):
    passed = failed = 0
    for wrong, rest in TAP.findall(output):
        if b"# SKIP" in rest.upper():
            continue
        if wrong:
            failed += 1
        else:
            passed += 1
    if status != 0 and not failed:
        failed += 1
        output += f"\n{program} ended with {status}\n".encode()
    elif not passed and not failed:
        passed = 1
    return passed, failed, output


def run_tap_image(build, image):
    tap = os.path.join(ROOT, "tests", "tap_board.py")
    log = os.path.join(build, "test-logs", f"tap-{os.path.basename(image)}.log")
    os.makedirs(os.path.dirname(log), exist_ok=True)
    return count_tap(f"{tap} {image}", *run(["/usr/bin/python3", "-B", tap, "--build", build, "--log", log, image], TAP_LIMIT))


def run_fuzz(program, seconds):
    name = os.path.basename(program)
    work = os.path.join(os.path.dirname(program), f"{name}.work")
    corpus = os.path.join(work, "corpus")
    os.makedirs(corpus, exist_ok=True)
    # The seed is fixed so that a run repeats; `make fuzz-NAME` explores further.
    words = [os.path.abspath(program), f"-max_total_time={seconds}", "-seed=1", "-timeout=10", "-rss_limit_mb=2048",
             f"-artifact_prefix={os.path.abspath(work)}/", os.path.abspath(corpus)]
    seeds = os.path.join(ROOT, "tests", "fuzz", name)
    if os.path.isdir(seeds):
        words.append(seeds)
    status, output = run(words, seconds + 120)
    return (1, 0, output) if status == 0 else (0, 1, output)


def run_check(target):
    status, output = run(["make", "--no-print-directory", target], 1200, cwd=ROOT)
    return (1, 0, output) if status == 0 else (0, 1, output)


class Total:
    def __init__(self):
        self.passed = self.failed = 0

    def add(self, kind, name, passed, failed, output):
        self.passed += passed
        self.failed += failed
        print(f"  {'FAIL' if failed else 'pass'}    {kind} {name}: {passed} passed, {failed} failed", flush=True)
        if failed:
            sys.stdout.write(output.decode(errors="replace").rstrip("\n") + "\n")
            sys.stdout.flush()


def run_system(build, words, total):
    report = os.path.join(build, "system-tests.xml")
    if os.path.exists(report):
        os.remove(report)
    command = ["/usr/bin/python3", "-B", "-m", "pytest", "-p", "no:cacheprovider", "-q",
               os.path.join(ROOT, "tests", "system"), f"--build={build}", f"--junitxml={report}", *words]
    status = subprocess.run(command, cwd=ROOT, check=False).returncode
    if not os.path.exists(report):
        total.failed += 1
        return
    passed = failed = 0
    for suite in xml.etree.ElementTree.parse(report).getroot().iter("testsuite"):
        failed += int(suite.get("failures")) + int(suite.get("errors"))
        passed += int(suite.get("tests")) - int(suite.get("skipped"))
    passed -= failed
    if status not in (0, 1, 5) and not failed:
        failed = 1
    total.passed += passed
    total.failed += failed


def main():
    words = sys.argv[1:]
    pytest_words = []
    if "--" in words:
        at = words.index("--")
        words, pytest_words = words[:at], words[at + 1:]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--unit", nargs="*", default=[])
    parser.add_argument("--fuzz", nargs="*", default=[])
    parser.add_argument("--fuzz-seconds", type=int, default=5)
    parser.add_argument("--check", nargs="*", default=[])
    parser.add_argument("--tap-image", nargs="*", default=[])
    parser.add_argument("--system", action="store_true")
    options = parser.parse_args(words)
    total = Total()
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [("unit", program, pool.submit(run_unit, program)) for program in options.unit]
        jobs += [("fuzz", program, pool.submit(run_fuzz, program, options.fuzz_seconds)) for program in options.fuzz]
        jobs += [("check", target, pool.submit(run_check, target)) for target in options.check]
        jobs += [("board", image, pool.submit(run_tap_image, options.build, image)) for image in options.tap_image]
        for kind, name, job in jobs:
            total.add(kind, os.path.basename(name), *job.result())
    if options.system:
        run_system(os.path.abspath(options.build), pytest_words, total)
    print(f"{time.monotonic() - started:.0f} s")
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
