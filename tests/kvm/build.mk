# SPDX-License-Identifier: BSD-2-Clause
# A KVM client that checks /dev/kvm call by call, inside the service-VM: /usr/lib/selkie/kvm-client [test...]
KVM_CLIENT := $(BUILD)/kvm-client/kvm-client
KVM_CLIENT_SRC := $(addprefix tests/kvm/,client.c calls.c devices.c guest.c interrupts.c loss.c paging.c cycles.c agent.S)

$(KVM_CLIENT): $(KVM_CLIENT_SRC) tests/kvm/client.h
	@mkdir -p $(@D)
	@echo "  LINUXCC $@"
	$(Q)$(LINUX_CC) $(LINUX_CFLAGS) -pthread -Itests/kvm -o $@ $(KVM_CLIENT_SRC)

SERVICE_FILES += $(KVM_CLIENT):usr/lib/selkie/kvm-client

# Its hostile sister: kvm-fuzz SEED PROCESSES CALLS
KVM_FUZZ := $(BUILD)/kvm-client/kvm-fuzz

$(KVM_FUZZ): tests/kvm/fuzz.c
	@mkdir -p $(@D)
	@echo "  LINUXCC $@"
	$(Q)$(LINUX_CC) $(LINUX_CFLAGS) -pthread -o $@ $<

SERVICE_FILES += $(KVM_FUZZ):usr/lib/selkie/kvm-fuzz

# A service-VM that checks itself beside hostile guests: witness FILE
WITNESS := $(BUILD)/kvm-client/witness

$(WITNESS): tests/kvm/witness.c
	@mkdir -p $(@D)
	@echo "  LINUXCC $@"
	$(Q)$(LINUX_CC) $(LINUX_CFLAGS) -o $@ $<

SERVICE_FILES += $(WITNESS):usr/lib/selkie/witness
