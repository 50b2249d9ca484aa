// SPDX-License-Identifier: Apache-2.0
/*
 * What do the schedules' nodes say, and can each window be kept on its own?  Windows end up sorted
 * by start, cores by CPU, schedules by id, whatever the order of the nodes is.  Whether they go
 * together is the business of schedule_check.c.
 */
#include "internal.h"

#include <string.h>

enum schedule_prop {
    SCHEDULE_COMPATIBLE,
    SCHEDULE_REG,
    SCHEDULE_LABEL,
    SCHEDULE_FRAME,
    SCHEDULE_ADDRESS_CELLS,
    SCHEDULE_SIZE_CELLS,
    SCHEDULE_PROPS
};

static const struct prop_spec schedule_spec[SCHEDULE_PROPS] = {
    [SCHEDULE_COMPATIBLE] = {.name = WITH_TEXT("compatible", "bulkhead,schedule"),
                             .kind = PROP_COMPATIBLE,
                             .required = true},
    [SCHEDULE_REG] = {.name = "reg", .kind = PROP_U32, .required = true},
    [SCHEDULE_LABEL] = {.name = "label", .kind = PROP_STRING},
    [SCHEDULE_FRAME] = {.name = "major-frame-ns", .kind = PROP_U64, .required = true},
    [SCHEDULE_ADDRESS_CELLS] = {.name = "#address-cells", .kind = PROP_U32, .required = true},
    [SCHEDULE_SIZE_CELLS] = {.name = "#size-cells", .kind = PROP_U32, .required = true},
};

enum core_prop { CORE_REG, CORE_ADDRESS_CELLS, CORE_SIZE_CELLS, CORE_PROPS };

static const struct prop_spec core_spec[CORE_PROPS] = {
    [CORE_REG] = {.name = "reg", .kind = PROP_U32, .required = true},
    [CORE_ADDRESS_CELLS] = {.name = "#address-cells", .kind = PROP_U32, .required = true},
    [CORE_SIZE_CELLS] = {.name = "#size-cells", .kind = PROP_U32, .required = true},
};

enum window_prop { WINDOW_REG, WINDOW_PARTITION, WINDOW_VCPU, WINDOW_PERIOD_START, WINDOW_PROPS };

static const struct prop_spec window_spec[WINDOW_PROPS] = {
    [WINDOW_REG] = {.name = "reg", .kind = PROP_CELLS, .required = true, .cells = 4},
    [WINDOW_PARTITION] = {.name = "partition", .kind = PROP_U32, .required = true},
    [WINDOW_VCPU] = {.name = "vcpu", .kind = PROP_U32},
    [WINDOW_PERIOD_START] = {.name = "period-start", .kind = PROP_FLAG},
};

enum said_prop { SAID_REG, SAID_PERIOD, SAID_DURATION, SAID_ACTION, SAID_PROPS };

static const struct prop_spec said_spec[SAID_PROPS] = {
    [SAID_REG] = {.name = "reg", .kind = PROP_U32, .required = true},
    [SAID_PERIOD] = {.name = "period-ns", .kind = PROP_U64},
    [SAID_DURATION] = {.name = "duration-ns", .kind = PROP_U64},
    [SAID_ACTION] = {.name = "change-action", .kind = PROP_STRING},
};

/* In the order of enum change_action. */
static const char change_actions[] = "ignore\0idle\0cold-start\0warm-start\0";

/* The partition that a phandle names; partition_count if it names none.  Linear in the partitions.
 */
static uint32_t find_partition(const struct reader *reader, uint64_t phandle)
{
    uint32_t index = 0;
    while (index < reader->module->partition_count &&
           (phandle == 0 || reader->partition_phandle[index] != phandle)) {
        index++;
    }
    return index;
}

