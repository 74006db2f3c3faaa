#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Each target of `make help` as the first command of an ordinary user on a machine without Selkie's packages: the list of
what is missing, nothing of make's own, no success. Prints TAP."""

import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PACKAGES = os.path.join(ROOT, "images", "packages")

# Programs of a machine where no package is installed but some names, the user is an ordinary one, and sudo does not know him.
FAKES = {
    "dpkg-query": 'for name in $INSTALLED; do echo "installed $name"; done; echo "config-files gcc"; exit 1',
    "id": "echo 1000",
    "sudo": "exit 1",
    "gcc": "echo gcc: started without being there >&2; exit 1",
}

checks = []


def check(good, what):
    checks.append(bool(good))
    print(f"{'' if good else 'not '}ok {len(checks)} - {what}")


def entries(name):
    with open(os.path.join(PACKAGES, name), encoding="utf-8") as file:
        return re.sub(r"#.*", "", file.read()).split()


def make(folder, words, installed=()):
    env = {"PATH": f"{folder}:{os.environ['PATH']}", "INSTALLED": " ".join(installed)}
    return subprocess.run(["make", f"BUILD={folder}/build", *words], cwd=ROOT, env=env, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=300, check=False, text=True)


def message(packages):
    return ("Selkie needs Debian packages that are not installed. As root, run:\n"
            f"  apt-get update && apt-get install --no-install-recommends {' '.join(packages)}\n")


with open(os.path.join(ROOT, "tools", "help.txt"), encoding="utf-8") as file:
    text = file.read()
goals = re.findall(r"\bmake ([a-z-]+(?: [A-Z]+=[^\s'.;:]+)?)", text)
check({"run", "run DEMO=1", "test", "check", "bench", "deps"} <= set(goals), "goals of make help are known")

base = [names.split("|")[0] for names in entries("build-machine.list")]
extra = {goal: entries(name) for name, goals_of in [("bench.list", "bench bench-tables bench-profile"),
                                                   ("fresh.list", "test-fresh test-long")] for goal in goals_of.split()}
with tempfile.TemporaryDirectory() as folder:
    for name, body in FAKES.items():
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\n{body}\n")
        os.chmod(path, 0o755)

    for goal in sorted(set(goals) - {"clean", "distclean", "help"}):
        result = make(folder, goal.split())
        wanted = message(base + extra.get(goal.split()[0], []))
        good = result.returncode != 0 and (result.stdout, result.stderr) == ("", wanted)
        check(good, f"make {goal}: the list alone")
        if not good:
            print(f"# status {result.returncode}", *(result.stdout + result.stderr).splitlines(), sep="\n# ")
    for goal in ["help", "clean", "distclean"]:
        result = make(folder, [goal])
        check(result.returncode == 0 and not result.stderr, f"make {goal}: needs nothing")

    other = [names.split("|")[-1] for names in entries("build-machine.list")]
    result = make(folder, ["deps"], [name for name in other if name != "spin"])
    check(result.stderr == message(["spin"]), "a package counts under each of its names, and one alone is missed")
print(f"1..{len(checks)}")
sys.exit(0 if all(checks) else 1)
