/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a partition find anything of another one's in its registers or memory, and all of its own?
 * Two partitions run this image.  Each looks at its registers and its memory as it first finds
 * them; then it fills every register with a pattern of its own, sits through the switch to its next
 * window with nothing but registers, and compares.
 *
 * Parameter 0: windows (0 = 20).  1: bytes of its memory to look through at the start (0 = none).
 * 2: id of the partition whose patterns to look for.
 *
 *     leak: id=N windows=N entry_bad=N kept_bad=N dirty_bytes=N known=N
 *
 * `known` is the number of registers in which the other's pattern could be told from nothing.
 */
#include "leak.h"

#define WINDOWS_DEFAULT 20U
#define BAD_LINES       20U /* at most so many single findings are printed */
#define FDT_MAGIC       0xd00dfeedU
#define SGI_KEPT        3U

/* ID_AA64ISAR1_EL1: APA, API, GPA, GPI (Arm ARM DDI 0487, D17.2.61). */
#define ISAR1_APA_API UINT64_C(0xff0)
#define ISAR1_GPA_GPI UINT64_C(0xff000000)
#define KEY_COUNT     10U

_Static_assert(offsetof(struct leak_registers, sp) == LEAK_SP, "hold.S");
_Static_assert(offsetof(struct leak_registers, nzcv) == LEAK_NZCV, "hold.S");
_Static_assert(offsetof(struct leak_registers, fpcr) == LEAK_FPCR, "hold.S");
_Static_assert(offsetof(struct leak_registers, q) == LEAK_Q, "hold.S");
_Static_assert(sizeof(struct leak_registers) == LEAK_BYTES, "hold.S");

#define sysreg_write_pmr(bits)     sysreg_write(S3_0_C4_C6_0, bits)
#define sysreg_write_bpr(bits)     sysreg_write(S3_0_C12_C12_3, bits)
#define sysreg_write_enable(bits)  sysreg_write(S3_0_C12_C12_7, bits)
#define sysreg_write_bpr0(bits)    sysreg_write(S3_0_C12_C8_3, bits)
#define sysreg_write_enable0(bits) sysreg_write(S3_0_C12_C12_6, bits)
#define sysreg_write_active0(bits) sysreg_write(S3_0_C12_C8_4, bits)

static const char *const sysreg_name[] = {
#define REGISTER(name, read, write) #name,
#include "sysregs.h"
#undef REGISTER
    "apia_lo", "apia_hi", "apib_lo", "apib_hi", "apda_lo",
    "apda_hi", "apdb_lo", "apdb_hi", "apga_lo", "apga_hi",
};

#define SYSREG_COUNT countof(sysreg_name)

static uint64_t entry_bad;
static uint64_t kept_bad;

static uint64_t pattern(uint64_t id, uint64_t index)
{
    uint64_t value = UINT64_C(0x9e3779b97f4a7c15) * (id * 1000 + index + 1);

    return value ^ value >> 29;
}

static uint64_t running_priority(void)
{
    return gic_is_v3 ? sysreg_read(S3_0_C12_C11_3) : read32(GICC_BASE + 0x14);
}

static void keys_read(uint64_t key[KEY_COUNT])
{
    uint64_t isar1 = sysreg_read(id_aa64isar1_el1);

    for (unsigned i = 0; i < KEY_COUNT; i++) {
        key[i] = 0;
    }
    if ((isar1 & ISAR1_APA_API) != 0) {
        key[0] = sysreg_read(S3_0_C2_C1_0);
        key[1] = sysreg_read(S3_0_C2_C1_1);
        key[2] = sysreg_read(S3_0_C2_C1_2);
        key[3] = sysreg_read(S3_0_C2_C1_3);
        key[4] = sysreg_read(S3_0_C2_C2_0);
        key[5] = sysreg_read(S3_0_C2_C2_1);
        key[6] = sysreg_read(S3_0_C2_C2_2);
        key[7] = sysreg_read(S3_0_C2_C2_3);
    }
    if ((isar1 & ISAR1_GPA_GPI) != 0) {
        key[8] = sysreg_read(S3_0_C2_C3_0);
        key[9] = sysreg_read(S3_0_C2_C3_1);
    }
}

