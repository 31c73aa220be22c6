/* SPDX-License-Identifier: Apache-2.0 */
/* Case folding character by character. Internal to rules/; any thread, no allocation. */
#ifndef EG_RULES_FOLD_H
#define EG_RULES_FOLD_H

#include <stddef.h>

#include "eventgate/span.h"

/* Bytes that are enough for any folded text of `bytes` bytes. */
#define EG_RULES_FOLD_BYTES(bytes) ((bytes) + (bytes) / 2 + 1)

/*
 * Unicode's simple folding (CaseFolding.txt, status C and S): every character becomes one
 * character, so that two texts are equal without regard to case when their folded forms are. No
 * locale. Writes to `out` and returns the length.
 */
size_t eg_rules_fold(struct eg_span text, char *out);

#endif
