# SPDX-License-Identifier: Apache-2.0
# Files that become part of the binary (assets.txt). `make swagger` installs Swagger UI for /docs;
# without it the page says how to get it.

# One for all builds: sanitizer builds lie below the same folder.
SWAGGER        := build/swagger
SWAGGER_BUNDLE := $(wildcard $(SWAGGER)/swagger-ui-bundle.js)
ASSETS_OBJECT  := $(BUILD)/generated/assets.o

$(BUILD)/generated/assets.c: src/api/assets.txt src/api/openapi.yaml $(wildcard src/api/docs/*) \
                             tests/support/embed.py $(SWAGGER_BUNDLE)
	$(call say,EMBED,$@)
	$(Q)python3 tests/support/embed.py src/api/assets.txt $(SWAGGER) $@

$(ASSETS_OBJECT): $(BUILD)/generated/assets.c
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fno-lto -c -o $@ $<

# Asked for by name only: a build without it is a whole one.
build/swagger/swagger-ui-bundle.js: tests/support/swagger/package-lock.json
	@tests/support/swagger/install build/venv $(SWAGGER)
	@rm -f $(BUILD)/generated/assets.c
	@touch $@

swagger: build/swagger/swagger-ui-bundle.js ## install Swagger UI, which /docs serves, from npm

.PHONY: swagger
