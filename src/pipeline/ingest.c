/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a post. One `struct run` walks one request through them; each step is a function
 * that either goes on or refuses, the whole request (-1) or one item of it.
 *
 * Threads: submit and count on HTTP threads. Each thread keeps a scratch of its own (document,
 * schema scratch, buffers), so that a warm thread allocates only the events it hands on.
 */
#include "pipeline/ingest.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "access/map.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "crypto/base64.h"
#include "crypto/random.h"
#include "pipeline/cloudevent.h"
#include "pipeline/route.h"
#include "schema/schema.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "telemetry/trace.h"

enum stage { STAGE_PARSE, STAGE_AUTH, STAGE_ACCESS, STAGE_VALIDATE, STAGE_DISPATCH, STAGE_COUNT };

static const char *const stage_names[STAGE_COUNT] = {"parse", "auth", "access", "validate",
                                                     "dispatch"};

#define TIMED_EVERY 16u /* reading the clock five times a post would cost more than some steps */

struct eg_ingest {
    struct eg_ingest_options options;
    struct eg_histogram *stages[STAGE_COUNT];
};

/* What a thread reuses from request to request. */
struct scratch {
    struct eg_json_document document;
    struct eg_json_document data; /* of a CloudEvent's data_base64 */
    struct eg_schema_scratch *schema;
    struct eg_buffer key;
    struct eg_buffer decoded;
    unsigned posts;
};

struct run {
    struct eg_ingest *ingest;
    const struct eg_ingest_post *post;
    struct eg_arena *arena;
    struct eg_ingest_submission *submission;
    struct scratch *scratch;
    const struct eg_pipeline_route *route;
    struct eg_dispatch_item *dispatch; /* the items that go to sinks, in order */
    size_t dispatch_count;
    struct eg_span tracestate;
    struct eg_trace trace;
    bool timed;      /* one post in TIMED_EVERY has its steps measured */
    int64_t mark_ns; /* end of the step before, when timed */
};

static pthread_key_t scratch_key;
static pthread_once_t scratch_once = PTHREAD_ONCE_INIT;

static void scratch_destroy(void *pointer)
{
    struct scratch *scratch = pointer;
    eg_json_document_fini(&scratch->document);
    eg_json_document_fini(&scratch->data);
    eg_schema_scratch_destroy(scratch->schema);
    eg_buffer_fini(&scratch->key);
    eg_buffer_fini(&scratch->decoded);
    free(scratch);
}

static void scratch_key_make(void)
{
    EG_ASSERT(pthread_key_create(&scratch_key, scratch_destroy) == 0);
}

static struct scratch *scratch_here(void)
{
    static _Thread_local struct scratch *here;
    if (EG_LIKELY(here != NULL))
        return here;
    EG_ASSERT(pthread_once(&scratch_once, scratch_key_make) == 0);
    here = eg_calloc(1, sizeof(*here));
    eg_json_document_init(&here->document);
    eg_json_document_init(&here->data);
    here->schema = eg_schema_scratch_new();
    EG_ASSERT(pthread_setspecific(scratch_key, here) == 0);
    return here;
}

struct eg_ingest *eg_ingest_new(const struct eg_ingest_options *options)
{
    struct eg_ingest *ingest = eg_calloc(1, sizeof(*ingest));
    ingest->options = *options;
    for (size_t i = 0; i < STAGE_COUNT; i++)
        ingest->stages[i] =
            eg_metrics_histogram(EG_METRIC_INGEST_STAGE_DURATION_SECONDS, stage_names[i]);
    return ingest;
}

void eg_ingest_destroy(struct eg_ingest *ingest)
{
    free(ingest);
}

static void step_ended(struct run *run, enum stage stage)
{
    if (EG_LIKELY(!run->timed))
        return;
    int64_t now_ns = eg_metrics_now_ns();
    eg_histogram_observe_ns(run->ingest->stages[stage], now_ns - run->mark_ns);
    run->mark_ns = now_ns;
}

/* --- refusing one item */

