// SPDX-License-Identifier: BSD-2-Clause
/* From the loader's jump to the first thread. */
#include <string/string.h>

#include <arch/arch.h>
#include <kernel/sched.h>
#include <sel4/bootinfo_types.h>

#define ENTRIES 512u
#define KERNEL_BLOCK 0x60000000ul /* the 2 MiB the kernel image lies in */
#define INIT_PRIO 255
#define INIT_THREAD_SC_BITS seL4_MinSchedContextBits
#define PAGE_SIZE BIT(seL4_PageBits)

/* arch/entry.S calls it with what the loader passed. */
void boot_main(u64 root_start, u64 root_end, u64 pv_offset, u64 entry, u64 dtb, u64 dtb_size);

struct range {
	u64 start;
	u64 end;
};

static struct {
	struct range kernel, dtb, root;
	u64 entry;
	u64 pv_offset;
	u64 top; /* RAM from here up is taken for boot objects */
	struct cte *cnode;
	u64 next_slot;
	u64 vspace; /* physical */
	u64 asid;
	seL4_BootInfo *bi;
	u64 image_vaddr; /* root image, then IPC buffer, boot info and extra boot info */
	u64 buffer_vaddr;
	u64 bi_vaddr;
	u64 extra_vaddr;
	u64 end_vaddr;
	u64 extra_len;
} boot;

static u64 el2_l0[ENTRIES] __attribute__((aligned(4096)));
static u64 el2_l1[ENTRIES] __attribute__((aligned(4096)));
static u64 el2_l2[ENTRIES] __attribute__((aligned(4096))); /* the GiB of the kernel image */
static u64 el2_l3[ENTRIES] __attribute__((aligned(4096))); /* the kernel image */

#define EL2_NORMAL (PTE_VALID | PTE_AF | PTE_AP_RES1 | PTE_SH_INNER | PTE_ATTR(MAIR_IDX_NORMAL))
#define EL2_DEVICE (PTE_VALID | PTE_AF | PTE_AP_RES1 | PTE_ATTR(MAIR_IDX_DEVICE) | PTE_XN)

/* Rights of the kernel's own page at paddr: no page is both writable and executable. */
static u64 kernel_page_rights(u64 paddr)
{
	const char *vaddr = phys_to_virt(paddr);

	if (vaddr < kernel_text_end)
		return PTE_AP_RO;
	if (vaddr < kernel_rodata_end)
		return PTE_AP_RO | PTE_XN;
	return PTE_XN;
}

/*
 * The window of all physical memory. RAM is Normal; everything else is Device, so that nothing is
 * ever fetched from it speculatively (cache maintenance by address works on it all the same).
 */
static void map_kernel(void)
{
	u64 gib = BIT(seL4_HugePageBits), mib2 = BIT(seL4_LargePageBits);

	for (u64 i = 0; i < ENTRIES; i++) {
		u64 paddr = i * gib;
		bool ram = paddr >= 0x40000000 && paddr < RAM_END;

		el2_l1[i] = paddr | (ram ? EL2_NORMAL | PTE_XN : EL2_DEVICE);
		paddr = ALIGN_DOWN(KERNEL_BLOCK, seL4_HugePageBits) + i * mib2;
		el2_l2[i] = paddr | EL2_NORMAL | PTE_XN;
		paddr = KERNEL_BLOCK + i * PAGE_SIZE;
		el2_l3[i] = paddr | EL2_NORMAL | PTE_PAGE | kernel_page_rights(paddr);
	}
	el2_l0[KERNEL_OFFSET >> 39] = virt_to_phys(el2_l1) | PTE_TABLE | PTE_VALID;
	el2_l1[KERNEL_BLOCK / gib] = virt_to_phys(el2_l2) | PTE_TABLE | PTE_VALID;
	el2_l2[KERNEL_BLOCK % gib / mib2] = virt_to_phys(el2_l3) | PTE_TABLE | PTE_VALID;
	dsb();
	sysreg_write(ttbr0_el2, virt_to_phys(el2_l0));
	__asm__ volatile("isb\n\ttlbi alle2\n\tdsb ish\n\tisb" ::: "memory");
	sysreg_write(sctlr_el2, SCTLR_EL2_RES1 | SCTLR_EL2_M | SCTLR_EL2_C | SCTLR_EL2_I |
					SCTLR_EL2_SA | SCTLR_EL2_WXN);
	isb();
}

/* --- memory ------------------------------------------------------------------------------ */

