# SPDX-License-Identifier: BSD-2-Clause
# The ABI test program: an initial task that runs on any kernel with the libsel4 API and prints TAP.
#   make abi        builds $(ABI_ELF) and, packed with the kernel, the bootable $(ABI_IMG)
#   make check-abi  boots it on the emulated board and judges the TAP (also part of `make test-tap`)
# ABI_ONLY=<prefix> compiles in only the tests whose name begins with it; ABI_TRACE=1 prints each record of the random
# tests, to compare two kernels. After changing either: make clean-abi.
ABI_DIR := tests/abi
ABI_ELF := $(KOUT)/abi/abi.elf
ABI_IMG := $(KOUT)/abi/abi.img
ABI_ONLY ?=
ABI_TRACE ?= 0

# The order of the sources is the order of the tests.
ABI_SRCS := $(addprefix $(ABI_DIR)/,start.S harness.c object.c record.c guest_run.c guest.S \
	bootinfo.c syscall.c label.c cspace.c untyped.c vspace.c tcb.c fault.c ipc.c notification.c \
	sched.c irq.c smc.c vcpu.c guest_exit.c guest_debug.c guest_irq.c guest_time.c fpu.c robust.c \
	random_invocation.c random_exchange.c)
ABI_OWN_OBJS := $(patsubst %,$(KOUT)/obj/%.o,$(basename $(ABI_SRCS)))
ABI_OBJS := $(ABI_OWN_OBJS) $(BUILD)/target/lib/fmt/fmt.o $(BUILD)/target/lib/string/string.o

# Tests run in the order they are written in.
$(ABI_OWN_OBJS): TARGET_CFLAGS += -fno-toplevel-reorder
$(KOUT)/obj/$(ABI_DIR)/harness.o: TARGET_CPPFLAGS += $(if $(ABI_ONLY),-DABI_ONLY='"$(ABI_ONLY)"')

$(KOUT)/obj/$(ABI_DIR)/record.o: TARGET_CPPFLAGS += -DABI_TRACE=$(ABI_TRACE)

$(ABI_ELF): $(ABI_OBJS) $(ABI_DIR)/abi.lds
	@mkdir -p $(@D)
	@echo "  LD      $@"
	$(Q)$(TARGET_CC) $(TARGET_CFLAGS) $(TARGET_LDFLAGS) -Wl,-T,$(ABI_DIR)/abi.lds -Wl,--no-warn-rwx-segments \
		-o $@ $(ABI_OBJS)

$(ABI_IMG): $(ABI_ELF) $(LOADER_BIN) $(SEL4_ELF) $(MKPACKAGE)
	@echo "  PACK    $@"
	$(Q)$(MKPACKAGE) --loader $(LOADER_BIN) --kernel $(SEL4_ELF) --root $(ABI_ELF) -o $@

.PHONY: abi check-abi clean-abi
abi: $(ABI_IMG)

check-abi: $(ABI_IMG)
	@tests/tap_board.py --build $(BUILD) $(ABI_IMG)

clean-abi:
	rm -rf $(KOUT)/obj/$(ABI_DIR) $(KOUT)/abi

TAP_IMAGES += $(ABI_IMG)
