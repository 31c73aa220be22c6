/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From events to deliveries, on the HTTP thread, without waiting.
 *
 * Room is taken everywhere before anything is handed over: first in the pipeline's bounds for the
 * whole submission, then for each event in the queues of all its sinks or none. So a push cannot
 * fail for load, and what is refused was stored nowhere.
 *
 * Draining and dispatching meet in two atomics: dispatch raises `dispatching`, then looks at
 * `accepting`; drain lowers `accepting`, then waits for `dispatching` to be zero.
 */
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pipeline/state.h"
#include "pipeline/targets.h"

static size_t total_bytes(const struct eg_dispatch_item *items, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += items[i].take_event->block_bytes;
        for (size_t k = 0; k < items[i].target_count; k++)
            bytes += items[i].targets[k].take_event->block_bytes;
    }
    return bytes;
}

static void drop(const struct eg_dispatch_item *items, size_t count,
                 const struct eg_dispatch_options *options)
{
    for (size_t i = 0; i < count; i++) {
        eg_pipeline_event_unref(items[i].take_event);
        for (size_t k = 0; k < items[i].target_count; k++)
            eg_pipeline_event_unref(items[i].targets[k].take_event);
    }
    if (options->take_pin)
        options->unpin(options->take_pin);
}

static void give_back(struct eg_join_context *context, size_t events, size_t bytes)
{
    (void)atomic_fetch_sub_explicit(&context->in_flight_bytes, bytes, memory_order_relaxed);
    (void)atomic_fetch_sub_explicit(&context->in_flight_events, events, memory_order_relaxed);
}

static int admit(struct eg_pipeline *pipeline, size_t events, size_t bytes, struct eg_error *err)
{
    struct eg_join_context *context = &pipeline->context;
    size_t max_events = (size_t)pipeline->config->in_flight_events;
    size_t max_bytes = (size_t)pipeline->config->in_flight_bytes;
    size_t events_before =
        atomic_fetch_add_explicit(&context->in_flight_events, events, memory_order_relaxed);
    size_t bytes_before =
        atomic_fetch_add_explicit(&context->in_flight_bytes, bytes, memory_order_relaxed);
    if (EG_LIKELY(events_before + events <= max_events && bytes_before + bytes <= max_bytes))
        return 0;
    give_back(context, events, bytes);
    (void)atomic_fetch_add_explicit(&pipeline->refused, events, memory_order_relaxed);
    return eg_error_set_retriable(err, EG_ERR_OVERLOADED,
                                  "Too many events are in flight, try again later.");
}

/* Who delivers number `i` of an item: its sinks, then its targets. */
static struct eg_runner *runner_of(const struct eg_pipeline *pipeline,
                                   const struct eg_dispatch_item *item, size_t i)
{
    if (EG_UNLIKELY(i >= item->sink_count))
        return eg_join_target_runner(&pipeline->context, item, i - item->sink_count);
    EG_ASSERT(item->sinks[i] < pipeline->runner_count);
    return pipeline->runners[item->sinks[i]];
}

static size_t bytes_of(const struct eg_dispatch_item *item, size_t i)
{
    return i < item->sink_count ? item->take_event->block_bytes
                                : item->targets[i - item->sink_count].take_event->block_bytes;
}

/* All queues or none. */
static int reserve(struct eg_pipeline *pipeline, const struct eg_dispatch_item *item,
                   struct eg_error *err)
{
    for (size_t i = 0; i < item->sink_count + item->target_count; i++) {
        struct eg_runner *runner = runner_of(pipeline, item, i);
        if (EG_LIKELY(eg_runner_reserve(runner, bytes_of(item, i))))
            continue;
        while (i-- > 0)
            eg_runner_release(runner_of(pipeline, item, i), bytes_of(item, i));
        (void)atomic_fetch_add_explicit(&pipeline->refused, 1, memory_order_relaxed);
        return eg_error_set_retriable(err, EG_ERR_OVERLOADED,
                                      "The queue of sink '%s' is full, try again later.",
                                      eg_runner_name(runner));
    }
    return 0;
}

