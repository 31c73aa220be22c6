/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events onto an event bus of Amazon EventBridge: PutEvents, ten entries a call.
 *
 * With nothing but the bus the entries, and the texts of failures, are those of the Python
 * EventGate. The answer is 200 even when entries have failed: each says so by itself.
 *
 * Threads: as in batch.h.
 */
#include <inttypes.h>

#include "aws/xray.h"
#include "base/error.h"
#include "base/span.h"
#include "sinks/aws/batch.h"
#include "json/writer.h"

#define ENTRIES_MAX      10
#define TIME_BYTES       14 /* what Time counts for */
#define DETAIL_TYPE_MAX  128
#define SOURCE_MAX       256
#define BUS_MAX          1600
#define TRACE_HEADER_MAX 500
#define RESOURCE_MAX     2048
#define RESOURCES_MAX    20

/* Large, deep and double: EventBridge and the gate have their own opinions about that. */
static const struct eg_json_limits detail_limits = {
    .max_text_bytes = EG_JSON_MAX_TEXT_BYTES,
    .max_depth = EG_JSON_MAX_DEPTH,
    .max_members = EG_JSON_MAX_COUNT,
    .max_string_bytes = EG_JSON_MAX_TEXT_BYTES,
    .allow_duplicate_keys = true,
};

struct config {
    char *event_bus_arn;
    char *source;
    char *detail_type;
    char *detail;
    char *time;
    struct eg_string_list resources;
    bool trace;
    char *endpoint_id;
    int64_t max_entry_bytes;
    struct eg_aws_config aws;
};

#define AT(member) offsetof(struct config, member)

static const struct eg_field fields[] = {
    {.name = "event_bus_arn",
     .type = EG_FIELD_STRING,
     .offset = AT(event_bus_arn),
     .help = "The bus, by its ARN (which also says the region) or its name; a template. Empty: not "
             "configured, and events are taken without being sent."},
    {.name = "source",
     .type = EG_FIELD_STRING,
     .offset = AT(source),
     .default_text = "<eventgate.topic>",
     .help = "Source of the entry; a template."},
    {.name = "detail_type",
     .type = EG_FIELD_STRING,
     .offset = AT(detail_type),
     .default_text = "JSON",
     .help = "DetailType of the entry; a template."},
    {.name = "detail",
     .type = EG_FIELD_STRING,
     .offset = AT(detail),
     .help = "Detail of the entry, a JSON object; a template. Unset: what is delivered, as it came "
             "in."},
    {.name = "time",
     .type = EG_FIELD_STRING,
     .offset = AT(time),
     .help = "Time of the entry, RFC 3339; a template. Unset: when EventBridge takes it."},
    {.name = "resources",
     .type = EG_FIELD_STRING_LIST,
     .offset = AT(resources),
     .help = "Resources of the entry, each a template; an empty one is left out."},
    {.name = "trace",
     .type = EG_FIELD_BOOL,
     .offset = AT(trace),
     .default_text = "false",
     .help = "Whether the entry carries the event's trace as TraceHeader (X-Ray)."},
    {.name = "endpoint_id",
     .type = EG_FIELD_STRING,
     .offset = AT(endpoint_id),
     .help = "EndpointId of a global endpoint."},
    {.name = "max_entry_size",
     .type = EG_FIELD_SIZE,
     .offset = AT(max_entry_bytes),
     .default_text = "1MiB",
     .min = 1024,
     .max = 16 << 20,
     .help = "What a call's entries may measure together; a larger event is answered 413 without "
             "being sent."},
    EG_AWS_CONFIG_FIELD(struct config, aws),
};

static const struct eg_field_table table = {
    .name = "sink eventbridge",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct config),
};

/* The compiled templates; of the resources the first of so many. */
struct state {
    size_t bus;
    size_t source;
    size_t detail_type;
    size_t detail;
    size_t time;
    size_t resources[RESOURCES_MAX];
    size_t resource_count;
};

static const struct state *state_of(const struct eg_sink_worker *worker)
{
    return worker->sink->state;
}

static const struct config *config_of(const struct eg_sink_worker *worker)
{
    return worker->sink->config;
}

static int put_named(struct eg_sink_worker *worker, const char *name, size_t text, size_t most,
                     struct eg_sink_entry *entry, struct eg_error *err)
{
    struct eg_sink_piece piece = {name, text, EG_SPAN_EMPTY, 1, most};
    if (eg_sink_piece_render(worker, &piece, err) != 0)
        return -1;
    entry->size_bytes += worker->piece.len;
    eg_sink_piece_put(worker, name);
    return 0;
}

