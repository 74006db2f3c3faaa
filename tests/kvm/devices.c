// SPDX-License-Identifier: BSD-2-Clause
/* Memory slots, vGIC device, interrupt lines, eventfds: their calls, without a guest. */
#define _GNU_SOURCE
#include "client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void test_memory(void)
{
	struct kvm_dirty_log log = { .slot = 1 };
	uint64_t bitmap[16];
	uint8_t *ram;
	struct vm vm;

	vm_make(&vm, 0);
	ram = mmap(NULL, 0x100000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	OK(set_slot(vm.fd, 1, 0, RAM_GPA, 0x10000, ram), "a slot");
	OK(set_slot(vm.fd, 1, 0, RAM_GPA, 0x10000, ram), "the same again");
	FAILS(set_slot(vm.fd, 2, 0, RAM_GPA + 0xf000, 0x2000, ram), EEXIST, "an overlapping slot");
	FAILS(set_slot(vm.fd, 2, 0, RAM_GPA - 0x1000, 0x20000, ram), EEXIST, "a slot around it");
	OK(set_slot(vm.fd, 2, 0, RAM_GPA + 0x10000, 0x1000, ram), "a slot right behind it");
	OK(set_slot(vm.fd, 3, 0, RAM_GPA - 0x1000, 0x1000, ram), "a slot right before it");
	FAILS(set_slot(vm.fd, 1, 0, RAM_GPA, 0x8000, ram), EINVAL, "another size");
	FAILS(set_slot(vm.fd, 1, 0, RAM_GPA, 0x10000, ram + 0x1000), EINVAL,
	      "another address in the process");
	FAILS(set_slot(vm.fd, 1, KVM_MEM_READONLY, RAM_GPA, 0x10000, ram), EINVAL, "read-only now");
	FAILS(set_slot(vm.fd, 1, 0, RAM_GPA + 0x1000, 0x10000, ram), EEXIST,
	      "moved onto a neighbour");
	OK(set_slot(vm.fd, 1, 0, RAM_GPA + 0x100000, 0x10000, ram), "moved away");
	OK(set_slot(vm.fd, 4, KVM_MEM_READONLY, RAM_GPA, 0x10000, ram),
	   "a read-only slot where it was");
	OK(set_slot(vm.fd, 4, 0, 0, 0, NULL), "deleted");
	FAILS(set_slot(vm.fd, 4, 0, 0, 0, NULL), EINVAL, "deleted again");
	FAILS(set_slot(vm.fd, 5, 4, RAM_GPA, 0x1000, ram), EINVAL, "an unknown flag");
	FAILS(set_slot(vm.fd, 5, 0, RAM_GPA + 0x800, 0x1000, ram), EINVAL,
	      "a misaligned guest address");
	FAILS(set_slot(vm.fd, 5, 0, RAM_GPA, 0x800, ram), EINVAL, "a misaligned size");
	FAILS(set_slot(vm.fd, 5, 0, RAM_GPA, 0x1000, ram + 0x800), EINVAL,
	      "a misaligned address in the process");
	FAILS(set_slot(vm.fd, 5, 0, RAM_GPA, 0x1000, (void *)(1ul << 56)), EINVAL,
	      "an address the process can not have");
	OURS(FAILS(set_slot(vm.fd, 512, 0, RAM_GPA, 0x1000, ram), EINVAL, "slot 512"));
	FAILS(set_slot(vm.fd, 1 << 16, 0, RAM_GPA, 0x1000, ram), EINVAL, "another address space");
	OK(set_slot(vm.fd, 511, 0, RAM_GPA + 0x400000, 0x1000, ram), "slot 511");
	FAILS(set_slot(vm.fd, 5, 0, 1ull << 40, 0x1000, ram), EFAULT, "beyond the address bits");
	FAILS(set_slot(vm.fd, 5, 0, (1ull << 40) - 0x1000, 0x2000, ram), EFAULT,
	      "across their end");
	FAILS(set_slot(vm.fd, 5, 0, -0x1000ull, 0x2000, ram), EINVAL, "across the end of all");
	OK(set_slot(vm.fd, 6, 0, 1ull << 36, 1ull << 35, (void *)0x100000000000),
	   "a slot where nothing is mapped");

	log.dirty_bitmap = bitmap;
	FAILS(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log), ENOENT,
	      "KVM_GET_DIRTY_LOG of a slot that does not log");
	OK(set_slot(vm.fd, 1, KVM_MEM_LOG_DIRTY_PAGES, RAM_GPA + 0x100000, 0x10000, ram),
	   "logging on");
	bitmap[0] = ~0ull;
	OK(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log), "KVM_GET_DIRTY_LOG");
	IS(bitmap[0], 0, "dirty pages before the guest ran");
	OK(set_slot(vm.fd, 1, 0, RAM_GPA + 0x100000, 0x10000, ram), "logging off");
	log.slot = 512;
	OURS(FAILS(ioctl(vm.fd, KVM_GET_DIRTY_LOG, &log), EINVAL, "KVM_GET_DIRTY_LOG of slot 512"));
	munmap(ram, 0x100000);
	vm_close(&vm);
}

