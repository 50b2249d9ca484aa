/* SPDX-License-Identifier: Apache-2.0 */
/* See bulkhead/hm.h.  State: counters of the boot core and of each partition, owned by its core. */
#include <bulkhead/core.h>
#include <bulkhead/hm.h>
#include <bulkhead/log.h>
#include <bulkhead/module_state.h>
#include <bulkhead/start.h>
#include <bulkhead/timer.h>

/* What follows an error.  Wanted ends are logged but are no health events. */
static const struct {
    const char *name;
    enum hm_action action;
    bool is_error;
} hm_table[HM_ERROR_COUNT] = {
    [HM_ERROR_MEMORY_ACCESS] = {"memory-access", HM_STOP_PARTITION, true},
    [HM_ERROR_PERMISSION] = {"permission", HM_STOP_PARTITION, true},
    [HM_ERROR_DEVICE_ACCESS] = {"device-access", HM_STOP_PARTITION, true},
    [HM_ERROR_ILLEGAL_TRAP] = {"illegal-trap", HM_STOP_PARTITION, true},
    [HM_ERROR_SERROR] = {"serror", HM_STOP_PARTITION, true},
    [HM_ERROR_APPLICATION] = {"application", HM_STOP_PARTITION, false},
    [HM_ERROR_POWER_OFF] = {"power-off", HM_STOP_PARTITION, false},
    [HM_ERROR_RESET] = {"reset", HM_RESTART_COLD, false},
    [HM_ERROR_WINDOW_LATE] = {"window-late", HM_LOG, true},
    [HM_ERROR_WINDOW_MISSED] = {"window-missed", HM_LOG, true},
};

static const char *const action_name[] = {
    [HM_LOG] = "log",
    [HM_STOP_PARTITION] = "stop",
    [HM_RESTART_COLD] = "cold-start",
};

/*
 * Events wait here for their line on the console: formatting takes longer than a guard has room
 * for, so it happens piece by piece in idle time and while a release is awaited (hm_log_step).
 */
#define QUEUE_EVENTS 256U /* power of two */
/* Lines of one partition, or of the module, that may wait: nobody can push out the others. */
#define LINES_EACH 2U

struct event {
    enum hm_error error;
    struct partition *partition; /* NULL: module level */
    uint64_t pc;
    uint64_t address;
    uint64_t detail;
};

static struct event queue[QUEUE_EVENTS];
static uint32_t queue_head;
static uint32_t queue_tail;
static uint32_t piece; /* of the line of the event at the tail */
static uint32_t module_lines;
static uint64_t unlogged_count;
static uint64_t event_count;

uint64_t hm_event_count(void)
{
    return event_count;
}

uint64_t hm_unlogged_count(void)
{
    return unlogged_count;
}

static void enqueue(const struct event *event)
{
    uint32_t *waiting = event->partition != NULL ? &event->partition->health_lines : &module_lines;

    if (queue_head - queue_tail == QUEUE_EVENTS || *waiting == LINES_EACH) {
        unlogged_count++;
        return;
    }
    ++*waiting;
    queue[queue_head++ % QUEUE_EVENTS] = *event;
}

void hm_partition_event(struct vcpu *vcpu, enum hm_error error, uint64_t address, uint64_t detail)
{
    struct partition *partition = vcpu->partition;
    enum hm_action action = hm_table[error].action;
    struct event event = {error, partition, vcpu->context.pc, address, detail};

    trace_put(&this_core()->trace, TRACE_HEALTH, (uint32_t)error << 16 | partition->desc->id,
              counter_now());
    if (hm_table[error].is_error) {
        event_count++;
        partition->health_events++;
    }
    enqueue(&event);
    if (action == HM_STOP_PARTITION) {
        partition->mode = PARTITION_IDLE;
    } else if (action == HM_RESTART_COLD) {
        partition_start_begin(partition);
    }
}

void hm_module_event(enum hm_error error, uint64_t window, uint64_t lateness_ticks)
{
    struct event event = {error, NULL, 0, window, lateness_ticks};

    event_count++;
    trace_put(&this_core()->trace, TRACE_HEALTH, (uint32_t)error << 16 | (uint32_t)window,
              counter_now());
    enqueue(&event);
}

bool hm_log_pending(void)
{
    return queue_head != queue_tail;
}

static void partition_piece(const struct event *event)
{
    switch (piece++) {
    case 0:
        log_text("bulkhead: health partition=");
        break;
    case 1:
        log_text("%s", event->partition->desc->name);
        break;
    case 2:
        log_text(" error=%s", hm_table[event->error].name);
        break;
    case 3:
        log_text(" pc=0x%lx", event->pc);
        break;
    case 4:
        log_text(" address=0x%lx", event->address);
        break;
    case 5:
        log_text(" esr=0x%lx", event->detail);
        break;
    default:
        log_text(" action=%s\n", action_name[hm_table[event->error].action]);
        piece = 0;
        break;
    }
}

static void module_piece(const struct event *event)
{
    switch (piece++) {
    case 0:
        log_text("bulkhead: health module");
        break;
    case 1:
        log_text(" error=%s window=%lu", hm_table[event->error].name, event->address);
        break;
    case 2:
        log_text(" lateness_ns=%lu", ticks_to_ns(event->detail, module_state.counter_hz));
        break;
    default:
        log_text(" action=%s\n", action_name[hm_table[event->error].action]);
        piece = 0;
        break;
    }
}

void hm_log_step(void)
{
    const struct event *event = &queue[queue_tail % QUEUE_EVENTS];

    if (event->partition != NULL) {
        partition_piece(event);
    } else {
        module_piece(event);
    }
    if (piece == 0) {
        --*(event->partition != NULL ? &event->partition->health_lines : &module_lines);
        queue_tail++;
    }
}
