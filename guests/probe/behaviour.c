/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens where a register access is not the whole story?  Breakpoints that must not fire,
 * set/way operations that must not lose data, instructions of hidden extensions, the exclusive
 * monitor and the event register across EL2, the LPI part of the GIC, addresses where nothing is.
 */
#include "probe.h"

#include <bulkhead/abi.h>

#define CPACR_ZEN  (UINT64_C(3) << 16)
#define CPACR_FPEN (UINT64_C(3) << 20)
#define CPACR_SMEN (UINT64_C(3) << 24)

#define DC_ISW  (UINT32_C(0xd5080000) | KEY(0, 0, 7, 6, 2))
#define DC_CSW  (UINT32_C(0xd5080000) | KEY(0, 0, 7, 10, 2))
#define DC_CISW (UINT32_C(0xd5080000) | KEY(0, 0, 7, 14, 2))

struct instruction {
    const char *name;
    uint32_t word;
};

/* Arm ARM C8.2 (SVE), C9.2 (SME), C6.2 (base). */
static const struct instruction sve_instruction[] = {
    {"CNTB x0", 0x0420e3e0},
    {"RDVL x0, #1", 0x04bf5020},
    {"PTRUE p0.b", 0x2518e3e0},
};
static const struct instruction sme_instruction[] = {
    {"SMSTART", 0xd503477f},
    {"RDSVL x0, #1", 0x04bf5820},
    {"ZERO {za}", 0xc00800ff},
};
static const struct instruction ls64_instruction[] = {
    {"LD64B x0, [x8]", 0xf83fd100},          {"ST64B x0, [x8]", 0xf83f9100},
    {"ST64BV0 x1, x0, [x8]", 0xf821a100},    {"TSTART x0", 0xd5233060},
    {"CPYFP [x0]!, [x1]!, x2!", 0x19010440},
};

static const uint64_t data_word = UINT64_C(0x0123456789abcdef);
static volatile uint64_t data[8] __attribute__((aligned(64)));

static void check_instructions(const char *name, const struct instruction *instruction,
                               size_t count)
{
    uint64_t cpacr = sysreg_read(cpacr_el1);

    check_begin(name);
    /* As in registers.c: what remains shut is shut by EL2. */
    sysreg_write(cpacr_el1, CPACR_ZEN | CPACR_FPEN | CPACR_SMEN);
    isb();
    for (size_t i = 0; i < count; i++) {
        uint64_t x0 = (uint64_t)data;
        uint64_t esr = execute(instruction[i].word, &x0);

        check_that(esr == ESR_UNDEFINED, instruction[i].name, "ESR %lx, x0 %lx", esr, x0);
    }
    sysreg_write(cpacr_el1, cpacr);
    isb();
    check_end();
}

/* A breakpoint on the next instruction and a watchpoint on data, everything enabled. */
static void check_no_debug_exceptions(void)
{
    uint64_t x0 = 0;
    uint64_t count;

    check_begin("debug-no-exceptions");
    execute(UINT32_C(0xd503201f), &x0); /* NOP: the slot now holds it */
    probe_begin();
    sysreg_write(dbgwvr0_el1, (uint64_t)data);
    sysreg_write(dbgwcr0_el1, 0x1fff);
    sysreg_write(dbgbvr0_el1, (uint64_t) && breakpoint);
    sysreg_write(dbgbcr0_el1, 0x1e7);
    sysreg_write(oslar_el1, 0);
    sysreg_write(mdscr_el1, BIT(15) | BIT(13) | BIT(0)); /* MDE, KDE, SS */
    insn("msr daifclr, #8");
    isb();
    data[0] = data_word;
breakpoint:
    insn("nop");
    insn("msr daifset, #8");
    sysreg_write(mdscr_el1, 0);
    count = probe_end();
    check_that(count == 0, "taken", "%lu, ESR %lx", count, guest_probe.esr);
    check_end();
}

static const struct instruction set_way_operation[] = {
    {"DC ISW", DC_ISW}, {"DC CSW", DC_CSW}, {"DC CISW", DC_CISW}};

/* Memory of this partition (1 MiB), in lines of 64 bytes: a flush takes an instruction for each at
 * least; an operation that finds nothing to do takes less than SHORT. */
#define FLUSH_INSNS  UINT64_C(16384)
#define SHORT_INSNS  UINT64_C(4096)
#define SHORT_ROUNDS 8U /* one of them is not cut by a window's end */

