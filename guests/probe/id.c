/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which features does a guest find?  Each field that must be hidden reads as absent;
 * a field that may show something stays below its limit; the whole trapped space can be read.
 */
#include "probe.h"

struct id_field {
    const char *name;
    uint8_t crm;
    uint8_t op2;
    uint8_t shift;
    uint8_t max;
};

static const struct id_field id_debug[] = {
    {"DFR0.TraceVer", 5, 0, 4, 0},     {"DFR0.PMUVer", 5, 0, 8, 0},
    {"DFR0.PMSS", 5, 0, 16, 0},        {"DFR0.SEBEP", 5, 0, 24, 0},
    {"DFR0.CTX_CMPs", 5, 0, 28, 0},    {"DFR0.PMSVer", 5, 0, 32, 0},
    {"DFR0.DoubleLock", 5, 0, 36, 0},  {"DFR0.TraceFilt", 5, 0, 40, 0},
    {"DFR0.TraceBuffer", 5, 0, 44, 0}, {"DFR0.MTPMU", 5, 0, 48, 0},
    {"DFR0.BRBE", 5, 0, 52, 0},        {"DFR0.HPMN0", 5, 0, 60, 0},
    {"ID_DFR0.CopTrc", 1, 2, 12, 0},   {"ID_DFR0.MMapTrc", 1, 2, 16, 0},
    {"ID_DFR0.PerfMon", 1, 2, 24, 0},  {"ID_DFR0.TraceFilt", 1, 2, 28, 0},
};

static const struct id_field id_processor[] = {
    {"PFR0.EL0", 4, 0, 0, 2},         {"PFR0.EL1", 4, 0, 4, 1},        {"PFR0.EL2", 4, 0, 8, 0},
    {"PFR0.EL3", 4, 0, 12, 0},        {"PFR0.RAS", 4, 0, 28, 0},       {"PFR0.SVE", 4, 0, 32, 0},
    {"PFR0.SEL2", 4, 0, 36, 0},       {"PFR0.MPAM", 4, 0, 40, 0},      {"PFR0.AMU", 4, 0, 44, 0},
    {"PFR0.RME", 4, 0, 52, 0},        {"PFR0.CSV2", 4, 0, 56, 1},      {"PFR1.MTE", 4, 1, 8, 0},
    {"PFR1.RAS_frac", 4, 1, 12, 0},   {"PFR1.MPAM_frac", 4, 1, 16, 0}, {"PFR1.SME", 4, 1, 24, 0},
    {"PFR1.RNDR_trap", 4, 1, 28, 0},  {"PFR1.CSV2_frac", 4, 1, 32, 1}, {"PFR1.NMI", 4, 1, 36, 0},
    {"PFR1.MTE_frac", 4, 1, 40, 0},   {"PFR1.GCS", 4, 1, 44, 0},       {"PFR1.THE", 4, 1, 48, 0},
    {"PFR1.DF2", 4, 1, 56, 0},        {"ID_PFR0.AMU", 1, 0, 20, 0},    {"ID_PFR0.RAS", 1, 0, 28, 0},
    {"ID_PFR1.Security", 1, 1, 4, 0}, {"ID_PFR1.Virt", 1, 1, 12, 0},   {"ID_PFR1.GIC", 1, 1, 28, 0},
};

static const struct id_field id_instructions[] = {
    {"ISAR0.TME", 6, 0, 24, 0}, {"ISAR1.XS", 6, 1, 56, 0},   {"ISAR1.LS64", 6, 1, 60, 0},
    {"ISAR2.WFxT", 6, 2, 0, 0}, {"ISAR2.MOPS", 6, 2, 16, 0}, {"ISAR2.SYSREG_128", 6, 2, 32, 0},
};

static const struct id_field id_memory[] = {
    {"MMFR0.PARange", 7, 0, 0, 5},    {"MMFR0.BigEnd", 7, 0, 8, 0},
    {"MMFR0.SNSMem", 7, 0, 12, 0},    {"MMFR0.BigEndEL0", 7, 0, 16, 0},
    {"MMFR0.TGran16_2", 7, 0, 32, 0}, {"MMFR0.FGT", 7, 0, 56, 0},
    {"MMFR0.ECV", 7, 0, 60, 0},       {"MMFR1.VMIDBits", 7, 1, 4, 0},
    {"MMFR1.VH", 7, 1, 8, 0},         {"MMFR1.LO", 7, 1, 16, 0},
    {"MMFR1.XNX", 7, 1, 28, 0},       {"MMFR1.TWED", 7, 1, 32, 0},
    {"MMFR1.HCX", 7, 1, 40, 0},       {"MMFR1.TIDCP1", 7, 1, 52, 0},
    {"MMFR1.CMOW", 7, 1, 56, 0},      {"MMFR2.IESB", 7, 2, 12, 0},
    {"MMFR2.NV", 7, 2, 24, 0},        {"MMFR2.FWB", 7, 2, 40, 0},
    {"MMFR2.EVT", 7, 2, 56, 0},
};

/* Registers that read as zero as a whole: SVE and SME features, what is newer than this kernel,
 * what is not allocated. */
static const struct id_field id_zero[] = {
    {"PFR2", 4, 2, 0, 0},    {"CRm4 op3", 4, 3, 0, 0}, {"ZFR0", 4, 4, 0, 0},
    {"SMFR0", 4, 5, 0, 0},   {"CRm4 op6", 4, 6, 0, 0}, {"FPFR0", 4, 7, 0, 0},
    {"DFR1", 5, 1, 0, 0},    {"DFR2", 5, 2, 0, 0},     {"AFR0", 5, 4, 0, 0},
    {"AFR1", 5, 5, 0, 0},    {"ISAR3", 6, 3, 0, 0},    {"CRm6 op7", 6, 7, 0, 0},
    {"MMFR3", 7, 3, 0, 0},   {"MMFR4", 7, 4, 0, 0},    {"CRm7 op7", 7, 7, 0, 0},
    {"ID_AFR0", 1, 3, 0, 0}, {"ID_DFR1", 3, 5, 0, 0},  {"CRm3 op7", 3, 7, 0, 0},
};

