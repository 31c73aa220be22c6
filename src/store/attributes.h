/* SPDX-License-Identifier: Apache-2.0 */
/* An event's attributes as the text of one column, and back. Any thread. */
#ifndef EG_STORE_ATTRIBUTES_H
#define EG_STORE_ATTRIBUTES_H

#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/event.h"

/* Replaces the buffer's content by a JSON object of strings; without attributes it stays empty. */
void eg_attributes_write(struct eg_buffer *buffer, const struct eg_event_attribute *attributes,
                         size_t count);

/*
 * Reads what eg_attributes_write wrote; the array and its texts live in the arena. Empty text: no
 * attributes. EG_ERR_IO: the column holds something else.
 */
int eg_attributes_read(struct eg_span text, struct eg_arena *arena,
                       const struct eg_event_attribute **ret_attributes, size_t *ret_count,
                       struct eg_error *err) EG_MUST_CHECK;

#endif
