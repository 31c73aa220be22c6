# SPDX-License-Identifier: Apache-2.0
# EventGate. `make help` lists what there is to do.

BUILD    ?= build
V        ?= 0
CC       ?= cc
PREFIX   ?= /usr/local
DESTDIR  ?=
OPT      ?= -O2
SANITIZE ?=
COVERAGE ?=

PACKAGES := libmicrohttpd jansson libcurl openssl yaml-0.1 sqlite3 libpcre2-8 libidn2 libzstd zlib rdkafka libpq

# Beyond -Wall and -Wextra; the two that are off fire on formats that are passed on and on literals.
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wno-format-nonliteral -Wundef \
            -Wvla -Werror $(if $(findstring clang,$(CC)),-Wno-string-conversion)
CPPFLAGS += -Iinclude -Isrc -I$(BUILD)/generated -D_GNU_SOURCE
CFLAGS   += -std=gnu17 $(OPT) -g -fno-omit-frame-pointer -fstack-protector-strong -fPIC $(WARNINGS) \
            $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all) \
            $(if $(COVERAGE),--coverage -fprofile-update=atomic)
# The program is linked as one unit: calls between the rooms are inlined. The objects hold machine
# code as well, with which the many tests are linked fast. Seen across files, gcc takes "written only
# on success" for "maybe never written"; file by file the warning stays on.
LTO      ?= $(if $(SANITIZE)$(COVERAGE)$(findstring clang,$(CC)),,-flto=auto)
NO_LTO   := $(if $(LTO),-fno-lto)
PROGRAM_LTO := $(if $(LTO),$(LTO) -Wno-maybe-uninitialized)
OBJECT_LTO := $(if $(LTO),$(LTO) -ffat-lto-objects)
LDFLAGS  += $(if $(SANITIZE),-fsanitize=$(SANITIZE)) $(if $(COVERAGE),--coverage) \
            -Wl,-z,relro,-z,now -Wl,--as-needed
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lpthread -lm -ldl

SOURCES := $(sort $(shell find src -name '*.c'))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
LIBRARY := $(BUILD)/libeventgate.a
PROGRAM := $(BUILD)/eventgate

# What is installed and measured: the program, laid out by gcc for the ways that its daily work takes
# (docs/decisions/0012). Other builds have nothing to train for, nor do compilers other than gcc.
TRAIN_BUILD   := $(BUILD)/train
RELEASE_BUILD := $(BUILD)/release
RELEASE       := $(if $(LTO),$(RELEASE_BUILD)/eventgate,$(PROGRAM))

UNIT_SOURCES  := $(sort $(shell find tests/unit -name 'test_*.c'))
UNIT_PROGRAMS := $(UNIT_SOURCES:%.c=$(BUILD)/%)
CONFORMANCE   := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/conformance/*.c)))
FUZZERS       := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
BENCHES       := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/bench/*.c)))
C_FILES       := $(shell find src include tests -name '*.[ch]')

Q   := $(if $(filter 1,$(V)),,@)
say  = @printf '  %-6s %s\n' $(1) $(2)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAM) ## build build/eventgate

include src/api/assets.mk
include tests/check.mk

$(PROGRAM): $(BUILD)/src/main.o $(LIBRARY)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(PROGRAM_LTO) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(LIBRARY): $(filter-out $(BUILD)/src/main.o,$(OBJECTS)) $(ASSETS_OBJECT)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(if $(LTO),gcc-ar,ar) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) $(OBJECT_LTO) -MMD -MP -c -o $@ $<

ifneq ($(LTO),)
release: ## build build/release/eventgate, trained on its own work: what is installed
	@$(MAKE) --no-print-directory all BUILD=$(TRAIN_BUILD) LTO= \
	    OPT='$(OPT) -fprofile-generate -fprofile-update=atomic'
	@tests/support/train $(TRAIN_BUILD) $(RELEASE_BUILD)
	@$(MAKE) --no-print-directory all BUILD=$(RELEASE_BUILD) OBJECT_LTO='$(LTO)' \
	    OPT='$(OPT) -fprofile-use -fprofile-partial-training -fprofile-correction -Wno-missing-profile'
else
release: all
endif

run: ## set up what is missing, build, and run the daemon with etc/eventgate.yaml
	@tests/support/install-packages run
	@$(MAKE) --no-print-directory swagger
	@$(MAKE) --no-print-directory all
	@etc/dev/run $(PROGRAM) $(BUILD)/run

# RELEASE=PROGRAM installs another one, which is then not trained.
install: $(if $(filter $(RELEASE_BUILD)/%,$(RELEASE)),release,all) ## install into DESTDIR/PREFIX (/usr/local)
	install -D -m 755 $(RELEASE) $(DESTDIR)$(PREFIX)/bin/eventgate
	install -D -m 644 docs/eventgate.1 $(DESTDIR)$(PREFIX)/share/man/man1/eventgate.1
	install -d $(DESTDIR)$(PREFIX)/include/eventgate
	install -m 644 include/eventgate/* $(DESTDIR)$(PREFIX)/include/eventgate/
	for folder in mappings migrations stats; do \
	    install -d $(DESTDIR)$(PREFIX)/share/eventgate/postgres/$$folder && \
	    install -m 644 etc/postgres/$$folder/* $(DESTDIR)$(PREFIX)/share/eventgate/postgres/$$folder/ || exit 1; \
	done
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	    $(DESTDIR)$(PREFIX)/share/zsh/site-functions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	$(RELEASE) completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/eventgate
	$(RELEASE) completion zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_eventgate
	$(RELEASE) completion fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/eventgate.fish
	install -d $(DESTDIR)/lib/systemd/system
	sed 's|/usr/local/bin/|$(PREFIX)/bin/|' systemd/eventgate.service \
	    > $(DESTDIR)/lib/systemd/system/eventgate.service

clean: ## remove what was built
	rm -rf $(BUILD)

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | \
	    sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

.PHONY: all release run install clean help

-include $(OBJECTS:.o=.d) $(patsubst %.c,$(BUILD)/%.d,$(filter tests/%.c,$(C_FILES)))
