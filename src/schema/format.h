/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The formats of JSON Schema ("format": "date-time") and which draft knows which.
 *
 * Immutable tables and pure functions: any thread, no allocation but in idn-hostname and regex.
 */
#ifndef EG_SCHEMA_FORMAT_H
#define EG_SCHEMA_FORMAT_H

#include <stdbool.h>

#include "eventgate/span.h"
#include "schema/schema.h"

struct eg_schema_format;

/* NULL: that draft has no format of this name, so everything fits. */
const struct eg_schema_format *eg_schema_format_find(enum eg_schema_draft draft,
                                                     struct eg_span name);

/* The name as the specification writes it. */
const char *eg_schema_format_name(const struct eg_schema_format *format);

/* Does the string fit? `value` is UTF-8. Values that are not strings fit every format: no call. */
bool eg_schema_format_check(const struct eg_schema_format *format, struct eg_span value);

#endif
