// SPDX-License-Identifier: Apache-2.0
/*
 * Who runs when in a schedule, and beside whom?  A picture of the frame, one row per partition on
 * each CPU and one column per equal part of the frame, the same for all CPUs, so that what stands
 * one above the other runs at the same time; tables of windows; and each pair of partitions that
 * runs at the same time on different CPUs: there is no memory that two partitions can reach, and
 * each device has one owner, so what they can meet in is what the CPUs share.
 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICTURE_COLUMNS 60U

/* As many CPUs as schedules may name. */
#define CORES_MAX 8U

/* The column that an instant falls into, without a product that could overflow. */
static uint32_t column_of(uint64_t at_ns, uint64_t frame_ns)
{
    return (uint32_t)((double)at_ns * PICTURE_COLUMNS / (double)frame_ns);
}

static double percent(uint64_t part_ns, uint64_t frame_ns)
{
    return 100.0 * (double)part_ns / (double)frame_ns;
}

/* One row: '#' where the partition's windows are. */
static void draw_row(const struct schedule_desc *schedule, const struct core_schedule_desc *core,
                     uint32_t partition, const char *name)
{
    char row[PICTURE_COLUMNS + 1];
    bool present = false;
    uint64_t sum_ns = 0;
    memset(row, '.', PICTURE_COLUMNS);
    row[PICTURE_COLUMNS] = '\0';
    for (uint32_t at = 0; at < core->window_count; at++) {
        const struct window_desc *window = &core->window[at];
        if (window->partition != partition) {
            continue;
        }
        uint32_t first = column_of(window->start_ns, schedule->major_frame_ns);
        uint32_t end = column_of(window->start_ns + window->duration_ns, schedule->major_frame_ns);
        present = true;
        sum_ns += window->duration_ns;
        for (uint32_t column = first; column < PICTURE_COLUMNS && (column < end || column == first);
             column++) {
            row[column] = '#';
        }
    }
    if (present) {
        printf("  %-12.12s |%s| %5.1f %%\n", name, row, percent(sum_ns, schedule->major_frame_ns));
    }
}

static void draw_core(const struct module_desc *module, const struct schedule_desc *schedule,
                      const struct core_schedule_desc *core)
{
    uint64_t idle_ns = schedule->major_frame_ns;
    for (uint32_t at = 0; at < core->window_count; at++) {
        idle_ns -= core->window[at].duration_ns;
    }
    printf("  cpu %" PRIu32 ": %" PRIu32 " window%s", core->cpu, core->window_count,
           core->window_count == 1 ? "" : "s");
    if (schedule->core_count > 1) {
        printf(", idle for %.1f %%", percent(idle_ns, schedule->major_frame_ns));
    }
    printf("\n");
    for (uint32_t index = 0; index < module->partition_count; index++) {
        draw_row(schedule, core, index, module->partition[index].name);
    }
}

static void list_windows(const struct module_desc *module, const struct schedule_desc *schedule,
                         const struct core_schedule_desc *core)
{
    if (core->window_count == 0) {
        return;
    }
    printf("  %12s %14s  partition", "start ns", "duration ns");
    if (schedule->core_count > 1) {
        printf(" on cpu %" PRIu32, core->cpu);
    }
    printf("\n");
    for (uint32_t at = 0; at < core->window_count; at++) {
        const struct window_desc *window = &core->window[at];
        printf("  %12" PRIu64 " %14" PRIu64 "  %s", window->start_ns, window->duration_ns,
               module->partition[window->partition].name);
        if (module->partition[window->partition].vcpu_count > 1) {
            printf(" vCPU %" PRIu32, window->vcpu);
        }
        printf("%s\n", window->period_start ? ", a period starts" : "");
    }
}

/* What the schedule says of partitions besides their windows. */
static void list_said(const struct module_desc *module, const struct schedule_desc *schedule)
{
    static const char *const action[] = {
        [CHANGE_IGNORE] = "goes on",
        [CHANGE_IDLE] = "stops",
        [CHANGE_COLD_START] = "starts cold",
        [CHANGE_WARM_START] = "starts warm",
    };
    for (uint32_t index = 0; index < module->partition_count; index++) {
        const struct partition_schedule_desc *said = &schedule->partition[index];
        if (said->node == NULL) {
            continue;
        }
        printf("  %s:", module->partition[index].name);
        if (said->period_ns != 0) {
            printf(" %" PRIu64 " ns in each period of %" PRIu64 " ns%s", said->duration_ns,
                   said->period_ns, module->schedule_count > 1 ? ";" : "");
        }
        if (module->schedule_count > 1) {
            printf(" %s after a change to this schedule", action[said->change_action]);
        }
        printf("\n");
    }
}

