/* SPDX-License-Identifier: BSD-2-Clause */
/* Flattened device trees from outside: the check before libfdt may walk them. */
#ifndef LIB_SYSDESC_BLOB_H
#define LIB_SYSDESC_BLOB_H

#include <stddef.h>

/*
 * Whether `size` bytes at `fdt` are a whole, well-formed tree (Devicetree Specification 0.4, chapter 5), so that libfdt's
 * read-only functions stay within them. 0, or libfdt's error, negative. Trees before version 16, where names are
 * whole paths, are refused with -FDT_ERR_BADVERSION: nothing has written them since 2005, and libfdt 1.6.1 itself
 * reads address 0 when such a name has no slash.
 */
int blob_check_fdt(const void *fdt, size_t size);

#endif
