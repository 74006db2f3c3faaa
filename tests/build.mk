# SPDX-License-Identifier: BSD-2-Clause
# Running what the folders have hooked in (tests/hooks.mk), and the system tests.

.PHONY: test test-unit test-fuzz test-system check lint

# Words for pytest: make test-system T='-k disk'
T ?=
SYSTEM_WORDS = --kout=$(KOUT) $(if $(BASELINE),--baseline=$(BASELINE)) $(T)
# What system tests boot beside Selkie itself: other folders append images.
TEST_IMAGES ?=

test: $(UNIT_TESTS) $(FUZZ_TARGETS) run-images $(TEST_IMAGES)
	@tests/run.py --build $(BUILD) --unit $(UNIT_TESTS) --fuzz $(FUZZ_TARGETS) --fuzz-seconds $(FUZZ_SECONDS) \
		--check lint $(CHECK_TARGETS) --system -- $(SYSTEM_WORDS)

check: $(UNIT_TESTS)
	@tests/run.py --build $(BUILD) --unit $(UNIT_TESTS) --check lint $(CHECK_TARGETS)

test-unit: $(UNIT_TESTS)
	@tests/run.py --build $(BUILD) --unit $(UNIT_TESTS)

test-fuzz: $(FUZZ_TARGETS)
	@tests/run.py --build $(BUILD) --fuzz $(FUZZ_TARGETS) --fuzz-seconds $(FUZZ_SECONDS)

test-system: run-images $(if $(BASELINE),,$(TEST_IMAGES))
	@tests/run.py --build $(BUILD) --system -- $(SYSTEM_WORDS)

fuzz-%: $(BUILD)/fuzz/%
	@mkdir -p $<.work/corpus
	$< -artifact_prefix=$<.work/ $<.work/corpus $(wildcard tests/fuzz/$*)

lint:
	@tools/lint.sh
