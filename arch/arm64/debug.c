/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose are breakpoints, watchpoints and single step?  A partition that was granted self-hosted
 * debug has all that the core has of them, for exceptions from its EL0 and, with MDSCR_EL1.KDE, its
 * EL1, to its EL1.
 *
 * The registers stay trapped (MDCR_EL2.TDA, TDOSA): with them would go the debug communications
 * channel, MDSCR_EL1.HDE, which lets a breakpoint halt the whole core where a debugger is allowed
 * to, and the OS lock, which keeps a debugger out.  So what the guest wrote is in memory, and the
 * core's registers get of it what debug exceptions need.  They are written as rarely as breakpoints
 * are set; the exceptions themselves do not come near EL2.
 *
 * Nothing of it can happen at EL2: debug exceptions go to EL1 (MDCR_EL2.TDE = 0, HCR_EL2.TGE = 0),
 * and none is generated at a level above the one that it would go to, whatever HMC and SSC say (Arm
 * ARM DDI 0487, D2.3, "Enabling debug exceptions from the current Exception level";
 * AArch64.GenerateDebugExceptionsFrom()).  BRK is the exception to that, and EL2 executes none.
 *
 * Invariants: while no such partition runs MDSCR_EL1 is 0, and so are all breakpoints and
 * watchpoints. What a trap emulates counts as the instruction that a single step is about
 * (trap_skip()). State: struct debug_state of the vCPU.  Registers: DDI 0487, D17.3; the saved
 * state of a step is SPSR_EL2.SS, which is part of every context.
 */
#include <asm/debug.h>
#include <asm/esr.h>
#include <asm/sysreg.h>

#define BIT(n) (UINT64_C(1) << (n))

#define MDSCR_SS   BIT(0)
#define MDSCR_TDCC BIT(12)
#define MDSCR_KDE  BIT(13)
#define MDSCR_MDE  BIT(15)
#define MDSCR_OWN  (MDSCR_SS | MDSCR_TDCC | MDSCR_KDE | MDSCR_MDE)
/* E, PMC, BAS, HMC, SSC, LBN, BT; E, PAC, LSC, BAS, HMC, SSC, LBN, WT, MASK. */
#define BCR_OWN     UINT64_C(0x00ffe1e7)
#define WCR_OWN     UINT64_C(0x1f1fffff)
#define BCR_BT(bcr) ((bcr) >> 20 & 0xfU)
#define BT_CONTEXT  3U /* up to it, address and CONTEXTIDR_EL1; beyond, VMID and EL2's registers */
#define OSLAR_LOCK  BIT(0)
#define OSLSR_OSLM  BIT(3)
#define OSLSR_OSLK  BIT(1)
#define CLAIM_TAGS  UINT64_C(0xff)

#define OP2_KEY(esr)  ((unsigned int)((esr) >> 17) & 7U)
#define CRM_KEY(esr)  ((unsigned int)((esr) >> 1) & 0xfU)
#define PAIR_MASK     ESR_SYS_KEY(3, 7, 15, 0, 4)
#define PAIR_VALUE    ESR_SYS_KEY(2, 0, 0, 0, 4)
#define MDSCR_EL1_KEY ESR_SYS_KEY(2, 0, 0, 2, 2)
#define OSLAR_EL1_KEY ESR_SYS_KEY(2, 0, 1, 0, 4)
#define OSLSR_EL1_KEY ESR_SYS_KEY(2, 0, 1, 1, 4)
#define OSDLR_EL1_KEY ESR_SYS_KEY(2, 0, 1, 3, 4)
#define CLAIMSET_KEY  ESR_SYS_KEY(2, 0, 7, 8, 6)
#define CLAIMCLR_KEY  ESR_SYS_KEY(2, 0, 7, 9, 6)

enum pair_register { PAIR_BVR = 4, PAIR_BCR, PAIR_WVR, PAIR_WCR }; /* op2 */

