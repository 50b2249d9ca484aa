/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What did the boot loader leave in RAM beside kernel and tree?  The node /boot-modules, which a
 * boot script or a tool adds: overlays to be applied, in order, and files that images name.
 */
#ifndef KERNEL_CONFIG_LOADED_H
#define KERNEL_CONFIG_LOADED_H

#include "internal.h"

/* One child of /boot-modules.  Strings point into the tree that it was read from. */
struct boot_module {
    const char *label; /* file name */
    uint64_t base;
    uint64_t size_bytes; /* of an overlay: room, at least the blob's size */
    uint32_t node;       /* in the tree that it was read from */
    uint32_t order;      /* overlays only: ascending */
    bool overlay;
};

/* Reads /boot-modules: overlays first, by order, then files.  False after a fault. */
bool boot_modules_read(struct reader *reader);

/* Copies bytes out of RAM; false where the caller of the reader cannot. */
bool boot_bytes_read(const struct config_input *input, uint64_t pa, void *to, size_t size_bytes);

/* The file of this label, or NULL. */
const struct boot_module *boot_module_find(const struct reader *reader, const char *label);

/* The node of an overlay that has a property for each label of another tree; or TREE_NONE. */
uint32_t fixups_find(const struct tree *tree);

/*
 * True if libfdt may follow all that an overlay says of references: *label is the label where it
 * must not, or NULL.  twin: as many elements as the tree has nodes, zeroed.  Time: for each
 * reference, linear in the neighbours of the nodes above it.
 */
bool fixups_hold(const struct tree *tree, uint32_t *twin, const char **label);

/*
 * Makes a copy of the tree, applies the overlays to it in order, and leaves the copy's index in the
 * reader.  Without overlays it does nothing.  False after a fault: a tree that an overlay was
 * applied to in part is never looked at.
 */
bool overlays_apply(struct reader *reader);

#endif
