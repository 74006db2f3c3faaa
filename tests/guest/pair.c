// SPDX-License-Identifier: BSD-2-Clause
/*
 * Two service-VMs side by side: neither learns of the other from root. The first one makes requests with known words in
 * them while the second looks for what is not its own. The second has no console: for each check that passes it creates
 * two user-VMs, after one that fails it powers off; the first reads both out of the machine's books. Output is TAP.
 */
#include "control.h"

#include "arch/psci.h"
#include "string/string.h"

#define NO_SUCH_OP 99u
#define SECRET UINT64_C(0x5ec2e75ec2e75ec2)
#define TREE_SIZE 0x10000u
#define PAIR 2u /* the service-VMs themselves count as VMs */
#define PASSED 2u /* user-VMs; a check creates at most one for itself */

/* An empty message, again and again, while the other one sends words of its own: zeroes come back. */
static bool empty_message(void)
{
	uint64_t end = guest_count() + guest_frequency() / 5;
	uint64_t seen = 0;

	while (guest_count() < end) {
		uint64_t mr[4] = { 0 };

		if (control_short(NO_SUCH_OP, 0, mr) != WIRE_ENOSYS)
			return false;
		seen |= mr[0] | mr[1] | mr[2] | mr[3];
	}
	return !seen;
}

/* A version that was not sent is no version, whatever the message before it said. */
static bool short_message(void)
{
	for (unsigned int i = 0; i < 100; i++) {
		uint64_t mr[4] = { SELKIE_CTL_VERSION };

		control(NO_SUCH_OP, mr);
		if (control_short(CTL_HELLO, 0, mr) != WIRE_ENOSYS)
			return false;
	}
	return true;
}

/* The books of a service-VM that is not the first are about itself. */
static bool own_books(void)
{
	struct ctl_counters was = counters(), is;
	uint64_t vm;

	if (was.untyped_free || was.untyped_total || was.asids_used || was.vms != 1 + 2 * PASSED ||
	    !was.objects || !was.slots_used || !was.quota_free)
		return false;
	if (create(good(), &vm) != WIRE_OK)
		return false;
	is = counters();
	if (is.vms != was.vms + 1 || is.objects <= was.objects || is.quota_free >= was.quota_free)
		return false;
	request(CTL_VM_DESTROY, vm, 0, 0, 0, NULL);
	is = counters();
	return memcmp(&is, &was, sizeof(is)) == 0;
}

static const struct {
	bool (*check)(void);
	const char *what;
} second_check[] = {
	{ empty_message, "no words of others in an answer" },
	{ short_message, "words that were not sent count as zero" },
	{ own_books, "its books are its own" },
};
#define CHECKS (sizeof(second_check) / sizeof(second_check[0]))

static void second(void)
{
	struct guest_regs reset = { { PSCI_SYSTEM_RESET } };
	uint64_t end;

	guest_mute();
	learn_calls();
	for (unsigned int i = 0; i < CHECKS; i++)
		if (!second_check[i].check() || create(good(), NULL) != WIRE_OK ||
		    create(good(), NULL) != WIRE_OK)
			return;
	/* The first has time to see them all. Then a restart, which is refused: fw-cfg is ours. */
	for (end = guest_count() + guest_frequency() / 5; guest_count() < end;)
		;
	guest_psci(&reset);
}

/* Send words that nobody else may see until the second has passed `checks` or is off. */
static bool second_passes(unsigned int checks)
{
	for (;;) {
		uint64_t mr[4] = { SECRET, SECRET, SECRET, SECRET };
		uint64_t now = counters().vms;

		if (now < PAIR)
			return false;
		if (now >= PAIR + checks * PASSED)
			return true;
		control(NO_SUCH_OP, mr);
	}
}

/* Is `text` in a line of the log? Reads all there is. */
static bool log_has(const char *text)
{
	uint64_t bytes, length = strlen(text);
	bool found = false;

	do {
		request(CTL_LOG_READ, CTL_TEXT_SIZE, 0, 0, 0, &bytes);
		for (uint64_t i = 0; i + length <= bytes; i++)
			found |= memcmp(area->text + i, text, length) == 0;
	} while (bytes);
	return found;
}

static void first(void)
{
	struct ctl_counters c;

	learn_calls();
	report(empty_message(), "first: no words of others in an answer");
	report(short_message(), "first: words that were not sent count as zero");
	for (unsigned int i = 0; i < CHECKS; i++)
		report(second_passes(i + 1), second_check[i].what);
	c = counters();
	report(c.untyped_total && c.slots_used && c.asids_used && c.vms == PAIR + CHECKS * PASSED,
	       "first: the machine's books");
	while ((c = counters()).vms == PAIR + CHECKS * PASSED)
		;
	report(c.vms == 1 && log_has("second: stays off, /fw-cfg@9020000 may write"),
	       "a service-VM with a bus master that nobody stops is not loaded anew");
	guest_printf("1..%u\n# %u failed\n", tests, failures);
}

static bool is_second(const char *tree)
{
	static const char word[] = "pair=second";

	for (const char *p = tree; p < tree + TREE_SIZE; p++)
		if (strncmp(p, word, sizeof(word) - 1) == 0)
			return true;
	return false;
}

void guest_main(const void *dtb)
{
	if (is_second(dtb))
		second();
	else
		first();
}
