/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How does the description become run-time state?  Partitions, their stage-2 tables and virtual
 * devices, the owners of device interrupts, every core's windows: all from the arena, once.
 */
#include <asm/features.h>
#include <asm/mmu.h>
#include <asm/sysreg.h>
#include <bulkhead/console_host.h>
#include <bulkhead/cores.h>
#include <bulkhead/gic.h>
#include <bulkhead/hm.h>
#include <bulkhead/log.h>
#include <bulkhead/module_state.h>
#include <bulkhead/panic.h>
#include <bulkhead/stage2.h>
#include <bulkhead/start.h>
#include <bulkhead/timer.h>

struct module_state module_state;

/* What partitions with a GICv2 reach of the virtual CPU interface by themselves.  Its second page
 * has only GICV_DIR (IHI 0048B, 5.1), which is the kernel's: of interrupts that are in no list
 * register the hardware does not say which one ends. */
#define GICV_BYTES UINT64_C(0x1000)

/* The INTIDs that a table of owners covers: assigned SPIs are below VGIC_IRQ_COUNT. */
#define OWNERS VGIC_IRQ_COUNT

static uint32_t mapping_count(const struct partition_desc *desc)
{
    return desc->memory_count + desc->device_count + (desc->vgic == GIC_V2 ? 1U : 0U);
}

/* Mapping number `index` of a partition: memory, then devices, then the GICv2 CPU interface. */
static struct stage2_mapping mapping_at(const struct module_desc *module,
                                        const struct partition_desc *desc, uint32_t index)
{
    if (index < desc->memory_count) {
        const struct memory_desc *memory = &desc->memory[index];

        return (struct stage2_mapping){
            .ipa = memory->ipa,
            .pa = memory->pa,
            .size_bytes = memory->size_bytes,
            .kind = STAGE2_MEMORY,
            .read_only = memory->read_only,
            .no_execute = memory->no_execute,
        };
    }
    index -= desc->memory_count;
    if (index < desc->device_count) {
        const struct device_desc *device = &desc->device[index];

        return (struct stage2_mapping){
            .ipa = device->ipa,
            .pa = device->pa,
            .size_bytes = device->size_bytes,
            .kind = STAGE2_DEVICE,
        };
    }
    return (struct stage2_mapping){
        .ipa = desc->gicc,
        .pa = pa_of(module->platform.gicv.base),
        .size_bytes = GICV_BYTES,
        .kind = STAGE2_DEVICE,
    };
}

uint64_t module_bytes_bound(const struct module_desc *desc)
{
    /* Ring of the kernel, alignment. */
    uint64_t bytes = CONFIG_LOG_BYTES + 16U * PAGE_BYTES;
    /* Stacks, their alignment included, and tables of a core. */
    uint64_t core_bytes = sizeof(struct core) + sizeof(void *) + hm_queue_bytes() +
                          CONFIG_STACK_BYTES + 2U * PAGE_BYTES +
                          desc->partition_count * sizeof(void *) +
                          desc->schedule_count * sizeof(struct core_plan) + 8U * sizeof(uint64_t);

    if (CONFIG_TRACE) {
        core_bytes += CONFIG_TRACE_RECORDS * sizeof(struct trace_record);
    }
    bytes += desc->core_count * core_bytes;
    for (uint32_t p = 0; p < desc->partition_count; p++) {
        const struct partition_desc *partition = &desc->partition[p];

        bytes += sizeof(struct partition) + 3U * sizeof(void *) + 4U * PAGE_BYTES;
        bytes += partition->vcpu_count * (sizeof(struct vcpu) + sizeof(void *) + 16U);
        bytes += partition->console_bytes;
        if (CONFIG_CPU_FEATURES && partition->features != 0) {
            bytes += partition->vcpu_count * features_bytes(partition);
        }
        for (uint32_t m = 0; m < mapping_count(partition); m++) {
            struct stage2_mapping mapping = mapping_at(desc, partition, m);
            bool pa_known = m >= partition->memory_count || partition->memory[m].pa_given;

            bytes += stage2_bytes_bound(&mapping, pa_known) + sizeof(mapping);
        }
    }
    for (uint32_t s = 0; s < desc->schedule_count; s++) {
        for (uint32_t c = 0; c < desc->schedule[s].core_count; c++) {
            bytes += desc->schedule[s].core[c].window_count *
                     (sizeof(struct window) + VGIC_WORDS * sizeof(struct irq_mask));
        }
    }
    return bytes;
}

/* The bound above has been provided for, so running out is our own error. */
static void *take(struct arena *arena, uint64_t count, uint64_t size, uint64_t align)
{
    void *memory = arena_take_array(arena, count, size, align);

    if (memory == NULL) {
        panic("the start-up pool is too small: %lu more of %lu bytes", count, size);
    }
    return memory;
}

static void build_stage2(struct partition *partition, struct arena *arena)
{
    uint32_t count = mapping_count(partition->desc);
    struct stage2_mapping *mapping = take(arena, count, sizeof(*mapping), sizeof(uint64_t));
    uint64_t *root;

    for (uint32_t i = 0; i < count; i++) {
        mapping[i] = mapping_at(module_state.desc, partition->desc, i);
    }
    root = stage2_build(mapping, count, arena, mmu_physical);
    if (root == NULL) {
        panic("the start-up pool is too small for the stage-2 tables of %s", partition->desc->name);
    }
    partition->vttbr = (uint64_t)partition->vmid << 48 | mmu_physical(root).pa;
}

