/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do the GICv3 redistributors tell whose they are and who is the last, sleep and wake, and keep
 * what is written?  (The SGI frame's other registers are in distributor.c.)
 */
#include "conformance.h"

#define GICR_CTLR       0x0000U
#define GICR_IIDR       0x0004U
#define GICR_TYPER      0x0008U
#define GICR_STATUSR    0x0010U
#define GICR_WAKER      0x0014U
#define GICR_PIDR2      0xffe8U
#define GICR_CIDR0      0xfff0U
#define TYPER_LAST      BIT(4)
#define TYPER_VLPIS     BIT(1)
#define TYPER_NUMBER(t) ((t) >> 8 & 0xffffU)
#define WAKER_SLEEP     BIT(1)
#define WAKER_ASLEEP    BIT(2)
#define WAKER_POLLS     100000U
#define PATTERN         0x00550000U

static uint64_t frame(uint32_t cpu)
{
    return GICR_BASE + (uint64_t)cpu * GICR_STRIDE;
}

static void check_affinity(const void *subject unused)
{
    uint64_t mpidr = sysreg_read(mpidr_el1);
    uint64_t own = (mpidr & 0xffffffU) | (mpidr >> 8 & 0xff000000U);

    expect_equal("frame 0", read64(frame(0) + GICR_TYPER) >> 32, own);
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        expect_equal("affinity", read64(frame(cpu) + GICR_TYPER) >> 32, cpu);
        expect_equal("processor number", TYPER_NUMBER(read64(frame(cpu) + GICR_TYPER)), cpu);
        expect((read64(frame(cpu) + GICR_TYPER) & TYPER_VLPIS) == 0, "VLPIS: the stride differs");
    }
}

static void check_last(const void *subject unused)
{
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        expect_equal("Last", (read64(frame(cpu) + GICR_TYPER) & TYPER_LAST) != 0,
                     cpu + 1U == cpu_count());
    }
}

static void check_typer_halves(const void *subject unused)
{
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        uint64_t typer = read64(frame(cpu) + GICR_TYPER);

        expect_equal("low half", read32(frame(cpu) + GICR_TYPER), (uint32_t)typer);
        expect_equal("high half", read32(frame(cpu) + GICR_TYPER + 4), typer >> 32);
    }
}

static void check_id_registers(const void *subject unused)
{
    static const uint8_t component[] = {0x0d, 0xf0, 0x05, 0xb1};

    expect_equal("ArchRev", read32(frame(0) + GICR_PIDR2) >> 4 & 0xfU, 3);
    for (uint32_t i = 0; i < countof(component); i++) {
        expect_equal("CIDR", read32(frame(0) + GICR_CIDR0 + 4U * i), component[i]);
    }
}

static bool asleep_is(bool asleep)
{
    for (uint32_t i = 0; i < WAKER_POLLS; i++) {
        if (((read32(frame(0) + GICR_WAKER) & WAKER_ASLEEP) != 0) == asleep) {
            return true;
        }
    }
    return false;
}

static void check_waker(const void *subject unused)
{
    sysreg_write(S3_0_C12_C12_7, 0); /* ICC_IGRPEN1_EL1: as before a power-down */
    isb();
    write32(frame(0) + GICR_WAKER, WAKER_SLEEP);
    expect(asleep_is(true), "ChildrenAsleep does not rise");
    expect((read32(frame(0) + GICR_WAKER) & WAKER_SLEEP) != 0, "ProcessorSleep");
    write32(frame(0) + GICR_WAKER, 0);
    expect(asleep_is(false), "ChildrenAsleep does not fall");
    expect((read32(frame(0) + GICR_WAKER) & WAKER_SLEEP) == 0, "ProcessorSleep after waking");
}

static void check_ctlr_rwp(const void *subject unused)
{
    uint32_t polls = 0;

    set_bit(GICD_ICENABLER, PPI_FREE);
    while (polls < WAKER_POLLS && (read32(frame(0) + GICR_CTLR) & BIT(3)) != 0) {
        polls++;
    }
    expect(polls < WAKER_POLLS, "RWP stays");
}

static void check_reserved(const void *subject unused)
{
    static const uint32_t offsets[] = {
        0x0030,          0x0100,          0xc000,          0xffc0,          0x10000,
        0x10000 + 0x500, 0x10000 + 0x800, 0x10000 + 0xd00, 0x10000 + 0xe00,
    };

    for (uint32_t i = 0; i < countof(offsets); i++) {
        write32(frame(0) + offsets[i], UINT32_MAX);
        expect_equal("not zero", read32(frame(0) + offsets[i]), 0);
    }
}

static void check_read_only(const void *subject unused)
{
    static const uint32_t offsets[] = {GICR_IIDR, GICR_TYPER, GICR_TYPER + 4};

    for (uint32_t i = 0; i < countof(offsets); i++) {
        uint32_t value = read32(frame(0) + offsets[i]);

        write32(frame(0) + offsets[i], ~value);
        expect_equal("changed", read32(frame(0) + offsets[i]), value);
    }
}

/* Another CPU's private interrupts are reached by its frame, and are not the reader's. */
static void check_other_frame(const void *subject unused)
{
    uint64_t other = frame(1) + GICR_SGI_FRAME;
    uint64_t own = frame(0) + GICR_SGI_FRAME;

    if (cpu_count() < 2) {
        return;
    }
    write32(other + GICD_ICENABLER, UINT32_MAX);
    write32(other + GICD_ISENABLER, PATTERN);
    expect_equal("other", read32(other + GICD_ISENABLER), PATTERN);
    expect_equal("own", read32(own + GICD_ISENABLER), 0);
    write32(other + GICD_IPRIORITYR + PPI_FREE, 0x10203040);
    expect_equal("other's priorities", read32(other + GICD_IPRIORITYR + PPI_FREE), 0x10203040);
    expect_equal("own priorities", read32(own + GICD_IPRIORITYR + PPI_FREE), 0xa0a0a0a0);
    write32(other + GICD_ICENABLER, UINT32_MAX);
    expect_equal("other, cleared", read32(other + GICD_ISENABLER), 0);
}

static const struct rule rules[] = {
    {"typer-affinity", NOT_HERE, V3("12.11 GICR_TYPER"), check_affinity},
    {"typer-last", NOT_HERE, V3("12.11 GICR_TYPER"), check_last},
    {"typer-halves", NOT_HERE, V3("12.1.3"), check_typer_halves},
    {"id-registers", NOT_HERE, V3("12.1.2"), check_id_registers},
    {"waker-sleeps-and-wakes", NOT_HERE, V3("12.11 GICR_WAKER"), check_waker},
    {"ctlr-rwp-ends", NOT_HERE, V3("12.11 GICR_CTLR"), check_ctlr_rwp},
    {"reserved-raz-wi", NOT_HERE, V3("tables 12-27, 12-29"), check_reserved},
    {"read-only-registers", NOT_HERE, V3("table 12-27"), check_read_only},
    {"other-frame", NOT_HERE, V3("12.10"), check_other_frame},
};

const struct area area_redistributor = {"gicr", rules, countof(rules), NULL, false, false};
