// SPDX-License-Identifier: Apache-2.0
/*
 * May libfdt go where an overlay sends it?  It takes an overlay's word: a cell is read at the
 * offset that __local_fixups__ gives before that is compared with the property's length, the sum
 * that is compared may wrap, and a path that is not absolute is looked for among aliases, by
 * recursion.  So each place is looked up first, in the overlay's index, and as libfdt will find it;
 * and none may lie in what libfdt reads later without looking again.
 */
#include "loaded.h"

#include <string.h>

/* The child that libfdt finds: a name without '@' also means the first node with a unit address. */
static uint32_t child_named(const struct tree *tree, uint32_t parent, const char *name,
                            size_t length)
{
    bool any_unit = memchr(name, '@', length) == NULL;
    uint32_t end = tree->node[parent].end;
    for (uint32_t child = tree_first_child(parent); child < end; child = tree->node[child].end) {
        const char *here = tree->node[child].name;
        if (strncmp(here, name, length) == 0 &&
            (here[length] == '\0' || (any_unit && here[length] == '@'))) {
            return child;
        }
    }
    return TREE_NONE;
}

/* The node at an absolute path, or TREE_NONE. */
static uint32_t node_at(const struct tree *tree, const char *path, size_t length)
{
    uint32_t node = TREE_ROOT;
    size_t at = 0;
    if (length == 0 || path[0] != '/') {
        return TREE_NONE;
    }
    while (node != TREE_NONE && at < length) {
        size_t name = 0;
        if (path[at] == '/') {
            at++;
            continue;
        }
        while (at + name < length && path[at + name] != '/') {
            name++;
        }
        node = child_named(tree, node, &path[at], name);
        at += name;
    }
    return node;
}

/* Nodes of the root that are libfdt's own: __symbols__, __fixups__, __local_fixups__. */
static bool is_own(const struct tree *tree, uint32_t node)
{
    while (node != TREE_ROOT && tree->node[node].parent != TREE_ROOT) {
        node = tree->node[node].parent;
    }
    return strncmp(tree->node[node].name, "__", 2) == 0;
}

/* True if a reference to a node may stand here: it is four bytes long. */
static bool takes_reference(const struct tree *tree, uint32_t node, const char *name, size_t length,
                            uint32_t offset)
{
    static const char *const no_reference[] = {"target-path", "phandle", "linux,phandle"};
    if (node == TREE_NONE || is_own(tree, node)) {
        return false;
    }
    for (size_t which = 0; which < ARRAY_COUNT(no_reference); which++) {
        if (strlen(no_reference[which]) == length &&
            memcmp(no_reference[which], name, length) == 0) {
            return false;
        }
    }
    for (uint32_t index = 0; index < tree->node[node].prop_count; index++) {
        const struct tree_prop *prop = &tree->prop[tree->node[node].prop + index];
        if (strncmp(prop->name, name, length) == 0 && prop->name[length] == '\0') {
            return prop->length >= 4 && offset <= prop->length - 4;
        }
    }
    return false;
}

/* Reads "path:property:offset". */
static bool place_holds(const struct tree *tree, const char *place, size_t length)
{
    const char *end = place + length;
    const char *path_end = memchr(place, ':', length);
    if (path_end == NULL) {
        return false;
    }
    const char *name = path_end + 1;
    const char *name_end = memchr(name, ':', (size_t)(end - name));
    if (name_end == NULL || name_end + 1 == end) {
        return false;
    }
    uint32_t offset = 0;
    for (const char *digit = name_end + 1; digit < end; digit++) {
        if (*digit < '0' || *digit > '9' || offset > INT32_MAX / 10 - 1) {
            return false;
        }
        offset = offset * 10 + (uint32_t)(*digit - '0');
    }
    return takes_reference(tree, node_at(tree, place, (size_t)(path_end - place)), name,
                           (size_t)(name_end - name), offset);
}

/* The places where a label of another tree is meant: strings, one after the other. */
static bool label_holds(const struct tree *tree, const struct tree_prop *label)
{
    const char *place = (const char *)label->cell;
    const char *end = place + label->length;
    if (label->length == 0 || end[-1] != '\0') {
        return false;
    }
    while (place < end) {
        size_t length = strlen(place);
        if (!place_holds(tree, place, length)) {
            return false;
        }
        place += length + 1;
    }
    return true;
}

/* The places where a node of the overlay itself is meant: __local_fixups__ has the nodes of the
 * overlay again, with offsets for values. */
static bool local_fixups_hold(const struct tree *tree, uint32_t *twin)
{
    uint32_t local = child_named(tree, TREE_ROOT, "__local_fixups__", 16);
    if (local == TREE_NONE) {
        return true;
    }
    twin[local] = TREE_ROOT;
    for (uint32_t node = local; node < tree->node[local].end; node++) {
        const struct tree_node *here = &tree->node[node];
        if (node != local) {
            twin[node] = child_named(tree, twin[here->parent], here->name, strlen(here->name));
            if (twin[node] == TREE_NONE) {
                return false;
            }
        }
        for (uint32_t index = 0; index < here->prop_count; index++) {
            const struct tree_prop *offsets = &tree->prop[here->prop + index];
            for (uint32_t at = 0; at < offsets->length / 4U; at++) {
                if (!takes_reference(tree, twin[node], offsets->name, strlen(offsets->name),
                                     tree_cell(offsets, at))) {
                    return false;
                }
            }
        }
    }
    return true;
}

uint32_t fixups_find(const struct tree *tree)
{
    return child_named(tree, TREE_ROOT, "__fixups__", 10);
}

bool fixups_hold(const struct tree *tree, uint32_t *twin, const char **label)
{
    uint32_t fixups = fixups_find(tree);
    *label = NULL;
    if (!local_fixups_hold(tree, twin)) {
        return false;
    }
    for (uint32_t index = 0; fixups != TREE_NONE && index < tree->node[fixups].prop_count;
         index++) {
        const struct tree_prop *prop = &tree->prop[tree->node[fixups].prop + index];
        if (!label_holds(tree, prop)) {
            *label = prop->name;
            return false;
        }
    }
    return true;
}
