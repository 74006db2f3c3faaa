# SPDX-License-Identifier: BSD-2-Clause
# Toolchains, flags and the choice of kernel. Included by the top Makefile before every build.mk.

BUILD ?= build
V ?= 0
Q := $(if $(filter 1,$(V)),,@)

# How many things are built and tested at a time; 1: one after the other, always in the same order.
JOBS ?= $(shell nproc)
ifneq ($(shell test '$(JOBS)' -ge 1 2>/dev/null && echo good),good)
$(error JOBS=$(JOBS) is wrong: a number of processes is wanted, as in JOBS=2)
endif
# Goals of this tree that are built by JOBS processes, or as `make -j` says. The output of each target stays together.
MAKE_BESIDE = $(MAKE) --no-print-directory $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(JOBS) --output-sync=target)

# --- which seL4: the stand-in by default, a Microkit SDK's with MICROKIT_SDK=<dir> -------------
MICROKIT_BOARD ?= qemu_virt_aarch64
MICROKIT_CONFIG ?= release
ifeq ($(MICROKIT_SDK),)
KERNEL_NAME := devkernel
KOUT := $(BUILD)/devkernel
SEL4_ELF := $(BUILD)/devkernel/sel4.elf
SEL4_CPPFLAGS := -Idevkernel/include
else
SDK_DIR := $(MICROKIT_SDK)/board/$(MICROKIT_BOARD)/$(MICROKIT_CONFIG)
KERNEL_NAME := sdk-$(MICROKIT_BOARD)-$(MICROKIT_CONFIG)
KOUT := $(BUILD)/$(KERNEL_NAME)
SEL4_ELF := $(SDK_DIR)/elf/sel4.elf
SEL4_CPPFLAGS := -isystem $(SDK_DIR)/include
endif

# --- toolchains -----------------------------------------------------------------------------
CROSS_COMPILE ?= aarch64-linux-gnu-
TARGET_CC := $(CROSS_COMPILE)gcc
TARGET_LD := $(CROSS_COMPILE)ld
TARGET_AR := $(CROSS_COMPILE)ar
TARGET_OBJCOPY := $(CROSS_COMPILE)objcopy
HOST_CC ?= gcc
HOST_CLANG ?= clang

WERROR ?= 1
WARN_CFLAGS := -Wall -Wextra -Wshadow -Wundef -Wvla -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough \
	$(if $(filter 1,$(WERROR)),-Werror)

# Freestanding AArch64: loader, devkernel, root, vmm, bare guests.
TARGET_CPPFLAGS := -Iinclude -Ilib
TARGET_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -fno-builtin-printf -fno-common \
	-fno-stack-protector -fno-pic -fno-pie -fno-asynchronous-unwind-tables \
	-fno-strict-aliasing -mcpu=cortex-a53 -mgeneral-regs-only -mstrict-align \
	-mno-outline-atomics -ffunction-sections -fdata-sections $(WARN_CFLAGS)
TARGET_LDFLAGS := -nostdlib -static -no-pie -Wl,--gc-sections -Wl,--build-id=none \
	-Wl,-z,max-page-size=4096 -Wl,-z,noexecstack

# Host: unit tests under sanitizers, tools.
HOST_CPPFLAGS := -Iinclude -Ilib
HOST_CFLAGS := -std=gnu11 -O1 -g $(WARN_CFLAGS)
HOST_SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# --- arm64 Debian packages, unpacked and never run (images/packages, tools/debian.sh) -----------
# What uses a file below $(DEBIAN)/dev has $(DEBIAN_DEV) as an order-only prerequisite.
DEBIAN := $(BUILD)/debian
DEBIAN_DEV := $(DEBIAN)/stamp-dev
LIBFDT_A := $(DEBIAN)/dev/usr/lib/aarch64-linux-gnu/libfdt.a
LIBFDT_INC := $(DEBIAN)/dev/usr/include
# Kernel headers of the service-VM's kernel:
# make -C $(KDIR) ARCH=arm64 CROSS_COMPILE=$(CROSS_COMPILE) M=... modules
KDIR := $(abspath $(DEBIAN)/dev/usr/src/kernel)

# Linux user space of the service-VM and user-VMs: static AArch64 programs.
LINUX_CC := $(CROSS_COMPILE)gcc
LINUX_CFLAGS := -std=gnu11 -O2 -g -static $(WARN_CFLAGS)

# --- images (images/build.mk) -------------------------------------------------------------------
IMAGES := $(BUILD)/images
LINUX_IMAGE := $(IMAGES)/Image
SERVICE_CPIO := $(IMAGES)/service.cpio
SERVICE_DISK := $(IMAGES)/service.ext4
GUEST_CPIO := $(IMAGES)/guest.cpio
XEN_IMAGE := $(IMAGES)/xen
XEN_DISK := $(IMAGES)/xen.ext4
SELKIE_IMG := $(KOUT)/selkie.img
