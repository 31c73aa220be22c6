/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workers of all sources. Each round takes messages, submits every one as a post of its own,
 * waits until the pipeline has answered them all (its deadline bounds that), and deletes what was
 * delivered. What fails is left to the queue: its visibility timeout is the backoff.
 *
 * A worker's state is its own thread's, but for `pending`, which the pipeline's threads count down
 * under the worker's mutex (a leaf).
 */
#include "sources/sources.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "aws/xray.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"
#include "sources/config.h"
#include "sources/sqs.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "telemetry/trace.h"
#include "work/pool.h"

#define FIRST_PAUSE_MS   1000
#define LONGEST_PAUSE_MS 60000

enum result { RECEIVED, DELETED, LEFT, RESULT_COUNT };
static const char *const result_names[RESULT_COUNT] = {"received", "deleted", "left"};

struct source {
    struct eg_sources *sources;
    const char *name;
    const struct eg_source_config *config;
    const struct eg_source_sqs_config *sqs;
    struct eg_aws_client *receiving; /* cancelled by a stop */
    struct eg_aws_client *deleting;
    struct eg_auth_identity *identity;
    struct eg_counter *results[RESULT_COUNT];
    struct eg_pool pool;
};

struct eg_sources {
    struct eg_sources_options options;
    atomic_bool stopping;
    struct eg_mutex mutex; /* with `stop`: for pauses */
    struct eg_cond stop;
    size_t count;
    struct source sources[];
};

struct worker {
    struct source *source;
    struct eg_source_sqs sqs;
    struct eg_source_message messages[EG_SOURCE_MESSAGES_MAX];
    struct eg_ingest_submission submissions[EG_SOURCE_MESSAGES_MAX];
    bool judged[EG_SOURCE_MESSAGES_MAX]; /* its submission was not refused as a whole */
    bool delivered[EG_SOURCE_MESSAGES_MAX];
    struct eg_arena arena;
    struct eg_join_owner owner;
    struct eg_mutex mutex;
    struct eg_cond answered;
    size_t pending; /* joins that are on their way */
    unsigned failures;
};

static void report(const struct source *source, const char *trouble)
{
    const struct eg_sources_options *options = &source->sources->options;
    if (options->report)
        options->report(options->context, source->name, trouble);
}

static bool is_stopping(const struct source *source)
{
    return atomic_load_explicit(&source->sources->stopping, memory_order_acquire);
}

/* Longer with every failure in a row; a stop ends it. */
static void pause_after_failure(struct worker *worker)
{
    struct eg_sources *sources = worker->source->sources;
    int64_t ms = FIRST_PAUSE_MS;
    for (unsigned i = 0; i < worker->failures && ms < LONGEST_PAUSE_MS; i++)
        ms *= 2;
    worker->failures++;
    int64_t until_us =
        eg_clock_monotonic_us() + (ms < LONGEST_PAUSE_MS ? ms : LONGEST_PAUSE_MS) * 1000;
    eg_mutex_lock(&sources->mutex);
    while (!is_stopping(worker->source) &&
           eg_cond_wait_until(&sources->stop, &sources->mutex, until_us))
        continue;
    eg_mutex_unlock(&sources->mutex);
}

/* --- one message */

static void on_answered(void *context, struct eg_join *const *joins, size_t count)
{
    struct worker *worker = context;
    (void)joins; /* their references are the submissions' */
    eg_mutex_lock(&worker->mutex);
    worker->pending -= count;
    if (worker->pending == 0)
        eg_cond_signal(&worker->answered);
    eg_mutex_unlock(&worker->mutex);
}

static void log_left(const struct worker *worker, size_t i, const char *why)
{
    eg_log_limited(EG_LOG_WARNING, worker->messages[i].id,
                   "a message was not delivered and stays in its queue",
                   eg_log_string("source", worker->source->name), eg_log_string("error", why));
}

