/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The join. No lock: each delivery has a slot that is claimed by one compare-and-swap, by its sink
 * or by the deadline; the claimant alone writes result and message, then counts `pending` down. The
 * count's release and acquire make all results visible to whoever brings it to zero, and through
 * it to on_done.
 *
 * The deadline is nothing special: it answers the slots that are still pending. It runs on the
 * timer's thread, under a reference of its own; whoever completes the join cancels it and drops
 * that reference, or leaves it to the callback when that has begun.
 */
#include "pipeline/delivery.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pipeline/join.h"
#include "pipeline/runner.h"
#include "pipeline/targets.h"

static size_t count_deliveries(const struct eg_dispatch_item *items, size_t count)
{
    size_t deliveries = 0;
    for (size_t i = 0; i < count; i++)
        deliveries += items[i].sink_count + items[i].target_count;
    return deliveries;
}

struct eg_join *eg_join_new(struct eg_join_context *context, const struct eg_dispatch_item *items,
                            size_t count, int64_t started_us,
                            const struct eg_dispatch_options *options)
{
    size_t room = count_deliveries(items, count);
    struct eg_join *join = eg_malloc(sizeof(*join) + room * sizeof(struct eg_join_delivery) +
                                     count * sizeof(struct eg_join_event));
    eg_ref_init(&join->ref);
    atomic_init(&join->pending, 1);
    join->deadline = (struct eg_timer_node){.run = NULL};
    join->context = context;
    join->owner = options->owner ? options->owner : &context->owner;
    join->user = options->user;
    join->pin = options->take_pin;
    join->unpin = options->unpin;
    join->only_attempt = options->only_attempt;
    join->routes = NULL;
    join->started_us = started_us;
    join->event_count = count;
    join->delivery_count = 0;
    join->events = (struct eg_join_event *)(join->deliveries + room);
    for (size_t i = 0; i < count; i++)
        join->events[i] = (struct eg_join_event){.event = items[i].take_event};
    return join;
}

struct eg_join_delivery *eg_join_add_delivery(struct eg_join *join, size_t event,
                                              struct eg_runner *runner, int64_t deadline_ms)
{
    struct eg_join_event *owner = &join->events[event];
    if (owner->delivery_count == 0)
        owner->first = join->delivery_count;
    struct eg_join_delivery *delivery = &join->deliveries[join->delivery_count];
    *delivery = (struct eg_join_delivery){
        .handed = {.event = &owner->event->view,
                   .attempt = join->only_attempt ? join->only_attempt : 1,
                   .deadline_ms = deadline_ms},
        .queued = {.bytes = owner->event->block_bytes},
        .join = join,
        .runner = runner,
    };
    atomic_init(&delivery->slot, EG_SLOT_PENDING);
    owner->delivery_count++;
    join->delivery_count++;
    atomic_fetch_add_explicit(&join->pending, 1, memory_order_relaxed);
    eg_ref_get(&join->ref);
    return delivery;
}

static void free_join(struct eg_join *join)
{
    size_t bytes = 0;
    for (size_t i = 0; i < join->event_count; i++) {
        bytes += join->events[i].event->block_bytes;
        eg_pipeline_event_unref(join->events[i].event);
        free(join->events[i].refusal);
    }
    for (size_t i = 0; i < join->delivery_count; i++)
        free(join->deliveries[i].message);
    if (EG_UNLIKELY(join->routes != NULL))
        bytes += eg_join_routes_free(join);
    if (EG_UNLIKELY(join->pin != NULL))
        join->unpin(join->pin);
    struct eg_join_context *context = join->context;
    size_t events = join->event_count;
    free(join);
    /* Last: when these are zero the pipeline may be taken down. */
    (void)atomic_fetch_sub_explicit(&context->in_flight_bytes, bytes, memory_order_relaxed);
    (void)atomic_fetch_sub_explicit(&context->in_flight_events, events, memory_order_release);
}

void eg_join_unref(struct eg_join *take)
{
    if (take && eg_ref_put(&take->ref))
        free_join(take);
}

bool eg_join_delivery_is_pending(const struct eg_join_delivery *delivery)
{
    return atomic_load_explicit(&delivery->slot, memory_order_relaxed) == EG_SLOT_PENDING;
}

static bool claim(struct eg_join_delivery *delivery)
{
    int expected = EG_SLOT_PENDING;
    return atomic_compare_exchange_strong_explicit(&delivery->slot, &expected, EG_SLOT_ANSWERED,
                                                   memory_order_relaxed, memory_order_relaxed);
}

/* True when this was the last that was missing. */
static bool count_down(struct eg_join *join)
{
    size_t before = atomic_fetch_sub_explicit(&join->pending, 1, memory_order_acq_rel);
    EG_ASSERT(before > 0);
    return before == 1;
}

static void disarm(struct eg_join *join)
{
    if (eg_timer_cancel(join->context->timer, &join->deadline))
        eg_join_unref(join);
}

static void batch_add(struct eg_join_batch *batch, struct eg_join *join)
{
    if (batch->count == EG_JOIN_BATCH_MAX)
        eg_join_batch_flush(batch);
    batch->joins[batch->count++] = join;
}

void eg_join_batch_flush(struct eg_join_batch *batch)
{
    if (batch->count == 0)
        return;
    size_t first = 0;
    while (first < batch->count) {
        size_t end = first + 1;
        const struct eg_join_owner *owner = batch->joins[first]->owner;
        while (end < batch->count && batch->joins[end]->owner == owner)
            end++;
        owner->on_done(owner->context, batch->joins + first, end - first);
        first = end;
    }
    batch->count = 0;
}

