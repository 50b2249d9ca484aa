// SPDX-License-Identifier: Apache-2.0
/*
 * Is there a blob that makes the reader misbehave?  libFuzzer target over reading, image headers,
 * guests' device trees, placement, hash and messages.  Besides what the sanitizers see, what is
 * accepted must hold what the kernel relies on: it is checked here once more, by other code.
 *
 * The input is a blob; its last byte chooses the memory that the reader gets.
 */
#include "fuzz.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (1U << 20)

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
    struct config_input input = fuzz_input(blob, size, &fault_count);
    struct arena arena = {memory, memory + room};
    struct module_desc *module = config_read(&input, &arena);
    require((module == NULL) == (fault_count != 0));
    if (module != NULL) {
        uint8_t digest[32];
        require(fdt_check_full(blob, size) == 0);
        require_windows(module);
        bool complete = apply_headers(&input, module) &&
                        config_make_trees(&input, module, &arena) &&
                        config_place(module, &input, BLOCK_BYTES);
        require(complete == (fault_count == 0));
        if (complete) {
            require_partitions(module);
            config_hash(module, digest);
        }
    }
    free(blob);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    return mutate_input(data, size, max_size, seed);
}
