/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What bare guests in the service-VM's place have in common that talk to root directly (wire/ctl.h). The system
 * description gives them the window at WINDOW, a quota and test hooks.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include "guest.h"
#include "wire/ctl.h"

#define WINDOW UINT64_C(0x3000000000)
#define RAM UINT64_C(0x50000000) /* pages of ours to share; 2 MiB aligned, used by nothing else */
#define RAM_END UINT64_C(0x60000000)
#define GUEST_CODE UINT64_C(0x40000000) /* in user-VMs */
#define GUEST_GICD UINT64_C(0x08000000)
#define GUEST_GICC UINT64_C(0x08010000)
#define GUEST_MMIO UINT64_C(0x0a000000) /* nothing is there */

#define PSTATE_EL1H_DAIF 0x3c5u
#define SCTLR_RESET 0x34d58820u /* MMU and caches off */

/* Lines of TAP so far. */
extern unsigned int tests, failures;
/* The kernel's call numbers, set by learn_calls(). */
extern int64_t sys_call, sys_send;
/* Root's books as they were at first; the program sets it. */
extern struct ctl_counters before;

static struct ctl_area *const area = (struct ctl_area *)WINDOW;

/* The same sequence in each run. */
uint64_t rnd(void);
/* A number of the kind that might matter. */
uint64_t wild(void);
/* One line of TAP. */
void report(bool ok, const char *what);

/* SELKIE_SMC_INFO, reported; before any other call. */
void learn_calls(void);
/* seL4_Call on the control capability: mr[0..3] in and out, returns root's status. */
uint64_t control(uint64_t op, uint64_t mr[4]);
/* The same with a message of `length` words (0..4); words beyond it are not sent. */
uint64_t control_short(uint64_t op, unsigned int length, uint64_t mr[4]);
/* control(); only the first word of the answer is wanted, if any. */
uint64_t request(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t *out);
/* The doorbell of user-VM `vm`. */
void ring(uint64_t vm);

/* Shared memory of user-VM `vm`, there while it exists. */
volatile struct uvm_vm *region(uint64_t vm);
volatile struct uvm_vcpu *slot(uint64_t vm, unsigned int n);

/* A description root takes, and the same with field `i` (below SPOILS) spoiled. */
#define SPOILS 13u
struct ctl_create good(void);
void spoil(struct ctl_create *c, unsigned int i);
/* CTL_VM_CREATE: root's status; the number in *vm unless that is NULL. */
uint64_t create(struct ctl_create c, uint64_t *vm);
/* `pages` pages from `first` into the area, for CTL_MEM_MAP. */
void offer(uint64_t first, unsigned int pages);

/* Root's books. */
struct ctl_counters counters(void);
/* Are they as `before`? What differs is printed. */
bool books_as_before(void);

/* Hand vCPU 0 over and wait until it comes back. False: it did not within two seconds, or its VMM died. */
bool vcpu_do(uint64_t vm, uint32_t req, uint32_t resume);
/* Give vCPU 0 the registers of a reset core at `pc`. */
bool start_at(uint64_t vm, uint64_t pc);

#endif
