/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does a trapped system-register access do?  One of a few things: it reads a value, it reads
 * as zero and ignores writes, it starts an operation of the kernel, or it is an undefined
 * instruction, which is the default: nothing is granted that is not listed here.  And how does a
 * trapped instruction end: by stepping over it, or, from AArch32, not at all.
 *
 * Invariants: no state is kept for registers that are ignored; x31 is the zero register.  Each
 * access costs a switch over constants, which the compiler makes a search of bounded depth; what
 * takes longer, the set/way flush, is interruptible and goes on when the instruction traps again.
 * State: the vCPU's context, owned by the core that runs it.
 *
 * Encodings: Arm ARM DDI 0487, C5.3 to C5.5 and D18.3; GIC: IHI 0069H, 12.2.
 */
#include <asm/esr.h>
#include <asm/features.h>
#include <asm/idregs.h>
#include <asm/inject.h>
#include <asm/set_way.h>
#include <asm/sysreg.h>
#include <asm/sysreg_traps.h>
#include <bulkhead/timer.h>

#define DC_ISW  ESR_SYS_KEY(1, 0, 7, 6, 2)
#define DC_CSW  ESR_SYS_KEY(1, 0, 7, 10, 2)
#define DC_CISW ESR_SYS_KEY(1, 0, 7, 14, 2)

/* HCR_EL2.TVM: the registers that say how memory is accessed; only writes trap. */
#define SCTLR_EL1_KEY      ESR_SYS_KEY(3, 0, 1, 0, 0)
#define TTBR0_EL1_KEY      ESR_SYS_KEY(3, 0, 2, 0, 0)
#define TTBR1_EL1_KEY      ESR_SYS_KEY(3, 0, 2, 0, 1)
#define TCR_EL1_KEY        ESR_SYS_KEY(3, 0, 2, 0, 2)
#define AFSR0_EL1_KEY      ESR_SYS_KEY(3, 0, 5, 1, 0)
#define AFSR1_EL1_KEY      ESR_SYS_KEY(3, 0, 5, 1, 1)
#define ESR_EL1_KEY        ESR_SYS_KEY(3, 0, 5, 2, 0)
#define FAR_EL1_KEY        ESR_SYS_KEY(3, 0, 6, 0, 0)
#define MAIR_EL1_KEY       ESR_SYS_KEY(3, 0, 10, 2, 0)
#define AMAIR_EL1_KEY      ESR_SYS_KEY(3, 0, 10, 3, 0)
#define CONTEXTIDR_EL1_KEY ESR_SYS_KEY(3, 0, 13, 0, 1)

#define CNTPCT_EL0_KEY    ESR_SYS_KEY(3, 3, 14, 0, 1)
#define CNTP_TVAL_EL0_KEY ESR_SYS_KEY(3, 3, 14, 2, 0)
#define CNTP_CTL_EL0_KEY  ESR_SYS_KEY(3, 3, 14, 2, 1)
#define CNTP_CVAL_EL0_KEY ESR_SYS_KEY(3, 3, 14, 2, 2)

#define REVIDR_EL1_KEY    ESR_SYS_KEY(3, 0, 0, 0, 6)
#define AIDR_EL1_KEY      ESR_SYS_KEY(3, 1, 0, 0, 7)
#define ACTLR_EL1_KEY     ESR_SYS_KEY(3, 0, 1, 0, 1)
#define PMUSERENR_EL0_KEY ESR_SYS_KEY(3, 3, 9, 14, 0)

