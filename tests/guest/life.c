// SPDX-License-Identifier: BSD-2-Clause
/*
 * A tiny user-VM for tests of life and death. The word "life=<what>" of its command line says what it does:
 *
 *	alive	says so and waits
 *	park	turns its distributor on, counts in x0, with a known value in each other register
 *	reset	SYSTEM_RESET until it has begun 21 times, then SYSTEM_OFF; RAM keeps the count
 *	fill	puts a pattern into its RAM and its vector and system registers, finds it there, waits with it
 *	write	puts that pattern into its RAM again and again
 *	scan	looks for that pattern
 */
#include "guest.h"

#include "arch/gicv2.h"
#include "arch/psci.h"
#include "string/string.h"

#define RESETS 20u
#define COUNT_ADDR UINT64_C(0x43f00000)
#define COUNT_MAGIC UINT64_C(0x6c69666562656761)

#define PATTERN UINT64_C(0x5e1c1e005e1c1e00)
/* Behind this program and the device tree; as much as the word "mib=" of the command line says. */
#define FILL_FROM UINT64_C(0x49000000)

#define CPACR_FPEN (3u << 20)

static uint64_t vectors[64] __attribute__((aligned(16)));

void life_vectors_save(uint64_t *to);
void life_vectors_fill(uint64_t with);
void life_park(void) __attribute__((noreturn));
extern const char life_parked[];

/* clang-format off */
__asm__(".text\n"
	".arch_extension fp\n"
	".arch_extension simd\n"
	".global life_vectors_save\n"
	"life_vectors_save:\n"
	".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
	"	str	q\\n, [x0], #16\n"
	".endr\n"
	"	ret\n"
	".global life_vectors_fill\n"
	"life_vectors_fill:\n"
	".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
	"	dup	v\\n\\().2d, x0\n"
	".endr\n"
	"	ret\n"
	/* x<n>: 0x1001 * n, 16 bits of it, and 0xfffe - n in the highest 16. */
	".global life_park, life_parked\n"
	"life_park:\n"
	".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30\n"
	"	movz	x\\n, #(0x1001 * \\n) & 0xffff\n"
	"	movk	x\\n, #(0xfffe - \\n), lsl #48\n"
	".endr\n"
	"	mov	sp, x30\n"
	"life_parked:\n"
	"	add	x0, x0, #1\n"
	"	b	life_parked\n");
/* clang-format on */

#define SYS_REGISTERS(do_)                                                              \
	do_(tpidr_el0) do_(tpidrro_el0) do_(tpidr_el1) do_(contextidr_el1) do_(far_el1) \
		do_(ttbr0_el1) do_(ttbr1_el1) do_(mair_el1) do_(elr_el1) do_(sp_el0)

static void life_registers_fill(void)
{
	life_vectors_fill(PATTERN);
#define FILL_ONE(name) __asm__ volatile("msr " #name ", %0" ::"r"(PATTERN));
	SYS_REGISTERS(FILL_ONE)
}

/* Registers that hold the pattern or, for those that do not keep all bits, a part of it. */
static unsigned int life_registers(void)
{
	unsigned int found = 0;
	uint64_t value;

	life_vectors_save(vectors);
	for (unsigned int i = 0; i < 64; i++)
		found += vectors[i] == PATTERN;
#define LOOK_AT_ONE(name)                                 \
	__asm__ volatile("mrs %0, " #name : "=r"(value)); \
	found += (uint32_t)value == (uint32_t)PATTERN;
	SYS_REGISTERS(LOOK_AT_ONE)
	return found;
}

static uint64_t life_words(uint64_t end)
{
	uint64_t found = 0;

	for (volatile uint64_t *p = (uint64_t *)FILL_FROM; p < (uint64_t *)end; p++)
		found += *p == PATTERN;
	return found;
}

static void life_wait(void)
{
	for (;;)
		__asm__ volatile("wfi");
}

static void life_reset(void)
{
	volatile uint64_t *magic = (uint64_t *)COUNT_ADDR;
	volatile uint64_t *count = magic + 1;
	struct guest_regs r = { { PSCI_SYSTEM_RESET } };

	if (*magic != COUNT_MAGIC) {
		*magic = COUNT_MAGIC;
		*count = 0;
	}
	guest_printf("life: begun after %lu resets\n", *count);
	if (*count == RESETS)
		guest_poweroff();
	*count += 1;
	guest_psci(&r);
	guest_printf("life: goes on after SYSTEM_RESET\n");
}

static void life_fill(uint64_t end)
{
	for (volatile uint64_t *p = (uint64_t *)FILL_FROM; p < (uint64_t *)end; p++)
		*p = PATTERN;
	life_registers_fill();
	guest_printf("life: filled, %lu words, %u registers\n", life_words(end), life_registers());
	life_wait();
}

static void life_write(uint64_t end)
{
	guest_printf("life: writes\n");
	for (;;)
		for (volatile uint64_t *p = (uint64_t *)FILL_FROM; p < (uint64_t *)end; p++)
			*p = PATTERN;
}

static void life_scan(uint64_t end)
{
	unsigned int registers = life_registers();

	guest_printf("life: scanned, %lu words, %u registers\n", life_words(end), registers);
}

void guest_main(const void *dtb)
{
	const char *what = guest_word(dtb, "life=");
	const char *mib = guest_word(dtb, "mib=");
	uint64_t end = FILL_FROM + (mib ? strtoul(mib, NULL, 10) << 20 : 0);
	uint64_t cpacr;

	__asm__ volatile("mrs %0, cpacr_el1" : "=r"(cpacr));
	__asm__ volatile("msr cpacr_el1, %0\n\tisb" ::"r"(cpacr | CPACR_FPEN));
	if (!what)
		return;
	if (strncmp(what, "park", 4) == 0) {
		mmio_write32(GICD_BASE + GICD_CTLR, GICD_CTLR_ENABLE_GRP0);
		guest_printf("life: parks at 0x%lx\n", (uint64_t)life_parked);
		life_park();
	}
	if (strncmp(what, "reset", 5) == 0)
		life_reset();
	if (strncmp(what, "fill", 4) == 0)
		life_fill(end);
	if (strncmp(what, "write", 5) == 0)
		life_write(end);
	if (strncmp(what, "scan", 4) == 0)
		life_scan(end);
	if (strncmp(what, "alive", 5) == 0) {
		guest_printf("life: alive\n");
		life_wait();
	}
}