/* Reads one window and checks all of it but its neighbours. */
static void read_window(struct reader *reader, const struct schedule_desc *schedule,
                        struct window_desc *window, uint32_t node)
{
    const struct module_desc *module = reader->module;
    const struct tree_prop *found[PROPS_MAX];
    uint64_t least_ns;
    if (!props_read(reader, node, window_spec, WINDOW_PROPS, found) ||
        !props_no_children(reader, node)) {
        return;
    }
    window->start_ns = tree_number(found[WINDOW_REG], 0, 2);
    window->duration_ns = tree_number(found[WINDOW_REG], 2, 2);
    window->node = reader->tree.node[node].name;
    if (__builtin_add_overflow(module->guard_ns, reader->input->minimum_window_ns, &least_ns)) {
        least_ns = UINT64_MAX;
    }
    if (window->duration_ns == 0) {
        fault_value(reader, RULE_WINDOW_ZERO, node, "reg", 0, 1);
    } else if (window->start_ns > UINT64_MAX - window->duration_ns) {
        fault_value(reader, RULE_WINDOW_OVERFLOW, node, "reg", window->start_ns,
                    window->duration_ns);
    } else if (window->duration_ns < least_ns) {
        fault_value(reader, RULE_WINDOW_SHORT, node, "reg", window->duration_ns, least_ns);
    } else if (window->start_ns + window->duration_ns > schedule->major_frame_ns) {
        fault_value(reader, RULE_WINDOW_PAST_FRAME, node, "reg",
                    window->start_ns + window->duration_ns, schedule->major_frame_ns);
    }
    uint64_t phandle = props_number(found[WINDOW_PARTITION], 0);
    uint64_t vcpu = props_number(found[WINDOW_VCPU], 0);
    window->partition = find_partition(reader, phandle);
    window->vcpu = (uint32_t)vcpu;
    window->period_start = found[WINDOW_PERIOD_START] != NULL;
    if (window->partition == module->partition_count) {
        fault_value(reader, RULE_WINDOW_PARTITION, node, "partition", phandle, 0);
    } else if (vcpu >= module->partition[window->partition].vcpu_count) {
        fault_value(reader, RULE_WINDOW_VCPU, node, "vcpu", vcpu,
                    module->partition[window->partition].vcpu_count);
    } else if (window->period_start &&
               (vcpu != 0 || schedule->partition[window->partition].period_ns == 0)) {
        fault_at(reader, RULE_PERIOD_START, node, "period-start");
    }
}

/* Windows are sorted by start, so an overlap of any two shows between two neighbours. */
static void check_overlaps(struct reader *reader, const struct core_schedule_desc *core,
                           const uint32_t *node)
{
    for (uint32_t index = 1; index < core->window_count; index++) {
        const struct window_desc *before = &core->window[index - 1];
        uint64_t end_ns = before->start_ns + before->duration_ns;
        if (core->window[index].start_ns < end_ns) {
            fault_report(reader, RULE_WINDOW_OVERLAP, node[index], "reg", node[index - 1],
                         &(struct fault_values){core->window[index].start_ns, end_ns});
        }
    }
}

static void read_core(struct reader *reader, const struct schedule_desc *schedule,
                      struct core_schedule_desc *core, uint32_t node)
{
    const struct tree_prop *found[PROPS_MAX];
    uint32_t cpu_count = reader->module->platform.cpu_count;
    uint32_t faults_before = reader->fault_count;
    uint32_t count;
    if (!props_read(reader, node, core_spec, CORE_PROPS, found) ||
        !props_cells(reader, node, found[CORE_ADDRESS_CELLS], 2, found[CORE_SIZE_CELLS], 2)) {
        return;
    }
    core->cpu = tree_cell(found[CORE_REG], 0);
    core->node = reader_path(reader, node);
    if (core->cpu >= cpu_count) {
        fault_value(reader, RULE_CPU_UNKNOWN, node, "reg", core->cpu, cpu_count);
    }
    /* A CPU without windows is one that is left idle. */
    uint32_t *window_node = children_sorted(
        reader, node, &(struct child_spec){.name = "minor-frame", .cells = 2, .beside = TREE_NONE},
        &count);
    if (window_node == NULL) {
        return;
    }
    core->window = reader_take(reader, count, sizeof(*core->window));
    if (core->window == NULL) {
        return;
    }
    core->window_count = count;
    for (uint32_t index = 0; index < count; index++) {
        read_window(reader, schedule, &core->window[index], window_node[index]);
    }
    if (reader->fault_count == faults_before) {
        check_overlaps(reader, core, window_node);
    }
}

