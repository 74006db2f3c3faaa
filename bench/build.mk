# SPDX-License-Identifier: BSD-2-Clause
# Measurements. Other folders append phony targets to BENCH_TARGETS (tests/hooks.mk).
.PHONY: bench bench-boot bench-exit bench-idle bench-profile bench-tables

# QUICK=1: the tables in short and the exits, within 10 minutes on two processors.
bench: bench-tables $(BENCH_TARGETS) bench-exit $(if $(filter 1,$(QUICK)),,bench-idle bench-boot)

# The paper's two tables, Selkie beside KVM and Xen. ONLY=tcp: only the scenarios whose name begins so. XEN=0: without Xen, whose
# packages nothing else downloads.
bench-tables: run-images $(if $(filter 0,$(XEN)),,xen-images)
	@bench/tables.py --build $(BUILD) --image $(SELKIE_IMG) --name $(KERNEL_NAME) $(if $(filter 1,$(QUICK)),--quick) \
		$(if $(filter 0,$(XEN)),--no-xen) $(if $(ONLY),--only $(ONLY))

bench-boot: run-images
	@bench/boot.py --build $(BUILD) --image $(SELKIE_IMG)

# Instructions an exit costs: a bare guest in the service-VM's place, and a guest of /dev/kvm, which is measured on KVM too.
KVMCOST := $(BUILD)/bench/kvmcost
KVMCOST_SRC := $(addprefix bench/,kvmcost.c kvmcost_guest.S)

$(KVMCOST): $(KVMCOST_SRC) bench/kvmcost.h
	@mkdir -p $(@D)
	@echo "  LINUXCC $@"
	$(Q)$(LINUX_CC) $(LINUX_CFLAGS) -pthread -Ibench -o $@ $(KVMCOST_SRC)

SERVICE_FILES += $(KVMCOST):usr/lib/selkie/kvmcost

bench-exit: $(KOUT)/exitbench.img run-images
	@bench/exit.py --build $(BUILD) --kernel $(KERNEL_NAME) --json $(BUILD)/bench/exit-$(KERNEL_NAME).json --bare $< \
		--image $(SELKIE_IMG) $(if $(filter 1,$(QUICK)),--runs 1)

# Where instructions go while a user-VM syncs its disk: QEMU counts blocks of them (plugin) between two marks (mark).
# FUNCTIONS=20: the most expensive functions of both Linux kernels too.
PROFILE_PLUGIN := $(BUILD)/bench/plugin.so
PROFILE_MARK := $(BUILD)/bench/mark

$(PROFILE_PLUGIN): bench/profile/plugin.c bench/profile/mark.h
	@mkdir -p $(@D)
	@echo "  HOSTCC  $@"
	$(Q)$(HOST_CC) -shared -fPIC -std=gnu11 -O2 $(WARN_CFLAGS) -o $@ $<

$(PROFILE_MARK): bench/profile/mark.c bench/profile/mark.h
	@mkdir -p $(@D)
	@echo "  LINUXCC $@"
	$(Q)$(LINUX_CC) $(LINUX_CFLAGS) -o $@ $<

bench-profile: run-images $(PROFILE_PLUGIN) $(PROFILE_MARK)
	@bench/profile.py --build $(BUILD) --image $(SELKIE_IMG) --name $(KERNEL_NAME) --plugin $(PROFILE_PLUGIN) \
		--mark $(PROFILE_MARK) $(if $(FUNCTIONS),--functions $(FUNCTIONS))

# Share of time the CPU is awake while the service-VM does nothing.
bench-idle: run-images
	@bench/idle.py --build $(BUILD) --image $(SELKIE_IMG)

$(BUILD)/unit/test_bench: tests/unit/test_bench.py bench/build.mk
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec /usr/bin/python3 -B %s\n' $< > $@
	@chmod +x $@
UNIT_TESTS += $(BUILD)/unit/test_bench
