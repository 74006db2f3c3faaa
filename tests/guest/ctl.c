// SPDX-License-Identifier: BSD-2-Clause
/*
 * A service-VM that talks to root directly (wire/ctl.h): every request, what each refuses, the
 * books after each round, user-VMs that run, their death, and exhausted quota. Output is TAP; the last line is "ctl: done".
 */
#include "control.h"

#include "arch/psci.h"
#include "string/string.h"

#define CYCLES 50u

static void discovery(void)
{
	struct guest_regs uid = { { SELKIE_SMC_UID } };
	uint64_t mr[4] = { SELKIE_CTL_VERSION };

	guest_smc(&uid);
	report(uid.x[0] == SELKIE_UID0 && uid.x[1] == SELKIE_UID1 && uid.x[2] == SELKIE_UID2 &&
		       uid.x[3] == SELKIE_UID3,
	       "UID");
	learn_calls();
	report(control(CTL_HELLO, mr) == WIRE_OK && mr[0] == SELKIE_CTL_VERSION && mr[1] >= 1 &&
		       mr[1] <= CTL_MAX_VMS && mr[2] == 4096 && mr[3] == 0,
	       "hello");
	report(request(CTL_HELLO, SELKIE_CTL_VERSION + 1, 0, 0, 0, NULL) == WIRE_ENOSYS,
	       "hello of another version");
	report(request(0, 0, 0, 0, 0, NULL) == WIRE_ENOSYS &&
		       request(1000, 0, 0, 0, 0, NULL) == WIRE_ENOSYS,
	       "unknown operations");
}

static void create_refused(void)
{
	bool ok = true;

	for (unsigned int i = 0; i < SPOILS; i++) {
		struct ctl_create c = good();

		spoil(&c, i);
		if (create(c, NULL) != WIRE_EINVAL) {
			guest_printf("# accepted: %u\n", i);
			ok = false;
		}
	}
	report(ok, "descriptions that make no sense are refused");
	report(books_as_before(), "and cost nothing");
}

static bool stats_of(uint64_t vm, struct ctl_vm_stats *s)
{
	memset(area, 0xff, sizeof(*area));
	if (request(CTL_VM_STATS, vm, 0, 0, 0, NULL) != WIRE_OK)
		return false;
	memcpy(s, &area->vm_stats, sizeof(*s));
	return true;
}

static void create_destroy(void)
{
	uint64_t vm, vm2;
	struct ctl_create c = good();
	struct ctl_vm_stats s;
	bool ok = true;

	report(create(c, &vm) == WIRE_OK && vm == 0, "create");
	report(region(vm)->version == UVM_VERSION && !region(vm)->dead &&
		       slot(vm, 0)->owner == UVM_OWNER_MODULE,
	       "its region");
	report(create(c, &vm2) == WIRE_OK && vm2 == 1, "create a second one");
	report(counters().vms == before.vms + 2, "both count");
	report(stats_of(vm2, &s) && s.objects && s.bytes && !s.frames_shared && !s.vcpu_us[0] &&
		       2 * s.bytes == before.quota_free - counters().quota_free,
	       "books of one");
	report(request(CTL_VM_STATS, 2, 0, 0, 0, NULL) == WIRE_ENOENT &&
		       request(CTL_VM_STATS, CTL_MAX_VMS, 0, 0, 0, NULL) == WIRE_ENOENT,
	       "books of what is not there");
	guest_printf("# a user-VM takes %lu bytes of its quota\n",
		     (before.quota_free - counters().quota_free) / 2);
	report(request(CTL_VM_DESTROY, vm, 0, 0, 0, NULL) == WIRE_OK, "destroy");
	report(request(CTL_VM_DESTROY, vm, 0, 0, 0, NULL) == WIRE_ENOENT &&
		       request(CTL_VM_DESTROY, CTL_MAX_VMS, 0, 0, 0, NULL) == WIRE_ENOENT &&
		       request(CTL_VM_DESTROY, UINT64_MAX, 0, 0, 0, NULL) == WIRE_ENOENT,
	       "destroy what is not there");
	request(CTL_VM_DESTROY, vm2, 0, 0, 0, NULL);
	report(books_as_before(), "books");
	c.gicd = CTL_NO_GIC;
	c.vcpus = WIRE_MAX_VCPUS;
	report(create(c, &vm) == WIRE_OK, "most vCPUs, no interrupt controller");
	request(CTL_VM_DESTROY, vm, 0, 0, 0, NULL);
	for (unsigned int i = 0; i < CYCLES && ok; i++)
		ok = create(good(), &vm) == WIRE_OK && vm == 0 &&
		     request(CTL_VM_DESTROY, vm, 0, 0, 0, NULL) == WIRE_OK;
	report(ok, "many times");
	report(books_as_before(), "books");
}

