# SPDX-License-Identifier: BSD-2-Clause
# System description, derived device trees, boot layout. Users link SYSDESC_SRCS with libfdt: -lfdt on the build
# machine; $(LIBFDT_A), SYSDESC_TARGET_SRCS and lib/string on the target.
SYSDESC_SRCS := $(addprefix lib/,sysdesc/sysdesc.c sysdesc/board.c sysdesc/blob.c sysdesc/report.c \
	vmfdt/tree.c vmfdt/pick.c vmfdt/devices.c vmfdt/build.c vmfdt/check.c bootimage/bootimage.c)
SYSDESC_TARGET_SRCS := $(SYSDESC_SRCS) lib/fdtshim/fdtshim.c

SYSDESC_OBJS := $(SYSDESC_TARGET_SRCS:%.c=$(BUILD)/target/%.o)
$(SYSDESC_OBJS): TARGET_CPPFLAGS += -isystem $(LIBFDT_INC)
$(SYSDESC_OBJS): | $(DEBIAN_DEV)

# --- tests on the build machine -------------------------------------------------------------------------
SYSDESC_TEST := $(SYSDESC_SRCS) lib/fmt/fmt.c
SYSDESC_TREES := $(BUILD)/unit/sysdesc/soc.dtb $(BUILD)/unit/sysdesc/system.dtb $(BUILD)/boards/qemu_virt_aarch64.dtb
SYSDESC_TEST_FLAGS := -I. -lfdt -DSOC_DTB='"$(BUILD)/unit/sysdesc/soc.dtb"' \
	-DSYSTEM_DTB='"$(BUILD)/unit/sysdesc/system.dtb"' -DBOARD_DTB='"$(BUILD)/boards/qemu_virt_aarch64.dtb"'

$(BUILD)/unit/sysdesc/soc.dtb: tests/unit/sysdesc/soc.dts
	@mkdir -p $(@D)
	$(Q)dtc -q -I dts -O dtb -o $@ $<

$(BUILD)/unit/sysdesc/system.dtb: images/qemu_virt_aarch64.dts
	@mkdir -p $(@D)
	$(Q)dtc -I dts -O dtb -o $@ $<

$(eval $(call unit_test,test_sysdesc,tests/unit/test_sysdesc.c $(SYSDESC_TEST) | $(SYSDESC_TREES),$(SYSDESC_TEST_FLAGS)))
$(eval $(call unit_test,test_vmfdt,tests/unit/test_vmfdt.c $(SYSDESC_TEST) | $(SYSDESC_TREES),$(SYSDESC_TEST_FLAGS)))
$(eval $(call unit_test,test_bootimage,tests/unit/test_bootimage.c lib/bootimage/bootimage.c,-I.))
$(eval $(call fuzz_target,fuzz_sysdesc,tests/fuzz/fuzz_sysdesc.c $(SYSDESC_TEST),-I. -lfdt))
$(eval $(call fuzz_target,fuzz_vmfdt,tests/fuzz/fuzz_vmfdt.c $(SYSDESC_TEST),-I. -lfdt))
