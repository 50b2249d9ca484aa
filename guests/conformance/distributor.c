/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do the distributor's registers, and those of the SGI frame that are laid out alike, keep what is
 * written and ignore what must be ignored?  Nothing is delivered here.
 */
#include "conformance.h"

#define WORD_FREE       96U /* first of 32 INTIDs without a device */
#define PPIS_FREE       0x007f0000U
#define TYPER_LINES     0x1fU
#define TYPER_CPUS(t)   ((((t) >> 5) & 7U) + 1U)
#define TYPER_IDBITS(t) (((t) >> 19) & 0x1fU)
#define CTLR_ENABLES    3U
#define CTLR_ARE        BIT(4)
#define CTLR_DS         BIT(6)
#define CTLR_RWP        BIT(31)
#define RWP_POLLS       100000U
#define EDGE_ALL        0xaaaaaaaaU
#define PATTERN         0x5aa500ffU
#define GICD_TYPER2     0x00cU
#define GICD_IGRPMODR   0xd00U
#define V2_ID           0xfd0U
#define V3_ID           0xffd0U
#define PIDR2           0x18U /* from *_ID */
#define CIDR0           0x20U

/* INTIDs 0..31 and 96..127 have registers in both: their first INTID and the bits that are free. */
static const struct {
    uint32_t intid;
    uint32_t bits;
} banks[] = {{0, PPIS_FREE}, {WORD_FREE, UINT32_MAX}};

static void check_typer_lines(const void *subject unused)
{
    uint32_t lines = read32(GICD_BASE + GICD_TYPER) & TYPER_LINES;

    expect(lines >= 3 && lines <= 31, "ITLinesNumber");
    if (gic_is_v3) {
        expect(TYPER_IDBITS(read32(GICD_BASE + GICD_TYPER)) >= 9, "IDbits");
    }
}

static void check_typer_cpus(const void *subject unused)
{
    expect_equal("CPUNumber", TYPER_CPUS(read32(GICD_BASE + GICD_TYPER)), cpu_count());
}

static void check_id_registers(const void *subject unused)
{
    static const uint8_t component[] = {0x0d, 0xf0, 0x05, 0xb1};
    uint64_t id = GICD_BASE + (gic_is_v3 ? V3_ID : V2_ID);

    expect_equal("ArchRev", read32(id + PIDR2) >> 4 & 0xfU, gic_is_v3 ? 3 : 2);
    for (uint32_t i = 0; i < countof(component); i++) {
        expect_equal("CIDR", read32(id + CIDR0 + 4U * i), component[i]);
    }
}

static void check_ctlr_enables(const void *subject unused)
{
    for (uint32_t enables = 0; enables <= CTLR_ENABLES; enables++) {
        write32(GICD_BASE + GICD_CTLR, enables | (gic_is_v3 ? (uint32_t)CTLR_ARE : 0));
        expect_equal("enables", read32(GICD_BASE + GICD_CTLR) & CTLR_ENABLES, enables);
    }
}

static void check_ctlr_routing(const void *subject unused)
{
    write32(GICD_BASE + GICD_CTLR, 0);
    expect((read32(GICD_BASE + GICD_CTLR) & CTLR_DS) != 0, "DS: one security state");
    write32(GICD_BASE + GICD_CTLR, CTLR_ARE);
    expect((read32(GICD_BASE + GICD_CTLR) & CTLR_ARE) != 0, "ARE");
}

static void check_ctlr_rwp(const void *subject unused)
{
    uint32_t polls = 0;

    set_bit(GICD_ICENABLER, WORD_FREE);
    while (polls < RWP_POLLS && (read32(GICD_BASE + GICD_CTLR) & CTLR_RWP) != 0) {
        polls++;
    }
    expect(polls < RWP_POLLS, "RWP stays");
}

