// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a user-VM: page-in and invalidation. The slots themselves are memslot.c's.
 *
 * A slot is only recorded. A guest access that finds nothing mapped ends in mem_fault(), in the thread of KVM_RUN: the page
 * is looked up with GUP, cleaned to the point of coherency, and root maps that very frame, together with what is present
 * around it. No page is held: each slot has an interval notifier, and Linux can not take a page away before the
 * notifier has had it unmapped. A page-in samples the notifier's sequence first and checks it under mmu_lock, which the
 * notifier holds while it unmaps: either the page-in sees that something was invalidated and tries again, or the
 * notifier finds the page mapped and takes it away.
 */
#include <linux/cacheflush.h>
#include <linux/hugetlb.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "selkie.h"
#include "transport.h"
#include "trace.h"

/* Most pages unmapped at once: while root works for us no interrupt gets through. */
#define MEM_UNMAP_PAGES 8192u

static unsigned int block_pages = MEM_BLOCK_PAGES;
module_param(block_pages, uint, 0644);
MODULE_PARM_DESC(
	block_pages,
	"Most pages mapped around a fault, as far as they are present (1..512, power of two)");

static unsigned int populate_pages = 16;
module_param(populate_pages, uint, 0644);
MODULE_PARM_DESC(
	populate_pages,
	"Pages around a fault that are brought in if they are not present (1..512, power of two)");

/* --- taking away ------------------------------------------------------------------------------ */
/*
 * Unmaps pages [begin, end) of the slot, some of which are mapped. Root refuses only for a VM that it has stopped already: no
 * vCPU looks at those mappings any more.
 */
static int mem_unmap_some(struct mem_slot *slot, u64 begin, u64 end, bool may_sleep)
{
	u64 granule = transport_granule() >> PAGE_SHIFT;
	u64 base = slot->gpa >> PAGE_SHIFT;
	struct selkie_vm *vm = slot->vm;
	int ret;

	if (granule > 1) {
		begin = max(round_down(base + begin, granule), base) - base;
		end = min(round_up(base + end, granule) - base, slot->pages);
	}
	ret = vm->mmu_live ? transport_unmap(vm->id, slot->gpa + (begin << PAGE_SHIFT), end - begin,
					     may_sleep) :
			     0;
	if (ret == -EAGAIN)
		return ret;
	if (ret) {
		pr_err_ratelimited("user-VM %u: memory could not be unmapped: %d\n", vm->id, ret);
		vm_mark_dead(vm);
	}
	trace_selkie_unmap(vm->id, slot->gpa + (begin << PAGE_SHIFT), end - begin);
	vm->mem_stats.invalidations++;
	bitmap_clear(slot->mapped, begin, end - begin);
	bitmap_clear(slot->writable, begin, end - begin);
	return 0;
}

int mem_unmap_range(struct mem_slot *slot, u64 first, u64 last, bool may_sleep)
{
	u64 begin, end;
	int ret;

	lockdep_assert_held(&slot->vm->mmu_lock);
	while ((begin = find_next_bit(slot->mapped, last + 1, first)) <= last) {
		end = min(begin + MEM_UNMAP_PAGES, last + 1);
		ret = mem_unmap_some(slot, begin, find_last_bit(slot->mapped, end) + 1, may_sleep);
		if (ret)
			return ret;
		first = end;
		if (may_sleep)
			cond_resched();
	}
	return 0;
}

