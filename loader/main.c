// SPDX-License-Identifier: BSD-2-Clause
/*
 * From the firmware's hands to the kernel's: check the machine, check the package, put kernel, device tree, root
 * task and what is left of the package in place, jump. README.md draws it.
 */
#include <stdbool.h>

#include "arch/psci.h"
#include "arch/sysreg.h"
#include "elf/elf.h"
#include "loader/board_fdt.h"
#include "loader/cache.h"
#include "loader/mmu.h"
#include "loader/uart.h"
#include "package/package.h"
#include "string/string.h"

#define PAGE ((uint64_t)WIRE_PAGE_SIZE)
#define KIB UINT64_C(1024)
/* No address of a kernel or a root task is above, so that sums of some of them do not wrap. */
#define ADDRESS_MAX (UINT64_C(1) << 48)

/* The words of the Image header that are read back; start.S has it whole. */
#define IMAGE_SIZE_OFFSET 16u

extern char loader_end[], vectors[];

void loader_main(const void *fdt, uint64_t base) __attribute__((noreturn));
void loader_exception(void) __attribute__((noreturn));
void kernel_enter(uint64_t root_begin, uint64_t root_end, uint64_t offset, uint64_t root_entry,
		  uint64_t dtb, uint64_t dtb_size, uint64_t kernel_entry) __attribute__((noreturn));
void halt(void) __attribute__((noreturn));

struct range {
	uint64_t begin, end;
};

static struct board_fdt board;

static uint64_t page_up(uint64_t address)
{
	return (address + PAGE - 1) & ~(PAGE - 1);
}

/* --- giving up ------------------------------------------------------------------------------------------ */

static uint32_t exception_level(void)
{
	return (uint32_t)FIELD_GET(CURRENTEL_EL, sysreg_read(CurrentEL));
}

