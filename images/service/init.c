// SPDX-License-Identifier: BSD-2-Clause
/*
 * Process 1 of the service-VM: runs the start-up script, keeps a shell on the console and the
 * command agent alive, collects orphans, and ends the machine when busybox's poweroff, reboot or
 * halt signal it:
 *
 *	SIGUSR2			power off
 *	SIGTERM, SIGINT		reboot (SIGINT: Ctrl-Alt-Del)
 *	SIGUSR1			halt
 *
 * It sleeps in sigwaitinfo() and nowhere else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RC_SCRIPT "/usr/lib/selkie/rc"
#define AGENT "/usr/lib/selkie/agent"
#define SHELL "/bin/bash"
#define TTY_NAME_FILE "/sys/class/tty/console/active"

/* A service that ends sooner than this after its start counts as failed; after so many in a row
 * it is left alone.
 */
#define MIN_LIFE_SECONDS 1
#define MAX_FAILURES 5

/* How long processes get between SIGTERM and SIGKILL at the end. */
#define TERM_SECONDS 3

struct service {
	const char *name;
	void (*run)(void); /* in the child; does not return */
	pid_t pid; /* 0: not running */
	time_t started;
	int failures;
};

static sigset_t caught;

static void say(const char *what, const char *detail)
{
	fprintf(stderr, "init: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
}

static time_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* Path of the terminal behind /dev/console, which itself cannot be a controlling terminal. */
static void console_path(char *path, size_t size)
{
	char names[128] = "", *last;
	FILE *file = fopen(TTY_NAME_FILE, "re");

	if (file) {
		if (!fgets(names, sizeof(names), file))
			names[0] = '\0';
		fclose(file);
	}
	names[strcspn(names, "\n")] = '\0';
	last = strrchr(names, ' ');
	snprintf(path, size, "/dev/%s", names[0] ? (last ? last + 1 : names) : "console");
}

static void run_shell(void)
{
	char path[160];
	int fd;

	console_path(path, sizeof(path));
	fd = open(path, O_RDWR);
	if (fd < 0)
		_exit(1);
	ioctl(fd, TIOCSCTTY, 1);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
	setenv("TERM", "vt220", 1);
	execl(SHELL, "-bash", (char *)NULL);
	_exit(1);
}

static void run_agent(void)
{
	execl(AGENT, AGENT, (char *)NULL);
	_exit(1);
}

static struct service services[] = {
	{ .name = "agent", .run = run_agent },
	{ .name = "console shell", .run = run_shell },
};

#define NUM_SERVICES (sizeof(services) / sizeof(services[0]))

/* A child with a session of its own and default signal handling. */
static pid_t spawn(void (*run)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		sigprocmask(SIG_UNBLOCK, &caught, NULL);
		run();
		_exit(1);
	}
	if (pid < 0)
		say("fork", strerror(errno));
	return pid < 0 ? 0 : pid;
}

static void service_start(struct service *service)
{
	service->started = now();
	service->pid = spawn(service->run);
}

static void service_ended(struct service *service)
{
	service->pid = 0;
	if (now() - service->started >= MIN_LIFE_SECONDS)
		service->failures = 0;
	else
		service->failures++;
	if (service->failures < MAX_FAILURES)
		service_start(service);
	else
		say("keeps failing, not started again", service->name);
}

static void run_rc(void)
{
	execl(RC_SCRIPT, RC_SCRIPT, (char *)NULL);
	say(RC_SCRIPT, strerror(errno));
	_exit(1);
}

static void reap(bool restart)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		for (size_t i = 0; restart && i < NUM_SERVICES; i++) {
			if (services[i].pid == pid)
				service_ended(&services[i]);
		}
	}
}

/* Waits until no child is left or @seconds have passed. */
static void wait_all(int seconds)
{
	struct timespec limit = { .tv_sec = seconds };
	sigset_t child;
	time_t end = now() + seconds;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		reap(false);
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return;
		limit.tv_sec = end - now();
		if (limit.tv_sec < 0 || sigtimedwait(&child, NULL, &limit) < 0)
			return;
	}
}

static void end_machine(int how)
{
	kill(-1, SIGTERM);
	kill(-1, SIGHUP);
	kill(-1, SIGCONT);
	wait_all(TERM_SECONDS);
	kill(-1, SIGKILL);
	wait_all(TERM_SECONDS);
	umount2("/mnt/share", MNT_DETACH);
	sync();
	mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
	reboot(how);
	say("reboot", strerror(errno));
}

int main(void)
{
	pid_t rc;
	int status;

	if (getpid() != 1) {
		fprintf(stderr, "init: only as process 1\n");
		return 1;
	}
	/* All signals that matter are waited for, none is handled. */
	sigemptyset(&caught);
	sigaddset(&caught, SIGCHLD);
	sigaddset(&caught, SIGTERM);
	sigaddset(&caught, SIGINT);
	sigaddset(&caught, SIGUSR1);
	sigaddset(&caught, SIGUSR2);
	sigprocmask(SIG_BLOCK, &caught, NULL);
	reboot(RB_DISABLE_CAD);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("USER", "root", 1);
	setenv("LANG", "C.UTF-8", 1);
	umask(022);

	rc = spawn(run_rc);
	while (rc > 0 && waitpid(rc, &status, 0) < 0 && errno == EINTR)
		;
	if (chdir("/root") < 0)
		say("/root", strerror(errno));
	for (size_t i = 0; i < NUM_SERVICES; i++)
		service_start(&services[i]);
	for (;;) {
		switch (sigwaitinfo(&caught, NULL)) {
		case SIGCHLD:
			reap(true);
			break;
		case SIGTERM:
		case SIGINT:
			end_machine(LINUX_REBOOT_CMD_RESTART);
			break;
		case SIGUSR1:
			end_machine(LINUX_REBOOT_CMD_HALT);
			break;
		case SIGUSR2:
			end_machine(LINUX_REBOOT_CMD_POWER_OFF);
			break;
		}
	}
}
