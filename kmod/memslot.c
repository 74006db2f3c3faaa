// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory slots: KVM_SET_USER_MEMORY_REGION, KVM_GET_DIRTY_LOG. What the user-VM has mapped of a slot is mem.c's.
 *
 * The slots of a VM are an array in order of guest address, replaced as a whole: a page-in looks at it under slots_srcu, and
 * after the replacement none uses the previous one any more. Only then is an old slot's memory taken away.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "selkie.h"

#define MEMSLOT_VALID_FLAGS (KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY)

/* --- lookup ----------------------------------------------------------------------------------- */
static u64 memslot_end(const struct mem_slot *slot)
{
	return slot->gpa + (slot->pages << PAGE_SHIFT);
}

struct mem_slots *memslot_all(struct selkie_vm *vm)
{
	return srcu_dereference_check(vm->slots, &vm->slots_srcu, lockdep_is_held(&vm->slots_lock));
}

struct mem_slot *memslot_find(struct selkie_vm *vm, u64 ipa)
{
	struct mem_slots *slots = memslot_all(vm);
	unsigned int low = 0, high = slots->count;

	/* The first slot that ends behind ipa. */
	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (memslot_end(slots->slot[middle]) <= ipa)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == slots->count || slots->slot[low]->gpa > ipa)
		return NULL;
	return slots->slot[low];
}

/* --- slots ------------------------------------------------------------------------------------ */
static void memslot_free(struct mem_slot *slot)
{
	kvfree(slot->mapped);
	kvfree(slot->writable);
	kvfree(slot->dirty);
	kvfree(slot->taken);
	kfree(slot);
}

static unsigned long *memslot_bitmap_alloc(u64 pages)
{
	return kvcalloc(BITS_TO_LONGS(pages), sizeof(unsigned long), GFP_KERNEL_ACCOUNT);
}

/* The slot's notifier is registered; nothing refers to it yet. */
static struct mem_slot *memslot_alloc(struct selkie_vm *vm,
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
	slot->mapped = memslot_bitmap_alloc(slot->pages);
	slot->writable = memslot_bitmap_alloc(slot->pages);
	slot->taken = memslot_bitmap_alloc(DIV_ROUND_UP(slot->pages, MEM_TAKEN_PAGES));
	if (!slot->mapped || !slot->writable || !slot->taken)
		goto out_free;
	if (region->flags & KVM_MEM_LOG_DIRTY_PAGES) {
		slot->dirty = memslot_bitmap_alloc(slot->pages);
		if (!slot->dirty)
			goto out_free;
	}
	ret = mmu_interval_notifier_insert(&slot->notifier, vm->mm, slot->hva, region->memory_size,
					   &mem_notifier_ops);
	if (ret)
		goto out_free;
	return slot;
out_free:
	memslot_free(slot);
	return ERR_PTR(ret);
}

/* Nobody finds the slot any more: takes its pages out of the user-VM and forgets it. */
static void memslot_retire(struct mem_slot *slot)
{
	mutex_lock(&slot->vm->mmu_lock);
	mem_unmap_range(slot, 0, slot->pages - 1, true);
	mutex_unlock(&slot->vm->mmu_lock);
	mmu_interval_notifier_remove(&slot->notifier);
	memslot_free(slot);
}

/* Room for all slots there are and one more. */
static struct mem_slots *memslot_array_alloc(struct selkie_vm *vm)
{
	struct mem_slots *slots;

	return kzalloc(struct_size(slots, slot, memslot_all(vm)->count + 1), GFP_KERNEL_ACCOUNT);
}

/*
 * Publishes, in `to`, the slots without `old` (may be NULL) and with `new` (may be NULL), in order; then no page-in uses the
 * previous set any more.
 */
static void memslot_replace(struct selkie_vm *vm, struct mem_slots *to, struct mem_slot *old,
			    struct mem_slot *new)
{
	struct mem_slots *from = memslot_all(vm);
	unsigned int i;

	lockdep_assert_held(&vm->slots_lock);
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
}

static int memslot_delete(struct selkie_vm *vm, struct mem_slot *slot)
{
	struct mem_slots *without = memslot_array_alloc(vm);

	if (!without)
		return -ENOMEM;
	memslot_replace(vm, without, slot, NULL);
	memslot_retire(slot);
	return 0;
}

/*
 * `new` in the place of `old` (may be NULL). They may overlap: the old one's pages are gone before the first page of the new
 * one is mapped, and what the guest accesses in between is nobody's, as with KVM.
 */
static int memslot_exchange(struct selkie_vm *vm, struct mem_slot *old, struct mem_slot *new)
{
	struct mem_slots *without = old ? memslot_array_alloc(vm) : NULL;
	struct mem_slots *with = memslot_array_alloc(vm);

	if (!with || (old && !without)) {
		kfree(without);
		kfree(with);
		return -ENOMEM;
	}
	if (old) {
		memslot_replace(vm, without, old, NULL);
		memslot_retire(old);
	}
	memslot_replace(vm, with, NULL, new);
	return 0;
}

static struct mem_slot *memslot_by_id(struct selkie_vm *vm, u32 id)
{
	struct mem_slots *slots = memslot_all(vm);
	unsigned int i;

