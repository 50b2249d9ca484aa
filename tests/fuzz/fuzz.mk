# SPDX-License-Identifier: Apache-2.0
#
# Coverage-guided fuzzing of the configuration reader.  The corpus starts from the systems in schedules/
# and tests/bad, merged onto both machines; what is found new stays in $(O)/fuzz/corpus.

fuzz-config := $(O)/fuzz/fuzz_config
fuzz-srcs := tests/fuzz/fuzz_config.c kernel/arena.c $(wildcard kernel/config/*.c)
fuzz-max-bytes := 24576
fuzz-seconds := $(if $(BULKHEAD_SOAK),3600,30)

$(fuzz-config): $(fuzz-srcs) $(wildcard kernel/config/*.h include/bulkhead/*.h) $(autoconf) tests/fuzz/fuzz.mk
	$(say) FUZZCC $@
	$(Q)mkdir -p $(@D)
	$(Q)clang -std=gnu11 -g -O1 $(warnings) -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -include $(autoconf) -Iinclude -I. -o $@ $(fuzz-srcs) -lfdt

$(O)/fuzz/seeds.stamp: tests/fuzz/seeds.py $(wildcard schedules/*.dtso schedules/*/* tests/bad/*) | guests
	$(say) SEEDS $@
	$(Q)$(PYTHON) tests/fuzz/seeds.py --build $(O) --max-bytes $(fuzz-max-bytes) $(@D)/seeds
	$(Q)touch $@

.PHONY: fuzz-brief
fuzz-brief: $(fuzz-config) $(O)/fuzz/seeds.stamp
	$(Q)mkdir -p $(O)/fuzz/corpus
	$(Q)$(fuzz-config) -max_total_time=$(fuzz-seconds) -timeout=10 -max_len=$(fuzz-max-bytes) -print_final_stats=1 \
		-artifact_prefix=$(O)/fuzz/ $(O)/fuzz/corpus $(O)/fuzz/seeds >$(O)/fuzz/log 2>&1 || \
		{ tail -60 $(O)/fuzz/log; exit 1; }
	$(Q)grep stat::number_of_executed_units $(O)/fuzz/log
