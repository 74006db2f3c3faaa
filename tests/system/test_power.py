# SPDX-License-Identifier: BSD-2-Clause
"""Ends and restarts of the service-VM."""

import re

import pytest

import user_vm


def test_poweroff(new_board):
    board = new_board()
    board.wait_boot()
    assert board.power_off() == 0


def test_poweroff_saves_data(new_board, tmp_path):
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(16 << 20))
    board = new_board(disk=str(disk))
    board.wait_boot()
    # Not synced by hand: the orderly end has to.
    board.run("for d in /sys/block/vd*; do [ \"$(cat $d/serial)\" = data ] && D=/dev/${d##*/}; done; "
              "printf 'kept across the end' > $D", check=True)
    assert board.power_off() == 0
    assert disk.read_bytes().startswith(b"kept across the end")


@pytest.mark.selkie
def test_no_hibernation(board):
    """User-VMs would not be part of the image: refused, with the reason; the service-VM goes on."""
    board.run("dmesg -C", check=True)
    result = board.run("echo disk > /sys/power/state")
    assert result.status != 0 and b"Device or resource busy" in result.err, result.err
    assert "selkie: no hibernation: user-VMs are not part of the image" in board.run("dmesg", check=True).text
    assert board.run("modprobe -r selkie && modprobe selkie && test -c /dev/kvm").status == 0


REBOOTS = 20


@pytest.mark.seconds(100)
def test_reboot_again_and_again(new_board, boards):
    board = new_board()
    board.wait_boot()
    before = None if boards.baseline else user_vm.books(board)
    ids = set()
    for _ in range(REBOOTS):
        ids.add(board.run("cat /proc/sys/kernel/random/boot_id", check=True).text)
        board.run("echo $(( $(cat /reboots 2>/dev/null) + 1 )) > /reboots", check=True)
        board.reboot()
    assert len(ids) == REBOOTS
    assert int(board.run("cat /reboots", check=True).text) == REBOOTS
    if before:
        # Not a byte of untyped memory, no object and no slot is missing.
        assert user_vm.books(board) == before
        assert user_vm.counters(board)["restarts"] == REBOOTS
    assert board.power_off() == 0


@pytest.mark.selkie
def test_vmm_of_the_service_vm_dies(new_board):
    """Made to fault on purpose: reported with registers and fault address, the VM restarts, nothing is lost."""
    board = new_board()
    board.wait_boot()
    before = user_vm.books(board)
    board.start("echo self > /sys/kernel/debug/selkie/crash")
    board.wait_boot(2)
    assert user_vm.books(board) == before
    log = board.run("cat /sys/kernel/debug/selkie/log", check=True).text
    assert re.search(r"vm0: VMM fault, label \d+, pc 0x0, address 0x0", log), log
    assert re.search(r"vm0: pc 0 lr [0-9a-f]+ sp [0-9a-f]+ x0", log), log
    assert board.run("ls -l /dev/kvm").status == 0