static bool mem_invalidate(struct mmu_interval_notifier *notifier,
			   const struct mmu_notifier_range *range, unsigned long seq)
{
	struct mem_slot *slot = container_of(notifier, struct mem_slot, notifier);
	struct selkie_vm *vm = slot->vm;
	bool may_sleep = mmu_notifier_range_blockable(range);
	unsigned long start, end;
	u64 first, last;
	int ret = 0;

	if (may_sleep)
		mutex_lock(&vm->mmu_lock);
	else if (!mutex_trylock(&vm->mmu_lock))
		return false;
	start = max(range->start, slot->hva);
	end = min(range->end, slot->hva + (slot->pages << PAGE_SHIFT));
	if (start < end) {
		first = (start - slot->hva) >> PAGE_SHIFT;
		last = (end - 1 - slot->hva) >> PAGE_SHIFT;
		bitmap_set(slot->taken, first / MEM_TAKEN_PAGES,
			   last / MEM_TAKEN_PAGES - first / MEM_TAKEN_PAGES + 1);
		ret = mem_unmap_range(slot, first, last, may_sleep);
	}
	if (!ret)
		mmu_interval_set_seq(notifier, seq);
	mutex_unlock(&vm->mmu_lock);
	return !ret;
}

const struct mmu_interval_notifier_ops mem_notifier_ops = {
	.invalidate = mem_invalidate,
};

int mem_flush(struct selkie_vm *vm)
{
	struct mem_slots *slots;
	unsigned int i;
	int index;

	index = srcu_read_lock(&vm->slots_srcu);
	slots = memslot_all(vm);
	mutex_lock(&vm->mmu_lock);
	for (i = 0; i < slots->count; i++)
		mem_unmap_range(slots->slot[i], 0, slots->slot[i]->pages - 1, true);
	mutex_unlock(&vm->mmu_lock);
	srcu_read_unlock(&vm->slots_srcu, index);
	return READ_ONCE(vm->dead) ? -EIO : 0;
}

/* --- page-in ---------------------------------------------------------------------------------- */
/* Guests run with their caches off first: what Linux wrote has to be in memory. */
static void mem_clean_page(struct page *page)
{
	unsigned long line = 4ul << ((read_sysreg(ctr_el0) >> CTR_EL0_DminLine_SHIFT) & 0xf);
	unsigned long va = (unsigned long)page_address(page);
	unsigned long end = va + PAGE_SIZE;

	for (; va < end; va += line)
		asm volatile("dc civac, %0" : : "r"(va) : "memory");
}

/* After the pages of a block are clean: no core may fetch what was in these frames before. */
static void mem_clean_finish(void)
{
	dsb(sy);
	asm volatile("ic ialluis" : : : "memory");
	dsb(ish);
	isb();
}

/*
 * Looks the page up like KVM: writable when that costs nothing, else as the access needs it.
 * MEM_MAPPED with *page held, MEM_MMIO for device memory, or an errno.
 */
static int mem_get_page(struct mem_slot *slot, unsigned long hva, bool write, struct page **page,
			bool *writable)
{
	/* While dirty pages are logged only a store makes a page writable. */
	bool may_write = !(slot->flags & KVM_MEM_READONLY) && (write || !READ_ONCE(slot->dirty));
	struct vm_area_struct *vma;
	struct page *upgraded;
	long n;

	*writable = true;
	if (may_write && get_user_pages_fast_only(hva, 1, FOLL_WRITE, page) == 1)
		return MEM_MAPPED;

	n = get_user_pages_unlocked(hva, 1, page, FOLL_HWPOISON | (write ? FOLL_WRITE : 0));
	if (n == 1) {
		*writable = write;
		if (may_write && !write &&
		    get_user_pages_fast_only(hva, 1, FOLL_WRITE, &upgraded) == 1) {
			put_page(*page);
			*page = upgraded;
			*writable = true;
		}
		return MEM_MAPPED;
	}
	if (n != -EFAULT)
		return n ? n : -EFAULT;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, hva);
	n = vma && vma->vm_flags & (VM_IO | VM_PFNMAP) ? MEM_MMIO : -EFAULT;
	mmap_read_unlock(current->mm);
	return n;
}

/* The pages of the slot that a fault at `page` may map: [*first, *first + count). */
static unsigned int mem_block(const struct mem_slot *slot, u64 page, unsigned int size, u64 *first)
{
	u64 base = slot->gpa >> PAGE_SHIFT;
	u64 begin, end;

	size = rounddown_pow_of_two(clamp(size, 1u, MEM_BLOCK_PAGES));
	begin = max(round_down(base + page, (u64)size), base) - base;
	end = min(round_down(base + page, (u64)size) + size - base, slot->pages);
	*first = begin;
	return end - begin;
}

