# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures that run the emulated board. Every board's console is kept in build/test-logs; a failure shows its end."""

import os
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools"))
from selkie_board import Board, BoardError  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--kout", default=None, help="folder of what depends on the kernel (selkie.img, abi.img)")
    parser.addoption("--chaos-seeds", type=int, default=2, help="guests of test_chaos, one after the other")
    parser.addoption("--chaos-seconds", type=int, default=1, help="how long each of them runs, of its own time")
    parser.addoption("--baseline", default="", help="bare or kvm: run on Linux alone, to test the tests")


def pytest_configure(config):
    config.addinivalue_line("markers", "selkie: makes no sense on a baseline")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--baseline"):
        skip = pytest.mark.skip(reason="needs Selkie, not a baseline")
        for item in items:
            if item.get_closest_marker("selkie"):
                item.add_marker(skip)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for board in getattr(item.config, "selkie_boards", []):
            board.soiled = True
            report.sections.append((f"console of {board.name}, whole log in {board.log_path}", board.console_end(60)))


class Boards:
    """Starts boards with this run's options and remembers the running ones, for reports."""

    def __init__(self, config):
        self.config = config
        self.build = os.path.abspath(config.getoption("--build"))
        self.kout = os.path.abspath(config.getoption("--kout") or os.path.join(self.build, "devkernel"))
        self.baseline = config.getoption("--baseline") or None
        self.logs = os.path.join(self.build, "test-logs")
        # Each worker has a shared board of its own.
        self.worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        os.makedirs(self.logs, exist_ok=True)
        config.selkie_boards = []

    def image(self, name):
        return os.path.join(self.kout, name)

    def start(self, name, **arguments):
        arguments.setdefault("image", self.image("selkie.img"))
        arguments.setdefault("baseline", self.baseline)
        arguments.setdefault("icount", True)
        log = os.path.join(self.logs, f"{name}.log")
        board = Board(self.build, log=log, **arguments)
        board.name, board.log_path, board.soiled = name, log, False
        self.config.selkie_boards.append(board)
        return board

    def stop(self, board):
        board.close()
        if board in self.config.selkie_boards:
            self.config.selkie_boards.remove(board)


@pytest.fixture(scope="session")
def boards(request):
    boards = Boards(request.config)
    yield boards
    for board in list(request.config.selkie_boards):
        boards.stop(board)


@pytest.fixture
def new_board(boards, request):
    """A function that starts a board of the test's own: new_board(share=..., disk=...)."""
    mine = []

    def start(**arguments):
        board = boards.start(f"{request.node.name}-{len(mine)}", **arguments)
        mine.append(board)
        return board

    yield start
    for board in mine:
        boards.stop(board)


class SharedBoard:
    """The board that tests which leave no trace have in common; booted again after a test that failed on it."""

    def __init__(self, boards, folder):
        self.boards, self.folder = boards, folder
        self.share = os.path.join(folder, "share")
        self.disk = os.path.join(folder, "disk.raw")
        self.board, self.boots, self.stopped = None, 0, False
        os.mkdir(self.share)
        with open(self.disk, "wb") as disk:
            disk.truncate(64 << 20)

    def get(self):
        if self.board and (self.board.soiled or not self.board.running):
            self.boards.stop(self.board)
            self.board = None
        if not self.board:
            self.boots += 1
            self.stopped = False
            self.board = self.boards.start(f"shared{self.boards.worker}-{self.boots}", share=self.share, disk=self.disk)
            self.board.share, self.board.disk = self.share, self.disk
            self.board.wait_boot()
        elif self.stopped:
            self.board.monitor("cont")
        self.stopped = False
        return self.board

    def put(self):
        """Stops the clock: an idle board in deterministic time keeps a processor busy."""
        if self.board and self.board.running and not self.board.soiled:
            self.board.monitor("stop")
            self.stopped = True


@pytest.fixture(scope="session")
def shared_board(boards, tmp_path_factory):
    shared = SharedBoard(boards, str(tmp_path_factory.mktemp("shared")))
    yield shared
    if shared.board:
        boards.stop(shared.board)


@pytest.fixture
def board(shared_board):
    """A booted board, shared with other tests; share and disk are paths on this machine."""
    yield shared_board.get()
    shared_board.put()


@pytest.fixture
def make_words(boards):
    """A function that says how to run the project's make: make_words("run", CMD="...") -> list of words."""

    def words(*goals, **variables):
        # env: not a part of the make that may have started us.
        words = ["env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "-u", "MFLAGS", "make", "-C", ROOT, "--no-print-directory",
                 f"BUILD={os.path.relpath(boards.build, ROOT)}", *goals]
        if boards.baseline and goals[0].startswith("run"):
            words.append(f"BASELINE={boards.baseline}")
        return words + [f"{name}={value}" for name, value in variables.items()]

    return words


@pytest.fixture
def make(make_words):
    """A function that runs the project's make: make("run", CMD="...") -> CompletedProcess."""

    def run(*goals, limit=900, **variables):
        return subprocess.run(make_words(*goals, **variables), capture_output=True, timeout=limit, check=False)

    return run


__all__ = ["Board", "BoardError"]
