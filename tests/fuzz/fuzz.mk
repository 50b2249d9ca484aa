# SPDX-License-Identifier: Apache-2.0
#
# Coverage-guided fuzzing of the configuration reader: of the tree, of the overlays that it applies,
# and of the device trees that users supply for guests.  The corpora start from the systems in
# schedules/ and tests/bad, merged onto both machines, as overlays, or the device trees that are made
# for their partitions; what is found new stays in $(O)/fuzz/<target>/corpus.

fuzz-targets := config overlay guest
fuzz-srcs-config := tests/fuzz/fuzz_config.c
fuzz-srcs-guest := tests/fuzz/fuzz_guest.c
fuzz-srcs-overlay := tests/fuzz/fuzz_overlay.c tests/unit/test_config_load.c tests/unit/test_config_tree.c
# The overlay target shares the unit tests' loader, whose one assertion is cmocka's.
fuzz-libs-overlay := -lcmocka
fuzz-srcs := tests/fuzz/checks.c tests/fuzz/mutate.c kernel/arena.c $(wildcard kernel/config/*.c)
fuzz-headers := $(wildcard tests/fuzz/*.h tests/unit/test_config_*.h kernel/config/*.h include/bulkhead/*.h)
fuzz-programs := $(fuzz-targets:%=$(O)/fuzz/%/fuzz)
fuzz-max-bytes := 24576
# Of all targets together.
fuzz-seconds := $(if $(BULKHEAD_SOAK),3600,30)
fuzz-share := $(shell echo $$(($(fuzz-seconds) / $(words $(fuzz-targets)))))

$(fuzz-programs): $(O)/fuzz/%/fuzz: $$(fuzz-srcs-$$*) $(fuzz-srcs) $(fuzz-headers) $(autoconf) tests/fuzz/fuzz.mk
	$(say) FUZZCC $@
	$(Q)mkdir -p $(@D)
	$(Q)clang -std=gnu11 -g -O1 $(warnings) -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -include $(autoconf) -Iinclude -I. -o $@ \
		$(fuzz-srcs-$*) $(fuzz-srcs) $(fuzz-libs-$*) -lfdt

$(O)/fuzz/seeds.stamp: tests/fuzz/seeds.py $(wildcard schedules/*.dtso schedules/*/* tests/bad/*) | kernel guests linux-guests $(checker)
	$(say) SEEDS $@
	$(Q)$(PYTHON) tests/fuzz/seeds.py --build $(O) --max-bytes $(fuzz-max-bytes) $(@D)
	$(Q)touch $@

fuzz-goals := $(fuzz-targets:%=fuzz-%)
.PHONY: fuzz-brief $(fuzz-goals)
fuzz-brief: $(fuzz-goals)

# One after the other, so that each has the machine for its time.
fuzz-overlay: | fuzz-config
fuzz-guest: | fuzz-overlay
$(fuzz-goals): fuzz-%: $(O)/fuzz/%/fuzz $(O)/fuzz/seeds.stamp
	$(Q)mkdir -p $(<D)/corpus
	$(Q)$< -max_total_time=$(fuzz-share) -timeout=10 -max_len=$(fuzz-max-bytes) -print_final_stats=1 \
		-artifact_prefix=$(<D)/ $(<D)/corpus $(<D)/seeds >$(<D)/log 2>&1 || { tail -60 $(<D)/log; exit 1; }
	$(Q)sed -n 's/^stat::number_of_executed_units/$@ &/p' $(<D)/log
