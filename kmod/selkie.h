/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * selkie.ko: what its files share. The KVM ABI is docs/kvm-abi.md; the other side of the wall is wire/ctl.h and wire/uvm.h.
 * Locks and their order: top of vm.c.
 */
#ifndef SELKIE_H
#define SELKIE_H

#undef pr_fmt
#define pr_fmt(fmt) "selkie: " fmt

#include <linux/bitops.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/kvm.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/wait.h>

#include <asm/sysreg.h>

#include "wire/uvm.h"

#define SELKIE_MAX_VCPUS WIRE_MAX_VCPUS
#define SELKIE_SOFT_VCPUS 4
#define SELKIE_MAX_SLOTS 512
#define SELKIE_IPA_BITS 40
#define SELKIE_MIN_IPA_BITS 32
#define SELKIE_GSIS 4096
/* Most interrupts a GICv2 has: 1020 and up are special. */
#define SELKIE_MAX_INTID 1020
#define SELKIE_PRIVATE_INTIDS 32
#define SELKIE_SPI_PINS (SELKIE_MAX_INTID - SELKIE_PRIVATE_INTIDS)
/* A VMM answers at once; when it takes longer it is broken: its VM is given up. */
#define SELKIE_ANSWER_TIMEOUT (2 * HZ)

struct selkie_vm;
struct dentry;

/* --- memory ----------------------------------------------------------------------------------- */
struct mem_slot {
	struct selkie_vm *vm;
	u32 id;
	u32 flags; /* KVM_MEM_*; LOG_DIRTY_PAGES is in `dirty` */
	u64 gpa;
	u64 pages;
	unsigned long hva;
	struct mmu_interval_notifier notifier;
	/* Bits of pages, protected by vm->mmu_lock. */
	unsigned long *mapped; /* in the user-VM's address space */
	unsigned long *writable; /* subset of mapped */
	unsigned long *dirty; /* NULL unless dirty pages are logged */
	/* Blocks of MEM_TAKEN_PAGES out of which Linux took something: a balloon, KSM, fork. Set under mmu_lock. */
	unsigned long *taken;
};

/* The slots of a VM in order of gpa; replaced as a whole, read under vm->slots_srcu. */
struct mem_slots {
	unsigned int count;
	struct mem_slot *slot[];
};

/* What a guest access to memory comes to. */
enum mem_result {
	MEM_MAPPED, /* try again */
	MEM_MMIO, /* nothing to map: for user space */
};

struct mem_stats {
	u64 faults;
	u64 pages; /* mapped by them */
	u64 retries; /* lost against an invalidation */
	u64 invalidations; /* that took something away */
	u64 walks; /* faults on the guest's own table walks */
};

/* --- interrupts ------------------------------------------------------------------------------- */
/* SPI of each GSI, 0 for none (unrouted or MSI, which needs an ITS). Replaced as a whole, RCU. */
struct irq_routes {
	struct rcu_head rcu;
	u16 intid[SELKIE_GSIS];
};

#define VGIC_ADDR_NONE U64_MAX

/* GICv2 state while no vCPU has run yet; afterwards the VMM has it. Register words as the GIC's. */
struct vgic_shadow {
	u32 ctlr;
	u32 enable[UVM_IRQ_WORDS];
	u32 group[UVM_IRQ_WORDS];
	u32 pending[UVM_IRQ_WORDS];
	u32 active[UVM_IRQ_WORDS];
	u32 priority[UVM_INTIDS / 4];
	u32 targets[UVM_INTIDS / 4];
	u32 config[UVM_INTIDS / 16];
	struct {
		u32 enable;
		u32 group;
		u32 pending;
		u32 active;
		u32 priority[SELKIE_PRIVATE_INTIDS / 4];
		u32 config[SELKIE_PRIVATE_INTIDS / 16];
		u32 sgi_source[4];
		u32 ctlr;
		u32 pmr;
		u32 bpr;
		u32 abpr;
		u32 apr;
	} cpu[SELKIE_MAX_VCPUS];
};

struct vgic {
	struct vgic_shadow *shadow;
	bool initialized;
	u32 intids; /* 0 until set */
	u64 gicd;
	u64 gicc;
};

