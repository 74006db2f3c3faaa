# SPDX-License-Identifier: BSD-2-Clause
# arm64 packages, the service-VM's kernel, initramfs and disk, the user-VM's kernel and initramfs.

DEBIAN_DEBS := $(DEBIAN)/stamp-debs
DEBIAN_ROOT := $(DEBIAN)/stamp-root
DEBIAN_XEN := $(DEBIAN)/stamp-xen

$(DEBIAN_DEBS): images/packages/dev.list images/packages/service-vm.list
	@echo '  DEBS    arm64 packages, about 180 MB'
	@mkdir -p $(@D)
	$(Q)set -o pipefail; tools/debian.sh download $(DEBIAN) 2>&1 | tee $(DEBIAN)/download.log | \
		awk '/^Get:/ && ++n % 20 == 0 { printf "          %d files\n", n; fflush() } /^kernel: /' || \
		{ tail -n 20 $(DEBIAN)/download.log >&2; exit 1; }
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

# --- programs of ours in the service-VM ---------------------------------------------------------
$(IMAGES)/bin/%: images/service/%.c
	@mkdir -p $(@D)
	@echo "  LINUXCC $<"
	$(Q)$(LINUX_CC) $(LINUX_CFLAGS) -MMD -MP -o $@ $<

# --- kernel and initramfs images ----------------------------------------------------------------
# Newer kernels lie beside their modules.
$(LINUX_IMAGE): $(DEBIAN_ROOT)
	@mkdir -p $(@D)
	$(Q)cd $(DEBIAN)/root && kver=$$(cat ../kernel-release) && \
		cp $$(ls boot/vmlinuz-$$kver usr/lib/modules/$$kver/vmlinuz 2>/dev/null) $(abspath $@)

# ?name: where the kernel has it.
SERVICE_MODULES := virtio_mmio virtio_blk ?crc32c_generic ext4
GUEST_MODULES := virtio_mmio virtio_pci virtio_blk virtio_net virtio_rng virtio_balloon virtio_console virtio_gpu \
	virtio_input virtio_scsi sd_mod ?crc32c_generic ext4 9pnet_virtio 9p vsock vmw_vsock_virtio_transport brd \
	xen_blkfront xen_netfront

$(SERVICE_CPIO): images/mkinitramfs.sh images/service/initramfs-init.sh images/build.mk $(DEBIAN_ROOT)
	@mkdir -p $(@D)
	@echo "  CPIO    $@"
	$(Q)images/mkinitramfs.sh $(DEBIAN) images/service/initramfs-init.sh $@ $(SERVICE_MODULES)

$(GUEST_CPIO): images/mkinitramfs.sh images/guest/init.sh images/build.mk $(DEBIAN_ROOT)
	@mkdir -p $(@D)
	@echo "  CPIO    $@"
	$(Q)images/mkinitramfs.sh $(DEBIAN) images/guest/init.sh $@ $(GUEST_MODULES)

# --- the service-VM's root disk -----------------------------------------------------------------
SERVICE_FILES += $(IMAGES)/bin/init:usr/sbin/init \
	$(IMAGES)/bin/agent:usr/lib/selkie/agent \
	images/service/rc.sh:usr/lib/selkie/rc \
	images/service/selkie-demo:usr/bin/selkie-demo \
	$(LINUX_IMAGE):usr/share/selkie/guest/Image \
	$(GUEST_CPIO):usr/share/selkie/guest/initramfs.cpio

$(SERVICE_DISK): images/service/mkroot.sh images/mkext4.sh images/service/motd images/build.mk $(DEBIAN_ROOT) \
		$(foreach f,$(SERVICE_FILES),$(firstword $(subst :, ,$(f))))
	@echo "  EXT4    $@"
	$(Q)images/service/mkroot.sh $(DEBIAN) $@ $(SERVICE_FILES)

# --- Xen and its tools, for measuring beside it -------------------------------------------------
$(DEBIAN_XEN): images/packages/xen.list $(DEBIAN_DEBS)
	@echo '  DEBS    arm64 packages of Xen, about 3 MB'
	$(Q)tools/debian.sh add $(DEBIAN) xen > $(DEBIAN)/xen.log 2>&1 || \
		{ tail -n 20 $(DEBIAN)/xen.log; echo 'Xen cannot be downloaded; XEN=0 measures without it.'; exit 1; } >&2
	@touch $@

$(XEN_IMAGE): $(DEBIAN_XEN)
	@mkdir -p $(@D)
	$(Q)cp $(DEBIAN)/xen/boot/xen-*-arm64 $@

$(XEN_DISK): images/mkext4.sh $(DEBIAN_XEN)
	@mkdir -p $(@D)
	@echo "  EXT4    $@"
	$(Q)images/mkext4.sh $(DEBIAN)/xen $@ selkie-xen 5e1c1e00-0000-4000-8000-000000000003 64M

.PHONY: linux-images xen-images
xen-images: $(XEN_IMAGE) $(XEN_DISK)

linux-images: $(LINUX_IMAGE) $(SERVICE_CPIO) $(SERVICE_DISK)
