# SPDX-License-Identifier: BSD-2-Clause
"""Several boards side by side. With -icount each QEMU is one thread that counts its own time, so neighbours do not show in it."""

import concurrent.futures
import os

from selkie_board import die_with_parent

# What a QEMU of the board may take of this machine's memory: the board's and up to 1 GiB of translated code.
BOARD_BYTES = 7 << 28


def slots():
    """How many boards fit onto this machine."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(os.cpu_count(), memory // BOARD_BYTES))


def side_by_side(tasks, count=None):
    """Runs tasks, [(key, function, arguments)], each in a process of its own, those first in the list first.

    Yields (key, what the function returned, None), or (key, None, the exception), in the order in which they end.
    """
    with concurrent.futures.ProcessPoolExecutor(count or slots(), initializer=die_with_parent) as pool:
        keys = {pool.submit(function, *arguments): key for key, function, arguments in tasks}
        try:
            for future in concurrent.futures.as_completed(keys):
                problem = future.exception()
                yield keys[future], None if problem else future.result(), problem
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
