/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event as a sink sees it: one accepted document and what is known about it.
 *
 * Immutable from the moment it is built; every span points into memory that lives until the last
 * delivery of the event was completed. Any thread may read it without a lock.
 */
#ifndef EVENTGATE_EVENT_H
#define EVENTGATE_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "eventgate/span.h"

/* A CloudEvents context attribute (without the ce- prefix), or a request header on the allow-list.
 */
struct eg_event_attribute {
    struct eg_span name; /* lower case */
    struct eg_span value;
};

struct eg_event {
    struct eg_span id;             /* Idempotency-Key, the CloudEvents id, or a UUIDv7 made here */
    struct eg_span topic;          /* lower case */
    struct eg_span key;            /* message key; len 0: none */
    struct eg_span payload;        /* the JSON document, the bytes that came in */
    struct eg_span subject;        /* the verified token's sub, as the token spells it */
    struct eg_span correlation_id; /* never empty */
    struct eg_span traceparent;    /* W3C Trace Context, the span made here; never empty */
    struct eg_span tracestate;     /* W3C Trace Context, as it came in; may be empty */
    const struct eg_event_attribute *attributes;
    size_t attribute_count;
    int64_t received_us; /* Unix time in microseconds */
};

#endif
