/* SPDX-License-Identifier: BSD-2-Clause */
/* PL011 console (Arm DDI 0183), as firmware or the emulator left it: output only, polled. */
#ifndef LOADER_UART_H
#define LOADER_UART_H

#include <stdint.h>

/* PL011 of the board qemu_virt_aarch64, for when the device tree names no other. */
#define UART_BOARD UINT64_C(0x09000000)
#define UART_SIZE UINT64_C(0x1000)

/* Registers at this physical address from now on. */
void uart_init(uint64_t base);

/* Text with a '\r' before each '\n'; formats of lib/fmt, at most 255 bytes a call. */
void uart_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Wait until the last byte is out. */
void uart_flush(void);

#endif
