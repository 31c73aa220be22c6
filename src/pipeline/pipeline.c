/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The facade: who owns what, and in which order it begins and ends.
 *
 *     new:    timer, sinks created in order
 *     start:  sinks started in order, workers, probes, accepting
 *     drain:  not accepting, wait; then closing: answer the rest, stop workers, drain sinks
 *     destroy: drain if nobody did, sinks in reverse, timer
 */
#include "pipeline/pipeline.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "config/fields.h"
#include "pipeline/enrich.h"
#include "pipeline/outbox.h"
#include "pipeline/state.h"

#define POLL_MS       1
#define LOST_AFTER_MS 2000  /* how long after its drain a sink may still answer */
#define FIRST_LOOK_US 10000 /* how long a start waits for the first probes */

/* Several mistakes in one message, one a line. */
static void collect(struct eg_error *all, const struct eg_error *one)
{
    if (!all)
        return;
    size_t len = all->message[0] ? strlen(all->message) : 0;
    if (len == 0) {
        *all = *one;
        return;
    }
    struct eg_error before = *all;
    (void)eg_error_set(all, before.code, "%s\n%s", before.message, one->message);
}

static bool name_is_taken(const struct eg_pipeline *pipeline, const char *name)
{
    size_t found;
    return eg_pipeline_sink_find(pipeline, eg_span_text(name), &found);
}

static int create_sink(struct eg_pipeline *pipeline, const struct eg_pipeline_sink *sink,
                       struct eg_error *err)
{
    if (name_is_taken(pipeline, sink->name))
        return eg_error_set(err, EG_ERR_CONFIG, "sink '%s' is configured twice", sink->name);
    size_t index = pipeline->runner_count;
    if (eg_runner_new(sink, index, &pipeline->context, &pipeline->runners[index], err) != 0)
        return -1;
    pipeline->runner_count++;
    return 0;
}

static int create_sinks(struct eg_pipeline *pipeline, const struct eg_pipeline_options *options,
                        struct eg_error *err)
{
    struct eg_error all = {.message = ""};
    int ret = 0;
    for (size_t i = 0; i < options->sink_count; i++) {
        struct eg_error one;
        if (create_sink(pipeline, &options->sinks[i], &one) != 0) {
            collect(&all, &one);
            ret = -1;
        }
    }
    if (ret != 0 && err)
        *err = all;
    return ret;
}

static int create_outbox(struct eg_pipeline *pipeline, const struct eg_pipeline_options *options,
                         struct eg_error *err)
{
    if (!options->outbox)
        return 0;
    pipeline->outbox = eg_outbox_new(options->outbox, pipeline);
    struct eg_pipeline_sink sink = eg_outbox_as_sink(pipeline->outbox);
    if (name_is_taken(pipeline, sink.name))
        return eg_error_set(err, EG_ERR_CONFIG, "a sink can't be called '%s'", sink.name);
    size_t index = pipeline->runner_count;
    if (eg_runner_new(&sink, index, &pipeline->context, &pipeline->runners[index], err) != 0)
        return -1;
    pipeline->context.outbox = pipeline->runners[index];
    return 0;
}

static int create_enrich(struct eg_pipeline *pipeline, const struct eg_pipeline_options *options,
                         struct eg_error *err)
{
    if (!options->outbox || !options->enrich)
        return 0;
    pipeline->enrich = options->enrich;
    eg_config_fields_default(&eg_sink_common_table, &pipeline->enrich_common);
    pipeline->enrich_common.workers = options->enrich->workers;
    pipeline->enrich_common.queue_events = options->enrich->queue_events;
    pipeline->enrich_common.breaker.failures = 0; /* calls to many servers */
    struct eg_pipeline_sink sink = {EG_ENRICH_NAME, &eg_enrich_sink_type, &pipeline->enrich_common,
                                    &pipeline->enrich};
    size_t index = pipeline->runner_count + 1;
    if (name_is_taken(pipeline, sink.name))
        return eg_error_set(err, EG_ERR_CONFIG, "a sink can't be called '%s'", sink.name);
    if (eg_runner_new(&sink, index, &pipeline->context, &pipeline->runners[index], err) != 0)
        return -1;
    pipeline->context.enrich = pipeline->runners[index];
    return 0;
}

/* The sinks' runners, the outbox's, and that of the calls. */
static size_t all_runners(const struct eg_pipeline *pipeline)
{
    return pipeline->runner_count + (pipeline->context.outbox != NULL) +
           (pipeline->context.enrich != NULL);
}

