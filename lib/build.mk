# SPDX-License-Identifier: BSD-2-Clause
# Freestanding code with two or more users. Each user names the sources it wants in its own link;
# objects are built once per target flavour below $(BUILD)/lib.
LIB_SRCS := lib/string/string.c lib/fmt/fmt.c
LIB_OBJS := $(LIB_SRCS:%.c=$(BUILD)/target/%.o)

# Any freestanding source that does not depend on libsel4: $(BUILD)/target/<path>.o
$(BUILD)/target/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(TARGET_CC) $(TARGET_CPPFLAGS) $(TARGET_CFLAGS) -MMD -MP -c -o $@ $<

# Any freestanding source that does depend on libsel4: $(KOUT)/obj/<path>.o
$(KOUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(TARGET_CC) $(TARGET_CPPFLAGS) $(SEL4_CPPFLAGS) $(TARGET_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/target/%.o: %.S
	@mkdir -p $(@D)
	@echo "  AS      $<"
	$(Q)$(TARGET_CC) $(TARGET_CPPFLAGS) $(TARGET_CFLAGS) -D__ASSEMBLY__ -MMD -MP -c -o $@ $<

$(KOUT)/obj/%.o: %.S
	@mkdir -p $(@D)
	@echo "  AS      $<"
	$(Q)$(TARGET_CC) $(TARGET_CPPFLAGS) $(SEL4_CPPFLAGS) $(TARGET_CFLAGS) -D__ASSEMBLY__ -MMD -MP -c -o $@ $<

-include $(shell test -d $(BUILD) && \
	find $(BUILD) \( -path '$(BUILD)/debian' -o -path '$(BUILD)/images' -o -path '$(BUILD)/fresh' \) \
		-prune -o -name '*.d' -type f -print)

# GCC would turn the loops of memcpy and memset into calls of themselves.
$(BUILD)/target/lib/string/string.o: TARGET_CFLAGS += -fno-tree-loop-distribute-patterns
