/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON values as Python would print them: the words of python-jsonschema's messages, and the text
 * form of a field in access rules and message keys. Any thread; the document must not change.
 *
 * The value is what json.loads() makes of the text: an integer keeps all its digits, any other
 * number is a double. Where duplicate names are allowed all of them are printed.
 */
#ifndef EG_TEXT_PYTHON_H
#define EG_TEXT_PYTHON_H

#include "base/buffer.h"
#include "eventgate/span.h"
#include "json/document.h"

/* repr(value): {'a': 1.5, 'b': [True, None]}. Appends. */
void eg_python_repr(struct eg_buffer *out, const struct eg_json_document *document,
                    eg_json_index index);

/* str(value): a string as it is, everything else like repr. Appends. */
void eg_python_str(struct eg_buffer *out, const struct eg_json_document *document,
                   eg_json_index index);

/* repr() of a str with these UTF-8 characters: quotes chosen and escapes made as Python does. */
void eg_python_repr_string(struct eg_buffer *out, struct eg_span string);

/* repr() of a number with this JSON text: all digits of an int, or the float. */
void eg_python_repr_number(struct eg_buffer *out, struct eg_span number);

/* repr(float): shortest that reads back the same; 1.0, 1e+16, 1e-05, inf. */
void eg_python_repr_double(struct eg_buffer *out, double value);

#endif
