/* SPDX-License-Identifier: Apache-2.0 */
/* Exact arithmetic on the decimal text of JSON numbers (RFC 8259, 6). No allocation; any thread. */
#ifndef EG_SCHEMA_NUMBER_H
#define EG_SCHEMA_NUMBER_H

#include <stdbool.h>

#include "eventgate/span.h"

/* Digits that the divisor of multipleOf may have, zeros at both ends not counted. */
#define EG_SCHEMA_MAX_DIVISOR_DIGITS 100

/* 1, 1.0, 1e2; not 1.5. */
bool eg_schema_number_is_integer(struct eg_span number);

/* Is `number` divided by `divisor` an integer? The divisor: greater than 0, and bounded. */
bool eg_schema_number_is_multiple(struct eg_span number, struct eg_span divisor);

/* Greater than 0 and with few enough digits. */
bool eg_schema_number_can_divide(struct eg_span divisor);

#endif