/* Hand vCPU 0 over to run and do not wait for it. */
static void run_on(uint64_t vm)
{
	slot(vm, 0)->kick = 0;
	slot(vm, 0)->request = UVM_REQ_RUN;
	slot(vm, 0)->resume = UVM_RESUME_RETRY;
	__atomic_store_n(&slot(vm, 0)->owner, UVM_OWNER_VMM, __ATOMIC_RELEASE);
	__atomic_fetch_or(&region(vm)->ring, UVM_RING_VCPU(0), __ATOMIC_ACQ_REL);
	ring(vm);
}

static void memory(void)
{
	const uint64_t rwx = CTL_MAP_WRITE | CTL_MAP_EXEC;
	uint64_t vm, done;

	create(good(), &vm);
	offer(RAM, CTL_MAX_PAGES);
	report(request(CTL_MEM_MAP, vm, GUEST_CODE, CTL_MAX_PAGES, rwx, &done) == WIRE_OK &&
		       done == CTL_MAX_PAGES,
	       "map a block");
	report(counters().frames_shared == CTL_MAX_PAGES, "its frames count");
	offer(RAM, CTL_MAX_PAGES);
	report(request(CTL_MEM_MAP, vm, GUEST_CODE, CTL_MAX_PAGES, rwx, &done) == WIRE_OK &&
		       counters().frames_shared == CTL_MAX_PAGES,
	       "the same again changes nothing");
	offer(RAM, 2);
	report(request(CTL_MEM_MAP, vm, GUEST_CODE, 2, 0, &done) == WIRE_EEXIST && done == 0,
	       "other access: refused");
	offer(RAM + WIRE_PAGE_SIZE, 2);
	report(request(CTL_MEM_MAP, vm, GUEST_CODE, 2, rwx, &done) == WIRE_EEXIST && done == 0,
	       "other frame: refused");
	offer(RAM, 4);
	area->page[1] = CTL_PAGE_NONE;
	report(request(CTL_MEM_MAP, vm, GUEST_CODE + 0x3ff000, 4, CTL_MAP_WRITE, &done) ==
			       WIRE_OK &&
		       done == 4 && counters().frames_shared == CTL_MAX_PAGES + 3,
	       "aliases, a hole, across two blocks");
	offer(RAM, 3);
	area->page[2] = RAM_END;
	report(request(CTL_MEM_MAP, vm, GUEST_CODE + 0x800000, 3, rwx, &done) == WIRE_ENOENT &&
		       done == 2,
	       "not our RAM: refused, the pages before are mapped");
	offer(RAM + 8, 1);
	report(request(CTL_MEM_MAP, vm, GUEST_CODE + 0xa00000, 1, rwx, NULL) == WIRE_EINVAL,
	       "a misaligned page");
	offer(GUEST_GICD, 1);
	report(request(CTL_MEM_MAP, vm, GUEST_CODE + 0xa00000, 1, rwx, NULL) == WIRE_ENOENT,
	       "a device page");
	offer(RAM, 2);
	report(request(CTL_MEM_MAP, vm, GUEST_GICC - WIRE_PAGE_SIZE, 2, rwx, &done) ==
			       WIRE_EEXIST &&
		       done == 1,
	       "over the CPU interface");
	report(request(CTL_MEM_MAP, vm, GUEST_CODE, 0, rwx, NULL) == WIRE_EINVAL &&
		       request(CTL_MEM_MAP, vm, GUEST_CODE, CTL_MAX_PAGES + 1, rwx, NULL) ==
			       WIRE_EINVAL &&
		       request(CTL_MEM_MAP, vm, GUEST_CODE + 1, 1, rwx, NULL) == WIRE_EINVAL &&
		       request(CTL_MEM_MAP, vm, GUEST_CODE, 1, 4, NULL) == WIRE_EINVAL &&
		       request(CTL_MEM_MAP, vm, (UINT64_C(1) << 40) - 4096, 2, rwx, NULL) ==
			       WIRE_EINVAL &&
		       request(CTL_MEM_MAP, vm, UINT64_MAX - 4095, 1, rwx, NULL) == WIRE_EINVAL &&
		       request(CTL_MEM_MAP, 7, GUEST_CODE, 1, rwx, NULL) == WIRE_ENOENT,
	       "malformed requests");
	report(request(CTL_MEM_UNMAP, vm, GUEST_CODE, 1, 0, NULL) == WIRE_OK &&
		       counters().frames_shared == CTL_MAX_PAGES + 3 + 2 + 1 - 1,
	       "unmap a page");
	report(request(CTL_MEM_UNMAP, vm, 0, UINT64_MAX, 0, NULL) == WIRE_OK &&
		       counters().frames_shared == 0,
	       "unmap everything");
	request(CTL_VM_DESTROY, vm, 0, 0, 0, NULL);
	report(books_as_before(), "books");
}