/* Checked although the gate has read the payload: what a rule's target makes may be anything. */
static int put_detail(struct eg_sink_worker *worker, const struct eg_event *event,
                      struct eg_sink_entry *entry, struct eg_error *err)
{
    struct eg_span detail = event->payload;
    if (state_of(worker)->detail != EG_SINK_TEXT_NONE) {
        struct eg_sink_piece piece = {"Detail", state_of(worker)->detail, EG_SPAN_EMPTY, 0,
                                      SIZE_MAX};
        if (eg_sink_piece_render(worker, &piece, err) != 0)
            return -1;
        detail = eg_buffer_span(&worker->piece);
    }
    if (eg_json_document_parse(&worker->document, detail, &detail_limits, err) != 0)
        return eg_error_prefix(err, "Detail is no JSON");
    if (eg_json_kind(&worker->document, 0) != EG_JSON_OBJECT)
        return eg_error_set(err, EG_ERR_INVALID, "Detail must be a JSON object");
    entry->size_bytes += detail.len;
    eg_buffer_append_text(&worker->texts, ",\"Detail\":");
    eg_json_write_string(&worker->texts, detail);
    return 0;
}

static int put_time(struct eg_sink_worker *worker, struct eg_sink_entry *entry,
                    struct eg_error *err)
{
    int64_t wall_us = 0;
    struct eg_sink_piece piece = {"Time", state_of(worker)->time, EG_SPAN_EMPTY, 0, SIZE_MAX};
    if (piece.text == EG_SINK_TEXT_NONE)
        return 0;
    if (eg_sink_piece_render(worker, &piece, err) != 0)
        return -1;
    if (worker->piece.len == 0)
        return 0;
    if (!eg_rules_time_parse(eg_buffer_span(&worker->piece), &wall_us))
        return eg_error_set(err, EG_ERR_INVALID, "Time is no time: expected RFC 3339");
    entry->size_bytes += TIME_BYTES;
    eg_buffer_printf(&worker->texts, ",\"Time\":%" PRId64 ".%03d", wall_us / 1000000,
                     (int)(wall_us / 1000 % 1000));
    return 0;
}

static int put_resources(struct eg_sink_worker *worker, struct eg_sink_entry *entry,
                         struct eg_error *err)
{
    const struct state *state = state_of(worker);
    const char *before = ",\"Resources\":[";
    for (size_t i = 0; i < state->resource_count; i++) {
        struct eg_sink_piece piece = {"a resource", state->resources[i], EG_SPAN_EMPTY, 0,
                                      RESOURCE_MAX};
        if (eg_sink_piece_render(worker, &piece, err) != 0)
            return -1;
        if (worker->piece.len == 0)
            continue;
        entry->size_bytes += worker->piece.len;
        eg_buffer_append_text(&worker->texts, before);
        eg_json_write_string(&worker->texts, eg_buffer_span(&worker->piece));
        before = ",";
    }
    if (before[1] == '\0')
        eg_buffer_append_char(&worker->texts, ']');
    return 0;
}

static void put_trace(struct eg_sink_worker *worker, const struct eg_event *event)
{
    eg_buffer_clear(&worker->piece);
    if (eg_aws_xray_write(event->traceparent, &worker->piece))
        eg_sink_piece_put(worker, "TraceHeader");
}

/* The size is what "Calculating PutEvents event entry size" (EventBridge User Guide) says. */
static int write_entry(struct eg_sink_worker *worker, const struct eg_event *event,
                       struct eg_sink_entry *entry, struct eg_error *err)
{
    const struct state *state = state_of(worker);
    struct eg_sink_piece bus = {"EventBusName", state->bus, EG_SPAN_EMPTY, 1, BUS_MAX};
    if (eg_sink_piece_render(worker, &bus, err) != 0)
        return -1;
    eg_buffer_append_text(&worker->texts, "{\"EventBusName\":");
    eg_json_write_string(&worker->texts, eg_buffer_span(&worker->piece));
    if (put_named(worker, "Source", state->source, SOURCE_MAX, entry, err) != 0 ||
        put_named(worker, "DetailType", state->detail_type, DETAIL_TYPE_MAX, entry, err) != 0 ||
        put_time(worker, entry, err) != 0 || put_resources(worker, entry, err) != 0 ||
        put_detail(worker, event, entry, err) != 0)
        return -1;
    if (config_of(worker)->trace)
        put_trace(worker, event);
    eg_buffer_append_char(&worker->texts, '}');
    return 0;
}

