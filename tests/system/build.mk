# SPDX-License-Identifier: BSD-2-Clause
# Systems whose service-VM is a bare guest (tests/guest): $(KOUT)/<guest>.img out of images/<guest>.dts
$(IMAGES)/%.Image: $(BUILD)/guest/%.Image
	@mkdir -p $(@D)
	@cp $< $@

$(foreach guest,$(GUEST_PROGRAMS),$(eval $(call system_image,$(KOUT)/$(guest).img,images/$(guest).dts,$(IMAGES)/$(guest).Image)))

TAP_IMAGES += $(KOUT)/hostile.img $(KOUT)/ctl.img $(KOUT)/uvm.img
