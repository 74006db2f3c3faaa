// SPDX-License-Identifier: BSD-2-Clause
/* System, VM and vCPU descriptors, registers: nothing here runs a guest. */
#define _GNU_SOURCE
#include "client.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static int check_cap(int fd, long cap)
{
	return ioctl(fd, KVM_CHECK_EXTENSION, cap);
}

void test_system(void)
{
	static const struct {
		int cap;
		int value;
		const char *name;
	} caps[] = {
		{ KVM_CAP_IRQCHIP, 1, "IRQCHIP" },
		{ KVM_CAP_USER_MEMORY, 1, "USER_MEMORY" },
		{ KVM_CAP_NR_VCPUS, 4, "NR_VCPUS" },
		{ KVM_CAP_NR_MEMSLOTS, 512, "NR_MEMSLOTS" },
		{ KVM_CAP_MP_STATE, 1, "MP_STATE" },
		{ KVM_CAP_COALESCED_MMIO, 0, "COALESCED_MMIO" },
		{ KVM_CAP_SYNC_MMU, 1, "SYNC_MMU" },
		{ KVM_CAP_DESTROY_MEMORY_REGION_WORKS, 1, "DESTROY_MEMORY_REGION_WORKS" },
		{ KVM_CAP_SET_GUEST_DEBUG, 0, "SET_GUEST_DEBUG" },
		{ KVM_CAP_IRQ_ROUTING, 4096, "IRQ_ROUTING" },
		{ KVM_CAP_IRQ_INJECT_STATUS, 0, "IRQ_INJECT_STATUS" },
		{ KVM_CAP_JOIN_MEMORY_REGIONS_WORKS, 1, "JOIN_MEMORY_REGIONS_WORKS" },
		{ KVM_CAP_IRQFD, 1, "IRQFD" },
		{ KVM_CAP_IOEVENTFD, 1, "IOEVENTFD" },
		{ KVM_CAP_INTERNAL_ERROR_DATA, 1, "INTERNAL_ERROR_DATA" },
		{ KVM_CAP_VCPU_EVENTS, 0, "VCPU_EVENTS" },
		{ KVM_CAP_MAX_VCPUS, 8, "MAX_VCPUS" },
		{ KVM_CAP_ONE_REG, 1, "ONE_REG" },
		{ KVM_CAP_SIGNAL_MSI, 0, "SIGNAL_MSI" },
		{ KVM_CAP_READONLY_MEM, 1, "READONLY_MEM" },
		{ KVM_CAP_IRQFD_RESAMPLE, 1, "IRQFD_RESAMPLE" },
		{ KVM_CAP_ARM_PSCI, 1, "ARM_PSCI" },
		{ KVM_CAP_DEVICE_CTRL, 1, "DEVICE_CTRL" },
		{ KVM_CAP_ARM_EL1_32BIT, 0, "ARM_EL1_32BIT" },
		{ KVM_CAP_VM_ATTRIBUTES, 0, "VM_ATTRIBUTES" },
		{ KVM_CAP_ARM_PSCI_0_2, 1, "ARM_PSCI_0_2" },
		{ KVM_CAP_CHECK_EXTENSION_VM, 1, "CHECK_EXTENSION_VM" },
		{ KVM_CAP_MULTI_ADDRESS_SPACE, 0, "MULTI_ADDRESS_SPACE" },
		{ KVM_CAP_IOEVENTFD_ANY_LENGTH, 1, "IOEVENTFD_ANY_LENGTH" },
		{ KVM_CAP_ARM_PMU_V3, 0, "ARM_PMU_V3" },
		{ KVM_CAP_MAX_VCPU_ID, 8, "MAX_VCPU_ID" },
		{ KVM_CAP_MSI_DEVID, 0, "MSI_DEVID" },
		{ KVM_CAP_IMMEDIATE_EXIT, 1, "IMMEDIATE_EXIT" },
		{ KVM_CAP_ARM_USER_IRQ, 0, "ARM_USER_IRQ" },
		{ KVM_CAP_ARM_VM_IPA_SIZE, 40, "ARM_VM_IPA_SIZE" },
		{ KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, 0, "MANUAL_DIRTY_LOG_PROTECT2" },
		{ KVM_CAP_ARM_SVE, 0, "ARM_SVE" },
		{ KVM_CAP_ARM_PTRAUTH_ADDRESS, 0, "ARM_PTRAUTH_ADDRESS" },
		{ KVM_CAP_ARM_NISV_TO_USER, 0, "ARM_NISV_TO_USER" },
		{ KVM_CAP_STEAL_TIME, 0, "STEAL_TIME" },
		{ KVM_CAP_BINARY_STATS_FD, 0, "BINARY_STATS_FD" },
		{ 99999, 0, "one that does not exist" },
	};
	int kvm = kvm_open(), vm;
	struct stat st;

	fstat(kvm, &st);
	tap_ok(major(st.st_rdev) == 10 && minor(st.st_rdev) == 232, "/dev/kvm is 10:232");
	IS(ioctl(kvm, KVM_GET_API_VERSION, 0), 12, "KVM_GET_API_VERSION");
	FAILS(ioctl(kvm, KVM_GET_API_VERSION, 1), EINVAL, "KVM_GET_API_VERSION with an argument");
	tap_ok(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0) >= 4096,
	       "KVM_GET_VCPU_MMAP_SIZE is a page at least");
	FAILS(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 1), EINVAL,
	      "KVM_GET_VCPU_MMAP_SIZE with an argument");
	FAILS(ioctl(kvm, KVM_RUN, 0), EINVAL, "an ioctl of another descriptor");
	FAILS(ioctl(kvm, _IO('k', 1), 0), EINVAL, "an ioctl of another driver");

	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	OK(vm, "KVM_CREATE_VM");
	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		if (reference)
			break;
		tap_ok(check_cap(kvm, caps[i].cap) == caps[i].value &&
			       check_cap(vm, caps[i].cap) == caps[i].value,
		       "KVM_CAP %s is %d (system %d, VM %d)", caps[i].name, caps[i].value,
		       check_cap(kvm, caps[i].cap), check_cap(vm, caps[i].cap));
	}
	close(vm);
	vm = ioctl(kvm, KVM_CREATE_VM, 32);
	OK(vm, "KVM_CREATE_VM of 32 address bits");
	close(vm);
	vm = ioctl(kvm, KVM_CREATE_VM, 40);
	OK(vm, "KVM_CREATE_VM of 40 address bits");
	close(vm);
	FAILS(ioctl(kvm, KVM_CREATE_VM, 31), EINVAL, "KVM_CREATE_VM of 31 address bits");
	FAILS(ioctl(kvm, KVM_CREATE_VM, 41), EINVAL, "KVM_CREATE_VM of 41 address bits");
	FAILS(ioctl(kvm, KVM_CREATE_VM, 0x100), EINVAL, "KVM_CREATE_VM with an unknown type bit");
	FAILS(ioctl(kvm, KVM_CREATE_VM, 1ul << 31), EINVAL, "KVM_CREATE_VM of a protected VM");
	close(kvm);
}

