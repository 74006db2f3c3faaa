// SPDX-License-Identifier: BSD-2-Clause
/*
 * A million hypercalls of a hostile service-VM: valid control requests, the same with a field changed, plain nonsense, other
 * system calls on all its capabilities, and words of the shared regions changed while the VMMs use them and vCPUs run. A
 * model says what root must answer; every now and then everything is given back, the books are compared and a normal
 * request is made. Output is TAP; the last line is "ctlfuzz: done".
 */
#include "control.h"

#include "string/string.h"

#ifndef REQUESTS
#define REQUESTS 1000000u
#endif
#define ROUNDS 16u

#define MODEL_PAGES 1024u /* of each user-VM, from GUEST_CODE: two blocks */
#define MODEL_VMS 8u /* most requests are about these */
#define CODE_PAGES 64u /* pages of RAM with code in them */
#define FRAMES 0x8000u /* pages of RAM that are offered */
#define PRESENT 4u /* beside CTL_MAP_* in a page's word */
#define SERVICE_RAM UINT64_C(0x40000000)

/* What root should know about a user-VM. */
struct model {
	bool alive, dead;
	uint32_t page[MODEL_PAGES]; /* address in our RAM | PRESENT | CTL_MAP_*, or 0 */
};
static struct model model[CTL_MAX_VMS];
static uint64_t sent, answers[WIRE_EGRANULE + 1];
static unsigned int wrong;
static uint64_t max_vms;

static void check(bool ok, const char *what, uint64_t got, uint64_t want)
{
	if (ok || wrong++ >= 10)
		return;
	guest_printf("# hypercall %lu, %s: %lu, expected %lu\n", sent, what, got, want);
}

static uint64_t ask(uint64_t op, uint64_t mr[4])
{
	uint64_t status = control(op, mr);

	sent++;
	check(status <= WIRE_EGRANULE, "not a status", status, WIRE_EGRANULE);
	if (status <= WIRE_EGRANULE)
		answers[status]++;
	return status;
}

static bool once_in(unsigned int n)
{
	return rnd() >> 32 << 32 < UINT64_MAX / n;
}

/* Mostly one of the first, alive or not. */
static uint64_t some_vm(void)
{
	return once_in(16) ? wild() : (rnd() >> 16) % MODEL_VMS;
}

static struct model *model_of(uint64_t vm)
{
	return vm < CTL_MAX_VMS && model[vm].alive ? &model[vm] : NULL;
}

/* --- control requests ------------------------------------------------------------------------------------- */

static void fuzz_create(void)
{
	struct ctl_create c = good();
	bool spoiled = once_in(2);
	uint64_t mr[4] = { wild(), wild(), wild(), wild() }, status, vm = 0;

	c.vcpus = 1 + (uint32_t)(rnd() >> 16) % 2;
	c.mpidr[1] = 0x80000001u;
	if (once_in(4))
		c.gicd = CTL_NO_GIC;
	else if (spoiled)
		spoil(&c, (unsigned int)(rnd() % SPOILS));
	else if (once_in(4))
		c.gicc = GUEST_CODE + MODEL_PAGES * WIRE_PAGE_SIZE;
	spoiled = spoiled && c.gicd != CTL_NO_GIC;
	memcpy(&area->create, &c, sizeof(c));
	status = ask(CTL_VM_CREATE, mr);
	if (spoiled) {
		check(status == WIRE_EINVAL, "spoiled create", status, WIRE_EINVAL);
		return;
	}
	while (vm < max_vms && model[vm].alive)
		vm++;
	if (vm == max_vms || status == WIRE_ENOMEM) {
		check(status == WIRE_ENOMEM, "one VM too many", status, WIRE_ENOMEM);
		return;
	}
	check(status == WIRE_OK, "create", status, WIRE_OK);
	check(mr[0] == vm, "number of the VM", mr[0], vm);
	memset(&model[vm], 0, sizeof(model[vm]));
	model[vm].alive = true;
}

