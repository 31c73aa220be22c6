/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the library drives a request, on the connection's HTTP thread:
 *
 *   uri        the request line was read: a request object is taken from the pool
 *   handle     first call, the head is complete: check, route, limits, the route's begin
 *   handle     for each piece of the body: limits, inflate, append
 *   handle     last call: the route's handle; again and again while a suspended one is waited for;
 *              once more to take the reply
 *   completed  in whatever way: hooks, counters, back to the pool
 *
 * The library takes a response in the first call or in the last. In the first it also closes the
 * connection afterwards, so a refusal waits for the last when the body is short enough to be read
 * and dropped. In the middle of a body it takes none: there we speak for ourselves (lastword.h).
 *
 * Why a reply that is there at once still waits for the poller's next turn: then the requests that
 * came together are first all read and judged, and then all answered. The code of each half stays
 * in the processor's cache, and a client with many connections is woken once for many replies.
 */
#include "http/exchange.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/span.h"
#include "http/head.h"
#include "http/lastword.h"
#include "http/reply.h"
#include "http/service.h"

/*
 * The library would parse the arguments next, into the connection's memory. With more than fit it
 * answers half and forgets the request, which nobody frees then. We read the target ourselves, so
 * it finds none. `uri` lies in its read buffer; what is behind the question mark is copied by now.
 */
static void hide_arguments(const char *uri)
{
    char *mark = strchr(uri, '?');
    if (mark)
        mark[1] = '\0';
}

void *eg_http_exchange_uri(void *server, const char *uri, struct MHD_Connection *raw)
{
    struct eg_http_connection *connection = eg_http_connection_of(raw);
    struct eg_http_request *request = eg_http_request_get();
    request->connection = connection;
    request->server = server;
    request->start_us = eg_http_poller_now_us();
    request->target = eg_arena_copy(&request->arena, eg_span_text(uri));
    hide_arguments(uri);
    atomic_store_explicit(&connection->body_bytes, 0, memory_order_relaxed);
    (void)eg_http_connection_enter(connection, EG_HTTP_PHASE_HEAD, request->start_us);
    return request;
}

static bool has_reply(const struct eg_http_request *request)
{
    return request->reply.status != 0;
}

static enum MHD_Result queue(struct eg_http_request *request)
{
    struct eg_http_reply *reply = &request->reply;
    request->stage = EG_HTTP_STAGE_QUEUED;
    if (!reply->response || !eg_http_connection_enter(request->connection, EG_HTTP_PHASE_REPLY,
                                                      eg_http_poller_now_us()))
        return MHD_NO;
    return MHD_queue_response(request->connection->raw, reply->status, reply->response);
}

/* Nothing that follows on this connection can be trusted, or is wanted. */
static EG_COLD enum MHD_Result refuse_and_close(struct eg_http_request *request,
                                                const struct eg_error *err)
{
    request->close_after = true;
    request->connection->linger = true;
    eg_http_reply_error(request, err);
    return queue(request);
}

/* Steps of the first call: each may reply, which ends the row. */

static void check_expectation(struct eg_http_request *request)
{
    struct eg_span expect = request->known[EG_HTTP_EXPECT];
    if (expect.len && !eg_span_equal_nocase(expect, EG_SPAN_LITERAL("100-continue")))
        eg_http_reply_failure(request, 417, "request",
                              EG_SPAN_LITERAL("Expect must be 100-continue or absent."));
}

static EG_COLD void refuse_method(struct eg_http_request *request,
                                  const struct eg_http_match *match)
{
    const struct eg_http_cors *cors = &request->server->cors;
    bool options = cors->config && match->flags & EG_HTTP_CORS;
    char allow[EG_HTTP_ALLOW_BYTES];
    if (options && request->method == EG_HTTP_OPTIONS &&
        request->known[EG_HTTP_ACCESS_CONTROL_REQUEST_METHOD].len > 0) {
        eg_http_cors_preflight(cors, request, match->methods);
        return;
    }
    eg_http_router_allow(match->methods, options, allow);
    eg_http_reply_header(request, "Allow", eg_span_text(allow));
    if (options && request->method == EG_HTTP_OPTIONS)
        eg_http_reply_empty(request, 204);
    else
        eg_http_reply_failure(request, 405, "route",
                              EG_SPAN_LITERAL("Method not allowed; see the Allow header."));
}