static void check_fd(int fd, const char *name)
{
	char path[64], link[64] = "";
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof(link) - 1);
	tap_ok(n > 0 && strstr(link, name), "descriptor is %s (want %s)", link, name);
	tap_ok((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR, "%s is open for reading and writing",
	       name);
	tap_ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "%s closes on exec", name);
}

/* What no capability offers. */
static void check_refused(int fd)
{
	static const struct {
		unsigned long request;
		const char *name;
	} calls[] = {
		{ KVM_SIGNAL_MSI, "KVM_SIGNAL_MSI" },
		{ KVM_CLEAR_DIRTY_LOG, "KVM_CLEAR_DIRTY_LOG" },
		{ KVM_HAS_DEVICE_ATTR, "KVM_HAS_DEVICE_ATTR of a VM" },
		{ KVM_SET_DEVICE_ATTR, "KVM_SET_DEVICE_ATTR of a VM" },
		{ KVM_GET_STATS_FD, "KVM_GET_STATS_FD" },
		{ KVM_ARM_SET_DEVICE_ADDR, "KVM_ARM_SET_DEVICE_ADDR" },
		{ KVM_RESET_DIRTY_RINGS, "KVM_RESET_DIRTY_RINGS" },
		{ KVM_IRQ_LINE_STATUS, "KVM_IRQ_LINE_STATUS" },
	};
	static uint8_t argument[256];

	for (size_t i = 0; !reference && i < sizeof(calls) / sizeof(calls[0]); i++)
		FAILS(ioctl(fd, calls[i].request, argument), EINVAL, calls[i].name);
}

