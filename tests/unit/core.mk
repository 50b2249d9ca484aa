# SPDX-License-Identifier: Apache-2.0
#
# Unit tests of time arithmetic, the schedules of frames, stage-2 tables and the kernel's text
# formatting.
unit-tests += test_schedule test_timeline test_stage2 test_log
test_schedule-srcs := tests/unit/test_schedule.c kernel/schedule.c
test_timeline-srcs := tests/unit/test_timeline.c kernel/timeline.c
test_stage2-srcs := tests/unit/test_stage2.c kernel/stage2.c kernel/arena.c
test_log-srcs := tests/unit/test_log.c kernel/log.c kernel/console.c
