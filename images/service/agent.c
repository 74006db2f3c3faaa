// SPDX-License-Identifier: BSD-2-Clause
/*
 * Runs commands in the service-VM for the build machine (`make run CMD=...`, the system tests, the
 * benchmarks), over the virtio-serial port "selkie.agent". Both directions carry frames, little
 * endian, back to back:
 *
 *	u32 type, u32 length, then `length` bytes (at most FRAME_MAX)
 *
 *	build machine			service-VM
 *					<- HELLO	/proc/version; once per boot
 *	RUN	for bash -c ->
 *	INPUT	for its stdin ->	(length 0: end of file)
 *	SIGNAL	u32 number ->		(to the command's process group)
 *					<- OUT, ERR	bytes of its stdout, stderr
 *					<- EXIT		u32 status, $? as a shell has it
 *
 * One command at a time: a RUN while one runs is a fault of the peer and is answered by EXIT 125.
 * EXIT is sent when the command itself has ended, after what it had written until then; processes
 * it leaves behind go on, their output is dropped. SIGTERM (from init, at the end) waits for the
 * running command and reports it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT_NAME "selkie.agent"
#define PORT_CLASS "/sys/class/virtio-ports"
#define FRAME_MAX (64 * 1024)
#define CHUNK 4096
#define STATUS_BUSY 125

enum frame_type {
	FRAME_HELLO = 0x534c4b01, /* distinctive: a peer finds it after a crash */
	FRAME_OUT,
	FRAME_ERR,
	FRAME_EXIT,
	FRAME_RUN,
	FRAME_INPUT,
	FRAME_SIGNAL,
};

struct frame_header {
	uint32_t type;
	uint32_t length;
};

struct agent {
	int port;
	int signals; /* signalfd of SIGCHLD and SIGTERM */
	bool ending; /* SIGTERM seen */

	pid_t pid; /* running command, 0: none */
	int in, out, err; /* our ends of its pipes, -1: closed */

	/* Bytes for its stdin that its pipe did not take yet. */
	char *input;
	size_t input_length;
	bool input_eof;
};

