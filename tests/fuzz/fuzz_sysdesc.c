// SPDX-License-Identifier: BSD-2-Clause
/* A system description from anywhere: what is let through keeps the promises of sysdesc.h. */
#include <stdlib.h>
#include <string.h>

#include "sysdesc/sysdesc.h"
#include "wire/ctl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool cond)
{
	if (!cond)
		abort();
}

static void check_service(const struct sysdesc_service *s, bool good)
{
	require(s->banks <= SYSDESC_MAX_BANKS && s->passthroughs <= SYSDESC_MAX_PASSTHROUGH);
	require(s->granule == SYSDESC_GRANULE_4K || s->granule == SYSDESC_GRANULE_2M);
	require(s->vcpus >= 1 && s->vcpus <= WIRE_MAX_VCPUS);
	require(s->priority >= SYSDESC_MIN_PRIORITY && s->priority <= SYSDESC_MAX_PRIORITY);
	require(s->users.max <= CTL_MAX_VMS && s->bootargs &&
		strlen(s->bootargs) < SYSDESC_BOOTARGS_SIZE);
	for (unsigned int i = 0; i < s->banks; i++)
		require(s->bank[i].size && s->bank[i].base + s->bank[i].size > s->bank[i].base);
	for (unsigned int i = 0; i < s->passthroughs; i++)
		require(s->passthrough[i] != NULL);
	if (!good)
		return;
	require(s->banks >= 1 && s->kernel && *s->kernel && strlen(s->kernel) < SYSDESC_NAME_SIZE);
	for (unsigned int i = 0; i < s->banks; i++)
		require(s->bank[i].base % s->granule == 0 && s->bank[i].size % s->granule == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sysdesc desc;
	static struct report report;
	void *fdt = malloc(size ? size : 1);
	int result;

	memcpy(fdt, data, size);
	report_init(&report);
	result = sysdesc_parse(fdt, size, &desc, &report);
	require((result == 0) == (report.errors == 0) && desc.services <= SYSDESC_MAX_SERVICES);
	require(result != 0 || (desc.board && desc.services));
	for (unsigned int i = 0; i < desc.services; i++)
		check_service(&desc.service[i], result == 0);
	free(fdt);
	return 0;
}
