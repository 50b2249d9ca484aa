// SPDX-License-Identifier: Apache-2.0
/*
 * Is there an overlay that makes the reader or libfdt misbehave?  libFuzzer target over overlays in
 * /boot-modules, from reading to placement.  What is accepted must hold what the kernel relies on,
 * and must be what libfdt's own merge on the host gives.
 *
 * The input is one or two overlays and a struct choice at its end.  The tree below them is that of
 * tests/unit/test_config_load.h, with files by the name that the shipped systems use, and with
 * labels and aliases that lead nowhere or in a circle.
 */
#include "fuzz.h"

#include <kernel/config/rules.h>
#include <tests/unit/test_config_load.h>

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_BYTES (1U << 20)
#define MERGE_BYTES  (1U << 18)

struct choice {
    uint8_t split[2]; /* length of the first overlay; low byte first */
    uint8_t tree;     /* bit 0: with a system below them; 1: the second comes first; 2: more room */
    uint8_t reads;    /* that succeed; 0 = all */
    uint8_t memory;   /* in units of 512 bytes; 0 = all */
};

struct overlays {
    struct choice choice;
    size_t size[2];
    uint8_t *bytes[2]; /* room[] long, on the heap */
    size_t room[2];
    uint32_t count;
    uint32_t reads_left;
};

static uint8_t *base[2]; /* packed; the second one with a system */

static void put_label(void *tree, const char *node, const char *name, const char *path)
{
    int at = fdt_path_offset(tree, node);
    require(fdt_setprop(tree, at, name, path, (int)strlen(path) + 1) == 0);
}

/* A tree with names for two overlays; their reg is filled in for each input. */
static uint8_t *build_base(bool whole)
{
    static const char *const label[][3] = {
        {"/aliases", "loop", "loop"},
        {"/aliases", "ping", "pong"},
        {"/aliases", "pong", "ping"},
        {"/__symbols__", "by_alias", "console"},
        {"/__symbols__", "by_loop", "loop"},
        {"/__symbols__", "nowhere", "/nowhere"},
        {"/__symbols__", "bare", "/rtc@9010000"},
    };
    uint8_t *overlay = malloc(OVERLAY_BYTES);
    struct machine machine;
    require(overlay != NULL);
    machine_make(&machine);
    machine_files(&machine);
    machine_name_file(&machine, "module-2", "guests/demo.bin", NAV_PA, NAV_BYTES);
    for (size_t index = 0; index < ARRAY_COUNT(label); index++) {
        put_label(machine.tree, label[index][0], label[index][1], label[index][2]);
    }
    if (whole) {
        overlay_both(overlay);
        require(fdt_overlay_apply(machine.tree, overlay) == 0);
    }
    machine_name_overlay(&machine, "overlay-0", "first.dtbo", SYSTEM_PA, 0, 0);
    machine_name_overlay(&machine, "overlay-1", "second.dtbo", SCHEDULE_PA, 0, 1);
    require(fdt_pack(machine.tree) == 0);
    uint8_t *tree = malloc(fdt_totalsize(machine.tree));
    require(tree != NULL);
    memcpy(tree, machine.tree, fdt_totalsize(machine.tree));
    free(overlay);
    machine_free(&machine);
    return tree;
}

/* Files are zero, which is a flat binary. */
static bool read_ram(void *context, paddr_t pa, void *to, size_t size_bytes)
{
    static const uint64_t at[2] = {SYSTEM_PA, SCHEDULE_PA};
    struct overlays *overlays = context;
    if (overlays->reads_left == 0) {
        return false;
    }
    overlays->reads_left--;
    memset(to, 0, size_bytes);
    for (uint32_t index = 0; index < overlays->count; index++) {
        if (pa.pa == at[index]) {
            require(size_bytes <= overlays->room[index]);
            memcpy(to, overlays->bytes[index], size_bytes);
        }
    }
    return true;
}

/* Cuts the input into its parts, each in memory of its own. */
static void take_apart(struct overlays *overlays, const uint8_t *data, size_t size)
{
    *overlays = (struct overlays){.count = 1};
    if (size >= sizeof(overlays->choice)) {
        size -= sizeof(overlays->choice);
        memcpy(&overlays->choice, &data[size], sizeof(overlays->choice));
    }
    const struct choice *choice = &overlays->choice;
    size_t split = (size_t)(choice->split[0] | choice->split[1] << 8);
    overlays->size[0] = split < size ? split : size;
    overlays->size[1] = size - overlays->size[0];
    overlays->count += overlays->size[1] != 0;
    overlays->reads_left = choice->reads != 0 ? choice->reads : UINT32_MAX;
    for (uint32_t index = 0; index < overlays->count; index++) {
        overlays->room[index] = overlays->size[index] + ((choice->tree & 4U) != 0 ? 256 : 0);
        overlays->bytes[index] = malloc(overlays->room[index] + 1);
        require(overlays->bytes[index] != NULL);
        memset(overlays->bytes[index], 0xa5, overlays->room[index]);
        memcpy(overlays->bytes[index], index == 0 ? data : &data[split], overlays->size[index]);
    }
}

