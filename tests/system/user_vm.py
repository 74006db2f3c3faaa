# SPDX-License-Identifier: BSD-2-Clause
"""User-VMs for system tests: unmodified QEMU in the service-VM, a guest that runs a job and powers off."""

import os
import re

GUEST = "/usr/share/selkie/guest"
JOB_STATUS = re.compile(r"user-vm: job ended with status (\d+)")
# One user-VM with a job: boot, work, power off.
LIMIT = 240


class UserVmError(AssertionError):
    """A user-VM did not do its job; the text shows what it and QEMU printed."""


def initrd(board, name, job):
    """Puts a job (shell text, run by the guest's busybox) behind the guest's initramfs; the path in the service-VM."""
    with open(os.path.join(board.share, f"{name}.job"), "w", encoding="utf-8") as out:
        out.write("#!/bin/busybox sh\nexport PATH=/bin\n" + job + "\n")
    path = f"/tmp/{name}.cpio"
    board.run(f"set -e; rm -rf /tmp/{name}.d; mkdir /tmp/{name}.d; cp /mnt/share/{name}.job /tmp/{name}.d/job; "
              f"chmod +x /tmp/{name}.d/job; cd /tmp/{name}.d; echo job | busybox cpio -o -H newc > ../{name}.add 2>/dev/null; "
              f"cat {GUEST}/initramfs.cpio ../{name}.add > {path}; rm -r ../{name}.add ../{name}.d", check=True)
    return path


def command(initrd_path, words="", memory=256, vcpus=1, append="", machine="virt,gic-version=2", console=True,
            runner=""):
    """
    The command line of a user-VM. words: more of QEMU's words; its serial console is QEMU's stdout. runner: a command that runs
    QEMU, with a space behind it.
    """
    return (f"{runner}qemu-system-aarch64 -accel kvm -cpu host -M {machine} -m {memory} -smp {vcpus} -nodefaults -display none "
            f"{'-serial stdio -monitor none ' if console else ''}-no-reboot -kernel {GUEST}/Image -initrd {initrd_path} "
            f"-append 'console=ttyAMA0 quiet panic=-1 {append}' {words} </dev/null")


def run(board, name, job, words="", before="", after="", limit=LIMIT, **arguments):
    """
    Runs a user-VM with a job and returns its console's text (with what `after`, shell text in the service-VM, prints).
    `before` prepares. Fails unless job and QEMU end with status 0.
    """
    path = initrd(board, name, job)
    result = board.run(f"{before}\ntimeout {limit} {command(path, words, **arguments)} 2>&1; status=$?\n{after}\n"
                       f"rm -f {path}; exit $status", limit=limit + 60)
    text = result.text.replace("\r", "")
    found = JOB_STATUS.search(text)
    if result.status != 0 or not found or found.group(1) != "0":
        raise UserVmError(f"{name}: QEMU ended with {result.status}, job with {found.group(1) if found else 'nothing'}\n"
                          f"{text[-4000:]}\n{result.err.decode(errors='replace')[-2000:]}")
    return text


def counters(board):
    """Root's books (kmod's debugfs) as a dictionary."""
    text = board.run("cat /sys/kernel/debug/selkie/counters", check=True).text
    return {name: int(value) for name, value in (line.split() for line in text.splitlines())}


# What comes back to the same value when user-VMs have come and gone.
BOOKS = ("untyped_free", "objects", "slots_used", "asids_used", "vms", "quota_free", "frames_shared")


def books(board):
    now = counters(board)
    return {name: now[name] for name in BOOKS}
