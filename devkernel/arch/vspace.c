// SPDX-License-Identifier: BSD-2-Clause
/*
 * Address spaces: stage-2 trees of a concatenated 1024-entry root (1 GiB per entry) and two levels
 * of 512-entry tables. A VSpace is named by an ASID; a hardware VMID is lent to it while it is in
 * use. Capabilities of frames and tables remember ASID and address, and what they find there is
 * only theirs if it still is what they put there.
 */
#include <string/string.h>

#include <api/syscall.h>
#include <arch/arch.h>
#include <kernel/sched.h>
#include <object/object.h>
#include <sel4/invocation.h>

#define ROOT_BITS seL4_HugePageBits
#define LEVEL_BITS seL4_PageTableIndexBits
#define ROOT_INDEX(va) ((va) >> ROOT_BITS & MASK(seL4_VSpaceIndexBits))
#define N_POOLS BIT(seL4_NumASIDPoolsBits)
#define POOL_SIZE BIT(seL4_ASIDPoolIndexBits)
#define N_VMIDS 256u
#define VMID_EMPTY 0u

/* An entry of an ASID pool: the root's address, the VMID in its low bits; 0 = free. */
#define ENTRY_VMID 0xfful
#define ENTRY_ROOT(e) ((e) & ~MASK(seL4_VSpaceBits))

static u64 *asid_pools[N_POOLS];
static u16 vmid_owner[N_VMIDS]; /* ASID, or ASID_NONE */
static u32 vmid_next = VMID_EMPTY + 1;
static u64 current_vttbr;
/* What a thread without an address space runs in. */
static u64 empty_root[BIT(seL4_VSpaceIndexBits)] __attribute__((aligned(8192)));

static bool pte_is_table(u64 pte, u64 bits)
{
	return bits > seL4_PageBits && (pte & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE);
}

/* The last entry on the way to vaddr, and how many address bits it covers. */
static u64 *vspace_walk(u64 root, u64 vaddr, u64 *bits)
{
	u64 *pte = (u64 *)phys_to_virt(root) + ROOT_INDEX(vaddr);

	*bits = ROOT_BITS;
	while (pte_is_table(*pte, *bits)) {
		*bits -= LEVEL_BITS;
		pte = (u64 *)phys_to_virt(*pte & PTE_ADDR) + (vaddr >> *bits & MASK(LEVEL_BITS));
	}
	return pte;
}

static void pte_write(u64 *pte, u64 value)
{
	*(volatile u64 *)pte = value;
	dsb_ishst();
}

static void vttbr_write(u64 vttbr)
{
	current_vttbr = vttbr;
	sysreg_write(vttbr_el2, vttbr);
	isb();
}

/* The entry of an ASID; NULL if it names no address space. */
static u64 *asid_entry(u64 asid)
{
	u64 *pool = asid_pools[asid >> seL4_ASIDPoolIndexBits & MASK(seL4_NumASIDPoolsBits)];
	u64 *entry;

	if (!pool)
		return NULL;
	entry = &pool[asid & MASK(seL4_ASIDPoolIndexBits)];
	return *entry ? entry : NULL;
}

/* Forgets all translations of a VMID, or those of one page. */
static void tlb_flush_vmid(u64 vmid)
{
	u64 saved = current_vttbr;

	vttbr_write(vmid << VTTBR_VMID_SHIFT | virt_to_phys(empty_root));
	__asm__ volatile("dsb ishst\n\ttlbi vmalls12e1\n\tdsb ish\n\tisb" ::: "memory");
	vttbr_write(saved);
}

static void tlb_flush_page(u64 vmid, u64 vaddr)
{
	u64 saved = current_vttbr;

	if (saved >> VTTBR_VMID_SHIFT != vmid)
		vttbr_write(vmid << VTTBR_VMID_SHIFT | virt_to_phys(empty_root));
	__asm__ volatile(
		"dsb ishst\n\ttlbi ipas2e1, %0\n\tdsb ish\n\ttlbi vmalle1\n\tdsb ish\n\tisb"
		:
		: "r"(vaddr >> seL4_PageBits)
		: "memory");
	if (saved != current_vttbr)
		vttbr_write(saved);
}