/* The tree for these overlays, in memory of exactly its size. */
static uint8_t *make_tree(const struct overlays *overlays)
{
    static const char *const node[2] = {"/boot-modules/overlay-0", "/boot-modules/overlay-1"};
    const uint8_t *from = base[overlays->choice.tree & 1U];
    uint8_t *tree = malloc(fdt_totalsize(from));
    require(tree != NULL);
    memcpy(tree, from, fdt_totalsize(from));
    for (uint32_t index = 0; index < 2; index++) {
        int at = fdt_path_offset(tree, node[index]);
        fdt64_t reg[2] = {cpu_to_fdt64(index == 0 ? SYSTEM_PA : SCHEDULE_PA),
                          cpu_to_fdt64(overlays->room[index])};
        uint32_t order = (overlays->choice.tree & 2U) != 0 ? 1 - index : index;
        if (index >= overlays->count) {
            require(fdt_nop_node(tree, at) == 0);
            continue;
        }
        require(fdt_setprop_inplace(tree, at, "reg", reg, sizeof(reg)) == 0);
        require(fdt_setprop_inplace_u32(tree, at, "order", order) == 0);
    }
    return tree;
}

/* Reads to the end; false if it was refused. */
static bool read_whole(struct overlays *overlays, const void *tree, size_t memory_bytes,
                       uint8_t digest[32])
{
    static uint8_t memory[MEMORY_BYTES] __attribute__((aligned(8)));
    uint32_t fault_count = 0;
    struct config_input input = fuzz_input(tree, fdt_totalsize(tree), &fault_count);
    struct arena arena = {memory, memory + memory_bytes};
    input.read = read_ram;
    input.read_context = overlays;
    struct module_desc *module = config_read(&input, &arena);
    require((module == NULL) == (fault_count != 0));
    if (module == NULL) {
        return false;
    }
    require_windows(module);
    bool complete =
        config_check_images(&input, module, &arena) && config_place(module, &input, BLOCK_BYTES);
    require(complete == (fault_count == 0));
    if (complete) {
        require_partitions(module);
        config_hash(module, digest);
    }
    return complete;
}