/* Has Linux taken any of the slot's pages [first, first + count) away? */
static bool mem_was_taken(const struct mem_slot *slot, u64 first, unsigned int count)
{
	unsigned long end = (first + count - 1) / MEM_TAKEN_PAGES + 1;

	return find_next_bit(slot->taken, end, first / MEM_TAKEN_PAGES) < end;
}

/*
 * Brings the surroundings of a fault in before it is looked up, so that memory that is touched in order does not fault page by
 * page. What fails here is left to the faults that really need it. What Linux has taken stays away until it is touched
 * itself: a balloon's pages, or those that KSM or a fork made common.
 */
static void mem_populate(struct mem_slot *slot, u64 page, bool write)
{
	unsigned int count;
	u64 first;

	if (READ_ONCE(slot->dirty) || !write || slot->flags & KVM_MEM_READONLY)
		return;
	count = mem_block(slot, page, READ_ONCE(populate_pages), &first);
	if (count > 1 && !mem_was_taken(slot, first, count))
		get_user_pages_unlocked(slot->hva + (first << PAGE_SHIFT), count, NULL,
					FOLL_WRITE | FOLL_NOWAIT);
}

/* A block of frames on its way to root; pages[i] is held where it is not NULL. */
struct mem_batch {
	u64 first; /* page of the slot */
	unsigned int count;
	bool writable;
	struct page **page;
	u64 *frame;
};

static void mem_batch_release(struct mem_batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->count; i++) {
		if (batch->page[i])
			put_page(batch->page[i]);
	}
}

/*
 * Adds those of the batch's pages [i, end) that are present, not mapped and not in it yet. Each look costs, and a page that is not
 * present is seldom alone: looks behind it get further apart when the range is `sparse`. Does not sleep.
 */
static void mem_batch_fill(struct mem_slot *slot, struct mem_batch *batch, unsigned int i,
			   unsigned int end, bool sparse)
{
	unsigned long hva = slot->hva + (batch->first << PAGE_SHIFT);
	unsigned int flags = batch->writable ? FOLL_WRITE : 0;
	unsigned int run, hole = 1;
	int got;

	while (i < end) {
		if (batch->page[i] || test_bit(batch->first + i, slot->mapped)) {
			i++;
			continue;
		}
		run = find_next_bit(slot->mapped, batch->first + end, batch->first + i) -
		      batch->first - i;
		got = get_user_pages_fast_only(hva + ((unsigned long)i << PAGE_SHIFT), run, flags,
					       &batch->page[i]);
		got = max(got, 0);
		i += got;
		if (got == run)
			continue;
		hole = sparse && !got ? 2 * hole : 1;
		i += hole;
	}
}

/* What is present around page `centre`: all of those that mem_populate() has brought in, and what is found beyond. */
static void mem_batch_surround(struct mem_slot *slot, struct mem_batch *batch, unsigned int centre)
{
	unsigned int low, high;
	u64 first;

	high = mem_block(slot, batch->first + centre, READ_ONCE(populate_pages), &first);
	low = max(first, batch->first) - batch->first;
	high = min_t(u64, first + high - batch->first, batch->count);
	mem_batch_fill(slot, batch, low, centre, false);
	mem_batch_fill(slot, batch, centre + 1, high, false);
	mem_batch_fill(slot, batch, high, batch->count, true);
	mem_batch_fill(slot, batch, 0, low, true);
}

/* With 2 MiB granules a frame can only be mapped whole. */
static bool mem_batch_fits_granule(const struct mem_slot *slot, const struct mem_batch *batch)
{
	u64 granule = transport_granule();
	unsigned int i;

	if (granule == PAGE_SIZE)
		return true;
	if (batch->count != granule >> PAGE_SHIFT ||
	    !IS_ALIGNED(slot->gpa + (batch->first << PAGE_SHIFT), granule) || !batch->page[0] ||
	    !IS_ALIGNED(page_to_phys(batch->page[0]), granule))
		return false;
	for (i = 1; i < batch->count; i++) {
		if (!batch->page[i] ||
		    page_to_pfn(batch->page[i]) != page_to_pfn(batch->page[0]) + i)
			return false;
	}
	return true;
}

