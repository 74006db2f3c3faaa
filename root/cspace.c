// SPDX-License-Identifier: BSD-2-Clause
#include "root/cspace.h"

#include "root/log.h"

#define INITIAL_SLOTS (1u << CSPACE_LEAF_BITS)
#define WORD_BITS 64u

static struct {
	uint64_t used[INITIAL_SLOTS / WORD_BITS]; /* slots of the initial CNode that are taken */
	unsigned int hint; /* word to look at first */
	uint64_t slots_used;
	uint16_t leaf_next[CSPACE_LEAVES]; /* list of free leaf numbers */
	uint16_t leaf_free;
	seL4_CPtr top;
} cs;

void cspace_init(const seL4_BootInfo *bi)
{
	CHECK(bi->initThreadCNodeSizeBits == CSPACE_LEAF_BITS);
	for (unsigned int i = 0; i < INITIAL_SLOTS; i++)
		if (i < bi->empty.start || i >= bi->empty.end)
			cs.used[i / WORD_BITS] |= UINT64_C(1) << (i % WORD_BITS);
	for (unsigned int leaf = CSPACE_LEAVES - 1; leaf >= 1; leaf--) {
		cs.leaf_next[leaf] = cs.leaf_free;
		cs.leaf_free = (uint16_t)leaf;
	}
}

void cspace_enter(seL4_CPtr untyped)
{
	seL4_CPtr raw = cspace_slot_alloc();
	seL4_Word guard = cspace_guard();
	seL4_Error err;

	cs.top = cspace_slot_alloc();
	CHECK(raw && cs.top);
	err = seL4_Untyped_Retype(untyped, seL4_CapTableObject, CSPACE_TOP_BITS,
				  seL4_CapInitThreadCNode, 0, 0, raw, 1);
	CHECK(err == seL4_NoError);
	err = seL4_CNode_Mint(seL4_CapInitThreadCNode, cs.top, seL4_WordBits,
			      seL4_CapInitThreadCNode, raw, seL4_WordBits, seL4_AllRights, guard);
	CHECK(err == seL4_NoError);
	/*
	 * Leaf 0, guard of no bits: index 0 of the new CNode, which the initial CSpace knows as
	 * `raw`.
	 */
	err = seL4_CNode_Mint(raw, 0, CSPACE_TOP_BITS, seL4_CapInitThreadCNode,
			      seL4_CapInitThreadCNode, seL4_WordBits, seL4_AllRights,
			      seL4_CNode_CapData_new(0, 0).words[0]);
	CHECK(err == seL4_NoError);
	err = seL4_TCB_SetSpace(seL4_CapInitThreadTCB, seL4_CapNull, cs.top, guard,
				seL4_CapInitThreadVSpace, 0);
	CHECK(err == seL4_NoError);
	cspace_delete(raw);
	cspace_slot_free(raw);
}

seL4_CPtr cspace_top(void)
{
	return cs.top;
}

seL4_Word cspace_guard(void)
{
	return seL4_CNode_CapData_new(0, CSPACE_GUARD_BITS).words[0];
}

seL4_CPtr cspace_slot_alloc(void)
{
	const unsigned int words = INITIAL_SLOTS / WORD_BITS;

	for (unsigned int i = 0; i < words; i++) {
		unsigned int w = (cs.hint + i) % words;

		if (~cs.used[w]) {
			unsigned int bit = (unsigned int)__builtin_ctzll(~cs.used[w]);

			cs.used[w] |= UINT64_C(1) << bit;
			cs.hint = w;
			cs.slots_used++;
			return w * WORD_BITS + bit;
		}
	}
	return 0;
}

void cspace_slot_free(seL4_CPtr slot)
{
	uint64_t bit = UINT64_C(1) << (slot % WORD_BITS);

	CHECK(slot < INITIAL_SLOTS && (cs.used[slot / WORD_BITS] & bit));
	cs.used[slot / WORD_BITS] &= ~bit;
	cs.slots_used--;
}

uint64_t cspace_slots_used(void)
{
	return cs.slots_used;
}

unsigned int cspace_leaf_alloc(void)
{
	unsigned int leaf = cs.leaf_free;

	cs.leaf_free = cs.leaf_next[leaf];
	return leaf;
}

void cspace_leaf_free(unsigned int leaf)
{
	CHECK(leaf > 0 && leaf < CSPACE_LEAVES);
	cs.leaf_next[leaf] = cs.leaf_free;
	cs.leaf_free = (uint16_t)leaf;
}

void cspace_leaf_install(unsigned int leaf, seL4_CPtr cnode, unsigned int radix)
{
	seL4_Word guard = seL4_CNode_CapData_new(0, CSPACE_LEAF_BITS - radix).words[0];
	seL4_Error err = seL4_CNode_Mint(cs.top, leaf, CSPACE_GUARD_BITS + CSPACE_TOP_BITS, cs.top,
					 cnode, seL4_WordBits, seL4_AllRights, guard);

	CHECK(err == seL4_NoError);
	cspace_delete(cnode);
}

seL4_Error cspace_copy(seL4_CPtr dst, seL4_CPtr src, seL4_CapRights_t rights)
{
	return (seL4_Error)seL4_CNode_Copy(cs.top, dst, seL4_WordBits, cs.top, src, seL4_WordBits,
					   rights);
}

seL4_Error cspace_mint(seL4_CPtr dst, seL4_CPtr src, seL4_CapRights_t rights, seL4_Word badge)
{
	return (seL4_Error)seL4_CNode_Mint(cs.top, dst, seL4_WordBits, cs.top, src, seL4_WordBits,
					   rights, badge);
}

void cspace_delete(seL4_CPtr slot)
{
	CHECK(seL4_CNode_Delete(cs.top, slot, seL4_WordBits) == seL4_NoError);
}

void cspace_revoke(seL4_CPtr slot)
{
	CHECK(seL4_CNode_Revoke(cs.top, slot, seL4_WordBits) == seL4_NoError);
}

seL4_Error cspace_copy_into(seL4_CPtr cnode, unsigned int radix, seL4_Word index, seL4_CPtr src,
			    seL4_CapRights_t rights)
{
	return (seL4_Error)seL4_CNode_Copy(cnode, index, (seL4_Uint8)radix, cs.top, src,
					   seL4_WordBits, rights);
}

seL4_Error cspace_mint_into(seL4_CPtr cnode, unsigned int radix, seL4_Word index, seL4_CPtr src,
			    seL4_CapRights_t rights, seL4_Word badge)
{
	return (seL4_Error)seL4_CNode_Mint(cnode, index, (seL4_Uint8)radix, cs.top, src,
					   seL4_WordBits, rights, badge);
}
