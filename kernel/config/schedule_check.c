// SPDX-License-Identifier: Apache-2.0
/*
 * Do the schedules go together with partitions and CPUs?  Who runs on which CPU, has each vCPU its
 * windows wherever its partition runs, and is every period kept that is stated?
 *
 * A vCPU has one CPU in all schedules, and windows of one CPU do not overlap, so no vCPU is ever in
 * two windows at once.
 */
#include "internal.h"

#include <string.h>

#define NO_CPU UINT32_MAX

/* Adds a CPU to the ascending list of those that run the kernel. */
static void add_core(struct reader *reader, const struct core_schedule_desc *core)
{
    struct module_desc *module = reader->module;
    uint32_t at = 0;
    while (at < module->core_count && module->core_cpu[at] < core->cpu) {
        at++;
    }
    if (at < module->core_count && module->core_cpu[at] == core->cpu) {
        return;
    }
    if (!CONFIG_SMP && module->core_count != 0) {
        fault_named_alone(reader, RULE_CORES_SUPPORT, core->node, NULL, NULL);
        return;
    }
    if (module->core_count == CORE_MAX) {
        fault_named(reader, RULE_CORE_COUNT, core->node, NULL, NULL, CORE_MAX + 1, CORE_MAX);
        return;
    }
    for (uint32_t move = module->core_count++; move > at; move--) {
        module->core_cpu[move] = module->core_cpu[move - 1];
    }
    module->core_cpu[at] = core->cpu;
    if (module->core_count == 2 && module->platform.psci == PSCI_NONE) {
        fault_named_alone(reader, RULE_CORE_START, core->node, NULL, NULL);
    }
}

/* Gives the vCPUs of one core's windows their CPU.  seen: by vCPU, the schedules that it is in. */
static void place_vcpus(struct reader *reader, uint32_t index,
                        const struct core_schedule_desc *core, uint32_t *seen)
{
    const struct module_desc *module = reader->module;
    for (uint32_t at = 0; at < core->window_count; at++) {
        const struct window_desc *window = &core->window[at];
        const struct partition_desc *partition = &module->partition[window->partition];
        uint32_t *cpu = &partition->vcpu_cpu[window->vcpu];
        if (CONFIG_SMP && *cpu != NO_CPU && *cpu != core->cpu) {
            fault_named(reader, RULE_VCPU_TWO_CORES, partition->node, NULL, core->node, *cpu,
                        core->cpu);
        }
        *cpu = core->cpu;
        seen[window->partition * VCPU_MAX + window->vcpu] |= UINT32_C(1) << index;
    }
}

/* Where a partition runs, all of its vCPUs do. */
static void check_vcpus(struct reader *reader, const struct partition_desc *partition,
                        const uint32_t *seen)
{
    uint32_t any = 0;
    uint32_t all = UINT32_MAX;
    for (uint32_t vcpu = 0; vcpu < partition->vcpu_count; vcpu++) {
        any |= seen[vcpu];
        all &= seen[vcpu];
    }
    if (any == 0) {
        fault_named_alone(reader, RULE_PARTITION_WITHOUT_WINDOW, partition->node, NULL, NULL);
    } else if (any != all) {
        uint32_t schedule = (uint32_t)__builtin_ctz(any & ~all);
        uint32_t vcpu = 0;
        while ((seen[vcpu] >> schedule & 1) != 0) {
            vcpu++;
        }
        fault_named(reader, RULE_VCPU_WITHOUT_WINDOW, partition->node, "vcpus",
                    reader->module->schedule[schedule].node, vcpu, partition->vcpu_count);
    } else if (CONFIG_SMP && partition->own_time) {
        /* Its time goes on while any of them is in a window. */
        for (uint32_t vcpu = 1; vcpu < partition->vcpu_count; vcpu++) {
            if (partition->vcpu_cpu[vcpu] != partition->vcpu_cpu[0]) {
                fault_named(reader, RULE_OWN_TIME_CORES, partition->node, "time", NULL,
                            partition->vcpu_cpu[0], partition->vcpu_cpu[vcpu]);
                return;
            }
        }
    }
}

/* One period has ended: does it hold the time that is stated? */
static bool period_holds(struct reader *reader, const struct partition_schedule_desc *said,
                         uint64_t usable_ns)
{
    if (usable_ns < said->duration_ns) {
        fault_named(reader, RULE_PERIOD_TIME, said->node, "duration-ns", NULL, usable_ns,
                    said->duration_ns);
        return false;
    }
    return true;
}

