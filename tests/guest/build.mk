# SPDX-License-Identifier: BSD-2-Clause
# Bare guests (tests/guest/README.md): $(BUILD)/guest/<name>.Image
GUEST_PROGRAMS := hostile exitbench ctl ctlfuzz uvm pair registers
GUEST_RT := $(addprefix $(BUILD)/target/,tests/guest/start.o tests/guest/runtime.o lib/fmt/fmt.o lib/string/string.o)

$(addprefix $(BUILD)/guest/,ctl.elf ctlfuzz.elf pair.elf registers.elf): $(BUILD)/target/tests/guest/control.o

$(BUILD)/guest/%.elf: $(BUILD)/target/tests/guest/%.o $(GUEST_RT) tests/guest/guest.lds
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(TARGET_CC) -nostdlib -static-pie -Wl,-z,notext -Wl,-T,tests/guest/guest.lds -Wl,--build-id=none -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments \
		-o $@ $(filter %.o,$^)

$(BUILD)/guest/%.Image: $(BUILD)/guest/%.elf
	$(Q)$(TARGET_OBJCOPY) -O binary $< $@

# A user-VM of tests/system/test_life.py
SYSTEM_FILES += $(BUILD)/guest/life.Image

.PRECIOUS: $(BUILD)/guest/%.elf

# As user-VMs: the system tests start these with QEMU.
SYSTEM_FILES += $(addprefix $(BUILD)/guest/,hostile.Image virtq.Image chaos.Image)