static void write_call(const struct eg_sink_call *call, struct eg_buffer *body)
{
    const char *endpoint_id = config_of(call->worker)->endpoint_id;
    eg_buffer_append_char(body, '{');
    if (endpoint_id && endpoint_id[0]) {
        eg_buffer_append_text(body, "\"EndpointId\":");
        eg_json_write_text(body, endpoint_id);
        eg_buffer_append_char(body, ',');
    }
    eg_buffer_append_text(body, "\"Entries\":[");
    eg_sink_call_join(call, body);
    eg_buffer_append_text(body, "]}");
}

static int read_answer(struct eg_sink_call *call, struct eg_error *err)
{
    return eg_sink_call_read_positions(call, "Entries", err);
}

/* The Python EventGate's words, with the entry as its json.dumps() writes it. */
static void describe(struct eg_span code, struct eg_span message, struct eg_buffer *out)
{
    eg_buffer_append_text(out, "1 EventBridge entries failed: [{\"ErrorCode\": ");
    eg_json_write_string(out, code);
    eg_buffer_append_text(out, ", \"ErrorMessage\": ");
    eg_json_write_string(out, message);
    eg_buffer_append_text(out, "}]");
}

static const struct eg_sink_service service = {
    .name = "EventBridge",
    .aws = {"eventbridge", "events", NULL},
    .protocol = EG_AWS_JSON_1_1,
    .operation = "AWSEvents.PutEvents",
    .write_entry = write_entry,
    .write_call = write_call,
    .read_answer = read_answer,
    .describe = describe,
};

static int compile(struct eg_sink *sink, const struct config *config, struct eg_error *err)
{
    struct state *state = sink->state;
    struct eg_sink_texts *texts = &sink->texts;
    if (config->resources.count > RESOURCES_MAX)
        return eg_error_set(err, EG_ERR_CONFIG, "resources: at most %d", RESOURCES_MAX);
    for (size_t i = 0; i < config->resources.count; i++)
        if (eg_sink_texts_add(texts, "resources", config->resources.items[i], EG_RULES_TEXT,
                              &state->resources[state->resource_count++], err) != 0)
            return -1;
    if (eg_sink_texts_add(texts, "event_bus_arn", config->event_bus_arn, EG_RULES_TEXT, &state->bus,
                          err) != 0 ||
        eg_sink_texts_add(texts, "source", config->source, EG_RULES_TEXT, &state->source, err) !=
            0 ||
        eg_sink_texts_add(texts, "detail_type", config->detail_type, EG_RULES_TEXT,
                          &state->detail_type, err) != 0 ||
        eg_sink_texts_add(texts, "time", config->time, EG_RULES_TEXT, &state->time, err) != 0)
        return -1;
    return eg_sink_texts_add(texts, "detail", config->detail, EG_RULES_JSON, &state->detail, err);
}

static int create(const struct eg_sink_host *host, const void *settings, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    const struct config *config = settings;
    struct eg_sink *sink = eg_sink_batch_new(host, &service, config, sizeof(struct state));
    sink->limits = (struct eg_sink_limits){
        .entries = ENTRIES_MAX,
        .call_bytes = (size_t)config->max_entry_bytes,
        .entry_bytes = (size_t)config->max_entry_bytes,
    };
    bool configured = config->event_bus_arn && config->event_bus_arn[0];
    if (compile(sink, config, err) != 0 ||
        (configured &&
         eg_sink_batch_connect(sink, &config->aws, config->event_bus_arn, err) != 0)) {
        eg_sink_batch_destroy(sink);
        return -1;
    }
    *ret_sink = sink;
    return 0;
}

const struct eg_sink_type eg_sink_eventbridge = {
    .abi = EG_SINK_ABI,
    .name = "eventbridge",
    .help = "Puts events on an event bus of Amazon EventBridge (PutEvents).",
    .config = &table,
    .default_workers = 4,
    .max_workers = 64,
    .max_batch_events = ENTRIES_MAX,
    .max_batch_bytes = 1u << 20,
    .create = create,
    .reads_envelope = eg_sink_batch_reads_envelope,
    .worker_begin = eg_sink_batch_worker_begin,
    .worker_end = eg_sink_batch_worker_end,
    .submit = eg_sink_batch_submit,
    .probe = eg_sink_batch_probe,
    .destroy = eg_sink_batch_destroy,
};
