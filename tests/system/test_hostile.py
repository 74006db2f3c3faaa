# SPDX-License-Identifier: BSD-2-Clause
"""Hostile user-VMs under unmodified QEMU beside a well-behaved one, and a hostile user of /dev/kvm: nothing else is harmed."""

import os
import re
import shutil

import pytest

import user_vm

pytestmark = pytest.mark.selkie

QEMU = ("qemu-system-aarch64 -accel kvm -cpu host -M virt,gic-version=2 -m 128 -nodefaults -display none -serial stdio "
        "-monitor none -no-reboot -kernel /tmp/{payload}.Image {words} </dev/null")
# Seconds of the service-VM's time; a payload takes less than one.
PAYLOAD_LIMIT = 60

DEVICES = {
    "blk": "-drive if=none,id=d,file=/tmp/h.img,format=raw -device virtio-blk-{bus},drive=d",
    "net": "-netdev user,id=n -device virtio-net-{bus},netdev=n",
    "scsi": "-device virtio-scsi-{bus} -drive if=none,id=s,file=/tmp/h.img,format=raw -device scsi-hd,drive=s",
    "console": "-device virtio-serial-{bus} -chardev null,id=c -device virtconsole,chardev=c",
    "balloon": "-device virtio-balloon-{bus}",
    "rng": "-device virtio-rng-{bus}",
}

# Writes, reads back past the page cache and compares until it is told that the other is over.
NEIGHBOUR_JOB = """
set -e
head -c 2097152 /dev/urandom > /tmp/data
sum=$(md5sum < /tmp/data)
rounds=0
while ! wget -q -O /dev/null http://10.0.2.2:8098/over; do
	dd if=/tmp/data of=/dev/vda bs=64k oflag=direct 2>/dev/null
	test "$(dd if=/dev/vda bs=64k count=32 iflag=direct 2>/dev/null | md5sum)" = "$sum"
	rounds=$((rounds + 1))
done
echo rounds $rounds
"""
# $payload is defined; the neighbour says when it runs.
BESIDE = """
mkdir -p /tmp/over; truncate -s 16M /tmp/neighbour.img
mkfifo /tmp/neighbour.out
busybox httpd -f -p 8098 -h /tmp/over & web=$!
{neighbour} > /tmp/neighbour.out 2>&1 &
vm=$!
exec 3< /tmp/neighbour.out
until read -r line <&3 && [ "$line" != "${{line#*neighbour runs}}" ]; do :; done
{hostile}
: > /tmp/over/over
cat <&3
wait $vm; echo neighbour ended with $?
kill $web; rm -r /tmp/over /tmp/neighbour.img /tmp/neighbour.out
"""


@pytest.fixture
def unharmed(board):
    """Root's books come back, its log is not flooded, Linux has nothing to complain about, the service-VM works."""
    before = user_vm.books(board)
    board.run("dmesg -C; cat /sys/kernel/debug/selkie/log > /dev/null", check=True)
    yield
    assert user_vm.books(board) == before
    assert board.run("modprobe -r selkie && modprobe selkie && test -c /dev/kvm").status == 0
    log = board.run("cat /sys/kernel/debug/selkie/log", check=True).text
    assert log.count("\n") < 100, log[-4000:]
    said = board.run("dmesg", check=True).text
    assert not re.search(r"BUG|WARNING|Oops|Call trace|refcount|hung task|soft lockup", said), said[-8000:]


def put(board, boards, *names):
    """Programs of the build machine into the service-VM's /tmp."""
    for name in names:
        shutil.copy(os.path.join(boards.build, name), board.share)
    base = [os.path.basename(name) for name in names]
    board.run(f"cd /mnt/share && cp {' '.join(base)} /tmp", check=True)


def test_guest(board, boards, unharmed):
    """Every access, register, hypercall and interrupt a guest has; another user-VM does not notice."""
    put(board, boards, "guest/hostile.Image")
    path = user_vm.initrd(board, "neighbour", "echo neighbour runs" + NEIGHBOUR_JOB)
    neighbour = user_vm.command(path, "-drive if=none,id=d,file=/tmp/neighbour.img,format=raw "
                                      "-device virtio-blk-device,drive=d -netdev user,id=n -device virtio-net-device,netdev=n",
                                memory=128)
    hostile = f"timeout {PAYLOAD_LIMIT} {QEMU.format(payload='hostile', words='')} 2>&1; echo hostile ended with $?"
    text = board.run(BESIDE.format(neighbour=neighbour, hostile=hostile) + f"rm {path} /tmp/hostile.Image",
                     limit=2 * user_vm.LIMIT).text.replace("\r", "")
    assert re.search(r"^hostile: done$", text, re.M) and "hostile ended with 0" in text, text[-4000:]
    assert not re.findall(r"^not ok.*", text, re.M) and re.search(r"^1\.\.29$", text, re.M), text[-4000:]
    assert int(re.search(r"^rounds (\d+)", text, re.M).group(1)) > 0, text[-2000:]
    assert "job ended with status 0" in text and "neighbour ended with 0" in text, text[-2000:]


