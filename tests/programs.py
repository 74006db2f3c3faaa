# SPDX-License-Identifier: BSD-2-Clause
"""
Test programs as tests of pytest, so that they run in one queue with the system tests: --program KIND:PATH, with KIND
  unit    a program that prints TAP or just exits
  fuzz    a libFuzzer target, run for --fuzz-seconds
  check   a target of make
  board   an image that prints TAP on the board's console
"""

import os
import re
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from selkie_board import die_with_parent  # noqa: E402

TAP = re.compile(rb"^(not )?ok\b([^\r\n]*)", re.M)
# Seconds of this machine, which may have much else to do.
UNIT_LIMIT = 900
TAP_LIMIT = 1800
CHECK_LIMIT = 1800
FUZZ_LIMIT = 600


def run(words, limit, **options):
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit, check=False,
                              stdin=subprocess.DEVNULL, preexec_fn=die_with_parent, **options)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        return f"a limit of {limit} s", late.stdout or b""


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


def run_unit(program, _):
    return count_tap(program, *run([program], UNIT_LIMIT))


def run_board(image, config):
    build = config.getoption("--build")
    tap = os.path.join(ROOT, "tests", "tap_board.py")
    log = os.path.join(build, "test-logs", f"tap-{os.path.basename(image)}.log")
    os.makedirs(os.path.dirname(log), exist_ok=True)
    words = ["/usr/bin/python3", "-B", tap, "--build", build, "--log", log, "--limit", str(TAP_LIMIT - 60), image]
    return count_tap(f"{tap} {image}", *run(words, TAP_LIMIT))


def run_fuzz(program, config):
    name = os.path.basename(program)
    work = os.path.join(os.path.dirname(program), f"{name}.work")
    corpus = os.path.join(work, "corpus")
    os.makedirs(corpus, exist_ok=True)
    # The seed is fixed so that a run repeats; `make fuzz-NAME` explores further.
    words = [os.path.abspath(program), f"-max_total_time={config.getoption('--fuzz-seconds')}", "-seed=1", "-timeout=60",
             "-rss_limit_mb=2048", f"-artifact_prefix={os.path.abspath(work)}/", os.path.abspath(corpus)]
    seeds = os.path.join(ROOT, "tests", "fuzz", name)
    if os.path.isdir(seeds):
        words.append(seeds)
    status, output = run(words, FUZZ_LIMIT)
    return (1, 0, output) if status == 0 else (0, 1, output)


def run_check(target, _):
    status, output = run(["make", "--no-print-directory", target], CHECK_LIMIT, cwd=ROOT)
    return (1, 0, output) if status == 0 else (0, 1, output)


# How a kind of program runs: (passed, failed, output), and about how many seconds one takes.
KINDS = {"unit": (run_unit, 1), "fuzz": (run_fuzz, 5), "check": (run_check, 15), "board": (run_board, 30)}


def pytest_generate_tests(metafunc):
    programs = [word.split(":", 1) for word in metafunc.config.getoption("--program")]
    metafunc.parametrize("kind, path", [
        pytest.param(kind, path, id=f"{kind} {os.path.basename(path)}", marks=pytest.mark.seconds(KINDS[kind][1]))
        for kind, path in programs])


def test_program(kind, path, request, record_property):
    function, _ = KINDS[kind]
    passed, failed, output = function(path, request.config)
    record_property("counts", (passed, failed))
    if failed:
        pytest.fail(output.decode(errors="replace"), pytrace=False)