#define MDCCINT_EL1_KEY       ESR_SYS_KEY(2, 0, 0, 2, 0)
#define MDSCR_EL1_KEY         ESR_SYS_KEY(2, 0, 0, 2, 2)
#define OSDTRRX_EL1_KEY       ESR_SYS_KEY(2, 0, 0, 0, 2)
#define OSDTRTX_EL1_KEY       ESR_SYS_KEY(2, 0, 0, 3, 2)
#define OSECCR_EL1_KEY        ESR_SYS_KEY(2, 0, 0, 6, 2)
#define MDRAR_EL1_KEY         ESR_SYS_KEY(2, 0, 1, 0, 0)
#define OSLAR_EL1_KEY         ESR_SYS_KEY(2, 0, 1, 0, 4)
#define OSLSR_EL1_KEY         ESR_SYS_KEY(2, 0, 1, 1, 4)
#define OSDLR_EL1_KEY         ESR_SYS_KEY(2, 0, 1, 3, 4)
#define DBGPRCR_EL1_KEY       ESR_SYS_KEY(2, 0, 1, 4, 4)
#define DBGCLAIMSET_EL1_KEY   ESR_SYS_KEY(2, 0, 7, 8, 6)
#define DBGCLAIMCLR_EL1_KEY   ESR_SYS_KEY(2, 0, 7, 9, 6)
#define DBGAUTHSTATUS_EL1_KEY ESR_SYS_KEY(2, 0, 7, 14, 6)
#define MDCCSR_EL0_KEY        ESR_SYS_KEY(2, 3, 0, 1, 0)
#define DBGDTR_EL0_KEY        ESR_SYS_KEY(2, 3, 0, 4, 0)
#define DBGDTRX_EL0_KEY       ESR_SYS_KEY(2, 3, 0, 5, 0)

/* DBGBVR<m>, DBGBCR<m>, DBGWVR<m>, DBGWCR<m>_EL1: op2 4 to 7, m in CRm. */
#define DEBUG_PAIR_MASK  ESR_SYS_KEY(3, 7, 15, 0, 4)
#define DEBUG_PAIR_VALUE ESR_SYS_KEY(2, 0, 0, 0, 4)

#define OP0_MASK  ESR_SYS_KEY(3, 0, 0, 0, 0)
#define OP0_DEBUG ESR_SYS_KEY(2, 0, 0, 0, 0)

#define ICC_DIR_KEY    ESR_SYS_KEY(3, 0, 12, 11, 1)
#define ICC_SGI1R_KEY  ESR_SYS_KEY(3, 0, 12, 11, 5)
#define ICC_ASGI1R_KEY ESR_SYS_KEY(3, 0, 12, 11, 6)
#define ICC_SGI0R_KEY  ESR_SYS_KEY(3, 0, 12, 11, 7)
#define ICC_SRE_KEY    ESR_SYS_KEY(3, 0, 12, 12, 5)

/* ID group 3: op0 3, op1 0, CRn 0, any CRm and op2. */
#define ID_GROUP_MASK  ESR_SYS_KEY(3, 7, 15, 0, 0)
#define ID_GROUP_VALUE ESR_SYS_KEY(3, 0, 0, 0, 0)

#define OSLSR_OSLM_IMPLEMENTED UINT64_C(0x8) /* the OS lock exists and is open (OSLSR_EL1) */
#define ICC_SRE_SRE_DFB_DIB    UINT64_C(7)

#define PSTATE_T     (UINT64_C(1) << 5)
#define PSTATE_BTYPE (UINT64_C(3) << 10)
#define PSTATE_V     (UINT64_C(1) << 28)
#define PSTATE_C     (UINT64_C(1) << 29)
#define PSTATE_Z     (UINT64_C(1) << 30)
#define PSTATE_N     (UINT64_C(1) << 31)

#define RT_ZERO 31U

static unsigned int trap_rt(uint64_t esr)
{
    return (unsigned int)(esr >> ESR_SYS_RT_SHIFT) & 0x1fU;
}

/* A read has this result. */
static bool result(struct vcpu *vcpu, uint64_t esr, uint64_t value)
{
    const unsigned int rt = trap_rt(esr);

    if (rt != RT_ZERO) {
        vcpu->context.x[rt] = value;
    }
    return true;
}

static uint64_t operand(const struct vcpu *vcpu, uint64_t esr)
{
    const unsigned int rt = trap_rt(esr);

    return rt == RT_ZERO ? 0 : vcpu->context.x[rt];
}

/* Reads as value, writes are ignored. */
static bool constant(struct vcpu *vcpu, uint64_t esr, uint64_t value)
{
    return (esr & ESR_SYS_READ) == 0 || result(vcpu, esr, value);
}

