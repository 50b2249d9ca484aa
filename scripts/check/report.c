// SPDX-License-Identifier: Apache-2.0
/*
 * What does an accepted system look like?  Tables of partitions and windows, and a picture of each
 * CPU's frame: one row per partition, one column per equal part of the frame.
 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PICTURE_COLUMNS 60U

static const char *image_name(enum image_kind kind)
{
    switch (kind) {
    case IMAGE_KERNEL:
        return "kernel";
    case IMAGE_RAMDISK:
        return "ramdisk";
    case IMAGE_DEVICE_TREE:
        return "device tree";
    case IMAGE_DATA:
        return "data";
    }
    return "";
}

static void report_partition(const struct partition_desc *partition)
{
    printf("partition %" PRIu32 " \"%s\": %" PRIu32 " vCPU%s, GICv%d, entry 0x%" PRIx64
           ", x0 0x%" PRIx64 "\n",
           partition->id, partition->name, partition->vcpu_count,
           partition->vcpu_count == 1 ? "" : "s", (int)partition->vgic, partition->entry.ipa,
           partition->boot_arg);
    for (uint32_t at = 0; at < partition->memory_count; at++) {
        const struct memory_desc *memory = &partition->memory[at];
        printf("  memory   0x%010" PRIx64 " + 0x%" PRIx64 " at 0x%" PRIx64 " (%s)%s%s\n",
               memory->ipa.ipa, memory->size_bytes, memory->pa.pa,
               memory->pa_given ? "given" : "placed", memory->read_only ? " read-only" : "",
               memory->no_execute ? " no-execute" : "");
    }
    for (uint32_t at = 0; at < partition->image_count; at++) {
        const struct image_desc *image = &partition->image[at];
        printf("  %-8s 0x%010" PRIx64 " + 0x%" PRIx64, image_name(image->kind), image->load.ipa,
               image->mem_bytes);
        if (image->made != NULL) {
            printf(", made by the kernel\n");
        } else {
            printf(" from 0x%" PRIx64 " + 0x%" PRIx64 "\n", image->pa.pa, image->size_bytes);
        }
    }
    if (partition->bootargs != NULL) {
        printf("  bootargs \"%s\"\n", partition->bootargs);
    }
    for (uint32_t at = 0; at < partition->device_count; at++) {
        const struct device_desc *device = &partition->device[at];
        printf("  device   0x%010" PRIx64 " + 0x%" PRIx64 " is %s", device->ipa.ipa,
               device->size_bytes, device->host_path);
        for (uint32_t line = 0; line < device->irq_count; line++) {
            printf("%s%" PRIu32, line == 0 ? ", INTID " : " ", device->irq[line]);
        }
        printf("\n");
    }
    if (partition->has_uart) {
        printf("  console  0x%010" PRIx64 ", %s, INTID %" PRIu32 ", ring %" PRIu32 " bytes%s%s\n",
               partition->uart.ipa,
               partition->uart_model == UART_MODEL_SBSA ? "SBSA UART" : "PL011",
               partition->uart_irq, partition->console_bytes,
               partition->console_first   ? ", typed to first"
               : partition->console_input ? ", may be typed to"
                                          : "",
               partition->console_raw ? ", raw" : "");
    }
}

/* The column that an instant falls into, without a product that could overflow. */
static uint32_t column_of(uint64_t at_ns, uint64_t frame_ns)
{
    return (uint32_t)((double)at_ns * PICTURE_COLUMNS / (double)frame_ns);
}

/* One row: '#' where the partition's windows are. */
static void draw_row(const struct schedule_desc *schedule, const struct core_schedule_desc *core,
                     uint32_t partition, const char *name)
{
    char row[PICTURE_COLUMNS + 1];
    bool present = false;
    uint64_t sum_ns = 0;
    memset(row, '.', PICTURE_COLUMNS);
    row[PICTURE_COLUMNS] = '\0';
    for (uint32_t at = 0; at < core->window_count; at++) {
        const struct window_desc *window = &core->window[at];
        if (window->partition != partition) {
            continue;
        }
        uint32_t first = column_of(window->start_ns, schedule->major_frame_ns);
        uint32_t end = column_of(window->start_ns + window->duration_ns, schedule->major_frame_ns);
        present = true;
        sum_ns += window->duration_ns;
        for (uint32_t column = first; column < PICTURE_COLUMNS && (column < end || column == first);
             column++) {
            row[column] = '#';
        }
    }
    if (present) {
        printf("  %-12.12s |%s| %5.1f %%\n", name, row,
               100.0 * (double)sum_ns / (double)schedule->major_frame_ns);
    }
}

static void report_core(const struct module_desc *module, const struct schedule_desc *schedule,
                        const struct core_schedule_desc *core)
{
    printf("  cpu %" PRIu32 ": %" PRIu32 " window%s\n", core->cpu, core->window_count,
           core->window_count == 1 ? "" : "s");
    for (uint32_t index = 0; index < module->partition_count; index++) {
        draw_row(schedule, core, index, module->partition[index].name);
    }
    printf("  %12s %14s  partition\n", "start ns", "duration ns");
    for (uint32_t at = 0; at < core->window_count; at++) {
        const struct window_desc *window = &core->window[at];
        printf("  %12" PRIu64 " %14" PRIu64 "  %s", window->start_ns, window->duration_ns,
               module->partition[window->partition].name);
        if (module->partition[window->partition].vcpu_count > 1) {
            printf(" vCPU %" PRIu32, window->vcpu);
        }
        printf("\n");
    }
}

void report_module(const struct module_desc *module)
{
    const struct platform_desc *platform = &module->platform;
    printf("module \"%s\": guard %" PRIu64 " ns, exit cost %" PRIu64 " ns, ", module->name,
           module->guard_ns, module->exit_cost_ns);
    if (module->stop_after_frames == 0) {
        printf("runs for ever\n");
    } else {
        printf("stops after %" PRIu64 " frames\n", module->stop_after_frames);
    }
    printf("machine: %" PRIu32 " CPU%s, GICv%d, %" PRIu32 " RAM range%s, %" PRIu32 " device%s\n",
           platform->cpu_count, platform->cpu_count == 1 ? "" : "s", (int)platform->gic_version,
           platform->ram_count, platform->ram_count == 1 ? "" : "s", platform->device_count,
           platform->device_count == 1 ? "" : "s");
    for (uint32_t index = 0; index < module->partition_count; index++) {
        report_partition(&module->partition[index]);
    }
    for (uint32_t index = 0; index < module->schedule_count; index++) {
        const struct schedule_desc *schedule = &module->schedule[index];
        printf("schedule %" PRIu32 " \"%s\": major frame %" PRIu64 " ns\n", schedule->id,
               schedule->name, schedule->major_frame_ns);
        for (uint32_t at = 0; at < schedule->core_count; at++) {
            report_core(module, schedule, &schedule->core[at]);
        }
    }
}

void report_hash(const uint8_t digest[32])
{
    printf("hash ");
    for (uint32_t at = 0; at < 32; at++) {
        printf("%02x", digest[at]);
    }
    printf("\n");
}
