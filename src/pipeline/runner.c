/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sink at work.
 *
 * Threads: offer runs on HTTP threads and, for another attempt, on the timer's thread; worker_main
 * on the sink's own; complete and complete_all on whatever thread the sink answers from.
 *
 * A delivery is here from offer until `conclude` or `settle`: in the queue, with the sink, or in
 * the backoff timer, never in two places. Only `settle` ends it: answer (if nobody answered), give
 * back the room, drop the reference to the join, in this order; after it the delivery is gone.
 *
 * Locks: none of its own; queue.lock, breaker.lock and the timer's are leaves here.
 */
#include "pipeline/runner.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pipeline/probe.h"
#include "pipeline/targets.h"
#include "work/backoff.h"
#include "work/pool.h"

#define LOG_LINE_BYTES 1024

struct eg_runner {
    struct eg_sink_host host; /* first: what the sink knows us by */
    const struct eg_sink_type *type;
    struct eg_sink *sink;
    struct eg_join_context *context;
    size_t index;
    char *name;
    struct eg_sink_common_config common;
    struct eg_backoff backoff;
    struct eg_queue queue;
    struct eg_queue_batch batch;
    struct eg_breaker breaker;
    struct eg_runner_facts facts;
    struct eg_pool pool;
    struct eg_probe probe;
};

/* One worker's state: lives on its stack. */
struct worker {
    struct eg_runner *runner;
    unsigned index;
    bool begun;
    void *state;                     /* the sink's, once begun */
    struct eg_queue_item **items;    /* batch.max_items */
    struct eg_delivery **deliveries; /* the same number */
};

static const struct eg_runner *runner_of_host(const struct eg_sink_host *host)
{
    return (const struct eg_runner *)(const void *)host;
}

static struct eg_join_delivery *from_handed(struct eg_delivery *handed)
{
    return EG_CONTAINER_OF(handed, struct eg_join_delivery, handed);
}

void eg_runner_settle(struct eg_join_delivery *delivery, enum eg_delivery_result result,
                      const char *message, int64_t now_us, struct eg_join_batch *batch)
{
    char text[EG_ERROR_MESSAGE_BYTES];
    struct eg_join_saying saying = {result, message, text};
    if (EG_UNLIKELY(delivery->route != NULL)) {
        if (eg_join_target_settled(delivery, &saying, now_us, batch))
            return;
        result = saying.result;
        message = saying.message;
    }
    struct eg_runner *runner = delivery->runner;
    struct eg_join *join = delivery->join;
    size_t bytes = delivery->queued.bytes;
    eg_join_answer(delivery, result, message, now_us, batch);
    eg_join_unref(join);
    eg_queue_release(&runner->queue, bytes);
}

static void settle_timed_out(struct eg_join_delivery *delivery, int64_t now_us,
                             struct eg_join_batch *batch)
{
    char text[EG_ERROR_MESSAGE_BYTES];
    eg_join_describe_timeout(delivery, text);
    eg_runner_settle(delivery, EG_RESULT_TIMED_OUT, text, now_us, batch);
}

static void settle_circuit_open(struct eg_join_delivery *delivery, int64_t now_us,
                                struct eg_join_batch *batch)
{
    char text[EG_ERROR_MESSAGE_BYTES];
    eg_breaker_describe(&delivery->runner->breaker, text);
    eg_runner_settle(delivery, EG_RESULT_FAILED, text, now_us, batch);
}

static void retry_due(struct eg_timer_node *node)
{
    struct eg_join_delivery *delivery = EG_CONTAINER_OF(node, struct eg_join_delivery, backoff);
    struct eg_join_batch batch;
    eg_join_batch_begin(&batch);
    eg_runner_offer(delivery, eg_clock_monotonic_us(), &batch);
    eg_join_batch_flush(&batch);
}

/* False when there is no sense in another attempt: then the delivery stays with the caller. */
static bool retry_later(struct eg_join_delivery *delivery, int64_t now_ms)
{
    struct eg_runner *runner = delivery->runner;
    struct eg_join_context *context = runner->context;
    if (delivery->handed.attempt >= runner->common.retry.attempts || delivery->join->only_attempt ||
        !eg_join_delivery_is_pending(delivery) || atomic_load(&context->closing) ||
        eg_breaker_refuses(&runner->breaker, now_ms))
        return false;
    int64_t due_ms = now_ms + eg_backoff_next_ms(&runner->backoff, delivery->handed.attempt);
    if (due_ms >= delivery->handed.deadline_ms)
        return false;
    delivery->handed.attempt++;
    if (context->observer.retried)
        context->observer.retried(context->observer.context, runner->index);
    eg_timer_add(context->timer, &delivery->backoff, due_ms, retry_due);
    return true;
}