static void asid_flush(u64 asid)
{
	const u64 *entry = asid_entry(asid);

	if (entry && (*entry & ENTRY_VMID))
		tlb_flush_vmid(*entry & ENTRY_VMID);
}

static void asid_flush_page(u64 asid, u64 vaddr)
{
	const u64 *entry = asid_entry(asid);

	if (entry && (*entry & ENTRY_VMID))
		tlb_flush_page(*entry & ENTRY_VMID, vaddr);
}

/* The VMID of an address space, taking one from another if need be. */
static u64 asid_vmid(u64 asid, u64 *entry)
{
	u64 vmid = *entry & ENTRY_VMID;

	if (likely(vmid))
		return vmid;
	vmid = vmid_next;
	vmid_next = vmid + 1 == N_VMIDS ? VMID_EMPTY + 1 : vmid + 1;
	if (vmid_owner[vmid] != ASID_NONE) {
		u64 *old = asid_entry(vmid_owner[vmid]);

		if (old)
			*old &= ~ENTRY_VMID;
	}
	tlb_flush_vmid(vmid);
	vmid_owner[vmid] = asid;
	*entry |= vmid;
	return vmid;
}

static void asid_delete(u64 asid)
{
	u64 *entry = asid_entry(asid), vmid;

	if (!entry)
		return;
	vmid = *entry & ENTRY_VMID;
	if ((current_vttbr & ~(ENTRY_VMID << VTTBR_VMID_SHIFT)) == ENTRY_ROOT(*entry)) {
		vttbr_write(virt_to_phys(empty_root));
		sched_force_switch();
	}
	*entry = 0;
	if (vmid) {
		tlb_flush_vmid(vmid);
		vmid_owner[vmid] = ASID_NONE;
	}
}

/* The root of a VSpace capability that (still) is the address space of its ASID, or 0. */
static u64 vspace_root(struct cap cap, u64 **entry)
{
	if (cap.type != CAP_VSPACE || !cap.mapped)
		return 0;
	*entry = asid_entry(cap.asid);
	return *entry && ENTRY_ROOT(**entry) == cap.paddr ? cap.paddr : 0;
}

void vspace_init(void)
{
	sysreg_write(vtcr_el2, VTCR_T0SZ(PADDR_BITS) | VTCR_SL0_L1 | VTCR_IRGN0_WBWA |
				       VTCR_ORGN0_WBWA | VTCR_SH0_INNER | VTCR_PS_40 | VTCR_RES1);
	vttbr_write(virt_to_phys(empty_root));
	__asm__ volatile("tlbi alle1\n\tdsb ish\n\tisb" ::: "memory");
}

void vspace_switch(struct tcb *tcb)
{
	struct cap cap = tcb->slot[TCB_VSPACE].cap;
	u64 *entry, vttbr = vspace_root(cap, &entry);

	if (likely(vttbr))
		vttbr |= asid_vmid(cap.asid, entry) << VTTBR_VMID_SHIFT;
	else
		vttbr = virt_to_phys(empty_root);
	if (vttbr != current_vttbr)
		vttbr_write(vttbr);
}

u64 vspace_boot_assign(u64 root_paddr, void *pool)
{
	asid_pools[0] = pool;
	asid_pools[0][1] = root_paddr;
	return 1;
}

static u64 pte_leaf(u64 paddr, u64 bits, u64 rights, u64 attr)
{
	u64 pte = paddr | PTE_VALID | PTE_AF;

	if (bits == seL4_PageBits)
		pte |= PTE_PAGE;
	if (rights & RIGHT_READ)
		pte |= rights & RIGHT_WRITE ? S2_AP_READ | S2_AP_WRITE : S2_AP_READ;
	pte |= attr & seL4_ARM_PageCacheable ? S2_MEMATTR_NORMAL : S2_MEMATTR_DEVICE;
	if (attr & seL4_ARM_ExecuteNever)
		pte |= S2_XN;
	return pte;
}

bool vspace_boot_map(u64 root_paddr, u64 vaddr, u64 paddr, u64 *bits)
{
	u64 *pte = vspace_walk(root_paddr, vaddr, bits);

	if (*bits != seL4_PageBits)
		return false;
	pte_write(pte, pte_leaf(paddr, seL4_PageBits, RIGHT_READ | RIGHT_WRITE,
				seL4_ARM_Default_VMAttributes));
	return true;
}