void test_vm(void)
{
	struct kvm_create_device device = { 0 };
	struct kvm_enable_cap cap = { .cap = KVM_CAP_ARM_NISV_TO_USER };
	struct kvm_coalesced_mmio_zone zone = { .addr = VOID_GPA, .size = 4 };
	struct kvm_vcpu_init init;
	struct vm vm;
	int fd;

	vm_make(&vm, 0);
	check_fd(vm.fd, "kvm-vm");
	OK(ioctl(vm.fd, KVM_ARM_PREFERRED_TARGET, &init), "KVM_ARM_PREFERRED_TARGET");
	OURS(IS(init.target, KVM_ARM_TARGET_GENERIC_V8, "preferred target"));
	IS(init.features[0], 0, "preferred features");
	FAILS(ioctl(vm.fd, KVM_ARM_PREFERRED_TARGET, NULL), EFAULT,
	      "KVM_ARM_PREFERRED_TARGET to nowhere");
	OURS(FAILS(ioctl(vm.fd, KVM_ENABLE_CAP, &cap), EINVAL, "KVM_ENABLE_CAP"));
	OURS(FAILS(ioctl(vm.fd, KVM_CREATE_IRQCHIP, 0), EINVAL, "KVM_CREATE_IRQCHIP"));
	OK(ioctl(vm.fd, KVM_UNREGISTER_COALESCED_MMIO, &zone),
	   "KVM_UNREGISTER_COALESCED_MMIO of nothing");
	OURS(FAILS(ioctl(vm.fd, KVM_REGISTER_COALESCED_MMIO, &zone), EINVAL,
		   "KVM_REGISTER_COALESCED_MMIO"));
	FAILS(ioctl(vm.fd, KVM_RUN, 0), EINVAL, "a vCPU's ioctl");
	check_refused(vm.fd);

	for (uint32_t type = 0; type <= 12; type++) {
		if (reference && (type == KVM_DEV_TYPE_VFIO || type == KVM_DEV_TYPE_ARM_VGIC_V3))
			continue;
		device =
			(struct kvm_create_device){ .type = type, .flags = KVM_CREATE_DEVICE_TEST };
		if (type == KVM_DEV_TYPE_ARM_VGIC_V2)
			OK(ioctl(vm.fd, KVM_CREATE_DEVICE, &device), "probe for GICv2");
		else
			FAILS(ioctl(vm.fd, KVM_CREATE_DEVICE, &device), ENODEV,
			      "probe for another device");
	}

	FAILS(ioctl(vm.fd, KVM_CREATE_VCPU, 8), EINVAL, "KVM_CREATE_VCPU 8");
	FAILS(ioctl(vm.fd, KVM_CREATE_VCPU, -1ul), EINVAL, "KVM_CREATE_VCPU -1");
	for (int i = 0; i < 8; i++) {
		fd = ioctl(vm.fd, KVM_CREATE_VCPU, i);
		OK(fd, "KVM_CREATE_VCPU");
		if (!i)
			check_fd(fd, "kvm-vcpu:0");
		FAILS(ioctl(vm.fd, KVM_CREATE_VCPU, 0), i < 7 ? EEXIST : EINVAL,
		      "the first vCPU again");
		close(fd);
	}
	vm_close(&vm);
}

