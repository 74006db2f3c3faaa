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

NO_DEPS_GOALS := help clean distclean
ifneq ($(filter-out $(NO_DEPS_GOALS),$(MAKECMDGOALS)),)
# A tree that nothing can be built in is refused before anything is.
TREE_CHECK := $(shell sh tools/check_tree.sh '$(subst ','\'',$(BUILD))')
ifneq ($(.SHELLSTATUS),0)
$(error nothing can be built here, see above)
endif

# What a fresh machine lacks is installed before anything else is read: even make's own extension (tools/build.mk) needs a
# compiler.
DEPS_LISTS := build-machine.list $(if $(filter bench%,$(MAKECMDGOALS)),bench.list) \
	$(if $(filter test-fresh% test-long,$(MAKECMDGOALS)),fresh.list)
$(shell sh tools/deps.sh $(addprefix images/packages/,$(DEPS_LISTS)) >&2)
ifneq ($(.SHELLSTATUS),0)
DEPS_MISSING := 1
endif
endif

ifeq ($(DEPS_MISSING),1)
# Everything has been said. Asked by -q whether a goal is up to date, make ends with status 1 and says nothing.
MAKEFLAGS += -q
.PHONY: $(MAKECMDGOALS)
$(MAKECMDGOALS): ; @false
else

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
endif