/* --- vCPU ------------------------------------------------------------------------------------- */
/* Where a vCPU's time goes, seen from its thread. */
enum vcpu_place {
	VCPU_IN_USER, /* not in KVM_RUN */
	VCPU_IN_KERNEL, /* in KVM_RUN, the module has the slot */
	VCPU_IN_RUN, /* the VMM has it: the guest runs or waits */
	VCPU_PLACES,
};

#define VCPU_EXITS (UVM_EXIT_FAIL + 1)

struct vcpu_stats {
	u64 runs;
	u64 exits[VCPU_EXITS]; /* by enum uvm_exit; what is beyond counts as UVM_EXIT_FAIL */
	u64 page_ins; /* aborts that ended with a page mapped */
	u64 walks; /* aborts of the guest's own table walks */
	u64 mmio; /* for user space */
	u64 ioevents; /* matched here, not in the VMM */
	u64 intr;
	u64 kicks;
	u64 syncs; /* register transfers */
	u64 aborts_injected;
	/* CNTPCT ticks; of the current place its beginning is subtracted already, which makes it negative */
	u64 time[VCPU_PLACES];
	enum vcpu_place place;
};

/* An exit taken out of the slot, each word read once. */
struct vcpu_exit {
	u32 reason; /* enum uvm_exit */
	u64 addr;
	u64 data;
	u32 esr;
	u8 access;
	u8 len;
	u32 system_type;
	u64 system_data;
	u32 fail_reason;
};

#define VCPU_SHADOW_REGS 4

struct selkie_vcpu {
	struct selkie_vm *vm;
	unsigned int id; /* as user space has it; its affinity in MPIDR_EL1 */
	/* In the order of creation: its slot, its GIC CPU interface, KVM_IRQ_LINE's number. */
	unsigned int index;
	struct mutex lock; /* KVM_RUN and every other ioctl */
	wait_queue_head_t wq; /* slot came back, or the VM died */
	struct kvm_run *run; /* the page user space maps */

	/* Protected by lock. */
	bool initialized; /* KVM_ARM_VCPU_INIT was done */
	bool has_run;
	u32 features;
	u32 power; /* enum uvm_power, while not live */
	bool live; /* slot belongs to a VMM that has taken the registers over */
	bool regs_valid; /* regs is what the vCPU has */
	bool regs_dirty; /* regs is newer than what the VMM has */
	struct uvm_regs regs;
	u64 shadow[VCPU_SHADOW_REGS]; /* registers that do not reach seL4 */
	u64 spsr[KVM_NR_SPSR]; /* but for SPSR_EL1 */
	struct user_fpsimd_state fp; /* likewise */

	bool mmio_pending; /* KVM_EXIT_MMIO was returned, its answer is in run->mmio */
	bool mmio_write;
	u8 mmio_len;
	u32 resume; /* enum uvm_resume of the next UVM_REQ_RUN */
	u64 resume_data;
	bool exit_pending; /* exit was not handled yet */
	struct vcpu_exit exit;
	unsigned int walk_retries;

	struct uvm_vcpu *slot; /* in the region, while the VM is live */
	struct task_struct *attends; /* thread of KVM_RUN that irq_wake() wakes; under irq_lock */
	struct kvm_vcpu *work; /* userwork.c's */
	struct vcpu_stats stats;
};

/* --- VM ----------------------------------------------------------------------------------------- */
struct vm_stats {
	atomic64_t doorbells_rung;
	atomic64_t doorbells_merged; /* the bell had been rung and not taken yet */
	atomic64_t events_taken; /* event words that were not zero */
	atomic64_t
		doorbells_taken; /* those found by the doorbell interrupt, not when a ring returned */
	atomic64_t irqfds; /* signals of them */
	atomic64_t irq_lines;
	u64 ioeventfds; /* signalled; under ioevent_lock */
	u64 resamples; /* eventfds signalled; hard interrupt */
};

struct selkie_vm {
	struct kref ref;
	struct vm_stats stats;
	u64 created; /* ns since boot */
	pid_t pid; /* of the creator */
	char comm[TASK_COMM_LEN];
	struct mm_struct *mm; /* of the creator; mm_count held */
	unsigned int ipa_bits;