static uint64_t psci(uint64_t function)
{
	/* No call between this and the instruction: it would take x0. */
	register uint64_t x0 __asm__("x0") = function;

	if (board.psci == BOARD_PSCI_SMC)
		__asm__ volatile("smc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
	else
		__asm__ volatile("hvc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
	return x0;
}

/* Off by PSCI where the device tree names it, else asleep for good. */
static void power_off(void) __attribute__((noreturn));
static void power_off(void)
{
	uart_flush();
	if (board.psci != BOARD_PSCI_NONE)
		psci(PSCI_SYSTEM_OFF);
	halt();
}

#define refuse(...)                                     \
	do {                                            \
		uart_print("Selkie loader: refused: "); \
		uart_print(__VA_ARGS__);                \
		uart_print("\n");                       \
		power_off();                            \
	} while (0)

void loader_exception(void)
{
	static bool again;

	/* The UART itself may be what is missing. */
	if (again)
		halt();
	again = true;
	if (exception_level() == 2)
		uart_print("Selkie loader: exception at EL2: ESR 0x%lx ELR 0x%lx FAR 0x%lx\n",
			   sysreg_read(esr_el2), sysreg_read(elr_el2), sysreg_read(far_el2));
	else
		uart_print("Selkie loader: exception at EL1: ESR 0x%lx ELR 0x%lx FAR 0x%lx\n",
			   sysreg_read(esr_el1), sysreg_read(elr_el1), sysreg_read(far_el1));
	power_off();
}

/* --- memory --------------------------------------------------------------------------------------------- */

static bool inside(struct range inner, struct range outer)
{
	return inner.begin >= outer.begin && inner.end <= outer.end && inner.begin <= inner.end;
}

static bool overlap(struct range a, struct range b)
{
	return a.begin < b.end && b.begin < a.end;
}

/* What is mapped of a range of RAM: whole blocks. */
static struct range memory_blocks(uint32_t n)
{
	uint64_t begin = board.memory[n].base, end = begin + board.memory[n].size;

	return (struct range){ (begin + MMU_BLOCK - 1) & ~(MMU_BLOCK - 1), end & ~(MMU_BLOCK - 1) };
}

static bool in_ram(struct range r)
{
	for (uint32_t i = 0; i < board.memories; i++)
		if (inside(r, memory_blocks(i)))
			return true;
	return false;
}

/* Map all RAM and the UART one-to-one and turn the MMU on. */
static void map_and_enable(struct range loader)
{
	uint64_t uart = (board.uart ? board.uart : UART_BOARD) & ~(MMU_BLOCK - 1);

	if (!in_ram(loader))
		refuse("the loader at 0x%lx is not in the memory that the device tree names",
		       loader.begin);
	for (uint32_t i = 0; i < board.memories; i++) {
		struct range r = memory_blocks(i);

		if (r.begin < r.end && !mmu_map(r.begin, r.begin, r.end - r.begin, MMU_NORMAL))
			refuse("the memory at 0x%lx cannot be mapped", r.begin);
	}
	if (!mmu_map(uart, uart, MMU_BLOCK, MMU_DEVICE))
		refuse("the UART at 0x%lx cannot be mapped", uart);
	mmu_enable(loader.begin, loader.end);
}

/* --- the package ---------------------------------------------------------------------------------------- */

static void check_package(const void *package, uint64_t available)
{
	const struct pkg_header *header = package;
	enum package_status status = package_check(package, available);

	if (status != PACKAGE_OK)
		refuse("%s; the image is truncated or damaged", package_status_text(status));
	for (uint32_t i = 0; i < header->entries; i++)
		if (package_check_payload(package, i) != PACKAGE_OK)
			refuse("'%s' in the package has a wrong checksum; the image is truncated or damaged",
			       header->entry[i].name);
}

/* Open the ELF file of this type. */
static struct elf open_elf(const void *package, enum pkg_type type, const char *what)
{
	uint64_t size;
	const void *file = package_find(package, type, NULL, &size);
	const char *wrong;
	struct elf elf;

	if (!file)
		refuse("there is no %s in the package", what);
	wrong = elf_open(&elf, file, size);
	if (wrong)
		refuse("the %s in the package %s", what, wrong);
	return elf;
}

/* --- placing -------------------------------------------------------------------------------------------- */

/* Where everything goes, ascending and without gaps: the kernel has few slots for free memory in between. */
struct layout {
	struct range kernel; /* physical */
	struct range dtb;
	struct range root; /* root's ELF file, the package behind it, and RAM up to root_end */
	uint64_t package; /* in root */
	uint64_t root_vaddr; /* of root.begin */
};

static struct layout plan(const struct elf *kernel, const struct elf *root, const void *package)
{
	const struct pkg_header *header = package;
	struct layout l = {
		.kernel = { kernel->paddr_low, kernel->paddr_high },
		.root_vaddr = root->vaddr_low & ~(PAGE - 1),
	};

	if (kernel->paddr_high > ADDRESS_MAX || root->vaddr_high > ADDRESS_MAX)
		refuse("kernel or root task end beyond all memory");
	l.dtb.begin = page_up(l.kernel.end);
	l.dtb.end = l.dtb.begin + page_up(board.used);
	l.root.begin = l.dtb.end;
	l.package = l.root.begin + (page_up(root->vaddr_high) - l.root_vaddr);
	l.root.end = l.package + package_resident_size(package);
	if (l.root.end < header->root_end)
		l.root.end = header->root_end;
	return l;
}

static void check_plan(const struct layout *l, struct range image, struct range dtb)
{
	struct range all = { l->kernel.begin, l->root.end };

	if (!in_ram(all))
		refuse("no memory at 0x%lx-0x%lx for kernel, root task and package", all.begin,
		       all.end);
	if (overlap(all, image))
		refuse("the image at 0x%lx-0x%lx is where kernel, root task and package go (0x%lx-0x%lx)",
		       image.begin, image.end, all.begin, all.end);
	if (overlap(all, dtb))
		refuse("the device tree at 0x%lx is where kernel, root task and package go (0x%lx-0x%lx)",
		       dtb.begin, all.begin, all.end);
}

/* Copy one segment to `to` and zero the rest of it. */
static void place_segment(const struct elf_segment *s, uint64_t to)
{
	uint8_t *p = (uint8_t *)(uintptr_t)to;

	memcpy(p, s->data, s->filesz);
	cache_zero(p + s->filesz, s->memsz - s->filesz);
	cache_clean(to, to + s->memsz);
}

static void place_kernel(const struct elf *kernel)
{
	struct elf_segment s;
	unsigned int cursor = 0;

	while (elf_next(kernel, &cursor, &s)) {
		uint64_t va = s.vaddr & ~(MMU_BLOCK - 1);
		uint64_t end = (s.vaddr + s.memsz + MMU_BLOCK - 1) & ~(MMU_BLOCK - 1);

		if ((s.vaddr - s.paddr) % MMU_BLOCK || end <= va ||
		    !mmu_map(va, s.paddr & ~(MMU_BLOCK - 1), end - va, MMU_NORMAL))
			refuse("the kernel cannot be mapped at 0x%lx", s.vaddr);
		place_segment(&s, s.paddr);
	}
}

static void place_dtb(const void *fdt, const struct layout *l)
{
	uint8_t *to = (uint8_t *)(uintptr_t)l->dtb.begin;
	uint64_t size = l->dtb.end - l->dtb.begin;

	memcpy(to, fdt, board.used);
	memset(to + board.used, 0, size - board.used);
	board_fdt_resize(to, (uint32_t)size);
	cache_clean(l->dtb.begin, l->dtb.end);
}

static void place_root(const struct elf *root, const void *package, const struct layout *l)
{
	struct elf_segment s;
	unsigned int cursor = 0;
	uint64_t at = l->root.begin;

	while (elf_next(root, &cursor, &s)) {
		uint64_t to = l->root.begin + (s.vaddr - l->root_vaddr);

		cache_zero((void *)(uintptr_t)at, to - at);
		place_segment(&s, to);
		at = to + s.memsz;
	}
	cache_zero((void *)(uintptr_t)at, l->package - at);
	package_copy_resident((void *)(uintptr_t)l->package, package);
}

/* --- the way through --------------------------------------------------------------------------------------- */

/* Debug and PMU registers that no domain is to find firmware's values in; see trap_untouched(). */
static void reset_debug(uint64_t dfr0)
{
	uint64_t pmu = FIELD_GET(ID_AA64DFR0_PMUVER, dfr0);

	sysreg_write(mdscr_el1, 0);
	sysreg_write(mdccint_el1, 0);
	if (!pmu || pmu == ID_AA64DFR0_PMUVER_IMPDEF)
		return;
	sysreg_write(pmuserenr_el0, 0);
	sysreg_write(pmcntenclr_el0, UINT32_MAX);
	sysreg_write(pmintenclr_el1, UINT32_MAX);
	sysreg_write(pmovsclr_el0, UINT32_MAX);
	sysreg_write(pmcr_el0, PMCR_EL0_P | PMCR_EL0_C);
}

/*
 * The kernel switches neither debug, OS lock and PMU registers nor what comes after them (SPE, trace, activity monitors), and
 * leaves the registers that make them trap as they are here. So no VM has them: each access goes to its VMM, which answers
 * (vmm/sysreg.c). ACTLR_EL2 = 0 keeps implementation-defined registers from being written. docs/registers.md has each one.
 */
static void trap_untouched(void)
{
	uint64_t dfr0 = sysreg_read(id_aa64dfr0_el1);
	uint64_t mdcr = sysreg_read(mdcr_el2) & MDCR_EL2_HPMN;
	uint64_t cptr = CPTR_EL2_RES1;

	mdcr |= MDCR_EL2_TDRA | MDCR_EL2_TDOSA | MDCR_EL2_TDA | MDCR_EL2_TPM | MDCR_EL2_TPMCR;
	/* E2PB = 0: the profiling buffer is EL2's. */
	if (FIELD_GET(ID_AA64DFR0_PMSVER, dfr0))
		mdcr |= MDCR_EL2_TPMS;
	if (FIELD_GET(ID_AA64DFR0_TRACEFILT, dfr0))
		mdcr |= MDCR_EL2_TTRF;
	if (FIELD_GET(ID_AA64DFR0_TRACEVER, dfr0))
		cptr |= CPTR_EL2_TTA;
	if (FIELD_GET(ID_AA64PFR0_AMU, sysreg_read(id_aa64pfr0_el1)))
		cptr |= CPTR_EL2_TAM;
	reset_debug(dfr0);
	sysreg_write(mdcr_el2, mdcr);
	sysreg_write(cptr_el2, cptr);
	sysreg_write(actlr_el2, 0);
}

/* What firmware may have left different from reset and the kernel takes as given. Each core has to come through here. */
static void reset_el2(void)
{
	sysreg_write(hcr_el2, HCR_EL2_RW);
	trap_untouched();
	sysreg_write(hstr_el2, 0);
	sysreg_write(cntvoff_el2, 0);
	sysreg_write(cnthctl_el2, CNTHCTL_EL2_EL1PCTEN | CNTHCTL_EL2_EL1PCEN);
	sysreg_write(vpidr_el2, sysreg_read(midr_el1));
	sysreg_write(vmpidr_el2, sysreg_read(mpidr_el1));
	sysreg_write(tpidr_el1, 0); /* logical number of this core */
	isb();
}

static void check_level(void)
{
	uint32_t level = exception_level();

	if (level == 1)
		sysreg_write(vbar_el1, (uintptr_t)vectors);
	if (level == 2)
		sysreg_write(vbar_el2, (uintptr_t)vectors);
	isb();
	if (level != 2)
		refuse("entered at EL%u, but seL4 needs EL2 (QEMU: -M virt,virtualization=on; others: start from EL2)",
		       level);
}

void loader_main(const void *fdt, uint64_t base)
{
	enum board_fdt_status fdt_status = board_fdt_scan(fdt, &board);
	const uint64_t image_size = *(const uint64_t *)(uintptr_t)(base + IMAGE_SIZE_OFFSET);
	const struct range loader = { base, (uintptr_t)loader_end };
	const struct range image = { base, base + image_size };
	const struct range dtb = { (uintptr_t)fdt, (uintptr_t)fdt + board.size };
	const void *package = loader_end;
	struct elf kernel, root;
	struct layout l;

	if (board.uart)
		uart_init(board.uart);
	check_level();
	if (fdt_status != BOARD_FDT_OK)
		refuse("the device tree %s", board_fdt_text(fdt_status));
	reset_el2();
	map_and_enable(loader);
	if (!inside(loader, image) || !in_ram(image))
		refuse("the image's size, 0x%lx, is wrong or more than there is memory",
		       image_size);
	if (!in_ram(dtb))
		refuse("the device tree at 0x%lx is not in memory", dtb.begin);
	check_package(package, image.end - loader.end);
	kernel = open_elf(package, PKG_KERNEL, "kernel");
	root = open_elf(package, PKG_ROOT, "root task");
	l = plan(&kernel, &root, package);
	check_plan(&l, image, dtb);
	place_kernel(&kernel);
	place_dtb(fdt, &l);
	place_root(&root, package, &l);
	uart_print("Selkie loader: kernel 0x%lx-0x%lx, root 0x%lx-0x%lx, package %lu KiB ok\n",
		   l.kernel.begin, l.kernel.end, l.root.begin, l.root.end,
		   ((const struct pkg_header *)package)->size / KIB);
	uart_flush();
	kernel_enter(l.root.begin, l.root.end, l.root.begin - l.root_vaddr, root.entry, l.dtb.begin,
		     l.dtb.end - l.dtb.begin, kernel.entry);
}
