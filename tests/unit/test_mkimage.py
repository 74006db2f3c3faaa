#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""mkimage shows every mistake at its line, and nothing else. Prints TAP.

Each description in tests/unit/mkimage carries its mistakes as comments at the end of the line that has to be named:
/* wrong: part of the message */ or /* warning: part of the message */.

usage: test_mkimage.py MKIMAGE BOARD.DTB
"""

import os
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mkimage")
EXPECTED = re.compile(r"/\* (wrong|warning): (.*?) \*/")
MESSAGE = re.compile(r"(.*?):(\d+): (warning: )?(.*)")

results = []


def check(good, what, detail=""):
    results.append(good)
    print(f"{'' if good else 'not '}ok {len(results)} - {what}")
    if not good:
        for line in detail.splitlines():
            print(f"# {line}")


def run(words):
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
    return done.returncode, done.stdout, done.stderr


def expected(path):
    with open(path, encoding="utf-8") as source:
        return [(number, kind, text) for number, line in enumerate(source, 1) for kind, text in EXPECTED.findall(line)]


def check_description(mkimage, board, blobs, name):
    path = os.path.join(HERE, name)
    status, out, err = run([mkimage, "--check", "--system", path, "--board-dtb", board, "--search", blobs])
    want = expected(path)
    left = []
    for line in err.splitlines():
        match = MESSAGE.fullmatch(line)
        found = None
        if match and match[1] == path:
            kind = "warning" if match[3] else "wrong"
            found = next((w for w in want if w[0] == int(match[2]) and w[1] == kind and w[2] in match[4]), None)
        if found:
            want.remove(found)
        else:
            left.append(line)
    mistakes = any(kind == "wrong" for _, kind, _ in expected(path))
    detail = "".join(f"missing: {number}: {kind}: {text}\n" for number, kind, text in want)
    detail += "".join(f"unexpected: {line}\n" for line in left)
    check(not want and not left and out == "" and status == (1 if mistakes else 0), f"{name}, status {status}", detail)


def check_usage(mkimage, board, blobs):
    system = os.path.join(HERE, "good.dts")
    base = [mkimage, "--system", system, "--board-dtb", board]
    for words in ([mkimage], [mkimage, "--check"], [mkimage, "--colour"], base, base + ["--check", "word"],
                  base + ["--check", "--blob", "x"], base + ["--check", "--blob", "=x"], base + ["--search"]):
        status, _, err = run(words)
        check(status == 2 and "usage: mkimage" in err, f"usage: {' '.join(words[1:2] + words[5:])}", f"{status}\n{err}")
    status, out, _ = run([mkimage, "--help"])
    check(status == 0 and out.startswith("usage: mkimage"), "--help")

    good = base + ["--check", "--search", blobs]
    status, _, err = run([mkimage, "--check", "--system", os.path.join(HERE, "no.dts"), "--board-dtb", board])
    check(status == 1 and "no.dts:1:" in err, "no such description", err)
    status, _, err = run([mkimage, "--check", "--system", system, "--board-dtb", "/nowhere"])
    check(status == 1 and "/nowhere: No such file" in err, "no such board tree", err)
    status, _, err = run([mkimage, "--check", "--system", system, "--board-dtb", system])
    check(status == 1 and "is not a flattened device tree" in err, "a board tree that is none", err)
    status, _, err = run(good + ["--dtc", "/nowhere/dtc"])
    check(status == 1 and "install device-tree-compiler" in err, "no dtc", err)
    status, _, err = run(good + ["--blob", "good.cpio=/nowhere"])
    check(status == 1 and '/nowhere: No such file' in err, "--blob comes before --search", err)
    os.rename(os.path.join(blobs, "vmm.elf"), os.path.join(blobs, "other.elf"))
    status, _, err = run(good)
    check(status == 1 and f'{system}:4: /: there is no "vmm.elf" in' in err, "no VMM", err)
    status, _, err = run(good + ["--blob", f"vmm.elf={blobs}/other.elf"])
    check(status == 0, "VMM by --blob", err)
    os.rename(os.path.join(blobs, "other.elf"), os.path.join(blobs, "vmm.elf"))


PACKER = """#!/bin/sh
printf '%s\\n' "$@" > "$0.words"
for word in "$@"; do
	case $word in /tmp/selkie-system-*) cp "$word" "$0.dtb"; chmod 644 "$0.dtb" ;; esac
done
exit ${PACKER_STATUS:-0}
"""


def check_packing(mkimage, board, blobs):
    """The words that mkpackage gets; what it makes of them is its own test's business."""
    packer = os.path.join(blobs, "packer")
    with open(packer, "w", encoding="ascii") as script:
        script.write(PACKER)
    os.chmod(packer, 0o755)
    system, kernel = os.path.join(HERE, "good.dts"), os.path.join(blobs, "good.Image")
    words = [mkimage, "-o", "out.img", "--system", system, "--board-dtb", board, "--kernel", kernel, "--root", kernel,
             "--loader", "l.bin", "--mkpackage", packer, "--search", blobs]
    status, _, err = run(words)
    check(status == 0 and err == "", "packs", err)
    with open(f"{packer}.words", encoding="ascii") as file:
        got = file.read().splitlines()
    dtb = got.pop(9) if len(got) > 9 else ""
    want = ["-o", "out.img", "--loader", "l.bin", "--kernel", kernel, "--root", kernel, "--system",
            "--root-end", "0x0", "--blob", f"good.Image={kernel}", "--blob", f"good.cpio={blobs}/good.cpio",
            "--blob", f"vmm.elf={blobs}/vmm.elf"]
    check(got == want, "each file once", "\n".join(got))
    with open(f"{packer}.dtb", "rb") as file:
        check(file.read(4) == b"\xd0\x0d\xfe\xed", "the description is compiled")
    check(dtb.startswith("/tmp/") and not os.path.exists(dtb), "its temporary file is gone")
    os.environ["PACKER_STATUS"] = "1"
    status, _, err = run(words)
    check(status == 1, "the packer's failure is ours")
    with open(os.path.join(blobs, "good.cpio"), "ab") as big:
        big.truncate(256 << 20)
    status, _, err = run(words)
    check(status == 1 and "good.dts:6: board: all files together have 273 MiB, the board has room for" in err,
          "too much for the board's reserved RAM", err)


def main():
    mkimage, board = sys.argv[1:]
    with tempfile.TemporaryDirectory() as blobs:
        # 3 MiB in RAM at a 2 MiB boundary
        image = struct.pack("<IIQQQ24xI4x", 0, 0, 0, 3 << 20, 0xa, 0x644d5241)
        for name, content in (("good.Image", image.ljust(3 << 20, b"\0")), ("good.cpio", b"070701" + bytes(4090)),
                              ("empty.Image", b""), ("vmm.elf", b"\x7fELF")):
            with open(os.path.join(blobs, name), "wb") as file:
                file.write(content)
        for name in sorted(os.listdir(HERE)):
            if name.endswith(".dts"):
                check_description(mkimage, board, blobs, name)
        check_usage(mkimage, board, blobs)
        check_packing(mkimage, board, blobs)
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
