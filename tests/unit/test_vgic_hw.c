/* SPDX-License-Identifier: Apache-2.0 */
/* The list-register hardware of test_vgic.h. */
#include "test_vgic.h"

#include <bulkhead/vgic_quick.h>

#include <string.h>

void machine_init(struct machine *m, enum gic_version model, uint32_t cpu_count, uint32_t lr_count)
{
    memset(m, 0, sizeof(*m));
    memset(m->cpu, 0xa5, sizeof(m->cpu)); /* reset must not depend on what was there */
    memset(&m->dist, 0xa5, sizeof(m->dist));
    m->cpu_count = cpu_count;
    for (uint32_t c = 0; c < CPU_MAX; c++)
        m->cpus[c] = &m->cpu[c];
    vgic_reset(&m->dist, model, cpu_count, m->cpus, lr_count);
    for (uint32_t c = 0; c < cpu_count; c++)
        m->cpu[c].groups_open = 3;
    for (uint32_t c = 0; c < CPU_MAX; c++)
        m->pmr[c] = 32;
}

static bool is_open(const struct vgic_cpu *cpu, uint64_t lr)
{
    return (cpu->groups_open >> ((lr & VGIC_LR_GROUP1) != 0) & 1U) != 0;
}

bool *machine_physical(struct machine *m, uint32_t c, uint32_t intid)
{
    return &m->physical_active[intid < VGIC_PRIVATE_COUNT ? c : 0][intid];
}

static void deactivate_physical(struct machine *m, uint32_t c, uint32_t intid)
{
    assert_true(*machine_physical(m, c, intid));
    *machine_physical(m, c, intid) = false;
}

static bool maintenance_wanted(const struct vgic_cpu *cpu)
{
    bool waiting = false;
    for (uint32_t n = 0; n < cpu->lr_count; n++) {
        uint64_t lr = cpu->lr[n];
        waiting = waiting || (lr & VGIC_LR_STATE) == VGIC_LR_PENDING;
        if (!(lr & VGIC_LR_STATE) && !(lr & VGIC_LR_HW) && (lr & VGIC_LR_EOI))
            return true;
    }
    for (uint32_t group = 0; group < 2; group++) {
        if (cpu->group_interrupts &
            ((cpu->groups_open >> group & 1U) ? VGIC_GROUP_OPENS(group) : VGIC_GROUP_CLOSES(group)))
            return true;
    }
    return (cpu->more_pending && !waiting) || (cpu->active_overflow && cpu->eoi_count != 0);
}

void machine_open_groups(struct machine *m, uint32_t c, uint32_t groups)
{
    m->cpu[c].groups_open = groups;
    machine_settle(m, c);
}

void machine_settle(struct machine *m, uint32_t c)
{
    struct vgic_cpu *cpu = &m->cpu[c];
    for (uint32_t rounds = 0;; rounds++) {
        assert_true(rounds < 3);
        for (uint32_t intid = 0; intid < VGIC_IRQ_COUNT; intid++) {
            if (cpu->hw_done[intid / 32] >> (intid % 32) & 1U) {
                assert_true(cpu->hw_done_any);
                deactivate_physical(m, c, intid);
            }
        }
        memset(cpu->hw_done, 0, sizeof(cpu->hw_done));
        cpu->hw_done_any = false;
        if (m->no_time || !maintenance_wanted(cpu))
            return;
        m->maintenance_count++;
        vgic_refill(cpu);
    }
}

void machine_leave(struct machine *m, uint32_t c)
{
    struct vgic_cpu *cpu = &m->cpu[c];
    if (m->cpu_count > 1 && !m->spread && !cpu->active_overflow)
        vgic_publish(cpu);
    m->no_time = false;
}

