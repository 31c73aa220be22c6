/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events into Amazon Data Firehose streams: PutRecordBatch, 500 records a call.
 *
 * The answer is 200 even when records have failed (ServiceUnavailableException): each says so by
 * itself. Threads: as in batch.h.
 */
#include "base/error.h"
#include "base/span.h"
#include "sinks/aws/batch.h"
#include "sinks/aws/record.h"
#include "json/writer.h"

#define ENTRIES_MAX       500
#define STREAM_MAX        64
#define RECORD_MAX_BYTES  ((size_t)1000 << 10) /* before base64 */
#define REQUEST_MAX_BYTES ((size_t)4 << 20)

struct config {
    char *stream;
    char *data;
    bool newline;
    struct eg_aws_config aws;
};

static const struct eg_field fields[] = {
    {.name = "stream",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct config, stream),
     .required = true,
     .help = "The Firehose stream, by its name; a template."},
    EG_SINK_RECORD_FIELDS(struct config, data, newline),
    EG_AWS_CONFIG_FIELD(struct config, aws),
};

static const struct eg_field_table table = {
    .name = "sink firehose",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct config),
};

struct state {
    size_t stream;
    struct eg_sink_record record;
};

static const struct state *state_of(const struct eg_sink_worker *worker)
{
    return worker->sink->state;
}

static int write_place(struct eg_sink_worker *worker, struct eg_sink_entry *entry,
                       struct eg_error *err)
{
    struct eg_sink_piece stream = {"stream", state_of(worker)->stream, EG_SPAN_EMPTY, 1,
                                   STREAM_MAX};
    return eg_sink_place_render(worker, &stream, entry, err);
}

static int write_entry(struct eg_sink_worker *worker, const struct eg_event *event,
                       struct eg_sink_entry *entry, struct eg_error *err)
{
    eg_buffer_append_char(&worker->texts, '{');
    if (eg_sink_record_write(worker, &state_of(worker)->record, event, entry, err) != 0)
        return -1;
    eg_buffer_append_char(&worker->texts, '}');
    return 0;
}

static void write_call(const struct eg_sink_call *call, struct eg_buffer *body)
{
    eg_buffer_append_text(body, "{\"DeliveryStreamName\":");
    eg_json_write_string(body, call->place);
    eg_buffer_append_text(body, ",\"Records\":[");
    eg_sink_call_join(call, body);
    eg_buffer_append_text(body, "]}");
}

static int read_answer(struct eg_sink_call *call, struct eg_error *err)
{
    return eg_sink_call_read_positions(call, "RequestResponses", err);
}

static const struct eg_sink_service service = {
    .name = "Firehose",
    .aws = {"firehose", "firehose", NULL},
    .protocol = EG_AWS_JSON_1_1,
    .operation = "Firehose_20150804.PutRecordBatch",
    .write_place = write_place,
    .write_entry = write_entry,
    .write_call = write_call,
    .read_answer = read_answer,
};

static int create(const struct eg_sink_host *host, const void *settings, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    const struct config *config = settings;
    struct eg_sink *sink = eg_sink_batch_new(host, &service, config, sizeof(struct state));
    struct state *state = sink->state;
    sink->limits = (struct eg_sink_limits){
        .entries = ENTRIES_MAX,
        .call_bytes = REQUEST_MAX_BYTES,
        .entry_bytes = RECORD_MAX_BYTES,
    };
    state->record.newline = config->newline;
    if (eg_sink_texts_add(&sink->texts, "stream", config->stream, EG_RULES_TEXT, &state->stream,
                          err) != 0 ||
        eg_sink_texts_add(&sink->texts, "data", config->data, EG_RULES_TEXT, &state->record.data,
                          err) != 0 ||
        eg_sink_batch_connect(sink, &config->aws, NULL, err) != 0) {
        eg_sink_batch_destroy(sink);
        return -1;
    }
    *ret_sink = sink;
    return 0;
}

const struct eg_sink_type eg_sink_firehose = {
    .abi = EG_SINK_ABI,
    .name = "firehose",
    .help = "Puts events into Amazon Data Firehose streams.",
    .config = &table,
    .default_workers = 2,
    .max_workers = 64,
    .max_batch_events = ENTRIES_MAX,
    .max_batch_bytes = 3u << 20,
    .create = create,
    .reads_envelope = eg_sink_batch_reads_envelope,
    .worker_begin = eg_sink_batch_worker_begin,
    .worker_end = eg_sink_batch_worker_end,
    .submit = eg_sink_batch_submit,
    .probe = eg_sink_batch_probe,
    .destroy = eg_sink_batch_destroy,
};
