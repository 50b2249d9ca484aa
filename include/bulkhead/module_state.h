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
    struct vcpu **irq_owner;     /* [irq_owner_count]: vCPU that an assigned SPI goes to, or NULL */
    uint32_t irq_owner_count;
    uint64_t vtcr;
    uint64_t counter_hz;
    uint64_t kernel_ram_bytes;
};

extern struct module_state module_state;

/* Bytes of arena that building this module takes at most. */
uint64_t module_bytes_bound(const struct module_desc *desc);

/* Builds partitions, stage-2 tables and the boot core's schedule, which is entry `core` of the
 * first schedule; panics with words when memory runs out. */
void module_build(const struct module_desc *desc, uint32_t core, struct arena *arena);

/* The final report on the console, then power off.  status: "ok" or "fail". */
void module_end(void) __attribute__((noreturn));

/* Firmware powers the machine off (PSCI SYSTEM_OFF), or the core stops. */
void machine_off(void) __attribute__((noreturn));

#endif