/* True: the join is on its way, and on_answered hears of it. */
static bool submit(struct worker *worker, size_t i)
{
    const struct eg_source_message *message = &worker->messages[i];
    struct eg_ingest_submission *submission = &worker->submissions[i];
    char traceparent[EG_TRACE_PARENT_LEN + 1];
    struct eg_error err;
    struct eg_ingest_post post = {
        .format = EG_INGEST_SINGLE,
        .topic = eg_span_text(worker->source->config->topic),
        .body = message->body,
        .identity = worker->source->identity,
        .id_from_payload = true,
        .fallback_id = message->id,
        .correlation_id = message->id,
        .owner = &worker->owner,
    };
    if (eg_aws_xray_read(message->trace, traceparent))
        post.traceparent = eg_span_text(traceparent);
    worker->judged[i] = eg_ingest_submit(worker->source->sources->options.ingest, &post,
                                         &worker->arena, worker, submission, &err) == 0;
    if (!worker->judged[i]) {
        log_left(worker, i, err.message);
        return false;
    }
    if (submission->item_count == 1 && submission->items[0].refusal != EG_ERR_NONE)
        log_left(worker, i,
                 submission->items[0].failure_count
                     ? eg_arena_printf(&worker->arena, "%.*s",
                                       EG_SPAN_ARGS(submission->items[0].failures[0].message))
                           .ptr
                     : "it was refused");
    return submission->join && !eg_join_is_complete(submission->join) &&
           eg_join_await(submission->join);
}

static bool is_delivered(const struct eg_ingest_submission *submission)
{
    return submission->join && eg_join_event_count(submission->join) == 1 &&
           eg_join_delivered(submission->join, 0);
}

static void log_failed_deliveries(const struct worker *worker, size_t i)
{
    const struct eg_join *join = worker->submissions[i].join;
    for (size_t n = 0; join && n < eg_join_delivery_count(join, 0); n++) {
        struct eg_delivery_report delivery = eg_join_report(join, 0, n);
        if (delivery.result != EG_RESULT_DELIVERED)
            log_left(worker, i, delivery.message);
    }
}

/* --- one round */

static void submit_all(struct worker *worker, size_t count)
{
    worker->pending = count;
    for (size_t i = 0; i < count; i++) {
        if (submit(worker, i))
            continue;
        eg_mutex_lock(&worker->mutex);
        worker->pending--;
        eg_mutex_unlock(&worker->mutex);
    }
    eg_mutex_lock(&worker->mutex);
    while (worker->pending > 0)
        eg_cond_wait(&worker->answered, &worker->mutex);
    eg_mutex_unlock(&worker->mutex);
}

/* Takes the results; how many were delivered. */
static size_t collect(struct worker *worker, size_t count)
{
    size_t delivered = 0;
    for (size_t i = 0; i < count; i++) {
        struct eg_ingest_submission *submission = &worker->submissions[i];
        worker->delivered[i] = is_delivered(submission);
        if (worker->judged[i])
            eg_ingest_count(submission);
        if (worker->delivered[i])
            delivered++;
        else
            log_failed_deliveries(worker, i);
        eg_ingest_submission_fini(submission);
    }
    return delivered;
}

static void delete_delivered(struct worker *worker, size_t count, size_t delivered)
{
    struct source *source = worker->source;
    struct eg_error err;
    size_t failed;
    if (eg_source_sqs_delete(&worker->sqs, worker->messages, worker->delivered, count, &failed,
                             &err) != 0) {
        eg_log_limited(EG_LOG_WARNING, EG_SPAN_EMPTY,
                       "delivered messages could not be deleted and will come again",
                       eg_log_string("source", source->name), eg_log_error(&err));
        failed = delivered;
    }
    eg_counter_add(source->results[DELETED], delivered - failed);
    eg_counter_add(source->results[LEFT], count - delivered + failed);
}

static void run_round(struct worker *worker)
{
    struct source *source = worker->source;
    struct eg_error err;
    size_t count;
    if (eg_source_sqs_receive(&worker->sqs, worker->messages, &count, &err) != 0) {
        if (is_stopping(source))
            return;
        eg_log_limited(EG_LOG_WARNING, EG_SPAN_EMPTY, "a source gives no messages",
                       eg_log_string("source", source->name), eg_log_error(&err));
        report(source, err.message);
        pause_after_failure(worker);
        return;
    }
    report(source, NULL);
    if (count == 0)
        return;
    eg_counter_add(source->results[RECEIVED], count);
    submit_all(worker, count);
    size_t delivered = collect(worker, count);
    delete_delivered(worker, count, delivered);
    eg_arena_reset(&worker->arena);
    worker->failures = delivered > 0 ? 0 : worker->failures;
    if (delivered == 0)
        pause_after_failure(worker);
}

