/* SPDX-License-Identifier: Apache-2.0 */
/* See test_vgic_guest.h. */
#include "test_vgic_guest.h"

struct machine m;

void set_bit(uint32_t c, uint32_t reg, uint32_t intid)
{
    reg_write(&m, c, reg + intid / 32 * 4, 4, UINT32_C(1) << (intid % 32));
}

bool get_bit(uint32_t c, uint32_t reg, uint32_t intid)
{
    return reg_read(&m, c, reg + intid / 32 * 4, 4) >> (intid % 32) & 1U;
}

void start(enum gic_version model, uint32_t cpu_count, uint32_t lr_count)
{
    machine_init(&m, model, cpu_count, lr_count);
    dist_write(&m, 0, 0, 4, 3);
}

void make_edge(uint32_t intid)
{
    uint32_t offset = ICFGR + intid / 16 * 4;
    uint64_t old = reg_read(&m, 0, offset, 4);
    reg_write(&m, 0, offset, 4, old | UINT64_C(2) << (intid % 16 * 2));
}

void set_priority(uint32_t c, uint32_t intid, uint8_t priority)
{
    reg_write(&m, c, IPRIORITYR + intid, 1, priority);
}

void set_line(uint32_t c, uint32_t intid, bool level)
{
    vgic_set_line(&m.cpu[c], intid, level);
    machine_settle(&m, c);
}

uint64_t lr_of(uint32_t c, uint32_t intid)
{
    for (uint32_t n = 0; n < m.cpu[c].lr_count; n++)
        if ((m.cpu[c].lr_used >> n & 1U) && (m.cpu[c].lr[n] & 0x3ff) == intid)
            return m.cpu[c].lr[n];
    return 0;
}

void come_in(uint32_t c)
{
    vgic_refill(&m.cpu[c]);
    machine_settle(&m, c);
}
