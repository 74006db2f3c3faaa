// SPDX-License-Identifier: BSD-2-Clause
/*
 * Takes the kernel's place behind the loader and checks that everything is as seL4 wants to find it. Prints TAP and
 * switches the board off.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "arch/psci.h"
#include "arch/sysreg.h"
#include "fmt/fmt.h"
#include "package/package.h"
#include "string/string.h"

#define UART UINT64_C(0x09000000)
#define PAGE UINT64_C(4096)
#define FDT_MAGIC 0xd00dfeedu

/* See root.S. */
#define ROOT_ENTRY UINT64_C(0x1000048)
#define ROOT_BEGIN UINT64_C(0x1000000)
#define ROOT_TEXT_SIZE UINT64_C(72)
#define ROOT_MARK_TEXT UINT64_C(0x5e1c1e0000000001)
#define ROOT_MARK_DATA UINT64_C(0x5e1c1e0000000002)

#define PROBE_MARK UINT64_C(0x5e1c1e0000000003)

/* x0 to x5 and DAIF at entry */
uint64_t probe_entry[7] = { 1, 2, 3, 4, 5, 6, 7 };
static volatile uint64_t mark = PROBE_MARK;
static uint64_t zeros[1000];
extern char probe_begin[], probe_end[];

void probe_main(void);

static unsigned int count;

static void print(const char *text)
{
	for (; *text; text++)
		*(volatile uint32_t *)UART = (uint8_t)*text;
}

