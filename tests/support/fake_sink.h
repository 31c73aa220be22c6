/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink that does what a test tells it, and a pipeline around such sinks.
 *
 * `answer` decides each delivery's outcome on the worker; a fake without it keeps the deliveries
 * until the test completes them (or until drain).
 */
#ifndef EG_TESTS_FAKE_SINK_H
#define EG_TESTS_FAKE_SINK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"
#include "config/fields.h"
#include "eventgate/sink.h"
#include "pipeline/pipeline.h"

#define FAKE_HELD_MAX 64

/* The configuration of a fake, and what it has seen. */
struct fake {
    enum eg_outcome (*answer)(struct fake *fake, const struct eg_delivery *delivery);
    const char *message;
    const char *create_error; /* NULL: none; the same below */
    const char *start_error;
    const char *worker_error;
    atomic_bool sick; /* for the probe */
    atomic_int submits;
    atomic_int events;
    atomic_int destroyed;
    void *user;
    struct eg_mutex lock; /* guards what follows */
    struct eg_delivery *held[FAKE_HELD_MAX];
    size_t held_count;
    const struct eg_sink_host *host;
};

struct eg_sink {
    struct fake *fake;
};

static inline int fake_create(const struct eg_sink_host *host, const void *config,
                              struct eg_sink **ret_sink, struct eg_error *err)
{
    struct fake *fake = *(struct fake *const *)config;
    if (fake->create_error)
        return eg_error_set(err, EG_ERR_CONFIG, "%s", fake->create_error);
    fake->host = host;
    *ret_sink = eg_malloc(sizeof(**ret_sink));
    (*ret_sink)->fake = fake;
    return 0;
}

static inline int fake_start(struct eg_sink *sink, struct eg_error *err)
{
    return sink->fake->start_error ? eg_error_set(err, EG_ERR_IO, "%s", sink->fake->start_error)
                                   : 0;
}

static inline int fake_worker_begin(struct eg_sink *sink, unsigned index, void **ret_worker,
                                    struct eg_error *err)
{
    (void)index;
    *ret_worker = sink;
    return sink->fake->worker_error ? eg_error_set(err, EG_ERR_IO, "%s", sink->fake->worker_error)
                                    : 0;
}

static inline void fake_submit(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                               size_t count)
{
    struct fake *fake = sink->fake;
    (void)worker;
    atomic_fetch_add(&fake->submits, 1);
    atomic_fetch_add(&fake->events, (int)count);
    for (size_t i = 0; i < count; i++) {
        if (fake->answer) {
            fake->host->complete(batch[i], fake->answer(fake, batch[i]), fake->message);
            continue;
        }
        eg_mutex_lock(&fake->lock);
        assert_true(fake->held_count < FAKE_HELD_MAX);
        fake->held[fake->held_count++] = batch[i];
        eg_mutex_unlock(&fake->lock);
    }
}

static inline int fake_probe(struct eg_sink *sink, struct eg_error *err)
{
    return atomic_load(&sink->fake->sick) ? eg_error_set(err, EG_ERR_IO, "feeling sick") : 0;
}

static inline size_t fake_held(struct fake *fake)
{
    eg_mutex_lock(&fake->lock);
    size_t count = fake->held_count;
    eg_mutex_unlock(&fake->lock);
    return count;
}

/* Completes all that is held, in one call. */
static inline void fake_release(struct fake *fake, enum eg_outcome outcome)
{
    struct eg_delivery *held[FAKE_HELD_MAX];
    eg_mutex_lock(&fake->lock);
    size_t count = fake->held_count;
    memcpy(held, fake->held, sizeof(held));
    fake->held_count = 0;
    eg_mutex_unlock(&fake->lock);
    if (count > 0)
        fake->host->complete_all(held, count, outcome, fake->message);
}

static inline void fake_drain(struct eg_sink *sink, int64_t deadline_ms)
{
    (void)deadline_ms;
    fake_release(sink->fake, EG_RETRY);
}

