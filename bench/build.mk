# SPDX-License-Identifier: BSD-2-Clause
# Measurements. Other folders append phony targets to BENCH_TARGETS (tests/hooks.mk).
.PHONY: bench bench-boot bench-exit bench-idle

bench: $(BENCH_TARGETS) bench-exit bench-idle bench-boot

bench-boot: run-images
	@bench/boot.py --build $(BUILD) --image $(SELKIE_IMG)

# Instructions an exit costs; the bare guest takes the service-VM's place.
bench-exit: $(KOUT)/exitbench.img
	@mkdir -p $(BUILD)/bench
	@bench/exit.py --build $(BUILD) --kernel $(KERNEL_NAME) --json $(BUILD)/bench/exit-$(KERNEL_NAME).json $<

# Share of time the CPU is awake while the service-VM does nothing.
bench-idle: run-images
	@bench/idle.py --build $(BUILD) --image $(SELKIE_IMG)
