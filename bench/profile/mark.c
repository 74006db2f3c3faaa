// SPDX-License-Identifier: BSD-2-Clause
/*
 * mark begin|end: executes the hint that the plugin waits for. What the processor does between the two is counted.
 */
#include <stdio.h>
#include <string.h>

#include "mark.h"

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "begin")) {
		__asm__ volatile("hint %0" ::"i"(MARK_BEGIN));
	} else if (argc == 2 && !strcmp(argv[1], "end")) {
		__asm__ volatile("hint %0" ::"i"(MARK_END));
	} else {
		fprintf(stderr, "usage: mark begin|end\n");
		return 2;
	}
	return 0;
}
