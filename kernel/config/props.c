// SPDX-License-Identifier: Apache-2.0
/*
 * Does a node keep to the binding?  Every property is compared with a table, so that a typing error
 * is a fault and never a property that silently does nothing.
 */
#include "internal.h"

#include <string.h>

/* The text behind the name, of a kind that has one. */
static const char *text_of(const struct prop_spec *spec)
{
    return spec->name + strlen(spec->name) + 1;
}

/* True if the value has the form that the table wants; *required_bytes is for the message. */
static bool has_form(const struct tree_prop *prop, const struct prop_spec *spec,
                     uint32_t *required_bytes)
{
    uint32_t bytes = spec->cells * 4U;
    *required_bytes = bytes;
    switch ((enum prop_kind)spec->kind) {
    case PROP_FLAG:
        *required_bytes = 0;
        return prop->length == 0;
    case PROP_U32:
        *required_bytes = 4;
        return prop->length == 4;
    case PROP_U64:
        *required_bytes = 8;
        return prop->length == 4 || prop->length == 8;
    case PROP_STRING:
        *required_bytes = 1;
        return tree_string(prop) != NULL;
    case PROP_OPTION:
        *required_bytes = (uint32_t)strlen(text_of(spec)) + 1;
        return prop->length == 0 || tree_string(prop) != NULL;
    case PROP_COMPATIBLE:
        *required_bytes = 1;
        return prop->length != 0 && ((const char *)prop->cell)[prop->length - 1] == '\0';
    case PROP_CELLS:
        return prop->length == bytes;
    case PROP_CELL_TUPLES:
        return prop->length != 0 && prop->length % bytes == 0;
    }
    return false;
}

/* True unless the value lacks the string that the table wants in it. */
static bool has_text(const struct tree_prop *prop, const struct prop_spec *spec)
{
    switch (spec->kind) {
    case PROP_COMPATIBLE:
        return *text_of(spec) == '\0' || tree_has_string(prop, text_of(spec));
    case PROP_OPTION:
        return prop->length == 0 || tree_has_string(prop, text_of(spec));
    default:
        return true;
    }
}

/* dtc gives each labelled node a phandle when it keeps the symbols: it may stand anywhere. */
static bool is_phandle(const struct tree_prop *prop)
{
    return prop->length == 4 && strcmp(prop->name, "phandle") == 0;
}

bool props_read(struct reader *reader, uint32_t node, const struct prop_spec *spec, uint32_t count,
                const struct tree_prop *found[PROPS_MAX])
{
    const struct tree_node *at = &reader->tree.node[node];
    uint32_t faults_before = reader->fault_count;
    for (uint32_t which = 0; which < count; which++) {
        found[which] = NULL;
    }

    for (uint32_t index = 0; index < at->prop_count; index++) {
        const struct tree_prop *prop = &reader->tree.prop[at->prop + index];
        uint32_t which = 0;
        uint32_t required_bytes;
        while (which < count && (spec[which].name[0] != prop->name[0] ||
                                 strcmp(spec[which].name, prop->name) != 0)) {
            which++;
        }
        if (which == count && is_phandle(prop)) {
            continue;
        }
        if (which == count) {
            fault_at(reader, RULE_UNKNOWN_PROPERTY, node, prop->name);
        } else if (found[which] != NULL) {
            fault_at(reader, RULE_PROPERTY_TWICE, node, prop->name);
        } else if (!has_form(prop, &spec[which], &required_bytes)) {
            fault_value(reader, RULE_PROPERTY_LENGTH, node, prop->name, prop->length,
                        required_bytes);
            found[which] =
                prop; /* not missing; no value is taken from it, since there was a fault */
        } else {
            found[which] = prop;
            if (!has_text(prop, &spec[which])) {
                fault_at(reader, RULE_PROPERTY_VALUE, node, prop->name);
            }
        }
    }
    for (uint32_t which = 0; which < count; which++) {
        if (spec[which].required && found[which] == NULL) {
            fault_at(reader, RULE_MISSING_PROPERTY, node, spec[which].name);
        }
    }
    return reader->fault_count == faults_before;
}

uint64_t props_number(const struct tree_prop *prop, uint64_t absent)
{
    return prop == NULL ? absent : tree_number(prop, 0, prop->length / 4U);
}

static bool cells_are(struct reader *reader, uint32_t node, const struct tree_prop *prop,
                      uint32_t cells)
{
    if (tree_cell(prop, 0) == cells) {
        return true;
    }
    fault_value(reader, RULE_PROPERTY_VALUE, node, prop->name, tree_cell(prop, 0), cells);
    return false;
}

bool props_cells(struct reader *reader, uint32_t node, const struct tree_prop *address,
                 uint32_t address_cells, const struct tree_prop *size, uint32_t size_cells)
{
    bool address_fits = cells_are(reader, node, address, address_cells);
    return cells_are(reader, node, size, size_cells) && address_fits;
}

bool props_name(struct reader *reader, uint32_t node, const char *property, const char *text)
{
    size_t length = strlen(text);
    bool printable = length != 0 && length <= LABEL_LENGTH_MAX;
    for (size_t at = 0; printable && at < length; at++) {
        printable = text[at] > ' ' && text[at] <= '~';
    }
    if (!printable) {
        fault_value(reader, RULE_LABEL_TEXT, node, property, length, LABEL_LENGTH_MAX);
    }
    return printable;
}

uint32_t props_choice(struct reader *reader, uint32_t node, const struct tree_prop *prop,
                      const char *words)
{
    uint32_t index = 0;
    if (prop == NULL) {
        return 0;
    }
    for (const char *word = words; *word != '\0'; word += strlen(word) + 1) {
        if (strcmp(tree_string(prop), word) == 0) {
            return index;
        }
        index++;
    }
    fault_at(reader, RULE_PROPERTY_VALUE, node, prop->name);
    return 0;
}

bool props_no_children(struct reader *reader, uint32_t node)
{
    uint32_t end = reader->tree.node[node].end;
    uint32_t child = tree_first_child(node);
    bool none = child == end;
    for (; child < end; child = reader->tree.node[child].end) {
        fault_at(reader, RULE_UNKNOWN_NODE, child, NULL);
    }
    return none;
}

bool props_range(struct reader *reader, uint32_t node, const char *property, uint64_t base,
                 uint64_t size)
{
    if (size == 0) {
        fault_value(reader, RULE_SIZE_ZERO, node, property, size, PAGE_BYTES);
        return false;
    }
    if (base > UINT64_MAX - size) {
        fault_value(reader, RULE_ADDRESS_OVERFLOW, node, property, base, size);
        return false;
    }
    if (((base | size) & (PAGE_BYTES - 1)) != 0) {
        fault_value(reader, RULE_MISALIGNED, node, property,
                    (base & (PAGE_BYTES - 1)) != 0 ? base : size, PAGE_BYTES);
        return false;
    }
    return true;
}
