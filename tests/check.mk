# SPDX-License-Identifier: Apache-2.0
# Everything that proves something: the tests, the sanitizers, the fuzzers, the benches.

VENV   := $(BUILD)/venv
PYTEST := $(VENV)/bin/python -m pytest -q
FUZZ_SECONDS ?= 10

# What `make e2e` runs. Recipes, packages, pages and the emulators' own tests say nothing new to a
# sanitizer, and `make check` has half an hour; `make asan` runs them all the same.
E2E ?= tests/e2e
E2E_PROGRAM ?= $(PROGRAM)
E2E_FOR_CHECK := tests/e2e --ignore-glob=*/test_recipe_* --ignore-glob=*/test_aws_emulators* \
    --ignore-glob=*/test_aws_recorder* --ignore-glob=*/test_docs* --ignore-glob=*/test_packaging* \
    --ignore-glob=*/test_rules_docs*

# A plug-in as its author builds it: the public headers and nothing else.
PLUGIN_EXAMPLE := $(BUILD)/tests/support/plugin_example.so

# The conformance suite of sinks, for a server that the end-to-end tests have started.
POSTGRES_SUITE := $(BUILD)/tests/support/postgres_suite

$(BUILD)/tests/%.o: CPPFLAGS += -Itests
$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIBRARY)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(NO_LTO) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(LIBRARY)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(NO_LTO) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/tests/support/%.so: tests/support/%.c $(wildcard include/eventgate/*.h)
	@mkdir -p $(@D)
	$(call say,PLUGIN,$@)
	$(Q)$(CC) -std=gnu17 $(OPT) -g $(WARNINGS) -Iinclude -fPIC -shared -o $@ $<

unit: $(UNIT_PROGRAMS) $(PLUGIN_EXAMPLE) ## build and run the unit tests
	@failed=; for t in $(UNIT_PROGRAMS); do $$t || failed="$$failed $$t"; done; \
	    [ -z "$$failed" ] || { echo "failed:$$failed"; exit 1; }

conformance: $(CONFORMANCE) $(PROGRAM) ## hold the program against the test suites of others
	@failed=; for t in $(CONFORMANCE); do $$t || failed="$$failed $$t"; done; \
	    [ -z "$$failed" ] || { echo "failed:$$failed"; exit 1; }

venv: $(VENV)/.done
$(VENV)/.done: tests/requirements.txt
	$(call say,VENV,$(VENV))
	$(Q)[ -x $(VENV)/bin/pip ] || python3 -m venv $(VENV)
	$(Q)$(VENV)/bin/pip install -q --disable-pip-version-check -r tests/requirements.txt
	@touch $@

e2e: $(PROGRAM) $(VENV)/.done $(PLUGIN_EXAMPLE) $(POSTGRES_SUITE) ## test the built daemon from outside
	@EVENTGATE_BUILD=$(abspath $(BUILD)) EVENTGATE_PROGRAM=$(abspath $(E2E_PROGRAM)) $(PYTEST) $(E2E)

faults: $(PROGRAM) $(VENV)/.done ## break the servers behind the daemon and count what is left
	@EVENTGATE_PROGRAM=$(abspath $(PROGRAM)) $(PYTEST) tests/fault

check-faults: ## set up what is missing, build, and run the fault tests (minutes)
	@tests/support/install-packages run check
	@$(MAKE) --no-print-directory venv
	@python3 tests/support/check.py \
	    "build=$(MAKE) --no-print-directory -j2 all" \
	    "faults=$(MAKE) --no-print-directory faults"

differential: $(PROGRAM) $(VENV)/.done ## compare verdicts and messages with python-jsonschema
	@$(VENV)/bin/python tests/support/differential.py --eventgate $(PROGRAM)

check: ## set up what is missing, build, and run every test
	@tests/support/install-packages run check
	@$(MAKE) --no-print-directory venv swagger
	@python3 tests/support/check.py \
	    "rooms=python3 tests/support/check_rooms.py" \
	    "format=$(MAKE) --no-print-directory check-format" \
	    "build=$(MAKE) --no-print-directory -j2 all" \
	    "unit tests=$(MAKE) --no-print-directory -j2 unit" \
	    "conformance=$(MAKE) --no-print-directory -j2 conformance" \
	    "differential=$(MAKE) --no-print-directory differential" \
	    "release build=$(MAKE) --no-print-directory -j2 release" \
	    "end to end=$(MAKE) --no-print-directory e2e E2E_PROGRAM=$(RELEASE)" \
	    "sanitizer build=$(MAKE) --no-print-directory -j2 all BUILD=$(BUILD)/asan $(ASAN)" \
	    "unit tests under ASan and UBSan=$(MAKE) --no-print-directory -j2 unit BUILD=$(BUILD)/asan $(ASAN)" \
	    "end to end under ASan and UBSan=SANITIZED=1 $(MAKE) --no-print-directory e2e BUILD=$(BUILD)/asan VENV=$(VENV) $(ASAN) E2E='$(E2E_FOR_CHECK)'" \
	    "fuzzing=$(MAKE) --no-print-directory -j2 fuzz FUZZ_SECONDS=5"

ASAN := SANITIZE=address,undefined
TSAN := SANITIZE=thread CC=clang

asan: ## the unit tests and the end-to-end tests under ASan and UBSan
	@$(MAKE) --no-print-directory unit BUILD=$(BUILD)/asan $(ASAN)
	@SANITIZED=1 $(MAKE) --no-print-directory e2e BUILD=$(BUILD)/asan VENV=$(VENV) $(ASAN)

tsan: ## the unit tests and the end-to-end tests under TSan
	@$(MAKE) --no-print-directory unit BUILD=$(BUILD)/tsan $(TSAN)
	@SANITIZED=1 $(MAKE) --no-print-directory e2e BUILD=$(BUILD)/tsan VENV=$(VENV) $(TSAN)

# libFuzzer is clang's; the library is built again for it, with the coverage that it steers by.
FUZZ_BUILD := $(BUILD)/fuzz
fuzz: ## run every fuzzer for FUZZ_SECONDS (10)
	@$(MAKE) --no-print-directory fuzzers BUILD=$(FUZZ_BUILD) CC=clang OPT=-O1 \
	    SANITIZE=fuzzer-no-link,address,undefined
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run $(FUZZ_BUILD)/tests/fuzz

fuzzers: $(FUZZERS)
$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(LIBRARY)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

check-format: ## does clang-format agree with every C file?
	@clang-format --dry-run -Werror $(C_FILES)

format: ## format every C file
	@clang-format -i $(C_FILES)

tidy: $(BUILD)/generated/assets.c ## clang-tidy, warnings as errors
	@tests/support/install-packages tidy
	@$(MAKE) --no-print-directory -j2 -k tidy-files

tidy-files: $(SOURCES:%=$(BUILD)/tidy/%.ok)

# One file at a time: clang-tidy 14 mixes up the variable arguments of several.
$(BUILD)/tidy/%.ok: % .clang-tidy $(filter src/%.h include/%.h,$(C_FILES))
	@mkdir -p $(@D)
	$(call say,TIDY,$<)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $< -- $(CPPFLAGS) $(PKG_CFLAGS) -std=gnu17 \
	    2>$(@:.ok=.log) || { cat $(@:.ok=.log); exit 1; }
	@touch $@

coverage: ## lines that unit, conformance and end-to-end tests reach: build/coverage/report.txt
	@tests/support/install-packages cover
	@$(MAKE) --no-print-directory unit conformance e2e BUILD=$(BUILD)/coverage VENV=$(VENV) COVERAGE=1 OPT=-O0
	@gcovr -r . --object-directory $(BUILD)/coverage -f src/ --txt $(BUILD)/coverage/report.txt \
	    --print-summary

bench: ## measure speed and memory beside others; prints tables
	@tests/support/install-packages run bench
	@$(MAKE) --no-print-directory venv all release $(BENCHES)
	@EVENTGATE_PROGRAM=$(RELEASE) tests/bench/run $(BUILD)

recipe: ## run a whole system of etc/recipes on this machine: make recipe NAME=audit-service
	@tests/support/install-packages run check
	@$(MAKE) --no-print-directory venv swagger
	@$(MAKE) --no-print-directory all
	@$(VENV)/bin/python etc/recipes/run $(NAME) --program $(abspath $(PROGRAM))

.PHONY: unit conformance venv e2e faults differential check check-faults asan tsan fuzz fuzzers check-format format tidy tidy-files \
        coverage bench recipe
