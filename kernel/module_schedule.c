/* SPDX-License-Identifier: Apache-2.0 */
/* See bulkhead/module_schedule.h.  State: the timeline, shared by all cores without a lock. */
#include <bulkhead/abi.h>
#include <bulkhead/module_schedule.h>
#include <bulkhead/module_state.h>

struct timeline module_timeline;

static uint32_t schedule_of(uint32_t id)
{
    const struct module_desc *desc = module_state.desc;
    uint32_t index = 0;

    while (index < desc->schedule_count && desc->schedule[index].id != id) {
        index++;
    }
    return index;
}

/* What comes after the present schedule; that itself if no change is pending. */
static uint32_t next_schedule(const struct core *core)
{
    struct timeline_change change;

    return timeline_next(&module_timeline, core->changes, &change) ? change.schedule
                                                                   : core->schedule;
}

void module_schedule_change(struct core *core, uint32_t index)
{
    uint64_t frame = core_frame(core);

    timeline_ask(&module_timeline, core_frame_is_ending(core) ? frame + 1 : frame, index);
    for (uint32_t c = 0; c < module_state.desc->core_count; c++) {
        core_ask_for_boundary(module_state.core[c]);
    }
}

void module_schedule_status(struct vcpu *vcpu)
{
    const struct core *core = vcpu->core;
    const struct schedule_desc *schedule = module_state.desc->schedule;
    uint64_t *x = vcpu->context.x;

    x[0] = SMCCC_SUCCESS;
    x[1] = core->change_frame != 0 ? core->change_start - vcpu->timers.virt_offset : 0;
    x[2] = schedule[core->schedule].id;
    x[3] = schedule[next_schedule(core)].id;
}

void module_schedule_set(struct vcpu *vcpu, uint32_t id)
{
    struct core *core = vcpu->core;
    uint32_t index = schedule_of(id);
    int64_t result = SMCCC_SUCCESS;

    if (index == module_state.desc->schedule_count) {
        result = SMCCC_INVALID_PARAMETER;
    } else if (!vcpu->partition->desc->may_set_schedule) {
        result = BH_INVALID_CONFIG;
    } else if (index == core->schedule && next_schedule(core) == index) {
        result = BH_NO_ACTION;
    } else {
        module_schedule_change(core, index);
    }
    vcpu->context.x[0] = (uint64_t)result;
}

/* The first bytes of a name are the low bytes of x1.  All four words are compared, so that how long
 * it takes says nothing but how many schedules there are. */
void module_schedule_find(struct vcpu *vcpu)
{
    const struct module_desc *desc = module_state.desc;
    uint64_t *x = vcpu->context.x;

    for (uint32_t index = 0; index < desc->schedule_count; index++) {
        const uint64_t *name = desc->schedule[index].name_word;

        if (((name[0] ^ x[1]) | (name[1] ^ x[2]) | (name[2] ^ x[3]) | (name[3] ^ x[4])) == 0) {
            x[0] = SMCCC_SUCCESS;
            x[1] = desc->schedule[index].id;
            return;
        }
    }
    x[0] = (uint64_t)BH_INVALID_CONFIG;
}

void module_partition_status(struct vcpu *vcpu)
{
    const struct core *core = vcpu->core;
    const struct partition *partition = vcpu->partition;
    const struct partition_schedule_desc *plan =
        &module_state.desc->schedule[core->schedule].partition[partition->index];
    uint64_t *x = vcpu->context.x;

    x[0] = SMCCC_SUCCESS;
    x[1] = partition->start_reason | (core->window->desc->period_start ? BH_PERIOD_START : 0);
    x[2] = plan->period_ns;
    x[3] = plan->duration_ns;
}