bool machine_enter(struct machine *m, uint32_t c, uint32_t due)
{
    struct vgic_cpu *cpu = &m->cpu[c];
    uint32_t linked = cpu->private_bank.hw;
    bool overloaded = cpu->more_pending || cpu->active_overflow;
    uint32_t busy;

    if (m->spread) {
        if (overloaded) { /* detached, then share_look() */
            vgic_rejoin(cpu);
            vgic_refill(cpu);
        } else {
            vgic_rejoin(cpu);
        }
    }
    overloaded = cpu->more_pending || cpu->active_overflow;
    busy = vgic_private_hw_busy(cpu) & linked;
    if (overloaded) {
        if (m->cpu_count > 1)
            vgic_look_at_once(cpu);
    } else if (due != busy || m->cpu_count > 1) {
        vgic_hw_levels(cpu, 0, linked, due);
        busy = vgic_private_hw_busy(cpu);
    }
    for (uint32_t intid = 16; intid < VGIC_PRIVATE_COUNT; intid++)
        if (linked >> intid & 1U)
            *machine_physical(m, c, intid) = busy >> intid & 1U;
    /* What the boundary took care of is not the driver's to deactivate any more. */
    cpu->hw_done[0] = 0;
    machine_settle(m, c);
    return !overloaded;
}

uint32_t machine_ack(struct machine *m, uint32_t c)
{
    struct vgic_cpu *cpu = &m->cpu[c];
    uint32_t running = m->apr[c] != 0 ? (uint32_t)__builtin_ctz(m->apr[c]) : 32U;
    uint64_t *best = NULL;
    uint32_t best_level = running < m->pmr[c] ? running : m->pmr[c];

    for (uint32_t n = 0; n < cpu->lr_count; n++) {
        uint32_t level = (uint32_t)(cpu->lr[n] >> (VGIC_LR_PRIORITY_SHIFT + 3)) & 31U;
        if ((cpu->lr[n] & VGIC_LR_STATE) == VGIC_LR_PENDING && level < best_level &&
            is_open(cpu, cpu->lr[n])) {
            best = &cpu->lr[n];
            best_level = level;
        }
    }
    if (best == NULL)
        return SPURIOUS;
    *best = (*best & ~VGIC_LR_STATE) | VGIC_LR_ACTIVE;
    m->apr[c] |= UINT32_C(1) << best_level;
    uint32_t iar = (uint32_t)*best & 0x1fffU;
    machine_settle(m, c);
    return iar;
}

static void deactivate(struct machine *m, uint32_t c, uint32_t iar)
{
    struct vgic_cpu *cpu = &m->cpu[c];
    for (uint32_t n = 0; n < cpu->lr_count; n++) {
        if ((cpu->lr[n] & VGIC_LR_ACTIVE) && (cpu->lr[n] & 0x1fffU) == iar) {
            cpu->lr[n] &= ~VGIC_LR_ACTIVE;
            if (cpu->lr[n] & VGIC_LR_HW) {
                assert_false(cpu->lr[n] & VGIC_LR_PENDING);
                assert_int_equal(cpu->lr[n] >> VGIC_LR_PINTID_SHIFT & 0x3ffU, PHYSICAL_BASE + iar);
                deactivate_physical(m, c, iar);
            }
            return;
        }
    }
    if (cpu->active_overflow) /* else nobody reads the count, and the next write clears it */
        cpu->eoi_count++;
}

void machine_eoi(struct machine *m, uint32_t c, uint32_t iar)
{
    m->apr[c] &= m->apr[c] - 1U;
    if (!m->eoi_mode)
        deactivate(m, c, iar);
    machine_settle(m, c);
}

void machine_dir(struct machine *m, uint32_t c, uint32_t iar)
{
    if (m->cpu[c].active_overflow || m->cpu_count > 1 || m->dist.model == GIC_V2)
        vgic_deactivate(&m->cpu[c], iar & 0x3ffU);
    else
        deactivate(m, c, iar);
    machine_settle(m, c);
}

bool machine_pend_quickly(struct machine *m, uint32_t c, uint32_t intid)
{
    struct vgic_cpu *cpu = &m->cpu[c];
    struct vgic_cpu before = *cpu;
    bool v2 = m->dist.model == GIC_V2;
    uint32_t slot;

    if (!m->quick || intid >= VGIC_PRIVATE_COUNT)
        return false;
    slot = vgic_quick_slot(cpu, intid);
    if (slot != VGIC_NO_SLOT && vgic_quick_pend(cpu, intid, slot, cpu->lr[slot], v2)) {
        m->quick_count++;
        return true;
    }
    assert_memory_equal(&before, cpu, sizeof(before));
    return false;
}

