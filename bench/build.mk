# SPDX-License-Identifier: BSD-2-Clause
# Measurements. Other folders append phony targets to BENCH_TARGETS (tests/hooks.mk).
.PHONY: bench bench-boot bench-exit bench-idle bench-tables

# QUICK=1: the tables in short and the exits, within 10 minutes.
bench: bench-tables $(BENCH_TARGETS) bench-exit $(if $(filter 1,$(QUICK)),,bench-idle bench-boot)

$(BUILD)/bench/deps: tools/deps.sh images/packages/bench.list
	@mkdir -p $(@D)
	@sh tools/deps.sh images/packages/bench.list >&2
	@touch $@

# The paper's two tables, Selkie beside KVM. ONLY=tcp: only the scenarios whose name begins so.
bench-tables: run-images $(BUILD)/bench/deps
	@bench/tables.py --build $(BUILD) --image $(SELKIE_IMG) --name $(KERNEL_NAME) $(if $(filter 1,$(QUICK)),--quick) \
		$(if $(ONLY),--only $(ONLY))

bench-boot: run-images
	@bench/boot.py --build $(BUILD) --image $(SELKIE_IMG)

# Instructions an exit costs; the bare guest takes the service-VM's place.
bench-exit: $(KOUT)/exitbench.img
	@mkdir -p $(BUILD)/bench
	@bench/exit.py --build $(BUILD) --kernel $(KERNEL_NAME) --json $(BUILD)/bench/exit-$(KERNEL_NAME).json $<

# Share of time the CPU is awake while the service-VM does nothing.
bench-idle: run-images
	@bench/idle.py --build $(BUILD) --image $(SELKIE_IMG)

$(BUILD)/unit/test_bench: tests/unit/test_bench.py bench/build.mk
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec /usr/bin/python3 -B %s\n' $< > $@
	@chmod +x $@
UNIT_TESTS += $(BUILD)/unit/test_bench
