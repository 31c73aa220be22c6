/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629) one code point at a time. No allocation; any thread. */
#ifndef EG_TEXT_UTF8_H
#define EG_TEXT_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/span.h"

/* Is all of it well-formed: no overlong form, no surrogate, nothing past U+10FFFF? */
bool eg_utf8_valid(struct eg_span text) EG_MUST_CHECK;

/*
 * Takes the first code point off `rest`. False at the end, and where the bytes are not well-formed:
 * then `rest` is not empty and neither it nor *ret_code has changed.
 */
bool eg_utf8_next(struct eg_span *rest, uint32_t *ret_code) EG_MUST_CHECK;

/* Appends a code point up to U+10FFFF that is no surrogate. */
void eg_utf8_append(struct eg_buffer *out, uint32_t code);

#endif
