#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots the board. `make run` calls it with everything built; see its --help and `make help`.

Without --cmd: a console, QEMU's monitor behind Ctrl-a c; on a terminal a user-VM starts on it (selkie-demo). With --cmd: runs the command in the service-VM; its output is
the only thing on stdout, the console and our own messages go to stderr; the exit status is the command's.
"""

import argparse
import os
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from selkie_board import Board, BoardError  # noqa: E402

# Status when the machine, not the command, failed.
STATUS_MACHINE = 124

# The service-VM's console, in the service-VM.
CONSOLE = "/dev/ttyAMA0"


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


def say(text):
    write_all(2, f"run: {text}\n".encode())


def interactive(args):
    say("booting; Ctrl-a x leaves at once, Ctrl-a h helps")
    with Board(interactive=True, **args) as board:
        # Ctrl-C belongs to the guest: QEMU has the terminal in raw mode.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        boots = 0
        while board.running:
            board.wait_for(lambda: len(board.hellos) > boots or not board.running, float("inf"), "running")
            if board.running and sys.stdout.isatty():
                # A serial line knows no size: tell each boot ours. The first one goes on to a user-VM.
                size = os.get_terminal_size()
                start = f"stty -F {CONSOLE} rows {size.lines} cols {size.columns}"
                if boots == 0 and not args["baseline"]:
                    start += f"; selkie-demo --tty {CONSOLE}"
                board.start(start)
            boots = len(board.hellos)
        return board.process.returncode


def command(args, text, limit):
    with Board(console=lambda data: write_all(2, data.replace(b"\r", b"")), **args) as board:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            seconds = board.wait_boot()
            say(f"service-VM ready after {seconds:.1f} s")
            board.start(text)
            result = board.finish(limit, out=lambda data: write_all(1, data), err=lambda data: write_all(2, data))
        except BoardError as error:
            if not board.running and board.process.returncode == 0 and board.hellos:
                say("the service-VM powered the machine off")
                return 0
            say(error)
            if board.running:
                say(f"processor state:\n{board.registers()}")
            return STATUS_MACHINE
        except KeyboardInterrupt:
            return 128 + signal.SIGINT
        if board.running:
            try:
                board.power_off()
            except BoardError as error:
                say(error)
        return result.status


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="build folder")
    parser.add_argument("--image", help="bootable Selkie image")
    parser.add_argument("--baseline", choices=["bare", "kvm"], help="the service-VM's Linux alone, without Selkie")
    parser.add_argument("--cmd-env", metavar="NAME", help="environment variable that holds the command to run")
    parser.add_argument("--share", help="folder mounted at /mnt/share in the service-VM")
    parser.add_argument("--icount", action="store_true", help="deterministic time")
    parser.add_argument("--memory", type=int, help="MiB of the board")
    parser.add_argument("--disk", help="raw file that becomes the service-VM's second disk")
    parser.add_argument("--limit", type=float, default=float("inf"), help="seconds the command may take")
    parser.add_argument("--status-file", help="gets the exit status (make itself only knows 0 and 2)")
    options = parser.parse_args()
    args = {"build": options.build, "image": options.image, "baseline": options.baseline or None,
            "share": options.share, "icount": options.icount, "memory": options.memory, "disk": options.disk}
    text = os.environ.get(options.cmd_env, "") if options.cmd_env else ""
    if options.share:
        os.makedirs(options.share, exist_ok=True)
    status = command(args, text, options.limit) if text else interactive(args)
    if options.status_file:
        with open(options.status_file, "w", encoding="ascii") as file:
            file.write(f"{status}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