static void keys_write(const uint64_t key[KEY_COUNT])
{
    uint64_t isar1 = sysreg_read(id_aa64isar1_el1);

    if ((isar1 & ISAR1_APA_API) != 0) {
        sysreg_write(S3_0_C2_C1_0, key[0]);
        sysreg_write(S3_0_C2_C1_1, key[1]);
        sysreg_write(S3_0_C2_C1_2, key[2]);
        sysreg_write(S3_0_C2_C1_3, key[3]);
        sysreg_write(S3_0_C2_C2_0, key[4]);
        sysreg_write(S3_0_C2_C2_1, key[5]);
        sysreg_write(S3_0_C2_C2_2, key[6]);
        sysreg_write(S3_0_C2_C2_3, key[7]);
    }
    if ((isar1 & ISAR1_GPA_GPI) != 0) {
        sysreg_write(S3_0_C2_C3_0, key[8]);
        sysreg_write(S3_0_C2_C3_1, key[9]);
    }
}

static void sysregs_read(uint64_t seen[SYSREG_COUNT])
{
    uint64_t *next = seen;

#define REGISTER(name, read, write) *next++ = (read);
#include "sysregs.h"
#undef REGISTER
    keys_read(next);
}

static void sysregs_fill(uint64_t id)
{
    uint64_t index = 0;
    uint64_t value;
    uint64_t key[KEY_COUNT];

#define REGISTER(name, read, write)                                                                \
    value = pattern(id, index++);                                                                  \
    write;
#include "sysregs.h"
#undef REGISTER
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        key[i] = pattern(id, index + i);
    }
    keys_write(key);
    isb();
}

static void report(uint64_t *count, const char *when, const char *name, uint64_t index,
                   uint64_t seen, uint64_t wanted)
{
    if (++*count <= BAD_LINES) {
        print("leak: bad %s %s[%lu] is %016lx, not %016lx\n", when, name, index, seen, wanted);
    }
}

/* What a fill of `id` reads back as.  The present values are put back but for what only a fill and
 * the caller's later check care about. */
static void sysregs_of(uint64_t id, uint64_t wanted[SYSREG_COUNT])
{
    uint64_t vbar = sysreg_read(vbar_el1);

    sysregs_fill(id);
    sysregs_read(wanted);
    sysreg_write(vbar_el1, vbar);
    isb();
}

/* FPCR and FPSR have fixed bits: the pattern is what reads back. */
static void want(uint64_t id)
{
    uint64_t index = 100;

    for (unsigned i = 0; i < 31; i++) {
        leak_want.x[i] = pattern(id, index++);
    }
    leak_want.sp = pattern(id, index++);
    leak_want.nzcv = pattern(id, index++) & UINT64_C(0xf0000000);
    for (unsigned i = 0; i < 64; i++) {
        leak_want.q[i] = pattern(id, index++);
    }
    /* AHP, DN, FZ, RMode; QC and the cumulative exception bits (D17.2, FPCR and FPSR). */
    leak_want.fpcr = pattern(id, index++) & UINT64_C(0x07c00000);
    leak_want.fpsr = pattern(id, index++) & UINT64_C(0x0800009f);
}

/* A partition starts with nothing but the argument in x0. */
static void check_entry_registers(void)
{
    for (unsigned i = 1; i < 31; i++) {
        if (guest_boot.x[i] != 0) {
            report(&entry_bad, "entry", "x", i, guest_boot.x[i], 0);
        }
    }
    for (unsigned i = 0; i < 64; i++) {
        if (guest_boot.q[i] != 0) {
            report(&entry_bad, "entry", "q", i, guest_boot.q[i], 0);
        }
    }
    if (guest_boot.sp != 0) {
        report(&entry_bad, "entry", "sp", 0, guest_boot.sp, 0);
    }
    if (guest_boot.nzcv != 0) {
        report(&entry_bad, "entry", "nzcv", 0, guest_boot.nzcv, 0);
    }
    if (guest_boot.fpcr != 0 || guest_boot.fpsr != 0) {
        report(&entry_bad, "entry", "fpcr", 0, guest_boot.fpcr | guest_boot.fpsr, 0);
    }
}

