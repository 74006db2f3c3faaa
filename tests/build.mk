# SPDX-License-Identifier: BSD-2-Clause
# Running what the folders have hooked in (tests/hooks.mk), and the system tests.

.PHONY: test test-unit test-fuzz test-tap test-system check lint

# Words for pytest: make test-system T='-k disk'
T ?=
SYSTEM_WORDS = --kout=$(KOUT) $(if $(BASELINE),--baseline=$(BASELINE)) $(T)

test: $(UNIT_TESTS) $(FUZZ_TARGETS) run-images $(SYSTEM_FILES) $(TAP_IMAGES)
	@tests/run.py --build $(BUILD) --unit $(UNIT_TESTS) --fuzz $(FUZZ_TARGETS) --fuzz-seconds $(FUZZ_SECONDS) \
		--check $(sort lint $(CHECK_TARGETS)) --tap-image $(TAP_IMAGES) --system -- $(SYSTEM_WORDS)

check: $(UNIT_TESTS)
	@tests/run.py --build $(BUILD) --unit $(UNIT_TESTS) --check $(sort lint $(CHECK_TARGETS))

test-unit: $(UNIT_TESTS)
	@tests/run.py --build $(BUILD) --unit $(UNIT_TESTS)

test-fuzz: $(FUZZ_TARGETS)
	@tests/run.py --build $(BUILD) --fuzz $(FUZZ_TARGETS) --fuzz-seconds $(FUZZ_SECONDS)

# Programs that need the board but no Linux: the kernel's ABI, hostile guests.
test-tap: $(TAP_IMAGES)
	@tests/run.py --build $(BUILD) --tap-image $(TAP_IMAGES)

test-system: run-images $(if $(BASELINE),,$(SYSTEM_FILES))
	@tests/run.py --build $(BUILD) --system -- $(SYSTEM_WORDS)

fuzz-%: $(BUILD)/fuzz/%
	@mkdir -p $<.work/corpus
	$< -artifact_prefix=$<.work/ $<.work/corpus $(wildcard tests/fuzz/$*)

lint:
	@tools/lint.sh

include tests/model/build.mk
