// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a user-VM: slots, page-in, invalidation, dirty log.
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
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "selkie.h"
#include "transport.h"
#include "trace.h"

#define MEM_VALID_FLAGS (KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)

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

/* --- lookup ----------------------------------------------------------------------------------- */
static u64 mem_slot_end(const struct mem_slot *slot)
{
	return slot->gpa + (slot->pages << PAGE_SHIFT);
}

/* Under slots_srcu or slots_lock. */
static struct mem_slots *mem_slots(struct selkie_vm *vm)
{
	return srcu_dereference_check(vm->slots, &vm->slots_srcu, lockdep_is_held(&vm->slots_lock));
}

static struct mem_slot *mem_slot_find(struct selkie_vm *vm, u64 ipa)
{
	struct mem_slots *slots = mem_slots(vm);
	unsigned int low = 0, high = slots->count;

	/* The first slot that ends behind ipa. */
	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (mem_slot_end(slots->slot[middle]) <= ipa)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == slots->count || slots->slot[low]->gpa > ipa)
		return NULL;
	return slots->slot[low];
}

/* --- taking away ------------------------------------------------------------------------------ */
/* Unmaps pages [begin, end) of the slot, some of which are mapped. As mem_unmap_range(). */
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

/*
 * Unmaps what is mapped of pages [first, last] of the slot; with granules above a page the whole granule goes. -EAGAIN only
 * without may_sleep. Root refuses only for a VM that it has stopped already: no vCPU looks at those mappings any more.
 */
static int mem_unmap_range(struct mem_slot *slot, u64 first, u64 last, bool may_sleep)
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
	int ret = 0;

	if (may_sleep)
		mutex_lock(&vm->mmu_lock);
	else if (!mutex_trylock(&vm->mmu_lock))
		return false;
	start = max(range->start, slot->hva);
	end = min(range->end, slot->hva + (slot->pages << PAGE_SHIFT));
	if (start < end)
		ret = mem_unmap_range(slot, (start - slot->hva) >> PAGE_SHIFT,
				      (end - 1 - slot->hva) >> PAGE_SHIFT, may_sleep);
	if (!ret)
		mmu_interval_set_seq(notifier, seq);
	mutex_unlock(&vm->mmu_lock);
	return !ret;
}

static const struct mmu_interval_notifier_ops mem_notifier_ops = {
	.invalidate = mem_invalidate,
};

