/* SPDX-License-Identifier: Apache-2.0 */
/* See bulkhead/hm.h.  State: counters of the boot core and of each partition, owned by its core. */
#include <bulkhead/core.h>
#include <bulkhead/hm.h>
#include <bulkhead/log.h>
#include <bulkhead/module_state.h>
#include <bulkhead/start.h>
#include <bulkhead/timer.h>

enum hm_level { HM_LEVEL_PARTITION, HM_LEVEL_MODULE };

/* What follows an error.  Wanted ends are logged but are no health events. */
static const struct {
    const char *name;
    enum hm_level level;
    enum hm_action action;
    bool is_error;
} hm_table[HM_ERROR_COUNT] = {
    [HM_ERROR_MEMORY_ACCESS] = {"memory-access", HM_LEVEL_PARTITION, HM_STOP_PARTITION, true},
    [HM_ERROR_PERMISSION] = {"permission", HM_LEVEL_PARTITION, HM_STOP_PARTITION, true},
    [HM_ERROR_DEVICE_ACCESS] = {"device-access", HM_LEVEL_PARTITION, HM_STOP_PARTITION, true},
    [HM_ERROR_ILLEGAL_TRAP] = {"illegal-trap", HM_LEVEL_PARTITION, HM_STOP_PARTITION, true},
    [HM_ERROR_SERROR] = {"serror", HM_LEVEL_PARTITION, HM_STOP_PARTITION, true},
    [HM_ERROR_APPLICATION] = {"application", HM_LEVEL_PARTITION, HM_STOP_PARTITION, false},
    [HM_ERROR_POWER_OFF] = {"power-off", HM_LEVEL_PARTITION, HM_STOP_PARTITION, false},
    [HM_ERROR_RESET] = {"reset", HM_LEVEL_PARTITION, HM_RESTART_COLD, false},
    [HM_ERROR_WINDOW_LATE] = {"window-late", HM_LEVEL_MODULE, HM_LOG, true},
    [HM_ERROR_WINDOW_MISSED] = {"window-missed", HM_LEVEL_MODULE, HM_LOG, true},
};

static const char *const action_name[] = {
    [HM_LOG] = "log",
    [HM_STOP_PARTITION] = "stop",
    [HM_RESTART_COLD] = "cold-start",
};

static uint64_t event_count;

/* Lines that module events may print: a broken guard must not drown the console. */
#define MODULE_LINES 16U

const char *hm_error_name(enum hm_error error)
{
    return hm_table[error].name;
}

uint64_t hm_event_count(void)
{
    return event_count;
}

void hm_partition_event(struct vcpu *vcpu, enum hm_error error, uint64_t address, uint64_t detail)
{
    struct partition *partition = vcpu->partition;
    enum hm_action action = hm_table[error].action;

    trace_put(&this_core()->trace, TRACE_HEALTH, (uint32_t)error << 16 | partition->desc->id,
              counter_now());
    if (hm_table[error].is_error) {
        event_count++;
        partition->health_events++;
    }
    log_line("health partition=%s error=%s pc=0x%lx address=0x%lx esr=0x%lx action=%s",
             partition->desc->name, hm_table[error].name, vcpu->context.pc, address, detail,
             action_name[action]);
    if (action == HM_STOP_PARTITION) {
        partition->mode = PARTITION_IDLE;
    } else if (action == HM_RESTART_COLD) {
        partition_start_begin(partition);
    }
}

void hm_module_event(enum hm_error error, uint64_t window, uint64_t lateness_ticks)
{
    event_count++;
    trace_put(&this_core()->trace, TRACE_HEALTH, (uint32_t)error << 16 | (uint32_t)window,
              counter_now());
    if (event_count <= MODULE_LINES) {
        log_line("health module error=%s window=%lu lateness_ns=%lu action=log",
                 hm_table[error].name, window,
                 ticks_to_ns(lateness_ticks, module_state.counter_hz));
    }
}
