// SPDX-License-Identifier: BSD-2-Clause
#include "control.h"

#include "string/string.h"

#define MSG_LABEL_SHIFT 12

unsigned int tests, failures;
int64_t sys_call, sys_send;
struct ctl_counters before;
static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

uint64_t rnd(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * UINT64_C(0x2545f4914f6cdd1d);
}

void report(bool ok, const char *what)
{
	tests++;
	if (!ok)
		failures++;
	guest_printf("%s %u - %s\n", ok ? "ok" : "not ok", tests, what);
}

uint64_t control_short(uint64_t op, unsigned int length, uint64_t mr[4])
{
	struct guest_regs r = { { SELKIE_CAP_CONTROL, op << MSG_LABEL_SHIFT | length, mr[0], mr[1],
				  mr[2], mr[3], 0, (uint64_t)sys_call } };

	guest_hvc(&r);
	memcpy(mr, &r.x[2], 4 * sizeof(mr[0]));
	return r.x[1] >> MSG_LABEL_SHIFT;
}

uint64_t control(uint64_t op, uint64_t mr[4])
{
	return control_short(op, 4, mr);
}

uint64_t request(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t *out)
{
	uint64_t mr[4] = { a, b, c, d };
	uint64_t status = control(op, mr);

	if (out)
		*out = mr[0];
	return status;
}

void ring(uint64_t vm)
{
	struct guest_regs r = { { SELKIE_CAP_DOORBELL + vm, 0, 0, 0, 0, 0, 0,
				  (uint64_t)sys_send } };

	guest_hvc(&r);
}

volatile struct uvm_vm *region(uint64_t vm)
{
	return (volatile struct uvm_vm *)(WINDOW + CTL_AREA_SIZE + vm * UVM_REGION_SIZE);
}

volatile struct uvm_vcpu *slot(uint64_t vm, unsigned int n)
{
	return (volatile struct uvm_vcpu *)(WINDOW + CTL_AREA_SIZE + vm * UVM_REGION_SIZE +
					    UVM_OFF_VCPU(n));
}

struct ctl_create good(void)
{
	return (struct ctl_create){ .vcpus = 1,
				    .ipa_bits = 40,
				    .gicd = GUEST_GICD,
				    .gicc = GUEST_GICC,
				    .intids = 288,
				    .mpidr = { 0x80000000u } };
}

uint64_t create(struct ctl_create c, uint64_t *vm)
{
	memcpy(&area->create, &c, sizeof(c));
	return request(CTL_VM_CREATE, 0, 0, 0, 0, vm);
}

struct ctl_counters counters(void)
{
	struct ctl_counters c;

	memset(area, 0xff, sizeof(*area));
	request(CTL_COUNTERS, 0, 0, 0, 0, NULL);
	memcpy(&c, &area->counters, sizeof(c));
	return c;
}

bool books_as_before(void)
{
	struct ctl_counters now = counters();
	const uint64_t *a = (const uint64_t *)&before, *b = (const uint64_t *)&now;
	bool same = true;

	for (unsigned int i = 0; i < sizeof(now) / sizeof(*b); i++)
		if (a[i] != b[i]) {
			guest_printf("# counter %u: %lu before, %lu now\n", i, a[i], b[i]);
			same = false;
		}
	return same;
}

void learn_calls(void)
{
	struct guest_regs info = { { SELKIE_SMC_INFO } };

	guest_smc(&info);
	sys_call = (int64_t)info.x[1];
	sys_send = (int64_t)info.x[2];
	report(info.x[0] == SELKIE_CTL_VERSION && sys_call < 0 && sys_send < 0, "info");
}

void spoil(struct ctl_create *c, unsigned int i)
{
	switch (i) {
	case 0:
		c->vcpus = 0;
		break;
	case 1:
		c->vcpus = WIRE_MAX_VCPUS + 1;
		break;
	case 2:
		c->ipa_bits = 31;
		break;
	case 3:
		c->ipa_bits = 41;
		break;
	case 4:
		c->gicd = GUEST_GICD + 0x800;
		break;
	case 5:
		c->gicd = UINT64_C(1) << 40;
		break;
	case 6:
		c->gicc = GUEST_GICD;
		break;
	case 7:
		c->gicc = (UINT64_C(1) << 40) - 0x1000;
		break;
	case 8:
		c->intids = 32;
		break;
	case 9:
		c->intids = 65;
		break;
	case 10:
		c->intids = 1024;
		break;
	case 11:
		c->reserved = 1;
		break;
	case 12:
		c->mpidr[0] = UINT64_MAX;
		break;
	}
}

void offer(uint64_t first, unsigned int pages)
{
	for (unsigned int i = 0; i < pages; i++)
		area->page[i] = first + (uint64_t)i * WIRE_PAGE_SIZE;
}

bool vcpu_do(uint64_t vm, uint32_t req, uint32_t resume)
{
	uint64_t end = guest_count() + 2 * guest_frequency();

	slot(vm, 0)->request = req;
	slot(vm, 0)->resume = resume;
	__atomic_store_n(&slot(vm, 0)->owner, UVM_OWNER_VMM, __ATOMIC_RELEASE);
	if (!__atomic_fetch_or(&region(vm)->ring, UVM_RING_VCPU(0), __ATOMIC_ACQ_REL))
		ring(vm);
	while (__atomic_load_n(&slot(vm, 0)->owner, __ATOMIC_ACQUIRE) != UVM_OWNER_MODULE)
		if (guest_count() > end || region(vm)->dead)
			return false;
	return true;
}

bool start_at(uint64_t vm, uint64_t pc)
{
	volatile struct uvm_vcpu *v = slot(vm, 0);

	for (unsigned int i = 0; i < sizeof(v->regs) / 8; i++)
		((volatile uint64_t *)&v->regs)[i] = 0;
	v->regs.pc = pc;
	v->regs.pstate = PSTATE_EL1H_DAIF;
	v->regs.sys[UVM_SYS_SCTLR] = SCTLR_RESET;
	return vcpu_do(vm, UVM_REQ_RESET, UVM_POWER_ON);
}

uint64_t wild(void)
{
	static const uint64_t edge[] = { 0,
					 1,
					 2,
					 511,
					 512,
					 513,
					 4096,
					 GUEST_CODE,
					 GUEST_GICC,
					 RAM,
					 RAM_END - 4096,
					 RAM_END,
					 WINDOW,
					 UINT64_MAX,
					 UINT64_MAX - 4095,
					 UINT64_C(1) << 40,
					 (UINT64_C(1) << 40) - 4096 };
	uint64_t r = rnd();

	switch (r % 4) {
	case 0:
		return edge[(r >> 8) % (sizeof(edge) / sizeof(edge[0]))];
	case 1:
		return (r >> 8) % 8;
	case 2:
		return (r >> 8) % 0x1000 << 12;
	}
	return rnd() >> (r >> 8) % 64;
}