/* Zeroed memory of 2^bits bytes for a boot object; physical address. */
static u64 boot_alloc(u64 bits)
{
	u64 size = BIT(bits);

	boot.top = ALIGN_DOWN(boot.top - size, bits);
	if (boot.top < boot.root.end)
		panic("boot: no room for %lu bytes above the root image", size);
	memset(phys_to_virt(boot.top), 0, size);
	return boot.top;
}

static void check_layout(void)
{
	const struct range *dtb = &boot.dtb, *root = &boot.root;
	u64 before_root = dtb->end > dtb->start ? dtb->end : boot.kernel.end;

	if (dtb->end > dtb->start && (dtb->start < boot.kernel.end || dtb->end > RAM_END))
		panic("boot: DTB %lx-%lx is not between the kernel (to %lx) and the root image",
		      dtb->start, dtb->end, boot.kernel.end);
	if (root->start >= root->end || root->start < before_root || root->end > RAM_END ||
	    (root->start | root->end) % PAGE_SIZE)
		panic("boot: root image %lx-%lx is not above %lx", root->start, root->end,
		      before_root);
	if (boot.pv_offset % PAGE_SIZE || boot.end_vaddr > seL4_UserTop ||
	    boot.image_vaddr >= boot.end_vaddr)
		panic("boot: root image at virtual %lx-%lx", boot.image_vaddr, boot.end_vaddr);
}

/* --- capabilities ------------------------------------------------------------------------ */

static struct cte *put_cap(u64 slot, struct cap cap)
{
	if (slot >= BIT(CONFIG_ROOT_CNODE_SIZE_BITS))
		panic("boot: root CNode is full");
	boot.cnode[slot] = (struct cte){ .cap = cap, .revocable = true, .first_badged = true };
	return &boot.cnode[slot];
}

static struct cte *put_next(struct cap cap)
{
	return put_cap(boot.next_slot++, cap);
}

static void put_untyped(u64 paddr, u64 bits, bool device)
{
	u64 i = boot.next_slot - boot.bi->untyped.start;

	if (i >= CONFIG_MAX_NUM_BOOTINFO_UNTYPED_CAPS)
		return;
	boot.bi->untypedList[i] = (seL4_UntypedDesc){
		.paddr = paddr,
		.sizeBits = bits,
		.isDevice = device,
	};
	/* All of it counts as used: the first Retype clears it. */
	put_next((struct cap){ .type = CAP_UNTYPED,
			       .paddr = paddr,
			       .bits = bits,
			       .device = device,
			       .free = BIT(bits) });
}

/* Untypeds that cover [start, end). */
static void put_untypeds(u64 start, u64 end, bool device)
{
	while (start < end) {
		u64 bits = 63 - (u64)__builtin_clzl(end - start);

		if (start && (u64)__builtin_ctzl(start) < bits)
			bits = (u64)__builtin_ctzl(start);
		if (bits > seL4_MaxUntypedBits)
			bits = seL4_MaxUntypedBits;
		if (bits >= seL4_MinUntypedBits)
			put_untyped(start, bits, device);
		start += BIT(bits);
	}
}

static void put_all_untypeds(void)
{
	static const struct range not_device[] = {
		{ GICD_PADDR, GICD_PADDR + PAGE_SIZE },
		{ GICC_PADDR, GICC_PADDR + PAGE_SIZE },
		{ GICH_PADDR, GICH_PADDR + PAGE_SIZE },
		{ RAM_START, RAM_END },
		{ PADDR_END, PADDR_END },
	};
	u64 start = 0;

	boot.bi->untyped.start = boot.next_slot;
	for (u64 i = 0; i < ARRAY_SIZE(not_device); i++) {
		put_untypeds(start, not_device[i].start, true);
		start = not_device[i].end;
	}
	if (boot.dtb.end > boot.dtb.start) {
		put_untypeds(boot.kernel.end, boot.dtb.start, false);
		put_untypeds(boot.dtb.end, boot.root.start, false);
	} else {
		put_untypeds(boot.kernel.end, boot.root.start, false);
	}
	put_untypeds(boot.root.end, boot.top, false);
	boot.bi->untyped.end = boot.next_slot;
}

/* --- the first thread -------------------------------------------------------------------- */

/* A frame of the first thread, mapped at vaddr. */
static struct cap map_page(u64 paddr, u64 vaddr)
{
	u64 bits;

	if (!vspace_boot_map(boot.vspace, vaddr, paddr, &bits))
		panic("boot: no table for %lx", vaddr);
	return (struct cap){
		.type = CAP_FRAME,
		.paddr = paddr,
		.bits = seL4_PageBits,
		.rights = RIGHT_READ | RIGHT_WRITE,
		.mapped = true,
		.asid = boot.asid,
		.vpage = vaddr >> seL4_PageBits,
	};
}

