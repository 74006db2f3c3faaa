# SPDX-License-Identifier: BSD-2-Clause
"""
Life and death of user-VMs: control by QMP, firmware, resets, ends of all kinds. Each test
compares root's books and what the module holds with what they were before.
"""

import os
import random
import re
import shutil
import signal

import pytest

import user_vm
from background_vm import BackgroundVm
from test_user_vm import only

pytestmark = pytest.mark.selkie

LIMIT = 300
MIB = 1 << 20


def tiny(what, memory=64):
    """Words of a user-VM that runs tests/guest/life.c."""
    return f"-m {memory} -kernel /tmp/life.Image -append 'life={what}'"


def place(board, boards):
    """Puts the tiny guest into the service-VM."""
    shutil.copy(os.path.join(boards.build, "guest", "life.Image"), board.share)
    board.run("cp /mnt/share/life.Image /tmp/life.Image", check=True)


def held(board):
    """Root's books and what the module holds: references to it, user-VMs, KVM's file descriptors."""
    module = board.run("cat /sys/module/selkie/refcnt; find /sys/kernel/debug/selkie -name 'vm*' | wc -l; "
                       "find /proc/[0-9]*/fd -lname 'anon_inode:kvm-*' 2>/dev/null | wc -l", check=True).text
    return user_vm.books(board), module.split()


@pytest.fixture
def life(board, boards):
    """A function that starts a user-VM in the background. When the test is over nothing is left of its VMs."""
    place(board, boards)
    before = held(board)
    yield lambda name, words, **arguments: BackgroundVm(board, name, words, **arguments)
    assert held(board) == before


# --- control ---

def parked(n):
    """What the parked guest has in register x<n>."""
    return (0xfffe - n) << 48 | (0x1001 * n & 0xffff)


def test_qmp(life):
    vm = life("qmp", tiny("park"))
    vm.wait_text("parks at")
    loop = int(only(r"^life: parks at (\w+)", vm.text()), 16)
    running = vm.registers()
    vm.qmp("stop", event='"STOP"')
    assert vm.qmp("query-status")["status"] == "paused"

    # What QEMU shows is what the guest has, and all of it stands still.
    stopped = vm.registers()
    assert {n: stopped[f"X{n:02}"] for n in range(1, 31)} == {n: parked(n) for n in range(1, 31)}
    assert stopped["SP"] == parked(30)
    assert loop <= stopped["PC"] <= loop + 4
    assert stopped["PSTATE"] & 0x3cf == 0x3c5
    assert stopped["X00"] > running["X00"] >= parked(0)
    assert vm.registers() == stopped

    vm.qmp("cont", event='"RESUME"')
    assert vm.qmp("query-status")["status"] == "running"
    assert vm.registers()["X00"] > stopped["X00"]

    # Reset while it runs and while it stands still: it begins anew.
    vm.qmp("system_reset", event='"RESET"')
    vm.wait_text("parks at", 2)
    vm.qmp("stop", event='"STOP"')
    vm.qmp("system_reset", event='"RESET"')
    fresh = vm.registers()
    assert (fresh["X00"], fresh["X30"]) == (0, 0)
    vm.qmp("cont")
    vm.wait_text("parks at", 3)
    vm.qmp("quit")
    vm.wait_end()


RESTORE_SAID = "this saved guest will take no interrupts"


