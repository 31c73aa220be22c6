/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers for `struct eg_span` (include/eventgate/span.h). No allocation; any thread. */
#ifndef EG_BASE_SPAN_H
#define EG_BASE_SPAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "eventgate/span.h"

#define EG_SPAN_LITERAL(text) ((struct eg_span){(text), sizeof(text) - 1})
#define EG_SPAN_EMPTY         ((struct eg_span){"", 0})

/* For printf("%.*s"). */
#define EG_SPAN_ARGS(span) (int)((span).len > INT32_MAX ? INT32_MAX : (span).len), (span).ptr

static inline struct eg_span eg_span_of(const char *ptr, size_t len)
{
    return (struct eg_span){ptr, len};
}

/* NULL is an empty span. */
static inline struct eg_span eg_span_text(const char *text)
{
    return text ? (struct eg_span){text, strlen(text)} : EG_SPAN_EMPTY;
}

static inline bool eg_span_equal(struct eg_span a, struct eg_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool eg_span_is(struct eg_span span, const char *text)
{
    return eg_span_equal(span, eg_span_text(text));
}

/* ASCII case only: header names, media types, schemes. */
bool eg_span_equal_nocase(struct eg_span a, struct eg_span b);
bool eg_span_starts_nocase(struct eg_span span, const char *prefix);

/* Without leading and trailing space, tab, CR and LF. */
struct eg_span eg_span_trim(struct eg_span span);

/* Bytewise order, shorter first on a common prefix: <0, 0, >0. */
int eg_span_compare(struct eg_span a, struct eg_span b);

/* A decimal integer and nothing else. False: not one, or out of range; *ret_value untouched. */
bool eg_span_to_int64(struct eg_span span, int64_t *ret_value);

/* FNV-1a style hash for in-process tables; not against an attacker who may choose the keys. */
uint64_t eg_span_hash(struct eg_span span);

#endif
