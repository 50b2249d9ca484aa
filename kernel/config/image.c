// SPDX-License-Identifier: Apache-2.0
/*
 * Where do a partition's images go, and do they fit?  A kernel's place depends on its header, which
 * whoever can see the module's bytes hands in.  Header: Linux, "Booting AArch64 Linux", section 4.
 */
#include "internal.h"

#include <string.h>

/* Offsets in the header. */
#define IMAGE_TEXT_OFFSET 8U
#define IMAGE_SIZE        16U
#define IMAGE_FLAGS       24U
#define IMAGE_MAGIC       56U

#define IMAGE_FLAG_BIG_ENDIAN UINT64_C(1)
#define IMAGE_OLD_TEXT_OFFSET                                                                      \
    UINT64_C(0x80000) /* image_size 0: older than 3.17, offset not to be read */

static uint64_t little64(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (uint32_t index = 8; index-- > 0;) {
        value = value << 8 | bytes[index];
    }
    return value;
}

static void report(const struct config_input *input, enum config_rule rule,
                   const struct image_desc *image, const char *property, const char *other,
                   uint64_t value, uint64_t limit)
{
    fault_emit(input, rule, image->node, property, other, &(struct fault_values){value, limit});
}

const struct memory_desc *partition_ram(const struct partition_desc *partition)
{
    uint32_t index = 0;
    while (index < partition->memory_count && partition->memory[index].read_only) {
        index++;
    }
    return &partition->memory[index < partition->memory_count ? index : 0];
}

/* The memory that an address lies in, or NULL. */
static const struct memory_desc *memory_at(const struct partition_desc *partition, uint64_t ipa)
{
    for (uint32_t index = 0; index < partition->memory_count; index++) {
        const struct memory_desc *memory = &partition->memory[index];
        if (ipa >= memory->ipa.ipa && ipa - memory->ipa.ipa < memory->size_bytes) {
            return memory;
        }
    }
    return NULL;
}

bool image_check(const struct config_input *input, const struct partition_desc *partition,
                 const struct image_desc *image)
{
    uint64_t load = image->load.ipa;
    const struct memory_desc *memory = memory_at(partition, load);
    const char *property = image->made != NULL ? "device-tree-address" : "load-address";
    if (memory == NULL) {
        report(input, RULE_IMAGE_OUTSIDE, image, property, partition->node, load, image->mem_bytes);
        return false;
    }
    uint64_t room = memory->ipa.ipa + memory->size_bytes - load;
    if (image->mem_bytes > room) {
        report(input, RULE_IMAGE_TOO_LARGE, image, image->made != NULL ? property : "reg",
               memory->node, image->mem_bytes, room);
        return false;
    }
    for (uint32_t index = 0; index < partition->image_count; index++) {
        const struct image_desc *other = &partition->image[index];
        if (other != image &&
            ranges_overlap(load, image->mem_bytes, other->load.ipa, other->mem_bytes)) {
            report(input, RULE_IMAGE_OVERLAP, image, property, other->node, load, other->load.ipa);
            return false;
        }
    }
    return true;
}

/* One image without load-address goes page-aligned below *top. */
static bool place_below(const struct config_input *input, const struct memory_desc *memory,
                        struct image_desc *image, uint64_t *top)
{
    uint64_t room = *top - memory->ipa.ipa;
    if (image->mem_bytes > room) {
        report(input, RULE_IMAGE_TOO_LARGE, image, "reg", memory->node, image->mem_bytes, room);
        return false;
    }
    *top = (*top - image->mem_bytes) & ~(PAGE_BYTES - 1);
    image->load = ipa_of(*top);
    return true;
}

bool image_place_high(const struct config_input *input, struct partition_desc *partition)
{
    static const enum image_kind order[] = {IMAGE_DEVICE_TREE, IMAGE_RAMDISK};
    const struct memory_desc *memory = partition_ram(partition);
    uint64_t top = memory->ipa.ipa + memory->size_bytes;
    for (uint32_t step = 0; step < ARRAY_COUNT(order); step++) {
        for (uint32_t index = 0; index < partition->image_count; index++) {
            struct image_desc *image = &partition->image[index];
            if (image->kind == order[step] && !image->load_given &&
                !place_below(input, memory, image, &top)) {
                return false;
            }
        }
    }
    return true;
}