int eg_pipeline_new(const struct eg_pipeline_options *options, struct eg_pipeline **ret_pipeline,
                    struct eg_error *err)
{
    struct eg_pipeline *pipeline = eg_calloc(1, sizeof(*pipeline));
    pipeline->context.owner = (struct eg_join_owner){options->on_done, options->on_done_context};
    pipeline->context.observer = options->observer;
    pipeline->config = options->config;
    pipeline->context.deadline_ms = options->config->deadline_ms;
    pipeline->control = options->control;
    pipeline->runners = eg_calloc(options->sink_count + 2, sizeof(struct eg_runner *));
    pipeline->context.runners = pipeline->runners;
    if (eg_timer_new("deadlines", &pipeline->context.timer, err) != 0 ||
        create_sinks(pipeline, options, err) != 0 || create_outbox(pipeline, options, err) != 0 ||
        create_enrich(pipeline, options, err) != 0) {
        eg_pipeline_destroy(pipeline);
        return -1;
    }
    *ret_pipeline = pipeline;
    return 0;
}

static int start_sinks(struct eg_pipeline *pipeline, struct eg_error *err)
{
    struct eg_error all = {.message = ""};
    int ret = 0;
    for (size_t i = 0; i < all_runners(pipeline); i++) {
        struct eg_error one;
        if (eg_runner_start_sink(pipeline->runners[i], &one) != 0) {
            collect(&all, &one);
            ret = -1;
        }
    }
    if (ret != 0 && err)
        *err = all;
    return ret;
}

/* What takes no time to find out, as that a sink is not configured, /health tells from its first
 * answer on; a server that is slow to answer does not hold up the start. */
static void start_probes(struct eg_pipeline *pipeline)
{
    for (size_t i = 0; i < all_runners(pipeline); i++)
        eg_runner_start_probe(pipeline->runners[i], pipeline->control);
    int64_t until_us = eg_clock_monotonic_us() + FIRST_LOOK_US;
    for (size_t i = 0; i < all_runners(pipeline); i++)
        eg_runner_await_probe(pipeline->runners[i], until_us);
}

int eg_pipeline_start(struct eg_pipeline *pipeline, struct eg_error *err)
{
    EG_ASSERT(!pipeline->started);
    pipeline->started = true;
    if (start_sinks(pipeline, err) != 0)
        return -1;
    for (size_t i = 0; i < all_runners(pipeline); i++)
        if (eg_runner_start_workers(pipeline->runners[i], err) != 0)
            return -1;
    start_probes(pipeline);
    atomic_store(&pipeline->accepting, true);
    return pipeline->outbox ? eg_outbox_start(pipeline->outbox, err) : 0;
}

bool eg_pipeline_sink_reads_envelope(const struct eg_pipeline *pipeline, size_t sink)
{
    EG_ASSERT(sink < pipeline->runner_count);
    return eg_runner_facts(pipeline->runners[sink])->reads_envelope;
}

bool eg_pipeline_sink_forwards(const struct eg_pipeline *pipeline, size_t sink)
{
    EG_ASSERT(sink < pipeline->runner_count);
    return eg_runner_facts(pipeline->runners[sink])->forwards;
}

bool eg_pipeline_has_outbox(const struct eg_pipeline *pipeline)
{
    return pipeline->outbox != NULL;
}

int64_t eg_pipeline_owed(const struct eg_pipeline *pipeline)
{
    return pipeline->outbox ? eg_outbox_owed(pipeline->outbox) : 0;
}

bool eg_pipeline_enriches(const struct eg_pipeline *pipeline)
{
    return pipeline->context.enrich != NULL;
}

size_t eg_pipeline_sink_count(const struct eg_pipeline *pipeline)
{
    return pipeline->runner_count;
}

const char *eg_pipeline_sink_name(const struct eg_pipeline *pipeline, size_t sink)
{
    EG_ASSERT(sink < pipeline->runner_count);
    return eg_runner_name(pipeline->runners[sink]);
}

bool eg_pipeline_sink_find(const struct eg_pipeline *pipeline, struct eg_span name,
                           size_t *ret_sink)
{
    for (size_t i = 0; i < pipeline->runner_count; i++) {
        if (!eg_span_is(name, eg_runner_name(pipeline->runners[i])))
            continue;
        *ret_sink = i;
        return true;
    }
    return false;
}

void eg_pipeline_stats(const struct eg_pipeline *pipeline, struct eg_pipeline_stats *ret_stats)
{
    *ret_stats = (struct eg_pipeline_stats){
        .in_flight_events = atomic_load(&pipeline->context.in_flight_events),
        .in_flight_bytes = atomic_load(&pipeline->context.in_flight_bytes),
        .refused = atomic_load(&pipeline->refused),
    };
}

