# SPDX-License-Identifier: BSD-2-Clause
"""
Every virtio device that unmodified QEMU has moves real data: virtio_rows.py is the table. One user-VM for each transport
has all devices of that transport; each row passes or fails on its own.
"""

import os
import re
import shutil
import subprocess

import pytest

import user_vm
from virtio_rows import MEMORY_MIB, ROWS, TRANSPORTS, VMS

# Rows share user-VMs, and the table is about all of them.
pytestmark = [pytest.mark.xdist_group("virtio"), pytest.mark.seconds(150)]

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
ROW_LINE = re.compile(r"^row (\S+) (\d+) ?(.*)$", re.M)
# All rows of one user-VM.
LIMIT = 900


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(path, mode)


def rows_of(vm):
    """[(name, transport, row)] of a user-VM."""
    return [(f"{transport}-{row.name}", transport, row) for transport in VMS[vm][0] for row in ROWS
            if row.on(transport) and vm == (row.vm or transport)]


def build_initrd(build, folder, rows):
    """The guest's initramfs with job, rows and program behind it."""
    tree = os.path.join(folder, "tree")
    for name, transport, row in rows:
        write(os.path.join(tree, "rows", name), row.guest.replace("@t", TRANSPORTS[transport][0]) + "\n")
    shutil.copy(os.path.join(TESTS, "virtio", "guest.sh"), os.path.join(tree, "job"))
    os.makedirs(os.path.join(tree, "bin"))
    shutil.copy(os.path.join(build, "virtio", "virtio-tool"), os.path.join(tree, "bin"))
    added = subprocess.run("find . | cpio -o -H newc -R 0:0 --quiet", shell=True, cwd=tree, stdout=subprocess.PIPE,
                           check=True).stdout
    with open(os.path.join(build, "virtio", "guest.cpio"), "rb") as base, \
            open(os.path.join(folder, "initrd"), "wb") as out:
        out.write(base.read() + added)
    shutil.rmtree(tree)


