# SPDX-License-Identifier: BSD-2-Clause
"""Unmodified QEMU runs Linux user-VMs: devices, transports, memory back ends, control, life and death."""

import re

import pytest

import user_vm

pytestmark = pytest.mark.selkie

BLK = {
    "mmio": "-drive if=none,id=d,file=/tmp/d.img,format={fmt} -device virtio-blk-device,drive=d",
    "pci": "-drive if=none,id=d,file=/tmp/d.img,format={fmt} -device virtio-blk-pci,drive=d",
}
NET = {
    "mmio": "-netdev {net} -device virtio-net-device,netdev=n,mac=52:54:00:aa:00:01",
    "pci": "-netdev {net} -device virtio-net-pci,netdev=n,mac=52:54:00:aa:00:01",
}

# Writes 16 MiB, reads them back past the page cache, says the checksum of both.
DISK_JOB = """
set -e
head -c 16777216 /dev/urandom > /tmp/data
dd if=/tmp/data of=/dev/vda bs=1M oflag=direct 2>/dev/null
sync
echo 3 > /proc/sys/vm/drop_caches
echo written $(sha256sum < /tmp/data)
echo read $(dd if=/dev/vda bs=1M count=16 iflag=direct 2>/dev/null | sha256sum)
"""


def only(pattern, text):
    found = re.findall(pattern, text, re.M)
    assert len(found) == 1, f"{pattern}: {found}\n{text[-2000:]}"
    return found[0]


@pytest.fixture
def books_kept(board):
    """Whatever the test does, root's books come back."""
    before = user_vm.books(board)
    yield
    assert user_vm.books(board) == before


@pytest.mark.parametrize("transport", ["mmio", "pci"])
@pytest.mark.parametrize("fmt", ["raw", "qcow2"])
def test_disk(board, books_kept, transport, fmt):
    text = user_vm.run(board, f"disk-{transport}-{fmt}", DISK_JOB, BLK[transport].format(fmt=fmt),
                       before=f"qemu-img create -q -f {fmt} /tmp/d.img 64M",
                       after=f"echo outside $(qemu-img dd -f {fmt} -O raw if=/tmp/d.img of=/tmp/d.raw bs=1M count=16 "
                             "&& sha256sum < /tmp/d.raw); rm -f /tmp/d.img /tmp/d.raw")
    written = only(r"^written (\w+)", text)
    assert only(r"^read (\w+)", text) == written
    assert only(r"^outside (\w+)", text) == written


# As libvirt has it.
SANDBOX = "-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"


def test_ordinary_user(board, books_kept):
    """Who is in the group kvm runs user-VMs; others do not."""
    assert board.run("stat -c '%U:%G %a' /dev/kvm", check=True).text == "root:kvm 660\n"
    user_vm.run(board, "ordinary", "echo kvm > /tmp/x; test $(id -u) = 0",
                f"{SANDBOX} {BLK['mmio'].format(fmt='raw')} {NET['pci'].format(net='user,id=n')}",
                before="truncate -s 64M /tmp/d.img; chown user /tmp/d.img", after="rm /tmp/d.img",
                runner="setpriv --reuid=user --regid=user --init-groups ")
    assert board.run("setpriv --reuid=user --regid=user --clear-groups sh -c ': < /dev/kvm'").status != 0
    # However it was loaded.
    board.run("modprobe -r selkie && modprobe selkie", check=True)
    assert board.run("stat -c '%U:%G %a' /dev/kvm", check=True).text == "root:kvm 660\n"


TAP_UP = """
ip link add br-t type bridge; ip address add 192.168.77.1/24 dev br-t; ip link set br-t up
for t in {taps}; do ip tuntap add dev $t mode tap; ip link set $t master br-t; ip link set $t up; done
"""
TAP_DOWN = "for t in {taps}; do ip link del $t; done; ip link del br-t"
HTTPD_UP = "mkdir -p /tmp/www; head -c 8388608 /dev/urandom > /tmp/www/f; busybox httpd -f -p 8099 -h /tmp/www & web=$!"
HTTPD_DOWN = "kill $web; echo served $(sha256sum < /tmp/www/f); rm -r /tmp/www"