static void check_init(int fd)
{
	struct kvm_vcpu_init init = { .target = vcpu_target() };

	FAILS(ioctl(fd, KVM_RUN, 0), ENOEXEC, "KVM_RUN before KVM_ARM_VCPU_INIT");
	FAILS(get_reg(fd, REG_PC, &init), ENOEXEC, "KVM_GET_ONE_REG before KVM_ARM_VCPU_INIT");
	FAILS(ioctl(fd, KVM_ARM_VCPU_INIT, NULL), EFAULT, "KVM_ARM_VCPU_INIT from nowhere");
	for (unsigned int bit = 0; bit < 32; bit++) {
		static const int want[] = { 0, EINVAL, 0, EINVAL, EINVAL, EINVAL, EINVAL };
		struct vm other;
		int vcpu;

		if (reference && bit < 7)
			continue;
		/* each on a fresh vCPU */
		vm_make(&other, 0);
		vcpu = ioctl(other.fd, KVM_CREATE_VCPU, 0);
		init.features[0] = 1u << bit;
		FAILS(ioctl(vcpu, KVM_ARM_VCPU_INIT, &init), bit < 7 ? want[bit] : ENOENT,
		      "KVM_ARM_VCPU_INIT with a feature");
		close(vcpu);
		vm_close(&other);
	}
	init.features[0] = 0;
	init.features[3] = 1;
	FAILS(ioctl(fd, KVM_ARM_VCPU_INIT, &init), ENOENT, "a feature in the fourth word");
	init.features[3] = 0;
	init.target = 99;
	FAILS(ioctl(fd, KVM_ARM_VCPU_INIT, &init), EINVAL, "another target");
	OK(vcpu_init(fd, 1 << KVM_ARM_VCPU_PSCI_0_2 | 1 << KVM_ARM_VCPU_POWER_OFF),
	   "KVM_ARM_VCPU_INIT");
	OK(vcpu_init(fd, 1 << KVM_ARM_VCPU_PSCI_0_2 | 1 << KVM_ARM_VCPU_POWER_OFF), "again");
	FAILS(vcpu_init(fd, 1 << KVM_ARM_VCPU_PSCI_0_2), EINVAL, "again, without POWER_OFF");
	FAILS(vcpu_init(fd, 0), EINVAL, "again, without features");
}

static void check_mp_state(int fd)
{
	struct kvm_mp_state state = { 99 };

	OK(ioctl(fd, KVM_GET_MP_STATE, &state), "KVM_GET_MP_STATE");
	IS(state.mp_state, KVM_MP_STATE_STOPPED, "state after KVM_ARM_VCPU_INIT with POWER_OFF");
	state.mp_state = KVM_MP_STATE_RUNNABLE;
	OK(ioctl(fd, KVM_SET_MP_STATE, &state), "KVM_SET_MP_STATE to RUNNABLE");
	state.mp_state = 99;
	ioctl(fd, KVM_GET_MP_STATE, &state);
	IS(state.mp_state, KVM_MP_STATE_RUNNABLE, "state");
	state.mp_state = KVM_MP_STATE_HALTED;
	FAILS(ioctl(fd, KVM_SET_MP_STATE, &state), EINVAL, "KVM_SET_MP_STATE to HALTED");
}

void test_vcpu(void)
{
	struct kvm_device_attr attr = { .group = KVM_ARM_VCPU_PVTIME_CTRL };
	struct kvm_signal_mask mask = { .len = 8 };
	struct kvm_vcpu_events events = { 0 };
	struct kvm_run *run, *same;
	struct vm vm;
	int fd, copy, feature = KVM_ARM_VCPU_SVE;

	vm_make(&vm, 0);
	fd = ioctl(vm.fd, KVM_CREATE_VCPU, 0);
	check_init(fd);
	check_mp_state(fd);
	FAILS(ioctl(fd, KVM_RUN, 1), EINVAL, "KVM_RUN with an argument");
	OURS(FAILS(ioctl(fd, KVM_ARM_VCPU_FINALIZE, &feature), EINVAL, "KVM_ARM_VCPU_FINALIZE"));
	for (uint32_t group = 0; !reference && group < 4; group++) {
		attr.group = group;
		FAILS(ioctl(fd, KVM_HAS_DEVICE_ATTR, &attr), ENXIO,
		      "KVM_HAS_DEVICE_ATTR of a vCPU");
		FAILS(ioctl(fd, KVM_SET_DEVICE_ATTR, &attr), ENXIO,
		      "KVM_SET_DEVICE_ATTR of a vCPU");
	}
	OURS(FAILS(ioctl(fd, KVM_GET_VCPU_EVENTS, &events), EINVAL, "KVM_GET_VCPU_EVENTS"));
	OURS(FAILS(ioctl(fd, KVM_SET_VCPU_EVENTS, &events), EINVAL, "KVM_SET_VCPU_EVENTS"));
	OURS(FAILS(ioctl(fd, KVM_SET_SIGNAL_MASK, &mask), EINVAL, "KVM_SET_SIGNAL_MASK"));
	FAILS(ioctl(fd, KVM_GET_REGS, &attr), EINVAL, "KVM_GET_REGS");
	FAILS(ioctl(fd, KVM_CREATE_VM, 0), EINVAL, "a system ioctl");
	FAILS(ioctl(fd, _IO('k', 1), 0), EINVAL, "an ioctl of another driver");

	run = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	tap_ok(run != MAP_FAILED, "the run page can be mapped");
	copy = dup(fd);
	same = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, copy, 0);
	run->immediate_exit = 1;
	IS(same->immediate_exit, 1, "what one mapping writes another reads");
	IS(run->exit_reason, 0, "exit_reason of a new run page");
	munmap(same, 4096);
	munmap(run, 4096);
	close(copy);
	close(fd);
	vm_close(&vm);
}