void vspace_boot_table(u64 root_paddr, u64 vaddr, u64 table_paddr)
{
	u64 bits;

	pte_write(vspace_walk(root_paddr, vaddr, &bits), table_paddr | PTE_TABLE | PTE_VALID);
}

/* Extra capability 0 is a VSpace in use; error code. */
static int decode_vspace_arg(struct inv *inv, struct cap *cap)
{
	u64 *entry;

	*cap = inv_extra(inv, 0);
	if (cap->type != CAP_VSPACE || !cap->mapped)
		return inv_invalid_cap(inv, 1);
	if (!asid_entry(cap->asid)) {
		struct lookup_fault fault = { .type = seL4_InvalidRoot };

		return inv_lookup(inv, false, &fault);
	}
	return vspace_root(*cap, &entry) ? seL4_NoError : inv_invalid_cap(inv, 1);
}

/* --- frames ------------------------------------------------------------------------------ */

/* The entry a mapped frame capability put in place, or NULL if something else is there now. */
static u64 *frame_pte(struct cap cap)
{
	const u64 *entry = cap.mapped ? asid_entry(cap.asid) : NULL;
	u64 bits, *pte;

	if (!entry)
		return NULL;
	pte = vspace_walk(ENTRY_ROOT(*entry), cap_vaddr(cap), &bits);
	if (bits != cap.bits || !(*pte & PTE_VALID) || (*pte & PTE_ADDR) != cap.paddr)
		return NULL;
	return pte;
}

void frame_finalise(struct cap cap)
{
	u64 *pte = frame_pte(cap);

	if (!pte)
		return;
	pte_write(pte, 0);
	asid_flush_page(cap.asid, cap_vaddr(cap));
}

static int frame_decode_map(struct inv *inv)
{
	struct cap vspace, cap = inv->cap;
	u64 vaddr, new, bits, *pte;
	int err;

	if (inv->length < 3 || inv->n_extra < 1)
		return seL4_TruncatedMessage;
	vaddr = inv_mr(inv, 0);
	err = decode_vspace_arg(inv, &vspace);
	if (err)
		return err;
	if (vaddr & MASK(cap.bits))
		return seL4_AlignmentError;
	if (cap.mapped) {
		if (cap.asid != vspace.asid)
			return inv_invalid_cap(inv, 1);
		if (cap_vaddr(cap) != vaddr)
			return inv_invalid_arg(inv, 0);
	} else if (vaddr > seL4_UserTop || vaddr + MASK(cap.bits) > seL4_UserTop) {
		return inv_invalid_arg(inv, 0);
	}
	pte = vspace_walk(vspace.paddr, vaddr, &bits);
	if (bits != cap.bits) {
		struct lookup_fault fault = { .type = seL4_MissingCapability, .bits_left = bits };

		return inv_lookup(inv, false, &fault);
	}

	new = pte_leaf(cap.paddr, cap.bits, inv_mr(inv, 1) & cap.rights, inv_mr(inv, 2));
	inv->slot->cap.mapped = true;
	inv->slot->cap.asid = vspace.asid;
	inv->slot->cap.vpage = vaddr >> seL4_PageBits;
	if (*pte & PTE_VALID) {
		pte_write(pte, 0);
		asid_flush_page(vspace.asid, vaddr);
	}
	pte_write(pte, new);
	return seL4_NoError;
}

/* Cache maintenance `label` modulo the methods of frames and VSpaces, on [start, end). */
static void flush_range(u64 label, u64 paddr, u64 size)
{
	u64 start = (u64)phys_to_virt(paddr), end = start + size;

	switch (label) {
	case ARMPageClean_Data:
	case ARMVSpaceClean_Data:
		cache_clean_poc(start, end);
		break;
	case ARMPageInvalidate_Data:
	case ARMVSpaceInvalidate_Data:
		cache_invalidate_poc(start, end);
		break;
	case ARMPageCleanInvalidate_Data:
	case ARMVSpaceCleanInvalidate_Data:
		cache_clean_invalidate_poc(start, end);
		break;
	default:
		cache_unify(start, end);
		break;
	}
}

