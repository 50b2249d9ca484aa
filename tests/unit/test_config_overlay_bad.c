// SPDX-License-Identifier: Apache-2.0
/*
 * Is an overlay that cannot be applied whole refused, by its name and by what it missed?  And is
 * nothing followed that libfdt would follow out of the blob or for ever?  Requirements: BH-OVL-3,
 * BH-OVL-5, BH-CFG-2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_load.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

static uint8_t overlay[OVERLAY_BYTES] __attribute__((aligned(8)));
static struct outcome outcome;

/* The whole system with one more overlay, more.dtbo, that makes loops possible. */
static void make_with(struct machine *machine)
{
    static const struct change change[] = {
        TEXT("/aliases", "loop", "loop"),
        TEXT("/aliases", "ping", "pong"),
        TEXT("/aliases", "pong", "ping"),
        TEXT("/__symbols__", "by_alias", "console"),
        TEXT("/__symbols__", "by_loop", "loop"),
        TEXT("/__symbols__", "nowhere", "/nowhere"),
        TEXT("/__symbols__", "bare", "/rtc@9010000"),
        TEXT("/__symbols__", "empty", ""),
        /* "/gadget@9020000/" without an end. */
        CELLS("/__symbols__", "open", 4, 0x2f676164, 0x67657440, 0x39303230, 0x3030302f),
        /* What libfdt shifts by the highest phandle of the tree goes far. */
        CELLS("/psci", "phandle", 1, 0x70000000),
        END,
    };
    machine_make_whole(machine);
    tree_change(machine->tree, change);
}

/* --- fixups and targets ------------------------------------------------------------------------
 */

/* What is wrong with an overlay that has a fragment for /gadget@9020000, in it a node with a
 * property `link` of 32 bytes, and aliases of its own that lead in a circle.  '|' parts places. */
struct bad_fixup {
    enum config_rule rule;
    const char *other;
    const char *node;     /* of the fixups, usually __fixups__ */
    const char *property; /* the label, or in __local_fixups__ the property */
    const char *place;    /* NULL: in __local_fixups__ */
    uint32_t offset;
};

#define LINKER "/fragment@0/__overlay__/node@1"
#define LABELS "__fixups__"
#define LOCAL  "__local_fixups__"

static const struct bad_fixup bad_fixup[] = {
    /* Labels that the tree has not, or not so that libfdt could use them. */
    {RULE_OVERLAY_LABEL, "nobody", LABELS, "nobody", LINKER ":link:0", 0},
    {RULE_OVERLAY_LABEL, "by_alias", LABELS, "by_alias", LINKER ":link:0", 0},
    {RULE_OVERLAY_LABEL, "by_loop", LABELS, "by_loop", LINKER ":link:0", 0},
    {RULE_OVERLAY_LABEL, "nowhere", LABELS, "nowhere", LINKER ":link:0", 0},
    {RULE_OVERLAY_LABEL, "bare", LABELS, "bare", LINKER ":link:0", 0},
    {RULE_OVERLAY_LABEL, "empty", LABELS, "empty", LINKER ":link:0", 0},
    {RULE_OVERLAY_LABEL, "open", LABELS, "open", LINKER ":link:0", 0},
    /* Places that are none. */
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", "", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", ":", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER, 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":link", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":link:", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER "::0", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", ":link:0", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":link:0 ", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":link:0x4", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":other:0", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":lin:0", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER "/deeper:link:0", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", "/fragment@1:link:0", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", "/fragment@0/__overlay__/node@:link:0", 0},
    /* Past the property's end, and round it. */
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":link:29", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":link:32", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":link:2147483647", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":link:4294967292", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":link:4294967300", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":link:18446744073709551612", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":link:1/", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":link:1:", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":link:0|" LINKER ":link:4294967292",
     0},
    /* The first node of a name is meant, and "pair@1" is none that begins so. */
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", "/fragment@0/__overlay__/pair@1:long:8", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", "/fragment@0/__overlay__/twin:long:8", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":link:-4", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":short:0", 0},
    /* Aliases, which libfdt would follow. */
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", "short:link:0", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", "loop:link:0", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", "loop/node@1:link:0", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", "fragment@0/__overlay__/node@1:link:0", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS "@1", "gadget", "loop:link:0", 0},
    {RULE_OVERLAY_LABEL, "nobody", LABELS "@1", "nobody", LINKER ":link:0", 0},
    /* What libfdt reads once more afterwards. */
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", "/fragment@0:target-path:0", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", LINKER ":phandle:0", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", "/__symbols__:mine:0", 0},
    {RULE_OVERLAY_APPLY, "gadget", LABELS, "gadget", "/__fixups__:gadget:0", 0},
    {RULE_OVERLAY_APPLY, "", LOCAL, "other", NULL, 0},
    {RULE_OVERLAY_APPLY, "", LOCAL, "link", NULL, 29},
    {RULE_OVERLAY_APPLY, "", LOCAL, "link", NULL, 0x7fffffff},
    {RULE_OVERLAY_APPLY, "", LOCAL, "link", NULL, 0xfffffffc},
    {RULE_OVERLAY_APPLY, "", LOCAL, "link", NULL, 0xffffffff},
    {RULE_OVERLAY_APPLY, "", LOCAL "@0", "link", NULL, 0xfffffffc},
    {RULE_OVERLAY_APPLY, "", LOCAL, "short", NULL, 0},
    {RULE_OVERLAY_APPLY, "", LOCAL, "phandle", NULL, 0},
    {RULE_OVERLAY_APPLY, "", LOCAL, "linux,phandle", NULL, 0},
};

