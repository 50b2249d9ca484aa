# SPDX-License-Identifier: Apache-2.0
#
# Unit tests of the virtual GIC, the virtual UART and the console.

vgic-srcs := $(addprefix kernel/vgic/,dist.c inputs.c lr.c redist.c regs.c)

unit-tests += test_vgic test_vgic_ends test_vgic_linked test_vgic_model test_vgic_quick
unit-tests += test_vgic_registers test_vgic_boundary test_vgic_windows
unit-tests += test_vpl011 test_console test_console_switch
vgic-guest-srcs := $(addprefix tests/unit/,test_vgic_guest.c test_vgic_hw.c) $(vgic-srcs)
test_vgic-srcs := tests/unit/test_vgic.c $(vgic-guest-srcs)
test_vgic_ends-srcs := tests/unit/test_vgic_ends.c $(vgic-guest-srcs)
test_vgic_linked-srcs := tests/unit/test_vgic_linked.c $(vgic-guest-srcs)
test_vgic_registers-srcs := tests/unit/test_vgic_registers.c $(vgic-guest-srcs)
vgic-ref-srcs := $(addprefix tests/unit/,test_vgic_ref.c test_vgic_hw.c) $(vgic-srcs)
test_vgic_model-srcs := tests/unit/test_vgic_model.c $(vgic-ref-srcs)
test_vgic_windows-srcs := tests/unit/test_vgic_windows.c $(vgic-ref-srcs)
test_vgic_quick-srcs := tests/unit/test_vgic_quick.c tests/unit/test_vgic_hw.c $(vgic-srcs)
test_vgic_boundary-srcs := tests/unit/test_vgic_boundary.c $(vgic-guest-srcs)
test_vpl011-srcs := tests/unit/test_vpl011.c kernel/vdev/vpl011.c kernel/console.c
test_console-srcs := tests/unit/test_console.c kernel/console.c
test_console_switch-srcs := tests/unit/test_console_switch.c kernel/console_switch.c kernel/console.c
