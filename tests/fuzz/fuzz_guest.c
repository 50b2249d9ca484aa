// SPDX-License-Identifier: Apache-2.0
/*
 * Is there a device tree for a guest that makes the check of it misbehave?  libFuzzer target: the
 * input is what a user supplied for one partition.  What is taken must be whole, and must say no
 * more of memory and CPUs than there is, as libfdt reads it.
 */
#include "fuzz.h"

#include "kernel/config/internal.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (1U << 20)
#define TREE_PA     UINT64_C(0x48000000)
#define RAM         UINT64_C(0x40000000)
#define RAM_BYTES   UINT64_C(0x200000)
#define VCPUS       2U

struct supplied {
    const uint8_t *bytes;
    size_t size_bytes;
};

static bool read_supplied(void *context, paddr_t pa, void *to, size_t size_bytes)
{
    const struct supplied *supplied = context;
    require(pa.pa >= TREE_PA && size_bytes <= supplied->size_bytes - (pa.pa - TREE_PA));
    memcpy(to, supplied->bytes + (pa.pa - TREE_PA), size_bytes);
    return true;
}

static bool is_type(const void *tree, int node, const char *type)
{
    int length;
    const char *found = fdt_getprop(tree, node, "device_type", &length);
    return found != NULL && (size_t)length == strlen(type) + 1 && strcmp(found, type) == 0;
}

/* Of nodes that are enabled, with their parents. */
static bool is_enabled(const void *tree, int node)
{
    for (; node >= 0; node = fdt_parent_offset(tree, node)) {
        int length;
        const char *status = fdt_getprop(tree, node, "status", &length);
        if (status != NULL &&
            !(length > 0 && (fdt_stringlist_search(tree, node, "status", "okay") >= 0 ||
                             fdt_stringlist_search(tree, node, "status", "ok") >= 0))) {
            return false;
        }
    }
    return true;
}

static void require_less(const void *tree)
{
    uint32_t cpus = 0;
    for (int node = fdt_next_node(tree, 0, NULL); node >= 0;
         node = fdt_next_node(tree, node, NULL)) {
        int length;
        const fdt32_t *reg = fdt_getprop(tree, node, "reg", &length);
        if (is_type(tree, node, "memory") && is_enabled(tree, node)) {
            int cells = fdt_address_cells(tree, 0);
            int sizes = fdt_size_cells(tree, 0);
            require(reg != NULL);
            if (cells == 2 && sizes == 2 && length >= 16) {
                uint64_t base =
                    (uint64_t)fdt32_to_cpu(reg[0]) << 32 | (uint64_t)fdt32_to_cpu(reg[1]);
                uint64_t size =
                    (uint64_t)fdt32_to_cpu(reg[2]) << 32 | (uint64_t)fdt32_to_cpu(reg[3]);
                require(size == 0 || (base >= RAM && base - RAM < RAM_BYTES &&
                                      size <= RAM_BYTES - (base - RAM)));
            }
        }
        cpus += is_type(tree, node, "cpu") && is_enabled(tree, node);
    }
    require(cpus <= VCPUS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[ARENA_BYTES] __attribute__((aligned(8)));
    static struct memory_desc region = {.ipa = {RAM}, .size_bytes = RAM_BYTES, .node = "/memory"};
    static const struct partition_desc partition = {
        .node = "/partition",
        .vcpu_count = VCPUS,
        .memory_count = 1,
        .memory = &region,
        .vgic = GIC_V3,
        .gicd = {0x08000000},
        .gicr = {0x080a0000},
    };
    static const struct platform_desc platform = {.irq_virt_timer = 27, .irq_phys_timer = 30};
    struct supplied supplied = {data, size};
    uint32_t fault_count = 0;
    struct config_input input = fuzz_input(NULL, 0, &fault_count);
    struct image_desc image = {
        .kind = IMAGE_DEVICE_TREE, .pa = {TREE_PA}, .size_bytes = size, .node = "/partition/dtb"};
    struct arena arena = {memory, memory + ARENA_BYTES};
    if (size == 0) {
        return 0;
    }
    input.read = read_supplied;
    input.read_context = &supplied;
    bool taken = guest_tree_check(&input, &platform, &partition, &image, arena);
    require(taken == (fault_count == 0));
    if (taken) {
        uint64_t *tree = malloc(size);
        require(tree != NULL);
        memcpy(tree, data, size);
        require(fdt_check_full(tree, size) == 0);
        require_less(tree);
        free(tree);
    }
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    return mutate_input(data, size, max_size, seed);
}
