// SPDX-License-Identifier: BSD-2-Clause
/*
 * Budgets. A scheduling context owns a ring of refills {time, amount} whose amounts sum up to its
 * budget; the head is in use. What is used comes back one period after the time it became usable,
 * so no window of a period sees more than the budget (a sporadic server). Round-robin contexts
 * (period 0) have one refill: the rest of the time slice.
 */
#include <kernel/sched.h>

static struct refill *refill_at(struct sched_context *sc, u64 i)
{
	i += sc->head;
	return &sc->refill[i < sc->refill_max ? i : i - sc->refill_max];
}

static void refill_pop(struct sched_context *sc)
{
	sc->head = sc->head + 1u == sc->refill_max ? 0 : sc->head + 1;
	sc->count--;
}

/* `amount` comes back at `time`, which is not before the tail's. */
static void refill_push(struct sched_context *sc, u64 time, u64 amount)
{
	struct refill *tail = refill_at(sc, sc->count - 1u);

	if (sc->count == sc->refill_max) {
		/* No room: the older part comes later than it could. */
		tail->time = time;
		tail->amount += amount;
	} else if (tail->time + tail->amount >= time) {
		tail->amount += amount;
	} else {
		sc->count++;
		*refill_at(sc, sc->count - 1u) = (struct refill){ time, amount };
	}
}

void refill_init(struct sched_context *sc, u64 max, u64 budget, u64 period, u64 now)
{
	sc->period = period == budget ? 0 : period;
	sc->budget = budget;
	sc->refill_max = max;
	sc->head = 0;
	sc->count = 1;
	sc->refill[0] = (struct refill){ now, budget };
}

void refill_update(struct sched_context *sc, u64 max, u64 budget, u64 period, u64 now)
{
	u64 time = refill_head(sc)->time;

	/* A new budget must not come earlier than the rest of the old one would have. */
	refill_init(sc, max, budget, period, time > now ? time : now);
}

void refill_charge(struct sched_context *sc, u64 used)
{
	struct refill *head = refill_head(sc);

	if (!sc->period) {
		head->amount = used < head->amount ? head->amount - used : 0;
		return;
	}
	if (used > sc->budget)
		used = sc->budget;
	while (used >= head->amount) {
		struct refill spent = *head;

		used -= spent.amount;
		if (sc->count == 1) {
			head->time += sc->period;
			used = 0;
			break;
		}
		refill_pop(sc);
		refill_push(sc, spent.time + sc->period, spent.amount);
		head = refill_head(sc);
	}
	if (used) {
		head->amount -= used;
		head->time += used;
		refill_push(sc, head->time - used + sc->period, used);
	}
	while (head->amount < MIN_BUDGET && sc->count > 1) {
		u64 rest = head->amount;

		refill_pop(sc);
		head = refill_head(sc);
		head->amount += rest;
	}
}

bool refill_ready(const struct sched_context *sc, u64 now)
{
	const struct refill *head = &sc->refill[sc->head];

	return head->time <= now && head->amount >= MIN_BUDGET;
}

void refill_start(struct sched_context *sc, u64 now)
{
	struct refill *head = refill_head(sc);

	if (!sc->period || head->time > now)
		return;
	head->time = now;
	while (sc->count > 1 && refill_at(sc, 1)->time <= head->time + head->amount) {
		u64 amount = head->amount;

		refill_pop(sc);
		head = refill_head(sc);
		head->time = now;
		head->amount += amount;
	}
}
