// SPDX-License-Identifier: BSD-2-Clause
/*
 * A guest that drives every virtio-mmio device there is (VirtIO 1.2, legacy ones too) with queues that make no sense: loops in
 * descriptor chains, wild addresses, huge lengths, indirect tables in indirect tables, rings in ROM, in device registers and
 * where nothing is, jumps of the available index, queue sizes of 0 and 65535, resets in between. A device may say that it
 * needs a reset or stay away; nothing but this guest and its VMM may notice. Each device gets well-formed requests
 * in between. The last line is "virtq: done".
 */
#include "guest.h"

#include "string/string.h"

/* QEMU's virt: transports, and what lies around them. */
#define SLOT_BASE UINT64_C(0x0a000000)
#define SLOT_SIZE 0x200u
#define SLOTS 32u
#define FLASH UINT64_C(0)
#define RAM UINT64_C(0x40000000)
#define ARENA UINT64_C(0x41000000) /* the devices may write here as they like */
#define ARENA_SIZE UINT64_C(0x400000)
#define NOTHING UINT64_C(0x0e000000)
#define ROUNDS 96u
#define QUEUES 4u

enum reg {
	REG_MAGIC = 0x000,
	REG_VERSION = 0x004,
	REG_DEVICE = 0x008,
	REG_FEATURES = 0x010,
	REG_FEATURES_SEL = 0x014,
	REG_ACCEPTED = 0x020,
	REG_ACCEPTED_SEL = 0x024,
	REG_PAGE_SIZE = 0x028, /* legacy */
	REG_QUEUE_SEL = 0x030,
	REG_QUEUE_NUM_MAX = 0x034,
	REG_QUEUE_NUM = 0x038,
	REG_QUEUE_ALIGN = 0x03c, /* legacy */
	REG_QUEUE_PFN = 0x040, /* legacy */
	REG_QUEUE_READY = 0x044,
	REG_NOTIFY = 0x050,
	REG_INT_STATUS = 0x060,
	REG_INT_ACK = 0x064,
	REG_STATUS = 0x070,
	REG_QUEUE_DESC = 0x080,
	REG_QUEUE_DRIVER = 0x090,
	REG_QUEUE_DEVICE = 0x0a0,
	REG_CONFIG = 0x100,
};
#define MAGIC 0x74726976u

#define STATUS_ACKNOWLEDGE 1u
#define STATUS_DRIVER 2u
#define STATUS_DRIVER_OK 4u
#define STATUS_FEATURES_OK 8u
#define STATUS_NEEDS_RESET 0x40u

#define FEATURE_VERSION_1 0 /* in the second word */

#define DESC_NEXT 1u
#define DESC_WRITE 2u
#define DESC_INDIRECT 4u

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

/* One queue's memory: legacy layout, which modern devices take too. */
#define QUEUE_MAX 256u
struct queue {
	struct desc desc[QUEUE_MAX];
	uint16_t avail_flags, avail_idx, avail[QUEUE_MAX], avail_event;
	uint8_t pad[4096 - (2 * 3 + 2 * QUEUE_MAX)];
	uint16_t used_flags, used_idx;
	struct {
		uint32_t id, len;
	} used[QUEUE_MAX];
	uint16_t used_event;
};
_Static_assert(offsetof(struct queue, used_flags) == 0x2000, "the used ring begins on a page");
static struct queue *const queues = (struct queue *)ARENA;
#define DATA (ARENA + 0x100000)
#define DATA_SIZE 0x300000u

static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
static unsigned int broken, served, kicked;

static uint64_t rnd(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (seed * UINT64_C(0x2545f4914f6cdd1d)) >> 16;
}

static bool once_in(unsigned int n)
{
	return rnd() % n == 0;
}

static uint32_t get(unsigned int slot, enum reg reg)
{
	return mmio_read32(SLOT_BASE + slot * SLOT_SIZE + reg);
}

static void put(unsigned int slot, enum reg reg, uint64_t v)
{
	mmio_write32(SLOT_BASE + slot * SLOT_SIZE + reg, (uint32_t)v);
}

static void put64(unsigned int slot, enum reg reg, uint64_t v)
{
	put(slot, reg, v);
	put(slot, reg + 4, v >> 32);
}

