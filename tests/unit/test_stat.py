#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""selkie-stat on a folder made up here: tables, JSON, differences, options, the view on a pseudo-terminal. Prints TAP.

usage: test_stat.py SELKIE-STAT
"""

import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

PATIENCE = 60
KEYS = b"space now"

results = []


def check(good, what, detail=""):
    results.append(bool(good))
    print(f"{'' if good else 'not '}ok {len(results)} - {what}", flush=True)
    if not good:
        for line in str(detail).splitlines():
            print(f"# {line}")


def group(**words):
    return "".join(f"{name} {value}\n" for name, value in words.items())


def vm(number, created=1, exits=10, guest_ns=1_500_000_000, vcpus=1):
    return {f"vm{number}/vm": group(pid=100 + number, comm='we"ird\\ na\x01me', vcpus=vcpus, created_ns=created,
                                    uptime_ns=3_000_000_000, vmm_ns=250_000_000, frames_shared=2560, doorbells_rung=4),
            f"vm{number}/memory": group(faults=3, pages=2560),
            **{f"vm{number}/vcpu{n}": group(exits=exits + n, guest_ns=guest_ns) for n in range(vcpus)}}


def folder(path, *vms):
    """The folder with these user-VMs in it."""
    shutil.rmtree(path, ignore_errors=True)
    files = {"service": group(uptime_ns=5_000_000_000, vmm_ns=1_000_000_000, vcpu0_ns=2_000_000_000),
             "counters": group(untyped_free=64 << 20, untyped_total=128 << 20, objects=758, quota_free=32 << 20)}
    for each in vms:
        files.update(each)
    for name, text in files.items():
        os.makedirs(os.path.dirname(os.path.join(path, name)), exist_ok=True)
        with open(os.path.join(path, name), "w", encoding="utf-8") as out:
            out.write(text)
    return files


def run(program, *words):
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False, timeout=PATIENCE,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def check_tables(program, path):
    folder(path, vm(0), vm(3, exits=20, vcpus=2))
    status, out, err = run(program, "-d", path)
    lines = out.splitlines()
    check(status == 0 and not err and len(lines) == 5, "one table when there is no terminal", out + err)
    check("64 of 128 MiB free" in lines[0] and "2 user-VMs" in lines[0] and "guests 4.5 s" in lines[1] and
          "service-VM 2.0 s" in lines[1], "its summary", out)
    check(re.match(r" +0 +100 we\"ird\\ na\?m +1\.500 +0\.250 ", lines[3]) and re.match(r" +3 +103 .* 3\.000 .* 41 ", lines[4]),
          "a line for each user-VM, vCPUs added up", out)
    check(run(program, "--dir", path, "--once")[1] == out, "--once is the same", "")
    for words, first in ((("-s", "exits"), "3"), (("--sort", "GUEST"), "3"), (("-s", "vm"), "0"), (("-s", "pid"), "0")):
        check(run(program, "-d", path, *words)[1].splitlines()[3].split()[0] == first, f"sorted by {words[1]}")
    status, out, err = run(program, "-d", path, "--vm", "3")
    check(re.search(r"^ +exits +41 +20 +21$", out, re.M) and re.search(r"^ +guest_ns +3\.000 +1\.500 +1\.500$", out, re.M) and
          re.search(r"^ +doorbells_rung +4$", out, re.M) and re.search(r"^ +faults +3$", out, re.M), "all words of one", out)


def check_json(program, path):
    files = folder(path, vm(0), vm(3, vcpus=2))
    status, out, _ = run(program, "-d", path, "-j")
    got = json.loads(out)

    def words(name):
        return {key: int(value) for key, value in (line.split() for line in files[name].splitlines() if "comm" not in line)}

    check(status == 0 and got["service"] == words("service") and got["counters"] == words("counters") and got["time"] > 0,
          "JSON: the service-VM and root's books", out)
    check([each["id"] for each in got["vms"]] == [0, 3] and all(
        each["vm"] == words(f"vm{each['id']}/vm") and each["memory"] == words(f"vm{each['id']}/memory") and
        each["vcpu"] == {str(n): words(f"vm{each['id']}/vcpu{n}") for n in range(each["vm"]["vcpus"])} and
        each["comm"] == 'we"ird\\ na?me' for each in got["vms"]), "JSON: user-VMs", out)


def check_differences(program, path):
    """The program waits at two FIFOs in turn, so that it sees one state after the other."""
    files = folder(path, vm(0))
    for name in ("service", "vm0/vcpu0"):
        os.unlink(os.path.join(path, name))
        os.mkfifo(os.path.join(path, name))

    def feed(name, text):
        with open(os.path.join(path, name), "w", encoding="utf-8") as out:
            out.write(text)

    with subprocess.Popen([program, "-d", path, "-j", "-i", "0.01", "-n", "3"], stdout=subprocess.PIPE, text=True) as process:
        feed("service", files["service"])
        feed("vm0/vcpu0", group(exits=100, guest_ns=7))
        feed("service", files["service"])
        feed("vm0/vcpu0", group(exits=130, guest_ns=9))
        feed("vm0/vm", vm(0, created=2)["vm0/vm"])
        feed("service", files["service"])
        feed("vm0/vcpu0", group(exits=5, guest_ns=6))
        shutil.rmtree(os.path.join(path, "vm0"))
        feed("service", files["service"])
        out = process.communicate(timeout=PATIENCE)[0]
    one, two, three = (json.loads(line) for line in out.splitlines())
    check(one["vms"][0]["vcpu"]["0"] == {"exits": 30, "guest_ns": 2} and one["vms"][0]["vm"]["pid"] == 100 and
          one["vms"][0]["vm"]["doorbells_rung"] == 0 and one["vms"][0]["vm"]["uptime_ns"] == 3_000_000_000 and
          one["service"]["vcpu0_ns"] == 0 and one["counters"]["objects"] == 758 and one["interval"] >= 0.01,
          "differences of what is counted", out)
    check(two["vms"][0]["vcpu"]["0"] == {"exits": 5, "guest_ns": 6}, "a number used again is another user-VM", out)
    check(three["vms"] == [], "one that has gone", out)


def check_errors(program, path):
    folder(path, vm(0))
    for words in (("-z",), ("word",), ("-n", "0"), ("-n", "x"), ("-n", "-1"), ("-i", "0"), ("-i", "1x"), ("-i", "nan"), ("-m", "64"),
                  ("-s", "colour"), ("--once", "-n", "1"), ("--once", "-i", "1"), ("--vm",)):
        status, out, err = run(program, "-d", path, *words)
        check(status == 2 and "usage: selkie-stat" in err and not out, f"usage: {' '.join(words)}", f"{status}\n{err}")
    status, out, err = run(program, "--help")
    check(status == 0 and out.startswith("usage: selkie-stat") and not err, "--help")
    status, out, err = run(program, "-d", path, "-m", "5")
    check(status == 1 and "no user-VM 5" in err and not out, "no such user-VM", err)
    status, out, err = run(program, "-d", path + "/none")
    check(status == 1 and "No such file" in err and not out, "no folder", err)
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([program, "-d", path], stdout=full, stderr=subprocess.DEVNULL, check=False, timeout=PATIENCE)
    check(done.returncode == 1, "nowhere to write to")


class View:
    """The program on a pseudo-terminal of 24 lines."""

    def __init__(self, program, *words, columns=80):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.execv(program, [program, *words])
        self.resize(columns)
        self.text = b""

    def resize(self, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def press(self, keys):
        os.write(self.fd, keys)

    def until(self, pattern):
        """Waits for a screen that matches; returns it, or None."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for screen in self.text.split(b"\033[H")[1:]:
                if KEYS in screen and re.search(pattern, screen, re.S):
                    self.text = b""
                    return screen
            if not self.more(end):
                break
        return None

    def more(self, end):
        ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
        try:
            data = os.read(self.fd, 65536) if ready else b""
        except OSError:
            data = b""
        self.text += data
        return bool(data)

    def end(self):
        """What it wrote to its end, its status."""
        while self.more(time.monotonic() + PATIENCE):
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return self.text, status


def check_view(program, path):
    folder(path, vm(0), vm(3, exits=20))
    view = View(program, "-d", path, "-i", "86400")
    screen = view.until(rb"GUEST ") or b""
    check(b"\033[7m  0 " in screen, "drawn at once, the first user-VM selected", view.text)
    check(all(len(re.sub(rb"\033\[[0-9;?]*[A-Za-z]", b"", line)) <= 80 for line in screen.split(b"\r\n")), "lines are cut", screen)
    before = termios.tcgetattr(view.fd)
    view.press(b"\033[B")
    check(view.until(rb"\033\[7m  3 "), "down", view.text)
    view.press(b"j\033OAk\033[B")
    check(view.until(rb"\033\[7m  3 "), "keys that come together", view.text)
    view.press(b"s" * 8 + b"r")
    check(view.until(rb"   0 .*\033\[7m  3 "), "sorted otherwise, the same selected", view.text)
    folder(path, vm(0), vm(3, exits=25))
    view.press(b"\r")
    check(view.until(rb"user-VM 3: .*exits"), "details", view.text)
    view.press(b" ")
    check(view.until(rb"user-VM 3: .*counts per second"), "a new look", view.text)
    view.press(b"\r")
    check(view.until(rb"GUEST%"), "and back", view.text)
    folder(path, vm(0))
    view.press(b" ")
    check(view.until(rb"\033\[7m  0 .*\033\[J"), "the selected one has gone", view.text)
    view.resize(200)
    check(view.until(rb"MIB"), "a wider terminal shows more", view.text)
    view.press(b"q")
    text, status = view.end()
    check(status == 0 and text.endswith(b"\033[?25h\033[?1049l"), "quit", text)
    check(not before[3] & (termios.ICANON | termios.ECHO), "the terminal was raw")

    view = View(program, "-d", path, "-i", "0.01", "-m", "0")
    check(view.until(rb"user-VM 0: .*per second"), "another look by itself, details at once", view.text)
    os.kill(view.pid, signal.SIGTERM)
    text, status = view.end()
    check(status == 0 and text.endswith(b"\033[?25h\033[?1049l"), "ended by a signal", text)
    view = View(program, "-d", path, "-i", "0.01")
    view.until(rb"GUEST%")
    shutil.rmtree(path)
    text, status = view.end()
    check(status == 1 and b"\033[?1049l" in text and b"No such file" in text.split(b"\033[?1049l")[-1],
          "the folder has gone: the terminal is back, the reason is told", text)


def check_terminal_restored(program, path):
    folder(path, vm(0))
    shell = View("/bin/sh", "-c", f"stty -g > {path}/1; {program} -d {path}; stty -g > {path}/2")
    shell.until(rb"GUEST")
    shell.press(b"q")
    shell.end()
    with open(f"{path}/1", "rb") as one, open(f"{path}/2", "rb") as two:
        check(one.read() == two.read(), "the terminal is as it was")


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder_of_all:
        path = os.path.join(folder_of_all, "selkie")
        check_tables(program, path)
        check_json(program, path)
        check_differences(program, path)
        check_errors(program, path)
        check_view(program, path)
        check_terminal_restored(program, path)
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