/* DBGBVR<n>, DBGBCR<n>, DBGWVR<n> and DBGWCR<n>_EL1, from the last to the first. */
#define EACH_PAIR(DO)                                                                              \
    DO(15, S2_0_C0_C15_4, S2_0_C0_C15_5, S2_0_C0_C15_6, S2_0_C0_C15_7)                             \
    DO(14, S2_0_C0_C14_4, S2_0_C0_C14_5, S2_0_C0_C14_6, S2_0_C0_C14_7)                             \
    DO(13, S2_0_C0_C13_4, S2_0_C0_C13_5, S2_0_C0_C13_6, S2_0_C0_C13_7)                             \
    DO(12, S2_0_C0_C12_4, S2_0_C0_C12_5, S2_0_C0_C12_6, S2_0_C0_C12_7)                             \
    DO(11, S2_0_C0_C11_4, S2_0_C0_C11_5, S2_0_C0_C11_6, S2_0_C0_C11_7)                             \
    DO(10, S2_0_C0_C10_4, S2_0_C0_C10_5, S2_0_C0_C10_6, S2_0_C0_C10_7)                             \
    DO(9, S2_0_C0_C9_4, S2_0_C0_C9_5, S2_0_C0_C9_6, S2_0_C0_C9_7)                                  \
    DO(8, S2_0_C0_C8_4, S2_0_C0_C8_5, S2_0_C0_C8_6, S2_0_C0_C8_7)                                  \
    DO(7, S2_0_C0_C7_4, S2_0_C0_C7_5, S2_0_C0_C7_6, S2_0_C0_C7_7)                                  \
    DO(6, S2_0_C0_C6_4, S2_0_C0_C6_5, S2_0_C0_C6_6, S2_0_C0_C6_7)                                  \
    DO(5, S2_0_C0_C5_4, S2_0_C0_C5_5, S2_0_C0_C5_6, S2_0_C0_C5_7)                                  \
    DO(4, S2_0_C0_C4_4, S2_0_C0_C4_5, S2_0_C0_C4_6, S2_0_C0_C4_7)                                  \
    DO(3, S2_0_C0_C3_4, S2_0_C0_C3_5, S2_0_C0_C3_6, S2_0_C0_C3_7)                                  \
    DO(2, S2_0_C0_C2_4, S2_0_C0_C2_5, S2_0_C0_C2_6, S2_0_C0_C2_7)                                  \
    DO(1, S2_0_C0_C1_4, S2_0_C0_C1_5, S2_0_C0_C1_6, S2_0_C0_C1_7)                                  \
    DO(0, S2_0_C0_C0_4, S2_0_C0_C0_5, S2_0_C0_C0_6, S2_0_C0_C0_7)

static unsigned int breakpoint_count(void)
{
    return ((unsigned int)(sysreg_read(id_aa64dfr0_el1) >> 12) & 0xfU) + 1U;
}

static unsigned int watchpoint_count(void)
{
    return ((unsigned int)(sysreg_read(id_aa64dfr0_el1) >> 20) & 0xfU) + 1U;
}

/* A breakpoint of a kind that needs EL2, which the guest does not see, is one that is disabled. */
static uint64_t effective_bcr(uint64_t bcr)
{
    return BCR_BT(bcr) <= BT_CONTEXT ? bcr : 0;
}

/* Locked, no debug exception but BRK arises (DDI 0487, D2.3). */
static uint64_t effective_mdscr(const struct debug_state *state)
{
    return state->os_lock || state->double_lock ? state->mdscr & MDSCR_TDCC : state->mdscr;
}

/* Reads or writes a word in memory. */
static void word(uint64_t *word, uint64_t own, bool write, uint64_t *value)
{
    if (write) {
        *word = *value & own;
    } else {
        *value = *word;
    }
}

static enum debug_result pair_access(struct debug_state *state, uint64_t esr, uint64_t *value)
{
    const bool write = (esr & ESR_SYS_READ) == 0;
    const unsigned int n = CRM_KEY(esr); /* below DEBUG_PAIRS, whatever it is */
    const bool is_break = OP2_KEY(esr) < PAIR_WVR;

