/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A single event answers with its own status and the error envelope; a batch with 202 when all went
 * well, else 207 and one result per item. Sink failures carry the sink's name as their type.
 */
#include "api/publish_reply.h"

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "http/reply.h"
#include "json/writer.h"

static unsigned item_status(const struct eg_ingest_submission *submission,
                            const struct eg_ingest_item *item)
{
    if (item->refusal != EG_ERR_NONE)
        return eg_error_http_status(item->refusal);
    const struct eg_error *refusal = eg_join_refusal(submission->join, item->event);
    if (refusal)
        return eg_error_http_status(refusal->code);
    if (eg_join_delivered(submission->join, item->event))
        return 202;
    return eg_join_too_large(submission->join, item->event) ? 413 : 500;
}

static void write_error(struct eg_buffer *body, bool *first, const char *type,
                        struct eg_span message)
{
    eg_buffer_append_text(body, *first ? "{\"type\":" : ",{\"type\":");
    eg_json_write_text(body, type);
    eg_buffer_append_text(body, ",\"message\":");
    eg_json_write_string(body, message);
    *first = false;
}

static void write_failure(struct eg_buffer *body, bool *first, const char *type,
                          const struct eg_ingest_failure *failure)
{
    write_error(body, first, type, failure->message);
    if (failure->has_paths) {
        eg_buffer_append_text(body, ",\"instancePath\":");
        eg_json_write_string(body, failure->instance_path);
        eg_buffer_append_text(body, ",\"schemaPath\":");
        eg_json_write_string(body, failure->schema_path);
    }
    eg_buffer_append_char(body, '}');
}

static void write_sink_failures(struct eg_buffer *body, bool *first, const struct eg_join *join,
                                size_t event)
{
    for (size_t i = 0; i < eg_join_delivery_count(join, event); i++) {
        struct eg_delivery_report report = eg_join_report(join, event, i);
        if (report.result == EG_RESULT_DELIVERED)
            continue;
        write_error(body, first, report.sink, eg_span_text(report.message));
        eg_buffer_append_char(body, '}');
    }
}

/* "errors":[...] of one item that was not accepted. */
static void write_item_errors(struct eg_buffer *body, const struct eg_ingest_submission *submission,
                              const struct eg_ingest_item *item)
{
    bool first = true;
    eg_buffer_append_text(body, "\"errors\":[");
    for (size_t i = 0; i < item->failure_count; i++)
        write_failure(body, &first, eg_error_type(item->refusal), &item->failures[i]);
    if (item->refusal == EG_ERR_NONE) {
        const struct eg_error *refusal = eg_join_refusal(submission->join, item->event);
        if (refusal) {
            write_error(body, &first, eg_error_type(refusal->code), eg_span_text(refusal->message));
            eg_buffer_append_char(body, '}');
        }
        write_sink_failures(body, &first, submission->join, item->event);
    }
    eg_buffer_append_char(body, ']');
}

static void reply_buffer(struct eg_http_request *request, unsigned status, struct eg_buffer *body)
{
    size_t len;
    char *text = eg_buffer_take(body, &len);
    eg_http_reply_take(request, status, EG_HTTP_JSON, text, len);
}

static void reply_single(struct eg_http_request *request,
                         const struct eg_ingest_submission *submission)
{
    const struct eg_ingest_item *item = &submission->items[0];
    unsigned status = item_status(submission, item);
    if (status == 202) {
        eg_http_reply_accepted(request);
        return;
    }
    struct eg_buffer body = EG_BUFFER_INIT;
    eg_buffer_printf(&body, "{\"success\":false,\"statusCode\":%u,", status);
    write_item_errors(&body, submission, item);
    eg_buffer_append_char(&body, '}');
    reply_buffer(request, status, &body);
}

static void write_result(struct eg_buffer *body, const struct eg_ingest_submission *submission,
                         size_t index)
{
    const struct eg_ingest_item *item = &submission->items[index];
    unsigned status = item_status(submission, item);
    eg_buffer_printf(body, "%s{\"index\":%zu,\"status\":%u", index ? "," : "", index, status);
    if (status != 202) {
        eg_buffer_append_char(body, ',');
        write_item_errors(body, submission, item);
    }
    eg_buffer_append_char(body, '}');
}

static bool all_accepted(const struct eg_ingest_submission *submission)
{
    for (size_t i = 0; i < submission->item_count; i++)
        if (item_status(submission, &submission->items[i]) != 202)
            return false;
    return true;
}

static void reply_batch(struct eg_http_request *request,
                        const struct eg_ingest_submission *submission)
{
    if (all_accepted(submission)) {
        eg_http_reply_accepted(request);
        return;
    }
    struct eg_buffer body = EG_BUFFER_INIT;
    eg_buffer_append_text(&body, "{\"success\":false,\"statusCode\":207,\"results\":[");
    for (size_t i = 0; i < submission->item_count; i++)
        write_result(&body, submission, i);
    eg_buffer_append_text(&body, "]}");
    reply_buffer(request, 207, &body);
}

void eg_api_publish_reply(struct eg_http_request *request,
                          const struct eg_ingest_submission *submission)
{
    if (submission->batch)
        reply_batch(request, submission);
    else
        reply_single(request, submission);
}