static uint64_t set_way_ns(void)
{
    uint64_t x0 = 0;
    uint64_t before = counter_read();

    execute(DC_CISW, &x0);
    return ns_from_ticks(counter_read() - before);
}

static void expect_nothing_left(const char *when)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < SHORT_ROUNDS; i++) {
        uint64_t ns = set_way_ns();

        least = ns < least ? ns : least;
    }
    check_that(least < SHORT_INSNS, when, "takes %lu ns, not below %lu", least, SHORT_INSNS);
}

static void expect_flush(const char *when)
{
    uint64_t ns = set_way_ns();

    check_that(ns >= FLUSH_INSNS, when, "takes %lu ns, less than %lu", ns, FLUSH_INSNS);
}

/* Writes all that HCR_EL2.TVM traps but SCTLR_EL1, and says what it then holds. */
#define MEMORY_REGISTERS 10U

static void write_memory_registers(uint64_t found[MEMORY_REGISTERS])
{
    unsigned i = 0;

#define WRITE(name, value)                                                                         \
    sysreg_write(name, value);                                                                     \
    found[i++] = sysreg_read(name)
    WRITE(ttbr0_el1, GUEST_BASE + 0x5000);
    WRITE(ttbr1_el1, GUEST_BASE + 0x6000);
    WRITE(tcr_el1, UINT64_C(0x180803519));
    WRITE(afsr0_el1, 0x11);
    WRITE(afsr1_el1, 0x22);
    WRITE(esr_el1, 0x5a00001f);
    WRITE(far_el1, data_word);
    WRITE(mair_el1, UINT64_C(0x00000000004404ff));
    WRITE(amair_el1, 0x33);
    WRITE(contextidr_el1, 0x77);
#undef WRITE
}

/* Set/way operations lose nothing; the first one after the caches were switched flushes. */
static void check_set_way(void)
{
    uint64_t native[MEMORY_REGISTERS];
    uint64_t trapped[MEMORY_REGISTERS];

    check_begin("set-way");
    write_memory_registers(native);
    mmu_on();
    for (size_t i = 0; i < countof(set_way_operation); i++) {
        const char *name = set_way_operation[i].name;

        for (size_t j = 0; j < countof(data); j++) {
            data[j] = data_word + j;
        }
        for (uint64_t set = 0; set < 4; set++) {
            uint64_t x0 = set << 6; /* level 1, way 0 */
            uint64_t esr = execute(set_way_operation[i].word, &x0);

            check_that(esr == 0, name, "ESR %lx, set %lu", esr, set);
        }
        for (size_t j = 0; j < countof(data); j++) {
            check_that(data[j] == data_word + j, name, "lost data: %lx at %lu", data[j], j);
        }
    }
    expect_nothing_left("a second operation");
    mmu_off();
    expect_nothing_left("an operation after the caches went off");
    write_memory_registers(trapped);
    for (unsigned i = 0; i < MEMORY_REGISTERS; i++) {
        check_that(trapped[i] == native[i], "memory register", "%lx, natively %lx", trapped[i],
                   native[i]);
    }
    mmu_on();
    expect_flush("the first operation after the caches came on");
    expect_nothing_left("the one after that");
    mmu_off();
    check_end();
}

/* A store-exclusive after a visit to EL2 fails: the monitor says nothing about others. */
static void check_exclusive_monitor(void)
{
    uint32_t failed;
    uint64_t value;

    check_begin("exclusive-monitor");
    mmu_on();
    __asm__ volatile("ldxr  %1, [%2]\n\t"
                     "stxr  %w0, %1, [%2]"
                     : "=&r"(failed), "=&r"(value)
                     : "r"(&data[0])
                     : "memory");
    check_that(failed == 0, "undisturbed", "STXR failed: %lu %lx", failed, value);
    __asm__ volatile("mov   x0, %3\n\t"
                     "ldxr  %1, [%2]\n\t"
                     "hvc   #0\n\t"
                     "stxr  %w0, %1, [%2]"
                     : "=&r"(failed), "=&r"(value)
                     : "r"(&data[0]), "r"(UINT64_C(BH_PARTITION_ID))
                     : "x0", "x1", "x2", "x3", "memory");
    check_that(failed == 1, "across EL2", "STXR succeeded: %lu %lx", failed, value);
    mmu_off();
    check_end();
}