static void ok(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void ok(bool good, const char *format, ...)
{
	char text[160];
	va_list ap;

	fmt_snprintf(text, sizeof(text), "%sok %u - ", good ? "" : "not ", ++count);
	print(text);
	va_start(ap, format);
	fmt_vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	print(text);
	print("\n");
}

static bool zero(uint64_t begin, uint64_t end)
{
	const uint8_t *p = (const uint8_t *)(uintptr_t)begin;

	for (; begin < end; begin++)
		if (*p++)
			return false;
	return true;
}

static uint64_t page_up(uint64_t address)
{
	return (address + PAGE - 1) & ~(PAGE - 1);
}

static void check_registers(void)
{
	const uint64_t sctlr = SCTLR_EL2_M | SCTLR_EL2_C | SCTLR_EL2_I;
	const uint64_t traps =
		MDCR_EL2_TDRA | MDCR_EL2_TDOSA | MDCR_EL2_TDA | MDCR_EL2_TPM | MDCR_EL2_TPMCR;

	ok(FIELD_GET(CURRENTEL_EL, sysreg_read(CurrentEL)) == 2, "EL2");
	ok((sysreg_read(sctlr_el2) & (sctlr | SCTLR_EL2_WXN | SCTLR_EL2_EE)) == sctlr,
	   "MMU and caches on, little-endian");
	ok(sysreg_read(tcr_el2) == 0x80823510, "TCR_EL2 0x%lx", sysreg_read(tcr_el2));
	ok(sysreg_read(mair_el2) == 0x0000aaff440c0400, "MAIR_EL2 0x%lx", sysreg_read(mair_el2));
	ok(!(sysreg_read(hcr_el2) & (HCR_EL2_VM | HCR_EL2_TGE)), "no stage 2, no TGE");
	ok(sysreg_read(cntvoff_el2) == 0, "CNTVOFF_EL2 is 0");
	ok(sysreg_read(tpidr_el1) == 0, "TPIDR_EL1 is 0");
	ok(sysreg_read(vmpidr_el2) == sysreg_read(mpidr_el1), "VMPIDR_EL2 is MPIDR");
	ok(sysreg_read(mdcr_el2) == (traps | FIELD_GET(PMCR_EL0_N, sysreg_read(pmcr_el0))),
	   "debug, OS lock and PMU registers trap, breakpoint instructions do not: MDCR_EL2 0x%lx",
	   sysreg_read(mdcr_el2));
	ok(sysreg_read(actlr_el2) == 0 && sysreg_read(hstr_el2) == 0,
	   "ACTLR_EL2 and HSTR_EL2 are 0");
	ok(!sysreg_read(mdscr_el1) && !sysreg_read(pmuserenr_el0) && !sysreg_read(pmcntenset_el0),
	   "no debug events, no counters");
}

static void check_kernel(void)
{
	const uint64_t paddr = PROBE_PADDR;
	uint64_t at_paddr;

	ok(mark == PROBE_MARK, "the kernel's data is there");
	ok(zero((uintptr_t)zeros, (uintptr_t)zeros + sizeof(zeros)), "its BSS is zero");
	at_paddr = *(volatile uint64_t *)(paddr + ((uintptr_t)&mark - (uintptr_t)probe_begin));
	ok(at_paddr == PROBE_MARK, "it is at its physical address");
}

/* Kernel, device tree and root image follow each other without a gap. */
static void check_layout(uint64_t kernel_end)
{
	const uint64_t *x = probe_entry;

	ok(x[4] == page_up(kernel_end), "device tree right behind the kernel: 0x%lx", x[4]);
	ok(x[5] && x[5] % PAGE == 0, "of whole pages: 0x%lx", x[5]);
	ok(x[0] == x[4] + x[5], "root image right behind it: 0x%lx", x[0]);
	ok(x[1] % PAGE == 0 && x[1] > x[0], "ends at a page: 0x%lx", x[1]);
	ok(x[2] == x[0] - ROOT_BEGIN, "physical minus virtual");
	ok(x[3] == ROOT_ENTRY, "entry 0x%lx", x[3]);
}

static void check_fdt(void)
{
	const uint32_t *fdt = (const uint32_t *)(uintptr_t)probe_entry[4];

	ok(__builtin_bswap32(fdt[0]) == FDT_MAGIC, "device tree");
	ok(__builtin_bswap32(fdt[1]) == probe_entry[5], "its size is that of its pages");
}

/* Returns where the package has to be. */
static uint64_t check_root(void)
{
	const uint64_t offset = probe_entry[2];
	const uint64_t *root = (const uint64_t *)(uintptr_t)(ROOT_ENTRY + offset);
	uint64_t data = root[1], bss = root[2], end = root[3];
	bool good = root[0] == ROOT_MARK_TEXT;

	ok(good, "root's text");
	if (!good)
		return 0;
	ok(*(const uint64_t *)(uintptr_t)(data + offset) == ROOT_MARK_DATA, "root's data");
	ok(zero(ROOT_BEGIN + offset, ROOT_ENTRY + offset), "zeros before its text");
	ok(zero(ROOT_ENTRY + ROOT_TEXT_SIZE + offset, data + offset),
	   "zeros between text and data");
	ok(zero(bss + offset, page_up(end) + offset), "its BSS and the rest of the page are zero");
	return page_up(end) + offset;
}

static void check_package(uint64_t at)
{
	const void *package = (const void *)(uintptr_t)at;
	const struct pkg_header *header = package;
	const uint8_t *blob;
	uint64_t size = 0;

	if (probe_entry[1] == at) {
		ok(true, "nothing behind root # SKIP a package of kernel and root only");
		return;
	}
	ok(package_check(package, probe_entry[1] - at) == PACKAGE_OK, "a package behind root");
	ok(header->size <= probe_entry[1] - at, "package 0x%lx-0x%lx", at, at + header->size);
	ok(package_check_crc(package) == PACKAGE_OK, "its payloads are right");
	ok(!package_find(package, PKG_KERNEL, NULL, NULL) &&
		   !package_find(package, PKG_ROOT, NULL, NULL),
	   "without kernel and root");
	blob = package_find(package, PKG_BLOB, "probe.blob", &size);
	ok(blob && size == 5 && memcmp(blob, "blob\n", 5) == 0, "the blob is in it");
}

#define SPAN 300u

/* memcpy() and memset() of lib/string as the target has them, against plain loops, to the byte. */
static bool copies(uint32_t to, uint32_t from, uint32_t size)
{
	static uint8_t source[SPAN], target[SPAN];
	bool good = true;

	for (uint32_t i = 0; i < SPAN; i++) {
		source[i] = (uint8_t)(i * 7 + 1);
		target[i] = 0xee;
	}
	memcpy(target + to, source + from, size);
	for (uint32_t i = 0; i < SPAN; i++)
		good &= target[i] == (i >= to && i < to + size ? source[i - to + from] : 0xee);
	memset(target + to, 0x5a, size);
	for (uint32_t i = 0; i < SPAN; i++)
		good &= target[i] == (i >= to && i < to + size ? 0x5a : 0xee);
	return good;
}

static void check_copies(void)
{
	bool good = true;

	for (uint32_t size = 0; size < SPAN - 20; size += size < 80 ? 1 : 13)
		for (uint32_t to = 0; to < 17; to += to < 9 ? 1 : 7)
			for (uint32_t from = 0; from < 9; from += from ? 7 : 1)
				good &= copies(to, from, size);
	ok(good, "memcpy and memset do what they should at every size and alignment");
}

static void power_off(void)
{
	register uint64_t x0 __asm__("x0") = PSCI_SYSTEM_OFF;

	__asm__ volatile("smc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
}

void probe_main(void)
{
	uint64_t root_end;
	char plan[16];

	check_registers();
	check_kernel();
	check_layout((uint64_t)PROBE_PADDR + (uint64_t)(probe_end - probe_begin));
	check_fdt();
	root_end = check_root();
	if (root_end)
		check_package(root_end);
	check_copies();
	fmt_snprintf(plan, sizeof(plan), "1..%u\n", count);
	print(plan);
	power_off();
}
