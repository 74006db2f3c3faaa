# SPDX-License-Identifier: BSD-2-Clause
# Systems whose service-VM is a bare guest (tests/guest): $(KOUT)/<guest>.img out of images/<guest>.dts
$(IMAGES)/%.Image: $(BUILD)/guest/%.Image
	@mkdir -p $(@D)
	@cp $< $@

$(foreach guest,$(GUEST_PROGRAMS),$(eval $(call system_image,$(KOUT)/$(guest).img,images/$(guest).dts,$(IMAGES)/$(guest).Image)))

TAP_IMAGES += $(KOUT)/ctl.img $(KOUT)/ctlfuzz.img $(KOUT)/uvm.img $(KOUT)/pair.img $(KOUT)/registers.img
# A debug seL4 lets a service-VM halt it (DebugHalt by hvc); hostile tries that.
ifeq ($(and $(MICROKIT_SDK),$(filter debug,$(MICROKIT_CONFIG))),)
TAP_IMAGES += $(KOUT)/hostile.img
endif

# Replaces the service-VM's kernel (test_life.py).
SYSTEM_KEXEC := $(BUILD)/tools/kexec
SYSTEM_FILES += $(SYSTEM_KEXEC)

$(SYSTEM_KEXEC): tests/system/kexec.c
	@mkdir -p $(@D)
	@echo "  LINUXCC $@"
	$(Q)$(LINUX_CC) $(LINUX_CFLAGS) -o $@ $<

# What a debugger does, in the service-VM and in a user-VM (test_registers.py)
SINGLESTEP := $(BUILD)/tests/system/singlestep
SYSTEM_FILES += $(SINGLESTEP)
$(SINGLESTEP): tests/system/singlestep.c
	@mkdir -p $(@D)
	@echo "  LINUXCC $<"
	$(Q)$(LINUX_CC) $(LINUX_CFLAGS) -o $@ $<
