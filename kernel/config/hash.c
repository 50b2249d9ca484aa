// SPDX-License-Identifier: Apache-2.0
/*
 * Are two descriptions the same system?  SHA-256 over a canonical form: fields in a fixed order,
 * numbers in the shortest fixed-endian form, lists in the order that the reader gave them (ids,
 * starts) with their lengths in front, so that no two descriptions share a form. Left out: where a
 * loader put modules, kernel and blob, and where memory given by size was placed.
 */
#include <bulkhead/config.h>
#include <bulkhead/sha256.h>

#include <string.h>

#define CANONICAL_FORM                                                                             \
    4U /* raised whenever the form changes, so that old and new never compare equal */

/* A number as its length in bytes and its bytes, lowest first: most are small, and hashing is slow.
 */
static void add_number(struct sha256 *hash, uint64_t value)
{
    uint8_t bytes[9];
    uint8_t length = 0;
    for (; value != 0; value >>= 8) {
        bytes[++length] = (uint8_t)value;
    }
    bytes[0] = length;
    sha256_add(hash, bytes, (size_t)length + 1);
}

static void add_string(struct sha256 *hash, const char *string)
{
    size_t length = strlen(string);
    add_number(hash, length);
    sha256_add(hash, string, length);
}

static void add_memory(struct sha256 *hash, const struct memory_desc *memory)
{
    add_number(hash, memory->ipa.ipa);
    add_number(hash, memory->size_bytes);
    add_number(hash, (memory->pa_given ? 1U : 0U) | (memory->read_only ? 2U : 0U) |
                         (memory->no_execute ? 4U : 0U));
    if (memory->pa_given) {
        add_number(hash, memory->pa.pa);
    }
}

static void add_device(struct sha256 *hash, const struct device_desc *device)
{
    add_number(hash, device->ipa.ipa);
    add_number(hash, device->pa.pa);
    add_number(hash, device->size_bytes);
    add_number(hash, device->irq_count);
    for (uint32_t index = 0; index < device->irq_count; index++) {
        add_number(hash, device->irq[index]);
    }
}

static void add_partition(struct sha256 *hash, const struct partition_desc *partition)
{
    add_number(hash, partition->id);
    add_string(hash, partition->name);
    add_number(hash, partition->vcpu_count);
    add_number(hash, partition->memory_count);
    for (uint32_t index = 0; index < partition->memory_count; index++) {
        add_memory(hash, &partition->memory[index]);
    }
    /* A tree that the kernel made, the last image, follows from all the rest. */
    uint32_t image_count = partition->image_count;
    if (image_count != 0 && partition->image[image_count - 1].made != NULL) {
        image_count--;
    }
    add_number(hash, image_count);
    for (uint32_t index = 0; index < image_count; index++) {
        const struct image_desc *image = &partition->image[index];
        add_number(hash, (uint64_t)image->kind);
        add_number(hash, image->size_bytes);
        add_number(hash, image->mem_bytes);
        add_number(hash, image->load.ipa);
        add_number(hash, image->sha256 != NULL ? SHA256_BYTES : 0);
        if (image->sha256 != NULL) {
            sha256_add(hash, image->sha256, SHA256_BYTES);
        }
    }
    add_number(hash, partition->device_count);
    for (uint32_t index = 0; index < partition->device_count; index++) {
        add_device(hash, &partition->device[index]);
    }
    add_number(hash, partition->entry.ipa);
    add_number(hash, (partition->no_tree ? 1U : 0U) | (partition->tree_given ? 2U : 0U) |
                         (partition->bootargs != NULL ? 4U : 0U));
    if (partition->tree_given) {
        add_number(hash, partition->tree.ipa);
    }
    if (partition->bootargs != NULL) {
        add_string(hash, partition->bootargs);
    }
    add_number(hash, (uint64_t)partition->vgic);
    add_number(hash, partition->gicd.ipa);
    add_number(hash, partition->vgic == GIC_V2 ? partition->gicc.ipa : partition->gicr.ipa);
    add_number(
        hash, (partition->has_uart ? 1U : 0U) | (partition->console_input ? 2U : 0U) |
                  (partition->abort_on_unmapped ? 4U : 0U) | (partition->idle_in_kernel ? 8U : 0U) |
                  (partition->own_time ? 16U : 0U) | (partition->console_first ? 32U : 0U) |
                  (partition->console_raw ? 64U : 0U) | (partition->may_set_schedule ? 128U : 0U) |
                  (partition->maintenance_on_error ? 256U : 0U) |
                  (CONFIG_CPU_FEATURES ? partition->features << 16 : 0U) |
                  (CONFIG_CPU_FEATURES ? (uint64_t)partition->sve_vector_bits << 32 : 0U));
    add_number(hash, partition->period_irq);
    if (partition->has_uart) {
        add_number(hash, (uint64_t)partition->uart_model);
        add_number(hash, partition->uart.ipa);
        add_number(hash, partition->uart_irq);
        add_number(hash, partition->console_bytes);
    }
}

static void add_schedule(struct sha256 *hash, const struct schedule_desc *schedule,
                         uint32_t partition_count)
{
    add_number(hash, schedule->id);
    add_string(hash, schedule->name);
    add_number(hash, schedule->major_frame_ns);
    add_number(hash, schedule->core_count);
    for (uint32_t index = 0; index < schedule->core_count; index++) {
        const struct core_schedule_desc *core = &schedule->core[index];
        add_number(hash, core->cpu);
        add_number(hash, core->window_count);
        for (uint32_t at = 0; at < core->window_count; at++) {
            add_number(hash, core->window[at].start_ns);
            add_number(hash, core->window[at].duration_ns);
            add_number(hash, core->window[at].partition);
            add_number(hash, core->window[at].vcpu << 1 | (core->window[at].period_start ? 1 : 0));
        }
    }
    for (uint32_t index = 0; index < partition_count; index++) {
        add_number(hash, schedule->partition[index].period_ns);
        add_number(hash, schedule->partition[index].duration_ns);
        add_number(hash, (uint64_t)schedule->partition[index].change_action);
    }
}

void config_hash(const struct module_desc *module, uint8_t digest[SHA256_BYTES])
{
    struct sha256 hash;
    sha256_start(&hash);
    add_number(&hash, CANONICAL_FORM);
    add_string(&hash, module->name);
    add_number(&hash, module->guard_ns);
    add_number(&hash, module->exit_cost_ns);
    add_number(&hash, module->stop_after_frames);
    add_number(&hash, module->print_trace ? 1 : 0);
    add_number(&hash, module->switch_key);
    add_number(&hash, module->partition_count);
    for (uint32_t index = 0; index < module->partition_count; index++) {
        add_partition(&hash, &module->partition[index]);
    }
    add_number(&hash, module->schedule_count);
    for (uint32_t index = 0; index < module->schedule_count; index++) {
        add_schedule(&hash, &module->schedule[index], module->partition_count);
    }
    add_number(&hash, module->maintenance_schedule);
    sha256_finish(&hash, digest);
}
