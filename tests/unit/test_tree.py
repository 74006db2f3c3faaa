#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A place that nothing can be built in is refused with a sentence that says what to do. Prints TAP.

File systems that lack something are played by programs of the test's own in front of the real ones: a chmod without
effect, an ln that fails, a df that tells of a full disk.
"""

import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLAIN_ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS")}

results = []


def check(good, what, detail=""):
    results.append(good)
    print(f"{'' if good else 'not '}ok {len(results)} - {what}")
    if not good:
        for line in detail.splitlines():
            print(f"# {line}")


def copy_tree(folder):
    """What make reads, and what it runs before anything is built."""
    for top, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in (".git", "build")]
        for name in files:
            path = os.path.relpath(os.path.join(top, name), ROOT)
            if name == "Makefile" or name.endswith(".mk") or path.startswith(("tools/", "images/packages/")):
                os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
                shutil.copy2(os.path.join(ROOT, path), os.path.join(folder, path))
    return folder


def make(tree, *words, programs=None):
    """(status, stderr) of make; programs are found before the system's own."""
    path = f"{programs}:{os.environ['PATH']}" if programs else os.environ["PATH"]
    done = subprocess.run(["make", "-C", tree, "--no-print-directory", *(words or ("image",))], capture_output=True,
                          text=True, check=False, timeout=60, env={**PLAIN_ENVIRONMENT, "PATH": path})
    return done.returncode, done.stderr


def program(folder, name, text):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "w", encoding="utf-8") as script:
        script.write(f"#!/bin/sh\n{text}\n")
    os.chmod(os.path.join(folder, name), 0o755)
    return folder


def refused(what, result, sentence, remedy):
    """make said why and what to do, and nothing of its own beyond one line."""
    status, text = result
    lines = text.splitlines()
    good = (status == 2 and len(lines) == 3 and lines[0].startswith("Selkie cannot be built here: ")
            and sentence in lines[0] and remedy in lines[1] and lines[2].endswith("see above.  Stop."))
    check(good, f"{what}: refused with a sentence", f"status {status}\n{text}")


def test_names(place):
    for name in ["a b", "a\tb", "it's", "a$b", "a#b", "a%b", "a:b", "a=b", "a,b", 'a"b', "a;b", "a(b", "a\\b", "a*b"]:
        refused(f"a folder '{name}'", make(copy_tree(os.path.join(place, name))), f"{name}' has a space or special character",
                "Move the tree")
    tree = copy_tree(os.path.join(place, "good"))
    refused("BUILD with a space", make(tree, "image", f"BUILD={place}/b c"), "/b c' has a space", "BUILD=<folder>")
    check(not os.path.exists(os.path.join(place, "b c")), "a folder that is refused is not made")
    for goal in ["help", "clean", "distclean"]:
        status, text = make(os.path.join(place, "a b"), goal)
        check(status == 0, f"make {goal} works in a folder with a space", text)


def test_file_systems(place):
    tree = copy_tree(os.path.join(place, "tree"))
    idle = program(os.path.join(place, "idle"), "chmod", "exit 0")
    refused("no execute bits", make(tree, programs=idle), "has no execute bits", "ext4")
    shutil.rmtree(os.path.join(tree, "build"))
    failing = program(os.path.join(place, "failing"), "ln", "exit 1")
    refused("no symbolic links", make(tree, programs=failing), "has no symbolic links", "ext4")
    shutil.rmtree(os.path.join(tree, "build"))
    full = program(os.path.join(place, "full"), "df", "echo ' Avail'; echo '   200M'")
    refused("a full disk", make(tree, programs=full), "200 MiB of free disk, 3072 MiB are needed", "Free some")
    os.chmod(os.path.join(tree, "tools/debian.sh"), 0o644)
    refused("scripts without execute bits", make(tree), "tools/debian.sh may not be executed", "execute bits")
    os.chmod(os.path.join(tree, "tools/debian.sh"), 0o755)
    with open(os.path.join(place, "file"), "w", encoding="utf-8"):
        pass
    refused("BUILD below a file", make(tree, "image", f"BUILD={place}/file/build"), "there is no writing to", "writable")


def test_network(place):
    """deps.sh of an ordinary user: sudo clears the environment, and apt reaches no mirror."""
    programs = program(os.path.join(place, "offline"), "id", "echo 1000")
    program(programs, "sudo", '[ "$1" != -n ] || shift; exec env -i PATH="$PATH" "$@"')
    program(programs, "apt-get", f'echo "$* proxy=$http_proxy" >> {place}/asked; case $* in *install*) exit 100 ;; esac')
    package_list = os.path.join(place, "some.list")
    with open(package_list, "w", encoding="utf-8") as out:
        out.write("no-such-package\n")
    done = subprocess.run(["sh", os.path.join(ROOT, "tools/deps.sh"), package_list], capture_output=True, text=True, check=False,
                          env={**PLAIN_ENVIRONMENT, "PATH": f"{programs}:{os.environ['PATH']}", "http_proxy": "http://proxy:1"})
    check(done.returncode == 1 and "Is the network up? Behind a proxy" in done.stderr, "packages that cannot be installed: a sentence",
          f"status {done.returncode}\n{done.stderr}")
    with open(os.path.join(place, "asked"), encoding="utf-8") as asked:
        lines = asked.read().splitlines()
    check(len(lines) == 3 and all(line.endswith("proxy=http://proxy:1") for line in lines), "the proxy comes through sudo",
          "\n".join(lines))


def main():
    with tempfile.TemporaryDirectory() as place:
        test_names(place)
        test_file_systems(place)
        test_network(place)
        good = copy_tree(os.path.join(place, "fine-tree_1.0+x@y~"))
        done = subprocess.run(["sh", "tools/check_tree.sh", "build"], cwd=good, capture_output=True, text=True, check=False)
        check(done.returncode == 0 and not done.stderr, "a good tree passes", done.stderr)
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