/* What the sink said becomes an answer or another attempt. */
static void conclude(struct eg_join_delivery *delivery, enum eg_outcome outcome,
                     const char *message, int64_t now_us, struct eg_join_batch *batch)
{
    struct eg_breaker *breaker = &delivery->runner->breaker;
    switch (outcome) {
    case EG_DELIVERED:
        eg_breaker_succeeded(breaker);
        eg_runner_settle(delivery, EG_RESULT_DELIVERED, NULL, now_us, batch);
        return;
    case EG_REJECTED:
        eg_breaker_succeeded(breaker);
        eg_runner_settle(delivery, EG_RESULT_REJECTED, message, now_us, batch);
        return;
    case EG_TOO_LARGE:
        eg_breaker_succeeded(breaker);
        eg_runner_settle(delivery, EG_RESULT_TOO_LARGE, message, now_us, batch);
        return;
    case EG_FAILED:
        eg_breaker_failed(breaker, now_us / 1000, message ? message : "");
        eg_runner_settle(delivery, EG_RESULT_FAILED, message, now_us, batch);
        return;
    case EG_RETRY:
        eg_breaker_failed(breaker, now_us / 1000, message ? message : "");
        if (!retry_later(delivery, now_us / 1000))
            eg_runner_settle(delivery, EG_RESULT_FAILED, message, now_us, batch);
        return;
    }
    eg_panic(__FILE__, __LINE__, "a sink completed with an outcome that does not exist");
}

static void host_complete_all(struct eg_delivery *const *take, size_t count,
                              enum eg_outcome outcome, const char *message)
{
    if (count == 0)
        return;
    struct eg_join_context *context = from_handed(take[0])->join->context;
    struct eg_join_batch batch;
    eg_join_batch_begin(&batch);
    int64_t now_us = eg_clock_monotonic_us();
    (void)atomic_fetch_add(&context->completing, 1);
    for (size_t i = 0; i < count; i++)
        conclude(from_handed(take[i]), outcome, message, now_us, &batch);
    eg_join_batch_flush(&batch);
    (void)atomic_fetch_sub(&context->completing, 1);
}

static void host_complete(struct eg_delivery *take, enum eg_outcome outcome, const char *message)
{
    host_complete_all(&take, 1, outcome, message);
}

static void EG_PRINTF(3, 0) log_line(const struct eg_runner *runner, enum eg_log_level level,
                                     const char *format, va_list args)
{
    const struct eg_pipeline_observer *observer = &runner->context->observer;
    if (!observer->log)
        return;
    char line[LOG_LINE_BYTES];
    (void)vsnprintf(line, sizeof(line), format, args);
    observer->log(observer->context, runner->name, level, line);
}

static void EG_PRINTF(3, 4)
    host_log(const struct eg_sink_host *host, enum eg_log_level level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line(runner_of_host(host), level, format, args);
    va_end(args);
}

void eg_runner_log(const struct eg_runner *runner, enum eg_log_level level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    log_line(runner, level, format, args);
    va_end(args);
}

/* True when the delivery is still worth handing over; else it is settled. A dead letter is kept
 * also when nobody waits any more, and at the end. */
static bool is_live(struct eg_join_delivery *delivery, int64_t now_us, struct eg_join_batch *batch)
{
    if (EG_UNLIKELY(delivery->route != NULL) && delivery->route->way == EG_WAY_DEAD)
        return true;
    if (atomic_load(&delivery->runner->context->closing)) {
        eg_runner_settle(delivery, EG_RESULT_FAILED, "shut down before it was handed over", now_us,
                         batch);
        return false;
    }
    if (eg_join_delivery_is_pending(delivery) && now_us / 1000 < delivery->handed.deadline_ms)
        return true;
    settle_timed_out(delivery, now_us, batch);
    return false;
}

static void submit(struct eg_runner *runner, void *state, struct eg_delivery *const *batch,
                   size_t count)
{
    const struct eg_pipeline_observer *observer = &runner->context->observer;
    if (observer->submitted) {
        size_t bytes = 0;
        for (size_t i = 0; i < count; i++)
            bytes += batch[i]->event->payload.len;
        observer->submitted(observer->context, runner->index, count, bytes);
    }
    runner->type->submit(runner->sink, state, batch, count);
}

/* On the thread that offers: HTTP or timer. */
static void run_inline(struct eg_join_delivery *delivery, int64_t now_us,
                       struct eg_join_batch *batch)
{
    struct eg_runner *runner = delivery->runner;
    if (!is_live(delivery, now_us, batch))
        return;
    if (!eg_breaker_allow(&runner->breaker, now_us / 1000)) {
        settle_circuit_open(delivery, now_us, batch);
        return;
    }
    struct eg_delivery *handed = &delivery->handed;
    submit(runner, NULL, &handed, 1);
}

