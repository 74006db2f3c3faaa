/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <sel4/functions.h>

/* After a failed Page Map: message register that tells the missing level, and its values. */
#define SEL4_MAPPING_LOOKUP_LEVEL 2
#define SEL4_MAPPING_LOOKUP_NO_PT 21
#define SEL4_MAPPING_LOOKUP_NO_PD 30

LIBSEL4_INLINE_FUNC seL4_Word seL4_MappingFailedLookupLevel(void)
{
	return seL4_GetMR(SEL4_MAPPING_LOOKUP_LEVEL);
}
