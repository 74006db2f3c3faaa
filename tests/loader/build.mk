# SPDX-License-Identifier: BSD-2-Clause
# What tests/system/test_loader.py boots instead of a kernel, and a root task for it. probe-high: where kernels after
# seL4 16.0.0 run.
PROBE_PADDR := 0x60000000
PROBE_OBJS := $(addprefix $(BUILD)/target/,tests/loader/probe_start.o tests/loader/probe.o lib/package/package.o \
	lib/crc32/crc32.o lib/fmt/fmt.o lib/string/string.o)

$(BUILD)/target/tests/loader/probe.o: TARGET_CPPFLAGS += -DPROBE_PADDR=$(PROBE_PADDR)

$(BUILD)/tests/loader/probe.elf: PROBE_VADDR := 0x8060000000
$(BUILD)/tests/loader/probe-high.elf: PROBE_VADDR := 0xffc0000000
$(BUILD)/tests/loader/probe.elf $(BUILD)/tests/loader/probe-high.elf: $(PROBE_OBJS) tests/loader/probe.lds
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(TARGET_CC) $(TARGET_CFLAGS) $(TARGET_LDFLAGS) -Wl,--defsym=PROBE_VADDR=$(PROBE_VADDR) \
		-Wl,--defsym=PROBE_PADDR=$(PROBE_PADDR) -Wl,-T,tests/loader/probe.lds -o $@ $(PROBE_OBJS)

$(BUILD)/tests/loader/root.elf: $(BUILD)/target/tests/loader/root.o tests/loader/root.lds
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(TARGET_CC) $(TARGET_LDFLAGS) -Wl,-T,tests/loader/root.lds -o $@ $<

LOADER_TEST_FILES := $(LOADER_BIN) $(MKPACKAGE) $(addprefix $(BUILD)/tests/loader/,probe.elf probe-high.elf root.elf)
.PHONY: loader-test-files
loader-test-files: $(LOADER_TEST_FILES)
SYSTEM_FILES += $(LOADER_TEST_FILES)
