/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a post. One `struct eg_ingest_run` walks one request through them; each step is a
 * function that either goes on or refuses, the whole request (-1) or one item of it.
 *
 * Threads: submit and count on HTTP threads. Each thread keeps a scratch of its own (document,
 * schema scratch, buffers), so that a warm thread allocates only the events it hands on.
 */
#include "pipeline/ingest.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "pipeline/ingest_run.h"
#include "telemetry/log.h"

static const char *const stage_names[EG_INGEST_STAGE_COUNT] = {"parse", "auth", "access",
                                                               "validate", "dispatch"};

#define TIMED_EVERY 16u /* reading the clock five times a post would cost more than some steps */

static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;

static void scratch_destroy(void *pointer)
{
    struct eg_ingest_scratch *scratch = pointer;
    eg_json_document_fini(&scratch->document);
    eg_json_document_fini(&scratch->data);
    eg_schema_scratch_destroy(scratch->schema);
    eg_buffer_fini(&scratch->key);
    eg_buffer_fini(&scratch->decoded);
    eg_buffer_fini(&scratch->envelope);
    eg_routing_scratch_fini(&scratch->routing);
    free(scratch);
}

static void scratch_key_make(void)
{
    EG_ASSERT(pthread_key_create(&scratch_key, scratch_destroy) == 0);
}

static struct eg_ingest_scratch *scratch_here(void)
{
    static _Thread_local struct eg_ingest_scratch *here;
    if (EG_LIKELY(here != NULL))
        return here;
    EG_ASSERT(pthread_once(&scratch_once, scratch_key_make) == 0);
    here = eg_calloc(1, sizeof(*here));
    eg_json_document_init(&here->document);
    eg_json_document_init(&here->data);
    eg_json_document_init(&here->routing.envelope);
    eg_json_document_init(&here->routing.other);
    here->schema = eg_schema_scratch_new();
    EG_ASSERT(pthread_setspecific(scratch_key, here) == 0);
    return here;
}

struct eg_ingest *eg_ingest_new(const struct eg_ingest_options *options)
{
    struct eg_ingest *ingest = eg_calloc(1, sizeof(*ingest));
    ingest->options = *options;
    for (size_t i = 0; i < EG_INGEST_STAGE_COUNT; i++)
        ingest->stages[i] =
            eg_metrics_histogram(EG_METRIC_INGEST_STAGE_DURATION_SECONDS, stage_names[i]);
    return ingest;
}

void eg_ingest_destroy(struct eg_ingest *ingest)
{
    free(ingest);
}

static int verify_token(struct eg_ingest_run *run, struct eg_error *err)
{
    struct eg_error reason;
    int ret = eg_auth_verify(run->ingest->options.auth, run->post->token,
                             &run->submission->identity, &reason, err);
    if (ret)
        eg_log(EG_LOG_INFO, run->post->correlation_id, "token refused", eg_log_error(&reason));
    eg_ingest_step_ended(run, EG_INGEST_STAGE_AUTH);
    return ret;
}

static int find_topic(struct eg_ingest_run *run, struct eg_error *err)
{
    struct eg_ingest_submission *submission = run->submission;
    submission->topic = eg_topics_catalogue_find(submission->catalogue, run->post->topic);
    if (!submission->topic)
        return eg_error_set(err, EG_ERR_TOPIC, "Topic '%.*s' not found",
                            EG_SPAN_ARGS(run->post->topic));
    run->route = eg_pipeline_route_of(submission->catalogue, submission->topic);
    return 0;
}

static int admit(const struct eg_ingest_run *run, size_t events, struct eg_error *err)
{
    const struct eg_ingest_options *options = &run->ingest->options;
    if (!options->admit)
        return 0;
    return options->admit(options->admit_context, run->submission->identity->subject, events, err);
}

/* --- handing on */

static void drop_events(struct eg_ingest_run *run)
{
    for (size_t i = 0; i < run->dispatch_count; i++) {
        eg_pipeline_event_unref(run->dispatch[i].take_event);
        for (size_t k = 0; k < run->dispatch[i].target_count; k++)
            eg_pipeline_event_unref(run->dispatch[i].targets[k].take_event);
    }
    run->dispatch_count = 0;
}

/* Targets live in the catalogue, which the request gives back before a late sink has ended. */
static void unpin(void *pin)
{
    eg_topics_catalogue_unref(pin);
}

