/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call from its first attempt to its last:
 *
 *     credentials -> headers -> signature -> send -> judge -> done, mend and repeat, wait and
 * repeat
 *
 * The caller's memory (signature, URL, answer) is kept from one call to the next. One thread.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/client.h"
#include "aws/client_state.h"
#include "aws/crc32.h"
#include "aws/sigv4.h"
#include "aws/xray.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "crypto/random.h"

#define OWN_HEADERS_MAX 5
#define RESEND_SKEW_US  INT64_C(240000000) /* a correction below it would change nothing */

struct eg_aws_caller {
    struct eg_aws_client *client;
    struct eg_net_client *net;
    struct eg_aws_sigv4 sigv4;
    struct eg_buffer host;   /* the Host header */
    struct eg_buffer target; /* path and query, behind the endpoint's own path */
    struct eg_buffer url;
    struct eg_buffer trace;
    struct eg_net_response http;
    struct eg_aws_response response;
};

/* One call under way. */
struct call {
    struct eg_aws_caller *caller;
    const struct eg_aws_request *request;
    struct eg_aws_credentials *credentials;
    struct eg_net_header headers[OWN_HEADERS_MAX + EG_AWS_REQUEST_HEADERS_MAX];
    size_t header_count;
    char attempt_text[48];
    unsigned max_attempts;
    unsigned attempts;      /* that count against the most */
    unsigned retry_cost;    /* of the last retry */
    int64_t signed_skew_us; /* what the last signature was made with */
    bool clock_mended;
    bool credentials_mended;
    bool again;                    /* the last attempt failed, and the next may not */
    struct eg_aws_failure failure; /* of the last attempt */
    struct eg_error err;           /* the same in words */
};

int eg_aws_caller_new(struct eg_aws_client *client, struct eg_aws_caller **ret_caller,
                      struct eg_error *err)
{
    struct eg_aws_caller *caller = eg_calloc(1, sizeof(*caller));
    struct eg_net_client_options options = {.ca_bundle = client->ca_bundle};
    caller->client = client;
    if (eg_net_client_new(&options, &caller->net, err) < 0) {
        eg_aws_caller_destroy(caller);
        return -1;
    }
    *ret_caller = caller;
    return 0;
}

void eg_aws_caller_destroy(struct eg_aws_caller *caller)
{
    if (!caller)
        return;
    eg_net_client_destroy(caller->net);
    eg_aws_sigv4_fini(&caller->sigv4);
    eg_buffer_fini(&caller->host);
    eg_buffer_fini(&caller->target);
    eg_buffer_fini(&caller->url);
    eg_buffer_fini(&caller->trace);
    eg_net_response_fini(&caller->http);
    free(caller);
}

static int64_t wall_us(const struct eg_aws_client *client)
{
    return client->host->clock->wall_us(client->host->clock->state);
}

static int64_t monotonic_us(const struct eg_aws_client *client)
{
    return client->host->clock->monotonic_us(client->host->clock->state);
}

/* --- what goes out */

/* https://bucket.host/base/target */
static void make_url(struct eg_aws_caller *caller, const struct eg_aws_request *request)
{
    const struct eg_aws_url *url = &caller->client->url;
    struct eg_span target = request->target.len ? request->target : EG_SPAN_LITERAL("/");
    eg_buffer_clear(&caller->host);
    eg_buffer_append_span(&caller->host, request->host_prefix);
    eg_buffer_append_span(&caller->host, url->authority);
    eg_buffer_clear(&caller->target);
    if (!eg_span_is(url->target, "/"))
        eg_buffer_append_span(&caller->target, url->target);
    eg_buffer_append_span(&caller->target, target);
    eg_buffer_clear(&caller->url);
    eg_buffer_append_text(&caller->url, url->secure ? "https://" : "http://");
    eg_buffer_append_span(&caller->url, eg_buffer_span(&caller->host));
    eg_buffer_append_span(&caller->url, eg_buffer_span(&caller->target));
}

