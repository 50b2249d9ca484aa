// SPDX-License-Identifier: Apache-2.0
/*
 * What must hold of a description that was accepted and placed?  What the kernel relies on, checked
 * once more by other code than the reader's.
 */
#include "fuzz.h"

#include <bulkhead/limits.h>
#include <kernel/config/rules.h>

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

void count_fault(void *context, const struct config_fault *fault)
{
    uint32_t *fault_count = context;
    char text[128];
    size_t length = config_fault_text(fault, text, sizeof(text));
    require(length < sizeof(text) && strlen(text) == length);
    require(config_rule_name(fault->rule) != NULL && fault->node != NULL);
    (*fault_count)++;
}

struct config_input fuzz_input(const void *blob, size_t blob_bytes, uint32_t *fault_count)
{
    return (struct config_input){
        .fdt = blob,
        .fdt_bytes = blob_bytes,
        .fdt_pa = {0x48000000},
        .kernel = {0x40200000, 0x200000, "the kernel"},
        .default_guard_ns = 3000,
        .minimum_guard_ns = MINIMUM_GUARD_NS,
        .minimum_window_ns = MINIMUM_WINDOW_NS,
        .fault = count_fault,
        .fault_context = fault_count,
    };
}

static bool meets(const struct address_range *range, const struct memory_desc *memory)
{
    return ranges_overlap(range->base, range->size_bytes, memory->pa.pa, memory->size_bytes);
}

void require_windows(const struct module_desc *module)
{
    for (uint32_t index = 0; index < module->schedule_count; index++) {
        const struct schedule_desc *schedule = &module->schedule[index];
        for (uint32_t core = 0; core < schedule->core_count; core++) {
            uint64_t end_ns = 0;
            require(schedule->core[core].cpu < module->platform.cpu_count);
            for (uint32_t at = 0; at < schedule->core[core].window_count; at++) {
                const struct window_desc *window = &schedule->core[core].window[at];
                require(window->start_ns >= end_ns);
                require(window->duration_ns >= module->guard_ns + MINIMUM_WINDOW_NS);
                end_ns = window->start_ns + window->duration_ns;
                require(end_ns > window->start_ns && end_ns <= schedule->major_frame_ns);
                require(window->partition < module->partition_count);
                require(window->vcpu < module->partition[window->partition].vcpu_count);
            }
        }
    }
}

static void require_memory(const struct module_desc *module, const struct memory_desc *memory)
{
    bool in_ram = false;
    require(memory->size_bytes != 0 && (memory->size_bytes & (PAGE_BYTES - 1)) == 0);
    require((memory->pa.pa & (PAGE_BYTES - 1)) == 0 && (memory->ipa.ipa & (PAGE_BYTES - 1)) == 0);
    require(memory->ipa.ipa + memory->size_bytes <= UINT64_C(1) << 40);
    for (uint32_t at = 0; at < module->platform.ram_count; at++) {
        const struct address_range *ram = &module->platform.ram[at];
        in_ram = in_ram || (memory->pa.pa >= ram->base &&
                            memory->pa.pa + memory->size_bytes <= ram->base + ram->size_bytes);
    }
    require(in_ram && !meets(&module->kernel, memory) && !meets(&module->fdt, memory));
    require(!meets(&module->pool, memory) && !meets(&module->platform.gicd, memory));
    for (uint32_t at = 0; at < module->platform.reserved_count; at++) {
        require(!meets(&module->platform.reserved[at], memory));
    }
    for (uint32_t at = 0; at < module->platform.device_count; at++) {
        require(!meets(&module->platform.device[at], memory));
    }
    for (uint32_t index = 0; index < module->partition_count; index++) {
        const struct partition_desc *partition = &module->partition[index];
        for (uint32_t at = 0; at < partition->memory_count; at++) {
            const struct memory_desc *other = &partition->memory[at];
            require(other == memory || !ranges_overlap(memory->pa.pa, memory->size_bytes,
                                                       other->pa.pa, other->size_bytes));
        }
        for (uint32_t at = 0; at < partition->image_count; at++) {
            const struct image_desc *image = &partition->image[at];
            require(image->made != NULL || !ranges_overlap(memory->pa.pa, memory->size_bytes,
                                                           image->pa.pa, image->size_bytes));
        }
    }
}

void require_partitions(const struct module_desc *module)
{
    for (uint32_t index = 0; index < module->partition_count; index++) {
        const struct partition_desc *partition = &module->partition[index];
        require(index == 0 || partition->id > module->partition[index - 1].id);
        require(partition->vgic == module->platform.gic_version);
        for (uint32_t at = 0; at < partition->memory_count; at++) {
            require_memory(module, &partition->memory[at]);
        }
        for (uint32_t at = 0; at < partition->image_count; at++) {
            const struct image_desc *image = &partition->image[at];
            bool inside = false;
            for (uint32_t in = 0; in < partition->memory_count; in++) {
                const struct memory_desc *memory = &partition->memory[in];
                inside = inside || (image->load.ipa >= memory->ipa.ipa &&
                                    image->load.ipa + image->mem_bytes <=
                                        memory->ipa.ipa + memory->size_bytes);
            }
            require(inside && image->mem_bytes >= image->size_bytes);
            for (uint32_t other = 0; other < at; other++) {
                require(!ranges_overlap(image->load.ipa, image->mem_bytes,
                                        partition->image[other].load.ipa,
                                        partition->image[other].mem_bytes));
            }
            if (image->made != NULL) {
                require(fdt_check_full(image->made, image->size_bytes) == 0);
                require(partition->boot_arg == image->load.ipa && partition->boot_arg % 8 == 0);
            }
        }
    }
}
