/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A submission's way through a request.
 *
 * Threads: submit and resume on the connection's HTTP thread; eg_api_publish_done on a sink's
 * worker or the timer thread. Between suspend and resume the state belongs to the join.
 */
#include "api/submission.h"

#include "base/error.h"
#include "base/span.h"
#include "http/reply.h"
#include "telemetry/log.h"

#define MAX_IDEMPOTENCY_KEY_BYTES 255
#define MAX_RESUMED_AT_ONCE       256

/* The request's state while its submission is under way; in its arena. */
struct underway {
    struct eg_ingest_submission submission;
    eg_api_submission_reply reply;
    const void *state;
};

static int check_idempotency_key(struct eg_span key, struct eg_error *err)
{
    bool printable = true;
    for (size_t i = 0; i < key.len; i++)
        printable &= key.ptr[i] >= 0x20 && key.ptr[i] < 0x7f;
    if (printable && key.len <= MAX_IDEMPOTENCY_KEY_BYTES)
        return 0;
    return eg_error_set(err, EG_ERR_REQUEST,
                        "Idempotency-Key must be at most %d printable ASCII characters.",
                        MAX_IDEMPOTENCY_KEY_BYTES);
}

int eg_api_post_from_headers(struct eg_http_request *request, struct eg_ingest_post *post,
                             struct eg_error *err)
{
    post->token =
        eg_auth_token_from_headers(eg_http_request_header(request, EG_HTTP_BEARER),
                                   eg_http_request_header(request, EG_HTTP_AUTHORIZATION));
    post->idempotency_key = eg_http_request_header(request, EG_HTTP_IDEMPOTENCY_KEY);
    post->correlation_id = eg_http_request_correlation_id(request);
    post->traceparent = eg_http_request_header(request, EG_HTTP_TRACEPARENT);
    post->tracestate = eg_http_request_header(request, EG_HTTP_TRACESTATE);
    return check_idempotency_key(post->idempotency_key, err);
}

static void submission_cleanup(void *state)
{
    struct underway *underway = state;
    eg_ingest_submission_fini(&underway->submission);
}

void eg_api_submit_refuse(struct eg_http_request *request, const struct eg_error *err)
{
    if (err->code == EG_ERR_OVERLOADED || err->code == EG_ERR_UNAVAILABLE)
        eg_log_limited(EG_LOG_WARNING, eg_http_request_correlation_id(request), "post turned away",
                       eg_log_error(err));
    eg_http_reply_error(request, err);
}

static void log_failures(struct eg_http_request *request,
                         const struct eg_ingest_submission *submission)
{
    const struct eg_join *join = submission->join;
    for (size_t event = 0; event < eg_join_event_count(join); event++)
        for (size_t i = 0; i < eg_join_delivery_count(join, event); i++) {
            struct eg_delivery_report report = eg_join_report(join, event, i);
            if (report.result != EG_RESULT_DELIVERED)
                eg_log(EG_LOG_ERROR, eg_http_request_correlation_id(request), "delivery failed",
                       eg_log_text("topic", submission->topic->name),
                       eg_log_string("sink", report.sink), eg_log_string("error", report.message),
                       eg_log_text("event_id", eg_join_event(join, event)->id));
        }
}

static void finish(struct eg_http_request *request, const struct underway *underway)
{
    eg_ingest_count(&underway->submission);
    if (underway->submission.join)
        log_failures(request, &underway->submission);
    underway->reply(request, &underway->submission, underway->state);
}

enum eg_http_verdict eg_api_submit(struct eg_http_request *request, const struct eg_api *api,
                                   const struct eg_ingest_post *post, eg_api_submission_reply reply,
                                   const void *state)
{
    struct eg_error err;
    struct eg_arena *arena = eg_http_request_arena(request);
    struct underway *underway = eg_arena_alloc(arena, sizeof(*underway));
    struct eg_ingest_submission *submission = &underway->submission;
    underway->reply = reply;
    underway->state = state;
    int ret = eg_ingest_submit(api->ingest, post, arena, request, submission, &err);
    eg_http_request_set_state(request, underway, submission_cleanup);
    if (submission->topic)
        eg_http_request_set_label(request, submission->topic->name);
    if (ret) {
        eg_api_submit_refuse(request, &err);
        return EG_HTTP_DONE;
    }
    if (submission->join && !eg_join_is_complete(submission->join)) {
        eg_http_request_suspend(request);
        if (!eg_join_await(submission->join))
            eg_http_request_resume(request);
        return EG_HTTP_LATER;
    }
    finish(request, underway);
    return EG_HTTP_DONE;
}

void eg_api_submit_resume(struct eg_http_request *request, void *context)
{
    (void)context;
    finish(request, eg_http_request_state(request));
}

void eg_api_publish_done(void *context, struct eg_join *const *joins, size_t count)
{
    (void)context;
    struct eg_http_request *requests[MAX_RESUMED_AT_ONCE];
    while (count) {
        size_t now = count < MAX_RESUMED_AT_ONCE ? count : MAX_RESUMED_AT_ONCE;
        for (size_t i = 0; i < now; i++)
            requests[i] = eg_join_user(joins[i]);
        eg_http_request_resume_all(requests, now);
        joins += now;
        count -= now;
    }
}
