/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request, as a handler sees it.
 *
 * Threads: everything here is for the connection's HTTP thread, inside begin, handle, resume and
 * the answered hook (route.h), except eg_http_request_resume and _resume_all, which any thread may
 * call. Spans and arena memory are valid until the reply was sent; what crosses a thread is copied
 * first. Between suspend and resume nobody touches the request.
 */
#ifndef EG_HTTP_REQUEST_H
#define EG_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "eventgate/span.h"
#include "http/route.h"

/* Headers that are looked up on every request: found while the head is checked, then free. */
enum eg_http_header {
    EG_HTTP_HOST,
    EG_HTTP_CONTENT_LENGTH,
    EG_HTTP_TRANSFER_ENCODING,
    EG_HTTP_CONTENT_TYPE,
    EG_HTTP_CONTENT_ENCODING,
    EG_HTTP_AUTHORIZATION,
    EG_HTTP_BEARER,
    EG_HTTP_IDEMPOTENCY_KEY,
    EG_HTTP_X_CORRELATION_ID,
    EG_HTTP_X_REQUEST_ID,
    EG_HTTP_TRACEPARENT,
    EG_HTTP_TRACESTATE,
    EG_HTTP_ACCEPT,
    EG_HTTP_ORIGIN,
    EG_HTTP_EXPECT,
    EG_HTTP_CONNECTION,
    EG_HTTP_ACCESS_CONTROL_REQUEST_METHOD,
    EG_HTTP_HEADER_COUNT
};

/* A header line: the name as the client spelled it, the value without white space around it. */
struct eg_http_field {
    struct eg_span name;
    struct eg_span value;
};

enum eg_http_method eg_http_request_method(const struct eg_http_request *request);
const struct eg_http_route *eg_http_request_route(const struct eg_http_request *request);

/* The path as it was matched: percent-decoded and in lower case, without the query. */
struct eg_span eg_http_request_path(const struct eg_http_request *request);

/* The n-th {name} of the route's pattern, decoded and in lower case; never empty. */
struct eg_span eg_http_request_param(const struct eg_http_request *request, unsigned index);

/* The first value, empty when there is none. */
struct eg_span eg_http_request_header(const struct eg_http_request *request,
                                      enum eg_http_header header);
struct eg_span eg_http_request_header_named(const struct eg_http_request *request,
                                            const char *name);

/* All header lines, in the order they came. */
const struct eg_http_field *eg_http_request_headers(const struct eg_http_request *request,
                                                    size_t *ret_count);

/* The value of a query argument, percent-decoded; false when it is not there. */
bool eg_http_request_argument(struct eg_http_request *request, const char *name,
                              struct eg_span *ret_value);

/* The body as the client meant it (Content-Encoding undone). A NUL follows that is not counted. */
struct eg_span eg_http_request_body(const struct eg_http_request *request);

/* The media type alone, without parameters, as the client spelled it; empty when there is none. */
struct eg_span eg_http_request_media_type(const struct eg_http_request *request);

/* The client's address as text: "192.0.2.7", "2001:db8::1", "unix". */
struct eg_span eg_http_request_remote(const struct eg_http_request *request);

/* X-Correlation-ID or X-Request-ID when they match [A-Za-z0-9._:-]{1,128}, else made here. Goes
 * out as X-Correlation-ID with every reply. */
struct eg_span eg_http_request_correlation_id(const struct eg_http_request *request);

/* When the head was complete, monotonic; and the bytes of the body on the wire. */
int64_t eg_http_request_start_us(const struct eg_http_request *request);
size_t eg_http_request_wire_bytes(const struct eg_http_request *request);

struct eg_arena *eg_http_request_arena(struct eg_http_request *request);

/*
 * The handler's own state. `cleanup` (may be NULL) is called exactly once with `state`, on any
 * thread, when the request has ended in whatever way: answered, client gone, expired, shut down.
 * With a suspended request it is never called before the resume that was promised. A second call
 * replaces both.
 */
void eg_http_request_set_state(struct eg_http_request *request, void *state,
                               void (*cleanup)(void *state));
void *eg_http_request_state(const struct eg_http_request *request);

/* A topic (or other bounded label) for metrics and the access log; copied into the arena. */
void eg_http_request_set_label(struct eg_http_request *request, struct eg_span label);
struct eg_span eg_http_request_label(const struct eg_http_request *request);

/*
 * Promises that exactly one eg_http_request_resume will come. Called in `handle`, before any other
 * thread hears of the request; then return EG_HTTP_LATER. When nobody resumes within the
 * listener's request_timeout_ms, or the daemon stops, the client is answered 503 here; the promise
 * stands, and keeps the request's memory until it is fulfilled.
 */
void eg_http_request_suspend(struct eg_http_request *request);

/*
 * Fulfils the promise; the request must not be touched after it. Any thread, any time after
 * suspend, also before `handle` has returned. _all is for what was finished in one go; the array
 * stays the caller's.
 */
void eg_http_request_resume(struct eg_http_request *take);
void eg_http_request_resume_all(struct eg_http_request *const *take, size_t count);

#endif
