# SPDX-License-Identifier: BSD-2-Clause
# The stand-in kernel: $(BUILD)/devkernel/sel4.elf
DEVKERNEL_SRCS := \
	arch/entry.S arch/boot.c arch/cache.c arch/fpu.S arch/fpu.c arch/gicv2.c arch/timer.c \
	arch/trap.c arch/vcpu.c arch/vspace.c \
	api/fault.c api/syscall.c \
	kernel/panic.c kernel/printk.c kernel/refill.c kernel/sched.c \
	object/cap.c object/cdt.c object/cnode.c object/endpoint.c object/interrupt.c \
	object/notification.c object/reply.c object/schedcontext.c object/smc.c object/tcb.c \
	object/untyped.c
DEVKERNEL_ELF := $(BUILD)/devkernel/sel4.elf
DEVKERNEL_OBJS := $(patsubst %,$(BUILD)/devkernel/kernel/%.o,$(basename $(filter %.c,$(DEVKERNEL_SRCS)))) \
	$(patsubst %,$(BUILD)/devkernel/kernel/%_s.o,$(basename $(filter %.S,$(DEVKERNEL_SRCS))))
DEVKERNEL_CPPFLAGS := -Idevkernel -Idevkernel/include -Ilib
DEVKERNEL_LIBS := $(BUILD)/target/lib/string/string.o $(BUILD)/target/lib/fmt/fmt.o

$(BUILD)/devkernel/kernel/%.o: devkernel/%.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(TARGET_CC) $(DEVKERNEL_CPPFLAGS) $(TARGET_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/devkernel/kernel/%_s.o: devkernel/%.S
	@mkdir -p $(@D)
	@echo "  AS      $<"
	$(Q)$(TARGET_CC) $(DEVKERNEL_CPPFLAGS) $(TARGET_CFLAGS) -MMD -MP -c -o $@ $<

$(DEVKERNEL_ELF): $(DEVKERNEL_OBJS) $(DEVKERNEL_LIBS) devkernel/kernel.lds
	@echo "  LD      $@"
	$(Q)$(TARGET_CC) $(TARGET_LDFLAGS) -Wl,-T,devkernel/kernel.lds -Wl,--no-warn-rwx-segments \
		-Wl,--fatal-warnings -o $@ $(DEVKERNEL_OBJS) $(DEVKERNEL_LIBS)

$(eval $(call unit_test,devkernel_refill,tests/unit/test_refill.c devkernel/kernel/refill.c,-I. -Idevkernel -Idevkernel/include))
