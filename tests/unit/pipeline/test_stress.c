/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight producers, three sinks with random outcomes and delays, short deadlines, and a drain in the
 * middle: every submission that was accepted is called back, or found complete, exactly once, and
 * nothing is left in flight.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"
#include "config/fields.h"
#include "pipeline/pipeline.h"

#define PRODUCERS      8
#define PER_PRODUCER   1500
#define SINKS          3
#define EVENTS_MAX     3
#define DRAIN_AFTER_MS 300

static _Thread_local unsigned seed;

static unsigned dice(unsigned sides)
{
    if (seed == 0)
        seed = (unsigned)eg_clock_monotonic_us() | 1u;
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % sides;
}

static void pause_us(long us)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

/* A sink that answers some of a batch at once, and keeps others for a thread of its own, as a
 * client library would. */
struct eg_sink {
    const struct eg_sink_host *host;
    struct eg_mutex lock; /* guards what follows */
    struct eg_delivery *kept[100000];
    size_t kept_count;
    bool stop;
    bool started;
    pthread_t thread;
};

static enum eg_outcome any_outcome(void)
{
    static const enum eg_outcome outcomes[] = {EG_DELIVERED, EG_DELIVERED, EG_RETRY, EG_REJECTED};
    return outcomes[dice(4)];
}

static size_t take_kept(struct eg_sink *sink, struct eg_delivery **taken, size_t max)
{
    eg_mutex_lock(&sink->lock);
    size_t count = sink->kept_count < max ? sink->kept_count : max;
    for (size_t i = 0; i < count; i++)
        taken[i] = sink->kept[--sink->kept_count];
    eg_mutex_unlock(&sink->lock);
    return count;
}

static void *answer_later(void *argument)
{
    struct eg_sink *sink = argument;
    struct eg_delivery *taken[50];
    bool stop = false;
    while (!stop) {
        eg_mutex_lock(&sink->lock);
        stop = sink->stop;
        eg_mutex_unlock(&sink->lock);
        size_t count;
        while ((count = take_kept(sink, taken, 50)) > 0)
            sink->host->complete_all(taken, count, any_outcome(), "later");
        pause_us(dice(3000));
    }
    return NULL;
}

static int create(const struct eg_sink_host *host, const void *config, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    (void)config;
    (void)err;
    struct eg_sink *sink = eg_calloc(1, sizeof(*sink));
    sink->host = host;
    eg_mutex_init(&sink->lock);
    *ret_sink = sink;
    return 0;
}

static int start(struct eg_sink *sink, struct eg_error *err)
{
    if (pthread_create(&sink->thread, NULL, answer_later, sink) != 0)
        return eg_error_set(err, EG_ERR_INTERNAL, "no thread");
    sink->started = true;
    return 0;
}

static void submit(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                   size_t count)
{
    (void)worker;
    if (dice(20) == 0)
        pause_us(dice(5000));
    for (size_t i = 0; i < count; i++) {
        if (dice(2)) {
            sink->host->complete(batch[i], any_outcome(), "at once");
            continue;
        }
        eg_mutex_lock(&sink->lock);
        sink->kept[sink->kept_count++] = batch[i];
        eg_mutex_unlock(&sink->lock);
    }
}

static void drain(struct eg_sink *sink, int64_t deadline_ms)
{
    (void)deadline_ms;
    eg_mutex_lock(&sink->lock);
    sink->stop = true;
    eg_mutex_unlock(&sink->lock);
    if (sink->started)
        (void)pthread_join(sink->thread, NULL);
    sink->started = false;
}

static void destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    drain(sink, 0);
    eg_mutex_fini(&sink->lock);
    free(sink);
}

static const struct eg_field_table no_fields = {.name = "sink chaos"};

static const struct eg_sink_type chaos = {
    .abi = EG_SINK_ABI,
    .name = "chaos",
    .help = "for this test",
    .config = &no_fields,
    .default_workers = 2,
    .max_workers = 2,
    .max_batch_events = 32,
    .max_batch_bytes = 100000,
    .create = create,
    .start = start,
    .submit = submit,
    .drain = drain,
    .destroy = destroy,
};

/* One submission: its counter of callbacks is what the test is about. */
struct submission {
    atomic_int done;
};

struct totals {
    struct eg_pipeline *pipeline;
    atomic_int accepted;
    atomic_int refused;
    atomic_int finished;
    atomic_int answers;    /* told by the observer */
    atomic_int deliveries; /* counted in the joins */
};

static void finish(struct totals *totals, struct eg_join *join)
{
    struct submission *submission = eg_join_user(join);
    assert_int_equal(atomic_fetch_add(&submission->done, 1), 0);
    for (size_t i = 0; i < eg_join_event_count(join); i++) {
        for (size_t k = 0; k < eg_join_delivery_count(join, i); k++) {
            struct eg_delivery_report report = eg_join_report(join, i, k);
            assert_int_equal(report.result == EG_RESULT_DELIVERED, report.message[0] == '\0');
            atomic_fetch_add(&totals->deliveries, 1);
        }
    }
    atomic_fetch_add(&totals->finished, 1);
    eg_join_unref(join);
}

