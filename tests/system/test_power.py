# SPDX-License-Identifier: BSD-2-Clause
"""Ends and restarts of the service-VM."""

import pytest


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


REBOOTS = 20


@pytest.mark.slow
def test_reboot_again_and_again(new_board):
    board = new_board()
    board.wait_boot()
    ids = set()
    for _ in range(REBOOTS):
        ids.add(board.run("cat /proc/sys/kernel/random/boot_id", check=True).text)
        board.run("echo $(( $(cat /reboots 2>/dev/null) + 1 )) > /reboots", check=True)
        board.reboot()
    assert len(ids) == REBOOTS
    assert int(board.run("cat /reboots", check=True).text) == REBOOTS
    assert board.power_off() == 0