static int mem_batch_map(struct mem_slot *slot, struct mem_batch *batch)
{
	struct selkie_vm *vm = slot->vm;
	u64 flags = CTL_MAP_EXEC | (batch->writable ? CTL_MAP_WRITE : 0);
	u64 ipa = slot->gpa + (batch->first << PAGE_SHIFT);
	unsigned int pages = 0, i;
	int ret;

	for (i = 0; i < batch->count; i++) {
		batch->frame[i] = CTL_PAGE_NONE;
		if (!batch->page[i])
			continue;
		batch->frame[i] = page_to_phys(batch->page[i]);
		mem_clean_page(batch->page[i]);
		pages++;
	}
	mem_clean_finish();
	ret = transport_map(vm->id, ipa, batch->frame, batch->count, flags);
	trace_selkie_page_in(vm->id, ipa, batch->writable, pages, ret);
	/* What is mapped has its bit set, whatever root answers: unmapping looks at the bits. */
	for (i = 0; i < batch->count; i++) {
		if (!batch->page[i])
			continue;
		set_bit(batch->first + i, slot->mapped);
		if (!batch->writable)
			continue;
		set_bit(batch->first + i, slot->writable);
		SetPageDirty(batch->page[i]);
		if (slot->dirty)
			set_bit(batch->first + i, slot->dirty);
	}
	if (ret)
		mem_unmap_range(slot, batch->first, batch->first + batch->count - 1, true);
	else
		vm->mem_stats.pages += pages;
	return ret;
}

/* Maps `page`, page `index` of the slot, together with up to `size` pages around it. */
static int mem_map_around(struct mem_slot *slot, u64 index, struct page *page, bool writable,
			  unsigned int size)
{
	struct selkie_vm *vm = slot->vm;
	struct mem_batch batch = { .writable = writable,
				   .page = vm->page_buf,
				   .frame = vm->frame_buf };
	unsigned int centre;
	int ret;

	batch.count = mem_block(slot, index, size, &batch.first);
	memset(batch.page, 0, batch.count * sizeof(*batch.page));
	centre = index - batch.first;
	get_page(page);
	batch.page[centre] = page;
	mem_batch_surround(slot, &batch, centre);
	if (mem_batch_fits_granule(slot, &batch)) {
		ret = mem_batch_map(slot, &batch);
	} else {
		pr_warn_ratelimited(
			"user-VM %u: RAM comes in granules of %lu KiB here: guests need hugetlbfs\n",
			vm->id, transport_granule() >> 10);
		ret = -EFAULT;
	}
	mem_batch_release(&batch);
	return ret;
}

static int mem_map_block(struct mem_slot *slot, u64 index, struct page *page, bool writable)
{
	unsigned long granule = transport_granule() >> PAGE_SHIFT;
	struct selkie_vm *vm = slot->vm;
	unsigned int size;
	int ret;

	lockdep_assert_held(&vm->mmu_lock);
	if (!vm->mmu_live)
		return -EIO;
	if (test_bit(index, slot->mapped)) {
		if (!writable || test_bit(index, slot->writable))
			return 0;
		/* Read-only until now: root does not change a mapping, so it goes and comes back. */
		ret = mem_unmap_range(slot, index, index, true);
		if (ret)
			return ret;
	}
	if (granule > 1)
		return mem_map_around(slot, index, page, writable, granule);
	/* A page whose stores are logged comes alone. */
	size = slot->dirty && writable ? 1 : READ_ONCE(block_pages);
	ret = mem_map_around(slot, index, page, writable, size);
	/* A neighbour may be the one that root refuses. */
	if (ret && size > 1)
		ret = mem_map_around(slot, index, page, writable, 1);
	return ret;
}