static void put_long(const char *node, uint32_t cells)
{
    static const uint32_t zero[4];
    tree_open(overlay, node);
    tree_put_cells(overlay, "long", cells, zero);
    tree_close(overlay);
}

/* The nodes in /fragment@0/__overlay__. */
static void put_nodes(void)
{
    put_long("pair@1@2", 4);
    put_long("pair@1", 1);
    put_long("twin@1", 1);
    put_long("twin", 4);
    tree_open(overlay, "node@1");
    PUT(overlay, "link", 0, 0, 0, 0, 0, 0, 0, 0);
    PUT(overlay, "phandle", 1);
    PUT(overlay, "linux,phandle", 1);
    assert_int_equal(fdt_property(overlay, "short", "ab", 3), 0);
    tree_close(overlay);
}

static void build_fixup(const struct bad_fixup *bad)
{
    overlay_begin(overlay);
    overlay_open(overlay, "fragment@0", "/gadget@9020000");
    put_nodes();
    tree_close(overlay);
    tree_close(overlay);
    tree_open(overlay, "aliases");
    tree_put_string(overlay, "short", "/fragment@0/__overlay__/node@1");
    tree_put_string(overlay, "loop", "loop");
    tree_put_string(overlay, "fragment@0", "fragment@0");
    tree_close(overlay);
    tree_open(overlay, "__symbols__");
    tree_put_string(overlay, "mine", "/fragment@0/__overlay__/node@1");
    tree_close(overlay);
    tree_open(overlay, bad->node);
    if (bad->place != NULL) {
        char places[128];
        int length = snprintf(places, sizeof(places), "%s", bad->place);
        char *part = strchr(places, '|');
        if (part != NULL) {
            *part = '\0';
        }
        assert_int_equal(fdt_property(overlay, bad->property, places, length + 1), 0);
    } else {
        tree_open(overlay, "fragment@0");
        tree_open(overlay, "__overlay__");
        tree_open(overlay, "node@1");
        PUT(overlay, bad->property, bad->offset);
        tree_close(overlay);
        tree_close(overlay);
        tree_close(overlay);
    }
    tree_close(overlay);
    (void)overlay_end(overlay);
}

