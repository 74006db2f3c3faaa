# SPDX-License-Identifier: BSD-2-Clause
# Makes bootable images: $(MKPACKAGE) --help
MKPACKAGE := $(BUILD)/tools/mkpackage

MKPACKAGE_SRCS := tools/mkpackage/mkpackage.c lib/package/package.c lib/elf/elf.c lib/crc32/crc32.c

$(MKPACKAGE): $(MKPACKAGE_SRCS) include/wire/package.h lib/package/package.h lib/elf/elf.h lib/crc32/crc32.h
	@mkdir -p $(@D)
	@echo "  HOSTCC  $@"
	$(Q)$(HOST_CC) $(HOST_CPPFLAGS) $(HOST_CFLAGS) -O2 -o $@ $(MKPACKAGE_SRCS)