static inline void fake_destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    atomic_fetch_add(&sink->fake->destroyed, 1);
    free(sink);
}

static const struct eg_field_table fake_table = {.name = "sink fake"};

#define FAKE_TYPE(type_flags)                                                                  \
    {                                                                                          \
        .abi = EG_SINK_ABI, .flags = (type_flags), .name = "fake", .help = "for tests",        \
        .config = &fake_table, .default_workers = 1, .max_workers = 4, .max_batch_events = 64, \
        .max_batch_bytes = 1 << 20, .create = fake_create, .start = fake_start,                \
        .worker_begin = fake_worker_begin, .submit = fake_submit, .probe = fake_probe,         \
        .drain = fake_drain, .destroy = fake_destroy                                           \
    }

static const struct eg_sink_type fake_type = FAKE_TYPE(0);
static const struct eg_sink_type fake_inline_type = FAKE_TYPE(EG_SINK_INLINE);

/* A pipeline of up to two fakes, its settings changeable before rig_start. */
struct rig {
    struct fake fakes[2];
    struct fake *configs[2];
    struct eg_sink_common_config commons[2];
    struct eg_pipeline_sink sinks[2];
    struct eg_pipeline_config config;
    struct eg_pipeline_options options;
    struct eg_pipeline *pipeline;
    struct eg_mutex lock; /* one on_done at a time */
    atomic_int done_calls;
    atomic_int done_joins;
    struct eg_join *done[FAKE_HELD_MAX];
    atomic_int answered[EG_RESULT_COUNT];
    atomic_int retried;
};

static inline void rig_done(void *context, struct eg_join *const *joins, size_t count)
{
    struct rig *rig = context;
    eg_mutex_lock(&rig->lock);
    atomic_fetch_add(&rig->done_calls, 1);
    for (size_t i = 0; i < count; i++) {
        int index = atomic_load(&rig->done_joins);
        assert_true(index < FAKE_HELD_MAX);
        rig->done[index] = joins[i];
        atomic_store(&rig->done_joins, index + 1); /* now the test may look at it */
    }
    eg_mutex_unlock(&rig->lock);
}

static inline void rig_answered(void *context, size_t sink, enum eg_delivery_result result,
                                unsigned attempts, int64_t latency_us)
{
    struct rig *rig = context;
    assert_true(sink <= 2 /* the outbox */ && attempts >= 1 && latency_us >= 0);
    atomic_fetch_add(&rig->answered[result], 1);
}

static inline void rig_retried(void *context, size_t sink)
{
    struct rig *rig = context;
    (void)sink;
    atomic_fetch_add(&rig->retried, 1);
}

static inline int rig_setup(void **state)
{
    struct rig *rig = eg_calloc(1, sizeof(*rig));
    eg_mutex_init(&rig->lock);
    eg_config_fields_default(&eg_pipeline_table, &rig->config);
    static const char *const names[] = {"first", "second"};
    for (size_t i = 0; i < 2; i++) {
        eg_mutex_init(&rig->fakes[i].lock);
        rig->configs[i] = &rig->fakes[i];
        eg_config_fields_default(&eg_sink_common_table, &rig->commons[i]);
        rig->commons[i].retry.backoff_ms = 5;
        rig->sinks[i] =
            (struct eg_pipeline_sink){names[i], &fake_type, &rig->commons[i], &rig->configs[i]};
    }
    rig->options = (struct eg_pipeline_options){
        .config = &rig->config,
        .sinks = rig->sinks,
        .sink_count = 2,
        .observer = {.context = rig, .answered = rig_answered, .retried = rig_retried},
        .on_done = rig_done,
        .on_done_context = rig,
    };
    *state = rig;
    return 0;
}

static inline void rig_start(struct rig *rig)
{
    struct eg_error err = {.message = ""};
    if (eg_pipeline_new(&rig->options, &rig->pipeline, &err) != 0 ||
        eg_pipeline_start(rig->pipeline, &err) != 0)
        fail_msg("%s", err.message);
}

