/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <sel4/config.h>
#include <sel4/simple_types.h>
#include <sel4/macros.h>
#include <sel4/syscall.h>
#include <sel4/objecttype.h>
#include <sel4/errors.h>
#include <sel4/constants.h>

#define seL4_UntypedRetypeMaxObjects CONFIG_RETYPE_FAN_OUT_LIMIT
#define seL4_NilData 0

typedef seL4_Word seL4_NodeId;
typedef seL4_Word seL4_PAddr;
typedef seL4_Word seL4_Domain;
typedef seL4_Uint64 seL4_Time;

typedef seL4_CPtr seL4_CNode;
typedef seL4_CPtr seL4_IRQHandler;
typedef seL4_CPtr seL4_IRQControl;
typedef seL4_CPtr seL4_TCB;
typedef seL4_CPtr seL4_Untyped;
typedef seL4_CPtr seL4_DomainSet;
typedef seL4_CPtr seL4_SchedContext;
typedef seL4_CPtr seL4_SchedControl;
typedef seL4_CPtr seL4_ARM_Page;
typedef seL4_CPtr seL4_ARM_PageTable;
typedef seL4_CPtr seL4_ARM_VSpace;
typedef seL4_CPtr seL4_ARM_ASIDControl;
typedef seL4_CPtr seL4_ARM_ASIDPool;
typedef seL4_CPtr seL4_ARM_VCPU;
typedef seL4_CPtr seL4_ARM_SMC;
typedef seL4_CPtr seL4_ARM_SGI_Signal;

typedef enum {
	seL4_ARM_PageCacheable = 1,
	seL4_ARM_ParityEnabled = 2,
	seL4_ARM_Default_VMAttributes = 3,
	seL4_ARM_ExecuteNever = 4,
	SEL4_FORCE_LONG_ENUM(seL4_ARM_VMAttributes),
} seL4_ARM_VMAttributes;

/* Layout of the register transfer of seL4_TCB_ReadRegisters and WriteRegisters. */
typedef struct seL4_UserContext_ {
	seL4_Word pc, sp, spsr;
	seL4_Word x0, x1, x2, x3, x4, x5, x6, x7, x8, x16, x17, x18, x29, x30;
	seL4_Word x9, x10, x11, x12, x13, x14, x15;
	seL4_Word x19, x20, x21, x22, x23, x24, x25, x26, x27, x28;
	seL4_Word tpidr_el0, tpidrro_el0;
} seL4_UserContext;

typedef struct seL4_ARM_SMCContext_ {
	seL4_Word x0, x1, x2, x3, x4, x5, x6, x7;
} seL4_ARM_SMCContext;

/* Accessors <type>_get_<field> and <type>_set_<field> of a field in word 0. */
#define SEL4_FIELD_ACCESSORS(type, field, shift, width)                                  \
	LIBSEL4_INLINE_FUNC seL4_Uint64 CONST type##_get_##field(type##_t v)             \
	{                                                                                \
		return (v.words[0] >> (shift)) & (~0ul >> (64 - (width)));               \
	}                                                                                \
	LIBSEL4_INLINE_FUNC type##_t CONST type##_set_##field(type##_t v, seL4_Uint64 x) \
	{                                                                                \
		v.words[0] &= ~((~0ul >> (64 - (width))) << (shift));                    \
		v.words[0] |= (x & (~0ul >> (64 - (width)))) << (shift);                 \
		return v;                                                                \
	}                                                                                \
	LIBSEL4_INLINE_FUNC seL4_Uint64 PURE type##_ptr_get_##field(type##_t *v)         \
	{                                                                                \
		return type##_get_##field(*v);                                           \
	}                                                                                \
	LIBSEL4_INLINE_FUNC void type##_ptr_set_##field(type##_t *v, seL4_Uint64 x)      \
	{                                                                                \
		*v = type##_set_##field(*v, x);                                          \
	}

typedef struct seL4_MessageInfo {
	seL4_Uint64 words[1];
} seL4_MessageInfo_t;

SEL4_FIELD_ACCESSORS(seL4_MessageInfo, label, 12, 52)
SEL4_FIELD_ACCESSORS(seL4_MessageInfo, capsUnwrapped, 9, 3)
SEL4_FIELD_ACCESSORS(seL4_MessageInfo, extraCaps, 7, 2)
SEL4_FIELD_ACCESSORS(seL4_MessageInfo, length, 0, 7)

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t CONST seL4_MessageInfo_new(seL4_Uint64 label,
								  seL4_Uint64 capsUnwrapped,
								  seL4_Uint64 extraCaps,
								  seL4_Uint64 length)
{
	seL4_MessageInfo_t info = { { label << 12 | (capsUnwrapped & 7) << 9 |
				      (extraCaps & 3) << 7 | (length & 0x7f) } };

	return info;
}