void machine_fire(struct machine *m, uint32_t c, uint32_t intid)
{
    assert_false(*machine_physical(m, c, intid));
    *machine_physical(m, c, intid) = true;
    if (!machine_pend_quickly(m, c, intid))
        vgic_hw_pending(&m->cpu[c], intid);
    machine_settle(m, c);
}

uint64_t dist_read(struct machine *m, uint32_t c, uint64_t offset, uint32_t size)
{
    struct vgic_access access = {.offset = offset, .size_bytes = size};
    struct vgic_cpu before = m->cpu[c];
    bool needs_lr = vgic_dist_needs_lr(&m->dist, &access);
    assert_true(vgic_dist_access(&m->cpu[c], &access));
    if (!needs_lr) /* then nothing that list registers cache may have been touched */
        assert_memory_equal(&before, &m->cpu[c], sizeof(before));
    machine_settle(m, c);
    return access.value;
}

void dist_write(struct machine *m, uint32_t c, uint64_t offset, uint32_t size, uint64_t value)
{
    struct vgic_access access = {
        .offset = offset, .size_bytes = size, .write = true, .value = value};
    struct vgic_cpu before = m->cpu[c];
    bool needs_lr = vgic_dist_needs_lr(&m->dist, &access);
    assert_true(vgic_dist_access(&m->cpu[c], &access));
    if (!needs_lr)
        assert_memory_equal(&before, &m->cpu[c], sizeof(before));
    machine_settle(m, c);
}

uint64_t redist_read(struct machine *m, uint32_t c, uint32_t t, uint64_t offset, uint32_t size)
{
    struct vgic_access access = {.offset = offset, .size_bytes = size};
    struct vgic_cpu before = m->cpu[c];
    bool needs_lr = vgic_redist_needs_lr(&access);
    assert_true(vgic_redist_access(&m->cpu[c], &m->cpu[t], &access));
    if (!needs_lr)
        assert_memory_equal(&before, &m->cpu[c], sizeof(before));
    machine_settle(m, c);
    return access.value;
}

void redist_write(struct machine *m, uint32_t c, uint32_t t, uint64_t offset, uint32_t size,
                  uint64_t value)
{
    struct vgic_access access = {
        .offset = offset, .size_bytes = size, .write = true, .value = value};
    assert_true(vgic_redist_access(&m->cpu[c], &m->cpu[t], &access));
    machine_settle(m, c);
}

static bool in_redist(const struct machine *m, uint32_t offset)
{
    uint32_t intid;
    if (m->dist.model == GIC_V2)
        return false;
    if (offset < 0x400)
        intid = (offset & 0x7f) * 8;
    else if (offset < 0xc00)
        intid = offset & 0x3ff;
    else
        intid = (offset & 0xff) * 4;
    return intid < 32;
}

uint64_t reg_read(struct machine *m, uint32_t c, uint32_t offset, uint32_t size)
{
    if (in_redist(m, offset))
        return redist_read(m, c, c, 0x10000 + offset, size);
    return dist_read(m, c, offset, size);
}

void reg_write(struct machine *m, uint32_t c, uint32_t offset, uint32_t size, uint64_t value)
{
    if (in_redist(m, offset))
        redist_write(m, c, c, 0x10000 + offset, size, value);
    else
        dist_write(m, c, offset, size, value);
}

static const struct vgic_bank *bank_of(const struct machine *m, uint32_t c, uint32_t intid)
{
    return intid < 32 ? &m->cpu[c].private_bank : &m->dist.shared[intid / 32];
}