CHAOS = """
/usr/lib/selkie/witness /tmp/over.witness & witness=$!
for seed in {seeds}; do
	timeout {limit} {qemu} 2>/dev/null | tr -d '\\r' | grep -a ^chaos: | tail -n 1
done
: > /tmp/over.witness
wait $witness; echo witness ended with $?; rm /tmp/over.witness
"""


def test_chaos(board, boards, unharmed, request):
    """
    Guests that do at random what a guest can do, on two vCPUs, each with a seed of its own; the service-VM checks itself and
    another user-VM its disk. A guest may lose itself: then the limit of time ends its QEMU.
    """
    seeds, seconds = request.config.getoption("--chaos-seeds"), request.config.getoption("--chaos-seconds")
    put(board, boards, "guest/chaos.Image")
    path = user_vm.initrd(board, "neighbour", "echo neighbour runs" + NEIGHBOUR_JOB)
    neighbour = user_vm.command(path, "-drive if=none,id=d,file=/tmp/neighbour.img,format=raw "
                                      "-device virtio-blk-device,drive=d -netdev user,id=n -device virtio-net-device,netdev=n",
                                memory=128)
    words = f"-smp 2 -append 'chaos=$seed seconds={seconds}'"
    hostile = CHAOS.format(seeds=" ".join(str(1 + n) for n in range(seeds)), limit=20 * seconds,
                           qemu=QEMU.format(payload="chaos", words=words).replace("'chaos=$seed", "'chaos='$seed'"))
    text = board.run(BESIDE.format(neighbour=neighbour, hostile=hostile) + f"rm {path} /tmp/chaos.Image",
                     limit=2 * user_vm.LIMIT + 200 * seeds * seconds).text.replace("\r", "")
    done = re.findall(r"^chaos: (\d+) s, seed (\d+), (\d+) and (\d+) actions, (\d+) faults$", text, re.M)
    assert [int(seed) for _, seed, *_ in done] == [1 + n for n in range(seeds)], text
    assert all(min(int(one), int(other)) > 1000 for _, _, one, other, _ in done), done
    assert re.search(r"^witness: [1-9]\d* rounds$", text, re.M) and "witness ended with 0" in text, text[-4000:]
    assert int(re.search(r"^rounds (\d+)", text, re.M).group(1)) > 0, text[-2000:]
    assert "job ended with status 0" in text and "neighbour ended with 0" in text, text[-2000:]


@pytest.mark.parametrize("version", ["modern", "legacy"])
def test_queues(board, boards, unharmed, version):
    """Virtqueues without sense: QEMU's devices may give up, QEMU may too; each of the others then serves requests."""
    put(board, boards, "guest/virtq.Image")
    script = "truncate -s 8M /tmp/h.img\n"
    for name, words in DEVICES.items():
        words = words.format(bus="device") + (" -global virtio-mmio.force-legacy=false" if version == "modern" else "")
        script += (f"timeout {PAYLOAD_LIMIT} {QEMU.format(payload='virtq', words=words)} 2>/dev/null | grep -a ^virtq; "
                   f"echo {name} ended with ${{PIPESTATUS[0]}}\n")
    text = board.run(script + "rm /tmp/h.img /tmp/virtq.Image", limit=2 * user_vm.LIMIT).text.replace("\r", "")
    ends = dict(re.findall(r"^(\w+) ended with (\d+)", text, re.M))
    assert set(ends) == set(DEVICES), text
    # The rng allocates what it is asked for; QEMU ends when there is not that much. The limit of time ends none.
    assert all(status == "0" or name == "rng" and status != "124" for name, status in ends.items()), text
    assert len(re.findall(r"^virtq: done", text, re.M)) >= len(DEVICES) - 1, text
    assert len(re.findall(r"[1-9]\d* times broken", text)) >= len(DEVICES) - 1, text


@pytest.mark.parametrize("seed", [1, 1001])
def test_ioctls(board, unharmed, seed):
    """Random and mutated calls of several threads, on memory and descriptors that change or go away under them."""
    result = board.run(f"/usr/lib/selkie/kvm-fuzz {seed} 3 2000", limit=2 * user_vm.LIMIT)
    assert result.status == 0 and "kvm-fuzz: 3 processes" in result.text, result.text[-2000:]
    assert sum(int(runs) for runs in re.findall(r"(\d+) good runs", result.text)) > 5, result.text
