// SPDX-License-Identifier: Apache-2.0
/*
 * Is there a blob that makes the reader misbehave?  libFuzzer target over reading, image headers,
 * placement, hash and messages.  Besides what the sanitizers see, what is accepted must hold what
 * the kernel relies on: it is checked here once more, by other code.
 *
 * The input is a blob; its last byte chooses the memory that the reader gets.  The mutator works on
 * property values and on the header's lengths most of the time, since bytes at random break the
 * structure and get no further than the first check.
 */
#include <bulkhead/config.h>
#include <bulkhead/limits.h>
#include <kernel/config/rules.h>

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (1U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void on_fault(void *context, const struct config_fault *fault)
{
    uint32_t *fault_count = context;
    char text[128];
    size_t length = config_fault_text(fault, text, sizeof(text));
    require(length < sizeof(text) && strlen(text) == length);
    require(config_rule_name(fault->rule) != NULL && fault->node != NULL);
    (*fault_count)++;
}

static bool meets(const struct address_range *range, const struct memory_desc *memory)
{
    return ranges_overlap(range->base, range->size_bytes, memory->pa.pa, memory->size_bytes);
}

static void check_windows(const struct module_desc *module)
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

static void check_memory(const struct module_desc *module, const struct memory_desc *memory)
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
            require(!ranges_overlap(memory->pa.pa, memory->size_bytes, partition->image[at].pa.pa,
                                    partition->image[at].size_bytes));
        }
    }
}

static void check_partitions(const struct module_desc *module)
{
    for (uint32_t index = 0; index < module->partition_count; index++) {
        const struct partition_desc *partition = &module->partition[index];
        require(index == 0 || partition->id > module->partition[index - 1].id);
        require(partition->vgic == module->platform.gic_version);
        for (uint32_t at = 0; at < partition->memory_count; at++) {
            check_memory(module, &partition->memory[at]);
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
        }
    }
}

/* Any 64 bytes may be the header of an image: here, the blob's own. */
static bool apply_headers(const struct config_input *input, struct module_desc *module)
{
    uint8_t header[IMAGE_HEADER_BYTES] = {0};
    memcpy(&header[8], input->fdt, 24);
    memcpy(&header[56], "ARM\x64", 4);
    /* Small numbers reach further than those of a device tree's header. */
    header[10] &= 0xf;
    memset(&header[11], 0, 5);
    header[18] &= 0xf;
    memset(&header[19], 0, 6);
    for (uint32_t index = 0; index < module->partition_count; index++) {
        struct partition_desc *partition = &module->partition[index];
        for (uint32_t at = 0; at < partition->image_count; at++) {
            if ((index & 1) != 0) {
                memset(header, 0, sizeof(header));
            }
            if (!config_apply_image_header(input, module, partition, &partition->image[at],
                                           header)) {
                return false;
            }
        }
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[ARENA_BYTES] __attribute__((aligned(8)));
    uint32_t fault_count = 0;
    size_t room = size != 0 && data[size - 1] != 0 ? (size_t)data[size - 1] * 256 : ARENA_BYTES;
    /* Exactly as large as the input and aligned as a loader aligns it. */
    uint8_t *blob = malloc(size + 1);
    require(blob != NULL);
    memcpy(blob, data, size);
    struct config_input input = {
        .fdt = blob,
        .fdt_bytes = size,
        .fdt_pa = {0x48000000},
        .kernel = {0x40200000, 0x200000, "the kernel"},
        .default_guard_ns = 3000,
        .minimum_guard_ns = MINIMUM_GUARD_NS,
        .minimum_window_ns = MINIMUM_WINDOW_NS,
        .fault = on_fault,
        .fault_context = &fault_count,
    };
    struct arena arena = {memory, memory + room};
    struct module_desc *module = config_read(&input, &arena);
    require((module == NULL) == (fault_count != 0));
    if (module != NULL) {
        uint8_t digest[32];
        require(fdt_check_full(blob, size) == 0);
        check_windows(module);
        bool complete = apply_headers(&input, module) && config_place(module, &input, BLOCK_BYTES);
        require(complete == (fault_count == 0));
        if (complete) {
            check_partitions(module);
            config_hash(module, digest);
        }
    }
    free(blob);
    return 0;
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* Numbers at the edges of things. */
static uint32_t odd_cell(uint32_t *seed)
{
    static const uint32_t odd[] = {
        0,          1,          2,          3,          7,          8,          9,
        0x20,       0x60,       0xfff,      0x1000,     0x1001,     3999,       4000,
        0x100000,   0x200000,   0x08000000, 0x09000000, 0x40000000, 0x40200000, 0x48000000,
        0x54000000, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff};
    return odd[next_random(seed) % (sizeof(odd) / sizeof(odd[0]))];
}

/* The offset of a property of the tree, below /bulkhead two times out of three; negative if none.
 */
static int choose_property(const void *fdt, uint32_t *seed)
{
    int chosen = -1;
    uint32_t seen = 0;
    int start = next_random(seed) % 3 != 0 ? fdt_path_offset(fdt, "/bulkhead") : 0;
    int depth = 0;
    for (int node = start; node >= 0 && depth >= 0; node = fdt_next_node(fdt, node, &depth)) {
        int prop;
        fdt_for_each_property_offset(prop, fdt, node)
        {
            if (next_random(seed) % ++seen == 0) {
                chosen = prop;
            }
        }
    }
    return chosen;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    uint32_t random = seed;
    uint64_t *aligned = malloc(max_size + sizeof(*aligned));
    if (aligned == NULL) {
        return size;
    }
    memcpy(aligned, data, size);
    int prop = -1;
    if (next_random(&random) % 8 != 0 && fdt_check_full(aligned, size) == 0) {
        prop = choose_property(aligned, &random);
    }
    int length = 0;
    struct fdt_property *at =
        prop < 0 ? NULL : fdt_offset_ptr_w(aligned, prop, sizeof(struct fdt_property));
    if (at != NULL) {
        length = (int)fdt32_to_cpu(at->len);
    }
    if (at == NULL) {
        size = LLVMFuzzerMutate((uint8_t *)aligned, size, max_size);
    } else if (next_random(&random) % 16 == 0) {
        /* Another property's name: it may be unknown here, or be there twice. */
        int from = choose_property(aligned, &random);
        const struct fdt_property *other = fdt_offset_ptr(aligned, from, sizeof(*other));
        if (from >= 0 && other != NULL) {
            at->nameoff = other->nameoff;
        }
    } else if (length >= 4 && length % 4 == 0 && next_random(&random) % 2 == 0) {
        uint32_t which = next_random(&random) % ((uint32_t)length / 4);
        fdt32_t cell = cpu_to_fdt32(odd_cell(&random));
        memcpy(at->data + which * 4, &cell, sizeof(cell));
    } else if (length > 0) {
        (void)LLVMFuzzerMutate((uint8_t *)at->data, (size_t)length, (size_t)length);
    }
    memcpy(data, aligned, size);
    free(aligned);
    return size;
}