bool image_check_entry(const struct config_input *input, const struct partition_desc *partition)
{
    uint64_t entry = partition->entry.ipa;
    const struct memory_desc *memory = memory_at(partition, entry);
    if (memory == NULL || memory->no_execute || (entry & 3U) != 0) {
        fault_emit(input, RULE_ENTRY_OUTSIDE, partition->node, "entry-address",
                   memory == NULL ? NULL : memory->node, &(struct fault_values){entry, 4});
        return false;
    }
    return true;
}

/* Forms that would otherwise be run as code. */
static bool known_other_format(const struct config_input *input, const struct image_desc *image,
                               const uint8_t header[IMAGE_HEADER_BYTES])
{
    static const struct {
        uint8_t length;
        uint8_t bytes[8];
    } magic[] = {
        {2, {0x1f, 0x8b}},                         /* gzip */
        {4, {0x7f, 'E', 'L', 'F'}},                /* ELF */
        {4, {0x28, 0xb5, 0x2f, 0xfd}},             /* zstd */
        {6, {0xfd, '7', 'z', 'X', 'Z', 0}},        /* xz */
        {4, {0x04, 0x22, 0x4d, 0x18}},             /* lz4 frame */
        {4, {0x02, 0x21, 0x4c, 0x18}},             /* lz4 legacy, as Linux builds it */
        {3, {'B', 'Z', 'h'}},                      /* bzip2 */
        {4, {0x27, 0x05, 0x19, 0x56}},             /* U-Boot legacy image */
        {4, {0xd0, 0x0d, 0xfe, 0xed}},             /* device tree or FIT */
        {8, {'M', 'Z', 0, 0, 'z', 'i', 'm', 'g'}}, /* Linux that unpacks itself, under EFI only */
    };
    for (size_t index = 0; index < ARRAY_COUNT(magic); index++) {
        if (memcmp(header, magic[index].bytes, magic[index].length) == 0) {
            report(input, RULE_IMAGE_FORMAT, image, NULL, NULL, little64(header) & UINT32_MAX,
                   0x644d5241);
            return true;
        }
    }
    return false;
}

bool config_apply_image_header(const struct config_input *input, struct module_desc *module,
                               struct partition_desc *partition, struct image_desc *image,
                               const uint8_t header[IMAGE_HEADER_BYTES])
{
    static const uint8_t magic[4] = {'A', 'R', 'M', 0x64};
    uint64_t base = partition_ram(partition)->ipa.ipa;
    uint64_t text_offset = 0;
    (void)module;
    if (image->kind != IMAGE_KERNEL) {
        return true;
    }
    if (known_other_format(input, image, header)) {
        return false;
    }
    image->mem_bytes = image->size_bytes;
    bool has_header = image->size_bytes >= IMAGE_HEADER_BYTES &&
                      memcmp(&header[IMAGE_MAGIC], magic, sizeof(magic)) == 0;
    if (has_header) {
        uint64_t size = little64(&header[IMAGE_SIZE]);
        uint64_t flags = little64(&header[IMAGE_FLAGS]);
        text_offset = size == 0 ? IMAGE_OLD_TEXT_OFFSET : little64(&header[IMAGE_TEXT_OFFSET]);
        if ((flags & IMAGE_FLAG_BIG_ENDIAN) != 0) {
            report(input, RULE_IMAGE_FORMAT, image, NULL, NULL, flags, 0);
            return false;
        }
        image->mem_bytes = size > image->size_bytes ? size : image->size_bytes;
    }
    if (!image->load_given) {
        if (text_offset > UINT64_MAX - base) {
            report(input, RULE_ADDRESS_OVERFLOW, image, NULL, NULL, base, text_offset);
            return false;
        }
        image->load = ipa_of(base + text_offset);
    }
    if (has_header && ((image->load.ipa - text_offset) & (IMAGE_ALIGN_BYTES - 1)) != 0) {
        report(input, RULE_MISALIGNED, image, "load-address", NULL, image->load.ipa - text_offset,
               IMAGE_ALIGN_BYTES);
        return false;
    }
    if (image->load.ipa > UINT64_MAX - image->mem_bytes) {
        report(input, RULE_ADDRESS_OVERFLOW, image, NULL, NULL, image->load.ipa, image->mem_bytes);
        return false;
    }
    if (!partition->entry_given) {
        partition->entry = image->load;
    }
    return image_check(input, partition, image) && image_check_entry(input, partition);
}
