/* SPDX-License-Identifier: Apache-2.0 */
/* Which GIC driver is in use?  Chosen once, at start. */
#include <bulkhead/gic.h>
#include <bulkhead/panic.h>

const struct gic_driver *gic;

void gic_deactivate_done(struct vgic_cpu *cpu)
{
    for (uint32_t word = 0; word < VGIC_WORDS; word++) {
        for (uint32_t bits = cpu->hw_done[word]; bits != 0; bits &= bits - 1) {
            uint32_t intid = word * 32U + (uint32_t)__builtin_ctz(bits);

            gic->deactivate(cpu->dist->hw_intid[intid]);
        }
        cpu->hw_done[word] = 0;
    }
    cpu->hw_done_any = false;
}

void gic_init(const struct platform_desc *platform)
{
    if (CONFIG_GICV3 && platform->gic_version == GIC_V3) {
        gic = &gicv3_driver;
    } else if (CONFIG_GICV2 && platform->gic_version == GIC_V2) {
        gic = &gicv2_driver;
    } else {
        panic("no driver for GICv%u in this build (Kconfig GICV2, GICV3)",
              (unsigned int)platform->gic_version);
    }
    gic->init_distributor(platform);
    (void)gic->init_core(platform, this_core()); /* what this one has is what is expected of all */
}