static void observe(const struct eg_join_delivery *delivery, int64_t now_us)
{
    const struct eg_pipeline_observer *observer = &delivery->join->context->observer;
    const struct eg_runner *runner = delivery->runner;
    if (EG_UNLIKELY(delivery->route != NULL) && delivery->route->way != EG_WAY_OUTBOX)
        runner = delivery->route->home;
    if (observer->answered)
        observer->answered(observer->context, eg_runner_index(runner), delivery->result,
                           delivery->handed.attempt, now_us - delivery->join->started_us);
}

void eg_join_answer(struct eg_join_delivery *delivery, enum eg_delivery_result result,
                    const char *message, int64_t now_us, struct eg_join_batch *batch)
{
    if (!claim(delivery))
        return;
    delivery->result = result;
    if (result != EG_RESULT_DELIVERED)
        delivery->message = eg_strdup(message && *message ? message : "failed without a reason");
    observe(delivery, now_us);
    struct eg_join *join = delivery->join;
    if (!count_down(join))
        return;
    disarm(join);
    batch_add(batch, join);
}

void eg_join_describe_timeout(const struct eg_join_delivery *delivery, char *text)
{
    (void)snprintf(text, EG_ERROR_MESSAGE_BYTES, "no answer within %lld ms",
                   (long long)(delivery->handed.deadline_ms - delivery->join->started_us / 1000));
}

/* Answers what is overdue; returns when the next of the others is due, or INT64_MAX. */
static int64_t answer_overdue(struct eg_join *join, int64_t now_us, struct eg_join_batch *batch)
{
    bool all = atomic_load(&join->context->closing);
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < join->delivery_count; i++) {
        struct eg_join_delivery *delivery = &join->deliveries[i];
        int64_t due_ms = delivery->handed.deadline_ms;
        if (!eg_join_delivery_is_pending(delivery))
            continue;
        if (!all && due_ms > now_us / 1000) {
            next_ms = due_ms < next_ms ? due_ms : next_ms;
            continue;
        }
        char text[EG_ERROR_MESSAGE_BYTES];
        eg_join_describe_timeout(delivery, text);
        eg_join_answer(delivery, EG_RESULT_TIMED_OUT,
                       due_ms > now_us / 1000 ? "shut down before there was an answer" : text,
                       now_us, batch);
    }
    return next_ms;
}

static void deadline_due(struct eg_timer_node *node)
{
    struct eg_join *join = EG_CONTAINER_OF(node, struct eg_join, deadline);
    struct eg_join_batch batch;
    eg_join_batch_begin(&batch);
    int64_t next_ms = answer_overdue(join, eg_clock_monotonic_us(), &batch);
    /* Before on_done: it may be the last to touch what the join needs. */
    if (next_ms != INT64_MAX)
        eg_timer_add(join->context->timer, &join->deadline, next_ms, deadline_due);
    else
        eg_join_unref(join);
    eg_join_batch_flush(&batch);
}

static int64_t first_deadline_ms(const struct eg_join *join)
{
    int64_t first_ms = INT64_MAX;
    for (size_t i = 0; i < join->delivery_count; i++)
        if (join->deliveries[i].handed.deadline_ms < first_ms)
            first_ms = join->deliveries[i].handed.deadline_ms;
    return first_ms;
}

bool eg_join_is_complete(const struct eg_join *join)
{
    return atomic_load_explicit(&join->pending, memory_order_acquire) == 1;
}

bool eg_join_await(struct eg_join *join)
{
    if (eg_join_is_complete(join))
        return false;
    eg_ref_get(&join->ref);
    eg_timer_add(join->context->timer, &join->deadline, first_deadline_ms(join), deadline_due);
    if (!count_down(join))
        return true;
    disarm(join);
    return false;
}

void *eg_join_user(const struct eg_join *join)
{
    return join->user;
}

size_t eg_join_event_count(const struct eg_join *join)
{
    return join->event_count;
}

static const struct eg_join_event *event_at(const struct eg_join *join, size_t event)
{
    EG_ASSERT(event < join->event_count);
    return &join->events[event];
}

const struct eg_event *eg_join_event(const struct eg_join *join, size_t event)
{
    return &event_at(join, event)->event->view;
}

const struct eg_error *eg_join_refusal(const struct eg_join *join, size_t event)
{
    return event_at(join, event)->refusal;
}

size_t eg_join_delivery_count(const struct eg_join *join, size_t event)
{
    return event_at(join, event)->delivery_count;
}

bool eg_join_delivered(const struct eg_join *join, size_t event)
{
    const struct eg_join_event *owner = event_at(join, event);
    if (owner->refusal)
        return false;
    for (size_t i = 0; i < owner->delivery_count; i++)
        if (join->deliveries[owner->first + i].result != EG_RESULT_DELIVERED)
            return false;
    return true;
}

bool eg_join_too_large(const struct eg_join *join, size_t event)
{
    const struct eg_join_event *owner = event_at(join, event);
    bool found = false;
    for (size_t i = 0; i < owner->delivery_count; i++) {
        enum eg_delivery_result result = join->deliveries[owner->first + i].result;
        found |= result == EG_RESULT_TOO_LARGE;
        if (result != EG_RESULT_TOO_LARGE && result != EG_RESULT_DELIVERED)
            return false;
    }
    return found;
}

struct eg_delivery_report eg_join_report(const struct eg_join *join, size_t event, size_t delivery)
{
    const struct eg_join_event *owner = event_at(join, event);
    EG_ASSERT(delivery < owner->delivery_count);
    const struct eg_join_delivery *found = &join->deliveries[owner->first + delivery];
    const struct eg_runner *runner = found->runner;
    if (found->route && found->route->way != EG_WAY_OUTBOX)
        runner = found->route->home;
    return (struct eg_delivery_report){
        .sink = eg_runner_name(runner),
        .result = found->result,
        .message = found->message ? found->message : "",
    };
}