/* --- vGIC ------------------------------------------------------------------------------------- */
static uint64_t dist(unsigned int cpu, uint32_t offset)
{
	return (uint64_t)cpu << KVM_DEV_ARM_VGIC_CPUID_SHIFT | offset;
}

static uint32_t dist_read(struct vm *vm, unsigned int cpu, uint32_t offset)
{
	uint32_t value = 0xdeadbeef;

	get_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, dist(cpu, offset), &value);
	return value;
}

static int dist_write(struct vm *vm, unsigned int cpu, uint32_t offset, uint32_t value)
{
	return set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, dist(cpu, offset), &value);
}

static void check_addresses(struct vm *vm)
{
	uint64_t addr = GICD_GPA + 0x800;

	FAILS(set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, &addr),
	      EINVAL, "misaligned distributor");
	addr = 1ull << 40;
	FAILS(set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, &addr),
	      E2BIG, "distributor beyond the address bits");
	addr = (1ull << 40) - 0x1000;
	FAILS(set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_CPU, &addr), E2BIG,
	      "CPU interface across their end");
	addr = GICD_GPA;
	FAILS(set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &addr),
	      ENXIO, "GICv3 address");
	FAILS(set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, NULL),
	      EFAULT, "address from nowhere");
	OK(set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, &addr),
	   "distributor address");
	FAILS(set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, &addr),
	      EEXIST, "again");
	addr = 0;
	OK(get_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_DIST, &addr),
	   "read back");
	IS(addr, GICD_GPA, "distributor address");
	OK(has_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V2_ADDR_TYPE_CPU),
	   "the CPU interface has an address attribute");
	FAILS(has_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST), ENXIO,
	      "a redistributor has not");
}

static void check_numbers(struct vm *vm)
{
	static const uint32_t bad[] = { 32, 65, 1000, 1024, 0 };
	uint32_t value;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		value = bad[i];
		FAILS(set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &value), EINVAL,
		      "bad number of interrupts");
	}
	OK(has_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0), "NR_IRQS is known");
	value = 288;
	OK(set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &value), "288 interrupts");
	FAILS(set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &value), EBUSY, "again");
	OK(get_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &value), "read back");
	IS(value, 288, "NR_IRQS");
}

