// SPDX-License-Identifier: BSD-2-Clause
/*
 * What Debian's libfdt.a, built for Linux programs, needs beyond lib/string: the runtime of its stack protector.
 * The guard never changes; against an overflow that overwrites it blindly that is enough.
 */
#include <stdint.h>

extern const uintptr_t __stack_chk_guard;
const uintptr_t __stack_chk_guard = (uintptr_t)UINT64_C(0x5e1f1d70a3c9be00);

void __stack_chk_fail(void) __attribute__((noreturn));
void __stack_chk_fail(void)
{
	__builtin_trap();
}