/* One interrupt as vCPU c sees it; `ready` is set if it waits for a list register. */
static void check_irq(const struct machine *m, uint32_t c, uint32_t intid, bool *ready,
                      bool *parked)
{
    const struct vgic_cpu *cpu = &m->cpu[c];
    const struct vgic_bank *bank = bank_of(m, c, intid);
    uint32_t bit = UINT32_C(1) << (intid % 32);
    uint32_t priority = intid < 32 ? cpu->private_priority[intid] : m->dist.priority[intid];
    uint32_t groups = m->dist.ctlr & cpu->groups_open;
    bool home = cpu->home[intid / 32] & bit;
    bool holds = cpu->held[intid / 32] & bit;
    bool level = !(bank->edge & bit) || (bank->hw & bit);
    bool pending = (bank->pending & bit) || (level && (bank->line & bit));
    uint32_t in_lr_count = 0;
    uint32_t holder_count = 0;

    for (uint32_t p = 0; p < VGIC_PRIORITY_COUNT; p++) {
        uint64_t at =
            intid < 32 ? cpu->level[p] >> intid : m->dist.level[p][intid / 64] >> (intid % 64);
        assert_int_equal(at & 1U, p == priority >> 3);
    }
    for (uint32_t n = 0; n < VGIC_LR_MAX; n++)
        in_lr_count += (cpu->lr_used >> n & 1U) && (cpu->lr[n] & 0x3ff) == intid;
    assert_int_equal(in_lr_count, holds && (bank->in_lr & bit));
    for (uint32_t other = 0; intid >= 32 && other < m->cpu_count; other++)
        holder_count += (m->cpu[other].held[intid / 32] & bit) != 0;
    if (intid >= 32)
        assert_int_equal(holder_count, ((bank->active | bank->in_lr) & bit) != 0);
    if (intid < VGIC_SGI_COUNT && m->dist.model == GIC_V2)
        assert_int_equal((bank->pending & bit) != 0, cpu->sgi_source[intid] != 0);
    *ready = home && pending && (bank->enabled & bit) && !((bank->active | bank->in_lr) & bit) &&
             (groups >> ((bank->group & bit) != 0) & 1U);
    *parked = holds && (bank->active & bit) && !(bank->in_lr & bit);
}

static void check_levels(uint32_t levels, const struct machine *m, const uint32_t *private_level)
{
    for (uint32_t p = 0; p < VGIC_PRIORITY_COUNT; p++) {
        bool any = private_level != NULL ? private_level[p] != 0
                                         : (m->dist.level[p][0] | m->dist.level[p][1]) != 0;
        assert_int_equal(levels >> p & 1U, any);
    }
}

void machine_check(const struct machine *m, uint32_t running)
{
    check_levels(m->dist.levels, m, NULL);
    for (uint32_t c = 0; c < m->cpu_count; c++) {
        const struct vgic_cpu *cpu = &m->cpu[c];
        bool any_ready = false, any_parked = false;
        uint32_t waiting_count = 0, least_urgent = 0;
        assert_int_equal(cpu->lr_used >> cpu->lr_count, 0);
        check_levels(cpu->levels, m, cpu->level);
        for (uint32_t n = 0; n < VGIC_LR_MAX; n++) {
            uint64_t lr = cpu->lr[n];
            uint32_t level = (uint32_t)(lr >> (VGIC_LR_PRIORITY_SHIFT + 3)) & 31U;
            if (!(cpu->lr_used >> n & 1U))
                assert_true(lr == 0);
            if (lr & VGIC_LR_HW)
                assert_true((lr & VGIC_LR_STATE) != VGIC_LR_STATE);
            if ((lr & VGIC_LR_STATE) == VGIC_LR_PENDING && is_open(cpu, lr)) {
                waiting_count++;
                least_urgent = level > least_urgent ? level : least_urgent;
            }
        }
        for (uint32_t intid = 0; intid < VGIC_IRQ_COUNT; intid++) {
            bool ready, parked;
            check_irq(m, c, intid, &ready, &parked);
            any_ready = any_ready || ready;
            any_parked = any_parked || parked;
            if (c == running && ready) { /* all that wait are at least as urgent */
                uint32_t priority =
                    intid < 32 ? cpu->private_priority[intid] : m->dist.priority[intid];
                assert_true(waiting_count != 0);
                assert_true(least_urgent <= priority >> 3);
            }
        }
        if (c == running) {
            assert_int_equal(cpu->more_pending, any_ready);
            assert_int_equal(cpu->active_overflow, any_parked);
        }
    }
}
