/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system description: a flattened device tree (docs/configuration.md is its manual) as plain structs. Pure; root
 * uses it on the target, tools/mkimage when the image is built.
 */
#ifndef LIB_SYSDESC_H
#define LIB_SYSDESC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sysdesc/board.h"
#include "sysdesc/report.h"

#define SYSDESC_COMPATIBLE "selkie,system-1"
#define SYSDESC_SERVICE_COMPATIBLE "selkie,service-vm"

#define SYSDESC_MAX_SERVICES 4u
#define SYSDESC_MAX_BANKS 8u
#define SYSDESC_MAX_PASSTHROUGH 64u
/* Of a service-VM: they share the one core that every board has today. */
#define SYSDESC_MAX_VCPUS 4u
#define SYSDESC_NAME_SIZE 32u /* with the NUL; that of a name in the package, too */
#define SYSDESC_BOOTARGS_SIZE 1024u /* with the NUL */
#define SYSDESC_PATH_SIZE 64u

#define SYSDESC_GRANULE_4K UINT64_C(0x1000)
#define SYSDESC_GRANULE_2M UINT64_C(0x200000)
#define SYSDESC_BANK_ALIGN UINT64_C(0x200000)

/* Below root's VMMs (docs/architecture.md, Priorities). */
#define SYSDESC_MIN_PRIORITY 1u
#define SYSDESC_MAX_PRIORITY 140u

struct sysdesc_bank {
	uint64_t base; /* IPA = PA, multiple of SYSDESC_BANK_ALIGN */
	uint64_t size; /* bytes, not 0, multiple of SYSDESC_BANK_ALIGN; base + size does not wrap */
};

enum sysdesc_on_crash {
	SYSDESC_RESTART = 0,
	SYSDESC_STOP,
};

/* Strings point into the description that was parsed. */
struct sysdesc_service {
	char name[SYSDESC_NAME_SIZE]; /* letters, digits, '-', '_' */
	char path[SYSDESC_PATH_SIZE]; /* of the node, for reports */
	struct sysdesc_bank bank[SYSDESC_MAX_BANKS];
	unsigned int banks; /* at least 1 */
	uint64_t granule; /* SYSDESC_GRANULE_* */
	unsigned int vcpus; /* 1..SYSDESC_MAX_VCPUS */
	unsigned int priority; /* of its vCPUs */
	uint64_t timeslice_us;
	const char *kernel; /* names in the package */
	const char *initrd; /* NULL: none */
	const char *bootargs; /* "" without */
	const char *passthrough[SYSDESC_MAX_PASSTHROUGH]; /* path patterns of the board's tree */
	unsigned int passthroughs;
	const char *stdout_path; /* of the board's tree, options after ':' allowed; NULL: none */
	struct {
		unsigned int max; /* user-VMs at a time, 0..CTL_MAX_VMS */
		uint64_t memory; /* bytes of kernel objects for all of them together */
		unsigned int priority;
		uint64_t timeslice_us;
	} users;
	enum sysdesc_on_crash on_crash;
	bool test_hooks;
};

struct sysdesc {
	const struct sysdesc_board *board;
	unsigned int log_level; /* enum vmm_log_level */
	struct sysdesc_service service[SYSDESC_MAX_SERVICES];
	unsigned int services; /* at least 1 */
};

/*
 * Parse the `size` bytes at `fdt` (8-byte aligned, not trusted, must stay there while *out is in use). Returns 0, or -1
 * with everything that is wrong added to *report. *out is then good only for looking for further mistakes: it holds what
 * was right and within its bounds, but there may be no board, no service-VM, no bank, no kernel. Strict: an unknown node
 * or property is an error. What only the board's tree can tell is checked by vmfdt_check().
 */
int sysdesc_parse(const void *fdt, size_t size, struct sysdesc *out, struct report *report);

/*
 * Where root's image has to end so that it holds as much of the banks as the board allows (wire/package.h,
 * root_end); 0 when no bank lies where it could reach.
 */
uint64_t sysdesc_root_end(const struct sysdesc *desc);

#endif
