# SPDX-License-Identifier: BSD-2-Clause
# The root task: seL4's initial task.
ROOT_SRCS := $(addprefix root/,start.S main.c board.c buddy.c config.c cspace.c ctl.c ctlcheck.c log.c logring.c logstore.c mem.c \
	process.c ram.c service.c timer.c untyped.c vm.c vspace.c window.c)
ROOT_LIB_SRCS := $(addprefix lib/,string/string.c fmt/fmt.c elf/elf.c package/package.c crc32/crc32.c) \
	$(SYSDESC_TARGET_SRCS)
ROOT_OBJS := $(patsubst %,$(KOUT)/obj/%.o,$(basename $(ROOT_SRCS))) \
	$(patsubst %.c,$(BUILD)/target/%.o,$(ROOT_LIB_SRCS))

$(ROOT_OBJS): TARGET_CPPFLAGS += -I. -isystem $(LIBFDT_INC)
$(ROOT_OBJS): | $(DEBIAN_DEV)

$(KOUT)/root/root.elf: $(ROOT_OBJS) root/root.lds
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(TARGET_CC) $(TARGET_LDFLAGS) -T root/root.lds -Wl,--fatal-warnings -o $@ $(ROOT_OBJS) $(LIBFDT_A)

$(eval $(call unit_test,test_root_buddy,tests/unit/test_root_buddy.c root/buddy.c,-I.))
$(eval $(call unit_test,test_root_log,tests/unit/test_root_log.c root/logring.c lib/fmt/fmt.c,-I.))
$(eval $(call unit_test,test_root_logstore,tests/unit/test_root_logstore.c root/logstore.c,-I.))
$(eval $(call fuzz_target,fuzz_ctlcheck,tests/fuzz/fuzz_ctlcheck.c root/ctlcheck.c,-I.))
$(eval $(call fuzz_target,fuzz_logring,tests/fuzz/fuzz_logring.c root/logring.c lib/fmt/fmt.c,-I.))