static void add_header(struct call *call, const char *name, struct eg_span value)
{
    EG_ASSERT(call->header_count < EG_ARRAY_COUNT(call->headers));
    call->headers[call->header_count++] = (struct eg_net_header){eg_span_text(name), value};
}

static const char *content_type_of(const struct eg_aws_request *request)
{
    static const char *const types[] = {
        [EG_AWS_JSON_1_0] = "application/x-amz-json-1.0",
        [EG_AWS_JSON_1_1] = "application/x-amz-json-1.1",
        [EG_AWS_QUERY] = "application/x-www-form-urlencoded; charset=utf-8",
        [EG_AWS_REST_JSON] = "application/json",
        [EG_AWS_REST_XML] = "application/xml",
    };
    if (request->content_type)
        return request->content_type;
    return request->body.len ? types[request->protocol] : NULL;
}

static void make_headers(struct call *call)
{
    const struct eg_aws_request *request = call->request;
    struct eg_aws_caller *caller = call->caller;
    const char *content_type = content_type_of(request);
    call->header_count = 0;
    add_header(call, "Host", eg_buffer_span(&caller->host));
    if (content_type)
        add_header(call, "Content-Type", eg_span_text(content_type));
    if (request->operation && request->protocol <= EG_AWS_JSON_1_1)
        add_header(call, "X-Amz-Target", eg_span_text(request->operation));
    eg_buffer_clear(&caller->trace);
    if (request->traceparent.len && eg_aws_xray_write(request->traceparent, &caller->trace))
        add_header(call, "X-Amzn-Trace-Id", eg_buffer_span(&caller->trace));
    (void)snprintf(call->attempt_text, sizeof(call->attempt_text), "attempt=%u; max=%u",
                   call->attempts, call->max_attempts);
    add_header(call, "amz-sdk-request", eg_span_text(call->attempt_text));
    for (size_t i = 0; i < request->header_count; i++)
        call->headers[call->header_count++] = request->headers[i];
}

static const char *method_of(const struct eg_aws_request *request)
{
    return request->method ? request->method : "POST";
}

static int sign(struct call *call, struct eg_error *err)
{
    struct eg_aws_caller *caller = call->caller;
    const struct eg_aws_client *client = caller->client;
    bool unsigned_payload = call->request->unsigned_payload && client->is_s3 && client->url.secure;
    call->signed_skew_us = eg_aws_client_skew_us(client);
    struct eg_aws_sigv4_request request = {
        .method = eg_span_text(method_of(call->request)),
        .target = eg_buffer_span(&caller->target),
        .headers = call->headers,
        .header_count = call->header_count,
        .body = call->request->body,
    };
    struct eg_aws_sigv4_options options = {
        .access_key_id = call->credentials->access_key_id,
        .secret_access_key = call->credentials->secret_access_key,
        .session_token = call->credentials->session_token,
        .region = eg_span_text(client->region),
        .service = eg_span_text(client->service.signing_name),
        .wall_us = wall_us(client) + call->signed_skew_us,
        .payload_hash = unsigned_payload ? EG_SPAN_LITERAL(EG_AWS_UNSIGNED_PAYLOAD) : EG_SPAN_EMPTY,
    };
    return eg_aws_sigv4_sign(&caller->sigv4, &request, &options, err);
}

/* What an attempt may take: the configuration's time, and no more than the deadline leaves. */
static int64_t timeout_ms_of(const struct call *call)
{
    const struct eg_aws_client *client = call->caller->client;
    if (call->request->deadline_ms == 0)
        return client->timeout_ms;
    int64_t left_ms = call->request->deadline_ms - monotonic_us(client) / 1000;
    return client->timeout_ms > 0 && client->timeout_ms < left_ms ? client->timeout_ms : left_ms;
}

