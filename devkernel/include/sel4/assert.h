/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <sel4/macros.h>

/* Provided by the program. */
void __assert_fail(const char *str, const char *file, int line, const char *function);

#define seL4_Fail(s) __assert_fail(s, __FILE__, __LINE__, __func__)
#define seL4_Assert(expr) ((expr) ? (void)0 : seL4_Fail(#expr))
#define seL4_CompileTimeAssert(expr) SEL4_COMPILE_ASSERT(seL4_CompileTimeAssert, expr)
