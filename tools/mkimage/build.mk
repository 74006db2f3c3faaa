# SPDX-License-Identifier: BSD-2-Clause
# Bootable images out of system descriptions: $(MKIMAGE) --help, docs/configuration.md
#
#   make image                          $(SELKIE_IMG) of the default description, images/$(MICROKIT_BOARD).dts
#   make image SYSTEM=my.dts            of another; files it names are looked for beside it and in SYSTEM_SEARCH
#
# $(eval $(call system_image,IMAGE,DESCRIPTION[,FILES])) makes one more image; FILES are what it depends on besides.
MKIMAGE := $(BUILD)/tools/mkimage
MKIMAGE_PACKER := $(BUILD)/tools/mkpackage
SYSTEM ?= images/$(MICROKIT_BOARD).dts
SYSTEM_SEARCH ?=
BOARD_DTB := $(BUILD)/boards/$(MICROKIT_BOARD).dtb

MKIMAGE_SRCS := $(addprefix tools/mkimage/,mkimage.c source.c srcmap.c blobs.c messages.c run.c) \
	$(SYSDESC_SRCS) lib/fmt/fmt.c
MKIMAGE_CPPFLAGS := $(HOST_CPPFLAGS) -Itools/mkimage

$(MKIMAGE): $(MKIMAGE_SRCS)
	@mkdir -p $(@D)
	@echo "  HOSTCC  $@"
	$(Q)$(HOST_CC) $(MKIMAGE_CPPFLAGS) $(HOST_CFLAGS) -MM -MP -MT $@ $(filter %.c,$^) > $@.d
	$(Q)$(HOST_CC) $(MKIMAGE_CPPFLAGS) $(HOST_CFLAGS) -O2 -o $@ $(filter %.c,$^) -lfdt

# The board's own tree, as the firmware hands it on.
$(BUILD)/boards/qemu_virt_aarch64.dtb: tools/mkimage/build.mk
	@mkdir -p $(@D)
	@echo "  DTB     $@"
	$(Q)qemu-system-aarch64 -M virt,virtualization=on,gic-version=2,dumpdtb=$@ -cpu cortex-a53 -m 2G -nographic \
		> $@.log 2>&1 || { cat $@.log >&2; exit 1; }

define system_image
$(1): $(2) $(wildcard $(dir $(2))*.dtsi) $(3) $$(MKIMAGE) $$(MKIMAGE_PACKER) $$(BOARD_DTB) $$(SEL4_ELF) $$(KOUT)/root/root.elf \
		$$(KOUT)/vmm/vmm.elf $$(LOADER_BIN)
	@mkdir -p $$(@D)
	@echo "  IMAGE   $$@"
	$$(Q)$$(MKIMAGE) -o $$@ --system $(2) --board-dtb $$(BOARD_DTB) --kernel $$(SEL4_ELF) --root $$(KOUT)/root/root.elf \
		--loader $$(LOADER_BIN) --mkpackage $$(MKIMAGE_PACKER) --blob vmm.elf=$$(KOUT)/vmm/vmm.elf \
		--blob service.Image=$$(LINUX_IMAGE) --search $$(IMAGES) $$(SYSTEM_SEARCH:%=--search %)
endef

# Another description makes another image under the same name.
$(KOUT)/selkie.system: .FORCE
	@mkdir -p $(@D)
	@echo '$(SYSTEM) $(SYSTEM_SEARCH)' | cmp -s - $@ || echo '$(SYSTEM) $(SYSTEM_SEARCH)' > $@
.PHONY: .FORCE

$(eval $(call system_image,$(SELKIE_IMG),$(SYSTEM),$(LINUX_IMAGE) $(SERVICE_CPIO) $(KOUT)/selkie.system))

# --- tests on the build machine: under sanitizers, each mistake at its line -----------------------------
$(BUILD)/unit/mkimage: $(MKIMAGE_SRCS)
	@mkdir -p $(@D)
	@echo "  HOSTCC  $@"
	$(Q)$(HOST_CC) $(MKIMAGE_CPPFLAGS) $(HOST_CFLAGS) -MM -MP -MT $@ $(filter %.c,$^) > $@.d
	$(Q)$(HOST_CC) $(MKIMAGE_CPPFLAGS) $(HOST_CFLAGS) $(HOST_SAN) -o $@ $(filter %.c,$^) -lfdt

$(BUILD)/unit/test_mkimage: $(BUILD)/unit/mkimage $(BUILD)/boards/qemu_virt_aarch64.dtb tools/mkimage/build.mk
	@printf '#!/bin/sh\nexec /usr/bin/python3 -B %s %s %s\n' tests/unit/test_mkimage.py $< $(word 2,$^) > $@
	@chmod 755 $@
UNIT_TESTS += $(BUILD)/unit/test_mkimage
