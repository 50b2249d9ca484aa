// SPDX-License-Identifier: Apache-2.0
/*
 * How do overlays get into the tree?  By libfdt, on a copy.  libfdt says neither which label it
 * missed nor does it bound what it follows, so each overlay is gone through first: it must be
 * whole, nested no deeper than any tree, for this board, and all that it refers to must exist and
 * be named by absolute paths (fixups.c says why).
 */
#include "loaded.h"

#include <string.h>

/* Paths of labels grow when fragments get their place; more than this is refused as too large. */
#define GROWTH_BYTES 1024U

/* One overlay while it is gone through. */
struct overlay {
    const struct boot_module *module;
    void *blob; /* a copy: applying an overlay changes it */
    uint32_t size_bytes;
    struct tree tree;
    uint32_t *twin; /* for fixups_hold() */
};

static void overlay_fault(struct reader *reader, enum config_rule rule,
                          const struct overlay *overlay, const char *other,
                          const struct fault_values *values)
{
    reader->fault_count++;
    fault_emit(reader->input, rule, overlay->module->label, NULL, other, values);
}

/* True if RAM of the tree that the loader gave has all of the range.  Memory nodes stand at the
 * root (Devicetree Specification 0.4, 3.4); what a board overlay adds is not known yet. */
static bool ram_has(const struct tree *tree, uint64_t base, uint64_t size)
{
    const struct tree_prop *address = tree_prop(tree, TREE_ROOT, "#address-cells");
    const struct tree_prop *length = tree_prop(tree, TREE_ROOT, "#size-cells");
    uint32_t address_cells = address != NULL && address->length == 4 ? tree_cell(address, 0) : 2;
    uint32_t size_cells = length != NULL && length->length == 4 ? tree_cell(length, 0) : 1;
    if (address_cells - 1U > 1U || size_cells - 1U > 1U) {
        return false;
    }
    uint32_t tuple = address_cells + size_cells;
    for (uint32_t node = tree_first_child(TREE_ROOT); node < tree->node_count;
         node = tree->node[node].end) {
        const struct tree_prop *reg = tree_prop(tree, node, "reg");
        if (reg == NULL || !tree_has_string(tree_prop(tree, node, "device_type"), "memory")) {
            continue;
        }
        uint32_t cells = reg->length / 4U;
        for (uint32_t at = 0; cells - at >= tuple; at += tuple) {
            uint64_t from = tree_number(reg, at, address_cells);
            uint64_t room = tree_number(reg, at + address_cells, size_cells);
            if (base >= from && base - from <= room && size <= room - (base - from)) {
                return true;
            }
        }
    }
    return false;
}

/* Looks at an overlay's place and at its header: how long is it?  0 after a fault. */
static uint32_t overlay_bytes(struct reader *reader, const struct overlay *overlay)
{
    const struct config_input *input = reader->input;
    const struct boot_module *module = overlay->module;
    struct fault_values values = {module->base, module->size_bytes};
    fdt32_t header[2]; /* magic, totalsize */
    if (module->size_bytes < sizeof(struct fdt_header)) {
        overlay_fault(reader, RULE_OVERLAY_BLOB, overlay, NULL,
                      &(struct fault_values){0, module->size_bytes});
        return 0;
    }
    if (!ram_has(&reader->tree, module->base, module->size_bytes)) {
        overlay_fault(reader, RULE_MODULE_OUTSIDE_RAM, overlay, NULL, &values);
        return 0;
    }
    values = (struct fault_values){module->base, input->kernel.base};
    if (ranges_overlap(module->base, module->size_bytes, input->kernel.base,
                       input->kernel.size_bytes)) {
        overlay_fault(reader, RULE_MODULE_CLASH, overlay, input->kernel.node, &values);
        return 0;
    }
    if (!boot_bytes_read(input, module->base, header, sizeof(header))) {
        values.limit = module->size_bytes;
        overlay_fault(reader, RULE_MODULE_OUTSIDE_RAM, overlay, NULL, &values);
        return 0;
    }
    uint32_t size_bytes = fdt32_to_cpu(header[1]);
    if (fdt32_to_cpu(header[0]) != FDT_MAGIC || size_bytes > module->size_bytes ||
        size_bytes < sizeof(struct fdt_header)) {
        overlay_fault(reader, RULE_OVERLAY_BLOB, overlay, NULL,
                      &(struct fault_values){fdt32_to_cpu(header[0]) != FDT_MAGIC ? 0 : 4,
                                             module->size_bytes});
        return 0;
    }
    return size_bytes;
}