static void run_worker(void *context, unsigned index)
{
    struct source *source = context;
    struct worker worker = {.source = source, .owner = {on_answered, &worker}};
    struct eg_error err;
    (void)index;
    eg_mutex_init(&worker.mutex);
    eg_cond_init(&worker.answered);
    if (eg_source_sqs_init(&worker.sqs, source->sqs, source->receiving, source->deleting, &err) ==
        0)
        while (!is_stopping(source))
            run_round(&worker);
    else
        report(source, err.message);
    eg_source_sqs_fini(&worker.sqs);
    eg_cond_fini(&worker.answered);
    eg_mutex_fini(&worker.mutex);
    eg_arena_fini(&worker.arena);
}

/* --- all of them */

static int source_init(struct eg_sources *sources, struct source *source,
                       const struct eg_config_entry *entry, struct eg_error *err)
{
    source->sources = sources;
    source->name = entry->name;
    source->config = entry->common;
    source->sqs = entry->specific;
    source->identity = eg_auth_identity_new(eg_span_text(source->config->subject), EG_SPAN_EMPTY,
                                            EG_AUTH_NEVER_US);
    for (size_t i = 0; i < RESULT_COUNT; i++)
        source->results[i] =
            eg_metrics_counter(EG_METRIC_SOURCE_MESSAGES_TOTAL, source->name, result_names[i]);
    struct eg_aws_client_options options = {
        .config = &source->sqs->aws,
        .service = {"sqs", "sqs", NULL},
    };
    if (eg_aws_client_new(&options, &source->receiving, err) != 0 ||
        eg_aws_client_new(&options, &source->deleting, err) != 0)
        return eg_error_prefix(err, "sources.%s", entry->name);
    return 0;
}

int eg_sources_new(const struct eg_sources_options *options, struct eg_sources **ret_sources,
                   struct eg_error *err)
{
    size_t count = options->entries->count;
    struct eg_sources *sources =
        eg_calloc(1, sizeof(*sources) + count * sizeof(sources->sources[0]));
    sources->options = *options;
    eg_mutex_init(&sources->mutex);
    eg_cond_init(&sources->stop);
    while (sources->count < count) {
        struct source *source = &sources->sources[sources->count];
        if (source_init(sources, source, &options->entries->items[sources->count++], err) != 0) {
            eg_sources_destroy(sources);
            return -1;
        }
    }
    *ret_sources = sources;
    return 0;
}

int eg_sources_start(struct eg_sources *sources, struct eg_error *err)
{
    for (size_t i = 0; i < sources->count; i++) {
        struct source *source = &sources->sources[i];
        if (eg_pool_start(&source->pool, source->name, (unsigned)source->config->workers,
                          run_worker, source, err) != 0)
            return -1;
    }
    return 0;
}

void eg_sources_stop(struct eg_sources *sources)
{
    if (!sources)
        return;
    eg_mutex_lock(&sources->mutex);
    atomic_store_explicit(&sources->stopping, true, memory_order_release);
    eg_cond_broadcast(&sources->stop);
    eg_mutex_unlock(&sources->mutex);
    for (size_t i = 0; i < sources->count; i++)
        eg_aws_client_cancel(sources->sources[i].receiving);
    for (size_t i = 0; i < sources->count; i++)
        eg_pool_join(&sources->sources[i].pool);
}

void eg_sources_destroy(struct eg_sources *sources)
{
    if (!sources)
        return;
    for (size_t i = 0; i < sources->count; i++) {
        eg_aws_client_destroy(sources->sources[i].receiving);
        eg_aws_client_destroy(sources->sources[i].deleting);
        eg_auth_identity_unref(sources->sources[i].identity);
    }
    eg_cond_fini(&sources->stop);
    eg_mutex_fini(&sources->mutex);
    free(sources);
}
