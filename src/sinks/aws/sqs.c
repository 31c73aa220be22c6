/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events into Amazon SQS queues, standard and FIFO: SendMessageBatch, ten messages a call.
 *
 * Entries carry their number in the batch as Id, which the answer repeats for those that failed.
 * Threads: as in batch.h.
 */
#include "aws/xray.h"
#include "base/error.h"
#include "base/span.h"
#include "sinks/aws/batch.h"
#include "sinks/aws/message.h"
#include "json/writer.h"

#define ENTRIES_MAX 10
#define URL_MAX     1024
#define DELAY_MAX_S 900

struct config {
    char *queue_url;
    struct eg_sink_message_config message;
    int64_t delay_ms;
    bool trace;
    int64_t max_message_bytes;
    struct eg_aws_config aws;
};

static const struct eg_field fields[] = {
    {.name = "queue_url",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct config, queue_url),
     .required = true,
     .help = "The queue's URL; a template. One that ends in .fifo is a FIFO queue."},
    EG_SINK_MESSAGE_FIELDS(struct config, message),
    {.name = "delay",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct config, delay_ms),
     .default_text = "0s",
     .min = 0,
     .max = DELAY_MAX_S * 1000,
     .help = "DelaySeconds of each message; 0s: the queue's own. Not for FIFO queues."},
    {.name = "trace",
     .type = EG_FIELD_BOOL,
     .offset = offsetof(struct config, trace),
     .default_text = "false",
     .help = "Whether the message carries the event's trace as AWSTraceHeader (X-Ray)."},
    {.name = "max_message_size",
     .type = EG_FIELD_SIZE,
     .offset = offsetof(struct config, max_message_bytes),
     .default_text = "1MiB",
     .min = 1024,
     .max = 1 << 20,
     .help =
         "What a message, with its attributes, may measure, and a call altogether; a larger one "
         "is answered 413 without being sent. Not more than the queue's MaximumMessageSize."},
    EG_AWS_CONFIG_FIELD(struct config, aws),
};

static const struct eg_field_table table = {
    .name = "sink sqs",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct config),
};

struct state {
    size_t queue_url;
    struct eg_sink_message_texts message;
};

static const struct state *state_of(const struct eg_sink_worker *worker)
{
    return worker->sink->state;
}

static const struct config *config_of(const struct eg_sink_worker *worker)
{
    return worker->sink->config;
}

static int write_place(struct eg_sink_worker *worker, struct eg_sink_entry *entry,
                       struct eg_error *err)
{
    struct eg_sink_piece queue = {"queue_url", state_of(worker)->queue_url, EG_SPAN_EMPTY, 1,
                                  URL_MAX};
    return eg_sink_place_render(worker, &queue, entry, err);
}

static void put_attribute(struct eg_sink_worker *worker,
                          const struct eg_sink_attribute_value *attribute)
{
    struct eg_buffer *out = &worker->texts;
    eg_buffer_append_text(out, attribute->number == 0 ? ",\"MessageAttributes\":{" : ",");
    eg_json_write_string(out, attribute->name);
    eg_buffer_printf(out, ":{\"DataType\":\"%s\",\"StringValue\":", attribute->type);
    eg_json_write_string(out, attribute->value);
    eg_buffer_append_char(out, '}');
}

static int put_attributes(struct eg_sink_worker *worker, const struct eg_event *event,
                          struct eg_sink_entry *entry, struct eg_error *err)
{
    size_t before = worker->texts.len;
    if (eg_sink_message_attributes(worker, &state_of(worker)->message, event, entry, put_attribute,
                                   err) != 0)
        return -1;
    if (worker->texts.len > before)
        eg_buffer_append_char(&worker->texts, '}');
    return 0;
}

static int put_ids(struct eg_sink_worker *worker, const struct eg_event *event, bool fifo,
                   struct eg_error *err)
{
    const struct eg_sink_message_texts *texts = &state_of(worker)->message;
    if (eg_sink_message_group(worker, texts, event, fifo, err) != 0)
        return -1;
    eg_sink_piece_put(worker, "MessageGroupId");
    if (eg_sink_message_deduplication(worker, texts, event, fifo, err) != 0)
        return -1;
    eg_sink_piece_put(worker, "MessageDeduplicationId");
    return 0;
}

static void put_trace(struct eg_sink_worker *worker, const struct eg_event *event)
{
    eg_buffer_clear(&worker->piece);
    if (!eg_aws_xray_write(event->traceparent, &worker->piece))
        return;
    eg_buffer_append_text(&worker->texts, ",\"MessageSystemAttributes\":{\"AWSTraceHeader\":"
                                          "{\"DataType\":\"String\"");
    eg_sink_piece_put(worker, "StringValue");
    eg_buffer_append_text(&worker->texts, "}}");
}

