/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events to Amazon SNS topics, standard and FIFO: PublishBatch of the Query protocol, ten messages
 * a call.
 *
 * An entry is kept as Field=value pairs, and gets its prefix (PublishBatchRequestEntries.member.N.)
 * when its place in a call is known. Threads: as in batch.h.
 */
#include <string.h>

#include "aws/encode.h"
#include "aws/xml.h"
#include "base/error.h"
#include "base/span.h"
#include "sinks/aws/batch.h"
#include "sinks/aws/message.h"

#define ENTRIES_MAX 10
#define ARN_MAX     1024
#define SUBJECT_MAX 99 /* "less than 100 characters" */

struct config {
    char *topic_arn;
    char *subject;
    struct eg_sink_message_config message;
    int64_t max_message_bytes;
    struct eg_aws_config aws;
};

static const struct eg_field fields[] = {
    {.name = "topic_arn",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct config, topic_arn),
     .required = true,
     .help = "The topic's ARN; a template. One that ends in .fifo is a FIFO topic."},
    {.name = "subject",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct config, subject),
     .help =
         "Subject, the first line of e-mails: less than 100 characters of ASCII; a template. An "
         "empty one is left out."},
    EG_SINK_MESSAGE_FIELDS(struct config, message),
    {.name = "max_message_size",
     .type = EG_FIELD_SIZE,
     .offset = offsetof(struct config, max_message_bytes),
     .default_text = "256KiB",
     .min = 1024,
     .max = 1 << 20,
     .help =
         "What a message, with its attributes, may measure, and a call altogether; a larger one "
         "is answered 413 without being sent."},
    EG_AWS_CONFIG_FIELD(struct config, aws),
};

static const struct eg_field_table table = {
    .name = "sink sns",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct config),
};

struct state {
    size_t topic_arn;
    size_t subject;
    struct eg_sink_message_texts message;
};

static const struct state *state_of(const struct eg_sink_worker *worker)
{
    return worker->sink->state;
}

static int write_place(struct eg_sink_worker *worker, struct eg_sink_entry *entry,
                       struct eg_error *err)
{
    struct eg_sink_piece topic = {"topic_arn", state_of(worker)->topic_arn, EG_SPAN_EMPTY, 1,
                                  ARN_MAX};
    return eg_sink_place_render(worker, &topic, entry, err);
}

/* Appends &name=value: the first of an entry's pairs has the '&', too. */
static void put(struct eg_sink_worker *worker, const char *name, struct eg_span value)
{
    eg_buffer_printf(&worker->texts, "&%s=", name);
    eg_aws_encode(value, &worker->texts);
}

static void put_piece(struct eg_sink_worker *worker, const char *name)
{
    if (worker->piece.len > 0)
        put(worker, name, eg_buffer_span(&worker->piece));
}

/* Printable ASCII that does not begin with a space (Publish, SNS API Reference). */
static int check_subject(struct eg_span subject, struct eg_error *err)
{
    bool good = subject.len == 0 || subject.ptr[0] != ' ';
    for (size_t i = 0; i < subject.len; i++)
        good = good && subject.ptr[i] >= ' ' && subject.ptr[i] <= '~';
    if (good)
        return 0;
    return eg_error_set(err, EG_ERR_INVALID,
                        "the subject must be printable ASCII and begin with no space");
}

static int put_subject(struct eg_sink_worker *worker, struct eg_error *err)
{
    struct eg_sink_piece subject = {"the subject", state_of(worker)->subject, EG_SPAN_EMPTY, 0,
                                    SUBJECT_MAX};
    if (eg_sink_piece_render(worker, &subject, err) != 0 ||
        check_subject(eg_buffer_span(&worker->piece), err) != 0)
        return -1;
    put_piece(worker, "Subject");
    return 0;
}

static int put_ids(struct eg_sink_worker *worker, const struct eg_event *event, bool fifo,
                   struct eg_error *err)
{
    const struct eg_sink_message_texts *texts = &state_of(worker)->message;
    if (eg_sink_message_group(worker, texts, event, fifo, err) != 0)
        return -1;
    put_piece(worker, "MessageGroupId");
    if (eg_sink_message_deduplication(worker, texts, event, fifo, err) != 0)
        return -1;
    put_piece(worker, "MessageDeduplicationId");
    return 0;
}

static void put_attribute(struct eg_sink_worker *worker,
                          const struct eg_sink_attribute_value *attribute)
{
    struct eg_buffer *out = &worker->texts;
    size_t number = attribute->number + 1;
    eg_buffer_printf(out, "&MessageAttributes.entry.%zu.Name=", number);
    eg_aws_encode(attribute->name, out);
    eg_buffer_printf(out, "&MessageAttributes.entry.%zu.Value.DataType=%s", number,
                     attribute->type);
    eg_buffer_printf(out, "&MessageAttributes.entry.%zu.Value.StringValue=", number);
    eg_aws_encode(attribute->value, out);
}

static int write_entry(struct eg_sink_worker *worker, const struct eg_event *event,
                       struct eg_sink_entry *entry, struct eg_error *err)
{
    struct eg_span body;
    const struct state *state = state_of(worker);
    bool fifo = eg_sink_message_is_fifo(eg_sink_entry_place(worker, entry));
    if (eg_sink_message_body(worker, &state->message, event, entry, &body, err) != 0)
        return -1;
    eg_buffer_printf(&worker->texts, "&Id=%zu", worker->count);
    put(worker, "Message", body);
    if (put_subject(worker, err) != 0 || put_ids(worker, event, fifo, err) != 0)
        return -1;
    return eg_sink_message_attributes(worker, &state->message, event, entry, put_attribute, err);
}