/*
 * The windows of vCPU 0 on its CPU, which do not overlap: each period begins with one of them, so
 * none of them reaches from one period into the next, and each counts for the last period that
 * began.  Those before the first mark are the end of the last period, which goes on past the
 * frame's end.
 */
static void check_period(struct reader *reader, const struct schedule_desc *schedule,
                         const struct core_schedule_desc *core, uint32_t index)
{
    const struct partition_schedule_desc *said = &schedule->partition[index];
    uint64_t wanted = schedule->major_frame_ns / said->period_ns;
    uint64_t marked = 0;
    uint64_t due_ns = 0;
    uint64_t wrapped_ns = 0; /* before the first mark */
    uint64_t usable_ns = 0;
    for (uint32_t at = 0; at < core->window_count; at++) {
        const struct window_desc *window = &core->window[at];
        if (window->partition != index || window->vcpu != 0) {
            continue;
        }
        if (window->period_start) {
            if (marked == 0) {
                wrapped_ns = usable_ns;
            } else if (window->start_ns != due_ns) {
                fault_named(reader, RULE_PERIOD_SPACING, said->node, "period-ns", NULL,
                            window->start_ns, due_ns);
                return;
            } else if (!period_holds(reader, said, usable_ns)) {
                return;
            }
            marked++;
            due_ns = window->start_ns + said->period_ns;
            usable_ns = 0;
        }
        usable_ns += window->duration_ns - reader->module->guard_ns;
    }
    if (marked != wanted) {
        fault_named(reader, RULE_PERIOD_COUNT, said->node, "period-ns", NULL, marked, wanted);
        return;
    }
    (void)period_holds(reader, said, usable_ns + wrapped_ns);
}

/* What a schedule says of a partition must be of one that runs in it. */
static void check_said(struct reader *reader, uint32_t schedule_index, uint32_t index,
                       const uint32_t *seen)
{
    const struct schedule_desc *schedule = &reader->module->schedule[schedule_index];
    const struct partition_schedule_desc *said = &schedule->partition[index];
    const struct partition_desc *partition = &reader->module->partition[index];
    if (said->node == NULL) {
        return;
    }
    if ((seen[index * VCPU_MAX] >> schedule_index & 1) == 0) {
        fault_named_alone(reader, RULE_PARTITION_SCHEDULE, said->node, NULL, schedule->node);
        return;
    }
    for (uint32_t core = 0; said->period_ns != 0 && core < schedule->core_count; core++) {
        if (schedule->core[core].cpu == partition->vcpu_cpu[0]) {
            check_period(reader, schedule, &schedule->core[core], index);
        }
    }
}

/* An interrupt that never came would be a property that does nothing. */
static void check_period_irq(struct reader *reader, uint32_t index)
{
    const struct module_desc *module = reader->module;
    const struct partition_desc *partition = &module->partition[index];
    uint32_t schedule = 0;
    while (schedule < module->schedule_count &&
           module->schedule[schedule].partition[index].period_ns == 0) {
        schedule++;
    }
    if (partition->period_irq != 0 && schedule == module->schedule_count) {
        fault_named_alone(reader, RULE_PERIOD_PPI, partition->node, "period-ppi", NULL);
    }
}

static void check_names(struct reader *reader, uint32_t index)
{
    const struct schedule_desc *schedule = reader->module->schedule;
    for (uint32_t other = 0; other < index; other++) {
        if (strcmp(schedule[other].name, schedule[index].name) == 0) {
            fault_named_alone(reader, RULE_LABEL_TWICE, schedule[index].node, "label",
                              schedule[other].node);
        }
    }
}

/* Room for what the checks find out: by partition and vCPU, the CPU that runs it, which is kept,
 * and behind all of those the schedules that it is in, which are returned. */
static uint32_t *take_tables(struct reader *reader)
{
    struct module_desc *module = reader->module;
    size_t count = (size_t)module->partition_count * VCPU_MAX;
    uint32_t *cpu = reader_take(reader, 2 * count, sizeof(*cpu));
    module->core_cpu = reader_take(reader, CORE_MAX, sizeof(*module->core_cpu));
    if (cpu == NULL || module->core_cpu == NULL) {
        return NULL;
    }
    for (size_t at = 0; at < count; at++) {
        cpu[at] = NO_CPU;
    }
    for (uint32_t index = 0; index < module->partition_count; index++) {
        module->partition[index].vcpu_cpu = &cpu[index * VCPU_MAX];
    }
    return &cpu[count];
}

static bool is_spread(const struct partition_desc *partition)
{
    for (uint32_t vcpu = 1; vcpu < partition->vcpu_count; vcpu++) {
        if (partition->vcpu_cpu[vcpu] != partition->vcpu_cpu[0]) {
            return true;
        }
    }
    return false;
}

