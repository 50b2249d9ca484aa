/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does the hardware beside the virtual GIC do?  A virtual CPU interface that works on list
 * registers (acknowledge, end, deactivate, maintenance interrupts), and the physical interrupts
 * behind linked ones, for the unit tests.  Written from IHI 0069, 4.6 to 4.8 and 12.4, not from the
 * code under test.
 */
#ifndef TEST_VGIC_H
#define TEST_VGIC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bulkhead/vgic.h>

#define CPU_MAX       4U
#define SPURIOUS      1023U
#define PHYSICAL_BASE 200U /* linked virtual INTID n is physical 200 + n */

struct machine {
    struct vgic_dist dist;
    struct vgic_cpu cpu[CPU_MAX];
    struct vgic_cpu *cpus[CPU_MAX];
    uint32_t cpu_count;
    uint32_t apr[CPU_MAX]; /* bit p: an interrupt of priority level p is running */
    bool eoi_mode;         /* ICC_CTLR_EL1.EOImode: EOIR only drops the priority */
    bool physical_active[CPU_MAX][VGIC_IRQ_COUNT]; /* SPIs: in [0] */
    uint32_t maintenance_count;
    uint32_t pmr[CPU_MAX]; /* ICC_PMR_EL1: priority levels from this one on are held back */
    bool spread;  /* vCPUs are on several cores (kernel/share.c): leaving publishes nothing */
    bool lazy;    /* vCPUs that are out may have physical interrupts yet to deactivate */
    bool no_time; /* the window is about to end: no maintenance interrupt is seen to */
    bool quick;   /* try the short way of vgic_quick.h first, as the drivers do */
    uint32_t quick_count;
    uint32_t late_count; /* ends that a sibling learnt of late */
};

void machine_init(struct machine *m, enum gic_version model, uint32_t cpu_count, uint32_t lr_count);

/* What the driver does after each call marked [LR], until no maintenance interrupt is left. */
void machine_settle(struct machine *m, uint32_t c);

/* A boundary, as in kernel/core.c and the drivers: the vCPU goes out, and comes in with the linked
 * private interrupts of `due` having their line up.  Returns false if it is overloaded, so that
 * those come by interrupt, in its window. */
void machine_leave(struct machine *m, uint32_t c);
bool machine_enter(struct machine *m, uint32_t c, uint32_t due);

/* The guest opens its CPU interface to groups (bit g: group g), and closes it to the others. */
void machine_open_groups(struct machine *m, uint32_t c, uint32_t groups);

/* The guest reads IAR: INTID, with the source of a GICv2 SGI in bits 12:10; or SPURIOUS. */
uint32_t machine_ack(struct machine *m, uint32_t c);
void machine_eoi(struct machine *m, uint32_t c, uint32_t iar);
void machine_dir(struct machine *m, uint32_t c, uint32_t iar);

/* The short way for a private interrupt, if it is on; when it fails nothing may have changed. */
bool machine_pend_quickly(struct machine *m, uint32_t c, uint32_t intid);

/* The physical interrupt behind a linked one fires: the kernel acknowledges it. */
void machine_fire(struct machine *m, uint32_t c, uint32_t intid);
bool *machine_physical(struct machine *m, uint32_t c, uint32_t intid);

/* Guest accesses of a given width; frames by model for INTIDs 0..31. */
uint64_t dist_read(struct machine *m, uint32_t c, uint64_t offset, uint32_t size);
void dist_write(struct machine *m, uint32_t c, uint64_t offset, uint32_t size, uint64_t value);
uint64_t redist_read(struct machine *m, uint32_t c, uint32_t t, uint64_t offset, uint32_t size);
void redist_write(struct machine *m, uint32_t c, uint32_t t, uint64_t offset, uint32_t size,
                  uint64_t value);

/* A register by the word (0x080 to 0xcff) in whichever frame has it; `word_intid` is its first. */
uint64_t reg_read(struct machine *m, uint32_t c, uint32_t offset, uint32_t size);
void reg_write(struct machine *m, uint32_t c, uint32_t offset, uint32_t size, uint64_t value);

/* Fails unless words, list registers and out fields agree with their definitions.  The vCPU that
 * runs has been refilled since the last change. */
void machine_check(const struct machine *m, uint32_t running);

#endif
