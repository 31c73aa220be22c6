/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The join: one submission (one event, or the events of a batch), its deliveries to sinks, and what
 * became of each.
 *
 * Every delivery is answered exactly once: by its sink, or by the deadline. The last answer makes
 * the join complete. Who dispatched it holds it open meanwhile, so that nothing is called back
 * before the caller is ready:
 *
 *     eg_pipeline_dispatch(..., &join, err)
 *     if (!eg_join_is_complete(join)) {           every sink answered inline: nothing to wait for
 *         suspend the connection
 *         if (eg_join_await(join))                on_done comes, exactly once, on any thread
 *             return;                             hands off: on_done owns the caller's reference
 *         resume the connection                   completed meanwhile: on_done will not come
 *     }
 *     read the results, eg_join_unref(join)
 *
 * A sink's answer after the deadline finds its place taken and touches nothing but the counts that
 * keep the memory valid. The join (with its events) is freed when the caller's reference and all
 * deliveries are gone.
 */
#ifndef EG_PIPELINE_DELIVERY_H
#define EG_PIPELINE_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/span.h"
#include "eventgate/error.h"
#include "eventgate/sink.h"

struct eg_join;

/*
 * Joins that completed together, each exactly once. Called on a sink's worker, on a thread of the
 * sink's client library, or on the timer thread: it must not wait. The references are the
 * callee's: eg_join_unref each, then or later.
 */
typedef void (*eg_join_done)(void *context, struct eg_join *const *joins, size_t count);

/* True when all deliveries are answered. By the dispatching thread, before eg_join_await. */
bool eg_join_is_complete(const struct eg_join *join);

/*
 * Starts the deadline and lets go of the join: true, on_done will be called (or already was).
 * False: all answers were there, on_done will not be called, the caller goes on.
 * Once, by the dispatching thread.
 */
bool eg_join_await(struct eg_join *join) EG_MUST_CHECK;

/* Gives the caller's reference back. Without eg_join_await: the deliveries go on, nobody hears. */
void eg_join_unref(struct eg_join *take);

void *eg_join_user(const struct eg_join *join); /* as given to dispatch */

/* What follows is read after completion, by one thread at a time. */

enum eg_delivery_result {
    EG_RESULT_DELIVERED,
    EG_RESULT_FAILED,    /* attempts or time ran out, or the breaker is open */
    EG_RESULT_REJECTED,  /* the sink will never take it */
    EG_RESULT_TOO_LARGE, /* ... because of its size */
    EG_RESULT_TIMED_OUT, /* no answer until the deadline */
    EG_RESULT_COUNT
};

struct eg_delivery_report {
    const char *sink; /* its configured name; valid as long as the join */
    enum eg_delivery_result result;
    const char *message; /* "" when delivered; valid as long as the join */
};

size_t eg_join_event_count(const struct eg_join *join);

/* The event's view; valid as long as the join. */
const struct eg_event *eg_join_event(const struct eg_join *join, size_t event);

/*
 * NULL when the event was handed to its sinks; else why not (EG_ERR_OVERLOADED): then no sink got
 * it and it has no deliveries.
 */
const struct eg_error *eg_join_refusal(const struct eg_join *join, size_t event);

/* True when the event was handed to its sinks and all of them delivered. */
bool eg_join_delivered(const struct eg_join *join, size_t event);

/* True when it was not delivered everywhere, and its size is the only reason. */
bool eg_join_too_large(const struct eg_join *join, size_t event);

size_t eg_join_delivery_count(const struct eg_join *join, size_t event);
struct eg_delivery_report eg_join_report(const struct eg_join *join, size_t event, size_t delivery);

#endif