/* The pairs of an entry, each behind its prefix. In encoded text a '&' begins a pair. */
static void join(struct eg_span pairs, size_t number, struct eg_buffer *body)
{
    const char *end = pairs.ptr + pairs.len;
    for (const char *at = pairs.ptr; at < end;) {
        const char *next = memchr(at + 1, '&', (size_t)(end - at) - 1);
        size_t len = next ? (size_t)(next - at) : (size_t)(end - at);
        eg_buffer_printf(body, "&PublishBatchRequestEntries.member.%zu.", number);
        eg_buffer_append(body, at + 1, len - 1);
        at += len;
    }
}

static void write_call(const struct eg_sink_call *call, struct eg_buffer *body)
{
    eg_buffer_append_text(body, "Action=PublishBatch&Version=2010-03-31&TopicArn=");
    eg_aws_encode(call->place, body);
    for (size_t i = 0; i < call->count; i++)
        join(eg_sink_entry_text(call->worker, call->entries[i]), i + 1, body);
}

/* What stands between the tags, or nothing. AWS writes no CDATA and no attributes there. */
static struct eg_span inside(struct eg_span xml, const char *open, const char *close)
{
    const char *begin = memmem(xml.ptr, xml.len, open, strlen(open));
    if (!begin)
        return EG_SPAN_EMPTY;
    begin += strlen(open);
    size_t left = xml.len - (size_t)(begin - xml.ptr);
    const char *end = memmem(begin, left, close, strlen(close));
    return end ? eg_span_of(begin, (size_t)(end - begin)) : EG_SPAN_EMPTY;
}

/* The next <member> of a list; false: there is none. */
static bool next_member(struct eg_span *list, struct eg_span *ret_member)
{
    struct eg_span member = inside(*list, "<member>", "</member>");
    if (member.len == 0)
        return false;
    size_t used = (size_t)(member.ptr - list->ptr) + member.len;
    *list = eg_span_of(list->ptr + used, list->len - used);
    *ret_member = member;
    return true;
}

static int fail_member(struct eg_sink_call *call, struct eg_span member, struct eg_error *err)
{
    struct eg_buffer id EG_AUTOBUFFER = EG_BUFFER_INIT;
    struct eg_buffer code EG_AUTOBUFFER = EG_BUFFER_INIT;
    struct eg_buffer message EG_AUTOBUFFER = EG_BUFFER_INIT;
    (void)eg_aws_xml_text(member, "Id", &id); /* empty: it can't be found below */
    (void)eg_aws_xml_text(member, "Code", &code);
    (void)eg_aws_xml_text(member, "Message", &message);
    struct eg_sink_failure failure = {
        .code = eg_buffer_span(&code),
        .message = eg_buffer_span(&message),
    };
    bool sender = eg_span_is(inside(member, "<SenderFault>", "</SenderFault>"), "true");
    failure.retriable = !sender || eg_sink_code_passes(failure.code);
    return eg_sink_call_fail_id(call, eg_buffer_span(&id), &failure, err);
}

static int read_answer(struct eg_sink_call *call, struct eg_error *err)
{
    size_t answered = 0;
    struct eg_span member;
    struct eg_span failed = inside(call->answer, "<Failed>", "</Failed>");
    struct eg_span successful = inside(call->answer, "<Successful>", "</Successful>");
    while (next_member(&successful, &member))
        answered++;
    for (; next_member(&failed, &member); answered++)
        if (fail_member(call, member, err) != 0)
            return -1;
    return eg_sink_call_check_answered(call, answered, err);
}

static const struct eg_sink_service service = {
    .name = "SNS",
    .aws = {"sns", "sns", NULL},
    .protocol = EG_AWS_QUERY,
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
    if (eg_sink_texts_add(&sink->texts, "topic_arn", config->topic_arn, EG_RULES_TEXT,
                          &state->topic_arn, err) != 0 ||
        eg_sink_texts_add(&sink->texts, "subject", config->subject, EG_RULES_TEXT, &state->subject,
                          err) != 0 ||
        eg_sink_message_compile(&sink->texts, &config->message, &state->message, err) != 0 ||
        eg_sink_batch_connect(sink, &config->aws, config->topic_arn, err) != 0) {
        eg_sink_batch_destroy(sink);
        return -1;
    }
    *ret_sink = sink;
    return 0;
}

const struct eg_sink_type eg_sink_sns = {
    .abi = EG_SINK_ABI,
    .name = "sns",
    .help = "Publishes events to Amazon SNS topics, standard and FIFO.",
    .config = &table,
    .default_workers = 4,
    .max_workers = 64,
    .max_batch_events = ENTRIES_MAX,
    .max_batch_bytes = 256u << 10,
    .create = create,
    .reads_envelope = eg_sink_batch_reads_envelope,
    .worker_begin = eg_sink_batch_worker_begin,
    .worker_end = eg_sink_batch_worker_end,
    .submit = eg_sink_batch_submit,
    .probe = eg_sink_batch_probe,
    .destroy = eg_sink_batch_destroy,
};