static void check_wait_for_event(void)
{
    uint64_t count;

    check_begin("wait-for-event");
    probe_begin();
    insn("sevl\n\twfe");
    insn("sev\n\twfe");
    count = probe_end();
    check_that(count == 0, "trapped", "%lu, ESR %lx", count, guest_probe.esr);
    check_end();
}

/* CPACR_EL1 is the guest's: what it shuts is shut for it, and comes back as written. */
static void check_cpacr(void)
{
    uint64_t cpacr = sysreg_read(cpacr_el1);
    uint64_t x0 = 0;
    uint64_t esr;

    check_begin("cpacr");
    sysreg_write(cpacr_el1, 0);
    isb();
    esr = execute(UINT32_C(0x9e670000), &x0); /* FMOV d0, x0 */
    check_that(ESR_EC(esr) == 0x07, "FP shut", "ESR %lx (%lu)", esr, 0);
    hvc(BH_PARTITION_ID, 0, 0, 0);
    check_that((sysreg_read(cpacr_el1) & CPACR_FPEN) == 0, "kept", "CPACR_EL1 %lx (%lu)",
               sysreg_read(cpacr_el1), 0);
    sysreg_write(cpacr_el1, CPACR_FPEN);
    isb();
    esr = execute(UINT32_C(0x9e670000), &x0);
    check_that(esr == 0, "FP open", "ESR %lx (%lu)", esr, 0);
    sysreg_write(cpacr_el1, cpacr);
    isb();
    check_end();
}

/* State of hidden extensions that has no trap starts as nothing. */
static void check_untrapped_state(void)
{
    static const struct {
        const char *name;
        uint32_t key;
    } state[] = {{"DISR_EL1", KEY(3, 0, 12, 1, 1)}, {"TPIDR2_EL0", KEY(3, 3, 13, 0, 5)}};

    check_begin("untrapped-state");
    for (size_t i = 0; i < countof(state); i++) {
        uint64_t x0 = UINT64_MAX;
        uint64_t esr = execute(WORD_MRS(state[i].key), &x0);

        check_that(esr == ESR_UNDEFINED || (esr == 0 && x0 == 0), state[i].name, "ESR %lx, is %lx",
                   esr, x0);
        /* Left behind on purpose: the next partition must not find it. */
        x0 = data_word;
        execute(WORD_MSR(state[i].key), &x0);
    }
    check_end();
}

/* Broadcast and outer-shareable maintenance of own translations is allowed (and a residual). */
static void check_tlb_maintenance(void)
{
    uint64_t count;

    check_begin("own-maintenance");
    probe_begin();
    insn("tlbi vmalle1is\n\tdsb ish\n\tic ialluis\n\tdsb ish\n\tisb");
    insn("tlbi vmalle1\n\tic iallu\n\tdsb nsh\n\tisb");
    count = probe_end();
    check_that(count == 0, "exception", "%lu, ESR %lx", count, guest_probe.esr);
    check_end();
}

/* IHI 0069H, 12.9 and 12.11. */
#define GICD_TYPER_LPIS   BIT(17)
#define GICR_CTLR         UINT64_C(0x0)
#define GICR_TYPER        UINT64_C(0x8)
#define GICR_TYPER_LPI    (BIT(0) | BIT(1)) /* PLPIS, VLPIS */
#define ITS_BASE          UINT64_C(0x08080000)
#define NOTHING_THERE     UINT64_C(0x0a000000)
#define EC_DATA_ABORT     0x25U
#define EC_FETCH_ABORT    0x21U
#define FSC_EXTERNAL_MASK UINT64_C(0x3f)
#define FSC_EXTERNAL      UINT64_C(0x10)

static void check_lpis(void)
{
    static const uint64_t offset[] = {0x40, 0x48, 0x70, 0x78, 0xa0, 0xb0, 0xc0}; /* SETLPIR.. */

    check_begin("gicr-lpis");
    if (gic_is_v3) {
        check_that((read32(GICD_BASE + 4) & GICD_TYPER_LPIS) == 0, "GICD_TYPER", "LPIS %lx (%lu)",
                   read32(GICD_BASE + 4), 0);
        check_that((read32(GICR_BASE + GICR_TYPER) & GICR_TYPER_LPI) == 0, "GICR_TYPER",
                   "PLPIS %lx (%lu)", read32(GICR_BASE + GICR_TYPER), 0);
        write32(GICR_BASE + GICR_CTLR, 1);
        check_that((read32(GICR_BASE + GICR_CTLR) & 1) == 0, "GICR_CTLR", "EnableLPIs %lx (%lu)",
                   read32(GICR_BASE + GICR_CTLR), 0);
        for (size_t i = 0; i < countof(offset); i++) {
            write32(GICR_BASE + offset[i], UINT32_MAX);
            check_that(read32(GICR_BASE + offset[i]) == 0, "LPI register", "at %lx: %lx", offset[i],
                       read32(GICR_BASE + offset[i]));
        }
    }
    check_end();
}