def test_restore_says_what_it_lacks(board, life):
    """A saved guest does not live on yet (docs/kvm-abi.md). Who restores one is told, and nobody else."""
    said = lambda: board.run("dmesg", check=True).text.count(RESTORE_SAID)  # noqa: E731
    before = said()
    saved = life("saved", tiny("park"))
    saved.wait_text("parks at")
    saved.registers()
    saved.qmp("stop", event='"STOP"')
    saved.qmp("cont", event='"RESUME"')
    saved.qmp("system_reset", event='"RESET"')
    saved.wait_text("parks at", 2)
    saved.qmp("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
    saved.qmp("migrate", event='"status": "completed"', uri="exec:cat > /tmp/saved")
    saved.qmp("quit")
    saved.wait_end()
    assert said() == before
    restored = life("restored", tiny("park") + " -incoming defer -monitor stdio")
    restored.wait_text("QEMU .* monitor", of="out")
    restored.qmp("migrate-incoming", event='"RESUME"', uri="exec:cat /tmp/saved")
    assert said() == before + 1
    restored.kill()
    board.run("rm /tmp/saved", check=True)


# --- resets ---

def test_tiny_guest_resets_20_times(life):
    text = life("resets", tiny("reset")).wait_end()
    assert re.findall(r"^life: (.*)", text, re.M) == [f"begun after {n} resets" for n in range(21)]


# Counts the boots on the disk: the third one ends the machine.
LINUX_RESETS = """
n=$(dd if=/dev/vda bs=1 count=1 2>/dev/null)
echo boot $n of $(cat /proc/sys/kernel/random/boot_id)
test $n = 2 && exit 0
echo $((n + 1)) | dd of=/dev/vda bs=1 count=1 conv=notrunc,fsync 2>/dev/null
reboot -f
"""


def test_linux_resets_twice(board, life):
    initrd = user_vm.initrd(board, "again", LINUX_RESETS)
    board.run("truncate -s 1M /tmp/again.img; printf 0 | dd of=/tmp/again.img conv=notrunc status=none", check=True)
    vm = life("again", f"-m 192 -kernel {user_vm.GUEST}/Image -initrd {initrd} -append 'console=ttyAMA0 quiet' "
                       "-drive if=none,id=d,file=/tmp/again.img,format=raw -device virtio-blk-device,drive=d")
    text = vm.wait_end(limit=user_vm.LIMIT)
    boots = re.findall(r"^boot (\d) of (\S+)", text, re.M)
    assert [n for n, _ in boots] == ["0", "1", "2"]
    assert len({boot for _, boot in boots}) == 3
    assert only(user_vm.JOB_STATUS.pattern, text) == "0"
    board.run(f"rm /tmp/again.img {initrd}", check=True)


# --- firmware ---

FIRMWARE = "/usr/share/AAVMF/AAVMF_CODE.fd"
VARIABLES = "/usr/share/AAVMF/AAVMF_VARS.fd"


def test_uefi_to_its_shell(board, life):
    board.run(f"cp --sparse=always {VARIABLES} /tmp/uefi.fd", check=True)
    vm = life("uefi", f"-m 128 -drive if=pflash,unit=0,format=raw,readonly=on,file={FIRMWARE} "
                      "-drive if=pflash,unit=1,format=raw,file=/tmp/uefi.fd")
    vm.wait_text("to skip")
    vm.type("\x1b")
    vm.wait_text("Shell> ")
    vm.type("set selkie was-here\r")
    vm.wait_text("Shell> ", 2)
    vm.type("ver\r")
    vm.wait_text("Shell> ", 3)
    vm.type("reset -s\r")
    text = re.sub(r"\x1b\[[0-9;=]*[A-Za-z]", "", vm.wait_end())
    assert re.search(r"ver\s+UEFI Interactive Shell v2\.2\s+EDK II\s+UEFI v2\.70", text), text
    # The shell's variable went through the second flash, word by word.
    board.run("! cmp -s /tmp/uefi.fd " + VARIABLES + " && tr -d '\\0' < /tmp/uefi.fd | grep -aq was-here; s=$?; rm /tmp/uefi.fd; "
              "exit $s", check=True)


# --- sudden ends ---

QEMU_CYCLES, CLIENT_CYCLES = 20, 200

# Objects of the kernel's general caches, with nothing held back for later.
SLABS = """
for cache in /sys/kernel/slab/kmalloc-*; do echo 1 > $cache/shrink; done
awk '/^kmalloc-/ { print $1, $2 }' /proc/slabinfo
"""


def slabs(board):
    text = board.run(SLABS, check=True).text
    return {name: int(objects) for name, objects in (line.split() for line in text.splitlines())}


def test_cycles_of_qemu(life):
    for n in range(QEMU_CYCLES):
        vm = life(f"cycle{n}", tiny("alive"))
        vm.wait_text("alive")
        vm.kill()


def test_cycles_of_the_client(board, life):
    """
    Created, run until its guest has said something, killed while the guest runs: 200 times. By the KVM client, which starts
    in a hundredth of QEMU's time: 200 QEMUs would take minutes.
    """
    cycle = "/usr/lib/selkie/kvm-client cycles"
    warm = board.run(cycle, limit=LIMIT)
    assert warm.status == 0, warm.text
    before = held(board), slabs(board)
    result = board.run(cycle, limit=LIMIT)
    assert result.status == 0, result.text
    assert re.search(rf"^ok \d+ - {CLIENT_CYCLES} VMs", result.text, re.M), result.text
    assert held(board) == before[0]
    # An object lost in each second cycle would be seen.
    grown = {name: objects - before[1][name] for name, objects in slabs(board).items()}
    assert max(grown.values()) < CLIENT_CYCLES / 2, grown


def test_vmm_of_a_user_vm_dies(board, life):
    """QEMU is told, the other user-VM and the service-VM go on, root's log says what happened."""
    board.run("while [ -n \"$(head -c 4096 /sys/kernel/debug/selkie/log)\" ]; do :; done", check=True)
    victim = life("victim", tiny("park"))
    victim.wait_text("parks at")
    number = only(r"^vm(\d+)$", board.run("ls /sys/kernel/debug/selkie", check=True).text)
    other = life("other", tiny("park"))
    other.wait_text("parks at")

    board.run(f"echo {number} > /sys/kernel/debug/selkie/crash", check=True)
    victim.wait_text("kvm run failed Input/output error", of="out")
    # Then it asks for more registers of the VM and gives up, as with a VM that KVM itself has declared dead.
    victim.wait_end(128 + signal.SIGABRT)
    log = board.run("cat /sys/kernel/debug/selkie/log", check=True).text
    assert len(re.findall(r"VMM fault, label \d+, pc 0x0, address 0x0", log)) == 1, log
    assert "its VMM failed, see root's log" in board.run("dmesg", check=True).text

    assert other.qmp("query-status")["status"] == "running"
    before = other.registers()["X00"]
    assert other.registers()["X00"] > before
    other.kill()


ENDS = ["reboot", "reboot -f", "echo c > /proc/sysrq-trigger"]


def test_service_vm_ends_with_user_vms(new_board, boards, tmp_path):
    """However the service-VM ends, two running user-VMs go with it; the next boot finds everything as the first one did."""
    board = new_board(share=str(tmp_path))
    board.share = str(tmp_path)
    board.wait_boot()
    before = held(board)
    for restarts, end in enumerate(ENDS, 1):
        place(board, boards)
        for vm in [BackgroundVm(board, name, tiny("park")) for name in ("left", "right")]:
            vm.wait_text("parks at")
        assert user_vm.counters(board)["vms"] == before[0]["vms"] + 2
        board.start(end)
        board.wait_boot(restarts + 1)
        assert held(board) == before, end
        assert user_vm.counters(board)["restarts"] == restarts
    place(board, boards)
    vm = BackgroundVm(board, "after", tiny("alive"))
    vm.wait_text("alive")
    vm.kill()
    assert held(board) == before


WRITER = 320


def test_kexec_beside_a_user_vm_that_writes(new_board, boards, tmp_path):
    """
    Another kernel takes over the service-VM while a user-VM writes a third of its RAM without end: it boots, which it would
    not with its memory overwritten, and finds root's books as the first one did.
    """
    board = new_board(share=str(tmp_path))
    board.share = str(tmp_path)
    board.wait_boot()
    before = held(board)
    place(board, boards)
    for name in ("tools/kexec", "images/service.cpio"):
        shutil.copy(os.path.join(boards.build, name), board.share)
    vm = BackgroundVm(board, "writer", f"-m {WRITER + 160} -kernel /tmp/life.Image -append 'life=write mib={WRITER}'")
    vm.wait_text("writes")
    board.start(f"/mnt/share/kexec {user_vm.GUEST}/Image /mnt/share/service.cpio")
    board.wait_boot(2)
    assert user_vm.counters(board)["restarts"] == 0
    assert held(board) == before
    place(board, boards)
    vm = BackgroundVm(board, "after", tiny("alive"))
    vm.wait_text("alive")
    vm.kill()
    assert held(board) == before


# --- what the dead leave to others ---

FILLED = 440


def test_nothing_is_left_of_a_dead_guest(board, life):
    """Memory and registers of a user-VM that was killed are not found in the next one, which has to get the same pages."""
    available = int(only(r"^MemTotal:\s*(\d+) kB", board.run("cat /proc/meminfo", check=True).text)) * 1024
    assert 2 * FILLED * MIB > available
    words = f"-m {FILLED + 160} -kernel /tmp/life.Image -append 'life={{}} mib={FILLED}'"
    dead = life("dead", words.format("fill"))
    dead.wait_text("filled")
    assert f"filled, {FILLED * MIB // 8} words, 74 registers" in dead.text()
    dead.kill()
    alive = life("alive", "-m 192 -kernel /tmp/life.Image -append 'life=fill mib=16'")
    alive.wait_text("filled")
    assert "scanned, 0 words, 0 registers" in life("next", words.format("scan")).wait_end()
    alive.kill()


# When a booting user-VM dies: after so many bytes on its console, or so many seconds of the board's own time.
MOMENTS = random.Random(20)
BYTES = [MOMENTS.randrange(1, 6000) for _ in range(12)]
SECONDS = [round(MOMENTS.uniform(0.02, 1.5), 3) for _ in range(8)]

KILLS = """
qemu="{qemu} -append 'console=ttyAMA0 earlycon loglevel=8'"
mkfifo /tmp/killed.fifo
for bytes in {bytes}; do
	eval "exec $qemu" > /tmp/killed.fifo 2>&1 </dev/null & pid=$!
	exec 3< /tmp/killed.fifo
	head -c $bytes <&3 | wc -c
	kill -9 $pid
	wait $pid; [ $? = 137 ] || exit 1
	exec 3<&-
done
for seconds in {seconds}; do
	eval "timeout --foreground -s KILL $seconds $qemu" > /dev/null 2>&1 </dev/null; [ $? = 137 ] || exit 2
done
rm /tmp/killed.fifo
"""


def test_kill_at_random_moments_of_a_boot(board, life):
    qemu = (f"qemu-system-aarch64 -accel kvm -cpu host -M virt,gic-version=2 -m 192 -nodefaults -display none -serial stdio "
            f"-kernel {user_vm.GUEST}/Image -initrd {user_vm.GUEST}/initramfs.cpio")
    result = board.run(KILLS.format(qemu=qemu, bytes=" ".join(map(str, BYTES)), seconds=" ".join(map(str, SECONDS))),
                       limit=2 * LIMIT)
    assert result.status == 0, result.text
    assert result.text.split() == [str(n) for n in BYTES]
