/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the log may show of a payload at TRACE: the values of secret-looking keys, at any depth, are
 * replaced by ***REDACTED***, and the text is cut. Immutable after new: any thread.
 */
#ifndef EG_TELEMETRY_REDACT_H
#define EG_TELEMETRY_REDACT_H

#include <stddef.h>

#include "base/buffer.h"
#include "eventgate/field.h"
#include "eventgate/span.h"

struct eg_redactor;

/*
 * Keys are compared without regard to ASCII case; the list is copied. max_bytes: the most bytes of
 * a payload that are shown; cut on a character boundary, then "..." follows.
 */
struct eg_redactor *eg_redactor_new(const struct eg_string_list *keys, size_t max_bytes);
void eg_redactor_destroy(struct eg_redactor *take); /* NULL is fine */

/*
 * Appends the payload as compact JSON with the secrets replaced. What can't be read as JSON is not
 * shown, only its size: nobody could tell where its secrets are.
 */
void eg_redactor_append(const struct eg_redactor *redactor, struct eg_span payload,
                        struct eg_buffer *out);

#endif
