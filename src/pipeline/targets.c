/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target's delivery takes one of three ways. Awaited and due now: to its sink, like that of a
 * topic's sink. Otherwise into the outbox, where its row is the promise that was answered. And an
 * awaited one that failed goes, if it has a dead letter, into the outbox as one, before it is
 * answered.
 *
 * Waiting: a delivery with `waits` is held by nobody but its join, with its room reserved, until
 * the one before it ends; whoever ends that one offers it or ends it. In the outbox the rows wait.
 *
 * Threads: new and offer on the dispatching thread; settled on whatever thread ends a delivery. A
 * route is touched by one of them at a time, as the delivery is.
 */
#include "pipeline/targets.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/span.h"
#include "pipeline/runner.h"

/* Numbers for rows: unique in this process, and above those of an earlier one. */
static int64_t next_row(void)
{
    static atomic_llong last;
    long long now = eg_clock_wall_us() * 1000;
    long long before = atomic_load(&last);
    long long row;
    do
        row = now > before ? now : before + 1;
    while (!atomic_compare_exchange_weak(&last, &before, row));
    return row;
}

static enum eg_join_way way_of(const struct eg_dispatch_item *item, size_t index)
{
    const struct eg_dispatch_target *from = &item->targets[index];
    if (from->failure)
        return from->target->dead_letter != EG_NO_SINK ? EG_WAY_DEAD : EG_WAY_SINK;
    if (!from->target->await || from->due_us > 0)
        return EG_WAY_OUTBOX;
    /* Who waits for what is in the outbox is there too. */
    if (from->after != EG_NO_TARGET && way_of(item, from->after) == EG_WAY_OUTBOX)
        return EG_WAY_OUTBOX;
    return EG_WAY_SINK;
}

struct eg_runner *eg_join_target_runner(const struct eg_join_context *context,
                                        const struct eg_dispatch_item *item, size_t index)
{
    if (way_of(item, index) == EG_WAY_SINK)
        return context->runners[item->targets[index].target->sink];
    EG_ASSERT(context->outbox);
    return context->outbox;
}

static struct eg_join_route *room_for_routes(struct eg_join *join,
                                             const struct eg_dispatch_item *item)
{
    struct eg_join_route_block *block =
        eg_calloc(1, sizeof(*block) + item->target_count * sizeof(block->routes[0]));
    block->next = join->routes;
    block->count = item->target_count;
    join->routes = block;
    return block->routes;
}

static void fill_route(struct eg_join_route *route, const struct eg_join_context *context,
                       const struct eg_dispatch_item *item, size_t index)
{
    const struct eg_dispatch_target *from = &item->targets[index];
    route->target = from->target;
    route->event = from->take_event;
    route->way = way_of(item, index);
    route->home = context->runners[from->target->sink];
    route->due_us = from->due_us;
    route->row = route->way == EG_WAY_SINK ? 0 : next_row();
    route->failure = from->failure ? eg_strdup(from->failure) : NULL;
    if (route->way == EG_WAY_DEAD) {
        route->dead_result = EG_RESULT_REJECTED;
        route->dead_reason = eg_strdup(from->failure);
    }
}

/* `first` is the delivery of the item's first target. */
static void link_route(struct eg_join_delivery *first, const struct eg_dispatch_item *item,
                       size_t index)
{
    size_t after = item->targets[index].after;
    struct eg_join_route *route = first[index].route;
    if (after == EG_NO_TARGET || route->way == EG_WAY_DEAD)
        return;
    EG_ASSERT(after < index);
    struct eg_join_route *before = first[after].route;
    if (before->way == EG_WAY_OUTBOX) {
        route->after_row = before->row;
        return;
    }
    route->waits = true;
    route->sibling = before->follower;
    before->follower = &first[index];
}

static int64_t deadline_of(const struct eg_join *join, const struct eg_dispatch_target *from,
                           const struct eg_runner *runner, int64_t deadline_ms)
{
    int64_t now_ms = join->started_us / 1000;
    int64_t own_ms = now_ms + from->target->deadline_ms;
    if (runner != join->context->outbox && from->target->deadline_ms > 0 && own_ms < deadline_ms)
        deadline_ms = own_ms;
    return eg_runner_deadline_ms(runner, now_ms, deadline_ms);
}

void eg_join_add_targets(struct eg_join *join, size_t event, const struct eg_dispatch_item *item,
                         int64_t deadline_ms)
{
    struct eg_join_route *routes = room_for_routes(join, item);
    struct eg_join_delivery *first = &join->deliveries[join->delivery_count];
    for (size_t i = 0; i < item->target_count; i++) {
        const struct eg_dispatch_target *from = &item->targets[i];
        struct eg_runner *runner = eg_join_target_runner(join->context, item, i);
        struct eg_join_delivery *delivery =
            eg_join_add_delivery(join, event, runner, deadline_of(join, from, runner, deadline_ms));
        fill_route(&routes[i], join->context, item, i);
        delivery->handed.event = &from->take_event->view;
        delivery->queued.bytes = from->take_event->block_bytes;
        delivery->route = &routes[i];
        link_route(first, item, i);
    }
}

void eg_join_drop_targets(struct eg_join_context *context, const struct eg_dispatch_item *item)
{
    size_t bytes = 0;
    for (size_t i = 0; i < item->target_count; i++) {
        bytes += item->targets[i].take_event->block_bytes;
        eg_pipeline_event_unref(item->targets[i].take_event);
    }
    (void)atomic_fetch_sub_explicit(&context->in_flight_bytes, bytes, memory_order_relaxed);
}

