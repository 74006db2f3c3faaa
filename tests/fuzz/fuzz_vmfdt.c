// SPDX-License-Identifier: BSD-2-Clause
/* A board's tree from anywhere, and patterns behind it (NUL-terminated, after the size the tree's header gives). */
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include "vmfdt/vmfdt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool cond)
{
	if (!cond)
		abort();
}

static void check_devices(const struct vmfdt_devices *d, const struct sysdesc_board *board)
{
	require(d->mmios <= VMFDT_MAX_MMIO && d->irqs <= VMFDT_MAX_IRQS);
	for (unsigned int i = 0; i < d->mmios; i++) {
		const struct vmfdt_mmio *m = &d->mmio[i];

		require(m->size && m->base % 4096 == 0 && m->size % 4096 == 0 &&
			m->base + m->size > m->base);
		require(i == 0 || m->base >= d->mmio[i - 1].base + d->mmio[i - 1].size);
		require(m->base + m->size <= d->gicd || m->base > d->gicd);
	}
	for (unsigned int i = 0; i < d->irqs; i++) {
		require(d->irq[i].intid >= 32 && d->irq[i].intid < board->intids &&
			d->irq[i].intid != board->doorbell);
		require(i == 0 || d->irq[i].intid > d->irq[i - 1].intid);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sysdesc desc;
	static struct vmfdt_devices devs[SYSDESC_MAX_SERVICES];
	static struct report report;
	static uint8_t out[VMFDT_MAX_SIZE] __attribute__((aligned(8)));
	struct sysdesc_service *svc = &desc.service[0];
	size_t board_size = size < 8 ? size : fdt32_ld((const fdt32_t *)data + 1), at;
	char patterns[64];
	void *board;

	if (board_size > size)
		board_size = size;
	memset(patterns, 0, sizeof(patterns));
	if (size > board_size)
		memcpy(patterns, data + board_size,
		       size - board_size < sizeof(patterns) ? size - board_size :
							      sizeof(patterns) - 1);
	patterns[sizeof(patterns) - 1] = '\0';
	desc = (struct sysdesc){ .board = sysdesc_board_get(0), .services = 1 };
	*svc = (struct sysdesc_service){
		.name = "a", .path = "/a", .banks = 1, .granule = 0x1000, .vcpus = 1, .bootargs = ""
	};
	svc->bank[0] = (struct sysdesc_bank){ 0x40000000, 0x10000000 };
	svc->passthrough[svc->passthroughs++] = "/*";
	svc->passthrough[svc->passthroughs++] = "/*/?*";
	for (at = 0; at < sizeof(patterns) && patterns[at]; at += strlen(patterns + at) + 1)
		svc->passthrough[svc->passthroughs++] = patterns + at;
	board = malloc(board_size ? board_size : 1);
	memcpy(board, data, board_size);
	report_init(&report);
	vmfdt_check(&desc, board, board_size, devs, &report);
	check_devices(&devs[0], desc.board);
	if (vmfdt_build(out, sizeof(out), board, board_size,
			&(struct vmfdt_params){
				.board = desc.board, .service = svc, .window_size = 0x10000 },
			&report) == 0)
		require(fdt_check_full(out, sizeof(out)) == 0);
	free(board);
	return 0;
}
