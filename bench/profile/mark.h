/* SPDX-License-Identifier: BSD-2-Clause */
/* What the plugin and mark.c agree on: hints that no architecture version uses yet, which a processor passes over. */
#ifndef MARK_H
#define MARK_H

#define MARK_BEGIN 96
#define MARK_END 97

/* The instruction `hint #number` */
#define HINT(number) (0xd503201fu | (uint32_t)(number) << 5)

#endif