int mem_flush(struct selkie_vm *vm)
{
	struct mem_slots *slots;
	unsigned int i;
	int index;

	index = srcu_read_lock(&vm->slots_srcu);
	slots = mem_slots(vm);
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

/*
 * Brings the surroundings of a fault in before it is looked up, so that memory that is touched in order does not fault page by
 * page. What fails here is left to the faults that really need it.
 */
static void mem_populate(struct mem_slot *slot, u64 page, bool write)
{
	unsigned int count;
	u64 first;

	if (READ_ONCE(slot->dirty) || !write || slot->flags & KVM_MEM_READONLY)
		return;
	count = mem_block(slot, page, READ_ONCE(populate_pages), &first);
	if (count > 1)
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

/* Adds the neighbours that are present and not mapped. Does not sleep. */
static void mem_batch_fill(struct mem_slot *slot, struct mem_batch *batch, unsigned int centre)
{
	unsigned long hva = slot->hva + (batch->first << PAGE_SHIFT);
	unsigned int flags = batch->writable ? FOLL_WRITE : 0;
	unsigned int i = 0, want;
	int got;

	while (i < batch->count) {
		if (i == centre || test_bit(batch->first + i, slot->mapped)) {
			i++;
			continue;
		}
		want = i < centre ? centre - i : batch->count - i;
		want = min_t(
			u64, want,
			find_next_bit(slot->mapped, batch->first + i + want, batch->first + i) -
				batch->first - i);
		got = get_user_pages_fast_only(hva + ((unsigned long)i << PAGE_SHIFT), want, flags,
					       &batch->page[i]);
		/* The page behind those present is not: go on after it. */
		i += max(got, 0) + ((unsigned int)max(got, 0) < want);
	}
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
	mem_batch_fill(slot, &batch, centre);
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
	slot = mem_slot_find(vm, ipa);
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
	slot = mem_slot_find(vm, ipa);
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
	slot = mem_slot_find(vm, ipa);
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

/* --- slots ------------------------------------------------------------------------------------ */
static void mem_slot_free(struct mem_slot *slot)
{
	kvfree(slot->mapped);
	kvfree(slot->writable);
	kvfree(slot->dirty);
	kfree(slot);
}

static unsigned long *mem_bitmap_alloc(u64 pages)
{
	return kvcalloc(BITS_TO_LONGS(pages), sizeof(unsigned long), GFP_KERNEL_ACCOUNT);
}

/* The slot's notifier is registered; nothing refers to it yet. */
static struct mem_slot *mem_slot_alloc(struct selkie_vm *vm,
				       const struct kvm_userspace_memory_region *region)
{
	struct mem_slot *slot;
	int ret = -ENOMEM;

	slot = kzalloc(sizeof(*slot), GFP_KERNEL_ACCOUNT);
	if (!slot)
		return ERR_PTR(-ENOMEM);
	slot->vm = vm;
	slot->id = region->slot;
	slot->flags = region->flags & KVM_MEM_READONLY;
	slot->gpa = region->guest_phys_addr;
	slot->pages = region->memory_size >> PAGE_SHIFT;
	slot->hva = region->userspace_addr;
	slot->mapped = mem_bitmap_alloc(slot->pages);
	slot->writable = mem_bitmap_alloc(slot->pages);
	if (!slot->mapped || !slot->writable)
		goto out_free;
	if (region->flags & KVM_MEM_LOG_DIRTY_PAGES) {
		slot->dirty = mem_bitmap_alloc(slot->pages);
		if (!slot->dirty)
			goto out_free;
	}
	ret = mmu_interval_notifier_insert(&slot->notifier, vm->mm, slot->hva, region->memory_size,
					   &mem_notifier_ops);
	if (ret)
		goto out_free;
	return slot;
out_free:
	mem_slot_free(slot);
	return ERR_PTR(ret);
}

/* Nobody finds the slot any more: takes its pages out of the user-VM and forgets it. */
static void mem_slot_retire(struct mem_slot *slot)
{
	mutex_lock(&slot->vm->mmu_lock);
	mem_unmap_range(slot, 0, slot->pages - 1, true);
	mutex_unlock(&slot->vm->mmu_lock);
	mmu_interval_notifier_remove(&slot->notifier);
	mem_slot_free(slot);
}

/*
 * Publishes the slots without `old` (may be NULL) and with `new` (may be NULL), in order; then no page-in uses the previous
 * set any more.
 */
static int mem_slots_replace(struct selkie_vm *vm, struct mem_slot *old, struct mem_slot *new)
{
	struct mem_slots *from = mem_slots(vm);
	struct mem_slots *to;
	unsigned int i;

	lockdep_assert_held(&vm->slots_lock);
	to = kzalloc(struct_size(to, slot, from->count + 1), GFP_KERNEL_ACCOUNT);
	if (!to)
		return -ENOMEM;
	for (i = 0; i < from->count; i++) {
		if (new && from->slot[i]->gpa > new->gpa) {
			to->slot[to->count++] = new;
			new = NULL;
		}
		if (from->slot[i] != old)
			to->slot[to->count++] = from->slot[i];
	}
	if (new)
		to->slot[to->count++] = new;
	rcu_assign_pointer(vm->slots, to);
	synchronize_srcu_expedited(&vm->slots_srcu);
	kfree(from);
	return 0;
}

static struct mem_slot *mem_slot_by_id(struct selkie_vm *vm, u32 id)
{
	struct mem_slots *slots = mem_slots(vm);
	unsigned int i;

	for (i = 0; i < slots->count; i++) {
		if (slots->slot[i]->id == id)
			return slots->slot[i];
	}
	return NULL;
}

static bool mem_overlaps(struct selkie_vm *vm, const struct mem_slot *except, u64 gpa, u64 size)
{
	struct mem_slots *slots = mem_slots(vm);
	unsigned int i;

	for (i = 0; i < slots->count; i++) {
		const struct mem_slot *slot = slots->slot[i];

		if (slot != except && gpa < mem_slot_end(slot) && slot->gpa < gpa + size)
			return true;
	}
	return false;
}

static int mem_check_region(const struct selkie_vm *vm,
			    const struct kvm_userspace_memory_region *region)
{
	if (region->flags & ~MEM_VALID_FLAGS)
		return -EINVAL;
	if (region->slot >= SELKIE_MAX_SLOTS) /* this refuses other address spaces too */
		return -EINVAL;
	if (!PAGE_ALIGNED(region->memory_size) || !PAGE_ALIGNED(region->guest_phys_addr) ||
	    !PAGE_ALIGNED(region->userspace_addr))
		return -EINVAL;
	if (region->userspace_addr != untagged_addr(region->userspace_addr) ||
	    !access_ok((void __user *)(unsigned long)region->userspace_addr, region->memory_size))
		return -EINVAL;
	if (region->guest_phys_addr + region->memory_size < region->guest_phys_addr)
		return -EINVAL;
	if (region->memory_size >> PAGE_SHIFT > INT_MAX)
		return -EINVAL;
	return 0;
}

/* Only the logging of dirty pages changes. */
static int mem_set_logging(struct selkie_vm *vm, struct mem_slot *slot, bool log)
{
	unsigned long *bitmap = NULL, *old;

	if (log) {
		bitmap = mem_bitmap_alloc(slot->pages);
		if (!bitmap)
			return -ENOMEM;
	}
	mutex_lock(&vm->mmu_lock);
	old = slot->dirty;
	WRITE_ONCE(slot->dirty, bitmap);
	/* From here on the first store to each page faults. */
	if (log)
		mem_unmap_range(slot, 0, slot->pages - 1, true);
	mutex_unlock(&vm->mmu_lock);
	/* Without mmu_lock only the pointer is looked at, not the bits. */
	kvfree(old);
	return 0;
}

static int mem_add_slot(struct selkie_vm *vm, struct mem_slot *old,
			const struct kvm_userspace_memory_region *region)
{
	struct mem_slot *slot;
	int ret;

	if (mem_overlaps(vm, old, region->guest_phys_addr, region->memory_size))
		return -EEXIST;
	if (region->guest_phys_addr + region->memory_size > BIT_ULL(vm->ipa_bits))
		return -EFAULT;
	slot = mem_slot_alloc(vm, region);
	if (IS_ERR(slot))
		return PTR_ERR(slot);
	ret = mem_slots_replace(vm, old, slot);
	if (ret) {
		mmu_interval_notifier_remove(&slot->notifier);
		mem_slot_free(slot);
		return ret;
	}
	if (old)
		mem_slot_retire(old);
	return 0;
}

static int mem_change_slot(struct selkie_vm *vm, struct mem_slot *slot,
			   const struct kvm_userspace_memory_region *region)
{
	bool log = region->flags & KVM_MEM_LOG_DIRTY_PAGES;

	if (region->userspace_addr != slot->hva ||
	    region->memory_size >> PAGE_SHIFT != slot->pages ||
	    (region->flags ^ slot->flags) & KVM_MEM_READONLY)
		return -EINVAL;
	if (region->guest_phys_addr != slot->gpa)
		return mem_add_slot(vm, slot, region);
	return log != !!slot->dirty ? mem_set_logging(vm, slot, log) : 0;
}

static int mem_set_region_locked(struct selkie_vm *vm,
				 const struct kvm_userspace_memory_region *region)
{
	struct mem_slot *slot = mem_slot_by_id(vm, region->slot);
	int ret;

	if (slot && region->memory_size)
		return mem_change_slot(vm, slot, region);
	if (slot) {
		ret = mem_slots_replace(vm, slot, NULL);
		if (!ret)
			mem_slot_retire(slot);
		return ret;
	}
	return region->memory_size ? mem_add_slot(vm, NULL, region) : -EINVAL;
}

int mem_set_region(struct selkie_vm *vm, const struct kvm_userspace_memory_region *region)
{
	int ret;

	ret = mem_check_region(vm, region);
	if (ret)
		return ret;
	mutex_lock(&vm->slots_lock);
	ret = mem_set_region_locked(vm, region);
	mutex_unlock(&vm->slots_lock);
	return ret;
}

/* --- dirty log -------------------------------------------------------------------------------- */
/* Moves the slot's dirty bits to `copy` and makes the next store to each of those pages fault. */
static void mem_collect_dirty(struct mem_slot *slot, unsigned long *copy)
{
	unsigned long begin, end;

	mutex_lock(&slot->vm->mmu_lock);
	bitmap_copy(copy, slot->dirty, slot->pages);
	bitmap_zero(slot->dirty, slot->pages);
	for_each_set_bitrange(begin, end, copy, slot->pages)
		mem_unmap_range(slot, begin, end - 1, true);
	mutex_unlock(&slot->vm->mmu_lock);
}

int mem_get_dirty_log(struct selkie_vm *vm, const struct kvm_dirty_log *log)
{
	struct mem_slot *slot;
	unsigned long *copy;
	size_t size;
	int ret = 0;

	if (log->slot >= SELKIE_MAX_SLOTS)
		return -EINVAL;
	mutex_lock(&vm->slots_lock);
	slot = mem_slot_by_id(vm, log->slot);
	if (!slot || !slot->dirty) {
		ret = -ENOENT;
		goto out_unlock;
	}
	size = BITS_TO_LONGS(slot->pages) * sizeof(unsigned long);
	copy = kvzalloc(size, GFP_KERNEL);
	if (!copy) {
		ret = -ENOMEM;
		goto out_unlock;
	}
	mem_collect_dirty(slot, copy);
	if (copy_to_user(log->dirty_bitmap, copy, size))
		ret = -EFAULT;
	kvfree(copy);
out_unlock:
	mutex_unlock(&vm->slots_lock);
	return ret;
}

/* --- life ------------------------------------------------------------------------------------- */
int mem_vm_init(struct selkie_vm *vm)
{
	struct mem_slots *slots = kzalloc(struct_size(slots, slot, 0), GFP_KERNEL_ACCOUNT);

	vm->page_buf = kcalloc(MEM_BLOCK_PAGES, sizeof(*vm->page_buf), GFP_KERNEL_ACCOUNT);
	vm->frame_buf = kcalloc(MEM_BLOCK_PAGES, sizeof(*vm->frame_buf), GFP_KERNEL_ACCOUNT);
	if (!slots || !vm->page_buf || !vm->frame_buf || init_srcu_struct(&vm->slots_srcu)) {
		kfree(vm->frame_buf);
		kfree(vm->page_buf);
		kfree(slots);
		return -ENOMEM;
	}
	mutex_init(&vm->slots_lock);
	mutex_init(&vm->mmu_lock);
	RCU_INIT_POINTER(vm->slots, slots);
	return 0;
}

void mem_vm_exit(struct selkie_vm *vm)
{
	struct mem_slots *slots = rcu_dereference_protected(vm->slots, true);
	unsigned int i;

	for (i = 0; i < slots->count; i++) {
		mmu_interval_notifier_remove(&slots->slot[i]->notifier);
		mem_slot_free(slots->slot[i]);
	}
	kfree(slots);
	cleanup_srcu_struct(&vm->slots_srcu);
	kfree(vm->frame_buf);
	kfree(vm->page_buf);
}