/* Period and duration of a partition in one schedule: both or neither. */
static void read_period(struct reader *reader, const struct schedule_desc *schedule,
                        struct partition_schedule_desc *said, uint32_t node,
                        const struct tree_prop *const found[PROPS_MAX])
{
    const struct tree_prop *period = found[SAID_PERIOD];
    const struct tree_prop *duration = found[SAID_DURATION];
    if (period == NULL && duration == NULL) {
        return;
    }
    if (period == NULL || duration == NULL) {
        fault_at(reader, RULE_MISSING_PROPERTY, node,
                 said_spec[period == NULL ? SAID_PERIOD : SAID_DURATION].name);
        return;
    }
    said->period_ns = props_number(period, 0);
    said->duration_ns = props_number(duration, 0);
    if (said->period_ns == 0 || schedule->major_frame_ns % said->period_ns != 0) {
        fault_value(reader, RULE_PERIOD_LENGTH, node, period->name, said->period_ns,
                    schedule->major_frame_ns);
    } else if (said->duration_ns == 0 || said->duration_ns > said->period_ns) {
        fault_value(reader, RULE_PERIOD_DURATION, node, duration->name, said->duration_ns,
                    said->period_ns);
    }
}

/* What the schedule says of one partition. */
static void read_said(struct reader *reader, const struct schedule_desc *schedule, uint32_t node)
{
    const struct tree_prop *found[PROPS_MAX];
    const struct module_desc *module = reader->module;
    uint32_t index = 0;
    if (!props_read(reader, node, said_spec, SAID_PROPS, found) ||
        !props_no_children(reader, node)) {
        return;
    }
    uint32_t id = tree_cell(found[SAID_REG], 0);
    while (index < module->partition_count && module->partition[index].id != id) {
        index++;
    }
    if (index == module->partition_count) {
        fault_value(reader, RULE_PARTITION_UNKNOWN, node, "reg", id, 0);
        return;
    }
    struct partition_schedule_desc *said = &schedule->partition[index];
    said->node = reader_path(reader, node);
    read_period(reader, schedule, said, node, found);
    said->change_action =
        (enum change_action)props_choice(reader, node, found[SAID_ACTION], change_actions);
    if (said->change_action != CHANGE_IGNORE && module->schedule_count == 1) {
        fault_at(reader, RULE_CHANGE_ACTION, node, "change-action");
    }
}

/* partition-schedules, which may be left out: then TREE_NONE. */
static bool read_said_list(struct reader *reader, struct schedule_desc *schedule, uint32_t node)
{
    uint32_t faults_before = reader->fault_count;
    uint32_t count;
    schedule->partition =
        reader_take(reader, reader->module->partition_count, sizeof(*schedule->partition));
    if (schedule->partition == NULL) {
        return false;
    }
    if (node == TREE_NONE) {
        return true;
    }
    if (!CONFIG_MODULE_SCHEDULES) {
        fault_at(reader, RULE_SCHEDULES_SUPPORT, node, NULL);
        return false;
    }
    const uint32_t *said_node = children_list(reader, node, "partition-schedule", &count);
    for (uint32_t index = 0; said_node != NULL && index < count; index++) {
        read_said(reader, schedule, said_node[index]);
    }
    return reader->fault_count == faults_before;
}