static void references_are_looked_at_before_libfdt_follows_them(void **state)
{
    static const struct bad_fixup good[] = {
        {RULE_NONE, "", LABELS, "gadget", LINKER ":link:28", 0},
        {RULE_NONE, "", LABELS, "gadget", LINKER ":link:0|" LINKER ":link:28", 0},
        {RULE_NONE, "", LABELS, "gadget", "/fragment@0/__overlay__/pair:long:12", 0},
        {RULE_NONE, "", LABELS, "gadget", "/fragment@0/__overlay__/twin:long:0", 0},
        {RULE_NONE, "", LABELS, "gadget", "//fragment/__overlay__/node:link:0", 0},
        {RULE_NONE, "", LABELS "@2", "gadget", LINKER ":link:1", 0},
        {RULE_NONE, "", LOCAL, "link", NULL, 28},
        {RULE_NONE, "", LOCAL "@2", "link", NULL, 3},
    };
    struct machine machine;
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(bad_fixup) + ARRAY_COUNT(good); index++) {
        bool fine = index >= ARRAY_COUNT(bad_fixup);
        const struct bad_fixup *row =
            fine ? &good[index - ARRAY_COUNT(bad_fixup)] : &bad_fixup[index];
        make_with(&machine);
        build_fixup(row);
        machine_overlay(&machine, "overlay-2", "more.dtbo", THIRD_PA, overlay, 2);
        machine_refused(&machine, &outcome, row->place != NULL ? row->place : row->property,
                        row->rule, fine ? "" : "more.dtbo", row->other);
        assert_int_equal(outcome.fault_count, fine ? 0 : 1);
        machine_free(&machine);
    }
}

/* An offset that is right as it stands and wrong once libfdt has shifted it: a cell of
 * __local_fixups__ that is a phandle itself. */
static void offsets_that_libfdt_shifts_are_not_believed(void **state)
{
    struct machine machine;
    (void)state;
    make_with(&machine);
    overlay_begin(overlay);
    overlay_open(overlay, "fragment@0", "/gadget@9020000");
    PUT(overlay, "link", 0);
    tree_close(overlay);
    tree_close(overlay);
    tree_open(overlay, LOCAL);
    tree_open(overlay, LOCAL);
    PUT(overlay, "link", 0);
    tree_close(overlay);
    tree_open(overlay, "fragment@0");
    PUT(overlay, "link", 0);
    tree_close(overlay);
    tree_close(overlay);
    (void)overlay_end(overlay);
    machine_overlay(&machine, "overlay-2", "more.dtbo", THIRD_PA, overlay, 2);
    machine_refused(&machine, &outcome, "__local_fixups__ in itself", RULE_OVERLAY_APPLY,
                    "more.dtbo", "");
    machine_free(&machine);
}

static void a_target_must_be_there(void **state)
{
    static const struct {
        const char *path;
        bool cell; /* not a string */
        const char *told;
    } row[] = {
        {"/nowhere", false, "/nowhere"},
        {"/gadget@9020001", false, "/gadget@9020001"},
        {"", false, ""},
        {"gadget@9020000", false, "gadget@9020000"},
        {"console", false, "console"}, /* an alias: by an absolute path or not at all */
        {"loop", false, "loop"},
        {"ping", false, "ping"},
        {"loop/node", false, "loop/node"},
        {"/rtc", true, "fragment@0"},
    };
    struct machine machine;
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(row); index++) {
        make_with(&machine);
        overlay_begin(overlay);
        tree_open(overlay, "fragment@0");
        if (row[index].cell) {
            assert_int_equal(fdt_property(overlay, "target-path", row[index].path, 4), 0);
        } else {
            tree_put_string(overlay, "target-path", row[index].path);
        }
        tree_open(overlay, "__overlay__");
        PUT(overlay, "link", 0);
        tree_close(overlay);
        tree_close(overlay);
        (void)overlay_end(overlay);
        machine_overlay(&machine, "overlay-2", "more.dtbo", THIRD_PA, overlay, 2);
        machine_refused(&machine, &outcome, row[index].path, RULE_OVERLAY_TARGET, "more.dtbo",
                        row[index].told);
        assert_int_equal(outcome.fault_count, 1);
        machine_free(&machine);
    }
}

