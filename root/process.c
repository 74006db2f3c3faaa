// SPDX-License-Identifier: BSD-2-Clause
#include "root/process.h"

#include "elf/elf.h"
#include "root/board.h"
#include "root/cspace.h"
#include "root/timer.h"
#include "root/window.h"
#include "string/string.h"

#define SEGMENTS 8u
#define PAGE_MASK ((uint64_t)WIRE_PAGE_SIZE - 1)

/* Pages of root's window on a VM; 3 is the control area or the region (ctl.c). */
#define WINDOW_PAGE_BOOT 0u
#define WINDOW_PAGE_RT 1u
#define WINDOW_PAGE_LOG 2u

static struct {
	struct elf_segment seg[SEGMENTS];
	unsigned int segs;
	uint64_t entry;
} image;

/*
 * Read-only segments are mapped as they lie in the package, so place and address must agree within
 * a page.
 */
static bool segment_usable(const struct elf_segment *s)
{
	if (s->vaddr < VMM_VA_IMAGE || s->vaddr >= VMM_VA_BOOT || s->memsz > VMM_VA_BOOT - s->vaddr)
		return false;
	return s->write ||
	       (!(((uintptr_t)s->data ^ s->vaddr) & PAGE_MASK) && s->memsz == s->filesz);
}

bool process_init(const void *elf, uint64_t size)
{
	struct elf_segment s;
	unsigned int cursor = 0;
	struct elf e;
	const char *fault = elf_open(&e, elf, size);

	if (fault) {
		log_error("the VMM's image: %s", fault);
		return false;
	}
	image.entry = e.entry;
	while (elf_next(&e, &cursor, &s)) {
		if (image.segs == SEGMENTS || !segment_usable(&s)) {
			log_error("the VMM's image can not be used: segment at 0x%lx", s.vaddr);
			return false;
		}
		if (!s.write)
			window_sync_code(s.data, s.filesz);
		image.seg[image.segs++] = s;
	}
	return true;
}

/* A new frame of the VM's own, mapped in the VMM: its slot or 0. */
static seL4_CPtr add_page(struct vm *vm, uint64_t va, unsigned int access)
{
	seL4_CPtr frame = arena_object(&vm->arena, seL4_ARM_SmallPageObject, 0);

	return frame && vspace_map(&vm->vmm_space, frame, va, access) ? frame : 0;
}

/* The same, and visible to root as page `page` of its window. */
static void *add_shared_page(struct vm *vm, uint64_t va, unsigned int access, unsigned int page)
{
	seL4_CPtr frame = add_page(vm, va, access);
	seL4_CPtr copy = frame ? vm_copy(vm, frame, seL4_ReadWrite, 0) : 0;

	return copy ? window_map(copy, vm->number, page) : NULL;
}

/*
 * The part of segment `s` in the page at `va`: offset in the page, source and length of the file's
 * bytes.
 */
static uint64_t file_part(const struct elf_segment *s, uint64_t va, uint64_t *offset,
			  const char **src)
{
	uint64_t start = va > s->vaddr ? va : s->vaddr;
	uint64_t end = s->vaddr + s->filesz;

	if (end > va + WIRE_PAGE_SIZE)
		end = va + WIRE_PAGE_SIZE;
	if (start >= end)
		return 0;
	*offset = start - va;
	*src = (const char *)s->data + (start - s->vaddr);
	return end - start;
}

static bool add_segment(struct vm *vm, const struct elf_segment *s)
{
	unsigned int access = (s->write ? VSPACE_W : 0) | (s->exec ? VSPACE_X : 0);

	for (uint64_t va = s->vaddr & ~PAGE_MASK; va < s->vaddr + s->memsz; va += WIRE_PAGE_SIZE) {
		uint64_t offset, len;
		const char *src;
		seL4_CPtr frame;

		if (!s->write) {
			const char *at = (const char *)s->data + (va - s->vaddr);

			frame = vm_copy(vm, board_image_frame(at), seL4_CanRead, 0);
		} else {
			frame = arena_object(&vm->arena, seL4_ARM_SmallPageObject, 0);
			len = frame ? file_part(s, va, &offset, &src) : 0;
			if (len)
				window_write(frame, offset, src, len);
		}
		if (!frame || !vspace_map(&vm->vmm_space, frame, va, access))
			return false;
	}
	return true;
}

static bool add_region(struct vm *vm)
{
	for (unsigned int i = 0; i < UVM_PAGES; i++) {
		vm->region[i] =
			add_page(vm, VMM_VA_SHARED + (uint64_t)i * WIRE_PAGE_SIZE, VSPACE_W);
		if (!vm->region[i])
			return false;
	}
	return true;
}

static bool add_pages(struct vm *vm)
{
	seL4_CPtr clock;

	for (uint64_t va = VMM_VA_STACK - VMM_STACK_SIZE; va < VMM_VA_STACK; va += WIRE_PAGE_SIZE)
		if (!add_page(vm, va, VSPACE_W))
			return false;
	vm->boot = add_shared_page(vm, VMM_VA_BOOT, VSPACE_R, WINDOW_PAGE_BOOT);
	vm->rt = add_shared_page(vm, VMM_VA_RT, VSPACE_W, WINDOW_PAGE_RT);
	vm->log = add_shared_page(vm, VMM_VA_LOG, VSPACE_W, WINDOW_PAGE_LOG);
	if (!vm->boot || !vm->rt || !vm->log)
		return false;
	vm->rt->deadline = UINT64_MAX;
	clock = vm_copy(vm, timer_clock_frame(), seL4_CanRead, 0);
	return clock && vspace_map(&vm->vmm_space, clock, VMM_VA_CLOCK, VSPACE_R) &&
	       (vm->role != VMM_ROLE_USER || add_region(vm));
}

bool process_build(struct vm *vm)
{
	seL4_Word guard = seL4_CNode_CapData_new(0, 64 - VMM_CSPACE_BITS).words[0];
	seL4_CPtr buffer;

	if (!vspace_init(&vm->vmm_space, &vm->arena))
		return false;
	for (unsigned int i = 0; i < image.segs; i++)
		if (!add_segment(vm, &image.seg[i]))
			return false;
	buffer = add_page(vm, VMM_VA_IPCBUF, VSPACE_W);
	if (!buffer || !add_pages(vm))
		return false;
	CHECK(seL4_TCB_Configure(vm->vmm_tcb, vm->vmm_cnode, guard, vm->vmm_space.cap, 0,
				 VMM_VA_IPCBUF, buffer) == seL4_NoError);
	return true;
}

void process_start(struct vm *vm)
{
	seL4_UserContext regs = { .pc = image.entry, .sp = VMM_VA_STACK, .x0 = VMM_VA_BOOT };

	CHECK(seL4_TCB_WriteRegisters(vm->vmm_tcb, true, 0, 4, &regs) == seL4_NoError);
}