static void fuzz_destroy(uint64_t vm)
{
	uint64_t mr[4] = { vm, wild(), wild(), wild() };
	uint64_t want = model_of(vm) ? WIRE_OK : WIRE_ENOENT, status = ask(CTL_VM_DESTROY, mr);

	check(status == want, "destroy", status, want);
	if (want == WIRE_OK)
		model[vm].alive = false;
}

static void fuzz_crash(uint64_t vm)
{
	uint64_t what = once_in(4) ? wild() : (rnd() >> 16) % 3, want = WIRE_OK, status;
	uint64_t mr[4] = { vm, what, wild(), wild() };
	struct model *m = model_of(vm);

	if (vm == CTL_SELF)
		return;
	if (!m)
		want = WIRE_ENOENT;
	else if (m->dead)
		want = WIRE_EIO;
	else if (what > CTL_TEST_GO_ON)
		want = WIRE_EINVAL;
	status = ask(CTL_TEST, mr);
	check(status == want, "crash", status, want);
	/* Its VMM is more urgent than we are: it is dead by now. */
	if (want == WIRE_OK && what == CTL_TEST_CRASH)
		m->dead = true;
}

static bool in_model(uint64_t ipa)
{
	return ipa - GUEST_CODE < MODEL_PAGES * WIRE_PAGE_SIZE;
}

static uint32_t *model_page(struct model *m, uint64_t ipa)
{
	return &m->page[(ipa - GUEST_CODE) / WIRE_PAGE_SIZE];
}

struct map {
	uint64_t vm, ipa, pages, flags;
};

static bool map_valid(const struct map *r)
{
	return r->pages >= 1 && r->pages <= CTL_MAX_PAGES && r->flags <= 3 &&
	       r->ipa % WIRE_PAGE_SIZE == 0 && r->ipa < UINT64_C(1) << 40 &&
	       r->pages * WIRE_PAGE_SIZE <= (UINT64_C(1) << 40) - r->ipa;
}

/* What one page of a request must be answered with. */
static uint64_t expect_page(struct model *m, const struct map *r, unsigned int i)
{
	uint64_t page = area->page[i], ipa = r->ipa + i * WIRE_PAGE_SIZE;
	uint32_t old;

	if (page == CTL_PAGE_NONE)
		return WIRE_OK;
	if (page % WIRE_PAGE_SIZE)
		return WIRE_EINVAL;
	if (page < SERVICE_RAM || page >= RAM_END)
		return WIRE_ENOENT;
	if (!in_model(ipa))
		return WIRE_OK;
	old = *model_page(m, ipa);
	return !old || old == (page | PRESENT | r->flags) ? WIRE_OK : WIRE_EEXIST;
}

/*
 * The answer to a request and the entries done before it. What is outside the model may be mapped already or be the
 * CPU interface: *sure is false then, and the answer may be WIRE_EEXIST earlier. Memory may be short any time.
 */
static uint64_t expect_map(struct model *m, const struct map *r, uint64_t *done, bool *sure)
{
	*done = 0;
	*sure = true;
	if (!m)
		return WIRE_ENOENT;
	if (m->dead)
		return WIRE_EIO;
	if (!map_valid(r))
		return WIRE_EINVAL;
	for (unsigned int i = 0; i < r->pages; i++, ++*done) {
		uint64_t status = expect_page(m, r, i);

		if (status != WIRE_OK)
			return status;
		*sure = *sure && in_model(r->ipa + i * WIRE_PAGE_SIZE);
	}
	return WIRE_OK;
}

static void model_map(struct model *m, const struct map *r, uint64_t done)
{
	for (unsigned int i = 0; i < done; i++) {
		uint64_t ipa = r->ipa + i * WIRE_PAGE_SIZE;

		if (in_model(ipa) && area->page[i] != CTL_PAGE_NONE)
			*model_page(m, ipa) = (uint32_t)(area->page[i] | PRESENT | r->flags);
	}
}

