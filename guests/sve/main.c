/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a partition keep its vector registers over its windows, and find nothing in them that is not
 * its own?  With SVE as it was granted, without it as it was not.
 *
 * Parameter 0: windows (0 = 20).  1: bits of the longest vector that was granted (0: no SVE).
 * 2: id of the partition whose patterns to look for.  3: what to do (enum doing).  4: of that.
 *
 *     sve: life id=N frame=N reason=N bits=N zcr=N entry_bad=N foreign=N id_bad=N
 *     sve: windows id=N windows=N kept_bad=N foreign=N
 *     sve: plain id=N windows=N kept_bad=N foreign=N granted_bad=N
 *     sve: second id=N rounds=N entry_bad=N kept_bad=N foreign=N bits=N
 *
 * entry_bad: words that are not zero at the start; kept_bad: bytes or settings that are not as they
 * were left; foreign: words with the other's pattern; id_bad and granted_bad: identification
 * registers and instructions that do not say what the description says.
 */
#include "sve.h"

#include <bulkhead/abi.h>
#include <guest.h>

#define WINDOWS_DEFAULT 20U
#define BAD_LINES       10U
#define FFR_OFFSET(b)   (SVE_BYTES(b) - (b) / 8)

#define PSCI_CPU_OFF      UINT64_C(0x84000002) /* DEN 0022, 5.1 */
#define PSCI_CPU_ON       UINT64_C(0xc4000003)
#define PSCI_AFFINITY     UINT64_C(0xc4000004)
#define PSCI_SYSTEM_RESET UINT64_C(0x84000009)
#define AFFINITY_OFF      1U

#define CPACR_ZEN           (UINT64_C(3) << 16)
#define ESR_UNDEFINED       UINT64_C(0x02000000) /* EC 0, IL 1 (Arm ARM DDI 0487, ESR_EL1) */
#define GICD_IPRIORITYR     0x400U
#define REASON_MASK         0xffU
#define FIELD(value, shift) ((value) >> (shift)&0xfU)

#define zcr_read()       sysreg_read(S3_0_C1_C2_0)
#define zcr_write(value) sysreg_write(S3_0_C1_C2_0, value)
#define pfr0_read()      sysreg_read(id_aa64pfr0_el1)
#define zfr0_read()      sysreg_read(S3_0_C0_C4_4)

enum doing { DOING_WINDOWS, DOING_RESETS, DOING_SECOND, DOING_WARM_START, DOING_NOISE };

static struct sve_registers wanted;
static struct sve_registers seen;
static struct sve_registers seen_by_second;
static uint64_t kept_bad;
static uint64_t foreign;

static struct {
    volatile uint64_t rounds;
    volatile uint64_t entry_bad;
    volatile uint64_t foreign;
    volatile uint64_t bytes;
} second;

static uint64_t other(void)
{
    return guest_params.word[2];
}

/* Whose it is, when, where: never zero, and nobody else's. */
static uint64_t pattern(uint64_t id, uint64_t window, uint64_t index)
{
    return (UINT64_C(0x5ee50000) | id) << 32 | window << 16 | index;
}

static uint64_t foreign_words(const struct sve_registers *registers, uint64_t bytes)
{
    uint64_t count = 0;

    for (uint64_t i = 0; i < bytes / 8; i++) {
        count += registers->word[i] >> 32 == (UINT64_C(0x5ee50000) | other());
    }
    return count;
}

/* Vectors of `bytes`.  FFR is ones up to some element, as only an FFR can be (WRFFR). */
static void fill(struct sve_registers *to, uint64_t id, uint64_t window, uint64_t bytes)
{
    uint8_t *ffr = (uint8_t *)to->word + FFR_OFFSET(bytes);
    uint64_t ones = (window * 7 + id * 3) % (bytes + 1);

    for (uint64_t i = 0; i < countof(to->word); i++) {
        to->word[i] = pattern(id, window, i);
    }
    for (uint64_t bit = 0; bit < bytes; bit++) {
        if (bit % 8 == 0) {
            ffr[bit / 8] = 0;
        }
        ffr[bit / 8] |= (uint8_t)((bit < ones ? 1U : 0U) << bit % 8);
    }
}

static void bad(const char *what, uint64_t window, uint64_t at, uint64_t found, uint64_t expected)
{
    if (++kept_bad <= BAD_LINES) {
        print("sve: bad %s window=%lu at=%lu is %lx, not %lx\n", what, window, at, found, expected);
    }
}

