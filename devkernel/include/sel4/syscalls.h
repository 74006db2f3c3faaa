/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System calls. Number in x7, capability in x0, message info in x1, message registers 0..3 in
 * x2..x5, reply capability in x6. The kernel preserves every register it does not return.
 */
#pragma once

#include <sel4/functions.h>
#include <sel4/types.h>

/* Sends mr[0..3]; nothing comes back. */
LIBSEL4_INLINE_FUNC void sel4_stub_send(seL4_Word sys, seL4_Word dest, seL4_MessageInfo_t info,
					const seL4_Word mr[4])
{
	register seL4_Word x0 __asm__("x0") = dest;
	register seL4_Word x1 __asm__("x1") = info.words[0];
	register seL4_Word x2 __asm__("x2") = mr[0];
	register seL4_Word x3 __asm__("x3") = mr[1];
	register seL4_Word x4 __asm__("x4") = mr[2];
	register seL4_Word x5 __asm__("x5") = mr[3];
	register seL4_Word x7 __asm__("x7") = sys;

	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
			 : "r"(x7)
			 : "memory");
}

/*
 * Sends mr[0..3] and takes the answer back into it. `second` goes to x6, `third` to x8; *badge
 * gets x0. For receive-only calls what is sent is ignored.
 */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t sel4_stub_exchange(seL4_Word sys, seL4_Word cap,
							  seL4_MessageInfo_t info, seL4_Word mr[4],
							  seL4_Word *badge, seL4_Word second,
							  seL4_Word third)
{
	register seL4_Word x0 __asm__("x0") = cap;
	register seL4_Word x1 __asm__("x1") = info.words[0];
	register seL4_Word x2 __asm__("x2") = mr[0];
	register seL4_Word x3 __asm__("x3") = mr[1];
	register seL4_Word x4 __asm__("x4") = mr[2];
	register seL4_Word x5 __asm__("x5") = mr[3];
	register seL4_Word x6 __asm__("x6") = second;
	register seL4_Word x7 __asm__("x7") = sys;
	register seL4_Word x8 __asm__("x8") = third;

	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
			 : "r"(x6), "r"(x7), "r"(x8)
			 : "memory");
	mr[0] = x2;
	mr[1] = x3;
	mr[2] = x4;
	mr[3] = x5;
	if (badge)
		*badge = x0;
	info.words[0] = x1;
	return info;
}

LIBSEL4_INLINE_FUNC void sel4_stub_load(seL4_Word mr[4])
{
	for (int i = 0; i < 4; i++)
		mr[i] = seL4_GetMR(i);
}

LIBSEL4_INLINE_FUNC void sel4_stub_store(const seL4_Word mr[4])
{
	for (int i = 0; i < 4; i++)
		seL4_SetMR(i, mr[i]);
}

/* The registers that `info` says are sent; a null pointer sends zero. */
LIBSEL4_INLINE_FUNC void sel4_stub_gather(seL4_Word mr[4], seL4_MessageInfo_t info,
					  const seL4_Word *mr0, const seL4_Word *mr1,
					  const seL4_Word *mr2, const seL4_Word *mr3)
{
	seL4_Word len = seL4_MessageInfo_get_length(info);

	mr[0] = mr0 && len > 0 ? *mr0 : 0;
	mr[1] = mr1 && len > 1 ? *mr1 : 0;
	mr[2] = mr2 && len > 2 ? *mr2 : 0;
	mr[3] = mr3 && len > 3 ? *mr3 : 0;
}

LIBSEL4_INLINE_FUNC void sel4_stub_scatter(const seL4_Word mr[4], seL4_Word *mr0, seL4_Word *mr1,
					   seL4_Word *mr2, seL4_Word *mr3)
{
	if (mr0)
		*mr0 = mr[0];
	if (mr1)
		*mr1 = mr[1];
	if (mr2)
		*mr2 = mr[2];
	if (mr3)
		*mr3 = mr[3];
}