/* Reads as value, cannot be written. */
static bool read_only(struct vcpu *vcpu, uint64_t esr, uint64_t value)
{
    return (esr & ESR_SYS_READ) != 0 && result(vcpu, esr, value);
}

static bool id_register(struct vcpu *vcpu, uint64_t esr)
{
    const unsigned int crm = (unsigned int)(esr >> 1) & 0xfU;
    const unsigned int op2 = (unsigned int)(esr >> 17) & 0x7U;
    uint64_t value;

    return idreg_read(vcpu, crm, op2, &value) && read_only(vcpu, esr, value);
}

static enum sysreg_result when_done(bool done)
{
    return done ? SYSREG_DONE : SYSREG_UNDEFINED;
}

static enum sysreg_result when_taken(bool taken)
{
    return taken ? SYSREG_DONE : SYSREG_AGAIN;
}

/* The system-register interface of a partition's GICv3; a GICv2 machine has none of it. */
static enum sysreg_result gic_register(struct vcpu *vcpu, uint64_t esr)
{
    const bool write = (esr & ESR_SYS_READ) == 0;

    if (vcpu->partition->desc->vgic != GIC_V3) {
        return SYSREG_UNDEFINED;
    }
    switch (esr & ESR_SYS_KEY_MASK) {
    case ICC_SGI1R_KEY:
        return write ? when_taken(trap_sgi1r(vcpu, operand(vcpu, esr), 1)) : SYSREG_UNDEFINED;
    case ICC_SGI0R_KEY:
    case ICC_ASGI1R_KEY: /* with one security state it reaches group 0, too */
        return write ? when_taken(trap_sgi1r(vcpu, operand(vcpu, esr), 0)) : SYSREG_UNDEFINED;
    case ICC_DIR_KEY:
        return write ? when_taken(trap_dir(vcpu, operand(vcpu, esr))) : SYSREG_UNDEFINED;
    default: /* ICC_SRE_EL1 */
        return when_done(constant(vcpu, esr, ICC_SRE_SRE_DFB_DIB));
    }
}

/* Physical counter and timer of a partition that has its own time: elsewhere they do not trap. */
static bool physical_timer(struct vcpu *vcpu, uint64_t esr)
{
    const bool write = (esr & ESR_SYS_READ) == 0;

    if (!CONFIG_PARTITION_TIME || !vcpu->timers.own_time) {
        return false;
    }
    switch (esr & ESR_SYS_KEY_MASK) {
    case CNTPCT_EL0_KEY:
        return read_only(vcpu, esr, own_time_count());
    case CNTP_CTL_EL0_KEY:
        /* The real timer's, which is armed for the same instant: its status is right. */
        if (write) {
            sysreg_write(cntp_ctl_el0, operand(vcpu, esr));
            return true;
        }
        return result(vcpu, esr, sysreg_read(cntp_ctl_el0));
    case CNTP_CVAL_EL0_KEY:
        if (write) {
            own_time_set_compare(&vcpu->timers, operand(vcpu, esr));
            return true;
        }
        return result(vcpu, esr, vcpu->timers.own_cval);
    default: /* CNTP_TVAL_EL0: 32 bits, signed, from now */
        if (write) {
            own_time_set_compare(&vcpu->timers,
                                 own_time_count() + (uint64_t)(int64_t)(int32_t)operand(vcpu, esr));
            return true;
        }
        return result(vcpu, esr, (uint32_t)(vcpu->timers.own_cval - own_time_count()));
    }
}

/* A write that HCR_EL2.TVM traps while the flush awaits a change of SCTLR_EL1 (set_way.c): it is
 * carried out.  Nothing here was withheld before. */