@pytest.mark.parametrize("transport", ["mmio", "pci"])
@pytest.mark.parametrize("back_end", ["user", "tap", "vhost"])
def test_network(board, books_kept, transport, back_end):
    if back_end == "user":
        net, before, after, append, server = "user,id=n", "", "", "", "10.0.2.2"
    else:
        net = "tap,id=n,ifname=t0,script=no,downscript=no,vhost=" + ("on" if back_end == "vhost" else "off")
        before, after = TAP_UP.format(taps="t0"), TAP_DOWN.format(taps="t0")
        append, server = "user.ip=192.168.77.2/24", "192.168.77.1"
    job = f"set -e\nwget -q -O /tmp/f http://{server}:8099/f\necho fetched $(sha256sum < /tmp/f)"
    text = user_vm.run(board, f"net-{transport}-{back_end}", job, NET[transport].format(net=net),
                       before=before + HTTPD_UP, after=HTTPD_DOWN + "; " + after, append=append)
    assert only(r"^fetched (\w+)", text) == only(r"^served (\w+)", text)


def test_pci_interrupts_are_msi(board, books_kept):
    text = user_vm.run(board, "msi", "cat /proc/interrupts", BLK["pci"].format(fmt="raw"),
                       before="truncate -s 8M /tmp/d.img", after="rm /tmp/d.img")
    assert re.search(r"MSI.*virtio0-req", text), text[-2000:]


def test_two_user_vms_over_a_bridge(board, books_kept):
    one = user_vm.initrd(board, "left", "set -e\nhead -c 4194304 /dev/urandom > /tmp/f\necho left $(sha256sum < /tmp/f)\n"
                                        "nc -l -p 7000 < /tmp/f")
    two = user_vm.initrd(board, "right", "set -e\ntries=0\nuntil nc 192.168.77.2 7000 > /tmp/f && test -s /tmp/f; do\n"
                                         "tries=$((tries + 1)); test $tries -lt 500\ndone\necho right $(sha256sum < /tmp/f)")
    tap = "-netdev tap,id=n,ifname={0},script=no,downscript=no -device virtio-net-pci,netdev=n,mac=52:54:00:aa:00:0{1}"
    text = board.run(
        TAP_UP.format(taps="t0 t1")
        + user_vm.command(one, tap.format("t0", 2), append="user.ip=192.168.77.2/24", memory=192) + " > /tmp/left.log 2>&1 &\n"
        + user_vm.command(two, tap.format("t1", 3), append="user.ip=192.168.77.3/24", memory=128) + " > /tmp/right.log 2>&1\n"
        + f"wait; cat /tmp/left.log /tmp/right.log; rm -f {one} {two} /tmp/left.log /tmp/right.log\n"
        + TAP_DOWN.format(taps="t0 t1"), limit=2 * user_vm.LIMIT).text.replace("\r", "")
    assert only(r"^left (\w+)", text) == only(r"^right (\w+)", text)


MEMORY = {
    "anonymous": ("", "", ""),
    "hugetlbfs": ("-mem-path /dev/hugepages", "echo 140 > /proc/sys/vm/nr_hugepages", "echo 0 > /proc/sys/vm/nr_hugepages"),
    "memfd": ("-object memory-backend-memfd,id=m,size=256M,share=on -machine memory-backend=m", "", ""),
}
MEMORY_JOB = """
set -e
mount -t tmpfs -o size=160m t /tmp
head -c 16777216 /dev/urandom > /tmp/1
for i in 2 3 4 5 6 7 8; do
	cp /tmp/1 /tmp/$i
done
md5sum /tmp/? > /sums
test $(cut -d' ' -f1 /sums | sort -u | wc -l) = 1
"""


@pytest.mark.parametrize("kind", MEMORY)
def test_memory(board, books_kept, kind):
    words, before, after = MEMORY[kind]
    user_vm.run(board, f"memory-{kind}", MEMORY_JOB, words, before=before, after=after)


def test_several_vcpus(board, books_kept):
    text = user_vm.run(board, "smp", "grep -c ^processor /proc/cpuinfo | sed 's/^/processors /'", vcpus=2)
    assert only(r"^processors (\d+)", text) == "2"
