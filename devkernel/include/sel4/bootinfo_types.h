/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

#include <sel4/types.h>

/* Slots of the initial thread's root CNode that are filled at boot. */
enum seL4_RootCNodeCapSlots {
	seL4_CapNull,
	seL4_CapInitThreadTCB,
	seL4_CapInitThreadCNode,
	seL4_CapInitThreadVSpace,
	seL4_CapIRQControl,
	seL4_CapASIDControl,
	seL4_CapInitThreadASIDPool,
	seL4_CapIOPortControl,
	seL4_CapIOSpace,
	seL4_CapBootInfoFrame,
	seL4_CapInitThreadIPCBuffer,
	seL4_CapDomain,
	seL4_CapSMMUSIDControl,
	seL4_CapSMMUCBControl,
	seL4_CapInitThreadSC,
	seL4_CapSMC,
	seL4_NumInitialCaps
};

typedef seL4_Word seL4_SlotPos;

/* Slots start .. end - 1 of the root CNode. */
typedef struct seL4_SlotRegion {
	seL4_SlotPos start;
	seL4_SlotPos end;
} seL4_SlotRegion;

typedef struct seL4_UntypedDesc {
	seL4_Word paddr;
	seL4_Uint8 sizeBits;
	seL4_Uint8 isDevice;
	seL4_Uint8 padding[6];
} seL4_UntypedDesc;

/* Handed to the initial thread: x0 is its address. */
typedef struct seL4_BootInfo {
	seL4_Word extraLen;
	seL4_NodeId nodeID;
	seL4_Word numNodes;
	seL4_Word numIOPTLevels;
	seL4_IPCBuffer *ipcBuffer;
	seL4_SlotRegion empty;
	seL4_SlotRegion sharedFrames;
	seL4_SlotRegion userImageFrames;
	seL4_SlotRegion userImagePaging;
	seL4_SlotRegion ioSpaceCaps;
	seL4_SlotRegion extraBIPages;
	seL4_Word initThreadCNodeSizeBits;
	seL4_Domain initThreadDomain;
	seL4_SlotRegion schedcontrol;
	seL4_SlotRegion untyped;
	seL4_UntypedDesc untypedList[CONFIG_MAX_NUM_BOOTINFO_UNTYPED_CAPS];
} seL4_BootInfo;

#define seL4_BootInfoFrameBits seL4_PageBits
#define seL4_BootInfoFrameSize LIBSEL4_BIT(seL4_BootInfoFrameBits)

SEL4_COMPILE_ASSERT(untyped_desc_size, sizeof(seL4_UntypedDesc) == 16)
SEL4_COMPILE_ASSERT(bootinfo_size, sizeof(seL4_BootInfo) == 184 + 230 * 16)

/* Chunks that follow the BootInfo frame, extraLen bytes in all. */
typedef enum {
	SEL4_BOOTINFO_HEADER_PADDING = 0,
	SEL4_BOOTINFO_HEADER_FDT = 6,
	SEL4_BOOTINFO_HEADER_NUM,
	SEL4_FORCE_LONG_ENUM(seL4_BootInfoID)
} seL4_BootInfoID;

typedef struct seL4_BootInfoHeader {
	seL4_Word id;
	seL4_Word len;
} seL4_BootInfoHeader;