/* The schedule before the system: each label is told, and the node. */
static void all_that_is_missed_is_told(void **state)
{
    static const struct change swapped[] = {
        CELLS("/boot-modules/overlay-0", "order", 1, 5),
        CELLS("/boot-modules/overlay-1", "order", 1, 3),
        END,
    };
    struct machine machine;
    (void)state;
    machine_make_whole(&machine);
    tree_change(machine.tree, swapped);
    machine_refused(&machine, &outcome, "the wrong order", RULE_OVERLAY_LABEL, "schedule.dtbo",
                    "nav");
    assert_int_equal(outcome.fault_count, 3);
    assert_non_null(strstr(outcome.told[0].text, "schedule.dtbo, label nav: a label must be in"));
    assert_int_equal(outcome.told[1].rule, RULE_OVERLAY_LABEL);
    assert_non_null(strstr(outcome.told[1].text, "schedule.dtbo, label io: "));
    assert_int_equal(outcome.told[2].rule, RULE_OVERLAY_TARGET);
    assert_non_null(strstr(outcome.told[2].text, "schedule.dtbo, target /bulkhead: "));
    machine_free(&machine);
}

/* A machine whose tree has no labels at all. */
static void a_tree_without_labels_has_none(void **state)
{
    static const struct change change[] = {
        GONE("/__symbols__"),
        GONE("/boot-modules/overlay-0"),
        END,
    };
    struct machine machine;
    (void)state;
    machine_make_whole(&machine);
    tree_change(machine.tree, change);
    machine_refused(&machine, &outcome, "no __symbols__", RULE_OVERLAY_LABEL, "schedule.dtbo",
                    "nav");
    machine_free(&machine);
}

/* A tree that is no overlay, and one whose fragment has nothing but its target. */
static void an_overlay_that_changes_nothing_is_refused(void **state)
{
    struct machine machine;
    (void)state;
    for (uint32_t with_target = 0; with_target < 2; with_target++) {
        machine_make_whole(&machine);
        overlay_begin(overlay);
        tree_open(overlay, with_target != 0 ? "fragment@0" : "bulkhead");
        if (with_target != 0) {
            tree_put_string(overlay, "target-path", "/bulkhead");
        }
        tree_close(overlay);
        (void)overlay_end(overlay);
        machine_overlay(&machine, "overlay-2", "plain.dtbo", THIRD_PA, overlay, 2);
        machine_refused(&machine, &outcome, "nothing to apply", RULE_OVERLAY_EMPTY, "plain.dtbo",
                        "");
        machine_free(&machine);
    }
}

static void an_overlay_for_another_board_is_refused(void **state)
{
    static const struct change list[] = {
        LESS("/", "compatible"),
        END,
    };
    static const char boards[] = "test,board-plus\0test,board";
    static const char mine[] = "test,board-two\0test,board";
    struct machine machine;
    (void)state;
    for (uint32_t fits = 0; fits < 2; fits++) {
        machine_make_whole(&machine);
        overlay_begin(overlay);
        assert_int_equal(fdt_property(overlay, "compatible", boards,
                                      fits != 0 ? sizeof(boards) : sizeof("test,board-plus")),
                         0);
        overlay_open(overlay, "fragment@0", fits != 0 ? "/bulkhead" : "/nowhere");
        PUT(overlay, "stop-after-frames", 9);
        tree_close(overlay);
        tree_close(overlay);
        (void)overlay_end(overlay);
        machine_overlay(&machine, "overlay-2", "board.dtbo", THIRD_PA, overlay, 2);
        if (fits != 0) {
            machine_refused(&machine, &outcome, "this board", RULE_NONE, "", "");
            assert_int_equal(outcome.module->stop_after_frames, 9);
            assert_int_equal(fdt_setprop(machine.tree, 0, "compatible", mine, sizeof(mine)), 0);
            machine_refused(&machine, &outcome, "this board and another", RULE_NONE, "", "");
            assert_int_equal(fdt_setprop(machine.tree, 0, "compatible", mine, sizeof(mine) - 1), 0);
            machine_refused(&machine, &outcome, "this board, but cut off", RULE_OVERLAY_BOARD,
                            "board.dtbo", "test,board-plus");
            tree_change(machine.tree, list);
            machine_refused(&machine, &outcome, "a tree of no board", RULE_OVERLAY_BOARD,
                            "board.dtbo", "test,board-plus");
        } else {
            /* That it does not fit is not told: it is for another one. */
            machine_refused(&machine, &outcome, "another board", RULE_OVERLAY_BOARD, "board.dtbo",
                            "test,board-plus");
            assert_int_equal(outcome.fault_count, 1);
            assert_non_null(strstr(outcome.told[0].text, "board.dtbo, board test,board-plus: "));
        }
        machine_free(&machine);
    }
}

