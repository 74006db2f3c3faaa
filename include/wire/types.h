/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Fixed-width types for headers that the Linux module, the freestanding domains and host tests share. */
#ifndef WIRE_TYPES_H
#define WIRE_TYPES_H

#ifdef __KERNEL__
#include <linux/build_bug.h>
#include <linux/limits.h>
#include <linux/stddef.h>
#include <linux/types.h>
#ifndef UINT64_MAX
#define UINT64_MAX U64_MAX
#endif
#define WIRE_ASSERT(cond) static_assert(cond)
#else
#include <stddef.h>
#include <stdint.h>
#define WIRE_ASSERT(cond) _Static_assert(cond, #cond)
#endif

#define WIRE_PAGE_SIZE 4096u
#define WIRE_PAGE_SHIFT 12

/* More vCPUs than a GICv2 can address cannot exist. */
#define WIRE_MAX_VCPUS 8

#endif