/* A pair of set and clear registers: a one changes its bit, a zero none, both read alike. */
static void check_set(uint32_t set, uint32_t clear)
{
    for (uint32_t b = 0; b < countof(banks); b++) {
        uint32_t bits = banks[b].bits;
        uint64_t at = gic_bits(set, banks[b].intid);

        write32(gic_bits(clear, banks[b].intid), bits);
        expect_equal("all clear", read32(at) & bits, 0);
        write32(at, PATTERN & bits);
        expect_equal("ones written", read32(at) & bits, PATTERN & bits);
        write32(at, 0);
        expect_equal("zeros written", read32(at) & bits, PATTERN & bits);
        expect_equal("clear register reads", read32(gic_bits(clear, banks[b].intid)) & bits,
                     PATTERN & bits);
        write32(at, ~PATTERN & bits);
        expect_equal("other ones written", read32(at) & bits, bits);
    }
}

static void check_clear(uint32_t set, uint32_t clear)
{
    for (uint32_t b = 0; b < countof(banks); b++) {
        uint32_t bits = banks[b].bits;
        uint64_t at = gic_bits(clear, banks[b].intid);

        write32(gic_bits(set, banks[b].intid), bits);
        expect_equal("all set", read32(at) & bits, bits);
        write32(at, PATTERN & bits);
        expect_equal("ones written", read32(at) & bits, ~PATTERN & bits);
        write32(at, 0);
        expect_equal("zeros written", read32(at) & bits, ~PATTERN & bits);
        expect_equal("set register reads", read32(gic_bits(set, banks[b].intid)) & bits,
                     ~PATTERN & bits);
        write32(at, ~PATTERN & bits);
        expect_equal("other ones written", read32(at) & bits, 0);
    }
}

static void check_isenabler(const void *subject unused)
{
    check_set(GICD_ISENABLER, GICD_ICENABLER);
}

static void check_icenabler(const void *subject unused)
{
    check_clear(GICD_ISENABLER, GICD_ICENABLER);
}

static void check_ispendr(const void *subject unused)
{
    check_set(GICD_ISPENDR, GICD_ICPENDR);
}

static void check_icpendr(const void *subject unused)
{
    check_clear(GICD_ISPENDR, GICD_ICPENDR);
}

static void check_isactiver(const void *subject unused)
{
    check_set(GICD_ISACTIVER, GICD_ICACTIVER);
}

static void check_icactiver(const void *subject unused)
{
    check_clear(GICD_ISACTIVER, GICD_ICACTIVER);
}

/* Enable, pending and active are three things: changing one changes no other. */
static void check_states_apart(const void *subject unused)
{
    for (uint32_t b = 0; b < countof(banks); b++) {
        uint32_t intid = banks[b].intid + 20U;

        enable(intid);
        expect(!is_pending(intid) && !is_active(intid), "enabled");
        pend(intid);
        set_bit(GICD_ISACTIVER, intid);
        set_bit(GICD_ICENABLER, intid);
        expect(is_pending(intid) && is_active(intid), "disabled");
        set_bit(GICD_ICPENDR, intid);
        expect(is_active(intid) && !is_bit(GICD_ISENABLER, intid), "pending cleared");
        pend(intid);
        set_bit(GICD_ICACTIVER, intid);
        expect(is_pending(intid), "active cleared");
    }
}

/* SGIs' pending bits are set and cleared by registers of their own in GICv2, by these in GICv3. */
static void check_sgi_pending(const void *subject unused)
{
    pend(SGI_FREE);
    expect_equal("ISPENDR", is_pending(SGI_FREE), gic_is_v3);
    set_bit(GICD_ICPENDR, SGI_FREE);
    expect(!is_pending(SGI_FREE), "ICPENDR");
}

static void check_sgi_active(const void *subject unused)
{
    set_bit(GICD_ISACTIVER, SGI_FREE);
    expect(is_active(SGI_FREE), "ISACTIVER");
    set_bit(GICD_ICACTIVER, SGI_FREE);
    expect(!is_active(SGI_FREE), "ICACTIVER");
}