static void check_distributor(struct vm *vm)
{
	uint32_t value = 0;

	IS(dist_read(vm, 0, 0x004), 8 | 1 << 5, "GICD_TYPER: 288 interrupts, 2 CPUs");
	IS(dist_read(vm, 0, 0x008) & 0xff000fff, 0x4b00043b, "GICD_IIDR");
	OK(dist_write(vm, 0, 0x184, ~0u), "GICD_ICENABLER1");
	OK(dist_write(vm, 0, 0x104, 0x12345678), "GICD_ISENABLER1");
	IS(dist_read(vm, 0, 0x104), 0x12345678, "GICD_ISENABLER1");
	OK(dist_write(vm, 0, 0x184, 0x00005678), "GICD_ICENABLER1");
	IS(dist_read(vm, 0, 0x184), 0x12340000, "GICD_ICENABLER1");
	OK(dist_write(vm, 0, 0x420, 0xa0a0a0a0), "GICD_IPRIORITYR8");
	IS(dist_read(vm, 0, 0x420), 0xa0a0a0a0, "GICD_IPRIORITYR8");
	OK(dist_write(vm, 0, 0x820, 0x01020103), "GICD_ITARGETSR8");
	IS(dist_read(vm, 0, 0x820), 0x01020103, "GICD_ITARGETSR8");
	IS(dist_read(vm, 0, 0xc08), 0xaaaaaaaa, "GICD_ICFGR2 of a new vGIC: edge");
	OK(dist_write(vm, 0, 0xc08, 0xa0a0a0a0), "GICD_ICFGR2");
	IS(dist_read(vm, 0, 0xc08), 0xa0a0a0a0, "GICD_ICFGR2");
	OK(dist_write(vm, 0, 0x400, 0x10203040), "GICD_IPRIORITYR0 of CPU 0");
	OK(dist_write(vm, 1, 0x400, 0x50607080), "GICD_IPRIORITYR0 of CPU 1");
	IS(dist_read(vm, 0, 0x400), 0x10203040, "GICD_IPRIORITYR0 of CPU 0");
	IS(dist_read(vm, 1, 0x400), 0x50607080, "GICD_IPRIORITYR0 of CPU 1");
	IS(dist_read(vm, 0, 0x800), 0x01010101, "GICD_ITARGETSR0 of CPU 0");
	IS(dist_read(vm, 1, 0x800), 0x02020202, "GICD_ITARGETSR0 of CPU 1");
	OK(dist_write(vm, 0, 0x204, 0x3), "GICD_ISPENDR1");
	IS(dist_read(vm, 0, 0x204), 0x3, "GICD_ISPENDR1");
	OK(dist_write(vm, 0, 0x284, ~0u), "GICD_ICPENDR1");
	IS(dist_read(vm, 0, 0x204), 0, "GICD_ISPENDR1");
	OK(dist_write(vm, 0, 0xf20, 0x0201), "GICD_SPENDSGIR0");
	IS(dist_read(vm, 0, 0xf20), 0x0201, "GICD_SPENDSGIR0");
	OK(dist_write(vm, 0, 0xf10, ~0u), "GICD_CPENDSGIR0");
	IS(dist_read(vm, 0, 0xf20), 0, "GICD_SPENDSGIR0");
	/* What is not there reads as zero. */
	IS(dist_read(vm, 0, 0x105), 0, "a misaligned register");
	IS(dist_read(vm, 0, 0xfd0), 0, "an unknown register");
	IS(dist_read(vm, 0, 0x124), 0, "enable bits of interrupt 288");
	OK(dist_write(vm, 0, 0xfd0, 1), "write of an unknown register");
	FAILS(get_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, dist(2, 0x104), &value), EINVAL,
	      "a CPU that is not there");
	FAILS(set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, dist(0, 0x104), NULL), EFAULT,
	      "value from nowhere");
	value = 0;
	FAILS(set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, dist(0, 0x008), &value), EINVAL,
	      "another GICD_IIDR");
	OK(has_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, dist(0, 0x104)),
	   "GICD_ISENABLER1 is known");
	FAILS(has_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_DIST_REGS, dist(0, 0xfd0)), ENXIO,
	      "0xfd0 is not");
}

static void check_cpu_interface(struct vm *vm)
{
	static const uint32_t offsets[] = { 0x00, 0x04, 0x08, 0x1c, 0xd0, 0xd4, 0xd8, 0xdc };
	uint32_t value;

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		value = 1;
		OK(set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, dist(1, offsets[i]), &value),
		   "write of a CPU interface register");
		value = 0;
		OK(get_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, dist(1, offsets[i]), &value),
		   "read of it");
		/* With 32 priorities there is one active priorities register. */
		IS(value & 1, offsets[i] <= 0xd0, "its value");
	}
	value = 0x1f;
	set_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, dist(0, 0x04), &value);
	get_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, dist(0, 0x04), &value);
	IS(value, 0x1f, "GICC_PMR as VMPriMask");
	OK(get_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, dist(0, 0x0c), &value), "GICC_IAR");
	IS(value, 0, "its value");
	FAILS(has_attr(vm->gic, KVM_DEV_ARM_VGIC_GRP_CPU_REGS, dist(0, 0x0c)), ENXIO,
	      "GICC_IAR is not known");
}

