/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way out of the outbox. One thread, in a loop: write down what came of deliveries, take what
 * is due while there is room in flight, sleep until the next is due or somebody wakes it.
 *
 * A flight is the memory of one taken row. The thread makes it and frees it; in between it belongs
 * to the join, whose end puts it on `landed` with its verdict. A flight that ends because the
 * program does is not a failed attempt: its row stays claimed, and the next start takes it up.
 *
 * Locks: `lock` for a few instructions, taken by sinks' threads too; `writing` around a transaction
 * of either connection, by the thread and the sink's worker.
 */
#include "pipeline/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/fields.h"
#include "pipeline/outbox_private.h"
#include "pipeline/runner.h"
#include "pipeline/state.h"
#include "work/backoff.h"

#define WRITE_AT_ONCE 256
#define COUNT_MS      2000 /* between two looks at how much is owed */
#define TROUBLE_MS    1000 /* after the database failed, or a queue was full */

static void say(const struct eg_outbox *outbox, enum eg_log_level level, const char *doing,
                const char *what)
{
    eg_runner_log(outbox->pipeline->context.outbox, level, "%s%s", doing, what);
}

struct eg_outbox *eg_outbox_new(const struct eg_outbox_config *config, struct eg_pipeline *pipeline)
{
    struct eg_outbox *outbox = eg_calloc(1, sizeof(*outbox));
    outbox->config = config;
    outbox->pipeline = pipeline;
    outbox->self = outbox;
    eg_config_fields_default(&eg_sink_common_table, &outbox->common);
    outbox->common.queue_events = config->queue_events;
    outbox->common.queue_bytes = config->queue_bytes;
    outbox->common.breaker.failures = 0;
    atomic_init(&outbox->owed, 0);
    eg_mutex_init(&outbox->writing);
    eg_mutex_init(&outbox->lock);
    eg_cond_init(&outbox->changed);
    return outbox;
}

void eg_outbox_destroy(struct eg_outbox *outbox)
{
    if (!outbox)
        return;
    eg_outbox_store_close(outbox->reader);
    eg_arena_fini(&outbox->arena);
    eg_cond_fini(&outbox->changed);
    eg_mutex_fini(&outbox->lock);
    eg_mutex_fini(&outbox->writing);
    free(outbox);
}

struct eg_pipeline_sink eg_outbox_as_sink(struct eg_outbox *outbox)
{
    return (struct eg_pipeline_sink){EG_OUTBOX_NAME, &eg_outbox_sink_type, &outbox->common,
                                     &outbox->self};
}

int eg_outbox_open(const struct eg_outbox *outbox, bool recover, struct eg_outbox_store **ret_store,
                   struct eg_error *err)
{
    struct eg_database_options options = {
        .path = outbox->config->path,
        .synchronous =
            outbox->config->synchronous == 0 ? EG_SYNCHRONOUS_NORMAL : EG_SYNCHRONOUS_FULL,
        .busy_timeout_ms = 5000,
        .checkpoint_bytes = 8 << 20,
        .cache_bytes = 4 << 20,
    };
    /* What the thread writes may be lost in a power cut: then a delivery is made twice. */
    if (!recover)
        options.synchronous = EG_SYNCHRONOUS_NORMAL;
    return eg_outbox_store_open(&options, recover, ret_store, err);
}

void eg_outbox_wake(struct eg_outbox *outbox)
{
    eg_mutex_lock(&outbox->lock);
    outbox->woken = true;
    eg_cond_signal(&outbox->changed);
    eg_mutex_unlock(&outbox->lock);
}

/* --- what came of an attempt */

static void decide_dead(struct eg_outbox_flight *flight, const char *code, const char *reason,
                        const char *condition)
{
    (void)snprintf(flight->code, sizeof(flight->code), "%s", code);
    (void)snprintf(flight->reason, sizeof(flight->reason), "%s", reason);
    flight->verdict.end = EG_OUTBOX_DEAD;
    flight->verdict.code = flight->code;
    flight->verdict.reason = flight->reason;
    flight->verdict.condition = condition;
    flight->verdict.attempts = flight->attempts;
}

/* One more attempt failed: again later, or too often, or too late. */
static void decide_failed(struct eg_outbox_flight *flight, const char *code, const char *reason)
{
    const struct eg_outbox_policy *policy = &flight->policy;
    struct eg_backoff backoff = {policy->backoff_ms, policy->max_backoff_ms};
    int64_t due_us = eg_clock_wall_us() + eg_backoff_next_ms(&backoff, flight->attempts + 1) * 1000;
    if ((int64_t)flight->attempts >= policy->max_attempts) {
        decide_dead(flight, code, reason, "MaximumRetryAttempts");
    } else if (due_us - flight->start_us > policy->max_age_ms * 1000) {
        decide_dead(flight, code, reason, "MaximumEventAgeInSeconds");
    } else {
        flight->verdict.end = EG_OUTBOX_AGAIN;
        flight->verdict.due_us = due_us;
        flight->verdict.attempts = flight->attempts + 1;
    }
}

