/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a boot loader leave in RAM?  For the tests of overlays and images: a machine's tree
 * with /boot-modules, files at addresses, and overlays as dtc would make them of the system of
 * test_config_tree.h.
 */
#ifndef TESTS_UNIT_TEST_CONFIG_LOAD_H
#define TESTS_UNIT_TEST_CONFIG_LOAD_H

#include "test_config_tree.h"

#define OVERLAY_BYTES 16384U
#define FILES_MAX     8U

/* Where the tests put things; free RAM of the tree. */
#define SYSTEM_PA   UINT64_C(0x44000000)
#define SCHEDULE_PA UINT64_C(0x44100000)
#define THIRD_PA    UINT64_C(0x44200000)
#define NAV_PA      UINT64_C(0x46000000)
#define IO_PA       UINT64_C(0x46100000)
#define NAV_BYTES   0x3001U
#define IO_BYTES    0x1000U

/* Each file lies in memory of its own that is just as large, so that the sanitizers see a read past
 * its room; a read where no file is ends the test. */
struct loaded {
    uint64_t pa;
    size_t room_bytes;
    uint8_t *bytes;
};

struct machine {
    uint8_t *tree; /* TREE_BYTES long */
    struct loaded file[FILES_MAX];
    uint32_t file_count;
    size_t arena_bytes;  /* that the reader gets */
    uint32_t reads_left; /* then reading fails */
    uint64_t bytes_read;
    bool as_is; /* the tree is handed over with all its room, as QEMU does */
};

/* The machine of tree_build() without a description, with the label `gadget` for its device. */
void machine_make(struct machine *machine);
void machine_free(struct machine *machine);

/* Puts a file into room at an address; what it does not fill is rubbish. */
struct loaded *machine_put(struct machine *machine, uint64_t pa, const void *bytes,
                           size_t size_bytes, size_t room_bytes);

/* Names an overlay or a file in /boot-modules. */
void machine_name_overlay(struct machine *machine, const char *node, const char *label, uint64_t pa,
                          size_t room_bytes, uint32_t order);
void machine_name_file(struct machine *machine, const char *node, const char *label, uint64_t pa,
                       size_t size_bytes);

/* Puts the overlay there and names it, in room of just its size. */
void machine_overlay(struct machine *machine, const char *node, const char *label, uint64_t pa,
                     const void *overlay, uint32_t order);

/* nav.bin and io.bin, flat binaries, at NAV_PA and IO_PA, and their names. */
void machine_files(struct machine *machine);

/* A machine with its files, and both overlays of the system. */
void machine_make_whole(struct machine *machine);

/* Reads tree, images and places, from a blob and an arena of exactly their sizes; outcome->module
 * is good until the next call. */
void machine_read(struct machine *machine, struct outcome *outcome);

/* Reads as above and fails unless the first fault is this one; RULE_NONE: unless there is none.
 * what: the case, for the message. */
void machine_refused(struct machine *machine, struct outcome *outcome, const char *what,
                     enum config_rule rule, const char *node, const char *other);

/* An overlay in the making: overlay_begin(), nodes, overlay_end(), which returns its size. */
void overlay_begin(void *overlay);
size_t overlay_end(void *overlay);

/* Begins a fragment with a target-path and its __overlay__; tree_close() twice ends it. */
void overlay_open(void *overlay, const char *name, const char *target);

/*
 * The system as overlays: its partitions with labels nav and io; a schedule that refers to those;
 * both in one.  The schedule gives its first window first_ns.
 */
void overlay_system(void *overlay);
void overlay_schedule(void *overlay, uint32_t first_ns);
void overlay_both(void *overlay);

/* An overlay that sets one cell in the node at a path. */
void overlay_cell(void *overlay, const char *target, const char *name, uint32_t value);

#endif
