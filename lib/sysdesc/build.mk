# SPDX-License-Identifier: BSD-2-Clause
# System description, derived device trees, boot layout. Users link SYSDESC_SRCS with libfdt: -lfdt on the build
# machine; $(LIBFDT_A), SYSDESC_TARGET_SRCS and lib/string on the target.
SYSDESC_SRCS := $(addprefix lib/,sysdesc/sysdesc.c sysdesc/board.c sysdesc/report.c \
	vmfdt/tree.c vmfdt/pick.c vmfdt/devices.c vmfdt/build.c vmfdt/check.c bootimage/bootimage.c)
SYSDESC_TARGET_SRCS := $(SYSDESC_SRCS) lib/fdtshim/fdtshim.c

SYSDESC_OBJS := $(SYSDESC_TARGET_SRCS:%.c=$(BUILD)/target/%.o)
$(SYSDESC_OBJS): TARGET_CPPFLAGS += -isystem $(LIBFDT_INC)
$(SYSDESC_OBJS): | $(DEBIAN_DEV)
