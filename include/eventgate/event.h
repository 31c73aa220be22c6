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

/* Why an event is in a dead-letter sink; the names are those of EventBridge's message attributes.
 */
struct eg_event_failure {
    struct eg_span rule_arn;
    struct eg_span target_arn;
    struct eg_span error_code;
    struct eg_span error_message;
    struct eg_span exhausted_retry_condition; /* empty: it was not a matter of retries */
    unsigned retry_attempts;
};

struct eg_event {
    struct eg_span id;             /* Idempotency-Key, the CloudEvents id, or a UUIDv7 made here */
    struct eg_span topic;          /* lower case */
    struct eg_span key;            /* message key; len 0: none */
    struct eg_span payload;        /* what is delivered: the bytes that came in, or what a rule's
                                      target makes of them */
    struct eg_span envelope;       /* the event as EventBridge shows it: a JSON object with version,
                                      id, detail-type, source, account, time, region, resources and
                                      detail; empty when no sink of it reads_envelope */
    struct eg_span subject;        /* the verified token's sub, as the token spells it */
    struct eg_span correlation_id; /* never empty */
    struct eg_span traceparent;    /* W3C Trace Context, the span made here; never empty */
    struct eg_span tracestate;     /* W3C Trace Context, as it came in; may be empty */
    const struct eg_event_attribute *attributes;
    size_t attribute_count;
    const struct eg_event_failure *failure; /* NULL: this is no dead letter */
    int64_t received_us;                    /* Unix time in microseconds */
};

#endif