/* What vectors longer than 128 bits take besides: the longest of one partition may follow those of
 * another. */
static uint64_t vector_guard_ns(const struct reader *reader)
{
    uint32_t bits = SVE_BITS_UNIT;
    for (uint32_t index = 0; CONFIG_CPU_FEATURES && index < reader->module->partition_count;
         index++) {
        const struct partition_desc *partition = &reader->module->partition[index];
        bits = partition->sve_vector_bits > bits ? partition->sve_vector_bits : bits;
    }
    return (bits / SVE_BITS_UNIT - 1U) * reader->input->sve_vector_guard_ns;
}

/* Windows that are too short for what is known of guard and partition now. */
static void check_window_lengths(struct reader *reader)
{
    const struct module_desc *module = reader->module;
    for (uint32_t s = 0; s < module->schedule_count; s++) {
        for (uint32_t c = 0; c < module->schedule[s].core_count; c++) {
            const struct core_schedule_desc *core = &module->schedule[s].core[c];
            for (uint32_t at = 0; at < core->window_count; at++) {
                const struct window_desc *window = &core->window[at];
                const struct partition_desc *partition = &module->partition[window->partition];
                uint64_t least_ns = CONFIG_SMP && is_spread(partition)
                                        ? reader->input->spread_window_ns
                                        : reader->input->minimum_window_ns;
                least_ns += module->guard_ns +
                            (partition->vcpu_count - 1U) * reader->input->sibling_window_ns;
                if (window->duration_ns < least_ns) {
                    fault_named(reader, RULE_WINDOW_SHORT, window->node, "reg", core->node,
                                window->duration_ns, least_ns);
                }
            }
        }
    }
}

/* Partitions on several CPUs or with features of them, and several schedules make longer
 * boundaries.  A guard that nobody gave grows with them; the windows, which were judged by the
 * shorter one and by themselves, are looked at again. */
static void check_guard(struct reader *reader)
{
    struct module_desc *module = reader->module;
    uint64_t least_ns = reader->input->minimum_guard_ns;
    const char *other = NULL;
    if (module->schedule_count > 1) {
        least_ns += reader->input->schedules_guard_ns;
        other = module->schedule[1].node;
    }
    for (uint32_t index = 0; CONFIG_SMP && index < module->partition_count; index++) {
        if (is_spread(&module->partition[index])) {
            least_ns += reader->input->spread_guard_ns;
            other = module->partition[index].node;
            break;
        }
    }
    for (uint32_t bit = 0; CONFIG_CPU_FEATURES && bit < FEATURE_COUNT; bit++) {
        uint32_t index = 0;
        while (index < module->partition_count &&
               (module->partition[index].features >> bit & 1U) == 0) {
            index++;
        }
        if (index < module->partition_count) {
            least_ns += reader->input->feature_guard_ns[bit];
            other = module->partition[index].node;
        }
    }
    least_ns += vector_guard_ns(reader);
    if (module->guard_ns < least_ns && reader->guard_given) {
        fault_named(reader, RULE_GUARD_SHORT, "/bulkhead", "guard-ns", other, module->guard_ns,
                    least_ns);
    } else {
        module->guard_ns = least_ns > module->guard_ns ? least_ns : module->guard_ns;
        check_window_lengths(reader);
    }
}

void check_schedules(struct reader *reader)
{
    const struct module_desc *module = reader->module;
    uint32_t faults_before = reader->fault_count;
    uint32_t *seen = take_tables(reader);
    if (seen == NULL) {
        return;
    }
    for (uint32_t index = 0; index < module->schedule_count; index++) {
        const struct schedule_desc *schedule = &module->schedule[index];
        check_names(reader, index);
        for (uint32_t core = 0; core < schedule->core_count; core++) {
            add_core(reader, &schedule->core[core]);
            place_vcpus(reader, index, &schedule->core[core], seen);
        }
    }
    for (uint32_t index = 0; index < module->partition_count; index++) {
        check_vcpus(reader, &module->partition[index], &seen[index * VCPU_MAX]);
        if (CONFIG_MODULE_SCHEDULES) {
            check_period_irq(reader, index);
        }
    }
    if (reader->fault_count == faults_before) {
        check_guard(reader);
    }
    if (!CONFIG_MODULE_SCHEDULES || reader->fault_count != faults_before) {
        return; /* periods are those of one CPU */
    }
    for (uint32_t schedule = 0; schedule < module->schedule_count; schedule++) {
        for (uint32_t index = 0; index < module->partition_count; index++) {
            check_said(reader, schedule, index, seen);
        }
    }
}