static void die(const char *what)
{
	fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_all(int fd, const void *data, size_t length)
{
	const char *at = data;

	while (length) {
		ssize_t n = write(fd, at, length);

		if (n < 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			die("write");
		}
		at += n;
		length -= (size_t)n;
	}
}

static void read_all(int fd, void *data, size_t length)
{
	char *at = data;

	while (length) {
		ssize_t n = read(fd, at, length);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			die("read");
		at += n;
		length -= (size_t)n;
	}
}

/* One write per frame: the console driver hands it to the device in one piece. */
static void send_frame(struct agent *agent, uint32_t type, const void *data, size_t length)
{
	char buffer[sizeof(struct frame_header) + CHUNK];
	struct frame_header header = { .type = type, .length = (uint32_t)length };

	memcpy(buffer, &header, sizeof(header));
	memcpy(buffer + sizeof(header), data, length);
	write_all(agent->port, buffer, sizeof(header) + length);
}

static void send_exit(struct agent *agent, uint32_t status)
{
	send_frame(agent, FRAME_EXIT, &status, sizeof(status));
}

/* Opens the port by the name the machine gave it. Its device node is named after its number. */
static int open_port(void)
{
	char path[512], name[64];
	struct dirent *entry;
	DIR *dir = opendir(PORT_CLASS);

	while (dir && (entry = readdir(dir))) {
		FILE *file;
		bool match;

		snprintf(path, sizeof(path), PORT_CLASS "/%s/name", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		match = fgets(name, sizeof(name), file) &&
			!strncmp(name, PORT_NAME "\n", sizeof(PORT_NAME) + 1);
		fclose(file);
		if (match) {
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			closedir(dir);
			return open(path, O_RDWR | O_CLOEXEC);
		}
	}
	if (dir)
		closedir(dir);
	return -1;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Hands the command what its pipe takes; the rest waits for the pipe to become writable. */
static void feed_input(struct agent *agent)
{
	while (agent->in >= 0 && agent->input_length) {
		ssize_t n = write(agent->in, agent->input, agent->input_length);

		if (n < 0) {
			if (errno == EAGAIN)
				return;
			if (errno == EINTR)
				continue;
			/* The command does not read any more. */
			close_fd(&agent->in);
			break;
		}
		agent->input_length -= (size_t)n;
		memmove(agent->input, agent->input + n, agent->input_length);
	}
	if (agent->in < 0)
		agent->input_length = 0;
	if (agent->input_eof && !agent->input_length)
		close_fd(&agent->in);
}

static void add_input(struct agent *agent, const char *data, size_t length)
{
	if (agent->in < 0)
		return;
	if (length) {
		char *grown = realloc(agent->input, agent->input_length + length);

		if (!grown)
			die("memory");
		memcpy(grown + agent->input_length, data, length);
		agent->input = grown;
		agent->input_length += length;
	} else {
		agent->input_eof = true;
	}
	feed_input(agent);
}

static void run_child(const char *command, int in, int out, int err)
{
	sigset_t none;

	setsid();
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	if (chdir("/root") < 0)
		_exit(126);
	execl("/bin/bash", "bash", "-c", command, (char *)NULL);
	_exit(127);
}

static void start_command(struct agent *agent, const char *command)
{
	int in[2], out[2], err[2];

	if (agent->pid) {
		send_exit(agent, STATUS_BUSY);
		return;
	}
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		die("pipe");
	agent->pid = fork();
	if (agent->pid < 0)
		die("fork");
	if (agent->pid == 0)
		run_child(command, in[0], out[1], err[1]);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	agent->in = in[1];
	agent->out = out[0];
	agent->err = err[0];
	agent->input_length = 0;
	agent->input_eof = false;
	fcntl(agent->in, F_SETFL, O_NONBLOCK);
	fcntl(agent->out, F_SETFL, O_NONBLOCK);
	fcntl(agent->err, F_SETFL, O_NONBLOCK);
}

/* Sends on what is there. Returns true while there may be more. */
static bool relay(struct agent *agent, int *fd, uint32_t type)
{
	char buffer[CHUNK];
	ssize_t n;

	if (*fd < 0)
		return false;
	n = read(*fd, buffer, sizeof(buffer));
	if (n > 0) {
		send_frame(agent, type, buffer, (size_t)n);
		return true;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	close_fd(fd);
	return false;
}

static void command_ended(struct agent *agent, int status)
{
	while (relay(agent, &agent->out, FRAME_OUT))
		;
	while (relay(agent, &agent->err, FRAME_ERR))
		;
	close_fd(&agent->in);
	close_fd(&agent->out);
	close_fd(&agent->err);
	agent->pid = 0;
	if (WIFSIGNALED(status))
		send_exit(agent, 128 + (uint32_t)WTERMSIG(status));
	else
		send_exit(agent, (uint32_t)WEXITSTATUS(status));
}

static void take_signals(struct agent *agent)
{
	struct signalfd_siginfo info;
	int status;

	while (read(agent->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM)
			agent->ending = true;
	}
	while (agent->pid && waitpid(agent->pid, &status, WNOHANG) == agent->pid)
		command_ended(agent, status);
}

static void take_frame(struct agent *agent)
{
	static char data[FRAME_MAX + 1];
	struct frame_header header;
	uint32_t number;

	read_all(agent->port, &header, sizeof(header));
	if (header.length > FRAME_MAX) {
		errno = EMSGSIZE;
		die("frame");
	}
	read_all(agent->port, data, header.length);
	data[header.length] = '\0';
	switch (header.type) {
	case FRAME_RUN:
		start_command(agent, data);
		break;
	case FRAME_INPUT:
		add_input(agent, data, header.length);
		break;
	case FRAME_SIGNAL:
		memcpy(&number, data, sizeof(number));
		if (agent->pid && header.length == sizeof(number))
			kill(-agent->pid, (int)number);
		break;
	default:
		errno = EPROTO;
		die("frame");
	}
}

static void say_hello(struct agent *agent)
{
	char version[256] = "";
	FILE *file = fopen("/proc/version", "re");

	if (file) {
		if (!fgets(version, sizeof(version), file))
			version[0] = '\0';
		fclose(file);
	}
	send_frame(agent, FRAME_HELLO, version, strcspn(version, "\n"));
}

static void serve(struct agent *agent)
{
	while (!agent->ending || agent->pid) {
		struct pollfd fds[] = {
			{ .fd = agent->port, .events = POLLIN },
			{ .fd = agent->signals, .events = POLLIN },
			{ .fd = agent->out, .events = POLLIN },
			{ .fd = agent->err, .events = POLLIN },
			{ .fd = agent->input_length ? agent->in : -1, .events = POLLOUT },
		};

		if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0) {
			if (errno == EINTR)
				continue;
			die("poll");
		}
		if (fds[2].revents)
			relay(agent, &agent->out, FRAME_OUT);
		if (fds[3].revents)
			relay(agent, &agent->err, FRAME_ERR);
		if (fds[4].revents)
			feed_input(agent);
		if (fds[1].revents)
			take_signals(agent);
		if (fds[0].revents & POLLIN)
			take_frame(agent);
		else if (fds[0].revents & (POLLHUP | POLLERR))
			break;
	}
}

int main(void)
{
	struct agent agent = { .in = -1, .out = -1, .err = -1 };
	sigset_t set;

	agent.port = open_port();
	if (agent.port < 0) {
		/* No port, no commands: stay, so that init need not know about it. */
		for (;;)
			pause();
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* init hangs up on the console shell, at the end */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	agent.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (agent.signals < 0)
		die("signalfd");
	say_hello(&agent);
	serve(&agent);
	return 0;
}
