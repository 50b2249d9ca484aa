// SPDX-License-Identifier: Apache-2.0
/*
 * What does an accepted system look like?  Its machine, its partitions and what they may do; the
 * schedules are in timeline.c.
 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>

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

static void report_features(const struct partition_desc *partition)
{
    if (partition->features != 0) {
        printf("  cpu      %s%s%s", (partition->features & FEATURE_PMU) != 0 ? "pmu " : "",
               (partition->features & FEATURE_DEBUG) != 0 ? "debug " : "",
               (partition->features & FEATURE_SVE) != 0 ? "sve " : "");
        if (partition->sve_vector_bits != 0) {
            printf("(vectors of up to %" PRIu32 " bits) ", partition->sve_vector_bits);
        }
        printf("switched with it\n");
    }
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
    if (partition->period_irq != 0) {
        printf("  period   INTID %" PRIu32 " is pending where one begins\n", partition->period_irq);
    }
    report_features(partition);
    if (partition->may_set_schedule) {
        printf("  may      change the module's schedule\n");
    }
    if (partition->maintenance_on_error) {
        printf("  error    that stops it changes to the maintenance schedule\n");
    }
}

/* Which CPUs run the kernel; of a machine with one there is nothing to say. */
static void report_cores(const struct module_desc *module)
{
    uint32_t listed = 0;
    if (module->platform.cpu_count == 1) {
        return;
    }
    for (uint32_t cpu = 0; cpu < module->platform.cpu_count; cpu++) {
        bool used = listed < module->core_count && module->core_cpu[listed] == cpu;
        listed += used ? 1 : 0;
        printf("%s cpu %" PRIu32 "%s", cpu == 0 ? "cores:" : ",", cpu, used ? "" : " unused");
    }
    printf("\n");
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
    report_cores(module);
    for (uint32_t index = 0; index < module->partition_count; index++) {
        report_partition(&module->partition[index]);
    }
    if (module->maintenance_schedule != module->schedule_count) {
        const struct schedule_desc *schedule = &module->schedule[module->maintenance_schedule];
        printf("maintenance schedule: %" PRIu32 " \"%s\"\n", schedule->id, schedule->name);
    }
    for (uint32_t index = 0; index < module->schedule_count; index++) {
        report_schedule(module, &module->schedule[index]);
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
