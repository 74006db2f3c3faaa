# SPDX-License-Identifier: BSD-2-Clause
# What other folders' build.mk use to hook their tests in. Included before all of them.
#
# $(eval $(call unit_test,NAME,SOURCES[,EXTRA_CFLAGS]))
#     builds $(BUILD)/unit/NAME for the build machine under ASan and UBSan and adds it to UNIT_TESTS. The program prints
#     TAP (`ok N - what`, `not ok N - what`, plan `1..N` anywhere) or just exits; exit status 0 means passed.
# $(eval $(call fuzz_target,NAME,SOURCES[,EXTRA_CFLAGS]))
#     builds $(BUILD)/fuzz/NAME with clang's libFuzzer, ASan and UBSan and adds it to FUZZ_TARGETS. `make test` runs each
#     for FUZZ_SECONDS with the seeds of tests/fuzz/NAME/ when that folder exists; `make fuzz-NAME` runs it until stopped.
#
# Sources are compiled in one step with HOST_CPPFLAGS (so `#include "vmm/vgic/dist.c"` for statics works with -I.).
# `make test` runs them side by side with all others: they write only into folders and sockets of their own. In tests/conftest.py
# are the marks for system tests that mind company, belong together, or take long.
#
# Other hooks, appended with `+=` in a build.mk:
#     UNIT_TESTS    more executables (their rules are the folder's own)
#     CHECK_TARGETS phony targets that `make check` and `make test` run (spin models, sparse); exit status counts
#     LONG_TARGETS  phony targets of `make test-long`: what takes too long for `make test`; docs/testing.md says when they ran
#     BENCH_TARGETS phony targets of `make bench`
#     TAP_IMAGES    bootable images that print TAP on the board's console, ending with a plan or with the machine off
#     SYSTEM_FILES  what system tests need built: images they boot, programs they start
#     SERVICE_FILES file:path pairs to put into the service-VM's root file system (a .ko is installed as a kernel module)
UNIT_TESTS :=
FUZZ_TARGETS :=
CHECK_TARGETS :=
TAP_IMAGES :=
SYSTEM_FILES :=
LONG_TARGETS :=
BENCH_TARGETS :=
SERVICE_FILES :=
FUZZ_SECONDS ?= 5

define unit_test
UNIT_TESTS += $$(BUILD)/unit/$(1)
$$(BUILD)/unit/$(1): $(2)
	@mkdir -p $$(@D)
	@echo "  HOSTCC  $$@"
	$$(Q)$$(HOST_CC) $$(HOST_CPPFLAGS) $$(HOST_CFLAGS) $$(HOST_SAN) $(3) -MM -MP -MT $$@ $(filter %.c,$(2)) > $$@.d
	$$(Q)$$(HOST_CC) $$(HOST_CPPFLAGS) $$(HOST_CFLAGS) $$(HOST_SAN) $(3) -o $$@ $(filter %.c,$(2))
endef

define fuzz_target
FUZZ_TARGETS += $$(BUILD)/fuzz/$(1)
$$(BUILD)/fuzz/$(1): $(2)
	@mkdir -p $$(@D)
	@echo "  FUZZCC  $$@"
	$$(Q)$$(HOST_CLANG) $$(HOST_CPPFLAGS) $$(HOST_CFLAGS) $$(filter-out -l%,$(3)) -MM -MP -MT $$@ $(filter %.c,$(2)) > $$@.d
	$$(Q)$$(HOST_CLANG) $$(HOST_CPPFLAGS) $$(HOST_CFLAGS) $$(HOST_SAN) -fsanitize=fuzzer $(3) -o $$@ $(filter %.c,$(2))
endef
