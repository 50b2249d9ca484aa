/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does one vCPU change what is the interrupt controller's for all, or another vCPU's, while that
 * one runs, and is it as if there were one controller?
 */
#include "siblings.h"

#define SETTLE_NS UINT64_C(60000000) /* what is to come, has come: several frames */
#define OTHERS    4U                 /* SPIs of the storm: from SPI_FREE on */
#define TOO_MANY  0x1000U

static uint64_t total(uint32_t intid)
{
    uint64_t sum = 0;

    for (uint32_t v = 0; v < vcpu_count; v++) {
        sum += taken[v][intid];
    }
    return sum;
}

static void begin(uint32_t to)
{
    interrupts_quiet();
    set_target(SPI_FREE, to);
    set_bit(GICD_ISENABLER, SPI_FREE);
    irq_unmask();
}

/* Its handler may be out of its window before it ends the interrupt. */
static void expect_ends(const char *what, uint32_t intid, uint32_t of)
{
    uint64_t limit = patience();

    while ((read32(gic_bits(GICD_ISACTIVER, intid, of)) >> (intid % 32U) & 1U) != 0) {
        if (chunk() > limit) {
            expect(false, what);
            break;
        }
    }
}

/* Pended by vCPU 0, it comes to `to` once. */
static void expect_comes(const char *what, uint32_t intid, uint32_t to)
{
    uint64_t before = taken[to][intid];
    uint64_t all = total(intid);

    set_bit(GICD_ISPENDR, intid);
    expect(wait_until_is(&taken[to][intid], before + 1), what);
    expect_equal(what, total(intid), all + 1);
}

static void check_as_often(void)
{
    for (uint32_t to = 0; to < vcpu_count; to++) {
        begin(to);
        for (uint64_t i = 0; i < rounds; i++) {
            expect_comes("pended", SPI_FREE, to);
        }
    }
}

static uint64_t pend_there(uint64_t count)
{
    uint64_t lost = 0;

    for (uint64_t i = 0; i < count; i++) {
        uint64_t before = taken[0][SPI_FREE];

        set_bit(GICD_ISPENDR, SPI_FREE);
        lost += !wait_until_is(&taken[0][SPI_FREE], before + 1);
    }
    return lost;
}

static void check_from_siblings(void)
{
    for (uint32_t from = 1; from < vcpu_count; from++) {
        uint64_t before = taken[0][SPI_FREE];

        begin(0);
        expect_equal("lost", errand_do(from, pend_there, rounds), 0);
        expect_equal("taken", taken[0][SPI_FREE], before + rounds);
    }
}

/* Active on a sibling, as all see it; what is pended meanwhile comes when it is done. */
static void check_active(void)
{
    for (uint32_t to = 1; to < vcpu_count; to++) {
        uint64_t before = taken[to][SPI_FREE];

        begin(to);
        hold = SPI_FREE;
        set_bit(GICD_ISPENDR, SPI_FREE);
        expect(wait_until_is(&held, 1), "not taken");
        expect(is_bit(GICD_ISACTIVER, SPI_FREE), "not active");
        expect(!is_bit(GICD_ISPENDR, SPI_FREE), "pending");
        set_bit(GICD_ISPENDR, SPI_FREE);
        expect(is_bit(GICD_ISPENDR, SPI_FREE), "not pending again");
        set_bit(GICD_ICPENDR, SPI_FREE);
        expect(!is_bit(GICD_ISPENDR, SPI_FREE), "still pending again");
        expect(is_bit(GICD_ISACTIVER, SPI_FREE), "not active any more");
        set_bit(GICD_ISPENDR, SPI_FREE);
        hold = HOLD_NOTHING;
        expect(wait_until_is(&taken[to][SPI_FREE], before + 2), "does not come again");
        wait_ns(SETTLE_NS / 4);
        expect_equal("taken", taken[to][SPI_FREE], before + 2);
        expect_ends("active at the end", SPI_FREE, to);
    }
}

