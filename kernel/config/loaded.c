// SPDX-License-Identifier: Apache-2.0
/*
 * What does /boot-modules say, and are the bytes that it names the right ones?  Addresses in it are
 * the boot loader's word: nothing is read at an address before it was found to be RAM.
 */
#include "loaded.h"

#include <bulkhead/sha256.h>

#include <string.h>

enum boot_prop { BOOT_COMPATIBLE, BOOT_REG, BOOT_LABEL, BOOT_ORDER, BOOT_PROPS };

static const struct prop_spec overlay_spec[BOOT_PROPS] = {
    [BOOT_COMPATIBLE] = {.name = WITH_TEXT("compatible", "bulkhead,overlay"),
                         .kind = PROP_COMPATIBLE,
                         .required = true},
    [BOOT_REG] = {.name = "reg", .kind = PROP_CELLS, .required = true, .cells = 4},
    [BOOT_LABEL] = {.name = "label", .kind = PROP_STRING, .required = true},
    [BOOT_ORDER] = {.name = "order", .kind = PROP_U32, .required = true},
};

/* A file has no order. */
static const struct prop_spec file_spec[BOOT_PROPS - 1] = {
    [BOOT_COMPATIBLE] = {.name = WITH_TEXT("compatible", "multiboot,module"),
                         .kind = PROP_COMPATIBLE,
                         .required = true},
    [BOOT_REG] = {.name = "reg", .kind = PROP_CELLS, .required = true, .cells = 4},
    [BOOT_LABEL] = {.name = "label", .kind = PROP_STRING, .required = true},
};

static const struct prop_spec root_spec[] = {
    {.name = WITH_TEXT("compatible", "bulkhead,boot-modules"),
     .kind = PROP_COMPATIBLE,
     .required = true},
    {.name = "#address-cells", .kind = PROP_U32, .required = true},
    {.name = "#size-cells", .kind = PROP_U32, .required = true},
};

/* Overlays stand first, by order: U-Boot puts a new node in front of its siblings. */
static bool stands_before(const struct boot_module *left, const struct boot_module *right)
{
    return left->overlay && (!right->overlay || left->order < right->order);
}

/* Keeps the list sorted and tells what is there twice.  Linear in the list. */
static void append(struct reader *reader, struct boot_module module)
{
    uint32_t at = reader->boot_module_count++;
    for (uint32_t index = 0; index < at; index++) {
        const struct boot_module *other = &reader->boot_module[index];
        if (module.overlay && other->overlay && module.order == other->order) {
            fault_report(reader, RULE_ID_TWICE, module.node, "order", other->node,
                         &(struct fault_values){module.order, other->order});
        } else if (!module.overlay && !other->overlay && strcmp(module.label, other->label) == 0) {
            fault_report(reader, RULE_LABEL_TWICE, module.node, "label", other->node, NULL);
        }
    }
    for (; at != 0 && stands_before(&module, &reader->boot_module[at - 1]); at--) {
        reader->boot_module[at] = reader->boot_module[at - 1];
    }
    reader->boot_module[at] = module;
}

static void read_boot_module(struct reader *reader, uint32_t node)
{
    const struct tree_prop *found[PROPS_MAX];
    const char *name = reader->tree.node[node].name;
    struct boot_module module = {.node = node, .overlay = tree_name_is(name, "overlay")};
    if (!module.overlay && !tree_name_is(name, "module")) {
        fault_at(reader, RULE_UNKNOWN_NODE, node, NULL);
        return;
    }
    if (!props_read(reader, node, module.overlay ? overlay_spec : file_spec,
                    module.overlay ? BOOT_PROPS : BOOT_PROPS - 1, found) ||
        !props_no_children(reader, node)) {
        return;
    }
    module.label = tree_string(found[BOOT_LABEL]);
    module.base = tree_number(found[BOOT_REG], 0, 2);
    module.size_bytes = tree_number(found[BOOT_REG], 2, 2);
    module.order = module.overlay ? tree_cell(found[BOOT_ORDER], 0) : 0;
    append(reader, module);
}

