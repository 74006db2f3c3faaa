// SPDX-License-Identifier: BSD-2-Clause
#include "loader/mmu.h"

#include "arch/sysreg.h"
#include "loader/cache.h"

/* The kernel compares TCR_EL2 with this and relies on these attributes; it does not program them itself. */
#define TCR_EL2_SEL4 \
	UINT64_C(0x80823510) /* T0SZ 16, write-back walks, inner shareable, 40-bit PA */
#define MAIR_EL2_SEL4 UINT64_C(0x0000aaff440c0400)
#define MAIR_INDEX_DEVICE UINT64_C(0)
#define MAIR_INDEX_NORMAL UINT64_C(4)

#define ENTRIES 512u
#define TABLES 16u
#define GIB (UINT64_C(1) << 30)
#define VA_END (UINT64_C(1) << 48)
#define PA_END (UINT64_C(1) << 40)

static uint64_t table[TABLES][ENTRIES] __attribute__((aligned(4096)));
static uint32_t tables_used = 1; /* the first one is level 0 */

/* log2 of what an entry of a level covers */
static uint32_t level_shift(uint32_t level)
{
	return 39 - 9 * level;
}

static uint64_t *entry_of(uint64_t *t, uint64_t va, uint32_t level)
{
	return &t[(va >> level_shift(level)) % ENTRIES];
}

/* The table an entry leads to, made if there is none; 0 if the entry is a block or no table is left. */
static uint64_t *next_table(uint64_t *entry)
{
	if (!*entry) {
		if (tables_used == TABLES)
			return 0;
		*entry = (uintptr_t)table[tables_used++] | PTE_TABLE;
	}
	if ((*entry & PTE_TABLE) != PTE_TABLE)
		return 0;
	return (uint64_t *)(uintptr_t)(*entry & PTE_ADDRESS);
}

static uint64_t attributes(enum mmu_memory memory)
{
	uint64_t common = PTE_BLOCK | PTE_AF | PTE_AP_RES1;

	if (memory == MMU_DEVICE)
		return common | PTE_XN | FIELD_PREP(PTE_ATTRINDX, MAIR_INDEX_DEVICE);
	return common | FIELD_PREP(PTE_ATTRINDX, MAIR_INDEX_NORMAL) |
	       FIELD_PREP(PTE_SH, PTE_SH_INNER);
}

/* Map one block at `level`; false if that level has something else there. */
static bool map_block(uint64_t va, uint64_t block, uint32_t level)
{
	uint64_t *t = table[0], *entry;

	for (uint32_t l = 0; l < level; l++) {
		t = next_table(entry_of(t, va, l));
		if (!t)
			return false;
	}
	entry = entry_of(t, va, level);
	if (*entry && *entry != block)
		return false;
	*entry = block;
	return true;
}

bool mmu_map(uint64_t va, uint64_t pa, uint64_t size, enum mmu_memory memory)
{
	if (size > VA_END || va > VA_END - size || size > PA_END || pa > PA_END - size)
		return false;
	while (size) {
		bool big = (va | pa) % GIB == 0 && size >= GIB;
		uint64_t step = big ? GIB : MMU_BLOCK;

		if (!map_block(va, pa | attributes(memory), big ? 1 : 2))
			return false;
		va += step;
		pa += step;
		size -= step;
	}
	/* Invalid entries are not cached: the walker only has to see the new ones. */
	dsb(ishst);
	isb();
	return true;
}

void mmu_enable(uint64_t begin, uint64_t end)
{
	cache_invalidate(begin, end);
	sysreg_write(mair_el2, MAIR_EL2_SEL4);
	sysreg_write(tcr_el2, TCR_EL2_SEL4);
	sysreg_write(ttbr0_el2, (uintptr_t)table[0]);
	isb();
	__asm__ volatile("tlbi alle2\n\tic iallu\n\tdsb nsh\n\tisb" : : : "memory");
	sysreg_write(sctlr_el2, SCTLR_EL2_RES1 | SCTLR_EL2_M | SCTLR_EL2_C | SCTLR_EL2_I);
	isb();
}
