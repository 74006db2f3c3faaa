# SPDX-License-Identifier: BSD-2-Clause
# selkie.ko, against the headers of the service-VM's kernel. Kbuild writes beside the sources: it gets a folder of its own with
# copies, which is also what DKMS wants. There is no vmlinux to make BTF from.
KMOD_OUT := $(BUILD)/kmod
KMOD_SRC := $(wildcard kmod/*.c kmod/*.h) kmod/Kbuild kmod/dkms.conf $(wildcard include/wire/*.h)
# The check compiles with other options than the module: in one folder each would undo the other's work, while boards read it.
KMOD_CHECK_OUT := $(BUILD)/kmod-check
KMOD_KO := $(KMOD_OUT)/selkie.ko
kmod_make = $(MAKE) -C $(KDIR) ARCH=arm64 CROSS_COMPILE=$(CROSS_COMPILE) M=$(abspath $(1)) \
	CONFIG_DEBUG_INFO_BTF_MODULES= $(if $(filter 0,$(V)),-s) --no-print-directory

# $(call kmod_copies,FOLDER): the copies there; kmod_folder has the rules that make them.
kmod_copies = $(patsubst kmod/%,$(1)/%,$(filter kmod/%,$(KMOD_SRC))) \
	$(patsubst include/%,$(1)/include/%,$(filter include/%,$(KMOD_SRC)))

define kmod_folder
$(filter-out $(1)/include/%,$(call kmod_copies,$(1))): $(1)/%: kmod/%
	@mkdir -p $$(@D)
	@cp $$< $$@

$(filter $(1)/include/%,$(call kmod_copies,$(1))): $(1)/include/%: include/%
	@mkdir -p $$(@D)
	@cp $$< $$@
endef
$(foreach folder,$(KMOD_OUT) $(KMOD_CHECK_OUT),$(eval $(call kmod_folder,$(folder))))

$(KMOD_KO): $(call kmod_copies,$(KMOD_OUT)) | $(DEBIAN_DEV)
	@echo "  KBUILD  $@"
	+$(Q)$(call kmod_make,$(KMOD_OUT)) W=1 $(if $(filter 1,$(WERROR)),KCFLAGS=-Werror) modules

.PHONY: kmod check-kmod
kmod: $(KMOD_KO)

# sparse over the whole module; its warnings are errors here.
check-kmod: $(call kmod_copies,$(KMOD_CHECK_OUT)) | $(DEBIAN_DEV)
	@echo "  SPARSE  kmod"
	+$(Q)$(call kmod_make,$(KMOD_CHECK_OUT)) C=2 CF="-Wsparse-error" modules

CHECK_TARGETS += check-kmod
SERVICE_FILES += $(KMOD_KO):selkie.ko

# What of it is pure logic, over any input.
$(eval $(call fuzz_target,fuzz_walk,tests/fuzz/fuzz_walk.c,-I. -Itests/fuzz))