static void refuse_item(struct run *run, struct eg_ingest_item *item, enum eg_error_code code,
                        const char *message)
{
    struct eg_ingest_failure *failure = eg_arena_alloc(run->arena, sizeof(*failure));
    *failure = (struct eg_ingest_failure){
        .message = eg_arena_copy(run->arena, eg_span_text(message)),
    };
    *item = (struct eg_ingest_item){.refusal = code, .failures = failure, .failure_count = 1};
}

/* An item that the reader refused: over a limit it says which one, otherwise it is no JSON. */
static void refuse_unreadable(struct run *run, struct eg_ingest_item *item,
                              const struct eg_error *reason, const char *not_json)
{
    bool over_limit = reason->code == EG_ERR_TOO_LARGE;
    refuse_item(run, item, over_limit ? EG_ERR_TOO_LARGE : EG_ERR_INVALID,
                over_limit ? reason->message : not_json);
}

static void refuse_by_schema(struct run *run, struct eg_ingest_item *item,
                             const struct eg_schema_report *report)
{
    EG_ASSERT(report->count > 0);
    struct eg_ingest_failure *failures =
        eg_arena_alloc(run->arena, report->count * sizeof(*failures));
    for (size_t i = 0; i < report->count; i++)
        failures[i] = (struct eg_ingest_failure){
            .message = eg_arena_copy(run->arena, report->failures[i].message),
            .has_paths = true,
            .instance_path = eg_arena_copy(run->arena, report->failures[i].instance_path),
            .schema_path = eg_arena_copy(run->arena, report->failures[i].schema_path),
        };
    *item = (struct eg_ingest_item){
        .refusal = EG_ERR_SCHEMA, .failures = failures, .failure_count = report->count};
}

/* --- building the event */

static struct eg_span event_id(struct run *run, size_t index, const struct eg_cloudevent *envelope)
{
    const struct eg_ingest_post *post = run->post;
    if (post->idempotency_key.len && run->submission->batch)
        return eg_arena_printf(run->arena, "%.*s/%zu", EG_SPAN_ARGS(post->idempotency_key), index);
    if (post->idempotency_key.len)
        return post->idempotency_key;
    struct eg_span id =
        envelope ? eg_cloudevent_attribute(envelope->attributes, envelope->attribute_count, "id")
                 : eg_cloudevent_attribute(post->attributes, post->attribute_count, "id");
    if (id.len)
        return id;
    char text[EG_CRYPTO_UUID_BYTES];
    eg_crypto_uuid_v7(eg_clock_wall_us(), text);
    return eg_arena_copy(run->arena, eg_span_text(text));
}

static struct eg_span message_key(struct run *run, const struct eg_json_document *document,
                                  eg_json_index root)
{
    struct eg_span key = EG_SPAN_EMPTY;
    eg_buffer_clear(&run->scratch->key);
    enum eg_topics_key found =
        eg_topics_message_key(run->submission->topic, document, root, &run->scratch->key, &key);
    if (found == EG_TOPICS_KEY_MISSING || found == EG_TOPICS_KEY_NOT_SCALAR)
        eg_log_limited(EG_LOG_WARNING, run->post->correlation_id,
                       found == EG_TOPICS_KEY_MISSING ? "the topic's key field is missing"
                                                      : "the topic's key field is not a scalar",
                       eg_log_text("topic", run->submission->topic->name),
                       eg_log_text("field", run->submission->topic->key_field));
    return key;
}

static struct eg_pipeline_event *build_event(struct run *run, size_t index,
                                             const struct eg_json_document *document,
                                             eg_json_index root,
                                             const struct eg_cloudevent *envelope)
{
    char traceparent[EG_TRACE_PARENT_LEN + 1];
    eg_trace_format(&run->trace, traceparent);
    const struct eg_ingest_post *post = run->post;
    struct eg_event fields = {
        .id = event_id(run, index, envelope),
        .topic = run->submission->topic->name,
        .key = message_key(run, document, root),
        .payload = eg_json_text(document, root),
        .subject = run->submission->identity->subject,
        .correlation_id = post->correlation_id,
        .traceparent = eg_span_of(traceparent, EG_TRACE_PARENT_LEN),
        .tracestate = run->tracestate,
        .attributes = envelope ? envelope->attributes : post->attributes,
        .attribute_count = envelope ? envelope->attribute_count : post->attribute_count,
        .received_us = eg_clock_wall_us(),
    };
    return eg_pipeline_event_new(&fields);
}