/* --- loads and stores that EL2 carries out ---------------------------------------------------- */

/* Priorities of four shared interrupts: bytes that may be written, with sign bits set and clear; a
 * word is 0x80f87088.  Only the upper five bits of each count. */
#define PRIORITIES      (GICD_BASE + 0x428)
#define PRIORITIES_WORD UINT32_C(0x80f87088)
#define GICR_PIDR2      UINT64_C(0xffe8)
#define GICD_IROUTER40  (GICD_BASE + 0x6000 + 8 * 40)

/* What x0 holds after a load to it from x1, with x2 = 2; it was all ones. */
#define LOADED(text, address)                                                                      \
    ({                                                                                             \
        register uint64_t x0 __asm__("x0") = UINT64_MAX;                                           \
        register uint64_t x1 __asm__("x1") = (address);                                            \
        register uint64_t x2 __asm__("x2") = 2;                                                    \
        __asm__ volatile(text : "+r"(x0) : "r"(x1), "r"(x2) : "memory");                           \
        x0;                                                                                        \
    })

#define EXPECT_LOAD(text, address, expected)                                                       \
    do {                                                                                           \
        uint64_t loaded_value = LOADED(text, address);                                             \
        check_that(loaded_value == (expected), text, "%lx, expected %lx", loaded_value,            \
                   (uint64_t)(expected));                                                          \
    } while (0)

/* What the four bytes are after a store of x0 = value to x1, with x2 = 2; they were 0x10 each. */
#define EXPECT_STORE(text, offset, value, expected)                                                \
    do {                                                                                           \
        register uint64_t x0 __asm__("x0") = (value);                                              \
        register uint64_t x1 __asm__("x1") = PRIORITIES + (offset);                                \
        register uint64_t x2 __asm__("x2") = 2;                                                    \
        write32(PRIORITIES, UINT32_C(0x10101010));                                                 \
        __asm__ volatile(text : : "r"(x0), "r"(x1), "r"(x2) : "memory");                           \
        check_that(read32(PRIORITIES) == (expected), text, "%lx, expected %lx",                    \
                   read32(PRIORITIES), (uint64_t)(expected));                                      \
    } while (0)

