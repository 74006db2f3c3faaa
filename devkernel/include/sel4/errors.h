/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* Label of the reply to an invocation made with seL4_Call. */
typedef enum {
	seL4_NoError,
	seL4_InvalidArgument,
	seL4_InvalidCapability,
	seL4_IllegalOperation,
	seL4_RangeError,
	seL4_AlignmentError,
	seL4_FailedLookup,
	seL4_TruncatedMessage,
	seL4_DeleteFirst,
	seL4_RevokeFirst,
	seL4_NotEnoughMemory,
	seL4_NumErrors
} seL4_Error;
