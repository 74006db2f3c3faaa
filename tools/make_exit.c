// SPDX-License-Identifier: BSD-2-Clause
/*
 * A GNU make extension: $(exit STATUS) ends make with that exit status. make itself only knows 0,
 * 1 and 2, and `make run CMD=...` promises the status of the command.
 */
#include <stdlib.h>
#include <gnumake.h>

int plugin_is_GPL_compatible;
int make_exit_gmk_setup(const gmk_floc *floc);

static char *make_exit(const char *name, unsigned int argc, char **argv)
{
	(void)name;
	exit(argc ? atoi(argv[0]) : 0);
}

int make_exit_gmk_setup(const gmk_floc *floc)
{
	(void)floc;
	gmk_add_function("exit", make_exit, 1, 1, GMK_FUNC_DEFAULT);
	return 1;
}