/* Copies the overlay out of RAM and indexes it, which verifies it. */
static bool overlay_load(struct reader *reader, struct overlay *overlay, struct arena *scratch)
{
    uint32_t offset = 0;
    overlay->blob = arena_take(scratch, overlay->size_bytes, 8);
    enum tree_result result = TREE_NO_MEMORY;
    if (overlay->blob != NULL) {
        if (!boot_bytes_read(reader->input, overlay->module->base, overlay->blob,
                             overlay->size_bytes)) {
            overlay_fault(reader, RULE_MODULE_OUTSIDE_RAM, overlay, NULL,
                          &(struct fault_values){overlay->module->base, overlay->size_bytes});
            return false;
        }
        result = tree_index(&overlay->tree, overlay->blob, overlay->size_bytes, scratch, &offset);
    }
    if (result == TREE_OK) {
        overlay->twin = arena_take_array(scratch, overlay->tree.node_count, sizeof(uint32_t),
                                         _Alignof(uint32_t));
        result = overlay->twin != NULL ? TREE_OK : TREE_NO_MEMORY;
    }
    if (result == TREE_NO_MEMORY) {
        overlay_fault(reader, RULE_STARTUP_MEMORY, overlay, NULL,
                      &(struct fault_values){overlay->size_bytes, arena_left(scratch)});
    } else if (result != TREE_OK) {
        overlay_fault(reader, RULE_OVERLAY_BLOB, overlay, NULL,
                      &(struct fault_values){offset, overlay->size_bytes});
    }
    return result == TREE_OK;
}

/* An overlay may say which boards it is for, as a tree says which board it is of. */
static void check_board(struct reader *reader, const struct overlay *overlay, const void *blob)
{
    const struct tree_prop *wanted = tree_prop(&overlay->tree, TREE_ROOT, "compatible");
    int length = 0;
    const char *board = fdt_getprop(blob, 0, "compatible", &length);
    if (wanted == NULL) {
        return;
    }
    for (int at = 0; board != NULL && at < length;) {
        size_t left = (size_t)(length - at);
        size_t name = strnlen(&board[at], left);
        if (name == left) {
            break;
        }
        if (tree_has_string(wanted, &board[at])) {
            return;
        }
        at += (int)name + 1;
    }
    const char *first = (const char *)wanted->cell;
    bool text = wanted->length != 0 && first[wanted->length - 1] == '\0';
    overlay_fault(reader, RULE_OVERLAY_BOARD, overlay, text ? first : NULL, NULL);
}

/* Each label that the overlay refers to must be in the tree, by an absolute path and with a
 * phandle: libfdt would not say which one it missed. */
static void check_labels(struct reader *reader, const struct overlay *overlay, const void *blob)
{
    const struct tree *tree = &overlay->tree;
    uint32_t fixups = fixups_find(tree);
    if (fixups == TREE_NONE) {
        return;
    }
    int symbols = fdt_path_offset(blob, "/__symbols__");
    for (uint32_t index = 0; index < tree->node[fixups].prop_count; index++) {
        const struct tree_prop *prop = &tree->prop[tree->node[fixups].prop + index];
        int length = 0;
        const char *path = symbols < 0 ? NULL : fdt_getprop(blob, symbols, prop->name, &length);
        int node = -FDT_ERR_NOTFOUND;
        if (path != NULL && length >= 2 && path[0] == '/' && path[length - 1] == '\0') {
            node = fdt_path_offset(blob, path);
        }
        if (node < 0 || fdt_get_phandle(blob, node) == 0) {
            overlay_fault(reader, RULE_OVERLAY_LABEL, overlay, prop->name, NULL);
        }
    }
}

/*
 * Nodes that the overlay names by path: absolute paths, and the first one must be in the tree.  The
 * others may be made by those before, so they are looked up again where libfdt missed something;
 * then only the first that is missing is told.
 */
static void check_targets(struct reader *reader, const struct overlay *overlay, const void *blob,
                          bool missed)
{
    const struct tree *tree = &overlay->tree;
    uint32_t first = tree_first_child(TREE_ROOT);
    for (uint32_t node = first; node < tree->node_count; node = tree->node[node].end) {
        const struct tree_prop *prop = tree_prop(tree, node, "target-path");
        if (prop == NULL) {
            continue;
        }
        const char *path = tree_string(prop);
        if (path == NULL || path[0] != '/' ||
            ((missed || node == first) && fdt_path_offset(blob, path) < 0)) {
            overlay_fault(reader, RULE_OVERLAY_TARGET, overlay,
                          path != NULL ? path : tree->node[node].name, NULL);
            if (missed) {
                return;
            }
        }
    }
}