/* What depends on the origin must say so to the caches between, also when this request had no
 * Origin or gets no leave (Fetch standard, "CORS protocol and HTTP caches"). */
static void apply_cors(struct eg_http_request *request)
{
    const struct eg_http_cors *cors = &request->server->cors;
    request->cors_origin = eg_http_cors_origin(cors, request->known[EG_HTTP_ORIGIN]);
    request->varies = cors->config && !cors->any_origin;
}

static void find_route(struct eg_http_request *request)
{
    struct eg_http_match match;
    eg_http_router_match(request->server->router, request->method, &request->uri, &match);
    if (match.flags & EG_HTTP_CORS)
        apply_cors(request);
    request->route = match.route;
    for (unsigned index = 0; index < EG_HTTP_PARAMS_MAX; index++)
        request->params[index] = match.params[index];
    if (!match.path_known)
        eg_http_reply_failure(request, 404, "route", EG_SPAN_LITERAL("Resource not found."));
    else if (!match.route)
        refuse_method(request, &match);
}

static void check_quota(struct eg_http_request *request)
{
    struct eg_http_server *server = request->server;
    if (request->route->flags & EG_HTTP_NO_QUOTA)
        return;
    request->counted = true;
    int64_t before = atomic_fetch_add_explicit(&server->in_flight, 1, memory_order_relaxed);
    if (before >= server->limits->max_in_flight_requests ||
        atomic_load_explicit(&server->in_flight_bytes, memory_order_relaxed) >=
            server->limits->max_in_flight_bytes)
        eg_http_reply_failure(request, 503, "limit",
                              EG_SPAN_LITERAL("Too many requests are in flight, try again."));
}

static void check_declared_length(struct eg_http_request *request)
{
    struct eg_error err;
    uint64_t limit = request->route->flags & EG_HTTP_TAKES_BODY
                         ? (uint64_t)request->server->limits->max_body_bytes
                         : 0;
    if (request->framing == EG_HTTP_NO_BODY)
        return;
    if (limit == 0)
        (void)eg_error_set(&err, EG_ERR_TOO_LARGE, "This resource takes no body.");
    else if (request->declared_bytes > limit)
        (void)eg_error_set(&err, EG_ERR_TOO_LARGE, "The body must not be larger than %llu bytes.",
                           (unsigned long long)limit);
    else
        return;
    eg_http_reply_error(request, &err);
}

static void check_encoding(struct eg_http_request *request)
{
    struct eg_error err;
    if (eg_http_inflater_begin(&request->inflater, request->known[EG_HTTP_CONTENT_ENCODING], &err) <
        0)
        eg_http_reply_error(request, &err);
}

static void begin_route(struct eg_http_request *request)
{
    if (request->route->begin)
        request->route->begin(request, request->server->options.context);
}

static void prepare(struct eg_http_request *request)
{
    static void (*const steps[])(struct eg_http_request *) = {
        find_route,     check_expectation, check_quota, check_declared_length,
        check_encoding, begin_route,
    };
    for (unsigned step = 0; step < EG_ARRAY_COUNT(steps) && !has_reply(request); step++)
        steps[step](request);
}

static bool can_discard_body(const struct eg_http_request *request)
{
    return request->framing == EG_HTTP_NO_BODY ||
           (request->framing == EG_HTTP_SIZED_BODY && request->known[EG_HTTP_EXPECT].len == 0 &&
            request->declared_bytes <= EG_HTTP_DISCARD_BODY_BYTES);
}

static enum MHD_Result start(struct eg_http_request *request, const struct eg_http_raw_head *head)
{
    struct eg_http_server *server = request->server;
    struct eg_error err;