size_t eg_join_routes_free(struct eg_join *join)
{
    size_t bytes = 0;
    while (join->routes) {
        struct eg_join_route_block *block = join->routes;
        join->routes = block->next;
        for (size_t i = 0; i < block->count; i++) {
            bytes += block->routes[i].event->block_bytes;
            eg_pipeline_event_unref(block->routes[i].event);
            free(block->routes[i].failure);
            free(block->routes[i].dead_reason);
        }
        free(block);
    }
    return bytes;
}

void eg_join_target_offer(struct eg_join_delivery *delivery, int64_t now_us,
                          struct eg_join_batch *batch)
{
    const struct eg_join_route *route = delivery->route;
    if (route->waits)
        return;
    if (route->failure && route->way == EG_WAY_SINK)
        eg_runner_settle(delivery, EG_RESULT_REJECTED, route->failure, now_us, batch);
    else
        eg_runner_offer(delivery, now_us, batch);
}

/* --- the end of a delivery */

static void start_followers(struct eg_join_delivery *delivery, int64_t now_us,
                            struct eg_join_batch *batch)
{
    struct eg_join_delivery *follower = delivery->route->follower;
    delivery->route->follower = NULL;
    while (follower) {
        struct eg_join_delivery *next = follower->route->sibling;
        follower->route->waits = false;
        eg_join_target_offer(follower, now_us, batch);
        follower = next;
    }
}

static void fail_followers(struct eg_join_delivery *delivery, int64_t now_us,
                           struct eg_join_batch *batch)
{
    struct eg_join_delivery *follower = delivery->route->follower;
    delivery->route->follower = NULL;
    while (follower) {
        struct eg_join_delivery *next = follower->route->sibling;
        char text[EG_ERROR_MESSAGE_BYTES];
        (void)snprintf(text, sizeof(text), "not started, because target '%.*s' failed",
                       EG_SPAN_ARGS(delivery->route->target->id));
        follower->route->waits = false;
        if (follower->route->way == EG_WAY_OUTBOX)
            follower->route->way = EG_WAY_SINK; /* nothing is owed: as one that its sink failed */
        eg_runner_settle(follower, EG_RESULT_FAILED, text, now_us, batch);
        follower = next;
    }
}

/* True: the delivery is on its way into the outbox. */
static bool bury(struct eg_join_delivery *delivery, const struct eg_join_saying *saying,
                 int64_t now_us, struct eg_join_batch *batch)
{
    struct eg_join_route *route = delivery->route;
    struct eg_runner *outbox = delivery->join->context->outbox;
    if (!eg_runner_reserve(outbox, delivery->queued.bytes))
        return false;
    eg_runner_release(delivery->runner, delivery->queued.bytes);
    route->way = EG_WAY_DEAD;
    route->row = next_row();
    route->dead_result = saying->result;
    route->dead_reason = eg_strdup(saying->message ? saying->message : "failed without a reason");
    route->dead_attempts = delivery->handed.attempt;
    delivery->runner = outbox;
    delivery->handed.attempt = 1;
    eg_runner_offer(delivery, now_us, batch);
    return true;
}

static void name_target(const struct eg_join_route *route, struct eg_join_saying *saying,
                        const char *message, const char *more, const char *detail)
{
    saying->message = saying->text;
    (void)snprintf(saying->text, EG_ERROR_MESSAGE_BYTES, "target '%.*s' of rule '%.*s': %s%s%s",
                   EG_SPAN_ARGS(route->target->id), EG_SPAN_ARGS(route->target->rule_name),
                   message ? message : "failed without a reason", more, detail);
}

/* The outbox said whether it has the dead letter. Nobody asked for the answer of a target that is
 * not awaited, so its dead letter is all there is to tell. */
static void tell_buried(const struct eg_join_delivery *delivery, struct eg_join_saying *saying)
{
    const struct eg_join_route *route = delivery->route;
    bool kept = saying->result == EG_RESULT_DELIVERED;
    if (kept && !route->target->await)
        return;
    const struct eg_runner *letters = delivery->join->context->runners[route->target->dead_letter];
    if (!kept)
        eg_runner_log(letters, EG_LOG_ERROR, "a dead letter (event %.*s, rule %.*s) is lost: %s",
                      EG_SPAN_ARGS(route->event->view.id), EG_SPAN_ARGS(route->target->rule_name),
                      saying->message ? saying->message : "");
    saying->result = route->dead_result;
    name_target(route, saying, route->dead_reason,
                kept ? "; kept for the dead letter sink "
                     : "; and it could not be kept for the dead letter sink ",
                eg_runner_name(letters));
}

bool eg_join_target_settled(struct eg_join_delivery *delivery, struct eg_join_saying *saying,
                            int64_t now_us, struct eg_join_batch *batch)
{
    struct eg_join_route *route = delivery->route;
    if (route->way == EG_WAY_DEAD) {
        fail_followers(delivery, now_us, batch);
        tell_buried(delivery, saying);
        return false;
    }
    if (saying->result == EG_RESULT_DELIVERED) {
        start_followers(delivery, now_us, batch);
        return false;
    }
    fail_followers(delivery, now_us, batch);
    if (route->way == EG_WAY_SINK && route->target->dead_letter != EG_NO_SINK &&
        bury(delivery, saying, now_us, batch))
        return true;
    name_target(route, saying, saying->message, "", "");
    return false;
}
