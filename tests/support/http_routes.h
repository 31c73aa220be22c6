/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes to try the HTTP room with, and a thread that answers later, in batches, as a sink would.
 * For unit tests and for http_echo.c.
 */
#ifndef TESTS_SUPPORT_HTTP_ROUTES_H
#define TESTS_SUPPORT_HTTP_ROUTES_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"
#include "http/reply.h"
#include "http/server.h"

#define BATCH_MAX 256

/* Takes requests and resumes them `gather_us` after the first of a batch came. */
struct later {
    struct eg_mutex lock;
    struct eg_cond wake;
    struct eg_http_request *waiting[4096];
    size_t count;
    bool hold; /* do not resume */
    bool stop;
    int64_t gather_us;
    pthread_t thread;
};

struct test_context {
    struct later later;
    atomic_uint begun;
    atomic_uint handled;
    atomic_uint resumed;
    atomic_uint cleaned;
    atomic_uint answered;
    atomic_uint last_status;
    char last_route[32];
    char last_correlation[160];
};

static inline void resume_batch(struct later *later)
{
    struct eg_http_request *batch[BATCH_MAX];
    size_t count = later->count < BATCH_MAX ? later->count : BATCH_MAX;
    memcpy(batch, later->waiting, count * sizeof(batch[0]));
    memmove(later->waiting, later->waiting + count, (later->count - count) * sizeof(batch[0]));
    later->count -= count;
    eg_mutex_unlock(&later->lock);
    eg_http_request_resume_all(batch, count);
    eg_mutex_lock(&later->lock);
}

static inline void *run_later(void *context)
{
    struct later *later = context;
    eg_mutex_lock(&later->lock);
    while (!later->stop || later->count > 0) {
        if (later->count == 0 || (later->hold && !later->stop)) {
            eg_cond_wait(&later->wake, &later->lock);
            continue;
        }
        if (later->gather_us > 0 && later->count < BATCH_MAX) {
            eg_mutex_unlock(&later->lock);
            (void)usleep((useconds_t)later->gather_us);
            eg_mutex_lock(&later->lock);
        }
        resume_batch(later);
    }
    eg_mutex_unlock(&later->lock);
    return NULL;
}

static inline void later_start(struct later *later, int64_t gather_us)
{
    eg_mutex_init(&later->lock);
    eg_cond_init(&later->wake);
    later->gather_us = gather_us;
    EG_ASSERT(pthread_create(&later->thread, NULL, run_later, later) == 0);
}

static inline void later_hold(struct later *later, bool hold)
{
    eg_mutex_lock(&later->lock);
    later->hold = hold;
    eg_cond_signal(&later->wake);
    eg_mutex_unlock(&later->lock);
}

static inline void later_stop(struct later *later)
{
    eg_mutex_lock(&later->lock);
    later->stop = true;
    eg_cond_signal(&later->wake);
    eg_mutex_unlock(&later->lock);
    EG_ASSERT(pthread_join(later->thread, NULL) == 0);
    eg_cond_fini(&later->wake);
    eg_mutex_fini(&later->lock);
}

static inline enum eg_http_verdict handle_accept(struct eg_http_request *request, void *context)
{
    atomic_fetch_add(&((struct test_context *)context)->handled, 1);
    eg_http_reply_accepted(request);
    return EG_HTTP_DONE;
}

static inline enum eg_http_verdict handle_echo(struct eg_http_request *request, void *context)
{
    atomic_fetch_add(&((struct test_context *)context)->handled, 1);
    eg_http_reply_copy(request, 200, "application/octet-stream", eg_http_request_body(request));
    return EG_HTTP_DONE;
}

/* What the request looks like from in here, a line for each thing. */
static inline enum eg_http_verdict handle_describe(struct eg_http_request *request, void *context)
{
    struct eg_span argument = EG_SPAN_EMPTY;
    size_t header_count;
    struct eg_buffer text = EG_BUFFER_INIT;
    size_t len;
    atomic_fetch_add(&((struct test_context *)context)->handled, 1);
    (void)eg_http_request_headers(request, &header_count);
    (void)eg_http_request_argument(request, "q", &argument);
    struct eg_span agent = eg_http_request_header_named(request, "user-agent");
    struct eg_span token = eg_http_request_header(request, EG_HTTP_AUTHORIZATION);
    eg_buffer_printf(&text, "path=%.*s\nparam=%.*s\nq=%.*s\nagent=%.*s\ntoken=%.*s\n",
                     EG_SPAN_ARGS(eg_http_request_path(request)),
                     EG_SPAN_ARGS(eg_http_request_param(request, 0)), EG_SPAN_ARGS(argument),
                     EG_SPAN_ARGS(agent), EG_SPAN_ARGS(token));
    eg_buffer_printf(&text, "type=%.*s\nremote=%.*s\nheaders=%zu\nbody=%.*s\n",
                     EG_SPAN_ARGS(eg_http_request_media_type(request)),
                     EG_SPAN_ARGS(eg_http_request_remote(request)), header_count,
                     EG_SPAN_ARGS(eg_http_request_body(request)));
    char *taken = eg_buffer_take(&text, &len);
    eg_http_reply_take(request, 200, "text/plain", taken, len);
    return EG_HTTP_DONE;
}

