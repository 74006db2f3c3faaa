# SPDX-License-Identifier: BSD-2-Clause
# What tests/system/test_virtio.py puts into its user-VMs: the product's initramfs with more modules, and a program for what
# busybox cannot do.
VIRTIO_CPIO := $(BUILD)/virtio/guest.cpio
VIRTIO_TOOL := $(BUILD)/virtio/virtio-tool
VIRTIO_MODULES := evdev virtiofs virtio_crypto algif_skcipher virtio_mem snd_hda_intel snd_hda_codec_generic snd_pcm_oss

SYSTEM_FILES += $(VIRTIO_CPIO) $(VIRTIO_TOOL)

$(VIRTIO_CPIO): images/mkinitramfs.sh images/guest/init.sh images/build.mk tests/virtio/build.mk $(GUEST_CPIO)
	@mkdir -p $(@D)
	@echo "  CPIO    $@"
	$(Q)images/mkinitramfs.sh $(DEBIAN) images/guest/init.sh $@ $(GUEST_MODULES) $(VIRTIO_MODULES)

$(VIRTIO_TOOL): tests/virtio/tool.c
	@mkdir -p $(@D)
	@echo "  LINUXCC $<"
	$(Q)$(LINUX_CC) $(LINUX_CFLAGS) -MMD -MP -o $@ $<
-include $(VIRTIO_TOOL).d
