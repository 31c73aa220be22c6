/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request on its way through the steps of a post; shared by the ingest_*.c files and nobody
 * else. Everything here belongs to the HTTP thread that serves the request.
 */
#ifndef EG_PIPELINE_INGEST_RUN_H
#define EG_PIPELINE_INGEST_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "pipeline/ingest.h"
#include "pipeline/route.h"
#include "pipeline/routing.h"
#include "schema/schema.h"
#include "telemetry/metrics.h"
#include "telemetry/trace.h"
#include "json/document.h"

enum eg_ingest_stage {
    EG_INGEST_STAGE_PARSE,
    EG_INGEST_STAGE_AUTH,
    EG_INGEST_STAGE_ACCESS,
    EG_INGEST_STAGE_VALIDATE,
    EG_INGEST_STAGE_DISPATCH,
    EG_INGEST_STAGE_COUNT
};

struct eg_ingest {
    struct eg_ingest_options options;
    struct eg_histogram *stages[EG_INGEST_STAGE_COUNT];
};

/* What a thread reuses from request to request. */
struct eg_ingest_scratch {
    struct eg_json_document document;
    struct eg_json_document data; /* of a CloudEvent's data_base64 */
    struct eg_schema_scratch *schema;
    struct eg_buffer key;
    struct eg_buffer decoded;
    struct eg_buffer envelope; /* of the event that is being built */
    struct eg_routing_scratch routing;
    unsigned posts;
};

struct eg_ingest_run {
    struct eg_ingest *ingest;
    const struct eg_ingest_post *post;
    struct eg_arena *arena;
    struct eg_ingest_submission *submission;
    struct eg_ingest_scratch *scratch;
    const struct eg_pipeline_route *route;
    struct eg_dispatch_item *dispatch; /* the items that go to sinks, in order */
    size_t dispatch_count;
    size_t target_count; /* of all of them */
    struct eg_span tracestate;
    struct eg_trace trace;
    bool timed;      /* one post in TIMED_EVERY has its steps measured */
    int64_t mark_ns; /* end of the step before, when timed */
};

/* Tells how long the step took, when this post is one of those that are timed. */
static inline void eg_ingest_step_ended(struct eg_ingest_run *run, enum eg_ingest_stage stage)
{
    if (EG_LIKELY(!run->timed))
        return;
    int64_t now_ns = eg_metrics_now_ns();
    eg_histogram_observe_ns(run->ingest->stages[stage], now_ns - run->mark_ns);
    run->mark_ns = now_ns;
}

/* ingest_body.c: reads the body, all but its lines. -1: the whole request is refused. */
int eg_ingest_read_body(struct eg_ingest_run *run, size_t *ret_count,
                        struct eg_error *err) EG_MUST_CHECK;

/* ingest_body.c: judges every event of the body; those that pass are added to run->dispatch. */
int eg_ingest_judge_body(struct eg_ingest_run *run, struct eg_error *err) EG_MUST_CHECK;

/* ingest_item.c: judges one event, the value at `root`. -1: the whole request is refused. */
int eg_ingest_judge_item(struct eg_ingest_run *run, size_t index,
                         const struct eg_json_document *document, eg_json_index root,
                         struct eg_error *err) EG_MUST_CHECK;

/* ingest_item.c: an item that the reader refused: over a limit it says which one, otherwise it is
 * no JSON. */
void eg_ingest_refuse_unreadable(struct eg_ingest_run *run, struct eg_ingest_item *item,
                                 const struct eg_error *reason, const char *not_json);

#endif
