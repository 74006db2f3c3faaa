# SPDX-License-Identifier: BSD-2-Clause
# The front door. `make help` explains; every folder adds its part in <folder>/build.mk.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Nothing that was built is thrown away as an intermediate step.
.SECONDARY:
SHELL := /bin/bash
export PATH := $(PATH):/usr/sbin:/sbin

include config.mk
include tests/hooks.mk

# What a fresh machine lacks is installed before anything is built: make remakes an included makefile first.
NO_DEPS_GOALS := help clean distclean
# A tree that nothing can be built in is refused before anything is.
ifneq ($(filter-out $(NO_DEPS_GOALS),$(MAKECMDGOALS)),)
TREE_CHECK := $(shell sh tools/check_tree.sh '$(subst ','\'',$(BUILD))')
ifneq ($(.SHELLSTATUS),0)
$(error nothing can be built here, see above)
endif
endif
ifneq ($(filter-out $(NO_DEPS_GOALS),$(MAKECMDGOALS)),)
include $(BUILD)/deps.mk
endif

$(BUILD)/deps.mk: tools/deps.sh images/packages/build-machine.list
	@mkdir -p $(@D)
	@sh tools/deps.sh >&2
	@touch $@

# A kernel from an SDK is checked before anything is built for it.
ifneq ($(MICROKIT_SDK),)
ifneq ($(filter-out $(NO_DEPS_GOALS),$(MAKECMDGOALS)),)
SDK_CHECK := $(shell tools/check_sdk.sh '$(MICROKIT_SDK)' '$(MICROKIT_BOARD)' '$(MICROKIT_CONFIG)')
ifneq ($(.SHELLSTATUS),0)
$(error the Microkit SDK is not usable, see above)
endif
endif
endif

# tests takes in what the others have put into UNIT_TESTS and the like, images what they have put into SERVICE_FILES.
PARTS := lib $(wildcard lib/*) loader devkernel root vmm kmod stat tools $(wildcard tools/*) $(wildcard tests/*) bench \
	tests images
include $(foreach p,$(PARTS),$(wildcard $(p)/build.mk))

.PHONY: help deps clean distclean

# Everything that is installed or downloaded, nothing built.
deps: $(DEBIAN_DEV) $(DEBIAN_ROOT)

help:
	@cat tools/help.txt

# Keeps the downloads below $(DEBIAN); distclean does not.
clean:
	@if [ -d $(BUILD) ]; then find $(BUILD) -mindepth 1 -maxdepth 1 ! -name debian -exec rm -rf {} +; fi

distclean:
	rm -rf $(BUILD)