static void exhaust(void)
{
	uint64_t vm, status, made = 0, blocks = 0;

	while ((status = create(good(), &vm)) == WIRE_OK)
		made++;
	report(status == WIRE_ENOMEM && made > 0, "VMs until nothing is left");
	guest_printf("# %lu VMs\n", made);
	while (made)
		request(CTL_VM_DESTROY, --made, 0, 0, 0, NULL);
	report(books_as_before(), "books");
	create(good(), &vm);
	/*
	 * One page in each GiB, then in further blocks of them: as many tables as possible for a
	 * page.
	 */
	do {
		offer(RAM, 1);
		status = request(CTL_MEM_MAP, vm,
				 (0x10000000 + (blocks << 30 | blocks >> 10 << 21)) %
					 (UINT64_C(1) << 40),
				 1, 0, NULL);
	} while (status == WIRE_OK && ++blocks);
	guest_printf("# %lu blocks, then %lu\n", blocks, status);
	report(status == WIRE_ENOMEM, "tables until the quota is used up");
	request(CTL_VM_DESTROY, vm, 0, 0, 0, NULL);
	report(books_as_before(), "books");
}

static uint64_t us_since(const struct ctl_vm_stats *was, const struct ctl_vm_stats *is)
{
	return is->vmm_us + is->vcpu_us[0] - was->vmm_us - was->vcpu_us[0];
}

/* A user-VM in a loop and this one, which waits for it: all time goes to them, and none twice. */
static void times(void)
{
	/* b . */
	static const uint32_t code[] = { 0x14000000 };
	struct ctl_vm_stats own[2], user[2];
	uint64_t vm, start, until, spent, used;

	create(good(), &vm);
	memcpy((void *)RAM, code, sizeof(code));
	start_at(vm, GUEST_CODE);
	offer(RAM, 1);
	request(CTL_MEM_MAP, vm, GUEST_CODE, 1, CTL_MAP_EXEC, NULL);
	start = guest_count();
	report(stats_of(CTL_SELF, &own[0]) && stats_of(vm, &user[0]) && user[0].frames_shared == 1,
	       "books of both");
	run_on(vm);
	for (until = start + guest_frequency() / 5; guest_count() < until;)
		;
	stats_of(CTL_SELF, &own[1]);
	stats_of(vm, &user[1]);
	spent = (guest_count() - start) * 1000000 / guest_frequency() + 1;
	used = us_since(&own[0], &own[1]) + us_since(&user[0], &user[1]);
	guest_printf("# %lu us: service-VM %lu, user-VM %lu\n", spent, us_since(&own[0], &own[1]),
		     us_since(&user[0], &user[1]));
	report(used <= spent && used > spent / 2 && own[1].vcpu_us[0] > own[0].vcpu_us[0] &&
		       user[1].vcpu_us[0] > user[0].vcpu_us[0],
	       "times of both");
	request(CTL_VM_DESTROY, vm, 0, 0, 0, NULL);
	report(books_as_before(), "books");
}

