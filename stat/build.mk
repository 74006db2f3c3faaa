# SPDX-License-Identifier: BSD-2-Clause
# selkie-stat, a program of the service-VM.
STAT_SRCS := $(addprefix stat/,main.c sample.c table.c top.c)
STAT_BIN := $(BUILD)/stat/selkie-stat

$(STAT_BIN): $(STAT_SRCS) stat/stat.h
	@mkdir -p $(@D)
	@echo "  LINUXCC $@"
	$(Q)$(LINUX_CC) $(LINUX_CFLAGS) -I. -o $@ $(STAT_SRCS)

SERVICE_FILES += $(STAT_BIN):usr/bin/selkie-stat

# --- test on the build machine, under sanitizers ---------------------------------------------------------
$(BUILD)/unit/selkie-stat: $(STAT_SRCS) stat/stat.h
	@mkdir -p $(@D)
	@echo "  HOSTCC  $@"
	$(Q)$(HOST_CC) $(HOST_CPPFLAGS) $(HOST_CFLAGS) $(HOST_SAN) -I. -o $@ $(STAT_SRCS)

$(BUILD)/unit/test_stat: $(BUILD)/unit/selkie-stat stat/build.mk
	@printf '#!/bin/sh\nexec /usr/bin/python3 -B %s %s\n' tests/unit/test_stat.py $< > $@
	@chmod 755 $@
UNIT_TESTS += $(BUILD)/unit/test_stat
