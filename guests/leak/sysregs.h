/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which system registers can a guest at EL1 leave a value in?  REGISTER(name, read expression,
 * write statement): `value` is the pattern, and every write keeps the guest alive.
 */

/* Software's own registers: any value. */
REGISTER(tpidr_el0, sysreg_read(tpidr_el0), sysreg_write(tpidr_el0, value))
REGISTER(tpidrro_el0, sysreg_read(tpidrro_el0), sysreg_write(tpidrro_el0, value))
REGISTER(tpidr_el1, sysreg_read(tpidr_el1), sysreg_write(tpidr_el1, value))
REGISTER(contextidr_el1, sysreg_read(contextidr_el1), sysreg_write(contextidr_el1, value))
REGISTER(sp_el0, sysreg_read(sp_el0), sysreg_write(sp_el0, value))

/* Exceptions: free while none is taken. */
REGISTER(spsr_el1, sysreg_read(spsr_el1), sysreg_write(spsr_el1, value))
REGISTER(elr_el1, sysreg_read(elr_el1), sysreg_write(elr_el1, value))
REGISTER(esr_el1, sysreg_read(esr_el1), sysreg_write(esr_el1, value))
REGISTER(far_el1, sysreg_read(far_el1), sysreg_write(far_el1, value))
REGISTER(afsr0_el1, sysreg_read(afsr0_el1), sysreg_write(afsr0_el1, value))
REGISTER(afsr1_el1, sysreg_read(afsr1_el1), sysreg_write(afsr1_el1, value))
REGISTER(vbar_el1, sysreg_read(vbar_el1), sysreg_write(vbar_el1, value & ~UINT64_C(0x7ff)))

/* Translation: free while the MMU is off. */
REGISTER(ttbr0_el1, sysreg_read(ttbr0_el1), sysreg_write(ttbr0_el1, value))
REGISTER(ttbr1_el1, sysreg_read(ttbr1_el1), sysreg_write(ttbr1_el1, value))
REGISTER(tcr_el1, sysreg_read(tcr_el1), sysreg_write(tcr_el1, value))
REGISTER(mair_el1, sysreg_read(mair_el1), sysreg_write(mair_el1, value))
REGISTER(amair_el1, sysreg_read(amair_el1), sysreg_write(amair_el1, value))
REGISTER(par_el1, sysreg_read(par_el1), sysreg_write(par_el1, value))
REGISTER(csselr_el1, sysreg_read(csselr_el1), sysreg_write(csselr_el1, value & 3))

/* SCTLR_EL1: UMA, DZE, UCT, nTWI, nTWE, UCI (Arm ARM DDI 0487, D17.2.118). */
REGISTER(sctlr_el1, sysreg_read(sctlr_el1),
         sysreg_write(sctlr_el1, (sysreg_read(sctlr_el1) & ~UINT64_C(0x405c200)) |
                                     (value & UINT64_C(0x405c200))))
/* CPACR_EL1: FPEN stays open at EL1; the pattern chooses EL0's share. */
REGISTER(cpacr_el1, sysreg_read(cpacr_el1), sysreg_write(cpacr_el1, BIT(20) | ((value & 1) << 21)))

/* Timers: enabled or not, interrupt masked; ISTATUS is not state. */
REGISTER(cntkctl_el1, sysreg_read(cntkctl_el1), sysreg_write(cntkctl_el1, value & 0x3ff))
REGISTER(cntv_ctl_el0, sysreg_read(cntv_ctl_el0) & 3, sysreg_write(cntv_ctl_el0, 2 | (value & 1)))
REGISTER(cntv_cval_el0, sysreg_read(cntv_cval_el0), sysreg_write(cntv_cval_el0, value))
REGISTER(cntp_ctl_el0, sysreg_read(cntp_ctl_el0) & 3,
         sysreg_write(cntp_ctl_el0, 2 | (value >> 1 & 1)))
REGISTER(cntp_cval_el0, sysreg_read(cntp_cval_el0), sysreg_write(cntp_cval_el0, value))

/* Interrupt controller: mask, binary point, enables, running priority (an SGI is kept active). */
REGISTER(gic_pmr, gic_is_v3 ? sysreg_read(S3_0_C4_C6_0) : read32(GICC_BASE + 0x04),
         gic_is_v3 ? sysreg_write_pmr(value & 0xf8) : write32(GICC_BASE + 0x04, value & 0xf8))
REGISTER(gic_bpr, gic_is_v3 ? sysreg_read(S3_0_C12_C12_3) : read32(GICC_BASE + 0x08),
         gic_is_v3 ? sysreg_write_bpr(4 + (value & 3)) : write32(GICC_BASE + 0x08, 4 + (value & 3)))
REGISTER(gic_enable, gic_is_v3 ? sysreg_read(S3_0_C12_C12_7) : read32(GICC_BASE),
         gic_is_v3 ? sysreg_write_enable(value & 1) : write32(GICC_BASE, value & 1))
REGISTER(gic_bpr_other, gic_is_v3 ? sysreg_read(S3_0_C12_C8_3) : read32(GICC_BASE + 0x1c),
         gic_is_v3 ? sysreg_write_bpr0(4 + (value & 3))
                   : write32(GICC_BASE + 0x1c, 4 + (value & 3)))
/* Group 0 of a GICv3; its active priority is the least urgent but one. */
REGISTER(gic_enable0, gic_is_v3 ? sysreg_read(S3_0_C12_C12_6) : 0,
         gic_is_v3 ? sysreg_write_enable0(value & 1) : (void)value)
REGISTER(gic_active0, gic_is_v3 ? sysreg_read(S3_0_C12_C8_4) : 0,
         gic_is_v3 ? sysreg_write_active0(BIT(29 + (value & 1))) : (void)value)
REGISTER(gic_rpr, running_priority(), (void)value)
