/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: the request target (RFC 9112 section 3.2) taken apart. No state; any thread.
 */
#ifndef EG_HTTP_URI_H
#define EG_HTTP_URI_H

#include <stdbool.h>

#include "base/arena.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

#define EG_HTTP_SEGMENTS_MAX 8

struct eg_http_uri {
    struct eg_span path;                           /* decoded, lower case, starts with '/' */
    struct eg_span segments[EG_HTTP_SEGMENTS_MAX]; /* the same, between the slashes */
    unsigned segment_count; /* SEGMENTS_MAX + 1 when there are more: matches no route */
    struct eg_span query;   /* raw, behind the '?' */
};

/*
 * origin-form, absolute-form and "*". EG_ERR_REQUEST for characters that RFC 3986 does not allow,
 * a broken percent sign, or an encoded control character.
 */
int eg_http_uri_parse(struct eg_span target, struct eg_arena *arena, struct eg_http_uri *ret_uri,
                      struct eg_error *err);

/* The first argument of that name in a query; decoded, '+' is a space. A broken one: false. */
bool eg_http_uri_argument(struct eg_span query, struct eg_span name, struct eg_arena *arena,
                          struct eg_span *ret_value);

#endif
