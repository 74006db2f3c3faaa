// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a user-VM of tests/system/test_virtio.py does with its devices and busybox cannot:
 *
 *	virtio-tool vsock CID PORT		connects, sends stdin, prints what comes back
 *	virtio-tool vsock-listen PORT		the same with the first who connects
 *	virtio-tool events COUNT		reads that many key and position events from stdin, prints "type code value"
 *	virtio-tool picture WIDTH HEIGHT	prints a picture, 32 bits a pixel: red grows to the right, green downwards
 *	virtio-tool tone RATE FRAMES		plays a saw-tooth on /dev/dsp, 16 bit, stereo, the right one upside down
 *	virtio-tool crypt encrypt|decrypt ALGORITHM KEY IV	stdin to stdout with a driver of the kernel; hexadecimal
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_alg.h>
#include <linux/input.h>
#include <linux/soundcard.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* needs struct sockaddr */
#include <linux/vm_sockets.h>

#define CHUNK 4096
/* test_virtio.py knows them, too. */
#define TONE_PERIOD 100
#define TONE_STEP 200

static void die(const char *what)
{
	fprintf(stderr, "virtio-tool: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* As much as there is, at most size; 0 at the end. */
static size_t read_some(int fd, void *data, size_t size)
{
	ssize_t got = read(fd, data, size);

	if (got < 0)
		die("read");
	return got;
}

/* size bytes, fewer at the end only */
static size_t read_full(int fd, void *data, size_t size)
{
	size_t got = 0, more;

	do {
		more = read_some(fd, (char *)data + got, size - got);
		got += more;
	} while (more && got < size);
	return got;
}

static void write_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size) {
		ssize_t put = write(fd, at, size);

		if (put < 0)
			die("write");
		at += put;
		size -= put;
	}
}

static void copy(int from, int to)
{
	char data[CHUNK];
	size_t size;

	while ((size = read_some(from, data, sizeof(data))))
		write_all(to, data, size);
}

/* --- vsock ------------------------------------------------------------------------------------ */
static void vsock_talk(int fd)
{
	copy(0, fd);
	if (shutdown(fd, SHUT_WR))
		die("shutdown");
	copy(fd, 1);
}

static struct sockaddr_vm vsock_address(unsigned int cid, const char *port)
{
	return (struct sockaddr_vm){ .svm_family = AF_VSOCK,
				     .svm_cid = cid,
				     .svm_port = strtoul(port, NULL, 0) };
}

static void vsock_connect(char **args)
{
	struct sockaddr_vm address = vsock_address(strtoul(args[0], NULL, 0), args[1]);
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		die("vsock");
	vsock_talk(fd);
}

static void vsock_listen(char **args)
{
	struct sockaddr_vm address = vsock_address(VMADDR_CID_ANY, args[0]);
	int listener = socket(AF_VSOCK, SOCK_STREAM, 0), fd;

	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 1))
		die("vsock");
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		die("accept");
	vsock_talk(fd);
}

/* --- input ------------------------------------------------------------------------------------ */
static void print_events(char **args)
{
	unsigned long left = strtoul(args[0], NULL, 0);
	struct input_event event;

	while (left) {
		if (read_full(0, &event, sizeof(event)) != sizeof(event))
			die("event");
		if (event.type != EV_KEY && event.type != EV_ABS)
			continue;
		printf("%u %u %d\n", event.type, event.code, event.value);
		left--;
	}
}

/* --- picture, sound --------------------------------------------------------------------------- */
static void print_picture(char **args)
{
	unsigned int width = strtoul(args[0], NULL, 0), height = strtoul(args[1], NULL, 0), x, y;
	uint32_t pixel;

	for (y = 0; y < height; y++) {
		for (x = 0; x < width; x++) {
			pixel = (255 * x / (width - 1)) << 16 | (255 * y / (height - 1)) << 8 |
				((x ^ y) & 255);
			fwrite(&pixel, sizeof(pixel), 1, stdout);
		}
	}
	if (fflush(stdout))
		die("picture");
}

