/* SPDX-License-Identifier: Apache-2.0 */
/* See bulkhead/cores.h.  Cores are started one at a time, so that what start-up code has only one
 * of is never used by two. */
#include <asm/context_switch.h>
#include <asm/el2_traps.h>
#include <asm/features.h>
#include <asm/idregs.h>
#include <asm/mitigation.h>
#include <asm/mmu.h>
#include <bulkhead/cores.h>
#include <bulkhead/gic.h>
#include <bulkhead/log.h>
#include <bulkhead/module_state.h>
#include <bulkhead/panic.h>
#include <bulkhead/timer.h>

/* PSCI (DEN 0022D, 5.6). */
#define PSCI_CPU_ON_64 0xc4000003U

/* How long a core may take, from CPU_ON to its word that it is ready, or from the end of the boot
 * core's last frame to the end of its own. */
#define PATIENCE_NS UINT64_C(1000000000)
/* How often a waiting core looks.  It sleeps in between: an emulator that runs cores in turn would
 * otherwise spend its time on the one that waits. */
#define LOOK_NS UINT64_C(20000)
/* From the decision about the first frame to its start: waiting cores see it in time. */
#define LEAD_NS (4U * LOOK_NS)

static uint64_t ticks(uint64_t ns)
{
    return ns_to_ticks(ns, module_state.counter_hz);
}

static enum core_state state_of(const struct core *core)
{
    return __atomic_load_n(&core->state, __ATOMIC_ACQUIRE);
}

static void set_state(struct core *core, enum core_state state)
{
    __atomic_store_n(&core->state, state, __ATOMIC_RELEASE);
}

/* Sleeps for a while; the guard timer wakes the core though interrupts are masked. */
static void sleep(void)
{
    guard_arm(counter_now() + ticks(LOOK_NS));
    __asm__ volatile("wfi" : : : "memory");
    guard_disarm();
}

/* Waits until the core is in another state than `from`.  False: in vain. */
static bool await(const struct core *core, enum core_state from)
{
    uint64_t since = counter_now();

    while (state_of(core) == from) {
        if (counter_now() - since > ticks(PATIENCE_NS)) {
            return false;
        }
        sleep();
    }
    return true;
}

void core_init_traps(struct core *core, const struct platform_desc *platform)
{
    core->mitigation = mitigation_of_this_core(platform->psci);
    core->has_pauth = el2_has_pauth() ? 1 : 0;
}

/* --- the boot core's side --------------------------------------------------------------------- */

static void refuse(const struct core *core, const char *reason, int64_t code)
{
    const struct platform_desc *platform = &module_state.desc->platform;

    log_use_uart();
    log_line("refused cpu-start: CPU %u of the schedules (%lx in the tree): %s (%ld)", core->cpu,
             platform->cpu_mpidr[core->cpu], reason, code);
    log_line("end status=refused");
    machine_off();
}

/* Stacks with guard pages, at addresses of their own. */
static void give_stacks(struct core *core, struct arena *arena)
{
    uint8_t *stack = arena_take(arena, CONFIG_STACK_BYTES, PAGE_BYTES);
    uint8_t *emergency = arena_take(arena, PAGE_BYTES, PAGE_BYTES);

    if (stack == NULL || emergency == NULL) {
        panic("the start-up pool is too small for the stacks of core %u", core->index);
    }
    core->stack_top = mmu_map_stack(stack, CONFIG_STACK_BYTES);
    core->emergency_top = mmu_map_stack(emergency, PAGE_BYTES);
}

static const char *words_for(int64_t result)
{
    switch (result) {
    case -2:
        return "the firmware does not know it";
    case -4:
    case -5:
        return "it is on already: two CPUs of the tree with one address?";
    default:
        return "the firmware will not start it";
    }
}

static void start(struct core *core)
{
    const struct platform_desc *platform = &module_state.desc->platform;
    int64_t result;

    if (platform->psci == PSCI_NONE) {
        refuse(core, "the tree has no PSCI, by which it would be started", 0);
    }
    result = (int64_t)firmware_call(PSCI_CPU_ON_64, platform->cpu_mpidr[core->cpu],
                                    mmu_physical(secondary_entry).pa, (uint64_t)(uintptr_t)core,
                                    platform->psci == PSCI_HVC);

    /* Results are 32 bits wide in some firmware's registers. */
    result = (int32_t)result;
    if (result != 0) {
        refuse(core, words_for(result), result);
    }
    if (!await(core, CORE_OFF)) {
        refuse(core,
               "the firmware has started it, but it does not come up: at another level than "
               "EL2, or not at all",
               0);
    }
    if (state_of(core) == CORE_REFUSED) {
        refuse(core, core->refusal, 0);
    }
}

void cores_start(struct arena *arena)
{
    uint32_t count = module_state.desc->core_count;

    set_state(&boot_core, CORE_READY);
    if (count == 1) {
        return;
    }
    mmu_map_identity(true);
    for (uint32_t c = 1; c < count; c++) {
        give_stacks(module_state.core[c], arena);
        start(module_state.core[c]);
    }
    mmu_map_identity(false);
    log_line("cores started=%u", count);
}

uint64_t cores_first_frame(void)
{
    uint64_t lead = CONFIG_SMP && module_state.desc->core_count > 1 ? ticks(LEAD_NS) : 0;
    /* The first frame starts after the time that any boundary has. */
    uint64_t first = counter_now() + lead + boot_core.guard_ticks;

    __atomic_store_n(&module_state.first_frame, first, __ATOMIC_RELEASE);
    return first;
}

bool cores_wait_for_end(void)
{
    bool all = true;

    for (uint32_t c = 1; CONFIG_SMP && c < module_state.desc->core_count; c++) {
        if (!await(module_state.core[c], CORE_READY)) {
            log_line("core %u has not ended", c);
            all = false;
        }
    }
    return all;
}

/* --- the other cores' side -------------------------------------------------------------------- */

/* What keeps this core from running the module; NULL if nothing does. */
static const char *init_core(struct core *core)
{
    const struct platform_desc *platform = &module_state.desc->platform;
    uint32_t vector_bits = 0;
    uint32_t features = 0;

    if (counter_hz() != module_state.counter_hz) {
        return "its CNTFRQ_EL0 is not the boot core's: firmware must set it";
    }
    if (CONFIG_CPU_FEATURES) {
        features = features_of_core(core, &vector_bits);
    }
    if (!idregs_match(features)) {
        return "its features are not those of the boot core, which guests were told";
    }
    el2_traps_init();
    if (CONFIG_CPU_FEATURES && vector_bits != 0 && !sve_lengths_match(vector_bits)) {
        return "its vectors have other lengths than the boot core's, which guests were granted";
    }
    timer_init_core();
    core_init_traps(core, platform);
    sysreg_write(vtcr_el2, module_state.vtcr);
    __asm__ volatile("tlbi alle1" : : : "memory");
    dsb(nsh);
    isb();
    return gic->init_core(platform, core);
}

void secondary_main(struct core *core)
{
    uint64_t first;

    core->refusal = init_core(core);
    set_state(core, core->refusal == NULL ? CORE_READY : CORE_REFUSED);
    while ((first = __atomic_load_n(&module_state.first_frame, __ATOMIC_ACQUIRE)) == 0) {
        if (core->refusal == NULL) {
            sleep();
        }
    }
    core_run(core, first);
}

void module_core_end(struct core *core)
{
    if (CONFIG_SMP && core->index != 0) {
        guard_disarm();
        set_state(core, CORE_ENDED);
        for (;;) {
            __asm__ volatile("wfi");
        }
    }
    module_end();
}
