/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events into Amazon Kinesis data streams: PutRecords, 500 records a call.
 *
 * The answer is 200 even when records have failed (ProvisionedThroughputExceededException and the
 * like): each says so by itself. Threads: as in batch.h.
 */
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "sinks/aws/batch.h"
#include "sinks/aws/record.h"
#include "json/writer.h"

#define ENTRIES_MAX       500
#define STREAM_MAX        2048
#define PARTITION_KEY_MAX 256
#define REQUEST_MAX_BYTES (10 << 20)

struct config {
    char *stream;
    char *partition_key;
    char *data;
    bool newline;
    int64_t max_record_bytes;
    int64_t max_request_bytes;
    struct eg_aws_config aws;
};

static const struct eg_field fields[] = {
    {.name = "stream",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct config, stream),
     .required = true,
     .help = "The stream, by its name or ARN; a template."},
    {.name = "partition_key",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct config, partition_key),
     .help =
         "What records of one shard have in common; a template. Unset or empty: the event's key, "
         "else its id."},
    EG_SINK_RECORD_FIELDS(struct config, data, newline),
    {.name = "max_record_size",
     .type = EG_FIELD_SIZE,
     .offset = offsetof(struct config, max_record_bytes),
     .default_text = "1MiB",
     .min = 1024,
     .max = REQUEST_MAX_BYTES,
     .help = "What a record may measure, with its partition key; a larger one is answered 413 "
             "without being sent. Not more than the stream takes."},
    {.name = "max_request_size",
     .type = EG_FIELD_SIZE,
     .offset = offsetof(struct config, max_request_bytes),
     .default_text = "5MiB",
     .min = 1024,
     .max = REQUEST_MAX_BYTES,
     .help = "What a call's records may measure together."},
    EG_AWS_CONFIG_FIELD(struct config, aws),
};

static const struct eg_field_table table = {
    .name = "sink kinesis",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct config),
};

struct state {
    size_t stream;
    size_t partition_key;
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

static int put_partition_key(struct eg_sink_worker *worker, const struct eg_event *event,
                             struct eg_sink_entry *entry, struct eg_error *err)
{
    struct eg_sink_piece key = {"partition_key", state_of(worker)->partition_key, EG_SPAN_EMPTY, 0,
                                SIZE_MAX};
    if (eg_sink_piece_render(worker, &key, err) != 0)
        return -1;
    if (worker->piece.len == 0)
        eg_buffer_append_span(&worker->piece, event->key.len > 0 ? event->key : event->id);
    eg_sink_piece_fit(worker, PARTITION_KEY_MAX);
    entry->size_bytes += worker->piece.len;
    eg_buffer_append_text(&worker->texts, ",\"PartitionKey\":");
    eg_json_write_string(&worker->texts, eg_buffer_span(&worker->piece));
    return 0;
}

static int write_entry(struct eg_sink_worker *worker, const struct eg_event *event,
                       struct eg_sink_entry *entry, struct eg_error *err)
{
    eg_buffer_append_char(&worker->texts, '{');
    if (eg_sink_record_write(worker, &state_of(worker)->record, event, entry, err) != 0 ||
        put_partition_key(worker, event, entry, err) != 0)
        return -1;
    eg_buffer_append_char(&worker->texts, '}');
    return 0;
}

static void write_call(const struct eg_sink_call *call, struct eg_buffer *body)
{
    bool by_arn = call->place.len > 4 && memcmp(call->place.ptr, "arn:", 4) == 0;
    eg_buffer_append_text(body, by_arn ? "{\"StreamARN\":" : "{\"StreamName\":");
    eg_json_write_string(body, call->place);
    eg_buffer_append_text(body, ",\"Records\":[");
    eg_sink_call_join(call, body);
    eg_buffer_append_text(body, "]}");
}

static int read_answer(struct eg_sink_call *call, struct eg_error *err)
{
    return eg_sink_call_read_positions(call, "Records", err);
}

static const struct eg_sink_service service = {
    .name = "Kinesis",
    .aws = {"kinesis", "kinesis", NULL},
    .protocol = EG_AWS_JSON_1_1,
    .operation = "Kinesis_20131202.PutRecords",
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
        .call_bytes = (size_t)config->max_request_bytes,
        .entry_bytes = (size_t)config->max_record_bytes,
    };
    state->record.newline = config->newline;
    if (eg_sink_texts_add(&sink->texts, "stream", config->stream, EG_RULES_TEXT, &state->stream,
                          err) != 0 ||
        eg_sink_texts_add(&sink->texts, "partition_key", config->partition_key, EG_RULES_TEXT,
                          &state->partition_key, err) != 0 ||
        eg_sink_texts_add(&sink->texts, "data", config->data, EG_RULES_TEXT, &state->record.data,
                          err) != 0 ||
        eg_sink_batch_connect(sink, &config->aws, config->stream, err) != 0) {
        eg_sink_batch_destroy(sink);
        return -1;
    }
    *ret_sink = sink;
    return 0;
}

const struct eg_sink_type eg_sink_kinesis = {
    .abi = EG_SINK_ABI,
    .name = "kinesis",
    .help = "Puts events into Amazon Kinesis data streams.",
    .config = &table,
    .default_workers = 2,
    .max_workers = 64,
    .max_batch_events = ENTRIES_MAX,
    .max_batch_bytes = 4u << 20,
    .create = create,
    .reads_envelope = eg_sink_batch_reads_envelope,
    .worker_begin = eg_sink_batch_worker_begin,
    .worker_end = eg_sink_batch_worker_end,
    .submit = eg_sink_batch_submit,
    .probe = eg_sink_batch_probe,
    .destroy = eg_sink_batch_destroy,
};
