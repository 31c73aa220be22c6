/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unicode full case folding (Unicode 14, CaseFolding.txt status C and F), which is what
 * Python 3.11's str.casefold() does. No normalisation, no locale. Any thread.
 */
#ifndef EG_ACCESS_CASEFOLD_H
#define EG_ACCESS_CASEFOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "eventgate/span.h"

/* Bytes that stay enough for any text of `bytes` bytes. */
#define EG_ACCESS_CASEFOLD_BYTES(bytes) ((bytes)*3)

/*
 * Writes the folded text to `ret_text` (no NUL) and its length to *ret_len. False: it would take
 * more than `capacity`; the output is unspecified. Bytes that are not UTF-8 are copied as they are.
 */
bool eg_access_casefold(struct eg_span text, char *ret_text, size_t capacity, size_t *ret_len);

#endif