static struct core *core_of(uint32_t cpu)
{
    uint32_t c = 0;

    while (module_state.core[c]->cpu != cpu) {
        c++;
    }
    return module_state.core[c];
}

static void build_partition(struct partition *partition, uint32_t index, struct arena *arena)
{
    const struct partition_desc *desc = &module_state.desc->partition[index];
    struct vgic_cpu **cpu;

    partition->desc = desc;
    partition->index = index;
    partition->vmid = (uint16_t)(index + 1); /* fixed for life; 0 is nobody's */
    partition->vcpu = take(arena, desc->vcpu_count, sizeof(*partition->vcpu), 16);
    cpu = take(arena, desc->vcpu_count, sizeof(struct vgic_cpu *), sizeof(void *));
    for (uint32_t v = 0; v < desc->vcpu_count; v++) {
        struct vcpu *vcpu = &partition->vcpu[v];

        vcpu->partition = partition;
        vcpu->index = v;
        vcpu->core = core_of(desc->vcpu_cpu[v]);
        partition->spread = partition->spread || vcpu->core != partition->vcpu[0].core;
        vcpu->alone = true;
        vcpu->long_trap_ticks = (int64_t)ns_to_ticks(
            LONG_TRAP_NS + (desc->vcpu_count - 1U) * SIBLING_TRAP_NS, module_state.counter_hz);
        if (CONFIG_CPU_FEATURES && desc->features != 0) {
            vcpu->features = take(arena, 1, features_bytes(desc), FEATURES_ALIGN);
        }
        cpu[v] = &vcpu->vgic;
        for (uint32_t before = 0; before < v; before++) {
            if (partition->vcpu[before].core == vcpu->core) {
                partition->vcpu[before].alone = false;
                vcpu->alone = false;
            }
        }
    }
    partition->vgic.cpu = cpu;
    console_ring_init(&partition->console, take(arena, desc->console_bytes, 1, 1),
                      desc->console_bytes, desc->name);
    partition->console.raw = desc->console_raw;
    for (uint32_t d = 0; d < desc->device_count; d++) {
        for (uint32_t i = 0; i < desc->device[d].irq_count; i++) {
            module_state.irq_owner[desc->device[d].irq[i]] = &partition->vcpu[0];
            if (CONFIG_SMP) {
                gic->route(desc->device[d].irq[i], partition->vcpu[0].core);
            }
        }
    }
    build_stage2(partition, arena);
    partition->mode = PARTITION_COLD_START;
}

/* The boot core comes first, since it has the console and the first word. */
static void build_cores(const struct module_desc *desc, uint32_t boot_cpu, struct arena *arena)
{
    uint32_t next = 1;

    module_state.core = take(arena, desc->core_count, sizeof(struct core *), sizeof(void *));
    boot_core.cpu = boot_cpu;
    module_state.core[0] = &boot_core;
    for (uint32_t c = 0; c < desc->core_count; c++) {
        if (desc->core_cpu[c] != boot_cpu) {
            struct core *core = take(arena, 1, sizeof(*core), 16);

            core->index = next;
            core->cpu = desc->core_cpu[c];
            module_state.core[next++] = core;
        }
    }
}

static void build_console(const struct module_desc *desc, struct arena *arena)
{
    static struct console_ring kernel_ring;
    struct console_ring **ring =
        take(arena, desc->partition_count + 1U, sizeof(struct console_ring *), sizeof(void *));

    console_ring_init(&kernel_ring, take(arena, CONFIG_LOG_BYTES, 1, 1), CONFIG_LOG_BYTES, NULL);
    ring[0] = &kernel_ring;
    for (uint32_t p = 0; p < desc->partition_count; p++) {
        ring[p + 1] = &module_state.partition[p].console;
    }
    console_host_init(ring, desc->partition_count + 1U);
    log_use_ring(&kernel_ring);
}

void module_build(const struct module_desc *desc, uint32_t boot_cpu, struct arena *arena)
{
    uint32_t ipa_bits;

    module_state.desc = desc;
    module_state.counter_hz = counter_hz();
    module_state.vtcr = stage2_vtcr(sysreg_read(id_aa64mmfr0_el1), &ipa_bits);
    module_state.irq_owner_count = OWNERS;
    module_state.irq_owner = take(arena, OWNERS, sizeof(struct vcpu *), sizeof(void *));
    module_state.partition =
        take(arena, desc->partition_count, sizeof(*module_state.partition), 16);
    sysreg_write(vtcr_el2, module_state.vtcr);
    isb();
    build_cores(desc, boot_cpu, arena);
    for (uint32_t p = 0; p < desc->partition_count; p++) {
        build_partition(&module_state.partition[p], p, arena);
    }
    for (uint32_t c = 0; c < desc->core_count; c++) {
        if (!core_build(module_state.core[c], desc, module_state.partition, arena)) {
            panic("the start-up pool is too small for the schedule");
        }
    }
    /* Before anybody runs: nothing of a former occupant of EL1 is in the TLB. */
    __asm__ volatile("tlbi alle1" : : : "memory");
    dsb(nsh);
    isb();
    start_init();
    for (uint32_t p = 0; p < desc->partition_count; p++) {
        while (!partition_start_step(&module_state.partition[p])) {
        }
    }
    build_console(desc, arena);
    if (CONFIG_SMP) {
        cores_start(arena);
    }
}