/* True if the overlay changes anything: a tree that is none would be taken, and do nothing. */
static bool has_fragment(const struct tree *tree)
{
    for (uint32_t node = tree_first_child(TREE_ROOT); node < tree->node_count;
         node = tree->node[node].end) {
        uint32_t end = tree->node[node].end;
        for (uint32_t child = tree_first_child(node); child < end; child = tree->node[child].end) {
            if (strcmp(tree->node[child].name, "__overlay__") == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool overlay_apply(struct reader *reader, struct overlay *overlay, void *blob)
{
    struct arena scratch = *reader->arena;
    uint32_t faults_before = reader->fault_count;
    if (!overlay_load(reader, overlay, &scratch)) {
        return false;
    }
    if (!has_fragment(&overlay->tree)) {
        overlay_fault(reader, RULE_OVERLAY_EMPTY, overlay, NULL, NULL);
        return false;
    }
    check_board(reader, overlay, blob);
    if (reader->fault_count == faults_before) {
        const char *label;
        check_labels(reader, overlay, blob);
        check_targets(reader, overlay, blob, false);
        if (!fixups_hold(&overlay->tree, overlay->twin, &label)) {
            overlay_fault(reader, RULE_OVERLAY_APPLY, overlay, label,
                          &(struct fault_values){FDT_ERR_BADOVERLAY, 0});
        }
    }
    if (reader->fault_count != faults_before) {
        return false;
    }
    int result = fdt_overlay_apply(blob, overlay->blob);
    if (result == -FDT_ERR_NOTFOUND) {
        /* libfdt takes the magic away from a tree that it changed in part; it is still a tree. */
        fdt_set_magic(blob, FDT_MAGIC);
        check_targets(reader, overlay, blob, true);
    }
    if (result == -FDT_ERR_NOSPACE) {
        overlay_fault(reader, RULE_STARTUP_MEMORY, overlay, NULL,
                      &(struct fault_values){overlay->size_bytes, 0});
    } else if (result != 0 && reader->fault_count == faults_before) {
        overlay_fault(reader, RULE_OVERLAY_APPLY, overlay, NULL,
                      &(struct fault_values){(uint64_t)-result, 0});
    }
    return result == 0;
}

/* Bytes that the blob really uses: QEMU's claims 1 MiB and uses 8 KiB.  tree_index() verified it.
 */
static uint32_t used_bytes(const void *blob)
{
    uint32_t structure = fdt_off_dt_struct(blob) + fdt_size_dt_struct(blob);
    uint32_t strings = fdt_off_dt_strings(blob) + fdt_size_dt_strings(blob);
    uint32_t reserved = fdt_off_mem_rsvmap(blob) + ((uint32_t)fdt_num_mem_rsv(blob) + 1U) *
                                                       (uint32_t)sizeof(struct fdt_reserve_entry);
    uint32_t used = structure > strings ? structure : strings;
    return used > reserved ? used : reserved;
}

/* A copy of the tree with room for `room` bytes more, or NULL after a fault. */
static void *copy_tree(struct reader *reader, uint64_t room)
{
    const void *tree = reader->input->fdt;
    uint32_t used = used_bytes(tree);
    uint8_t *copy = NULL;
    if (room <= INT32_MAX - used) {
        copy = arena_take(reader->arena, used + room, 8);
    }
    if (copy == NULL) {
        fault_named(reader, RULE_STARTUP_MEMORY, "/boot-modules", NULL, NULL, used + room,
                    arena_left(reader->arena));
        return NULL;
    }
    memcpy(copy, tree, used);
    fdt_set_totalsize(copy, used);
    int result = fdt_open_into(copy, copy, (int)(used + room));
    if (result != 0) {
        fault_named(reader, RULE_BAD_BLOB, "/", NULL, NULL, (uint64_t)-result, used);
        return NULL;
    }
    return copy;
}

bool overlays_apply(struct reader *reader)
{
    struct overlay overlay = {0};
    uint64_t room = 0;
    uint32_t count = 0;
    while (count < reader->boot_module_count && reader->boot_module[count].overlay) {
        overlay.module = &reader->boot_module[count++];
        overlay.size_bytes = overlay_bytes(reader, &overlay);
        room += 2 * (uint64_t)overlay.size_bytes + GROWTH_BYTES;
    }
    if (count == 0 || reader->fault_count != 0) {
        return reader->fault_count == 0;
    }
    void *blob = copy_tree(reader, room);
    if (blob == NULL) {
        return false;
    }
    for (uint32_t index = 0; index < count; index++) {
        overlay.module = &reader->boot_module[index];
        overlay.size_bytes = overlay_bytes(reader, &overlay);
        if (overlay.size_bytes == 0 || !overlay_apply(reader, &overlay, blob)) {
            return false;
        }
    }
    return reader_index(reader, blob, fdt_totalsize(blob));
}
