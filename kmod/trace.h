/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: /sys/kernel/tracing/events/selkie; what each says: docs/observability.md. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM selkie

#if !defined(SELKIE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SELKIE_TRACE_H

#include <linux/kvm.h>
#include <linux/tracepoint.h>

#include "wire/uvm.h"

/* clang-format off */
TRACE_EVENT(selkie_vm_create,
	TP_PROTO(unsigned int vm, unsigned int vcpus, int pid),
	TP_ARGS(vm, vcpus, pid),
	TP_STRUCT__entry(
		__field(unsigned int, vm)
		__field(unsigned int, vcpus)
		__field(int, pid)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->vcpus = vcpus;
		__entry->pid = pid;
	),
	TP_printk("vm %u vcpus %u pid %d", __entry->vm, __entry->vcpus, __entry->pid)
);

TRACE_EVENT(selkie_vm_destroy,
	TP_PROTO(unsigned int vm),
	TP_ARGS(vm),
	TP_STRUCT__entry(
		__field(unsigned int, vm)
	),
	TP_fast_assign(
		__entry->vm = vm;
	),
	TP_printk("vm %u", __entry->vm)
);

#define trace_resumes					\
	{ UVM_RESUME_RETRY, "retry" },			\
	{ UVM_RESUME_MMIO, "mmio" },			\
	{ UVM_RESUME_ABORT, "abort" }

TRACE_EVENT(selkie_entry,
	TP_PROTO(unsigned int vm, unsigned int vcpu, u32 resume),
	TP_ARGS(vm, vcpu, resume),
	TP_STRUCT__entry(
		__field(unsigned int, vm)
		__field(unsigned int, vcpu)
		__field(u32, resume)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->vcpu = vcpu;
		__entry->resume = resume;
	),
	TP_printk("vm %u vcpu %u %s", __entry->vm, __entry->vcpu,
		  __print_symbolic(__entry->resume, trace_resumes))
);

#define trace_exits					\
	{ UVM_EXIT_NONE, "none" },			\
	{ UVM_EXIT_INTR, "intr" },			\
	{ UVM_EXIT_ABORT, "abort" },			\
	{ UVM_EXIT_SYSTEM, "system" },			\
	{ UVM_EXIT_FAIL, "fail" }

TRACE_EVENT(selkie_exit,
	TP_PROTO(unsigned int vm, unsigned int vcpu, u32 reason, u64 addr, u32 esr, u8 access),
	TP_ARGS(vm, vcpu, reason, addr, esr, access),
	TP_STRUCT__entry(
		__field(unsigned int, vm)
		__field(unsigned int, vcpu)
		__field(u32, reason)
		__field(u64, addr)
		__field(u32, esr)
		__field(u8, access)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->vcpu = vcpu;
		__entry->reason = reason;
		__entry->addr = addr;
		__entry->esr = esr;
		__entry->access = access;
	),
	TP_printk("vm %u vcpu %u %s addr 0x%llx esr 0x%x%s%s%s%s", __entry->vm, __entry->vcpu,
		  __print_symbolic(__entry->reason, trace_exits), __entry->addr, __entry->esr,
		  __entry->access & UVM_ACCESS_WRITE ? " write" : "",
		  __entry->access & UVM_ACCESS_FETCH ? " fetch" : "",
		  __entry->access & UVM_ACCESS_PERM ? " permission" : "",
		  __entry->access & UVM_ACCESS_WALK ? " walk" : "")
);

TRACE_EVENT(selkie_userspace_exit,
	TP_PROTO(unsigned int vm, unsigned int vcpu, u32 reason, int result),
	TP_ARGS(vm, vcpu, reason, result),
	TP_STRUCT__entry(
		__field(unsigned int, vm)
		__field(unsigned int, vcpu)
		__field(u32, reason)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->vcpu = vcpu;
		__entry->reason = reason;
		__entry->result = result;
	),
	TP_printk("vm %u vcpu %u reason %s result %d", __entry->vm, __entry->vcpu,
		  __print_symbolic(__entry->reason,
				   { KVM_EXIT_UNKNOWN, "unknown" },
				   { KVM_EXIT_MMIO, "mmio" },
				   { KVM_EXIT_INTR, "intr" },
				   { KVM_EXIT_SYSTEM_EVENT, "system_event" },
				   { KVM_EXIT_INTERNAL_ERROR, "internal_error" }),
		  __entry->result)
);

TRACE_EVENT(selkie_mmio,
	TP_PROTO(unsigned int vm, unsigned int vcpu, bool write, u8 len, u64 addr, u64 data),
	TP_ARGS(vm, vcpu, write, len, addr, data),
	TP_STRUCT__entry(
		__field(unsigned int, vm)
		__field(unsigned int, vcpu)
		__field(bool, write)
		__field(u8, len)
		__field(u64, addr)
		__field(u64, data)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->vcpu = vcpu;
		__entry->write = write;
		__entry->len = len;
		__entry->addr = addr;
		__entry->data = write ? data : 0;
	),
	TP_printk("vm %u vcpu %u %s len %u addr 0x%llx data 0x%llx", __entry->vm, __entry->vcpu,
		  __entry->write ? "write" : "read", __entry->len, __entry->addr, __entry->data)
);

