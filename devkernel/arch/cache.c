// SPDX-License-Identifier: BSD-2-Clause
/* Cache maintenance by address in the kernel's window. */
#include <arch/arch.h>

#define LINE 64ul

#define FOR_EACH_LINE(op)                                                                      \
	do {                                                                                   \
		for (u64 line = ALIGN_DOWN(start, CONFIG_L1_CACHE_LINE_SIZE_BITS); line < end; \
		     line += LINE)                                                             \
			__asm__ volatile(op ", %0" : : "r"(line) : "memory");                  \
		dsb();                                                                         \
	} while (0)

void cache_clean_poc(u64 start, u64 end)
{
	FOR_EACH_LINE("dc cvac");
}

void cache_clean_invalidate_poc(u64 start, u64 end)
{
	FOR_EACH_LINE("dc civac");
}

void cache_invalidate_poc(u64 start, u64 end)
{
	/* A line that lies only partly in the range holds somebody else's data. */
	if (start % LINE)
		cache_clean_poc(start, start + 1);
	if (end % LINE)
		cache_clean_poc(end - 1, end);
	FOR_EACH_LINE("dc ivac");
}

void cache_unify(u64 start, u64 end)
{
	FOR_EACH_LINE("dc cvau");
	FOR_EACH_LINE("ic ivau");
	isb();
}

void cache_zero_clean(u64 start, u64 end)
{
	for (u64 line = start; line < end; line += 4 * LINE)
		__asm__ volatile("dc zva, %0\n\tdc zva, %1\n\tdc zva, %2\n\tdc zva, %3\n\t"
				 "dc civac, %0\n\tdc civac, %1\n\tdc civac, %2\n\tdc civac, %3"
				 :
				 : "r"(line), "r"(line + LINE), "r"(line + 2 * LINE),
				   "r"(line + 3 * LINE)
				 : "memory");
	dsb();
}
