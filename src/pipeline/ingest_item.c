/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event of a request: subject and fields, schema, and what is handed to the sinks. An event
 * that does not pass is refused alone, unless its sender may not post here at all.
 *
 * On the HTTP thread of the request.
 */
#include <string.h>

#include "access/map.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "crypto/base64.h"
#include "crypto/random.h"
#include "pipeline/cloudevent.h"
#include "pipeline/ingest_run.h"
#include "telemetry/log.h"

/* --- refusing one item */

static void refuse_item(struct eg_ingest_run *run, struct eg_ingest_item *item,
                        enum eg_error_code code, const char *message)
{
    struct eg_ingest_failure *failure = eg_arena_alloc(run->arena, sizeof(*failure));
    *failure = (struct eg_ingest_failure){
        .message = eg_arena_copy(run->arena, eg_span_text(message)),
    };
    *item = (struct eg_ingest_item){.refusal = code, .failures = failure, .failure_count = 1};
}

void eg_ingest_refuse_unreadable(struct eg_ingest_run *run, struct eg_ingest_item *item,
                                 const struct eg_error *reason, const char *not_json)
{
    bool over_limit = reason->code == EG_ERR_TOO_LARGE;
    refuse_item(run, item, over_limit ? EG_ERR_TOO_LARGE : EG_ERR_INVALID,
                over_limit ? reason->message : not_json);
}

