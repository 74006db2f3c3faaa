/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The raw system calls, with every register of the answer. Usable from any thread: only the calls
 * with more than four message registers or with capabilities need an IPC buffer.
 */
#ifndef ABI_SYS_H
#define ABI_SYS_H

#include <sel4/sel4.h>

struct msg {
	seL4_Word badge; /* x0 */
	seL4_Word info; /* x1 */
	seL4_Word mr[4]; /* x2..x5 */
};

#define INFO(label, ncaps, len) \
	(((seL4_Word)(label) << 12) | ((seL4_Word)(ncaps) << 7) | (seL4_Word)(len))
#define INFO_LABEL(info) ((info) >> 12)
#define INFO_LEN(info) (0x7f & (info))
#define INFO_CAPS(info) (((info) >> 7) & 3)
#define INFO_UNWRAPPED(info) (((info) >> 9) & 7)

/* The whole interface: number in x7; x0..x6 and x8 in, x0..x5 out. */
static inline struct msg sys(seL4_Word nr, seL4_Word a0, seL4_Word info, const seL4_Word mr[4],
			     seL4_Word a6, seL4_Word a8)
{
	register seL4_Word x0 __asm__("x0") = a0;
	register seL4_Word x1 __asm__("x1") = info;
	register seL4_Word x2 __asm__("x2") = mr[0];
	register seL4_Word x3 __asm__("x3") = mr[1];
	register seL4_Word x4 __asm__("x4") = mr[2];
	register seL4_Word x5 __asm__("x5") = mr[3];
	register seL4_Word x6 __asm__("x6") = a6;
	register seL4_Word x7 __asm__("x7") = nr;
	register seL4_Word x8 __asm__("x8") = a8;

	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
			 : "r"(x6), "r"(x7), "r"(x8)
			 : "memory");
	return (struct msg){ x0, x1, { x2, x3, x4, x5 } };
}

#define NO_MRS ((const seL4_Word[4]){ 0, 0, 0, 0 })
#define MRS(...) ((const seL4_Word[4]){ __VA_ARGS__ })

static inline struct msg sys_call(seL4_CPtr cap, seL4_Word info, const seL4_Word mr[4])
{
	return sys((seL4_Word)seL4_SysCall, cap, info, mr, 0, 0);
}

static inline struct msg sys_reply_recv(seL4_CPtr cap, seL4_Word info, const seL4_Word mr[4],
					seL4_CPtr reply)
{
	return sys((seL4_Word)seL4_SysReplyRecv, cap, info, mr, reply, 0);
}

static inline struct msg sys_nbsend_recv(seL4_CPtr dst, seL4_Word info, const seL4_Word mr[4],
					 seL4_CPtr src, seL4_CPtr reply)
{
	return sys((seL4_Word)seL4_SysNBSendRecv, src, info, mr, reply, dst);
}

static inline struct msg sys_nbsend_wait(seL4_CPtr dst, seL4_Word info, const seL4_Word mr[4],
					 seL4_CPtr src)
{
	return sys((seL4_Word)seL4_SysNBSendWait, src, info, mr, dst, 0);
}

static inline void sys_send(seL4_CPtr cap, seL4_Word info, const seL4_Word mr[4])
{
	sys((seL4_Word)seL4_SysSend, cap, info, mr, 0, 0);
}

static inline void sys_nbsend(seL4_CPtr cap, seL4_Word info, const seL4_Word mr[4])
{
	sys((seL4_Word)seL4_SysNBSend, cap, info, mr, 0, 0);
}

static inline struct msg sys_recv(seL4_CPtr cap, seL4_CPtr reply)
{
	return sys((seL4_Word)seL4_SysRecv, cap, 0, NO_MRS, reply, 0);
}

static inline struct msg sys_nbrecv(seL4_CPtr cap, seL4_CPtr reply)
{
	return sys((seL4_Word)seL4_SysNBRecv, cap, 0, NO_MRS, reply, 0);
}

static inline struct msg sys_wait(seL4_CPtr cap)
{
	return sys((seL4_Word)seL4_SysWait, cap, 0, NO_MRS, 0, 0);
}

static inline struct msg sys_nbwait(seL4_CPtr cap)
{
	return sys((seL4_Word)seL4_SysNBWait, cap, 0, NO_MRS, 0, 0);
}

static inline void sys_signal(seL4_CPtr cap)
{
	sys((seL4_Word)seL4_SysSend, cap, 0, NO_MRS, 0, 0);
}

static inline void sys_yield(void)
{
	sys((seL4_Word)seL4_SysYield, 0, 0, NO_MRS, 0, 0);
}

#endif
