/* SPDX-License-Identifier: BSD-2-Clause */
/* Bit fields named by their mask: FIELD_GET(ESR_EC, esr), FIELD_PREP(ESR_EC, EC_SMC64). */
#ifndef ARCH_FIELD_H
#define ARCH_FIELD_H

#ifndef FIELD_GET
#define FIELD_LSB(mask) ((mask) & (~(mask) + 1))
#define FIELD_GET(mask, value) (((value) & (mask)) / FIELD_LSB(mask))
#define FIELD_PREP(mask, value) ((FIELD_LSB(mask) * (value)) & (mask))
#endif

#endif