TRACE_EVENT(selkie_page_in,
	TP_PROTO(unsigned int vm, u64 ipa, bool write, unsigned int pages, int result),
	TP_ARGS(vm, ipa, write, pages, result),
	TP_STRUCT__entry(
		__field(unsigned int, vm)
		__field(u64, ipa)
		__field(bool, write)
		__field(unsigned int, pages)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->ipa = ipa;
		__entry->write = write;
		__entry->pages = pages;
		__entry->result = result;
	),
	TP_printk("vm %u ipa 0x%llx %s pages %u result %d", __entry->vm, __entry->ipa,
		  __entry->write ? "write" : "read", __entry->pages, __entry->result)
);

TRACE_EVENT(selkie_unmap,
	TP_PROTO(unsigned int vm, u64 ipa, u64 pages),
	TP_ARGS(vm, ipa, pages),
	TP_STRUCT__entry(
		__field(unsigned int, vm)
		__field(u64, ipa)
		__field(u64, pages)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->ipa = ipa;
		__entry->pages = pages;
	),
	TP_printk("vm %u ipa 0x%llx pages %llu", __entry->vm, __entry->ipa, __entry->pages)
);

TRACE_EVENT(selkie_kick,
	TP_PROTO(unsigned int vm, unsigned int vcpu),
	TP_ARGS(vm, vcpu),
	TP_STRUCT__entry(
		__field(unsigned int, vm)
		__field(unsigned int, vcpu)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->vcpu = vcpu;
	),
	TP_printk("vm %u vcpu %u", __entry->vm, __entry->vcpu)
);

/* Bits 0 to 7 stand for vCPUs. */
#define trace_rings					\
	{ UVM_RING_IRQ, "irq" },			\
	{ UVM_RING_IOEVENT, "ioevent" },		\
	{ UVM_RING_VMREQ, "vmreq" }

TRACE_EVENT(selkie_ring,
	TP_PROTO(unsigned int vm, u32 bits, bool rung),
	TP_ARGS(vm, bits, rung),
	TP_STRUCT__entry(
		__field(unsigned int, vm)
		__field(u32, bits)
		__field(bool, rung)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->bits = bits;
		__entry->rung = rung;
	),
	TP_printk("vm %u %s%s", __entry->vm, __print_flags(__entry->bits, "|", trace_rings),
		  __entry->rung ? "" : " merged")
);

#define trace_events					\
	{ UVM_EVENT_IOEVENT, "ioevent" },		\
	{ UVM_EVENT_EOI, "eoi" },			\
	{ UVM_EVENT_VMREQ, "vmreq" },			\
	{ UVM_EVENT_DEAD, "dead" }

TRACE_EVENT(selkie_event,
	TP_PROTO(unsigned int vm, u32 bits),
	TP_ARGS(vm, bits),
	TP_STRUCT__entry(
		__field(unsigned int, vm)
		__field(u32, bits)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->bits = bits;
	),
	TP_printk("vm %u %s", __entry->vm, __print_flags(__entry->bits, "|", trace_events))
);

TRACE_EVENT(selkie_irqfd,
	TP_PROTO(unsigned int vm, unsigned int gsi, unsigned int intid),
	TP_ARGS(vm, gsi, intid),
	TP_STRUCT__entry(
		__field(unsigned int, vm)
		__field(unsigned int, gsi)
		__field(unsigned int, intid)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->gsi = gsi;
		__entry->intid = intid;
	),
	TP_printk("vm %u gsi %u intid %u", __entry->vm, __entry->gsi, __entry->intid)
);

TRACE_EVENT(selkie_irq_line,
	TP_PROTO(unsigned int vm, unsigned int type, unsigned int vcpu, unsigned int intid,
		 bool level),
	TP_ARGS(vm, type, vcpu, intid, level),
	TP_STRUCT__entry(
		__field(unsigned int, vm)
		__field(unsigned int, type)
		__field(unsigned int, vcpu)
		__field(unsigned int, intid)
		__field(bool, level)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->type = type;
		__entry->vcpu = vcpu;
		__entry->intid = intid;
		__entry->level = level;
	),
	TP_printk("vm %u %s vcpu %u intid %u level %u", __entry->vm,
		  __print_symbolic(__entry->type,
				   { KVM_ARM_IRQ_TYPE_CPU, "cpu" },
				   { KVM_ARM_IRQ_TYPE_SPI, "spi" },
				   { KVM_ARM_IRQ_TYPE_PPI, "ppi" }),
		  __entry->vcpu, __entry->intid, __entry->level)
);

TRACE_EVENT(selkie_ack_irq,
	TP_PROTO(unsigned int vm, unsigned int gsi, unsigned int intid),
	TP_ARGS(vm, gsi, intid),
	TP_STRUCT__entry(
		__field(unsigned int, vm)
		__field(unsigned int, gsi)
		__field(unsigned int, intid)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->gsi = gsi;
		__entry->intid = intid;
	),
	TP_printk("vm %u gsi %u intid %u", __entry->vm, __entry->gsi, __entry->intid)
);

TRACE_EVENT(selkie_ioeventfd,
	TP_PROTO(unsigned int vm, unsigned int index),
	TP_ARGS(vm, index),
	TP_STRUCT__entry(
		__field(unsigned int, vm)
		__field(unsigned int, index)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->index = index;
	),
	TP_printk("vm %u entry %u", __entry->vm, __entry->index)
);
/* clang-format on */

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