/* A page that makes no sense, or is not ours; never one with this program in it. */
static uint64_t wild_page(void)
{
	uint64_t page = wild();

	return page >= SERVICE_RAM && page < RAM ? page + (RAM - SERVICE_RAM) : page;
}

/* The same frames for the same pages, or any: repeated, overlapping and doubled mappings. */
static void offer_some(const struct map *r)
{
	uint64_t first = once_in(2) ? (rnd() >> 16) % FRAMES :
				      (r->ipa - GUEST_CODE) / WIRE_PAGE_SIZE % FRAMES;
	uint64_t pages = r->pages <= CTL_MAX_PAGES ? r->pages : CTL_MAX_PAGES;

	for (uint64_t i = 0; i < pages; i++)
		area->page[i] = RAM + (first + i) % FRAMES * WIRE_PAGE_SIZE;
	if (once_in(4) && pages)
		area->page[rnd() % pages] = once_in(4) ? CTL_PAGE_NONE : wild_page();
}

static void fuzz_map(void)
{
	struct map r = { some_vm(), GUEST_CODE + (rnd() >> 16) % MODEL_PAGES * WIRE_PAGE_SIZE,
			 1 + (rnd() >> 16) % 4, rnd() >> 62 };
	uint64_t mr[4], want, status, done;
	struct model *m = model_of(r.vm);
	bool sure;

	if (once_in(256))
		r.pages = 1 + (rnd() >> 16) % CTL_MAX_PAGES;
	if (once_in(16))
		r.ipa = wild();
	if (once_in(16))
		r.pages = wild();
	if (once_in(16))
		r.flags = wild();
	offer_some(&r);
	want = expect_map(m, &r, &done, &sure);
	memcpy(mr, &r, sizeof(mr));
	status = ask(CTL_MEM_MAP, mr);
	if (want == WIRE_ENOENT && !m) {
		check(status == want, "map of no VM", status, want);
		return;
	}
	if (!m || m->dead || !map_valid(&r)) {
		check(status == want, "map", status, want);
		return;
	}
	/* Whatever it says: nothing past the first entry that must be refused is done. */
	check(mr[0] <= done, "entries done", mr[0], done);
	if (status != WIRE_ENOMEM && (sure || status != WIRE_EEXIST)) {
		check(status == want, "map", status, want);
		check(mr[0] == done, "entries done", mr[0], done);
	}
	model_map(m, &r, mr[0] < done ? mr[0] : done);
}

static void model_unmap(struct model *m, uint64_t ipa, uint64_t pages)
{
	uint64_t first = ipa / WIRE_PAGE_SIZE, last = first + pages - 1;

	if (last < first)
		last = UINT64_MAX;
	for (unsigned int i = 0; i < MODEL_PAGES; i++) {
		uint64_t page = GUEST_CODE / WIRE_PAGE_SIZE + i;

		if (page >= first && page <= last)
			m->page[i] = 0;
	}
}

static void fuzz_unmap(void)
{
	uint64_t mr[4] = { some_vm(), GUEST_CODE + (rnd() >> 16) % MODEL_PAGES * WIRE_PAGE_SIZE,
			   1 + (rnd() >> 16) % 8, wild() };
	struct model *m = model_of(mr[0]);
	uint64_t ipa, pages, want = WIRE_OK, status;

	if (once_in(16))
		mr[1] = wild();
	if (once_in(16))
		mr[2] = wild();
	ipa = mr[1];
	pages = mr[2];
	if (!m)
		want = WIRE_ENOENT;
	else if (ipa % WIRE_PAGE_SIZE || !pages)
		want = WIRE_EINVAL;
	status = ask(CTL_MEM_UNMAP, mr);
	check(status == want, "unmap", status, want);
	if (want == WIRE_OK)
		model_unmap(m, ipa, pages);
}

