// SPDX-License-Identifier: BSD-2-Clause
/*
 * The stand-in kernel's budgets: whatever a thread does, no window of one period sees more than the
 * budget, and no budget is lost for good.
 */
#include <stdlib.h>

#include <kernel/sched.h>

#include "tap.h"

#define MAX_REFILLS 10
#define MAX_RUNS 4000

static struct {
	struct sched_context sc;
	struct refill ring[MAX_REFILLS];
} object;

/* Times the thread ran: [start, start + length). */
static struct {
	uint64_t start, length;
} runs[MAX_RUNS];
static unsigned int n_runs;

static uint64_t ring_sum(const struct sched_context *sc)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < sc->count; i++)
		sum += sc->refill[(sc->head + i) % sc->refill_max].amount;
	return sum;
}

static bool ring_sorted(const struct sched_context *sc)
{
	for (unsigned int i = 1; i < sc->count; i++) {
		if (sc->refill[(sc->head + i) % sc->refill_max].time <
		    sc->refill[(sc->head + i - 1) % sc->refill_max].time)
			return false;
	}
	return true;
}

/* The most the thread ran in any window of `period` that starts with a run. */
static uint64_t busiest_window(uint64_t period)
{
	uint64_t worst = 0;

	for (unsigned int i = 0; i < n_runs; i++) {
		uint64_t sum = 0, end = runs[i].start + period;

		for (unsigned int k = i; k < n_runs && runs[k].start < end; k++) {
			uint64_t stop = runs[k].start + runs[k].length;

			sum += (stop < end ? stop : end) - runs[k].start;
		}
		if (sum > worst)
			worst = sum;
	}
	return worst;
}

static uint64_t random_below(uint64_t n)
{
	return ((uint64_t)random() << 31 ^ (uint64_t)random()) % n;
}

/* A thread that runs, is preempted, blocks and wakes at random. */
static void random_life(unsigned int seed, unsigned int max, uint64_t budget, uint64_t period)
{
	struct sched_context *sc = &object.sc;
	uint64_t now = 1000, last_ready = now;
	bool sum_right = true, sorted = true, alive = true;

	srandom(seed);
	n_runs = 0;
	refill_init(sc, max, budget, period, now);
	while (n_runs < MAX_RUNS) {
		uint64_t can;

		if (!refill_ready(sc, now)) {
			now = refill_head(sc)->time;
			if (now > last_ready + 3 * period)
				alive = false;
		}
		last_ready = now;
		refill_start(sc, now);
		can = refill_head(sc)->amount;
		runs[n_runs].start = now;
		runs[n_runs].length = random_below(3) ? 1 + random_below(can) : can;
		refill_charge(sc, runs[n_runs].length);
		now += runs[n_runs++].length;
		sum_right = sum_right && ring_sum(sc) == budget;
		sorted = sorted && ring_sorted(sc);
		if (random_below(2)) {
			now += random_below(random_below(4) ? MIN_BUDGET : 2 * period);
			last_ready = now;
		}
	}
	ok(sum_right, "seed %u: the refills sum up to the budget", seed);
	ok(sorted, "seed %u: the refills are in order", seed);
	ok(alive, "seed %u: budget comes back within three periods", seed);
	ok(busiest_window(period) <= budget, "seed %u: %u refills, budget %lu: at most %lu in %lu",
	   seed, max, budget, busiest_window(period), period);
}

static void steady_use(void)
{
	struct sched_context *sc = &object.sc;
	uint64_t budget = 10 * MIN_BUDGET, period = 100 * MIN_BUDGET, now = 0, ran = 0;

	refill_init(sc, 2, budget, period, now);
	for (int i = 0; i < 50; i++) {
		if (!refill_ready(sc, now))
			now = refill_head(sc)->time;
		ran += refill_head(sc)->amount;
		now += refill_head(sc)->amount;
		refill_charge(sc, refill_head(sc)->amount);
	}
	ok(ran == 50 * budget && refill_head(sc)->time == 50 * period,
	   "a thread that never stops gets budget / period exactly");
}

static void round_robin(void)
{
	struct sched_context *sc = &object.sc;
	uint64_t slice = 10 * MIN_BUDGET;

	refill_init(sc, 2, slice, slice, 0);
	ok(sc->period == 0, "budget = period is round robin");
	refill_charge(sc, slice - 1);
	ok(refill_head(sc)->amount == 1, "the rest of the slice is left");
	refill_charge(sc, 5);
	ok(refill_head(sc)->amount == 0, "an overrun leaves nothing");
}

int main(void)
{
	for (unsigned int seed = 1; seed <= 40; seed++)
		random_life(seed, 2 + seed % (MAX_REFILLS - 1), MIN_BUDGET * (1 + seed % 20),
			    MIN_BUDGET * (40 + seed * 7 % 90));
	steady_use();
	round_robin();
	return tap_end();
}
