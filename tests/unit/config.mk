# SPDX-License-Identifier: Apache-2.0
#
# Unit tests of the configuration reader, the arena and the hash.
config-srcs := kernel/arena.c $(wildcard kernel/config/*.c)

unit-tests += test_config
test_config-srcs := tests/unit/test_config.c tests/unit/test_config_tree.c $(config-srcs)
test_config-libs := -lfdt

unit-tests += test_config_refused
test_config_refused-srcs := tests/unit/test_config_refused.c tests/unit/test_config_cases.c \
	tests/unit/test_config_tree.c $(config-srcs)
test_config_refused-libs := -lfdt

modes-srcs := tests/unit/test_config_modes.c tests/unit/test_config_tree.c $(config-srcs)

unit-tests += test_config_schedules test_config_schedules_bad
test_config_schedules-srcs := tests/unit/test_config_schedules.c $(modes-srcs)
test_config_schedules-libs := -lfdt
test_config_schedules_bad-srcs := tests/unit/test_config_schedules_bad.c $(modes-srcs)
test_config_schedules_bad-libs := -lfdt

unit-tests += test_config_image
test_config_image-srcs := tests/unit/test_config_image.c tests/unit/test_config_tree.c $(config-srcs)
test_config_image-libs := -lfdt

unit-tests += test_config_blob
test_config_blob-srcs := tests/unit/test_config_blob.c tests/unit/test_config_tree.c $(config-srcs)
test_config_blob-libs := -lfdt

load-srcs := tests/unit/test_config_load.c tests/unit/test_config_tree.c $(config-srcs)

unit-tests += test_config_overlay
test_config_overlay-srcs := tests/unit/test_config_overlay.c $(load-srcs)
test_config_overlay-libs := -lfdt

unit-tests += test_config_overlay_bad
test_config_overlay_bad-srcs := tests/unit/test_config_overlay_bad.c $(load-srcs)
test_config_overlay_bad-libs := -lfdt

unit-tests += test_config_boot_modules
test_config_boot_modules-srcs := tests/unit/test_config_boot_modules.c $(load-srcs)
test_config_boot_modules-libs := -lfdt

unit-tests += test_config_hash
test_config_hash-srcs := tests/unit/test_config_hash.c $(load-srcs)
test_config_hash-libs := -lfdt

unit-tests += test_config_no_overlays
test_config_no_overlays-srcs := tests/unit/test_config_no_overlays.c \
	tests/unit/reader_without_overlays.c $(filter-out kernel/config/reader.c,$(load-srcs))
test_config_no_overlays-libs := -lfdt

unit-tests += test_config_no_time
test_config_no_time-srcs := tests/unit/test_config_no_time.c tests/unit/test_config_tree.c \
	tests/unit/partition_without_time.c $(filter-out kernel/config/partition.c,$(config-srcs))
test_config_no_time-libs := -lfdt

unit-tests += test_config_features
test_config_features-srcs := tests/unit/test_config_features.c tests/unit/test_config_tree.c $(config-srcs)
test_config_features-libs := -lfdt

unit-tests += test_config_sve
test_config_sve-srcs := tests/unit/test_config_sve.c tests/unit/test_config_tree.c $(config-srcs)
test_config_sve-libs := -lfdt

unit-tests += test_config_no_features
test_config_no_features-srcs := tests/unit/test_config_no_features.c tests/unit/test_config_tree.c \
	tests/unit/partition_without_features.c $(filter-out kernel/config/partition.c,$(config-srcs))
test_config_no_features-libs := -lfdt

modes-files := partition platform reader rules schedule schedule_check
unit-tests += test_config_no_modes
test_config_no_modes-srcs := tests/unit/test_config_no_modes.c tests/unit/test_config_tree.c \
	tests/unit/config_without_modes.c \
	$(filter-out $(modes-files:%=kernel/config/%.c),$(config-srcs))
test_config_no_modes-libs := -lfdt

unit-tests += test_config_sha256
test_config_sha256-srcs := tests/unit/test_config_sha256.c kernel/config/sha256.c

unit-tests += test_arena
test_arena-srcs := tests/unit/test_arena.c kernel/arena.c

guest-srcs := tests/unit/test_guest_read.c tests/unit/test_config_tree.c $(config-srcs)

unit-tests += test_guest_tree test_guest_place
test_guest_tree-srcs := tests/unit/test_guest_tree.c $(guest-srcs)
test_guest_tree-libs := -lfdt
test_guest_place-srcs := tests/unit/test_guest_place.c $(guest-srcs)
test_guest_place-libs := -lfdt

unit-tests += test_guest_check
test_guest_check-srcs := tests/unit/test_guest_check.c $(load-srcs)
test_guest_check-libs := -lfdt

unit-tests += test_guest_none
test_guest_none-srcs := tests/unit/test_guest_none.c tests/unit/partition_without_trees.c \
	tests/unit/test_config_tree.c $(filter-out kernel/config/partition.c,$(config-srcs))
test_guest_none-libs := -lfdt
