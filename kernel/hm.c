/* SPDX-License-Identifier: Apache-2.0 */
/* See bulkhead/hm.h.  State: a queue for each core, which the core fills and the boot core empties;
 * counters of each partition and of the module, atomic. */
#include <bulkhead/abi.h>
#include <bulkhead/core.h>
#include <bulkhead/hm.h>
#include <bulkhead/log.h>
#include <bulkhead/module_schedule.h>
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
/* Lines of one partition, or of the module, that may wait: nobody can push out the others, nor a
 * partition its own end, for which there is one place more. */
#define LINES_EACH 2U

struct event {
    enum hm_error error;
    struct partition *partition; /* NULL: module level */
    uint64_t pc;                 /* at module level: the CPU */
    uint64_t address;
    uint64_t detail;
};

struct hm_queue {
    struct event event[QUEUE_EVENTS];
    uint32_t head; /* its core */
    uint32_t tail; /* the boot core */
    uint32_t module_lines;
};

static uint32_t waiting_count; /* events in all queues */
static uint64_t unlogged_count;
static uint64_t event_count;

/* The boot core's: the line that it writes. */
static struct hm_queue *queue; /* NULL: it has none begun */
static uint32_t piece;

uint64_t hm_queue_bytes(void)
{
    return sizeof(struct hm_queue);
}

struct hm_queue *hm_queue_make(struct arena *arena)
{
    return arena_take(arena, sizeof(struct hm_queue), sizeof(uint64_t));
}

uint64_t hm_event_count(void)
{
    return event_count;
}

uint64_t hm_unlogged_count(void)
{
    return unlogged_count;
}

static void count(uint64_t *counter)
{
    (void)__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static uint32_t *lines_of(struct hm_queue *of, const struct event *event)
{
    return event->partition != NULL ? &event->partition->health_lines : &of->module_lines;
}

static void enqueue(const struct event *event)
{
    struct hm_queue *own = this_core()->health;
    uint32_t *lines = lines_of(own, event);
    uint32_t limit = LINES_EACH + (hm_table[event->error].action == HM_STOP_PARTITION ? 1U : 0U);

    if (own->head - __atomic_load_n(&own->tail, __ATOMIC_ACQUIRE) == QUEUE_EVENTS ||
        __atomic_load_n(lines, __ATOMIC_RELAXED) >= limit) {
        count(&unlogged_count);
        return;
    }
    (void)__atomic_fetch_add(lines, 1, __ATOMIC_RELAXED);
    own->event[own->head % QUEUE_EVENTS] = *event;
    __atomic_store_n(&own->head, own->head + 1, __ATOMIC_RELEASE);
    (void)__atomic_fetch_add(&waiting_count, 1, __ATOMIC_RELEASE);
}

void hm_partition_event(struct vcpu *vcpu, enum hm_error error, uint64_t address, uint64_t detail)
{
    struct partition *partition = vcpu->partition;
    enum hm_action action = hm_table[error].action;
    bool first = false; /* of its vCPUs, to end or restart it; what it wants is told once */
    struct event event = {error, partition, vcpu->context.pc, address, detail};

    trace_put(&this_core()->trace, TRACE_HEALTH, (uint32_t)error << 16 | partition->desc->id,
              counter_now());
    if (hm_table[error].is_error) {
        count(&event_count);
        count(&partition->health_events);
    }
    if (action == HM_STOP_PARTITION) {
        first = partition_stop_running(partition);
    } else if (action == HM_RESTART_COLD) {
        first = partition_mode(partition) == PARTITION_NORMAL &&
                partition_start_begin(partition, PARTITION_COLD_START, BH_START_RESTART);
    }
    if (first || hm_table[error].is_error) {
        enqueue(&event);
    }
    if (CONFIG_MODULE_SCHEDULES && first && hm_table[error].is_error &&
        partition->desc->maintenance_on_error) {
        module_schedule_change(this_core(), module_state.desc->maintenance_schedule);
    }
}

void hm_module_event(enum hm_error error, uint64_t window, uint64_t lateness_ticks)
{
    struct event event = {error, NULL, this_core()->cpu, window, lateness_ticks};

    count(&event_count);
    trace_put(&this_core()->trace, TRACE_HEALTH, (uint32_t)error << 16 | (uint32_t)window,
              counter_now());
    enqueue(&event);
}

bool hm_log_pending(void)
{
    return __atomic_load_n(&waiting_count, __ATOMIC_ACQUIRE) != 0 && log_has_room(HM_LOG_PIECE);
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
        log_text(" error=%s", hm_table[event->error].name);
        break;
    case 2:
        log_text(" cpu=%lu window=%lu", event->pc, event->address);
        break;
    case 3:
        log_text(" lateness_ns=%lu", ticks_to_ns(event->detail, module_state.counter_hz));
        break;
    default:
        log_text(" action=%s\n", action_name[hm_table[event->error].action]);
        piece = 0;
        break;
    }
}

/* A core's queue with something in it; cores have turns. */
static struct hm_queue *next_queue(void)
{
    static uint32_t turn;
    uint32_t cores = module_state.desc->core_count;

    for (uint32_t i = 0; i < cores; i++) {
        struct hm_queue *here;

        turn = turn + 1 < cores ? turn + 1 : 0;
        here = module_state.core[turn]->health;
        if (__atomic_load_n(&here->head, __ATOMIC_ACQUIRE) != here->tail) {
            return here;
        }
    }
    return NULL;
}

void hm_log_step(void)
{
    const struct event *event;

    if (queue == NULL) {
        queue = next_queue();
    }
    if (queue == NULL) {
        return;
    }
    event = &queue->event[queue->tail % QUEUE_EVENTS];
    if (event->partition != NULL) {
        partition_piece(event);
    } else {
        module_piece(event);
    }
    if (piece == 0) {
        (void)__atomic_fetch_sub(lines_of(queue, event), 1, __ATOMIC_RELAXED);
        (void)__atomic_fetch_sub(&waiting_count, 1, __ATOMIC_RELAXED);
        __atomic_store_n(&queue->tail, queue->tail + 1, __ATOMIC_RELEASE);
        queue = NULL;
    }
}
