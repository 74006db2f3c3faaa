#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Runs the test programs it is given and the system tests; ends with one line that counts everything.

  run.py --build build --unit PROGRAM... --fuzz PROGRAM... --check MAKE-TARGET...
         --tap-image IMAGE... [--system] [-- PYTEST-WORD...]

All of it is one queue of pytest (tests/conftest.py, tests/programs.py), from which --jobs workers take, the longest first. Tests
that mind company come after all others, by themselves. With --jobs 1 everything runs one after the other as it stands here.
What failed is shown whole.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def run(paths, words):
    """A run of pytest: how many tests passed, failed, and wait to be run alone."""
    with tempfile.TemporaryDirectory() as folder:
        counts = os.path.join(folder, "counts")
        command = ["/usr/bin/python3", "-B", "-m", "pytest", "-p", "no:cacheprovider", "-qq", "-o", "console_output_style=classic",
                   f"--rootdir={ROOT}", f"--counts={counts}", *paths, *words]
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        try:
            with open(counts, encoding="utf-8") as text:
                passed, failed, waiting = map(int, text.read().split())
        except FileNotFoundError:
            return 0, 1, 0
    # 5: no test was chosen.
    return passed, failed or int(status not in (0, 5)), waiting


def main():
    words = sys.argv[1:]
    pytest_words = []
    if "--" in words:
        at = words.index("--")
        words, pytest_words = words[:at], words[at + 1:]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--unit", nargs="*", default=[])
    parser.add_argument("--fuzz", nargs="*", default=[])
    parser.add_argument("--fuzz-seconds", type=int, default=5)
    parser.add_argument("--check", nargs="*", default=[])
    parser.add_argument("--tap-image", nargs="*", default=[])
    parser.add_argument("--system", action="store_true")
    options = parser.parse_args(words)
    build = os.path.abspath(options.build)
    programs = [f"--program={kind}:{path}" for kind, paths in (
        ("unit", options.unit), ("fuzz", options.fuzz), ("check", options.check), ("board", options.tap_image)) for path in paths]
    paths = [os.path.join(ROOT, "tests", name) for name, wanted in (("programs.py", programs), ("system", options.system)) if wanted]
    common = [f"--build={build}", f"--fuzz-seconds={options.fuzz_seconds}", *programs]
    started = time.monotonic()
    if options.jobs == 1:
        passed, failed, _ = run(paths, [*common, *pytest_words])
    else:
        # A worker that dies has failed a test; nothing is tried again.
        beside = [f"--numprocesses={options.jobs}", "--dist=loadgroup", "--max-worker-restart=0", "--alone=leave"]
        passed, failed, waiting = run(paths, [*common, *beside, *pytest_words])
        if waiting:
            passed_alone, failed_alone, _ = run(paths, [*common, "--alone=only", *pytest_words])
            passed, failed = passed + passed_alone, failed + failed_alone
    print(f"{time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