static void check_igroupr(const void *subject unused)
{
    for (uint32_t b = 0; b < countof(banks); b++) {
        uint64_t at = gic_bits(GICD_IGROUPR, banks[b].intid);

        write32(at, PATTERN);
        expect_equal("read back", read32(at), PATTERN);
        write32(at, ~PATTERN);
        expect_equal("inverse", read32(at), ~PATTERN);
    }
}

static uint8_t priority_bits(void)
{
    set_priority(WORD_FREE, 0xff);
    return read8(gic_byte(GICD_IPRIORITYR, WORD_FREE));
}

static void check_priority_bits(const void *subject unused)
{
    uint32_t bits = priority_bits();

    expect((bits & 0xf0U) == 0xf0U, "fewer than 16 levels");
    expect(((~bits & 0xffU) & ((~bits & 0xffU) + 1U)) == 0, "a gap in the implemented bits");
    for (uint32_t intid = 0; intid < 128U; intid++) {
        set_priority(intid, 0xff);
        expect_equal("unlike", read8(gic_byte(GICD_IPRIORITYR, intid)), bits);
        set_priority(intid, 0);
        expect_equal("zero", read8(gic_byte(GICD_IPRIORITYR, intid)), 0);
    }
}

static void check_priority_bytes(const void *subject unused)
{
    for (uint32_t b = 0; b < countof(banks); b++) {
        uint64_t word = gic_byte(GICD_IPRIORITYR, banks[b].intid + 20U);

        write32(word, 0x10203040);
        for (uint32_t i = 0; i < 4; i++) {
            expect_equal("byte of a word", read8(word + i), 0x40U - 0x10U * i);
        }
        write8(word + 1, 0x80);
        expect_equal("one byte written", read32(word), 0x10208040);
        write8(word + 3, 0xf0);
        expect_equal("another byte written", read32(word), 0xf0208040);
    }
}

static void check_half_words(const void *subject unused)
{
    uint64_t word = gic_byte(GICD_IPRIORITYR, WORD_FREE);

    write32(word, 0x10203040);
    expect_equal("low half", read16(word), 0x3040);
    expect_equal("high half", read16(word + 2), 0x1020);
    write16(word + 2, 0x8090);
    expect_equal("half written", read32(word), 0x80903040);
}

static void check_targets_private(const void *subject unused)
{
    uint32_t own = cpu_count() == 1 ? 0 : 0x01010101;

    for (uint32_t intid = 0; intid < 32U; intid += 4U) {
        write32(GICD_BASE + GICD_ITARGETSR + intid, 0);
        expect_equal("reads the reader", read32(GICD_BASE + GICD_ITARGETSR + intid), own);
    }
}

static void check_targets_shared(const void *subject unused)
{
    uint32_t everyone = (1U << cpu_count()) - 1U;
    uint64_t word = GICD_BASE + GICD_ITARGETSR + WORD_FREE;

    if (cpu_count() == 1) {
        everyone = 0;
    }
    write32(word, UINT32_MAX);
    expect_equal("CPUs that exist", read32(word), everyone * 0x01010101U);
    write8(word + 2, 1);
    expect_equal("one byte written", read32(word),
                 (everyone * 0x01010101U & ~0x00ff0000U) | (everyone & 1U) << 16);
    write32(word, 0);
    expect_equal("none", read32(word), 0);
}

static void check_config_shared(const void *subject unused)
{
    uint64_t word = gic_config(WORD_FREE);

    write32(word, 0);
    expect_equal("all level", read32(word), 0);
    write32(word, EDGE_ALL);
    expect_equal("all edge", read32(word), EDGE_ALL);
    write32(word, EDGE_ALL & PATTERN);
    expect_equal("mixed", read32(word), EDGE_ALL & PATTERN);
}

