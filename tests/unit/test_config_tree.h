/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which tree do the configuration tests change?  A small machine with a good system, built in
 * memory, and a list of changes that can be made to it.
 */
#ifndef TESTS_UNIT_TEST_CONFIG_TREE_H
#define TESTS_UNIT_TEST_CONFIG_TREE_H

#include <bulkhead/config.h>
#include <kernel/config/rules.h>

#define TREE_BYTES  65536U
#define ARENA_BYTES 262144U

#define KERNEL_PA UINT64_C(0x40200000)
#define FDT_PA    UINT64_C(0x48000000)
#define MODULE_PA 0x4a000000U /* of nav's kernel; io's lies 0x10000 above */

enum change_kind {
    CHANGE_END, /* ends a list */
    SET_CELLS,
    SET_STRING,
    SET_FLAG,
    DROP_PROPERTY,
    DROP_NODE,
    ADD_NODE, /* named `name` below `path` */
};

struct change {
    enum change_kind kind;
    const char *path;
    const char *name;
    const char *string;
    uint32_t cell_count;
    uint32_t cell[8];
};

#define CELLS(path, name, count, ...)                                                              \
    {                                                                                              \
        SET_CELLS, path, name, NULL, count,                                                        \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

#define CHANGE(kind, path, name, string)                                                           \
    {                                                                                              \
        kind, path, name, string, 0,                                                               \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define FLAG(path, name)         CHANGE(SET_FLAG, path, name, NULL)
#define TEXT(path, name, string) CHANGE(SET_STRING, path, name, string)
#define NODE(path, name)         CHANGE(ADD_NODE, path, name, NULL)
#define LESS(path, name)         CHANGE(DROP_PROPERTY, path, name, NULL)
#define GONE(path)               CHANGE(DROP_NODE, path, NULL, NULL)
#define END                      CHANGE(CHANGE_END, NULL, NULL, NULL)

/* A change that must be refused. */
enum machines { BOTH, ONLY_V2, ONLY_V3 };

struct refused_case {
    enum config_rule rule; /* of the first fault */
    enum machines machines;
    const char *node; /* of the first fault */
    struct change change[8];
};

extern const struct refused_case refused_case[];
extern const size_t refused_case_count;

#define NAV "/bulkhead/partitions/partition@1"
#define IO  "/bulkhead/partitions/partition@2"

/* The tree of a machine with two CPUs and the given GIC, with nav (id 1) and io (id 2) on it. */
void tree_build(void *blob, enum gic_version gic);

/* Makes the changes in order, up to CHANGE_END. */
void tree_change(void *blob, const struct change *change);

/* A tree or an overlay in the making, by libfdt's sequential interface. */
void tree_put_cells(void *blob, const char *name, uint32_t count, const uint32_t *cell);
void tree_put_string(void *blob, const char *name, const char *value);
void tree_open(void *blob, const char *name);
void tree_close(void *blob);

#define PUT(blob, name, ...)                                                                       \
    tree_put_cells(blob, name, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (uint32_t[]){__VA_ARGS__})

/* One fault as a user reads it. */
struct told {
    int rule;
    char text[512];
};

#define TOLD_MAX 8U

/* What was found when a blob was read. */
struct outcome {
    struct module_desc *module; /* NULL if refused */
    uint32_t fault_count;
    int rule; /* of the first fault */
    char node[256];
    char property[64];
    char other[256];
    uint64_t value;
    uint64_t limit;
    struct told told[TOLD_MAX]; /* the first ones, in order */
};

/* The input that every test begins with; faults go to *outcome. */
struct config_input outcome_input(struct outcome *outcome, const void *blob, size_t blob_bytes);

/* Reads the blob, as it stands, into static memory that the next call uses again. */
void outcome_read(struct outcome *outcome, const void *blob, size_t blob_bytes);

/* The same from reading to placement, with kernels that are flat binaries. */
void outcome_complete(struct outcome *outcome, const void *blob, size_t blob_bytes);

#endif