static uint64_t id_read(const char *name, unsigned int crm, unsigned int op2)
{
    uint64_t x0 = UINT64_MAX;
    uint64_t esr = execute(WORD_MRS(KEY(3U, 0U, 0U, crm, op2)), &x0);

    check_that(esr == 0, name, "read: ESR %lx, CRm %lu", esr, crm);
    return x0;
}

static uint64_t id_field(const char *name, unsigned int crm, unsigned int op2, unsigned int shift)
{
    return id_read(name, crm, op2) >> shift & 0xf;
}

static void check_fields(const char *name, const struct id_field *field, size_t count)
{
    check_begin(name);
    for (size_t i = 0; i < count; i++) {
        uint64_t value = id_field(field[i].name, field[i].crm, field[i].op2, field[i].shift);

        check_that(value <= field[i].max, field[i].name, "is %lu, limit %lu", value, field[i].max);
    }
    check_end();
}

/* What a guest needs in order to run is there, and what Armv8.0 demands. */
static void check_present(void)
{
    uint64_t el0, fp, simd, gic;

    check_begin("id-present");
    el0 = id_field("PFR0.EL0", 4, 0, 0);
    check_that(el0 == 1 || el0 == 2, "PFR0.EL0", "is %lu (%lu)", el0, 0);
    check_that(id_field("PFR0.EL1", 4, 0, 4) == 1, "PFR0.EL1", "is not 1 (%lu %lu)", 0, 0);
    fp = id_field("PFR0.FP", 4, 0, 16);
    simd = id_field("PFR0.AdvSIMD", 4, 0, 20);
    check_that(fp <= 1 && simd == fp, "PFR0.FP", "is %lu, AdvSIMD %lu", fp, simd);
    gic = id_field("PFR0.GIC", 4, 0, 24);
    check_that(gic == (gic_is_v3 ? 1 : 0), "PFR0.GIC", "is %lu (%lu)", gic, 0);
    check_that(id_field("DFR0.DebugVer", 5, 0, 0) == 6, "DFR0.DebugVer", "is not 6 (%lu %lu)", 0,
               0);
    check_that(id_field("DFR0.BRPs", 5, 0, 12) == 1, "DFR0.BRPs", "is not 1 (%lu %lu)", 0, 0);
    check_that(id_field("DFR0.WRPs", 5, 0, 20) == 1, "DFR0.WRPs", "is not 1 (%lu %lu)", 0, 0);
    check_that(id_field("MMFR0.TGran4", 7, 0, 28) == 0, "MMFR0.TGran4", "is not 0 (%lu %lu)", 0, 0);
    check_that((el0 == 2) == (id_field("ID_PFR0.State0", 1, 0, 0) == 1), "ID_PFR0.State0",
               "contradicts PFR0.EL0 %lu (%lu)", el0, 0);
    check_end();
}

/* The whole group reads without an exception and cannot be written. */
static void check_space(void)
{
    uint64_t x0 = 0;

    check_begin("id-space");
    for (unsigned int crm = 1; crm <= 7; crm++) {
        for (unsigned int op2 = 0; op2 <= 7; op2++) {
            uint64_t esr;

            id_read("read", crm, op2);
            esr = execute(WORD_MSR(KEY(3U, 0U, 0U, crm, op2)), &x0);
            check_that(esr == ESR_UNDEFINED, "write", "ESR %lx, CRm %lu", esr, crm);
        }
    }
    check_that(execute(WORD_MRS(KEY(3U, 0U, 0U, 0U, 6U)), &x0) == 0, "REVIDR_EL1", "%lx %lx", x0,
               0);
    check_that(execute(WORD_MRS(KEY(3U, 3U, 0U, 0U, 1U)), &x0) == 0, "CTR_EL0", "%lx %lx", x0, 0);
    check_that(execute(WORD_MRS(KEY(3U, 1U, 0U, 0U, 1U)), &x0) == 0, "CLIDR_EL1", "%lx %lx", x0, 0);
    check_end();
}

/* RNDR has no control at EL2: hidden, but where the core has it, it runs. */
static void check_rndr(void)
{
    uint64_t x0 = 0;
    uint64_t esr;

    check_begin("rndr-hidden");
    check_that(id_field("ISAR0.RNDR", 6, 0, 60) == 0, "ISAR0.RNDR", "is shown (%lu %lu)", 0, 0);
    esr = execute(WORD_MRS(KEY(3U, 3U, 2U, 4U, 0U)), &x0);
    check_that(esr == 0 || esr == ESR_UNDEFINED, "RNDR", "ESR %lx, x0 %lx", esr, x0);
    check_end();
}

void check_id_registers(void)
{
    check_fields("id-debug", id_debug, countof(id_debug));
    check_fields("id-processor", id_processor, countof(id_processor));
    check_fields("id-instructions", id_instructions, countof(id_instructions));
    check_fields("id-memory", id_memory, countof(id_memory));
    check_begin("id-zero");
    for (size_t i = 0; i < countof(id_zero); i++) {
        uint64_t value = id_read(id_zero[i].name, id_zero[i].crm, id_zero[i].op2);

        check_that(value == 0, id_zero[i].name, "is %lx (%lu)", value, 0);
    }
    check_end();
    check_present();
    check_space();
    check_rndr();
}