static void compare(const char *what, uint64_t window, uint64_t begin, uint64_t end)
{
    const uint8_t *a = (const uint8_t *)seen.word;
    const uint8_t *b = (const uint8_t *)wanted.word;

    for (uint64_t i = begin; i < end; i++) {
        if (a[i] != b[i]) {
            bad(what, window, i, a[i], b[i]);
        }
    }
}

/* The vectors' first `narrow` bytes are as wanted, the rest may have become zero. */
static void compare_narrow(uint64_t window, uint64_t narrow, uint64_t bytes)
{
    const uint8_t *a = (const uint8_t *)seen.word;
    const uint8_t *b = (const uint8_t *)wanted.word;

    for (uint64_t i = 0; i < SVE_VECTORS * bytes; i++) {
        if (a[i] != b[i] && (i % bytes < narrow || a[i] != 0)) {
            bad("narrow", window, i, a[i], b[i]);
        }
    }
}

/* Zero bits above 128 in a vector that FP or SIMD wrote. */
static void fill_simd(uint64_t id, uint64_t window, uint64_t bytes)
{
    static struct sve_registers q;

    for (uint64_t i = 0; i < SVE_VECTORS * 2; i++) {
        q.word[i] = pattern(id, window, i);
    }
    simd_write(&q);
    for (uint64_t i = 0; i < SVE_VECTORS * bytes / 8; i++) {
        uint64_t n = i / (bytes / 8);
        uint64_t part = i % (bytes / 8);

        wanted.word[i] = part < 2 ? pattern(id, window, 2 * n + part) : 0;
    }
}

static void wait_for_next_window(void)
{
    struct guest_window window;

    window_read(&window);
    delay_until(window.start_ticks + window.duration_ticks);
}

/* In turn: all of every register; shorter vectors over the switch; the 128 bits of SIMD. */
static void one_window(uint64_t id, uint64_t window, uint64_t bytes)
{
    uint64_t length = window % 3 == 1 ? window / 3 % (bytes / 16) : 15;
    uint64_t narrow;

    fill(&wanted, id, window, bytes);
    sve_write(&wanted);
    if (window % 3 == 2) {
        fill_simd(id, window, bytes);
    }
    zcr_write(length);
    isb();
    length = zcr_read();
    narrow = sve_vector_bytes();
    wait_for_next_window();
    if (zcr_read() != length || sve_vector_bytes() != narrow) {
        bad("zcr", window, 0, zcr_read(), length);
    }
    zcr_write(15);
    isb();
    sve_read(&seen);
    foreign += foreign_words(&seen, SVE_BYTES(bytes));
    if (narrow == bytes) {
        compare("register", window, 0, SVE_BYTES(bytes));
    } else {
        compare_narrow(window, narrow, bytes);
    }
}

static void plain_window(uint64_t id, uint64_t window)
{
    fill(&wanted, id, window, 16);
    simd_write(&wanted);
    wait_for_next_window();
    simd_read(&seen);
    foreign += foreign_words(&seen, SVE_VECTORS * 16);
    compare("simd", window, 0, SVE_VECTORS * 16);
}

static bool is_undefined(void)
{
    return probe_end() == 1 && guest_probe.esr == ESR_UNDEFINED;
}

static uint64_t without(void)
{
    uint64_t wrong = (FIELD(pfr0_read(), 32) | zfr0_read()) != 0;

    probe_begin();
    (void)sve_vector_bytes();
    wrong += !is_undefined();
    probe_begin();
    (void)zcr_read();
    wrong += !is_undefined();
    probe_begin();
    zcr_write(0);
    wrong += !is_undefined();
    return wrong;
}

static void plain(uint64_t id, uint64_t windows)
{
    uint64_t wrong = without();

    for (uint64_t i = 0; i < windows; i++) {
        plain_window(id, i);
    }
    print("sve: plain id=%lu windows=%lu kept_bad=%lu foreign=%lu granted_bad=%lu\n", id, windows,
          kept_bad, foreign, wrong);
}

/* Words that are not zero; all that is there to be read is. */
static uint64_t look_at_start(struct sve_registers *registers, uint64_t *bytes)
{
    uint64_t count = 0;

    for (uint64_t i = 0; i < countof(registers->word); i++) {
        registers->word[i] = 0;
    }
    zcr_write(15);
    isb();
    *bytes = sve_vector_bytes();
    sve_read(registers);
    for (uint64_t i = 0; i < countof(registers->word); i++) {
        count += registers->word[i] != 0;
    }
    return count;
}