/* An exchange whose message registers 0..3 live in the IPC buffer. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t sel4_stub_buffered(seL4_Word sys, seL4_Word cap,
							  seL4_MessageInfo_t info, seL4_Word *badge,
							  seL4_Word second, seL4_Word third)
{
	seL4_Word mr[4];

	sel4_stub_load(mr);
	info = sel4_stub_exchange(sys, cap, info, mr, badge, second, third);
	sel4_stub_store(mr);
	return info;
}

#define SEL4_STUB_NO_INFO seL4_MessageInfo_new(0, 0, 0, 0)

/* A receive: nothing is sent, MR0..3 go to the IPC buffer. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t sel4_stub_recv(seL4_Word sys, seL4_Word cap,
						      seL4_Word *badge, seL4_Word reply)
{
	seL4_Word mr[4] = { 0 };
	seL4_MessageInfo_t info =
		sel4_stub_exchange(sys, cap, SEL4_STUB_NO_INFO, mr, badge, reply, 0);

	sel4_stub_store(mr);
	return info;
}

LIBSEL4_INLINE_FUNC void seL4_Send(seL4_CPtr dest, seL4_MessageInfo_t msgInfo)
{
	seL4_Word mr[4];

	sel4_stub_load(mr);
	sel4_stub_send((seL4_Word)seL4_SysSend, dest, msgInfo, mr);
}

LIBSEL4_INLINE_FUNC void seL4_SendWithMRs(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
					  seL4_Word *mr0, seL4_Word *mr1, seL4_Word *mr2,
					  seL4_Word *mr3)
{
	seL4_Word mr[4];

	sel4_stub_gather(mr, msgInfo, mr0, mr1, mr2, mr3);
	sel4_stub_send((seL4_Word)seL4_SysSend, dest, msgInfo, mr);
}

LIBSEL4_INLINE_FUNC void seL4_NBSend(seL4_CPtr dest, seL4_MessageInfo_t msgInfo)
{
	seL4_Word mr[4];

	sel4_stub_load(mr);
	sel4_stub_send((seL4_Word)seL4_SysNBSend, dest, msgInfo, mr);
}

LIBSEL4_INLINE_FUNC void seL4_NBSendWithMRs(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
					    seL4_Word *mr0, seL4_Word *mr1, seL4_Word *mr2,
					    seL4_Word *mr3)
{
	seL4_Word mr[4];

	sel4_stub_gather(mr, msgInfo, mr0, mr1, mr2, mr3);
	sel4_stub_send((seL4_Word)seL4_SysNBSend, dest, msgInfo, mr);
}

LIBSEL4_INLINE_FUNC void seL4_Signal(seL4_CPtr dest)
{
	register seL4_Word x0 __asm__("x0") = dest;
	register seL4_Word x1 __asm__("x1") = 0;
	register seL4_Word x7 __asm__("x7") = (seL4_Word)seL4_SysSend;

	__asm__ volatile("svc #0" : "+r"(x0), "+r"(x1) : "r"(x7) : "memory");
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_Call(seL4_CPtr dest, seL4_MessageInfo_t msgInfo)
{
	return sel4_stub_buffered((seL4_Word)seL4_SysCall, dest, msgInfo, seL4_Null, 0, 0);
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_CallWithMRs(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
							seL4_Word *mr0, seL4_Word *mr1,
							seL4_Word *mr2, seL4_Word *mr3)
{
	seL4_Word mr[4];

	sel4_stub_gather(mr, msgInfo, mr0, mr1, mr2, mr3);
	msgInfo = sel4_stub_exchange((seL4_Word)seL4_SysCall, dest, msgInfo, mr, seL4_Null, 0, 0);
	sel4_stub_scatter(mr, mr0, mr1, mr2, mr3);
	return msgInfo;
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_Recv(seL4_CPtr src, seL4_Word *sender, seL4_CPtr reply)
{
	return sel4_stub_recv((seL4_Word)seL4_SysRecv, src, sender, reply);
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_RecvWithMRs(seL4_CPtr src, seL4_Word *sender,
							seL4_CPtr reply, seL4_Word *mr0,
							seL4_Word *mr1, seL4_Word *mr2,
							seL4_Word *mr3)
{
	seL4_Word mr[4] = { 0 };
	seL4_MessageInfo_t info = sel4_stub_exchange((seL4_Word)seL4_SysRecv, src,
						     SEL4_STUB_NO_INFO, mr, sender, reply, 0);

	sel4_stub_scatter(mr, mr0, mr1, mr2, mr3);
	return info;
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBRecv(seL4_CPtr src, seL4_Word *sender,
						   seL4_CPtr reply)
{
	return sel4_stub_recv((seL4_Word)seL4_SysNBRecv, src, sender, reply);
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_Wait(seL4_CPtr src, seL4_Word *sender)
{
	return sel4_stub_recv((seL4_Word)seL4_SysWait, src, sender, 0);
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_WaitWithMRs(seL4_CPtr src, seL4_Word *sender,
							seL4_Word *mr0, seL4_Word *mr1,
							seL4_Word *mr2, seL4_Word *mr3)
{
	seL4_Word mr[4] = { 0 };
	seL4_MessageInfo_t info = sel4_stub_exchange((seL4_Word)seL4_SysWait, src,
						     SEL4_STUB_NO_INFO, mr, sender, 0, 0);

	sel4_stub_scatter(mr, mr0, mr1, mr2, mr3);
	return info;
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBWait(seL4_CPtr src, seL4_Word *sender)
{
	return sel4_stub_recv((seL4_Word)seL4_SysNBWait, src, sender, 0);
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_Poll(seL4_CPtr src, seL4_Word *sender)
{
	return seL4_NBWait(src, sender);
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_ReplyRecv(seL4_CPtr src, seL4_MessageInfo_t msgInfo,
						      seL4_Word *sender, seL4_CPtr reply)
{
	return sel4_stub_buffered((seL4_Word)seL4_SysReplyRecv, src, msgInfo, sender, reply, 0);
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_ReplyRecvWithMRs(seL4_CPtr src,
							     seL4_MessageInfo_t msgInfo,
							     seL4_Word *sender, seL4_Word *mr0,
							     seL4_Word *mr1, seL4_Word *mr2,
							     seL4_Word *mr3, seL4_CPtr reply)
{
	seL4_Word mr[4];

	sel4_stub_gather(mr, msgInfo, mr0, mr1, mr2, mr3);
	msgInfo = sel4_stub_exchange((seL4_Word)seL4_SysReplyRecv, src, msgInfo, mr, sender, reply,
				     0);
	sel4_stub_scatter(mr, mr0, mr1, mr2, mr3);
	return msgInfo;
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBSendRecv(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
						       seL4_CPtr src, seL4_Word *sender,
						       seL4_CPtr reply)
{
	return sel4_stub_buffered((seL4_Word)seL4_SysNBSendRecv, src, msgInfo, sender, reply, dest);
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBSendRecvWithMRs(
	seL4_CPtr dest, seL4_MessageInfo_t msgInfo, seL4_CPtr src, seL4_Word *sender,
	seL4_Word *mr0, seL4_Word *mr1, seL4_Word *mr2, seL4_Word *mr3, seL4_CPtr reply)
{
	seL4_Word mr[4];

	sel4_stub_gather(mr, msgInfo, mr0, mr1, mr2, mr3);
	msgInfo = sel4_stub_exchange((seL4_Word)seL4_SysNBSendRecv, src, msgInfo, mr, sender, reply,
				     dest);
	sel4_stub_scatter(mr, mr0, mr1, mr2, mr3);
	return msgInfo;
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBSendWait(seL4_CPtr dest, seL4_MessageInfo_t msgInfo,
						       seL4_CPtr src, seL4_Word *sender)
{
	return sel4_stub_buffered((seL4_Word)seL4_SysNBSendWait, src, msgInfo, sender, dest, 0);
}

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_NBSendWaitWithMRs(seL4_CPtr dest,
							      seL4_MessageInfo_t msgInfo,
							      seL4_CPtr src, seL4_Word *sender,
							      seL4_Word *mr0, seL4_Word *mr1,
							      seL4_Word *mr2, seL4_Word *mr3)
{
	seL4_Word mr[4];

	sel4_stub_gather(mr, msgInfo, mr0, mr1, mr2, mr3);
	msgInfo = sel4_stub_exchange((seL4_Word)seL4_SysNBSendWait, src, msgInfo, mr, sender, dest,
				     0);
	sel4_stub_scatter(mr, mr0, mr1, mr2, mr3);
	return msgInfo;
}

LIBSEL4_INLINE_FUNC void sel4_stub_null(seL4_Word sys)
{
	register seL4_Word x7 __asm__("x7") = sys;

	__asm__ volatile("svc #0" : : "r"(x7) : "memory");
}

LIBSEL4_INLINE_FUNC void seL4_Yield(void)
{
	sel4_stub_null((seL4_Word)seL4_SysYield);
}

/* A debug call: one word in x0 each way. */
LIBSEL4_INLINE_FUNC seL4_Word sel4_stub_debug(seL4_Word sys, seL4_Word arg)
{
	seL4_Word mr[4] = { 0 };
	seL4_Word result;

	(void)sel4_stub_exchange(sys, arg, SEL4_STUB_NO_INFO, mr, &result, 0, 0);
	return result;
}