static int frame_decode_flush(struct inv *inv)
{
	u64 start, end;

	if (inv->length < 2)
		return seL4_TruncatedMessage;
	if (!inv->cap.mapped || !asid_entry(inv->cap.asid))
		return seL4_IllegalOperation;
	start = inv_mr(inv, 0);
	end = inv_mr(inv, 1);
	if (end <= start)
		return inv_invalid_arg(inv, 1);
	if (start >= BIT(inv->cap.bits) || end > BIT(inv->cap.bits))
		return inv_invalid_arg(inv, 0);
	flush_range(inv->label, inv->cap.paddr + start, end - start);
	return seL4_NoError;
}

int frame_decode(struct inv *inv)
{
	switch (inv->label) {
	case ARMPageMap:
		return frame_decode_map(inv);
	case ARMPageUnmap:
		frame_finalise(inv->cap);
		inv->slot->cap.mapped = false;
		inv->slot->cap.asid = 0;
		inv->slot->cap.vpage = 0;
		return seL4_NoError;
	case ARMPageClean_Data:
	case ARMPageInvalidate_Data:
	case ARMPageCleanInvalidate_Data:
	case ARMPageUnify_Instruction:
		return frame_decode_flush(inv);
	case ARMPageGetAddress:
		inv_return(inv, inv->cap.paddr);
		return seL4_NoError;
	default:
		return seL4_IllegalOperation;
	}
}

/* --- page tables ------------------------------------------------------------------------- */

void page_table_finalise(struct cap cap)
{
	const u64 *entry = cap.mapped ? asid_entry(cap.asid) : NULL;
	u64 bits = ROOT_BITS, *pte;

	if (!entry)
		return;
	pte = (u64 *)phys_to_virt(ENTRY_ROOT(*entry)) + ROOT_INDEX(cap_vaddr(cap));
	while (pte_is_table(*pte, bits)) {
		u64 table = *pte & PTE_ADDR;

		if (table == cap.paddr) {
			pte_write(pte, 0);
			asid_flush(cap.asid);
			return;
		}
		bits -= LEVEL_BITS;
		pte = (u64 *)phys_to_virt(table) + (cap_vaddr(cap) >> bits & MASK(LEVEL_BITS));
	}
}

static int page_table_decode_map(struct inv *inv)
{
	struct cap vspace;
	u64 vaddr, bits, *pte;
	int err;

	if (inv->length < 2 || inv->n_extra < 1)
		return seL4_TruncatedMessage;
	if (inv->cap.mapped)
		return inv_invalid_cap(inv, 0);
	vaddr = inv_mr(inv, 0);
	err = decode_vspace_arg(inv, &vspace);
	if (err)
		return err;
	if (vaddr > seL4_UserTop)
		return inv_invalid_arg(inv, 0);
	pte = vspace_walk(vspace.paddr, vaddr, &bits);
	if (bits == seL4_PageBits || (*pte & PTE_VALID))
		return seL4_DeleteFirst;

	inv->slot->cap.mapped = true;
	inv->slot->cap.asid = vspace.asid;
	inv->slot->cap.vpage = ALIGN_DOWN(vaddr, bits) >> seL4_PageBits;
	pte_write(pte, inv->cap.paddr | PTE_TABLE | PTE_VALID);
	return seL4_NoError;
}

int page_table_decode(struct inv *inv)
{
	if (inv->label == ARMPageTableMap)
		return page_table_decode_map(inv);
	if (inv->label != ARMPageTableUnmap)
		return seL4_IllegalOperation;
	if (!cdt_is_final(inv->slot))
		return seL4_RevokeFirst;
	page_table_finalise(inv->cap);
	/* It may be mapped elsewhere, and then must map nothing. */
	memset(cap_object(inv->cap), 0, BIT(seL4_PageTableBits));
	inv->slot->cap.mapped = false;
	inv->slot->cap.asid = 0;
	inv->slot->cap.vpage = 0;
	return seL4_NoError;
}

/* --- address spaces ---------------------------------------------------------------------- */

