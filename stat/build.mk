# SPDX-License-Identifier: BSD-2-Clause
# selkie-stat, a program of the service-VM.
STAT_SRCS := $(addprefix stat/,main.c sample.c table.c top.c)
STAT_BIN := $(BUILD)/stat/selkie-stat

$(STAT_BIN): $(STAT_SRCS) stat/stat.h
	@mkdir -p $(@D)
	@echo "  LINUXCC $@"
	$(Q)$(LINUX_CC) $(LINUX_CFLAGS) -I. -o $@ $(STAT_SRCS)

SERVICE_FILES += $(STAT_BIN):usr/bin/selkie-stat
