/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which faults does a partition commit, and what must follow?  FAULT(number, name, outcome): the
 * outcome is the health monitor's error name, after which the partition is stopped; or "guest": the
 * guest gets an exception of its own and goes on.  Several are joined by `|` where the GIC version
 * decides.  tests/qemu reads this list, too.
 */
FAULT(0, read_outside, "memory-access")
FAULT(1, write_outside, "memory-access")
FAULT(2, execute_outside, "memory-access")
FAULT(3, read_below, "memory-access")
FAULT(4, read_behind_end, "memory-access")
FAULT(5, write_read_only, "permission")
FAULT(6, execute_no_execute, "permission")
FAULT(7, read_no_device, "memory-access")
FAULT(8, execute_uart, "memory-access|permission|device-access")
FAULT(9, execute_gic, "memory-access|permission|device-access")
FAULT(10, gicd_pair, "device-access")
FAULT(11, gicd_simd, "device-access")
FAULT(12, gicd_writeback, "device-access")
FAULT(13, gicd_doubleword, "device-access|guest")
FAULT(14, gicd_misaligned, "device-access|guest")
FAULT(15, uart_doubleword, "device-access|guest")
FAULT(16, uart_exclusive, "device-access")
FAULT(17, zero_read_only, "permission")
FAULT(18, push_outside, "memory-access")
FAULT(19, walk_outside, "memory-access")
FAULT(20, vectors_outside, "memory-access")
FAULT(21, wide_address, "memory-access")
FAULT(22, hvc_immediate, "guest")
FAULT(23, smc_immediate, "guest")
FAULT(24, hyp_register, "guest")
FAULT(25, stop, "application")
FAULT(26, system_off, "power-off")
FAULT(27, cpu_off, "power-off")
FAULT(28, system_reset, "reset")
FAULT(29, uart_pair, "device-access")
FAULT(30, uart_writeback, "device-access")
FAULT(31, uart_simd, "device-access")