/* Pending again while a sibling has it active, and routed here meanwhile: comes here at its end. */
static void check_active_moves(void)
{
    for (uint32_t to = 1; to < vcpu_count; to++) {
        uint64_t before = taken[0][SPI_FREE];

        begin(to);
        hold = SPI_FREE;
        set_bit(GICD_ISPENDR, SPI_FREE);
        expect(wait_until_is(&held, 1), "not taken");
        set_target(SPI_FREE, 0);
        set_bit(GICD_ISPENDR, SPI_FREE);
        wait_ns(SETTLE_NS / 4);
        expect_equal("taken while active elsewhere", taken[0][SPI_FREE], before);
        hold = HOLD_NOTHING;
        expect(wait_until_is(&taken[0][SPI_FREE], before + 1), "does not come here");
    }
}

static void check_disabled(void)
{
    for (uint32_t to = 1; to < vcpu_count; to++) {
        uint64_t before = taken[to][SPI_FREE];

        begin(to);
        set_bit(GICD_ICENABLER, SPI_FREE);
        set_bit(GICD_ISPENDR, SPI_FREE);
        wait_ns(SETTLE_NS / 4);
        expect_equal("taken while disabled", taken[to][SPI_FREE], before);
        set_bit(GICD_ISENABLER, SPI_FREE);
        expect(wait_until_is(&taken[to][SPI_FREE], before + 1), "does not come");
        for (uint64_t i = 0; i < rounds / 4; i++) {
            set_bit(GICD_ICENABLER, SPI_FREE);
            set_bit(GICD_ISENABLER, SPI_FREE);
        }
        expect_comes("after many changes", SPI_FREE, to);
    }
}

static volatile uint64_t deaf;

static uint64_t be_deaf(uint64_t argument)
{
    irq_mask();
    deaf = 1;
    while (deaf == 1) {
        chunk();
    }
    irq_unmask();
    isb();
    return argument;
}

/* Pending for one that does not take it, it goes to the next. */
static void check_moved_while_pending(void)
{
    for (uint32_t from = 1; from < vcpu_count; from++) {
        uint32_t to = (from + 1) % vcpu_count;
        uint64_t before = taken[to][SPI_FREE];
        uint64_t all = total(SPI_FREE);

        begin(from);
        deaf = 0;
        errand_begin(from, be_deaf, 0);
        expect(wait_until_is(&deaf, 1), "does not begin");
        set_bit(GICD_ISPENDR, SPI_FREE);
        wait_ns(SETTLE_NS / 8);
        expect(is_bit(GICD_ISPENDR, SPI_FREE), "not pending");
        set_target(SPI_FREE, to);
        expect(wait_until_is(&taken[to][SPI_FREE], before + 1), "does not go to the next");
        deaf = 2;
        errand_end(from);
        wait_ns(SETTLE_NS / 8);
        expect_equal("taken", total(SPI_FREE), all + 1);
    }
}

/* --- another's private interrupts (GICv3) --------------------------------------------------------
 */

static void write_bit_of(uint32_t of, uint32_t offset)
{
    write32(gic_bits(offset, PPI_FREE, of), (uint32_t)BIT(PPI_FREE));
}

static bool is_bit_of(uint32_t of, uint32_t offset)
{
    return (read32(gic_bits(offset, PPI_FREE, of)) >> PPI_FREE & 1U) != 0;
}

static void check_private(void)
{
    for (uint32_t of = 1; of < vcpu_count && gic_is_v3; of++) {
        interrupts_quiet();
        irq_unmask();
        for (uint64_t i = 0; i < rounds / 2; i++) {
            uint64_t before = taken[of][PPI_FREE];

            write_bit_of(of, GICD_ISPENDR);
            expect(wait_until_is(&taken[of][PPI_FREE], before + 1), "does not come");
            expect_equal("taken", taken[of][PPI_FREE], before + 1);
        }
        write_bit_of(of, GICD_ICENABLER);
        write_bit_of(of, GICD_ISPENDR);
        expect(is_bit_of(of, GICD_ISPENDR), "not pending while disabled");
        write_bit_of(of, GICD_ICPENDR);
        write_bit_of(of, GICD_ISENABLER);
        hold = PPI_FREE;
        write_bit_of(of, GICD_ISPENDR);
        expect(wait_until_is(&held, 1), "not taken");
        expect(is_bit_of(of, GICD_ISACTIVER), "not active");
        expect(!is_bit_of(of, GICD_ISPENDR), "pending");
        expect(!is_bit_of(0, GICD_ISACTIVER), "active here");
        hold = HOLD_NOTHING;
        expect_ends("active at the end", PPI_FREE, of);
    }
}