/* Anywhere but in this program. */
static uint64_t wild_address(void)
{
	static const uint64_t place[] = { FLASH,
					  SLOT_BASE,
					  SLOT_BASE + REG_NOTIFY,
					  UART_BASE,
					  GICD_BASE,
					  GICC_BASE,
					  NOTHING,
					  UINT64_C(1) << 40,
					  UINT64_C(1) << 52,
					  UINT64_MAX - 4095,
					  UINT64_MAX,
					  RAM + UINT64_C(0x7fffff0) };
	uint64_t a = once_in(2) ? place[rnd() % (sizeof(place) / sizeof(place[0]))] + rnd() % 64 :
				  rnd() << rnd() % 32;

	return a - RAM < ARENA - RAM ? a + ARENA_SIZE + ARENA - RAM : a;
}

static uint64_t some_address(void)
{
	return once_in(4) ? wild_address() : DATA + rnd() % DATA_SIZE;
}

static uint32_t some_length(void)
{
	switch (rnd() % 8) {
	case 0:
		return 0;
	case 1:
		return UINT32_MAX - (uint32_t)(rnd() % 2);
	case 2:
		return (uint32_t)rnd();
	case 3:
		return 1u << rnd() % 32;
	default:
		return (uint32_t)(rnd() % 1024);
	}
}

/* Descriptors without sense, also as indirect tables. */
static void scramble_descs(struct desc *d, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		d[i].addr = some_address();
		d[i].len = some_length();
		d[i].flags = (uint16_t)(once_in(8) ? rnd() : rnd() % 8);
		d[i].next = (uint16_t)(once_in(8) ? rnd() : rnd() % QUEUE_MAX);
		if (d[i].flags & DESC_INDIRECT) {
			/* a table of tables, the queue's own table among them */
			d[i].addr = once_in(2) ? DATA + rnd() % DATA_SIZE / 16 * 16 : (uint64_t)d;
			d[i].len = once_in(2) ? 16 * (uint32_t)(rnd() % 512) : some_length();
		}
	}
}

static void scramble_ring(struct queue *q)
{
	for (unsigned int i = 0; i < QUEUE_MAX; i++)
		q->avail[i] = (uint16_t)(once_in(8) ? rnd() : rnd() % QUEUE_MAX);
	q->avail_flags = (uint16_t)(rnd() % 4);
	q->avail_event = (uint16_t)rnd();
	q->avail_idx = (uint16_t)(once_in(4) ? rnd() : q->avail_idx + 1 + rnd() % 8);
}

static void scramble_data(void)
{
	/* The first bytes of a request often say what it is. */
	for (unsigned int i = 0; i < 512; i++)
		*(volatile uint32_t *)(DATA + (rnd() % DATA_SIZE & ~3u)) =
			(uint32_t)(once_in(2) ? rnd() % 16 : rnd());
	scramble_descs((struct desc *)(DATA + (rnd() % (DATA_SIZE - 0x1000) & ~15ul)), 64);
}

static void setup_queue(unsigned int slot, unsigned int n, bool sane)
{
	bool legacy = get(slot, REG_VERSION) == 1;
	struct queue *q = &queues[n];
	uint32_t most;

	put(slot, REG_QUEUE_SEL, sane || !once_in(8) ? n : rnd());
	most = get(slot, REG_QUEUE_NUM_MAX);
	if (sane && !most)
		return;
	memset(q, 0, sizeof(*q));
	if (legacy) {
		put(slot, REG_PAGE_SIZE, 4096);
		put(slot, REG_QUEUE_NUM, sane || !once_in(4) ? QUEUE_MAX : once_in(2) ? 0 : 65535);
		put(slot, REG_QUEUE_ALIGN, sane || !once_in(8) ? 4096 : rnd());
		put(slot, REG_QUEUE_PFN,
		    (sane || !once_in(4) ? (uint64_t)q : wild_address()) >> 12);
		return;
	}
	put(slot, REG_QUEUE_NUM, sane || !once_in(4) ? QUEUE_MAX : once_in(2) ? 0 : 65535);
	put64(slot, REG_QUEUE_DESC, sane || !once_in(6) ? (uint64_t)q->desc : wild_address());
	put64(slot, REG_QUEUE_DRIVER,
	      sane || !once_in(6) ? (uint64_t)&q->avail_flags : wild_address());
	put64(slot, REG_QUEUE_DEVICE,
	      sane || !once_in(6) ? (uint64_t)&q->used_flags : wild_address());
	put(slot, REG_QUEUE_READY, sane || !once_in(8) ? 1 : rnd());
}