/* Who runs where from one instant on, until when. */
struct instant {
    uint64_t at_ns;
    uint64_t end_ns;
    uint32_t next[CORES_MAX]; /* by core: the first window that has not ended */
    uint32_t count;           /* partitions that run, each once */
    uint32_t partition[CORES_MAX];
};

/* Finds who runs from at_ns to end_ns, during which nothing begins or ends. */
static void look(const struct schedule_desc *schedule, struct instant *now)
{
    now->end_ns = schedule->major_frame_ns;
    now->count = 0;
    for (uint32_t index = 0; index < schedule->core_count; index++) {
        const struct core_schedule_desc *core = &schedule->core[index];
        uint32_t *next = &now->next[index];
        while (*next < core->window_count &&
               core->window[*next].start_ns + core->window[*next].duration_ns <= now->at_ns) {
            (*next)++;
        }
        if (*next == core->window_count) {
            continue;
        }
        const struct window_desc *window = &core->window[*next];
        bool runs = window->start_ns <= now->at_ns;
        uint64_t change_ns = runs ? window->start_ns + window->duration_ns : window->start_ns;
        if (change_ns < now->end_ns) {
            now->end_ns = change_ns;
        }
        uint32_t known = 0;
        while (known < now->count && now->partition[known] != window->partition) {
            known++;
        }
        if (runs && known == now->count) {
            now->partition[now->count++] = window->partition;
        }
    }
}

/* Adds up, for each pair of partitions, how long both run in a frame, on whatever CPUs. */
static void add_up(const struct module_desc *module, const struct schedule_desc *schedule,
                   uint64_t *together_ns)
{
    struct instant now = {0};
    for (; now.at_ns < schedule->major_frame_ns; now.at_ns = now.end_ns) {
        look(schedule, &now);
        for (uint32_t one = 0; one < now.count; one++) {
            for (uint32_t other = 0; other < now.count; other++) {
                together_ns[now.partition[one] * module->partition_count + now.partition[other]] +=
                    now.end_ns - now.at_ns;
            }
        }
    }
}

/* A partition, and the devices that nobody else reaches. */
static void name_partition(const struct partition_desc *partition)
{
    bool first = true;
    printf("%s", partition->name);
    for (uint32_t at = 0; at < partition->device_count; at++) {
        if (partition->device[at].range == 0) {
            printf("%s%s", first ? " (" : ", ", partition->device[at].host_path);
            first = false;
        }
    }
    printf("%s", first ? "" : ")");
}

static void list_beside(const struct module_desc *module, const struct schedule_desc *schedule)
{
    uint32_t count = module->partition_count;
    bool headed = false;
    uint64_t *together_ns = calloc((size_t)count * count, sizeof(*together_ns));
    if (together_ns == NULL) {
        return;
    }
    add_up(module, schedule, together_ns);
    for (uint32_t one = 0; one < count; one++) {
        for (uint32_t other = one + 1; other < count; other++) {
            uint64_t sum_ns = together_ns[one * count + other];
            if (sum_ns == 0) {
                continue;
            }
            if (!headed) {
                printf("  %12s  who meets in caches, interconnect and RAM (devices of its own)\n",
                       "together ns");
                headed = true;
            }
            printf("  %12" PRIu64 "  ", sum_ns);
            name_partition(&module->partition[one]);
            printf(" beside ");
            name_partition(&module->partition[other]);
            printf("\n");
        }
    }
    free(together_ns);
}

void report_schedule(const struct module_desc *module, const struct schedule_desc *schedule)
{
    printf("schedule %" PRIu32 " \"%s\": major frame %" PRIu64 " ns\n", schedule->id,
           schedule->name, schedule->major_frame_ns);
    for (uint32_t index = 0; index < schedule->core_count; index++) {
        draw_core(module, schedule, &schedule->core[index]);
    }
    for (uint32_t index = 0; index < schedule->core_count; index++) {
        list_windows(module, schedule, &schedule->core[index]);
    }
    list_said(module, schedule);
    list_beside(module, schedule);
}
