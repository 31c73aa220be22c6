/* SPDX-License-Identifier: Apache-2.0 */
/* URI references (RFC 3986) as $id and $ref need them. Any thread. */
#ifndef EG_SCHEMA_URI_H
#define EG_SCHEMA_URI_H

#include <stdbool.h>

#include "base/buffer.h"
#include "eventgate/span.h"

/* Splits at the first '#'; without one the fragment is empty. */
void eg_schema_uri_split(struct eg_span uri, struct eg_span *ret_base,
                         struct eg_span *ret_fragment);

/*
 * Appends `reference` resolved against `base` (RFC 3986, 5.2) to `out`, without its fragment. An
 * empty base gives the reference itself.
 */
void eg_schema_uri_resolve(struct eg_span base, struct eg_span reference, struct eg_buffer *out);

/* Appends `text` with its %XX decoded. False: a '%' that two hexadecimal digits do not follow. */
bool eg_schema_uri_decode(struct eg_span text, struct eg_buffer *out);

#endif