static void check_config_sgi(const void *subject unused)
{
    uint64_t word = gic_config(0);

    expect_equal("reads edge", read32(word) & EDGE_ALL, EDGE_ALL);
    write32(word, 0);
    expect_equal("after writing level", read32(word) & EDGE_ALL, EDGE_ALL);
}

static void check_read_only(const void *subject unused)
{
    static const uint32_t offsets[] = {GICD_TYPER, GICD_IIDR};

    for (uint32_t i = 0; i < countof(offsets); i++) {
        uint32_t value = read32(GICD_BASE + offsets[i]);

        write32(GICD_BASE + offsets[i], ~value);
        expect_equal("changed", read32(GICD_BASE + offsets[i]), value);
    }
}

static void expect_raz_wi(uint64_t address)
{
    write32(address, UINT32_MAX);
    expect_equal("not zero", read32(address), 0);
}

static void check_reserved(const void *subject unused)
{
    static const uint32_t both[] = {GICD_TYPER2,       0x01c, 0x07c, GICD_NSACR,
                                    GICD_NSACR + 0x10, 0xf30, 0xfc0};
    static const uint32_t v3[] = {0x044,  0x05c,  GICD_IGRPMODR, GICD_IGRPMODR + 8,
                                  0x1000, 0x5ff8, 0xc000,        0xffc8};

    for (uint32_t i = 0; i < countof(both); i++) {
        expect_raz_wi(GICD_BASE + both[i]);
    }
    for (uint32_t i = 0; gic_is_v3 && i < countof(v3); i++) {
        expect_raz_wi(GICD_BASE + v3[i]);
    }
}

/* Registers of INTIDs above what TYPER says. */
static void check_beyond_lines(const void *subject unused)
{
    static const uint32_t offsets[] = {GICD_IGROUPR, GICD_ISENABLER, GICD_ICENABLER, GICD_ISPENDR,
                                       GICD_ICPENDR, GICD_ISACTIVER, GICD_ICACTIVER};
    uint32_t words = (read32(GICD_BASE + GICD_TYPER) & TYPER_LINES) + 1U;

    for (uint32_t i = 0; i < countof(offsets); i++) {
        for (uint32_t word = words; word < 32U; word++) {
            expect_raz_wi(GICD_BASE + offsets[i] + 4U * word);
        }
    }
    for (uint32_t intid = 32U * words; intid < 1020U; intid += 4U) {
        expect_raz_wi(GICD_BASE + GICD_IPRIORITYR + intid);
    }
    for (uint32_t intid = 32U * words; intid < 1020U; intid += 16U) {
        expect_raz_wi(GICD_BASE + GICD_ICFGR + intid / 4U);
    }
}

/* With affinity routing the distributor has nothing of private interrupts, nor targets, nor SGIs.
 */
static void check_private_elsewhere(const void *subject unused)
{
    static const uint32_t offsets[] = {GICD_IGROUPR,   GICD_ISENABLER,       GICD_ISPENDR,
                                       GICD_ISACTIVER, GICD_IPRIORITYR + 20, GICD_ICFGR,
                                       GICD_ICFGR + 4, GICD_ITARGETSR + 20,  GICD_ITARGETSR + 96,
                                       GICD_SGIR,      GICD_CPENDSGIR,       GICD_SPENDSGIR};

    for (uint32_t i = 0; i < countof(offsets); i++) {
        expect_raz_wi(GICD_BASE + offsets[i]);
    }
    expect(!is_pending(0), "an SGI by GICD_SGIR");
}

static void check_router(const void *subject unused)
{
    uint64_t router = GICD_BASE + GICD_IROUTER + 8UL * WORD_FREE;

    write64(router, 0);
    expect_equal("zero", read64(router), 0);
    write64(router, 0x00030201);
    expect_equal("affinities 2 to 0", read64(router), 0x00030201);
    write64(router, 1);
    expect_equal("CPU 1", read64(router), 1);
}

