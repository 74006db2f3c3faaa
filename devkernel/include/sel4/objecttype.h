/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* Object type numbers of seL4_Untyped_Retype. */
typedef enum api_object {
	seL4_UntypedObject,
	seL4_TCBObject,
	seL4_EndpointObject,
	seL4_NotificationObject,
	seL4_CapTableObject,
	seL4_SchedContextObject,
	seL4_ReplyObject,
	seL4_NonArchObjectTypeCount,
} seL4_ObjectType;

typedef enum _mode_object {
	seL4_ARM_HugePageObject = seL4_NonArchObjectTypeCount,
	seL4_ARM_VSpaceObject,
	seL4_ModeObjectTypeCount
} seL4_ModeObjectType;

typedef enum _object {
	seL4_ARM_SmallPageObject = seL4_ModeObjectTypeCount,
	seL4_ARM_LargePageObject,
	seL4_ARM_PageTableObject,
	seL4_ARM_VCPUObject,
	seL4_ObjectTypeCount
} seL4_ArchObjectType;

typedef unsigned long api_object_t;
typedef unsigned long object_t;
