// SPDX-License-Identifier: BSD-2-Clause
#include "sysdesc/blob.h"

#include <libfdt.h>

/* Compact names and properties without padding. */
#define OLDEST_VERSION 16u

int blob_check_fdt(const void *fdt, size_t size)
{
	if (size >= FDT_V1_SIZE && fdt_magic(fdt) == FDT_MAGIC && fdt_version(fdt) < OLDEST_VERSION)
		return -FDT_ERR_BADVERSION;
	return fdt_check_full(fdt, size);
}