/* --- the blob ----------------------------------------------------------------------------------
 */

static void each_truncation_is_refused(void **state)
{
    struct machine machine;
    (void)state;
    overlay_both(overlay);
    size_t size_bytes = fdt_totalsize(overlay);
    for (size_t room = 0; room < size_bytes; room++) {
        machine_make(&machine);
        (void)machine_put(&machine, SYSTEM_PA, overlay, size_bytes, room);
        machine_name_overlay(&machine, "overlay", "both.dtbo", SYSTEM_PA, room, 0);
        machine_files(&machine);
        machine_refused(&machine, &outcome, "a truncated overlay", RULE_OVERLAY_BLOB, "both.dtbo",
                        "");
        machine_free(&machine);
    }
}

/* Changes to the header of a good overlay. */
static void a_blob_must_be_whole(void **state)
{
    static const struct {
        uint32_t word;
        uint32_t value;
        bool add;
    } row[] = {
        {0, 0, false},          /* no magic */
        {0, 0x1f8b0800, false}, /* compressed */
        {1, 0, false},          /* totalsize */
        {1, 4, true},
        {1, 39, false},
        {1, UINT32_MAX, false},
        {2, 1, true}, /* the structure is not aligned */
        {2, UINT32_MAX, false},
        {3, UINT32_MAX, false},
        {3, 0x7fffffff, false},   /* strings */
        {3, (uint32_t)-16, true}, /* strings over the structure's end */
        {5, 16, false},           /* version */
        {8, 0, false},            /* no strings */
        {9, 0, false},            /* no structure */
        {9, (uint32_t)-4, true},
    };
    struct machine machine;
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(row); index++) {
        machine_make_whole(&machine);
        fdt32_t *word = (fdt32_t *)(void *)machine.file[0].bytes + row[index].word;
        *word = cpu_to_fdt32(row[index].value + (row[index].add ? fdt32_to_cpu(*word) : 0));
        char what[32];
        (void)snprintf(what, sizeof(what), "row %zu", index);
        machine_refused(&machine, &outcome, what, RULE_OVERLAY_BLOB, "system.dtbo", "");
        assert_int_equal(outcome.fault_count, 1);
        machine_free(&machine);
    }
}

/* An overlay as deep as a tree may be is read; what comes of it is too deep if it goes on top of
 * something. */
static void depth_is_bounded(void **state)
{
    static const uint32_t depths[] = {31, 32, 33, 1000};
    struct machine machine;
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(depths); index++) {
        uint32_t depth = depths[index];
        machine_make_whole(&machine);
        overlay_begin(overlay);
        for (uint32_t level = 1; level < depth; level++) {
            tree_open(overlay, "n");
        }
        for (uint32_t level = 1; level < depth; level++) {
            tree_close(overlay);
        }
        (void)overlay_end(overlay);
        machine_overlay(&machine, "overlay-2", "deep.dtbo", THIRD_PA, overlay, 2);
        if (depth <= 32) { /* it is looked at: it has no fragment */
            machine_refused(&machine, &outcome, "as deep as can be", RULE_OVERLAY_EMPTY,
                            "deep.dtbo", "");
        } else {
            machine_refused(&machine, &outcome, "too deep", RULE_OVERLAY_BLOB, "deep.dtbo", "");
        }
        machine_free(&machine);
    }
    machine_make_whole(&machine);
    overlay_begin(overlay);
    overlay_open(overlay, "fragment@0", "/bulkhead/partitions/partition@1/kernel");
    for (uint32_t level = 0; level < 29; level++) {
        tree_open(overlay, "n");
    }
    for (uint32_t level = 0; level < 29 + 2; level++) {
        tree_close(overlay);
    }
    (void)overlay_end(overlay);
    machine_overlay(&machine, "overlay-2", "deep.dtbo", THIRD_PA, overlay, 2);
    machine_refused(&machine, &outcome, "too deep together", RULE_TREE_DEPTH, "/", "");
    machine_free(&machine);
}