static void play_tone(char **args)
{
	int format = AFMT_S16_LE, channels = 2, rate = atoi(args[0]), want = rate;
	unsigned int frames = strtoul(args[1], NULL, 0), i;
	int fd = open("/dev/dsp", O_WRONLY);
	int16_t frame[2];
	FILE *out;

	if (fd < 0 || ioctl(fd, SNDCTL_DSP_SETFMT, &format) ||
	    ioctl(fd, SNDCTL_DSP_CHANNELS, &channels) || ioctl(fd, SNDCTL_DSP_SPEED, &rate))
		die("/dev/dsp");
	if (format != AFMT_S16_LE || channels != 2 || rate != want) {
		errno = EINVAL;
		die("format");
	}
	out = fdopen(fd, "w");
	for (i = 0; i < frames; i++) {
		frame[0] = (int)(i % TONE_PERIOD) * TONE_STEP - TONE_PERIOD * TONE_STEP / 2;
		frame[1] = -frame[0];
		fwrite(frame, sizeof(frame), 1, out);
	}
	if (fflush(out) || ioctl(fd, SNDCTL_DSP_SYNC))
		die("play");
}

/* --- crypto ----------------------------------------------------------------------------------- */
static size_t from_hex(const char *text, uint8_t *bytes, size_t size)
{
	size_t n;

	for (n = 0; n < size && sscanf(text + 2 * n, "%2hhx", &bytes[n]) == 1; n++)
		;
	return n;
}

/* The whole message of stdin in one request. */
static void crypt_request(int fd, bool encrypt, const uint8_t *iv, size_t iv_size)
{
	static char data[16 * CHUNK];
	char control[CMSG_SPACE(sizeof(uint32_t)) + CMSG_SPACE(sizeof(struct af_alg_iv) + 16)] = "";
	struct iovec piece = { data, read_full(0, data, sizeof(data)) };
	struct msghdr message = { .msg_iov = &piece,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	uint32_t operation = encrypt ? ALG_OP_ENCRYPT : ALG_OP_DECRYPT;
	uint32_t size = iv_size;

	header->cmsg_level = SOL_ALG;
	header->cmsg_type = ALG_SET_OP;
	header->cmsg_len = CMSG_LEN(sizeof(operation));
	memcpy(CMSG_DATA(header), &operation, sizeof(operation));
	header = CMSG_NXTHDR(&message, header);
	header->cmsg_level = SOL_ALG;
	header->cmsg_type = ALG_SET_IV;
	header->cmsg_len = CMSG_LEN(sizeof(size) + iv_size);
	memcpy(CMSG_DATA(header), &size, sizeof(size));
	memcpy(CMSG_DATA(header) + sizeof(size), iv, iv_size);
	if (sendmsg(fd, &message, 0) != (ssize_t)piece.iov_len)
		die("request");
	if (read_full(fd, data, piece.iov_len) != piece.iov_len)
		die("result");
	write_all(1, data, piece.iov_len);
}

static void crypt_data(char **args)
{
	struct sockaddr_alg address = { .salg_family = AF_ALG, .salg_type = "skcipher" };
	uint8_t key[32], iv[16];
	size_t key_size = from_hex(args[2], key, sizeof(key));
	int listener = socket(AF_ALG, SOCK_SEQPACKET, 0), fd;

	snprintf((char *)address.salg_name, sizeof(address.salg_name), "%s", args[1]);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)))
		die(args[1]);
	if (setsockopt(listener, SOL_ALG, ALG_SET_KEY, key, key_size))
		die("key");
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		die("accept");
	crypt_request(fd, !strcmp(args[0], "encrypt"), iv, from_hex(args[3], iv, sizeof(iv)));
}

static const struct {
	const char *name;
	int args;
	void (*run)(char **args);
} commands[] = {
	{ "vsock", 2, vsock_connect },	 { "vsock-listen", 1, vsock_listen },
	{ "events", 1, print_events },	 { "tone", 2, play_tone },
	{ "picture", 2, print_picture }, { "crypt", 4, crypt_data },
};

int main(int argc, char **argv)
{
	unsigned int i;

	for (i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) || argc != commands[i].args + 2)
			continue;
		commands[i].run(argv + 2);
		return 0;
	}
	fprintf(stderr, "virtio-tool: the head of its source says how\n");
	return 2;
}