/* One attempt. enum mem_result, -EAGAIN when an invalidation came in between, or another errno. */
static int mem_page_in(struct mem_slot *slot, u64 index, bool write)
{
	unsigned long hva = slot->hva + (index << PAGE_SHIFT);
	struct selkie_vm *vm = slot->vm;
	unsigned long seq;
	struct page *page;
	bool writable;
	int ret;

	seq = mmu_interval_read_begin(&slot->notifier);
	ret = mem_get_page(slot, hva, write, &page, &writable);
	if (ret != MEM_MAPPED)
		return ret;
	mutex_lock(&vm->mmu_lock);
	if (mmu_interval_read_retry(&slot->notifier, seq)) {
		vm->mem_stats.retries++;
		ret = -EAGAIN;
	} else {
		ret = mem_map_block(slot, index, page, writable);
	}
	mutex_unlock(&vm->mmu_lock);
	put_page(page);
	return ret ? ret : MEM_MAPPED;
}

/* Under slots_srcu. */
static int mem_resolve(struct mem_slot *slot, u64 ipa, bool write)
{
	u64 index = (ipa - slot->gpa) >> PAGE_SHIFT;
	int ret;

	mem_populate(slot, index, write);
	do {
		if (fatal_signal_pending(current))
			return -EINTR;
		ret = mem_page_in(slot, index, write);
	} while (ret == -EAGAIN);
	if (ret == -EHWPOISON) {
		/* As KVM: the process hears of it; the access is tried again when it survives that. */
		send_sig_mceerr(BUS_MCEERR_AR, (void __user *)(slot->hva + (index << PAGE_SHIFT)),
				PAGE_SHIFT, current);
		ret = MEM_MAPPED;
	}
	return ret;
}

int mem_fault(struct selkie_vm *vm, u64 ipa, bool write)
{
	struct mem_slot *slot;
	int index, ret;

	index = srcu_read_lock(&vm->slots_srcu);
	slot = memslot_find(vm, ipa);
	if (!slot || (write && slot->flags & KVM_MEM_READONLY))
		ret = MEM_MMIO;
	else
		ret = mem_resolve(slot, ipa, write);
	srcu_read_unlock(&vm->slots_srcu, index);
	if (ret == MEM_MAPPED) {
		mutex_lock(&vm->mmu_lock);
		vm->mem_stats.faults++;
		mutex_unlock(&vm->mmu_lock);
	}
	return ret;
}

int mem_read(struct selkie_vm *vm, u64 ipa, void *data, size_t size)
{
	struct mem_slot *slot;
	int index, ret;

	index = srcu_read_lock(&vm->slots_srcu);
	slot = memslot_find(vm, ipa);
	ret = -ENOENT;
	if (slot && offset_in_page(ipa) + size <= PAGE_SIZE)
		ret = copy_from_user(data, (void __user *)(slot->hva + (ipa - slot->gpa)), size) ?
			      -EFAULT :
			      0;
	srcu_read_unlock(&vm->slots_srcu, index);
	return ret;
}

int mem_touch(struct selkie_vm *vm, u64 ipa)
{
	struct mem_slot *slot;
	bool missing = false;
	int index, ret = 0;

	index = srcu_read_lock(&vm->slots_srcu);
	slot = memslot_find(vm, ipa);
	if (slot) {
		mutex_lock(&vm->mmu_lock);
		missing = !test_bit((ipa - slot->gpa) >> PAGE_SHIFT, slot->mapped);
		vm->mem_stats.walks += missing;
		mutex_unlock(&vm->mmu_lock);
	}
	if (missing) {
		/* The walk may set the access flag: writable where that is possible. */
		ret = mem_resolve(slot, ipa, !(slot->flags & KVM_MEM_READONLY));
		if (ret == MEM_MAPPED)
			ret = 1;
		else if (ret == MEM_MMIO)
			ret = 0;
	}
	srcu_read_unlock(&vm->slots_srcu, index);
	return ret;
}
