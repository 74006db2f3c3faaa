# SPDX-License-Identifier: BSD-2-Clause
"""The outer machine's devices move real data, both ways, checked by checksums."""

import hashlib
import http.server
import os
import re
import socket
import threading

import pytest

MIB = 1 << 20


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def data():
    return os.urandom(16 * MIB)


# --- disk ---

DISK = "/dev/disk-under-test"
FIND_DISK = ("for d in /sys/block/vd*; do [ \"$(cat $d/serial)\" = data ] && ln -sfn /dev/${d##*/} " + DISK +
             "; done; test -b " + DISK)


def test_disk_read(board, data):
    with open(board.disk, "r+b") as disk:
        disk.seek(8 * MIB)
        disk.write(data)
    board.run(FIND_DISK, check=True)
    text = board.run(f"dd if={DISK} iflag=direct bs=1M skip=8 count=16 2>/dev/null | sha256sum", check=True).text
    assert text.split()[0] == sha256(data)


def test_disk_write(board):
    board.run(FIND_DISK, check=True)
    text = board.run(f"head -c {16 * MIB} /dev/urandom > /tmp/d; dd if=/tmp/d of={DISK} oflag=direct bs=256k seek=128 "
                     "2>/dev/null; sync; sha256sum /tmp/d; rm /tmp/d", check=True).text
    with open(board.disk, "rb") as disk:
        disk.seek(32 * MIB)
        assert sha256(disk.read(16 * MIB)) == text.split()[0]


def test_disk_file_system(board):
    board.run(FIND_DISK + f"; mke2fs -q -F -t ext4 {DISK} && mount {DISK} /mnt/disk && "
              "cp -a /usr/bin/qemu-system-aarch64 /mnt/disk/ && umount /mnt/disk && e2fsck -fn " + DISK +
              f" >/dev/null 2>&1 && echo 3 > /proc/sys/vm/drop_caches && mount {DISK} /mnt/disk && "
              "cmp /usr/bin/qemu-system-aarch64 /mnt/disk/qemu-system-aarch64 && umount /mnt/disk", check=True)


# --- network ---

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.data)))
        self.end_headers()
        self.wfile.write(self.server.data)

    def log_message(self, *_):
        pass


def test_network_download(board, data):
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.data = data
        threading.Thread(target=server.serve_forever, daemon=True).start()
        text = board.run(f"wget -q -O - http://10.0.2.2:{server.server_port}/ | sha256sum", check=True).text
        server.shutdown()
    assert text.split()[0] == sha256(data)


def test_network_upload(board):
    received = hashlib.sha256()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def take():
            connection, _ = listener.accept()
            with connection:
                while chunk := connection.recv(65536):
                    received.update(chunk)

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        text = board.run(f"head -c {16 * MIB} /dev/urandom > /tmp/d; socat -u FILE:/tmp/d TCP:10.0.2.2:{port}; "
                         "sha256sum /tmp/d; rm /tmp/d", check=True).text
        thread.join(60)
    assert received.hexdigest() == text.split()[0]


def test_network_ping(board):
    text = board.run("ping -c 5 -i 0.1 10.0.2.2", check=True).text
    assert " 0% packet loss" in text


# --- share ---

@pytest.mark.parametrize("size", [0, 1, 4095, 4097, 3 * MIB + 5])
def test_share(board, size):
    sent = os.urandom(size)
    with open(os.path.join(board.share, "sent"), "wb") as file:
        file.write(sent)
    text = board.run("sha256sum < /mnt/share/sent; cp /mnt/share/sent /mnt/share/copied; sync", check=True).text
    assert text.split()[0] == sha256(sent)
    with open(os.path.join(board.share, "copied"), "rb") as file:
        assert sha256(file.read()) == sha256(sent)


def test_share_names(board):
    board.run("cd /mnt/share && mkdir -p a/b && touch 'a/b/ö x' && mv 'a/b/ö x' a/moved && rmdir a/b", check=True)
    assert os.listdir(os.path.join(board.share, "a")) == ["moved"]


# --- random numbers ---

def test_random_numbers(board):
    assert board.run("cat /sys/class/misc/hw_random/rng_current", check=True).text.startswith("virtio_rng")
    first = board.run("head -c 4096 /dev/hwrng", check=True).out
    second = board.run("head -c 4096 /dev/hwrng", check=True).out
    assert len(first) == len(second) == 4096 and first != second
    assert len(set(first)) > 200


def test_each_device_interrupts(board):
    board.run("head -c 64 /dev/hwrng > /dev/null; ls /mnt/share; ping -c 1 10.0.2.2", check=True)
    text = board.run("cat /proc/interrupts; ls -l /sys/bus/virtio/devices", check=True).text
    counts = [int(count) for count in re.findall(r" (\d+) +GIC\S* +\d+ Edge +virtio\d", text)]
    # disk, disk, network, share, random numbers, agent
    assert len(counts) >= 6 and all(counts)
