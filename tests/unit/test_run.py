#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""tests/run.py: counts what programs and tests say, runs them side by side, the longest first, some alone. Prints TAP.

usage: test_run.py FOLDER     (anywhere below the tree; it gets a folder of its own there)
"""

import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

checks = []


def check(good, what, detail=""):
    checks.append(bool(good))
    print(f"{'' if good else 'not '}ok {len(checks)} - {what}")
    if not good:
        print("".join(f"# {line}\n" for line in detail.splitlines()), end="")


def run(folder, jobs, programs, tests=""):
    """(status, output) of run.py with shell scripts {name: text} as unit tests and the text of a file of pytest."""
    paths = []
    for name, text in programs.items():
        paths.append(os.path.join(folder, name))
        with open(paths[-1], "w", encoding="utf-8") as out:
            out.write(f"#!/bin/sh\ncd {folder}\n{text}\n")
        os.chmod(paths[-1], 0o755)
    file = os.path.join(folder, "test_given.py")
    with open(file, "w", encoding="utf-8") as out:
        out.write(f"import os\nimport pytest\nos.chdir({folder!r})\n{tests}")
    done = subprocess.run([os.path.join(ROOT, "tests", "run.py"), "--build", folder, "--jobs", str(jobs), "--unit", *paths,
                           "--", *([file] if tests else [])], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=300, check=False)
    return done.returncode, done.stdout


def outcomes(text):
    return re.findall(r"^  (pass|FAIL|skip) +(.*)", text, re.M)


def note(name, mark):
    """A test that notes when it began."""
    return f"@pytest.mark.{mark}\ndef test_{name}():\n    open('began', 'a').write('{name} ')\n"


PROGRAMS = {"tap": "echo 'ok 1'; echo 'not ok 2 - wrong'; echo 'ok 3 # SKIP'; echo 1..3; exit 1", "silent": "exit 0",
            "ends": "echo 'ok 1'; echo because; exit 3"}
TESTS = """
def test_bad():
    assert 1 == 2
def test_left():
    pytest.skip('why')
@pytest.fixture
def broken():
    raise OSError
def test_fixture(broken):
    pass
"""
MARKS = {"alone": "alone", "short": "seconds(0)", "long": "seconds(90)", "longer": "seconds(99)"}
ENDS = [("FAIL", "unit tap: 1 passed, 1 failed"), ("pass", "unit silent: 1 passed, 0 failed"),
        ("FAIL", "unit ends: 1 passed, 1 failed"), ("FAIL", "test_given.py::test_bad"), ("skip", "test_given.py::test_left"),
        ("FAIL", "test_given.py::test_fixture (setup)"), *(("pass", f"test_given.py::test_{name}") for name in MARKS)]


def began(folder):
    with open(os.path.join(folder, "began"), encoding="utf-8") as names:
        return names.read().split()


def one_job(folder):
    status, text = run(folder, 1, PROGRAMS, TESTS + "".join(note(*pair) for pair in MARKS.items()))
    check(outcomes(text) == ENDS, "--jobs 1: as they stand there", text)
    check(text.endswith("\n7 passed, 4 failed\n") and status == 1, "all are counted", text)
    check("not ok 2 - wrong" in text and "because" in text and "1 == 2" in text, "what failed is shown", text)


# Each of the two needs the other to run.
MEET = "test $(cat there) = x && printf y > back"
MEETS = """
def test_meets():
    open('there', 'w').write('x')
    assert open('back').read() == 'y'
"""


def two_jobs(folder):
    os.mkfifo(os.path.join(folder, "there"))
    os.mkfifo(os.path.join(folder, "back"))
    status, text = run(folder, 2, {**PROGRAMS, "meets": MEET}, TESTS + "".join(note(*pair) for pair in MARKS.items()) + MEETS)
    check(sorted(outcomes(text)) == sorted([*ENDS, ("pass", "unit meets: 1 passed, 0 failed"), ("pass", "test_given.py::test_meets")]),
          "--jobs 2: a program and a test run at the same time", text)
    check(text.endswith("\n9 passed, 4 failed\n") and status == 1, "all are counted", text)
    names = began(folder)
    check(sorted(names[:2]) == ["long", "longer"] and names[2:] == ["short", "alone"], "the longest first, what minds company last",
          f"{names}\n{text}")


def accidents(folder):
    status, text = run(folder, 2, {"good": "exit 0"}, "def test_crash(): os._exit(0)\n")
    check(status == 1 and text.endswith(" passed, 1 failed\n") and len(outcomes(text)) <= 2, "a worker that dies fails, once", text)
    status, text = run(folder, 2, {"good": "exit 0"}, "no_such_name\n")
    check(status == 1 and re.search(r" passed, [1-9] failed\n\Z", text) and "no_such_name" in text,
          "a file of tests that cannot be read has failed", text)


build = os.path.abspath(sys.argv[1])
for test in (one_job, two_jobs, accidents):
    with tempfile.TemporaryDirectory(dir=build) as place:
        test(place)
print(f"1..{len(checks)}")
sys.exit(0 if all(checks) else 1)