static void run(void)
{
	/* mov x0, #GUEST_MMIO; mov w1, #0x55; str w1, [x0]; ldr w2, [x0]; str x2, [x0, #8]; b . */
	static const uint32_t code[] = { 0xd2a14000, 0x52800aa1, 0xb9000001,
					 0xb9400002, 0xf9000402, 0x14000000 };
	volatile struct uvm_vcpu *v;
	uint64_t vm;

	create(good(), &vm);
	v = slot(vm, 0);
	memcpy((void *)RAM, code, sizeof(code));
	report(start_at(vm, GUEST_CODE), "registers of a vCPU");
	report(vcpu_do(vm, UVM_REQ_RUN, UVM_RESUME_RETRY) && v->exit == UVM_EXIT_ABORT &&
		       v->addr == GUEST_CODE && v->access & UVM_ACCESS_FETCH,
	       "run: nothing is mapped where it starts");
	offer(RAM, 1);
	request(CTL_MEM_MAP, vm, GUEST_CODE, 1, CTL_MAP_EXEC, NULL);
	report(vcpu_do(vm, UVM_REQ_RUN, UVM_RESUME_RETRY) && v->exit == UVM_EXIT_ABORT &&
		       v->addr == GUEST_MMIO &&
		       v->access == (UVM_ACCESS_VALID | UVM_ACCESS_WRITE) && v->len == 4 &&
		       v->data == 0x55,
	       "run: a store to nothing");
	report(vcpu_do(vm, UVM_REQ_RUN, UVM_RESUME_MMIO) && v->exit == UVM_EXIT_ABORT &&
		       v->access == UVM_ACCESS_VALID && v->len == 4,
	       "run: a load from nothing");
	v->data = 0xcafef00d;
	report(vcpu_do(vm, UVM_REQ_RUN, UVM_RESUME_MMIO) && v->exit == UVM_EXIT_ABORT &&
		       v->addr == GUEST_MMIO + 8 && v->len == 8 && v->data == 0xcafef00d,
	       "run: the loaded value stored");
	request(CTL_MEM_UNMAP, vm, GUEST_CODE, 1, 0, NULL);
	report(vcpu_do(vm, UVM_REQ_RUN, UVM_RESUME_MMIO) && v->exit == UVM_EXIT_ABORT &&
		       v->addr == GUEST_CODE + 0x14,
	       "run: its code was unmapped");
	report(request(CTL_TEST, vm, 0, 0, 0, NULL) == WIRE_OK, "crash its VMM");
	for (uint64_t end = guest_count() + guest_frequency();
	     !region(vm)->dead && guest_count() < end;)
		;
	report(region(vm)->dead && region(vm)->event & UVM_EVENT_DEAD, "it is told dead");
	offer(RAM, 1);
	report(request(CTL_MEM_MAP, vm, GUEST_CODE, 1, 0, NULL) == WIRE_EIO,
	       "no memory for the dead");
	report(request(CTL_TEST, 9, 0, 0, 0, NULL) == WIRE_ENOENT, "crash what is not there");
	request(CTL_VM_DESTROY, vm, 0, 0, 0, NULL);
	report(books_as_before(), "books");
}