    request->start_us = eg_http_poller_now_us();
    request->stage = EG_HTTP_STAGE_BODY;
    if (!eg_http_connection_enter(request->connection, EG_HTTP_PHASE_BODY, request->start_us))
        return MHD_NO;
    int result = eg_http_head_read(request, head, server->limits, &err);
    if (request->correlation_len == 0)
        eg_http_request_make_id(request);
    if (result == 0)
        result = eg_http_uri_parse(request->target, &request->arena, &request->uri, &err);
    if (result < 0) {
        atomic_fetch_add_explicit(&server->malformed, 1, memory_order_relaxed);
        return refuse_and_close(request, &err);
    }
    if (request->connection->over_limit) {
        (void)eg_error_set(&err, EG_ERR_OVERLOADED, "Too many connections, try again.");
        return refuse_and_close(request, &err);
    }
    prepare(request);
    if (!has_reply(request) || can_discard_body(request))
        return MHD_YES;
    request->connection->linger = true;
    return queue(request);
}

/* The library can't be given a response now, so this is the last that the client hears. */
static EG_COLD enum MHD_Result break_off(struct eg_http_request *request,
                                         const struct eg_error *err)
{
    request->reply.status = eg_error_http_status(err->code);
    request->stage = EG_HTTP_STAGE_QUEUED;
    request->connection->linger = true;
    if (eg_http_connection_enter(request->connection, EG_HTTP_PHASE_REPLY, eg_http_poller_now_us()))
        eg_http_last_word(request->connection->fd, err, eg_http_request_correlation_id(request));
    return MHD_NO;
}

static int count_body(struct eg_http_request *request, struct eg_error *err)
{
    struct eg_http_server *server = request->server;
    size_t more = request->body.len - request->counted_bytes;
    if (!request->counted || more == 0)
        return 0;
    request->counted_bytes += more;
    int64_t before =
        atomic_fetch_add_explicit(&server->in_flight_bytes, (int64_t)more, memory_order_relaxed);
    if (before + (int64_t)more <= server->limits->max_in_flight_bytes)
        return 0;
    return eg_error_set_retriable(err, EG_ERR_OVERLOADED,
                                  "Too many bytes are in flight, try again.");
}

static int append_piece(struct eg_http_request *request, const char *piece, size_t len,
                        struct eg_error *err)
{
    const struct eg_http_limits *limits = request->server->limits;
    size_t max_bytes =
        (size_t)(request->inflater.coding == EG_HTTP_IDENTITY ? limits->max_body_bytes
                                                              : limits->max_inflated_bytes);
    if (request->framing == EG_HTTP_CHUNKED_BODY && request->server->check_layout &&
        eg_http_head_check_chunk(request->body_start, piece, err) < 0)
        return -1;
    request->wire_bytes += len;
    atomic_store_explicit(&request->connection->body_bytes, request->wire_bytes,
                          memory_order_relaxed);
    if (request->wire_bytes > (size_t)limits->max_body_bytes)
        return eg_error_set(err, EG_ERR_TOO_LARGE, "The body must not be larger than %lld bytes.",
                            (long long)limits->max_body_bytes);
    if (eg_http_inflater_feed(&request->inflater, eg_span_of(piece, len), &request->body, max_bytes,
                              err) < 0)
        return -1;
    return count_body(request, err);
}

static enum MHD_Result take_piece(struct eg_http_request *request, const char *piece, size_t *len)
{
    struct eg_error err;
    if (!has_reply(request) && append_piece(request, piece, *len, &err) < 0)
        return break_off(request, &err);
    *len = 0;
    return MHD_YES;
}

static void answer_expired(struct eg_http_request *request)
{
    eg_http_reply_failure(request, 503, "unavailable",
                          EG_SPAN_LITERAL("The request was not finished in time; whether it took "
                                          "effect is not known."));
}

static enum MHD_Result wait_for_resume(struct eg_http_request *request)
{
    enum eg_http_wait wait = eg_http_request_wait(request);
    request->stage = EG_HTTP_STAGE_WAITING;
    if (wait == EG_HTTP_WAIT_MORE)
        return MHD_YES;
    eg_http_poller_progressed();
    eg_http_request_stop_waiting(request);
    if (wait == EG_HTTP_WAIT_RESUMED)
        request->route->resume(request, request->server->options.context);
    else
        answer_expired(request);
    EG_ASSERT(has_reply(request));
    return queue(request);
}