bool boot_modules_read(struct reader *reader)
{
    const struct tree_prop *found[PROPS_MAX];
    const struct tree *tree = &reader->tree;
    uint32_t root = tree_find(tree, "/boot-modules", 13);
    reader->boot_modules_node = root;
    if (root == TREE_NONE) {
        return true;
    }
    /* A second one would be ignored in silence. */
    for (uint32_t other = tree->node[root].end; other < tree->node_count;
         other = tree->node[other].end) {
        if (strcmp(tree->node[other].name, "boot-modules") == 0) {
            fault_report(reader, RULE_NODE_TWICE, other, NULL, root, NULL);
            return false;
        }
    }
    if (!props_read(reader, root, root_spec, ARRAY_COUNT(root_spec), found) ||
        !props_cells(reader, root, found[1], 2, found[2], 2)) {
        return false;
    }
    uint32_t end = tree->node[root].end;
    reader->boot_module_count = 0;
    reader->boot_module =
        reader_take(reader, tree_child_count(tree, root), sizeof(*reader->boot_module));
    if (reader->boot_module == NULL) {
        return false;
    }
    for (uint32_t child = tree_first_child(root); child < end; child = tree->node[child].end) {
        read_boot_module(reader, child);
    }
    return reader->fault_count == 0;
}

bool boot_bytes_read(const struct config_input *input, uint64_t pa, void *to, size_t size_bytes)
{
    return input->read != NULL && input->read(input->read_context, pa_of(pa), to, size_bytes);
}

const struct boot_module *boot_module_find(const struct reader *reader, const char *label)
{
    for (uint32_t index = 0; index < reader->boot_module_count; index++) {
        const struct boot_module *module = &reader->boot_module[index];
        if (!module->overlay && strcmp(module->label, label) == 0) {
            return module;
        }
    }
    return NULL;
}

/* The first eight bytes of a digest as one number, for messages. */
static uint64_t digest_begins(const uint8_t digest[SHA256_BYTES])
{
    uint64_t begins = 0;
    for (uint32_t index = 0; index < 8; index++) {
        begins = begins << 8 | digest[index];
    }
    return begins;
}

/* Reads an image once, page by page: its header, and its hash where the description has one. */
static bool check_image(const struct config_input *input, struct module_desc *module,
                        struct partition_desc *partition, struct image_desc *image, uint8_t *page,
                        const struct arena *arena)
{
    uint8_t header[IMAGE_HEADER_BYTES] = {0};
    uint8_t digest[SHA256_BYTES];
    struct sha256 hash;
    uint64_t wanted = image->sha256 != NULL         ? image->size_bytes
                      : image->kind == IMAGE_KERNEL ? sizeof(header)
                                                    : 0;
    wanted = wanted < image->size_bytes ? wanted : image->size_bytes;
    sha256_start(&hash);
    for (uint64_t done = 0; done < wanted;) {
        uint64_t portion = wanted - done < PAGE_BYTES ? wanted - done : PAGE_BYTES;
        if (!boot_bytes_read(input, image->pa.pa + done, page, portion)) {
            fault_emit(input, RULE_MODULE_OUTSIDE_RAM, image->node, "reg", NULL,
                       &(struct fault_values){image->pa.pa, image->size_bytes});
            return false;
        }
        if (done == 0) {
            memcpy(header, page, portion < sizeof(header) ? portion : sizeof(header));
        }
        if (image->sha256 != NULL) {
            sha256_add(&hash, page, portion);
        }
        done += portion;
    }
    if (image->sha256 != NULL) {
        sha256_finish(&hash, digest);
        if (memcmp(digest, image->sha256, sizeof(digest)) != 0) {
            fault_emit(input, RULE_IMAGE_HASH, image->node, "sha256", NULL,
                       &(struct fault_values){digest_begins(digest), digest_begins(image->sha256)});
            return false;
        }
    }
    if (CONFIG_GUEST_TREE && image->kind == IMAGE_DEVICE_TREE) {
        return guest_tree_check(input, &module->platform, partition, image, *arena);
    }
    return config_apply_image_header(input, module, partition, image, header);
}

bool config_check_images(const struct config_input *input, struct module_desc *module,
                         struct arena *arena)
{
    struct arena scratch = *arena;
    uint8_t *page = arena_take(&scratch, PAGE_BYTES, 8);
    bool right = true;
    if (page == NULL) {
        fault_emit(input, RULE_STARTUP_MEMORY, "/bulkhead", NULL, NULL,
                   &(struct fault_values){PAGE_BYTES, arena_left(arena)});
        return false;
    }
    for (uint32_t index = 0; index < module->partition_count; index++) {
        struct partition_desc *partition = &module->partition[index];
        for (uint32_t at = 0; at < partition->image_count; at++) {
            right = check_image(input, module, partition, &partition->image[at], page, &scratch) &&
                    right;
        }
    }
    return right;
}
