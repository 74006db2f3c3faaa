# SPDX-License-Identifier: BSD-2-Clause
# Measurements. Other folders append phony targets to BENCH_TARGETS (tests/hooks.mk).
.PHONY: bench bench-boot

bench: $(BENCH_TARGETS) bench-boot

bench-boot: run-images
	@bench/boot.py --build $(BUILD) --image $(SELKIE_IMG)
