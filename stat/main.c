// SPDX-License-Identifier: BSD-2-Clause
/* Options and modes. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stat/stat.h"

#define STATUS_USAGE 2

/* --- modes ------------------------------------------------------------------------------------- */
static void print_sample(const struct options *opt, struct sample *s)
{
	if (opt->json)
		table_json(stdout, s);
	else
		table_print(stdout, opt, s);
	if (fflush(stdout))
		exit(1);
}

static void run_once(const struct options *opt)
{
	static struct sample sample;

	sample_must_read(opt, &sample);
	print_sample(opt, &sample);
}

/* Differences, as many as wanted. */
static void run_tables(const struct options *opt)
{
	double next = top_clock();
	static struct sample samples[2], delta;
	unsigned which = 0;

	sample_must_read(opt, &samples[0]);
	top_catch_signals();
	for (unsigned n = 0; !opt->count || n < opt->count; n++) {
		next += opt->interval;
		while (!top_stopped() && top_clock() < next)
			top_wait(next, false);
		if (top_stopped())
			return;
		sample_must_read(opt, &samples[!which]);
		sample_difference(&delta, &samples[which], &samples[!which]);
		which = !which;
		if (n && !opt->json)
			putchar('\n');
		print_sample(opt, &delta);
	}
}

/* --- options ----------------------------------------------------------------------------------- */
static const char usage_text[] =
	"usage: selkie-stat [options]\n"
	"What user-VMs do: on a terminal a view that changes each second, else one table.\n"
	"  -1, --once          one table: counts and seconds since each user-VM began\n"
	"  -i, --interval S    look each S seconds (default 1): counts per second, times in percent\n"
	"  -n, --count N       N such tables, one after the other\n"
	"  -j, --json          JSON, an object per line; with -i or -n the differences, not divided\n"
	"  -m, --vm N          only user-VM N, with all its words\n"
	"  -s, --sort COLUMN   a column's title, most first\n"
	"  -d, --dir DIR       read DIR instead of " DEBUGFS "/selkie\n"
	"  -h, --help          this text\n";

static _Noreturn void usage_error(const char *what, const char *argument)
{
	if (what)
		fprintf(stderr, "selkie-stat: %s: %s\n", what, argument);
	fputs(usage_text, stderr);
	exit(STATUS_USAGE);
}

static unsigned parse_number(const char *what, const char *text, unsigned long min,
			     unsigned long max)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || value < min || value > max)
		usage_error(what, text);
	return (unsigned)value;
}

static double parse_interval(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0.01 && value <= 86400))
		usage_error("--interval wants seconds, 0.01 to 86400", text);
	return value;
}

static unsigned parse_column(const char *text)
{
	int column = table_column(text);

	if (column < 0)
		usage_error("there is no such column", text);
	return (unsigned)column;
}

static void parse_options(struct options *opt, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "once", no_argument, NULL, '1' },
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "vm", required_argument, NULL, 'm' },
		{ "sort", required_argument, NULL, 's' },
		{ "dir", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "1i:n:jm:s:d:h", longs, NULL)) != -1) {
		switch (c) {
		case '1':
			opt->once = true;
			break;
		case 'i':
			opt->interval = parse_interval(optarg);
			opt->interval_given = true;
			break;
		case 'n':
			opt->count = parse_number("--count wants a number", optarg, 1, UINT32_MAX);
			break;
		case 'j':
			opt->json = true;
			break;
		case 'm':
			opt->vm = (int)parse_number("--vm wants a user-VM's number", optarg, 0,
						    VMS_MAX - 1);
			break;
		case 's':
			opt->sort = parse_column(optarg);
			break;
		case 'd':
			opt->dir = optarg;
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		default:
			usage_error(NULL, NULL);
		}
	}
	if (optind < argc)
		usage_error("there is no such argument", argv[optind]);
	if (opt->once && (opt->interval_given || opt->count))
		usage_error("--once goes without", opt->count ? "--count" : "--interval");
}

int main(int argc, char **argv)
{
	struct options opt = { .dir = DEBUGFS "/selkie", .interval = 1, .vm = -1 };
	bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);

	parse_options(&opt, argc, argv);
	if (opt.once || (!opt.count && !opt.interval_given && (opt.json || !terminal)))
		run_once(&opt);
	else if (opt.count || opt.json || !terminal)
		run_tables(&opt);
	else
		top_run(&opt);
	return 0;
}
