/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /replay on the admin listener: one stored event once more, to the rules of today. It is sent
 * by `eventgate replay`; who reaches this listener is an operator, so no token is asked for.
 *
 * On the connection's HTTP thread.
 */
#include "api/api.h"
#include "api/publish_reply.h"
#include "api/submission.h"
#include "base/error.h"
#include "base/span.h"
#include "http/reply.h"
#include "store/attributes.h"
#include "json/document.h"

/* The request as it was read; all of it is in the request's arena or body. */
struct replay {
    struct eg_ingest_post post;
    struct eg_ingest_replay what;
    struct eg_span subject;
};

static struct eg_span text_member(const struct eg_json_document *document, const char *name,
                                  struct eg_arena *arena)
{
    eg_json_index value = eg_json_member(document, 0, eg_span_text(name));
    return value != EG_JSON_NONE && eg_json_kind(document, value) == EG_JSON_STRING
               ? eg_arena_copy(arena, eg_json_string(document, value))
               : EG_SPAN_EMPTY;
}

static int read_rules(const struct eg_json_document *document, struct eg_arena *arena,
                      struct eg_ingest_replay *what, struct eg_error *err)
{
    eg_json_index list = eg_json_member(document, 0, EG_SPAN_LITERAL("rules"));
    if (list == EG_JSON_NONE)
        return 0;
    if (eg_json_kind(document, list) != EG_JSON_ARRAY)
        return eg_error_set(err, EG_ERR_INVALID, "'rules' must be a list of names.");
    what->rule_count = eg_json_count(document, list);
    struct eg_span *rules = eg_arena_alloc(arena, (what->rule_count + 1) * sizeof(*rules));
    eg_json_index element = list + 1;
    for (size_t i = 0; i < what->rule_count; i++) {
        if (eg_json_kind(document, element) != EG_JSON_STRING)
            return eg_error_set(err, EG_ERR_INVALID, "'rules' must be a list of names.");
        rules[i] = eg_arena_copy(arena, eg_json_string(document, element));
        element = eg_json_next(document, element);
    }
    what->rules = rules;
    return 0;
}

static int read_event(const struct eg_json_document *document, struct eg_arena *arena,
                      struct replay *replay, struct eg_error *err)
{
    eg_json_index payload = eg_json_member(document, 0, EG_SPAN_LITERAL("payload"));
    eg_json_index time = eg_json_member(document, 0, EG_SPAN_LITERAL("received_us"));
    if (payload == EG_JSON_NONE)
        return eg_error_set(err, EG_ERR_INVALID, "'payload' is missing.");
    if (time == EG_JSON_NONE || eg_json_kind(document, time) != EG_JSON_NUMBER ||
        !eg_json_int64(document, time, &replay->what.received_us))
        return eg_error_set(err, EG_ERR_INVALID, "'received_us' must be a time in microseconds.");
    replay->post.body = eg_json_text(document, payload);
    replay->post.topic = text_member(document, "topic", arena);
    replay->post.idempotency_key = text_member(document, "id", arena);
    replay->post.traceparent = text_member(document, "traceparent", arena);
    replay->post.tracestate = text_member(document, "tracestate", arena);
    replay->subject = text_member(document, "subject", arena);
    eg_json_index sinks = eg_json_member(document, 0, EG_SPAN_LITERAL("sinks"));
    replay->what.to_sinks = sinks != EG_JSON_NONE && eg_json_kind(document, sinks) == EG_JSON_TRUE;
    eg_json_index attributes = eg_json_member(document, 0, EG_SPAN_LITERAL("attributes"));
    return attributes == EG_JSON_NONE
               ? 0
               : eg_attributes_read(eg_json_text(document, attributes), arena,
                                    &replay->post.attributes, &replay->post.attribute_count, err);
}

static int read_replay(struct eg_span body, struct eg_arena *arena, struct replay *replay,
                       struct eg_error *err)
{
    struct eg_json_document document;
    eg_json_document_init(&document);
    int ret = eg_json_document_parse(&document, body, NULL, err);
    if (ret == 0 && eg_json_kind(&document, 0) != EG_JSON_OBJECT)
        ret = eg_error_set(err, EG_ERR_INVALID, "Request body must be a JSON object.");
    if (ret == 0)
        ret = read_event(&document, arena, replay, err);
    if (ret == 0)
        ret = read_rules(&document, arena, &replay->what, err);
    eg_json_document_fini(&document);
    return ret;
}

static void reply(struct eg_http_request *request, const struct eg_ingest_submission *submission,
                  const void *state)
{
    (void)state;
    eg_api_publish_reply(request, submission);
}

enum eg_http_verdict eg_api_replay(struct eg_http_request *request, void *context)
{
    const struct eg_api *api = context;
    struct eg_error err;
    struct replay replay = {.post = {.format = EG_INGEST_SINGLE}};
    if (read_replay(eg_http_request_body(request), eg_http_request_arena(request), &replay, &err)) {
        eg_api_submit_refuse(request, &err);
        return EG_HTTP_DONE;
    }
    EG_AUTOIDENTITY struct eg_auth_identity *identity =
        eg_auth_identity_new(replay.subject, EG_SPAN_EMPTY, EG_AUTH_NEVER_US);
    replay.post.identity = identity;
    replay.post.correlation_id = eg_http_request_correlation_id(request);
    replay.post.replay = &replay.what;
    return eg_api_submit(request, api, &replay.post, reply, NULL);
}
