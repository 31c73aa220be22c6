/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a wildcard operator. Internal to rules/; any thread. */
#ifndef EG_RULES_WILDCARD_H
#define EG_RULES_WILDCARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eventgate/span.h"

/* A symbol of a wildcard: a byte, or any run of bytes. */
#define EG_RULES_STAR 256u

/*
 * Reads the next symbol at *at and moves it. False at the end. The text must have passed
 * eg_rules_wildcard_check.
 */
bool eg_rules_wildcard_next(struct eg_span text, size_t *at, uint16_t *ret_symbol);

/* NULL, or what is wrong with the text: "**", a backslash that escapes nothing, too complex. */
const char *eg_rules_wildcard_check(struct eg_span text);

#endif