static bool memory_register(struct vcpu *vcpu, uint64_t esr)
{
    const uint64_t value = operand(vcpu, esr);

    if (!CONFIG_SET_WAY || (esr & ESR_SYS_READ) != 0) {
        return false;
    }
    switch (esr & ESR_SYS_KEY_MASK) {
    case TTBR0_EL1_KEY:
        sysreg_write(ttbr0_el1, value);
        break;
    case TTBR1_EL1_KEY:
        sysreg_write(ttbr1_el1, value);
        break;
    case TCR_EL1_KEY:
        sysreg_write(tcr_el1, value);
        break;
    case AFSR0_EL1_KEY:
        sysreg_write(afsr0_el1, value);
        break;
    case AFSR1_EL1_KEY:
        sysreg_write(afsr1_el1, value);
        break;
    case ESR_EL1_KEY:
        sysreg_write(esr_el1, value);
        break;
    case FAR_EL1_KEY:
        sysreg_write(far_el1, value);
        break;
    case MAIR_EL1_KEY:
        sysreg_write(mair_el1, value);
        break;
    case AMAIR_EL1_KEY:
        sysreg_write(amair_el1, value);
        break;
    default: /* CONTEXTIDR_EL1 */
        sysreg_write(contextidr_el1, value);
        break;
    }
    return true;
}

static enum sysreg_result cache_control(struct vcpu *vcpu, uint64_t esr)
{
    switch (esr & ESR_SYS_KEY_MASK) {
    case DC_ISW:
    case DC_CSW:
    case DC_CISW:
        return when_taken(!CONFIG_SET_WAY || set_way_operation(vcpu));
    case SCTLR_EL1_KEY:
        if (!CONFIG_SET_WAY || (esr & ESR_SYS_READ) != 0) {
            return SYSREG_UNDEFINED;
        }
        return when_taken(set_way_sctlr_write(vcpu, operand(vcpu, esr)));
    default:
        return when_done(memory_register(vcpu, esr));
    }
}

enum sysreg_result sysreg_trap(struct vcpu *vcpu, uint64_t esr)
{
    if ((esr & ID_GROUP_MASK) == ID_GROUP_VALUE && (esr & ESR_SYS_KEY_MASK) != REVIDR_EL1_KEY) {
        return when_done(id_register(vcpu, esr));
    }
    if (CONFIG_CPU_FEATURES && (esr & OP0_MASK) == OP0_DEBUG && vcpu->features != NULL &&
        (vcpu->partition->desc->features & FEATURE_DEBUG) != 0) {
        uint64_t value = operand(vcpu, esr);
        enum debug_result done = debug_access(&vcpu->features->debug, esr, &value);

        if (done != DEBUG_OTHER) {
            return when_done(done == DEBUG_DONE && constant(vcpu, esr, value));
        }
    }
    if ((esr & DEBUG_PAIR_MASK) == DEBUG_PAIR_VALUE) {
        return when_done(constant(vcpu, esr, 0));
    }

    switch (esr & ESR_SYS_KEY_MASK) {
    case DC_ISW:
    case DC_CSW:
    case DC_CISW:
    case SCTLR_EL1_KEY:
    case TTBR0_EL1_KEY:
    case TTBR1_EL1_KEY:
    case TCR_EL1_KEY:
    case AFSR0_EL1_KEY:
    case AFSR1_EL1_KEY:
    case ESR_EL1_KEY:
    case FAR_EL1_KEY:
    case MAIR_EL1_KEY:
    case AMAIR_EL1_KEY:
    case CONTEXTIDR_EL1_KEY:
        return cache_control(vcpu, esr);

    case REVIDR_EL1_KEY: /* errata work-arounds depend on it, as on MIDR_EL1 */
        return when_done(read_only(vcpu, esr, sysreg_read(REVIDR_EL1)));
    case AIDR_EL1_KEY:
        return when_done(read_only(vcpu, esr, 0));

    case ACTLR_EL1_KEY:
    case PMUSERENR_EL0_KEY: /* guests write it before they look whether there are counters */
    case MDCCINT_EL1_KEY:
    case MDSCR_EL1_KEY:
    case OSDTRRX_EL1_KEY:
    case OSDTRTX_EL1_KEY:
    case OSECCR_EL1_KEY:
    case OSLAR_EL1_KEY:
    case OSDLR_EL1_KEY:
    case DBGPRCR_EL1_KEY:
    case DBGCLAIMSET_EL1_KEY:
    case DBGCLAIMCLR_EL1_KEY:
    case DBGDTR_EL0_KEY:
    case DBGDTRX_EL0_KEY:
        return when_done(constant(vcpu, esr, 0));
    case MDRAR_EL1_KEY:         /* no debug ROM table */
    case DBGAUTHSTATUS_EL1_KEY: /* no invasive or non-invasive debug */
    case MDCCSR_EL0_KEY:
        return when_done(read_only(vcpu, esr, 0));
    case OSLSR_EL1_KEY:
        return when_done(read_only(vcpu, esr, OSLSR_OSLM_IMPLEMENTED));

    case CNTPCT_EL0_KEY:
    case CNTP_TVAL_EL0_KEY:
    case CNTP_CTL_EL0_KEY:
    case CNTP_CVAL_EL0_KEY:
        return when_done(physical_timer(vcpu, esr));

    case ICC_DIR_KEY:
    case ICC_SGI1R_KEY:
    case ICC_ASGI1R_KEY:
    case ICC_SGI0R_KEY:
    case ICC_SRE_KEY:
        return gic_register(vcpu, esr);

    default: /* hidden features, implementation-defined registers, what is not allocated */
        return SYSREG_UNDEFINED;
    }
}