static int transfer(struct call *call, int64_t timeout_ms, struct eg_error *err)
{
    struct eg_aws_caller *caller = call->caller;
    struct eg_aws_client *client = caller->client;
    struct eg_net_request request = {
        .method = method_of(call->request),
        .url = caller->url.data,
        .headers = caller->sigv4.headers,
        .header_count = caller->sigv4.header_count,
        .body = call->request->body,
        .connect_timeout_ms = client->connect_timeout_ms,
        .total_timeout_ms = timeout_ms,
        .max_response_bytes = call->request->max_response_bytes,
        .cancelled = &client->cancelled,
    };
    int64_t begun_us = monotonic_us(client);
    atomic_fetch_add_explicit(&client->attempts, 1, memory_order_relaxed);
    if (eg_net_client_send(caller->net, &request, &caller->http, err) < 0)
        return -1;
    eg_aws_client_learn_skew(client, &caller->http, monotonic_us(client) - begun_us);
    return 0;
}

/* --- what comes back */

/* DynamoDB says what its answer should add up to. */
static bool is_whole(const struct eg_aws_caller *caller)
{
    struct eg_span told = eg_net_response_header(&caller->http, "x-amz-crc32");
    int64_t crc;
    if (!caller->client->is_dynamodb || !eg_span_to_int64(told, &crc))
        return true;
    return (int64_t)eg_aws_crc32(eg_buffer_span(&caller->http.body)) == crc;
}

static bool is_success(unsigned status)
{
    return (status >= 200 && status < 300) || status == 304;
}

/* No answer, or none that can be used: call->err says why. `code` is ours, or "". */
static int fail_here(struct call *call, const char *code, bool again)
{
    bool passes = code[0] == '\0';
    call->again = again;
    call->failure = (struct eg_aws_failure){.retriable = passes};
    (void)snprintf(call->failure.code, sizeof(call->failure.code), "%s", code);
    (void)snprintf(call->failure.message, sizeof(call->failure.message), "%.255s",
                   call->err.message);
    if (passes) {
        call->err.code = EG_ERR_UNAVAILABLE;
        call->err.retriable = true;
    }
    return -1;
}

static int fail_there(struct call *call)
{
    eg_aws_failure_read(&call->caller->http, &call->failure);
    call->again = call->failure.retriable;
    return eg_aws_failure_error(&call->failure, &call->err);
}

static int send_signed(struct call *call)
{
    int64_t timeout_ms = timeout_ms_of(call);
    if (call->request->deadline_ms != 0 && timeout_ms <= 0) {
        (void)eg_error_set(&call->err, EG_ERR_UNAVAILABLE,
                           "no time is left before the deadline to ask %s",
                           call->caller->client->service.host);
        return fail_here(call, "", false);
    }
    if (transfer(call, timeout_ms, &call->err) < 0)
        return fail_here(call, call->err.code == EG_ERR_TOO_LARGE ? "AnswerTooLarge" : "",
                         call->err.retriable);
    if (!is_whole(call->caller)) {
        (void)eg_error_set(&call->err, EG_ERR_UNAVAILABLE,
                           "the answer is not what was sent: its "
                           "x-amz-crc32 differs");
        return fail_here(call, "", true);
    }
    return is_success(call->caller->http.status) ? 0 : fail_there(call);
}

static int attempt(struct call *call)
{
    struct eg_aws_source *source = call->caller->client->source;
    if (!call->credentials && eg_aws_source_current(source, &call->credentials, &call->err) < 0) {
        (void)eg_error_prefix(&call->err, "no AWS credentials");
        return fail_here(call, "", false);
    }
    call->attempts++;
    make_headers(call);
    if (sign(call, &call->err) < 0)
        return fail_here(call, "InvalidRequest", false);
    return send_signed(call);
}

/* --- what is mended at once */

/* The answer has shown what time it is there. */
static bool mend_clock(struct call *call)
{
    int64_t change_us = eg_aws_client_skew_us(call->caller->client) - call->signed_skew_us;
    if (call->clock_mended || !call->failure.skewed ||
        (change_us < RESEND_SKEW_US && change_us > -RESEND_SKEW_US))
        return false;
    call->clock_mended = true;
    return true;
}