/* The module of another kernel begins: nothing of the one before is left. */
static void hello_again(void)
{
	/* b . */
	static const uint32_t code[] = { 0x14000000 };
	uint64_t mr[4] = { SELKIE_CTL_VERSION };
	uint64_t vm, vm2;

	create(good(), &vm);
	create(good(), &vm2);
	memcpy((void *)RAM, code, sizeof(code));
	start_at(vm, GUEST_CODE);
	offer(RAM, CTL_MAX_PAGES);
	request(CTL_MEM_MAP, vm, GUEST_CODE, CTL_MAX_PAGES, CTL_MAP_WRITE | CTL_MAP_EXEC, NULL);
	run_on(vm);
	report(request(CTL_HELLO, SELKIE_CTL_VERSION + 1, 0, 0, 0, NULL) == WIRE_ENOSYS &&
		       counters().vms == before.vms + 2,
	       "hello of another version leaves user-VMs alone");
	report(control(CTL_HELLO, mr) == WIRE_OK && mr[1] >= 1, "hello with user-VMs running");
	report(request(CTL_VM_DESTROY, vm, 0, 0, 0, NULL) == WIRE_ENOENT &&
		       request(CTL_VM_DESTROY, vm2, 0, 0, 0, NULL) == WIRE_ENOENT,
	       "they are gone");
	report(books_as_before(), "books");
}

static void log_text(void)
{
	uint64_t bytes;

	report(request(CTL_LOG_READ, CTL_TEXT_SIZE, 0, 0, 0, &bytes) == WIRE_OK &&
		       bytes <= CTL_TEXT_SIZE && bytes > 0,
	       "log text");
	report(request(CTL_LOG_READ, UINT64_MAX, 0, 0, 0, &bytes) == WIRE_OK &&
		       bytes <= CTL_TEXT_SIZE,
	       "log text, wild length");
}

/* What outlives a reset: RAM that no image is loaded to. */
struct kept {
	uint64_t magic;
	uint64_t resets;
	unsigned int tests, failures;
	struct ctl_counters counters;
};
static volatile struct kept *const kept = (volatile struct kept *)(RAM_END - WIRE_PAGE_SIZE);
#define KEPT_MAGIC UINT64_C(0x73656c6b69652d31)
#define RESETS 4u

/* Reset with user-VMs running and memory shared. */
static _Noreturn void reset(void)
{
	struct guest_regs r = { { PSCI_SYSTEM_RESET } };
	struct ctl_counters c = before;
	uint64_t vm;

	kept->magic = KEPT_MAGIC;
	kept->tests = tests;
	kept->failures = failures;
	kept->resets++;
	memcpy((void *)&kept->counters, &c, sizeof(c));
	for (unsigned int i = 0; i < 3; i++) {
		create(good(), &vm);
		offer(RAM, CTL_MAX_PAGES);
		request(CTL_MEM_MAP, vm, GUEST_CODE + WIRE_PAGE_SIZE, CTL_MAX_PAGES, 3, NULL);
		start_at(vm, GUEST_CODE);
		slot(vm, 0)->request = UVM_REQ_RUN;
		slot(vm, 0)->owner = UVM_OWNER_VMM;
	}
	/* Every other time our own VMM dies instead; the description says on-crash = "restart". */
	if (kept->resets % 2 == 0)
		request(CTL_TEST, CTL_SELF, 0, 0, 0, NULL);
	else
		guest_psci(&r);
	for (;;)
		;
}

static void after_reset(void)
{
	tests = kept->tests;
	failures = kept->failures;
	memcpy(&before, (const void *)&kept->counters, sizeof(before));
	before.restarts++;
	learn_calls();
	report(books_as_before(), "books after a restart with user-VMs running");
	if (kept->resets < RESETS)
		reset();
	kept->magic = 0;
}

void guest_main(const void *dtb)
{
	(void)dtb;
	if (kept->magic == KEPT_MAGIC) {
		after_reset();
		guest_printf("1..%u\n# %u failed\nctl: done\n", tests, failures);
		return;
	}
	kept->resets = 0;
	discovery();
	before = counters();
	guest_printf("# free %lu of %lu, objects %lu, slots %lu, quota %lu\n", before.untyped_free,
		     before.untyped_total, before.objects, before.slots_used, before.quota_free);
	create_refused();
	create_destroy();
	memory();
	hello_again();
	log_text();
	run();
	times();
	exhaust();
	reset();
}