void eg_runner_offer(struct eg_join_delivery *delivery, int64_t now_us, struct eg_join_batch *batch)
{
    struct eg_runner *runner = delivery->runner;
    if (runner->type->flags & EG_SINK_INLINE)
        run_inline(delivery, now_us, batch);
    else if (eg_breaker_refuses(&runner->breaker, now_us / 1000))
        settle_circuit_open(delivery, now_us, batch);
    else if (!eg_queue_push(&runner->queue, &delivery->queued))
        eg_runner_settle(delivery, EG_RESULT_FAILED, "shut down before it was handed over", now_us,
                         batch);
}

static bool begin(struct worker *worker, struct eg_error *err)
{
    const struct eg_sink_type *type = worker->runner->type;
    if (worker->begun || !type->worker_begin)
        return true;
    worker->begun =
        type->worker_begin(worker->runner->sink, worker->index, &worker->state, err) == 0;
    return worker->begun;
}

/* Leaves the live ones in worker->deliveries. */
static size_t sort_out(struct worker *worker, size_t count, int64_t now_us)
{
    struct eg_join_batch batch;
    eg_join_batch_begin(&batch);
    size_t live = 0;
    for (size_t i = 0; i < count; i++) {
        struct eg_join_delivery *delivery =
            EG_CONTAINER_OF(worker->items[i], struct eg_join_delivery, queued);
        if (is_live(delivery, now_us, &batch))
            worker->deliveries[live++] = &delivery->handed;
    }
    eg_join_batch_flush(&batch);
    return live;
}

static void refuse_all(struct worker *worker, size_t count, int64_t now_us)
{
    struct eg_join_batch batch;
    eg_join_batch_begin(&batch);
    for (size_t i = 0; i < count; i++)
        settle_circuit_open(from_handed(worker->deliveries[i]), now_us, &batch);
    eg_join_batch_flush(&batch);
}

static void run_batch(struct worker *worker, size_t count)
{
    struct eg_runner *runner = worker->runner;
    int64_t now_us = eg_clock_monotonic_us();
    size_t live = sort_out(worker, count, now_us);
    if (live == 0)
        return;
    if (!eg_breaker_allow(&runner->breaker, now_us / 1000)) {
        refuse_all(worker, live, now_us);
        return;
    }
    struct eg_error err;
    if (begin(worker, &err))
        submit(runner, worker->state, worker->deliveries, live);
    else
        host_complete_all(worker->deliveries, live, EG_RETRY, err.message);
}

static void worker_main(void *context, unsigned index)
{
    struct eg_runner *runner = context;
    struct worker worker = {.runner = runner, .index = index};
    worker.items = eg_calloc(runner->batch.max_items, sizeof(struct eg_queue_item *));
    worker.deliveries = eg_calloc(runner->batch.max_items, sizeof(struct eg_delivery *));
    struct eg_error err;
    if (!begin(&worker, &err)) /* each batch tries again */
        eg_runner_log(runner, EG_LOG_WARNING, "worker %u: %s", index, err.message);
    size_t count;
    while ((count = eg_queue_pop(&runner->queue, &runner->batch, worker.items)) > 0)
        run_batch(&worker, count);
    if (worker.begun && runner->type->worker_end)
        runner->type->worker_end(runner->sink, worker.state);
    free(worker.deliveries);
    free(worker.items);
}

static void init_host(struct eg_runner *runner)
{
    runner->host = (struct eg_sink_host){
        .sink_name = runner->name,
        .complete = host_complete,
        .complete_all = host_complete_all,
        .log = host_log,
        .monotonic_ms = eg_clock_monotonic_ms,
        .timeout_ms = eg_runner_deadline_ms(runner, 0, runner->context->deadline_ms),
    };
}

static struct eg_runner *new_runner(const struct eg_pipeline_sink *sink,
                                    const struct eg_sink_common_config *common, size_t index,
                                    struct eg_join_context *context)
{
    struct eg_runner *runner = eg_calloc(1, sizeof(*runner));
    runner->type = sink->type;
    runner->context = context;
    runner->index = index;
    runner->name = eg_strdup(sink->name);
    runner->common = *common;
    runner->backoff = (struct eg_backoff){common->retry.backoff_ms, common->retry.max_backoff_ms};
    runner->batch = (struct eg_queue_batch){.max_items = (size_t)common->batch_events,
                                            .max_bytes = (size_t)common->batch_bytes,
                                            .gather_us = common->gather_ms * 1000};
    eg_queue_init(&runner->queue, &(struct eg_queue_limits){(size_t)common->queue_events,
                                                            (size_t)common->queue_bytes});
    eg_breaker_init(&runner->breaker, &common->breaker);
    eg_probe_init(&runner->probe);
    init_host(runner);
    return runner;
}