/* ITSTATE: IT[7:2] in bits 15:10, IT[1:0] in bits 26:25 (SPSR_EL1, from AArch32). */
static unsigned int it_state(uint64_t pstate)
{
    return (unsigned int)((pstate >> 8 & 0xfcU) | (pstate >> 25 & 0x3U));
}

static uint64_t with_it_state(uint64_t pstate, unsigned int it)
{
    pstate &= ~((UINT64_C(0x3f) << 10) | (UINT64_C(3) << 25));
    return pstate | (uint64_t)(it & 0xfcU) << 8 | (uint64_t)(it & 0x3U) << 25;
}

/* Arm ARM, shared pseudocode ConditionHolds(). */
static bool condition_holds(unsigned int condition, uint64_t pstate)
{
    const bool n = (pstate & PSTATE_N) != 0;
    const bool z = (pstate & PSTATE_Z) != 0;
    const bool c = (pstate & PSTATE_C) != 0;
    const bool v = (pstate & PSTATE_V) != 0;
    bool holds;

    switch (condition >> 1) {
    case 0:
        holds = z;
        break;
    case 1:
        holds = c;
        break;
    case 2:
        holds = n;
        break;
    case 3:
        holds = v;
        break;
    case 4:
        holds = c && !z;
        break;
    case 5:
        holds = n == v;
        break;
    case 6:
        holds = n == v && !z;
        break;
    default: /* always; 0b1111 as well */
        return true;
    }
    return (condition & 1U) != 0 ? !holds : holds;
}

bool trap_condition_passed(const struct vcpu *vcpu, uint64_t esr)
{
    const uint64_t pstate = vcpu->context.pstate;
    unsigned int it;

    if (!pstate_is_aarch32(pstate)) {
        return true;
    }
    if ((esr & ESR_CV) != 0) {
        return condition_holds((unsigned int)(esr >> ESR_COND_SHIFT) & 0xfU, pstate);
    }
    /* The core gave no condition, which it may do for T32: the IT block, if any, has it. */
    it = (pstate & PSTATE_T) != 0 ? it_state(pstate) : 0;
    return it == 0 || condition_holds(it >> 4, pstate);
}

void trap_skip(struct vcpu *vcpu, uint64_t esr)
{
    uint64_t pstate = vcpu->context.pstate;

    vcpu->context.pc += (esr & ESR_IL) != 0 ? 4 : 2;
    if (!pstate_is_aarch32(pstate)) {
        pstate &= ~PSTATE_BTYPE; /* as after any instruction that is no branch */
    } else if ((pstate & PSTATE_T) != 0) {
        const unsigned int it = it_state(pstate);

        /* Arm ARM, shared pseudocode AArch32.ITAdvance(). */
        pstate = with_it_state(pstate, (it & 0x7U) == 0 ? 0 : (it & 0xe0U) | (it << 1 & 0x1fU));
    }
    vcpu->context.pstate = pstate & ~PSTATE_SS;
}

void trap_from_aarch32(struct vcpu *vcpu, uint64_t esr)
{
    if (trap_condition_passed(vcpu, esr)) {
        inject_undefined(vcpu);
    } else {
        trap_skip(vcpu, esr);
    }
}