static void check_loads(void)
{
    write32(PRIORITIES, PRIORITIES_WORD);
    EXPECT_LOAD("ldrb w0, [x1]", PRIORITIES, 0x88);
    EXPECT_LOAD("ldrb w0, [x1, #2]", PRIORITIES, 0xf8);
    EXPECT_LOAD("ldrb w0, [x1, x2]", PRIORITIES, 0xf8);
    EXPECT_LOAD("ldurb w0, [x1, #-1]", PRIORITIES + 2, 0x70);
    EXPECT_LOAD("ldtrb w0, [x1]", PRIORITIES, 0x88);
    EXPECT_LOAD("ldarb w0, [x1]", PRIORITIES, 0x88);
    EXPECT_LOAD("ldrsb w0, [x1]", PRIORITIES, UINT64_C(0xffffff88));
    EXPECT_LOAD("ldrsb w0, [x1]", PRIORITIES + 1, 0x70);
    EXPECT_LOAD("ldrsb x0, [x1]", PRIORITIES, UINT64_C(0xffffffffffffff88));
    EXPECT_LOAD("ldursb x0, [x1]", PRIORITIES + 1, 0x70);
    EXPECT_LOAD("ldtrsb x0, [x1]", PRIORITIES + 3, UINT64_C(0xffffffffffffff80));
    EXPECT_LOAD("ldrh w0, [x1]", PRIORITIES, 0x7088);
    EXPECT_LOAD("ldrh w0, [x1, x2]", PRIORITIES, 0x80f8);
    EXPECT_LOAD("ldrh w0, [x1, w2, uxtw #1]", PRIORITIES - 2, 0x80f8);
    EXPECT_LOAD("ldarh w0, [x1]", PRIORITIES, 0x7088);
    EXPECT_LOAD("ldrsh w0, [x1, #2]", PRIORITIES, UINT64_C(0xffff80f8));
    EXPECT_LOAD("ldrsh x0, [x1, #2]", PRIORITIES, UINT64_C(0xffffffffffff80f8));
    EXPECT_LOAD("ldtrsh x0, [x1]", PRIORITIES, 0x7088);
    EXPECT_LOAD("ldr w0, [x1]", PRIORITIES, PRIORITIES_WORD);
    EXPECT_LOAD("ldur w0, [x1, #-4]", PRIORITIES + 4, PRIORITIES_WORD);
    EXPECT_LOAD("ldtr w0, [x1]", PRIORITIES, PRIORITIES_WORD);
    EXPECT_LOAD("ldar w0, [x1]", PRIORITIES, PRIORITIES_WORD);
    EXPECT_LOAD("ldr w0, [x1, x2, lsl #2]", PRIORITIES - 8, PRIORITIES_WORD);
    EXPECT_LOAD("ldrsw x0, [x1]", PRIORITIES, UINT64_C(0xffffffff80f87088));
    EXPECT_LOAD("ldursw x0, [x1]", PRIORITIES, UINT64_C(0xffffffff80f87088));
    /* To the zero register: read and forgotten. */
    EXPECT_LOAD("ldr wzr, [x1]", PRIORITIES, UINT64_MAX);
    EXPECT_LOAD("ldrsb xzr, [x1]", PRIORITIES, UINT64_MAX);
    if (gic_is_v3) {
        uint64_t typer = GICR_BASE + GICR_TYPER;

        EXPECT_LOAD("ldr x0, [x1]", typer, (uint64_t)read32(typer + 4) << 32 | read32(typer));
        EXPECT_LOAD("ldur x0, [x1]", typer, (uint64_t)read32(typer + 4) << 32 | read32(typer));
        EXPECT_LOAD("ldr xzr, [x1]", typer, UINT64_MAX);
        EXPECT_LOAD("ldr w0, [x1]", GICR_BASE + GICR_PIDR2, 0x3b);
    }
}

static void check_stores(void)
{
    EXPECT_STORE("strb w0, [x1]", 0, UINT64_C(0xffffffffffffff88), 0x10101088);
    EXPECT_STORE("strb w0, [x1, x2]", 1, 0x12345688, 0x88101010);
    EXPECT_STORE("sturb w0, [x1, #-1]", 2, 0x70, 0x10107010);
    EXPECT_STORE("sttrb w0, [x1]", 3, 0xf8, 0xf8101010);
    EXPECT_STORE("stlrb w0, [x1]", 1, 0xf8, 0x1010f810);
    EXPECT_STORE("strb wzr, [x1]", 2, UINT64_MAX, 0x10001010);
    EXPECT_STORE("strh w0, [x1]", 2, UINT64_C(0xffffffff123480f8), 0x80f81010);
    EXPECT_STORE("stlrh w0, [x1]", 0, 0x7088, 0x10107088);
    EXPECT_STORE("strh wzr, [x1, #2]", 0, UINT64_MAX, 0x00001010);
    EXPECT_STORE("str w0, [x1]", 0, UINT64_C(0x5555555580f87088), PRIORITIES_WORD);
    EXPECT_STORE("str w0, [x1, w2, sxtw #2]", -8UL, PRIORITIES_WORD, PRIORITIES_WORD);
    EXPECT_STORE("stur w0, [x1]", 0, PRIORITIES_WORD, PRIORITIES_WORD);
    EXPECT_STORE("sttr w0, [x1]", 0, PRIORITIES_WORD, PRIORITIES_WORD);
    EXPECT_STORE("stlr w0, [x1]", 0, PRIORITIES_WORD, PRIORITIES_WORD);
    EXPECT_STORE("str wzr, [x1]", 0, UINT64_MAX, 0);
    EXPECT_STORE("prfm pldl1keep, [x1]", 0, 0, 0x10101010);
    if (gic_is_v3) {
        __asm__ volatile("str %0, [%1]" : : "r"(UINT64_C(0)), "r"(GICD_IROUTER40) : "memory");
        EXPECT_LOAD("ldr x0, [x1]", GICD_IROUTER40, 0);
        __asm__ volatile("str xzr, [%0]" : : "r"(GICD_IROUTER40) : "memory");
        EXPECT_LOAD("ldr x0, [x1]", GICD_IROUTER40, 0);
    }
}