void test_vgic(void)
{
	struct kvm_create_device device = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	struct vm vm;
	uint32_t value = 0;

	vm_make(&vm, 2);
	FAILS(ioctl(vm.fd, KVM_CREATE_DEVICE, &device), ENODEV, "KVM_CREATE_DEVICE of a GICv3");
	FAILS(irq_line(vm.fd, KVM_ARM_IRQ_TYPE_SPI, 0, 40, 1), ENXIO,
	      "KVM_IRQ_LINE without a vGIC");
	device.type = KVM_DEV_TYPE_ARM_VGIC_V2;
	OK(ioctl(vm.fd, KVM_CREATE_DEVICE, &device), "KVM_CREATE_DEVICE of a GICv2");
	vm.gic = (int)device.fd;
	FAILS(ioctl(vm.fd, KVM_CREATE_DEVICE, &device), EEXIST, "a second one");
	FAILS(ioctl(vm.gic, KVM_RUN, 0), ENOTTY, "an ioctl the device does not have");
	check_addresses(&vm);
	check_numbers(&vm);
	FAILS(irqfd(vm.fd, eventfd(0, 0), 5, 0, 0), EAGAIN,
	      "KVM_IRQFD before the vGIC is initialised");
	OK(has_attr(vm.gic, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT),
	   "INIT is known");
	FAILS(has_attr(vm.gic, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES),
	      ENXIO, "SAVE_PENDING_TABLES is not");
	OK(set_attr(vm.gic, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL), "INIT");
	OK(set_attr(vm.gic, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL),
	   "INIT again");
	FAILS(set_attr(vm.gic, 99, 0, &value), ENXIO, "an unknown group");
	FAILS(ioctl(vm.fd, KVM_CREATE_VCPU, 2), EBUSY, "KVM_CREATE_VCPU after INIT");
	check_distributor(&vm);
	check_cpu_interface(&vm);
	vm_close(&vm);
}

/* --- lines and routing ------------------------------------------------------------------------ */
static int set_routing(int fd, const struct kvm_irq_routing_entry *entries, uint32_t nr,
		       uint32_t flags)
{
	struct kvm_irq_routing *routing =
		calloc(1, sizeof(*routing) + (nr + 1) * sizeof(entries[0]));
	int ret;

	routing->nr = nr;
	routing->flags = flags;
	for (uint32_t i = 0; i < nr && i < 4096; i++)
		routing->entries[i] = entries[i];
	ret = ioctl(fd, KVM_SET_GSI_ROUTING, routing);
	free(routing);
	return ret;
}

static void check_routing(struct vm *vm)
{
	struct kvm_irq_routing_entry *entries = calloc(4097, sizeof(*entries));
	struct kvm_irq_routing_entry one = { .gsi = 7,
					     .type = KVM_IRQ_ROUTING_IRQCHIP,
					     .u.irqchip.pin = 9 };

	for (uint32_t i = 0; i < 256; i++)
		entries[i] = (struct kvm_irq_routing_entry){ .gsi = i,
							     .type = KVM_IRQ_ROUTING_IRQCHIP,
							     .u.irqchip.pin = i };
	OK(set_routing(vm->fd, entries, 256, 0), "256 routes as QEMU makes them");
	OK(set_routing(vm->fd, entries, 0, 0), "no routes");
	FAILS(set_routing(vm->fd, entries, 4097, 0), EINVAL, "4097 routes");
	FAILS(set_routing(vm->fd, entries, 1, 1), EINVAL, "flags");
	one.u.irqchip.irqchip = 1;
	FAILS(set_routing(vm->fd, &one, 1, 0), EINVAL, "a second interrupt controller");
	one.u.irqchip.irqchip = 0;
	one.u.irqchip.pin = 988;
	FAILS(set_routing(vm->fd, &one, 1, 0), EINVAL, "a pin beyond the last");
	one.u.irqchip.pin = 1;
	one.gsi = 4096;
	FAILS(set_routing(vm->fd, &one, 1, 0), EINVAL, "a GSI beyond the last");
	one.gsi = 4095;
	OK(set_routing(vm->fd, &one, 1, 0), "the last GSI");
	one.type = 7;
	FAILS(set_routing(vm->fd, &one, 1, 0), EINVAL, "an unknown type");
	one.type = KVM_IRQ_ROUTING_MSI;
	OK(set_routing(vm->fd, &one, 1, 0), "an MSI");
	one.flags = 2;
	FAILS(set_routing(vm->fd, &one, 1, 0), EINVAL, "an MSI with unknown flags");
	entries[1] = entries[0];
	FAILS(set_routing(vm->fd, entries, 2, 0), EINVAL, "two routes of one GSI");
	FAILS(ioctl(vm->fd, KVM_SET_GSI_ROUTING, NULL), EFAULT, "routes from nowhere");
	free(entries);
}