/* --- everybody at once ---------------------------------------------------------------------------
 */

static uint64_t change_anything(uint64_t count)
{
    meet(vcpu_count);
    for (uint64_t i = 0; i < count; i++) {
        uint32_t intid = SPI_FREE + dice(OTHERS);

        switch (dice(8)) {
        case 0:
            set_bit(GICD_ICENABLER, intid);
            break;
        case 1:
        case 2:
            set_bit(GICD_ISENABLER, intid);
            break;
        case 3:
        case 4:
            set_bit(GICD_ISPENDR, intid);
            break;
        case 5:
            set_target(intid, dice(vcpu_count));
            break;
        case 6:
            write8(GICD_BASE + GICD_IPRIORITYR + intid, (uint8_t)(0x80U + 8U * dice(8)));
            break;
        default:
            (void)is_bit(dice(2) == 0 ? GICD_ISACTIVER : GICD_ISPENDR, intid);
            send_sgi(dice(SGI_COUNT), dice(vcpu_count));
            break;
        }
    }
    return 0;
}

static void check_storm(void)
{
    interrupts_quiet();
    irq_unmask();
    everybody_does(change_anything, 2 * rounds);
    interrupts_quiet();
    wait_ns(SETTLE_NS);
    for (uint32_t intid = SPI_FREE; intid < SPI_FREE + OTHERS; intid++) {
        expect_ends("active behind the storm", intid, 0);
        for (uint32_t to = 0; to < vcpu_count; to++) {
            set_target(intid, to);
            set_bit(GICD_ISENABLER, intid);
            expect_comes("behind the storm", intid, to);
        }
    }
}

/* Each vCPU pends an interrupt of its own, which goes to the next one. */
static uint64_t pend_to_next(uint64_t count)
{
    uint32_t intid = SPI_FREE + vcpu_index();
    uint32_t to = (vcpu_index() + 1) % vcpu_count;
    uint64_t lost = 0;

    meet(vcpu_count);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t before = taken[to][intid];

        set_bit(GICD_ISPENDR, intid);
        lost += !wait_until_is(&taken[to][intid], before + 1);
    }
    return lost;
}

static void check_each_its_own(void)
{
    interrupts_quiet();
    for (uint32_t v = 0; v < vcpu_count; v++) {
        for (uint32_t at = 0; at < vcpu_count; at++) {
            taken[at][SPI_FREE + v] = 0;
        }
        set_target(SPI_FREE + v, (v + 1) % vcpu_count);
        set_bit(GICD_ISENABLER, SPI_FREE + v);
    }
    irq_unmask();
    expect_equal("lost", everybody_does(pend_to_next, rounds), 0);
    for (uint32_t v = 0; v < vcpu_count; v++) {
        expect_equal("taken by the next", taken[(v + 1) % vcpu_count][SPI_FREE + v], rounds);
        expect_equal("taken by all", total(SPI_FREE + v), rounds);
    }
}

static const struct rule rules[] = {
    {"comes-as-often-as-pended", check_as_often},
    {"pended-by-siblings", check_from_siblings},
    {"active-on-a-sibling", check_active},
    {"active-elsewhere-comes-here", check_active_moves},
    {"disabled-while-a-sibling-runs", check_disabled},
    {"moved-while-pending", check_moved_while_pending},
    {"private-ones-of-a-sibling", check_private},
    {"each-its-own-at-once", check_each_its_own},
    {"all-change-at-once", check_storm},
};

const struct area area_shared = {"shared", rules, countof(rules), true};