void sve_second_main(uint64_t argument)
{
    static struct sve_registers own;
    uint64_t zcr = zcr_read();
    uint64_t bytes;

    second.entry_bad += look_at_start(&seen_by_second, &bytes) + (zcr != 0);
    second.foreign += foreign_words(&seen_by_second, SVE_BYTES(bytes));
    second.bytes = bytes;
    fill(&own, argument, second.rounds, bytes);
    sve_write(&own);
    second.rounds++;
    dsb();
    hvc(PSCI_CPU_OFF, 0, 0, 0);
}

static void turn_on_and_off(uint64_t id, uint64_t rounds, uint64_t bytes)
{
    for (uint64_t i = 0; i < rounds; i++) {
        fill(&wanted, id, i, bytes);
        sve_write(&wanted);
        hvc(PSCI_CPU_ON, 1, (uint64_t)sve_second_entry, id);
        while (second.rounds == i || hvc(PSCI_AFFINITY, 1, 0, 0).x[0] != AFFINITY_OFF) {
        }
        sve_read(&seen);
        compare("beside the second", i, 0, SVE_BYTES(bytes));
    }
    print("sve: second id=%lu rounds=%lu entry_bad=%lu kept_bad=%lu foreign=%lu bits=%lu\n", id,
          second.rounds, second.entry_bad, kept_bad, second.foreign + foreign, 8 * second.bytes);
}

/* All registers, and traps at the same time, until the end. */
static void make_noise(uint64_t id, uint64_t bytes)
{
    gic_init();
    for (uint64_t i = 0;; i++) {
        fill(&wanted, id, i, bytes);
        for (unsigned n = 0; n < 64; n++) {
            sve_write(&wanted);
            write32(GICD_BASE + GICD_IPRIORITYR + 32, (uint32_t)i);
        }
    }
}

static uint64_t reason(void)
{
    return hvc(BH_PARTITION_STATUS, 0, 0, 0).x[1] & REASON_MASK;
}

/* FMMLA of doubles needs 256 bits; SME is not granted with it. */
static unsigned wrong_in_id_registers(uint64_t bytes)
{
    bool f64mm = FIELD(zfr0_read(), 56) != 0;
    bool sme = FIELD(sysreg_read(id_aa64pfr1_el1), 24) != 0;

    return FIELD(pfr0_read(), 32) != 1 || sme || (f64mm && bytes < 32) ? 1 : 0;
}

static void granted(uint64_t id, uint64_t windows)
{
    struct guest_window window;
    uint64_t zcr = zcr_read();
    uint64_t bytes;
    uint64_t entry_bad = look_at_start(&seen, &bytes);
    uint64_t found = foreign_words(&seen, SVE_BYTES(bytes));

    window_read(&window);
    print("sve: life id=%lu frame=%u reason=%lu bits=%lu zcr=%lu entry_bad=%lu foreign=%lu "
          "id_bad=%u\n",
          id, window.frame, reason(), 8 * bytes, zcr, entry_bad, found,
          wrong_in_id_registers(bytes));
    switch (guest_params.word[3]) {
    case DOING_WINDOWS:
        for (uint64_t i = 0; i < windows; i++) {
            one_window(id, i, bytes);
        }
        print("sve: windows id=%lu windows=%lu kept_bad=%lu foreign=%lu\n", id, windows, kept_bad,
              foreign);
        break;
    case DOING_RESETS:
        fill(&wanted, id, window.frame, bytes);
        sve_write(&wanted);
        if (window.frame < guest_params.word[4]) {
            hvc(PSCI_SYSTEM_RESET, 0, 0, 0);
        }
        break;
    case DOING_SECOND:
        turn_on_and_off(id, windows, bytes);
        break;
    case DOING_WARM_START:
        fill(&wanted, id, window.frame, bytes);
        sve_write(&wanted);
        if (reason() != BH_START_WARM) {
            hvc(BH_SET_MODULE_SCHEDULE, 1, 0, 0);
        }
        break;
    default:
        make_noise(id, bytes);
        break;
    }
}

int main(void)
{
    uint64_t windows = guest_params.word[0] != 0 ? guest_params.word[0] : WINDOWS_DEFAULT;

    sysreg_write(cpacr_el1, sysreg_read(cpacr_el1) | CPACR_ZEN);
    isb();
    if (guest_params.word[1] == 0) {
        plain(guest_partition_id(), windows);
    } else {
        granted(guest_partition_id(), windows);
    }
    for (;;) {
        insn("wfi");
    }
}