	struct mutex lock; /* vCPU creation, vGIC, start, VM requests */
	struct selkie_vcpu *vcpu[SELKIE_MAX_VCPUS]; /* by index; set once, under lock */
	unsigned int vcpus; /* that exist, the first so many of the array */
	struct vgic *vgic; /* NULL: none; set once, under lock */
	u64 cntvoff; /* CNTPCT minus the guest's virtual count */
	bool live; /* user-VM exists; set once, under lock */
	unsigned int id; /* its number */
	bool dead; /* never cleared */
	wait_queue_head_t request_wq; /* VM requests and the ioeventfd table */

	/* The region's, or a private page with the same layout while not live. Switched under irq_lock. */
	struct uvm_vm *shared;
	void *region;
	raw_spinlock_t irq_lock; /* interrupt words, `shared` */
	bool irq_live; /* the VMM is told of changes; under irq_lock */
	/* vCPUs, by index, whose threads attend to them in KVM_RUN; one of those rings for edges, when irq_due. Under irq_lock. */
	unsigned long irq_ringers;
	bool irq_due;

	struct mutex slots_lock; /* replacing slots */
	struct srcu_struct slots_srcu;
	struct mem_slots __rcu *slots;
	struct mutex mmu_lock; /* mappings of the user-VM and the slots' bits */
	bool mmu_live; /* mappings can exist; under mmu_lock */
	struct page **page_buf; /* MEM_BLOCK_PAGES; under mmu_lock */
	u64 *frame_buf; /* likewise */
	struct mem_stats mem_stats; /* under mmu_lock */

	struct mutex ioeventfd_lock; /* the list and the table */
	struct list_head ioeventfds;
	unsigned int ioevents; /* in the list */
	unsigned int ioevents_beyond; /* those that found no room in the table */
	bool ioevents_live; /* the table is the region's */
	spinlock_t ioevent_lock; /* ioevent_ctx; taken in the doorbell interrupt */
	struct eventfd_ctx *ioevent_ctx[UVM_IOEVENTS]; /* of the table's entries */
	struct uvm_ioevent *ioevent_table; /* the region's, or private */

	struct mutex irqfd_lock; /* routing and resampling lists */
	struct irq_routes __rcu *routes;
	spinlock_t irqfds_lock; /* irqfds */
	struct list_head irqfds;
	struct list_head resamplers; /* RCU, changed under irqfd_lock */

	struct dentry *debugfs;
};

/* --- vm.c --------------------------------------------------------------------------------------- */
int vm_create_fd(unsigned long type);
void vm_get(struct selkie_vm *vm);
void vm_put(struct selkie_vm *vm);
/* Builds the user-VM and hands it what the module kept until now. Holds vm->lock. */
int vm_start(struct selkie_vm *vm);
/* The VM is lost: every later ioctl answers -EIO. Any context. */
void vm_mark_dead(struct selkie_vm *vm);
/*
 * The VMM has not answered; `left` is what wait_event_killable_timeout() returned: 0, or an errno when the process is being killed,
 * which does not wait for a VMM. The VM is lost.
 */
void vm_no_answer(struct selkie_vm *vm, long left);
/* Takes the VM's event word and acts on it. False: there was none. Interrupts off, under RCU. */
bool vm_events(struct selkie_vm *vm);
/* Sets bits of the VM's ring word and rings when it was empty. Any context; the VM is live. */
void vm_ring(struct selkie_vm *vm, u32 bits);
/*
 * The same, and takes what there is when the ring returns: the answer of the VMM, and what the guest did if it ran. Takes the
 * locks of vm_events(); otherwise any context.
 */
void vm_call(struct selkie_vm *vm, u32 bits);
/* One request to the VMM (enum uvm_vmreq_op); 0 or an errno. Holds vm->lock; the VM is live. */
int vm_request(struct selkie_vm *vm, u32 op, u64 arg[4]);
int vm_check_extension(long cap);
/* All vCPUs' locks, or -EBUSY when one is in use. Holds vm->lock. */
int vm_lock_vcpus(struct selkie_vm *vm);
void vm_unlock_vcpus(struct selkie_vm *vm);

/* KVM's file descriptors belong to the address space that made the VM. */
static inline bool vm_usable(struct selkie_vm *vm)
{
	return vm->mm == current->mm && !READ_ONCE(vm->dead);
}

