/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single values of the configuration: from text to number and back, the way a field's type writes
 * them. Any thread.
 */
#ifndef EG_CONFIG_VALUE_H
#define EG_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/field.h"
#include "eventgate/span.h"

/*
 * INT, DURATION, SIZE, BOOL (0 or 1) and CHOICE (the index) of a field from a text; the range is
 * checked. -1 with EG_ERR_CONFIG: "expected a duration such as 10s, got 'x'".
 */
int eg_config_value_parse(const struct eg_field *field, struct eg_span text, int64_t *ret_value,
                          struct eg_error *err) EG_MUST_CHECK;

/* The shortest text that parses to the same value. */
void eg_config_value_format(const struct eg_field *field, int64_t value, struct eg_buffer *buffer);

#endif
