/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /events/{topic}: events in their envelopes, one or a list, as an API destination of
 * EventBridge or another gate sends them. A key in a header, or a token as for POST /topics.
 *
 * On the connection's HTTP thread.
 */
#include "api/api.h"
#include "api/publish_reply.h"
#include "api/submission.h"
#include "base/error.h"
#include "base/span.h"
#include "crypto/digest.h"
#include "http/reply.h"

void eg_api_events_begin(struct eg_http_request *request, void *context)
{
    (void)context;
    struct eg_span type = eg_http_request_media_type(request);
    if (type.len == 0 || eg_span_equal_nocase(type, EG_SPAN_LITERAL("application/json")))
        return;
    struct eg_error err;
    (void)eg_error_set(&err, EG_ERR_MEDIA_TYPE,
                       "Events in envelopes are sent as application/json.");
    eg_http_reply_error(request, &err);
}

/* Digests are compared, so that the time does not tell a key's length either. */
static bool is_key(const char *key, struct eg_span given)
{
    uint8_t wanted[EG_CRYPTO_SHA256_BYTES];
    uint8_t found[EG_CRYPTO_SHA256_BYTES];
    eg_crypto_sha256(eg_span_text(key), wanted);
    eg_crypto_sha256(given, found);
    return eg_crypto_equal(eg_span_of((const char *)wanted, sizeof(wanted)),
                           eg_span_of((const char *)found, sizeof(found)));
}

/* Whose key it is. All are looked at, whichever fits. NULL: nobody's. */
static const char *subject_of(const struct eg_api_keys_config *config, struct eg_span given)
{
    const struct eg_api_key_config *keys = config->keys.items;
    const char *subject = NULL;
    for (size_t i = 0; i < config->keys.count; i++)
        if (is_key(keys[i].key, given))
            subject = keys[i].subject;
    return subject;
}

/* 0: *ret_identity is who posts by key, or NULL when the token is to say. */
static int identify(const struct eg_http_request *request, const struct eg_api_keys_config *config,
                    struct eg_auth_identity **ret_identity, struct eg_error *err)
{
    struct eg_span given = eg_http_request_header_named(request, config->header);
    *ret_identity = NULL;
    if (given.len == 0 || config->keys.count == 0)
        return 0;
    const char *subject = subject_of(config, given);
    if (!subject)
        return eg_error_set(err, EG_ERR_UNAUTHENTICATED, "Invalid or missing token");
    *ret_identity = eg_auth_identity_new(eg_span_text(subject), EG_SPAN_EMPTY, EG_AUTH_NEVER_US);
    return 0;
}

static void reply(struct eg_http_request *request, const struct eg_ingest_submission *submission,
                  const void *state)
{
    (void)state;
    eg_api_publish_reply(request, submission);
}

enum eg_http_verdict eg_api_events(struct eg_http_request *request, void *context)
{
    const struct eg_api *api = context;
    struct eg_error err;
    EG_AUTOIDENTITY struct eg_auth_identity *identity = NULL;
    struct eg_ingest_post post = {
        .topic = eg_http_request_param(request, 0),
        .body = eg_http_request_body(request),
        .id_from_payload = true,
    };
    struct eg_span body = eg_span_trim(post.body);
    post.format = body.len > 0 && body.ptr[0] == '[' ? EG_INGEST_BATCH : EG_INGEST_SINGLE;
    if (eg_api_post_from_headers(request, &post, &err) ||
        identify(request, api->keys, &identity, &err)) {
        eg_api_submit_refuse(request, &err);
        return EG_HTTP_DONE;
    }
    post.identity = identity;
    return eg_api_submit(request, api, &post, reply, NULL);
}
