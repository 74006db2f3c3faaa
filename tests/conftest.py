# SPDX-License-Identifier: BSD-2-Clause
"""
What all tests have in common: a line for each that is over, and the order in which they start when they run side by side
(tests/run.py). Marks, for tests in any folder:

  seconds(n)   about how many seconds of one processor it takes, when that is more than a few: the longest start first
  xdist_group  tests with the same name have something in common that is expensive: one worker runs them all
  alone        minds company, because it measures this machine's time: runs by itself after all others
"""

import os

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def pytest_addoption(parser):
    parser.addoption("--build", default=os.path.join(ROOT, "build"), help="build folder")
    parser.addoption("--program", action="append", default=[], metavar="KIND:PATH", help="a test of tests/programs.py")
    parser.addoption("--fuzz-seconds", type=int, default=5, help="seconds that each fuzzer runs")
    parser.addoption("--counts", metavar="FILE", help="gets the numbers of tests that passed, failed, and wait to run alone")
    parser.addoption("--alone", choices=["leave", "only"], help="leave out, or run only, tests that are marked alone")


def pytest_configure(config):
    config.addinivalue_line("markers", "seconds(n): takes about n seconds of one processor")
    config.addinivalue_line("markers", "alone: minds company")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Lines(config))


def seconds(item):
    mark = item.get_closest_marker("seconds")
    return mark.args[0] if mark else 0


def pytest_collection_modifyitems(config, items):
    choice, left = config.getoption("--alone"), []
    if choice:
        left = [item for item in items if (choice == "only") != bool(item.get_closest_marker("alone"))]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
    if hasattr(config, "workerinput"):
        config.workeroutput["waiting"] = len(left)
        items.sort(key=seconds, reverse=True)


class Lines:
    """A line for each test that is over, instead of a letter: side by side they end in any order. Counts what they stand for."""

    WORDS = {"passed": "pass", "failed": "FAIL", "skipped": "skip"}

    def __init__(self, config):
        self.config = config
        self.passed = self.failed = self.waiting = 0

    @pytest.hookimpl(hookwrapper=True)
    def pytest_report_teststatus(self):
        outcome = yield
        category, _, word = outcome.get_result()
        outcome.force_result((category, "", word))

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        if report.when != "call" and report.outcome == "passed":
            return
        name = os.path.basename(report.nodeid).partition("@")[0]
        counts = dict(report.user_properties).get("counts")
        if counts:
            # tests/programs.py: the kind and the name of a program that has tests of its own.
            name = f"{name.partition('[')[2].rstrip(']')}: {counts[0]} passed, {counts[1]} failed"
        elif report.when != "call":
            name += f" ({report.when})"
        if report.outcome != "skipped":
            passed, failed = counts or (int(report.outcome == "passed"), int(report.outcome == "failed"))
            self.passed += passed
            self.failed += failed
        self.config.pluginmanager.get_plugin("terminalreporter").write_line(f"  {self.WORDS[report.outcome]}    {name}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node):
        # Each worker says the same; one that died says nothing.
        self.waiting = max(self.waiting, getattr(node, "workeroutput", {}).get("waiting", 0))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self):
        if self.config.getoption("--counts"):
            with open(self.config.getoption("--counts"), "w", encoding="utf-8") as counts:
                counts.write(f"{self.passed} {self.failed} {self.waiting}\n")