/* --- registers -------------------------------------------------------------------------------- */
static bool id_is_constant(uint64_t id)
{
	uint64_t enc = id & 0xffff;

	if ((id & 0xffff0000) != 0x00130000)
		return false;
	/* MIDR, MPIDR, REVIDR and the ID registers; CLIDR, AIDR, CTR */
	if (reference && enc == 0xc005)
		return false;
	return (enc >= 0xc000 && enc < 0xc040) || enc == 0xc801 || enc == 0xc807 || enc == 0xd801;
}

static void check_list(int fd)
{
	struct kvm_reg_list *list = calloc(1, sizeof(*list) + 1000 * sizeof(uint64_t));
	int unreadable = 0, unwritable = 0, changed = 0, mutable = 0;
	uint64_t value[2], other[2];

	FAILS(ioctl(fd, KVM_GET_REG_LIST, list), E2BIG, "KVM_GET_REG_LIST without room");
	tap_ok(list->n > 100 && list->n < 500, "the list has %llu registers",
	       (unsigned long long)list->n);
	OK(ioctl(fd, KVM_GET_REG_LIST, list), "KVM_GET_REG_LIST");
	for (uint64_t i = 0; i < list->n; i++) {
		uint64_t id = list->reg[i];

		unreadable += !!get_reg(fd, id, value);
		/* the count moves */
		if (id == KVM_REG_ARM_TIMER_CNT)
			continue;
		unwritable += !!set_reg(fd, id, value);
		unreadable += !!get_reg(fd, id, other);
		changed += (id & KVM_REG_SIZE_MASK) == KVM_REG_SIZE_U64 && value[0] != other[0];
		if (id_is_constant(id)) {
			value[0] ^= 1;
			if (!set_reg(fd, id, value) || errno != EINVAL) {
				tap_note("0x%llx could be changed", (unsigned long long)id);
				mutable ++;
			}
		}
	}
	IS(unreadable, 0, "registers of the list that can not be read");
	IS(unwritable, 0, "registers of the list that can not be written back");
	IS(changed, 0, "registers that change by being written back");
	IS(mutable, 0, "constant registers that can be changed");
	free(list);
}

static void check_id_registers(int fd)
{
	int missing = 0;
	uint64_t value;

	for (unsigned int crm = 1; crm < 8; crm++) {
		for (unsigned int op2 = 0; op2 < 8; op2++)
			missing += !!get_reg(fd, REG_SYS(3, 0, 0, crm, op2), &value);
	}
	IS(missing, 0, "ID registers of CRm 1..7 that can not be read");
	IS(reg64(fd, REG_MPIDR), 1ull << 31, "MPIDR_EL1 of vCPU 0");
	value = reg64(fd, REG_SYS(3, 0, 0, 4, 0));
	tap_ok((value & 0xf) && (value & 0xf0), "ID_AA64PFR0_EL1 0x%llx has EL0 and EL1",
	       (unsigned long long)value);
	IS(reg64(fd, REG_SYS(3, 0, 0, 4, 0)) >> 24 & 0xf, 0, "ID_AA64PFR0_EL1.GIC");
	IS(reg64(fd, KVM_REG_ARM_PSCI_VERSION), 0x10001, "PSCI version");
}