    if (n >= (is_break ? breakpoint_count() : watchpoint_count())) {
        return DEBUG_UNDEFINED;
    }
    switch (OP2_KEY(esr)) {
    case PAIR_BVR:
        word(&state->breakpoint[n].value, ~UINT64_C(0), write, value);
        break;
    case PAIR_BCR:
        word(&state->dbgbcr[n], BCR_OWN, write, value);
        state->breakpoint[n].control = effective_bcr(state->dbgbcr[n]);
        break;
    case PAIR_WVR:
        word(&state->watchpoint[n].value, ~UINT64_C(0), write, value);
        break;
    default:
        word(&state->watchpoint[n].control, WCR_OWN, write, value);
        break;
    }
    if (write) {
        debug_load(state); /* all of them: a row of MSRs is shorter than a choice among them */
    }
    return DEBUG_DONE;
}

/* Bits that can be set or cleared by writing ones to them; CLAIMSET reads as what there is of them.
 */
static enum debug_result claim_access(struct debug_state *state, bool set, bool write,
                                      uint64_t *value)
{
    if (!write) {
        *value = set ? CLAIM_TAGS : state->claim;
    } else if (set) {
        state->claim |= *value & CLAIM_TAGS;
    } else {
        state->claim &= ~*value;
    }
    return DEBUG_DONE;
}

enum debug_result debug_access(struct debug_state *state, uint64_t esr, uint64_t *value)
{
    const bool write = (esr & ESR_SYS_READ) == 0;
    enum debug_result result = DEBUG_DONE;

    if ((esr & PAIR_MASK) == PAIR_VALUE) {
        return pair_access(state, esr, value);
    }
    switch (esr & ESR_SYS_KEY_MASK) {
    case MDSCR_EL1_KEY:
        word(&state->mdscr, MDSCR_OWN, write, value);
        break;
    case OSLAR_EL1_KEY:
        if (!write) {
            return DEBUG_UNDEFINED;
        }
        state->os_lock = (*value & OSLAR_LOCK) != 0;
        break;
    case OSLSR_EL1_KEY:
        if (write) {
            return DEBUG_UNDEFINED;
        }
        *value = OSLSR_OSLM | (state->os_lock ? OSLSR_OSLK : 0);
        break;
    case OSDLR_EL1_KEY:
        if (write) {
            state->double_lock = (*value & OSLAR_LOCK) != 0;
        } else {
            *value = state->double_lock ? OSLAR_LOCK : 0;
        }
        break;
    case CLAIMSET_KEY:
    case CLAIMCLR_KEY:
        return claim_access(state, (esr & ESR_SYS_KEY_MASK) == CLAIMSET_KEY, write, value);
    default:
        return DEBUG_OTHER;
    }
    sysreg_write(mdscr_el1, effective_mdscr(state));
    return result;
}

#define LOAD_BREAK(n, bvr, bcr, wvr, wcr)                                                          \
    case (n) + 1: {                                                                                \
        const struct debug_pair pair = state->breakpoint[n];                                       \
        sysreg_write(bvr, pair.value);                                                             \
        sysreg_write(bcr, pair.control);                                                           \
    }                                                                                              \
        __attribute__((fallthrough));

#define LOAD_WATCH(n, bvr, bcr, wvr, wcr)                                                          \
    case (n) + 1: {                                                                                \
        const struct debug_pair pair = state->watchpoint[n];                                       \
        sysreg_write(wvr, pair.value);                                                             \
        sysreg_write(wcr, pair.control);                                                           \
    }                                                                                              \
        __attribute__((fallthrough));

/* In effect from ERET on.  The locks are set by a reset; guests have their own. */
void debug_load(const struct debug_state *state)
{
    sysreg_write(oslar_el1, 0);
    sysreg_write(osdlr_el1, 0);
    switch (breakpoint_count()) {
        EACH_PAIR(LOAD_BREAK)
    default:
        break;
    }
    switch (watchpoint_count()) {
        EACH_PAIR(LOAD_WATCH)
    default:
        break;
    }
    sysreg_write(mdscr_el1, effective_mdscr(state));
}

/* What nobody's breakpoints are. */
static struct debug_state nothing; /* not const: in bss it takes no room in the image */

void debug_save(void)
{
    debug_load(&nothing);
}