static enum MHD_Result run_handler(struct eg_http_request *request)
{
    struct eg_error err;
    if (has_reply(request))
        return queue(request);
    if (!eg_http_connection_enter(request->connection, EG_HTTP_PHASE_WORK, eg_http_poller_now_us()))
        return MHD_NO;
    if (eg_http_inflater_finish(&request->inflater, &err) < 0) {
        eg_http_reply_error(request, &err);
        return queue(request);
    }
    if (request->route->handle(request, request->server->options.context) == EG_HTTP_LATER)
        return wait_for_resume(request);
    EG_ASSERT(has_reply(request));
    request->stage = EG_HTTP_STAGE_ANSWERED;
    return MHD_YES;
}

enum MHD_Result eg_http_exchange_handle(void *server, struct MHD_Connection *raw, const char *url,
                                        const char *method, const char *version, const char *upload,
                                        size_t *upload_bytes, void **context)
{
    struct eg_http_request *request = *context;
    struct eg_http_raw_head head = {raw, url, method, version,
                                    ((struct eg_http_server *)server)->check_layout};
    EG_ASSERT(request != NULL);
    if (request->stage != EG_HTTP_STAGE_WAITING)
        eg_http_poller_progressed();
    switch (request->stage) {
    case EG_HTTP_STAGE_NEW:
        return start(request, &head);
    case EG_HTTP_STAGE_BODY:
        return *upload_bytes ? take_piece(request, upload, upload_bytes) : run_handler(request);
    case EG_HTTP_STAGE_WAITING:
        return wait_for_resume(request);
    case EG_HTTP_STAGE_ANSWERED:
        return queue(request);
    case EG_HTTP_STAGE_QUEUED:
        break;
    }
    *upload_bytes = 0;
    return MHD_YES;
}

static void tell_answered(struct eg_http_request *request, int64_t now_us)
{
    const struct eg_http_server_options *options = &request->server->options;
    struct eg_http_answer answer = {
        .route = request->route ? request->route->name : "none",
        .method = request->method,
        .status = request->stage == EG_HTTP_STAGE_QUEUED ? request->reply.status : 499,
        .request_bytes = request->wire_bytes,
        .reply_bytes = request->reply.body_bytes,
        .duration_us = now_us - request->start_us,
        .request = request,
    };
    if (answer.status == 0)
        answer.status = 499;
    if (options->answered)
        options->answered(&answer, options->context);
}

static void release_counts(struct eg_http_request *request)
{
    struct eg_http_server *server = request->server;
    if (!request->counted)
        return;
    if (request->counted_bytes)
        atomic_fetch_sub_explicit(&server->in_flight_bytes, (int64_t)request->counted_bytes,
                                  memory_order_relaxed);
    atomic_fetch_sub_explicit(&server->in_flight, 1, memory_order_release);
}

/* When a resume is still due, whoever brings it frees the request. */
static void release(struct eg_http_request *request)
{
    int promise = atomic_load_explicit(&request->promise, memory_order_acquire);
    eg_http_reply_drop(request);
    while (promise == EG_HTTP_PROMISE_PROMISED || promise == EG_HTTP_PROMISE_EXPIRED)
        if (atomic_compare_exchange_weak_explicit(&request->promise, &promise,
                                                  EG_HTTP_PROMISE_ORPHANED, memory_order_acq_rel,
                                                  memory_order_acquire))
            return;
    eg_http_request_put(request);
}

void eg_http_exchange_completed(void *server, struct MHD_Connection *raw, void **context,
                                enum MHD_RequestTerminationCode code)
{
    struct eg_http_request *request = *context;
    struct eg_http_connection *connection;
    int64_t now_us = eg_clock_monotonic_us();
    (void)raw;
    if (!request)
        return;
    eg_http_poller_progressed();
    *context = NULL;
    connection = request->connection;
    if (request->stage == EG_HTTP_STAGE_WAITING)
        eg_http_request_stop_waiting(request);
    if (request->stage != EG_HTTP_STAGE_NEW)
        tell_answered(request, now_us);
    else if (code == MHD_REQUEST_TERMINATED_WITH_ERROR)
        atomic_fetch_add_explicit(&((struct eg_http_server *)server)->malformed, 1,
                                  memory_order_relaxed);
    release_counts(request);
    release(request);
    (void)eg_http_connection_enter(connection, EG_HTTP_PHASE_IDLE, now_us);
}
