/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selkie-stat: what user-VMs do, out of selkie.ko's debugfs folder (docs/observability.md says what each word means).
 *
 * A file of that folder is lines of a name and a number. This program knows the names it computes with and shows all.
 */
#ifndef STAT_STAT_H
#define STAT_STAT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define DEBUGFS "/sys/kernel/debug"

#define WORDS_MAX 48
#define NAME_SIZE 32
#define VMS_MAX 64
#define VCPUS_MAX 8
#define NS_PER_S 1000000000.0

struct group {
	unsigned words;
	char name[WORDS_MAX][NAME_SIZE];
	uint64_t value[WORDS_MAX];
};

struct vm {
	unsigned id;
	char name[NAME_SIZE], comm[NAME_SIZE];
	struct group vm, memory;
	unsigned vcpus;
	unsigned vcpu_id[VCPUS_MAX];
	struct group vcpu[VCPUS_MAX];
};

struct sample {
	double seconds; /* since boot; in a difference: its length */
	bool difference;
	struct group service, root;
	unsigned vms;
	struct vm vm[VMS_MAX];
};

struct options {
	const char *dir;
	double interval; /* seconds */
	unsigned count; /* 0: no end */
	int vm; /* -1: all */
	bool once, json, interval_given;
	unsigned sort; /* column */
	bool reverse;
};

/* --- sample.c ------------------------------------------------------------------------------------ */

/* Looks at all VMs or opt->vm. A VM that goes away meanwhile is left out. False: nothing can be read (errno). */
bool sample_read(const struct options *opt, struct sample *s);
/* The same; ends the program with a message when there is nothing, or no opt->vm. */
void sample_must_read(const struct options *opt, struct sample *s);
/* What happened between two samples; a VM made in between counts from its beginning. */
void sample_difference(struct sample *out, const struct sample *old, const struct sample *new);
/* 0 when there is no such word. */
uint64_t sample_word(const struct group *g, const char *name);
/* Its sum over the VM's vCPUs. */
uint64_t sample_vcpus_word(const struct vm *v, const char *name);
/* A word that is not counted from zero and so has no difference. */
bool sample_is_gauge(const char *name);
const struct vm *sample_vm(const struct sample *s, unsigned id);

/* --- table.c -------------------------------------------------------------------------------------- */

/* Lines above the first VM's. */
#define TABLE_HEAD 3

/* Number of the column with this title, -1 when there is none. */
int table_column(const char *title);
unsigned table_columns(void);
/* Sorts the VMs and prints a line for each; with opt->vm the details of that one. */
void table_print(FILE *out, const struct options *opt, struct sample *s);
/* All words of one VM. */
void table_details(FILE *out, const struct sample *s, const struct vm *v);
/* One line, an object. */
void table_json(FILE *out, const struct sample *s);

/* --- top.c ---------------------------------------------------------------------------------------- */

/* From now on SIGINT, SIGTERM, SIGHUP and SIGWINCH arrive only in top_wait(). */
void top_catch_signals(void);
/* A signal says that it is enough. */
bool top_stopped(void);
double top_clock(void);
/* Waits for a time of top_clock(), a signal or, with `keys`, a key: true. */
bool top_wait(double when, bool keys);
/* The view on a terminal, until `q`. */
void top_run(struct options *opt);

#endif