typedef struct seL4_CapRights {
	seL4_Uint64 words[1];
} seL4_CapRights_t;

SEL4_FIELD_ACCESSORS(seL4_CapRights, capAllowGrantReply, 3, 1)
SEL4_FIELD_ACCESSORS(seL4_CapRights, capAllowGrant, 2, 1)
SEL4_FIELD_ACCESSORS(seL4_CapRights, capAllowRead, 1, 1)
SEL4_FIELD_ACCESSORS(seL4_CapRights, capAllowWrite, 0, 1)

LIBSEL4_INLINE_FUNC seL4_CapRights_t CONST seL4_CapRights_new(seL4_Uint64 capAllowGrantReply,
							      seL4_Uint64 capAllowGrant,
							      seL4_Uint64 capAllowRead,
							      seL4_Uint64 capAllowWrite)
{
	seL4_CapRights_t rights = { { (capAllowGrantReply & 1) << 3 | (capAllowGrant & 1) << 2 |
				      (capAllowRead & 1) << 1 | (capAllowWrite & 1) } };

	return rights;
}

#define seL4_ReadWrite seL4_CapRights_new(0, 0, 1, 1)
#define seL4_AllRights seL4_CapRights_new(1, 1, 1, 1)
#define seL4_CanRead seL4_CapRights_new(0, 0, 1, 0)
#define seL4_CanWrite seL4_CapRights_new(0, 0, 0, 1)
#define seL4_CanGrant seL4_CapRights_new(0, 1, 0, 0)
#define seL4_CanGrantReply seL4_CapRights_new(1, 0, 0, 0)
#define seL4_NoWrite seL4_CapRights_new(1, 1, 1, 0)
#define seL4_NoRead seL4_CapRights_new(1, 1, 0, 1)
#define seL4_NoRights seL4_CapRights_new(0, 0, 0, 0)

typedef struct seL4_CNode_CapData {
	seL4_Uint64 words[1];
} seL4_CNode_CapData_t;

SEL4_FIELD_ACCESSORS(seL4_CNode_CapData, guard, 6, 58)
SEL4_FIELD_ACCESSORS(seL4_CNode_CapData, guardSize, 0, 6)

LIBSEL4_INLINE_FUNC seL4_CNode_CapData_t CONST seL4_CNode_CapData_new(seL4_Uint64 guard,
								      seL4_Uint64 guardSize)
{
	seL4_CNode_CapData_t data = { { guard << 6 | (guardSize & 0x3f) } };

	return data;
}

/* Labels of fault messages. */
typedef enum seL4_Fault_tag {
	seL4_Fault_NullFault = 0,
	seL4_Fault_CapFault = 1,
	seL4_Fault_UnknownSyscall = 2,
	seL4_Fault_UserException = 3,
	seL4_Fault_Timeout = 5,
	seL4_Fault_VMFault = 6,
	seL4_Fault_VGICMaintenance = 7,
	seL4_Fault_VCPUFault = 8,
	seL4_Fault_VPPIEvent = 9,
	SEL4_FORCE_LONG_ENUM(seL4_Fault_tag)
} seL4_Fault_tag_t;

/* A received fault: words[0] is the label, words[1..] its message registers in order. */
typedef struct seL4_Fault {
	seL4_Uint64 words[14];
} seL4_Fault_t;

/* Where a thread and the kernel exchange what does not fit in registers. */
typedef struct seL4_IPCBuffer_ {
	seL4_MessageInfo_t tag;
	seL4_Word msg[seL4_MsgMaxLength];
	seL4_Word userData;
	seL4_Word caps_or_badges[seL4_MsgMaxExtraCaps];
	seL4_CPtr receiveCNode;
	seL4_CPtr receiveIndex;
	seL4_Word receiveDepth;
} __attribute__((__aligned__(1 << seL4_IPCBufferSizeBits))) seL4_IPCBuffer;

SEL4_COMPILE_ASSERT(ipc_buffer_size, sizeof(seL4_IPCBuffer) == 1024)
SEL4_COMPILE_ASSERT(user_context_size, sizeof(seL4_UserContext) == 288)