static void decide(struct eg_outbox_flight *flight, const struct eg_delivery_report *report)
{
    switch (report->result) {
    case EG_RESULT_DELIVERED:
        flight->verdict.end = EG_OUTBOX_DELIVERED;
        return;
    case EG_RESULT_REJECTED:
    case EG_RESULT_TOO_LARGE:
        decide_dead(flight, eg_outbox_code(report->result), report->message, "");
        return;
    case EG_RESULT_FAILED:
    case EG_RESULT_TIMED_OUT:
    case EG_RESULT_COUNT:
        decide_failed(flight, eg_outbox_code(report->result), report->message);
    }
}

/* Puts a flight on the list of those to be written; `abandon`: its row stays claimed. */
static void land(struct eg_outbox_flight *flight, bool abandon)
{
    struct eg_outbox *outbox = flight->outbox;
    flight->abandoned = abandon;
    eg_mutex_lock(&outbox->lock);
    flight->next = outbox->landed;
    outbox->landed = flight;
    eg_cond_signal(&outbox->changed);
    eg_mutex_unlock(&outbox->lock);
}

static void take_answer(struct eg_join *join)
{
    struct eg_outbox_flight *flight = eg_join_user(join);
    struct eg_delivery_report report = eg_join_report(join, 0, 0);
    bool ended = atomic_load(&flight->outbox->pipeline->context.closing) &&
                 report.result != EG_RESULT_DELIVERED;
    if (!ended)
        decide(flight, &report);
    eg_join_unref(join);
    land(flight, ended);
}

static void on_done(void *context, struct eg_join *const *joins, size_t count)
{
    (void)context;
    for (size_t i = 0; i < count; i++)
        take_answer(joins[i]);
}

/* --- taking what is due */

static struct eg_outbox_flight *new_flight(struct eg_outbox *outbox,
                                           const struct eg_outbox_row *row)
{
    struct eg_outbox_flight *flight = eg_calloc(1, sizeof(*flight));
    flight->outbox = outbox;
    flight->row = row->id;
    flight->start_us = row->start_us;
    flight->attempts = row->attempts;
    flight->dead = row->event.failure != NULL;
    flight->has_dead_letter = row->dead_letter.len > 0;
    flight->policy = row->policy;
    flight->verdict.id = row->id;
    return flight;
}

static void dispatch(struct eg_outbox *outbox, struct eg_outbox_flight *flight,
                     const struct eg_outbox_row *row, size_t sink)
{
    struct eg_dispatch_item item = {
        .take_event = eg_pipeline_event_new(&row->event), .sinks = &sink, .sink_count = 1};
    struct eg_dispatch_options options = {
        .user = flight, .owner = &outbox->owner, .only_attempt = row->attempts + 1};
    if (row->policy.attempt_ms > 0)
        options.deadline_ms = eg_clock_monotonic_ms() + row->policy.attempt_ms;
    struct eg_error err;
    struct eg_join *join;
    if (eg_pipeline_dispatch_with(outbox->pipeline, &item, 1, &options, &join, &err) == 0) {
        if (eg_join_is_complete(join) || !eg_join_await(join))
            take_answer(join);
        return;
    }
    /* Not tried at all. */
    flight->verdict.end = EG_OUTBOX_AGAIN;
    flight->verdict.attempts = flight->attempts;
    flight->verdict.due_us = eg_clock_wall_us() + TROUBLE_MS * 1000;
    land(flight, err.code != EG_ERR_OVERLOADED);
}

static void fly(void *context, const struct eg_outbox_row *row)
{
    struct eg_outbox *outbox = context;
    struct eg_outbox_flight *flight = new_flight(outbox, row);
    size_t sink;
    outbox->in_flight++;
    if (eg_pipeline_sink_find(outbox->pipeline, row->sink, &sink)) {
        dispatch(outbox, flight, row, sink);
        return;
    }
    decide_dead(flight, "NO_RESOURCE", "there is no such sink any more", "");
    land(flight, false);
}

static int take_due(struct eg_outbox *outbox, struct eg_error *err)
{
    size_t room = (size_t)outbox->config->in_flight - outbox->in_flight;
    if (room == 0 || outbox->unwritten)
        return 0;
    eg_arena_reset(&outbox->arena);
    eg_mutex_lock(&outbox->writing);
    int ret = eg_outbox_store_claim(outbox->reader, eg_clock_wall_us(), room, &outbox->arena, fly,
                                    outbox, err);
    eg_mutex_unlock(&outbox->writing);
    return ret;
}

/* --- writing down */

static void say_lost(const struct eg_outbox *outbox, const struct eg_outbox_flight *flight)
{
    if (flight->verdict.end == EG_OUTBOX_DEAD && (flight->dead || !flight->has_dead_letter))
        say(outbox, EG_LOG_ERROR,
            flight->dead ? "a dead letter is given up: " : "a delivery is given up: ",
            flight->reason);
}

