/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has the kernel built from the module description?  Set up by kernel/build.c before the first
 * frame; the pointers never change afterwards.
 */
#ifndef BULKHEAD_MODULE_STATE_H
#define BULKHEAD_MODULE_STATE_H

#include <bulkhead/arena.h>
#include <bulkhead/core.h>
#include <bulkhead/partition.h>

struct module_state {
    const struct module_desc *desc;
    struct partition *partition; /* [desc->partition_count] */
    struct core **core;          /* [desc->core_count] */
    uint64_t first_frame;        /* atomic: when all cores start, 0: not known yet */
    struct vcpu **irq_owner;     /* [irq_owner_count]: vCPU that an assigned SPI goes to, or NULL */
    uint32_t irq_owner_count;
    uint64_t vtcr;
    uint64_t counter_hz;
    uint64_t kernel_ram_bytes;
};

extern struct module_state module_state;

/* Bytes of arena that building this module takes at most. */
uint64_t module_bytes_bound(const struct module_desc *desc);

/* Builds partitions, stage-2 tables and every core's schedules; `boot_cpu` is the CPU that runs
 * this.  Panics with words when memory runs out. */
void module_build(const struct module_desc *desc, uint32_t boot_cpu, struct arena *arena);

static inline struct core *module_boot_core(void)
{
    return module_state.core[0];
}

/* This core has run its last frame: the boot core writes the report, the others stop. */
void module_core_end(struct core *core) __attribute__((noreturn));

/* The final report on the console, then power off.  Boot core. */
void module_end(void) __attribute__((noreturn));

/* Firmware powers the machine off (PSCI SYSTEM_OFF), or the core stops. */
void machine_off(void) __attribute__((noreturn));

#endif