/* --- vcpu.c ------------------------------------------------------------------------------------- */
int vcpu_create_fd(struct selkie_vm *vm, unsigned long id);
void vcpu_free(struct selkie_vcpu *vcpu);

/* --- run.c -------------------------------------------------------------------------------------- */
/* KVM_RUN: 0 with run->exit_reason set, or an errno. Holds vcpu->lock. */
int vcpu_ioctl_run(struct selkie_vcpu *vcpu);
/* enum uvm_power. Holds vcpu->lock. */
u32 vcpu_power(struct selkie_vcpu *vcpu);
/*
 * Gives the VMM the registers and power state the module kept; with `init` (KVM_ARM_VCPU_INIT) the vCPU's CPU interface is reset,
 * too. Holds vcpu->lock; vm->live.
 */
int vcpu_push(struct selkie_vcpu *vcpu, bool init);
/* Makes vcpu->regs valid. Holds vcpu->lock. */
int vcpu_fetch_regs(struct selkie_vcpu *vcpu);
/* Makes a running vCPU come back to its thread, which then goes on. Holds vm->lock. */
void vcpu_nudge(struct selkie_vcpu *vcpu);

/* --- userwork.c ------------------------------------------------------------------------------------- */
/* What Linux does on the way back to user space: 0, or -EINTR when a signal is pending. May sleep. */
int userwork_run(struct selkie_vcpu *vcpu);
bool userwork_pending(void);
int userwork_init(struct selkie_vcpu *vcpu);
void userwork_exit(struct selkie_vcpu *vcpu);

/* --- regs.c ------------------------------------------------------------------------------------- */
void regs_init(void);
/* Register values after KVM_ARM_VCPU_INIT. Holds vcpu->lock. */
void regs_reset(struct selkie_vcpu *vcpu);
u64 regs_mpidr(unsigned int vcpu);
u64 regs_count(void);
/* The same when neither its order nor some nanoseconds matter. */
static inline u64 regs_count_relaxed(void)
{
	return read_sysreg(cntpct_el0);
}
/* Both hold vcpu->lock. */
int regs_get(struct selkie_vcpu *vcpu, const struct kvm_one_reg *reg);
int regs_set(struct selkie_vcpu *vcpu, const struct kvm_one_reg *reg);
int regs_list(struct kvm_reg_list __user *list);

/* --- mem.c -------------------------------------------------------------------------------------- */
#define MEM_BLOCK_PAGES 512u
/* Pages for which mem_slot.taken has one bit, counted from the slot's begin */
#define MEM_TAKEN_PAGES 16u

/*
 * Unmaps what is mapped of pages [first, last] of the slot; with granules above a page the whole granule goes. -EAGAIN only
 * without may_sleep. Holds vm->mmu_lock.
 */
int mem_unmap_range(struct mem_slot *slot, u64 first, u64 last, bool may_sleep);
extern const struct mmu_interval_notifier_ops mem_notifier_ops;
/*
 * Resolves a guest access. enum mem_result, or an errno for KVM_RUN. In the thread of KVM_RUN, which may sleep here.
 */
int mem_fault(struct selkie_vm *vm, u64 ipa, bool write);
/* Takes all mappings away: what the guest runs next with caches off must come from memory. */
int mem_flush(struct selkie_vm *vm);
/* Reads guest memory, within a page, through the mapping of user space. 0, -ENOENT (no RAM) or -EFAULT. */
int mem_read(struct selkie_vm *vm, u64 ipa, void *data, size_t size);
/* Maps the page when it is RAM and not mapped yet. 1 when it was mapped now, 0 when there was nothing to do. */
int mem_touch(struct selkie_vm *vm, u64 ipa);

/* --- memslot.c ---------------------------------------------------------------------------------- */
int memslot_vm_init(struct selkie_vm *vm);
/* No vCPU runs and no file refers to the VM any more; the user-VM is gone. */
void memslot_vm_exit(struct selkie_vm *vm);
int memslot_set_region(struct selkie_vm *vm, const struct kvm_userspace_memory_region *region);
int memslot_get_dirty_log(struct selkie_vm *vm, const struct kvm_dirty_log *log);
/* Under slots_srcu or slots_lock. */
struct mem_slots *memslot_all(struct selkie_vm *vm);
/* The slot that has ipa, or NULL. Under slots_srcu or slots_lock. */
struct mem_slot *memslot_find(struct selkie_vm *vm, u64 ipa);

