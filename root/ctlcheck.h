/* SPDX-License-Identifier: BSD-2-Clause */
/* Form of control requests of a service-VM (wire/ctl.h). Pure functions of copies. */
#ifndef ROOT_CTLCHECK_H
#define ROOT_CTLCHECK_H

#include "wire/ctl.h"

#include <stdbool.h>

/* Does `c` describe a VM that can be built? */
bool ctl_create_valid(const struct ctl_create *c);
/* Do [ipa, ipa + pages * 4 KiB) and the flags of CTL_MEM_MAP fit a VM of `ipa_bits`? */
bool ctl_map_valid(unsigned int ipa_bits, uint64_t ipa, uint64_t pages, uint64_t flags);

#endif
