# SPDX-License-Identifier: BSD-2-Clause
# The VMM process of one VM.
VMM_SRCS := $(addprefix vmm/,arch/start.S main.c loop.c hw.c vcpu.c fault.c decode.c inject.c smccc.c psci.c vtimer.c \
	irq_fwd.c sysreg.c service.c uvm.c ioevent.c log.c vgic/dist.c vgic/irq.c vgic/lr.c vgic/uaccess.c)
VMM_LIB_SRCS := $(addprefix lib/,string/string.c fmt/fmt.c)
VMM_OBJS := $(patsubst %,$(KOUT)/obj/%.o,$(basename $(VMM_SRCS))) \
	$(patsubst %.c,$(BUILD)/target/%.o,$(VMM_LIB_SRCS))

# An exit passes through half a dozen small functions of as many files: the linker inlines them.
$(filter $(KOUT)/obj/vmm/%,$(VMM_OBJS)): TARGET_CFLAGS += -flto

$(VMM_OBJS): TARGET_CPPFLAGS += -I. $(if $(filter release,$(MICROKIT_CONFIG)),-DNDEBUG)

$(KOUT)/vmm/vmm.elf: $(VMM_OBJS) vmm/vmm.lds
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(TARGET_CC) $(TARGET_CFLAGS) -flto $(TARGET_LDFLAGS) -T vmm/vmm.lds -Wl,--fatal-warnings -o $@ $(VMM_OBJS)

# --- host tests: everything but the kernel seam (hw.c) and the process around it (loop.c) -----------------------
VMM_LOGIC := $(filter-out vmm/arch/start.S vmm/loop.c vmm/hw.c,$(VMM_SRCS)) lib/fmt/fmt.c
VMM_FAKE := tests/unit/vmm_fake.c $(VMM_LOGIC)
$(foreach t,decode vgic psci uvm sysreg,$(eval $(call unit_test,vmm_$(t),tests/unit/test_$(t).c $(VMM_FAKE),-I.)))
$(foreach t,vgic vmm,$(eval $(call fuzz_target,$(t),tests/fuzz/fuzz_$(t).c $(VMM_FAKE),-I.)))
$(eval $(call fuzz_target,fuzz_ioevent,tests/fuzz/fuzz_ioevent.c vmm/ioevent.c,-I.))