static int write_entry(struct eg_sink_worker *worker, const struct eg_event *event,
                       struct eg_sink_entry *entry, struct eg_error *err)
{
    struct eg_span body;
    const struct config *config = config_of(worker);
    bool fifo = eg_sink_message_is_fifo(eg_sink_entry_place(worker, entry));
    if (eg_sink_message_body(worker, &state_of(worker)->message, event, entry, &body, err) != 0)
        return -1;
    eg_buffer_printf(&worker->texts, "{\"Id\":\"%zu\",\"MessageBody\":", worker->count);
    eg_json_write_string(&worker->texts, body);
    if (put_ids(worker, event, fifo, err) != 0 || put_attributes(worker, event, entry, err) != 0)
        return -1;
    if (config->trace)
        put_trace(worker, event);
    if (config->delay_ms > 0 && !fifo)
        eg_buffer_printf(&worker->texts, ",\"DelaySeconds\":%d", (int)(config->delay_ms / 1000));
    eg_buffer_append_char(&worker->texts, '}');
    return 0;
}

static void write_call(const struct eg_sink_call *call, struct eg_buffer *body)
{
    eg_buffer_append_text(body, "{\"QueueUrl\":");
    eg_json_write_string(body, call->place);
    eg_buffer_append_text(body, ",\"Entries\":[");
    eg_sink_call_join(call, body);
    eg_buffer_append_text(body, "]}");
}

static int fail_listed(struct eg_sink_call *call, eg_json_index element, struct eg_error *err)
{
    const struct eg_json_document *document = &call->worker->document;
    eg_json_index fault = eg_json_member(document, element, EG_SPAN_LITERAL("SenderFault"));
    struct eg_sink_failure failure = {
        .code = eg_sink_answer_text(document, element, "Code"),
        .message = eg_sink_answer_text(document, element, "Message"),
    };
    failure.retriable = eg_sink_code_passes(failure.code) || fault == EG_JSON_NONE ||
                        eg_json_kind(document, fault) != EG_JSON_TRUE;
    return eg_sink_call_fail_id(call, eg_sink_answer_text(document, element, "Id"), &failure, err);
}

/* The elements of a list of the answer, and where the first is; 0 when there is no list. */
static uint32_t list_of(const struct eg_json_document *document, const char *name,
                        eg_json_index *ret_first)
{
    eg_json_index list = eg_json_member(document, 0, eg_span_text(name));
    if (list == EG_JSON_NONE || eg_json_kind(document, list) != EG_JSON_ARRAY)
        return 0;
    *ret_first = list + 1;
    return eg_json_count(document, list);
}

static int read_answer(struct eg_sink_call *call, struct eg_error *err)
{
    eg_json_index element = 0;
    const struct eg_json_document *document = &call->worker->document;
    if (eg_sink_call_parse(call, err) != 0)
        return -1;
    uint32_t successful = list_of(document, "Successful", &element);
    uint32_t failed = list_of(document, "Failed", &element);
    for (uint32_t i = 0; i < failed; i++, element = eg_json_next(document, element))
        if (eg_json_kind(document, element) != EG_JSON_OBJECT || fail_listed(call, element, err))
            return eg_error_set(err, EG_ERR_INVALID, "Failed[%u] names no message", i);
    return eg_sink_call_check_answered(call, successful + failed, err);
}

static const struct eg_sink_service service = {
    .name = "SQS",
    .aws = {"sqs", "sqs", NULL},
    .protocol = EG_AWS_JSON_1_0,
    .operation = "AmazonSQS.SendMessageBatch",
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
        .call_bytes = (size_t)config->max_message_bytes,
        .entry_bytes = (size_t)config->max_message_bytes,
    };
    if (eg_sink_texts_add(&sink->texts, "queue_url", config->queue_url, EG_RULES_TEXT,
                          &state->queue_url, err) != 0 ||
        eg_sink_message_compile(&sink->texts, &config->message, &state->message, err) != 0 ||
        eg_sink_batch_connect(sink, &config->aws, NULL, err) != 0) {
        eg_sink_batch_destroy(sink);
        return -1;
    }
    *ret_sink = sink;
    return 0;
}

const struct eg_sink_type eg_sink_sqs = {
    .abi = EG_SINK_ABI,
    .name = "sqs",
    .help = "Sends events to Amazon SQS queues, standard and FIFO.",
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