/* --- walk.c ------------------------------------------------------------------------------------- */
/* Maps the translation tables the guest's registers lead to. Number of pages mapped now, or an errno; -EINTR: a signal. */
int walk_map_tables(struct selkie_vm *vm, const struct uvm_regs *regs);

/* --- vgic.c ------------------------------------------------------------------------------------- */
int vgic_create_device(struct selkie_vm *vm, struct kvm_create_device *cd);
/* As KVM: a GICv2 initialises itself when it is first needed. Holds vm->lock. */
int vgic_lazy_init(struct selkie_vm *vm);
/* Can a guest find distributor and CPU interface? 0, -ENXIO without addresses, -EINVAL when they overlap. Holds vm->lock. */
int vgic_check_frames(const struct vgic *vgic);
/* Hands the registers written so far to the VMM. Holds vm->lock; the VM is live. */
int vgic_replay(struct selkie_vm *vm);
void vgic_free(struct selkie_vm *vm);

/* --- irq.c -------------------------------------------------------------------------------------- */
int irq_line(struct selkie_vm *vm, const struct kvm_irq_level *level);
/* The VMM's vGIC knows which interrupts are edge-triggered: it may look at lines now. Holds vm->lock. */
void irq_start(struct selkie_vm *vm);
/* Latches an SPI once. Any context. */
void irq_pulse(struct selkie_vm *vm, unsigned int intid);
/* The vCPU is the VMM's, and this thread of KVM_RUN may be woken to ring for edges; rings for those there were. */
void irq_ringer_enter(struct selkie_vcpu *vcpu);
/* Not any more; rings for those there are. */
void irq_ringer_leave(struct selkie_vcpu *vcpu);
/* UVM_RING_IRQ when there is an edge nobody has rung for, else 0: for the caller to ring with. */
u32 irq_take_due(struct selkie_vm *vm);
/* Says for which SPIs the VMM reports the guest's EOI: `mask` has UVM_IRQ_WORDS words. */
void irq_set_resample(struct selkie_vm *vm, const u32 *mask);
int irq_set_routing(struct selkie_vm *vm, struct kvm_irq_routing __user *routing);
/* SPI of a GSI or 0. Any context. */
unsigned int irq_route(struct selkie_vm *vm, unsigned int gsi);
/* The routing a VM has when its vGIC gets initialised: GSI n is SPI n. */
int irq_default_routing(struct selkie_vm *vm);

/* --- irqfd.c ------------------------------------------------------------------------------------ */
int irqfd_init(void);
void irqfd_exit(void);
int irqfd_ioctl(struct selkie_vm *vm, const struct kvm_irqfd *args);
void irqfd_release(struct selkie_vm *vm);
/* The guest ended these interrupts: `eoi` has UVM_IRQ_WORDS words. Hard interrupt, under RCU. */
void irqfd_eoi(struct selkie_vm *vm, const u32 *eoi);
/* Routing changed. Holds vm->irqfd_lock. */
void irqfd_update_resample(struct selkie_vm *vm);

/* --- ioeventfd.c -------------------------------------------------------------------------------- */
int ioeventfd_ioctl(struct selkie_vm *vm, const struct kvm_ioeventfd *args);
/* Copies the table to the region. Holds vm->ioeventfd_lock. */
void ioeventfd_start(struct selkie_vm *vm);
void ioeventfd_release(struct selkie_vm *vm);
/* Doorbell: signals what fired. Any context. */
void ioeventfd_fired(struct selkie_vm *vm);
/* A store that reached the module. True when an eventfd took it. */
bool ioeventfd_match(struct selkie_vm *vm, u64 addr, u8 len, u64 data);

/* --- power.c ------------------------------------------------------------------------------------ */
/* From here until power_exit(), kexec takes all memory from user-VMs first and hibernation is refused. */
int power_init(void);
void power_exit(void);

/* --- debug.c ------------------------------------------------------------------------------------ */
void debug_init(void);
void debug_exit(void);
void debug_vm_add(struct selkie_vm *vm);
void debug_vm_remove(struct selkie_vm *vm);

#endif
