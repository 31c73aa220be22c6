/* SPDX-License-Identifier: Apache-2.0 */
/* ReceiveMessage and DeleteMessageBatch in the JSON protocol (Amazon SQS API Reference). */
#include "sources/sqs.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/span.h"
#include "json/writer.h"

#define SLACK_MS          10000              /* over the wait of a poll, for the call itself */
#define ANSWER_MAX        ((size_t)24 << 20) /* ten messages of 1 MiB, escaped */
#define DELETE_TIMEOUT_MS 10000
#define ATTEMPTS_DELETE   3

static const struct eg_json_limits limits = {
    .max_text_bytes = ANSWER_MAX,
    .max_depth = 32,
    .max_members = 1000,
    .max_string_bytes = ANSWER_MAX,
    .allow_duplicate_keys = true,
};

int eg_source_sqs_init(struct eg_source_sqs *sqs, const struct eg_source_sqs_config *config,
                       struct eg_aws_client *receiving, struct eg_aws_client *deleting,
                       struct eg_error *err)
{
    *sqs = (struct eg_source_sqs){.config = config};
    eg_json_document_init(&sqs->answer);
    if (eg_aws_caller_new(receiving, &sqs->receiver, err) != 0)
        return -1;
    return eg_aws_caller_new(deleting, &sqs->deleter, err);
}

void eg_source_sqs_fini(struct eg_source_sqs *sqs)
{
    eg_aws_caller_destroy(sqs->receiver);
    eg_aws_caller_destroy(sqs->deleter);
    eg_json_document_fini(&sqs->answer);
    eg_buffer_fini(&sqs->body);
    eg_buffer_fini(&sqs->received);
}

static void begin_body(struct eg_source_sqs *sqs)
{
    eg_buffer_clear(&sqs->body);
    eg_buffer_append_text(&sqs->body, "{\"QueueUrl\":");
    eg_json_write_string(&sqs->body, eg_span_text(sqs->config->queue_url));
}

/* Calls and reads the answer into sqs->answer. */
static int call(struct eg_source_sqs *sqs, struct eg_aws_caller *caller, const char *operation,
                int64_t timeout_ms, unsigned attempts, struct eg_error *err)
{
    const struct eg_aws_response *response;
    struct eg_aws_request request = {
        .protocol = EG_AWS_JSON_1_0,
        .operation = operation,
        .body = eg_buffer_span(&sqs->body),
        .deadline_ms = eg_clock_monotonic_ms() + timeout_ms,
        .max_attempts = attempts,
        .max_response_bytes = ANSWER_MAX,
    };
    if (eg_aws_caller_call(caller, &request, &response, NULL, err) != 0)
        return -1;
    eg_buffer_clear(&sqs->received);
    eg_buffer_append(&sqs->received, response->body.ptr, response->body.len);
    if (eg_json_document_parse(&sqs->answer, eg_buffer_span(&sqs->received), &limits, err) != 0)
        return eg_error_prefix(err, "the answer of SQS");
    return 0;
}

static struct eg_span text_of(const struct eg_source_sqs *sqs, eg_json_index object,
                              const char *name)
{
    if (eg_json_kind(&sqs->answer, object) != EG_JSON_OBJECT)
        return EG_SPAN_EMPTY;
    eg_json_index value = eg_json_member(&sqs->answer, object, eg_span_text(name));
    bool text = value != EG_JSON_NONE && eg_json_kind(&sqs->answer, value) == EG_JSON_STRING;
    return text ? eg_json_string(&sqs->answer, value) : EG_SPAN_EMPTY;
}

static struct eg_source_message message_at(const struct eg_source_sqs *sqs, eg_json_index object)
{
    struct eg_source_message message = {
        .id = text_of(sqs, object, "MessageId"),
        .receipt = text_of(sqs, object, "ReceiptHandle"),
        .body = text_of(sqs, object, "Body"),
    };
    if (eg_json_kind(&sqs->answer, object) == EG_JSON_OBJECT) {
        eg_json_index attributes =
            eg_json_member(&sqs->answer, object, EG_SPAN_LITERAL("Attributes"));
        if (attributes != EG_JSON_NONE)
            message.trace = text_of(sqs, attributes, "AWSTraceHeader");
    }
    return message;
}

/* The array of that name at the answer's top; its length, 0 when there is none. */
static uint32_t list_of(const struct eg_source_sqs *sqs, const char *name, eg_json_index *ret_list)
{
    const struct eg_json_document *answer = &sqs->answer;
    if (eg_json_kind(answer, 0) != EG_JSON_OBJECT)
        return 0;
    *ret_list = eg_json_member(answer, 0, eg_span_text(name));
    bool is_list = *ret_list != EG_JSON_NONE && eg_json_kind(answer, *ret_list) == EG_JSON_ARRAY;
    return is_list ? eg_json_count(answer, *ret_list) : 0;
}

int eg_source_sqs_receive(struct eg_source_sqs *sqs, struct eg_source_message *messages,
                          size_t *ret_count, struct eg_error *err)
{
    const struct eg_source_sqs_config *config = sqs->config;
    eg_json_index list = EG_JSON_NONE;
    begin_body(sqs);
    eg_buffer_printf(&sqs->body,
                     ",\"MaxNumberOfMessages\":%d,\"WaitTimeSeconds\":%d,"
                     "\"AttributeNames\":[\"AWSTraceHeader\"]",
                     (int)config->messages, (int)(config->wait_ms / 1000));
    if (config->visibility_ms > 0)
        eg_buffer_printf(&sqs->body, ",\"VisibilityTimeout\":%d",
                         (int)((config->visibility_ms + 999) / 1000));
    eg_buffer_append_char(&sqs->body, '}');
    if (call(sqs, sqs->receiver, "AmazonSQS.ReceiveMessage", config->wait_ms + SLACK_MS, 1, err) !=
        0)
        return -1;
    uint32_t count = list_of(sqs, "Messages", &list);
    if (count > EG_SOURCE_MESSAGES_MAX)
        return eg_error_set(err, EG_ERR_INVALID, "SQS gave %u messages, more than it was asked for",
                            count);
    eg_json_index at = list + 1;
    for (uint32_t i = 0; i < count; i++, at = eg_json_next(&sqs->answer, at))
        messages[i] = message_at(sqs, at);
    *ret_count = count;
    return 0;
}

int eg_source_sqs_delete(struct eg_source_sqs *sqs, const struct eg_source_message *messages,
                         const bool *done, size_t count, size_t *ret_failed, struct eg_error *err)
{
    /* Receipts live in the answer that is overwritten by the call, so the body comes first. */
    eg_json_index list = EG_JSON_NONE;
    size_t entries = 0;
    begin_body(sqs);
    eg_buffer_append_text(&sqs->body, ",\"Entries\":[");
    for (size_t i = 0; i < count; i++) {
        if (!done[i])
            continue;
        eg_buffer_printf(&sqs->body, "%s{\"Id\":\"%zu\",\"ReceiptHandle\":", entries++ ? "," : "",
                         i);
        eg_json_write_string(&sqs->body, messages[i].receipt);
        eg_buffer_append_char(&sqs->body, '}');
    }
    eg_buffer_append_text(&sqs->body, "]}");
    *ret_failed = 0;
    if (entries == 0)
        return 0;
    if (call(sqs, sqs->deleter, "AmazonSQS.DeleteMessageBatch", DELETE_TIMEOUT_MS, ATTEMPTS_DELETE,
             err) != 0)
        return -1;
    *ret_failed = list_of(sqs, "Failed", &list);
    return 0;
}
