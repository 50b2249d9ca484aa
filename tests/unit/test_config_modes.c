/* SPDX-License-Identifier: Apache-2.0 */
/* See test_config_modes.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test_config_modes.h"

/* nav has a period of 1 ms in the first schedule, whose second period has less time, and no window
 * in the second one, which is io's alone. */
static const struct change modes[] = {
    CELLS("/bulkhead", "maintenance-schedule", 1, 0x31),
    FLAG(NAV, "set-module-schedule"),
    CELLS(NAV, "period-ppi", 1, 5),
    FLAG(IO, "maintenance-on-error"),

    FLAG(FIRST "/cpu@0/minor-frame@0", "period-start"), /* 0 to 500 us */
    WINDOW(FIRST "/cpu@0", "minor-frame-rest", 600000, 200000, 0x11),
    WINDOW(FIRST "/cpu@0", "minor-frame-next", 1000000, 400000, 0x11),
    FLAG(FIRST "/cpu@0/minor-frame-next", "period-start"),
    CELLS(FIRST "/cpu@0/minor-frame@f4240", "reg", 4, 0, 1500000, 0, 500000),
    NODE(FIRST, "cpu@1"),
    CELLS(FIRST "/cpu@1", "reg", 1, 1),
    SPACE(FIRST "/cpu@1", 2, 2),
    NODE(FIRST, "partition-schedules"),
    SPACE(FIRST SAID, 1, 0),
    NODE(FIRST SAID, "partition-schedule@1"),
    CELLS(FIRST SAID "/partition-schedule@1", "reg", 1, 1),
    CELLS(FIRST SAID "/partition-schedule@1", "period-ns", 1, 1000000),
    CELLS(FIRST SAID "/partition-schedule@1", "duration-ns", 2, 0, 396400),
    TEXT(FIRST SAID "/partition-schedule@1", "change-action", "warm-start"),

    NODE("/bulkhead/schedules", "schedule@1"),
    TEXT(SECOND, "compatible", "bulkhead,schedule"),
    TEXT(SECOND, "label", "maintenance"),
    CELLS(SECOND, "phandle", 1, 0x31),
    CELLS(SECOND, "reg", 1, 7),
    CELLS(SECOND, "major-frame-ns", 1, 1000000),
    SPACE(SECOND, 1, 0),
    NODE(SECOND, "cpu@0"),
    CELLS(SECOND "/cpu@0", "reg", 1, 0),
    SPACE(SECOND "/cpu@0", 2, 2),
    WINDOW(SECOND "/cpu@0", "minor-frame@0", 0, 1000000, 0x12),
    NODE(SECOND, "partition-schedules"),
    SPACE(SECOND SAID, 1, 0),
    NODE(SECOND SAID, "partition-schedule@2"),
    CELLS(SECOND SAID "/partition-schedule@2", "reg", 1, 2),
    TEXT(SECOND SAID "/partition-schedule@2", "change-action", "cold-start"),
    END,
};

uint8_t blob[TREE_BYTES] __attribute__((aligned(8)));
struct outcome outcome;

const struct module_desc *read_modes(const struct change *change)
{
    tree_build(blob, GIC_V3);
    tree_change(blob, modes);
    if (change != NULL) {
        tree_change(blob, change);
    }
    outcome_complete(&outcome, blob, TREE_BYTES);
    return outcome.module;
}

const struct module_desc *accepted(const struct change *change)
{
    if (read_modes(change) == NULL) {
        fail_msg("refused: %s", outcome.told[0].text);
    }
    return outcome.module;
}