void vspace_finalise(struct cap cap)
{
	u64 *entry;

	if (vspace_root(cap, &entry))
		asid_delete(cap.asid);
}

int vspace_decode(struct inv *inv)
{
	u64 start, end, bits, *pte, *entry, page;

	if (inv->label < ARMVSpaceClean_Data || inv->label > ARMVSpaceUnify_Instruction)
		return seL4_IllegalOperation;
	if (inv->length < 2)
		return seL4_TruncatedMessage;
	start = inv_mr(inv, 0);
	end = inv_mr(inv, 1);
	if (end <= start)
		return inv_invalid_arg(inv, 1);
	if (end > seL4_UserTop)
		return seL4_IllegalOperation;
	if (!vspace_root(inv->cap, &entry))
		return inv_invalid_cap(inv, 0);
	pte = vspace_walk(inv->cap.paddr, start, &bits);
	if (!(*pte & PTE_VALID))
		return seL4_NoError;
	page = ALIGN_DOWN(start, bits);
	if (end - 1 > page + MASK(bits))
		return inv_range(inv, start, page + MASK(bits));
	flush_range(inv->label, (*pte & PTE_ADDR) + (start - page), end - start);
	return seL4_NoError;
}

/* --- ASIDs ------------------------------------------------------------------------------- */

void asid_pool_finalise(struct cap cap)
{
	u64 index = cap.asid >> seL4_ASIDPoolIndexBits;

	if (asid_pools[index] != cap_object(cap))
		return;
	for (u64 i = 0; i < POOL_SIZE; i++)
		asid_delete(cap.asid + i);
	asid_pools[index] = NULL;
}

int asid_control_decode(struct inv *inv)
{
	struct cte *untyped, *dst;
	struct cap cap;
	u64 index;
	int err;

	if (inv->label != ARMASIDControlMakePool)
		return seL4_IllegalOperation;
	if (inv->length < 2 || inv->n_extra < 2)
		return seL4_TruncatedMessage;
	for (index = 0; index < N_POOLS && asid_pools[index]; index++)
		;
	if (index == N_POOLS)
		return seL4_DeleteFirst;
	untyped = inv->extra[0];
	cap = untyped->cap;
	if (cap.type != CAP_UNTYPED || cap.bits != seL4_ASIDPoolBits || cap.device)
		return inv_invalid_cap(inv, 1);
	if (cdt_has_children(untyped))
		return seL4_RevokeFirst;
	err = cspace_lookup_target(inv, inv_extra(inv, 1), inv_mr(inv, 0), inv_mr(inv, 1), false,
				   &dst);
	if (err)
		return err;
	if (dst->cap.type != CAP_NULL)
		return seL4_DeleteFirst;

	memset(cap_object(cap), 0, BIT(seL4_ASIDPoolBits));
	untyped->cap.free = BIT(seL4_ASIDPoolBits);
	asid_pools[index] = cap_object(cap);
	cap = cap_new(CAP_ASID_POOL, cap_object(cap));
	cap.asid = index << seL4_ASIDPoolIndexBits;
	cdt_insert(cap, untyped, dst);
	return seL4_NoError;
}

int asid_pool_decode(struct inv *inv)
{
	struct cap cap;
	u64 *pool, i;

	if (inv->label != ARMASIDPoolAssign)
		return seL4_IllegalOperation;
	if (inv->n_extra < 1)
		return seL4_TruncatedMessage;
	cap = inv_extra(inv, 0);
	if (cap.type != CAP_VSPACE || cap.mapped)
		return inv_invalid_cap(inv, 1);
	pool = asid_pools[inv->cap.asid >> seL4_ASIDPoolIndexBits];
	if (pool != cap_object(inv->cap)) {
		struct lookup_fault fault = { .type = seL4_InvalidRoot };

		return inv_lookup(inv, false, &fault);
	}
	/* ASID 0 means none. */
	for (i = inv->cap.asid == 0; i < POOL_SIZE && pool[i]; i++)
		;
	if (i == POOL_SIZE)
		return seL4_DeleteFirst;

	pool[i] = cap.paddr;
	inv->extra[0]->cap.mapped = true;
	inv->extra[0]->cap.asid = inv->cap.asid + i;
	return seL4_NoError;
}
