/* SPDX-License-Identifier: Apache-2.0 */
/* Times as AWS writes them. Any thread. */
#ifndef EG_AWS_TIME_H
#define EG_AWS_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "eventgate/span.h"

/*
 * RFC 3339 with Z or an offset and an optional fraction, which is dropped: seconds since 1970.
 * False: it is not that, and *ret_seconds is untouched.
 */
bool eg_aws_time_parse(struct eg_span text, int64_t *ret_seconds);

/* HTTP's own format, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7, IMF-fixdate). */
bool eg_aws_time_parse_http(struct eg_span text, int64_t *ret_seconds);

#endif
