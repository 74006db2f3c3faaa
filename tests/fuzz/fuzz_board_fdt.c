// SPDX-License-Identifier: BSD-2-Clause
/* A device tree from anywhere, of exactly the size that its header says. */
#include <stdlib.h>
#include <string.h>

#include "loader/board_fdt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t magic[4] = { 0xd0, 0x0d, 0xfe, 0xed };
	struct board_fdt board;
	uint8_t *fdt;
	uint32_t total = __builtin_bswap32((uint32_t)size);

	if (size < 40)
		return 0;
	fdt = aligned_alloc(8, (size + 7) & ~(size_t)7);
	memcpy(fdt, data, size);
	memcpy(fdt, magic, sizeof(magic));
	memcpy(fdt + 4, &total, sizeof(total));
	board_fdt_scan(fdt, &board);
	if (board.memories > BOARD_FDT_MEMORIES || board.used > board.size)
		abort();
	free(fdt);
	return 0;
}