/* What was accepted is what a tool on the host makes of the same overlays. */
static void compare_with_host(struct overlays *overlays, const void *tree, const uint8_t digest[32])
{
    static uint8_t merged[MERGE_BYTES] __attribute__((aligned(8)));
    uint8_t here[32];
    require(fdt_open_into(tree, merged, sizeof(merged)) == 0);
    for (uint32_t step = 0; step < overlays->count; step++) {
        bool swapped = (overlays->choice.tree & 2U) != 0;
        uint32_t index = swapped ? overlays->count - 1 - step : step;
        uint64_t *blob = malloc(overlays->room[index] + sizeof(*blob));
        require(blob != NULL);
        memcpy(blob, overlays->bytes[index], overlays->room[index]);
        require(fdt_overlay_apply(merged, blob) == 0);
        free(blob);
    }
    int node = fdt_path_offset(merged, "/boot-modules/overlay-0");
    require(node < 0 || fdt_nop_node(merged, node) == 0);
    node = fdt_path_offset(merged, "/boot-modules/overlay-1");
    require(node < 0 || fdt_nop_node(merged, node) == 0);
    overlays->reads_left = UINT32_MAX;
    require(read_whole(overlays, merged, MEMORY_BYTES, here));
    require(memcmp(here, digest, sizeof(here)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct overlays overlays;
    uint8_t digest[32];
    if (base[0] == NULL) {
        base[0] = build_base(false);
        base[1] = build_base(true);
    }
    take_apart(&overlays, data, size);
    uint8_t *tree = make_tree(&overlays);
    uint8_t memory = overlays.choice.memory;
    if (read_whole(&overlays, tree, memory != 0 ? memory * 512U : MEMORY_BYTES, digest)) {
        compare_with_host(&overlays, tree, digest);
    }
    free(tree);
    for (uint32_t index = 0; index < overlays.count; index++) {
        free(overlays.bytes[index]);
    }
    return 0;
}

/* What libfdt looks for in an overlay, and places that are at the edge of being some. */
static const char *const node_names[] = {
    "__fixups__",
    "__fixups__@1",
    "__local_fixups__",
    "__local_fixups__@1",
    "__symbols__",
    "__symbols__@1",
    "__overlay__",
    "__overlay__@1",
    "fragment@0",
    "fragment@1",
    "fragment",
    "aliases",
    "bulkhead",
    "partitions",
    "schedules",
    "boot-modules",
    "",
};
static const char *const prop_names[] = {
    "phandle", "linux,phandle", "target",  "target-path", "compatible", "gadget",    "nav",
    "io",      "by_alias",      "by_loop", "nowhere",     "bare",       "partition", "link",
};
static const char *const strings[] = {
    "/",
    "/bulkhead",
    "/aliases",
    "/__symbols__",
    "/boot-modules",
    "/gadget@9020000",
    "loop",
    "ping",
    "console",
    "",
    "//",
    "/fragment@0/__overlay__",
    "/fragment/__overlay__/",
    "/fragment@0:target:0",
    "/fragment@0/__overlay__:partition:0",
    "/fragment@0:target-path:0",
    "/:compatible:0",
    "/fragment@0:target:4294967292",
    "/fragment@0:target:-4",
    "loop:target:0",
    "/__fixups__:nav:0",
    "/__symbols__:nav:1",
    "/fragment@0/__overlay__:phandle:0",
    "/fragment@0:target:1",
};

/* A node of the tree at random. */
static int choose_node(const void *tree, uint32_t *seed)
{
    int chosen = 0;
    uint32_t seen = 0;
    int depth = 0;
    for (int node = 0; node >= 0 && depth >= 0; node = fdt_next_node(tree, node, &depth)) {
        if (next_random(seed) % ++seen == 0) {
            chosen = node;
        }
    }
    return chosen;
}

#define ONE_OF(list, seed) (list)[next_random(seed) % ARRAY_COUNT(list)]

/* Adds, renames or drops something of an overlay; a change that does not fit is none. */
static size_t mutate_overlay(void *tree, size_t size, size_t max_size, uint32_t *seed)
{
    if (fdt_check_full(tree, size) != 0 || fdt_open_into(tree, tree, (int)max_size) != 0) {
        return size;
    }
    int node = choose_node(tree, seed);
    const char *text = ONE_OF(strings, seed);
    const char *name = ONE_OF(prop_names, seed);
    fdt32_t cell = cpu_to_fdt32(next_random(seed) % 4 == 0 ? next_random(seed) << 8
                                                           : 0U - next_random(seed) % 8);
    switch (next_random(seed) % 8) {
    case 0:
        (void)fdt_set_name(tree, node, ONE_OF(node_names, seed));
        break;
    case 1:
        (void)fdt_add_subnode(tree, node, ONE_OF(node_names, seed));
        break;
    case 2:
        (void)fdt_setprop(tree, node, name, text, (int)strlen(text) + 1);
        break;
    case 3:
        (void)fdt_appendprop(tree, node, name, text, (int)strlen(text) + 1);
        break;
    case 4:
        (void)fdt_setprop(tree, node, name, &cell, sizeof(cell));
        break;
    case 5:
        (void)fdt_appendprop(tree, node, name, &cell, sizeof(cell));
        break;
    case 6:
        (void)fdt_delprop(tree, node, name);
        break;
    default:
        if (node != 0) {
            (void)fdt_del_node(tree, node);
        }
        break;
    }
    require(fdt_pack(tree) == 0);
    return fdt_totalsize(tree);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    uint32_t random = seed;
    struct overlays overlays;
    if (size < sizeof(struct choice) || max_size < 2 * size || next_random(&random) % 32 == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    take_apart(&overlays, data, size);
    uint32_t which = next_random(&random) % overlays.count;
    size_t other = overlays.count == 2 ? overlays.size[1 - which] : 0;
    size_t room = max_size - other - sizeof(struct choice);
    uint64_t *tree = malloc(room + sizeof(*tree));
    require(tree != NULL);
    memcpy(tree, overlays.bytes[which], overlays.size[which]);
    size_t changed = next_random(&random) % 2 == 0
                         ? mutate_overlay(tree, overlays.size[which], room, &random)
                         : mutate_tree(tree, overlays.size[which], room, &random);
    size_t first = which == 0 ? changed : overlays.size[0];
    if (next_random(&random) % 16 == 0) {
        uint8_t *choice = (uint8_t *)&overlays.choice;
        choice[2 + next_random(&random) % 3] = (uint8_t)next_random(&random);
    }
    if (first <= UINT16_MAX) {
        overlays.choice.split[0] = (uint8_t)first;
        overlays.choice.split[1] = (uint8_t)(first >> 8);
        memcpy(data, which == 0 ? (uint8_t *)tree : overlays.bytes[0], first);
        if (overlays.count == 2) {
            size = which == 1 ? changed : overlays.size[1];
            memcpy(&data[first], which == 1 ? (uint8_t *)tree : overlays.bytes[1], size);
        } else {
            size = 0;
        }
        memcpy(&data[first + size], &overlays.choice, sizeof(struct choice));
        size += first + sizeof(struct choice);
    }
    free(tree);
    for (uint32_t index = 0; index < overlays.count; index++) {
        free(overlays.bytes[index]);
    }
    return size;
}
