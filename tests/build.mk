# SPDX-License-Identifier: BSD-2-Clause
# Running what the folders have hooked in (tests/hooks.mk), and the system tests.

.PHONY: test test-unit test-fuzz test-tap test-system test-long check lint

# Words for pytest: make test-system T='-k disk'
T ?=
SYSTEM_WORDS = --kout=$(KOUT) $(if $(BASELINE),--baseline=$(BASELINE)) $(T)

$(BUILD)/unit/test_run: tests/unit/test_run.py tests/build.mk
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec /usr/bin/python3 -B %s %s\n' $< $(@D) > $@
	@chmod +x $@
UNIT_TESTS += $(BUILD)/unit/test_run

RUN_TESTS = tests/run.py --build $(BUILD) --jobs $(JOBS)

# What tests are made of is built by all processors, before the first of them starts.
.PHONY: test-files unit-files fuzz-files tap-files system-files
unit-files: $(UNIT_TESTS)
fuzz-files: $(FUZZ_TARGETS)
tap-files: $(TAP_IMAGES)
system-files: run-images $(if $(BASELINE),,$(SYSTEM_FILES))
test-files: unit-files fuzz-files tap-files system-files
unit-files fuzz-files tap-files system-files test-files:
	@:

test:
	@$(MAKE_BESIDE) test-files
	@$(RUN_TESTS) --unit $(UNIT_TESTS) --fuzz $(FUZZ_TARGETS) --fuzz-seconds $(FUZZ_SECONDS) \
		--check $(sort lint $(CHECK_TARGETS)) --tap-image $(TAP_IMAGES) --system -- $(SYSTEM_WORDS)

check:
	@$(MAKE_BESIDE) unit-files
	@$(RUN_TESTS) --unit $(UNIT_TESTS) --check $(sort lint $(CHECK_TARGETS))

test-unit:
	@$(MAKE_BESIDE) unit-files
	@$(RUN_TESTS) --unit $(UNIT_TESTS)

test-fuzz:
	@$(MAKE_BESIDE) fuzz-files
	@$(RUN_TESTS) --fuzz $(FUZZ_TARGETS) --fuzz-seconds $(FUZZ_SECONDS)

# Programs that need the board but no Linux: the kernel's ABI, hostile guests.
test-tap:
	@$(MAKE_BESIDE) tap-files
	@$(RUN_TESTS) --tap-image $(TAP_IMAGES)

test-system:
	@$(MAKE_BESIDE) system-files
	@$(RUN_TESTS) --system -- $(SYSTEM_WORDS)

# What takes too long for `make test`.
test-long: $(LONG_TARGETS)

fuzz-%: $(BUILD)/fuzz/%
	@mkdir -p $<.work/corpus
	$< -artifact_prefix=$<.work/ $<.work/corpus $(wildcard tests/fuzz/$*)

lint:
	@tools/lint.sh

include tests/model/build.mk
