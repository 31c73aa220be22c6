/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appends JSON text to a buffer: what replies and log lines are made of. The caller writes the
 * brackets, commas and colons; this room makes sure that no value can break out of its quotes.
 *
 * Any thread; the buffer belongs to the caller.
 */
#ifndef EG_JSON_WRITER_H
#define EG_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "eventgate/span.h"

/*
 * A string with its quotes (RFC 8259 section 7): quote and backslash are escaped, control
 * characters become \u00XX, all else stays UTF-8. A byte that is no part of valid UTF-8 becomes
 * U+FFFD, so that the output is always valid JSON.
 */
void eg_json_write_string(struct eg_buffer *buffer, struct eg_span text);

/* The same for a C string; NULL becomes null. */
void eg_json_write_text(struct eg_buffer *buffer, const char *text);

/* A member's name and its colon: "name": without the space. */
void eg_json_write_name(struct eg_buffer *buffer, const char *name);

void eg_json_write_int64(struct eg_buffer *buffer, int64_t value);
void eg_json_write_uint64(struct eg_buffer *buffer, uint64_t value);

/* The shortest text that reads back as the same double; null for a NaN or an infinity. */
void eg_json_write_double(struct eg_buffer *buffer, double value);

void eg_json_write_bool(struct eg_buffer *buffer, bool value);
void eg_json_write_null(struct eg_buffer *buffer);

#endif
