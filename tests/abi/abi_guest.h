/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared by the tests and the guest code: addresses and the words of the guest's data page. */
#ifndef ABI_GUEST_H
#define ABI_GUEST_H

#define GUEST_CODE 0x10000
#define GUEST_DATA 0x14000
#define GUEST_TABLE 0x15000
#define GUEST_GICV 0x20000
/* Nothing is mapped here, though its page table exists; nor here, without one. */
#define GUEST_HOLE 0x100000
#define GUEST_FAR_HOLE 0x80000000

#define GICC_CTLR 0x0
#define GICC_PMR 0x4
#define GICC_IAR 0xc
#define GICC_EOIR 0x10

/* Word indices in the data page. */
#define GD_NUMBER 0 /* system call number of g_hvc */
#define GD_IRQ_KEEP 1 /* non-zero: the handler does not EOI */
#define GD_IRQ_COUNT 2 /* interrupts taken */
#define GD_STOP 3 /* checkpoint when so many were taken */
#define GD_COUNT 4 /* progress of the loops */
#define GD_CVAL 5 /* what g_vtimer wrote */
#define GD_SYNC_ESR 8
#define GD_SYNC_FAR 10
#define GD_RESULT 16
#define GD_IRQ_LOG 64 /* IAR values, 64 of them */

/* Checkpoints: x7 of the hvc. */
#define CP_DONE 0x100
#define CP_SYNC 0x101
#define CP_READY 0x102
#define CP_STOP 0x103

#endif