static void check_router_halves(const void *subject unused)
{
    uint64_t router = GICD_BASE + GICD_IROUTER + 8UL * WORD_FREE;

    write64(router, 0x00030201);
    expect_equal("low half", read32(router), 0x00030201);
    expect_equal("high half", read32(router + 4), 0);
    write32(router, 1);
    expect_equal("low half written", read64(router), 1);
    write32(router + 4, 0);
    expect_equal("high half written", read64(router), 1);
}

static const struct rule rules[] = {
    {"typer-lines", V2("4.3.2"), V3("12.9 GICD_TYPER"), check_typer_lines},
    {"typer-cpu-number", V2("4.3.2"), NOT_HERE, check_typer_cpus},
    {"id-registers", V2("4.3.18"), V3("12.1.2"), check_id_registers},
    {"ctlr-enables", V2("4.3.1"), V3("12.9 GICD_CTLR"), check_ctlr_enables},
    {"ctlr-affinity-routing", NOT_HERE, V3("12.9 GICD_CTLR"), check_ctlr_routing},
    {"ctlr-rwp-ends", NOT_HERE, V3("12.9 GICD_CTLR"), check_ctlr_rwp},
    {"isenabler-set-only-ones", V2("4.3.5"), V3("12.9 GICD_ISENABLER"), check_isenabler},
    {"icenabler-clear-only-ones", V2("4.3.6"), V3("12.9 GICD_ICENABLER"), check_icenabler},
    {"ispendr-set-only-ones", V2("4.3.7"), V3("12.9 GICD_ISPENDR"), check_ispendr},
    {"icpendr-clear-only-ones", V2("4.3.8"), V3("12.9 GICD_ICPENDR"), check_icpendr},
    {"isactiver-set-only-ones", V2("4.3.9"), V3("12.9 GICD_ISACTIVER"), check_isactiver},
    {"icactiver-clear-only-ones", V2("4.3.10"), V3("12.9 GICD_ICACTIVER"), check_icactiver},
    {"states-apart", V2("3.2.4"), V3("4.1.2"), check_states_apart},
    {"sgi-pending-bits", V2("4.3.7"), V3("12.11 GICR_ISPENDR0"), check_sgi_pending},
    {"sgi-active-bits", V2("4.3.9"), V3("12.11 GICR_ISACTIVER0"), check_sgi_active},
    {"igroupr-read-back", V2("4.3.4"), V3("12.9 GICD_IGROUPR"), check_igroupr},
    {"ipriorityr-bits", V2("3.3"), V3("4.8"), check_priority_bits},
    {"ipriorityr-bytes", V2("4.3.11"), V3("12.9 GICD_IPRIORITYR"), check_priority_bytes},
    {"ipriorityr-half-words", V2("4.1.4, more than asked for"), NOT_HERE, check_half_words},
    {"itargetsr-private", V2("4.3.12"), NOT_HERE, check_targets_private},
    {"itargetsr-shared", V2("4.3.12"), NOT_HERE, check_targets_shared},
    {"icfgr-shared", V2("4.3.13"), V3("12.9 GICD_ICFGR"), check_config_shared},
    {"icfgr-sgi-edge", V2("4.3.13"), V3("12.11 GICR_ICFGR0"), check_config_sgi},
    {"read-only-registers", V2("table 4-1"), V3("table 12-25"), check_read_only},
    {"reserved-raz-wi", V2("table 4-1"), V3("table 12-25"), check_reserved},
    {"beyond-lines-raz-wi", V2("4.3.2"), V3("12.9 GICD_TYPER"), check_beyond_lines},
    {"private-raz-wi", NOT_HERE, V3("12.9 GICD_ISENABLER"), check_private_elsewhere},
    {"irouter-read-back", NOT_HERE, V3("12.9 GICD_IROUTER"), check_router},
    {"irouter-halves", NOT_HERE, V3("12.1.3"), check_router_halves},
};

const struct area area_distributor = {"gicd", rules, countof(rules), NULL, false, false};
