#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots an image that prints TAP on the console, without any device but that. Prints what it prints.

Ends when the plan (`1..N`) is fulfilled or the machine is off. Status 0: there was a plan, and every test of it ran and
passed.
"""

import argparse
import os
import re
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from selkie_board import Board, BoardError  # noqa: E402

RESULT = re.compile(rb"^(not )?ok\b", re.M)
PLAN = re.compile(rb"^1\.\.(\d+)\s", re.M)
BAIL_OUT = re.compile(rb"^Bail out!", re.M)


class Tap:
    def __init__(self):
        self.text = b""
        self.board = None

    def add(self, data):
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        self.text += data

    @property
    def plan(self):
        found = PLAN.search(self.text)
        return int(found.group(1)) if found else None

    @property
    def results(self):
        return len(RESULT.findall(self.text))

    @property
    def failures(self):
        return sum(1 for wrong in RESULT.findall(self.text) if wrong)

    def over(self):
        whole = self.text.endswith(b"\n")
        if whole and (BAIL_OUT.search(self.text) or (self.plan is not None and self.results >= self.plan)):
            return True
        return not self.board.running


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image")
    parser.add_argument("--build", default="build")
    parser.add_argument("--log")
    parser.add_argument("--limit", type=float, default=600, help="seconds for everything")
    options = parser.parse_args()
    tap = Tap()
    with Board(options.build, image=options.image, icount=True, devices=False, console=tap.add, log=options.log) as board:
        tap.board = board
        started = time.monotonic()
        try:
            board.wait_for(tap.over, options.limit, "waiting for the tests' end")
            if not board.running:
                board.wait_end()
        except BoardError as error:
            print(f"not ok - {os.path.basename(options.image)}: {str(error).splitlines()[0]}")
            if board.running:
                print(board.registers())
            return 1
    print(f"# {time.monotonic() - started:.0f} s")
    if tap.plan is None or tap.results < tap.plan:
        print(f"not ok - {os.path.basename(options.image)}: {tap.results} results, plan {tap.plan}")
        return 1
    return 1 if tap.failures else 0


if __name__ == "__main__":
    sys.exit(main())