static void put_page_tables(u64 span_bits)
{
	u64 vaddr = ALIGN_DOWN(boot.image_vaddr, span_bits);

	for (; vaddr < boot.end_vaddr; vaddr += BIT(span_bits)) {
		u64 table = boot_alloc(seL4_PageTableBits);

		vspace_boot_table(boot.vspace, vaddr, table);
		put_next((struct cap){ .type = CAP_PAGE_TABLE,
				       .paddr = table,
				       .mapped = true,
				       .asid = boot.asid,
				       .vpage = vaddr >> seL4_PageBits });
	}
}

static struct cte *create_vspace(void)
{
	void *pool = phys_to_virt(boot_alloc(seL4_ASIDPoolBits));
	struct cap cap = { .type = CAP_VSPACE, .mapped = true };

	boot.vspace = boot_alloc(seL4_VSpaceBits);
	boot.asid = vspace_boot_assign(boot.vspace, pool);
	cap.paddr = boot.vspace;
	cap.asid = boot.asid;
	put_cap(seL4_CapInitThreadASIDPool, cap_new(CAP_ASID_POOL, pool));
	boot.bi->userImagePaging.start = boot.next_slot;
	put_page_tables(seL4_HugePageBits);
	put_page_tables(seL4_LargePageBits);
	boot.bi->userImagePaging.end = boot.next_slot;
	return put_cap(seL4_CapInitThreadVSpace, cap);
}

/* The device tree as an extra chunk behind the boot info page. */
static void create_extra_bootinfo(void)
{
	u64 pages = ALIGN_UP(boot.extra_len, seL4_PageBits) / PAGE_SIZE, paddr = 0;
	seL4_BootInfoHeader *header;

	boot.bi->extraBIPages.start = boot.next_slot;
	/* Allocated downwards, numbered upwards; nothing else is allocated in between. */
	for (u64 i = 0; i < pages; i++)
		paddr = boot_alloc(seL4_PageBits);
	boot.next_slot += pages;
	for (u64 i = 0; i < pages; i++)
		put_cap(boot.bi->extraBIPages.start + i,
			map_page(paddr + i * PAGE_SIZE, boot.extra_vaddr + i * PAGE_SIZE));
	boot.bi->extraBIPages.end = boot.next_slot;
	boot.bi->extraLen = boot.extra_len;
	if (!pages)
		return;
	header = phys_to_virt(paddr);
	header->id = SEL4_BOOTINFO_HEADER_FDT;
	header->len = boot.extra_len;
	memcpy(header + 1, phys_to_virt(boot.dtb.start), boot.dtb.end - boot.dtb.start);
}

static void create_image_frames(void)
{
	boot.bi->userImageFrames.start = boot.next_slot;
	for (u64 paddr = boot.root.start; paddr < boot.root.end; paddr += PAGE_SIZE)
		put_next(map_page(paddr, paddr - boot.pv_offset));
	boot.bi->userImageFrames.end = boot.next_slot;
}

static void create_thread(struct cte *cspace, struct cte *vspace, struct cte *buffer)
{
	struct tcb *tcb = phys_to_virt(boot_alloc(seL4_TCBBits));
	struct sched_context *sc = phys_to_virt(boot_alloc(INIT_THREAD_SC_BITS));
	u64 slice = US_TO_TICKS(CONFIG_BOOT_THREAD_TIME_SLICE * 1000ul);
	struct cap cap;

	tcb_init(tcb);
	put_cap(seL4_CapInitThreadTCB, cap_new(CAP_TCB, tcb));
	cap = cap_new(CAP_SCHED_CONTEXT, sc);
	cap.bits = INIT_THREAD_SC_BITS;
	put_cap(seL4_CapInitThreadSC, cap);

	cdt_insert(cspace->cap, cspace, &tcb->slot[TCB_CSPACE]);
	cdt_insert(vspace->cap, vspace, &tcb->slot[TCB_VSPACE]);
	cap = buffer->cap;
	cdt_insert(cap, buffer, &tcb->slot[TCB_BUFFER]);
	tcb->slot[TCB_BUFFER].cap.mapped = false;
	tcb->buffer_vaddr = boot.buffer_vaddr;
	tcb->ctx.x[0] = boot.bi_vaddr;
	tcb->ctx.restart_pc = boot.entry;
	tcb->prio = INIT_PRIO;
	tcb->mcp = INIT_PRIO;
	tcb->state = TCB_RESTART;
	memcpy(tcb->name, "rootserver", sizeof("rootserver"));
	refill_init(sc, 2, slice, slice, timer_now());
	sc_bind_tcb(sc, tcb);
}

