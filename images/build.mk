# SPDX-License-Identifier: BSD-2-Clause
# arm64 packages, the service-VM's kernel, initramfs and disk, the user-VM's kernel and initramfs.

DEBIAN_DEBS := $(DEBIAN)/stamp-debs
DEBIAN_ROOT := $(DEBIAN)/stamp-root

$(DEBIAN_DEBS): images/packages/dev.list images/packages/service-vm.list | $(BUILD)/deps.mk
	@echo '  DEBS    arm64 packages, about 180 MB'
	@mkdir -p $(@D)
	$(Q)tools/debian.sh download $(DEBIAN) > $(DEBIAN)/download.log 2>&1 || { tail -n 20 $(DEBIAN)/download.log >&2; exit 1; }
	@touch $@

$(DEBIAN_DEV): $(DEBIAN_DEBS)
	@echo '  UNPACK  arm64 libfdt and kernel headers'
	$(Q)tools/debian.sh unpack-dev $(DEBIAN)
	@touch $@

$(DEBIAN_ROOT): $(DEBIAN_DEBS)
	@echo '  UNPACK  arm64 root file system'
	$(Q)tools/debian.sh unpack-root $(DEBIAN)
	@touch $@

# Files that come out of the unpacked packages.
$(LIBFDT_A): | $(DEBIAN_DEV) ;