static void fuzz_other(void)
{
	uint64_t mr[4] = { wild(), wild(), wild(), wild() }, arg = mr[0], op = wild(), status;
	static const uint64_t ops[] = { CTL_HELLO, CTL_LOG_READ, CTL_COUNTERS, CTL_VM_STATS };

	if (once_in(2))
		op = ops[rnd() % 4];
	else if (op - CTL_VM_CREATE <= CTL_VM_STATS - CTL_VM_CREATE)
		op += CTL_VM_STATS;
	/* A label has 52 bits. */
	op &= UINT64_MAX >> 12;
	status = ask(op, mr);
	if (op == CTL_HELLO) {
		check(status == (arg == SELKIE_CTL_VERSION ? WIRE_OK : WIRE_ENOSYS), "hello",
		      status, arg);
		/* A kernel that says hello has no user-VMs yet: those of an earlier one go. */
		if (status == WIRE_OK)
			memset(model, 0, sizeof(model));
	} else if (op == CTL_VM_STATS)
		check(status == (arg == CTL_SELF || model_of(arg) ? WIRE_OK : WIRE_ENOENT), "stats",
		      status, arg);
	else if (op == CTL_LOG_READ)
		check(status == WIRE_OK && mr[0] <= CTL_TEXT_SIZE && mr[0] <= arg, "log", mr[0],
		      arg);
	else if (op != CTL_COUNTERS)
		check(status == WIRE_ENOSYS, "unknown operation", status, WIRE_ENOSYS);
}

/* --- other system calls, and words of the regions -------------------------------------------------------- */

/*
 * seL4's system calls are -1 and below; a debug kernel's own begin after them. An operation that would change the books
 * is left to where the model sees it.
 */
#define SYSCALLS 11u
#define MSG_LABEL_SHIFT 12

static void fuzz_syscall(void)
{
	uint64_t cap = once_in(2) ? SELKIE_CAP_CONTROL : (rnd() >> 16) % 96;
	uint64_t label = once_in(2) ? CTL_COUNTERS : CTL_VM_STATS + 1 + (wild() >> 16);
	struct guest_regs r;

	for (unsigned int i = 0; i < 7; i++)
		r.x[i] = wild();
	r.x[0] = once_in(16) ? wild() : cap;
	/* length and capabilities of the message: any */
	r.x[1] = label << MSG_LABEL_SHIFT | (rnd() & 0xfff);
	r.x[7] = ~((rnd() >> 16) % SYSCALLS);
	guest_hvc(&r);
	sent++;
}

/*
 * Exceptions of the guest's lead to nothing, by stage 2: in deterministic time a vCPU that takes one after the other
 * without executing anything would stop the clock for all of them.
 */
static void set_vectors(uint64_t vm)
{
	for (unsigned int n = 0; n < 2; n++) {
		slot(vm, n)->regs.sys[UVM_SYS_SCTLR] = SCTLR_RESET;
		slot(vm, n)->regs.sys[UVM_SYS_VBAR] = GUEST_MMIO;
	}
}

static void fuzz_region(uint64_t vm)
{
	static const uint32_t base[] = { UVM_OFF_VM, UVM_OFF_IOEVENT, UVM_OFF_VCPU(0),
					 UVM_OFF_VCPU(1) };
	uint64_t at = WINDOW + CTL_AREA_SIZE + vm * UVM_REGION_SIZE + base[rnd() >> 62];

	for (unsigned int i = 0; i < 4; i++)
		*(volatile uint32_t *)(at + (rnd() >> 16) % (once_in(2) ? 0x100 : 0x1000) / 4 * 4) =
			(uint32_t)(once_in(2) ? wild() : rnd() >> 60);
	set_vectors(vm);
	ring(vm);
	sent++;
}