static void check_reset(int fd)
{
	uint8_t vector[16];

	IS(reg64(fd, REG_PSTATE), 0x3c5, "PSTATE after reset");
	IS(reg64(fd, REG_PC), 0, "pc after reset");
	IS(reg64(fd, REG_SYS(3, 0, 1, 0, 0)), 0xc50078, "SCTLR_EL1 after reset");
	OK(set_reg64(fd, REG_X(7), 0x1122334455667788), "write of x7");
	IS(reg64(fd, REG_X(7)), 0x1122334455667788, "x7");
	memset(vector, 0x5a, sizeof(vector));
	OK(set_reg(fd, (REG_CORE(fp_regs.vregs[3]) & ~KVM_REG_SIZE_MASK) | KVM_REG_SIZE_U128,
		   vector),
	   "write of V3");
	memset(vector, 0, sizeof(vector));
	OK(get_reg(fd, (REG_CORE(fp_regs.vregs[3]) & ~KVM_REG_SIZE_MASK) | KVM_REG_SIZE_U128,
		   vector),
	   "read of V3");
	IS(vector[15], 0x5a, "V3");
	OK(vcpu_init(fd, 1 << KVM_ARM_VCPU_PSCI_0_2), "KVM_ARM_VCPU_INIT");
	IS(reg64(fd, REG_X(7)), 0, "x7 after it");
	get_reg(fd, (REG_CORE(fp_regs.vregs[3]) & ~KVM_REG_SIZE_MASK) | KVM_REG_SIZE_U128, vector);
	IS(vector[15], 0, "V3 after it");
}

static void check_bad_registers(int fd)
{
	uint64_t value = 0;

	FAILS(get_reg(fd, REG_X(0) & ~KVM_REG_ARCH_MASK, &value), EINVAL,
	      "a register of another architecture");
	FAILS(get_reg(fd, (REG_X(0) & ~KVM_REG_SIZE_MASK) | KVM_REG_SIZE_U32, &value), EINVAL,
	      "x0 as 32 bits");
	FAILS(get_reg(fd, REG_X(0) + 1, &value), EINVAL, "the middle of x0");
	FAILS(get_reg(fd, KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | 0x1000, &value),
	      ENOENT, "a core register beyond the last");
	FAILS(get_reg(fd, REG_SYS(3, 7, 15, 15, 7), &value), ENOENT,
	      "a system register that is not there");
	FAILS(set_reg(fd, REG_SYS(3, 7, 15, 15, 7), &value), ENOENT, "write of it");
	FAILS(get_reg(fd, KVM_REG_ARM64_SVE_ZREG(0, 0), &value), ENOENT, "an SVE register");
	FAILS(get_reg(fd, REG_X(0), NULL), EFAULT, "read to nowhere");
	FAILS(set_reg(fd, REG_X(0), NULL), EFAULT, "write from nowhere");
	FAILS(set_reg64(fd, REG_PSTATE, 0x3c9), EINVAL, "PSTATE of EL2");
	FAILS(set_reg64(fd, REG_PSTATE, 0x1d3), EINVAL, "PSTATE of AArch32");
	OK(set_reg64(fd, REG_PSTATE, 0x3c4), "PSTATE of EL1t");
	OK(set_reg64(fd, REG_PSTATE, 0x3c0), "PSTATE of EL0t");
	OURS(FAILS(set_reg64(fd, REG_MPIDR, 0x80000001), EINVAL, "another MPIDR"));
	FAILS(set_reg64(fd, KVM_REG_ARM_PSCI_VERSION, 0x99), EINVAL,
	      "a PSCI version that does not exist");
}

