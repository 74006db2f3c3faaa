# SPDX-License-Identifier: BSD-2-Clause
# The loader: $(LOADER_BIN), an arm64 Linux Image that tools/mkpackage puts a package behind.
LOADER_BIN := $(BUILD)/loader/loader.bin

LOADER_SRCS := loader/start.S loader/main.c loader/mmu.c loader/cache.c loader/uart.c loader/board_fdt.c \
	lib/package/package.c lib/elf/elf.c lib/crc32/crc32.c lib/fmt/fmt.c lib/string/string.c
LOADER_OBJS := $(patsubst %,$(BUILD)/loader/obj/%.o,$(basename $(LOADER_SRCS)))

# Runs wherever the firmware puts it.
LOADER_CFLAGS := $(filter-out -fno-pic -fno-pie,$(TARGET_CFLAGS)) -fpie -fvisibility=hidden
LOADER_CPPFLAGS := $(TARGET_CPPFLAGS) -I.

$(BUILD)/loader/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(TARGET_CC) $(LOADER_CPPFLAGS) $(LOADER_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/loader/obj/%.o: %.S
	@mkdir -p $(@D)
	@echo "  AS      $<"
	$(Q)$(TARGET_CC) $(LOADER_CPPFLAGS) $(LOADER_CFLAGS) -D__ASSEMBLY__ -MMD -MP -c -o $@ $<

# GCC would turn the loops of memcpy and memset into calls of themselves.
$(BUILD)/loader/obj/lib/string/string.o: LOADER_CFLAGS += -fno-tree-loop-distribute-patterns

$(BUILD)/loader/loader.elf: $(LOADER_OBJS) loader/loader.lds
	@echo "  LD      $@"
	$(Q)$(TARGET_CC) -nostdlib -static-pie -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noexecstack \
		-Wl,-z,text -Wl,--no-dynamic-linker -Wl,--no-warn-rwx-segments \
		-Wl,-T,loader/loader.lds -o $@ $(LOADER_OBJS)

$(LOADER_BIN): $(BUILD)/loader/loader.elf
	$(Q)$(TARGET_OBJCOPY) -O binary $< $@

# --- tests on the build machine -------------------------------------------------------------------------
PACKAGE_SRCS := lib/package/package.c lib/crc32/crc32.c
$(eval $(call unit_test,test_package,tests/unit/test_package.c $(PACKAGE_SRCS),-I.))
$(eval $(call unit_test,test_elf,tests/unit/test_elf.c lib/elf/elf.c,-I.))
$(eval $(call unit_test,test_board_fdt,tests/unit/test_board_fdt.c loader/board_fdt.c,-I. -lfdt))
# Seeds in tests/fuzz: one good input for each way through.
$(eval $(call fuzz_target,fuzz_package,tests/fuzz/fuzz_package.c lib/package/package.c))
$(eval $(call fuzz_target,fuzz_elf,tests/fuzz/fuzz_elf.c lib/elf/elf.c))
$(eval $(call fuzz_target,fuzz_board_fdt,tests/fuzz/fuzz_board_fdt.c loader/board_fdt.c,-I.))