/* The payload as each sink will get it, with its secrets hidden. */
static void log_payload(struct run *run, struct eg_span payload)
{
    struct eg_buffer text EG_AUTOBUFFER = EG_BUFFER_INIT;
    eg_redactor_append(run->ingest->options.redactor, payload, &text);
    for (size_t i = 0; i < run->route->sink_count; i++)
        eg_log(EG_LOG_TRACE, run->post->correlation_id, "sending the payload to a sink",
               eg_log_text("topic", run->submission->topic->name),
               eg_log_string("sink", eg_pipeline_sink_name(run->ingest->options.pipeline,
                                                           run->route->sinks[i])),
               eg_log_text("payload", eg_buffer_span(&text)));
}

/* --- judging one item */

/* Subject and fields. -1: nobody of this name may post here, so the whole request is refused. */
static int judge_access(struct run *run, struct eg_ingest_item *item,
                        const struct eg_json_document *document, eg_json_index root,
                        struct eg_error *err)
{
    const struct eg_ingest_submission *submission = run->submission;
    struct eg_error refusal;
    int ret =
        eg_access_check(eg_topics_catalogue_access(submission->catalogue), submission->topic->name,
                        submission->identity->subject, document, root, &refusal);
    step_ended(run, STAGE_ACCESS);
    if (ret == 0)
        return 0;
    if (refusal.code == EG_ERR_FORBIDDEN) {
        *err = refusal;
        return -1;
    }
    refuse_item(run, item, refusal.code, refusal.message);
    return 0;
}

static void judge_schema(struct run *run, struct eg_ingest_item *item,
                         const struct eg_json_document *document, eg_json_index root)
{
    struct eg_schema_report report;
    const struct eg_schema *schema = run->submission->topic->schema;
    if (!eg_schema_is_valid(schema, run->scratch->schema, document, root)) {
        if (eg_schema_explain(schema, run->scratch->schema, document, root,
                              run->ingest->options.max_failures, &report))
            refuse_item(run, item, EG_ERR_SCHEMA, "The event does not fit the topic's schema.");
        else
            refuse_by_schema(run, item, &report);
    }
    step_ended(run, STAGE_VALIDATE);
}

/* All that is judged about one document; `envelope` is the CloudEvent it came in, or NULL. */
static int judge_document(struct run *run, size_t index, const struct eg_json_document *document,
                          eg_json_index root, const struct eg_cloudevent *envelope,
                          struct eg_error *err)
{
    struct eg_ingest_item *item = &run->submission->items[index];
    if (judge_access(run, item, document, root, err))
        return -1;
    if (item->refusal == EG_ERR_NONE)
        judge_schema(run, item, document, root);
    if (item->refusal != EG_ERR_NONE)
        return 0;
    if (eg_log_enabled(EG_LOG_TRACE))
        log_payload(run, eg_json_text(document, root));
    item->event = run->dispatch_count;
    run->dispatch[run->dispatch_count++] = (struct eg_dispatch_item){
        .take_event = build_event(run, index, document, root, envelope),
        .sinks = run->route->sinks,
        .sink_count = run->route->sink_count,
    };
    return 0;
}

/* A CloudEvent whose data came as base64: the bytes are a document of their own. */
static int judge_encoded_data(struct run *run, size_t index, const struct eg_cloudevent *envelope,
                              struct eg_error *err)
{
    struct scratch *scratch = run->scratch;
    struct eg_error refusal;
    eg_buffer_clear(&scratch->decoded);
    if (!eg_crypto_base64_decode(envelope->data_base64, &scratch->decoded)) {
        refuse_item(run, &run->submission->items[index], EG_ERR_INVALID,
                    "CloudEvents member 'data_base64' is not base64.");
        return 0;
    }
    if (eg_json_document_parse(&scratch->data, eg_buffer_span(&scratch->decoded),
                               &run->ingest->options.limits, &refusal)) {
        refuse_unreadable(run, &run->submission->items[index], &refusal,
                          "CloudEvents member 'data_base64' must hold valid JSON.");
        return 0;
    }
    return judge_document(run, index, &scratch->data, 0, envelope, err);
}