/* KVM 6.1 does not give these out. */
static void check_physical_timer(int fd)
{
	OK(set_reg64(fd, KVM_REG_ARM_PTIMER_CVAL, ~0ull), "compare value of the physical timer");
	IS(reg64(fd, KVM_REG_ARM_PTIMER_CVAL), ~0ull, "read back");
	OK(set_reg64(fd, KVM_REG_ARM_PTIMER_CTL, 3), "physical timer on, masked");
	IS(reg64(fd, KVM_REG_ARM_PTIMER_CTL), 3, "not expired");
	tap_ok(reg64(fd, KVM_REG_ARM_PTIMER_CNT) > 0, "the physical count");
}

static void check_timer(int fd)
{
	uint64_t first = reg64(fd, KVM_REG_ARM_TIMER_CNT), second;

	usleep(1000);
	second = reg64(fd, KVM_REG_ARM_TIMER_CNT);
	tap_ok(second > first, "the virtual count advances");
	OK(set_reg64(fd, KVM_REG_ARM_TIMER_CNT, 1000), "the count set to 1000");
	second = reg64(fd, KVM_REG_ARM_TIMER_CNT);
	tap_ok(second >= 1000 && second < 1000 + 100000000, "goes on from there (%llu)",
	       (unsigned long long)second);
	OK(set_reg64(fd, KVM_REG_ARM_TIMER_CVAL, ~0ull), "compare value far away");
	OK(set_reg64(fd, KVM_REG_ARM_TIMER_CTL, 1), "timer on");
	IS(reg64(fd, KVM_REG_ARM_TIMER_CTL), 1, "CTL: enabled, not expired");
	OK(set_reg64(fd, KVM_REG_ARM_TIMER_CVAL, 0), "compare value in the past");
	IS(reg64(fd, KVM_REG_ARM_TIMER_CTL), 5, "CTL: expired");
	if (!reference)
		check_physical_timer(fd);
	OK(vcpu_init(fd, 1 << KVM_ARM_VCPU_PSCI_0_2), "KVM_ARM_VCPU_INIT");
	IS(reg64(fd, KVM_REG_ARM_TIMER_CTL) & 1, 0, "timer after it");
	OURS(IS(reg64(fd, KVM_REG_ARM_PTIMER_CTL) & 1, 0, "physical timer after it"));
}

void test_regs(void)
{
	struct vm vm;

	vm_make(&vm, 2);
	check_list(vm.vcpu[0]);
	check_id_registers(vm.vcpu[0]);
	IS(reg64(vm.vcpu[1], REG_MPIDR), 0x80000001, "MPIDR_EL1 of vCPU 1");
	check_reset(vm.vcpu[0]);
	check_bad_registers(vm.vcpu[0]);
	check_timer(vm.vcpu[0]);
	vm_close(&vm);
}

/* --- lifetimes -------------------------------------------------------------------------------- */
static void check_foreign_mm(struct vm *vm)
{
	int status;
	pid_t child = fork();

	if (!child) {
		int ok = ioctl(vm->fd, KVM_CHECK_EXTENSION, 0) < 0 && errno == EIO;

		ok &= ioctl(vm->vcpu[0], KVM_RUN, 0) < 0 && errno == EIO;
		_exit(ok ? 0 : 1);
	}
	waitpid(child, &status, 0);
	tap_ok(WIFEXITED(status) && !WEXITSTATUS(status),
	       "another process gets EIO from VM and vCPU");
}

void test_life(void)
{
	struct vm vm, scratch;
	uint64_t value;

	vm_make(&vm, 1);
	vm_make_ram(&vm);
	check_foreign_mm(&vm);
	vm_make(&scratch, 1);
	OK(get_reg(scratch.vcpu[0], REG_SYS(3, 0, 0, 4, 0), &value),
	   "a second VM beside the first");
	vm_close(&scratch);
	close(vm.fd);
	OK(get_reg(vm.vcpu[0], REG_PC, &value), "a vCPU outlives the VM's descriptor");
	vm.fd = dup(vm.vcpu[0]);
	vm_close(&vm);
	for (int i = 0; i < 200; i++) {
		vm_make(&vm, 4);
		vm_make_ram(&vm);
		vm_make_gic(&vm, 288);
		vm_close(&vm);
	}
	tap_ok(true, "200 VMs made and closed without running");
}