static void on_done(void *context, struct eg_join *const *joins, size_t count)
{
    for (size_t i = 0; i < count; i++)
        finish(context, joins[i]);
}

static void answered(void *context, size_t sink, enum eg_delivery_result result, unsigned attempts,
                     int64_t latency_us)
{
    struct totals *totals = context;
    (void)sink;
    (void)result;
    (void)attempts;
    (void)latency_us;
    atomic_fetch_add(&totals->answers, 1);
}

static void post(struct totals *totals, struct submission *submission)
{
    static const size_t sinks[SINKS] = {0, 1, 2};
    struct eg_dispatch_item items[EVENTS_MAX];
    size_t count = 1 + dice(EVENTS_MAX);
    struct eg_event fields = {.id = EG_SPAN_LITERAL("id"),
                              .topic = EG_SPAN_LITERAL("t"),
                              .payload = EG_SPAN_LITERAL("{}"),
                              .correlation_id = EG_SPAN_LITERAL("c"),
                              .traceparent = EG_SPAN_LITERAL("p")};
    for (size_t i = 0; i < count; i++)
        items[i] = (struct eg_dispatch_item){.take_event = eg_pipeline_event_new(&fields),
                                             .sinks = sinks,
                                             .sink_count = 1 + dice(SINKS)};
    struct eg_error err;
    struct eg_join *join;
    int64_t deadline_ms = eg_clock_monotonic_ms() + 1 + dice(40);
    if (eg_pipeline_dispatch(totals->pipeline, items, count, deadline_ms, submission, &join,
                             &err) != 0) {
        atomic_fetch_add(&totals->refused, 1);
        return;
    }
    atomic_fetch_add(&totals->accepted, 1);
    if (!eg_join_await(join))
        finish(totals, join);
}

static void *produce(void *argument)
{
    struct totals *totals = argument;
    struct submission *submissions = eg_calloc(PER_PRODUCER, sizeof(*submissions));
    for (size_t i = 0; i < PER_PRODUCER; i++) {
        post(totals, &submissions[i]);
        if (dice(10) == 0)
            pause_us(dice(2000));
    }
    return submissions;
}

static void every_submission_is_answered_exactly_once(void **state)
{
    (void)state;
    struct totals totals = {.accepted = 0};
    struct eg_pipeline_config config;
    struct eg_sink_common_config common;
    eg_config_fields_default(&eg_pipeline_table, &config);
    eg_config_fields_default(&eg_sink_common_table, &common);
    common.queue_events = 2000;
    common.retry.backoff_ms = 4;
    common.breaker = (struct eg_breaker_config){.failures = 12, .open_ms = 10};
    struct eg_pipeline_sink sinks[SINKS] = {
        {"a", &chaos, &common, NULL}, {"b", &chaos, &common, NULL}, {"c", &chaos, &common, NULL}};
    struct eg_pipeline_options options = {.config = &config,
                                          .sinks = sinks,
                                          .sink_count = SINKS,
                                          .observer = {.context = &totals, .answered = answered},
                                          .on_done = on_done,
                                          .on_done_context = &totals};
    struct eg_error err;
    assert_int_equal(eg_pipeline_new(&options, &totals.pipeline, &err), 0);
    assert_int_equal(eg_pipeline_start(totals.pipeline, &err), 0);
    pthread_t threads[PRODUCERS];
    for (size_t i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &totals), 0);
    pause_us(DRAIN_AFTER_MS * 1000);
    eg_pipeline_drain(totals.pipeline, eg_clock_monotonic_ms() + 50);
    int finished_at_drain = atomic_load(&totals.finished);
    void *submissions[PRODUCERS];
    for (size_t i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_join(threads[i], &submissions[i]), 0);
    assert_true(finished_at_drain > 0);
    assert_int_equal(atomic_load(&totals.accepted) + atomic_load(&totals.refused),
                     PRODUCERS * PER_PRODUCER);
    assert_int_equal(atomic_load(&totals.finished), atomic_load(&totals.accepted));
    assert_int_equal(atomic_load(&totals.deliveries), atomic_load(&totals.answers));
    struct eg_pipeline_stats stats;
    eg_pipeline_stats(totals.pipeline, &stats);
    assert_int_equal(stats.in_flight_events, 0);
    assert_int_equal(stats.in_flight_bytes, 0);
    eg_pipeline_destroy(totals.pipeline);
    for (size_t i = 0; i < PRODUCERS; i++)
        free(submissions[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_submission_is_answered_exactly_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
