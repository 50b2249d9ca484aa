// SPDX-License-Identifier: Apache-2.0
/*
 * Where in RAM does memory go that was given by size?  To the lowest place that nothing else holds,
 * in the order of partition ids.  Ranges of 2 MiB and more keep the offset of their IPA within 2
 * MiB, so that stage 2 can map them by blocks.  Invariant: what was placed before is an obstacle
 * for the next.
 */
#include "internal.h"

/* The end of the range if [base, +size) meets it, else 0. */
static uint64_t blocked_by(const struct address_range *range, uint64_t base, uint64_t size)
{
    return ranges_overlap(base, size, range->base, range->size_bytes)
               ? range->base + range->size_bytes
               : 0;
}

static uint64_t blocked_by_any(const struct address_range *range, uint32_t count, uint64_t base,
                               uint64_t size)
{
    uint64_t end = 0;
    for (uint32_t index = 0; index < count && end == 0; index++) {
        end = blocked_by(&range[index], base, size);
    }
    return end;
}

/* The end of something that [base, +size) meets, or 0 if it is free. */
static uint64_t obstacle(const struct module_desc *module, uint64_t base, uint64_t size)
{
    const struct platform_desc *platform = &module->platform;
    const struct address_range *single[] = {&module->kernel, &module->fdt, &module->pool};
    uint64_t end = 0;
    for (uint32_t index = 0; index < ARRAY_COUNT(single) && end == 0; index++) {
        end = blocked_by(single[index], base, size);
    }
    if (end == 0) {
        end = blocked_by_any(platform->reserved, platform->reserved_count, base, size);
    }
    if (end == 0) {
        end = blocked_by_any(platform->device, platform->device_count, base, size);
    }
    for (uint32_t index = 0; index < module->partition_count && end == 0; index++) {
        const struct partition_desc *partition = &module->partition[index];
        for (uint32_t at = 0; at < partition->image_count && end == 0; at++) {
            const struct image_desc *image = &partition->image[at];
            struct address_range range = {image->pa.pa, image->size_bytes, NULL};
            end = image->made == NULL ? blocked_by(&range, base, size) : 0;
        }
        for (uint32_t at = 0; at < partition->memory_count && end == 0; at++) {
            const struct memory_desc *memory = &partition->memory[at];
            /* Memory that is not placed yet has PA 0 and must not stand in the way there. */
            struct address_range range = {memory->pa.pa, memory->size_bytes, NULL};
            end = memory->pa_given || memory->pa.pa != 0 ? blocked_by(&range, base, size) : 0;
        }
    }
    return end;
}

/* The lowest address >= from that is `offset` modulo `align`; false if there is none. */
static bool align_up(uint64_t from, uint64_t align, uint64_t offset, uint64_t *aligned)
{
    uint64_t skip = (offset - from) & (align - 1);
    *aligned = from + skip;
    return *aligned >= from;
}

/*
 * Searches the RAM ranges, lowest first.  Each step leaves one obstacle behind, so the number of
 * steps is at most RAM ranges times obstacles.
 */
static bool find_room(const struct module_desc *module, uint64_t size, uint64_t align,
                      uint64_t offset, uint64_t *place)
{
    bool found = false;
    for (uint32_t index = 0; index < module->platform.ram_count; index++) {
        const struct address_range *ram = &module->platform.ram[index];
        /* Address 0 marks what is not placed, so that page stays unused. */
        uint64_t from = ram->base == 0 ? PAGE_BYTES : ram->base;
        uint64_t base;
        while (align_up(from, align, offset, &base) && base - ram->base <= ram->size_bytes &&
               size <= ram->size_bytes - (base - ram->base)) {
            uint64_t end = obstacle(module, base, size);
            if (end == 0) {
                if (!found || base < *place) {
                    *place = base;
                }
                found = true;
                break;
            }
            from = end;
        }
    }
    return found;
}

bool config_place(struct module_desc *module, const struct config_input *input, uint64_t pool_bytes)
{
    uint64_t place;
    for (uint32_t index = 0; index < module->partition_count; index++) {
        struct partition_desc *partition = &module->partition[index];
        for (uint32_t at = 0; at < partition->memory_count; at++) {
            struct memory_desc *memory = &partition->memory[at];
            uint64_t align = memory->size_bytes >= BLOCK_BYTES ? BLOCK_BYTES : PAGE_BYTES;
            if (memory->pa_given) {
                continue;
            }
            if (!find_room(module, memory->size_bytes, align, memory->ipa.ipa & (align - 1),
                           &place)) {
                fault_emit(input, RULE_NO_SPACE, memory->node, "reg", NULL,
                           &(struct fault_values){memory->size_bytes, align});
                return false;
            }
            memory->pa = pa_of(place);
        }
    }
    if (pool_bytes != 0) {
        if (!find_room(module, pool_bytes, BLOCK_BYTES, 0, &place)) {
            fault_emit(input, RULE_NO_SPACE, "/bulkhead", NULL, NULL,
                       &(struct fault_values){pool_bytes, BLOCK_BYTES});
            return false;
        }
        module->pool = (struct address_range){place, pool_bytes, "/bulkhead"};
    }
    return true;
}
