/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a post, in the order that clients rely on: read the document, verify the token, find
 * the topic, check subject and fields, validate, build the event, hand it to the sinks.
 *
 * All of it is computation and runs on the calling HTTP thread; several at once. Nothing here
 * waits: what became of the deliveries comes through the join (pipeline/delivery.h).
 */
#ifndef EG_PIPELINE_INGEST_H
#define EG_PIPELINE_INGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/auth.h"
#include "base/arena.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/event.h"
#include "eventgate/span.h"
#include "pipeline/delivery.h"
#include "pipeline/pipeline.h"
#include "telemetry/redact.h"
#include "topics/slot.h"
#include "json/document.h"

/* How the events lie in a request's body. */
enum eg_ingest_format {
    EG_INGEST_SINGLE,           /* one JSON document */
    EG_INGEST_BATCH,            /* a JSON array of them */
    EG_INGEST_LINES,            /* NDJSON: one a line */
    EG_INGEST_CLOUDEVENT,       /* CloudEvents 1.0, structured: the document is an envelope */
    EG_INGEST_CLOUDEVENT_BATCH, /* CloudEvents 1.0, batched: an array of envelopes */
};

struct eg_ingest_options {
    struct eg_auth_verifier *auth;
    struct eg_topics_slot *topics;
    struct eg_pipeline *pipeline;
    const struct eg_redactor *redactor; /* for payloads in the log at TRACE */
    struct eg_span gate; /* this one's name in events it sends on; without rules of no use */
    struct eg_json_limits limits;
    size_t max_batch_events;
    size_t max_failures; /* of one event that are told */

    /*
     * May this subject post `events` more now? NULL: always. -1 with EG_ERR_RATE: not now. Called
     * on HTTP threads after the token was verified.
     */
    int (*admit)(void *context, struct eg_span subject, size_t events, struct eg_error *err);
    void *admit_context;
};

struct eg_ingest;

/* Everything in `options` is borrowed until destroy. Main thread. */
struct eg_ingest *eg_ingest_new(const struct eg_ingest_options *options) EG_MUST_CHECK;
void eg_ingest_destroy(struct eg_ingest *ingest); /* NULL is fine */

/* An event that was accepted before, once more. */
struct eg_ingest_replay {
    int64_t received_us;         /* when it was accepted: the time of its envelope */
    const struct eg_span *rules; /* only to targets of these; none: of all that match */
    size_t rule_count;
    bool to_sinks; /* to the topic's own sinks, too */
};

/* One request. The spans are borrowed for the call; those that are not there are empty. */
struct eg_ingest_post {
    enum eg_ingest_format format;
    struct eg_span topic; /* lower case */
    struct eg_span body;
    struct eg_span token;
    struct eg_auth_identity *identity; /* who posts, when that is known already; borrowed. NULL: the
                                          token says */
    const struct eg_ingest_replay *replay; /* who may post was asked before; NULL: this is new */
    bool id_from_payload;              /* an event's member `id`, if it is a string, is its id */
    struct eg_span fallback_id;        /* the id of an event that has none of its own */
    const struct eg_join_owner *owner; /* who hears of the join; NULL: the pipeline's on_done */
    struct eg_span idempotency_key;
    struct eg_span correlation_id;
    struct eg_span traceparent; /* as the client sent it */
    struct eg_span tracestate;
    const struct eg_event_attribute *attributes; /* CloudEvents in binary mode; the id is "id" */
    size_t attribute_count;
};

struct eg_ingest_failure {
    struct eg_span message;
    bool has_paths; /* of a schema's failure: */
    struct eg_span instance_path;
    struct eg_span schema_path;
};

struct eg_ingest_item {
    enum eg_error_code refusal; /* EG_ERR_NONE: it is event number `event` of the join */
    const struct eg_ingest_failure *failures;
    size_t failure_count;
    size_t event;
};

/* What came of a request. Items and texts live in the request's arena. */
struct eg_ingest_submission {
    struct eg_topics_catalogue *catalogue; /* the snapshot of this request */
    const struct eg_topics_topic *topic;   /* NULL: not known yet when it was refused */
    struct eg_auth_identity *identity;
    bool batch;
    struct eg_ingest_item *items;
    size_t item_count;
    struct eg_join *join; /* NULL: no event went to a sink */
};

/*
 * Takes a request through all steps. 0: look at the items and the join. -1: the whole request is
 * refused, with the code that answers it. The submission must be given to fini in both cases.
 * `user` comes back by eg_join_user.
 */
int eg_ingest_submit(struct eg_ingest *ingest, const struct eg_ingest_post *post,
                     struct eg_arena *arena, void *user, struct eg_ingest_submission *submission,
                     struct eg_error *err) EG_MUST_CHECK;
void eg_ingest_submission_fini(struct eg_ingest_submission *submission);

/*
 * After the join completed: tells the counters of the topic what became of each item. Once for
 * each submission that eg_ingest_submit returned 0 for.
 */
void eg_ingest_count(const struct eg_ingest_submission *submission);

#endif