static inline int rig_teardown(void **state)
{
    struct rig *rig = *state;
    eg_pipeline_destroy(rig->pipeline);
    for (size_t i = 0; i < 2; i++)
        eg_mutex_fini(&rig->fakes[i].lock);
    eg_mutex_fini(&rig->lock);
    free(rig);
    return 0;
}

static inline struct eg_pipeline_event *rig_event(const char *id)
{
    struct eg_event fields = {
        .id = eg_span_text(id),
        .topic = EG_SPAN_LITERAL("topic"),
        .payload = EG_SPAN_LITERAL("{\"a\":1}"),
        .subject = EG_SPAN_LITERAL("me"),
        .correlation_id = EG_SPAN_LITERAL("c"),
        .traceparent = EG_SPAN_LITERAL("t"),
        .received_us = 1,
    };
    return eg_pipeline_event_new(&fields);
}

static const size_t rig_both[] = {0, 1};

/* One event to the first `sinks` sinks. */
static inline int rig_dispatch(struct rig *rig, size_t sinks, int64_t timeout_ms,
                               struct eg_join **ret_join, struct eg_error *err)
{
    struct eg_dispatch_item item = {
        .take_event = rig_event("e"), .sinks = rig_both, .sink_count = sinks};
    int64_t deadline_ms = timeout_ms ? eg_clock_monotonic_ms() + timeout_ms : 0;
    return eg_pipeline_dispatch(rig->pipeline, &item, 1, deadline_ms, rig, ret_join, err);
}

static inline void rig_pause(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Waits until the counter has the value; fails the test after five seconds. */
static inline void rig_wait(atomic_int *counter, int value)
{
    int64_t until_ms = eg_clock_monotonic_ms() + 5000;
    while (atomic_load(counter) < value && eg_clock_monotonic_ms() < until_ms)
        rig_pause();
    assert_int_equal(atomic_load(counter), value);
}

static inline void rig_wait_held(struct fake *fake, size_t count)
{
    int64_t until_ms = eg_clock_monotonic_ms() + 5000;
    while (fake_held(fake) < count && eg_clock_monotonic_ms() < until_ms)
        rig_pause();
    assert_int_equal(fake_held(fake), count);
}

/* Dispatches, waits for the answer, returns the complete join. */
static inline struct eg_join *rig_post(struct rig *rig, size_t sinks, int64_t timeout_ms)
{
    struct eg_error err = {.message = ""};
    struct eg_join *join;
    int done = atomic_load(&rig->done_joins);
    if (rig_dispatch(rig, sinks, timeout_ms, &join, &err) != 0)
        fail_msg("%s", err.message);
    if (!eg_join_is_complete(join) && eg_join_await(join)) {
        rig_wait(&rig->done_joins, done + 1);
        assert_ptr_equal(rig->done[done], join);
    }
    return join;
}

static inline enum eg_outcome fake_delivers(struct fake *fake, const struct eg_delivery *delivery)
{
    (void)fake;
    (void)delivery;
    return EG_DELIVERED;
}

static inline enum eg_outcome fake_rejects(struct fake *fake, const struct eg_delivery *delivery)
{
    (void)fake;
    (void)delivery;
    return EG_REJECTED;
}

static inline enum eg_outcome fake_finds_too_large(struct fake *fake,
                                                   const struct eg_delivery *delivery)
{
    (void)fake;
    (void)delivery;
    return EG_TOO_LARGE;
}

static inline enum eg_outcome fake_fails(struct fake *fake, const struct eg_delivery *delivery)
{
    (void)fake;
    (void)delivery;
    return EG_FAILED;
}

static inline enum eg_outcome fake_retries(struct fake *fake, const struct eg_delivery *delivery)
{
    (void)fake;
    (void)delivery;
    return EG_RETRY;
}

static inline enum eg_outcome fake_third_time(struct fake *fake, const struct eg_delivery *delivery)
{
    (void)fake;
    return delivery->attempt < 3 ? EG_RETRY : EG_DELIVERED;
}

#endif
