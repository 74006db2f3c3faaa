// SPDX-License-Identifier: BSD-2-Clause
/* Secure monitor calls on behalf of threads that hold the capability. */
#include <api/syscall.h>
#include <arch/arch.h>
#include <sel4/invocation.h>

#define SMC_ARGS 8

int smc_decode(struct inv *inv)
{
	u64 regs[SMC_ARGS];

	if (inv->label != ARMSMCCall)
		return seL4_IllegalOperation;
	if (inv->length < SMC_ARGS)
		return seL4_TruncatedMessage;
	if (inv->cap.badge && inv->cap.badge != inv_mr(inv, 0))
		return seL4_IllegalOperation;
	for (u64 i = 0; i < SMC_ARGS; i++)
		regs[i] = inv_mr(inv, i);
	smc_call(regs);
	for (u64 i = 0; i < SMC_ARGS; i++)
		inv_return(inv, regs[i]);
	return seL4_NoError;
}