static bool are_same(const struct eg_aws_credentials *a, const struct eg_aws_credentials *b)
{
    return eg_span_equal(a->access_key_id, b->access_key_id) &&
           eg_span_equal(a->session_token, b->session_token);
}

/* They ended earlier than they said, or were replaced behind our back. */
static bool mend_credentials(struct call *call)
{
    struct eg_aws_source *source = call->caller->client->source;
    EG_AUTOCREDENTIALS struct eg_aws_credentials *renewed = NULL;
    struct eg_error ignored; /* the service's own words say more */
    if (call->credentials_mended || !call->failure.credentials)
        return false;
    call->credentials_mended = true;
    eg_aws_source_reject(source, call->credentials);
    if (eg_aws_source_current(source, &renewed, &ignored) < 0 ||
        are_same(call->credentials, renewed))
        return false;
    eg_aws_credentials_unref(call->credentials);
    call->credentials = renewed;
    renewed = NULL;
    return true;
}

/* Mending is no retry: it costs none of the attempts. */
static bool mend(struct call *call)
{
    if (!mend_clock(call) && !mend_credentials(call))
        return false;
    call->attempts--;
    return true;
}

/* --- what is tried again later */

static int64_t wait_ms_of(const struct call *call)
{
    uint32_t random;
    eg_crypto_random(&random, sizeof(random));
    struct eg_aws_retry_wait wait = {
        .retry = call->attempts - 1,
        .throttled = call->failure.throttled,
        .dynamodb = call->caller->client->is_dynamodb,
        .random = (double)random / UINT32_MAX,
        .told_ms = call->failure.status
                       ? eg_net_response_header(&call->caller->http, "x-amz-retry-after")
                       : EG_SPAN_EMPTY,
    };
    return eg_aws_retry_wait_ms(&wait);
}

static bool fits(const struct call *call, int64_t wait_ms)
{
    int64_t now_ms = monotonic_us(call->caller->client) / 1000;
    return call->request->deadline_ms == 0 || now_ms + wait_ms < call->request->deadline_ms;
}

/* Waits; false: the last failure is the call's. */
static bool wait_for_retry(struct call *call)
{
    struct eg_aws_client *client = call->caller->client;
    if (!call->again || call->attempts >= call->max_attempts)
        return false;
    int64_t wait_ms = wait_ms_of(call);
    if (!fits(call, wait_ms))
        return false;
    unsigned cost = eg_aws_retry_acquire(&client->bucket, call->failure.throttled);
    if (cost == 0)
        return false;
    call->retry_cost = cost;
    atomic_fetch_add_explicit(&client->retries, 1, memory_order_relaxed);
    return eg_aws_client_wait(client, wait_ms);
}

static int run(struct call *call)
{
    for (;;) {
        if (attempt(call) == 0) {
            eg_aws_retry_refund(&call->caller->client->bucket, call->retry_cost);
            return 0;
        }
        if (!mend(call) && !wait_for_retry(call))
            return -1;
    }
}

int eg_aws_caller_call(struct eg_aws_caller *caller, const struct eg_aws_request *request,
                       const struct eg_aws_response **ret_response, struct eg_aws_failure *failure,
                       struct eg_error *err)
{
    EG_ASSERT(request->header_count <= EG_AWS_REQUEST_HEADERS_MAX);
    struct call call = {
        .caller = caller,
        .request = request,
        .max_attempts =
            request->max_attempts ? request->max_attempts : caller->client->max_attempts,
    };
    make_url(caller, request);
    int ret = run(&call);
    eg_aws_credentials_unref(call.credentials);
    if (ret < 0) {
        if (failure)
            *failure = call.failure;
        *err = call.err;
        return -1;
    }
    caller->response = (struct eg_aws_response){
        .status = caller->http.status,
        .body = eg_buffer_span(&caller->http.body),
        .http = &caller->http,
    };
    *ret_response = &caller->response;
    return 0;
}