/* What libfdt finds by itself: an overlay that has little but one mistake. */
static void build_no_target(const char *text, uint32_t number)
{
    (void)text;
    (void)number;
    tree_open(overlay, "fragment@0");
    tree_open(overlay, "__overlay__");
    tree_close(overlay);
    tree_close(overlay);
}

static void build_target(const char *text, uint32_t number)
{
    (void)text;
    tree_open(overlay, "fragment@0");
    PUT(overlay, "target", number);
    tree_open(overlay, "__overlay__");
    tree_close(overlay);
    tree_close(overlay);
}

static void build_phandle(const char *text, uint32_t number)
{
    (void)text;
    overlay_open(overlay, "fragment@0", "/bulkhead/partitions");
    PUT(overlay, "phandle", number);
    tree_close(overlay);
    tree_close(overlay);
}

static void build_two_cells(const char *text, uint32_t number)
{
    (void)text;
    overlay_open(overlay, "fragment@0", "/bulkhead/partitions");
    PUT(overlay, "phandle", number, number);
    tree_close(overlay);
    tree_close(overlay);
}

static void build_symbol(const char *text, uint32_t length)
{
    overlay_open(overlay, "fragment@0", "/bulkhead/partitions");
    tree_close(overlay);
    tree_close(overlay);
    tree_open(overlay, "__symbols__");
    assert_int_equal(fdt_property(overlay, "mine", text, (int)length), 0);
    tree_close(overlay);
}

static void build_local(const char *text, uint32_t length)
{
    overlay_open(overlay, "fragment@0", "/bulkhead/partitions");
    PUT(overlay, "link", 0);
    tree_close(overlay);
    tree_close(overlay);
    tree_open(overlay, LOCAL);
    tree_open(overlay, "fragment@0");
    tree_open(overlay, text);
    assert_int_equal(fdt_property(overlay, "link", "\0\0\0\0\0\0", (int)length), 0);
    tree_close(overlay);
    tree_close(overlay);
    tree_close(overlay);
}

/* A place without its end, in a property of so many bytes. */
static void build_place(const char *text, uint32_t length)
{
    overlay_open(overlay, "fragment@0", "/bulkhead/partitions");
    PUT(overlay, "link", 0);
    tree_close(overlay);
    tree_close(overlay);
    tree_open(overlay, LABELS);
    assert_int_equal(fdt_property(overlay, "gadget", text, (int)length), 0);
    tree_close(overlay);
}

static void what_libfdt_refuses_is_told(void **state)
{
    static const struct {
        void (*build)(const char *text, uint32_t number);
        const char *text;
        uint32_t number;
        int error;
    } row[] = {
        {build_no_target, NULL, 0, FDT_ERR_BADOVERLAY},
        {build_target, NULL, 0x99, FDT_ERR_NOTFOUND},
        {build_target, NULL, UINT32_MAX, FDT_ERR_BADPHANDLE},
        {build_phandle, NULL, 0xfffffffe, FDT_ERR_NOPHANDLES},
        {build_two_cells, NULL, 1, FDT_ERR_BADPHANDLE},
        {build_symbol, "", 0, FDT_ERR_BADVALUE},
        {build_symbol, "fragment@0/__overlay__", 23, FDT_ERR_BADVALUE},
        {build_symbol, "/fragment@0/__overlay__", 23, FDT_ERR_BADVALUE}, /* without its end */
        {build_symbol, "/fragment@7/__overlay__", 24, FDT_ERR_BADOVERLAY},
        {build_local, "__overlay__", 7, FDT_ERR_BADOVERLAY},
        {build_local, "elsewhere", 4, FDT_ERR_BADOVERLAY},
        {build_place, "", 0, FDT_ERR_BADOVERLAY},
        {build_place, "/fragment@0/__overlay__:link:0", 30, FDT_ERR_BADOVERLAY},
    };
    struct machine machine;
    (void)state;
    for (size_t index = 0; index < ARRAY_COUNT(row); index++) {
        char what[32];
        overlay_begin(overlay);
        row[index].build(row[index].text, row[index].number);
        (void)overlay_end(overlay);
        machine_make_whole(&machine);
        machine_overlay(&machine, "overlay-2", "more.dtbo", THIRD_PA, overlay, 2);
        (void)snprintf(what, sizeof(what), "row %zu", index);
        machine_refused(&machine, &outcome, what, RULE_OVERLAY_APPLY, "more.dtbo",
                        row[index].build == build_place ? "gadget" : "");
        assert_int_equal(outcome.value, row[index].error);
        assert_int_equal(outcome.fault_count, 1);
        machine_free(&machine);
    }
}