void test_irq(void)
{
	struct vm vm;

	vm_make(&vm, 2);
	vm_make_gic(&vm, 128);
	OK(irq_line(vm.fd, KVM_ARM_IRQ_TYPE_SPI, 0, 33, 0), "SPI 33 low");
	OK(irq_line(vm.fd, KVM_ARM_IRQ_TYPE_SPI, 0, 127, 1), "SPI 127 high");
	OK(irq_line(vm.fd, KVM_ARM_IRQ_TYPE_SPI, 0, 127, 0), "SPI 127 low");
	FAILS(irq_line(vm.fd, KVM_ARM_IRQ_TYPE_SPI, 0, 128, 1), EINVAL, "SPI 128 of 128");
	FAILS(irq_line(vm.fd, KVM_ARM_IRQ_TYPE_SPI, 0, 31, 1), EINVAL, "SPI 31");
	OK(irq_line(vm.fd, KVM_ARM_IRQ_TYPE_PPI, 1, 23, 1), "PPI 23 of vCPU 1 high");
	OK(irq_line(vm.fd, KVM_ARM_IRQ_TYPE_PPI, 1, 23, 0), "PPI 23 of vCPU 1 low");
	FAILS(irq_line(vm.fd, KVM_ARM_IRQ_TYPE_PPI, 2, 23, 1), EINVAL,
	      "PPI of a vCPU that is not there");
	FAILS(irq_line(vm.fd, KVM_ARM_IRQ_TYPE_PPI, 0, 15, 1), EINVAL, "PPI 15");
	FAILS(irq_line(vm.fd, KVM_ARM_IRQ_TYPE_PPI, 0, 32, 1), EINVAL, "PPI 32");
	FAILS(irq_line(vm.fd, KVM_ARM_IRQ_TYPE_CPU, 0, KVM_ARM_IRQ_CPU_IRQ, 1), ENXIO,
	      "line of a CPU");
	FAILS(irq_line(vm.fd, 3, 0, 33, 1), EINVAL, "an unknown type");
	FAILS(ioctl(vm.fd, KVM_IRQ_LINE, NULL), EFAULT, "a line from nowhere");
	check_routing(&vm);
	vm_close(&vm);
	vm_make(&vm, 0);
	OK(set_routing(vm.fd, NULL, 0, 0), "KVM_SET_GSI_ROUTING without a vGIC");
	vm_close(&vm);
}

/* --- eventfds --------------------------------------------------------------------------------- */
#define MATCH KVM_IOEVENTFD_FLAG_DATAMATCH
#define PIO KVM_IOEVENTFD_FLAG_PIO
#define REMOVE KVM_IOEVENTFD_FLAG_DEASSIGN

static void check_ioeventfd(struct vm *vm, int e, int other)
{
	OK(ioevent(vm->fd, e, 0x1000, 4, MATCH, 1), "4 bytes, datamatch 1");
	FAILS(ioevent(vm->fd, other, 0x1000, 4, MATCH, 1), EEXIST, "the same match again");
	OK(ioevent(vm->fd, other, 0x1000, 4, MATCH, 2), "datamatch 2");
	OK(ioevent(vm->fd, other, 0x1000, 2, 0, 0), "2 bytes, any data");
	FAILS(ioevent(vm->fd, other, 0x1000, 2, MATCH, 5), EEXIST, "2 bytes, datamatch 5");
	FAILS(ioevent(vm->fd, other, 0x1000, 4, 0, 0), EEXIST, "4 bytes, any data");
	FAILS(ioevent(vm->fd, other, 0x1000, 0, 0, 0), EEXIST, "any length");
	OK(ioevent(vm->fd, e, 0x2000, 0, 0, 0), "any length elsewhere");
	FAILS(ioevent(vm->fd, other, 0x2000, 8, MATCH, 0), EEXIST, "8 bytes there");
	FAILS(ioevent(vm->fd, e, 0x3000, 3, 0, 0), EINVAL, "3 bytes");
	FAILS(ioevent(vm->fd, e, 0x3000, 0, MATCH, 0), EINVAL, "any length with datamatch");
	FAILS(ioevent(vm->fd, e, ~0ull, 4, 0, 0), EINVAL, "across the end of all");
	FAILS(ioevent(vm->fd, e, 0x3000, 4, 1 << 5, 0), EINVAL, "unknown flags");
	FAILS(ioevent(vm->fd, -1, 0x3000, 4, 0, 0), EBADF, "no descriptor");
	FAILS(ioevent(vm->fd, vm->kvm, 0x3000, 4, 0, 0), EINVAL, "a descriptor that is no eventfd");
	FAILS(ioevent(vm->fd, e, 0x1000, 4, MATCH | REMOVE, 3), ENOENT, "removal with other data");
	FAILS(ioevent(vm->fd, other, 0x1000, 4, MATCH | REMOVE, 1), ENOENT,
	      "removal with another eventfd");
	FAILS(ioevent(vm->fd, e, 0x1000, 4, REMOVE, 1), ENOENT, "removal without datamatch");
	OK(ioevent(vm->fd, e, 0x1000, 4, MATCH | REMOVE, 1), "removal");
	FAILS(ioevent(vm->fd, e, 0x1000, 4, MATCH | REMOVE, 1), ENOENT, "removal again");
	for (uint64_t i = 0; i < 7; i++)
		OK(ioevent(vm->fd, e, 0, 2, MATCH | PIO, i), "a port, as QEMU probes");
	for (uint64_t i = 0; i < 7; i++)
		OK(ioevent(vm->fd, e, 0, 2, MATCH | PIO | REMOVE, i), "removal of it");
}