/* Returns the bytes of memory behind the image that are not zero; the device tree may be there. */
static uint64_t check_memory(uint64_t bytes)
{
    uint64_t end = GUEST_BASE + bytes;
    uint64_t tree = guest_boot.x[0];
    uint64_t tree_end = tree;
    uint64_t dirty = 0;

    if (tree != 0 && __builtin_bswap32(read32(tree)) == FDT_MAGIC) {
        tree_end = (tree + __builtin_bswap32(read32(tree + 4)) + 7) & ~UINT64_C(7);
    }
    for (uint64_t at = (uint64_t)guest_bss_end; at < end; at += 8) {
        if (at >= tree && at < tree_end) {
            continue;
        }
        if (*(const volatile uint64_t *)at != 0) {
            if (dirty == 0) {
                print("leak: memory at 0x%lx is %016lx\n", at, *(const volatile uint64_t *)at);
            }
            dirty += 8;
        }
    }
    return dirty;
}

/* Keeps an interrupt active so that the running priority is state, too. */
static void keep_sgi_active(uint64_t id)
{
    uint32_t iar;

    gic_set_priority(SGI_KEPT, (uint8_t)(0x20 * (id + 1)));
    gic_enable(SGI_KEPT);
    gic_sgi_self(SGI_KEPT);
    iar = gic_ack();
    if ((iar & 1023U) != SGI_KEPT) {
        print("leak: the SGI did not come: %u\n", iar);
        kept_bad++;
    }
}

int main(void)
{
    static uint64_t entry[SYSREG_COUNT];
    static uint64_t foreign[SYSREG_COUNT];
    static uint64_t own[SYSREG_COUNT];
    static uint64_t seen[SYSREG_COUNT];
    uint64_t windows = guest_params.word[0] != 0 ? guest_params.word[0] : WINDOWS_DEFAULT;
    uint64_t id = guest_partition_id();
    uint64_t vbar = sysreg_read(vbar_el1);
    struct guest_window window;
    uint64_t known = 0;
    uint64_t dirty;

    gic_detect();
    sysregs_read(entry);
    dirty = check_memory(guest_params.word[1]);
    check_entry_registers();
    if (running_priority() != 0xff) {
        report(&entry_bad, "entry", "running priority", 0, running_priority(), 0xff);
    }
    sysregs_of(guest_params.word[2], foreign);
    sysregs_of(id, own);
    for (unsigned i = 0; i < SYSREG_COUNT; i++) {
        /* Without a value that depends on who filled it nothing can be told. */
        if (foreign[i] == 0 || foreign[i] == own[i]) {
            continue;
        }
        known++;
        if (foreign[i] == entry[i]) {
            report(&entry_bad, "entry", sysreg_name[i], 0, entry[i], 0);
        }
    }
    gic_init();
    keep_sgi_active(id);
    want(id);
    for (uint64_t i = 0; i < windows; i++) {
        sysregs_of(id, own);
        if (!window_read(&window)) {
            guest_stop("no kernel below that has windows");
        }
        sysregs_fill(id);
        if (i % 2 == 0) {
            hold_low(window.start_ticks + window.duration_ticks);
        } else {
            hold_high(window.start_ticks + window.duration_ticks);
        }
        sysregs_read(seen);
        sysreg_write(vbar_el1, vbar);
        isb();
        for (unsigned j = 0; j < SYSREG_COUNT; j++) {
            if (seen[j] != own[j]) {
                report(&kept_bad, "kept", sysreg_name[j], i, seen[j], own[j]);
            }
        }
        for (unsigned j = 0; j < sizeof(leak_want) / 8; j++) {
            uint64_t found = ((const uint64_t *)&leak_seen)[j];
            uint64_t wanted = ((const uint64_t *)&leak_want)[j];

            if (found != wanted) {
                report(&kept_bad, "kept", "word", j, found, wanted);
            }
        }
    }
    print("leak: id=%lu windows=%lu entry_bad=%lu kept_bad=%lu dirty_bytes=%lu known=%lu\n", id,
          windows, entry_bad, kept_bad, dirty, known);
    for (;;) {
        insn("wfi");
    }
}