	for (i = 0; i < slots->count; i++) {
		if (slots->slot[i]->id == id)
			return slots->slot[i];
	}
	return NULL;
}

static bool memslot_overlaps(struct selkie_vm *vm, const struct mem_slot *except, u64 gpa, u64 size)
{
	struct mem_slots *slots = memslot_all(vm);
	unsigned int i;

	for (i = 0; i < slots->count; i++) {
		const struct mem_slot *slot = slots->slot[i];

		if (slot != except && gpa < memslot_end(slot) && slot->gpa < gpa + size)
			return true;
	}
	return false;
}

static int memslot_check_region(const struct selkie_vm *vm,
				const struct kvm_userspace_memory_region *region)
{
	if (region->flags & ~MEMSLOT_VALID_FLAGS)
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
static int memslot_set_logging(struct selkie_vm *vm, struct mem_slot *slot, bool log)
{
	unsigned long *bitmap = NULL, *old;

	if (log) {
		bitmap = memslot_bitmap_alloc(slot->pages);
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

static int memslot_add(struct selkie_vm *vm, struct mem_slot *old,
		       const struct kvm_userspace_memory_region *region)
{
	struct mem_slot *slot;
	int ret;

	if (memslot_overlaps(vm, old, region->guest_phys_addr, region->memory_size))
		return -EEXIST;
	if (region->guest_phys_addr + region->memory_size > BIT_ULL(vm->ipa_bits))
		return -EFAULT;
	slot = memslot_alloc(vm, region);
	if (IS_ERR(slot))
		return PTR_ERR(slot);
	ret = memslot_exchange(vm, old, slot);
	if (ret) {
		mmu_interval_notifier_remove(&slot->notifier);
		memslot_free(slot);
	}
	return ret;
}

static int memslot_change(struct selkie_vm *vm, struct mem_slot *slot,
			  const struct kvm_userspace_memory_region *region)
{
	bool log = region->flags & KVM_MEM_LOG_DIRTY_PAGES;

	if (region->userspace_addr != slot->hva ||
	    region->memory_size >> PAGE_SHIFT != slot->pages ||
	    (region->flags ^ slot->flags) & KVM_MEM_READONLY)
		return -EINVAL;
	if (region->guest_phys_addr != slot->gpa)
		return memslot_add(vm, slot, region);
	return log != !!slot->dirty ? memslot_set_logging(vm, slot, log) : 0;
}

static int memslot_set_region_locked(struct selkie_vm *vm,
				     const struct kvm_userspace_memory_region *region)
{
	struct mem_slot *slot = memslot_by_id(vm, region->slot);

	if (slot && region->memory_size)
		return memslot_change(vm, slot, region);
	if (slot)
		return memslot_delete(vm, slot);
	return region->memory_size ? memslot_add(vm, NULL, region) : -EINVAL;
}

int memslot_set_region(struct selkie_vm *vm, const struct kvm_userspace_memory_region *region)
{
	int ret;

	ret = memslot_check_region(vm, region);
	if (ret)
		return ret;
	mutex_lock(&vm->slots_lock);
	ret = memslot_set_region_locked(vm, region);
	mutex_unlock(&vm->slots_lock);
	return ret;
}

/* --- dirty log -------------------------------------------------------------------------------- */
/* Moves the slot's dirty bits to `copy` and makes the next store to each of those pages fault. */
static void memslot_collect_dirty(struct mem_slot *slot, unsigned long *copy)
{
	unsigned long begin, end;

	mutex_lock(&slot->vm->mmu_lock);
	bitmap_copy(copy, slot->dirty, slot->pages);
	bitmap_zero(slot->dirty, slot->pages);
	for_each_set_bitrange(begin, end, copy, slot->pages)
		mem_unmap_range(slot, begin, end - 1, true);
	mutex_unlock(&slot->vm->mmu_lock);
}

int memslot_get_dirty_log(struct selkie_vm *vm, const struct kvm_dirty_log *log)
{
	struct mem_slot *slot;
	unsigned long *copy;
	size_t size;
	int ret = 0;

	if (log->slot >= SELKIE_MAX_SLOTS)
		return -EINVAL;
	mutex_lock(&vm->slots_lock);
	slot = memslot_by_id(vm, log->slot);
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
	memslot_collect_dirty(slot, copy);
	if (copy_to_user(log->dirty_bitmap, copy, size))
		ret = -EFAULT;
	kvfree(copy);
out_unlock:
	mutex_unlock(&vm->slots_lock);
	return ret;
}

/* --- life ------------------------------------------------------------------------------------- */
int memslot_vm_init(struct selkie_vm *vm)
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

void memslot_vm_exit(struct selkie_vm *vm)
{
	struct mem_slots *slots = rcu_dereference_protected(vm->slots, true);
	unsigned int i;

	for (i = 0; i < slots->count; i++) {
		mmu_interval_notifier_remove(&slots->slot[i]->notifier);
		memslot_free(slots->slot[i]);
	}
	kfree(slots);
	cleanup_srcu_struct(&vm->slots_srcu);
	kfree(vm->frame_buf);
	kfree(vm->page_buf);
}