static inline void count_cleanup(void *context)
{
    atomic_fetch_add(&((struct test_context *)context)->cleaned, 1);
}

static inline enum eg_http_verdict handle_later(struct eg_http_request *request, void *context)
{
    struct test_context *test = context;
    struct later *later = &test->later;
    atomic_fetch_add(&test->handled, 1);
    eg_http_request_set_state(request, test, count_cleanup);
    eg_http_request_suspend(request);
    eg_mutex_lock(&later->lock);
    EG_ASSERT(later->count < EG_ARRAY_COUNT(later->waiting));
    later->waiting[later->count++] = request;
    if (later->count == 1)
        eg_cond_signal(&later->wake);
    eg_mutex_unlock(&later->lock);
    return EG_HTTP_LATER;
}

static inline void resume_later(struct eg_http_request *request, void *context)
{
    EG_ASSERT(eg_http_request_state(request) == context);
    atomic_fetch_add(&((struct test_context *)context)->resumed, 1);
    eg_http_reply_accepted(request);
}

/* Refuses before the body is read. */
static inline void begin_json_only(struct eg_http_request *request, void *context)
{
    struct eg_error err;
    atomic_fetch_add(&((struct test_context *)context)->begun, 1);
    if (eg_span_equal_nocase(eg_http_request_media_type(request),
                             EG_SPAN_LITERAL("application/json")))
        return;
    (void)eg_error_set(&err, EG_ERR_MEDIA_TYPE, "Content-Type must be application/json.");
    eg_http_reply_error(request, &err);
}

static inline enum eg_http_verdict handle_hello(struct eg_http_request *request, void *context)
{
    atomic_fetch_add(&((struct test_context *)context)->handled, 1);
    eg_http_reply_static(request, 200, "text/plain", EG_SPAN_LITERAL("hello"));
    return EG_HTTP_DONE;
}

static inline enum eg_http_verdict handle_large(struct eg_http_request *request, void *context)
{
    const size_t len = (size_t)8 << 20;
    char *bytes = eg_malloc(len);
    (void)context;
    memset(bytes, 'x', len);
    eg_http_reply_take(request, 200, "text/plain", bytes, len);
    return EG_HTTP_DONE;
}

static inline enum eg_http_verdict handle_busy(struct eg_http_request *request, void *context)
{
    (void)context;
    eg_http_reply_retry_after(request, 7);
    eg_http_reply_failure(request, 429, "limit", EG_SPAN_LITERAL("Say \"please\"."));
    return EG_HTTP_DONE;
}

static inline void note_answer(const struct eg_http_answer *answer, void *context)
{
    struct test_context *test = context;
    struct eg_span id = eg_http_request_correlation_id(answer->request);
    eg_mutex_lock(&test->later.lock);
    atomic_store(&test->last_status, answer->status);
    (void)snprintf(test->last_route, sizeof(test->last_route), "%s", answer->route);
    (void)snprintf(test->last_correlation, sizeof(test->last_correlation), "%.*s",
                   EG_SPAN_ARGS(id));
    eg_mutex_unlock(&test->later.lock);
    atomic_fetch_add(&test->answered, 1);
}

#define TEST_POST (EG_HTTP_TAKES_BODY | EG_HTTP_CORS)

static const struct eg_http_route test_routes[] = {
    {EG_HTTP_GET, "/hello", "hello", EG_HTTP_CORS, NULL, handle_hello, NULL},
    {EG_HTTP_GET, "/live", "live", EG_HTTP_NO_QUOTA, NULL, handle_hello, NULL},
    {EG_HTTP_GET, "/large", "large", 0, NULL, handle_large, NULL},
    {EG_HTTP_GET, "/busy", "busy", 0, NULL, handle_busy, NULL},
    {EG_HTTP_POST, "/echo", "echo", TEST_POST, NULL, handle_echo, NULL},
    {EG_HTTP_POST, "/json", "json", TEST_POST, begin_json_only, handle_echo, NULL},
    {EG_HTTP_POST, "/later", "later", TEST_POST, NULL, handle_later, resume_later},
    {EG_HTTP_POST, "/describe/{what}", "describe", TEST_POST, NULL, handle_describe, NULL},
    {EG_HTTP_GET, "/topics/{topic}", "topic", EG_HTTP_CORS, NULL, handle_hello, NULL},
    {EG_HTTP_POST, "/topics/{topic}", "publish", TEST_POST, NULL, handle_accept, NULL},
};

#endif
