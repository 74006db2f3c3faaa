// SPDX-License-Identifier: BSD-2-Clause
/* One look at the folder. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <linux/magic.h>

#include "stat/stat.h"

/* What is not counted from zero and so has no difference. */
static const char *const gauges[] = {
	"pid",	 "vcpus",	 "created_ns",	  "uptime_ns",	"objects",
	"bytes", "untyped_free", "untyped_total", "slots_used", "asids_used",
	"vms",	 "quota_free",	 "frames_shared",
};

/* --- words ------------------------------------------------------------------------------------- */
static void copy_name(char *to, const char *from)
{
	size_t i;

	for (i = 0; from[i] && i < NAME_SIZE - 1; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[i] = '\0';
}

uint64_t sample_word(const struct group *g, const char *name)
{
	for (unsigned i = 0; i < g->words; i++)
		if (!strcmp(g->name[i], name))
			return g->value[i];
	return 0;
}

uint64_t sample_vcpus_word(const struct vm *v, const char *name)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < v->vcpus; i++)
		sum += sample_word(&v->vcpu[i], name);
	return sum;
}

bool sample_is_gauge(const char *name)
{
	for (unsigned i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++)
		if (!strcmp(gauges[i], name))
			return true;
	return false;
}

/* Words of `g` that are counted become what has been added since `old`. */
static void subtract(struct group *g, const struct group *old)
{
	for (unsigned i = 0; i < g->words; i++)
		if (!sample_is_gauge(g->name[i]))
			g->value[i] -= sample_word(old, g->name[i]);
}

const struct vm *sample_vm(const struct sample *s, unsigned id)
{
	for (unsigned i = 0; i < s->vms; i++)
		if (s->vm[i].id == id)
			return &s->vm[i];
	return NULL;
}

void sample_difference(struct sample *out, const struct sample *old, const struct sample *new)
{
	*out = *new;
	out->difference = true;
	out->seconds = new->seconds - old->seconds;
	subtract(&out->service, &old->service);
	subtract(&out->root, &old->root);
	for (unsigned i = 0; i < out->vms; i++) {
		struct vm *v = &out->vm[i];
		const struct vm *was = sample_vm(old, v->id);

		/* Numbers are used again. */
		if (!was ||
		    sample_word(&was->vm, "created_ns") != sample_word(&v->vm, "created_ns"))
			continue;
		subtract(&v->vm, &was->vm);
		subtract(&v->memory, &was->memory);
		for (unsigned n = 0; n < v->vcpus; n++)
			subtract(&v->vcpu[n], &was->vcpu[n]);
	}
}

/* --- reading ----------------------------------------------------------------------------------- */
/* False: it can not be read (errno). `comm`, where given, gets the one word that is text. */
static bool read_group(const char *dir, struct group *g, char *comm, const char *fmt, ...)
{
	char path[512], line[256], name[NAME_SIZE], text[NAME_SIZE];
	va_list args;
	int used, error;
	FILE *f;

	used = snprintf(path, sizeof(path), "%s/", dir);
	va_start(args, fmt);
	vsnprintf(path + used, sizeof(path) - (size_t)used, fmt, args);
	va_end(args);
	g->words = 0;
	f = fopen(path, "re");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (comm && sscanf(line, "comm %31[^\n]", text) == 1) {
			copy_name(comm, text);
		} else if (g->words < WORDS_MAX &&
			   sscanf(line, "%31s %" SCNu64, name, &g->value[g->words]) == 2) {
			copy_name(g->name[g->words++], name);
		}
	}
	if (ferror(f))
		g->words = 0;
	else
		errno = ENODATA;
	error = errno;
	fclose(f);
	errno = error;
	return g->words;
}

static bool in_debugfs(const char *dir)
{
	return !strncmp(dir, DEBUGFS "/", strlen(DEBUGFS "/"));
}

/* QEMU's -name, "guest=NAME,..." or "NAME,..."; otherwise nothing changes. */
static void name_vm(struct vm *v)
{
	char path[64], text[16384], *end, *p;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%" PRIu64 "/cmdline", sample_word(&v->vm, "pid"));
	f = fopen(path, "re");
	if (!f)
		return;
	size = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[size] = '\0';
	end = text + size;
	for (p = text; p < end; p += strlen(p) + 1) {
		if (strcmp(p, "-name") && strcmp(p, "--name"))
			continue;
		p += strlen(p) + 1;
		if (p < end) {
			if (!strncmp(p, "guest=", 6))
				p += 6;
			p[strcspn(p, ",")] = '\0';
			if (*p)
				copy_name(v->name, p);
		}
		return;
	}
}

static bool read_vm(const char *dir, struct vm *v, unsigned id)
{
	memset(v, 0, sizeof(*v));
	v->id = id;
	if (!read_group(dir, &v->vm, v->comm, "vm%u/vm", id) ||
	    !read_group(dir, &v->memory, NULL, "vm%u/memory", id))
		return false;
	for (unsigned n = 0; n < VCPUS_MAX; n++)
		if (read_group(dir, &v->vcpu[v->vcpus], NULL, "vm%u/vcpu%u", id, n))
			v->vcpu_id[v->vcpus++] = n;
	copy_name(v->name, v->comm);
	/* A copy of the folder speaks of other processes. */
	if (in_debugfs(dir))
		name_vm(v);
	return v->vcpus == sample_word(&v->vm, "vcpus");
}

bool sample_read(const struct options *opt, struct sample *s)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	s->seconds = (double)now.tv_sec + (double)now.tv_nsec / NS_PER_S;
	s->difference = false;
	s->vms = 0;
	if (!read_group(opt->dir, &s->service, NULL, "service") ||
	    !read_group(opt->dir, &s->root, NULL, "counters"))
		return false;
	for (unsigned id = 0; id < VMS_MAX; id++) {
		if ((opt->vm < 0 || (unsigned)opt->vm == id) &&
		    read_vm(opt->dir, &s->vm[s->vms], id))
			s->vms++;
	}
	return true;
}

/* Why nothing can be read, for a person. */
static const char *explain(const char *dir, int error)
{
	struct statfs fs;

	if (error == EACCES || error == EPERM)
		return "permission denied: the counters are root's";
	if (!in_debugfs(dir))
		return strerror(error);
	if (access("/sys/module/selkie", F_OK))
		return "the module selkie is not loaded (modprobe selkie)";
	if (!statfs(DEBUGFS, &fs) && fs.f_type != DEBUGFS_MAGIC)
		return "debugfs is not mounted (mount -t debugfs debugfs " DEBUGFS ")";
	return strerror(error);
}

void sample_must_read(const struct options *opt, struct sample *s)
{
	if (!sample_read(opt, s)) {
		fprintf(stderr, "selkie-stat: %s: %s\n", opt->dir, explain(opt->dir, errno));
		exit(1);
	}
	if (opt->vm >= 0 && !s->vms) {
		fprintf(stderr, "selkie-stat: there is no user-VM %d\n", opt->vm);
		exit(1);
	}
}
