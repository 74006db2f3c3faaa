// SPDX-License-Identifier: BSD-2-Clause
#include "root/vspace.h"

#include "root/log.h"

static uint64_t asids;

bool vspace_init(struct vspace *vs, struct arena *arena)
{
	*vs = (struct vspace){ .arena = arena };
	vs->cap = arena_object(arena, seL4_ARM_VSpaceObject, 0);
	if (!vs->cap)
		return false;
	if (seL4_ARM_ASIDPool_Assign(seL4_CapInitThreadASIDPool, vs->cap) != seL4_NoError) {
		vs->cap = 0;
		return false;
	}
	asids++;
	return true;
}

void vspace_init_root(struct vspace *vs, struct arena *arena)
{
	*vs = (struct vspace){ .cap = seL4_CapInitThreadVSpace, .arena = arena };
}

void vspace_gone(struct vspace *vs)
{
	if (vs->cap)
		asids--;
	vs->cap = 0;
}

uint64_t vspace_asids(void)
{
	return asids;
}

bool vspace_large_ready(struct vspace *vs, uint64_t va)
{
	unsigned int gib = (unsigned int)(va >> GIB_SHIFT);
	uint64_t bit = UINT64_C(1) << (gib % 64);
	seL4_CPtr pt;

	if (va >> VSPACE_BITS)
		return false;
	if (vs->gib[gib / 64] & bit)
		return true;
	pt = arena_object(vs->arena, seL4_ARM_PageTableObject, 0);
	if (!pt)
		return false;
	CHECK(seL4_ARM_PageTable_Map(pt, vs->cap, va & ~((UINT64_C(1) << GIB_SHIFT) - 1),
				     seL4_ARM_Default_VMAttributes) == seL4_NoError);
	vs->gib[gib / 64] |= bit;
	return true;
}

bool vspace_has_table(const struct vspace *vs, uint64_t va)
{
	for (unsigned int i = 0; i < vs->blocks; i++)
		if (vs->block[i] == va >> BLOCK_SHIFT)
			return true;
	return false;
}

bool vspace_table(struct vspace *vs, seL4_CPtr pt, uint64_t va)
{
	if (!vspace_large_ready(vs, va))
		return false;
	return seL4_ARM_PageTable_Map(pt, vs->cap, va & ~(BLOCK_SIZE - 1),
				      seL4_ARM_Default_VMAttributes) == seL4_NoError;
}

bool vspace_pages_ready(struct vspace *vs, uint64_t va)
{
	seL4_CPtr pt;

	if (vspace_has_table(vs, va))
		return true;
	if (vs->blocks == VSPACE_BLOCKS || !vspace_large_ready(vs, va))
		return false;
	pt = arena_object(vs->arena, seL4_ARM_PageTableObject, 0);
	if (!pt || !vspace_table(vs, pt, va))
		return false;
	vs->block[vs->blocks++] = (uint32_t)(va >> BLOCK_SHIFT);
	return true;
}

seL4_Error vspace_map_ready(seL4_CPtr vspace, seL4_CPtr frame, uint64_t va, unsigned int access)
{
	unsigned int attr = access & VSPACE_DEVICE ? 0 : seL4_ARM_PageCacheable;

	if (!(access & VSPACE_X))
		attr |= seL4_ARM_ExecuteNever;
	return (seL4_Error)seL4_ARM_Page_Map(frame, vspace, va,
					     access & VSPACE_W ? seL4_ReadWrite : seL4_CanRead,
					     (seL4_ARM_VMAttributes)attr);
}

bool vspace_map(struct vspace *vs, seL4_CPtr frame, uint64_t va, unsigned int access)
{
	if (!vspace_pages_ready(vs, va))
		return false;
	return vspace_map_ready(vs->cap, frame, va, access) == seL4_NoError;
}
