/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stand-in kernel's own libsel4: source compatible with the headers of a Microkit SDK for what
 * Selkie uses, so that root and vmm compile against either.
 */
#pragma once

#include <sel4/config.h>
#include <sel4/types.h>
#include <sel4/macros.h>
#include <sel4/syscalls.h>
#include <sel4/invocation.h>
#include <interfaces/sel4_client.h>
#include <sel4/virtual_client.h>
#include <sel4/bootinfo.h>
#include <sel4/faults.h>
#include <sel4/constants.h>
