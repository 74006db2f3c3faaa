# SPDX-License-Identifier: BSD-2-Clause
# Booting the board.

SHARE ?= $(BUILD)/share
# The command reaches the runner through the environment, exactly as it was typed: neither make nor a shell sees a $.
SELKIE_CMD := $(value CMD)
# The demonstration without a terminal: the user-VM checks its disk and network, the status says whether all is right.
ifeq ($(DEMO),1)
SELKIE_CMD := selkie-demo --check
endif
unexport CMD

RUN_ARGS = --build $(BUILD) --share $(SHARE) $(if $(BASELINE),--baseline $(BASELINE),--image $(SELKIE_IMG)) \
	$(if $(filter 1,$(ICOUNT)),--icount) $(if $(MEM),--memory $(MEM)) $(if $(DISK),--disk $(DISK)) \
	$(if $(LIMIT),--limit $(LIMIT))

.PHONY: image run run-images run-board

# The bootable image and what it needs beside it on the board's disk.
image: $(SELKIE_IMG)

run-images: linux-images $(if $(BASELINE),,image)

$(BUILD)/tools/make_exit.so: tools/make_exit.c
	@mkdir -p $(@D)
	@echo "  HOSTCC  $@" >&2
	$(Q)$(HOST_CC) -shared -fPIC -O1 $(WARN_CFLAGS) -o $@ $<

# stdout belongs to the command, so everything that builds writes to stderr. Where make cannot be extended, its status
# is 2 for any failure.
ifneq ($(filter run,$(MAKECMDGOALS)),)
-load $(BUILD)/tools/make_exit.so
endif

run-board:
	@$(MAKE_BESIDE) run-images >&2
	@mkdir -p $(BUILD)/status
	@rm -f $(BUILD)/status/$$PPID
	@SELKIE_CMD=$${SELKIE_CMD-} tools/run.py --cmd-env SELKIE_CMD --status-file $(BUILD)/status/$$PPID $(RUN_ARGS) || :

run: export SELKIE_CMD := $(SELKIE_CMD)
run: run-board
	@$(exit $(shell cat $(BUILD)/status/$$PPID || echo 1))exit $$(cat $(BUILD)/status/$$PPID || echo 1)

# --- tests on the build machine ------------------------------------------------------------------
$(BUILD)/unit/test_%: tests/unit/test_%.py tools/build.mk
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec /usr/bin/python3 -B %s\n' $< > $@
	@chmod 755 $@
UNIT_TESTS += $(addprefix $(BUILD)/unit/,test_tree test_deps test_choose_kernel test_debian)