static int judge_cloudevent(struct run *run, size_t index, const struct eg_json_document *document,
                            eg_json_index root, struct eg_error *err)
{
    struct eg_cloudevent envelope;
    struct eg_error refusal;
    if (eg_cloudevent_read(document, root, run->arena, &envelope, &refusal)) {
        refuse_item(run, &run->submission->items[index], refusal.code, refusal.message);
        return 0;
    }
    if (envelope.data == EG_JSON_NONE)
        return judge_encoded_data(run, index, &envelope, err);
    return judge_document(run, index, document, envelope.data, &envelope, err);
}

static int judge_item(struct run *run, size_t index, const struct eg_json_document *document,
                      eg_json_index root, struct eg_error *err)
{
    enum eg_ingest_format format = run->post->format;
    if (format == EG_INGEST_CLOUDEVENT || format == EG_INGEST_CLOUDEVENT_BATCH)
        return judge_cloudevent(run, index, document, root, err);
    return judge_document(run, index, document, root, NULL, err);
}

/* --- the items of a request */

static int check_batch_size(const struct run *run, size_t count, struct eg_error *err)
{
    if (count == 0)
        return eg_error_set(err, EG_ERR_INVALID, "The batch holds no event.");
    if (count > run->ingest->options.max_batch_events)
        return eg_error_set(err, EG_ERR_TOO_LARGE,
                            "The batch holds %zu events, at most %zu are taken in one request.",
                            count, run->ingest->options.max_batch_events);
    return 0;
}

static size_t count_lines(struct eg_span body)
{
    size_t count = 0;
    while (body.len) {
        const char *end = memchr(body.ptr, '\n', body.len);
        size_t len = end ? (size_t)(end - body.ptr) : body.len;
        count += eg_span_trim(eg_span_of(body.ptr, len)).len > 0;
        len += end != NULL;
        body = eg_span_of(body.ptr + len, body.len - len);
    }
    return count;
}

/* Reads the body; for lines, only counts them: each is read when its turn comes. */
static int read_body(struct run *run, size_t *ret_count, struct eg_error *err)
{
    const struct eg_ingest_post *post = run->post;
    struct eg_json_document *document = &run->scratch->document;
    if (post->format == EG_INGEST_LINES) {
        *ret_count = count_lines(post->body);
        return check_batch_size(run, *ret_count, err);
    }
    struct eg_error refusal;
    if (eg_json_document_parse(document, post->body, &run->ingest->options.limits, &refusal)) {
        eg_log(EG_LOG_DEBUG, post->correlation_id, "the body is not JSON", eg_log_error(&refusal));
        if (refusal.code == EG_ERR_TOO_LARGE) {
            *err = refusal;
            return -1;
        }
        return eg_error_set(err, EG_ERR_INVALID, "Request body must be valid JSON.");
    }
    step_ended(run, STAGE_PARSE);
    *ret_count = 1;
    if (!run->submission->batch)
        return 0;
    if (eg_json_kind(document, 0) != EG_JSON_ARRAY)
        return eg_error_set(err, EG_ERR_INVALID, "A batch must be a JSON array.");
    *ret_count = eg_json_count(document, 0);
    return check_batch_size(run, *ret_count, err);
}

static int verify_token(struct run *run, struct eg_error *err)
{
    struct eg_error reason;
    int ret = eg_auth_verify(run->ingest->options.auth, run->post->token,
                             &run->submission->identity, &reason, err);
    if (ret)
        eg_log(EG_LOG_INFO, run->post->correlation_id, "token refused", eg_log_error(&reason));
    step_ended(run, STAGE_AUTH);
    return ret;
}

