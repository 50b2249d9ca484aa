/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which module has several cores and several schedules?  The tree of test_config_tree.h with all of
 * it, in one blob that the tests change and read.
 */
#ifndef TESTS_UNIT_TEST_CONFIG_MODES_H
#define TESTS_UNIT_TEST_CONFIG_MODES_H

#include "test_config_tree.h"

#define FIRST  "/bulkhead/schedules/schedule@0"
#define SECOND "/bulkhead/schedules/schedule@1"
#define SAID   "/partition-schedules"
#define SPACE(path, address, size)                                                                 \
    CELLS(path, "#address-cells", 1, address), CELLS(path, "#size-cells", 1, size)
#define WINDOW(core, name, start, duration, phandle)                                               \
    NODE(core, name), CELLS(core "/" name, "reg", 4, 0, start, 0, duration),                       \
        CELLS(core "/" name, "partition", 1, phandle)
/* vCPU 1 of io has a window on CPU 1; the second schedule, where it has none, is nav's. */
#define IO_ON_TWO_CPUS(start, duration)                                                            \
    CELLS(IO, "vcpus", 1, 2), WINDOW(FIRST "/cpu@1", "minor-frame@0", start, duration, 0x12),      \
        CELLS(FIRST "/cpu@1/minor-frame@0", "vcpu", 1, 1), GONE(SECOND SAID),                      \
        CELLS(SECOND "/cpu@0/minor-frame@0", "partition", 1, 0x11),                                \
        CELLS(FIRST SAID "/partition-schedule@1", "duration-ns", 1, 300000)

extern uint8_t blob[TREE_BYTES];
extern struct outcome outcome; /* of reading it last */

/* Builds it, makes the changes, if any, and reads it; NULL: refused. */
const struct module_desc *read_modes(const struct change *change);

/* The same, and the test fails if it is refused. */
const struct module_desc *accepted(const struct change *change);

#endif