static void read_schedule(struct reader *reader, struct schedule_desc *schedule, uint32_t node)
{
    const struct tree_prop *found[PROPS_MAX];
    struct child_spec cpus = {.name = "cpu", .cells = 1, .unique = true};
    uint32_t count;
    if (!props_read(reader, node, schedule_spec, SCHEDULE_PROPS, found) ||
        !props_cells(reader, node, found[SCHEDULE_ADDRESS_CELLS], 1, found[SCHEDULE_SIZE_CELLS],
                     0)) {
        return;
    }
    schedule->id = tree_cell(found[SCHEDULE_REG], 0);
    schedule->name = reader->tree.node[node].name;
    schedule->node = reader_path(reader, node);
    schedule->major_frame_ns = props_number(found[SCHEDULE_FRAME], 0);
    if (found[SCHEDULE_LABEL] != NULL) {
        schedule->name = tree_string(found[SCHEDULE_LABEL]);
    }
    if (props_name(reader, node, found[SCHEDULE_LABEL] != NULL ? "label" : NULL, schedule->name)) {
        memcpy(schedule->name_word, schedule->name, strlen(schedule->name));
    }
    if (schedule->major_frame_ns == 0 || schedule->major_frame_ns > FRAME_NS_MAX) {
        fault_value(reader, RULE_FRAME_LENGTH, node, "major-frame-ns", schedule->major_frame_ns,
                    FRAME_NS_MAX);
        return;
    }
    /* Windows are marked with periods, so those come first. */
    cpus.beside = children_find(reader, node, "partition-schedules");
    if (!read_said_list(reader, schedule, cpus.beside)) {
        return;
    }
    uint32_t *core_node = children_sorted(reader, node, &cpus, &count);
    if (core_node == NULL) {
        return;
    }
    if (count == 0) {
        fault_missing_node(reader, node, "cpu");
    }
    schedule->core = reader_take(reader, count, sizeof(*schedule->core));
    if (schedule->core == NULL) {
        return;
    }
    schedule->core_count = count;
    for (uint32_t index = 0; index < count; index++) {
        read_core(reader, schedule, &schedule->core[index], core_node[index]);
    }
}

/* The schedule that maintenance-schedule names; schedule_count if there is none. */
static uint32_t find_maintenance(struct reader *reader, const uint32_t *schedule_node)
{
    const struct tree_prop *maintenance = reader->maintenance;
    uint32_t count = reader->module->schedule_count;
    if (maintenance == NULL) {
        return count;
    }
    uint64_t phandle = props_number(maintenance, 0);
    for (uint32_t index = 0; index < count; index++) {
        const struct tree_prop *prop = tree_prop(&reader->tree, schedule_node[index], "phandle");
        if (prop != NULL && phandle != 0 && tree_cell(prop, 0) == phandle) {
            return index;
        }
    }
    fault_value(reader, RULE_MAINTENANCE_SCHEDULE, reader->module_node, maintenance->name, phandle,
                0);
    return count;
}

bool schedules_read(struct reader *reader, uint32_t node)
{
    struct module_desc *module = reader->module;
    uint32_t faults_before = reader->fault_count;
    uint32_t count;
    const uint32_t *schedule_node = children_list(reader, node, "schedule", &count);
    if (schedule_node == NULL) {
        return false;
    }
    if (count == 0) {
        fault_missing_node(reader, node, "schedule");
    }
    if (!CONFIG_MODULE_SCHEDULES && count > 1) {
        fault_at(reader, RULE_SCHEDULES_SUPPORT, schedule_node[1], NULL);
        return false;
    }
    if (count > SCHEDULE_MAX) {
        fault_value(reader, RULE_SCHEDULE_COUNT, node, NULL, count, SCHEDULE_MAX);
        return false;
    }
    module->schedule = reader_take(reader, count, sizeof(*module->schedule));
    if (module->schedule == NULL) {
        return false;
    }
    module->schedule_count = count;
    for (uint32_t index = 0; index < count; index++) {
        read_schedule(reader, &module->schedule[index], schedule_node[index]);
    }
    if (reader->fault_count != faults_before) {
        return false;
    }
    module->maintenance_schedule =
        CONFIG_MODULE_SCHEDULES ? find_maintenance(reader, schedule_node) : count;
    return reader->fault_count == faults_before;
}
