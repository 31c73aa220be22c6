/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as Python's json.dumps() writes it with its defaults: ASCII only, ", " and ": " between
 * things, floats by repr(), all digits of an int. For consumers that compare bytes with what the
 * Python EventGate sent. Any thread; the document must not change.
 */
#ifndef EG_TEXT_PYTHON_JSON_H
#define EG_TEXT_PYTHON_JSON_H

#include "base/buffer.h"
#include "json/document.h"

/*
 * json.dumps(json.loads(text)) of the value at `index`. Of a name that stands twice in an object
 * the last value is written, at the place of the first. Appends.
 */
void eg_python_json_dumps(struct eg_buffer *out, const struct eg_json_document *document,
                          eg_json_index index);

#endif
