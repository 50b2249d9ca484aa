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
        .spread_guard_ns = SPREAD_GUARD_NS,
        .schedules_guard_ns = SCHEDULES_GUARD_NS,
        .feature_guard_ns = FEATURE_GUARDS_NS,
        .sve_vector_guard_ns = SVE_VECTOR_GUARD_NS,
        .cpu_features = FEATURE_ALL,
        .minimum_window_ns = MINIMUM_WINDOW_NS,
        .sibling_window_ns = SIBLING_TRAP_NS,
        .spread_window_ns = SPREAD_WINDOW_NS,
        .fault = count_fault,
        .fault_context = fault_count,
    };
}

static bool meets(const struct address_range *range, const struct memory_desc *memory)
{
    return ranges_overlap(range->base, range->size_bytes, memory->pa.pa, memory->size_bytes);
}

/* Each vCPU has one CPU, and each CPU is in the list of those that run the kernel. */
static void require_cores(const struct module_desc *module)
{
    require(module->core_count >= 1 && module->core_count <= 8);
    require(module->core_count == 1 || module->platform.psci != PSCI_NONE);
    require(module->maintenance_schedule <= module->schedule_count);
    for (uint32_t index = 0; index < module->core_count; index++) {
        require(module->core_cpu[index] < module->platform.cpu_count);
        require(index == 0 || module->core_cpu[index] > module->core_cpu[index - 1]);
    }
    for (uint32_t index = 0; index < module->partition_count; index++) {
        const struct partition_desc *partition = &module->partition[index];
        for (uint32_t vcpu = 0; vcpu < partition->vcpu_count; vcpu++) {
            bool listed = false;
            for (uint32_t core = 0; core < module->core_count; core++) {
                listed = listed || module->core_cpu[core] == partition->vcpu_cpu[vcpu];
            }
            require(listed);
        }
    }
}

/* Usable time of a partition's vCPU 0 from `start_ns` on for one period, in a frame without end. */
static uint64_t time_in_period(const struct module_desc *module,
                               const struct schedule_desc *schedule, uint32_t partition,
                               uint64_t start_ns)
{
    uint64_t end_ns = start_ns + schedule->partition[partition].period_ns;
    uint64_t sum_ns = 0;
    for (uint32_t core = 0; core < schedule->core_count; core++) {
        for (uint32_t at = 0; at < 2 * schedule->core[core].window_count; at++) {
            uint32_t count = schedule->core[core].window_count;
            const struct window_desc *window = &schedule->core[core].window[at % count];
            uint64_t from_ns = window->start_ns + at / count * schedule->major_frame_ns;
            if (window->partition == partition && window->vcpu == 0 && from_ns >= start_ns &&
                from_ns < end_ns) {
                require(from_ns + window->duration_ns <= end_ns);
                sum_ns += window->duration_ns - module->guard_ns;
            }
        }
    }
    return sum_ns;
}

static void require_periods(const struct module_desc *module, const struct schedule_desc *schedule)
{
    uint64_t marked = 0;
    uint64_t wanted = 0;
    for (uint32_t index = 0; index < module->partition_count; index++) {
        const struct partition_schedule_desc *said = &schedule->partition[index];
        require((said->period_ns == 0) == (said->duration_ns == 0));
        wanted += said->period_ns == 0 ? 0 : schedule->major_frame_ns / said->period_ns;
    }
    for (uint32_t core = 0; core < schedule->core_count; core++) {
        for (uint32_t at = 0; at < schedule->core[core].window_count; at++) {
            const struct window_desc *window = &schedule->core[core].window[at];
            if (window->period_start) {
                const struct partition_schedule_desc *said =
                    &schedule->partition[window->partition];
                marked++;
                require(window->vcpu == 0 && said->period_ns != 0);
                require(time_in_period(module, schedule, window->partition, window->start_ns) >=
                        said->duration_ns);
            }
        }
    }
    require(marked == wanted);
}

void require_windows(const struct module_desc *module)
{
    require_cores(module);
    for (uint32_t index = 0; index < module->schedule_count; index++) {
        const struct schedule_desc *schedule = &module->schedule[index];
        require_periods(module, schedule);
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
                require(module->partition[window->partition].vcpu_cpu[window->vcpu] ==
                        schedule->core[core].cpu);
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