static void check_device_access(void)
{
    check_begin("device-access");
    check_loads();
    check_stores();
    write32(PRIORITIES, 0);
    check_end();
}

static void expect_nothing_at(const char *what, uint64_t address)
{
    uint64_t count;

    probe_begin();
    read32(address);
    count = probe_end();
    check_that(count == 1 && ESR_EC(guest_probe.esr) == EC_DATA_ABORT &&
                   (guest_probe.esr & FSC_EXTERNAL_MASK) == FSC_EXTERNAL,
               what, "read: %lu exceptions, ESR %lx", count, guest_probe.esr);
    check_that(guest_probe.far == address, what, "FAR %lx, not %lx", guest_probe.far, address);
    probe_begin();
    write32(address, 1);
    count = probe_end();
    check_that(count == 1 && (guest_probe.esr & BIT(6)) != 0, what, "write: %lu, ESR %lx", count,
               guest_probe.esr);
}

/* Forms that come without a syndrome: to an address where nothing is they abort like the others. */
#define NO_SYNDROME(text)                                                                          \
    do {                                                                                           \
        uint64_t base = NOTHING_THERE;                                                             \
        probe_begin();                                                                             \
        __asm__ volatile("mov x1, %0\n\t" text "\n\tmov %0, x1"                                    \
                         : "+r"(base)                                                              \
                         :                                                                         \
                         : "x0", "x1", "x2", "memory");                                            \
        count = probe_end();                                                                       \
        check_that(count == 1 && ESR_EC(guest_probe.esr) == EC_DATA_ABORT &&                       \
                       (guest_probe.esr & FSC_EXTERNAL_MASK) == FSC_EXTERNAL,                      \
                   text, "%lu exceptions, ESR %lx", count, guest_probe.esr);                       \
        check_that(base == NOTHING_THERE, text, "written back: %lx (%lu)", base, 0);               \
    } while (0)

static void expect_aborts_without_syndrome(void)
{
    uint64_t cpacr = sysreg_read(cpacr_el1);
    uint64_t count;

    sysreg_write(cpacr_el1, CPACR_FPEN);
    isb();
    NO_SYNDROME("ldp x0, x2, [x1]");
    NO_SYNDROME("stp x0, x2, [x1]");
    NO_SYNDROME("ldp w0, w2, [x1, #8]!");
    NO_SYNDROME("ldr x0, [x1], #8");
    NO_SYNDROME("str w0, [x1, #4]!");
    NO_SYNDROME("ldxr w0, [x1]");
    NO_SYNDROME(".inst 0x3dc00020"); /* ldr q0, [x1] */
    NO_SYNDROME(".inst 0x0c007020"); /* st1 {v0.8b}, [x1] */
    sysreg_write(cpacr_el1, cpacr);
    isb();
}

static void check_nothing_there(void)
{
    void (*fetch)(void) = (void (*)(void))(uintptr_t)NOTHING_THERE;
    uint64_t count;

    check_begin("its-absent");
    expect_nothing_at("GITS_CTLR", ITS_BASE);
    expect_nothing_at("GITS_TRANSLATER", ITS_BASE + 0x10040);
    check_end();

    check_begin("unmapped");
    expect_nothing_at("data", NOTHING_THERE);
    expect_nothing_at("top of the space", UINT64_C(0x3ffffff000));
    expect_aborts_without_syndrome();
    probe_begin();
    fetch();
    count = probe_end();
    check_that(count == 1 && ESR_EC(guest_probe.esr) == EC_FETCH_ABORT &&
                   (guest_probe.esr & FSC_EXTERNAL_MASK) == FSC_EXTERNAL,
               "fetch", "%lu exceptions, ESR %lx", count, guest_probe.esr);
    check_end();
}

void check_behaviour(void)
{
    check_instructions("sve-instructions", sve_instruction, countof(sve_instruction));
    check_instructions("sme-instructions", sme_instruction, countof(sme_instruction));
    check_instructions("later-instructions", ls64_instruction, countof(ls64_instruction));
    check_no_debug_exceptions();
    check_set_way();
    check_exclusive_monitor();
    check_wait_for_event();
    check_cpacr();
    check_untrapped_state();
    check_tlb_maintenance();
    check_lpis();
    check_device_access();
    check_nothing_there();
}
