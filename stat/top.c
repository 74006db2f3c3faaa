// SPDX-License-Identifier: BSD-2-Clause
/* The view on a terminal: plain ANSI sequences. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "stat/stat.h"

static volatile sig_atomic_t stopped;

/* --- waiting ----------------------------------------------------------------------------------- */
static void on_signal(int number)
{
	/* A new size ends the wait, and so draws again. */
	if (number != SIGWINCH)
		stopped = 1;
}

void top_catch_signals(void)
{
	static const int wanted[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t set;

	sigemptyset(&set);
	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		sigaddset(&set, wanted[i]);
		sigaction(wanted[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
}

bool top_stopped(void)
{
	return stopped;
}

double top_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / NS_PER_S;
}

bool top_wait(double when, bool keys)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	double left = when - top_clock();
	struct timespec timeout = { 0 };
	sigset_t none;

	if (left > 0) {
		timeout.tv_sec = (time_t)left;
		timeout.tv_nsec = (long)((left - (double)timeout.tv_sec) * NS_PER_S);
	}
	sigemptyset(&none);
	return ppoll(&in, keys, &timeout, &none) > 0;
}

/* --- terminal ---------------------------------------------------------------------------------- */
#define SCREEN_ENTER "\033[?1049h\033[?25l"
#define SCREEN_LEAVE "\033[?25h\033[?1049l"
#define KEYS "q quit  up/down select  enter details  s sort  r reverse  space now"

static struct termios terminal_was;
static bool terminal_raw;

static struct view {
	unsigned id; /* selected VM */
	bool details;
	unsigned scroll; /* lines of the details above the screen */
} view;

static void terminal_restore(void)
{
	if (!terminal_raw)
		return;
	terminal_raw = false;
	fputs(SCREEN_LEAVE, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal_was);
}

static void terminal_enter(void)
{
	struct termios raw;

	tcgetattr(STDIN_FILENO, &terminal_was);
	raw = terminal_was;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	/* A stopped program would leave the terminal as it is. */
	raw.c_cc[VSUSP] = _POSIX_VDISABLE;
	atexit(terminal_restore);
	terminal_raw = true;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	fputs(SCREEN_ENTER, stdout);
}

/*
 * Writes text from its line *skip on, less when more would fit, each line cut to the screen; line `marked` stands out.
 */
static void draw(const char *text, unsigned marked, unsigned *skip)
{
	struct winsize size = { 0 };
	unsigned rows, cols, line = 0, lines = 0;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	rows = size.ws_row ? size.ws_row : 24;
	cols = size.ws_col ? size.ws_col : 80;
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	if (*skip + rows > lines + 1)
		*skip = lines + 1 > rows ? lines + 1 - rows : 0;
	fputs("\033[H", stdout);
	for (; *text && line + 1 < rows + *skip; line++) {
		size_t len = strcspn(text, "\n");
		int shown = (int)(len < cols ? len : cols);

		if (line >= *skip)
			printf(line == marked ? "\033[7m%.*s\033[0m\033[K\n" : "%.*s\033[K\n",
			       shown, text);
		text += len + (text[len] == '\n');
	}
	printf("\033[J\033[%u;1H\033[7m%.*s\033[0m", rows, (int)cols, KEYS);
	fflush(stdout);
}

/* The selected VM's row, the first one's if it is gone. */
static unsigned selected_row(const struct sample *s)
{
	for (unsigned i = 0; i < s->vms; i++)
		if (s->vm[i].id == view.id)
			return i;
	return 0;
}

static void show(const struct options *opt, struct sample *s)
{
	const struct vm *v = view.details ? sample_vm(s, view.id) : NULL;
	unsigned top = 0;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	view.details = v;
	if (v)
		table_details(out, s, v);
	else
		table_print(out, opt, s);
	fclose(out);
	draw(text, v ? UINT32_MAX : TABLE_HEAD + selected_row(s), v ? &view.scroll : &top);
	free(text);
}

static void move(const struct sample *s, int by)
{
	unsigned row = selected_row(s);

	if (view.details) {
		if (by > 0 || view.scroll)
			view.scroll += (unsigned)by;
		return;
	}
	if (by > 0 || row)
		row += (unsigned)by;
	if (row < s->vms)
		view.id = s->vm[row].id;
}

/* False: quit. *now is set when a new look is wanted. */
static bool handle_key(struct options *opt, const struct sample *s, char key, bool *now)
{
	switch (key) {
	case 'q':
		return false;
	case 'k':
		move(s, -1);
		break;
	case 'j':
		move(s, 1);
		break;
	case '\r':
	case '\n':
		view.details = !view.details && s->vms;
		view.scroll = 0;
		if (s->vms)
			view.id = s->vm[selected_row(s)].id;
		break;
	case 's':
		opt->sort = (opt->sort + 1) % table_columns();
		break;
	case 'r':
		opt->reverse = !opt->reverse;
		break;
	case ' ':
		*now = true;
	}
	return true;
}

static bool handle_keys(struct options *opt, const struct sample *s, bool *now)
{
	char keys[64];
	ssize_t size = read(STDIN_FILENO, keys, sizeof(keys));

	/* There was something to read: nothing is the end of the terminal. */
	if (size <= 0)
		return size < 0 && errno == EINTR;
	for (ssize_t i = 0; i < size; i++) {
		/* Cursor keys: ESC [ A or ESC O A */
		if (keys[i] == '\033' && i + 2 < size) {
			i += 2;
			if (keys[i] == 'A' || keys[i] == 'B')
				move(s, keys[i] == 'A' ? -1 : 1);
		} else if (!handle_key(opt, s, keys[i], now)) {
			return false;
		}
	}
	return true;
}

void top_run(struct options *opt)
{
	static struct sample samples[2], delta;
	double next = top_clock() + opt->interval;
	unsigned which = 0;

	sample_must_read(opt, &samples[0]);
	if (opt->vm >= 0) {
		view.details = true;
		view.id = (unsigned)opt->vm;
		opt->vm = -1;
		sample_must_read(opt, &samples[0]);
	}
	delta = samples[0]; /* the first look: since each VM began */
	top_catch_signals();
	terminal_enter();
	while (!stopped) {
		bool now = false;

		show(opt, &delta);
		if (top_wait(next, true) && !handle_keys(opt, &delta, &now))
			break;
		if (now || top_clock() >= next) {
			next = top_clock() + opt->interval;
			if (!sample_read(opt, &samples[!which])) {
				terminal_restore();
				sample_must_read(opt, &samples[!which]);
			}
			sample_difference(&delta, &samples[which], &samples[!which]);
			which = !which;
		}
	}
}
