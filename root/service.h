/* SPDX-License-Identifier: BSD-2-Clause */
/* Service-VMs: their start, restart and end. */
#ifndef ROOT_SERVICE_H
#define ROOT_SERVICE_H

#include "root/config.h"
#include "root/ram.h"
#include "root/vm.h"
#include "wire/status.h"

struct service {
	const struct config_service *config;
	struct vm *vm; /* NULL: stopped for good */
	struct vm *user[CTL_MAX_VMS];
	struct ram ram;
	struct quota quota; /* of its user-VMs together */
	uint64_t restarts;
	bool first; /* the one that reads the log */
};

/*
 * Take the RAM and the device pages of every service-VM. False with logged reasons: the system can
 * not start.
 */
bool service_init(const struct config *config);
/* Start all service-VMs. False: one could not be built. */
bool service_start_all(void);

/*
 * PSCI SYSTEM_OFF and SYSTEM_RESET of the service-VM `vm`, and the end of its VMM. `vm` is gone
 * afterwards.
 */
void service_off(struct vm *vm);
void service_reset(struct vm *vm);
void service_failed(struct vm *vm);

/* Map RAM on the first access. */
enum wire_status service_populate(struct vm *vm, uint64_t ipa);

#endif