static int find_topic(struct run *run, struct eg_error *err)
{
    struct eg_ingest_submission *submission = run->submission;
    submission->topic = eg_topics_catalogue_find(submission->catalogue, run->post->topic);
    if (!submission->topic)
        return eg_error_set(err, EG_ERR_TOPIC, "Topic '%.*s' not found",
                            EG_SPAN_ARGS(run->post->topic));
    run->route = eg_pipeline_route_of(submission->catalogue, submission->topic);
    return 0;
}

static int admit(const struct run *run, size_t events, struct eg_error *err)
{
    const struct eg_ingest_options *options = &run->ingest->options;
    if (!options->admit)
        return 0;
    return options->admit(options->admit_context, run->submission->identity->subject, events, err);
}

static int judge_array(struct run *run, struct eg_error *err)
{
    const struct eg_json_document *document = &run->scratch->document;
    eg_json_index element = 1;
    for (size_t i = 0; i < run->submission->item_count; i++) {
        if (judge_item(run, i, document, element, err))
            return -1;
        element = eg_json_next(document, element);
    }
    return 0;
}

static int judge_lines(struct run *run, struct eg_error *err)
{
    struct eg_span rest = run->post->body;
    for (size_t i = 0; i < run->submission->item_count;) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.ptr) : rest.len;
        struct eg_span line = eg_span_trim(eg_span_of(rest.ptr, len));
        len += end != NULL;
        rest = eg_span_of(rest.ptr + len, rest.len - len);
        if (line.len == 0)
            continue;
        struct eg_error refusal;
        int ret = eg_json_document_parse(&run->scratch->document, line,
                                         &run->ingest->options.limits, &refusal);
        step_ended(run, STAGE_PARSE);
        if (ret)
            refuse_unreadable(run, &run->submission->items[i], &refusal,
                              "The line must be valid JSON.");
        else if (judge_item(run, i, &run->scratch->document, 0, err))
            return -1;
        i++;
    }
    return 0;
}

static int judge_all(struct run *run, struct eg_error *err)
{
    if (run->post->format == EG_INGEST_LINES)
        return judge_lines(run, err);
    if (run->submission->batch)
        return judge_array(run, err);
    return judge_item(run, 0, &run->scratch->document, 0, err);
}

/* --- handing on */

static void drop_events(struct run *run)
{
    for (size_t i = 0; i < run->dispatch_count; i++)
        eg_pipeline_event_unref(run->dispatch[i].take_event);
    run->dispatch_count = 0;
}

static int dispatch(struct run *run, void *user, struct eg_error *err)
{
    if (run->dispatch_count == 0)
        return 0;
    int ret = eg_pipeline_dispatch(run->ingest->options.pipeline, run->dispatch,
                                   run->dispatch_count, 0, user, &run->submission->join, err);
    step_ended(run, STAGE_DISPATCH);
    if (ret) /* the whole request is refused, so nobody will count its items one by one */
        eg_counter_add(run->route->results[EG_TOPIC_OVERLOADED], run->dispatch_count);
    return ret;
}

static bool is_batch(enum eg_ingest_format format)
{
    return format == EG_INGEST_BATCH || format == EG_INGEST_LINES ||
           format == EG_INGEST_CLOUDEVENT_BATCH;
}

static void begin_trace(struct run *run)
{
    run->tracestate = EG_SPAN_EMPTY;
    if (!eg_trace_continue(run->post->traceparent, &run->trace) || !run->post->tracestate.len)
        return;
    char *text = eg_arena_alloc(run->arena, EG_TRACE_STATE_LEN + 1);
    run->tracestate = eg_span_of(text, eg_trace_state_copy(run->post->tracestate, text));
}

static int walk(struct run *run, void *user, struct eg_error *err)
{
    struct eg_ingest_submission *submission = run->submission;
    size_t count = 0;
    if (read_body(run, &count, err) || verify_token(run, err) || find_topic(run, err) ||
        admit(run, count, err))
        return -1;
    submission->item_count = count;
    submission->items = eg_arena_alloc(run->arena, count * sizeof(*submission->items));
    memset(submission->items, 0, count * sizeof(*submission->items));
    run->dispatch = eg_arena_alloc(run->arena, count * sizeof(*run->dispatch));
    begin_trace(run);
    if (judge_all(run, err)) {
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
    struct run run = {
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