/* Let vCPU 0 run somewhere, or ask for it back. */
static void fuzz_run(uint64_t vm)
{
	volatile struct uvm_vcpu *v = slot(vm, 0);

	if (once_in(2)) {
		v->regs.pc = GUEST_CODE + (rnd() >> 16) % MODEL_PAGES * WIRE_PAGE_SIZE;
		v->regs.pstate = PSTATE_EL1H_DAIF;
		set_vectors(vm);
		v->request = once_in(2) ? UVM_REQ_RESET : UVM_REQ_SET_REGS;
		v->resume = UVM_POWER_ON;
	} else {
		v->request = UVM_REQ_RUN;
		v->resume = (uint32_t)(rnd() >> 62);
	}
	v->kick = once_in(2);
	__atomic_store_n(&v->owner, UVM_OWNER_VMM, __ATOMIC_RELEASE);
	__atomic_fetch_or(&region(vm)->ring, UVM_RING_VCPU(0) | (uint32_t)rnd(), __ATOMIC_ACQ_REL);
	ring(vm);
	sent++;
}

static void step(void)
{
	uint64_t dice = (rnd() >> 16) % 1024, vm = some_vm();

	if (dice < 4)
		fuzz_create();
	else if (dice < 6)
		fuzz_destroy(vm);
	else if (dice < 500)
		fuzz_map();
	else if (dice < 700)
		fuzz_unmap();
	else if (dice < 800)
		fuzz_other();
	else if (dice < 900)
		fuzz_syscall();
	else if (!model_of(vm) || (dice == 1023 && !once_in(16)))
		fuzz_map();
	else if (dice == 1023)
		fuzz_crash(vm);
	else if (dice < 960)
		fuzz_region(vm);
	else
		fuzz_run(vm);
}

/* --- afterwards -------------------------------------------------------------------------------------------- */

static void give_all_back(void)
{
	for (uint64_t vm = 0; vm < CTL_MAX_VMS; vm++)
		if (model_of(vm))
			fuzz_destroy(vm);
}

static void fill_ram(void)
{
	/* mov x0, #GUEST_MMIO; 1: str w1, [x0], #4; ldr w2, [x0]; hvc #0; b 1b */
	static const uint32_t code[] = { 0xd2a14000, 0xb8004401, 0xb9400002, 0xd4000002,
					 0x17fffffd };

	for (uint64_t page = 0; page < CODE_PAGES; page++)
		memcpy((void *)(RAM + page * WIRE_PAGE_SIZE), code, sizeof(code));
}

/* A user-VM is made, gets memory, runs until it touches nothing, and is gone. */
static bool normal_request(void)
{
	uint64_t vm, done;
	bool ok;

	fill_ram();
	if (create(good(), &vm) != WIRE_OK)
		return false;
	offer(RAM, 1);
	ok = request(CTL_MEM_MAP, vm, GUEST_CODE, 1, CTL_MAP_EXEC, &done) == WIRE_OK && done == 1 &&
	     start_at(vm, GUEST_CODE) && vcpu_do(vm, UVM_REQ_RUN, UVM_RESUME_RETRY) &&
	     slot(vm, 0)->exit == UVM_EXIT_ABORT && slot(vm, 0)->addr == GUEST_MMIO;
	return request(CTL_VM_DESTROY, vm, 0, 0, 0, NULL) == WIRE_OK && ok;
}

void guest_main(const void *dtb)
{
	uint64_t mr[4] = { SELKIE_CTL_VERSION };
	uint64_t start = guest_count();

	(void)dtb;
	learn_calls();
	report(control(CTL_HELLO, mr) == WIRE_OK, "hello");
	max_vms = mr[1];
	before = counters();
	for (unsigned int round = 1; round <= ROUNDS; round++) {
		fill_ram();
		while (sent < (uint64_t)REQUESTS / ROUNDS * round)
			step();
		give_all_back();
		report(!wrong, "every answer is the one expected");
		report(books_as_before(), "books");
		report(normal_request() && books_as_before(), "a normal request");
		guest_printf("# %lu hypercalls, %lu ms\n", sent,
			     (guest_count() - start) * 1000 / guest_frequency());
	}
	guest_printf("# answers");
	for (unsigned int i = 0; i <= WIRE_EGRANULE; i++)
		guest_printf(" %lu", answers[i]);
	guest_printf("\n1..%u\n# %u failed\nctlfuzz: done\n", tests, failures);
}