static int dispatch(struct eg_ingest_run *run, void *user, struct eg_error *err)
{
    if (run->dispatch_count == 0)
        return 0;
    struct eg_dispatch_options options = {.user = user};
    if (EG_UNLIKELY(run->target_count > 0)) {
        options.take_pin = eg_topics_catalogue_ref(run->submission->catalogue);
        options.unpin = unpin;
    }
    int ret = eg_pipeline_dispatch_with(run->ingest->options.pipeline, run->dispatch,
                                        run->dispatch_count, &options, &run->submission->join, err);
    eg_ingest_step_ended(run, EG_INGEST_STAGE_DISPATCH);
    if (ret) /* the whole request is refused, so nobody will count its items one by one */
        eg_counter_add(run->route->results[EG_TOPIC_OVERLOADED], run->dispatch_count);
    return ret;
}

static bool is_batch(enum eg_ingest_format format)
{
    return format == EG_INGEST_BATCH || format == EG_INGEST_LINES ||
           format == EG_INGEST_CLOUDEVENT_BATCH;
}

static void begin_trace(struct eg_ingest_run *run)
{
    run->tracestate = EG_SPAN_EMPTY;
    if (!eg_trace_continue(run->post->traceparent, &run->trace) || !run->post->tracestate.len)
        return;
    char *text = eg_arena_alloc(run->arena, EG_TRACE_STATE_LEN + 1);
    run->tracestate = eg_span_of(text, eg_trace_state_copy(run->post->tracestate, text));
}

static int walk(struct eg_ingest_run *run, void *user, struct eg_error *err)
{
    struct eg_ingest_submission *submission = run->submission;
    size_t count = 0;
    if (eg_ingest_read_body(run, &count, err) || verify_token(run, err) || find_topic(run, err) ||
        admit(run, count, err))
        return -1;
    submission->item_count = count;
    submission->items = eg_arena_alloc(run->arena, count * sizeof(*submission->items));
    memset(submission->items, 0, count * sizeof(*submission->items));
    run->dispatch = eg_arena_alloc(run->arena, count * sizeof(*run->dispatch));
    begin_trace(run);
    if (eg_ingest_judge_body(run, err)) {
        drop_events(run);
        return -1;
    }
    return dispatch(run, user, err);
}

int eg_ingest_submit(struct eg_ingest *ingest, const struct eg_ingest_post *post,
                     struct eg_arena *arena, void *user, struct eg_ingest_submission *submission,
                     struct eg_error *err)
{
    *submission = (struct eg_ingest_submission){
        .catalogue = eg_topics_slot_acquire(ingest->options.topics),
        .batch = is_batch(post->format),
    };
    struct eg_ingest_run run = {
        .ingest = ingest,
        .post = post,
        .arena = arena,
        .submission = submission,
        .scratch = scratch_here(),
    };
    run.timed = run.scratch->posts++ % TIMED_EVERY == 0;
    if (run.timed)
        run.mark_ns = eg_metrics_now_ns();
    return walk(&run, user, err);
}

void eg_ingest_submission_fini(struct eg_ingest_submission *submission)
{
    if (submission->join)
        eg_join_unref(submission->join);
    eg_auth_identity_unref(submission->identity);
    eg_topics_catalogue_unref(submission->catalogue);
    *submission = (struct eg_ingest_submission){0};
}

static enum eg_topic_result item_result(const struct eg_ingest_submission *submission,
                                        const struct eg_ingest_item *item)
{
    if (item->refusal == EG_ERR_PERMISSION)
        return EG_TOPIC_FORBIDDEN;
    if (item->refusal != EG_ERR_NONE)
        return EG_TOPIC_INVALID;
    if (eg_join_refusal(submission->join, item->event))
        return EG_TOPIC_OVERLOADED;
    return eg_join_delivered(submission->join, item->event) ? EG_TOPIC_ACCEPTED : EG_TOPIC_FAILED;
}

void eg_ingest_count(const struct eg_ingest_submission *submission)
{
    const struct eg_pipeline_route *route =
        eg_pipeline_route_of(submission->catalogue, submission->topic);
    for (size_t i = 0; i < submission->item_count; i++)
        eg_counter_add(route->results[item_result(submission, &submission->items[i])], 1);
}
