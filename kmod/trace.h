/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints: /sys/kernel/tracing/events/selkie. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM selkie

#if !defined(SELKIE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SELKIE_TRACE_H

#include <linux/tracepoint.h>

#include "wire/uvm.h"

TRACE_EVENT(selkie_exit,
	    TP_PROTO(unsigned int vm, unsigned int vcpu, u32 reason, u64 addr, u32 esr, u8 access),
	    TP_ARGS(vm, vcpu, reason, addr, esr, access),
	    TP_STRUCT__entry(__field(unsigned int, vm) __field(unsigned int, vcpu)
				     __field(u32, reason) __field(u64, addr) __field(u32, esr)
					     __field(u8, access)),
	    TP_fast_assign(__entry->vm = vm; __entry->vcpu = vcpu; __entry->reason = reason;
			   __entry->addr = addr; __entry->esr = esr; __entry->access = access;),
	    TP_printk("vm %u vcpu %u %s addr 0x%llx esr 0x%x%s%s%s%s", __entry->vm, __entry->vcpu,
		      __print_symbolic(__entry->reason, { UVM_EXIT_NONE, "none" },
				       { UVM_EXIT_INTR, "intr" }, { UVM_EXIT_ABORT, "abort" },
				       { UVM_EXIT_SYSTEM, "system" }, { UVM_EXIT_FAIL, "fail" }),
		      __entry->addr, __entry->esr,
		      __entry->access &UVM_ACCESS_WRITE ? " write" : "",
		      __entry->access &UVM_ACCESS_FETCH ? " fetch" : "",
		      __entry->access &UVM_ACCESS_PERM ? " permission" : "",
		      __entry->access &UVM_ACCESS_WALK ? " walk" : ""));

TRACE_EVENT(selkie_page_in,
	    TP_PROTO(unsigned int vm, u64 ipa, bool write, unsigned int pages, int result),
	    TP_ARGS(vm, ipa, write, pages, result),
	    TP_STRUCT__entry(__field(unsigned int, vm) __field(u64, ipa) __field(bool, write)
				     __field(unsigned int, pages) __field(int, result)),
	    TP_fast_assign(__entry->vm = vm; __entry->ipa = ipa; __entry->write = write;
			   __entry->pages = pages; __entry->result = result;),
	    TP_printk("vm %u ipa 0x%llx %s pages %u result %d", __entry->vm, __entry->ipa,
		      __entry->write ? "write" : "read", __entry->pages, __entry->result));

TRACE_EVENT(selkie_unmap, TP_PROTO(unsigned int vm, u64 ipa, u64 pages), TP_ARGS(vm, ipa, pages),
	    TP_STRUCT__entry(__field(unsigned int, vm) __field(u64, ipa) __field(u64, pages)),
	    TP_fast_assign(__entry->vm = vm; __entry->ipa = ipa; __entry->pages = pages;),
	    TP_printk("vm %u ipa 0x%llx pages %llu", __entry->vm, __entry->ipa, __entry->pages));

TRACE_EVENT(selkie_kick, TP_PROTO(unsigned int vm, unsigned int vcpu), TP_ARGS(vm, vcpu),
	    TP_STRUCT__entry(__field(unsigned int, vm) __field(unsigned int, vcpu)),
	    TP_fast_assign(__entry->vm = vm; __entry->vcpu = vcpu;),
	    TP_printk("vm %u vcpu %u", __entry->vm, __entry->vcpu));

TRACE_EVENT(selkie_irqfd, TP_PROTO(unsigned int gsi, unsigned int intid), TP_ARGS(gsi, intid),
	    TP_STRUCT__entry(__field(unsigned int, gsi) __field(unsigned int, intid)),
	    TP_fast_assign(__entry->gsi = gsi; __entry->intid = intid;),
	    TP_printk("gsi %u intid %u", __entry->gsi, __entry->intid));

TRACE_EVENT(selkie_ioeventfd, TP_PROTO(unsigned int vm, unsigned int index), TP_ARGS(vm, index),
	    TP_STRUCT__entry(__field(unsigned int, vm) __field(unsigned int, index)),
	    TP_fast_assign(__entry->vm = vm; __entry->index = index;),
	    TP_printk("vm %u entry %u", __entry->vm, __entry->index));

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