static void check_many(struct vm *vm, int e)
{
	int failed = 0;

	for (uint64_t i = 0; i < 300; i++)
		failed += !!ioevent(vm->fd, e, 0x100000 + i * 8, 4, 0, 0);
	IS(failed, 0, "300 ioeventfds: refused");
	for (uint64_t i = 0; i < 300; i++)
		failed += !!ioevent(vm->fd, e, 0x100000 + i * 8, 4, REMOVE, 0);
	IS(failed, 0, "300 ioeventfds: not removed");
}

static void check_irqfd(struct vm *vm, int e, int other)
{
	OK(irqfd(vm->fd, e, 5, 0, 0), "KVM_IRQFD");
	FAILS(irqfd(vm->fd, e, 6, 0, 0), EBUSY, "the same eventfd for another GSI");
	OK(irqfd(vm->fd, other, 5, 0, 0), "another eventfd for the same GSI");
	FAILS(irqfd(vm->fd, e, 5, 4, 0), EINVAL, "unknown flags");
	FAILS(irqfd(vm->fd, -1, 5, 0, 0), EBADF, "no descriptor");
	FAILS(irqfd(vm->fd, vm->kvm, 5, 0, 0), EINVAL, "a descriptor that is no eventfd");
	OK(irqfd(vm->fd, e, 6, KVM_IRQFD_FLAG_DEASSIGN, 0), "removal from a GSI it is not on");
	OK(irqfd(vm->fd, e, 5, KVM_IRQFD_FLAG_DEASSIGN, 0), "removal");
	OK(irqfd(vm->fd, e, 4000, 0, 0), "a GSI that leads nowhere");
	OK(irqfd(vm->fd, e, 4000, KVM_IRQFD_FLAG_DEASSIGN, 0), "removal");
	FAILS(irqfd(vm->fd, e, 5, KVM_IRQFD_FLAG_RESAMPLE, -1), EBADF,
	      "resampling without a descriptor");
	FAILS(irqfd(vm->fd, e, 5, KVM_IRQFD_FLAG_RESAMPLE, vm->kvm), EINVAL,
	      "resampling with one that is no eventfd");
	OK(irqfd(vm->fd, e, 5, KVM_IRQFD_FLAG_RESAMPLE, other), "resampling");
	OK(irqfd(vm->fd, e, 5, KVM_IRQFD_FLAG_DEASSIGN, 0), "removal");
}

void test_eventfd(void)
{
	int e = eventfd(0, EFD_NONBLOCK), other = eventfd(0, EFD_NONBLOCK), third;
	struct vm vm;

	vm_make(&vm, 1);
	check_ioeventfd(&vm, e, other);
	check_many(&vm, e);
	vm_make_gic(&vm, 64);
	check_irqfd(&vm, e, other);
	third = eventfd(0, EFD_NONBLOCK);
	OK(irqfd(vm.fd, third, 7, 0, 0), "an irqfd whose eventfd gets closed");
	close(third);
	usleep(10000);
	third = eventfd(0, EFD_NONBLOCK);
	OK(irqfd(vm.fd, third, 7, 0, 0), "its successor");
	vm_close(&vm);
	OK(eventfd_write(third, 1), "signal after the VM is gone");
	close(third);
	close(other);
	close(e);
}