LIBSEL4_INLINE_FUNC void seL4_DebugPutChar(char c)
{
	(void)sel4_stub_debug((seL4_Word)seL4_SysDebugPutChar, (seL4_Uint8)c);
}

LIBSEL4_INLINE_FUNC void seL4_DebugPutString(char *str)
{
	while (*str)
		seL4_DebugPutChar(*str++);
}

LIBSEL4_INLINE_FUNC void seL4_DebugDumpScheduler(void)
{
	(void)sel4_stub_debug((seL4_Word)seL4_SysDebugDumpScheduler, 0);
}

LIBSEL4_INLINE_FUNC void seL4_DebugHalt(void)
{
	sel4_stub_null((seL4_Word)seL4_SysDebugHalt);
}

LIBSEL4_INLINE_FUNC void seL4_DebugSnapshot(void)
{
	sel4_stub_null((seL4_Word)seL4_SysDebugSnapshot);
}

LIBSEL4_INLINE_FUNC seL4_Uint32 seL4_DebugCapIdentify(seL4_CPtr cap)
{
	return (seL4_Uint32)sel4_stub_debug((seL4_Word)seL4_SysDebugCapIdentify, cap);
}

LIBSEL4_INLINE_FUNC void seL4_DebugNameThread(seL4_CPtr tcb, const char *name)
{
	char *to = (char *)seL4_GetIPCBuffer()->msg;

	while ((*to++ = *name++))
		;
	(void)sel4_stub_debug((seL4_Word)seL4_SysDebugNameThread, tcb);
}