static void add_deliveries(struct eg_pipeline *pipeline, struct eg_join *join, size_t event,
                           const struct eg_dispatch_item *item, int64_t deadline_ms)
{
    int64_t now_ms = join->started_us / 1000;
    for (size_t i = 0; i < item->sink_count; i++) {
        struct eg_runner *runner = pipeline->runners[item->sinks[i]];
        (void)eg_join_add_delivery(join, event, runner,
                                   eg_runner_deadline_ms(runner, now_ms, deadline_ms));
    }
    if (EG_UNLIKELY(item->target_count > 0))
        eg_join_add_targets(join, event, item, deadline_ms);
}

static void refuse(struct eg_join_event *event, const struct eg_error *err)
{
    event->refusal = eg_malloc(sizeof(*err));
    memcpy(event->refusal, err, sizeof(*err));
}

/* The caller's pending count keeps the join open, so no batch is ever flushed with it here. */
static void offer_all(struct eg_join *join)
{
    struct eg_join_batch batch;
    eg_join_batch_begin(&batch);
    for (size_t i = 0; i < join->delivery_count; i++)
        if (EG_LIKELY(join->deliveries[i].route == NULL))
            eg_runner_offer(&join->deliveries[i], join->started_us, &batch);
    if (EG_UNLIKELY(join->routes != NULL))
        eg_join_targets_offer(join, &batch);
    EG_ASSERT(batch.count == 0);
}

static int dispatch(struct eg_pipeline *pipeline, const struct eg_dispatch_item *items,
                    size_t count, const struct eg_dispatch_options *options,
                    struct eg_join **ret_join, struct eg_error *err)
{
    size_t bytes = total_bytes(items, count);
    if (admit(pipeline, count, bytes, err) != 0) {
        drop(items, count, options);
        return -1;
    }
    int64_t now_us = eg_clock_monotonic_us();
    int64_t deadline_ms =
        options->deadline_ms ? options->deadline_ms : now_us / 1000 + pipeline->config->deadline_ms;
    struct eg_join *join = eg_join_new(&pipeline->context, items, count, now_us, options);
    struct eg_error refusal;
    bool alone = count == 1;
    for (size_t i = 0; i < count; i++) {
        if (reserve(pipeline, &items[i], alone && err ? err : &refusal) == 0) {
            add_deliveries(pipeline, join, i, &items[i], deadline_ms);
            continue;
        }
        eg_join_drop_targets(&pipeline->context, &items[i]);
        if (alone) {
            eg_join_unref(join);
            return -1;
        }
        refuse(&join->events[i], &refusal);
    }
    offer_all(join);
    *ret_join = join;
    return 0;
}

int eg_pipeline_dispatch_with(struct eg_pipeline *pipeline, const struct eg_dispatch_item *items,
                              size_t count, const struct eg_dispatch_options *options,
                              struct eg_join **ret_join, struct eg_error *err)
{
    (void)atomic_fetch_add(&pipeline->dispatching, 1);
    int ret = -1;
    if (EG_LIKELY(atomic_load(&pipeline->accepting))) {
        ret = dispatch(pipeline, items, count, options, ret_join, err);
    } else {
        drop(items, count, options);
        (void)eg_error_set_retriable(err, EG_ERR_UNAVAILABLE,
                                     "The service is shutting down, try again later.");
    }
    (void)atomic_fetch_sub(&pipeline->dispatching, 1);
    return ret;
}

int eg_pipeline_dispatch(struct eg_pipeline *pipeline, const struct eg_dispatch_item *items,
                         size_t count, int64_t deadline_ms, void *user, struct eg_join **ret_join,
                         struct eg_error *err)
{
    struct eg_dispatch_options options = {.deadline_ms = deadline_ms, .user = user};
    return eg_pipeline_dispatch_with(pipeline, items, count, &options, ret_join, err);
}

bool eg_pipeline_is_overloaded(const struct eg_pipeline *pipeline)
{
    const struct eg_join_context *context = &pipeline->context;
    return atomic_load_explicit(&context->in_flight_events, memory_order_relaxed) >=
               (size_t)pipeline->config->in_flight_events ||
           atomic_load_explicit(&context->in_flight_bytes, memory_order_relaxed) >=
               (size_t)pipeline->config->in_flight_bytes;
}
