# SPDX-License-Identifier: BSD-2-Clause
# selkie.ko, against the headers of the service-VM's kernel. Kbuild writes beside the sources: it gets a folder of its own with
# copies, which is also what DKMS wants. There is no vmlinux to make BTF from.
KMOD_OUT := $(BUILD)/kmod
KMOD_SRC := $(wildcard kmod/*.c kmod/*.h) kmod/Kbuild kmod/dkms.conf $(wildcard include/wire/*.h)
KMOD_COPY := $(patsubst kmod/%,$(KMOD_OUT)/%,$(filter kmod/%,$(KMOD_SRC))) \
	$(patsubst include/%,$(KMOD_OUT)/include/%,$(filter include/%,$(KMOD_SRC)))
KMOD_KO := $(KMOD_OUT)/selkie.ko
KMOD_MAKE = $(MAKE) -C $(KDIR) ARCH=arm64 CROSS_COMPILE=$(CROSS_COMPILE) M=$(abspath $(KMOD_OUT)) \
	CONFIG_DEBUG_INFO_BTF_MODULES= $(if $(filter 0,$(V)),-s) --no-print-directory

$(filter-out $(KMOD_OUT)/include/%,$(KMOD_COPY)): $(KMOD_OUT)/%: kmod/%
	@mkdir -p $(@D)
	@cp $< $@

$(filter $(KMOD_OUT)/include/%,$(KMOD_COPY)): $(KMOD_OUT)/include/%: include/%
	@mkdir -p $(@D)
	@cp $< $@

$(KMOD_KO): $(KMOD_COPY) | $(DEBIAN_DEV)
	@echo "  KBUILD  $@"
	+$(Q)$(KMOD_MAKE) W=1 $(if $(filter 1,$(WERROR)),KCFLAGS=-Werror) modules

.PHONY: kmod check-kmod
kmod: $(KMOD_KO)

# sparse over the whole module; its warnings are errors here.
check-kmod: $(KMOD_COPY) | $(DEBIAN_DEV)
	@echo "  SPARSE  kmod"
	+$(Q)$(KMOD_MAKE) C=2 CF="-Wsparse-error" modules

CHECK_TARGETS += check-kmod
SERVICE_FILES += $(KMOD_KO):selkie.ko

# What of it is pure logic, over any input.
$(eval $(call fuzz_target,fuzz_walk,tests/fuzz/fuzz_walk.c,-I. -Itests/fuzz))