/* Nothing of a refused overlay, nor of those after it, is looked at. */
static void the_first_bad_overlay_ends_it(void **state)
{
    struct machine machine;
    (void)state;
    machine_make_whole(&machine);
    overlay_cell(overlay, "/nowhere", "link", 1);
    machine_overlay(&machine, "overlay-2", "third.dtbo", THIRD_PA, overlay, 3);
    machine_overlay(&machine, "overlay-3", "second.dtbo", THIRD_PA + 0x10000, overlay, 2);
    machine_refused(&machine, &outcome, "two bad ones", RULE_OVERLAY_TARGET, "second.dtbo",
                    "/nowhere");
    assert_int_equal(outcome.fault_count, 1);
    machine_free(&machine);
}

/* Paths of labels grow when fragments get their place: here, further than there is room for. */
static void labels_that_outgrow_the_room_are_refused(void **state)
{
    static const char level[] = "/a-name-that-is-long-enough-to-make-long-paths";
    char path[16 * sizeof(level)] = "";
    char name[16];
    struct machine machine;
    (void)state;
    machine_make_whole(&machine);
    for (uint32_t depth = 0; depth < 15; depth++) {
        int node = fdt_path_offset(machine.tree, depth == 0 ? "/" : path);
        assert_true(fdt_add_subnode(machine.tree, node, &level[1]) >= 0);
        memcpy(&path[depth * (sizeof(level) - 1)], level, sizeof(level));
    }
    overlay_begin(overlay);
    overlay_open(overlay, "fragment@0", path);
    tree_close(overlay);
    tree_close(overlay);
    tree_open(overlay, "__symbols__");
    for (uint32_t index = 0; index < 30; index++) {
        (void)snprintf(name, sizeof(name), "label%u", index);
        tree_put_string(overlay, name, "/fragment@0/__overlay__");
    }
    tree_close(overlay);
    (void)overlay_end(overlay);
    machine_overlay(&machine, "overlay-2", "more.dtbo", THIRD_PA, overlay, 2);
    machine_refused(&machine, &outcome, "too many labels", RULE_STARTUP_MEMORY, "more.dtbo", "");
    assert_int_equal(outcome.fault_count, 1);
    machine_free(&machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_looked_at_before_libfdt_follows_them),
        cmocka_unit_test(offsets_that_libfdt_shifts_are_not_believed),
        cmocka_unit_test(a_target_must_be_there),
        cmocka_unit_test(all_that_is_missed_is_told),
        cmocka_unit_test(a_tree_without_labels_has_none),
        cmocka_unit_test(an_overlay_that_changes_nothing_is_refused),
        cmocka_unit_test(an_overlay_for_another_board_is_refused),
        cmocka_unit_test(each_truncation_is_refused),
        cmocka_unit_test(a_blob_must_be_whole),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(what_libfdt_refuses_is_told),
        cmocka_unit_test(the_first_bad_overlay_ends_it),
        cmocka_unit_test(labels_that_outgrow_the_room_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
