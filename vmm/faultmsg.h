/* SPDX-License-Identifier: BSD-2-Clause */
/* Labels and message words of the kernel's fault messages, without libsel4 (hw.c asserts that they agree). */
#ifndef VMM_FAULTMSG_H
#define VMM_FAULTMSG_H

enum fault_label {
	FAULT_CAP = 1,
	FAULT_SYSCALL = 2,
	FAULT_EXCEPTION = 3,
	FAULT_VM = 6,
	FAULT_MAINTENANCE = 7,
	FAULT_VCPU = 8,
	FAULT_VPPI = 9,
};

enum fault_word {
	FAULT_SYSCALL_PC = 8, /* in the message: the HVC; in the answer: where to go on */
	FAULT_SYSCALL_NEXT_WORD = 8,
	FAULT_EXCEPTION_ESR = 3,
	FAULT_VM_PC = 0,
	FAULT_VM_ADDR = 1,
	FAULT_VM_ESR = 3,
};

#endif
