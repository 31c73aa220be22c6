# SPDX-License-Identifier: Apache-2.0
# EventGate. `make help` lists what there is to do.

BUILD    ?= build
V        ?= 0
CC       ?= cc
PREFIX   ?= /usr/local
DESTDIR  ?=
OPT      ?= -O2
SANITIZE ?=

PACKAGES := libmicrohttpd jansson libcurl openssl yaml-0.1 sqlite3 libpcre2-8 libzstd zlib libidn2

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla -Werror
CPPFLAGS += -Iinclude -Isrc -I$(BUILD)/generated -D_GNU_SOURCE
CFLAGS   += -std=gnu17 $(OPT) -g -fno-omit-frame-pointer -fstack-protector-strong -fPIC $(WARNINGS) \
            $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all)
LDFLAGS  += $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -Wl,-z,relro,-z,now
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES))
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES)) -lpthread -lm -ldl

SOURCES := $(sort $(shell find src -name '*.c'))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
LIBRARY := $(BUILD)/libeventgate.a
PROGRAM := $(BUILD)/eventgate

UNIT_SOURCES  := $(sort $(shell find tests/unit -name 'test_*.c'))
UNIT_PROGRAMS := $(UNIT_SOURCES:%.c=$(BUILD)/%)

Q   := $(if $(filter 1,$(V)),,@)
say  = @printf '  %-6s %s\n' $(1) $(2)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAM) ## build build/eventgate

$(PROGRAM): $(BUILD)/src/main.o $(LIBRARY)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(LIBRARY): $(filter-out $(BUILD)/src/main.o,$(OBJECTS))
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Unit tests: one program a file; -Itests gives them tests/support.
$(BUILD)/tests/%.o: CPPFLAGS += -Itests
$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(LIBRARY)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka

# A plug-in as its author builds it: the public headers and nothing else.
PLUGIN_EXAMPLE := $(BUILD)/tests/support/plugin_example.so
$(BUILD)/tests/support/%.so: tests/support/%.c
	@mkdir -p $(@D)
	$(call say,PLUGIN,$@)
	$(Q)$(CC) -std=gnu17 $(OPT) -g $(WARNINGS) -Iinclude -fPIC -shared -o $@ $<

unit: $(UNIT_PROGRAMS) $(PLUGIN_EXAMPLE) ## build and run the unit tests
	@for t in $(UNIT_PROGRAMS); do $$t || exit 1; done

clean: ## remove what was built
	rm -rf $(BUILD)

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

.PHONY: all unit clean help

-include $(OBJECTS:.o=.d) $(UNIT_SOURCES:%.c=$(BUILD)/%.d)
