/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /publish: a message becomes an event with all that is known about its request, and its
 * sender hears the event's id. There only when section `publish` names a topic.
 *
 * On the connection's HTTP thread.
 */
#include "api/api.h"
#include "api/publish_reply.h"
#include "api/submission.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/span.h"
#include "http/reply.h"
#include "json/document.h"
#include "json/writer.h"

static const char *const secret_headers[] = {"authorization", "proxy-authorization", "bearer",
                                             "cookie"};

/* What the reply tells. */
struct message {
    bool forward;
};

void eg_api_message_begin(struct eg_http_request *request, void *context)
{
    const struct eg_api *api = context;
    struct eg_error err;
    if (api->publish->topic)
        return;
    (void)eg_error_set(&err, EG_ERR_ROUTE, "Resource not found.");
    eg_http_reply_error(request, &err);
}

static int look_at_message(const struct eg_json_document *document, struct message *message,
                           struct eg_error *err)
{
    if (eg_json_kind(document, 0) != EG_JSON_OBJECT)
        return eg_error_set(err, EG_ERR_INVALID, "Request body must be a JSON object.");
    if (eg_json_member(document, 0, EG_SPAN_LITERAL("message")) == EG_JSON_NONE)
        return eg_error_set(err, EG_ERR_INVALID, "Request body must have a 'message'.");
    eg_json_index forward = eg_json_member(document, 0, EG_SPAN_LITERAL("forward"));
    message->forward = forward != EG_JSON_NONE && eg_json_kind(document, forward) == EG_JSON_TRUE;
    if (forward != EG_JSON_NONE && !message->forward &&
        eg_json_kind(document, forward) != EG_JSON_FALSE)
        return eg_error_set(err, EG_ERR_INVALID, "'forward' must be true or false.");
    return 0;
}

static int read_message(struct eg_span body, struct message *message, struct eg_error *err)
{
    struct eg_json_document document;
    eg_json_document_init(&document);
    int ret = eg_json_document_parse(&document, body, NULL, err);
    if (ret && err->code != EG_ERR_TOO_LARGE)
        (void)eg_error_set(err, EG_ERR_INVALID, "Request body must be valid JSON.");
    if (ret == 0)
        ret = look_at_message(&document, message, err);
    eg_json_document_fini(&document);
    return ret;
}

static bool is_hidden(const struct eg_api *api, struct eg_span name)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(secret_headers); i++)
        if (eg_span_equal_nocase(name, eg_span_text(secret_headers[i])))
            return true;
    const struct eg_string_list *hidden = &api->publish->hidden_headers;
    for (size_t i = 0; i < hidden->count; i++)
        if (eg_span_equal_nocase(name, eg_span_text(hidden->items[i])))
            return true;
    return eg_span_equal_nocase(name, eg_span_text(api->keys->header));
}

static bool came_before(const struct eg_http_field *fields, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (eg_span_equal_nocase(fields[i].name, fields[index].name))
            return true;
    return false;
}

/* Of a header that is repeated the first counts: a name stands once in an object. */
static void write_headers(struct eg_buffer *detail, const struct eg_http_request *request,
                          const struct eg_api *api)
{
    size_t count;
    const struct eg_http_field *fields = eg_http_request_headers(request, &count);
    bool first = true;
    eg_buffer_append_char(detail, '{');
    for (size_t i = 0; i < count; i++) {
        if (is_hidden(api, fields[i].name) || came_before(fields, i))
            continue;
        if (!first)
            eg_buffer_append_char(detail, ',');
        first = false;
        eg_json_write_string(detail, fields[i].name);
        eg_buffer_append_char(detail, ':');
        eg_json_write_string(detail, fields[i].value);
    }
    eg_buffer_append_char(detail, '}');
}

static void write_detail(struct eg_buffer *detail, const struct eg_http_request *request,
                         const struct eg_api *api, const struct message *message)
{
    char now[EG_CLOCK_ISO_BYTES];
    eg_clock_format_iso(eg_clock_wall_us(), now);
    eg_buffer_append_text(detail, "{\"timestamp\":");
    eg_json_write_text(detail, now);
    eg_buffer_append_text(detail, ",\"requestData\":{\"body\":");
    eg_json_write_string(detail, eg_http_request_body(request));
    eg_buffer_append_text(detail, ",\"headers\":");
    write_headers(detail, request, api);
    eg_buffer_append_text(detail, ",\"requestContext\":{\"requestId\":");
    eg_json_write_string(detail, eg_http_request_correlation_id(request));
    eg_buffer_append_text(detail, "}},\"type\":");
    eg_json_write_text(detail, message->forward ? "forward" : "standard");
    eg_buffer_append_char(detail, '}');
}

static bool was_accepted(const struct eg_ingest_submission *submission)
{
    const struct eg_ingest_item *item = &submission->items[0];
    return item->refusal == EG_ERR_NONE && !eg_join_refusal(submission->join, item->event) &&
           eg_join_delivered(submission->join, item->event);
}

static void reply(struct eg_http_request *request, const struct eg_ingest_submission *submission,
                  const void *state)
{
    const struct message *message = state;
    if (!was_accepted(submission)) {
        eg_api_publish_reply(request, submission);
        return;
    }
    struct eg_buffer body = EG_BUFFER_INIT;
    eg_buffer_append_text(&body, "{\"message\":\"Event published successfully\",\"eventId\":");
    eg_json_write_string(&body, eg_join_event(submission->join, submission->items[0].event)->id);
    eg_buffer_printf(&body, ",\"forwarded\":%s}", message->forward ? "true" : "false");
    size_t len;
    char *text = eg_buffer_take(&body, &len);
    eg_http_reply_take(request, 200, EG_HTTP_JSON, text, len);
}

static int make_post(struct eg_http_request *request, const struct eg_api *api,
                     struct message *message, struct eg_ingest_post *post, struct eg_error *err)
{
    if (read_message(eg_http_request_body(request), message, err) ||
        eg_api_post_from_headers(request, post, err))
        return -1;
    EG_AUTOBUFFER struct eg_buffer detail = EG_BUFFER_INIT;
    write_detail(&detail, request, api, message);
    post->body = eg_arena_copy(eg_http_request_arena(request), eg_buffer_span(&detail));
    post->topic = eg_span_text(api->publish->topic);
    return 0;
}

enum eg_http_verdict eg_api_message(struct eg_http_request *request, void *context)
{
    const struct eg_api *api = context;
    struct eg_error err;
    struct message *message = eg_arena_alloc(eg_http_request_arena(request), sizeof(*message));
    struct eg_ingest_post post = {.format = EG_INGEST_SINGLE};
    if (make_post(request, api, message, &post, &err)) {
        eg_api_submit_refuse(request, &err);
        return EG_HTTP_DONE;
    }
    EG_AUTOIDENTITY struct eg_auth_identity *identity = NULL;
    if (!api->publish->needs_token)
        identity = eg_auth_identity_new(eg_span_text(api->publish->subject), EG_SPAN_EMPTY,
                                        EG_AUTH_NEVER_US);
    post.identity = identity;
    return eg_api_submit(request, api, &post, reply, message);
}
