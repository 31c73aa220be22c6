/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON text on one line, or with no white space at all. Any thread; the buffer belongs to the
 * caller. */
#ifndef EG_JSON_COMPACT_H
#define EG_JSON_COMPACT_H

#include "base/buffer.h"
#include "eventgate/span.h"

/*
 * Appends `json`, which must be valid (RFC 8259), so that it holds no line break: as it is when it
 * has none, else without the white space between its tokens. Nothing else is changed.
 */
void eg_json_write_one_line(struct eg_buffer *buffer, struct eg_span json);

/* Appends `json`, which must be valid, without the white space between its tokens. */
void eg_json_write_compact(struct eg_buffer *buffer, struct eg_span json);

#endif
