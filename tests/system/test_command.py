# SPDX-License-Identifier: BSD-2-Clause
"""Commands in the service-VM: status, output, quoting; the agent and `make run CMD=...`."""

import os
import signal

import pexpect
import pytest


@pytest.mark.parametrize("status", [0, 1, 7, 124, 255])
def test_status(board, status):
    assert board.run(f"exit {status}").status == status


def test_killed_by_signal(board):
    assert board.run("kill -SEGV $$").status == 128 + signal.SIGSEGV


def test_signal_reaches_the_command(board):
    board.start("sleep 1000 & trap 'echo caught; exit 3' TERM; echo ready; wait")
    got = []

    def out(data):
        got.append(data)
        if b"ready" in data:
            board.signal(signal.SIGTERM)

    result = board.finish(out=out)
    assert (result.status, result.out) == (3, b"ready\ncaught\n")


def test_stdout_and_stderr_are_apart(board):
    result = board.run("echo to-out; echo to-err >&2; echo more-out")
    assert (result.out, result.err) == (b"to-out\nmore-out\n", b"to-err\n")


def test_output_is_binary_safe_and_complete(board):
    result = board.run("for i in 0 1 2 3; do head -c 65536 /dev/zero; printf '\\r\\n\\000\\377'; done")
    assert result.out == (bytes(65536) + b"\r\n\0\xff") * 4


def test_stdin(board):
    data = os.urandom(200_000)
    assert board.run("cat", stdin=data).out == data


def test_background_process_does_not_hold_the_command(board):
    result = board.run("sleep 1000 & echo started; exit 4")
    assert (result.status, result.out) == (4, b"started\n")
    board.run("pkill -x sleep", check=True)


def test_make_run_command(make):
    text = r"""echo "a'b" '$HOME' "$((6*7))" \\x "$(basename /usr/lib)"; echo complaint >&2; exit 7"""
    result = make("run", ICOUNT=1, CMD=text)
    assert result.stdout == b"a'b $HOME 42 \\x lib\n"
    assert b"complaint" in result.stderr
    assert result.returncode == 7


def test_make_run_share(make, tmp_path):
    (tmp_path / "in").write_text("from the build machine")
    result = make("run", ICOUNT=1, SHARE=tmp_path, CMD="cat /mnt/share/in; echo from the service-VM > /mnt/share/out")
    assert (result.returncode, result.stdout) == (0, b"from the build machine")
    assert (tmp_path / "out").read_text() == "from the service-VM\n"


def test_make_run_interactive(make_words, boards):
    words = make_words("run", ICOUNT=1)
    terminal = pexpect.spawn(words[0], words[1:], timeout=180, dimensions=(33, 111))
    if not boards.baseline:
        # On a terminal a user-VM starts; behind it is the service-VM's shell, which knows the terminal's size.
        terminal.expect_exact("To leave it")
        terminal.expect_exact("+ qemu-system-aarch64 -accel kvm")
        terminal.expect("user-vm: Linux .* up in")
        terminal.expect_exact("~ # ")
        terminal.sendline("echo in''side $(hostname)")
        terminal.expect_exact("inside user-vm")
        terminal.sendline("poweroff -f")
        terminal.expect_exact("Back in the service-VM")
        terminal.sendline("")
    terminal.expect_exact("root@service-vm:~# ")
    # The size comes over the agent, right after the boot.
    terminal.sendline("until stty size | grep -q '33 111'; do read -t 0.1; done; echo size''d $TERM")
    terminal.expect_exact("sized vt220")
    terminal.sendline("reboot")
    # The old shell may still prompt once.
    terminal.expect_exact("This is the service-VM")
    terminal.expect_exact("root@service-vm:~# ")
    terminal.sendline("poweroff")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


def test_make_run_demo(make, boards):
    if boards.baseline:
        pytest.skip("needs Selkie, not a baseline")
    result = make("run", ICOUNT=1, DEMO=1)
    assert result.returncode == 0, result.stderr.decode(errors="replace")[-3000:]
    assert result.stdout.count(b"\nok: ") == 3
    assert b"+ qemu-system-aarch64 -accel kvm" in result.stdout
