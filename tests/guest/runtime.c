// SPDX-License-Identifier: BSD-2-Clause
#include "guest.h"

#include "arch/gicv2.h"
#include "arch/psci.h"
#include "fmt/fmt.h"
#include "string/string.h"

#define UART_FR 0x18u
#define UART_FR_TXFF (1u << 5)

#define CNTV_CTL_ENABLE 1u
#define GIC_FIRST_SPECIAL 1020u

/* Flattened device tree, version 17 (Devicetree Specification 0.4, chapter 5). */
#define FDT_MAGIC 0xd00dfeedu
#define FDT_OFF_TOTALSIZE 4u
#define FDT_MAX_SIZE 0x200000u
/* A user-VM's tree has its command line in the first part. */
#define WORD_SEARCH 0x10000u

struct try_frame {
	uint64_t saved[14];
	struct guest_fault fault;
};

extern struct try_frame try_frame;
int guest_setjmp(void) __attribute__((returns_twice));
void guest_start(const void *dtb);
void guest_irq(void);
void guest_unexpected(uint64_t esr, uint64_t elr, uint64_t far) __attribute__((noreturn));

volatile uint32_t guest_irq_count[1024];
static bool conduit_hvc, mute;

void guest_mute(void)
{
	mute = true;
}

static void putc_uart(char c)
{
	while (mmio_read32(UART_BASE + UART_FR) & UART_FR_TXFF)
		;
	mmio_write32(UART_BASE, (uint32_t)c);
}

void guest_printf(const char *fmt, ...)
{
	char line[200];
	va_list ap;

	if (mute)
		return;
	va_start(ap, fmt);
	fmt_vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (const char *p = line; *p; p++) {
		if (*p == '\n')
			putc_uart('\r');
		putc_uart(*p);
	}
}

bool guest_conduit_is_hvc(void)
{
	return conduit_hvc;
}

void guest_psci(struct guest_regs *r)
{
	if (conduit_hvc)
		guest_hvc(r);
	else
		guest_smc(r);
}

void guest_poweroff(void)
{
	struct guest_regs r = { { PSCI_SYSTEM_OFF } };

	guest_psci(&r);
	for (;;)
		__asm__ volatile("wfi");
}

bool guest_try(void (*fn)(void *), void *arg, struct guest_fault *f)
{
	if (guest_setjmp()) {
		*f = try_frame.fault;
		return false;
	}
	fn(arg);
	try_frame.saved[13] = 0;
	return true;
}

void guest_unexpected(uint64_t esr, uint64_t elr, uint64_t far)
{
	guest_printf("guest: unexpected exception esr=0x%lx elr=0x%lx far=0x%lx\n", esr, elr, far);
	guest_poweroff();
}

void guest_irq(void)
{
	uint32_t iar = mmio_read32(GICC_BASE + GICC_IAR);
	uint32_t intid = iar & 0x3ffu;

	guest_irq_count[intid]++;
	if (intid >= GIC_FIRST_SPECIAL)
		return;
	if (intid == INTID_VTIMER)
		__asm__ volatile("msr cntv_ctl_el0, xzr\n\tisb");
	mmio_write32(GICC_BASE + GICC_EOIR, iar);
}

void guest_gic_init(void)
{
	mmio_write32(GICD_BASE + GICD_CTLR, 0);
	for (uint32_t i = 0; i < 8; i++)
		mmio_write32(GICD_BASE + GICD_IPRIORITYR + 4 * i, 0xa0a0a0a0u);
	mmio_write32(GICD_BASE + GICD_ICENABLER, ~0u);
	mmio_write32(GICD_BASE + GICD_ICPENDR, ~0u);
	mmio_write32(GICD_BASE + GICD_CPENDSGIR, ~0u);
	mmio_write32(GICD_BASE + GICD_CPENDSGIR + 4, ~0u);
	mmio_write32(GICD_BASE + GICD_CPENDSGIR + 8, ~0u);
	mmio_write32(GICD_BASE + GICD_CPENDSGIR + 12, ~0u);
	mmio_write32(GICD_BASE + GICD_ISENABLER, 0xffffu | (1u << INTID_VTIMER));
	mmio_write32(GICD_BASE + GICD_CTLR, 1);
	mmio_write32(GICC_BASE + GICC_PMR, 0xf8);
	mmio_write32(GICC_BASE + GICC_CTLR, 1);
}

void guest_gic_sgi(unsigned int n)
{
	mmio_write32(GICD_BASE + GICD_SGIR,
		     (2u << 24) | n); /* TargetListFilter: only the requester */
}

void guest_irq_enable(void)
{
	__asm__ volatile("msr daifclr, #2" ::: "memory");
}

void guest_irq_disable(void)
{
	__asm__ volatile("msr daifset, #2" ::: "memory");
}

uint64_t guest_count(void)
{
	uint64_t v;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(v)::"memory");
	return v;
}

uint64_t guest_frequency(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(v));
	return v;
}

void guest_timer_arm(uint64_t ticks)
{
	__asm__ volatile(
		"msr cntv_cval_el0, %0\n\tmsr cntv_ctl_el0, %1\n\tisb" ::"r"(guest_count() + ticks),
		"r"((uint64_t)CNTV_CTL_ENABLE)
		: "memory");
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The only word "hvc" in the device trees we are given is the psci node's method. */
static bool says_hvc(const uint8_t *dtb)
{
	static const char method[] = "hvc";
	uint32_t size;

	if (!dtb || be32(dtb) != FDT_MAGIC)
		return false;
	size = be32(dtb + FDT_OFF_TOTALSIZE);
	if (size > FDT_MAX_SIZE)
		return false;
	for (uint32_t i = 0; i + sizeof(method) <= size; i += 4) {
		if (memcmp(dtb + i, method, sizeof(method)) == 0)
			return true;
	}
	return false;
}

const char *guest_word(const void *dtb, const char *name)
{
	const char *tree = dtb;

	for (const char *p = tree; p < tree + WORD_SEARCH; p++) {
		if (strncmp(p, name, strlen(name)) == 0)
			return p + strlen(name);
	}
	return NULL;
}

void guest_start(const void *dtb)
{
	conduit_hvc = says_hvc(dtb);
	guest_main(dtb);
	guest_poweroff();
}