def write_picture(path):
    """What virtio-tool draws, as a PPM."""
    width, height = 640, 480
    pixels = bytes(byte for y in range(height) for x in range(width)
                   for byte in (255 * x // (width - 1), 255 * y // (height - 1), (x ^ y) & 255))
    with open(path, "wb") as out:
        out.write(b"P6\n%d %d\n255\n" % (width, height) + pixels)


def qemu_words(vm, rows):
    """The words of QEMU that a user-VM starts with, a list."""
    transports, vcpus, machine = VMS[vm]
    words = (f"-accel kvm -cpu host -M virt,gic-version=2,memory-backend=ram{machine} -m {MEMORY_MIB},maxmem=1G -smp {vcpus} "
             f"-object memory-backend-memfd,id=ram,size={MEMORY_MIB}M,share=on -nodefaults -display none -no-reboot "
             f"-serial stdio -kernel {user_vm.GUEST}/Image -initrd given/initrd -global virtio-mmio.force-legacy=false "
             "-chardev socket,id=qmp,path=qmp.sock,server=on,wait=on -mon chardev=qmp,mode=control "
             "-chardev socket,id=host,path=host.sock,server=on,wait=on "
             f"-device virtio-serial-{TRANSPORTS[transports[0]][0]},id=serial "
             "-device virtserialport,bus=serial.0,chardev=host,name=host").split()
    for _, transport, row in rows:
        ending, vhost_user_ending = TRANSPORTS[transport]
        words += row.words.format(t=ending, e=vhost_user_ending).split()
    return words + ["-append", "console=ttyAMA0 quiet panic=-1 user.ip=192.0.2.1/32"]


def run_rows(board, build, vm):
    """Starts a user-VM; {row name: (status, what it said)}, QEMU's status, all text."""
    rows = rows_of(vm)
    folder = os.path.join(board.share, f"virtio-{vm}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    build_initrd(build, folder, rows)
    write_picture(os.path.join(folder, "picture.ppm"))
    write(os.path.join(folder, "qemu"), "\n".join(qemu_words(vm, rows)) + "\n")
    write(os.path.join(folder, "setup"),
          "".join(row.setup.replace("@t", TRANSPORTS[transport][0]) + "\n" for _, transport, row in rows))
    shutil.copy(os.path.join(TESTS, "virtio", "host.sh"), folder)
    result = board.run(f"timeout {LIMIT} bash /mnt/share/virtio-{vm}/host.sh /mnt/share/virtio-{vm}",
                       limit=LIMIT + 60)
    text = result.text.replace("\r", "")
    found = {name: (int(status), said) for name, status, said in ROW_LINE.findall(text)}
    return found, result.status, text + result.err.decode(errors="replace")


class Outcomes:
    """What became of the rows. A user-VM is started when the first of its rows is asked for."""

    def __init__(self, shared_board, boards):
        self.shared_board, self.boards, self.ran = shared_board, boards, {}

    def get(self, vm):
        """(rows, status, text, root's books before, after)"""
        if vm not in self.ran:
            board = self.shared_board.get()
            before = None if self.boards.baseline else user_vm.books(board)
            outcome = run_rows(board, self.boards.build, vm)
            after = None if self.boards.baseline else user_vm.books(board)
            self.ran[vm] = (*outcome, before, after)
            self.shared_board.put()
        return self.ran[vm]

    def row(self, transport, row):
        """None when the device works, else what went wrong."""
        vm = row.vm or transport
        rows, status, text, *_ = self.get(vm)
        result, said = rows.get(f"{transport}-{row.name}",
                                (None, f"the user-VM never came to it (status {status})\n{text[-4000:]}"))
        if result != 0:
            return f"status {result}: {said}"
        if row.check:
            return row.check(os.path.join(self.shared_board.share, f"virtio-{vm}"))
        return None


@pytest.fixture(scope="module")
def outcomes(shared_board, boards):
    if boards.baseline == "bare":
        pytest.skip("there is no /dev/kvm")
    return Outcomes(shared_board, boards)


PRESENT = [(transport, row) for transport in TRANSPORTS for row in ROWS if row.on(transport)]


@pytest.mark.parametrize("transport, row", PRESENT, ids=[f"{transport}-{row.name}" for transport, row in PRESENT])
def test_device(outcomes, transport, row):
    wrong = outcomes.row(transport, row)
    assert not wrong, wrong


@pytest.mark.parametrize("vm", VMS)
def test_user_vm_ends_and_leaves_nothing(outcomes, vm):
    _, status, text, before, after = outcomes.get(vm)
    assert status == 0 and re.search(r"user-vm: job ended with status 0", text), text[-4000:]
    assert before == after


LACKING = [row for row in ROWS if row.lacking]


@pytest.mark.parametrize("row", LACKING, ids=[row.name for row in LACKING])
def test_what_is_lacking(board, boards, row):
    """The reasons in the table are true of this QEMU and this guest kernel."""
    for kind, word in row.lacking:
        if kind == "qemu":
            devices = board.run("qemu-system-aarch64 -M virt -device help", check=True).text
            assert '"virtio-net-pci"' in devices and f'"{word}' not in devices
        elif kind == "memory":
            command = ("qemu-system-aarch64 -M virt -m 64,maxmem=1G -nodefaults -display none -S -monitor stdio "
                       "-object memory-backend-ram,id=m,size=128M -device {0},memdev=m "
                       "<<< $'info memory-devices\\nquit'")
            assert f"[{word}]" in board.run(command.format(word + "-pci"), check=True).text
            assert f"[{word}]" not in board.run(command.format(word), check=True).text
        else:
            with open(os.path.join(boards.build, "debian", "kernel-release"), encoding="utf-8") as release:
                config = os.path.join(boards.build, "debian", "root", "boot", f"config-{release.read().strip()}")
            with open(config, encoding="utf-8") as lines:
                assert f"# {word} is not set\n" in lines.read()


def table(result):
    """The table of docs/devices.md; result(transport, row) says what stands in a cell."""
    lines = ["| device | back end | what moves | checked by | virtio-mmio | virtio-pci |", "| --- | --- | --- | --- | --- | --- |"]
    for row in ROWS:
        cells = [row.absent or (result(transport, row) if row.on(transport) else row.only[1]) for transport in TRANSPORTS]
        lines.append(f"| {row.device} | {row.back_end} | {row.moved} | {row.checked} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def test_table(outcomes, boards):
    """Kept in build/test-logs/devices.md as it came out; docs/devices.md shows it as it has to be."""
    came_out = table(lambda transport, row: "ok" if not outcomes.row(transport, row) else "FAILED")
    write(os.path.join(boards.logs, "devices.md"), came_out)
    with open(os.path.join(os.path.dirname(TESTS), "docs", "devices.md"), encoding="utf-8") as page:
        assert table(lambda *_: "ok") in page.read(), "docs/devices.md shows another table than this:\n" + came_out