int eg_runner_new(const struct eg_pipeline_sink *sink, size_t index,
                  struct eg_join_context *context, struct eg_runner **ret_runner,
                  struct eg_error *err)
{
    struct eg_sink_common_config common = *sink->common;
    if (eg_sink_common_resolve(&common, sink->name, sink->type, err) != 0)
        return -1;
    struct eg_runner *runner = new_runner(sink, &common, index, context);
    if (sink->type->create(&runner->host, sink->config, &runner->sink, err) != 0) {
        runner->sink = NULL;
        eg_runner_destroy(runner);
        return eg_error_prefix(err, "sink '%s'", sink->name);
    }
    runner->facts.reads_envelope =
        sink->type->reads_envelope && sink->type->reads_envelope(runner->sink);
    runner->facts.forwards = (sink->type->flags & EG_SINK_FORWARDS) != 0;
    *ret_runner = runner;
    return 0;
}

void eg_runner_destroy(struct eg_runner *runner)
{
    if (!runner)
        return;
    runner->type->destroy(runner->sink);
    eg_probe_fini(&runner->probe);
    eg_breaker_fini(&runner->breaker);
    eg_queue_fini(&runner->queue);
    free(runner->name);
    free(runner);
}

int eg_runner_start_sink(struct eg_runner *runner, struct eg_error *err)
{
    if (runner->type->start && runner->type->start(runner->sink, err) != 0)
        return eg_error_prefix(err, "sink '%s'", runner->name);
    return 0;
}

int eg_runner_start_workers(struct eg_runner *runner, struct eg_error *err)
{
    if (runner->type->flags & EG_SINK_INLINE)
        return 0;
    return eg_pool_start(&runner->pool, runner->name, (unsigned)runner->common.workers, worker_main,
                         runner, err);
}

size_t eg_runner_index(const struct eg_runner *runner)
{
    return runner->index;
}

const char *eg_runner_name(const struct eg_runner *runner)
{
    return runner->name;
}

const struct eg_runner_facts *eg_runner_facts(const struct eg_runner *runner)
{
    return &runner->facts;
}

int64_t eg_runner_deadline_ms(const struct eg_runner *runner, int64_t now_ms, int64_t deadline_ms)
{
    int64_t own_ms = now_ms + runner->common.timeout_ms;
    return runner->common.timeout_ms > 0 && own_ms < deadline_ms ? own_ms : deadline_ms;
}

bool eg_runner_reserve(struct eg_runner *runner, size_t bytes)
{
    return eg_queue_reserve(&runner->queue, bytes);
}

void eg_runner_release(struct eg_runner *runner, size_t bytes)
{
    eg_queue_release(&runner->queue, bytes);
}

bool eg_runner_is_full(const struct eg_runner *runner)
{
    return eg_queue_used_items(&runner->queue) >= runner->queue.limits.max_items ||
           eg_queue_used_bytes(&runner->queue) >= runner->queue.limits.max_bytes;
}

size_t eg_runner_pending(const struct eg_runner *runner)
{
    return eg_queue_used_items(&runner->queue);
}

void eg_runner_start_probe(struct eg_runner *runner, struct eg_timer *control)
{
    eg_probe_start(&runner->probe, &runner->host, runner->type, runner->sink,
                   runner->common.probe_interval_ms, control);
}

void eg_runner_await_probe(struct eg_runner *runner, int64_t until_us)
{
    eg_probe_await_first(&runner->probe, until_us);
}

void eg_runner_close(struct eg_runner *runner)
{
    eg_probe_stop(&runner->probe);
    eg_queue_close(&runner->queue);
    eg_pool_join(&runner->pool);
}

void eg_runner_drain(struct eg_runner *runner, int64_t deadline_ms)
{
    if (runner->type->drain)
        runner->type->drain(runner->sink, deadline_ms);
}

void eg_runner_stats(struct eg_runner *runner, struct eg_sink_stats *ret_stats)
{
    *ret_stats = (struct eg_sink_stats){
        .name = runner->name,
        .type = runner->type->name,
        .queued_events = eg_queue_waiting(&runner->queue),
        .pending_events = eg_queue_used_items(&runner->queue),
        .pending_bytes = eg_queue_used_bytes(&runner->queue),
        .breaker = eg_breaker_state(&runner->breaker),
        .breaker_opened = atomic_load(&runner->breaker.opened),
    };
}

bool eg_runner_health(struct eg_runner *runner, char *text)
{
    if (eg_breaker_state(&runner->breaker) == EG_BREAKER_OPEN) {
        eg_breaker_describe(&runner->breaker, text);
        return false;
    }
    return eg_probe_health(&runner->probe, text);
}