static void free_first(struct eg_outbox *outbox, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct eg_outbox_flight *flight = outbox->unwritten;
        outbox->unwritten = flight->next;
        if (!flight->abandoned)
            say_lost(outbox, flight);
        free(flight);
        outbox->in_flight--;
    }
}

/* Some of those that landed, in one transaction. */
static int write_some(struct eg_outbox *outbox, struct eg_error *err)
{
    struct eg_outbox_verdict verdicts[WRITE_AT_ONCE];
    size_t count = 0;
    size_t seen = 0;
    for (const struct eg_outbox_flight *flight = outbox->unwritten; flight && seen < WRITE_AT_ONCE;
         flight = flight->next, seen++)
        if (!flight->abandoned)
            verdicts[count++] = flight->verdict;
    eg_mutex_lock(&outbox->writing);
    int ret = count == 0 ? 0
                         : eg_outbox_store_finish(outbox->reader, verdicts, count,
                                                  eg_clock_wall_us(), err);
    eg_mutex_unlock(&outbox->writing);
    if (ret == 0)
        free_first(outbox, seen);
    return ret;
}

static void collect_landed(struct eg_outbox *outbox)
{
    eg_mutex_lock(&outbox->lock);
    struct eg_outbox_flight *landed = outbox->landed;
    outbox->landed = NULL;
    outbox->woken = false;
    eg_mutex_unlock(&outbox->lock);
    while (landed) {
        struct eg_outbox_flight *next = landed->next;
        landed->next = outbox->unwritten;
        outbox->unwritten = landed;
        landed = next;
    }
}

static int write_landed(struct eg_outbox *outbox, struct eg_error *err)
{
    collect_landed(outbox);
    while (outbox->unwritten)
        if (write_some(outbox, err) != 0)
            return -1;
    return 0;
}

/* --- the thread */

/* False: it is time to stop. */
static bool sleep_until(struct eg_outbox *outbox, int64_t monotonic_us)
{
    eg_mutex_lock(&outbox->lock);
    while (!outbox->stop && !outbox->woken && !outbox->landed)
        if (!eg_cond_wait_until(&outbox->changed, &outbox->lock, monotonic_us))
            break;
    bool go_on = !outbox->stop;
    eg_mutex_unlock(&outbox->lock);
    return go_on;
}

int64_t eg_outbox_owed(const struct eg_outbox *outbox)
{
    return atomic_load_explicit(&outbox->owed, memory_order_relaxed);
}

static int count_owed(struct eg_outbox *outbox, struct eg_error *err)
{
    int64_t now_us = eg_clock_monotonic_us();
    int64_t count;
    if (now_us < outbox->count_due_us)
        return 0;
    if (eg_outbox_store_count(outbox->reader, &count, err) != 0)
        return -1;
    atomic_store_explicit(&outbox->owed, count, memory_order_relaxed);
    outbox->count_due_us = now_us + COUNT_MS * 1000;
    return 0;
}

/* One round; returns how long nothing is to be done. */
static int64_t work(struct eg_outbox *outbox)
{
    struct eg_error err;
    int64_t due_us;
    if (write_landed(outbox, &err) != 0 || take_due(outbox, &err) != 0 ||
        count_owed(outbox, &err) != 0 ||
        eg_outbox_store_next_due(outbox->reader, &due_us, &err) != 0) {
        say(outbox, EG_LOG_ERROR, "the deliveries wait: ", err.message);
        return TROUBLE_MS * 1000;
    }
    /* With no room in flight the next that lands wakes this thread. */
    if (due_us == INT64_MAX || outbox->in_flight >= (size_t)outbox->config->in_flight)
        return COUNT_MS * 1000;
    int64_t wait_us = due_us - eg_clock_wall_us();
    return wait_us < 0 ? 0 : wait_us < COUNT_MS * 1000 ? wait_us : COUNT_MS * 1000;
}

static void thread_main(void *context, unsigned index)
{
    (void)index;
    struct eg_outbox *outbox = context;
    int64_t wait_us = 0;
    while (sleep_until(outbox, eg_clock_monotonic_us() + wait_us))
        wait_us = work(outbox);
    struct eg_error err;
    if (write_landed(outbox, &err) != 0)
        say(outbox, EG_LOG_WARNING, "some deliveries will be made again: ", err.message);
    while (outbox->unwritten)
        free_first(outbox, 1);
}

int eg_outbox_start(struct eg_outbox *outbox, struct eg_error *err)
{
    outbox->owner = (struct eg_join_owner){on_done, outbox};
    if (eg_outbox_open(outbox, false, &outbox->reader, err) != 0)
        return -1;
    return eg_pool_start(&outbox->pool, "eg-outbox", 1, thread_main, outbox, err);
}

void eg_outbox_stop(struct eg_outbox *outbox)
{
    eg_mutex_lock(&outbox->lock);
    outbox->stop = true;
    eg_cond_signal(&outbox->changed);
    eg_mutex_unlock(&outbox->lock);
    eg_pool_join(&outbox->pool);
}