void eg_pipeline_sink_stats(struct eg_pipeline *pipeline, size_t sink,
                            struct eg_sink_stats *ret_stats)
{
    EG_ASSERT(sink < pipeline->runner_count);
    eg_runner_stats(pipeline->runners[sink], ret_stats);
}

bool eg_pipeline_sink_health(struct eg_pipeline *pipeline, size_t sink, char *text)
{
    EG_ASSERT(sink < pipeline->runner_count);
    return eg_runner_health(pipeline->runners[sink], text);
}

static void pause_briefly(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000L}, NULL);
}

static size_t pending_deliveries(const struct eg_pipeline *pipeline)
{
    size_t pending = 0;
    for (size_t i = 0; i < all_runners(pipeline); i++)
        pending += eg_runner_pending(pipeline->runners[i]);
    return pending;
}

/* Every delivery is answered, and every call of on_done has returned but for the timer's. */
static bool is_quiet(struct eg_pipeline *pipeline)
{
    return pending_deliveries(pipeline) == 0 && atomic_load(&pipeline->context.completing) == 0;
}

static void stop_dispatching(struct eg_pipeline *pipeline)
{
    atomic_store(&pipeline->accepting, false);
    while (atomic_load(&pipeline->dispatching) > 0)
        pause_briefly();
}

static void report_lost(struct eg_pipeline *pipeline)
{
    for (size_t i = 0; i < all_runners(pipeline); i++) {
        size_t pending = eg_runner_pending(pipeline->runners[i]);
        if (pending > 0)
            eg_runner_log(pipeline->runners[i], EG_LOG_CRITICAL,
                          "%zu deliveries were never completed: a fault of the sink", pending);
    }
}

/* From here nothing is retried: a flush answers what waits in the timer, and is repeated for what
 * was added by threads that had not yet seen `closing`. */
static void answer_rest(struct eg_pipeline *pipeline, int64_t deadline_ms)
{
    atomic_store(&pipeline->context.closing, true);
    eg_timer_flush(pipeline->context.timer);
    if (pipeline->context.enrich) /* first: what comes from there goes to the others */
        eg_runner_close(pipeline->context.enrich);
    for (size_t i = 0; i < pipeline->runner_count; i++)
        eg_runner_close(pipeline->runners[i]);
    for (size_t i = 0; i < pipeline->runner_count; i++)
        eg_runner_drain(pipeline->runners[i], deadline_ms);
    if (pipeline->context.outbox) /* last: it keeps what the others could not deliver */
        eg_runner_close(pipeline->context.outbox);
    int64_t give_up_ms = eg_clock_monotonic_ms() + LOST_AFTER_MS;
    do {
        pause_briefly();
        eg_timer_flush(pipeline->context.timer);
    } while (!is_quiet(pipeline) && eg_clock_monotonic_ms() < give_up_ms);
    eg_timer_flush(pipeline->context.timer); /* its callbacks have returned, too */
    report_lost(pipeline);
    if (pipeline->outbox)
        eg_outbox_stop(pipeline->outbox);
}

void eg_pipeline_drain(struct eg_pipeline *pipeline, int64_t deadline_ms)
{
    if (pipeline->drained)
        return;
    pipeline->drained = true;
    stop_dispatching(pipeline);
    while (pending_deliveries(pipeline) > 0 && eg_clock_monotonic_ms() < deadline_ms)
        pause_briefly();
    answer_rest(pipeline, deadline_ms);
}

/* A sink that lost deliveries still points into the joins, and they into this: such a pipeline is
 * left to the end of the process. */
static bool is_abandoned(const struct eg_pipeline *pipeline)
{
    return pending_deliveries(pipeline) > 0;
}

/* A thread that completed the last delivery may be about to give the join back; its count is the
 * last that it touches here. */
static void await_last_join(struct eg_pipeline *pipeline)
{
    int64_t give_up_ms = eg_clock_monotonic_ms() + LOST_AFTER_MS;
    while (atomic_load(&pipeline->context.in_flight_events) > 0 &&
           eg_clock_monotonic_ms() < give_up_ms)
        pause_briefly();
}

void eg_pipeline_destroy(struct eg_pipeline *pipeline)
{
    if (!pipeline)
        return;
    if (pipeline->started)
        eg_pipeline_drain(pipeline, 0);
    if (is_abandoned(pipeline))
        return;
    await_last_join(pipeline);
    EG_ASSERT(atomic_load(&pipeline->context.in_flight_events) == 0);
    for (size_t i = all_runners(pipeline); i > 0; i--)
        eg_runner_destroy(pipeline->runners[i - 1]);
    eg_outbox_destroy(pipeline->outbox);
    eg_timer_destroy(pipeline->context.timer);
    free(pipeline->runners);
    free(pipeline);
}