static void refuse_by_schema(struct eg_ingest_run *run, struct eg_ingest_item *item,
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

/* What the event calls itself; empty when it does not. */
static struct eg_span own_id(const struct eg_ingest_run *run,
                             const struct eg_json_document *document, eg_json_index root,
                             const struct eg_cloudevent *envelope)
{
    const struct eg_ingest_post *post = run->post;
    if (envelope)
        return eg_cloudevent_attribute(envelope->attributes, envelope->attribute_count, "id");
    if (!post->id_from_payload)
        return eg_cloudevent_attribute(post->attributes, post->attribute_count, "id");
    eg_json_index id = eg_json_kind(document, root) == EG_JSON_OBJECT
                           ? eg_json_member(document, root, EG_SPAN_LITERAL("id"))
                           : EG_JSON_NONE;
    return id != EG_JSON_NONE && eg_json_kind(document, id) == EG_JSON_STRING
               ? eg_json_string(document, id)
               : EG_SPAN_EMPTY;
}

static struct eg_span event_id(struct eg_ingest_run *run, size_t index, int64_t received_us,
                               const struct eg_json_document *document, eg_json_index root,
                               const struct eg_cloudevent *envelope)
{
    const struct eg_ingest_post *post = run->post;
    if (post->idempotency_key.len && run->submission->batch)
        return eg_arena_printf(run->arena, "%.*s/%zu", EG_SPAN_ARGS(post->idempotency_key), index);
    if (post->idempotency_key.len)
        return post->idempotency_key;
    struct eg_span id = own_id(run, document, root, envelope);
    if (id.len || post->fallback_id.len)
        return id.len ? id : post->fallback_id;
    char text[EG_CRYPTO_UUID_BYTES];
    eg_crypto_uuid_v7(received_us, text);
    return eg_arena_copy(run->arena, eg_span_text(text));
}

static struct eg_span message_key(struct eg_ingest_run *run,
                                  const struct eg_json_document *document, eg_json_index root)
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

/* What is known about the event; its texts are the request's or the thread's. */
static void gather_fields(struct eg_ingest_run *run, size_t index,
                          const struct eg_json_document *document, eg_json_index root,
                          const struct eg_cloudevent *envelope, char *traceparent,
                          struct eg_event *fields)
{
    eg_trace_format(&run->trace, traceparent);
    const struct eg_ingest_post *post = run->post;
    int64_t received_us = post->replay ? post->replay->received_us : eg_clock_wall_us();
    *fields = (struct eg_event){
        .id = event_id(run, index, received_us, document, root, envelope),
        .topic = run->submission->topic->name,
        .key = message_key(run, document, root),
        .payload = eg_json_text(document, root),
        .subject = run->submission->identity->subject,
        .correlation_id = post->correlation_id,
        .traceparent = eg_span_of(traceparent, EG_TRACE_PARENT_LEN),
        .tracestate = run->tracestate,
        .attributes = envelope ? envelope->attributes : post->attributes,
        .attribute_count = envelope ? envelope->attribute_count : post->attribute_count,
        .received_us = received_us,
    };
}

/* The envelope, for whoever looks at it, and the rules' targets. */
static int route(struct eg_ingest_run *run, const struct eg_json_document *document,
                 eg_json_index root, struct eg_event *fields, struct eg_dispatch_item *dispatch,
                 struct eg_error *err)
{
    struct eg_buffer *text = &run->scratch->envelope;
    eg_buffer_clear(text);
    if (eg_rules_envelope_build(run->route->envelope, fields, root == 0 ? document : NULL, text,
                                err) != 0)
        return -1;
    if (run->route->has_rules) {
        struct eg_routing_event event = {
            .fields = fields,
            .envelope = eg_buffer_span(text),
            .pipeline = run->ingest->options.pipeline,
            .rules = eg_pipeline_rules_of(run->submission->catalogue),
            .gate = run->ingest->options.gate,
            .replay = run->post->replay,
        };
        size_t held_back = 0;
        if (eg_routing_apply(&run->scratch->routing, &event, run->arena, dispatch, &held_back,
                             err) != 0)
            return -1;
        if (held_back > 0)
            eg_log_limited(EG_LOG_WARNING, run->post->correlation_id,
                           "an event that goes round in a circle is not sent on",
                           eg_log_text("topic", fields->topic),
                           eg_log_text("event_id", fields->id));
        run->target_count += dispatch->target_count;
    }
    if (run->route->sinks_read_envelope)
        fields->envelope = eg_buffer_span(text);
    return 0;
}

/* Adds the event to what is handed to the sinks. */
static void add_event(struct eg_ingest_run *run, size_t index,
                      const struct eg_json_document *document, eg_json_index root,
                      const struct eg_cloudevent *envelope)
{
    char traceparent[EG_TRACE_PARENT_LEN + 1];
    struct eg_event fields;
    struct eg_ingest_item *item = &run->submission->items[index];
    bool to_sinks = !run->post->replay || run->post->replay->to_sinks;
    struct eg_dispatch_item dispatch = {
        .sinks = run->route->sinks,
        .sink_count = to_sinks ? run->route->sink_count : 0,
    };
    struct eg_error err;
    gather_fields(run, index, document, root, envelope, traceparent, &fields);
    if (EG_UNLIKELY(run->route->envelope != NULL) &&
        route(run, document, root, &fields, &dispatch, &err) != 0) {
        refuse_item(run, item, err.code, err.message);
        return;
    }
    dispatch.take_event = eg_pipeline_event_new(&fields);
    item->event = run->dispatch_count;
    run->dispatch[run->dispatch_count++] = dispatch;
}

/* The payload as each sink will get it, with its secrets hidden. */
static void log_payload(struct eg_ingest_run *run, struct eg_span payload)
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
static int judge_access(struct eg_ingest_run *run, struct eg_ingest_item *item,
                        const struct eg_json_document *document, eg_json_index root,
                        struct eg_error *err)
{
    const struct eg_ingest_submission *submission = run->submission;
    struct eg_error refusal;
    int ret =
        eg_access_check(eg_topics_catalogue_access(submission->catalogue), submission->topic->name,
                        submission->identity->subject, document, root, &refusal);
    eg_ingest_step_ended(run, EG_INGEST_STAGE_ACCESS);
    if (ret == 0)
        return 0;
    if (refusal.code == EG_ERR_FORBIDDEN) {
        *err = refusal;
        return -1;
    }
    refuse_item(run, item, refusal.code, refusal.message);
    return 0;
}

static void judge_schema(struct eg_ingest_run *run, struct eg_ingest_item *item,
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
    eg_ingest_step_ended(run, EG_INGEST_STAGE_VALIDATE);
}

/* All that is judged about one document; `envelope` is the CloudEvent it came in, or NULL. */
static int judge_document(struct eg_ingest_run *run, size_t index,
                          const struct eg_json_document *document, eg_json_index root,
                          const struct eg_cloudevent *envelope, struct eg_error *err)
{
    struct eg_ingest_item *item = &run->submission->items[index];
    if (!run->post->replay && judge_access(run, item, document, root, err))
        return -1;
    if (item->refusal == EG_ERR_NONE)
        judge_schema(run, item, document, root);
    if (item->refusal != EG_ERR_NONE)
        return 0;
    if (eg_log_enabled(EG_LOG_TRACE))
        log_payload(run, eg_json_text(document, root));
    add_event(run, index, document, root, envelope);
    return 0;
}

/* A CloudEvent whose data came as base64: the bytes are a document of their own. */
static int judge_encoded_data(struct eg_ingest_run *run, size_t index,
                              const struct eg_cloudevent *envelope, struct eg_error *err)
{
    struct eg_ingest_scratch *scratch = run->scratch;
    struct eg_error refusal;
    eg_buffer_clear(&scratch->decoded);
    if (!eg_crypto_base64_decode(envelope->data_base64, &scratch->decoded)) {
        refuse_item(run, &run->submission->items[index], EG_ERR_INVALID,
                    "CloudEvents member 'data_base64' is not base64.");
        return 0;
    }
    if (eg_json_document_parse(&scratch->data, eg_buffer_span(&scratch->decoded),
                               &run->ingest->options.limits, &refusal)) {
        eg_ingest_refuse_unreadable(run, &run->submission->items[index], &refusal,
                                    "CloudEvents member 'data_base64' must hold valid JSON.");
        return 0;
    }
    return judge_document(run, index, &scratch->data, 0, envelope, err);
}

static int judge_cloudevent(struct eg_ingest_run *run, size_t index,
                            const struct eg_json_document *document, eg_json_index root,
                            struct eg_error *err)
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

int eg_ingest_judge_item(struct eg_ingest_run *run, size_t index,
                         const struct eg_json_document *document, eg_json_index root,
                         struct eg_error *err)
{
    enum eg_ingest_format format = run->post->format;
    if (format == EG_INGEST_CLOUDEVENT || format == EG_INGEST_CLOUDEVENT_BATCH)
        return judge_cloudevent(run, index, document, root, err);
    return judge_document(run, index, document, root, NULL, err);
}