static void start_device(unsigned int slot, bool sane)
{
	uint32_t low;

	put(slot, REG_STATUS, 0);
	put(slot, REG_STATUS, STATUS_ACKNOWLEDGE);
	put(slot, REG_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER);
	put(slot, REG_FEATURES_SEL, 0);
	low = get(slot, REG_FEATURES);
	put(slot, REG_ACCEPTED_SEL, 0);
	put(slot, REG_ACCEPTED, sane ? 0 : once_in(8) ? rnd() : low & (once_in(2) ? ~0u : rnd()));
	put(slot, REG_ACCEPTED_SEL, 1);
	put(slot, REG_ACCEPTED, sane || !once_in(8) ? 1u << FEATURE_VERSION_1 : rnd());
	put(slot, REG_STATUS, STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK);
	for (unsigned int n = 0; n < QUEUES; n++)
		setup_queue(slot, n, sane);
	put(slot, REG_STATUS,
	    STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
}

/* Did the device give a buffer of its first queue that it may write to, or of the others one it may read, back? */
static bool serve_one(unsigned int slot)
{
	uint64_t end = guest_count() + guest_frequency() / 50;

	start_device(slot, true);
	memset((void *)DATA, 0, 64);
	for (unsigned int n = 0; n < QUEUES; n++) {
		struct queue *q = &queues[n];

		/* a disk's request to read the first sector; to others some bytes */
		q->desc[0] = (struct desc){ DATA, 16, DESC_NEXT, 1 };
		q->desc[1] = (struct desc){ DATA + 4096, 513, DESC_WRITE, 0 };
		__atomic_store_n(&q->avail_idx, 1, __ATOMIC_RELEASE);
		put(slot, REG_NOTIFY, n);
	}
	while (guest_count() < end)
		for (unsigned int n = 0; n < QUEUES; n++)
			if (__atomic_load_n(&queues[n].used_idx, __ATOMIC_ACQUIRE))
				return true;
	return false;
}

/* One nonsense after the other at a device that was started in whatever way. */
static void torment(unsigned int slot)
{
	start_device(slot, false);
	for (unsigned int i = 0; i < 4; i++) {
		unsigned int n = (unsigned int)(rnd() % QUEUES);

		scramble_data();
		scramble_descs(queues[n].desc, QUEUE_MAX);
		scramble_ring(&queues[n]);
		if (once_in(4)) /* a chain that ends where it began */
			queues[n].desc[0] = (struct desc){ DATA, 16, DESC_NEXT, 0 };
		put(slot, REG_NOTIFY, once_in(8) ? rnd() : n);
		kicked++;
		if (once_in(4)) /* changed while the device looks at it */
			scramble_descs(queues[n].desc, QUEUE_MAX);
		if (once_in(8))
			put(slot, (enum reg)(rnd() % (SLOT_SIZE / 4) * 4), rnd());
		if (once_in(8))
			put(slot, REG_STATUS, once_in(2) ? 0 : rnd());
		if (get(slot, REG_STATUS) & STATUS_NEEDS_RESET) {
			broken++;
			break;
		}
		put(slot, REG_INT_ACK, get(slot, REG_INT_STATUS));
	}
}

static void device(unsigned int slot)
{
	broken = served = kicked = 0;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		torment(slot);
		if (i % 32 == 31)
			served += serve_one(slot);
	}
	guest_printf("virtq: slot %u, device %u, version %u: %u notifications, %u times broken, "
		     "%u of %u requests served\n",
		     slot, get(slot, REG_DEVICE), get(slot, REG_VERSION), kicked, broken, served,
		     ROUNDS / 32);
	put(slot, REG_STATUS, 0);
}

void guest_main(const void *dtb)
{
	unsigned int devices = 0;

	(void)dtb;
	guest_printf("virtq: start\n");
	for (unsigned int slot = 0; slot < SLOTS; slot++) {
		if (get(slot, REG_MAGIC) != MAGIC || !get(slot, REG_DEVICE))
			continue;
		device(slot);
		devices++;
	}
	guest_printf("virtq: %u devices\nvirtq: done\n", devices);
}
