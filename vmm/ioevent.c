/* SPDX-License-Identifier: BSD-2-Clause */
/* Kick path: hop 3, from uvm_ioevent(), to uvm_raise(). */
#include "vmm/ioevent.h"

#define LOAD_ATTEMPTS 4

static unsigned bucket_of(uint64_t addr)
{
	/* Notify registers are a page, a quarter page or four bytes apart. */
	return (unsigned)(addr >> 2 ^ addr >> 9 ^ addr >> 12) % IOEVENT_BUCKETS;
}

static uint64_t read_once64(const uint64_t *p)
{
	return *(const volatile uint64_t *)p;
}

static uint32_t read_once32(const uint32_t *p)
{
	return *(const volatile uint32_t *)p;
}

static bool copy_entry(struct ioevent *e, const struct uvm_ioevent *shared)
{
	uint32_t flags = read_once32(&shared->flags);
	uint32_t len = read_once32(&shared->len);
	uint64_t mask;

	if (!(flags & UVM_IOEVENT_VALID) || (flags & ~(UVM_IOEVENT_VALID | UVM_IOEVENT_DATAMATCH)))
		return false;
	if (len > 8 || (len & (len - 1)) || (!len && (flags & UVM_IOEVENT_DATAMATCH)))
		return false;
	mask = len < 8 ? (UINT64_C(1) << 8 * len) - 1 : UINT64_MAX;
	e->addr = read_once64(&shared->addr);
	e->data = read_once64(&shared->data) & mask;
	e->len = (uint8_t)len;
	e->match_data = flags & UVM_IOEVENT_DATAMATCH;
	return true;
}

static void copy_table(struct ioevent_copy *t, const struct uvm_ioevent *shared)
{
	for (unsigned i = 0; i < IOEVENT_BUCKETS; i++)
		t->bucket[i] = 0;
	for (unsigned i = 0; i < UVM_IOEVENTS; i++) {
		struct ioevent *e = &t->entry[i];
		uint16_t *head;

		if (!copy_entry(e, &shared[i]))
			continue;
		head = &t->bucket[bucket_of(e->addr)];
		e->next = *head;
		*head = (uint16_t)(i + 1);
	}
}

bool ioevent_load(struct ioevent_table *t, const struct uvm_ioevent *shared,
		  const uint32_t *generation_word)
{
	/* Reader's side of the sequence lock; pairs with the module's two increments around its edit. */
	for (unsigned i = 0; i < LOAD_ATTEMPTS; i++) {
		uint32_t before = __atomic_load_n(generation_word, __ATOMIC_ACQUIRE);

		if (before & 1)
			break;
		if (before == t->generation)
			return true;
		copy_table(&t->copy[!t->current], shared);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(generation_word, __ATOMIC_RELAXED) == before) {
			t->current = !t->current;
			t->generation = before;
			return true;
		}
	}
	return false;
}

static const struct ioevent *next_at(const struct ioevent_copy *c, unsigned *i, uint64_t addr,
				     unsigned len)
{
	while (*i) {
		const struct ioevent *e = &c->entry[*i - 1];

		*i = e->next;
		if (e->addr == addr && (!e->len || e->len == len))
			return e;
	}
	return NULL;
}

enum ioevent_hit ioevent_find(const struct ioevent_table *t, uint64_t addr, unsigned len)
{
	const struct ioevent_copy *c = &t->copy[t->current];
	unsigned i = c->bucket[bucket_of(addr)];
	const struct ioevent *e = next_at(c, &i, addr, len);

	if (!e)
		return IOEVENT_NONE;
	return e->match_data ? IOEVENT_BY_DATA : IOEVENT_ANY_DATA;
}

int ioevent_match(const struct ioevent_table *t, uint64_t addr, unsigned len, uint64_t data)
{
	const struct ioevent_copy *c = &t->copy[t->current];
	unsigned i = c->bucket[bucket_of(addr)];
	const struct ioevent *e;

	while ((e = next_at(c, &i, addr, len))) {
		if (!e->match_data || e->data == data)
			return (int)(e - c->entry);
	}
	return -1;
}