static void create_root_task(void)
{
	u64 cnode = boot_alloc(CONFIG_ROOT_CNODE_SIZE_BITS + seL4_SlotBits), buffer;
	struct cap cap = { .type = CAP_CNODE,
			   .paddr = cnode,
			   .bits = CONFIG_ROOT_CNODE_SIZE_BITS,
			   .guard_size = seL4_WordBits - CONFIG_ROOT_CNODE_SIZE_BITS };
	struct cte *vspace, *buffer_slot, *cspace;
	seL4_BootInfo *bi;

	boot.cnode = phys_to_virt(cnode);
	boot.next_slot = seL4_NumInitialCaps;
	cspace = put_cap(seL4_CapInitThreadCNode, cap);
	boot.bi = phys_to_virt(boot_alloc(seL4_BootInfoFrameBits));
	bi = boot.bi;
	buffer = boot_alloc(seL4_PageBits);

	put_cap(seL4_CapIRQControl, (struct cap){ .type = CAP_IRQ_CONTROL });
	put_cap(seL4_CapASIDControl, (struct cap){ .type = CAP_ASID_CONTROL });
	put_cap(seL4_CapDomain, (struct cap){ .type = CAP_DOMAIN });
	put_cap(seL4_CapSMC, (struct cap){ .type = CAP_SMC });
	vspace = create_vspace();
	put_cap(seL4_CapBootInfoFrame, map_page(virt_to_phys(bi), boot.bi_vaddr));
	buffer_slot = put_cap(seL4_CapInitThreadIPCBuffer, map_page(buffer, boot.buffer_vaddr));
	create_extra_bootinfo();
	bi->schedcontrol.start = boot.next_slot;
	put_next((struct cap){ .type = CAP_SCHED_CONTROL });
	bi->schedcontrol.end = boot.next_slot;
	create_image_frames();
	create_thread(cspace, vspace, buffer_slot);
	put_all_untypeds();

	bi->numNodes = 1;
	bi->ipcBuffer = (seL4_IPCBuffer *)boot.buffer_vaddr;
	bi->initThreadCNodeSizeBits = CONFIG_ROOT_CNODE_SIZE_BITS;
	bi->empty.start = boot.next_slot;
	bi->empty.end = BIT(CONFIG_ROOT_CNODE_SIZE_BITS);
	/* The first thread may read these with its caches in any state. */
	cache_clean_poc((u64)bi, (u64)bi + PAGE_SIZE);
}

void boot_main(u64 root_start, u64 root_end, u64 pv_offset, u64 entry, u64 dtb, u64 dtb_size)
{
	u64 tcr = sysreg_read(tcr_el2);

	map_kernel();
	sysreg_write(vbar_el2, vectors);
	isb();
	printk("devkernel: Selkie's unverified stand-in for seL4, not seL4, not for production\n");
	if (tcr != TCR_EL2_EXPECTED)
		panic("boot: TCR_EL2 is %lx, the loader has to set %lx", tcr, TCR_EL2_EXPECTED);

	if ((sysreg_read(dczid_el0) & DCZID_MASK) != DCZID_64_BYTES)
		panic("boot: DC ZVA does not clear 64 bytes");
	boot.kernel = (struct range){ virt_to_phys(kernel_start),
				      ALIGN_UP(virt_to_phys(kernel_end), seL4_PageBits) };
	boot.dtb = (struct range){ dtb, dtb ? dtb + (u32)dtb_size : 0 };
	boot.root = (struct range){ root_start, root_end };
	boot.entry = entry;
	boot.pv_offset = pv_offset;
	boot.top = RAM_END;
	if (boot.dtb.end > boot.dtb.start)
		boot.extra_len = sizeof(seL4_BootInfoHeader) + boot.dtb.end - boot.dtb.start;
	boot.image_vaddr = root_start - pv_offset;
	boot.buffer_vaddr = root_end - pv_offset;
	boot.bi_vaddr = boot.buffer_vaddr + PAGE_SIZE;
	boot.extra_vaddr = boot.bi_vaddr + PAGE_SIZE;
	boot.end_vaddr = boot.extra_vaddr + ALIGN_UP(boot.extra_len, seL4_PageBits);
	check_layout();

	gic_init();
	timer_init();
	vcpu_boot();
	vspace_init();
	irq_init();
	create_root_task();
}
