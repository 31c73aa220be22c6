/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /topics/{topic}: from the request to a post. On the connection's HTTP thread.
 */
#include <string.h>

#include "api/api.h"
#include "api/publish_reply.h"
#include "api/submission.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "http/reply.h"
#include "pipeline/cloudevent.h"

struct media_type {
    const char *name;
    enum eg_ingest_format format;
};

static const struct media_type media_types[] = {
    {"application/json", EG_INGEST_SINGLE},
    {"application/vnd.eventgate.batch+json", EG_INGEST_BATCH},
    {"application/x-ndjson", EG_INGEST_LINES},
    {"application/cloudevents+json", EG_INGEST_CLOUDEVENT},
    {"application/cloudevents-batch+json", EG_INGEST_CLOUDEVENT_BATCH},
    {"text/json", EG_INGEST_SINGLE},
    /* What curl -d says when nobody tells it better; the body is judged, not the label. */
    {"application/x-www-form-urlencoded", EG_INGEST_SINGLE},
};

static bool ends_with(struct eg_span text, const char *suffix)
{
    size_t len = strlen(suffix);
    return text.len > len && eg_span_equal_nocase(eg_span_of(text.ptr + text.len - len, len),
                                                  eg_span_of(suffix, len));
}

/* The format that the Content-Type names; none at all is JSON, as upstream's clients send it. */
static bool find_format(struct eg_span media_type, enum eg_ingest_format *ret_format)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(media_types); i++)
        if (eg_span_equal_nocase(media_type, eg_span_text(media_types[i].name))) {
            *ret_format = media_types[i].format;
            return true;
        }
    *ret_format = EG_INGEST_SINGLE;
    return media_type.len == 0 || ends_with(media_type, "+json");
}

/* Refuses what can't be an event before its body is read. */
void eg_api_publish_begin(struct eg_http_request *request, void *context)
{
    (void)context;
    enum eg_ingest_format format;
    struct eg_span media_type = eg_http_request_media_type(request);
    if (find_format(media_type, &format))
        return;
    struct eg_error err;
    (void)eg_error_set(&err, EG_ERR_MEDIA_TYPE,
                       "Content-Type '%.*s' is not taken here: send application/json, "
                       "application/vnd.eventgate.batch+json, application/x-ndjson or CloudEvents.",
                       (int)(media_type.len > 100 ? 100 : media_type.len), media_type.ptr);
    eg_http_reply_error(request, &err);
}

/* --- headers that travel with the event */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* CloudEvents HTTP binding 1.0.2, section 3.1.3.2: percent-encoded, sometimes quoted. */
static struct eg_span decode_value(struct eg_arena *arena, struct eg_span value)
{
    if (!value.len || (!memchr(value.ptr, '%', value.len) && value.ptr[0] != '"'))
        return value;
    if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"')
        value = eg_span_of(value.ptr + 1, value.len - 2);
    char *text = eg_arena_alloc(arena, value.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < value.len; i++) {
        int high = i + 2 < value.len && value.ptr[i] == '%' ? hex_digit(value.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(value.ptr[i + 2]) : -1;
        bool escaped = low >= 0;
        text[len++] = escaped ? (char)(high * 16 + low) : value.ptr[i];
        i += escaped ? 2 : 0;
    }
    return eg_span_of(text, len);
}

static struct eg_span lower_name(struct eg_arena *arena, struct eg_span name)
{
    char *text = eg_arena_alloc(arena, name.len + 1);
    for (size_t i = 0; i < name.len; i++)
        text[i] =
            (char)(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? name.ptr[i] | 0x20 : name.ptr[i]);
    return eg_span_of(text, name.len);
}

static bool is_passed(const struct eg_string_list *list, struct eg_span name)
{
    for (size_t i = 0; list && i < list->count; i++)
        if (eg_span_equal_nocase(name, eg_span_text(list->items[i])))
            return true;
    return false;
}

/* ce-* headers without their prefix, and the headers on the configured list. */
static void gather_attributes(struct eg_http_request *request, const struct eg_api *api,
                              struct eg_ingest_post *post, bool *ret_cloudevent)
{
    size_t count;
    const struct eg_http_field *fields = eg_http_request_headers(request, &count);
    struct eg_arena *arena = eg_http_request_arena(request);
    struct eg_event_attribute *attributes = NULL;
    size_t found = 0;
    *ret_cloudevent = false;
    for (size_t i = 0; i < count; i++) {
        struct eg_span name = fields[i].name;
        bool cloudevent = name.len > 3 && eg_span_starts_nocase(name, "ce-");
        if (!cloudevent && !is_passed(api->passed_headers, name))
            continue;
        if (!attributes)
            attributes = eg_arena_alloc(arena, count * sizeof(*attributes));
        if (cloudevent)
            name = eg_span_of(name.ptr + 3, name.len - 3);
        attributes[found].name = lower_name(arena, name);
        attributes[found++].value = decode_value(arena, fields[i].value);
        *ret_cloudevent |= cloudevent && eg_span_is(attributes[found - 1].name, "specversion");
    }
    post->attributes = attributes;
    post->attribute_count = found;
}

static int read_request(struct eg_http_request *request, const struct eg_api *api,
                        struct eg_ingest_post *post, struct eg_error *err)
{
    bool known = find_format(eg_http_request_media_type(request), &post->format);
    EG_ASSERT(known);
    post->topic = eg_http_request_param(request, 0);
    post->body = eg_http_request_body(request);
    if (eg_api_post_from_headers(request, post, err))
        return -1;
    bool cloudevent;
    gather_attributes(request, api, post, &cloudevent);
    if (cloudevent && post->format == EG_INGEST_SINGLE)
        return eg_cloudevent_check(post->attributes, post->attribute_count, err);
    return 0;
}

static void reply(struct eg_http_request *request, const struct eg_ingest_submission *submission,
                  const void *state)
{
    (void)state;
    eg_api_publish_reply(request, submission);
}

enum eg_http_verdict eg_api_publish(struct eg_http_request *request, void *context)
{
    const struct eg_api *api = context;
    struct eg_ingest_post post = {0};
    struct eg_error err;
    if (read_request(request, api, &post, &err)) {
        eg_api_submit_refuse(request, &err);
        return EG_HTTP_DONE;
    }
    return eg_api_submit(request, api, &post, reply, NULL);
}
