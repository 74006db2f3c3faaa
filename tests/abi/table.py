#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the table of docs/kernel-abi.md from the sources of the tests and logs of their runs.

  table.py docs/kernel-abi.md release=LOG debug=LOG stand-in=LOG

A log is what `make check-abi` prints. The table stands between the lines "<!-- table -->" and "<!-- end -->"; everything
else in the file is kept. Status 1 when a log lacks a test.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
TEST = re.compile(r"^(?:/\*((?:[^*]|\*(?!/))*)\*/\n)?ABI_TEST\((\w+), (\w+)\)", re.M)
RESULT = re.compile(r"^(not )?ok \d+ - (\S+)", re.M)


def sources():
    """The files with tests, in the order of the build."""
    names = re.findall(r"(\w+\.c)", (HERE / "build.mk").read_text(encoding="utf-8"))
    for name in names:
        path = HERE / name
        if path.exists() and "ABI_TEST(" in path.read_text(encoding="utf-8"):
            yield path


def sentence(comment, name):
    words = " ".join(line.strip(" *\t") for line in (comment or "").splitlines()).strip()
    return words.rstrip(".") if words else name.replace("_", " ")


def table(results):
    kernels = list(results)
    missing = 0
    for path in sources():
        text = path.read_text(encoding="utf-8")
        title = re.search(r"^/\* (.*?) \*/$", text.split("\n", 2)[1])
        yield f"\n### {title.group(1).rstrip('.')}\n\n"
        yield "| behaviour | test | " + " | ".join(kernels) + " |\n| --- | --- |" + " --- |" * len(kernels) + "\n"
        for comment, group, name in TEST.findall(text):
            test = f"{group}.{name}"
            row = [results[kernel].get(test, "missing") for kernel in kernels]
            missing += row.count("missing")
            yield f"| {sentence(comment, name)} | `{test}` | " + " | ".join(row) + " |\n"
    if missing:
        print(f"table.py: {missing} results missing", file=sys.stderr)
        sys.exit(1)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    page = pathlib.Path(sys.argv[1])
    results = {}
    for word in sys.argv[2:]:
        kernel, log = word.split("=", 1)
        text = pathlib.Path(log).read_text(encoding="utf-8", errors="replace")
        results[kernel] = {test: "**fails**" if wrong else "ok" for wrong, test in RESULT.findall(text)}
    text = page.read_text(encoding="utf-8")
    head, rest = text.split("<!-- table -->\n", 1)
    tail = rest.split("<!-- end -->", 1)[1]
    page.write_text(head + "<!-- table -->\n" + "".join(table(results)) + "<!-- end -->" + tail, encoding="utf-8")


main()
